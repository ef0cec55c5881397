"""Groups of columns: drawn together, one feature, one attribution."""

import itertools
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LinearRegression

from sklime import Explanation, FunctionRegressor, LimeExplainer
from sklime.exceptions import UnknownValueWarning
from sklime.kernels import ExponentialKernel
from sklime.plotting import AttributionDisplay, SummaryDisplay
from sklime.samplers import MarginalSampler, MixedSampler, TokenSampler
from sklime.testing import check_sampler

GROUPS = {"pair": ["a", "b"], "colour": ["red", "green"]}


def discrete_table(n=300, seed=0):
    """Whole numbers: `b` goes with `a`, and of `red` and `green` at most one is 1."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 3, n)
    colour = rng.integers(0, 3, n)
    return pd.DataFrame(
        {
            "a": a,
            "red": (colour == 1).astype(int),
            "c": rng.integers(0, 2, n),
            "b": (a + rng.integers(0, 2, n)) % 3,
            "green": (colour == 2).astype(int),
        }
    )


def response(X):
    X = X.to_pandas() if isinstance(X, pl.DataFrame) else X
    own = X["a"] * X["b"] + 2 * X["red"] * X["c"] - X["green"] * X["a"] + (X["b"] == 1)
    return np.asarray(own, dtype=float)


def enumerated(X, features, f, bins, row, kernel_factor):
    """Contrasts of all features of one row, over the joint law of the training rows.

    `features` are lists of columns, and `bins` gives the bins of a table's cells. Every
    feature takes the values of one training row, independently of the others.
    """
    laws = []
    for own in features:
        counts = X[own].value_counts()
        laws.append([(v, m / len(X)) for v, m in counts.items()])
    points, masses = [], []
    for combination in itertools.product(*laws):
        points.append(np.concatenate([v for v, _ in combination]))
        masses.append(np.prod([m for _, m in combination]))
    order = [name for own in features for name in own]
    points = pd.DataFrame(np.array(points), columns=order)[X.columns]
    same = bins(points) == bins(row)
    Z = np.column_stack([same[own].all(axis=1) for own in features])
    weights = np.array(masses) * kernel_factor ** (~Z).sum(axis=1)
    answers = f(points)
    contrasts = [
        np.average(answers[z], weights=weights[z])
        - np.average(answers[~z], weights=weights[~z])
        for z in Z.T
    ]
    return np.array(contrasts), Z, weights, answers


def explained(X, **parameters):
    sampler = MarginalSampler(**{"groups": GROUPS, **parameters.pop("sampler", {})})
    model = parameters.pop("model", FunctionRegressor(response))
    return LimeExplainer(model, sampler=sampler, random_state=0, **parameters).fit(X)


def assert_within_errors(found, expected, errors):
    # Quasi-random errors are estimated from eight scrambles.
    assert (np.abs(found - expected) < 6.0 * errors + 2e-3).all(), (found, expected)


@pytest.mark.parametrize("width", [0.4, 1.3])
def test_attributions_are_contrasts_of_the_joint_law(width):
    X = discrete_table()
    features = [["a", "b"], ["red", "green"], ["c"]]
    explainer = explained(X, kernel=ExponentialKernel(width=width), n_samples=16384)
    assert explainer.method_ == "sampling"
    told = explainer.explain(X[:12], uncertainty=True)
    assert told.feature_names.tolist() == ["pair", "colour", "c"]
    factor = np.exp(-0.5 / width**2)
    for i in range(12):
        row = X.iloc[i]
        expected, *_ = enumerated(X, features, response, lambda T: T, row, factor)
        assert_within_errors(told.values[i], expected, told.standard_errors[i])


def test_bins_of_numbers_match_where_every_column_does():
    rng = np.random.default_rng(1)
    u = rng.choice([0.5, 1.5, 2.5, 3.5, 4.5], 400)
    X = pd.DataFrame(
        {
            "a": u,
            "b": u + rng.choice([-1.5, 0.25, 1.0], 400),
            "c": rng.choice([0.5, 1.5, 2.5, 3.5], 400),
        }
    )

    def f(X):
        return np.asarray(X["a"] * X["b"] + X["c"] * X["a"], dtype=float)

    def bins(table):
        return table > cuts

    cuts = X.median()
    explainer = explained(
        X,
        model=FunctionRegressor(f),
        sampler={"groups": {"size": ["a", "b"]}, "n_bins": 2},
        n_samples=16384,
    )
    factor = np.exp(-0.5 / explainer.kernel_.width**2)
    assert explainer.kernel_.width == pytest.approx(0.75 * np.sqrt(2))
    told = explainer.explain(X[:12], uncertainty=True)
    for i in range(12):
        row = X.iloc[i]
        expected, *_ = enumerated(X, [["a", "b"], ["c"]], f, bins, row, factor)
        assert_within_errors(told.values[i], expected, told.standard_errors[i])
    points = X.sample(50, random_state=0)
    for i in range(5):
        seen = explainer.sampler_.interpret(points, X[i : i + 1])
        same = bins(points) == bins(X.iloc[i])
        expected = np.column_stack([same["a"] & same["b"], same["c"]])
        np.testing.assert_array_equal(seen, expected)


def test_groups_are_drawn_from_one_training_row_and_the_rest_independently():
    X = discrete_table()
    sampler = MarginalSampler(groups=GROUPS).fit(X)
    [around] = sampler.sample(X[:1], n_samples=8192, random_state=0)
    drawn = around.inputs
    assert drawn.columns.tolist() == X.columns.tolist()
    assert (drawn.dtypes == X.dtypes).all()
    for own in GROUPS.values():
        expected = X[own].value_counts(normalize=True).sort_index()
        found = drawn[own].value_counts(normalize=True).sort_index()
        assert found.index.equals(expected.index)
        np.testing.assert_allclose(found, expected, atol=2e-3)
    assert abs(np.corrcoef(drawn["a"], drawn["c"])[0, 1]) < 0.02
    # Apart from each other, two dummies are 1 together.
    [apart] = MarginalSampler().fit(X).sample(X[:1], n_samples=8192, random_state=0)
    assert (apart.inputs["red"] + apart.inputs["green"]).max() == 2


def test_models_see_no_combination_that_training_never_had():
    X = discrete_table()
    known = set(map(tuple, X[["red", "green"]].to_numpy()))

    def strict(table):
        assert set(map(tuple, table[["red", "green"]].to_numpy())) <= known
        return response(table)

    explainer = explained(X, model=FunctionRegressor(strict), weighting="tilted")
    explainer.explain(X[:3])
    explainer = explained(X, model=FunctionRegressor(strict))
    explainer.explain(X[:20], uncertainty=True)
    assert 0.4 < explainer.score(X[:20]) < 1.0


def test_the_reference_neighbourhood_keeps_or_redraws_whole_groups():
    X = correlated_table()[["u", "cube of u", "alone"]].fillna(0.0)
    groups = {"group": ["u", "cube of u"]}
    sampler = MarginalSampler(groups=groups).fit(X)
    # Values that training never had, in bins that it has.
    row = X[:1] + 1e-6
    [around] = sampler.reference(row, n_samples=512)
    own = (around.inputs[["u", "cube of u"]] == row[["u", "cube of u"]].iloc[0]).to_numpy()
    assert (own[:, 0] == own[:, 1]).all()
    assert 200 < own[:, 0].sum() < 312
    known = set(map(tuple, X[["u", "cube of u"]].to_numpy()))
    redrawn = around.inputs[["u", "cube of u"]][~own[:, 0]].to_numpy()
    assert set(map(tuple, redrawn)) <= known
    assert around.design[own[:, 0], 0].all()
    np.testing.assert_array_equal(around.design, sampler.interpret(around.inputs, row))


@pytest.mark.parametrize("tilted", [False, True])
def test_new_combinations_are_asked_about(tilted):
    X = discrete_table()
    assert not ((X["a"] == 0) & (X["b"] == 2)).any()
    row = X[:1].assign(a=0, b=2)
    weighting = "tilted" if tilted else "auto"
    told = explained(X, weighting=weighting, n_samples=8192).explain(row, uncertainty=True)
    factor = np.exp(-0.5 / (0.75 * np.sqrt(3)) ** 2)
    features = [["a", "b"], ["red", "green"], ["c"]]
    _, Z, weights, answers = enumerated(
        X, features, response, lambda T: T, X.iloc[0], factor
    )
    # The other columns' weights alone: no draw shares the combination.
    weights = weights / factor ** (~Z[:, 0])
    others = np.average(answers, weights=weights)
    points = X.merge(X["c"].drop_duplicates(), how="cross", suffixes=("", "_other"))
    points = points.assign(a=0, b=2, c=points["c_other"])[X.columns]
    same = (points == row.iloc[0])[["red", "green", "c"]]
    n_missed = 2 - same[["red", "green"]].all(axis=1).astype(int) - same["c"].astype(int)
    masses = X["c"].value_counts(normalize=True)[points["c"]].to_numpy()
    own = np.average(response(points), weights=masses * factor**n_missed)
    assert_within_errors(told.values[0, 0], own - others, told.standard_errors[0, 0])
    assert told.conditions[0][0] == "pair = values never seen together in training"


def test_new_combinations_are_refused_or_ignored_on_demand():
    X = discrete_table()
    row = X[:1].assign(a=0, b=2)
    strict = explained(X, sampler={"handle_unknown": "error"})
    with pytest.raises(ValueError, match=r"'pair': a combination that training never had"):
        strict.transform(row)
    lax = explained(X, sampler={"handle_unknown": "ignore"})
    with pytest.warns(UnknownValueWarning, match="pair"):
        assert lax.transform(row)[0, 0] == 0.0


def test_the_same_row_has_the_same_answer():
    X = discrete_table()
    explainer = explained(X, n_samples=512)
    rows = pd.concat([X[:30], X[:1].assign(a=0, b=2)])
    whole = explainer.transform(rows)
    one_by_one = [explainer.transform(rows[i : i + 1]) for i in range(len(rows))]
    np.testing.assert_array_equal(np.concatenate(one_by_one), whole)
    np.testing.assert_array_equal(explainer.transform(rows[::-1])[::-1], whole)
    np.testing.assert_array_equal(explained(X, n_samples=512).transform(rows), whole)
    np.testing.assert_array_equal(explainer.explain(rows).values, whole)
    loaded = pickle.loads(pickle.dumps(explainer))
    np.testing.assert_array_equal(loaded.transform(rows), whole)


@pytest.mark.parametrize("kind", ["pandas", "polars", "array"])
def test_every_container_says_the_same(kind):
    X = discrete_table()
    # The last one has a combination that training never had.
    rows = pd.concat([X[:8], X[:1].assign(a=0, b=2)], ignore_index=True)
    expected = explained(X).transform(rows)
    table, model, groups = X, FunctionRegressor(response), GROUPS
    if kind == "polars":
        table, rows = pl.from_pandas(X), pl.from_pandas(rows)
    if kind == "array":
        table, rows = X.to_numpy(), rows.to_numpy()
        model = FunctionRegressor(lambda A: response(pd.DataFrame(A, columns=X.columns)))
        groups = {"pair": [3, 0], "colour": [1, 4]}
    explainer = explained(table, model=model, sampler={"groups": groups})
    np.testing.assert_array_equal(explainer.transform(rows), expected)
    names = ["pair", "colour", "x2" if kind == "array" else "c"]
    assert explainer.get_feature_names_out().tolist() == names
    told = explainer.explain(rows)
    assert type(told.data) is type(table)
    frame = told.to_frame()
    assert frame["feature"][:3].tolist() == names
    first = "x0 = 2, x3 = 2" if kind == "array" else "a = 2, b = 2"
    assert frame["value"][0] == first
    assert frame["value"][2] == 1
    copied = Explanation.from_json(told.to_json())
    np.testing.assert_array_equal(copied.values, told.values)
    assert "pair" in told.to_html()
    told[0].to_html()


def test_features_stand_in_frames_pictures_and_conditions_under_the_name_of_the_group():
    X = discrete_table()
    explainer = explained(X)
    assert explainer.n_features_in_ == 5
    told = explainer.explain(X[:40])
    assert told.conditions[0].tolist() == [
        "a = 2 and b = 2",
        "red = 0 and green = 0",
        "c = 1",
    ]
    assert told["pair"].values.shape == (40, 1)
    assert told[:, ["c", "pair"]].data.columns.tolist() == ["c", "pair"]
    np.testing.assert_array_equal(told.to_frame(tidy=False), explainer.transform(X[:40]))
    frame = explainer.set_output(transform="pandas").transform(X[:3])
    assert frame.columns.tolist() == ["pair", "colour", "c"]
    assert len(AttributionDisplay.from_explanation(told, row=0).plot().ax_.patches) == 3
    SummaryDisplay.from_explanation(told).plot()
    every = explainer.explain(X[:3], target="all")
    assert every.values.shape == (3, 1, 3) or every.values.shape == (3, 3)
    with pytest.raises(ValueError, match="input_features"):
        explainer.get_feature_names_out(["a", "b"])
    contributions = told.contributions()
    total = contributions.values.sum(axis=1) + contributions.baselines
    np.testing.assert_allclose(total, told.local_predictions)


def test_interactions_of_groups_are_second_contrasts():
    X = discrete_table()
    explainer = explained(X, n_samples=16384)
    told = explainer.explain(X[:6], interactions=[("pair", "colour"), ("colour", "c")])
    features = [["a", "b"], ["red", "green"], ["c"]]
    factor = np.exp(-0.5 / explainer.kernel_.width**2)
    for i in range(6):
        own = enumerated(X, features, response, lambda T: T, X.iloc[i], factor)
        _, Z, weights, answers = own
        for pair, (j, k) in enumerate([(0, 1), (1, 2)]):
            mean = {
                (s, t): np.average(answers[chosen], weights=weights[chosen])
                for s, t in itertools.product([True, False], repeat=2)
                for chosen in [(Z[:, j] == s) & (Z[:, k] == t)]
            }
            expected = mean[True, True] - mean[True, False]
            expected -= mean[False, True] - mean[False, False]
            error = told.interaction_standard_errors[i, pair]
            assert_within_errors(told.interactions[i, pair], expected, error)


def test_interactions_name_features_not_the_columns_of_groups():
    X = discrete_table()
    explainer = explained(X, n_samples=512)
    named = explainer.explain(X[:2], interactions=[("colour", "c")])
    numbered = explainer.explain(X[:2], interactions=[(1, 2)])
    assert numbered.interaction_pairs == [("colour", "c")]
    np.testing.assert_array_equal(named.interactions, numbered.interactions)
    with pytest.raises(ValueError, match="holds 'red', which is no column"):
        explainer.explain(X[:2], interactions=[("red", "c")])


def test_labels_of_columns_may_be_numbers():
    X = discrete_table().set_axis([2019, 2020, 2021, 2022, 2023], axis=1)
    names = discrete_table().columns
    model = FunctionRegressor(lambda T: response(T.set_axis(names, axis=1)))
    groups = {"early": [2019, 2022], "late": [2020, 2023]}
    explainer = explained(X, model=model, sampler={"groups": groups})
    assert explainer.get_feature_names_out().tolist() == ["early", "late", "2021"]
    told = explainer.explain(X[:2], interactions=[("early", 2021)])
    assert told.interaction_pairs == [("early", "2021")]
    np.testing.assert_array_equal(told[:, 2021].values, told.values[:, 2:])
    expected = explained(discrete_table()).transform(X[:2].set_axis(names, axis=1))
    np.testing.assert_array_equal(told.values, expected)


def test_groups_hold_texts_and_missing_values():
    rng = np.random.default_rng(2)
    n = 200
    kind = rng.choice(["flat", "house"], n)
    floor = np.where(kind == "flat", rng.integers(1, 4, n), np.nan)
    X = pd.DataFrame({"kind": kind, "floor": floor, "age": rng.normal(size=n)})

    def f(X):
        assert (X["floor"].isna() == (X["kind"] == "house")).all()
        return np.asarray(X["floor"].fillna(5) + (X["age"] > 0), dtype=float)

    groups = {"place": ["kind", "floor"]}
    explainer = explained(X, model=FunctionRegressor(f), sampler={"groups": groups})
    told = explainer.explain(X[:30])
    houses = X["kind"][:30] == "house"
    means = X["floor"].fillna(5)
    for place, own in [
        (X["kind"] == "house", houses),
        (X["floor"] == 2, X["floor"][:30] == 2),
    ]:
        expected = means[place].mean() - means[~place].mean()
        np.testing.assert_allclose(told["place"].values[own, 0], expected, atol=0.02)
    assert told.conditions[int(np.argmax(houses))][0] == "kind = house and floor is missing"
    assert "kind = house, floor = missing (NaN)" in told.to_frame()["value"].tolist()


def test_rows_without_weight_teach_no_combination():
    X = discrete_table()
    extra = pd.concat([X, X[:1].assign(a=0, b=2)], ignore_index=True)
    weights = np.r_[np.ones(len(X)), 0.0]
    sampler = MarginalSampler(groups=GROUPS).fit(extra, sample_weight=weights)
    [around] = sampler.sample(X[:1], n_samples=512, random_state=0)
    [expected] = MarginalSampler(groups=GROUPS).fit(X).sample(X[:1], 512, random_state=0)
    pd.testing.assert_frame_equal(around.inputs, expected.inputs)
    # Weights are frequencies.
    twice = pd.concat([X, X[:40]])
    weights = np.where(np.arange(len(X)) < 40, 2.0, 1.0)
    [one] = (
        MarginalSampler(groups=GROUPS)
        .fit(X, sample_weight=weights)
        .sample(X[:1], 512, random_state=0)
    )
    [other] = MarginalSampler(groups=GROUPS).fit(twice).sample(X[:1], 512, random_state=0)
    pd.testing.assert_frame_equal(one.inputs, other.inputs)


def correlated_table():
    rng = np.random.default_rng(3)
    u, v = rng.normal(size=(2, 500))
    return pd.DataFrame(
        {
            "u": u,
            "v": v,
            "exp of u": np.exp(u),
            "text": rng.choice(["p", "q"], 500),
            "minus v": -v + 0.1 * rng.normal(size=500),
            "cube of u": np.where(rng.random(500) < 0.02, np.nan, u**3),
            "alone": rng.normal(size=500),
            "constant": 1.0,
        }
    )


def test_auto_finds_clusters_of_rank_correlations():
    X = correlated_table()
    sampler = MarginalSampler(groups="auto").fit(X)
    told = LimeExplainer(
        FunctionRegressor(lambda X: X["u"] * X["v"]), sampler=sampler, random_state=0
    ).fit(X)
    assert told.get_feature_names_out().tolist() == [
        "u + exp of u + cube of u",
        "v + minus v",
        "text",
        "alone",
        "constant",
    ]
    # A group is one of those that pandas' own correlations tell.
    ranks = X.drop(columns=["text", "constant"]).corr("spearman").abs()
    assert (ranks.loc["u", ["exp of u", "cube of u"]] > 0.9).all()
    assert ranks.loc["u", "alone"] < 0.7


def test_auto_leaves_uncorrelated_tables_as_they_are():
    X = np.random.default_rng(4).normal(size=(200, 3))
    model = LinearRegression().fit(X, X[:, 0])
    plain = LimeExplainer(model, random_state=0).fit(X)
    for groups in "auto", {}:
        sampler = MarginalSampler(groups=groups)
        explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(X)
        assert explainer.method_ == "exact"
        np.testing.assert_array_equal(explainer.transform(X[:5]), plain.transform(X[:5]))


@pytest.mark.parametrize("dtype", [bool, int, float])
@pytest.mark.parametrize("drop_first", [False, True])
def test_dummies_are_found_by_name_if_asked(dtype, drop_first):
    rng = np.random.default_rng(5)
    cells = {
        "home_city": rng.choice(["rome", "new_york", "paris"], 300),
        "home_type": rng.choice(["flat", "house", "boat"], 300),
        "age": rng.normal(size=300),
        "is_new": rng.choice(["p", "q"], 300) == "p",
        "is_big": rng.choice(["p", "q"], 300) == "p",
    }
    X = pd.get_dummies(pd.DataFrame(cells), dtype=dtype, drop_first=drop_first)

    def f(X):
        return np.asarray(X["home_city_rome"] * 2.0 + X["is_new"], dtype=float)

    explainer = explained(X, model=FunctionRegressor(f), sampler={"groups": "dummies"})
    names = ["age", "is_new", "is_big", "home_city", "home_type"]
    assert explainer.get_feature_names_out().tolist() == names
    told = explainer.explain(X[:20])
    rome = cells["home_city"] == "rome"
    own = told["home_city"].values[:, 0]
    np.testing.assert_allclose(own[rome[:20]], 2.0, atol=0.02)
    paris = cells["home_city"] == "paris"
    np.testing.assert_allclose(own[paris[:20]], -2.0 * rome[~paris].mean(), atol=0.02)
    # The dummy that is set tells all.
    conditions = np.asarray(told["home_city"].conditions).ravel()[rome[:20]]
    assert len(set(conditions)) == 1
    assert conditions[0].startswith("home_city_rome ")


def test_flags_that_share_a_prefix_are_no_dummies():
    X = discrete_table()[["red", "green", "c"]].add_prefix("is_")
    assert LimeExplainer(
        FunctionRegressor(lambda X: X["is_c"]), sampler=MarginalSampler(groups="dummies")
    ).fit(X.assign(is_c=1)).get_feature_names_out().tolist() == [*X]
    with pytest.raises(ValueError, match="groups='dummies' finds all 2 columns"):
        MarginalSampler(groups="dummies").fit(X[["is_red", "is_green"]])


def test_a_linear_model_is_told_by_the_group_as_a_whole():
    X = correlated_table()[["u", "exp of u", "v"]]
    model = LinearRegression().fit(X, X["u"] + X["v"])
    sampler = MarginalSampler(groups={"u": ["u", "exp of u"]}, n_bins=2)
    with pytest.raises(ValueError, match="groups 'u' depend on each other"):
        LimeExplainer(model, sampler=sampler, method="exact").fit(X)
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(X)
    assert explainer.method_ == "sampling"
    high = X["u"] > X["u"].median()
    gap = X["u"][high].mean() - X["u"][~high].mean()
    np.testing.assert_allclose(
        explainer.transform(X[:5])[:, 0], np.where(high[:5], gap, -gap), rtol=0.01
    )


def test_parameters_are_set_and_copied():
    X = discrete_table()
    explainer = explained(X)
    assert clone(explainer.sampler_).groups == GROUPS
    explainer.set_params(sampler__groups=None).fit(X)
    assert explainer.transform(X[:2]).shape == (2, 5)
    check_sampler(MarginalSampler(n_bins=3))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"one": ["a", "b"], "two": ["b", "c"]}, "'one' and 'two' overlap in column 'b'"),
        ({"one": ["a", "z"]}, "'z', which is no column of the table"),
        ({"one": [0, 9]}, "column 9, and the table has 5"),
        ({"one": [0, -1]}, "column -1, and the table has 5"),
        ({"one": ["a"]}, "has 1 column.*two at least"),
        ({"one": []}, "has 0 column.*two at least"),
        ({"one": ["a", "b", "a"]}, "more than once"),
        ({"one": "ab"}, "must be a list of columns"),
        ({"one": ["a", "b", "c", "red", "green"]}, "holds all 5 columns"),
        ({"c": ["a", "b"]}, "'c', which is that of a column in no group"),
        ({1: ["a", "b"], "1": ["c", "red"]}, "the name '1' more than once"),
        ({"one": [["a"], "b"]}, "which is no column"),
        (["a", "b"], "must be None, 'auto', 'dummies', or a dict"),
        ("automatic", "must be None, 'auto', 'dummies', or a dict"),
    ],
)
def test_wrong_groups_are_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        MarginalSampler(groups=groups).fit(discrete_table())


def test_groups_need_bins_values_and_dense_tables():
    X = correlated_table()[["u", "v", "alone", "text"]]
    groups = {"both": ["u", "v"]}
    with pytest.raises(ValueError, match=r"groups\['both'\] holds the numeric column 'u'"):
        MarginalSampler(groups=groups, n_bins=None).fit(X)
    with pytest.raises(ValueError, match="invents others"):
        MarginalSampler(groups=groups, within="truncnorm").fit(X)
    numbers = X.drop(columns="text").to_numpy()
    with pytest.raises(ValueError, match="needs a dense table"):
        MarginalSampler(groups={"both": [0, 1]}).fit(sparse.csr_matrix(numbers))
    same = pd.DataFrame({"u": X["u"], "exp": np.exp(X["u"])})
    with pytest.raises(ValueError, match="groups='auto' finds all 2 columns of the table"):
        MarginalSampler(groups="auto").fit(same)
    texts = pd.DataFrame({"review": X["text"] + " fine", "u": X["u"], "v": X["v"]})
    parts = [
        ("words", TokenSampler(), "review"),
        ("rest", MarginalSampler(groups=None), ["u", "v"]),
    ]
    MixedSampler(parts).fit(texts)
    more = texts.assign(w=X["alone"])
    grouped = MarginalSampler(groups=groups)
    parts[1] = ("rest", grouped, ["u", "v", "w"])
    with pytest.raises(ValueError, match="leave groups=None there"):
        MixedSampler(parts).fit(more)


def test_categories_are_grouped_without_bins_of_numbers():
    X = discrete_table()
    sampler = {"n_bins": None, "categorical_features": ["a", "b", "red", "green"]}
    told = explained(X, sampler=sampler).explain(X[:3])
    assert told.feature_names.tolist() == ["pair", "colour", "c"]
    assert np.isfinite(told.values).all()
