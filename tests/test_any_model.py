"""Every kind of model: explained, scored, and held against what the model itself says."""

import numpy as np
import pandas as pd
import pytest
from catboost import CatBoost, CatBoostClassifier, CatBoostRanker, CatBoostRegressor
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn import config_context
from sklearn import ensemble as en
from sklearn import linear_model as lm
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestCentroid,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor

from sklime import FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import GaussianSampler, MarginalSampler

# 0/1 designs are multiplied in single precision: sums are good to 1e-6 of the answers'
# spread, and models such as xgboost answer in single precision themselves.
SINGLE = 1e-5

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 4))
LEVEL = np.digitize(X[:, 0], [-0.5, 0.5])
Y = 3.0 * X[:, 0] - X[:, 1]


def explainer(model, target="auto", n_samples=512, **params):
    defaults = {"method": "sampling", "random_state": 0}
    params = defaults | {"n_samples": n_samples, "target": target} | params
    return LimeExplainer(model, **params).fit(X)


def strongest(attributions):
    return int(np.abs(attributions).mean(axis=0).argmax())


class Shouter(ClassifierMixin, BaseEstimator):
    """A classifier that only predicts."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        edges = [-0.5, 0.5] if len(self.classes_) == 3 else [0.0]
        return self.classes_[np.digitize(X[:, 0], edges)]


class Oracle:
    """A black box that never heard of scikit-learn."""

    def predict_proba(self, X):
        p = 1.0 / (1.0 + np.exp(-2.0 * X[:, 2]))
        return np.column_stack([1.0 - p, p])


# ------------------------------------------------------------------------- classifiers

CLASSIFIERS = [
    lm.LogisticRegression(),
    lm.SGDClassifier(random_state=0),
    lm.Perceptron(random_state=0),
    lm.RidgeClassifier(),
    LinearSVC(),
    SVC(),
    GaussianNB(),
    KNeighborsClassifier(),
    NearestCentroid(),
    LinearDiscriminantAnalysis(),
    QuadraticDiscriminantAnalysis(),
    GaussianProcessClassifier(),
    MLPClassifier(max_iter=2000, random_state=0),
    DecisionTreeClassifier(random_state=0),
    en.RandomForestClassifier(10, random_state=0),
    en.ExtraTreesClassifier(10, random_state=0),
    en.AdaBoostClassifier(n_estimators=5),
    en.GradientBoostingClassifier(n_estimators=5),
    en.HistGradientBoostingClassifier(max_iter=5),
    en.BaggingClassifier(random_state=0),
    en.VotingClassifier(
        [("a", GaussianNB()), ("b", DecisionTreeClassifier())], voting="soft"
    ),
    en.VotingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier())]),
    en.StackingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier())], cv=2),
    CalibratedClassifierCV(LinearSVC(), cv=2),
    OneVsRestClassifier(lm.LogisticRegression()),
    OutputCodeClassifier(lm.LogisticRegression(), random_state=0),
    GridSearchCV(lm.LogisticRegression(), {"C": [1.0, 10.0]}, cv=2),
    make_pipeline(
        StandardScaler(), PolynomialFeatures(2), lm.LogisticRegression(max_iter=500)
    ),
    LGBMClassifier(n_estimators=5, min_child_samples=5, n_jobs=1, verbose=-1),
    XGBClassifier(n_estimators=5, n_jobs=1),
    Shouter(),
]


def outputs_of(model, X):
    """What a classifier says about rows, one column per class, by its own methods."""
    for method in ("predict_proba", "decision_function", "predict"):
        if hasattr(model, method):
            break
    answers = getattr(model, method)(X)
    if method == "predict":
        answers = (answers[:, np.newaxis] == model.classes_).astype(float)
    elif answers.ndim == 1:
        answers = np.column_stack([-answers, answers])
    return method, answers


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: type(model).__name__)
def test_a_classifier_of_three_classes(model):
    model = clone(model).fit(X, LEVEL)
    method, answers = outputs_of(model, X)
    every = explainer(model, "all").explain(X)
    assert every.values.shape == (120, 3, 4)
    assert every.target_names.tolist() == [0, 1, 2]
    np.testing.assert_allclose(every.predictions, answers, rtol=1e-12)
    if method != "decision_function":
        # Probabilities and indicators sum to 1, whose attributions are 0.
        np.testing.assert_allclose(every.values.sum(axis=1), 0.0, atol=SINGLE)
    auto = explainer(model)
    attributions = auto.transform(X)
    own = answers.argmax(axis=1)
    spread = np.abs(every.values).max()
    np.testing.assert_allclose(
        attributions, every.values[np.arange(120), own], atol=SINGLE * spread
    )
    assert auto.explain(X).target_names.tolist() == own.tolist()
    assert strongest(attributions) == 0
    assert -1.0 < auto.score(X[:40]) <= 1.0


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: type(model).__name__)
def test_a_classifier_of_two_classes_explains_the_second(model):
    binary = LEVEL[LEVEL != 1] // 2
    rows = X[LEVEL != 1]
    model = clone(model).fit(rows, binary)
    _, answers = outputs_of(model, rows)
    attributions = explainer(model).transform(rows)
    np.testing.assert_array_equal(attributions, explainer(model, 1).transform(rows))
    opposite = explainer(model, 0).transform(rows)
    spread = np.abs(attributions).max()
    np.testing.assert_allclose(opposite, -attributions, atol=SINGLE * spread)
    np.testing.assert_allclose(explainer(model).explain(rows).predictions, answers[:, 1])
    assert strongest(attributions) == 0
    # Being high in the only column that matters speaks for the second class.
    high = rows[:, 0] > 1.0
    assert (attributions[high, 0] > 0.0).all()


@pytest.mark.parametrize("labels", [["low", "mid", "top"], [3, 7, 11], [-1, 0, 1]], ids=str)
@pytest.mark.parametrize("kind", [lm.LogisticRegression, LinearSVC, Shouter])
def test_a_target_is_a_label_and_never_an_index(labels, kind):
    y = np.array(labels)[LEVEL]
    model = kind().fit(X, y)
    _, answers = outputs_of(model, X)
    every = explainer(model, "all")
    assert every.classes_.tolist() == labels
    parts = every.transform(X[:20]).reshape(20, 3, 4)
    for column, label in enumerate(labels):
        one = explainer(model, label)
        found = one.explain(X[:20])
        np.testing.assert_allclose(
            found.values, parts[:, column], atol=SINGLE * np.abs(parts).max()
        )
        np.testing.assert_allclose(found.predictions, answers[:20, column])
        assert found.target_names.tolist() == [label] * 20
        assert every.explain(X[:1], target=label).target_names.tolist() == [label]
    names = [f"{label}__x{j}" for label in labels for j in range(4)]
    assert every.get_feature_names_out().tolist() == names
    for wrong in (2, "2", True, "nobody"):
        if wrong not in labels:
            with pytest.raises(ValueError, match="target="):
                explainer(model, wrong)
    assert model.classes_.tolist() == labels


def test_a_frozen_model_is_explained_like_the_model_inside():
    model = GaussianNB().fit(X, LEVEL)
    frozen = explainer(FrozenEstimator(model), "all").transform(X)
    np.testing.assert_array_equal(frozen, explainer(model, "all").transform(X))


def test_truth_values_and_numbers_are_different_labels():
    model = lm.LogisticRegression().fit(X, X[:, 0] > 0)
    assert explainer(model, True).explain(X[:3]).target_names.tolist() == [True] * 3
    with pytest.raises(ValueError, match="target=1 "):
        explainer(model, 1)


@pytest.mark.parametrize("label", ["yes", 5, 0])
@pytest.mark.parametrize(
    "kind", [DummyClassifier, DecisionTreeClassifier, GaussianNB, en.RandomForestClassifier]
)
def test_a_classifier_that_saw_one_class_has_nothing_to_explain(kind, label):
    model = kind().fit(X, np.full(len(X), label))
    for target in ("auto", "all", label):
        found = explainer(model, target)
        np.testing.assert_array_equal(found.transform(X[:5]), np.zeros((5, 4)))
        assert found.score(X[:5]) == 1.0
    explanation = explainer(model).explain(X[:5])
    assert explanation.predictions.tolist() == [1.0] * 5
    assert explanation.as_list(0) == []


def test_the_margin_of_the_first_class_is_the_negative_of_the_second():
    y = np.where(X[:, 0] + X[:, 1] > 0, "yes", "no")
    model = LinearSVC().fit(X, y)
    yes, no = explainer(model, "yes").explain(X[:9]), explainer(model, "no").explain(X[:9])
    np.testing.assert_allclose(yes.predictions, model.decision_function(X[:9]))
    np.testing.assert_allclose(no.predictions, -model.decision_function(X[:9]))
    np.testing.assert_allclose(no.values, -yes.values, atol=SINGLE * np.ptp(yes.values))
    upper = X[:9, :2] > 0.7
    assert (yes.values[:, :2][upper] > 0.0).all()


def test_another_response_method_is_another_model():
    model = lm.LogisticRegression().fit(X, X[:, 0] > 0)
    standardised = {"sampler": MarginalSampler(n_bins=None), "n_samples": 4096}
    margins = explainer(model, response_method="decision_function", **standardised)
    # A linear margin has its own coefficients, per standard deviation of a column.
    expected = model.coef_ * X.std(axis=0)
    found = margins.transform(X[:5])
    # The penalty of one draw in 4,096 shrinks coefficients by 1 in 4,096.
    np.testing.assert_allclose(found, np.tile(expected, (5, 1)), rtol=2e-3, atol=2e-3)
    indicators = explainer(model, response_method="predict").explain(X[:5])
    np.testing.assert_array_equal(indicators.predictions, model.predict(X[:5]))


# -------------------------------------------------------------------------- regressors

REGRESSORS = [
    lm.LinearRegression(),
    lm.Lasso(alpha=0.01),
    lm.HuberRegressor(),
    lm.QuantileRegressor(alpha=0.0),
    lm.RANSACRegressor(random_state=0),
    lm.BayesianRidge(),
    SVR(C=100.0),
    KNeighborsRegressor(),
    KernelRidge(),
    GaussianProcessRegressor(alpha=0.1),
    PLSRegression(2),
    MLPRegressor(max_iter=3000, random_state=0),
    DecisionTreeRegressor(random_state=0),
    en.RandomForestRegressor(10, random_state=0),
    en.GradientBoostingRegressor(n_estimators=20),
    en.HistGradientBoostingRegressor(max_iter=20),
    en.StackingRegressor([("a", lm.Ridge()), ("b", DecisionTreeRegressor())], cv=2),
    TransformedTargetRegressor(lm.Ridge(), transformer=StandardScaler()),
    GridSearchCV(lm.Ridge(), {"alpha": [0.1, 1.0]}, cv=2),
    make_pipeline(StandardScaler(), lm.Ridge()),
    LGBMRegressor(n_estimators=20, min_child_samples=5, n_jobs=1, verbose=-1),
    XGBRegressor(n_estimators=20, n_jobs=1),
]


@pytest.mark.parametrize("model", REGRESSORS, ids=lambda model: type(model).__name__)
def test_a_regressor(model):
    model = clone(model).fit(X, Y)
    found = explainer(model)
    explanation = found.explain(X)
    np.testing.assert_allclose(explanation.predictions, model.predict(X).ravel())
    np.testing.assert_array_equal(explanation.values, found.transform(X))
    assert explanation.values.shape == (120, 4)
    assert set(explanation.target_names) == {"y"}
    order = np.abs(explanation.values).mean(axis=0).argsort()[::-1]
    assert order[:2].tolist() == [0, 1]
    assert 0.0 < found.score(X[:40]) <= 1.0
    for target in ("predicted", "y"):
        np.testing.assert_array_equal(
            explainer(model, target).transform(X), found.transform(X)
        )


@pytest.mark.parametrize(
    "model",
    [lm.LinearRegression(), lm.Lasso(alpha=0.01), lm.HuberRegressor(), lm.BayesianRidge()],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.parametrize(
    "sampler",
    [
        MarginalSampler(n_bins=None),
        GaussianSampler(),
        GaussianSampler(center="instance"),
        GaussianSampler(center="instance", scale=0.1),
    ],
    ids=["marginal", "mean", "instance", "near"],
)
def test_a_linear_model_has_its_own_coefficients(model, sampler):
    model = clone(model).fit(X, Y)
    found = explainer(model, sampler=sampler, n_samples=4096).transform(X[:10])
    expected = model.coef_ * X.std(axis=0)
    # The penalty of one draw in 4,096 shrinks by 1 / (4,096 * variance of the draws), which
    # is smallest at scale 0.1.
    shrinkage = 1.0 / (4096 * getattr(sampler, "scale", 1.0) ** 2)
    tolerance = 5 * shrinkage * np.abs(expected).max()
    np.testing.assert_allclose(found, np.tile(expected, (10, 1)), atol=tolerance)


# ----------------------------------------------------------- several outputs or labels

TWO = np.column_stack([2.0 * X[:, 0], -X[:, 3]])
LABELS = (X[:, :3] > 0).astype(int)


@pytest.mark.parametrize(
    "model",
    [
        lm.LinearRegression(),
        PLSRegression(2),
        KNeighborsRegressor(),
        MLPRegressor(max_iter=3000, random_state=0),
        en.RandomForestRegressor(10, random_state=0),
        MultiOutputRegressor(en.GradientBoostingRegressor(n_estimators=20)),
        XGBRegressor(n_estimators=20, n_jobs=1),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_regressor_of_several_outputs_explains_all(model):
    model = clone(model).fit(X, TWO)
    found = explainer(model)
    explanation = found.explain(X)
    assert explanation.values.shape == (120, 2, 4)
    assert explanation.target_names.tolist() == ["y0", "y1"]
    np.testing.assert_allclose(explanation.predictions, model.predict(X), rtol=1e-6)
    np.testing.assert_array_equal(found.transform(X), explanation.values.reshape(120, 8))
    assert strongest(explanation.values[:, 0]) == 0
    assert strongest(explanation.values[:, 1]) == 3
    alone = FunctionRegressor(lambda X: model.predict(X)[:, 1])
    for one in (explainer(model, "y1"), explainer(alone)):
        np.testing.assert_allclose(
            one.transform(X), explanation.values[:, 1], atol=SINGLE * np.ptp(TWO[:, 1])
        )
    with pytest.raises(ValueError, match="predicted"):
        explainer(model, "predicted")
    assert 0.0 < found.score(X[:40]) <= 1.0


@pytest.mark.parametrize(
    "model",
    [
        en.RandomForestClassifier(20, random_state=0),
        DecisionTreeClassifier(random_state=0),
        KNeighborsClassifier(),
        OneVsRestClassifier(lm.LogisticRegression()),
        OneVsRestClassifier(LinearSVC()),
        MLPClassifier(max_iter=2000, random_state=0),
        MultiOutputClassifier(lm.LogisticRegression()),
        ClassifierChain(lm.LogisticRegression(), random_state=0),
        lm.RidgeClassifier(),
        XGBClassifier(n_estimators=20),
    ],
    ids=lambda model: type(getattr(model, "estimator", model)).__name__,
)
def test_a_model_of_several_labels_explains_each(model):
    model = clone(model).fit(X, LABELS)
    found = explainer(model)
    explanation = found.explain(X)
    assert explanation.values.shape == (120, 3, 4)
    assert explanation.target_names.tolist() == [0, 1, 2]
    for label in range(3):
        values = explanation.values[:, label]
        assert strongest(values) == label
        # Being high in its own column speaks for a label, not against it.
        assert (values[X[:, label] > 1.0, label] > 0.0).all()
        one = explainer(model, label).transform(X)
        np.testing.assert_allclose(one, values, atol=SINGLE * np.ptp(values))
    with pytest.raises(ValueError, match="predicted"):
        explainer(model, "predicted")


# --------------------------------------------------------- neither of these, black boxes


@pytest.mark.parametrize(
    "model",
    [
        en.IsolationForest(n_estimators=50, random_state=0),
        OneClassSVM(),
        LocalOutlierFactor(novelty=True),
    ],
    ids=lambda model: type(model).__name__,
)
def test_an_outlier_detector_explains_its_decision(model):
    rows = np.vstack([X, [[0.0, 0.0, 9.0, 0.0]]])
    model = model.fit(X)
    explanation = explainer(model, n_samples=4096).explain(rows)
    np.testing.assert_allclose(explanation.predictions, model.decision_function(rows))
    # Inliers have higher values than outliers: an edge of the data speaks against.
    edge = np.abs(X) > 1.5
    middle = np.abs(X) < 0.3
    assert explanation.values[:-1][edge].mean() < 0 < explanation.values[:-1][middle].mean()


def test_a_mixture_explains_the_probability_of_its_components():
    two = np.vstack([X, X + np.array([8.0, 0.0, 0.0, 0.0])])
    model = GaussianMixture(2, random_state=0).fit(two)
    found = LimeExplainer(model, target="all", n_samples=512, random_state=0).fit(two)
    values = found.explain(two).values
    np.testing.assert_allclose(values.sum(axis=1), 0.0, atol=SINGLE)
    assert strongest(values[:, 0]) == 0


def test_a_clustering_is_refused_with_a_cure():
    model = KMeans(2, random_state=0).fit(X)
    with pytest.raises(ValueError, match=r"KMeans.*FunctionClassifier"):
        explainer(model)


def test_a_black_box_needs_no_base_class():
    found = explainer(Oracle())
    assert not hasattr(found, "classes_")
    np.testing.assert_array_equal(
        found.explain(X).predictions, Oracle().predict_proba(X)[:, 1]
    )
    assert strongest(found.transform(X)) == 2
    assert found.score(X[:20]) > 0.5
    np.testing.assert_array_equal(explainer(Oracle(), 1).transform(X), found.transform(X))


def test_plain_functions_stand_for_models():
    number = explainer(FunctionRegressor(lambda X: X[:, 3]))
    assert strongest(number.transform(X)) == 3
    chance = FunctionClassifier(Oracle().predict_proba, classes=["dry", "wet"])
    wet = explainer(chance, "wet").transform(X)
    np.testing.assert_array_equal(wet, explainer(chance).transform(X))
    np.testing.assert_array_equal(wet, explainer(Oracle()).transform(X))
    assert explainer(chance).classes_.tolist() == ["dry", "wet"]


@pytest.mark.parametrize("method", ["sampling", "auto"])
@pytest.mark.parametrize("classes", [None, ["dry", "wet"]])
def test_one_probability_a_row_explains_the_second_of_two_classes(method, classes):
    both = Oracle().predict_proba
    right = explainer(FunctionClassifier(both, classes), method=method).explain(X)
    for one in (lambda X: both(X)[:, 1:], lambda X: both(X)[:, 1]):
        found = explainer(FunctionClassifier(one, classes), method=method)
        explanation = found.explain(X)
        assert explanation.target_names.tolist() == right.target_names.tolist()
        np.testing.assert_array_equal(explanation.values, right.values)
        np.testing.assert_array_equal(explanation.predictions, right.predictions)
        every = explainer(FunctionClassifier(one, classes), "all").explain(X)
        np.testing.assert_allclose(every.values.sum(axis=1), 0.0, atol=SINGLE)
        assert getattr(found, "classes_", np.array([])).tolist() == (classes or [])


@pytest.mark.torch
def test_a_torch_module_is_a_function():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    linear = torch.nn.Linear(4, 3)
    module = torch.nn.Sequential(linear, torch.nn.Softmax(dim=1))
    model = FunctionClassifier(
        lambda X: module(torch.as_tensor(X, dtype=torch.float32)), classes=["a", "b", "c"]
    )
    every = explainer(model, "all").explain(X)
    expected = module(torch.as_tensor(X, dtype=torch.float32)).detach().numpy()
    np.testing.assert_allclose(every.predictions, expected, rtol=1e-6)
    np.testing.assert_allclose(every.values.sum(axis=1), 0.0, atol=SINGLE)
    steepest = np.ptp(linear.weight.detach().numpy(), axis=0).argmax()
    assert strongest(every.values.reshape(-1, 4)) == steepest
    assert explainer(model).score(X[:20]) > 0.0


@pytest.mark.parametrize("container", [np.array, pd.DataFrame], ids=["array", "frame"])
@pytest.mark.parametrize("target", ["auto", 2])
def test_a_model_that_works_in_place_changes_no_row_and_no_explanation(container, target):
    careful = make_pipeline(StandardScaler(), lm.LogisticRegression())
    hasty = make_pipeline(StandardScaler(copy=False), lm.LogisticRegression())
    # Far from its standard scale, so that a row scaled in place lies in another bin.
    rows = container(X + 5.0)
    if container is pd.DataFrame:
        rows.columns = ["a", "b", "c", "d"]
    kept = rows.copy()
    careful, hasty = careful.fit(kept.copy(), LEVEL), hasty.fit(kept.copy(), LEVEL)
    expected = LimeExplainer(careful, target=target, random_state=0).fit(kept).explain(kept)
    found = LimeExplainer(hasty, target=target, random_state=0).fit(rows).explain(rows)
    np.testing.assert_array_equal(rows, kept)
    np.testing.assert_allclose(found.values, expected.values, atol=SINGLE)
    np.testing.assert_allclose(found.predictions, expected.predictions)


# --------------------------------------------------------------------------- boosting


@pytest.fixture(scope="module")
def shopping():
    """Numbers with gaps beside a category, and what is bought."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "income (EUR)": np.where(rng.random(400) < 0.2, np.nan, rng.normal(size=400)),
            "color": pd.Categorical(rng.choice(["red", "blue", "green"], 400)),
            "noise": rng.normal(size=400),
        }
    )
    return frame, 2.0 * (frame["color"] == "red") + frame["income (EUR)"].isna()


@pytest.mark.parametrize(
    "model",
    [
        XGBRegressor(n_estimators=50, enable_categorical=True),
        LGBMRegressor(n_estimators=100, min_child_samples=5, n_jobs=1, verbose=-1),
        en.HistGradientBoostingRegressor(categorical_features="from_dtype"),
    ],
    ids=lambda model: type(model).__name__,
)
def test_boosting_on_frames_with_gaps_and_categories(shopping, model):
    frame, y = shopping
    found = LimeExplainer(clone(model).fit(frame, y), random_state=0).fit(frame)
    values = found.explain(frame)
    # Learning and sampling are each off by a hundredth or so.
    red, gone = frame["color"] == "red", frame["income (EUR)"].isna()
    np.testing.assert_allclose(values["color"].values[red], 2.0, atol=0.06)
    np.testing.assert_allclose(values["income (EUR)"].values[gone], 1.0, atol=0.06)
    np.testing.assert_allclose(values["noise"].values, 0.0, atol=0.06)
    # Of a blue row, the surrogate cannot tell red from green: "not blue" is all it knows.
    assert found.score(frame[:50]) > 0.5


def catboost(kind, **params):
    params = {"iterations": 20, "verbose": 0, "thread_count": 1} | params
    params["allow_writing_files"] = False
    return kind(params) if kind is CatBoost else kind(**params)


@pytest.mark.parametrize(
    "model",
    [
        catboost(CatBoostRegressor),
        catboost(CatBoostRegressor, loss_function="MultiRMSE"),
        catboost(CatBoost),
        catboost(CatBoost, loss_function="MultiRMSE"),
        make_pipeline(StandardScaler(), catboost(CatBoostRegressor)),
        FrozenEstimator(catboost(CatBoostRegressor)),
        GridSearchCV(catboost(CatBoostRegressor), {"depth": [2]}, cv=2),
    ],
    ids=["regressor", "outputs", "base", "base outputs", "pipeline", "frozen", "search"],
)
def test_catboost_predicts_numbers(model):
    several = "MultiRMSE" in str(getattr(model, "get_params", dict)())
    y = np.column_stack([Y, X[:, 2]]) if several else Y
    model = (model.estimator if isinstance(model, FrozenEstimator) else model).fit(X, y)
    assert len(getattr(model, "classes_", [])) == 0
    found, right = explainer(model), explainer(FunctionRegressor(model.predict))
    assert not hasattr(found, "classes_")
    np.testing.assert_array_equal(found.transform(X), right.transform(X))
    assert found.score(X[:20]) == right.score(X[:20])
    names = found.explain(X[:2]).target_names.tolist()
    assert names == (["y0", "y1"] if several else ["y", "y"])


def test_a_ranker_of_catboost_gives_scores():
    ranker = catboost(CatBoostRanker).fit(X, LEVEL, group_id=np.arange(120) // 10)
    found, right = explainer(ranker), explainer(FunctionRegressor(ranker.predict))
    np.testing.assert_array_equal(found.transform(X), right.transform(X))
    assert strongest(found.transform(X)) == 0


def test_margins_that_catboost_calls_predictions_are_refused_with_the_cure():
    model = catboost(CatBoost, loss_function="Logloss").fit(X, LEVEL > 0)
    with pytest.raises(ValueError, match=r"not in its classes_.*FunctionRegressor"):
        explainer(model)
    assert strongest(explainer(FunctionRegressor(model.predict)).transform(X)) == 0


def test_catboost_gives_probabilities_of_its_classes():
    model = catboost(CatBoostClassifier).fit(X, np.array(["low", "mid", "top"])[LEVEL])
    found = explainer(model, "top")
    right = explainer(FunctionClassifier(model.predict_proba, model.classes_), "top")
    np.testing.assert_array_equal(found.transform(X), right.transform(X))
    assert found.classes_.tolist() == ["low", "mid", "top"]


NAMED = [
    XGBRegressor(n_estimators=20, n_jobs=1),
    LGBMRegressor(n_estimators=20, n_jobs=1, verbose=-1),
    en.HistGradientBoostingRegressor(max_iter=20),
    lm.LinearRegression(),
]


@pytest.mark.parametrize("model", NAMED, ids=lambda model: type(model).__name__)
def test_a_model_of_other_columns_is_refused(model):
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    model = clone(model).fit(frame, Y)
    with pytest.raises(ValueError, match=r"(?i)feature.?names|columns"):
        LimeExplainer(model).fit(frame.rename(columns={"a": "e"}))


@pytest.mark.parametrize("model", NAMED, ids=lambda model: type(model).__name__)
def test_columns_in_another_order_never_reach_the_wrong_place(model):
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    model = clone(model).fit(frame, Y)
    other = frame[["d", "c", "b", "a"]]
    try:
        found = LimeExplainer(model, random_state=0).fit(other).transform(other)
    except ValueError as error:
        assert "feature" in str(error) or "columns" in str(error)
    else:
        straight = LimeExplainer(model, random_state=0).fit(frame).transform(frame)
        np.testing.assert_allclose(found[:, ::-1], straight, atol=0.05 * np.ptp(Y))


@pytest.mark.parametrize("kind", [XGBRegressor, LGBMRegressor, en.RandomForestRegressor])
def test_arrays_and_frames_give_the_same_attributions(kind):
    quiet = {"n_jobs": 1, "verbose": -1} if kind is LGBMRegressor else {}
    model = kind(n_estimators=10, random_state=0, **quiet)
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    of_array = explainer(model.fit(X, Y)).transform(X)
    params = {"method": "sampling", "n_samples": 512, "random_state": 0}
    of_frame = LimeExplainer(model.fit(frame, Y), **params).fit(frame)
    np.testing.assert_allclose(of_frame.transform(frame), of_array, atol=SINGLE)
    # A model of a frame, asked about arrays, gets its names back and does not warn.
    np.testing.assert_allclose(explainer(model).transform(X), of_array, atol=SINGLE)


# ------------------------------------------------------------------------------ blocks


@pytest.mark.parametrize(
    "sampler",
    [
        MarginalSampler(),
        GaussianSampler(center="instance"),
        GaussianSampler(center="instance", scale=3.0, n_bins=2),
    ],
    ids=["pool", "shifted", "own"],
)
@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame], ids=["array", "frame"])
def test_each_call_of_the_model_gets_a_small_block(sampler, container):
    heights = []

    def predict(X):
        heights.append(len(X))
        return np.asarray(X)[:, 0]

    table = container(np.tile(X, (20, 1)))
    with config_context(working_memory=1):
        found = LimeExplainer(FunctionRegressor(predict), sampler=sampler, random_state=0)
        found.fit(table)
        found.explain(table[:100])
        found.score(table[:100])
    # Four columns of eight bytes each: all that goes to the model fits into a MiB.
    assert max(heights) * 4 * 8 <= 2**20
    assert sum(heights) > 4096 + 100 * 512
    wide = found.fit(table).transform(table[:30])
    with config_context(working_memory=1):
        narrow = found.fit(table).transform(table[:30])
    np.testing.assert_allclose(wide, narrow, rtol=0.0, atol=1e-10 * np.abs(wide).max())


def test_a_narrow_kernel_does_not_change_which_output_is_explained():
    model = lm.LogisticRegression().fit(X, LEVEL)
    wide, narrow = (
        explainer(model, kernel=ExponentialKernel(width=w)).explain(X) for w in (1e6, 0.8)
    )
    assert wide.target_names.tolist() == narrow.target_names.tolist()
    np.testing.assert_array_equal(wide.predictions, narrow.predictions)
