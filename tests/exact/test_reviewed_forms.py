"""Closed forms reviewed model by model: right numbers, or a reason why there are none."""

from itertools import combinations, product

import numpy as np
import pytest
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from sklearn import svm
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    GradientBoostingClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import CategoricalNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from sklime import LimeExplainer
from sklime.kernels import ShapleyKernel
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
        return np.average(answers[chosen], axis=0, weights=weight[chosen])

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
            CatBoostClassifier(
                depth=1, iterations=20, verbose=0, allow_writing_files=False
            ),
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


@pytest.mark.parametrize(
    "model",
    [
        TransformedTargetRegressor(
            LinearRegression(fit_intercept=False), func=np.log, inverse_func=np.exp
        ),
        make_pipeline(
            Nystroem(kernel_params={"gamma": 0.3}, n_components=20, random_state=0), Ridge()
        ),
    ],
    ids=["no intercepts", "kernel_params"],
)
def test_models_of_two_outputs_agree_with_all_combinations(model):
    model.fit(X, np.exp(0.2 * np.column_stack([SIGNAL, X[:, 0] - SIGNAL])))
    explainer = LimeExplainer(model, method="exact").fit(X)
    found = explainer.explain(X[:3], interactions=True)
    for i in range(3):
        singles, pairs = contrasts(explainer, model.predict, X[i : i + 1])
        np.testing.assert_allclose(found.values[i].T, singles, atol=1e-10)
        np.testing.assert_allclose(found.interactions[i].T, pairs, atol=1e-10)


@pytest.mark.parametrize("intercept", [-400.0, -40.0, 40.0])
@pytest.mark.parametrize("parts", ["marginals", "coalitions", "shapley", "average"])
def test_probabilities_that_hardly_differ_are_not_lost_in_the_quadrature(intercept, parts):
    model = LogisticRegression().fit(X, BINARY)
    model.intercept_ = model.intercept_ + intercept
    if parts == "average":
        model = VotingClassifier([("a", model), ("b", model)], voting="soft")
        model.fit(X, BINARY)
        for own in model.estimators_:
            own.intercept_ = own.intercept_ + intercept
    sampler = CoalitionSampler(X[:1]) if parts in ("coalitions", "shapley") else None
    kernel = ShapleyKernel() if parts == "shapley" else None
    with pytest.raises(ValueError, match=r"probabilities differ by .* at most"):
        LimeExplainer(model, method="exact", sampler=sampler, kernel=kernel).fit(X)
    explainer = LimeExplainer(model, sampler=sampler, kernel=kernel).fit(X)
    assert explainer.method_ == "sampling"
    if parts == "shapley" and intercept < 0.0:
        # Far below 0 the logistic function is an exponential, and all coalitions are drawn.
        own = explainer.transform(X[1:2])[0]
        answers = model.predict_proba(X[:2])[:, 1]
        np.testing.assert_allclose(own.sum(), answers[1] - answers[0], rtol=1e-6)


@pytest.mark.parametrize("intercept", [-18.0, 18.0])
def test_rare_classes_keep_their_closed_form(intercept):
    model = LogisticRegression().fit(X, BINARY)
    model.intercept_ = model.intercept_ + intercept
    explainer = LimeExplainer(model, method="exact", target=0 if intercept > 0 else 1)
    found = explainer.fit(X).transform(X[:1])[0]
    rare = 0 if intercept > 0 else 1
    own, _ = contrasts(explainer, lambda table: model.predict_proba(table)[:, rare], X[:1])
    np.testing.assert_allclose(found, own, atol=1e-6 * np.abs(own).max())


@pytest.mark.parametrize("value", [-1.0, 9.0])
def test_categories_that_a_model_refuses_are_not_answered(value):
    table = X[:, [0, 2, 3]]
    model = CategoricalNB().fit(table, BINARY)
    explainer = LimeExplainer(model, sampler=CoalitionSampler(), kernel=ShapleyKernel())
    assert explainer.fit(table).method_ == "exact"
    with pytest.raises((ValueError, IndexError), match=r"Negative values|out of bounds"):
        explainer.transform([[value, 1.0, 1.0]])


class FromRowsAsTheyAre(CoalitionSampler):
    """A sampler of one's own, which may fill dropped columns in its own way."""


def test_closed_form_of_coalitions_is_that_of_the_law_alone():
    model = RandomForestRegressor(5, random_state=0).fit(X, SIGNAL)
    assert LimeExplainer(model, sampler=CoalitionSampler()).fit(X).method_ == "exact"
    own = LimeExplainer(model, sampler=FromRowsAsTheyAre(), n_samples=64).fit(X)
    assert own.method_ == "sampling"
