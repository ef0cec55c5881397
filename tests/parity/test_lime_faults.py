"""Where lime 0.2.0.1 goes wrong, sklime must not."""

import numpy as np
import pytest
from lime.discretize import QuartileDiscretizer
from lime.lime_tabular import LimeTabularExplainer
from sklearn.datasets import load_breast_cancer

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import HighestWeights


class Recorder:
    """A prediction function that remembers what it was asked about."""

    def __init__(self):
        self.asked = []

    def __call__(self, X):
        self.asked.append(X.copy())
        return X[:, -1]

    @property
    def inputs(self):
        return np.concatenate(self.asked)


def attributions_of_lime(X, predict, row, n_samples=2000, **options):
    options = {"feature_selection": "none", "random_state": 0, **options}
    explanation = LimeTabularExplainer(X, mode="regression", **options).explain_instance(
        row, predict, num_samples=n_samples, num_features=3
    )
    return dict(explanation.local_exp[1])


def attributions(X, predict, row, n_samples=2000, **options):
    explainer = LimeExplainer(
        FunctionRegressor(predict), n_samples=n_samples, random_state=0, **options
    )
    return explainer.fit(X).transform(row[np.newaxis])[0]


def tied_at_the_minimum():
    """Eight tenths 5 and two tenths 9; always 7; something that varies."""
    columns = [np.repeat([5.0, 9.0], [160, 40]), np.full(200, 7.0), np.linspace(0, 1, 200)]
    return np.column_stack(columns)


@pytest.mark.parametrize("within", ["empirical", "truncnorm"])
def test_bin_of_a_single_value_is_drawn_at_that_value(within):
    X = tied_at_the_minimum()
    theirs, ours = Recorder(), Recorder()
    attributions_of_lime(X, theirs, X[0])
    attributions(X, ours, X[0], sampler=MarginalSampler(within=within))
    # lime feeds the model z-scores near 0 in all draws but its first, the row itself.
    assert (np.abs(theirs.inputs[1:, 1]) < 1e-3).all()
    assert set(ours.inputs[:, 0]) == {5.0, 9.0}
    assert set(ours.inputs[:, 1]) == {7.0}
    # Scrambled Sobol points share out a column to one draw in each of eight scrambles.
    assert np.mean(ours.inputs[:, 0] == 5.0) == pytest.approx(0.8, abs=8 / 2000)


def test_a_column_without_effect_on_any_training_value_has_no_attribution():
    def predict(X):
        return X[:, 2] + 3.0 * (X[:, 0] < 4.0)

    X = tied_at_the_minimum()
    assert attributions_of_lime(X, predict, X[0])[0] > 2.5
    ours = attributions(X, predict, X[0])
    # What is left is the chance correlation with the third column, whose sd is 0.29: below
    # 4 * 0.29 / sqrt(2000 * 0.8 * 0.2) for plain random draws, and less for Sobol points.
    assert abs(ours[0]) < 0.065
    assert ours[1] == 0.0


def test_narrow_kernel_does_not_shrink_attributions():
    width, n, effects = 0.35, 4096, np.arange(1.0, 9.0)
    X = np.random.default_rng(0).integers(0, 2, size=(400, 8)).astype(float)

    def predict(Z):
        return (X[0] == Z) @ effects

    theirs = attributions_of_lime(
        X, predict, X[0], n, kernel_width=width, categorical_features=range(8)
    )
    assert all(theirs[j] < 0.5 * effects[j] for j in range(8))
    ours = attributions(
        X,
        predict,
        X[0],
        n,
        sampler=MarginalSampler(categorical_features=list(range(8))),
        kernel=ExponentialKernel(width=width),
    )
    # The model is linear in the design, so only the penalty keeps ours from exact: one
    # draw's worth against n v, v the weighted variance of "same as the row". Twice that,
    # as the columns are not half 0 and half 1 to the last row.
    share = 1.0 / (1.0 + np.exp(-0.5 / width**2))
    np.testing.assert_allclose(ours, effects, rtol=2.0 / (n * share * (1.0 - share)))


def test_bins_of_small_numbers_have_distinct_conditions():
    X = load_breast_cancer().data[:, [19]]
    [theirs] = QuartileDiscretizer(X, [], ["error"]).names.values()
    assert len(set(theirs)) < 4
    explainer = LimeExplainer(FunctionRegressor(np.ravel), random_state=0).fit(X)
    explanation = explainer.explain(X)
    conditions = {explanation.as_list(i)[0][0] for i in range(len(X))}
    assert len(conditions) == 4


def test_highest_weights_keeps_a_feature_that_stands_at_its_mean():
    X = np.random.default_rng(0).normal(size=(500, 4))
    row = X.mean(axis=0)
    row[1:] += 1.0

    def predict(X):
        return X @ [10.0, 1.0, 1.0, 1.0]

    options = {"discretize_continuous": False, "feature_selection": "highest_weights"}
    assert 0 not in attributions_of_lime(X, predict, row, **options)
    ours = attributions(
        X, predict, row, sampler=GaussianSampler(), selector=HighestWeights(3)
    )
    assert np.abs(ours).argmax() == 0
