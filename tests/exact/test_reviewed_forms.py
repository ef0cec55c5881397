"""Closed forms reviewed model by model: right numbers, or a reason why there are none."""

from itertools import combinations, product

import numpy as np
import pytest
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from sklearn import svm
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from sklime import LimeExplainer
from sklime.samplers import CoalitionSampler

rng = np.random.default_rng(3)
N = 160
X = np.column_stack(
    [
        rng.integers(0, 4, N) * 1.0,
        rng.choice([-1.5, 0.2, 2.0], N, p=[0.2, 0.5, 0.3]),
        rng.integers(0, 3, N) * 1.0,
        rng.choice([0.0, 1.0], N, p=[0.3, 0.7]),
    ]
)
SIGNAL = 0.7 * X[:, 0] - X[:, 1] + X[:, 2] * X[:, 3] - 1.3
BINARY = (SIGNAL + rng.normal(size=N) > 0.0).astype(int)
THREE = np.digitize(SIGNAL, [-0.5, 1.0])


def contrasts(explainer, function, row):
    """Contrasts of columns and of pairs, over all combinations of training values."""
    values, counts = zip(*(np.unique(x, return_counts=True) for x in X.T), strict=True)
    grid = np.array(list(product(*values)))
    matches = explainer.sampler_.interpret(grid, row) == 1.0
    weight = np.prod(list(product(*counts)), axis=1) / float(N) ** X.shape[1]
    weight = weight * explainer.kernel_(1.0 * matches, np.ones(X.shape[1]))
    answers = function(grid)

    def mean(chosen):
        return np.average(answers[chosen], weights=weight[chosen])

    singles = [mean(own) - mean(~own) for own in matches.T]
    pairs = [
        mean(a & b) - mean(a & ~b) - mean(~a & b) + mean(~a & ~b)
        for a, b in combinations(matches.T, 2)
    ]
    return singles, pairs


@pytest.mark.parametrize(
    ("model", "margin"),
    [
        (GradientBoostingClassifier(max_depth=1, n_estimators=20), {}),
        (XGBClassifier(max_depth=1, n_estimators=20), {"output_margin": True}),
        (LGBMClassifier(max_depth=1, n_estimators=20, verbose=-1), {"raw_score": True}),
        (
            CatBoostClassifier(depth=1, iterations=20, verbose=0, allow_writing_files=False),
            {"prediction_type": "RawFormulaVal"},
        ),
    ],
    ids=lambda case: type(case).__name__ if hasattr(case, "fit") else "",
)
def test_margins_of_stumps_have_no_interactions(model, margin):
    model.fit(X, BINARY)
    explainer = LimeExplainer(model, method="exact", response_method="decision_function")
    found = explainer.fit(X).explain(X[:3], interactions=True)

    def function(table):
        return model.predict(table, **margin) if margin else model.decision_function(table)

    for i in range(3):
        singles, pairs = contrasts(explainer, function, X[i : i + 1])
        np.testing.assert_allclose(found.values[i], singles, atol=2e-6)
        np.testing.assert_allclose(pairs, 0.0, atol=2e-6)
        np.testing.assert_array_equal(found.interactions[i], 0.0)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_votes_of_pairs_of_classes_are_told_from_margins(kernel):
    model = svm.SVC(kernel=kernel).fit(X, THREE)
    explainer = LimeExplainer(model, method="exact", response_method="decision_function")
    with pytest.raises(ValueError, match="counts votes of pairs of classes"):
        explainer.fit(X)


@pytest.mark.parametrize(
    "model",
    [
        GaussianProcessRegressor(alpha=0.1),
        make_pipeline(StandardScaler(), GaussianProcessRegressor(alpha=0.1)),
    ],
    ids=["alone", "pipeline"],
)
def test_gaussian_process_that_was_not_fitted_is_fitted(model):
    explainer = LimeExplainer(model).fit(X, SIGNAL)
    own = LimeExplainer(model.fit(X, SIGNAL)).fit(X)
    assert explainer.method_ == own.method_ == "exact"
    np.testing.assert_array_equal(explainer.transform(X[:3]), own.transform(X[:3]))
    assert np.abs(own.transform(X[:3])).max() > 0.1


class FromRowsAsTheyAre(CoalitionSampler):
    """A sampler of one's own, which may fill dropped columns in its own way."""


def test_closed_form_of_coalitions_is_that_of_the_law_alone():
    model = RandomForestRegressor(5, random_state=0).fit(X, SIGNAL)
    assert LimeExplainer(model, sampler=CoalitionSampler()).fit(X).method_ == "exact"
    own = LimeExplainer(model, sampler=FromRowsAsTheyAre(), n_samples=64).fit(X)
    assert own.method_ == "sampling"
