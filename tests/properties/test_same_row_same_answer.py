"""A row's answer depends on nothing but the row."""

import joblib
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPRegressor
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

from sklime.exceptions import NeighbourhoodWarning, UnknownValueWarning
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import ForwardSelection, LassoPath
from tests.properties.random_tables import GAUSSIAN, MARGINAL, explainer, tables, tree

# Tables of a dozen rows and 128 draws leave bins thin, and say so.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{warning.__module__}.{warning.__name__}")
    for warning in (NeighbourhoodWarning, UnknownValueWarning)
]
FIELDS = (
    "values",
    "intercepts",
    "predictions",
    "local_predictions",
    "scores",
    "effective_sample_sizes",
    "support",
)
RNG = np.random.default_rng(0)
DENSE = RNG.normal(size=(70, 5)).round(1)
SPARSE = sparse.random(20, 12, 0.4, format="csr", random_state=0)
INSTANCE = GaussianSampler("instance")
# The three ways to surround rows: one pool, shifted noise, draws of their own.
EVERY_WAY = [
    MarginalSampler(),
    MarginalSampler(n_bins=None),
    GaussianSampler(),
    INSTANCE,
    GaussianSampler("instance", n_bins=3),
]


def assert_same_explanations(one, other):
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


@settings(max_examples=40)
@given(tables(missing=True), MARGINAL, st.data())
def test_any_batch_of_rows_of_a_marginal_sampler(X, sampler, data):
    check_any_batch(X, sampler, data)


@settings(max_examples=40)
@given(tables(), GAUSSIAN, st.data())
def test_any_batch_of_rows_of_a_gaussian_sampler(X, sampler, data):
    check_any_batch(X, sampler, data)


def check_any_batch(X, sampler, data):
    fitted = explainer(tree(X), sampler=sampler).fit(X)
    together = fitted.explain(X)
    rows = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=12))
    assert_same_explanations(fitted.explain(X[rows]), together[rows])
    np.testing.assert_array_equal(fitted.transform(X[rows]), together.values[rows])
    single = [fitted.transform(X[[i]])[0] for i in rows]
    np.testing.assert_array_equal(single, together.values[rows])


@settings(max_examples=20)
@given(st.lists(st.integers(0, 19), min_size=1, max_size=8), st.sampled_from([4, None]))
def test_any_batch_of_sparse_rows(rows, n_bins):
    sampler = MarginalSampler(n_bins)
    fitted = explainer(tree(SPARSE.toarray()), sampler=sampler).fit(SPARSE)
    together = fitted.transform(SPARSE)
    part = fitted.transform(SPARSE[rows])
    assert sparse.issparse(part)
    np.testing.assert_array_equal(part.toarray(), together.toarray()[rows])


@pytest.mark.parametrize("method", ["sampling", "auto"])
@pytest.mark.parametrize("sampler", EVERY_WAY, ids=repr)
@pytest.mark.parametrize("selector", [None, ForwardSelection(2), LassoPath(2)], ids=repr)
def test_any_working_memory(sampler, selector, method):
    made = {"sampler": sampler, "selector": selector, "method": method}
    fitted = explainer(tree(DENSE), **made).fit(DENSE)
    together = fitted.explain(DENSE)
    for megabytes in (0.01, 1, 4096):
        with config_context(working_memory=megabytes):
            assert_same_explanations(fitted.explain(DENSE), together)
            again = explainer(tree(DENSE), **made).fit(DENSE)
            assert_same_explanations(again.explain(DENSE), together)


@pytest.mark.parametrize("sampler", EVERY_WAY, ids=repr)
def test_any_batch_of_rows_where_matrix_products_have_several_threads(sampler):
    with threadpool_limits(2):
        fitted = explainer(tree(DENSE), sampler=sampler, n_samples=4096).fit(DENSE)
        together = fitted.explain(DENSE)
        for rows in (slice(0, 1), slice(3, 20), [5, 2, 2, 60]):
            assert_same_explanations(fitted.explain(DENSE[rows]), together[rows])


@pytest.mark.parametrize("sampler", EVERY_WAY, ids=repr)
def test_any_number_of_jobs_and_backend(sampler):
    fitted = explainer(tree(DENSE), sampler=sampler).fit(DENSE)
    together, score = fitted.explain(DENSE), fitted.score(DENSE)
    assert_same_explanations(fitted.set_params(n_jobs=2).explain(DENSE), together)
    assert fitted.score(DENSE) == score
    for backend in ("threading", "loky"):
        with joblib.parallel_config(backend, n_jobs=2):
            assert_same_explanations(
                fitted.set_params(n_jobs=None).explain(DENSE), together
            )


def test_any_number_of_jobs_and_backend_for_sparse_rows():
    fitted = explainer(tree(SPARSE.toarray())).fit(SPARSE)
    together = fitted.transform(SPARSE).toarray()
    for backend in ("threading", "loky"):
        with joblib.parallel_config(backend, n_jobs=2):
            np.testing.assert_array_equal(fitted.transform(SPARSE).toarray(), together)


@pytest.mark.parametrize("sampler", EVERY_WAY, ids=repr)
@pytest.mark.parametrize(
    ("model", "y"),
    [
        (LogisticRegression(), DENSE[:, 0] > 0.3),
        (
            MLPRegressor(hidden_layer_sizes=8, max_iter=20, tol=1.0, random_state=0),
            DENSE[:, 1],
        ),
    ],
    ids=["LogisticRegression", "MLPRegressor"],
)
def test_model_whose_matrix_products_round_by_batch(model, y, sampler):
    fitted = explainer(clone(model).fit(DENSE, y), sampler=sampler).fit(DENSE)
    together = fitted.transform(DENSE)
    for rows in (slice(0, 1), slice(3, 20), [5, 2, 2, 60]):
        part = fitted.transform(DENSE[rows])
        largest = np.abs(part).max(axis=1, keepdims=True)
        # Rounding of the model's own products, passed on by a well-conditioned fit.
        assert (np.abs(part - together[rows]) <= 1e-10 * largest).all()


@pytest.mark.parametrize("random_state", [0, None])
@pytest.mark.parametrize("sampler", EVERY_WAY, ids=repr)
def test_global_random_state_is_never_touched(sampler, random_state):
    model = tree(DENSE)
    before = check_random_state(None).get_state()
    fitted = explainer(model, sampler=sampler, random_state=random_state).fit(DENSE)
    fitted.transform(DENSE)
    fitted.explain(DENSE)
    fitted.score(DENSE[:5])
    after = check_random_state(None).get_state()
    assert before[2:] == after[2:]
    np.testing.assert_array_equal(before[1], after[1])


@settings(max_examples=30)
@given(tables(), MARGINAL | GAUSSIAN)
@example(np.full((8, 2), [5e-324, 0.0]), GaussianSampler(n_bins=3, scale=0.5))
def test_zeros_of_both_signs_are_one_value(X, sampler):
    X[::2, 0] = 0.0
    negative = np.where(X == 0.0, -0.0, X)
    fitted = explainer(tree(X), sampler=sampler).fit(X)
    values = fitted.transform(X)
    np.testing.assert_array_equal(fitted.transform(negative), values)
    np.testing.assert_array_equal(fitted.fit(negative).transform(X), values)


@settings(max_examples=30)
@given(tables(), MARGINAL | GAUSSIAN)
def test_single_precision_is_as_good_as_its_values_in_double(X, sampler):
    # A tree reads single precision, so that the model cannot tell the two apart.
    single = X.astype(np.float32)
    double = single.astype(np.float64)
    model = tree(double)
    values = explainer(model, sampler=sampler).fit(double).transform(double)
    fitted = explainer(model, sampler=sampler).fit(single)
    np.testing.assert_array_equal(fitted.transform(single), values)
