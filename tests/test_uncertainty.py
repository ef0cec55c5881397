"""Standard errors: against textbook formulas, the exact limit, and repetition."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import t
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.svm import SVC, SVR

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import ForwardSelection
from tests.models import fitted, table


@pytest.fixture(scope="module")
def diabetes():
    return fitted(SVR(C=100.0), "diabetes")


def drawn(explainer, row):
    """The row's own regression: design with intercept, weights, answers, groups."""
    [own] = explainer.sampler_.sample(
        row, explainer.n_samples_, random_state=explainer.explain(row).meta["seed"]
    )
    A = np.column_stack([np.ones(len(own.design)), own.design])
    weights = explainer.kernel_(own.design, own.position)
    return A, weights, explainer.estimator_.predict(own.inputs), own.groups


def penalised(A, weights):
    information = A.T @ (weights[:, np.newaxis] * A)
    information[1:, 1:] += weights.mean() * np.eye(A.shape[1] - 1)
    return np.linalg.inv(information)


@pytest.mark.parametrize("n_bins", [4, None])
def test_independent_draws_have_hc3_errors(diabetes, n_bins):
    model, X = diabetes
    sampler = MarginalSampler(n_bins=n_bins, sequence="random")
    setting = {"method": "sampling", "n_samples": 400, "random_state": 0}
    explainer = LimeExplainer(model, sampler=sampler, **setting).fit(X)
    explanation = explainer.explain(X[:3], uncertainty=True)
    for i in range(3):
        A, weights, f, groups = drawn(explainer, X[i : i + 1])
        inverse = penalised(A, weights)
        e = f - A @ np.append(explanation.intercepts[i], explanation.values[i])
        leverage = weights * np.einsum("np,pq,nq->n", A, inverse, A)
        scores = A * (weights * e / (1.0 - leverage))[:, np.newaxis]
        covariance = inverse @ scores.T @ scores @ inverse
        # Single precision sums of the 0/1 design behind the coefficients.
        assert groups is None
        assert_allclose(
            explanation.standard_errors[i], np.sqrt(np.diag(covariance))[1:], rtol=1e-4
        )


def test_scrambles_have_the_sandwich_of_their_sums(diabetes):
    model, X = diabetes
    # A standardised design has no control variates.
    sampler = MarginalSampler(n_bins=None)
    setting = {"method": "sampling", "n_samples": 1024, "random_state": 0}
    explainer = LimeExplainer(model, sampler=sampler, **setting)
    explanation = explainer.fit(X).explain(X[:3], uncertainty=True)
    for i in range(3):
        A, weights, f, groups = drawn(explainer, X[i : i + 1])
        inverse = penalised(A, weights)
        e = f - A @ np.append(explanation.intercepts[i], explanation.values[i])
        scores = A * (weights * e)[:, np.newaxis]
        sums = np.array([scores[groups == g].sum(axis=0) for g in range(8)])
        off = sums - sums.mean(axis=0)
        covariance = inverse @ (8 / 7 * off.T @ off) @ inverse
        assert_allclose(
            explanation.standard_errors[i], np.sqrt(np.diag(covariance))[1:], rtol=1e-3
        )


@pytest.mark.parametrize("sequence", ["sobol", "random"])
@pytest.mark.parametrize("width", [1.0, None])
def test_intervals_cover_the_limit(sequence, width):
    forest, X = fitted(RandomForestRegressor(20, max_depth=6, random_state=0), "diabetes")
    rows = X[::88]
    setting = {"kernel": ExponentialKernel(width=width), "weighting": "kernel"}
    limit = LimeExplainer(forest, method="exact", **setting).fit(X).transform(rows)
    inside = []
    for seed in range(40):
        explainer = LimeExplainer(
            forest,
            method="sampling",
            sampler=MarginalSampler(sequence=sequence),
            random_state=seed,
            **setting,
        ).fit(X)
        lower, upper = explainer.explain(rows, uncertainty=True).confidence_intervals()
        inside.append((lower <= limit) & (limit <= upper))
    # 40 seeds x 60 coefficients, correlated within a seed: a binomial error of 0.9 % for
    # some 600 independent ones, and up to 1 % lost to the penalty's bias.
    assert 0.92 < np.mean(inside) < 0.98


def test_asking_for_errors_changes_no_value(diabetes):
    model, X = diabetes
    for sampler in (MarginalSampler(), GaussianSampler("instance"), GaussianSampler()):
        setting = {"method": "sampling", "n_samples": 256, "random_state": 0}
        explainer = LimeExplainer(model, sampler=sampler, **setting)
        explainer.fit(X)
        plain = explainer.explain(X[:5])
        certain = explainer.explain(X[:5], uncertainty=True)
        assert plain.standard_errors is None
        assert certain.standard_errors.shape == certain.values.shape
        for name in ("values", "intercepts", "scores", "support", "local_predictions"):
            assert_array_equal(getattr(certain, name), getattr(plain, name))
        assert_array_equal(certain.values, explainer.transform(X[:5]))


def test_the_exact_limit_has_no_error():
    forest, X = fitted(RandomForestClassifier(10, random_state=0), "wine")
    explanation = (
        LimeExplainer(forest, target="all").fit(X).explain(X[:4], uncertainty=True)
    )
    assert explanation.meta["method"] == "exact"
    assert_array_equal(explanation.standard_errors, np.zeros((4, 3, 13)))
    lower, upper = explanation.confidence_intervals()
    assert_array_equal(lower, explanation.values)
    assert_array_equal(upper, explanation.values)


def test_a_linear_model_seen_as_it_is_has_no_error_but_the_penalty():
    model, X = fitted(LinearRegression(), "diabetes")
    explainer = LimeExplainer(
        model,
        method="sampling",
        sampler=GaussianSampler(sequence="random"),
        random_state=0,
    ).fit(X)
    explanation = explainer.explain(X[:5], uncertainty=True)
    # What the penalty of one draw in 4,096 leaves unexplained.
    largest = np.abs(explanation.values).max()
    assert explanation.standard_errors.max() < 1e-4 * largest


def test_errors_scale_with_the_answers():
    found = []
    forest, X = fitted(RandomForestRegressor(5, random_state=0), "diabetes")
    for unit in (1.0, 1e-9, 1e9):
        model = FunctionRegressor(lambda X, unit=unit: unit * forest.predict(X))
        explainer = LimeExplainer(model, n_samples=256, random_state=1).fit(X)
        explanation = explainer.explain(X[:2], uncertainty=True)
        found.append(explanation.standard_errors / unit)
    # Single precision sums behind the coefficients, rounded otherwise in each unit.
    assert_allclose(found[1], found[0], rtol=1e-4)
    assert_allclose(found[2], found[0], rtol=1e-4)


def test_features_that_were_not_selected_have_no_error(diabetes):
    model, X = diabetes
    setting = {"method": "sampling", "n_samples": 256, "random_state": 0}
    explainer = LimeExplainer(model, selector=ForwardSelection(k=3), **setting).fit(X)
    explanation = explainer.explain(X[:5], uncertainty=True)
    assert_array_equal(np.isnan(explanation.standard_errors), explanation.values == 0.0)


def test_every_output_has_errors_of_its_own():
    model, X = fitted(SVC(decision_function_shape="ovr"), "wine")
    setting = {"method": "sampling", "n_samples": 512, "random_state": 0}
    explainer = LimeExplainer(model, **setting).fit(X)
    together = explainer.explain(X[:3], target="all", uncertainty=True)
    for c in range(3):
        alone = explainer.explain(X[:3], target=c, uncertainty=True)
        assert_allclose(alone.standard_errors, together.standard_errors[:, c], rtol=1e-9)


def test_a_constant_column_is_certain_and_a_constant_model_too():
    X, _ = table("diabetes")
    X = X.copy()
    X[:, 3] = 7.0
    model = SVR().fit(X, X[:, 0])
    explanation = (
        LimeExplainer(model, method="sampling", n_samples=256, random_state=0)
        .fit(X)
        .explain(X[:2], uncertainty=True)
    )
    assert_array_equal(explanation.standard_errors[:, 3], 0.0)
    flat = SVR().fit(X, np.full(len(X), 2.0))
    explanation = (
        LimeExplainer(flat, method="sampling", n_samples=256, random_state=0)
        .fit(X)
        .explain(X[:2], uncertainty=True)
    )
    assert_array_equal(explanation.standard_errors, 0.0)


def test_errors_tell_how_seeds_disagree():
    forest, X = fitted(RandomForestClassifier(10, random_state=0), "breast cancer")
    values, errors = [], []
    for seed in range(30):
        explainer = LimeExplainer(
            forest, method="sampling", n_samples=512, random_state=seed
        ).fit(X)
        explanation = explainer.explain(X[:3], uncertainty=True)
        values.append(explanation.values)
        errors.append(explanation.standard_errors)
    ratio = np.sqrt(np.mean(np.square(errors)) / np.mean(np.var(values, axis=0, ddof=1)))
    # 30 seeds and 90 coefficients, of which some 20 independent: 5 % either way, and what
    # a sandwich of eight lacks in small samples.
    assert 0.85 < ratio < 1.2


def test_errors_of_a_foreign_surrogate_are_unknown(diabetes):
    model, X = diabetes
    explainer = LimeExplainer(model, surrogate=LinearRegression(), n_samples=64).fit(X)
    with pytest.raises(ValueError, match="uncertainty=True needs standard errors"):
        explainer.explain(X[:2], uncertainty=True)


def test_frames_and_intervals_show_the_errors(diabetes):
    model, X = diabetes
    explainer = LimeExplainer(model, method="sampling", n_samples=256, random_state=0).fit(
        X
    )
    explanation = explainer.explain(X[:2], uncertainty=True)
    frame = explanation.to_frame()
    assert_array_equal(frame["standard_error"], explanation.standard_errors.ravel())
    lower, upper = explanation.confidence_intervals(0.9)
    half = t.ppf(0.95, 7) * explanation.standard_errors
    assert_allclose(upper - explanation.values, half, rtol=1e-12, atol=1e-9)
    assert_allclose(explanation.values - lower, half, rtol=1e-12, atol=1e-9)
