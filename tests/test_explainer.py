import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes, load_iris, make_friedman1
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import NotFittedError, UnsetMetadataPassedError
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils import shuffle

from sklime import LimeExplainer
from sklime.exceptions import NeighbourhoodWarning, UnknownValueWarning
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import AllFeatures, ForwardSelection, HighestWeights, LassoPath
from tests.ids import shown

IRIS = load_iris(as_frame=True)
FRAME, Y = shuffle(IRIS.data, IRIS.target.to_numpy(), random_state=0)
X, SPECIES, RARE = (
    FRAME.to_numpy(),
    IRIS.target_names[Y],
    np.where(Y == 2, "rare", "common"),
)
WEIGHTS = np.random.default_rng(0).uniform(0.0, 3.0, len(X))
FOREST = RandomForestClassifier(20, random_state=0)
BINARY = LogisticRegression()


@pytest.fixture(scope="module", autouse=True)
def fit_models():
    FOREST.fit(X, Y)
    REGRESSOR.fit(FRIEDMAN, RESPONSE)
    for kind, (model, _, _) in MODELS.items():
        model.fit(X, RESPONSES[kind])


def small(model=BINARY, **parameters):
    """An explainer of few draws."""
    defaults = {"method": "sampling", "n_samples": 256, "random_state": 0}
    return LimeExplainer(model, **defaults | parameters)


# Fitted models


@pytest.mark.parametrize("model", [BINARY, FrozenEstimator(BINARY), lambda: None])
def test_clone_keeps_a_fitted_model_by_reference(model):
    explainer = LimeExplainer(model, kernel=ExponentialKernel(2.0))
    twin = clone(explainer)
    assert twin.estimator is model
    assert twin.kernel == explainer.kernel
    assert twin.kernel is not explainer.kernel
    assert explainer.estimator is model


def test_clone_of_an_unfitted_model_is_a_copy():
    explainer = LimeExplainer(LogisticRegression(C=3.0))
    twin = clone(explainer)
    assert twin.estimator is not explainer.estimator
    assert twin.estimator.C == 3.0


def test_fitted_model_is_explained_as_it_is_without_y():
    before = pickle.dumps(FOREST)
    explainer = small(FOREST).fit(X)
    explainer.explain(X[:3])
    assert explainer.estimator_ is FOREST
    assert pickle.dumps(FOREST) == before


def test_unfitted_model_is_cloned_and_fitted():
    model = LogisticRegression()
    explainer = small(model).fit(X, RARE)
    np.testing.assert_array_equal(
        explainer.estimator_.coef_, LogisticRegression().fit(X, RARE).coef_
    )
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_grid_search_without_y_keeps_the_fitted_model():
    grid = {
        "kernel__width": [1.0, 2.0],
        "sampler": [MarginalSampler(), MarginalSampler(n_bins=None), GaussianSampler()],
    }
    search = GridSearchCV(small(), grid, cv=2).fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.estimator_ is BINARY
    assert search.best_estimator_.kernel_.width == search.best_params_["kernel__width"]
    assert search.best_estimator_.sampler_ == search.best_params_["sampler"]
    assert search.transform(X[:3]).shape == (3, 4)


def test_cross_validation_keeps_the_fitted_model():
    found = cross_validate(small(), X, cv=3, return_estimator=True)
    assert (found["test_score"] > 0.0).all()
    assert all(explainer.estimator_ is BINARY for explainer in found["estimator"])


def test_pipeline_with_memory_keeps_the_fitted_model(tmp_path):
    def clusters(memory):
        steps = [("lime", small()), ("cluster", KMeans(3, n_init=2, random_state=0))]
        return Pipeline(steps, memory=memory).fit(X)

    plain = clusters(None)
    assert plain["lime"].estimator_ is BINARY
    for _ in range(2):  # the second time the fitted explainer is read from the disk
        cached = clusters(str(tmp_path))
        np.testing.assert_array_equal(cached["cluster"].labels_, plain["cluster"].labels_)
        np.testing.assert_array_equal(cached.predict(X), plain.predict(X))


def test_pickle_keeps_all_that_was_learned():
    explainer = small(FOREST, target="all", sampler=GaussianSampler("instance")).fit(FRAME)
    twin = pickle.loads(pickle.dumps(explainer))
    np.testing.assert_array_equal(twin.transform(FRAME[:5]), explainer.transform(FRAME[:5]))
    assert twin.score(FRAME[:5]) == explainer.score(FRAME[:5])
    assert list(twin.get_feature_names_out()) == list(explainer.get_feature_names_out())


def test_frozen_model_gives_the_same_explanations():
    frozen = small(FrozenEstimator(BINARY))
    np.testing.assert_array_equal(
        frozen.fit(X, Y).transform(X), small(BINARY).fit(X).transform(X)
    )
    search = GridSearchCV(frozen, {"kernel__width": [1.0, 2.0]}, cv=2).fit(X, Y)
    assert search.best_estimator_.estimator_.estimator is BINARY


def test_black_box_goes_through_clones_by_reference():
    class Sum:
        def predict(self, X):
            return X.sum(axis=1)

    model = Sum()
    search = GridSearchCV(small(model), {"kernel__width": [1.0, 2.0]}, cv=2).fit(X)
    assert search.best_estimator_.estimator_ is model


# Parameters


@pytest.mark.parametrize("model", [BINARY, FrozenEstimator(BINARY)])
def test_parameters_of_a_fitted_model_cannot_be_set(model):
    with pytest.raises(ValueError, match=r"estimator__C=10.*clone\(model\)"):
        small(model).set_params(estimator__C=10)
    with pytest.raises(ValueError, match=r"estimator__C=10.*clone\(model\)"):
        GridSearchCV(small(model), {"estimator__C": [10]}, cv=2).fit(X, Y)
    assert BINARY.C == 1.0


def test_parameters_of_an_unfitted_model_can_be_searched():
    grid = {"estimator__C": [1e-3, 1e3]}
    search = GridSearchCV(small(LogisticRegression()), grid, cv=2, refit=False).fit(X, RARE)
    shrunk, free = search.cv_results_["mean_test_score"]
    assert shrunk != free
    explainer = small(BINARY).set_params(estimator=LogisticRegression(), estimator__C=3.0)
    assert explainer.estimator.C == 3.0


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("kernel__width", ExponentialKernel(width=2)),
        ("sampler__n_bins", MarginalSampler(n_bins=2)),
    ],
)
def test_parameter_of_a_default_component_creates_it(name, component):
    explainer, other = small(), small()
    assert explainer.set_params(**{name: 2}) is explainer
    assert getattr(explainer, name.split("__")[0]) == component
    assert getattr(clone(explainer), name.split("__")[0]) == component
    # Nothing leaks, neither to other explainers nor to the defaults.
    assert getattr(other, name.split("__")[0]) is None
    small().set_params(**{name: 3})
    assert getattr(explainer, name.split("__")[0]) == component
    values = other.fit(X).transform(X)
    np.testing.assert_array_equal(small().fit(X).transform(X), values)
    assert np.abs(explainer.fit(X).transform(X) - values).max() > 1e-3


def test_parameter_that_the_default_component_lacks_is_named():
    with pytest.raises(ValueError, match=r"Invalid parameter 'k' for estimator AllFeat"):
        small().set_params(selector__k=3)


def test_none_with_a_nested_parameter_is_the_default_component():
    explainer = small(kernel=UniformKernel()).set_params(kernel=None, kernel__width=3.0)
    assert explainer.kernel == ExponentialKernel(width=3.0)


def test_components_are_resolved_in_fit_and_left_alone():
    kernel, sampler, selector = ExponentialKernel(), MarginalSampler(), HighestWeights(2)
    explainer = small(kernel=kernel, sampler=sampler, selector=selector).fit(X)
    assert explainer.kernel_ == ExponentialKernel(width=1.5, metric="euclidean")
    assert explainer.selector_ == selector
    assert explainer.surrogate_ is None
    assert kernel == ExponentialKernel()
    assert not hasattr(sampler, "columns_")


@pytest.mark.parametrize(("asked", "drawn"), [(256, 256), (250, 256), (2, 8)])
def test_number_of_draws_is_told(asked, drawn):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeighbourhoodWarning)
        warnings.simplefilter("ignore", UnknownValueWarning)
        explanation = small(n_samples=asked, kernel=UniformKernel()).fit(X).explain(X[:1])
    assert explanation.meta["n_samples"] == drawn
    np.testing.assert_allclose(explanation.effective_sample_sizes, drawn)


# Sample weights


def test_weights_reach_the_statistics_and_an_unfitted_model():
    explainer = small(LogisticRegression()).fit(X, RARE, sample_weight=WEIGHTS)
    weighted = LogisticRegression().fit(X, RARE, sample_weight=WEIGHTS)
    np.testing.assert_array_equal(explainer.estimator_.coef_, weighted.coef_)
    again = small(weighted).fit(X, sample_weight=WEIGHTS).transform(X)
    np.testing.assert_array_equal(explainer.transform(X), again)
    assert np.abs(small(weighted).fit(X).transform(X) - again).max() > 1e-3


def test_unknown_metadata_is_an_error():
    with pytest.raises(TypeError, match="groups"):
        small(LogisticRegression()).fit(X, RARE, groups=Y)


def test_routing_asks_what_the_unfitted_model_wants():
    weighted = LogisticRegression().fit(X, RARE, sample_weight=WEIGHTS).coef_
    plain = LogisticRegression().fit(X, RARE).coef_
    with config_context(enable_metadata_routing=True):
        for wanted, coef in ((True, weighted), (False, plain)):
            model = LogisticRegression().set_fit_request(sample_weight=wanted)
            explainer = small(model).fit(X, RARE, sample_weight=WEIGHTS)
            np.testing.assert_array_equal(explainer.estimator_.coef_, coef)
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            small(LogisticRegression()).fit(X, RARE, sample_weight=WEIGHTS)


def test_routing_asks_nothing_of_a_fitted_model():
    expected = small().fit(X, sample_weight=WEIGHTS).transform(X)
    with config_context(enable_metadata_routing=True):
        explainer = small().fit(X, sample_weight=WEIGHTS)
        np.testing.assert_array_equal(explainer.transform(X), expected)


def test_routing_passes_through_pipelines_and_cross_validation():
    with config_context(enable_metadata_routing=True):
        model = LogisticRegression().set_fit_request(sample_weight=True)
        explainer = small(model).set_fit_request(sample_weight=True)
        clusters = KMeans(2, n_init=1).set_fit_request(sample_weight=False)
        pipeline = make_pipeline(explainer, clusters).fit(X, RARE, sample_weight=WEIGHTS)
        found = cross_validate(
            explainer, X, RARE, params={"sample_weight": WEIGHTS}, cv=3, error_score="raise"
        )
    np.testing.assert_array_equal(
        pipeline[0].estimator_.coef_,
        LogisticRegression().fit(X, RARE, sample_weight=WEIGHTS).coef_,
    )
    assert np.isfinite(found["test_score"]).all()


# Targets

LABELS = np.column_stack([Y == 0, Y == 2])
MODELS = {
    "binary": (BINARY, ["common", "rare"], "rare"),
    "margins": (
        LogisticRegression(),
        [False, True],
        True,
    ),
    "strings": (
        LogisticRegression(max_iter=500),
        list(np.unique(SPECIES)),
        "predicted",
    ),
    "odd integers": (
        RandomForestClassifier(5, random_state=0),
        [1, 3, 5],
        "predicted",
    ),
    "regression": (LinearRegression(), ["y"], "y"),
    "multi-output": (LinearRegression(), ["y0", "y1"], "all"),
    "multilabel": (KNeighborsClassifier(), [0, 1], "all"),
    "multilabel list": (
        MultiOutputClassifier(LogisticRegression()),
        [0, 1],
        "all",
    ),
}
RESPONSES = {
    "binary": RARE,
    "margins": Y == 2,
    "strings": SPECIES,
    "odd integers": Y * 2 + 1,
    "regression": Y,
    "multi-output": np.column_stack([X[:, 0], X[:, 1] - X[:, 2]]),
    "multilabel": LABELS.astype(int),
    "multilabel list": LABELS,
}
METHODS = {"margins": "decision_function"}


def fitted(kind, **parameters):
    model, _, _ = MODELS[kind]
    method = METHODS.get(kind, "auto")
    return small(model, response_method=method, **parameters).fit(FRAME.to_numpy())


@pytest.mark.parametrize("kind", MODELS)
def test_all_outputs_are_explained_side_by_side(kind):
    _, outputs, _ = MODELS[kind]
    values = fitted(kind, target="all").transform(X[::10])
    assert values.shape == (15, 4 * len(outputs))
    for i, output in enumerate(outputs):
        alone = fitted(kind, target=output).transform(X[::10])
        # One output or several share a matrix product, which rounds by its shape.
        np.testing.assert_allclose(values[:, 4 * i : 4 * i + 4], alone, rtol=0, atol=1e-5)
        assert np.abs(alone).max() > 0.01


@pytest.mark.parametrize("kind", MODELS)
def test_auto_means_the_target_that_one_expects(kind):
    _, _, auto = MODELS[kind]
    np.testing.assert_array_equal(
        fitted(kind).transform(X[::10]), fitted(kind, target=auto).transform(X[::10])
    )


@pytest.mark.parametrize("kind", ["binary", "margins", "strings", "odd integers"])
def test_predicted_is_each_rows_own_class(kind):
    model, outputs, _ = MODELS[kind]
    explanation = fitted(kind, target="predicted").explain(X[::10])
    np.testing.assert_array_equal(explanation.target_names, model.predict(X[::10]))
    everything = fitted(kind, target="all").explain(X[::10])
    own = [outputs.index(label) for label in explanation.target_names]
    np.testing.assert_allclose(
        explanation.values, everything.values[np.arange(15), own], rtol=0, atol=1e-5
    )
    np.testing.assert_array_equal(
        explanation.predictions, everything.predictions[np.arange(15), own]
    )


def test_negative_class_of_a_margin_is_the_negative():
    both = fitted("margins", target="all").explain(X[::10]).values
    np.testing.assert_allclose(both[:, 0], -both[:, 1], rtol=0, atol=1e-5)


def test_outputs_of_several_numbers_have_no_predicted_one():
    for kind in ("multi-output", "multilabel"):
        with pytest.raises(ValueError, match="target='predicted' has no single answer"):
            fitted(kind, target="predicted")


@pytest.mark.parametrize(
    ("kind", "target"), [("odd integers", 0), ("strings", "tulip"), ("binary", 1)]
)
def test_target_that_does_not_exist_is_an_error(kind, target):
    with pytest.raises(ValueError, match=f"target={target!r} is not one of the outputs"):
        fitted(kind, target=target)
    with pytest.raises(ValueError, match=f"target={target!r} is not one of the outputs"):
        fitted(kind).explain(X, target=target)


def test_explain_takes_another_target():
    explainer = fitted("strings")
    asked = explainer.explain(X[:5], target="setosa")
    expected = fitted("strings", target="setosa").explain(X[:5])
    np.testing.assert_array_equal(asked.values, expected.values)
    np.testing.assert_array_equal(asked.target_names, ["setosa"] * 5)
    assert explainer.target == "auto"


# Containers and names


@pytest.mark.parametrize("target", ["auto", "all"])
def test_output_containers_hold_the_values_by_name(target):
    explainer = small(FOREST, target=target).fit(FRAME)
    index = pd.Index(np.arange(len(FRAME))[::-1] + 7)
    values = explainer.transform(FRAME)
    names = list(explainer.get_feature_names_out())
    frame = explainer.set_output(transform="pandas").transform(FRAME.set_index(index))
    assert list(frame.columns) == names
    assert frame.index.equals(index)
    np.testing.assert_array_equal(frame, values)
    frame = explainer.set_output(transform="polars").transform(FRAME)
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == names
    np.testing.assert_array_equal(frame, values)
    # `score` and `explain` are not of this container.
    assert isinstance(explainer.explain(FRAME[:2]).values, np.ndarray)
    assert explainer.score(FRAME[:2]) <= 1.0


def test_columns_keep_their_names():
    explainer = small().fit(FRAME)
    assert list(explainer.get_feature_names_out()) == list(FRAME.columns)
    assert list(small().fit(X).get_feature_names_out()) == ["x0", "x1", "x2", "x3"]
    assert list(small().fit(X).get_feature_names_out(list("abcd"))) == list("abcd")
    with pytest.raises(ValueError, match="input_features"):
        explainer.get_feature_names_out(list("abcd"))


def test_names_of_all_outputs_are_output_and_column():
    names = fitted("strings", target="all").get_feature_names_out()
    assert list(names[:4]) == ["setosa__x0", "setosa__x1", "setosa__x2", "setosa__x3"]
    assert list(names[4::4]) == ["versicolor__x0", "virginica__x0"]


# Explanations


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("target", ["auto", "all"])
def test_explanation_has_the_values_of_transform_and_the_shapes_of_its_target(kind, target):
    _, outputs, auto = MODELS[kind]
    explainer = fitted(kind, target=target)
    explanation = explainer.explain(X[:6])
    several = "all" in (auto, target)
    shape = (6, len(outputs)) if several else (6,)
    assert explanation.values.shape == explanation.support.shape == (*shape, 4)
    for name in (
        "intercepts",
        "predictions",
        "local_predictions",
        "scores",
        "effective_sample_sizes",
    ):
        assert getattr(explanation, name).shape == shape
    np.testing.assert_array_equal(
        explanation.values.reshape(6, -1), explainer.transform(X[:6])
    )
    if several:
        assert list(explanation.target_names) == outputs
    else:
        assert len(explanation.target_names) == 6
    assert list(explanation.feature_names) == ["x0", "x1", "x2", "x3"]
    assert explanation.meta["method"] == explainer.method_ == "sampling"
    # All interpretable features of binned columns are 1 at the row itself.
    np.testing.assert_allclose(
        explanation.local_predictions,
        explanation.intercepts + explanation.values.sum(axis=-1),
        atol=1e-12,
    )


def test_predictions_are_the_models():
    explanation = fitted("strings", target="all").explain(X)
    model, _, _ = MODELS["strings"]
    np.testing.assert_allclose(explanation.predictions, model.predict_proba(X), rtol=1e-12)


def halved_by_distance(Z, z):
    return 2.0 ** -np.abs(Z - z).sum(axis=1)


SAMPLERS = [
    MarginalSampler(),
    MarginalSampler(n_bins=None),
    MarginalSampler(within="truncnorm", sequence="random"),
    GaussianSampler(),
    GaussianSampler("instance"),
    GaussianSampler("instance", 2.0, n_bins=3),
]


def neighbourhood(explainer, row):
    """Draws, weights and answers around one row, through public methods."""
    meta = explainer.explain(row).meta
    [around] = explainer.sampler_.sample(row, meta["n_samples"], random_state=meta["seed"])
    weights = explainer.kernel_(around.design, around.position)
    return around, weights, explainer.estimator_.predict_proba(around.inputs)[:, 1]


@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
@pytest.mark.parametrize(
    "kernel",
    [None, ExponentialKernel(1.0, "manhattan"), halved_by_distance, RBF(2.0)],
    ids=shown,
)
def test_surrogate_is_scikit_learns_weighted_ridge_on_the_draws(sampler, kernel):
    # Pools of Sobol points have control variates, which move coefficients a little.
    if sampler == MarginalSampler():
        sampler = MarginalSampler(sequence="random")
    explainer = small(FOREST, target=1, sampler=sampler, kernel=kernel).fit(X)
    for i in (0, 75):
        row = X[[i]]
        explanation = explainer.explain(row)
        around, weights, f = neighbourhood(explainer, row)
        ridge = Ridge(alpha=weights.mean()).fit(around.design, f, sample_weight=weights)
        # 0/1 designs are multiplied in single precision.
        close = {"rtol": 0, "atol": 1e-5 * np.ptp(f)}
        np.testing.assert_allclose(explanation.values[0], ridge.coef_, **close)
        np.testing.assert_allclose(explanation.intercepts[0], ridge.intercept_, **close)
        np.testing.assert_allclose(
            explanation.local_predictions, ridge.predict(around.position[None]), **close
        )
        np.testing.assert_allclose(
            explanation.scores[0], ridge.score(around.design, f, weights), atol=1e-5
        )
        np.testing.assert_allclose(
            explanation.effective_sample_sizes[0],
            weights.sum() ** 2 / (weights @ weights),
            rtol=1e-5,
        )
        if around.design.dtype == bool:
            sides = weights @ around.design, weights @ ~around.design
            np.testing.assert_allclose(
                explanation.support[0], np.min(sides, axis=0) / weights.mean(), rtol=1e-4
            )


@pytest.mark.parametrize(
    "selector",
    [
        AllFeatures(),
        HighestWeights(2),
        ForwardSelection(2),
        LassoPath(2),
        SelectFromModel(Ridge(), max_features=2, threshold=-np.inf),
    ],
    ids=str,
)
@pytest.mark.parametrize("sampler", SAMPLERS[1::3], ids=repr)
@pytest.mark.parametrize(
    "surrogate", [None, LinearRegression(), Lasso(0.01)], ids=lambda model: str(model)
)
def test_surrogate_sees_the_selected_features_only(sampler, selector, surrogate):
    explainer = small(
        FOREST, target=1, sampler=sampler, selector=selector, surrogate=surrogate
    ).fit(X)
    row = X[[75]]
    explanation = explainer.explain(row)
    around, weights, f = neighbourhood(explainer, row)
    weights = weights / weights.mean()
    chosen = clone(selector).fit(around.design, f, sample_weight=weights).get_support()
    model = Ridge(alpha=1.0) if surrogate is None else clone(surrogate)
    model.fit(around.design[:, chosen], f, sample_weight=weights)
    expected = np.zeros(4)
    expected[chosen] = model.coef_
    np.testing.assert_allclose(explanation.values[0], expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(explanation.intercepts[0], model.intercept_, atol=1e-5)


# Fidelity


@pytest.mark.parametrize("target", ["auto", "all", 1])
@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
def test_score_is_the_fidelity_on_the_reference_neighbourhoods(sampler, target):
    explainer = small(FOREST, sampler=sampler, target=target).fit(X)
    rows = X[::10]
    explanation = explainer.explain(rows, target="all")
    answers = {
        "auto": FOREST.predict(rows)[:, np.newaxis],
        "all": np.tile([0, 1, 2], (len(rows), 1)),
        1: np.ones((len(rows), 1), dtype=int),
    }[target]
    residual = total = 0.0
    for i, around in enumerate(explainer.sampler_.reference(rows)):
        assert len(around.design) == 512
        f = FOREST.predict_proba(around.inputs)
        g = explanation.intercepts[i] + around.design @ explanation.values[i].T
        own = answers[i]
        residual += np.square(f - g)[:, own].sum()
        total += np.square(f - f.mean(axis=0))[:, own].sum()
    # Coefficients of one output or of several round differently in single precision.
    assert explainer.score(rows) == pytest.approx(1.0 - residual / total, abs=1e-5)


def test_score_is_the_same_for_any_number_of_rows_put_together():
    explainer = small(FOREST, target=1).fit(X)
    assert explainer.score(np.repeat(X[::10], 3, axis=0)) == pytest.approx(
        explainer.score(X[::10]), rel=1e-12
    )
    assert explainer.score(X, Y) == explainer.score(X)


def test_score_of_a_surrogate_that_is_the_model_is_one():
    model = LinearRegression().fit(X, X @ [1.0, -2.0, 0.5, 3.0])
    explainer = LimeExplainer(model, sampler=MarginalSampler(n_bins=None), random_state=0)
    # The penalty of one draw among 4,096 shrinks the coefficients a little.
    assert explainer.fit(X).score(X) > 1.0 - 1e-5


def test_score_of_a_constant_model_is_one():
    model = DecisionTreeRegressor().fit(X, np.full(len(X), 7.0))
    assert small(model).fit(X).score(X) == 1.0


# Between 0.2 and 2 the effective sample size goes from 1.5 to 1,500.
WIDTHS = [0.2, 0.5, 2.0]
FRIEDMAN, RESPONSE = make_friedman1(300, n_features=6, random_state=0)
REGRESSOR = RandomForestRegressor(20, random_state=0)
STANDARDISED = LimeExplainer(
    REGRESSOR,
    sampler=MarginalSampler(n_bins=None),
    method="sampling",
    weighting="kernel",
    n_samples=2048,
    random_state=0,
)


@pytest.mark.filterwarnings("ignore::sklime.exceptions.NeighbourhoodWarning")
def test_score_chooses_the_width_where_in_sample_r2_chooses_badly():
    in_sample, fresh = {}, {}
    for width in WIDTHS:
        explainer = clone(STANDARDISED).set_params(kernel__width=width).fit(FRIEDMAN)
        explanation = explainer.explain(FRIEDMAN[:40])
        in_sample[width] = explanation.scores.mean()
        fresh[width] = explainer.score(FRIEDMAN[:40])
        if width == 0.2:
            assert (explanation.effective_sample_sizes < 6).all()
    assert max(in_sample, key=in_sample.get) == 0.2
    assert max(fresh, key=fresh.get) == 2.0
    assert fresh[0.2] < 0.0 < 0.7 < fresh[2.0]


@pytest.mark.filterwarnings("ignore::sklime.exceptions.NeighbourhoodWarning")
def test_grid_search_chooses_by_the_score():
    search = GridSearchCV(STANDARDISED, {"kernel__width": WIDTHS}, cv=3).fit(FRIEDMAN[:90])
    assert search.best_params_ == {"kernel__width": 2.0}


def test_score_compares_samplers_and_selectors():
    # All four columns of a linear model matter: fewer, or cut into bins, explain less.
    model = LinearRegression().fit(X, X @ [1.0, 1.0, 1.0, 1.0])
    scores = [
        small(model, sampler=MarginalSampler(n_bins), selector=selector).fit(X).score(X)
        for n_bins, selector in (
            (None, None),
            (4, None),
            (4, ForwardSelection(2)),
            (4, ForwardSelection(1)),
        )
    ]
    assert scores == sorted(scores, reverse=True)


def test_score_is_that_of_a_pipelines_last_step():
    scaled = StandardScaler().fit_transform(X)
    model = LogisticRegression().fit(scaled, Y)
    pipeline = make_pipeline(StandardScaler(), small(model)).fit(X)
    assert pipeline.score(X) == small(model).fit(scaled).score(scaled)
    search = GridSearchCV(pipeline, {"limeexplainer__kernel__width": [1.0, 2.0]}, cv=2)
    assert np.isfinite(search.fit(X).best_score_)


# Randomness


@pytest.mark.parametrize("sampler", [MarginalSampler(), GaussianSampler("instance")])
def test_random_state_none_is_resolved_once_in_fit(sampler):
    explainer = small(sampler=sampler, random_state=None).fit(X)
    values = explainer.transform(X)
    np.testing.assert_array_equal(explainer.transform(X), values)
    np.testing.assert_array_equal(explainer.explain(X).values, values)
    assert (clone(explainer).fit(X).transform(X) != values).any()


@pytest.mark.parametrize("sampler", [MarginalSampler(), GaussianSampler("instance")])
def test_equal_seeds_give_equal_explanations(sampler):
    values = small(sampler=sampler).fit(X).transform(X)
    explainer = small(sampler=sampler)
    np.testing.assert_array_equal(explainer.fit(X).transform(X), values)
    np.testing.assert_array_equal(explainer.fit(X).transform(X), values)
    other = small(sampler=sampler, random_state=1).fit(X).transform(X)
    assert (other != values).any()
    state = np.random.RandomState(3)
    from_state = small(sampler=sampler, random_state=state).fit(X).transform(X)
    again = small(sampler=sampler, random_state=np.random.RandomState(3)).fit(X)
    np.testing.assert_array_equal(again.transform(X), from_state)


def test_seed_also_fits_an_unfitted_model_that_leaves_its_own_open():
    model = make_pipeline(StandardScaler(), RandomForestClassifier(5))
    one, other = (small(model).fit(X, Y).transform(X) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert model[-1].random_state is None
    kept = RandomForestClassifier(5, random_state=3)
    explainer = small(kept).fit(X, Y)
    np.testing.assert_array_equal(
        explainer.estimator_.predict_proba(X), clone(kept).fit(X, Y).predict_proba(X)
    )


def test_explainer_of_other_data_forgets_the_first():
    values = small().fit(X).transform(X)
    refitted = small().fit(X[:50]).fit(X)
    np.testing.assert_array_equal(refitted.transform(X), values)


def test_regression_target_of_a_real_table():
    data, target = load_diabetes(return_X_y=True, as_frame=True)
    explainer = small(LinearRegression()).fit(data, target)
    strongest = np.abs(explainer.transform(data)).mean(axis=0).argsort()[-3:]
    # Columns of equal spread: the effect of a bin goes with the coefficient.
    by_coefficient = np.abs(explainer.estimator_.coef_).argsort()[-3:]
    assert {*data.columns[strongest]} == {*data.columns[by_coefficient]}
