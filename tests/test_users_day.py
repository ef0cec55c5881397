"""What a user of a day stumbled over: messages, reprs and tags that were wrong."""

import functools

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklime import FunctionClassifier, FunctionRegressor, LimeExplainer
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


def total(X):
    first = X[:, [0]].toarray() if sparse.issparse(X) else np.asarray(X)[:, [0]]
    return np.nan_to_num(np.asarray(first, dtype=float).sum(axis=1))


def chances(X):
    p = 1 / (1 + np.exp(-total(X)))
    return np.column_stack([1 - p, p])


@parametrize_with_checks(
    [
        LimeExplainer(FunctionRegressor(total), n_samples=128),
        LimeExplainer(FunctionClassifier(chances), n_samples=128),
        LimeExplainer(
            FunctionRegressor(total),
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
