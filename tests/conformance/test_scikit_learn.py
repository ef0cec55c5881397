"""LimeExplainer passes every check of scikit-learn, its own ones included."""

import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.gaussian_process.kernels import RBF, Matern
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)

from sklime import LimeExplainer
from sklime.kernels import UniformKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import ForwardSelection, LassoPath
from tests.conformance.own_checks import OF_OUTPUT_CONTAINERS, OF_OWN_ESTIMATORS, run

EXPLAINERS = [
    LimeExplainer(LogisticRegression()),
    LimeExplainer(LogisticRegression(), method="sampling"),
    LimeExplainer(
        LogisticRegression(), method="sampling", target="all", kernel=UniformKernel()
    ),
    LimeExplainer(LinearRegression()),
    LimeExplainer(DecisionTreeClassifier()),
    LimeExplainer(HistGradientBoostingClassifier(max_iter=5)),
    LimeExplainer(
        LinearRegression(),
        sampler=GaussianSampler(center="instance"),
        n_samples=256,
    ),
    LimeExplainer(LinearRegression(), sampler=MarginalSampler(n_bins=None)),
    *(
        LimeExplainer(
            LogisticRegression(), method="sampling", selector=selector, n_samples=512
        )
        for selector in (ForwardSelection(2), LassoPath(2))
    ),
    LimeExplainer(LinearRegression(), kernel=0.5 * RBF() + Matern(), n_samples=512),
    LimeExplainer(LogisticRegression(), surrogate=Ridge(), n_samples=256),
]


@parametrize_with_checks(EXPLAINERS)
def test_check_of_any_estimator(estimator, check):
    run(check, estimator)


# What a weight means to the model it keeps to itself: a forest counts weights in the
# splits, but draws its bootstraps by row; a Pipeline takes no `sample_weight`.
UNWEIGHTED = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}
FOREST = RandomForestClassifier(n_estimators=5)
PIPELINE = make_pipeline(StandardScaler(), LogisticRegression())


def checks_of(model):
    return {
        check.func.__name__: (explainer, check)
        for explainer, check in estimator_checks_generator(LimeExplainer(model))
    }


@pytest.mark.filterwarnings("ignore:Pipeline does not take sample_weight:UserWarning")
@pytest.mark.parametrize(
    ("explainer", "check"),
    [
        pytest.param(explainer, check, id=f"{type(model).__name__}-{name}")
        for model in (FOREST, PIPELINE)
        for name, (explainer, check) in checks_of(model).items()
        if name not in UNWEIGHTED
    ],
)
def test_check_around_a_model_that_weighs_otherwise(explainer, check):
    run(check, explainer)


@pytest.mark.parametrize("name", sorted(UNWEIGHTED))
def test_forest_itself_fails_the_check_left_out(name):
    assert name in checks_of(FOREST)
    with pytest.raises(AssertionError, match="sample_weight` is not equivalent"):
        getattr(estimator_checks, name)("RandomForestClassifier", FOREST)


def test_pipeline_itself_fails_the_check_left_out():
    [name] = UNWEIGHTED & set(checks_of(PIPELINE))
    with pytest.raises(ValueError, match="sample_weight"):
        getattr(estimator_checks, name)("Pipeline", PIPELINE)


# scikit-learn runs these on its own estimators only.


@pytest.mark.parametrize("explainer", EXPLAINERS, ids=str)
@pytest.mark.parametrize("check", OF_OWN_ESTIMATORS)
def test_check_of_own_estimators(check, explainer):
    run(check, "LimeExplainer", explainer)


@pytest.mark.filterwarnings("ignore:X .* feature names:UserWarning")
@pytest.mark.parametrize("explainer", EXPLAINERS, ids=str)
@pytest.mark.parametrize("check", OF_OUTPUT_CONTAINERS)
def test_check_of_output_containers(check, explainer):
    run(check, "LimeExplainer", explainer)
