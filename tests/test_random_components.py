"""Random surrogates, selectors, models and picks: repeatable, without the global state."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.linear_model import Lasso, LinearRegression, SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler

from sklime import FunctionRegressor, LimeExplainer
from sklime.pick import SubmodularPick
from sklime.samplers import MarginalSampler, TokenSampler

X = np.random.default_rng(0).normal(size=(80, 4))
MODEL = FunctionRegressor(lambda X: X[:, 0] + np.tanh(3 * X[:, 1]) * X[:, 2])
COMPONENTS = {
    "sgd": {"surrogate": SGDRegressor(max_iter=5, tol=None)},
    "random lasso": {
        "surrogate": Lasso(0.01, selection="random")
    },
    "selector": {"selector": SelectFromModel(SGDRegressor(max_iter=2, tol=None))},
    "forest of a selector": {
        "selector": SelectFromModel(RandomForestRegressor(3, max_features=1))
    },
    "elimination": {
        "selector": RFE(SGDRegressor(max_iter=2, tol=None), n_features_to_select=2)
    },
    "shared generator": {
        "surrogate": SGDRegressor(
            random_state=np.random.RandomState(3), max_iter=5, tol=None
        )
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def global_state_stays():
    # The state itself, by its one legacy name.
    before = np.random.mtrand._rand.get_state()
    yield
    after = np.random.mtrand._rand.get_state()
    np.testing.assert_array_equal(after[1], before[1])
    assert after[2:] == before[2:]


@pytest.mark.parametrize("kind", COMPONENTS)
def test_equal_rows_are_explained_alike_by_random_components(kind):
    explainer = LimeExplainer(MODEL, n_samples=256, random_state=0, **COMPONENTS[kind])
    explainer.fit(X)
    found = explainer.transform(X[:6])
    assert found.any()
    np.testing.assert_array_equal(explainer.transform(X[:6]), found)
    np.testing.assert_array_equal(explainer.transform(X[5:1:-1]), found[5:1:-1])
    np.testing.assert_array_equal(explainer.transform(X[[2, 2]]), found[[2, 2]])
    with_jobs = clone(explainer).set_params(n_jobs=2).fit(X)
    np.testing.assert_array_equal(with_jobs.transform(X[:6]), found)


def test_seeds_of_surrogates_follow_the_explainers():
    own = {"surrogate": COMPONENTS["sgd"]["surrogate"], "n_samples": 256}
    one, other = (LimeExplainer(MODEL, random_state=seed, **own).fit(X) for seed in (0, 1))
    assert one.surrogate.random_state is None
    assert one.surrogate_.random_state != other.surrogate_.random_state
    # Resolved once, in fit.
    free = LimeExplainer(MODEL, **own).fit(X)
    np.testing.assert_array_equal(free.transform(X[:3]), free.transform(X[:3]))
    given = SGDRegressor(random_state=7, max_iter=5, tol=None)
    fitted = LimeExplainer(MODEL, surrogate=given, random_state=0, n_samples=256).fit(X)
    assert fitted.surrogate_.random_state == 7


def test_random_surrogates_of_texts_are_repeatable():
    praise = FunctionRegressor(lambda texts: np.array([float("good" in t) for t in texts]))
    texts = ["a good film about nothing", "nothing good about it", "a film"]
    explainer = LimeExplainer(
        praise, sampler=TokenSampler(), surrogate=SGDRegressor(max_iter=5, tol=None)
    ).fit(texts)
    found = explainer.transform(texts).toarray()
    np.testing.assert_array_equal(explainer.transform(texts[::-1]).toarray(), found[::-1])


@pytest.mark.parametrize("random_state", [0, None])
def test_unfitted_models_are_seeded(random_state):
    y = MODEL.predict(X)
    model = make_pipeline(StandardScaler(), RandomForestRegressor(3))
    explainer = LimeExplainer(model, n_samples=64, random_state=random_state).fit(X, y)
    assert explainer.estimator_[-1].random_state is not None
    assert model[-1].random_state is None
    if random_state is not None:
        again = clone(explainer).fit(X, y)
        np.testing.assert_array_equal(again.transform(X[:2]), explainer.transform(X[:2]))


def test_candidates_of_picks_are_drawn_without_the_global_state():
    A = np.random.default_rng(0).normal(size=(60, 4))
    assert len(SubmodularPick(3, max_candidates=10).fit(A).indices_) == 3
    one, other = (
        SubmodularPick(3, max_candidates=10, random_state=0).fit(A).indices_ for _ in "ab"
    )
    np.testing.assert_array_equal(one, other)


def test_discretisers_that_draw_rows_cut_equal_columns_alike():
    long = np.random.default_rng(0).normal(size=(300, 2))
    binning = KBinsDiscretizer(4, subsample=100)
    draws = [
        MarginalSampler(binning=binning).fit(long).sample(X[:1, :2], random_state=0)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(draws[0][0].design, draws[1][0].design)


class Plain(LinearRegression, BaseEstimator):
    """A surrogate without a random state."""


def test_components_without_randomness_stay_as_they_are():
    explainer = LimeExplainer(MODEL, surrogate=Plain(), n_samples=64, random_state=0).fit(X)
    assert explainer.surrogate_.get_params() == Plain().get_params()
