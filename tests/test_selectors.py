import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge, lars_path
from sklearn.pipeline import make_pipeline

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.moments.independent import IndependentCentralMoments
from sklime.moments.sampled import SampledCentralMoments
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import (
    AllFeatures,
    AutoSelector,
    ForwardSelection,
    HighestWeights,
    LassoPath,
)

SIZED = [HighestWeights, ForwardSelection, LassoPath, AutoSelector]


def weighted_regression(seed):
    """Correlated columns of which about half matter, noisy answers, uneven weights."""
    rng = np.random.default_rng(seed)
    n, d = rng.integers(30, 120), rng.integers(2, 9)
    Z = rng.normal(size=(n, d)) @ (np.eye(d) + 0.3 * rng.normal(size=(d, d)))
    if seed % 2:
        Z = (Z > rng.normal(size=d) / 2).astype(float)
    y = Z @ (rng.normal(size=d) * (rng.random(d) < 0.6)) + rng.normal(size=n) + 10.0
    return Z, y, rng.exponential(size=n), int(rng.integers(1, d + 1))


def kept_by(selector, Z, y, weights=None):
    return list(selector.fit(Z, y, sample_weight=weights).get_support(indices=True))


# ---- against fits of scikit-learn


def forward_sweep(Z, y, weights, k):
    """The column that raises R2 most, k times, every candidate fitted anew."""
    chosen = []
    for _ in range(k):
        left = [j for j in range(Z.shape[1]) if j not in chosen]
        scores = [
            LinearRegression()
            .fit(Z[:, [*chosen, j]], y, sample_weight=weights)
            .score(Z[:, [*chosen, j]], y, sample_weight=weights)
            for j in left
        ]
        chosen.append(left[int(np.argmax(scores))])
    return sorted(chosen)


def last_knot_within(Z, y, weights, k):
    """Active columns of the last knot of the weighted lasso path with at most k."""
    root = np.sqrt(weights)
    centred = Z - np.average(Z, axis=0, weights=weights)
    y = y - np.average(y, weights=weights)
    *_, path = lars_path(centred * root[:, np.newaxis], y * root, method="lasso")
    return next(
        [*np.flatnonzero(coef)] for coef in path.T[::-1] if np.count_nonzero(coef) <= k
    )


def largest_of_ridge(Z, y, weights, k):
    ridge = Ridge(alpha=0.01 * weights.mean()).fit(Z, y, sample_weight=weights)
    return sorted(np.argsort(-np.abs(ridge.coef_))[:k])


@pytest.mark.parametrize(
    ("make_selector", "brute_force"),
    [
        (ForwardSelection, forward_sweep),
        (LassoPath, last_knot_within),
        (HighestWeights, largest_of_ridge),
    ],
)
def test_choice_is_that_of_fits_by_scikit_learn(make_selector, brute_force):
    # Noise in the answers makes ties impossible.
    for seed in range(60):
        Z, y, weights, k = weighted_regression(seed)
        assert kept_by(make_selector(k), Z, y, weights) == brute_force(Z, y, weights, k), (
            f"seed {seed}"
        )


@pytest.mark.parametrize("k", [1, 6, 7, 20])
def test_auto_is_forward_selection_up_to_six_and_highest_weights_above(k):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(200, 30)) @ rng.normal(size=(30, 30))
    y = Z @ rng.normal(size=30) + rng.normal(size=200)
    forward, highest = kept_by(ForwardSelection(k), Z, y), kept_by(HighestWeights(k), Z, y)
    assert forward != highest
    assert kept_by(AutoSelector(k), Z, y) == (forward if k <= 6 else highest)


def test_all_features_keeps_all():
    Z, y, weights, _ = weighted_regression(0)
    assert AllFeatures().fit(Z, y, sample_weight=weights).get_support().all()


# ---- what must hold for any regression


@pytest.mark.parametrize("make_selector", SIZED)
@given(seed=st.integers(0, 2**32 - 1))
def test_units_and_origins_of_answers_and_weights_do_not_matter(make_selector, seed):
    Z, y, weights, k = weighted_regression(seed)
    selector = make_selector(k)
    expected = kept_by(selector, Z, y, weights)
    assert kept_by(selector, Z, 1e6 * y - 1e7, 1e-9 * weights) == expected
    assert len(expected) <= k


@pytest.mark.parametrize("make_selector", SIZED)
@given(seed=st.integers(0, 2**32 - 1))
def test_order_of_columns_does_not_matter(make_selector, seed):
    Z, y, weights, k = weighted_regression(seed)
    order = np.random.default_rng(seed).permutation(Z.shape[1])
    moved = kept_by(make_selector(k), Z[:, order], y, weights)
    assert sorted(order[moved]) == kept_by(make_selector(k), Z, y, weights)


@pytest.mark.parametrize("make_selector", SIZED)
def test_weights_are_repetitions(make_selector):
    for seed in range(20):
        Z, y, _, k = weighted_regression(seed)
        times = np.random.default_rng(seed).integers(0, 4, size=len(y))
        repeated = make_selector(k).fit(np.repeat(Z, times, axis=0), np.repeat(y, times))
        weighted = make_selector(k).fit(Z, y, sample_weight=times)
        np.testing.assert_array_equal(repeated.get_support(), weighted.get_support())


@pytest.mark.parametrize("make_selector", [ForwardSelection, LassoPath, HighestWeights])
def test_the_one_column_that_matters_is_kept_and_more_are_not_needed(make_selector):
    Z = np.random.default_rng(0).normal(size=(100, 6))
    assert kept_by(make_selector(1), Z, 3.0 - 2.0 * Z[:, 4]) == [4]


@pytest.mark.parametrize("make_selector", SIZED)
def test_k_of_all_columns_or_more_keeps_all(make_selector):
    Z = np.random.default_rng(0).normal(size=(100, 5))
    y = Z @ [1.0, 2.0, 3.0, 4.0, 5.0] + np.sin(np.arange(100))
    for k in (5, 50):
        assert kept_by(make_selector(k), Z, y) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("make_selector", [ForwardSelection, LassoPath, HighestWeights])
def test_columns_that_do_not_vary_are_not_preferred(make_selector):
    Z = np.random.default_rng(0).normal(size=(100, 4))
    Z[:, 0] = 7.0
    assert kept_by(make_selector(2), Z, Z @ [5.0, 1.0, 2.0, 3.0]) == [2, 3]


def test_forward_selection_does_not_take_a_copy_of_what_it_has():
    Z = np.random.default_rng(0).normal(size=(100, 3))
    Z = np.column_stack([Z, Z[:, 0], Z[:, 0] + Z[:, 1], np.ones(100)])
    kept = kept_by(ForwardSelection(6), Z, Z[:, :3] @ [3.0, 2.0, 1.0])
    # Six columns of rank three, the first of each set of equals.
    assert len(kept) == 3 and np.linalg.matrix_rank(Z[:, kept]) == 3
    assert 3 not in kept and 5 not in kept


def test_lasso_path_keeps_nothing_of_answers_that_do_not_vary():
    Z = np.random.default_rng(0).normal(size=(50, 4))
    assert kept_by(LassoPath(2), Z, np.full(50, 3.0)) == []


# ---- as scikit-learn selectors


@pytest.mark.parametrize("make_selector", SIZED)
def test_selectors_transform_in_a_pipeline(make_selector):
    Z, y, *_ = weighted_regression(0)
    pipeline = make_pipeline(make_selector(1), LinearRegression()).fit(Z, y)
    [kept] = pipeline[0].get_support(indices=True)
    np.testing.assert_array_equal(pipeline[0].transform(Z), Z[:, [kept]])
    assert pipeline[0].get_feature_names_out().tolist() == [f"x{kept}"]


@pytest.mark.parametrize("make_selector", SIZED)
def test_selectors_are_equal_by_value_and_survive_clone_and_pickle(make_selector):
    selector = make_selector(k=3)
    assert clone(selector) == selector == pickle.loads(pickle.dumps(selector))
    assert selector != make_selector(k=4)
    assert repr(selector) == f"{make_selector.__name__}(k=3)"


@pytest.mark.parametrize("make_selector", SIZED)
@pytest.mark.parametrize("k", [0, -1, 2.0, "3", True, None])
def test_k_that_is_no_positive_integer_is_refused(make_selector, k):
    Z, y, *_ = weighted_regression(0)
    with pytest.raises(ValueError, match=rf"k=.* of {make_selector.__name__} must be"):
        make_selector(k).fit(Z, y)
    with pytest.raises(ValueError, match=rf"k=.* of {make_selector.__name__} must be"):
        LimeExplainer(FunctionRegressor(len), selector=make_selector(k)).fit(Z)


@pytest.mark.parametrize("weights", [[1.0], [-1.0, 1.0, 1.0], [0.0] * 3, [np.nan] * 3])
def test_weights_that_make_no_sense_are_refused(weights):
    with pytest.raises(ValueError, match="one non-negative number a sample"):
        ForwardSelection(1).fit(np.eye(3), [1.0, 2.0, 4.0], sample_weight=weights)


# ---- inside an explainer


@pytest.mark.parametrize("selector", [make(2) for make in SIZED], ids=repr)
# Plain draws: pools of Sobol points have control variates.
@pytest.mark.parametrize(
    "sampler", [MarginalSampler(sequence="random"), GaussianSampler()], ids=repr
)
def test_explainer_keeps_for_every_row_and_output_what_the_selector_alone_keeps(
    sampler, selector
):
    X = np.random.default_rng(0).normal(size=(100, 5))
    model = FunctionRegressor(
        lambda X: np.sin(X @ [[1, 3], [2, 2], [3, 1], [1, 1], [0, 2]])
    )
    explainer = LimeExplainer(
        model,
        sampler=sampler,
        kernel=ExponentialKernel(width=1.0),
        selector=selector,
        n_samples=512,
        random_state=0,
    ).fit(X)
    explanation = explainer.explain(X[:8])
    around = explainer.sampler_.sample(
        X[:8], explainer.n_samples_, random_state=explanation.meta["seed"]
    )
    for own, values in zip(around, explanation.values, strict=True):
        w = explainer.kernel_(own.design, own.position)
        for y, coef in zip(model.predict(own.inputs).T, values, strict=True):
            kept = kept_by(clone(selector), own.design.astype(float), y, w)
            assert list(np.flatnonzero(coef)) == kept


@pytest.mark.parametrize("make_selector", SIZED)
def test_constant_and_repeated_columns_disturb_no_selector(make_selector):
    X = np.random.default_rng(0).normal(size=(60, 3))
    X = np.column_stack([X, np.full(60, 2.0), X[:, 0]])
    model = FunctionRegressor(lambda X: X[:, 0] * X[:, 1] + X[:, 4])
    explainer = LimeExplainer(model, selector=make_selector(3), random_state=0).fit(X)
    kept = explainer.transform(X) != 0.0
    assert (kept.sum(axis=1) == 3).all() and not kept[:, 3].any()


# ---- features known to be independent


@pytest.mark.parametrize("make_selector", SIZED)
@pytest.mark.parametrize("k", [1, 3, 6, 8, 11])
def test_independent_features_are_chosen_as_in_general(make_selector, k):
    rng = np.random.default_rng(k)
    n, d, outputs = 40, 10, 2
    p = rng.uniform(0.02, 0.98, (n, d))
    coef = rng.normal(size=(n, outputs, d)) * (rng.random((n, outputs, d)) < 0.8)
    variance = p * (1 - p)
    # A column that does not vary, nor counts.
    variance[:10, 4], coef[:10, :, 4] = 0.0, 0.0
    own = IndependentCentralMoments(p, variance, coef, variance == 0.0)
    general = SampledCentralMoments(
        own.gram, own.cross, own.spread, p, own.mean_y, np.inf, own.resolution
    )
    assert own.independent and not general.independent
    selector = make_selector(k)
    kept, expected = selector.select(own), selector.select(general)
    # What counts nothing may be kept or not, where there is room.
    np.testing.assert_array_equal(kept & (coef != 0.0), expected & (coef != 0.0))
    assert (kept.sum(axis=2) <= k).all()
