"""Adaptive sample sizes: `tol` and `max_samples`."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.svm import SVR

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from tests.models import fitted, table


@pytest.fixture(scope="module")
def diabetes():
    return fitted(RandomForestRegressor(10, max_depth=4, random_state=0), "diabetes")


class Counted:
    """A model that counts the rows it is asked about."""

    def __init__(self, model):
        self.model, self.asked = model, 0

    def __call__(self, X):
        self.asked += len(X)
        return self.model.predict(X)


@pytest.mark.parametrize("sampler", [MarginalSampler(), GaussianSampler("instance")])
def test_errors_keep_within_the_tolerance(diabetes, sampler):
    forest, X = diabetes
    rows = X[::20]
    explainer = LimeExplainer(
        forest,
        method="sampling",
        sampler=sampler,
        tol=0.1,
        n_samples=256,
        max_samples=2**16,
        random_state=0,
    ).fit(X)
    found = explainer.transform(rows)
    limit = LimeExplainer(forest, method="exact", sampler=sampler).fit(X).transform(rows)
    off = np.abs(found - limit) / np.abs(limit).max(axis=1, keepdims=True)
    # The widest of a row's intervals has this width: nearly all errors are inside.
    assert np.mean(off <= 0.1) >= 0.99


def test_a_pool_grows_by_asking_new_draws_only(diabetes):
    forest, X = diabetes
    counted = Counted(forest)
    explainer = LimeExplainer(
        FunctionRegressor(counted), tol=0.1, n_samples=256, random_state=0
    ).fit(X)
    assert explainer.n_samples_ > 256
    # Two rows to learn what the model answers, and every draw of the pool once.
    assert counted.asked == 2 + explainer.n_samples_
    large = LimeExplainer(
        FunctionRegressor(forest.predict), n_samples=explainer.n_samples_, random_state=0
    ).fit(X)
    assert_array_equal(explainer.transform(X[:9]), large.transform(X[:9]))


@pytest.mark.parametrize("kernel", [None, ExponentialKernel(metric="cosine")])
def test_a_row_grows_by_asking_new_draws_only(diabetes, kernel):
    forest, X = diabetes
    counted = Counted(forest)
    setting = {
        "sampler": GaussianSampler("instance"),
        "kernel": kernel,
        "weighting": "kernel",
        "random_state": 0,
    }
    explainer = LimeExplainer(
        FunctionRegressor(counted), tol=0.2, n_samples=128, max_samples=2**15, **setting
    ).fit(X)
    for i in (0, 7, 30):
        counted.asked = 0
        found = explainer.transform(X[i : i + 1])
        used = counted.asked
        large = LimeExplainer(
            FunctionRegressor(forest.predict), n_samples=used, **setting
        ).fit(X)
        # Rows are asked about in batches of other sizes, which a forest rounds alike.
        assert_array_equal(found, large.transform(X[i : i + 1]))


def test_rows_stop_one_by_one_and_alike_in_any_company(diabetes):
    forest, X = diabetes
    explainer = LimeExplainer(
        forest,
        method="sampling",
        sampler=GaussianSampler("instance"),
        tol=0.2,
        n_samples=128,
        max_samples=2**15,
        random_state=0,
    ).fit(X)
    together = explainer.explain(X[:40])
    assert len(np.unique(together.effective_sample_sizes.round(-2))) > 1
    assert_array_equal(explainer.transform(X[39::-1])[::-1], together.values)
    for i in (0, 13):
        assert_array_equal(explainer.transform(X[i : i + 1])[0], together.values[i])


def test_the_order_of_the_training_table_does_not_matter(diabetes):
    forest, X = diabetes
    sizes = {
        LimeExplainer(forest, method="sampling", tol=0.2, n_samples=128, random_state=0)
        .fit(table)
        .n_samples_
        for table in (X, X[::-1], np.concatenate([X, X]))
    }
    assert len(sizes) == 1 and sizes.pop() > 128


def test_narrow_kernels_let_tilted_rows_grow(diabetes):
    forest, X = diabetes
    setting = {"kernel": ExponentialKernel(width=0.4), "random_state": 0}
    explainer = LimeExplainer(
        forest,
        method="sampling",
        weighting="tilted",
        tol=0.1,
        n_samples=128,
        max_samples=2**15,
        **setting,
    ).fit(X)
    explanation = explainer.explain(X[::60])
    assert explanation.effective_sample_sizes.max() > 128
    limit = LimeExplainer(forest, **setting).fit(X).transform(X[::60])
    off = np.abs(explanation.values - limit) / np.abs(limit).max(axis=1, keepdims=True)
    assert np.mean(off <= 0.1) >= 0.97


def test_a_linear_model_needs_no_more_draws():
    model, X = fitted(LinearRegression(), "diabetes")
    explainer = LimeExplainer(
        model,
        method="sampling",
        sampler=GaussianSampler(),
        tol=0.01,
        random_state=0,
    ).fit(X)
    assert explainer.n_samples_ == 4096


def test_a_constant_model_needs_no_more_draws():
    X, _ = table("diabetes")
    explainer = LimeExplainer(
        FunctionRegressor(lambda X: np.full(len(X), 3.0)), tol=0.01, n_samples=64
    ).fit(X)
    assert explainer.n_samples_ == 64
    assert_array_equal(explainer.transform(X[:2]), 0.0)


def test_training_rows_that_need_more_are_named(diabetes):
    forest, X = diabetes
    explainer = LimeExplainer(
        forest, method="sampling", tol=1e-3, n_samples=64, max_samples=100, random_state=0
    )
    with pytest.warns(
        ConvergenceWarning, match=r"training row\(s\) \d+, \d+, .* and \d+ more"
    ):
        explainer.fit(X)
    assert explainer.n_samples_ == 96  # eight scrambles of 12: 100 at most


def test_explained_rows_that_need_more_are_named(diabetes):
    forest, X = diabetes
    explainer = LimeExplainer(
        forest,
        method="sampling",
        sampler=GaussianSampler("instance"),
        tol=1e-3,
        n_samples=64,
        max_samples=128,
        random_state=0,
    ).fit(X)
    with pytest.warns(ConvergenceWarning, match=r"row\(s\) 0, 1, 2 are not yet"):
        explainer.transform(X[:3])


def test_closed_forms_need_no_draws(diabetes):
    forest, X = diabetes
    explainer = LimeExplainer(forest, tol=1e-9, n_samples=64).fit(X)
    assert explainer.method_ == "exact" and explainer.n_samples_ == 64


def test_latin_hypercubes_grow_by_drawing_anew(diabetes):
    forest, X = diabetes
    asked = []

    def predict(X):
        asked.append(len(X))
        return forest.predict(X)

    explainer = LimeExplainer(
        FunctionRegressor(predict),
        sampler=MarginalSampler(sequence="lhs"),
        tol=0.3,
        n_samples=64,
        random_state=0,
    ).fit(X)
    # Two rows to learn what the model answers, then each pool as a whole: two rounds that
    # tell how fast errors shrink, and those that may be the last.
    probe, *pools = asked
    assert probe == 2 and pools[:2] == [64, 128]
    assert pools[-1] == explainer.n_samples_ > 128
    assert set(pools) <= {64 * 2**i for i in range(10)} and pools == sorted(set(pools))


def test_targets_by_row_and_all_outputs_grow_too():
    forest, X = fitted(RandomForestClassifier(10, random_state=0), "iris")
    for target in ("all", "predicted"):
        explainer = LimeExplainer(
            forest,
            method="sampling",
            target=target,
            tol=0.1,
            n_samples=64,
            max_samples=2**17,
            random_state=0,
        ).fit(X)
        limit = LimeExplainer(forest, target=target).fit(X)
        found, exact = (e.explain(X[::10]).values for e in (explainer, limit))
        off = np.abs(found - exact).reshape(15, -1)
        largest = np.abs(exact).reshape(15, -1).max(axis=1, keepdims=True)
        assert np.mean(off <= 0.1 * largest) > 0.97


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"tol": 0.0}, "tol=0.0 must be a number above 0"),
        ({"tol": "small"}, "tol='small' must be a number above 0"),
        ({"tol": 0.1, "max_samples": 10}, "max_samples=10 is less than n_samples=64"),
        ({"max_samples": 1e6}, "max_samples=1000000.0 must be an integer"),
        ({"tol": 0.1, "surrogate": LinearRegression()}, "needs standard errors"),
    ],
)
def test_parameters_that_make_no_sense_are_named(diabetes, parameters, message):
    forest, X = diabetes
    with pytest.raises(ValueError, match=message):
        LimeExplainer(forest, n_samples=64, **parameters).fit(X)


def test_weights_of_zero_take_no_part_in_the_decision():
    model, X = fitted(SVR(C=100.0), "diabetes")
    weights = np.ones(len(X))
    weights[::2] = 0.0
    setting = {"method": "sampling", "tol": 0.3, "n_samples": 128, "random_state": 0}
    weighted = LimeExplainer(model, **setting).fit(X, sample_weight=weights)
    left = LimeExplainer(model, **setting).fit(X[1::2])
    assert weighted.n_samples_ == left.n_samples_
    assert_allclose(weighted.transform(X[:4]), left.transform(X[:4]), rtol=1e-9)
