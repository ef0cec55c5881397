"""Tables as people have them: mixed columns, gaps, categories, names; into a pipeline."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pandas.testing import assert_frame_equal
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklime import FunctionRegressor, LimeExplainer
from sklime.samplers import GaussianSampler, MarginalSampler

NUMBERS = ["age", "visits", "rooms", "tax"]
WORDS = ["city", "color", "size", "shop"]
FLAGS = ["smoker"]
CONSTANT = ["tax", "shop"]

# Of the range of the model: the ridge penalty takes 1 / (n p (1 - p)), below 0.2 % here,
# and the Monte-Carlo error of 4,096 Sobol points stays below 0.3 %.
CLOSE = 0.005


def people(n=400, seed=0):
    """Numbers, words, categories and flags, with gaps and with columns that do not vary."""
    rng = np.random.default_rng(seed)
    age = rng.normal(50, 15, n).round(1)
    age[rng.random(n) < 0.2] = np.nan
    visits = pd.array(rng.poisson(3, n), dtype="Int64")
    visits[rng.random(n) < 0.1] = pd.NA
    city = rng.choice(np.array(["Ulm", "Rom", None], dtype=object), n)
    colors = pd.Categorical(rng.choice(["red", "blue", "green"], n))
    sizes = pd.CategoricalDtype(["small", "medium", "large"], ordered=True)
    return pd.DataFrame(
        {
            "age": age,
            "city": pd.Series(city, dtype="str"),
            "color": colors.add_categories("mauve"),
            "visits": visits,
            "size": pd.Series(rng.choice(sizes.categories, n)).astype(sizes),
            "rooms": rng.integers(1, 6, n),
            "smoker": rng.random(n) < 0.3,
            "tax": np.full(n, 0.19),
            "shop": pd.Series(["main street"] * n, dtype="str"),
        }
    )


def ill(X):
    """Who is ill: the old, the smokers, and half of those whose city is missing."""
    risk = (X["age"].fillna(40) > 55) + 1.0 * X["smoker"] + 0.5 * X["city"].isna()
    return np.where(risk >= 1, "ill", "well")


def as_polars(X):
    return pl.from_pandas(X.assign(size=X["size"].astype("str"))).with_columns(
        pl.col("size").cast(pl.Enum(["small", "medium", "large"])),
        pl.col("age").fill_nan(None),
    )


def as_objects(X):
    """An array of Python objects, as `np.array` of mixed rows gives."""
    return X.astype(object).where(X.notna(), np.nan).to_numpy()


class Customs(TransformerMixin, BaseEstimator):
    """Lets nothing pass but frames like the one it was fitted on; counts the rows."""

    def fit(self, X, y=None):
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self.empty_, self.seen_ = X[:0], []
        return self

    def transform(self, X):
        if isinstance(self.empty_, pd.DataFrame):
            assert_frame_equal(X.iloc[:0].reset_index(drop=True), self.empty_)
        else:
            assert isinstance(X, pl.DataFrame)
            assert X.schema == self.empty_.schema
        self.seen_.append(X)
        return X


def encoded(model, numbers=NUMBERS, words=WORDS, flags=FLAGS):
    """A pipeline that selects its columns by name and cannot do without any of them."""
    return make_pipeline(
        Customs(),
        ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
                ("words", OneHotEncoder(), words),
                ("flags", "passthrough", flags),
            ]
        ),
        model,
    )


def group_effects(g, column, rows):
    """Effects of the rows' groups on an additive part of a model: differences of means."""
    own = [column == value for value in column[rows]]
    return [np.mean(g[group]) - np.mean(g[~group]) for group in own]


def assert_close(found, expected, span=1.0):
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=CLOSE * span)


@pytest.fixture(scope="module")
def X():
    return people()


@pytest.mark.parametrize("container", [pd.DataFrame, as_polars], ids=["pandas", "polars"])
@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(20, random_state=0),
        LogisticRegression(),
        HistGradientBoostingClassifier(max_iter=20),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_table_through_a_pipeline_by_name_gets_one_attribution_per_column(
    X, container, model
):
    X, y = container(X), ill(X)
    pipeline = encoded(model).fit(X, y)
    explainer = LimeExplainer(pipeline, target="ill", random_state=0).fit(X)
    attributions = explainer.transform(X[:50])
    assert attributions.shape == (50, 9)
    assert np.isfinite(attributions).all()
    names = explainer.get_feature_names_out().tolist()
    assert names == list(X.columns)
    varies = ~np.isin(names, CONSTANT)
    assert (attributions[:, ~varies] == 0.0).all()
    assert np.abs(attributions[:, varies]).max(axis=0).min() > 0.0
    strongest = np.array(names)[np.abs(attributions).mean(axis=0).argsort()[::-1]]
    assert set(strongest[:2]) == {"age", "smoker"}


@pytest.mark.parametrize("container", [pd.DataFrame, as_polars], ids=["pandas", "polars"])
@pytest.mark.parametrize(
    "sampler",
    [MarginalSampler(), MarginalSampler(n_bins=None), MarginalSampler(binning="kmeans")],
    ids=["bins", "standardised", "kmeans"],
)
def test_the_model_receives_names_order_dtypes_and_categories_of_its_training(
    X, container, sampler
):
    X, y = container(X), ill(X)
    pipeline = encoded(RandomForestClassifier(5, random_state=0)).fit(X, y)
    explainer = LimeExplainer(pipeline, sampler=sampler, random_state=0).fit(X)
    explainer.transform(X[:5])
    explainer.explain(X[:5])
    explainer.score(X[:5])
    seen = pipeline[0].seen_
    # The pool, the rows of `explain`, and 512 reference draws for each row of `score`.
    assert sum(map(len, seen)) >= 4096 + 5 + 5 * 512


def test_draws_hold_training_values_only_gaps_included(X):
    [around] = MarginalSampler().fit(X).sample(X[:1], n_samples=4096, random_state=0)
    assert_frame_equal(around.inputs[:0], X[:0])
    for name in X.columns:
        drawn = around.inputs[name]
        assert set(drawn.dropna()) == set(X[name].dropna())
        # Inverse distribution function at Sobol points: frequencies are almost exact.
        np.testing.assert_allclose(drawn.isna().mean(), X[name].isna().mean(), atol=0.002)


def test_words_and_flags_have_the_effect_of_their_group_in_an_additive_model(X):
    worth = {"red": 3.0, "blue": -1.0, "green": 0.5}

    def parts(X):
        return {
            "color": X["color"].astype(str).map(worth).to_numpy(dtype=float),
            "size": X["size"].cat.codes.to_numpy(dtype=float),
            "city": np.where(X["city"].isna(), 2.0, 0.0),
            "smoker": X["smoker"].to_numpy(dtype=float),
        }

    model = FunctionRegressor(lambda X: sum(parts(X).values()))
    found = LimeExplainer(model, random_state=0).fit(X).set_output(transform="pandas")
    found = found.transform(X[:30])
    span = np.ptp(model.predict(X))
    for name, g in parts(X).items():
        column = X[name].astype(object).where(X[name].notna(), "gone")
        assert_close(found[name], group_effects(g, column, slice(30)), span)
    assert_close(found[["age", "visits", "rooms"]], 0.0, span)


@pytest.mark.parametrize("name", ["age", "visits"])
def test_a_gap_is_a_bin_of_its_own_with_the_effect_of_missingness(X, name):
    model = FunctionRegressor(lambda X: X[name].isna().to_numpy(dtype=float))
    explanation = LimeExplainer(model, random_state=0).fit(X).explain(X)
    found = explanation[name].values[:, 0]
    gone = X[name].isna().to_numpy()
    assert_close(found[gone], 1.0)
    # For an observed value, all the others hold the gaps: their share is what it lacks.
    # Integers of few values have a bin each.
    bins = X[name].astype(float)
    if name == "age":
        bins = pd.qcut(bins, 4, duplicates="drop")
    share = bins.map(bins.value_counts(normalize=False) / len(X)).astype(float)[~gone]
    assert_close(found[~gone], -gone.mean() / (1.0 - share))
    [told] = {explanation[name].conditions[i][0] for i in np.flatnonzero(gone)}
    assert told == f"{name} is missing"
    assert explanation.as_list(int(np.flatnonzero(gone)[0]))[0][0] == told


def test_boosting_takes_gaps_and_categories_as_they_are(X):
    X = X.drop(columns=["city", "shop"])
    g = X["age"].isna() * 2.0 + (X["color"] == "red")
    model = HistGradientBoostingRegressor(categorical_features="from_dtype", max_iter=200)
    explainer = LimeExplainer(model.fit(X, g), random_state=0).fit(X)
    found = explainer.set_output(transform="pandas").transform(X)
    # The model itself is off by a hundredth or so, which adds to the sampling error.
    np.testing.assert_allclose(found["age"][X["age"].isna()], 2.0, atol=0.05)
    np.testing.assert_allclose(found["color"][X["color"] == "red"], 1.0, atol=0.05)
    assert np.abs(found[["rooms", "visits", "smoker", "size"]]).max(axis=None) < 0.05


@pytest.mark.parametrize("container", [pd.DataFrame, as_polars], ids=["pandas", "polars"])
@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_set_output_names_the_columns_and_keeps_the_index(X, container, output):
    model = encoded(LogisticRegression()).fit(container(X), ill(X))
    explainer = LimeExplainer(model, random_state=0).fit(container(X))
    rows = X.sample(7, random_state=0)
    plain = explainer.transform(container(rows))
    framed = explainer.set_output(transform=output).transform(container(rows))
    assert list(framed.columns) == list(X.columns)
    np.testing.assert_array_equal(framed.to_numpy(), plain)
    if output == "pandas" and container is pd.DataFrame:
        assert framed.index.equals(rows.index)


def test_all_classes_are_named_by_output_and_column(X):
    model = encoded(LogisticRegression()).fit(X, X["color"].astype(str))
    explainer = LimeExplainer(model, target="all", random_state=0).fit(X)
    framed = explainer.set_output(transform="pandas").transform(X[:5])
    assert framed.shape == (5, 3 * 9)
    assert framed.columns[[0, 9, 18]].tolist() == ["blue__age", "green__age", "red__age"]
    own = [framed.loc[i, f"{color}__color"] for i, color in X["color"][:5].items()]
    assert min(own) > 0.5


def test_pandas_and_polars_give_the_same_attributions(X):
    # Strings only: the order of a pandas category is not the one of a polars category.
    X = X[["age", "city", "visits", "smoker"]]

    def model(X):
        age, city = X["age"].to_numpy(), X["city"].to_numpy()
        return (np.nan_to_num(age) > 50) + (city == "Rom") * 2.0 + X["smoker"].to_numpy()

    model = FunctionRegressor(model)
    in_pandas = LimeExplainer(model, random_state=0).fit(X).transform(X[:20])
    Xp = pl.from_pandas(X)
    in_polars = LimeExplainer(model, random_state=0).fit(Xp).transform(Xp[:20])
    np.testing.assert_array_equal(in_polars, in_pandas)


def test_a_typed_in_row_reaches_the_model_in_the_dtypes_of_its_training(X):
    model = encoded(LogisticRegression()).fit(X, ill(X))
    explainer = LimeExplainer(model, target="ill", random_state=0).fit(X)
    # Python values of one row: whole numbers for floats, plain strings for categories.
    i = X.dropna()["age"].mod(1).eq(0).idxmax()
    row = pd.DataFrame([X.astype(object).loc[i].to_dict()]).astype({"age": int})
    assert (row.dtypes != X.dtypes).sum() >= 4
    typed, known = explainer.explain(row), explainer.explain(X.loc[[i]])
    np.testing.assert_array_equal(typed.values, known.values)
    np.testing.assert_array_equal(typed.predictions, known.predictions)


def test_rows_may_have_any_index(X):
    model = FunctionRegressor(lambda X: X["rooms"].to_numpy())
    explainer = LimeExplainer(model, random_state=0).fit(X.set_axis(["same"] * len(X)))
    plain = explainer.transform(X[:4])
    indexed = X[:4].set_axis(pd.date_range("2020", periods=4))
    np.testing.assert_array_equal(explainer.transform(indexed), plain)


def test_an_array_of_objects_is_read_like_the_frame(X):
    def by_position(X):
        X = np.asarray(X, dtype=object)
        return (X[:, 2] == "red") * 2.0 + X[:, 6].astype(float) + pd.isna(X[:, 0])

    model = FunctionRegressor(by_position)
    objects = as_objects(X)
    found = LimeExplainer(model, random_state=0).fit(objects).explain(objects[:20])
    red, smoker = objects[:20, 2] == "red", objects[:20, 6].astype(bool)
    gone, span = pd.isna(objects[:20, 0]), 4.0
    assert_close(found["x2"].values[red], 2.0, span)
    assert_close(found["x0"].values[gone], 1.0, span)
    assert_close(found["x6"].values[:, 0], np.where(smoker, 1.0, -1.0), span)
    assert found.conditions[int(red.argmax())][2] == "x2 = red"


@pytest.mark.parametrize(
    "days",
    [
        pd.date_range("2020-01-01", periods=30),
        pd.date_range("2020-01-01", periods=30, tz="Europe/Berlin"),
        pd.timedelta_range("1 day", periods=30),
        pd.period_range("2020-01", periods=30, freq="M"),
        pd.Series([datetime.date(2020, 1, 1 + i) for i in range(30)], dtype=object),
    ],
    ids=["datetime", "zone", "timedelta", "period", "date"],
)
def test_dates_reach_the_model_as_they_are(X, days):
    dated = X[:30].assign(admitted=days)
    kept = []

    def model(T):
        kept.append(T["admitted"])
        return T["rooms"].to_numpy()

    LimeExplainer(FunctionRegressor(model)).fit(dated).transform(dated[:2])
    assert all(own.dtype == dated["admitted"].dtype for own in kept)
    assert all(own.isin(dated["admitted"]).all() for own in kept)


# ------------------------------------------------------------------- coded categories


@pytest.fixture(scope="module")
def coded():
    """Integer codes of a category without any order, beside a number; and the model."""
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.integers(0, 5, 500), rng.normal(size=500)])
    worth = np.array([0.0, 4.0, 0.0, 1.0, 0.0])
    model = FunctionRegressor(lambda X: worth[np.asarray(X)[:, 0].astype(int)])
    return X, worth[X[:, 0].astype(int)], model


@pytest.mark.parametrize(
    "categorical", [[True, False], [0], np.array([0]), (0,), ["x0"]], ids=str
)
@pytest.mark.parametrize("n_bins", [4, None])
def test_integer_codes_of_an_array_are_compared_for_equality(coded, categorical, n_bins):
    X, g, model = coded
    sampler = MarginalSampler(n_bins=n_bins, categorical_features=categorical)
    explainer = LimeExplainer(model, sampler=sampler, random_state=1).fit(X)
    explanation = explainer.explain(X[:50])
    expected = group_effects(g, X[:, 0], slice(50))
    assert_close(explanation["x0"].values[:, 0], expected, np.ptp(g))
    assert explanation.conditions[0][0] == f"x0 = {X[0, 0]:.0f}"


def test_categories_of_a_gaussian_sampler_come_from_their_frequencies(coded):
    X, g, model = coded
    sampler = GaussianSampler(center="instance", categorical_features=[0])
    found = LimeExplainer(model, sampler=sampler, random_state=0).fit(X).transform(X[:20])
    assert_close(found[:, 0], group_effects(g, X[:, 0], slice(20)), np.ptp(g))


def test_codes_are_numbers_unless_told(coded):
    X, _, model = coded
    explanation = LimeExplainer(model, random_state=0).fit(X).explain(X[:1])
    assert "=" not in explanation.conditions[0][0].replace("<=", "")


def test_from_dtype_finds_words_categories_flags_and_counts(X):
    model = FunctionRegressor(lambda X: X["rooms"].to_numpy())
    explanation = LimeExplainer(model, random_state=0).fit(X).explain(X.dropna()[:1])
    for name, condition in zip(X.columns, explanation.conditions[0], strict=True):
        few = [*WORDS, *FLAGS, "tax", "visits", "rooms"]
        assert (f"{name} = " in condition) == (name in few)


def test_names_add_numbers_to_the_categories_of_a_frame(X):
    names = ["city", "color", "size", "smoker", "shop", "rooms"]
    model = FunctionRegressor(lambda X: (X["rooms"] == 3).to_numpy(dtype=float))
    sampler = MarginalSampler(categorical_features=names)
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(X)
    three = X[X["rooms"] == 3][:3]
    assert_close(explainer.explain(three)["rooms"].values, 1.0)
    assert explainer.explain(three).as_list(0)[0][0] == "rooms = 3"


# -------------------------------------------------------------------------- conditions


def test_conditions_read_like_sentences(X):
    model = FunctionRegressor(lambda X: X["rooms"].to_numpy(dtype=float))
    explanation = LimeExplainer(model, random_state=0).fit(X).explain(X)
    told = [dict(zip(X.columns, row, strict=True)) for row in explanation.conditions[:]]
    low, middle, high = np.nanquantile(X["age"], [0.25, 0.5, 0.75])
    for i, conditions in enumerate(told):
        age, city = X["age"][i], X["city"][i]
        assert conditions["color"] == f"color = {X['color'][i]}"
        assert conditions["smoker"] == f"smoker = {X['smoker'][i]}"
        town = "city is missing" if pd.isna(city) else f"city = {city}"
        assert conditions["city"] == town
        if pd.isna(age):
            expected = "age is missing"
        elif age <= low:
            expected = f"age <= {low:.4g}"
        elif age > high:
            expected = f"age > {high:.4g}"
        else:
            a, b = (low, middle) if age <= middle else (middle, high)
            expected = f"{a:.4g} < age <= {b:.4g}"
        assert conditions["age"] == expected


def test_the_conditions_of_breast_cancer_have_their_famous_form():
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    explanation = LimeExplainer(forest, random_state=0).fit(X).explain(X[:60])
    told = set(np.asarray(explanation["mean radius"].conditions).ravel())
    assert told == {
        "mean radius <= 11.7",
        "11.7 < mean radius <= 13.37",
        "13.37 < mean radius <= 15.78",
        "mean radius > 15.78",
    }


@pytest.mark.parametrize("size", [1e-300, 1e-9, 1.0, 1e9, 1e300])
@pytest.mark.parametrize("spread", [1.0, 1e-6, 1e-13])
@pytest.mark.parametrize("n_bins", [4, 10])
def test_no_two_bins_of_a_column_read_the_same(size, spread, n_bins):
    x = size * (1.0 + spread * np.random.default_rng(0).normal(size=200))
    X = pd.DataFrame({"x": x, "z": np.arange(200.0)})
    model = FunctionRegressor(lambda X: X["z"].to_numpy())
    explainer = LimeExplainer(model, sampler=MarginalSampler(n_bins=n_bins))
    explanation = explainer.fit(X).explain(X)
    told = np.asarray(explanation["x"].conditions).ravel()
    # Rows of one bin read alike and lie together, so sorted rows change text at each edge.
    changes = (told[np.argsort(x, kind="stable")][1:] != told[np.argsort(x)][:-1]).sum()
    assert len(set(told)) == n_bins
    assert changes == n_bins - 1


def is_true(condition, name, x):
    """Whether a condition such as "1.5 < age <= 3" is true of a number."""
    below, above = condition.split(name)
    sign, edge = above.split()
    assert sign in ("<=", ">")
    return (x <= float(edge)) == (sign == "<=") and (
        not below or float(below.split()[0]) < x
    )


@pytest.mark.parametrize(
    "x",
    [
        np.random.default_rng(0).normal(size=2000),
        np.random.default_rng(0).normal(50_000, 10_000, 2000).round(),
        np.random.default_rng(0).normal(50_000, 10_000, 2000).round(2),
        np.random.default_rng(0).integers(10**9, 10**9 + 10**6, 2000),
        np.random.default_rng(0).normal(2000, 20, 2000).round(),
        np.random.default_rng(0).normal(size=2000) * 1e-9,
    ],
    ids=["numbers", "euros", "cents", "identifiers", "years", "tiny"],
)
def test_every_condition_is_true_of_the_rows_it_is_said_of(x):
    X = pd.DataFrame({"x": x, "z": np.arange(2000.0)})
    model = FunctionRegressor(lambda X: X["z"].to_numpy())
    explanation = LimeExplainer(model).fit(X).explain(X)
    told = np.asarray(explanation["x"].conditions).ravel()
    wrong = [
        (said, own)
        for said, own in zip(told, x, strict=True)
        if not is_true(said, "x", own)
    ]
    assert wrong == []


def test_edges_of_everyday_size_are_written_without_exponents():
    x = np.random.default_rng(0).normal(50_000, 10_000, 500).round()
    X = pd.DataFrame({"income": x, "z": np.arange(500.0)})
    model = FunctionRegressor(lambda X: X["z"].to_numpy())
    explanation = LimeExplainer(model).fit(X).explain(X)
    told = set(np.asarray(explanation["income"].conditions).ravel())
    assert [text for text in told if "e+" in text] == []


def test_bins_with_neighbouring_floats_as_edges_read_differently():
    x = 1.0 + np.arange(4) * np.spacing(1.0)
    X = pd.DataFrame({"x": np.repeat(x, [30, 25, 25, 20]), "z": np.arange(100.0)})
    model = FunctionRegressor(lambda X: X["z"].to_numpy())
    told = LimeExplainer(model).fit(X).explain(X)["x"].conditions[:]
    assert len(set(np.asarray(told).ravel())) == 4


def test_columns_named_by_numbers_read_like_those_without_names():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 2)))
    model = FunctionRegressor(lambda X: np.asarray(X)[:, 0])
    frame = LimeExplainer(model, random_state=0).fit(X).explain(X[:1]).to_frame()
    assert all(a in b for a, b in zip(frame["feature"], frame["condition"], strict=True))


# --------------------------------------------------------------------------- to_frame


def test_an_explanation_as_a_frame_has_the_values_of_the_table(X):
    model = encoded(LogisticRegression()).fit(X, ill(X))
    explainer = LimeExplainer(model, target="ill", random_state=0).fit(X)
    rows = X[10:13]
    explanation = explainer.explain(rows)
    frame = explanation.to_frame()
    assert frame.columns.tolist() == [
        *("row", "target", "feature", "condition", "value", "attribution")
    ]
    assert frame["row"].tolist() == np.repeat([0, 1, 2], 9).tolist()
    assert frame["feature"].tolist() == list(X.columns) * 3
    assert set(frame["target"]) == {"ill"}
    np.testing.assert_array_equal(frame["attribution"], explainer.transform(rows).ravel())
    values = frame["value"].to_numpy().reshape(3, 9)
    for j, name in enumerate(X.columns):
        for value, own in zip(values[:, j], rows[name], strict=True):
            assert (pd.isna(value) and pd.isna(own)) or value == own


def test_features_are_sliced_by_name_in_the_order_asked(X):
    model = encoded(LogisticRegression()).fit(X, ill(X))
    explainer = LimeExplainer(model, random_state=0).fit(X)
    part = explainer.explain(X[:6])[2:4, ["smoker", "age"]]
    both = explainer.transform(X[2:4])[:, [6, 0]]
    np.testing.assert_array_equal(part.values, both)
    assert_frame_equal(part.data, X.loc[2:3, ["smoker", "age"]])
    assert {told.split(" = ")[0] for told, _ in part.as_list(0)} >= {"smoker"}


def test_an_unfitted_pipeline_is_fitted_on_the_table(X):
    pipeline = encoded(LogisticRegression())
    fitted = encoded(LogisticRegression()).fit(X, ill(X))
    explainer = LimeExplainer(pipeline, random_state=0).fit(X, ill(X))
    same = LimeExplainer(fitted, random_state=0).fit(X)
    np.testing.assert_array_equal(explainer.transform(X[:9]), same.transform(X[:9]))
    assert not hasattr(pipeline[0], "seen_")
