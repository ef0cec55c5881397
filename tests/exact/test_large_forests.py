"""Closed forms of forests that are too large for lists of all combinations."""

import tracemalloc
from copy import copy
from itertools import product

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.tree import DecisionTreeRegressor

from sklime import LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import GaussianSampler, MarginalSampler


def noisy(n, d, gaps=0.0, seed=0):
    """A table and a response with so much noise that trees grow deep."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    y = X[:, 0] * X[:, 1] + np.sin(3 * X[:, 2]) + rng.normal(size=n)
    X[rng.random(X.shape) < gaps] = np.nan
    return X, y


X, y = noisy(1_200, 6, gaps=0.05)
# Missing values have no place in a normal law.
COMPLETE = X[~np.isnan(X).any(axis=1)]
FOREST = RandomForestRegressor(24, max_features=2, random_state=0, n_jobs=2)
CLASSES = RandomForestClassifier(24, random_state=0, n_jobs=2)


@pytest.fixture(scope="module", autouse=True)
def fit_models():
    FOREST.fit(X, y)
    CLASSES.fit(X, np.digitize(y, [-1, 1]))


def exact(model, table, **params):
    return LimeExplainer(model, method="exact", **params).fit(table)


@pytest.mark.parametrize("target", ["auto", "all"])
@pytest.mark.parametrize("forest", [FOREST, CLASSES], ids=lambda f: type(f).__name__)
@pytest.mark.parametrize("sampler", [MarginalSampler(), GaussianSampler()], ids=repr)
def test_a_forest_is_the_mean_of_its_parts(forest, sampler, target):
    def explained(trees, chosen):
        part = copy(forest)
        part.estimators_, part.n_estimators = trees, len(trees)
        return exact(part, X, sampler=sampler, target=chosen).explain(rows)

    rows = COMPLETE[:50]
    # Of three classes each row has its own; one stays the same in all parts.
    chosen = 1 if target == "auto" and forest is CLASSES else target
    whole = explained(forest.estimators_, chosen)
    parts = [explained([tree], chosen) for tree in forest.estimators_]
    for name in ("values", "intercepts", "local_predictions"):
        mean = np.mean([getattr(part, name) for part in parts], axis=0)
        # Rounding of sums over some ten thousand splits.
        np.testing.assert_allclose(
            getattr(whole, name), mean, rtol=0, atol=1e-11 * np.abs(mean).max()
        )


@pytest.mark.parametrize("sampler", [MarginalSampler(), GaussianSampler()], ids=repr)
@pytest.mark.parametrize("width", [1.0, 3.0])
def test_large_pools_approach_a_deep_forest(width, sampler):
    kernel = ExponentialKernel(width=width)
    rows = X[:12] if isinstance(sampler, MarginalSampler) else COMPLETE[:12]
    limit = exact(FOREST, X, sampler=sampler, kernel=kernel).transform(rows)
    runs = [
        LimeExplainer(
            FOREST,
            sampler=sampler,
            kernel=kernel,
            method="sampling",
            weighting="kernel",
            n_samples=2**15,
            random_state=seed,
        )
        .fit(X)
        .transform(rows)
        for seed in range(6)
    ]
    error = np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs))
    # Six standard errors on five degrees of freedom, over 72 coefficients, and the penalty
    # of one draw in 32,768.
    allowed = 6 * error + 1e-3 * np.abs(limit).max()
    assert (np.abs(np.mean(runs, axis=0) - limit) <= allowed).all()
    # The noise is small enough for that to mean something.
    assert np.median(error) < 0.05 * np.abs(limit).max()


def test_batch_and_order_change_no_bit():
    explainer = exact(FOREST, X)
    together = explainer.transform(X)
    np.testing.assert_array_equal(explainer.transform(X[::-1])[::-1], together)
    np.testing.assert_array_equal(explainer.transform(X[100:301]), together[100:301])
    for i in (0, 7, 900):
        np.testing.assert_array_equal(explainer.transform(X[[i]])[0], together[i])


def peak_of(action):
    tracemalloc.start()
    try:
        result = action()
        return result, tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def test_memory_of_a_forest_of_deep_trees_is_bounded():
    table, response = noisy(1_500, 20)
    forest = RandomForestRegressor(100, max_features=0.3, random_state=0, n_jobs=2)
    forest.fit(table, response).set_params(n_jobs=1)
    assert min(tree.get_depth() for tree in forest.estimators_) >= 15
    n_splits = sum(tree.get_n_leaves() - 1 for tree in forest.estimators_)
    assert n_splits > 90_000
    explainer, megabytes = peak_of(lambda: exact(forest, table))
    # A split has two numbers of 8 bytes for each of four bins and none; its children, test
    # and place take as much again; what is set up at a time takes some 10 MB.
    assert megabytes < n_splits * 160 / 2**20 + 16
    values, megabytes = peak_of(lambda: explainer.transform(table[:200]))
    # Four working arrays of 6 MB each for one group of trees, and three for its levels.
    assert megabytes < 48
    assert np.isfinite(values).all()


@pytest.mark.slow
def test_memory_of_a_thousand_trees_is_bounded():
    table, response = noisy(3_000, 20)
    forest = RandomForestRegressor(
        1_000, max_features=0.3, min_samples_leaf=3, random_state=0, n_jobs=2
    )
    forest.fit(table, response).set_params(n_jobs=1)
    assert min(tree.get_n_leaves() for tree in forest.estimators_) >= 300
    assert min(tree.get_depth() for tree in forest.estimators_) >= 15
    explainer, megabytes = peak_of(lambda: exact(forest, table))
    assert megabytes < 200
    values, megabytes = peak_of(lambda: explainer.transform(table[:64]))
    assert megabytes < 24
    parts = []
    for trees in np.split(np.array(forest.estimators_), 4):
        part = copy(forest)
        part.estimators_, part.n_estimators = list(trees), len(trees)
        parts.append(exact(part, table).transform(table[:64]))
    # Rounding of sums over half a million splits.
    np.testing.assert_allclose(
        values, np.mean(parts, axis=0), rtol=0, atol=1e-11 * np.abs(values).max()
    )


rng = np.random.default_rng(1)
N = 300
ZEROS = rng.choice([-0.0, 0.0, 0.5, -1.0, np.nan], N)
GAPS = np.where(rng.random(N) < 0.2, np.nan, rng.integers(0, 12, N) / 7)
# Pairs that are equal in single precision, of which trees see one value.
TIES = np.repeat(rng.permutation(10), 30) / 10 + rng.integers(0, 3, N) * 1e-10
TABLE = np.column_stack([ZEROS, GAPS, TIES])
RESPONSE = (
    np.nan_to_num(ZEROS, nan=0.3) * np.nan_to_num(GAPS, nan=2.0)
    + np.sin(9 * TIES)
    + 0.3 * rng.normal(size=N)
)


def contrasts(explainer, row, width):
    """``E[f | z_j = 1] - E[f | z_j = 0]``, the others tilted, over all combinations."""
    columns = explainer.sampler_.columns_
    grid = np.array(list(product(*(column.values for column in columns))))
    mass = [column.masses for column in columns]
    mass = np.prod(np.array(list(product(*mass))), axis=1)
    answers = explainer.estimator_.predict(grid)
    Z = explainer.sampler_.interpret(grid, row)
    factor = np.where(Z, 1.0, np.exp(-0.5 / width**2))
    found = []
    for j in range(Z.shape[1]):
        if Z[:, j].all():
            found.append(0.0)
            continue
        weight = mass * np.delete(factor, j, axis=1).prod(axis=1)
        same, other = (
            np.average(answers[at], weights=weight[at]) for at in (Z[:, j], ~Z[:, j])
        )
        found.append(same - other)
    return found


def check(model, table, response, rows, width=1.0, **sampler):
    model.fit(table, response)
    check_fitted(model, table, rows, width, **sampler)


def check_fitted(model, table, rows, width=1.0, **sampler):
    sampler = MarginalSampler(**sampler)
    kernel = ExponentialKernel(width=width)
    explainer = exact(model, table, sampler=sampler, kernel=kernel)
    found = explainer.transform(rows)
    expected = np.array([contrasts(explainer, row[np.newaxis], width) for row in rows])
    # Sums over some thousand combinations and splits.
    np.testing.assert_allclose(found, expected, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize("width", [0.001, 0.3, 2.0])
@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeRegressor(random_state=0),
        RandomForestRegressor(15, random_state=0),
        ExtraTreesRegressor(15, random_state=0),
        HistGradientBoostingRegressor(max_iter=40, min_samples_leaf=3),
    ],
    ids=lambda model: type(model).__name__,
)
def test_gaps_zeros_of_both_signs_and_ties_of_single_precision(model, width):
    check(model, TABLE, RESPONSE, TABLE[:15], width)


@pytest.mark.parametrize(
    "step",
    [
        FunctionTransformer(np.negative),
        FunctionTransformer(lambda x: np.abs(x - 0.4)),
        SimpleImputer(strategy="constant", fill_value=0.4, add_indicator=True),
        make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True),
            FunctionTransformer(np.negative),
        ),
        OneHotEncoder(),
        make_column_transformer(
            (FunctionTransformer(np.negative), [0, 1]),
            (FunctionTransformer(lambda x: np.column_stack([x, -x, x**3])), [0]),
            ("passthrough", [2]),
        ),
    ],
    ids=["falling", "bent", "imputed", "imputed and falling", "one-hot", "several"],
)
def test_steps_that_turn_bend_and_multiply_columns(step):
    model = make_pipeline(step, RandomForestRegressor(15, random_state=0))
    check(model, TABLE, RESPONSE, TABLE[:15])


@pytest.mark.parametrize("sampler", [{"n_bins": 2}, {"categorical_features": [0, 1]}])
def test_other_bins(sampler):
    check(RandomForestRegressor(15, random_state=0), TABLE, RESPONSE, TABLE[:15], **sampler)


def test_boxes_that_the_table_never_reaches():
    model = RandomForestRegressor(15, random_state=0).fit(TABLE, RESPONSE)
    part = TABLE[(TABLE[:, 2] < 0.6) & ~np.isnan(TABLE[:, 1])][:40].copy()
    check_fitted(model, part, part[:10])
    # A column of one value takes its splits out of play.
    part[:, 1] = 0.5
    check_fitted(model, part, part[:10])


def test_trees_without_a_split_are_constants():
    model = RandomForestRegressor(6, min_samples_leaf=40, random_state=0)
    model.fit(TABLE, RESPONSE)
    leaf = DecisionTreeRegressor(max_depth=1, min_samples_leaf=N, random_state=0)
    model.estimators_[1] = leaf.fit(TABLE, RESPONSE)
    check_fitted(model, TABLE, TABLE[:5])
    model.estimators_ = [leaf] * 6
    explanation = exact(model, TABLE).explain(TABLE[:5])
    assert (explanation.values == 0).all()
    np.testing.assert_allclose(explanation.intercepts, RESPONSE.mean(), rtol=1e-12)


def test_a_tree_of_as_many_leaves_as_rows():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(20_000, 1))
    grown = DecisionTreeRegressor(random_state=0).fit(table, rng.normal(size=20_000))
    assert grown.get_n_leaves() > 19_000
    check_fitted(grown, table, table[:4])


def test_more_chances_than_fit_into_memory_are_sampled():
    rng = np.random.default_rng(0)
    ids = np.column_stack([np.arange(4_000.0), rng.normal(size=4_000)])
    forest = RandomForestRegressor(10, random_state=0).fit(ids, rng.normal(size=4_000))
    sampler = MarginalSampler(categorical_features=[0])
    with pytest.raises(
        ValueError, match=r"chances at the bins .*, more than fit into memory"
    ):
        exact(forest, ids, sampler=sampler)
    auto = LimeExplainer(forest, sampler=sampler, n_samples=64).fit(ids)
    assert auto.method_ == "sampling"


def test_more_splits_than_can_be_compared_are_sampled():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(60_000, 1))
    grown = DecisionTreeRegressor(max_leaf_nodes=5_000, random_state=0)
    bent = make_pipeline(FunctionTransformer(np.abs), grown)
    bent.fit(table, rng.normal(size=60_000))
    with pytest.raises(ValueError, match="take longer to compare than draws do"):
        exact(bent, table)
    # Without the bend, the splits are points between ordered values.
    assert exact(grown, np.abs(table)).method_ == "exact"
