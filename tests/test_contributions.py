"""Contributions: they add up to the local prediction, whatever is explained and however."""

import json
import pickle
import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeRegressor

from sklime import (
    Cohorts,
    Explanation,
    FunctionClassifier,
    FunctionRegressor,
    LimeExplainer,
    SubmodularPick,
)
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import (
    CoalitionSampler,
    GaussianSampler,
    MarginalSampler,
    SequenceSampler,
    SuperpixelSampler,
    TokenSampler,
)
from sklime.selectors import ForwardSelection, HighestWeights, LassoPath
from tests.handmade import VALUES, build, build_ragged

X, Y = load_breast_cancer(return_X_y=True)
X = X[:, :8]
FEW, KINDS = load_iris(return_X_y=True, as_frame=True)
TEXTS = [
    "the keeper saved a late goal",
    "a warm soup with fresh bread",
    "the soup saved a late keeper",
    "fresh bread and a late goal a goal",
]
IMAGES = np.random.default_rng(0).random((4, 6, 6))
SERIES = np.random.default_rng(1).normal(size=(12, 5, 2)).cumsum(axis=1)


@pytest.fixture(scope="module")
def forest():
    return RandomForestClassifier(20, random_state=0).fit(X, Y)


@pytest.fixture(scope="module")
def species():
    return RandomForestClassifier(20, random_state=0).fit(FEW, KINDS)


def bright(images):
    flat = np.asarray(images).reshape(len(images), -1)
    return np.tanh(flat @ np.linspace(-1, 1, flat.shape[1])) + flat[:, 0] * flat[:, -1]


def trend(series):
    return np.tanh(series[:, -1, 0] - series[:, 1, 1]) * series[:, 2, 0]


def odd(texts):
    share = np.array([text.count("a") * (1 + text.count("soup")) for text in texts]) / 40
    return np.column_stack([1 - share, share])


def gap_between(explanation):
    """Largest relative gap between contributions plus baselines and local predictions."""
    own = explanation.contributions()
    total = np.nansum(own.values, axis=-1) + own.baselines
    known = np.isfinite(own.local_predictions)
    assert known.any()
    # Rounding is relative to what is added up.
    size = np.nansum(np.abs(own.values), axis=-1) + np.abs(own.baselines)
    size = np.maximum(size, np.abs(own.local_predictions))
    return (np.abs(total - own.local_predictions)[known] / size[known].clip(1e-300)).max()


def mixed_rows():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "x": rng.normal(size=400).round(1),
            "pet": rng.choice(["cat", "dog", "eel"], 400, p=[0.5, 0.49, 0.01]),
            "y": np.where(rng.random(400) < 0.1, np.nan, rng.normal(size=400)),
        }
    )
    rows = table.head(6).copy()
    rows.loc[1, "pet"], rows.loc[2, "pet"], rows.loc[3, "y"] = "emu", "eel", np.nan
    return table, rows


def mixed_model(table):
    animal = table["pet"].map({"cat": 1.0, "dog": 2.0, "eel": 5.0, "emu": 9.0}).to_numpy()
    y = table["y"].fillna(-1.0).to_numpy()
    return np.column_stack([animal * table["x"].to_numpy() + y, animal + y**2])


TABLE_WAYS = {
    "defaults, exact": {},
    "defaults, contrasts": {"method": "sampling"},
    "independent draws": {
        "method": "sampling",
        "sampler": MarginalSampler(sequence="random"),
    },
    "latin hypercube": {"method": "sampling", "sampler": MarginalSampler(sequence="lhs")},
    "standardised": {"sampler": MarginalSampler(n_bins=None)},
    "normal draws": {"sampler": GaussianSampler(), "method": "sampling"},
    "normal draws, exact": {"sampler": GaussianSampler(n_bins=None)},
    "normal draws around rows": {
        "sampler": GaussianSampler(center="instance"),
        "method": "sampling",
    },
    "narrow": {"kernel": ExponentialKernel(width=0.4), "method": "sampling"},
    "narrow, exact": {"kernel": ExponentialKernel(width=0.2)},
    "narrow, not tilted": {
        "kernel": ExponentialKernel(width=0.6),
        "method": "sampling",
        "weighting": "kernel",
    },
    "narrow, standardised": {
        "sampler": MarginalSampler(n_bins=None),
        "kernel": ExponentialKernel(width=0.7),
        "method": "sampling",
    },
    "tilted": {"weighting": "tilted", "method": "sampling"},
    "uniform": {"kernel": UniformKernel(), "method": "sampling"},
    "own kernel": {"kernel": lambda Z, z: np.exp(-np.abs(Z - z).sum(axis=1))},
    "few features": {"selector": HighestWeights(k=3)},
    "few features of draws": {"selector": ForwardSelection(k=3), "method": "sampling"},
    "lasso path": {"selector": LassoPath(k=3), "method": "sampling"},
    "own selector": {"selector": SelectFromModel(Ridge())},
    "own surrogate": {"surrogate": Ridge(alpha=50.0)},
    "surrogate off the mean": {"surrogate": LinearRegression(fit_intercept=False)},
    "coalitions": {"sampler": CoalitionSampler(X[::60])},
    "many coalitions": {"sampler": CoalitionSampler(X[:1]), "n_samples": 64},
    "adaptive": {"tol": 0.3, "method": "sampling", "n_samples": 512},
}


# They add up


@pytest.mark.parametrize("way", TABLE_WAYS)
def test_contributions_of_tables_add_up_to_the_local_prediction(way, forest):
    explainer = LimeExplainer(forest, random_state=0, **TABLE_WAYS[way]).fit(X)
    assert gap_between(explainer.explain(X[:7])) < 1e-10
    assert gap_between(explainer.explain(X[:3], target="all")) < 1e-10


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"sampler": MarginalSampler(n_bins=None)},
        {"sampler": MarginalSampler(sequence="random")},
        {"kernel": ExponentialKernel(width=0.3)},
    ],
    ids=["bins", "standardised", "regressions", "narrow"],
)
@pytest.mark.filterwarnings("ignore::sklime.exceptions.UnknownValueWarning")
@pytest.mark.filterwarnings("ignore::sklime.exceptions.NeighbourhoodWarning")
def test_contributions_of_rare_unseen_and_missing_values_add_up(params):
    table, rows = mixed_rows()
    explainer = LimeExplainer(FunctionRegressor(mixed_model), random_state=0, **params)
    explained = explainer.fit(table).explain(rows)
    assert explained.values.shape == (6, 2, 3)
    assert np.isfinite(explained.values).all()
    assert gap_between(explained) < 1e-10


def test_contributions_of_several_classes_add_up(species):
    explainer = LimeExplainer(species, random_state=0).fit(FEW)
    for target in (None, "all", 1):
        assert gap_between(explainer.explain(FEW[::20], target=target)) < 1e-10


@pytest.mark.parametrize("method", ["auto", "sampling"])
def test_contributions_of_sparse_tables_add_up_over_stored_entries(method):
    rng = np.random.default_rng(0)
    S = sparse.random(200, 12, density=0.3, format="csr", random_state=0)
    y = S @ rng.normal(size=12)
    explainer = LimeExplainer(Ridge(alpha=0.1).fit(S, y), method=method, random_state=0)
    explained = explainer.fit(S).explain(S[:9])
    assert gap_between(explained) < 1e-10
    explainer.set_params(attribution="contribution")
    found = explainer.transform(S[:9])
    assert sparse.issparse(found)
    total = np.asarray(found.sum(axis=1)).ravel() + explained.baselines
    np.testing.assert_allclose(total, explained.local_predictions, rtol=1e-10, atol=1e-12)


def unit_explainers():
    linear = make_pipeline(TfidfVectorizer(token_pattern=r"\w+"), LogisticRegression())
    yield "texts, exact", LimeExplainer(linear, sampler=TokenSampler()), TEXTS
    black = FunctionClassifier(odd, classes=["even", "odd"])
    yield "texts", LimeExplainer(black, sampler=TokenSampler(), n_samples=512), TEXTS
    few = LimeExplainer(black, sampler=TokenSampler(), selector=LassoPath(k=2))
    yield "few words", few, TEXTS
    cells = LimeExplainer(FunctionRegressor(bright), sampler=SuperpixelSampler((2, 3)))
    yield "images", cells, IMAGES
    steps = LimeExplainer(FunctionRegressor(trend), sampler=SequenceSampler())
    yield "sequences", steps, SERIES


@pytest.mark.parametrize("name", [name for name, *_ in unit_explainers()])
def test_contributions_of_texts_images_and_sequences_add_up(name):
    explainer, rows = {name: own for name, *own in unit_explainers()}[name]
    explainer.set_params(random_state=0)
    if "exact" in name:
        explainer.set_params(estimator=clone(explainer.estimator))
        explainer.estimator.fit(rows, [0, 1, 1, 0])
    explainer.fit(rows)
    assert gap_between(explainer.explain(rows)) < 1e-10


# What they are


def enumerated(columns, row, edges, f, width):
    """Masses of the kernel-weighted product law over a small grid, f and z there."""
    points = np.array(list(product(*(np.unique(c) for c in columns.T))))
    mass = np.ones(len(points))
    for j, column in enumerate(columns.T):
        levels, counts = np.unique(column, return_counts=True)
        share = dict(zip(levels, counts / len(column), strict=True))
        mass *= [share[v] for v in points[:, j]]
    z = (points <= edges) == (row <= edges)
    mass *= np.exp(-(~z).sum(axis=1) / (2 * width**2))
    return z, mass / mass.sum(), f(points)


@pytest.mark.parametrize("width", [0.3, 1.3, 5.0])
def test_means_and_baselines_are_those_of_the_enumerated_neighbourhood(width):
    rng = np.random.default_rng(0)
    table = rng.integers(0, 4, size=(60, 3)).astype(float)
    model = DecisionTreeRegressor(random_state=0).fit(table, table[:, 0] * table[:, 1])
    # Two quantile bins, split at the median.
    half = MarginalSampler(n_bins=2).fit(table)
    explainer = LimeExplainer(
        model,
        sampler=clone(half),
        kernel=ExponentialKernel(width=width),
        method="exact",
    ).fit(table)
    explained = explainer.explain(table[:5])
    own = explained.contributions()
    for i, row in enumerate(table[:5]):
        edges = np.array([_upper_edge(explainer, table, j) for j in range(3)])
        z, mass, f = enumerated(table, row, edges, model.predict, width)
        means = mass @ z
        np.testing.assert_allclose(explained.feature_means[i], means, rtol=1e-10)
        np.testing.assert_allclose(explained.baselines[i], mass @ f, rtol=1e-10)
        for j in range(3):
            inside = z[:, j]
            expected = (mass * f)[inside].sum() / mass[inside].sum() - mass @ f
            np.testing.assert_allclose(own.values[i, j], expected, rtol=1e-8, atol=1e-10)


def _upper_edge(explainer, table, j):
    """The upper bound of the lower bin, as the explainer's own interpretation has it."""
    levels = np.unique(table[:, j])
    points = np.repeat(table[:1], len(levels), axis=0)
    points[:, j] = levels
    lowest = points[:1]
    same = np.asarray(explainer.sampler_.interpret(points, lowest))[:, j] == 1
    return levels[same].max()


def test_drawn_means_and_baselines_approach_the_exact_ones(forest):
    exact = LimeExplainer(forest, method="exact", random_state=0).fit(X).explain(X[:9])
    drawn = LimeExplainer(forest, method="sampling", random_state=0).fit(X).explain(X[:9])
    np.testing.assert_allclose(drawn.feature_means, exact.feature_means, atol=1e-12)
    # Five standard errors of 4,096 draws of probabilities, were they independent.
    np.testing.assert_allclose(drawn.baselines, exact.baselines, atol=5 * 0.5 / 64)
    found, expected = (e.contributions() for e in (drawn, exact))
    np.testing.assert_allclose(found.values, expected.values, atol=0.02)


@pytest.mark.parametrize(
    "sampler",
    [
        MarginalSampler(n_bins=None, sequence="random"),
        GaussianSampler(sequence="random"),
        GaussianSampler(center="instance", scale=0.5, sequence="random"),
    ],
    ids=["standardised", "normal", "around the row"],
)
def test_means_of_standardised_features_are_weighted_means_of_draws(sampler):
    D, y = load_diabetes(return_X_y=True)
    D = D[:, :4]
    model = KNeighborsRegressor().fit(D, y)
    kernel = ExponentialKernel(width=1.5)
    explainer = LimeExplainer(model, sampler=sampler, kernel=kernel, random_state=0)
    explainer.set_params(weighting="kernel").fit(D)
    explained = explainer.explain(D[:3])
    fitted = clone(sampler).fit(D)
    draws = fitted.sample(D[:3], n_samples=2**16, random_state=1)
    for i, own in enumerate(draws):
        Z, z = np.asarray(own.design, float), np.asarray(own.position, float)
        w = kernel.resolve(metric="euclidean", width=1.5)(Z, z)
        mean = w @ Z / w.sum()
        spread = np.sqrt(w @ (Z - mean) ** 2 / w.sum())
        size = min(explained.effective_sample_sizes[i], w.sum() ** 2 / (w @ w))
        # Six standard errors of either.
        error = 6 * spread * np.sqrt(2 / size)
        assert (np.abs(explained.feature_means[i] - mean) <= error).all()
        np.testing.assert_allclose(explained.positions[i], z, atol=1e-12)


def test_means_of_exact_standardised_features_are_those_of_tilted_normal_laws():
    D, y = load_diabetes(return_X_y=True)
    D = D[:, :4]
    tree = DecisionTreeRegressor(max_depth=4, random_state=0).fit(D, y)
    explainer = LimeExplainer(
        tree, sampler=GaussianSampler(), kernel=ExponentialKernel(width=0.8)
    ).fit(D)
    explained = explainer.explain(D[:5])
    assert explainer.method_ == "exact"
    z = (D[:5] - D.mean(axis=0)) / D.std(axis=0)
    np.testing.assert_allclose(explained.positions, z, rtol=1e-9)
    # A standard normal law times the kernel around z.
    np.testing.assert_allclose(explained.feature_means, z / (1 + 0.8**2), rtol=1e-9)
    own = explained.contributions()
    expected = explained.values * (z - z / (1 + 0.8**2))
    np.testing.assert_allclose(own.values, expected, rtol=1e-8, atol=1e-10)


def test_means_of_words_are_those_of_all_masks():
    text = ["a warm soup with bread"]
    model = FunctionClassifier(odd, classes=["even", "odd"])
    explainer = LimeExplainer(model, sampler=TokenSampler(), kernel=UniformKernel())
    explained = explainer.fit(TEXTS).explain(text)
    kept = explainer.sampler_.sample(text, n_samples=2**12, random_state=0)[0]
    Z = np.asarray(kept.design, dtype=float)
    masses = np.ones(len(Z)) if kept.masses is None else kept.masses
    means = masses @ Z / masses.sum()
    answers = odd(kept.inputs)[:, 1]
    np.testing.assert_allclose(explained.feature_means[0], means, rtol=1e-10)
    np.testing.assert_allclose(
        explained.baselines[0], masses @ answers / masses.sum(), rtol=1e-8
    )


def test_a_contribution_is_the_effect_times_the_share_that_is_otherwise(forest):
    explained = LimeExplainer(forest, random_state=0).fit(X).explain(X[:5])
    assert explained.positions is None
    own = explained.contributions()
    expected = explained.values * (1 - explained.feature_means)
    np.testing.assert_array_equal(own.values, expected)
    np.testing.assert_allclose(
        explained.intercepts + (explained.values * explained.feature_means).sum(axis=1),
        explained.baselines,
        rtol=1e-10,
    )


def test_conditions_that_nearly_all_rows_meet_contribute_little():
    # As capital gains in a census: none for 92 % of the people, and a large effect.
    rng = np.random.default_rng(0)
    gain = np.where(rng.random(2000) < 0.92, 0.0, rng.integers(5000, 20000, 2000))
    table = np.column_stack([gain, rng.integers(18, 70, 2000)]).astype(float)

    def rich(table):
        share = 0.2 + 0.6 * (table[:, 0] > 0) + 0.15 * (table[:, 1] > 44)
        return np.column_stack([1 - share, share])

    model = FunctionClassifier(rich, classes=["poor", "rich"])
    explained = LimeExplainer(model, random_state=0).fit(table).explain(table[gain == 0])
    own = explained.contributions()
    strongest = np.abs(explained.values).mean(axis=0).argmax()
    assert strongest == 0
    assert np.abs(own.values).mean(axis=0).argmax() == 1


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_columns=st.integers(1, 5),
    width=st.floats(0.15, 8.0),
    bins=st.sampled_from([None, 2, 4]),
    method=st.sampled_from(["auto", "sampling"]),
    k=st.integers(1, 5),
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_any_tables_contributions_add_up(seed, n_columns, width, bins, method, k):
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.integers(-6, 7, size=n_columns)
    table = rng.normal(size=(50, n_columns)) * scale + rng.normal() * scale
    y = 10.0 ** rng.integers(-6, 7) * rng.normal(size=50)
    model = DecisionTreeRegressor(max_depth=4, random_state=0).fit(table, y)
    explainer = LimeExplainer(
        model,
        sampler=MarginalSampler(n_bins=bins),
        kernel=ExponentialKernel(width=width),
        selector=HighestWeights(k=k),
        method=method,
        n_samples=128,
        random_state=0,
    )
    explained = explainer.fit(table).explain(table[:4], uncertainty=True)
    known = np.isfinite(explained.local_predictions)
    if known.any():
        assert gap_between(explained) < 1e-10
    assert explained.contributions().effects() == explained


# The two views


def views(forest, **params):
    explainer = LimeExplainer(forest, random_state=0, method="sampling", **params).fit(X)
    explained = explainer.explain(X[:6], uncertainty=True)
    return explained, explained.contributions()


@pytest.mark.parametrize(
    "sampler", [None, MarginalSampler(n_bins=None), GaussianSampler(center="instance")]
)
def test_the_views_are_inverse_to_the_bit_and_idempotent(forest, sampler):
    effects, own = views(forest, sampler=sampler)
    assert (effects.attribution, own.attribution) == ("effect", "contribution")
    assert own.meta["attribution"] == "contribution"
    assert own.effects() == effects
    assert own.contributions() == own
    assert effects.effects() == effects
    assert own.effects().contributions() == own
    assert own != effects


def test_standard_errors_and_intervals_are_scaled_alike(forest):
    effects, own = views(forest, sampler=MarginalSampler(n_bins=None))
    scale = np.abs(effects.positions - effects.feature_means)
    np.testing.assert_array_equal(own.standard_errors, effects.standard_errors * scale)
    lower, upper = own.confidence_intervals(0.9)
    margin = np.subtract(*effects.confidence_intervals(0.9)[::-1]) / 2
    np.testing.assert_allclose((upper + lower) / 2, own.values, atol=1e-15)
    np.testing.assert_allclose((upper - lower) / 2, margin * scale, rtol=1e-9, atol=1e-15)
    without = effects.__class__(**(vars(effects) | {"standard_errors": None}))
    assert without.contributions().standard_errors is None
    assert without.contributions().effects() == without


def test_features_that_are_not_selected_contribute_nothing(forest):
    _, own = views(forest, selector=HighestWeights(k=2))
    assert (np.count_nonzero(own.values, axis=1) == 2).all()
    assert not np.signbit(own.values[own.values == 0]).any()


@pytest.mark.parametrize("sampler", [None, MarginalSampler(n_bins=None)])
def test_contributions_are_cut_joined_sorted_written_and_read(forest, sampler):
    effects, own = views(forest, sampler=sampler)
    names = effects.feature_names.tolist()
    for part in (np.s_[2], np.s_[1:4], np.s_[[3, 0]], names[2], names[4:1:-1]):
        assert own[part] == effects[part].contributions()
        assert own[part].effects() == effects[part]
    assert Explanation.concat([own[:2], own[2:]]) == own
    assert Explanation.from_json(own.to_json()) == own
    assert Explanation.from_json(effects.to_json()).contributions() == own
    assert pickle.loads(pickle.dumps(own)) == own
    assert own.sort_rows()[0] == effects.sort_rows()[0].contributions()
    ranked = own.sort_features()
    strength = np.abs(own.values).mean(axis=0)
    assert ranked.feature_names.tolist() == [names[j] for j in np.argsort(-strength)]
    assert own.to_frame()["attribution"].tolist() == own.values.ravel().tolist()
    assert own.as_list(0)[0][1] == own.values[0, np.abs(own.values[0]).argmax()]
    with pytest.raises(ValueError, match=r"parts\[1\] cannot .* differ in attribution"):
        Explanation.concat([own, effects])


def test_contributions_of_all_outputs_and_of_ragged_rows_are_cut(species):
    explained = (
        LimeExplainer(species, random_state=0).fit(FEW).explain(FEW[:4], target="all")
    )
    own = explained.contributions()
    assert own[:, :, 1] == explained[:, :, 1].contributions()
    assert own.baselines.shape == (4, 3)
    # Probabilities of all classes: contributions of a feature cancel.
    np.testing.assert_allclose(own.values.sum(axis=1), 0.0, atol=1e-12)
    model = FunctionClassifier(odd, classes=["even", "odd"])
    texts = LimeExplainer(model, sampler=TokenSampler(), random_state=0)
    explained = texts.fit(TEXTS).explain(TEXTS)
    own = explained.contributions()
    assert own[1] == explained[1].contributions()
    assert own["soup"] == explained["soup"].contributions()
    padding = np.isnan(explained.values)
    np.testing.assert_array_equal(np.isnan(own.feature_means), padding)
    np.testing.assert_array_equal(np.isnan(own.values), padding)


def test_explanations_without_means_say_how_to_get_them():
    for explained in (build(VALUES), build_ragged()):
        assert explained.feature_means is None
        with pytest.raises(
            ValueError, match=r"feature_means is None.*LimeExplainer\.explain.*effect"
        ):
            explained.contributions()
        assert explained.effects() == explained
    own = build(VALUES, meta={"attribution": "contribution"})
    with pytest.raises(ValueError, match=r"coefficients is None.*explain the rows again"):
        own.effects()
    with pytest.raises(ValueError, match="attribution='cause' must be one of 'effect'"):
        build(VALUES, meta={"attribution": "cause"})


def test_handmade_explanations_of_conditions_need_no_positions():
    means = np.full(np.shape(VALUES), 0.75)
    own = build(VALUES, feature_means=means, baselines=np.zeros(4)).contributions()
    np.testing.assert_allclose(own.values, 0.25 * np.array(VALUES))
    with pytest.raises(ValueError, match=r"feature_means has shape \(2,\), expected"):
        build(VALUES, feature_means=[0.5, 0.5])
    with pytest.raises(ValueError, match=r"baselines has shape"):
        build(VALUES, feature_means=means, baselines=np.zeros(2))


# The explainer


@pytest.mark.parametrize("method", ["auto", "sampling"])
@pytest.mark.parametrize("target", ["auto", "all"])
def test_the_explainer_gives_contributions_everywhere(forest, method, target):
    params = {"method": method, "target": target, "random_state": 0}
    effects = LimeExplainer(forest, **params).fit(X)
    own = LimeExplainer(forest, attribution="contribution", **params).fit(X)
    expected = effects.explain(X[:9], uncertainty=True).contributions()
    found = own.explain(X[:9], uncertainty=True)
    np.testing.assert_array_equal(found.values, expected.values)
    np.testing.assert_array_equal(found.standard_errors, expected.standard_errors)
    np.testing.assert_array_equal(own.transform(X[:9]), found.values.reshape(9, -1))
    assert found.attribution == "contribution"
    np.testing.assert_array_equal(found.effects().values, effects.explain(X[:9]).values)
    assert own.score(X[:9]) == effects.score(X[:9])


def test_words_that_stand_twice_are_summed():
    model = FunctionClassifier(odd, classes=["even", "odd"])
    explainer = LimeExplainer(
        model, sampler=TokenSampler(), attribution="contribution", random_state=0
    ).fit(TEXTS)
    matrix, explained = explainer.transform(TEXTS), explainer.explain(TEXTS)
    names = explainer.get_feature_names_out().tolist()
    for i, tokens in enumerate(explained.unit_names):
        for word in set(tokens):
            own = explained.values[i, : len(tokens)][np.asarray(tokens) == word].sum()
            assert matrix[i, names.index(word)] == pytest.approx(own, rel=1e-12, abs=1e-15)


def test_pixels_and_steps_get_the_contribution_of_their_segment():
    for (_, explainer, rows), size in zip(
        [own for own in unit_explainers() if own[0] in ("images", "sequences")],
        (36, 10),
        strict=True,
    ):
        explainer.set_params(attribution="contribution", random_state=0).fit(rows)
        matrix, explained = explainer.transform(rows), explainer.explain(rows)
        assert matrix.shape == (len(rows), size)
        for i, spans in enumerate(explained.unit_spans):
            labels = np.broadcast_to(
                np.reshape(spans, (len(spans), -1)), rows[i].reshape(len(spans), -1).shape
            )
            np.testing.assert_array_equal(matrix[i], explained.values[i][labels].ravel())


def test_the_parameter_is_cloned_searched_set_and_checked(forest):
    explainer = LimeExplainer(forest, attribution="contribution", random_state=0)
    assert clone(explainer).attribution == "contribution"
    assert explainer.get_params()["attribution"] == "contribution"
    assert "attribution='contribution'" in repr(explainer)
    search = GridSearchCV(
        LimeExplainer(forest, random_state=0),
        {"attribution": ["effect", "contribution"]},
        cv=2,
    ).fit(X[:60], Y[:60])
    scores = search.cv_results_["mean_test_score"]
    assert scores[0] == scores[1]
    # Fitted, it can be changed: it is no part of what is learnt.
    explainer.fit(X)
    contributions = explainer.transform(X[:3])
    effects = explainer.set_params(attribution="effect").transform(X[:3])
    assert (np.abs(contributions) <= np.abs(effects)).all()
    assert not np.array_equal(contributions, effects)
    for wrong in ("contributions", None, 1):
        message = f"attribution={wrong!r} of LimeExplainer must be one of 'effect'"
        with pytest.raises(ValueError, match=message):
            LimeExplainer(forest, attribution=wrong).fit(X)
        with pytest.raises(ValueError, match=message):
            explainer.set_params(attribution=wrong).transform(X[:3])


def test_regressors_of_several_outputs_contribute_to_each():
    D, y = load_diabetes(return_X_y=True)
    model = RandomForestRegressor(10, random_state=0).fit(D, np.column_stack([y, -2 * y]))
    explained = LimeExplainer(model, random_state=0).fit(D).explain(D[:4])
    assert gap_between(explained) < 1e-10
    own = explained.contributions()
    np.testing.assert_allclose(own.values[:, 1], -2 * own.values[:, 0], rtol=1e-9)


# Rankings over rows


def often():
    """An explainer of a condition that 92 % of rows meet, its effect large, and rows."""
    rng = np.random.default_rng(0)
    gain = np.where(rng.random(600) < 0.92, 0.0, rng.integers(5000, 20000, 600))
    age = rng.integers(18, 70, 600)
    table = pd.DataFrame({"gain": gain, "age": age.astype(float), "idle": age % 7})
    table["hours"] = rng.integers(20, 60, 600).astype(float)

    def rich(table):
        share = 0.2 + 0.5 * (table["gain"] > 0) + 0.2 * (table["age"] > 44)
        share = share + 0.02 * (table["hours"] > 40)
        return np.column_stack([1 - share, share])

    explainer = LimeExplainer(FunctionClassifier(rich, ["poor", "rich"]), random_state=0)
    return explainer.fit(table), table[gain == 0].head(60)


@pytest.fixture(scope="module")
def typical():
    explainer, rows = often()
    return explainer, rows, explainer.explain(rows)


EFFECT_LABEL = "change of P(rich) if the condition holds"
CONTRIBUTION_LABEL = "contribution to P(rich)"


def drawn_order(display):
    return [label.get_text() for label in display.ax_.get_yticklabels()]


@pytest.mark.parametrize("how", ["SummaryDisplay", "ImportanceDisplay", "HeatmapDisplay"])
def test_displays_of_many_rows_rank_by_contributions_and_say_so(typical, how):
    import matplotlib.pyplot as plt

    from sklime import plotting

    display_class = getattr(plotting, how)
    explainer, rows, explained = typical
    for own in (explained, explained.contributions()):
        by_default = display_class.from_explanation(own)
        assert drawn_order(by_default)[0] == "age"
        by_effect = display_class.from_explanation(own, attribution="effect")
        assert drawn_order(by_effect)[0] == "gain"
        for display, label in [
            (by_default, CONTRIBUTION_LABEL),
            (by_effect, EFFECT_LABEL),
        ]:
            texts = [display.ax_.get_xlabel()]
            texts += [ax.get_ylabel() for ax in display.figure_.axes]
            assert any(label in text for text in texts)
    estimated = display_class.from_estimator(explainer, rows, attribution="contribution")
    assert drawn_order(estimated)[0] == "age"
    with pytest.raises(
        ValueError, match="attribution='shap' must be one of 'effect', 'contribution', None"
    ):
        display_class.from_explanation(explained, attribution="shap")
    plt.close("all")


def test_dependence_shows_contributions_and_says_so(typical):
    import matplotlib.pyplot as plt

    from sklime.plotting import DependenceDisplay

    _, rows, explained = typical
    j = rows.columns.get_loc("age")
    for attribution, own, label in [
        (None, explained.contributions(), CONTRIBUTION_LABEL),
        ("effect", explained, EFFECT_LABEL),
    ]:
        display = DependenceDisplay.from_explanation(
            explained, feature="age", attribution=attribution
        )
        dots = display.ax_.collections[0].get_offsets().data
        np.testing.assert_allclose(dots[:, 1], own.values[:, j])
        assert display.ax_.get_ylabel() == label
    plt.close("all")


def test_displays_of_one_row_show_the_values_and_say_what_they_are(typical):
    import matplotlib.pyplot as plt

    from sklime.plotting import AttributionDisplay

    _, _, explained = typical
    for own, label, first in [
        (explained, EFFECT_LABEL, "gain"),
        (explained.contributions(), CONTRIBUTION_LABEL, "age"),
    ]:
        display = AttributionDisplay.from_explanation(own)
        assert display.ax_.get_xlabel().startswith(label)
        assert first in drawn_order(display)[0]
    plt.close("all")


def test_explanations_without_means_are_drawn_as_effects_that_say_so():
    import matplotlib.pyplot as plt

    from sklime.plotting import SummaryDisplay

    old = build(VALUES)
    display = SummaryDisplay.from_explanation(old)
    assert display.ax_.get_xlabel() == "change of yes if the condition holds"
    with pytest.raises(ValueError, match="feature_means is None"):
        SummaryDisplay.from_explanation(old, attribution="contribution")
    plt.close("all")


def test_labels_name_what_is_explained(species):
    import matplotlib.pyplot as plt

    from sklime.plotting import AttributionDisplay, SummaryDisplay

    D, y = load_diabetes(return_X_y=True)
    regressor = LinearRegression().fit(D, y)
    margin = LogisticRegression().fit(X / X.max(axis=0), Y)
    for explainer, rows, label in [
        (LimeExplainer(regressor), D, "contribution to y"),
        (
            LimeExplainer(margin, response_method="decision_function"),
            X / X.max(axis=0),
            "contribution to the margin of 1",
        ),
        (LimeExplainer(species), FEW, "contribution to P(each row's own class)"),
    ]:
        explained = explainer.fit(rows).explain(rows[::25])
        assert SummaryDisplay.from_explanation(explained).ax_.get_xlabel() == label
    explainer = LimeExplainer(regressor, sampler=MarginalSampler(n_bins=None)).fit(D)
    display = AttributionDisplay.from_estimator(explainer, D[:1])
    assert display.ax_.get_xlabel() == "change of y per standard deviation"
    plt.close("all")


def test_picks_and_cohorts_look_at_contributions(typical):
    _, rows, explained = typical
    effects, own = explained.values, explained.contributions().values
    for attribution, A in [(None, own), ("contribution", own), ("effect", effects)]:
        pick = SubmodularPick(2, attribution=attribution).fit(explained)
        np.testing.assert_allclose(
            pick.importances_, np.sqrt(np.abs(A).sum(axis=0)), rtol=1e-12
        )
        assert pick.indices_.tolist() == SubmodularPick(2).fit(A).indices_.tolist()
        found = Cohorts(attribution=attribution).fit(rows, explained)
        np.testing.assert_allclose(found.centers_, Cohorts().fit(rows, A).centers_)
    for wrong in (SubmodularPick(2, attribution="no"), Cohorts(attribution="no")):
        with pytest.raises(ValueError, match="attribution='no' must be one of 'effect'"):
            wrong.fit(rows, explained) if isinstance(wrong, Cohorts) else wrong.fit(own)


def test_picks_of_few_columns_cover_half_of_them():
    rng = np.random.default_rng(0)
    for d, n_features in [(1, 1), (3, 2), (4, 2), (9, 5), (19, 10), (20, 10), (40, 10)]:
        A = rng.normal(size=(30, d))
        found = SubmodularPick(4).fit(A)
        expected = SubmodularPick(4, n_features=n_features).fit(A)
        assert found.indices_.tolist() == expected.indices_.tolist()
        assert found.coverage_.tolist() == expected.coverage_.tolist()
    # With all columns covered by the first row, the rest would go by position.
    A = np.array([[1.0, 0.9, 0.1, 0.1], [1.0, 0.9, 0.1, 0.1], [0.1, 0.1, 0.9, 1.0]])
    assert SubmodularPick(2).fit(A).indices_.tolist() == [0, 2]


def test_shap_gets_contributions_that_add_up(typical):
    pytest.importorskip("shap")
    _, _, explained = typical
    given = explained.to_shap()
    np.testing.assert_array_equal(given.values, explained.contributions().values)
    np.testing.assert_allclose(given.base_values, explained.baselines, rtol=1e-12)
    total = given.base_values + given.values.sum(axis=1)
    np.testing.assert_allclose(total, explained.local_predictions, rtol=1e-12)
    part = explained["age"].to_shap()
    total = part.base_values + part.values.sum(axis=1)
    np.testing.assert_allclose(total, explained.local_predictions, rtol=1e-12)


def page_of(explained):
    page = explained.to_html()
    content = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page)
    return page, json.loads(content[1])


def test_the_page_ranks_by_contributions_and_says_so(typical):
    _, _, explained = typical
    own = explained.contributions()
    page, content = page_of(explained)
    assert content["ranking"] == "contribution"
    assert "names the conditions that contribute" in page
    for i, row in enumerate(content["rows"]):
        [answer] = row["answers"]
        order = np.argsort(-np.abs(own.values[i]), kind="stable")[:2].tolist()
        assert [unit for unit, _ in answer["strongest"]] == order
        for unit, value in answer["strongest"]:
            assert value == pytest.approx(own.values[i, unit], rel=1e-3)
        np.testing.assert_allclose(answer["values"], explained.values[i], rtol=1e-3)
    page, content = page_of(own)
    assert "A contribution says how far" in page
    assert ">Contribution</th>" in page
    for i, row in enumerate(content["rows"]):
        [answer] = row["answers"]
        assert "strongest" not in answer
        np.testing.assert_allclose(answer["values"], own.values[i], rtol=1e-3)
    page, content = page_of(build(VALUES))
    assert content["ranking"] == "effect"
    assert "strongest" not in content["rows"][0]["answers"][0]


def test_the_demo_ranks_by_contributions_and_says_so(tmp_path, capsys):
    from sklime.cli.demo import demo

    demo(tmp_path / "table.csv", tmp_path / "page.html")
    printed = capsys.readouterr().out
    assert "What contributes to the probability of 'malignant'" in printed
    assert "mean |attribution|, of these contributions" in printed
    table = pd.read_csv(tmp_path / "table.csv")
    table = table.drop(columns=["row", "class", "prediction"])
    first = table.abs().mean().idxmax()
    ranking = printed.partition("of these contributions:")[2]
    assert ranking.split("\n")[2].endswith(first)
    assert "A contribution says how far" in (tmp_path / "page.html").read_text("utf-8")
