"""Additive parts of shared pools: less noise, the same limit, for all consumers."""

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.svm import SVC, SVR

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import MarginalSampler
from sklime.selectors import ForwardSelection
from tests.models import fitted, table


@pytest.fixture(scope="module")
def diabetes():
    return fitted(SVR(C=100.0), "diabetes")


def sampled(model, X, **parameters):
    setting = {"method": "sampling", "random_state": 0} | parameters
    return LimeExplainer(model, **setting).fit(X)


@pytest.mark.parametrize("n_samples", [64, 512, 4096])
def test_a_users_ridge_is_the_built_in_one(diabetes, n_samples):
    model, X = diabetes
    plain = {"sampler": MarginalSampler(sequence="random"), "n_samples": n_samples}
    built_in = sampled(model, X, **plain).explain(X[:4])
    users = sampled(model, X, surrogate=Ridge(), **plain).explain(X[:4])
    # Products of 0/1 designs are summed in single precision.
    close = {"rtol": 1e-4, "atol": 1e-4 * np.abs(built_in.values).max()}
    assert_allclose(users.values, built_in.values, **close)
    assert_allclose(users.intercepts, built_in.intercepts, rtol=1e-4)
    assert_allclose(users.scores, built_in.scores, atol=1e-4)


def test_scores_are_those_of_the_models_own_answers(diabetes):
    model, X = diabetes
    explainer = sampled(model, X)
    explanation = explainer.explain(X[:3])
    draws = explainer.sampler_.sample(X[:3], 4096, explanation.meta["seed"])
    for i, own in enumerate(draws):
        f, weights = model.predict(own.inputs), explainer.kernel_(own.design, own.position)
        g = explanation.intercepts[i] + own.design @ explanation.values[i]
        middle = np.average(f, weights=weights)
        unexplained = weights @ (f - g) ** 2 / (weights @ (f - middle) ** 2)
        assert explanation.scores[i] == pytest.approx(1.0 - unexplained, abs=1e-4)


def test_additive_models_are_known_but_for_the_size_of_cells():
    model, X = fitted(LinearRegression(), "diabetes")
    limit = LimeExplainer(model, method="exact").fit(X).transform(X[:20])
    errors = {}
    for sequence in ("sobol", "random"):
        sampler = MarginalSampler(sequence=sequence)
        found = sampled(model, X, sampler=sampler).transform(X[:20])
        errors[sequence] = np.abs(found - limit).max() / np.abs(limit).max()
    # Cells of a sixteenth leave the draws little to tell, and least in the tails.
    assert errors["sobol"] < 0.2 * errors["random"]


@pytest.mark.parametrize("width", [1.5, None])
def test_the_limit_stays_the_same(width):
    forest, X = fitted(RandomForestClassifier(20, random_state=0), "breast cancer")
    setting = {"kernel": ExponentialKernel(width=width), "weighting": "kernel"}
    limit = LimeExplainer(forest, method="exact", **setting).fit(X).transform(X[:5])
    found = [
        sampled(forest, X, n_samples=1024, random_state=seed, **setting).transform(X[:5])
        for seed in range(30)
    ]
    off = np.mean(found, axis=0) - limit
    error = np.std(found, axis=0, ddof=1) / np.sqrt(30)
    # 150 means on 29 degrees, and the penalty's bias of less than a tenth of an error.
    assert np.sqrt(np.mean((off / error) ** 2)) < 1.4


def test_half_the_variance_is_gone_where_columns_act_alone():
    forest, X = fitted(RandomForestRegressor(20, max_depth=3, random_state=0), "diabetes")
    limit = LimeExplainer(forest, method="exact").fit(X).transform(X[:10])

    def error(surrogate):
        found = [
            sampled(forest, X, random_state=seed, **surrogate).transform(X[:10])
            for seed in range(8)
        ]
        return np.square(np.array(found) - limit).mean()

    class WithoutAdditivePart(MarginalSampler):
        cells_known = False

    assert error({}) < 0.7 * error({"sampler": WithoutAdditivePart()})


def test_selectors_see_the_same_answers(diabetes):
    model, X = diabetes
    explainer = sampled(model, X, selector=ForwardSelection(k=3))
    explanation = explainer.explain(X[:10], uncertainty=True)
    assert_array_equal((explanation.values != 0).sum(axis=1), 3)
    assert_array_equal(np.isnan(explanation.standard_errors), explanation.values == 0)


def test_a_constant_model_stays_exactly_zero():
    X, _ = table("diabetes")
    explainer = sampled(FunctionRegressor(lambda X: np.full(len(X), 5.0)), X)
    explanation = explainer.explain(X[:3], uncertainty=True)
    assert_array_equal(explanation.values, 0.0)
    assert_array_equal(explanation.intercepts, 5.0)
    assert_array_equal(explanation.scores, 1.0)
    assert_array_equal(explanation.standard_errors, 0.0)


def test_missing_values_and_many_categories_have_cells():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=300), rng.integers(0, 40, 300)])
    X[::5, 0] = np.nan
    forest = RandomForestRegressor(10, random_state=0).fit(X, np.nan_to_num(X).sum(axis=1))
    sampler = MarginalSampler(categorical_features=[1])
    limit = LimeExplainer(forest, method="exact", sampler=sampler).fit(X)
    found = sampled(forest, X, sampler=sampler, n_samples=2**14).explain(
        X[:9], uncertainty=True
    )
    off = np.abs(found.values - limit.transform(X[:9]))
    assert (off <= 8 * found.standard_errors + 1e-3 * np.abs(found.values).max()).all()


def test_every_output_has_its_own_additive_part():
    model, X = fitted(SVC(), "wine")
    explainer = sampled(model, X, target="all", n_samples=512)
    together = explainer.explain(X[:3]).values
    for c in range(3):
        alone = explainer.explain(X[:3], target=c).values
        # Matrix products of one and of three outputs round differently.
        close = {"rtol": 1e-5, "atol": 1e-6 * np.abs(together).max()}
        assert_allclose(alone, together[:, c], **close)


@pytest.mark.parametrize("n_samples", [256, 1024, 4096])
def test_intervals_hold_the_limit_also_where_cells_are_many(n_samples):
    forest, X = fitted(RandomForestClassifier(20, random_state=0), "breast cancer")
    limit = LimeExplainer(forest, method="exact").fit(X).transform(X[::60])
    inside = []
    for seed in range(25):
        explainer = sampled(forest, X, n_samples=n_samples, random_state=seed)
        explanation = explainer.explain(X[::60], uncertainty=True)
        lower, upper = explanation.confidence_intervals(0.95)
        inside.append((lower <= limit) & (limit <= upper))
    # 25 seeds x 300 coefficients, some 60 of them independent: 0.6 %, and two for bias.
    assert 0.92 < np.mean(inside) < 0.98


# ---- black boxes that are, or nearly are, sums over the columns of a small discrete table

rng = np.random.default_rng(1)
# The third column has a level of frequency 5 %.
DISCRETE = np.column_stack(
    [
        rng.integers(0, 5, 400),
        rng.integers(0, 4, 400),
        rng.choice(4, 400, p=[0.05, 0.35, 0.3, 0.3]),
        rng.integers(0, 6, 400),
    ]
).astype(float)
LEVELS = 2
EXPLAINED = np.vstack([DISCRETE[DISCRETE[:, LEVELS] == 0][:2], DISCRETE[1:3]])


def a_sum(X):
    return X[:, 0] + 3 * X[:, 1] + np.sin(X[:, 2]) + 0.2 * X[:, 3] ** 2


def a_sum_and_a_box(X):
    return a_sum(X) + 2.0 * ((X[:, 0] > 1) & (X[:, 1] <= 2) & (X[:, 2] > 0))


def by_bins(X):
    """Quartile or level of each value."""
    cuts = np.quantile(DISCRETE, [0.25, 0.5, 0.75], axis=0).T
    own = [np.searchsorted(cut, values) for cut, values in zip(cuts, X.T, strict=True)]
    own[LEVELS] = X[:, LEVELS]
    return np.column_stack(own)


def enumerated(f, width):
    """Contrasts of the explained rows, over all combinations of the table's values."""
    marginals = [np.unique(own, return_counts=True) for own in DISCRETE.T]
    values, counts = zip(*marginals, strict=True)
    grid = np.array(list(product(*values)))
    masses = np.array(list(product(*counts))).prod(axis=1) / 400.0**4
    answers, limits = f(grid), []
    for row in EXPLAINED:
        Z = by_bins(grid) == by_bins(row[np.newaxis])
        weights = masses * np.exp(-0.5 * (~Z).sum(axis=1) / width**2)
        limits.append(
            [
                np.average(answers[z], weights=weights[z])
                - np.average(answers[~z], weights=weights[~z])
                for z in Z.T
            ]
        )
    return np.array(limits)


@pytest.mark.parametrize("weighting", ["auto", "tilted"])
@pytest.mark.parametrize("width", [1.5, 0.3])
@pytest.mark.parametrize("f", [a_sum, a_sum_and_a_box])
def test_intervals_hold_the_limit_of_models_that_are_nearly_sums(f, width, weighting):
    limits, inside = enumerated(f, width), []
    for seed in range(100):
        explainer = sampled(
            FunctionRegressor(f),
            DISCRETE,
            sampler=MarginalSampler(categorical_features=[LEVELS]),
            kernel=ExponentialKernel(width=width),
            weighting=weighting,
            random_state=seed,
        )
        explanation = explainer.explain(EXPLAINED, uncertainty=True)
        low, high = explanation.confidence_intervals(0.95)
        inside.append((low <= limits) & (limits <= high))
    inside = np.array(inside)
    # 1,600 cases, of which the rows of one seed share their draws.
    assert 0.92 <= inside.mean() <= 0.98
    # 200 cases each; the level that one row in twenty has is among them.
    assert inside[:, :2, LEVELS].mean() > 0.87


@pytest.mark.parametrize("width", [1.5, 0.3])
def test_errors_of_sums_are_small_and_stated(width):
    limits = enumerated(a_sum, width)
    off, errors = [], []
    for seed in range(20):
        explainer = sampled(
            FunctionRegressor(a_sum),
            DISCRETE,
            sampler=MarginalSampler(categorical_features=[LEVELS]),
            kernel=ExponentialKernel(width=width),
            random_state=seed,
        )
        explanation = explainer.explain(EXPLAINED, uncertainty=True)
        off.append(explanation.values - limits)
        errors.append(explanation.standard_errors)
    rms = np.sqrt(np.mean(np.square(off), axis=0))
    # A ridge on all of the answers would be off by 0.1 % of the largest, and 11 % at
    # width 0.3.
    assert rms.max() < 3e-3 * np.abs(limits).max()
    # Twenty pools; errors and their own scatter agree.
    assert 0.5 < np.sqrt(np.mean(np.square(errors))) / np.sqrt(np.mean(np.square(off))) < 2


@pytest.mark.parametrize("weighting", ["auto", "tilted"])
def test_no_penalty_shrinks_slopes_that_only_hold_around_the_row(weighting):
    """The additive part, fitted to all draws, is of no use beside a jump far away."""
    X = np.random.default_rng(0).integers(0, 2, (400, 8)).astype(float)
    slopes = np.arange(1.0, 9.0)

    def f(T):
        return T @ slopes + 1000.0 * (T.sum(axis=1) > 5)

    explainer = sampled(
        FunctionRegressor(f),
        X,
        sampler=MarginalSampler(categorical_features=list(range(8))),
        kernel=ExponentialKernel(width=0.3),
        weighting=weighting,
    )
    explanation = explainer.explain(np.zeros((1, 8)))
    assert explanation.support.min() < 50
    # A ridge would be off by 4 to 6 %.
    assert_allclose(explanation.values, -slopes[np.newaxis], rtol=0.01)
