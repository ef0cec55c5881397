"""AnchorExplainer passes every check of scikit-learn, its own ones included."""

import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklime import AnchorExplainer
from tests.conformance.own_checks import OF_OUTPUT_CONTAINERS, OF_OWN_ESTIMATORS, run

EXPLAINERS = [
    AnchorExplainer(LogisticRegression(), n_samples=512),
    AnchorExplainer(DecisionTreeClassifier(), criterion="soft"),
    AnchorExplainer(DecisionTreeRegressor()),
    AnchorExplainer(LinearRegression(), criterion="share", n_samples=512),
]

# Rows that no rule pins down are said so, which checks do not look at.
pytestmark = pytest.mark.filterwarnings("ignore::sklime.exceptions.AnchorWarning")


@parametrize_with_checks(EXPLAINERS)
def test_check_of_any_estimator(estimator, check):
    run(check, estimator)


@pytest.mark.parametrize("explainer", EXPLAINERS, ids=str)
@pytest.mark.parametrize("check", OF_OWN_ESTIMATORS)
def test_check_of_own_estimators(check, explainer):
    run(check, "AnchorExplainer", explainer)


@pytest.mark.filterwarnings("ignore:X .* feature names:UserWarning")
@pytest.mark.parametrize("explainer", EXPLAINERS, ids=str)
@pytest.mark.parametrize("check", OF_OUTPUT_CONTAINERS)
def test_check_of_output_containers(check, explainer):
    run(check, "AnchorExplainer", explainer)
