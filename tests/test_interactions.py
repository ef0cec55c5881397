"""Interactions of pairs of columns, asked of `explain`."""

import warnings
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import t
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.naive_bayes import GaussianNB

from sklime import Explanation, FunctionRegressor, LimeExplainer
from sklime.exact.trees import SumOfTrees
from sklime.exceptions import InteractionWarning
from sklime.kernels import ExponentialKernel
from sklime.samplers import (
    CrossoverSampler,
    GaussianSampler,
    MarginalSampler,
    TrainingSampler,
)
from sklime.selectors import HighestWeights

from .models import fitted

FOREST = RandomForestClassifier(30, random_state=0)
NAMES = ("interactions", "interaction_standard_errors")


def forest(name="wine", **parameters):
    model, X = fitted(FOREST, name)
    return LimeExplainer(model, random_state=0, **parameters).fit(X), X


def product(X):
    X = np.asarray(X, dtype=float)
    return X[:, 0] * X[:, 1] + np.sin(X[:, 2])


# From draws


@pytest.mark.parametrize("weighting", ["kernel", "tilted"])
@pytest.mark.parametrize("width", [1.0, 3.0])
def test_draws_tell_interactions_within_their_errors(width, weighting):
    kernel = ExponentialKernel(width=width)
    setting = {"kernel": kernel, "target": "all"}
    exact, X = forest(method="exact", **setting)
    sampled, _ = forest(method="sampling", weighting=weighting, **setting)
    rows = X[::12]
    known = exact.explain(rows, interactions=True)
    with warnings.catch_warnings():
        # Cells that weights leave hardly any draws.
        warnings.simplefilter("ignore", InteractionWarning)
        found = sampled.explain(rows, interactions=True)
    assert known.interactions.shape == found.interactions.shape == (len(rows), 3, 78)
    assert found.interaction_pairs == known.interaction_pairs
    errors = found.interaction_standard_errors
    told = np.isfinite(errors)
    assert told.mean() > 0.9
    off = (found.interactions - known.interactions)[told]
    assert np.abs(known.interactions).max() > 0.05
    within = np.abs(off) < t.ppf(0.975, 7) * errors[told]
    assert 0.92 < within.mean() < 0.995
    # The errors are as large as what they measure, not only large enough.
    ratio = np.sqrt(np.mean(off**2) / np.mean(errors[told] ** 2))
    assert 0.75 < ratio < 1.25


def test_standard_errors_cover_a_black_box_over_seeds():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(400, 4))
    model = FunctionRegressor(product)
    reference, errors = [], []
    for seed in range(40):
        explainer = LimeExplainer(model, random_state=seed, n_samples=1024).fit(X)
        own = explainer.explain(X[:3], interactions=True)
        reference.append(own.interactions)
        errors.append(own.interaction_standard_errors)
    reference, errors = np.array(reference), np.array(errors)
    spread, told = reference.std(axis=0, ddof=1), np.sqrt(np.mean(errors**2, axis=0))
    assert np.all((told > 0.6 * spread) & (told < 1.6 * spread))
    within = np.abs(reference - reference.mean(axis=0)) < t.ppf(0.975, 7) * errors
    assert 0.92 < within.mean() < 0.99
    # x0 and x1 alone interact.
    mean, error = reference.mean(axis=0), spread / np.sqrt(40)
    assert np.all(np.abs(mean[:, 0]) > 10 * error[:, 0])
    assert np.all(np.abs(mean[:, 1:]) < 5 * error[:, 1:])


def test_an_additive_black_box_has_no_interactions():
    X = np.random.default_rng(0).integers(0, 4, (300, 3)).astype(float)
    model = FunctionRegressor(lambda X: np.exp(X[:, 0]) + X[:, 1] ** 2)
    found = LimeExplainer(model, random_state=0).fit(X).explain(X[:9], interactions=True)
    assert np.abs(found.interactions).max() < 1e-6 * np.abs(found.values).max()


@pytest.mark.parametrize("method", ["exact", "sampling"])
def test_attributions_are_the_same_with_interactions(method):
    explainer, X = forest(method=method)
    plain = explainer.explain(X[:9], uncertainty=True)
    found = explainer.explain(X[:9], uncertainty=True, interactions=[(0, 5), (3, 1)])
    assert found.meta["interactions"] == {"n_pairs": 2, "n_candidates": 2}
    none = dict.fromkeys([*NAMES, "interaction_pairs"])
    assert replace(found, **none, meta=plain.meta) == plain
    assert all(getattr(plain, name) is None for name in none)
    for none in (None, False):
        assert explainer.explain(X[:9], uncertainty=True, interactions=none) == plain


@pytest.mark.parametrize("method", ["exact", "sampling"])
def test_a_row_has_the_same_interactions_in_any_batch(method):
    explainer, X = forest(method=method)
    whole = explainer.explain(X, interactions=True)
    for i in (0, 70, 177):
        alone = explainer.explain(X[[i]], interactions=True)
        for name in NAMES:
            assert np.array_equal(getattr(alone, name)[0], getattr(whole, name)[i])
    again = explainer.set_params(n_jobs=2).explain(X, interactions=True)
    assert np.array_equal(again.interactions, whole.interactions)


def test_draws_tell_interactions_that_have_no_closed_form(monkeypatch):
    explainer, X = forest(method="auto")
    strict, _ = forest(method="exact")
    known = explainer.explain(X[:9], interactions=True)
    sampled, _ = forest(method="sampling")
    drawn = sampled.explain(X[:9], interactions=True)
    # As of a form of somebody who wrote none.
    monkeypatch.delattr(SumOfTrees, "pairs")
    found = explainer.explain(X[:9], interactions=True)
    assert found.meta["method"] == "exact"
    assert np.array_equal(found.values, known.values)
    assert np.array_equal(found.interactions, drawn.interactions)
    assert found.meta["degrees_of_freedom"] == 7
    with pytest.raises(ValueError, match=r'no closed form for row 0: .* method="auto"'):
        strict.explain(X[:9], interactions=True)


def test_pairs_by_name_by_position_and_by_label():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 3)), columns=list("abc"))
    explainer = LimeExplainer(FunctionRegressor(product), random_state=0).fit(X)
    whole = explainer.explain(X[:3], interactions=True)
    assert whole.interaction_pairs == [("a", "b"), ("a", "c"), ("b", "c")]
    for wanted in ([("a", "c")], [(0, 2)], [["c", "a"]], np.array([["a", "c"]])):
        found = explainer.explain(X[:3], interactions=wanted)
        assert set(found.interaction_pairs[0]) == {"a", "c"}
        np.testing.assert_allclose(found.interactions[:, 0], whole.interactions[:, 1])
    years = X.set_axis([2019, 2020, 2021], axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explainer = LimeExplainer(FunctionRegressor(product), random_state=0).fit(years)
        found = explainer.explain(years[:3], interactions=[(2019, 2021)])
    np.testing.assert_allclose(found.interactions[:, 0], whole.interactions[:, 1])


def test_each_row_of_several_classes_has_the_interactions_of_its_own():
    explainer, X = forest()
    rows = X[[0, 70, 150]]
    own = explainer.explain(rows, interactions=True)
    every = explainer.explain(rows, target="all", interactions=True)
    assert own.interactions.shape == (3, 78) and every.interactions.shape == (3, 3, 78)
    for i, name in enumerate(own.target_names):
        k = every.target_names.tolist().index(name)
        assert np.array_equal(own.interactions[i], every.interactions[i, k])
        np.testing.assert_allclose(every.interactions[i].sum(axis=0), 0, atol=1e-12)


def test_many_pairs_are_screened_and_said_so():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 60))
    y = X[:, 7] * X[:, 41] * 3 + X[:, 3]

    def answer(X):
        return X[:, 7] * X[:, 41] * 3 + X[:, 3]

    black_box = LimeExplainer(FunctionRegressor(answer), random_state=0)
    trees = LimeExplainer(
        RandomForestRegressor(10, max_depth=4, random_state=0).fit(X, y), method="exact"
    )
    for explainer in (black_box.fit(X), trees.fit(X)):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = explainer.explain(X[:20], interactions=True)
        assert "1,770 pairs of columns keeps the 1,000 that interact" in str(
            told[0].message
        )
        assert all(own.category is InteractionWarning for own in told)
        assert len(found.interaction_pairs) == 1000
        assert found.meta["interactions"] == {"n_pairs": 1000, "n_candidates": 1770}
        place = found.interaction_pairs.index(("x7", "x41"))
        named = explainer.explain(X[:20], interactions=[("x7", "x41")])
        np.testing.assert_allclose(named.interactions[:, 0], found.interactions[:, place])
        sizes = np.abs(found.contributions().interactions)
        strongest = np.nanargmax(np.nanmean(sizes, axis=0))
        assert strongest == place


def test_values_too_rare_for_draws_are_told():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": np.where(np.arange(3000) < 2, "rare", rng.choice(["u", "v"], 3000)),
            "b": rng.normal(size=3000),
            "c": rng.normal(size=3000),
        }
    )
    model = FunctionRegressor(lambda X: (X["a"] == "u") * X["b"].astype(float))
    explainer = LimeExplainer(model, random_state=0).fit(frame)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = explainer.explain(frame[:2], interactions=True)
    assert {own.category for own in told} == {InteractionWarning}
    messages = " ".join(str(own.message) for own in told)
    assert "('a', 'b')" in messages and "('a', 'c')" in messages
    assert "('b', 'c')" not in messages
    assert np.isnan(found.interaction_standard_errors[:, :2]).all()
    assert np.isfinite(found.interaction_standard_errors[:, 2]).all()
    assert np.isfinite(found.values).all()


def test_a_column_of_one_value_interacts_with_nothing():
    X = np.random.default_rng(0).normal(size=(200, 3))
    X[:, 1] = 4.0
    explainer = LimeExplainer(FunctionRegressor(product), random_state=0).fit(X)
    found = explainer.explain(X[:3], interactions=True)
    assert not found.interactions[:, [0, 2]].any()
    assert not found.interaction_standard_errors[:, [0, 2]].any()


# Views, parts and documents


def explained(target=None, method="exact"):
    explainer, X = forest(method=method)
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(13)])
    explainer = LimeExplainer(FOREST, method=method, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explainer.fit(frame, fitted(FOREST, "wine")[0].predict(X))
    wanted = [("c0", "c6"), ("c6", "c9"), ("c12", "c0")]
    return explainer.explain(
        frame[:4], target=target, uncertainty=True, interactions=wanted
    )


@pytest.mark.parametrize("target", [None, "all"])
@pytest.mark.parametrize("method", ["exact", "sampling"])
def test_contributions_of_pairs_are_scaled_by_both_and_turn_back(target, method):
    own = explained(target, method)
    there = own.contributions()
    scale = 1.0 - own.feature_means[..., [0, 6, 12]]
    both = np.stack(
        [
            scale[..., 0] * scale[..., 1],
            scale[..., 1] * (1 - own.feature_means[..., 9]),
            scale[..., 2] * scale[..., 0],
        ],
        axis=-1,
    )
    np.testing.assert_allclose(there.interactions, own.interactions * both, atol=1e-15)
    np.testing.assert_allclose(
        there.interaction_standard_errors,
        own.interaction_standard_errors * both,
        atol=1e-15,
    )
    assert there.effects() == own
    assert there.contributions() is there
    np.testing.assert_allclose(
        there.values.sum(axis=-1) + there.baselines, there.local_predictions
    )


def test_pairs_add_what_a_surrogate_lacks_of_a_model_of_pairs():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, (200, 5)).astype(float)
    y = X[:, 0] * X[:, 1] + X[:, 2] * (X[:, 3] > 0) + X[:, 4]
    # Trees of two splits: no more than two columns interact.
    model = GradientBoostingRegressor(max_leaf_nodes=3, random_state=0).fit(X, y)
    sampler = MarginalSampler(categorical_features=[0, 1, 2, 3, 4])
    explainer = LimeExplainer(model, sampler=sampler, method="exact").fit(X)
    own = explainer.explain(X[:30], interactions=True).contributions()
    lacking = own.predictions - own.local_predictions
    assert np.abs(lacking).max() > 0.1
    np.testing.assert_allclose(own.interactions.sum(axis=1), lacking, atol=1e-10)


@pytest.mark.parametrize("target", [None, "all"])
def test_parts_of_explanations_keep_their_pairs(target):
    own = explained(target)
    some = own[[2, 0]]
    assert np.array_equal(some.interactions, own.interactions[[2, 0]])
    assert some.interaction_pairs == own.interaction_pairs
    cut = own[["c6", "c12", "c0"]]
    assert cut.interaction_pairs == [("c0", "c6"), ("c12", "c0")]
    assert np.array_equal(cut.interactions, own.interactions[..., [0, 2]])
    errors = own.interaction_standard_errors[..., [0, 2]]
    assert np.array_equal(cut.interaction_standard_errors, errors)
    assert cut.contributions().effects() == cut
    assert own[["c6"]].interactions.shape[-1] == 0
    assert own[["c6"]].interaction_pairs == []
    assert own.sort_features().interaction_pairs == own.interaction_pairs
    if target == "all":
        one = own[:, :, own.target_names[1]]
        assert np.array_equal(one.interactions, own.interactions[:, 1])
    assert Explanation.concat([own[:1], own[1:]]) == own
    plain = own.__class__.from_dict(own.to_dict())
    plain.interactions = plain.interaction_pairs = None
    plain.interaction_standard_errors = None
    with pytest.raises(ValueError, match="interaction"):
        Explanation.concat([own, plain])


@pytest.mark.parametrize("target", [None, "all"])
@pytest.mark.parametrize("view", ["effects", "contributions"])
def test_documents_and_frames_hold_pairs(target, view):
    own = getattr(explained(target), view)()
    assert Explanation.from_dict(own.to_dict()) == own
    assert Explanation.from_json(own.to_json()) == own
    assert Explanation.from_frame(own.to_frame()) == own
    document = own.to_dict()
    assert document["interaction_pairs"][1] == ["c6", "c9"]
    empty = own[["c6"]]
    assert Explanation.from_json(empty.to_json()) == empty


@pytest.mark.parametrize("target", [None, "all"])
@pytest.mark.parametrize("method", ["exact", "sampling"])
def test_frames_of_pairs(target, method):
    own = explained(target, method)
    frame = own.to_frame(interactions=True)
    outputs = [None] if target is None else own.target_names.tolist()
    assert len(frame) == own.interactions.size
    for line in frame.iloc[::5].itertuples():
        pair = line.feature_1, line.feature_2
        place = own.interaction_pairs.index(pair)
        at = (line.row, place)
        if target is None:
            assert line.target == own.target_names[line.row]
        else:
            at = (line.row, outputs.index(line.target), place)
        assert line.interaction == own.interactions[at]
        error = own.interaction_standard_errors[at]
        assert line.standard_error == error
        q = t.ppf(0.975, 7) if method == "sampling" else 0.0
        assert np.isclose(line.upper - line.interaction, q * error, rtol=1e-6)
        assert np.isclose(line.interaction - line.lower, q * error, rtol=1e-6)
        assert line.condition_1.split()[0] == pair[0] or f" {pair[0]} " in line.condition_1
    wide = own.to_frame(interactions=True, tidy=False)
    assert np.array_equal(wide.to_numpy(), own.interactions.reshape(4, -1))
    assert wide.columns[0].endswith("c0:c6") and wide.index.equals(own.data.index)
    with pytest.raises(ValueError, match=r"explain\(X, interactions=True\)"):
        replace(own, **dict.fromkeys([*NAMES, "interaction_pairs"])).to_frame(
            interactions=True
        )


def test_equality_sees_interactions():
    own = explained()
    other = Explanation.from_dict(own.to_dict())
    other.interactions = other.interactions + 1.0
    assert own != other


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"interaction_pairs": None}, "interaction"),
        ({"interaction_pairs": [("c0", "c6")]}, r"interactions has shape \(4, 3\)"),
        (
            {"interaction_pairs": [("c0", "c6"), ("c6", "c9"), ("c0", "nope")]},
            r"interaction_pairs holds \('c0', 'nope'\), expected two of feature_names",
        ),
        ({"interactions": np.zeros((3, 3))}, r"interactions has shape \(3, 3\)"),
    ],
)
def test_fields_that_do_not_fit_together(change, message):
    own = explained()
    fields = {name: getattr(own, name) for name in own.__dataclass_fields__} | change
    with pytest.raises(ValueError, match=message):
        Explanation(**fields)


# Bad input


@pytest.mark.parametrize(
    ("interactions", "message"),
    [
        ([], r"interactions=\[\] names no pair"),
        ([("a", "a")], r"\('a', 'a'\), a column with itself"),
        ([(0, "a")], r"\(0, 'a'\), a column with itself"),
        ([("a", "b"), ("b", "a")], r"\('a', 'b'\) and \('b', 'a'\).* once"),
        ([("a", "b"), ("a", "b")], "name each pair once"),
        ([("a", "bb")], r"'bb', which is no column .* closest is 'b'"),
        ([(0, 3)], "column 3, and the table has 3: positions go from 0 to 2"),
        ([(0, -1)], "column -1"),
        ([("a", "b", "c")], "are 3 columns: name two"),
        ([("a", [1])], r"\[1\], which is no column"),
        ([("a", True)], "True, which is no column"),
        (["ab"], "must be None, True, or a list of pairs"),
        ("ab", "must be None, True, or a list of pairs"),
        (2, "must be None, True, or a list of pairs"),
        ({"a": "b"}, "must be None, True, or a list of pairs"),
    ],
)
def test_wrong_pairs(interactions, message):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=list("abc"))
    explainer = LimeExplainer(FunctionRegressor(product), random_state=0).fit(X)
    with pytest.raises(ValueError, match=message):
        explainer.explain(X[:1], interactions=interactions)


@pytest.mark.parametrize("model", [LinearRegression(), FunctionRegressor(np.ravel)])
def test_one_column_has_no_pairs(model):
    X = np.arange(40.0)[:, np.newaxis]
    explainer = LimeExplainer(model, random_state=0).fit(X, X[:, 0])
    with pytest.raises(ValueError, match=r"interactions=True needs two columns"):
        explainer.explain(X[:2], interactions=True)


@pytest.mark.parametrize(
    "parameters",
    [
        {"sampler": TrainingSampler()},
        {"sampler": TrainingSampler(n_bins=None)},
        {"sampler": CrossoverSampler()},
        {"sampler": MarginalSampler(n_bins=None), "surrogate": Ridge()},
        {"sampler": GaussianSampler(), "kernel": ExponentialKernel(metric="cosine")},
        {"surrogate": Ridge()},
        {"selector": SelectFromModel(Ridge(), max_features=2)},
        {"kernel": ExponentialKernel(metric="cosine")},
    ],
    ids=repr,
)
def test_sources_that_do_not_tell_interactions_say_so(parameters):
    X = np.random.default_rng(0).normal(size=(100, 3))
    explainer = LimeExplainer(FunctionRegressor(product), random_state=0, **parameters)
    explainer.fit(X)
    message = r"interactions=True needs a closed form, or draws .*MarginalSampler"
    with pytest.raises(ValueError, match=message):
        explainer.explain(X[:1], interactions=True)


def test_sparse_tables_say_so():
    X = sparse.random_array((60, 5), density=0.5, rng=0, format="csr")
    y = np.asarray(X.sum(axis=1)).ravel()
    explainer = LimeExplainer(LinearRegression().fit(X, y), random_state=0).fit(X)
    with pytest.raises(ValueError, match=r"interactions=\[...\] needs .* dense table"):
        explainer.explain(X[:1], interactions=[(0, 1)])


def test_built_in_selectors_leave_interactions_alone():
    explainer, X = forest(method="sampling")
    chosen, _ = forest(method="sampling", selector=HighestWeights(2))
    whole = explainer.explain(X[:3], interactions=True)
    found = chosen.explain(X[:3], interactions=True)
    assert np.array_equal(whole.interactions, found.interactions)


@pytest.mark.parametrize(
    "model",
    [
        GaussianNB(),
        HistGradientBoostingClassifier(max_iter=10, random_state=0),
    ],
)
def test_pages_list_the_strongest_pairs(model):
    model, X = fitted(model, "breast cancer")
    explainer = LimeExplainer(model, random_state=0).fit(X)
    found = explainer.explain(X[:5], interactions=[(j, j + 1) for j in range(12)])
    for own in (found, found.contributions(), found[:1]):
        page = own.to_html()
        sizes = np.abs(own.contributions().interactions).mean(axis=0)
        first, second = own.interaction_pairs[sizes.argmax()]
        section = page[page.index('id="together"') :]
        strongest = section[section.index("<tbody>") : section.index("</tr>\n")]
        times = "\N{MULTIPLICATION SIGN}"
        assert f"<bdi>{first}</bdi> {times} <bdi>{second}</bdi>" in strongest
        assert "2 weaker pairs are left out." in section
        assert "<div" in own._repr_html_()
    assert 'id="together"' not in explainer.explain(X[:5]).to_html()
    assert "No pair interacts." in found[["x0"]].to_html()


def test_names_of_pairs_are_no_markup():
    own = explained()
    name = "<script>alert(1)</script>"
    names = [name, *own.feature_names[1:]]
    hostile = replace(
        own,
        feature_names=names,
        data=own.data.to_numpy(),
        interaction_pairs=[(name, "c6"), ("c6", "c9"), ("c12", name)],
    )
    assert name not in hostile.to_html() and "&lt;script&gt;" in hostile.to_html()


def test_all_pairs_come_in_the_order_of_the_columns():
    explainer, X = forest()
    names = explainer.explain(X[:1]).feature_names
    found = explainer.explain(X[:1], interactions=True)
    assert found.interaction_pairs == list(combinations(names, 2))
