"""Values that draws hardly hold: the model is asked about draws that have them.

The right answers are enumerated: every combination of a small table's values, weighted by
its frequencies and the kernel, with the row's own value against all others.
"""

import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from sklime import FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.exceptions import NeighbourhoodWarning, UnknownValueWarning
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import AutoSelector, ForwardSelection, HighestWeights, LassoPath

# Draws of each column and value.
N_DRAWS = 512

# Rare and unseen categories, a column where nearly all rows share one value, and numbers
# without gaps; columns 0 and 2 are categories.
rng = np.random.default_rng(1)
TABLE = np.column_stack(
    [
        np.where(np.arange(400) < 3, 7, rng.integers(0, 3, 400)),
        rng.integers(0, 6, 400),
        np.where(np.arange(400) % 50 == 0, rng.integers(1, 4, 400), 0),
        rng.integers(0, 5, 400),
    ]
).astype(float)
NOMINAL = [0, 2]
ROWS = np.array(
    [[7, 1, 0, 2], [9, 5, 1, 0], [1, np.nan, 2, 4], [0, 0, 9, np.nan]], dtype=float
)
# What the pool hardly holds, or never, on one side.
OWN = np.array([[1, 0, 1, 0], [1, 0, 1, 0], [0, 1, 1, 0], [0, 0, 1, 1]], dtype=bool)


def filled(X):
    """Gaps are read as 8."""
    return np.where(np.isnan(X), 8.0, X).T


def additive(X):
    a, b, c, d = filled(X)
    return a + 3 * b + np.sin(c) + 0.2 * d**2


def multiplicative(X):
    a, b, c, d = filled(X)
    return (1 + a) * (1 + 0.3 * b) * np.exp(0.2 * c) * (1 + 0.1 * d)


def boxes(X):
    a, b, c, d = filled(X)
    return 4.0 * ((a > 1) & (b <= 2)) + 3.0 * ((c > 0) & (d > 2)) + (a == 9) * (d > 1)


def bent(X):
    a, b, c, d = filled(X)
    return np.tanh(a - 2 + 0.5 * (b - 3) + c - 0.3 * d)


FUNCTIONS = [additive, multiplicative, boxes, bent]


def bins(X, nominal=NOMINAL, table=TABLE):
    """Quartile, category or missingness of each value."""
    own = np.where(np.isnan(X), -1.0, X)
    for j in range(X.shape[1]):
        if j not in nominal:
            cuts = np.quantile(table[:, j], [0.25, 0.5, 0.75])
            own[:, j] = np.where(np.isnan(X[:, j]), 9, np.searchsorted(cuts, X[:, j]))
    return own


def limit(f, row, width=None, nominal=NOMINAL, table=TABLE):
    """The model with the row's own bins against all others, over all combinations."""
    n, d = table.shape
    width = 0.75 * np.sqrt(d) if width is None else width
    values, counts = zip(
        *(np.unique(own, return_counts=True) for own in table.T), strict=True
    )
    grid = np.array(list(product(*values)))
    masses = np.array(list(product(*counts))).prod(axis=1) / float(n) ** d
    Z = bins(grid, nominal, table) == bins(row[np.newaxis], nominal, table)
    answers, found = f(grid), np.zeros(d)
    for j, z in enumerate(Z.T):
        weights = masses * np.exp(-0.5 * (~np.delete(Z, j, axis=1)).sum(axis=1) / width**2)
        if z.all():
            continue
        inside, own_weights = answers[z], weights[z]
        if not z.any():
            own = grid.copy()
            own[:, j] = row[j]
            inside, own_weights = f(own), weights
        others = np.average(answers[~z], weights=weights[~z])
        found[j] = np.average(inside, weights=own_weights) - others
    return found


def explainer(f=bent, table=TABLE, **parameters):
    sampler = MarginalSampler(categorical_features=NOMINAL)
    setting = {"sampler": sampler, "random_state": 0, **parameters}
    return LimeExplainer(FunctionRegressor(f), **setting).fit(table)


# ---- against enumeration


@pytest.mark.parametrize("f", FUNCTIONS)
def test_own_values_get_the_enumerated_contrast(f):
    limits = np.array([limit(f, row) for row in ROWS])
    off, inside = [], []
    for seed in range(40):
        found = explainer(f, random_state=seed).explain(ROWS, uncertainty=True)
        low, high = found.confidence_intervals(0.95)
        # Where draws leave no scatter, single precision is what is left.
        hair = 1e-6 * np.abs(limits).max()
        inside.append((low - hair <= limits) & (limits <= high + hair))
        off.append(found.values - limits)
    off, inside = np.array(off), np.array(inside)
    # 512 draws leave about a hundredth of the largest at most.
    assert np.sqrt(np.mean(off**2, axis=0)).max() < 0.02 * np.abs(limits).max()
    # No bias beyond five of its own standard errors, on 39 degrees of freedom.
    error = off.std(axis=0, ddof=1) / np.sqrt(len(off))
    assert (np.abs(off.mean(axis=0)) <= 5.0 * error + 1e-5 * np.abs(limits).max()).all()
    # 320 cases, of which those of one seed share their draws.
    assert 0.92 <= inside[:, OWN].mean() <= 0.99


@pytest.mark.parametrize("kernel", [ExponentialKernel(width=1.0), UniformKernel()])
@pytest.mark.parametrize("weighting", ["kernel", "tilted"])
def test_whatever_the_kernel_and_the_weighting(kernel, weighting):
    width = 1.0 if isinstance(kernel, ExponentialKernel) else np.inf
    limits = np.array([limit(bent, row, width) for row in ROWS])
    found = [
        explainer(kernel=kernel, weighting=weighting, random_state=seed).transform(ROWS)
        for seed in range(4)
    ]
    # Half of the draws have weight at width 1: four hundredths are three errors there.
    assert np.abs(np.mean(found, axis=0) - limits)[OWN].max() < 0.04


@pytest.mark.parametrize("sequence", ["random", "lhs"])
def test_whatever_the_sequence(sequence):
    sampler = MarginalSampler(categorical_features=NOMINAL, sequence=sequence)
    limits, inside = np.array([limit(bent, row) for row in ROWS]), []
    for seed in range(25):
        own = explainer(sampler=sampler, random_state=seed)
        found = own.explain(ROWS, uncertainty=True)
        low, high = found.confidence_intervals(0.95)
        inside.append((low <= limits) & (limits <= high))
    # 200 cases; errors of a Latin hypercube are stated too large.
    assert np.mean(inside, axis=0)[OWN].mean() > 0.9


def test_a_kernel_that_is_no_product_gets_answers_too():
    def gaussian(Z, z):
        return np.exp(-0.5 * np.square(Z - z).sum(axis=1) / 1.5**2)

    limits = np.array([limit(bent, row) for row in ROWS])
    found = explainer(kernel=gaussian).transform(ROWS)
    # One seed: about three standard errors.
    assert np.abs(found - limits)[OWN].max() < 0.05


def town_table():
    """A town of few rows each, an age, and a number that tells rows apart."""
    rng = np.random.default_rng(0)
    n, n_towns = 1200, 600
    effect, towns = rng.normal(0, 2, n_towns), rng.integers(0, n_towns, n)
    X = pd.DataFrame(
        {
            "town": [f"t{i}" for i in towns],
            "age": rng.integers(18, 80, n),
            "client": [f"c{i}" for i in range(n)],
        }
    )
    known = dict(zip((f"t{i}" for i in range(n_towns)), effect, strict=True))

    def probability(X):
        score = X["town"].map(known).to_numpy(dtype=float) + (X["age"] - 50) / 20
        p = 1 / (1 + np.exp(-score.to_numpy()))
        return np.column_stack([1 - p, p])

    def right(row):
        cuts = np.quantile(X["age"], [0.25, 0.5, 0.75])
        ages, counts = np.unique(X["age"], return_counts=True)
        same = np.searchsorted(cuts, ages) == np.searchsorted(cuts, row.age)
        weights = counts * np.where(same, 1.0, np.exp(-0.5 / (0.75**2 * 3)))
        names, n_rows = np.unique(X["town"], return_counts=True)
        scores = np.array([known[name] for name in names])[:, np.newaxis] + (ages - 50) / 20
        f = (1 / (1 + np.exp(-scores))) @ weights / weights.sum()
        own = names == row.town
        return f[own][0] - np.average(f[~own], weights=n_rows[~own])

    return X, probability, right


def test_many_categories_and_a_column_that_the_model_ignores():
    X, probability, right = town_table()
    rows = X[:60]
    expected = np.array([right(row) for row in rows.itertuples()])
    model = FunctionClassifier(probability, classes=[0, 1])
    found = LimeExplainer(model, random_state=0).fit(X).explain(rows, uncertainty=True)
    off = found.values[:, 0] - expected
    # Without own-value draws it is half the mean size.
    assert np.sqrt(np.mean(off**2)) < 0.02
    assert np.abs(expected).mean() > 0.2
    assert_array_equal(found.values[:, 2], 0.0)
    low, high = found.confidence_intervals(0.95)
    assert (low[:, 2] <= 0.0).all()
    assert (high[:, 2] >= 0.0).all()
    # The draws of all rows are the same, so that coverage is uneven; nearly all are inside.
    assert np.mean((low[:, 0] <= expected) & (expected <= high[:, 0])) > 0.85


@pytest.mark.parametrize("method", ["auto", "sampling", "exact"])
def test_a_category_that_training_never_had(method):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"shop": rng.choice(["A", "B", "C"], 1000), "days": rng.integers(0, 30, 1000)}
    )
    y = ((X.shop == "C") | (X.days > 20)).astype(int)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=99)
    model = make_pipeline(
        make_column_transformer((encoder, ["shop"]), remainder="passthrough"),
        RandomForestClassifier(50, random_state=0),
    ).fit(X, y)
    fitted = LimeExplainer(model, method=method, random_state=0).fit(X)
    found = fitted.explain(pd.DataFrame({"shop": ["D"], "days": [5]}), uncertainty=True)
    # Asked of every training row, with the weights of `days`: 0.471.
    assert found.values[0, 0] == pytest.approx(0.471, abs=0.02)
    assert found.meta["n_own_value_samples"] == N_DRAWS
    assert found.meta["method"] == ("sampling" if method == "sampling" else "exact")
    assert np.isfinite(found.standard_errors).all()
    assert found.standard_errors[0, 0] > 0.0
    assert found.support[0, 0] > 100.0
    assert "never seen" in found.conditions[0][0]


def test_closed_forms_need_draws_for_unseen_values_only():
    X = np.column_stack([TABLE[:, 0], TABLE[:, 3]])
    model = HistGradientBoostingRegressor(
        categorical_features=[0], min_samples_leaf=1, random_state=0
    ).fit(X, bent(TABLE))
    sampler = MarginalSampler(categorical_features=[0])
    exact = LimeExplainer(model, sampler=sampler, method="exact", random_state=0).fit(X)
    rows = np.array([[7.0, 2.0], [9.0, 2.0], [0.0, np.nan]])
    found = exact.explain(rows, uncertainty=True)
    assert found.meta["n_own_value_samples"] == 2 * N_DRAWS
    limits = np.array([limit(model.predict, row, None, [0], X) for row in rows])
    seen = np.array([[True, True], [False, True], [True, False]])
    assert_allclose(found.values[seen], limits[seen], rtol=1e-6, atol=1e-9)
    assert_array_equal(found.standard_errors[seen], 0.0)
    # About three standard errors of 512 draws.
    assert_allclose(found.values[~seen], limits[~seen], atol=0.05)
    assert (found.standard_errors[~seen] > 0.0).all()


# ---- gaps that training never had


def gappy(X):
    """A table of two columns, of any kind; a gap in the first is worth 5, then 7."""
    a, b = np.asarray(X, dtype=float).T
    return np.where(np.isnan(a), 5.0, 2 * a) + np.where(np.isnan(b), 7.0, b)


CONTAINERS = {
    "numpy": lambda X: np.array(X, dtype=float),
    "pandas": lambda X: pd.DataFrame(X, columns=["a", "b"]),
    "polars": lambda X: pl.DataFrame(np.array(X, dtype=float), schema=["a", "b"]),
    "polars nulls": lambda X: pl.DataFrame(
        np.array(X, dtype=float), schema=["a", "b"]
    ).with_columns(pl.all().fill_nan(None)),
}
SAMPLERS = [
    MarginalSampler(),
    MarginalSampler(n_bins=None),
    MarginalSampler(within="truncnorm"),
    GaussianSampler(),
    GaussianSampler(n_bins=4),
    GaussianSampler(sequence="random"),
]


@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
@pytest.mark.parametrize("container", CONTAINERS)
def test_a_gap_in_numbers_without_gaps(container, sampler):
    wrap = CONTAINERS[container]
    X = np.random.default_rng(0).normal(size=(300, 2))
    fitted = LimeExplainer(FunctionRegressor(gappy), sampler=sampler, random_state=0)
    found = fitted.fit(wrap(X)).transform(wrap([[np.nan, 1], [0, np.nan], [np.nan] * 2]))
    # Of normal draws the mean is the training mean, but for 512 draws' error of the sum.
    a, b = 5 - 2 * X[:, 0].mean(), 7 - X[:, 1].mean()
    assert_allclose([found[0, 0], found[2, 0]], a, atol=0.2)
    assert_allclose([found[1, 1], found[2, 1]], b, atol=0.2)
    # What the other column says stays as it is without gaps.
    plain = fitted.transform(wrap([[0, 1], [0, 1], [0, 1]]))
    assert found[1, 0] == pytest.approx(plain[1, 0], rel=0.1, abs=0.1)


def test_a_gap_under_a_closed_form():
    X, y = TABLE[:, [1, 3]], additive(TABLE)
    model = HistGradientBoostingRegressor(min_samples_leaf=1, random_state=0).fit(X, y)
    rows = np.array([[np.nan, 2.0], [3.0, np.nan], [np.nan, np.nan]])
    limits = np.array([limit(model.predict, row, None, [], X) for row in rows])
    for method in ("exact", "sampling"):
        fitted = LimeExplainer(model, method=method, random_state=0).fit(X)
        assert fitted.method_ == method
        # A hundredth of the range of the answers.
        assert_allclose(fitted.transform(rows), limits, atol=0.01 * np.ptp(y))


def test_a_number_where_training_had_only_gaps():
    X = np.column_stack([TABLE[:, 3], np.full(400, np.nan)])
    fitted = LimeExplainer(FunctionRegressor(lambda X: np.nan_to_num(X).sum(axis=1)))
    with pytest.warns(UnknownValueWarning, match="'x1' has no observed value"):
        fitted.fit(X)
    assert fitted.transform([[1.0, 3.0]])[0, 1] == pytest.approx(3.0, abs=1e-6)
    assert fitted.transform([[1.0, np.nan]])[0, 1] == 0.0


def test_whole_numbers_and_gaps():
    X = TABLE.astype(int)
    limits = limit(boxes, ROWS[2])
    found = explainer(boxes, table=X).transform(ROWS[2:3])
    # About three standard errors.
    assert np.abs(found[0] - limits).max() < 0.1


# ---- texts and categories


def shop_and_days(X):
    """Worth of a table of a text and a number, in any container."""
    if isinstance(X, np.ndarray):
        shops, days = X.T
    else:
        shops, days = (X[name] for name in ("shop", "days"))
    if isinstance(days, pl.Series):
        shops = shops.cast(pl.String)
    worth = {"A": 0.0, "B": 1.0, "C": 2.0}
    shops = [worth.get(shop, 10.0 + len(str(shop))) for shop in list(shops)]
    return np.array(shops) + np.array([float(value) for value in days]) / 10


SHOPS = np.random.default_rng(0).choice(["A", "B", "C"], 300)
DAYS = np.random.default_rng(1).integers(0, 30, 300)


def as_objects(shops, days):
    X = np.empty((len(days), 2), dtype=object)
    X[:, 0], X[:, 1] = list(shops), list(days)
    return X


def as_frame(dtype):
    def make(shops, days):
        shops = pd.Series(list(shops), dtype=dtype)
        return pd.DataFrame({"shop": shops, "days": list(days)})

    return make


def as_polars(dtype):
    def make(shops, days):
        X = pl.DataFrame({"shop": list(shops), "days": list(days)})
        kind = pl.Enum(X["shop"].unique().to_list()) if dtype is pl.Enum else dtype
        return X.with_columns(pl.col("shop").cast(kind))

    return make


TEXTS = {
    "objects": as_objects,
    "texts": lambda shops, days: np.array([list(shops), list(days)], dtype=str).T,
    "pandas object": as_frame("object"),
    "pandas string": as_frame("string"),
    "pandas category": as_frame("category"),
    "polars": as_polars(pl.String),
    "polars categorical": as_polars(pl.Categorical),
    "polars enum": as_polars(pl.Enum),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_an_unseen_text_of_any_length(kind):
    make = TEXTS[kind]
    fitted = LimeExplainer(FunctionRegressor(shop_and_days), random_state=0)
    fitted.fit(make(SHOPS, DAYS))
    rows = ["D", "much longer than all others", ""], [4, 5, 6]
    found = fitted.explain(make(*rows))
    mean = (SHOPS == "B").mean() + 2 * (SHOPS == "C").mean()
    expected = [10.0 + len(text) - mean for text in rows[0]]
    # The answers add up: their differences do not vary but for the mean's own error.
    assert_allclose(found.values[:, 0], expected, atol=0.01)
    if kind == "texts":
        # There `days` are texts, too; all other rows have training's.
        return
    assert found.meta["n_own_value_samples"] == 3 * N_DRAWS
    alone = [fitted.transform(make([a], [b])) for a, b in zip(*rows, strict=True)]
    assert_array_equal(np.concatenate(alone), found.values)


@pytest.mark.parametrize("value", [None, np.nan])
def test_a_gap_in_texts(value):
    found = []
    for make in (as_objects, as_frame("object"), as_frame("category")):
        fitted = LimeExplainer(FunctionRegressor(shop_and_days), random_state=0)
        found.append(fitted.fit(make(SHOPS, DAYS)).transform(make([value], [4])))
    mean = (SHOPS == "B").mean() + 2 * (SHOPS == "C").mean()
    # "nan" has three letters, "None" four.
    assert found[0][0, 0] == pytest.approx(10 + len(str(value)) - mean, abs=0.01)
    assert found[2][0, 0] == pytest.approx(13.0 - mean, abs=0.01)


@pytest.mark.parametrize("dtype", ["object", "string", "category"])
@pytest.mark.parametrize("value", [None, np.nan, pd.NA])
def test_a_gap_in_a_frame(dtype, value):
    def worth(X):
        known = X["shop"].map({"A": 0.0, "B": 1.0, "C": 2.0}).astype(object)
        shops = np.array([5.0 if own is pd.NA or own != own else own for own in known])
        days = X["days"].to_numpy(dtype=float, na_value=np.nan)
        return shops.astype(float) + np.where(np.isnan(days), 7.0, days / 10)

    make = as_frame(dtype)
    X = make(SHOPS, DAYS).astype({"days": "Int64"})
    rows = make([value, "A", value], [4, None, None]).astype({"days": "Int64"})
    found = LimeExplainer(FunctionRegressor(worth), random_state=0).fit(X).explain(rows)
    # All gaps of a column are one value.
    assert found.meta["n_own_value_samples"] == 2 * N_DRAWS
    shops = 5.0 - (SHOPS == "B").mean() - 2 * (SHOPS == "C").mean()
    assert_allclose(found.values[[0, 2], 0], shops, atol=0.02)
    assert_allclose(found.values[1:, 1], 7.0 - DAYS.mean() / 10, atol=0.02)


def test_numbers_and_their_texts_are_two_values():
    X = as_objects([1, 2, "a", "b"] * 75, DAYS)
    worth = {1: 1.0, 2: 2.0, "a": 3.0, "b": 4.0, 3: 5.0, "1": 100.0, "3": 200.0}
    model = FunctionRegressor(lambda X: np.array([worth[value] for value in X[:, 0]]))
    rows = as_objects([3, "3", "1", 1], [4] * 4)
    found = LimeExplainer(model, random_state=0).fit(X).transform(rows)[:, 0]
    # No other column counts, so that nothing is left to chance but the mean of 2.5.
    assert_allclose(found, [2.5, 197.5, 97.5, -2.0], atol=0.05)


@pytest.mark.parametrize("method", ["auto", "sampling"])
@pytest.mark.parametrize("encode", [True, False])
def test_models_that_take_categories_as_they_are(encode, method):
    X = as_frame("category")(SHOPS, DAYS)
    y = (SHOPS == "C") | (DAYS > 20)
    model = HistGradientBoostingClassifier(random_state=0)
    if encode:
        step = (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["shop"])
        columns = make_column_transformer(step, remainder="passthrough")
        model = make_pipeline(columns, HistGradientBoostingClassifier(random_state=0))
    else:
        model.set_params(categorical_features="from_dtype")
    model.fit(X, y)
    rows = as_frame("category")(["D", "C"], [5, 25])
    setting = {"method": method, "response_method": "decision_function"}
    found = LimeExplainer(model, random_state=0, **setting).fit(X).transform(rows)

    def ask(shop):
        same = np.searchsorted(np.quantile(DAYS, [0.25, 0.5, 0.75]), DAYS)
        own = same == np.searchsorted(np.quantile(DAYS, [0.25, 0.5, 0.75]), 5)
        weights = np.where(own, 1.0, np.exp(-0.5 / (0.75**2 * 2)))
        table = as_frame("category")([shop] * 300, DAYS)
        return np.average(model.decision_function(table), weights=weights)

    expected = ask("D") - sum((SHOPS == shop).mean() * ask(shop) for shop in "ABC")
    # About three errors of 512 draws, in answers that reach from -10 to 10.
    assert found[0, 0] == pytest.approx(expected, abs=0.2)


def test_frames_whose_rows_share_one_label():
    X = as_frame("object")(SHOPS, DAYS).set_index(pd.Index([0] * 300))
    rows = as_frame("object")(["D", "A"], [4, 5]).set_index(pd.Index([7, 7]))
    found = LimeExplainer(FunctionRegressor(shop_and_days), random_state=0).fit(X)
    plain = LimeExplainer(FunctionRegressor(shop_and_days), random_state=0)
    plain.fit(X.reset_index(drop=True))
    assert_array_equal(found.transform(rows), plain.transform(rows.reset_index(drop=True)))


# ---- values that nearly all rows have


@pytest.mark.parametrize("nominal", [[], [0]])
def test_a_value_that_nearly_all_rows_share(nominal):
    rng = np.random.default_rng(0)
    common = np.where(np.arange(1000) < 985, 0, rng.integers(1, 9, 1000))
    X = np.column_stack([common, rng.integers(0, 6, 1000)]).astype(float)

    def f(X):
        return np.where(X[:, 0] > 0, 2 * X[:, 0] + X[:, 0] * X[:, 1], 0.3 * X[:, 1])

    sampler = MarginalSampler(categorical_features=nominal)
    limits = limit(f, X[0], None, nominal, X)
    found = []
    for seed in range(10):
        own = explainer(f, X, sampler=sampler, random_state=seed)
        found.append(own.explain(X[:1], uncertainty=True))
    assert found[0].meta["n_own_value_samples"] == N_DRAWS
    values = np.array([each.values[0] for each in found])
    # Ten means of 512 draws each, of which one is good to 0.03.
    assert values.mean(axis=0)[0] == pytest.approx(limits[0], rel=0.03)
    assert (values.std(axis=0) < 0.05 * np.abs(limits[0])).all()


def test_a_column_that_does_not_vary_is_not_asked_about():
    X = np.column_stack([np.full(300, 5.0), DAYS])
    fitted = LimeExplainer(FunctionRegressor(lambda X: X.sum(axis=1)), random_state=0)
    found = fitted.fit(X).explain(X[:3])
    assert found.meta["n_own_value_samples"] == 0
    assert_array_equal(found.values[:, 0], 0.0)


def test_a_category_without_weight_is_unseen():
    fitted = explainer()
    fitted.fit(TABLE, sample_weight=np.where(TABLE[:, 0] == 7, 0.0, 1.0))
    expected = limit(bent, TABLE[0], None, NOMINAL, TABLE[3:])
    # About three standard errors.
    assert np.abs(fitted.transform(TABLE[:1])[0] - expected)[0] < 0.02


# ---- several outputs


@pytest.mark.parametrize("method", ["auto", "sampling"])
def test_attributions_of_all_classes_add_up_to_nothing(method):
    y = np.digitize(bent(TABLE), [-0.5, 0.5])
    forest = RandomForestClassifier(20, random_state=0).fit(TABLE, y)
    sampler = MarginalSampler(categorical_features=NOMINAL)
    setting = {"sampler": sampler, "method": method, "random_state": 0}
    fitted = LimeExplainer(forest, target="all", **setting).fit(TABLE)
    found = fitted.explain(ROWS, uncertainty=True)
    errors = np.sqrt(np.square(found.standard_errors).sum(axis=1))
    # Own-value draws take off a slope of each class's own: what is left is chance.
    assert (np.abs(found.values.sum(axis=1)) <= 3.0 * errors + 1e-5).all()
    for c in range(3):
        alone = fitted.explain(ROWS, target=c, uncertainty=True)
        # Matrix products of one and of three outputs round differently.
        assert_allclose(alone.values, found.values[:, c], rtol=1e-5, atol=1e-6)
    own = fitted.explain(ROWS, target="predicted").values
    which = forest.predict(ROWS).astype(int)
    assert_allclose(own, found.values[np.arange(4), which], rtol=1e-5, atol=1e-6)


def test_several_regression_outputs():
    def two(X):
        return np.column_stack([bent(X), additive(X)])

    found = explainer(two, target="all").explain(ROWS).values
    for c, f in enumerate((bent, additive)):
        limits = np.array([limit(f, row) for row in ROWS])
        # About three standard errors, of the largest.
        off = np.abs(found[:, c] - limits)[OWN]
        assert off.max() < 0.05 * np.abs(limits).max()


# ---- same row, same answer


def counting(f):
    """The function, and a list of how many rows it was asked about each time."""
    asked = []

    def counted(X):
        asked.append(len(X))
        return f(X)

    return counted, asked


ALL = np.vstack([ROWS, TABLE[:30]])


@pytest.mark.parametrize("weighting", ["kernel", "tilted"])
def test_rows_do_not_depend_on_their_company(weighting):
    setting = {"weighting": weighting, "n_samples": 1024}
    fitted = explainer(**setting)
    together = fitted.transform(ALL)
    assert_array_equal(fitted.transform(ALL), together)
    assert_array_equal(fitted.transform(ALL[::-1])[::-1], together)
    fresh = explainer(**setting)
    alone = [fresh.transform(ALL[i : i + 1]) for i in (20, 2, 0, 33)]
    assert_array_equal(np.concatenate(alone), together[[20, 2, 0, 33]])
    assert_array_equal(explainer(n_jobs=2, **setting).transform(ALL), together)
    with config_context(working_memory=1):
        assert_array_equal(explainer(**setting).transform(ALL), together)
    assert_array_equal(fitted.explain(ALL, uncertainty=True).values, together)


def test_threads_and_processes_give_the_same():
    forest = RandomForestRegressor(5, random_state=0).fit(TABLE, bent(TABLE))
    sampler = MarginalSampler(categorical_features=NOMINAL)
    setting = {"sampler": sampler, "method": "sampling", "random_state": 0}
    expected = LimeExplainer(forest, **setting).fit(TABLE).transform(ALL)
    shared = LimeExplainer(forest, **setting).fit(TABLE)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: shared.transform(ALL[i : i + 1]), range(len(ALL))))
    assert_array_equal(np.concatenate(found), expected)
    many = LimeExplainer(forest, n_jobs=2, **setting).fit(TABLE)
    # Several blocks.
    with parallel_config("loky"), config_context(working_memory=1):
        assert_array_equal(many.transform(ALL), expected)


def test_closed_forms_do_not_depend_on_company_either():
    forest = RandomForestRegressor(10, random_state=0).fit(TABLE, bent(TABLE))
    fitted = LimeExplainer(
        forest, sampler=MarginalSampler(categorical_features=NOMINAL), random_state=0
    ).fit(TABLE)
    assert fitted.method_ == "exact"
    together = fitted.transform(ALL)
    again = clone(fitted).fit(TABLE)
    alone = np.concatenate([again.transform(row[np.newaxis]) for row in ALL])
    # The model rounds sums of trees the same way in any batch.
    assert_array_equal(alone, together)


def test_what_the_model_said_is_remembered():
    f, asked = counting(bent)
    fitted = explainer(f)
    asked.clear()
    first = fitted.explain(ROWS)
    n_values = first.meta["n_own_value_samples"] // N_DRAWS
    # Each rare value, draws of the pool that they are put into, and four predictions.
    assert sum(asked) == (n_values + 1) * N_DRAWS + len(ROWS)
    asked.clear()
    second = fitted.explain(ROWS)
    assert sum(asked) == len(ROWS)
    assert second.meta == first.meta
    assert_array_equal(second.values, first.values)


def test_rows_of_one_value_share_its_draws():
    rows = np.repeat(ROWS[:1], 50, axis=0)
    rows[:, 1] = np.arange(50) % 6
    once, often = (explainer().explain(own) for own in (rows[:1], rows))
    key = "n_own_value_samples"
    assert often.meta[key] == once.meta[key] == 2 * N_DRAWS


@pytest.mark.filterwarnings("error")
def test_more_values_than_are_remembered():
    X = np.column_stack([np.arange(1500), np.arange(1500) % 7]).astype(float)
    f, asked = counting(lambda X: np.sin(X[:, 0]) + np.cos(X[:, 0]) * X[:, 1])
    sampler = MarginalSampler(categorical_features=[0])
    fitted = explainer(f, X, sampler=sampler, max_samples=10**6)
    found = fitted.explain(X)
    assert found.meta["n_own_value_samples"] == 1500 * N_DRAWS
    asked.clear()
    assert_array_equal(fitted.transform(X[-500:]), found.values[-500:])
    assert sum(asked) == 0
    # The first have been forgotten.
    assert_array_equal(fitted.transform(X[:3]), found.values[:3])
    assert sum(asked) == 3 * N_DRAWS


def test_models_that_write_into_their_rows():
    def messy(X):
        answers = bent(X)
        X[:] = -5.0
        return answers

    fitted = explainer(messy)
    rows = ROWS.copy()
    assert_array_equal(fitted.transform(rows), explainer().transform(ROWS))
    assert_array_equal(fitted.transform(rows), explainer().transform(ROWS))
    assert_array_equal(rows, ROWS)


def test_nothing_that_is_remembered_is_pickled():
    forest = RandomForestRegressor(5, random_state=0).fit(TABLE, bent(TABLE))
    sampler = MarginalSampler(categorical_features=NOMINAL)
    fitted = LimeExplainer(forest, sampler=sampler, method="sampling", random_state=0)
    fitted.fit(TABLE)
    size = len(pickle.dumps(fitted))
    public = {name: own for name, own in vars(fitted).items() if name[0] != "_"}
    before = joblib.hash(public)
    found = fitted.transform(ROWS)
    assert len(pickle.dumps(fitted)) == size
    after = {name: own for name, own in vars(fitted).items() if name[0] != "_"}
    assert after.keys() == public.keys()
    assert all(after[name] is own for name, own in public.items())
    assert joblib.hash(after) == before
    assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(ROWS), found)
    unfitted = clone(fitted)
    assert len(pickle.dumps(unfitted)) < size
    assert_array_equal(unfitted.fit(TABLE).transform(ROWS), found)


def test_a_new_fit_forgets():
    fitted = explainer()
    before = fitted.transform(ROWS)
    fitted.set_params(estimator=FunctionRegressor(lambda X: -2.0 * bent(X))).fit(TABLE)
    # Rounding depends on the sign.
    assert_allclose(fitted.transform(ROWS), -2.0 * before, rtol=1e-10, atol=1e-12)


# ---- models that fail


class TownError(LookupError):
    """What the model raises."""


def test_a_model_that_knows_no_such_value_says_so_itself():
    def strict(X):
        if (X[:, 0] == 9).any():
            raise TownError("no such town: 9")
        return bent(X)

    fitted = explainer(strict)
    with pytest.raises(TownError, match="no such town: 9") as caught:
        fitted.transform(ROWS[1:2])
    notes = "\n".join(caught.value.__notes__)
    assert "'x0'" in notes
    assert "handle_unknown" in notes
    assert "'x1'" not in notes
    # What it knows is explained as before.
    assert_array_equal(fitted.transform(ROWS[:1]), explainer().transform(ROWS[:1]))
    with pytest.raises(TownError):
        fitted.transform(ROWS[1:2])


@pytest.mark.parametrize("answer", [np.nan, np.inf])
def test_an_answer_that_is_no_number_is_refused(answer):
    f = FunctionRegressor(lambda X: np.where(X[:, 0] == 9, answer, bent(X)))
    sampler = MarginalSampler(categorical_features=NOMINAL)
    fitted = LimeExplainer(f, sampler=sampler, random_state=0).fit(TABLE)
    with pytest.raises(
        ValueError, match=r"own-value draw.*(nan|inf).*not finite"
    ) as caught:
        fitted.transform(ROWS[1:2])
    assert "'x0'" in "\n".join(caught.value.__notes__)


def test_a_wrong_number_of_answers_is_refused():
    def short(X):
        return bent(X)[: len(X) - (X[:, 0] == 9).any()]

    with pytest.raises(ValueError, match=r"own-value draw|answers|rows"):
        explainer(short).transform(ROWS[1:2])


# ---- few draws


def warnings_of(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = call()
    return found, [(own.category, str(own.message)) for own in caught]


@pytest.mark.parametrize(
    "max_samples", [2, N_DRAWS, 2 * N_DRAWS - 1, 2 * N_DRAWS, 4 * N_DRAWS]
)
def test_max_samples_is_kept_and_the_rest_named(max_samples):
    f, asked = counting(bent)
    fitted = explainer(f, max_samples=max_samples)
    asked.clear()
    found, told = warnings_of(lambda: fitted.explain(ALL, uncertainty=True))
    # The draws without own values count, too; the rows themselves do not.
    assert sum(asked) - len(ALL) <= max_samples
    n_values = max(0, max_samples // N_DRAWS - 1)
    assert found.meta["n_own_value_samples"] == n_values * N_DRAWS
    assert np.isfinite(found.values).all()
    text = "\n".join(
        message for category, message in told if category is UnknownValueWarning
    )
    assert "max_samples does not allow" in text
    assert "'x2' (" in text.partition("not queried about")[2]
    # In the order of rows: what was asked about first is as it is without a limit.
    first = [0, 2][:n_values]
    assert_array_equal(found.values[0, first], explainer().transform(ALL)[0, first])
    again, _ = warnings_of(lambda: fitted.explain(ALL, uncertainty=True))
    assert_array_equal(again.values, found.values)


def test_enough_samples_give_no_warning():
    n_values = explainer().explain(ALL).meta["n_own_value_samples"] // N_DRAWS
    fitted = explainer(max_samples=(n_values + 1) * N_DRAWS)
    assert_array_equal(fitted.transform(ALL), explainer().transform(ALL))


@pytest.mark.parametrize("n_samples", [64, 512, 4096])
def test_any_number_of_draws(n_samples):
    limits = np.array([limit(bent, row) for row in ROWS])
    found = explainer(n_samples=n_samples).explain(ROWS, uncertainty=True)
    off = np.abs(found.values - limits)[OWN]
    # Eight errors on seven degrees of freedom: 512 draws, however large the pool is.
    assert (off <= 8.0 * found.standard_errors[OWN]).all()
    assert off.max() < 0.25


def test_a_kernel_that_leaves_no_weight():
    fitted = explainer(kernel=lambda Z, z: np.zeros(len(Z)))
    with pytest.warns(NeighbourhoodWarning, match="any weight for 4 row"):
        found = fitted.explain(ROWS, uncertainty=True)
    assert np.isnan(found.values).all()
    assert np.isnan(found.standard_errors).all()


def test_a_kernel_so_narrow_that_no_draw_leaves_the_row():
    # Draws of the weighted law are all in the row's own bins: each column is paired with
    # draws of others.
    fitted = explainer(kernel=ExponentialKernel(width=1e-3), weighting="tilted")
    found = fitted.explain(TABLE[10:12], uncertainty=True)
    # Narrower kernels weigh to 0 what is enumerated.
    limits = np.array([limit(bent, row, width=0.1) for row in TABLE[10:12]])
    # About three standard errors.
    assert_allclose(found.values[:, 2], limits[:, 2], atol=0.08)
    assert_allclose(found.values[:, [0, 1, 3]], limits[:, [0, 1, 3]], atol=0.02)
    assert np.isfinite(found.standard_errors).all()


# ---- the other ways to treat them


@pytest.mark.parametrize("sampler", [MarginalSampler, GaussianSampler])
def test_error_refuses_and_names_what_is_unseen(sampler):
    strict = sampler(categorical_features=NOMINAL, handle_unknown="error")
    fitted = explainer(sampler=strict)
    with pytest.raises(ValueError, match=r"1 row.*'x0'.*9.*handle_unknown"):
        fitted.transform(ROWS[1:2])
    fitted.transform(ROWS[:1])


def test_ignore_gives_nothing_and_warns():
    sampler = MarginalSampler(categorical_features=NOMINAL, handle_unknown="ignore")
    f, asked = counting(bent)
    fitted = explainer(f, sampler=sampler)
    asked.clear()
    with pytest.warns(
        UnknownValueWarning, match=r"'x0' \(1 rows\).*0 for want of an answer"
    ):
        found = fitted.transform(np.array([[9.0, 1.0, 0.0, 2.0]]))
    assert found[0, 0] == 0.0
    assert sum(asked) == 0


@pytest.mark.parametrize("handle_unknown", ["error", "ignore"])
def test_rare_values_are_not_asked_about_unless_wanted(handle_unknown):
    sampler = MarginalSampler(categorical_features=NOMINAL, handle_unknown=handle_unknown)
    found = explainer(sampler=sampler).explain(ROWS[:1])
    assert found.meta["n_own_value_samples"] == 0


def test_common_values_are_not_asked_about():
    X = TABLE[:, [1, 3]]
    fitted = LimeExplainer(FunctionRegressor(lambda X: X.sum(axis=1)), random_state=0).fit(
        X
    )
    found = fitted.explain(X[:20])
    assert found.meta["n_own_value_samples"] == 0


@pytest.mark.parametrize("own", ["Ask", None, True])
def test_other_words_are_refused(own):
    with pytest.raises(ValueError, match=r"handle_unknown=.*ask.*error.*ignore"):
        explainer(sampler=MarginalSampler(handle_unknown=own))


# ---- selectors and users' surrogates


def ranked(limits, row, score):
    """Columns of an enumerated contrast, the best first."""
    p = np.zeros(4)
    for j in range(4):
        q = (bins(TABLE) == bins(row[np.newaxis]))[:, j].mean()
        p[j] = q / (q + (1 - q) * np.exp(-0.5 / 1.5**2))
    sizes = {
        HighestWeights: np.abs(limits),
        ForwardSelection: limits**2 * p * (1 - p),
        LassoPath: np.abs(limits) * p * (1 - p),
        AutoSelector: limits**2 * p * (1 - p),
    }[score]
    return np.argsort(-sizes)


@pytest.mark.parametrize(
    "make_selector", [HighestWeights, ForwardSelection, LassoPath, AutoSelector]
)
@pytest.mark.parametrize("k", [1, 2, 3])
def test_selectors_rank_rare_values_by_what_is_enumerated(make_selector, k):
    rows = np.array([[7, 1, 0, 2], [0, 5, 1, 4], [7, 0, 2, 1]], dtype=float)
    for f in (multiplicative, bent):
        found = explainer(f, selector=make_selector(k)).explain(rows, uncertainty=True)
        full = explainer(f).transform(rows)
        for values, errors, row, all_of_it in zip(
            found.values, found.standard_errors, rows, full, strict=True
        ):
            kept = np.flatnonzero(values)
            limits = limit(f, row)
            assert set(kept) == set(ranked(limits, row, make_selector)[:k])
            # Independent features: selection changes no coefficient.
            assert_allclose(values[kept], all_of_it[kept], rtol=1e-12)
            assert_array_equal(np.isnan(errors), values == 0.0)


def test_users_surrogates_get_own_values_too():
    limits = np.array([limit(bent, row) for row in ROWS])
    found = explainer(surrogate=Ridge()).transform(ROWS)
    # About three standard errors of 512 draws.
    assert np.abs(found - limits)[OWN].max() < 0.05


# ---- what else there is


def test_scores_and_pages_of_rows_with_unseen_values():
    fitted = explainer()
    assert np.isfinite(fitted.score(ROWS))
    found = fitted.explain(ROWS, uncertainty=True)
    assert np.isfinite(found.scores).all()
    assert "never seen" in found._repr_html_()
    assert len(found.to_frame()) == ROWS.size
    assert_array_equal(type(found).from_json(found.to_json()).values, found.values)


def test_adaptive_pools_have_own_values():
    fitted = explainer(additive, tol=0.05)
    limits = np.array([limit(additive, row) for row in ROWS])
    found = fitted.explain(ROWS)
    assert found.meta["n_own_value_samples"] > 0
    # Within tol of the largest attribution of each row.
    largest = np.abs(limits).max(axis=1, keepdims=True)
    assert (np.abs(found.values - limits)[OWN] <= (0.05 * largest * OWN)[OWN]).all()


def test_rows_far_from_what_is_valid_are_refused_as_before():
    fitted = explainer()
    with pytest.raises(ValueError, match="infinity"):
        fitted.transform([[np.inf, 1, 0, 2]])
    with pytest.raises(ValueError, match="0 sample"):
        fitted.transform(np.empty((0, 4)))
    with pytest.raises(ValueError, match="features"):
        fitted.transform([[9.0, 1, 0]])


@pytest.mark.parametrize("seed", range(4))
def test_values_that_have_most_of_the_weight_are_told_from_pairs(seed):
    # One row in a hundred has the value, and under this kernel nearly all of the weight:
    # the mean of all responses then tells nothing of the others.
    rng = np.random.default_rng(1)
    X = np.column_stack([np.arange(2000) < 20, *rng.integers(0, 4, (2, 2000))])
    explainer = LimeExplainer(
        FunctionRegressor(lambda X: (X[:, 1] + X[:, 2]) * (1 - 2 * X[:, 0])),
        sampler=MarginalSampler(categorical_features=[0, 1, 2]),
        kernel=ExponentialKernel(width=0.15),
        method="sampling",
        random_state=seed,
    ).fit(X.astype(float))
    with warnings.catch_warnings():
        # The other columns hardly vary under it.
        warnings.simplefilter("ignore", NeighbourhoodWarning)
        found = explainer.explain(X[:1].astype(float))
    # Twice the row's own sum, 3, as the other columns stay where they are; 32 draws do.
    assert found.values[0, 0] == pytest.approx(-6.0, abs=0.6)


def test_draws_of_a_row_do_not_grow_for_what_other_draws_tell():
    asked = []

    def model(X):
        asked.append(len(X))
        # Of an unseen value all draws differ, of the others none.
        return np.where(filled(X)[0] == 9, multiplicative(X), 0.0)

    explainer = LimeExplainer(
        FunctionRegressor(model),
        sampler=MarginalSampler(categorical_features=NOMINAL),
        weighting="tilted",
        method="sampling",
        tol=0.001,
        n_samples=256,
        max_samples=2**14,
        random_state=0,
    ).fit(TABLE)
    asked.clear()
    found = explainer.explain(ROWS[1:2], uncertainty=True)
    assert found.standard_errors[0, 0] > 0.001 * abs(found.values[0, 0])
    # The row's own draws, once; the small pool, and with the unseen value; the row itself.
    assert sum(asked) <= 256 + 3 * N_DRAWS + 2


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_errors_of_own_values_have_the_unit_of_the_responses(unit):
    def errors(unit):
        explainer = LimeExplainer(
            FunctionRegressor(lambda X: unit * boxes(X)),
            sampler=MarginalSampler(categorical_features=NOMINAL),
            random_state=0,
        ).fit(TABLE)
        return explainer.explain(ROWS[:2], uncertainty=True).standard_errors

    # Scaling by other numbers than powers of two rounds.
    assert_allclose(errors(unit) / unit, errors(1.0), rtol=1e-6, atol=1e-12)


def test_a_models_error_names_the_column_that_it_is_about():
    def model(X):
        if (X[:, 2] == 9).any():
            raise ArithmeticError("no such value")
        return additive(X)

    explainer = LimeExplainer(
        FunctionRegressor(model),
        sampler=MarginalSampler(categorical_features=NOMINAL),
        random_state=0,
    ).fit(TABLE)
    with pytest.raises(ArithmeticError, match="no such value") as caught:
        explainer.transform(ROWS[[0, 1, 3]])
    notes = "\n".join(caught.value.__notes__)
    assert "'x2'" in notes and "'x0'" not in notes
