"""After a failed fit an estimator is unfitted and says why, whatever it was before."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.utils.validation import check_is_fitted

from sklime import FunctionRegressor, LimeExplainer
from sklime.cohorts import Cohorts
from sklime.pick import SubmodularPick
from sklime.samplers import (
    GaussianSampler,
    MarginalSampler,
    SequenceSampler,
    SuperpixelSampler,
    TokenSampler,
)
from sklime.selectors import HighestWeights

X = np.random.default_rng(0).normal(size=(60, 3))


class Server:
    """A model that can go down."""

    error = None

    def predict(self, X):
        if self.error is not None:
            raise self.error
        return X[:, 0] + X[:, 1]


def learnt(estimator):
    return [name for name in vars(estimator) if name.endswith("_")]


METHODS = {
    "transform": lambda e: e.transform(X[:1]),
    "explain": lambda e: e.explain(X[:1]),
    "score": lambda e: e.score(X[:1]),
    "get_feature_names_out": lambda e: e.get_feature_names_out(),
}


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize(
    "error", [RuntimeError("server down"), KeyboardInterrupt(), SystemExit(1)], ids=repr
)
def test_a_failed_fit_leaves_an_unfitted_explainer(error, refit):
    server = Server()
    explainer = LimeExplainer(server, n_samples=64, random_state=0)
    explainer.set_output(transform="pandas")
    if refit:
        explainer.fit(X)
    server.error = error
    with pytest.raises(type(error)):
        explainer.fit(100 * X)
    for ask in METHODS.values():
        with pytest.raises(
            NotFittedError, match=f"last fit failed with {type(error).__name__}"
        ):
            ask(explainer)
    with pytest.raises(NotFittedError):
        check_is_fitted(explainer)
    assert learnt(explainer) == []
    server.error = None
    found = explainer.fit(X).transform(X[:2])
    again = LimeExplainer(server, n_samples=64, random_state=0).fit(X)
    np.testing.assert_array_equal(found.to_numpy(), again.transform(X[:2]))


def test_a_fit_with_a_wrong_parameter_or_table_is_a_failed_fit():
    explainer = LimeExplainer(FunctionRegressor(lambda X: X[:, 0]), random_state=0).fit(X)
    with pytest.raises(ValueError, match="n_samples"):
        explainer.set_params(n_samples=0).fit(X)
    with pytest.raises(NotFittedError, match="failed with ValueError"):
        explainer.transform(X)
    explainer.set_params(n_samples=64).fit(X)
    with pytest.raises(ValueError, match="0 sample"):
        explainer.fit(X[:0])
    with pytest.raises(NotFittedError, match="failed with ValueError"):
        explainer.explain(X)


def test_what_was_never_fitted_does_not_speak_of_failures():
    explainer = LimeExplainer(Server())
    with pytest.raises(NotFittedError, match="not fitted yet"):
        explainer.transform(X)
    with pytest.raises(ValueError, match="n_samples"):
        explainer.set_params(n_samples=0).fit(X)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        clone(explainer).transform(X)
    with pytest.raises(NotFittedError, match="last fit failed"):
        pickle.loads(pickle.dumps(explainer)).transform(X)


def test_a_refit_on_another_kind_of_model_keeps_nothing_of_the_old():
    y = X[:, 0] + X[:, 1]
    explainer = LimeExplainer(LogisticRegression().fit(X, y > 0)).fit(X)
    assert list(explainer.classes_) == [False, True]
    explainer.set_params(estimator=LinearRegression().fit(X, y)).fit(X)
    assert not hasattr(explainer, "classes_")


TEXTS = ["a good film", "a bad film"]
IMAGES = np.random.default_rng(0).uniform(size=(2, 8, 8))
A = np.random.default_rng(1).normal(size=(60, 4))
FITS = {
    "marginal": (MarginalSampler(), (X,), (X[:0],), lambda e: e.sample(X[:1], 8)),
    "gaussian": (GaussianSampler(), (X,), (X[:0],), lambda e: e.sample(X[:1], 8)),
    "entropy": (
        MarginalSampler(binning="entropy"), (X, X[:, 0] > 0), (X, None),
        lambda e: e.sample(X[:1], 8),
    ),
    "text": (TokenSampler(), (TEXTS,), ([1, 2],), lambda e: e.get_feature_names_out()),
    "image": (
        SuperpixelSampler(), (IMAGES,), (IMAGES[0, 0],), lambda e: e.sample(IMAGES[:1], 8)
    ),
    "sequence": (
        SequenceSampler(), (IMAGES,), (["a"],), lambda e: e.sample(IMAGES[:1], 8)
    ),
    "cohorts": (Cohorts(), (X, A), (X, np.full_like(A, np.nan)), lambda e: e.predict(X)),
    "pick": (SubmodularPick(), (A,), (A[:2],), check_is_fitted),
    "selector": (
        HighestWeights(1), (X, X[:, 0]), (X, X[:1, 0]), lambda e: e.get_support()
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", FITS)
def test_all_estimators_are_fitted_as_a_whole_or_not_at_all(kind):
    estimator, good, bad, ask = FITS[kind]
    estimator = clone(estimator)
    if kind == "image":
        estimator.set_params(segmenter=(2, 2))
    ask(estimator.fit(*good))
    with pytest.raises((ValueError, TypeError, AttributeError)) as failed:
        estimator.fit(*bad)
    assert learnt(estimator) == []
    expected = (
        "not fitted yet"
        if kind == "pick"
        else f"last fit failed with {failed.type.__name__}"
    )
    with pytest.raises(NotFittedError, match=expected):
        ask(estimator)
    ask(estimator.fit(*good))


def test_a_samplers_subclass_may_learn_before_its_base_does():
    class Noting(MarginalSampler):
        def fit(self, X, y=None, sample_weight=None):
            self.n_seen_ = len(X)
            return super().fit(X, y, sample_weight)

    assert Noting().fit(X).n_seen_ == 60
    with pytest.raises(ValueError, match="0 sample"):
        (sampler := Noting().fit(X)).fit(X[:0])
    assert learnt(sampler) == []
