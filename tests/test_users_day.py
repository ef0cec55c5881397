"""What a user of a day stumbled over: messages, reprs and tags that were wrong."""

import functools

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklime import Cohorts, FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.exact import READERS, ClosedForm, SumOfColumns
from sklime.exceptions import InteractionWarning
from sklime.kernels import ShapleyKernel
from sklime.metrics import (
    comprehensiveness,
    faithfulness_correlation,
    infidelity,
    make_explainer_scorer,
    stability_score,
)
from sklime.samplers import (
    CoalitionSampler,
    CrossoverSampler,
    GaussianSampler,
    MarginalSampler,
    SequenceSampler,
    SuperpixelSampler,
    TokenSampler,
    TrainingSampler,
)
from tests.conformance.own_checks import run


@pytest.mark.parametrize(
    ("metric", "options", "message"),
    [
        (comprehensiveness, {}, r"comprehensiveness.*'k'.*make_explainer_scorer\("),
        (comprehensiveness, {"n": 3}, "comprehensiveness.*'k'"),
        (faithfulness_correlation, {"subsets": 3}, "faithfulness_correlation.*'subsets'"),
        (infidelity, {}, "infidelity.*'attributions'"),
        (stability_score, {"k": 3}, "stability_score.*explainer and a table"),
        (lambda explainer: 0.0, {}, "<lambda>.*explainer and a table"),
    ],
)
def test_a_metric_that_cannot_be_called_is_refused_before_the_search(
    metric, options, message
):
    with pytest.raises(TypeError, match=message):
        make_explainer_scorer(metric, **options)


def test_a_metric_with_its_options_bound_is_a_scorer():
    X, y = load_diabetes(return_X_y=True)
    explainer = LimeExplainer(LinearRegression().fit(X, y), random_state=0).fit(X)
    bound = make_explainer_scorer(functools.partial(comprehensiveness, k=2))
    named = make_explainer_scorer(comprehensiveness, k=2)
    assert bound(explainer, X[:5]) == named(explainer, X[:5])
    # A callable without a signature is taken as it is.
    assert make_explainer_scorer(max)


@pytest.mark.parametrize(
    "sampler",
    [
        CoalitionSampler(),
        CrossoverSampler(),
        GaussianSampler(),
        TrainingSampler(),
        SuperpixelSampler(flat=(2, 3)),
        SuperpixelSampler(),
        SequenceSampler(),
    ],
    ids=repr,
)
def test_samplers_of_dense_rows_say_what_to_do_with_sparse_ones(sampler):
    X = sparse.random_array((20, 6), density=0.5, format="csr", rng=0)
    with pytest.raises(TypeError, match=r"sparse (.|\n)*(X\.toarray\(\)|MarginalSampler)"):
        sampler.fit(X)


class Function:
    """A function whose name in test ids has no address."""

    def __repr__(self):
        return type(self).__name__


class FirstColumn(Function):
    def __call__(self, X):
        first = X[:, [0]].toarray() if sparse.issparse(X) else np.asarray(X)[:, [0]]
        return np.nan_to_num(np.asarray(first, dtype=float).sum(axis=1))


class Chances(Function):
    def __call__(self, X):
        p = 1 / (1 + np.exp(-FirstColumn()(X)))
        return np.column_stack([1 - p, p])


@parametrize_with_checks(
    [
        LimeExplainer(FunctionRegressor(FirstColumn()), n_samples=128),
        LimeExplainer(FunctionClassifier(Chances()), n_samples=128),
        LimeExplainer(
            FunctionRegressor(FirstColumn()),
            sampler=CoalitionSampler(),
            kernel=ShapleyKernel(),
            n_samples=64,
        ),
        MarginalSampler(),
        MarginalSampler(n_bins=None),
        GaussianSampler(),
        TrainingSampler(),
        CrossoverSampler(),
        CoalitionSampler(),
    ]
)
def test_fitted_models_and_samplers_pass_the_checks_of_scikit_learn(estimator, check):
    run(check, estimator)


def test_tags_of_samplers_tell_what_they_take():
    assert get_tags(SequenceSampler()).input_tags.three_d_array
    assert get_tags(TokenSampler()).input_tags.string
    assert not get_tags(TokenSampler()).input_tags.two_d_array


class Doubled(RegressorMixin, BaseEstimator):
    """Twice the sum of its columns."""

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return 2.0 * np.sum(X, axis=1)


class DoubledForm(ClosedForm):
    """Closed form of `Doubled`, made as a newcomer might."""

    def __init__(self, made):
        self.made = made

    def bind(self, features, columns, points, mismatch):
        parts = [2.0 * values.sum(axis=0) for values in features.values]
        return None if self.made is None else self.made(parts, columns, points)


def read_wrongly(form):
    def read_doubled(model, response):
        return form if type(model) is Doubled else None

    return read_doubled


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (7, r"read_doubled of sklime\.exact\.READERS must give .* and gave 7"),
        (DoubledForm, "read_doubled .* instance of a ClosedForm"),
        (DoubledForm(None), "bind of DoubledForm must give a RebuiltModel.* None"),
        (DoubledForm(SumOfColumns), r"parts\[0\] of SumOfColumns has shape"),
    ],
)
def test_errors_of_readers_name_what_was_expected(form, message):
    X = np.random.default_rng(0).normal(size=(60, 2))
    read = read_wrongly(form)
    READERS.append(read)
    try:
        with pytest.raises(ValueError, match=message):
            LimeExplainer(Doubled().fit(X, X[:, 0]), method="exact").fit(X)
    finally:
        READERS.remove(read)


def test_repr_of_rows_of_units_counts_units():
    X = np.random.default_rng(0).random((20, 6, 6))
    model = FunctionRegressor(lambda images: images.mean(axis=(1, 2)))
    images = LimeExplainer(model, sampler=SuperpixelSampler(hide=0), n_samples=64).fit(X)
    explanation = images.explain(X[:2])
    longest = max(len(names) for names in explanation.unit_names)
    assert repr(explanation).startswith(f"Explanation(rows=2, units={longest} at most, ")


def test_cohorts_sort_the_rows_of_an_explanation_as_they_learn_them():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    explainer = LimeExplainer(LinearRegression().fit(X, y), random_state=0).fit(X)
    cohorts = Cohorts().fit(explainer.explain(X[:200]))
    later = explainer.explain(X[200:])
    np.testing.assert_array_equal(cohorts.predict(later), cohorts.predict(X[200:]))


@pytest.mark.parametrize(
    ("parameters", "weights", "message"),
    [
        ({"random_state": "s"}, None, "random_state='s' must be None, an integer"),
        ({"random_state": -1}, None, "random_state=-1 must be None, an integer"),
        ({"random_state": np.random.default_rng(0)}, None, r"rng\.integers"),
        ({}, np.ones(3), "sample_weight must have one entry a row.* 3"),
    ],
)
def test_errors_name_seed_and_weights(parameters, weights, message):
    X, y = load_diabetes(return_X_y=True)
    explainer = LimeExplainer(LinearRegression().fit(X, y), **parameters)
    with pytest.raises(ValueError, match=message):
        explainer.fit(X, sample_weight=weights)


def test_interactions_of_two_words_name_a_cure_that_helps():
    both = FunctionRegressor(lambda texts: np.array([float("a b" in t) for t in texts]))
    texts = ["a b", "a c d"]
    words = LimeExplainer(both, sampler=TokenSampler(token_pattern=r"\w"), random_state=0)
    with pytest.warns(InteractionWarning, match=r"kept and hidden.* kernel=ShapleyKernel"):
        found = words.fit(texts).explain(texts[:1], interactions=True)
    assert np.isnan(found.interactions).all()
    shapley = words.set_params(kernel=ShapleyKernel()).fit(texts)
    told = shapley.explain(texts[:1], interactions=True).interactions
    np.testing.assert_allclose(told, [[1.0]], atol=1e-9)
