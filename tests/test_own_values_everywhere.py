"""Rare and unseen values under narrow kernels, in sparse tables and around the row itself.

The right answers are enumerated, or known for models that are products.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression

from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import NeighbourhoodWarning, UnknownValueWarning
from sklime.kernels import ExponentialKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import ForwardSelection
from tests.test_own_values import (
    ALL,
    FUNCTIONS,
    N_DRAWS,
    NOMINAL,
    OWN,
    ROWS,
    TABLE,
    additive,
    bent,
    counting,
    explainer,
    limit,
    multiplicative,
    warnings_of,
)

# Less than a tenth of the draws have weight around these rows under these kernels.
NARROW = [0.3, 0.2]
NARROW_ROWS = ROWS[:3]

pytestmark = pytest.mark.filterwarnings("ignore::sklime.exceptions.NeighbourhoodWarning")


# ---- narrow kernels


@pytest.mark.parametrize("width", NARROW)
@pytest.mark.parametrize("f", FUNCTIONS)
def test_narrow_kernels_give_the_enumerated_contrast(f, width):
    limits = np.array([limit(f, row, width) for row in NARROW_ROWS])
    off, inside = [], []
    for seed in range(25):
        fitted = explainer(f, kernel=ExponentialKernel(width=width), random_state=seed)
        found = fitted.explain(NARROW_ROWS, uncertainty=True)
        low, high = found.confidence_intervals(0.95)
        # What one draw in 2,000 sees, 512 need not see.
        hair = 5e-4 * np.abs(limits).max()
        inside.append(((low - hair <= limits) & (limits <= high + hair))[OWN[:3]])
        off.append((found.values - limits)[OWN[:3]])
    off = np.array(off)
    assert np.sqrt(np.mean(off**2, axis=0)).max() < 0.03 * np.abs(limits).max()
    # 150 cases, of which those of one seed share draws; errors of a smooth additive model
    # are stated too large.
    assert np.mean(inside) >= 0.9
    # No bias beyond five of its own standard errors, on 24 degrees of freedom.
    error = off.std(axis=0, ddof=1) / np.sqrt(len(off))
    assert (np.abs(off.mean(axis=0)) <= 5.0 * error + 5e-5 * np.abs(limits).max()).all()


@pytest.mark.parametrize("width", [0.2, 0.1])
@pytest.mark.parametrize("f", [multiplicative, bent])
def test_common_values_that_the_kernel_leaves_no_other_draws_get_answers(f, width):
    limits = np.array([limit(f, row, width) for row in NARROW_ROWS])
    found = explainer(f, kernel=ExponentialKernel(width=width)).explain(NARROW_ROWS)
    # Hardly one of 4,096 draws of the weighted law differs in such a column.
    assert found.support.min() > 100
    assert np.abs(found.values - limits).max() < 0.01 * np.abs(limits).max()


def test_of_many_such_values_as_many_are_asked_about_as_there_are_draws():
    rng = np.random.default_rng(0)
    X, slopes = rng.integers(0, 2, (300, 20)).astype(float), np.arange(1.0, 21.0)
    fitted = LimeExplainer(
        FunctionRegressor(lambda X: X @ slopes),
        sampler=MarginalSampler(categorical_features=range(20)),
        kernel=ExponentialKernel(width=0.1),
        n_samples=20 * N_DRAWS,
        random_state=0,
    ).fit(X)
    found = fitted.explain(np.ones((1, 20)))
    assert_allclose(found.values, slopes[np.newaxis], rtol=1e-9)
    assert found.meta["n_own_value_samples"] == 21 * N_DRAWS


def wide_table(n_columns=30, n=1500):
    """Six columns of categories with rare ones, the others numbers."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, n_columns))
    for j in range(6):
        X[:, j] = rng.integers(0, 4, n)
        X[rng.choice(n, 4, replace=False), j] = 7
    return X


WIDE = wide_table()
SLOPES = np.random.default_rng(4).normal(size=30)


def saturating(X):
    worth = np.where(X == 9, 3.0, np.where(X == 7, -2.0, X / 2))
    worth = np.where(np.arange(30) < 6, worth, X)
    return np.tanh(worth @ SLOPES / 3) + 0.3 * worth[:, 0] * worth[:, 10]


def tilted_limit(f, table, row, j, width, nominal):
    """Contrast of one column, over many independent draws of the others' weighted law."""
    rng, n = np.random.default_rng(5), 2**16
    draws = np.empty((n, len(row)))
    for k, values in enumerate(table.T):
        own = values == row[k]
        if k not in nominal:
            cuts = np.quantile(values, [0.25, 0.5, 0.75])
            own = np.searchsorted(cuts, values) == np.searchsorted(cuts, row[k])
        weights = np.where(own, 1.0, np.exp(-0.5 / width**2))
        if k == j:
            weights = (~own).astype(float)
        draws[:, k] = rng.choice(values, n, p=weights / weights.sum())
    others = f(draws)
    draws[:, j] = row[j]
    return np.mean(f(draws) - others)


@pytest.mark.parametrize("width", [0.7, 0.5, 0.3])
def test_coverage_of_rare_values_among_thirty_columns(width):
    rows = WIDE[:4].copy()
    rows[:2, 0], rows[2:, 1], rows[1:3, 2] = 7, 9, 7
    own = [(0, 0), (1, 0), (2, 1), (3, 1), (1, 2), (2, 2)]
    limits = [tilted_limit(saturating, WIDE, rows[i], j, width, range(6)) for i, j in own]
    inside, off = [], []
    for seed in range(12):
        fitted = LimeExplainer(
            FunctionRegressor(saturating),
            sampler=MarginalSampler(categorical_features=range(6)),
            kernel=ExponentialKernel(width=width),
            n_samples=1024,
            random_state=seed,
        ).fit(WIDE)
        found = fitted.explain(rows, uncertainty=True)
        low, high = found.confidence_intervals(0.95)
        inside += [low[i] <= right <= high[i] for i, right in zip(own, limits, strict=True)]
        off += [found.values[i] - right for i, right in zip(own, limits, strict=True)]
    assert np.mean(inside) >= 0.9
    assert np.sqrt(np.mean(np.square(off))) < 0.1 * np.abs(limits).max()


@pytest.mark.parametrize("weighting", ["kernel", "auto", "tilted"])
def test_rows_of_narrow_kernels_do_not_depend_on_their_company(weighting):
    setting = {
        "kernel": ExponentialKernel(width=0.3), "weighting": weighting, "n_samples": 512
    }  # fmt: skip
    fitted = explainer(**setting)
    together = fitted.transform(ALL)
    assert_array_equal(fitted.transform(ALL[::-1])[::-1], together)
    fresh = explainer(**setting)
    alone = [fresh.transform(ALL[i : i + 1]) for i in (20, 2, 0, 33)]
    assert_array_equal(np.concatenate(alone), together[[20, 2, 0, 33]])
    with config_context(working_memory=1):
        assert_array_equal(explainer(n_jobs=2, **setting).transform(ALL), together)
    assert_array_equal(fitted.explain(ALL, uncertainty=True).values, together)
    every = explainer(target="all", **setting).transform(ALL)
    assert_allclose(every, together, rtol=1e-12)


def test_pairs_of_narrow_kernels_are_counted():
    f, asked = counting(bent)
    fitted = explainer(
        f, kernel=ExponentialKernel(width=0.3), weighting="kernel", n_samples=1024
    )
    asked.clear()
    found = fitted.explain(NARROW_ROWS)
    assert sum(asked) == found.meta["n_own_value_samples"] + len(NARROW_ROWS)
    # Draws of each row, and those with each of its values on the other side.
    assert found.meta["n_own_value_samples"] == (len(NARROW_ROWS) + OWN[:3].sum()) * N_DRAWS
    assert (found.support[OWN[:3]] == N_DRAWS).all()


def test_max_samples_limits_pairs_and_names_the_rest():
    f, asked = counting(bent)
    fitted = explainer(
        f,
        kernel=ExponentialKernel(width=0.3),
        weighting="kernel",
        max_samples=4 * N_DRAWS,
    )
    asked.clear()
    found, told = warnings_of(lambda: fitted.explain(NARROW_ROWS, uncertainty=True))
    assert sum(asked) - len(NARROW_ROWS) <= 4 * N_DRAWS
    assert found.meta["n_own_value_samples"] == 3 * N_DRAWS
    texts = [text for category, text in told if category is UnknownValueWarning]
    [text] = [text for text in texts if "not queried" in text]
    assert "'x0' (1 rows)" in text and "max_samples" in text
    without = explainer(kernel=ExponentialKernel(width=0.3), weighting="kernel")
    assert_array_equal(found.values[0], without.transform(NARROW_ROWS)[0])


def test_a_column_that_the_model_ignores_gets_nothing_under_narrow_kernels():
    fitted = explainer(lambda X: X[:, 1] * X[:, 3], kernel=ExponentialKernel(width=0.2))
    rows = np.array([[7, 1, 0, 2], [9, 5, 9, 0]], dtype=float)
    found = fitted.explain(rows, uncertainty=True)
    assert_array_equal(found.values[:, 0], 0.0)
    assert_array_equal(found.standard_errors[:, 0], 0.0)


def test_selectors_rank_rare_values_under_narrow_kernels():
    row = np.array([[7, 1, 0, 2]], dtype=float)
    kernel = ExponentialKernel(width=0.5)
    full = explainer(multiplicative, kernel=kernel).transform(row)
    found = explainer(multiplicative, kernel=kernel, selector=ForwardSelection(1))
    [kept] = np.flatnonzero(found.transform(row))
    assert kept == 0
    assert_allclose(found.transform(row)[0, 0], full[0, 0], rtol=1e-12)


def test_closed_forms_ask_about_unseen_values_under_narrow_kernels():
    model = LinearRegression().fit(TABLE, additive(TABLE))
    fitted = LimeExplainer(
        model,
        sampler=MarginalSampler(categorical_features=NOMINAL),
        kernel=ExponentialKernel(width=0.3),
        method="exact",
        random_state=0,
    ).fit(TABLE)
    found = fitted.explain(ROWS[1:2], uncertainty=True)
    assert found.meta["n_own_value_samples"] == 2 * N_DRAWS
    others = TABLE[:, 0].mean()
    # The model is a sum: only the mean of 512 draws of the column itself is off.
    right = model.coef_[0] * (9.0 - others)
    assert found.values[0, 0] == pytest.approx(right, rel=0.02)


def test_errors_of_models_name_the_column_under_narrow_kernels():
    def model(X):
        if (X[:, 2] == 9).any():
            raise ArithmeticError("no such value")
        return additive(X)

    fitted = explainer(model, kernel=ExponentialKernel(width=0.3))
    with pytest.raises(ArithmeticError, match="no such value") as caught:
        fitted.transform(ROWS)
    notes = "\n".join(caught.value.__notes__)
    assert "'x2'" in notes and "'x0'" not in notes


def test_texts_that_training_never_had_under_narrow_kernels():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "town": rng.choice(["Bonn", "Kiel", "Ulm"], 600),
            "rooms": rng.integers(1, 6, 600),
            "floor": rng.integers(0, 8, 600),
        }
    )

    def rent(flats):
        paris = (flats["town"] == "a town with a long name").to_numpy()
        return 10.0 * flats["rooms"].to_numpy() * (1 + paris)

    fitted = LimeExplainer(
        FunctionRegressor(rent), kernel=ExponentialKernel(width=0.2), random_state=0
    ).fit(X)
    new = pd.DataFrame({"town": ["a town with a long name"], "rooms": [2], "floor": [7]})
    found = fitted.explain(new, uncertainty=True)
    # Two rooms, a bin of their own, have all of the weight.
    assert found.values[0, 0] == pytest.approx(10.0 * 2, rel=0.03)


@pytest.mark.parametrize("n_bins", [4, None])
def test_gaps_of_standardised_columns_under_narrow_kernels(n_bins):
    X = np.random.default_rng(0).normal(size=(800, 3))

    def f(X):
        a, b, c = np.where(np.isnan(X), 5.0, X).T
        return a * (2.0 + b) + c

    row = np.array([[np.nan, 1.0, 0.0]])
    found = []
    for weighting in ("kernel", "tilted"):
        fitted = LimeExplainer(
            FunctionRegressor(f),
            sampler=MarginalSampler(n_bins=n_bins),
            kernel=ExponentialKernel(width=0.25),
            weighting=weighting,
            random_state=0,
        ).fit(X)
        told = fitted.explain(row, uncertainty=True)
        found.append(told.values[0, 0])
        assert told.support[0, 0] == N_DRAWS
    # The mean of column 1 under its weighted law.
    b = X[:, 1]
    if n_bins is None:
        weights = np.exp(-0.5 * np.square((b - 1.0) / b.std()) / 0.25**2)
    else:
        cuts = np.quantile(b, [0.25, 0.5, 0.75])
        same = np.searchsorted(cuts, b) == np.searchsorted(cuts, 1.0)
        weights = np.where(same, 1.0, np.exp(-0.5 / 0.25**2))
    right = (5.0 - X[:, 0].mean()) * (2.0 + np.average(b, weights=weights))
    # Half a hundredth of 15, and what 512 draws of a normal mean leave.
    assert_allclose(found, right, atol=0.3)


# ---- draws around the row itself


NUMBERS = np.random.default_rng(0).normal([1.0, -2.0], [1.0, 0.5], size=(600, 2))
AROUND = np.column_stack([NUMBERS, np.where(np.arange(600) < 3, 7, np.arange(600) % 3)])


def product_of_columns(X):
    """A gap in the first is worth 4, in the second 3; categories 7 and 9 are worth more."""
    a, b, c = X.T
    a, b = np.where(np.isnan(a), 4.0, a), np.where(np.isnan(b), 3.0, b)
    return a * b + np.select([c == 7, c == 9], [10.0, -6.0], c) * a


KERNELS = [
    ExponentialKernel(),
    ExponentialKernel(width=0.4),
    lambda Z, z: np.exp(-np.abs(Z - z).sum(axis=1)),
]


@pytest.mark.parametrize("kernel", KERNELS, ids=["wide", "narrow", "callable"])
@pytest.mark.parametrize("weighting", ["kernel", "auto"])
def test_gaps_and_categories_around_the_row(kernel, weighting):
    fitted = LimeExplainer(
        FunctionRegressor(product_of_columns),
        sampler=GaussianSampler(center="instance", categorical_features=[2]),
        kernel=kernel,
        weighting=weighting,
        random_state=0,
    ).fit(AROUND)
    rows = np.array([[np.nan, 1, 0], [0.5, np.nan, 1], [0.5, 1, 9], [0.5, 1, 7]])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnknownValueWarning)
        found = fitted.explain(rows, uncertainty=True)
    worth, counts = np.array([0, 1, 2, 10]), np.bincount(AROUND[:, 2].astype(int))
    counts = counts[[0, 1, 2, 7]]
    # Weighted draws lie around the row, whatever the kernel; others around the mean.
    mean_a, mean_b = AROUND[:, :2].mean(axis=0)
    same = np.exp(-0.5 / 0.4**2) if kernel is KERNELS[1] else np.exp(-0.5 / (0.75**2 * 3))
    same = np.exp(-1.0) if kernel is KERNELS[2] else same
    mean_c = np.average(worth, weights=counts * np.where(worth == 0, 1.0, same))
    right = [
        (4.0 - mean_a) * (1.0 + mean_c),
        (3.0 - mean_b) * 0.5,
        (-6.0 - np.average(worth, weights=counts)) * 0.5,
        (10.0 - np.average(worth[:3], weights=counts[:3])) * 0.5,
    ]
    told = found.values[np.arange(4), [0, 1, 2, 2]]
    errors = found.standard_errors[np.arange(4), [0, 1, 2, 2]]
    # On seven degrees of freedom, and on as many draws as the kernel leaves of 512.
    assert (np.abs(told - right) <= 6.0 * errors + 1e-6).all()
    assert errors.max() < 0.5
    assert (found.support[np.arange(4), [0, 1, 2, 2]] > 20).all()


@pytest.mark.parametrize("n_bins", [None, 4])
def test_gaps_around_the_row_in_numbers_alone(n_bins):
    fitted = LimeExplainer(
        FunctionRegressor(
            lambda X: product_of_columns(np.column_stack([X, np.zeros(len(X))]))
        ),
        sampler=GaussianSampler(center="instance", n_bins=n_bins),
        random_state=0,
    ).fit(NUMBERS)
    rows = np.array([[np.nan, 1.0], [0.5, np.nan], [0.5, 1.0], [np.nan, np.nan]])
    found = fitted.explain(rows, uncertainty=True)
    mean_a, mean_b = NUMBERS.mean(axis=0)
    if n_bins is None:
        right = [(4.0 - mean_a) * 1.0, (3.0 - mean_b) * 0.5]
        assert_allclose(found.values[[0, 1], [0, 1]], right, atol=0.1)
    right = [(4.0 - mean_a) * mean_b, (3.0 - mean_b) * mean_a]
    assert_allclose(found.values[3], right, atol=0.2)
    # What is told of rows without gaps does not depend on their company.
    assert_array_equal(found.values[2], fitted.transform(rows[2:3])[0])
    assert_array_equal(found.values[:2], fitted.transform(rows[:2]))
    # Slopes beside a gap are those at its worth under the draws around the mean.
    if n_bins is None:
        assert found.values[0, 1] == pytest.approx(mean_a * NUMBERS[:, 1].std(), rel=0.05)


def test_a_gap_around_the_row_under_a_closed_form():
    model = LinearRegression().fit(NUMBERS, NUMBERS @ [2.0, 3.0])

    class Filled:
        """A model of its own, which the closed forms do not know."""

        def predict(self, X):
            return model.predict(np.where(np.isnan(X), 4.0, X))

    fitted = LimeExplainer(
        Filled(), sampler=GaussianSampler(center="instance"), random_state=0
    ).fit(NUMBERS)
    found = fitted.transform([[np.nan, 1.0]])
    assert found[0, 0] == pytest.approx(2.0 * (4.0 - NUMBERS[:, 0].mean()), abs=0.1)
    assert found[0, 1] == pytest.approx(3.0 * NUMBERS[:, 1].std(), rel=0.02)


@pytest.mark.parametrize("unknown", ["error", "ignore"])
def test_unknown_categories_around_the_row_when_not_asked_about(unknown):
    sampler = GaussianSampler(
        center="instance", categorical_features=[2], handle_unknown=unknown
    )
    fitted = LimeExplainer(FunctionRegressor(product_of_columns), sampler=sampler)
    fitted.fit(AROUND)
    row = [[0.5, 1.0, 9.0]]
    if unknown == "error":
        with pytest.raises(ValueError, match=r"'x2'.*handle_unknown"):
            fitted.transform(row)
    else:
        with pytest.warns(UnknownValueWarning, match="'x2'"):
            assert fitted.transform(row)[0, 2] == 0.0


# ---- sparse tables


def sparse_table(container=sparse.csr_matrix):
    rng = np.random.default_rng(0)
    X = rng.integers(1, 5, (800, 6)) * (rng.random((800, 6)) < 0.5)
    X[:, 5] = 0
    X[:4, 5] = [1, 2, 3, 1]
    return container(X.astype(float))


def of_sparse(X):
    """Only sparse rows are taken; a stored gap is worth 6."""
    assert sparse.issparse(X)
    X = X.toarray()
    X = np.where(np.isnan(X), 6.0, X)
    return X[:, 5] * (2.0 + X[:, 0]) + X[:, 1] * X[:, 0]


def contrast_of_entry(row, j, value=None):
    """The row's entry against the others of its column, others of the row redrawn."""
    X = sparse_table().toarray()
    own = X[:, j] == row[j]
    if value is None:
        cuts = np.unique(np.quantile(X[:, j], [0.25, 0.5, 0.75]))
        own = np.searchsorted(cuts, X[:, j]) == np.searchsorted(cuts, row[j])
    width = 0.75 * np.sqrt(np.count_nonzero(X) / len(X))
    means = row.copy()
    for k in np.flatnonzero(row):
        cuts = np.unique(np.quantile(X[:, k], [0.25, 0.5, 0.75]))
        same = np.searchsorted(cuts, X[:, k]) == np.searchsorted(cuts, row[k])
        weights = np.where(same, 1.0, np.exp(-0.5 / width**2))
        means[k] = np.average(X[:, k], weights=weights)
    inside = X[own, j].mean() if value is None else value
    # The model is linear in each column.
    difference = inside - X[~own, j].mean()
    return difference * {5: 2.0 + means[0], 1: means[0], 0: means[1] + means[5]}[j]


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize("weighting", ["kernel", "tilted"])
def test_an_entry_that_hardly_any_training_row_stores(container, weighting):
    X = sparse_table(container)
    rows = X[:3].toarray()
    fitted = LimeExplainer(
        FunctionRegressor(of_sparse), weighting=weighting, random_state=0
    ).fit(X)
    found = fitted.explain(X[:3], uncertainty=True)
    assert found.meta["n_own_value_samples"] == 3 * 2 * N_DRAWS
    for i, row in enumerate(rows):
        k = list(found.unit_names[i]).index("x5")
        off = found.values[i, k] - contrast_of_entry(row, 5)
        # On seven degrees of freedom.
        assert abs(off) <= 5.0 * found.standard_errors[i, k]
        assert found.support[i, k] > 400
        assert 0.0 < found.standard_errors[i, k] < 0.1
    alone = fitted.transform(X[[1]])
    assert (alone != fitted.transform(X[:3])[[1]]).nnz == 0


def test_a_stored_gap_that_training_never_had():
    X = sparse_table()
    row = X[[0]].copy()
    row.data[-1] = np.nan
    fitted = LimeExplainer(FunctionRegressor(of_sparse), random_state=0).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnknownValueWarning)
        found = fitted.explain(row)
    means = contrast_of_entry(X[0].toarray()[0], 5, 6.0)
    others = X[:, [5]].toarray().mean()
    right = means / (6.0 - X[:, [5]].toarray()[X[:, [5]].toarray() != 1].mean())
    assert found.values[0, -1] == pytest.approx(right * (6.0 - others), rel=0.03)


def test_common_entries_of_sparse_tables_are_not_asked_about():
    X = sparse_table()[:, :5]
    fitted = LimeExplainer(
        FunctionRegressor(lambda X: X.toarray().sum(axis=1)), random_state=0
    ).fit(X)
    assert fitted.explain(X[:10]).meta["n_own_value_samples"] == 0


def test_of_many_rare_entries_the_rarest_are_asked_about():
    rng = np.random.default_rng(0)
    X = sparse.random(2000, 60, density=0.004, random_state=rng, format="lil")
    X[0] = 1.0
    X = X.tocsr()
    fitted = LimeExplainer(
        FunctionRegressor(lambda X: X.toarray().sum(axis=1)), random_state=0
    ).fit(X)
    found = fitted.explain(X[[0]])
    assert found.meta["n_own_value_samples"] == 9 * N_DRAWS


# ---- errors that few draws do not tell


def test_one_draw_tells_no_error():
    X = np.column_stack([np.arange(1500) < 1, np.arange(1500) % 4, np.arange(1500) % 3])
    fitted = LimeExplainer(
        FunctionRegressor(lambda X: 5 * X[:, 0] * X[:, 1] + X[:, 2]),
        sampler=MarginalSampler(categorical_features=[0, 1, 2], handle_unknown="ignore"),
        n_samples=1024,
        random_state=3,
    ).fit(X.astype(float))
    with pytest.warns(NeighbourhoodWarning, match="'x0'"):
        found = fitted.explain(X[:1].astype(float), uncertainty=True)
    assert found.support[0, 0] < 3.0
    assert np.isnan(found.standard_errors[0, 0])
    assert np.isfinite(found.standard_errors[0, 1:]).all()
    assert np.isnan(found.confidence_intervals()[0][0, 0])
    assert_array_equal(
        type(found).from_json(found.to_json()).standard_errors, found.standard_errors
    )
    found._repr_html_()


def test_draws_with_hardly_any_weight_tell_no_error():
    fitted = explainer(
        kernel=lambda Z, z: np.exp(-0.5 * np.square(Z - z).sum(axis=1) / 0.1**2)
    )
    found = fitted.explain(ROWS[:2], uncertainty=True)
    sizes = found.effective_sample_sizes[:, np.newaxis] / fitted.n_samples_
    few = np.where(OWN[:2], found.support, found.support * sizes) < 3.0
    assert few.any()
    assert not np.isfinite(found.standard_errors[few]).any()


def test_columns_that_never_vary_are_certain():
    X = np.column_stack([np.full(300, 5.0), np.arange(300) % 7])
    fitted = LimeExplainer(
        FunctionRegressor(lambda X: X.sum(axis=1)), method="sampling", random_state=0
    ).fit(X)
    assert fitted.explain(X[:1], uncertainty=True).standard_errors[0, 0] == 0.0


def test_rows_whose_errors_are_not_told_have_not_converged():
    X = np.column_stack([np.arange(1000) < 1, np.arange(1000) % 4]).astype(float)
    fitted = LimeExplainer(
        FunctionRegressor(lambda X: 5 * X[:, 0] * X[:, 1] + X[:, 1]),
        sampler=GaussianSampler(
            center="instance", categorical_features=[0, 1], handle_unknown="ignore"
        ),
        n_samples=256,
        max_samples=512,
        tol=0.2,
        random_state=0,
    ).fit(X)
    with pytest.warns(ConvergenceWarning, match="tol"):
        found = fitted.explain(X[:1], uncertainty=True)
    assert np.isnan(found.standard_errors[0, 0])


# ---- what is asked about, and remembered


@pytest.mark.parametrize("n_samples", [512, 4096])
@pytest.mark.parametrize("n_bins", [32, 40, 60])
def test_ordinary_bins_of_numbers_are_not_asked_about(n_bins, n_samples):
    X = np.random.default_rng(0).normal(size=(3000, 3))
    fitted = LimeExplainer(
        FunctionRegressor(lambda X: X.sum(axis=1)),
        sampler=MarginalSampler(n_bins=n_bins),
        n_samples=n_samples,
        method="sampling",
        random_state=0,
    ).fit(X)
    assert fitted.explain(X[:50]).meta["n_own_value_samples"] == 0


def test_rare_ranges_and_rare_values_of_numbers_are_asked_about():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 2))
    X[:, 0] = np.where(np.arange(3000) < 10, 50.0, X[:, 0])
    X[:60, 1] = np.nan
    fitted = LimeExplainer(
        FunctionRegressor(lambda X: np.nan_to_num(X).sum(axis=1)),
        sampler=MarginalSampler(binning="uniform"),
        method="sampling",
        random_state=0,
    ).fit(X)
    # The upper bin has 14 of 4,096 draws; the gap, which is a value, 82.
    assert fitted.explain(X[:1]).meta["n_own_value_samples"] == 2 * N_DRAWS


def test_categories_as_rare_as_ordinary_bins_are_asked_about():
    X = np.column_stack([np.arange(4000) % 40, np.arange(4000) % 7]).astype(float)
    fitted = LimeExplainer(
        FunctionRegressor(lambda X: X.sum(axis=1)),
        sampler=MarginalSampler(categorical_features=[0]),
        random_state=0,
    ).fit(X)
    assert fitted.explain(X[:3]).meta["n_own_value_samples"] == 3 * N_DRAWS


def test_what_is_remembered_is_bounded_by_bytes():
    n_outputs, n_values = 250, 90
    X = np.column_stack([np.arange(4500) % n_values, np.arange(4500) % 3]).astype(float)
    f, asked = counting(lambda X: X[:, :1] * np.arange(n_outputs) + X[:, 1:])
    fitted = LimeExplainer(
        FunctionRegressor(f),
        sampler=MarginalSampler(categorical_features=[0]),
        n_samples=512,
        target="y0",
        random_state=0,
    ).fit(X)
    fitted.transform(X[:n_values])
    asked.clear()
    # 64 MiB hold 65 tables of 512 responses of 250 outputs.
    fitted.transform(X[n_values - 60 : n_values])
    assert sum(asked) == 0
    fitted.transform(X[:5])
    assert sum(asked) == 5 * N_DRAWS
