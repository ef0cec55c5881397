from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.feature_selection import SelectFromModel
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import Lasso, LinearRegression, Ridge, SGDClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import UnknownValueWarning
from sklime.kernels import ExponentialKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import (
    AllFeatures,
    AutoSelector,
    ForwardSelection,
    HighestWeights,
    LassoPath,
)

X, y = load_diabetes(return_X_y=True)
FOREST = RandomForestRegressor(20, max_depth=6, random_state=0)
TURNED = FunctionTransformer(lambda X: X * np.resize([1.0, -3.0, 0.5], 10) + 0.2)


@pytest.fixture(scope="module", autouse=True)
def fit_models():
    FOREST.fit(X, y)


def exact(model=FOREST, **params):
    return LimeExplainer(model, method="exact", **params).fit(X)


@pytest.mark.parametrize(
    "sampler",
    [
        MarginalSampler(),
        MarginalSampler(n_bins=None),
        GaussianSampler(),
        GaussianSampler(center="instance", scale=0.5),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "model",
    [
        FOREST,
        GradientBoostingRegressor(n_estimators=30, random_state=0),
        HistGradientBoostingRegressor(max_iter=30),
        LinearRegression(),
        make_pipeline(StandardScaler(), Ridge()),
        make_pipeline(StandardScaler(), clone(FOREST)),
        make_pipeline(TURNED, HistGradientBoostingRegressor(max_iter=30)),
    ],
    ids=lambda model: (
        "-".join(model.named_steps) if hasattr(model, "steps") else repr(model)
    ),
)
def test_many_draws_approach_the_limit(model, sampler):
    model, kernel = clone(model).fit(X, y), ExponentialKernel(width=2.0)
    limit = exact(model, sampler=sampler, kernel=kernel).explain(X[:10])
    runs = [
        LimeExplainer(
            model,
            sampler=sampler,
            kernel=kernel,
            method="sampling",
            n_samples=16_384,
            random_state=seed,
        )
        .fit(X)
        .explain(X[:10])
        for seed in range(6)
    ]
    for name in ("values", "intercepts", "local_predictions", "effective_sample_sizes"):
        found = np.array([getattr(run, name) for run in runs])
        expected = getattr(limit, name)
        if name == "effective_sample_sizes":
            expected = expected * 4.0  # stated for 4,096 draws
        error = found.std(axis=0, ddof=1) / np.sqrt(len(runs))
        # Six standard errors on five degrees of freedom, over 10 rows x 10 columns, and the
        # penalty of one draw in 16,384.
        allowed = 6 * error + 2e-3 * np.abs(expected).max()
        assert (np.abs(found.mean(axis=0) - expected) <= allowed).all(), name
    # R squared comes from draws of the explainer's own: 4,096 a row.
    np.testing.assert_allclose(limit.scores, runs[0].scores, atol=0.05)


def test_seed_order_and_batch_change_no_bit():
    found = exact(random_state=0).transform(X)
    np.testing.assert_array_equal(exact(random_state=1).transform(X), found)
    np.testing.assert_array_equal(exact().transform(X[::-1])[::-1], found)
    alone = np.concatenate([exact().transform(row[np.newaxis]) for row in X[:5]])
    np.testing.assert_array_equal(alone, found[:5])
    np.testing.assert_array_equal(exact(n_jobs=2).transform(X), found)


def test_auto_takes_the_closed_form_where_there_is_one():
    assert LimeExplainer(FOREST).fit(X).method_ == "exact"
    assert LimeExplainer(FunctionRegressor(FOREST.predict)).fit(X).method_ == "sampling"
    assert LimeExplainer(FOREST, method="sampling").fit(X).method_ == "sampling"


def test_transform_does_not_ask_the_model():
    explainer = exact()
    asked = []
    explainer.estimator_.predict = lambda X: asked.append(len(X))
    try:
        explainer.transform(X)
    finally:
        del explainer.estimator_.predict
    assert asked == []


class Halved(RandomForestRegressor):
    def predict(self, X):
        return super().predict(X) / 2


class Clipped(Pipeline):
    def predict(self, X):
        return np.clip(super().predict(X), 0, 150)


@pytest.mark.parametrize(
    ("model", "params", "reason"),
    [
        (FunctionRegressor(FOREST.predict), {}, "FunctionRegressor"),
        (Halved(5, random_state=0), {}, "Halved"),
        (Clipped([("scale", StandardScaler()), ("fit", Ridge())]), {}, "Clipped"),
        (SGDClassifier(loss="modified_huber"), {}, "predict_proba is not linear"),
        (make_pipeline(PCA(), clone(FOREST)), {}, "mixes columns"),
        (FOREST, {"kernel": ExponentialKernel(metric="manhattan")}, "not a product"),
        (FOREST, {"kernel": lambda Z, z: np.ones(len(Z))}, "not a product"),
        (FOREST, {"sampler": MarginalSampler(within="truncnorm")}, "truncnorm"),
        (FOREST, {"sampler": GaussianSampler(n_bins=4)}, "n_bins=None"),
        (FOREST, {"selector": SelectFromModel(Lasso())}, "selector"),
        (FOREST, {"surrogate": Ridge()}, "surrogate"),
    ],
    ids=lambda case: type(case).__name__ if hasattr(case, "fit") else "",
)
def test_what_has_no_closed_form_says_why_and_is_sampled(model, params, reason):
    if hasattr(model, "fit") and model is not FOREST:
        model = clone(model).fit(X, y > 150 if is_classifier(model) else y)
    with pytest.raises(ValueError, match=f'method="exact".*{reason}'):
        LimeExplainer(model, method="exact", **params).fit(X)
    assert LimeExplainer(model, n_samples=64, **params).fit(X).method_ == "sampling"


def test_sparse_tables_are_sampled():
    model = RandomForestRegressor(5, random_state=0).fit(csr_matrix(X), y)
    with pytest.raises(ValueError, match="sparse table"):
        LimeExplainer(model, method="exact").fit(csr_matrix(X))


def test_an_unknown_method_is_told():
    with pytest.raises(ValueError, match=r"method='precise' of .* must be one of 'auto'"):
        LimeExplainer(FOREST, method="precise").fit(X)


@pytest.mark.parametrize(
    "selector",
    [HighestWeights(3), ForwardSelection(3), LassoPath(3), AutoSelector(3)],
    ids=repr,
)
def test_selectors_choose_in_the_limit_what_theory_says(selector):
    found = exact(selector=selector).explain(X[:20])
    full = exact().explain(X[:20])
    kept = found.values != 0
    assert (kept.sum(axis=1) == 3).all()
    np.testing.assert_array_equal(found.values[kept], full.values[kept])
    # Of independent features, b the coefficient and v the variance of the 0/1 feature,
    # weights rank |b|, forward selection b^2 v and the lasso path |b| v.
    size, share = np.abs(full.values), full.support / 4096
    variance = share * (1 - share)
    if isinstance(selector, HighestWeights):
        rank = size
    else:
        rank = size * variance if isinstance(selector, LassoPath) else size**2 * variance
    expected = np.zeros(kept.shape, dtype=bool)
    np.put_along_axis(expected, np.argsort(-rank, axis=1)[:, :3], True, axis=1)
    np.testing.assert_array_equal(kept, expected)


def test_columns_that_the_model_ignores_get_exactly_zero():
    model = RandomForestRegressor(5, max_depth=3, random_state=0).fit(X[:, :4], y)
    table = X[:, [0, 1, 2, 3]]
    used = np.unique(np.concatenate([t.tree_.feature[t.tree_.feature >= 0] for t in model]))
    found = LimeExplainer(model, method="exact").fit(table).transform(table)
    assert (found[:, np.setdiff1d(range(4), used)] == 0).all()
    assert (found[:, used] != 0).any(axis=0).all()


def test_values_that_training_never_had_get_zero_and_a_word():
    codes = np.column_stack([np.arange(200) % 3, np.random.default_rng(0).normal(size=200)])
    model = RandomForestRegressor(5, random_state=0).fit(codes, codes.sum(axis=1))
    sampler = MarginalSampler(categorical_features=[0], handle_unknown="ignore")
    explainer = LimeExplainer(model, method="exact", sampler=sampler).fit(codes)
    with pytest.warns(UnknownValueWarning, match="'x0'"):
        found = explainer.transform(np.array([[7.0, 0.3], [1.0, 0.3]]))
    assert found[0, 0] == 0.0
    assert found[1, 0] != 0.0
    # The other column answers as if the first were drawn from its marginal.
    many = LimeExplainer(
        model, method="sampling", sampler=sampler, n_samples=2**16, random_state=0
    ).fit(codes)
    with pytest.warns(UnknownValueWarning):
        sampled = many.transform(np.array([[7.0, 0.3]]))
    np.testing.assert_allclose(found[0], sampled[0], atol=0.02 * np.abs(found).max())


@pytest.mark.parametrize("sampler", [MarginalSampler(), GaussianSampler()], ids=repr)
def test_an_isotropic_rbf_is_the_exponential_kernel_of_its_length_scale(sampler):
    ours = exact(sampler=sampler, kernel=ExponentialKernel(width=1.3)).explain(X[:10])
    for kernel in (RBF(1.3), RBF([1.3])):
        theirs = exact(sampler=sampler, kernel=kernel).explain(X[:10])
        # The width goes through a square and a square root.
        np.testing.assert_allclose(theirs.values, ours.values, rtol=1e-10)
        np.testing.assert_allclose(
            theirs.effective_sample_sizes, ours.effective_sample_sizes, rtol=1e-10
        )
    with pytest.raises(ValueError, match="not a product over columns"):
        exact(sampler=sampler, kernel=RBF(np.full(10, 1.3)))


@pytest.mark.parametrize("k", range(1, 7))
def test_a_lasso_path_takes_columns_of_equal_effect_one_by_one(k):
    effects = np.array([1.0, 0.5, 1.0, -1.0, 0.5, 0.25])
    table = np.array(list(product([0.0, 1.0], repeat=6)))
    model = LinearRegression().fit(table, table @ effects)
    model.coef_ = effects
    explainer = LimeExplainer(model, method="exact", selector=LassoPath(k)).fit(table)
    # Of independent columns of equal variance the largest effects, the first of equal ones.
    kept = np.argsort(-np.abs(effects), kind="stable")[:k]
    for values in explainer.transform(table):
        assert np.flatnonzero(values).tolist() == sorted(kept)


def test_many_columns_of_equal_effect_have_a_lasso_path():
    table = np.random.default_rng(0).integers(0, 2, (400, 40)).astype(float)
    table = np.concatenate([table, 1.0 - table])  # equal halves: ties are exact
    model = LinearRegression().fit(table, table.sum(axis=1))
    model.coef_ = np.repeat([2.0, -2.0, 1.0, 0.5], 10)
    found = LimeExplainer(model, method="exact", selector=LassoPath(15)).fit(table)
    kept = found.transform(table[:5]) != 0.0
    np.testing.assert_array_equal(kept, np.tile(np.arange(40) < 15, (5, 1)))


@pytest.mark.parametrize("selector", [AllFeatures(), ForwardSelection(k=2)])
def test_rows_of_wide_tables_are_explained_together_and_alike(selector):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 400))
    forest = RandomForestRegressor(5, random_state=0).fit(X, X[:, 0] + X[:, 1])
    explainer = LimeExplainer(forest, method="exact", selector=selector).fit(X)
    together = explainer.transform(X)
    with config_context(working_memory=1):
        np.testing.assert_array_equal(explainer.transform(X), together)
