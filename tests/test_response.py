import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from scipy.sparse import csr_matrix
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    RidgeClassifier,
    RidgeClassifierCV,
)
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC, OneClassSVM
from xgboost import XGBClassifier, XGBRegressor

from sklime.model.functions import FunctionClassifier, FunctionRegressor
from sklime.model.response import Response

NAMES = ["a", "b", "c", "d", "e"]
X, Y3 = make_classification(
    90, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0
)
Y2 = (Y3 == 2).astype(int)
LABELS = (X[:, :3] > 0).astype(int)
FRAME = pd.DataFrame(X, columns=NAMES)
MARGIN = X[:, 0] + X[:, 1]
FOREST = dict(n_estimators=5, random_state=0)
SMALL_LGBM = dict(n_estimators=3, verbose=-1, n_jobs=1)
SMALL_XGB = dict(n_estimators=3, n_jobs=1)


class BlackBox:
    """Model of no library: attributes as given."""

    def __init__(self, **attributes):
        vars(self).update(attributes)


def explained(response, target):
    """Names of the outputs that a target explains for each row, or for all rows."""
    found = response.resolve(target)
    columns = found.columns(len(X), response(X) if found.needs_predictions else None)
    assert columns.shape == (len(X), len(response.outputs) if found.multiple else 1)
    return response.outputs[columns].squeeze()


# Which method


def test_auto_takes_the_first_method_that_a_classifier_has():
    hard = VotingClassifier([("l", LogisticRegression())])
    for model, method in (
        (RandomForestClassifier(**FOREST), "predict_proba"),
        (LinearSVC(), "decision_function"),
        (hard, "predict"),
    ):
        assert Response(model.fit(X, Y3), probe=X[:2]).method == method


def test_auto_takes_predict_of_a_regressor_whatever_else_it_has():
    model = LinearRegression().fit(X, MARGIN)
    model.predict_proba = model.decision_function = lambda X: 1 / 0
    response = Response(model, probe=X[:2])
    assert response.method == "predict"
    np.testing.assert_array_equal(response(X)[:, 0], model.predict(X))


def test_named_method_is_asked_though_others_exist():
    model = LogisticRegression().fit(X, Y3)
    response = Response(model, "decision_function", probe=X[:2])
    np.testing.assert_array_equal(response(X), model.decision_function(X))


@pytest.mark.parametrize("name", ["predict_proba", "score_samples"])
def test_named_method_that_does_not_exist_is_named(name):
    with pytest.raises(ValueError, match=name):
        Response(LinearSVC().fit(X, Y3), name, probe=X[:2])


def test_object_without_any_method_is_sent_to_function_estimators():
    with pytest.raises(ValueError, match="FunctionClassifier"):
        Response(len, probe=X[:2])


# Single-label classifiers


@pytest.mark.parametrize(
    "labels", [["ape", "bee", "cat"], [3, 5, 9], [0.0, 1.0, 5.0], [2, 1, 0]]
)
def test_probabilities_are_named_by_classes(labels):
    y = np.array(labels)[Y3]
    model = LogisticRegression().fit(X, y)
    response = Response(model, probe=X[:2])
    np.testing.assert_array_equal(response.outputs, np.unique(y))
    np.testing.assert_array_equal(response.classes, model.classes_)
    answers = response(X)
    np.testing.assert_array_equal(answers, model.predict_proba(X))
    assert answers.dtype == np.float64
    assert answers.flags.c_contiguous


def test_classifier_that_saw_one_class_has_one_output():
    response = Response(RandomForestClassifier(**FOREST).fit(X, 7 + 0 * Y3), probe=X[:2])
    assert response.outputs.tolist() == [7]
    np.testing.assert_array_equal(response(X), np.ones((len(X), 1)))
    assert set(explained(response, "auto")) == {7}
    assert set(explained(response, 7)) == {7}


@pytest.mark.parametrize(("label", "shown"), [(7, "7"), ("ape", "'ape'")])
def test_two_columns_for_a_single_class_are_refused_in_plain_words(label, shown):
    model = HistGradientBoostingClassifier(max_iter=2).fit(X, [label] * len(X))
    message = f"gives 2 columns, though the model was fitted on the single class {shown}"
    with pytest.raises(ValueError, match=message):
        Response(model, probe=X[:2])


def test_probabilities_of_a_model_without_classes_are_numbered():
    model = GaussianMixture(3, random_state=0).fit(X)
    response = Response(model, probe=X[:2])
    assert response.outputs.tolist() == [0, 1, 2]
    assert response.classes is None
    np.testing.assert_array_equal(explained(response, "auto"), model.predict(X))


def test_columns_that_do_not_match_classes_are_refused():
    model = LogisticRegression().fit(X, Y3)
    model.classes_ = model.classes_[:2]
    with pytest.raises(ValueError, match=r"3 columns.*2 classes_"):
        Response(model, probe=X[:2])


@pytest.mark.parametrize("labels", [["no", "yes"], [3, 8], [False, True]])
def test_binary_margin_becomes_two_opposite_outputs(labels):
    y = np.array(labels)[Y2]
    model = LinearSVC().fit(X, y)
    response = Response(model, probe=X[:2])
    margins = model.decision_function(X)
    np.testing.assert_array_equal(response(X), np.column_stack([-margins, margins]))
    np.testing.assert_array_equal(explained(response, "predicted"), model.predict(X))
    assert explained(response, "auto")[0] == labels[1]


def test_margins_of_three_classes_stay_as_they_are():
    for model in (LinearSVC(), SVC(), OneVsOneClassifier(LinearSVC())):
        response = Response(model.fit(X, Y3), probe=X[:2])
        np.testing.assert_array_equal(response(X), model.decision_function(X))


def one_vs_one():
    return SVC(decision_function_shape="ovo")


@pytest.mark.parametrize(
    "model",
    [
        one_vs_one(),
        make_pipeline(StandardScaler(), one_vs_one()),
        GridSearchCV(make_pipeline(one_vs_one()), {"svc__C": [1.0]}, cv=2),
        FrozenEstimator(make_pipeline(one_vs_one())),
        StackingClassifier([("l", LogisticRegression())], one_vs_one(), cv=2),
        make_pipeline(BaggingClassifier(one_vs_one(), n_estimators=2)),
    ],
)
def test_one_vs_one_margins_of_three_classes_are_refused_with_the_cure(model):
    # A frozen model is not fitted by its own `fit`.
    getattr(model, "estimator", model).fit(X, Y3)
    model.fit(X, Y3)
    # As many pairs as classes: nothing in the shape tells.
    assert model.decision_function(X).shape == (len(X), 3)
    with pytest.raises(ValueError, match="decision_function_shape='ovr'"):
        Response(model, "decision_function", probe=X[:2])


def test_one_vs_one_margins_of_four_classes_are_refused_with_the_cure():
    y = 2 * (X[:, 0] > 0) + (X[:, 1] > 0)
    with pytest.raises(ValueError, match=r"6 columns.*decision_function_shape='ovr'"):
        Response(one_vs_one().fit(X, y), probe=X[:2])


@pytest.mark.parametrize(
    ("model", "y"), [(one_vs_one(), Y2), (OneVsRestClassifier(one_vs_one()), Y3)]
)
def test_one_vs_one_setting_without_effect_is_accepted(model, y):
    model.fit(X, y)
    response = Response(model, probe=X[:2])
    np.testing.assert_array_equal(explained(response, "predicted"), model.predict(X))


@pytest.mark.parametrize("labels", [["ape", "bee", "cat"], [3, 5, 9]])
def test_classifier_with_predict_only_is_read_as_class_indicators(labels):
    y = np.array(labels)[Y3]
    model = VotingClassifier([("l", LogisticRegression())]).fit(X, y)
    response = Response(model, probe=X[:2])
    expected = pd.get_dummies(model.predict(X))[labels].to_numpy(float)
    np.testing.assert_array_equal(response(X), expected)
    np.testing.assert_array_equal(explained(response, "auto"), model.predict(X))


def test_predicted_label_outside_classes_is_located():
    model = BlackBox(
        classes_=["no", "yes"], predict=lambda X: np.where(X[:, 0] > 9, "maybe", "yes")
    )
    response = Response(model, probe=X[:2])
    rows = X.copy()
    rows[17, 0] = 99.5
    with pytest.raises(ValueError, match=r"draw 17, \[99\.5.*maybe.*FunctionRegressor"):
        response(rows, what="draw")


def test_labels_without_classes_are_refused_with_the_cure():
    words = BlackBox(predict=lambda X: np.where(X[:, 0] > 0, "yes", "no"))
    with pytest.raises(ValueError, match=r"classes_.*FunctionClassifier"):
        Response(words, probe=X[:2])
    numbered = FunctionClassifier(lambda X: np.tile([0.2, 0.8], (len(X), 1)))
    with pytest.raises(ValueError, match=r"classes_.*FunctionClassifier"):
        Response(numbered, "predict", probe=X[:2])
    with pytest.raises(ValueError, match=r"classes_.*FunctionClassifier"):
        Response(KMeans(2, n_init=1).fit(X), probe=X[:2])


# One column for two classes

ONE = {"(n,)": lambda p: p[:, 1], "(n, 1)": lambda p: p[:, 1:]}


@pytest.mark.parametrize("shape", ONE)
@pytest.mark.parametrize("classes", [None, ["stays", "leaves"], [3, 8], (True, False)])
@pytest.mark.parametrize(
    "convert", [np.asarray, list, np.float32], ids=lambda f: f.__name__
)
def test_one_probability_is_that_of_the_second_of_two_classes(shape, classes, convert):
    both = LogisticRegression().fit(X, Y2).predict_proba

    def one(X):
        return convert(ONE[shape](both(X)))

    labels = np.array([0, 1] if classes is None else classes)
    plain = BlackBox(predict_proba=one)
    if classes is not None:
        plain.classes_ = classes
    for model in (FunctionClassifier(one, classes), plain):
        response = Response(model, probe=X[:2])
        np.testing.assert_array_equal(response.outputs, labels)
        assert (response.classes is None) == (classes is None)
        # float32 rounds to 6e-8.
        atol = 1e-7 if convert is np.float32 else 1e-15
        np.testing.assert_allclose(response(X), both(X), rtol=0, atol=atol)
        assert response(X[:1]).shape == (1, 2)
        assert explained(response, "auto")[0] == labels[1]
        predicted = labels[both(X).argmax(axis=1)]
        np.testing.assert_array_equal(explained(response, "predicted"), predicted)
    np.testing.assert_array_equal(FunctionClassifier(one, classes).predict(X), predicted)


@pytest.mark.parametrize("shape", ONE)
def test_one_probability_of_three_classes_is_refused_with_the_cure(shape):
    both = LogisticRegression().fit(X, Y2).predict_proba
    model = FunctionClassifier(lambda X: ONE[shape](both(X)), ["ape", "bee", "cat"])
    with pytest.raises(ValueError, match=r"3 classes_.*hstack\(\[1 - p, p\]\)"):
        Response(model, probe=X[:2])
    with pytest.raises(ValueError, match=r"3 classes_.*hstack\(\[1 - p, p\]\)"):
        model.predict(X)


@pytest.mark.parametrize("shape", ONE)
@pytest.mark.parametrize("bad", [-0.5, 1.25, 40.0])
def test_one_number_that_is_no_probability_is_located_with_the_cure(shape, bad):
    def scores(X):
        p = np.where(X[:, 0] == 99.5, bad, 0.5)
        return ONE[shape](np.column_stack([1.0 - p, p]))

    rows = X.copy()
    rows[17, 0] = 99.5
    message = rf"{bad}.*\[0, 1\].*hstack\(\[1 - p, p\]\).*FunctionRegressor"
    model = FunctionClassifier(scores)
    with pytest.raises(ValueError, match=rf"draw 17, \[99\.5.*{message}"):
        Response(model, probe=X[:2])(rows, what="draw")
    with pytest.raises(ValueError, match=message):
        Response(model, probe=rows[16:18])
    with pytest.raises(ValueError, match=message):
        model.predict(rows)


def test_probability_that_rounding_carries_beyond_one_is_one():
    p = np.nextafter([0.0, 1.0], [-1.0, 2.0])
    response = Response(FunctionClassifier(lambda X: p), probe=X[:2])
    np.testing.assert_allclose(response(X[:2]), [[1.0, 0.0], [0.0, 1.0]], atol=1e-15)


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_one_margin_is_a_number_or_tells_two_classes_apart(shape):
    def margin(X):
        return MARGIN[: len(X)].reshape(shape)

    nameless = Response(BlackBox(decision_function=margin), probe=X[:2])
    assert nameless.outputs.tolist() == ["y"]
    np.testing.assert_array_equal(nameless(X)[:, 0], MARGIN)
    two = Response(BlackBox(decision_function=margin, classes_=["no", "yes"]), probe=X[:2])
    assert explained(two, "auto")[0] == "yes"
    np.testing.assert_array_equal(two(X), np.column_stack([-MARGIN, MARGIN]))
    three = BlackBox(decision_function=margin, classes_=["ape", "bee", "cat"])
    with pytest.raises(ValueError, match=r"one margin.*3 classes_"):
        Response(three, probe=X[:2])


# Multilabel classifiers


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(**FOREST),
        KNeighborsClassifier(),
        MultiOutputClassifier(LogisticRegression()),
        GridSearchCV(make_pipeline(KNeighborsClassifier()), {}, cv=2),
    ],
)
def test_list_of_probabilities_gives_each_label_its_second_class(model):
    model.fit(X, LABELS)
    response = Response(model, probe=X[:2])
    assert response.outputs.tolist() == [0, 1, 2]
    assert response.classes is None
    expected = np.column_stack([p[:, 1] for p in model.predict_proba(X)])
    np.testing.assert_array_equal(response(X), expected)


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (OneVsRestClassifier(LogisticRegression()), "predict_proba"),
        (OneVsRestClassifier(LinearSVC()), "decision_function"),
        (
            MLPClassifier((4,), solver="lbfgs", max_iter=500, random_state=0),
            "predict_proba",
        ),
        (RidgeClassifier(), "decision_function"),
        (make_pipeline(RidgeClassifierCV()), "decision_function"),
        (ClassifierChain(LogisticRegression()), "predict_proba"),
        (XGBClassifier(**SMALL_XGB), "predict_proba"),
    ],
)
def test_table_of_labels_is_recognised_by_its_predictions(model, method):
    model.fit(X, LABELS)
    response = Response(model, probe=X[:2])
    assert response.method == method
    assert response.outputs.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(response(X), getattr(model, method)(X))
    assert response.resolve("auto").multiple


def test_two_labels_are_not_taken_for_two_classes():
    model = OneVsRestClassifier(LogisticRegression()).fit(X, LABELS[:, :2])
    response = Response(model, probe=X[:2])
    assert response.resolve("auto").multiple
    np.testing.assert_array_equal(response(X), model.predict_proba(X))


@pytest.mark.parametrize("words", [False, True])
def test_predicted_labels_are_indicators_of_the_second_class(words):
    y = np.array(["off", "on"])[LABELS] if words else LABELS
    model = KNeighborsClassifier(1).fit(X, y)
    # Its own nearest neighbour: the predictions are the training labels.
    np.testing.assert_array_equal(Response(model, "predict", probe=X[:2])(X), LABELS)


def test_sparse_predicted_labels_are_read():
    model = OneVsRestClassifier(LogisticRegression()).fit(X, csr_matrix(LABELS))
    response = Response(model, "predict", probe=X[:2])
    np.testing.assert_array_equal(response(X), model.predict(X).toarray())


@pytest.mark.parametrize("method", ["predict_proba", "predict"])
def test_label_that_saw_one_class_is_constant(method):
    ones = np.ones(len(X), int)
    y = np.column_stack([LABELS[:, 0], ones, 0 * ones])
    model = RandomForestClassifier(**FOREST).fit(X, y)
    answers = Response(model, method, probe=X[:2])(X)
    assert len(np.unique(answers[:, 0])) > 1
    np.testing.assert_array_equal(answers[:, 1:], np.column_stack([ones, 0 * ones]))


@pytest.mark.parametrize("method", ["predict_proba", "predict"])
def test_outputs_of_more_than_two_classes_are_refused_with_the_cure(method):
    model = RandomForestClassifier(**FOREST).fit(X, np.column_stack([Y2, Y3]))
    with pytest.raises(ValueError, match="one output at a time, by a FunctionClassifier"):
        Response(model, method, probe=X[:2])


def test_cure_for_several_outputs_works():
    model = RandomForestClassifier(**FOREST).fit(X, np.column_stack([Y2, Y3]))
    second = FunctionClassifier(lambda X: model.predict_proba(X)[1], model.classes_[1])
    np.testing.assert_array_equal(
        explained(Response(second, probe=X[:2]), "auto"), model.predict(X)[:, 1]
    )


def test_list_of_probabilities_of_a_function_is_multilabel():
    model = KNeighborsClassifier().fit(X, LABELS)
    wrapped = Response(FunctionClassifier(model.predict_proba), probe=X[:2])
    np.testing.assert_array_equal(wrapped(X), Response(model, probe=X[:2])(X))
    assert wrapped.resolve("auto").multiple
    constant = FunctionClassifier(lambda X: [np.ones((len(X), 1))] * 2)
    with pytest.raises(ValueError, match=r"\[1, 1\] classes"):
        Response(constant, probe=X[:2])


def test_single_label_of_a_multi_output_classifier_is_an_ordinary_classifier():
    y = np.array(["off", "on"])[Y2]
    model = MultiOutputClassifier(LogisticRegression()).fit(X, y[:, np.newaxis])
    response = Response(model, probe=X[:2])
    assert response.outputs.tolist() == ["off", "on"]
    np.testing.assert_array_equal(response(X), model.predict_proba(X)[0])


def test_multilabel_data_of_scikit_learn_with_lightgbm():
    many, y = make_multilabel_classification(80, 5, n_classes=4, random_state=0)
    model = MultiOutputClassifier(LGBMClassifier(**SMALL_LGBM)).fit(many, y)
    response = Response(model, probe=many[:2])
    for label, part in enumerate(model.estimators_):
        np.testing.assert_array_equal(
            response(many)[:, label], part.predict_proba(many)[:, 1]
        )


# Numbers


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_one_number_is_called_y(shape):
    model = LinearRegression().fit(X, MARGIN.reshape(shape))
    response = Response(model, probe=X[:2])
    assert response.outputs.tolist() == ["y"]
    np.testing.assert_array_equal(response(X), model.predict(X).reshape(-1, 1))
    for target in ("auto", "predicted", "y"):
        assert set(explained(response, target)) == {"y"}
        assert not response.resolve(target).needs_predictions
        assert not response.resolve(target).multiple


@pytest.mark.parametrize(
    "model", [RandomForestRegressor(**FOREST), XGBRegressor(**SMALL_XGB)]
)
def test_several_numbers_are_counted(model):
    model.fit(X, X[:, :2])
    response = Response(model, probe=X[:2])
    assert response.outputs.tolist() == ["y0", "y1"]
    np.testing.assert_array_equal(response(X), model.predict(X))
    assert response.resolve("auto").multiple
    assert set(explained(response, "y1")) == {"y1"}
    with pytest.raises(ValueError, match=r"'predicted'.*'all'.*'y0', 'y1'"):
        response.resolve("predicted")
    with pytest.raises(ValueError, match="'y0', 'y1'"):
        response.resolve(1)


@pytest.mark.parametrize("model", [IsolationForest(n_estimators=5), OneClassSVM()])
def test_outlier_detector_gives_one_number(model):
    model.fit(X)
    response = Response(model, probe=X[:2])
    assert response.outputs.tolist() == ["y"]
    np.testing.assert_array_equal(response(X)[:, 0], model.decision_function(X))


def test_black_box_that_predicts_numbers_is_a_number():
    for predict in (lambda X: X[:, 0] > 0, lambda X: (X[:, 0] > 0).astype(object)):
        response = Response(BlackBox(predict=predict), probe=X[:2])
        assert response.outputs.tolist() == ["y"]
        np.testing.assert_array_equal(response(X)[:, 0], X[:, 0] > 0)


@pytest.mark.parametrize("classes", [[], (), np.array([]), np.array([], dtype=object)])
@pytest.mark.parametrize("method", ["predict", "decision_function"])
def test_model_with_an_empty_list_of_classes_has_none(classes, method):
    model = BlackBox(classes_=classes, **{method: lambda X: X[:, 0]})
    response = Response(model, probe=X[:2])
    assert response.outputs.tolist() == ["y"]
    assert response.classes is None
    np.testing.assert_array_equal(response(X)[:, 0], X[:, 0])


def test_probabilities_beside_an_empty_list_of_classes_are_numbered():
    model = LogisticRegression().fit(X, Y3)
    response = Response(
        BlackBox(classes_=[], predict_proba=model.predict_proba), probe=X[:2]
    )
    assert response.outputs.tolist() == [0, 1, 2]
    assert response.classes is None
    np.testing.assert_array_equal(response(X), model.predict_proba(X))


def test_regressor_predicts_numbers_whatever_classes_it_lists():
    model = LinearRegression().fit(X, MARGIN)
    model.classes_ = np.array([0, 1])
    for regressor in (model, make_pipeline(model)):
        response = Response(regressor, probe=X[:2])
        assert response.outputs.tolist() == ["y"]
        np.testing.assert_array_equal(response(X)[:, 0], model.predict(X))


# Targets


def test_auto_target_is_second_of_two_classes_else_the_predicted_one():
    binary = LogisticRegression().fit(X, np.array(["no", "yes"])[Y2])
    assert set(explained(Response(binary, probe=X[:2]), "auto")) == {"yes"}
    nameless = FunctionClassifier(binary.predict_proba)
    assert set(explained(Response(nameless, probe=X[:2]), "auto")) == {1}
    model = LogisticRegression().fit(X, Y3)
    response = Response(model, probe=X[:2])
    assert response.resolve("auto").needs_predictions
    np.testing.assert_array_equal(explained(response, "auto"), model.predict(X))


def test_names_of_a_target_are_the_outputs_that_can_occur():
    response = Response(LogisticRegression().fit(X, Y3 + 4), probe=X[:2])
    assert response.resolve(6).names.tolist() == [6]
    assert response.resolve("predicted").names.tolist() == [4, 5, 6]
    assert response.resolve("all").names.tolist() == [4, 5, 6]
    np.testing.assert_array_equal(
        explained(response, "all"), np.tile([4, 5, 6], (len(X), 1))
    )


def test_int_target_is_a_label_and_never_an_index():
    response = Response(
        LogisticRegression().fit(X, np.array([2, 0, 1])[Y3] + 1), probe=X[:2]
    )
    for label in (1, 2, 3, np.int64(3), 3.0):
        assert set(explained(response, label)) == {label}
    with pytest.raises(ValueError, match=r"target=0 .*one of 1, 2, 3$"):
        response.resolve(0)


def test_text_and_number_and_truth_are_different_labels():
    words = Response(
        LogisticRegression().fit(X, np.array(["0", "1", "2"])[Y3]), probe=X[:2]
    )
    assert set(explained(words, np.str_("1"))) == {"1"}
    numbers = Response(LogisticRegression().fit(X, Y2), probe=X[:2])
    truths = Response(LogisticRegression().fit(X, Y2 == 1), probe=X[:2])
    assert set(explained(truths, np.False_)) == {False}
    for response, target in ((words, 1), (numbers, "1"), (numbers, True), (truths, 1)):
        with pytest.raises(ValueError, match="is not one of the outputs"):
            response.resolve(target)
    as_objects = LogisticRegression().fit(X, np.array(["no", "yes"], dtype=object)[Y2])
    assert set(explained(Response(as_objects, probe=X[:2]), "no")) == {"no"}


@pytest.mark.parametrize("target", [None, "nobody", 2.5, ("y",)])
def test_unknown_target_lists_at_most_twenty_outputs(target):
    labels = [f"k{i:02}" for i in range(30)]
    model = DummyClassifier().fit(X, np.resize(labels, len(X)))
    with pytest.raises(ValueError, match=r"'k00'.*'k19' and 10 more") as caught:
        Response(model, probe=X[:2]).resolve(target)
    assert "k20" not in str(caught.value)


def test_predicted_target_of_several_labels_is_refused_with_the_cure():
    response = Response(KNeighborsClassifier().fit(X, LABELS), probe=X[:2])
    with pytest.raises(ValueError, match="'all'"):
        response.resolve("predicted")
    assert set(explained(response, 2)) == {2}


# Containers (warnings are errors)


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(**FOREST),
        make_pipeline(StandardScaler(), LogisticRegression()),
        LGBMClassifier(**SMALL_LGBM),
        XGBClassifier(**SMALL_XGB),
        GridSearchCV(LogisticRegression(), {}, cv=2),
    ],
)
@pytest.mark.parametrize(
    ("fitted_on", "asked"),
    [(X, X), (X, FRAME), (X, pl.from_pandas(FRAME)), (FRAME, FRAME), (FRAME, X)],
    ids=lambda table: type(table).__module__.partition(".")[0],
)
def test_containers_are_understood_without_a_warning(model, fitted_on, asked):
    model = clone(model).fit(fitted_on, Y3)
    np.testing.assert_array_equal(
        Response(model, probe=asked[:2])(asked), model.predict_proba(fitted_on)
    )


def test_polars_frames_stay_polars_frames():
    frame = pl.from_pandas(FRAME)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame, Y3)
    for asked in (frame, X):
        np.testing.assert_array_equal(
            Response(model, probe=asked[:2])(asked), model.predict_proba(frame)
        )


@pytest.mark.parametrize(
    "model",
    [
        LGBMRegressor(min_child_samples=2, **SMALL_LGBM),
        XGBRegressor(enable_categorical=True, **SMALL_XGB),
    ],
)
def test_category_columns_reach_the_model_as_they_are(model):
    frame = FRAME.assign(d=pd.Categorical(np.array(["lo", "mid", "hi"])[Y3]))
    model.fit(frame, Y3 + 0.1 * MARGIN)
    with config_context(working_memory=7 * 40 * 16 / 2**20):
        answers = Response(model, probe=frame[:2])(frame)
    np.testing.assert_array_equal(answers[:, 0], model.predict(frame))


def test_frame_with_numbered_columns_stays_a_frame():
    frame = pd.DataFrame(X)
    model = LogisticRegression().fit(frame, Y3)
    np.testing.assert_array_equal(
        Response(model, probe=frame[:2])(frame), model.predict_proba(X)
    )


@pytest.mark.parametrize("table", [X[:, :4], FRAME[NAMES[:4]], csr_matrix(X[:, :4])])
def test_wrong_column_count_is_refused_at_once(table):
    with pytest.raises(ValueError, match=r"4 columns.*RandomForestClassifier.*5"):
        Response(RandomForestClassifier(**FOREST).fit(X, Y3), probe=table[:2])


# Blocks


@pytest.mark.parametrize(
    "container",
    [X, FRAME.set_index(np.arange(200, 290)), pl.from_pandas(FRAME), csr_matrix(X)],
)
@pytest.mark.parametrize("height", [1, 40])
def test_blocks_are_small_slices_of_the_same_kind(container, height):
    model = RandomForestRegressor(**FOREST).fit(X, MARGIN)
    seen = []

    def predict(block):
        seen.append(block)
        dense = block.toarray() if isinstance(block, csr_matrix) else np.asarray(block)
        return model.predict(dense)

    response = Response(FunctionRegressor(predict), probe=container[:2])
    seen.clear()
    # 5 columns of 8 bytes a row, in a sixteenth of so many MiB.
    with config_context(working_memory=height * 40 * 16 / 2**20):
        np.testing.assert_array_equal(response(container)[:, 0], model.predict(X))
    assert [block.shape[0] for block in seen[:-1]] == [height] * (len(seen) - 1)
    assert sum(block.shape[0] for block in seen) == len(X)
    assert {type(block) for block in seen} == {type(container)}
    if isinstance(container, pd.DataFrame):
        pd.testing.assert_frame_equal(pd.concat(seen), container)


def test_a_row_is_asked_even_where_memory_is_nought():
    response = Response(LogisticRegression().fit(X, Y3), probe=X[:2])
    with config_context(working_memory=0):
        assert response(X[:3]).shape == (3, 3)


def test_no_rows_give_no_answers():
    response = Response(LogisticRegression().fit(X, Y3), probe=X[:2])
    assert response(X[:0]).shape == (0, 3)


def test_texts_and_images_have_rows_too():
    texts = np.array(["good day", "bad", "good good"], dtype=object)
    count = FunctionRegressor(lambda texts: [text.count("good") for text in texts])
    for container in (texts, texts.tolist()):
        assert Response(count, probe=container[:1])(container).tolist() == [[1], [0], [2]]
    images = np.arange(24.0).reshape(2, 3, 4)
    light = FunctionRegressor(lambda images: images.mean(axis=(1, 2)))
    assert Response(light, probe=images)(images).tolist() == [[5.5], [17.5]]


# Checks on what comes back


def switched(broken, fine=lambda X: X[:, :2] * 0 + 0.5):
    """Response of a model that breaks after it was probed."""
    model = FunctionClassifier(fine)
    response = Response(model, probe=X[:2])
    model.predict_proba = broken
    return response


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda X: np.full((1, 2), 0.5), r"shape \(1, 2\) for 90 rows"),
        (lambda X: np.full(len(X), 0.5), r"\[1\] columns, but \[2\]"),
        (lambda X: np.full((len(X), 2, 1), 0.5), r"shape \(90, 2, 1\)"),
        (lambda X: None, r"shape \(\)"),
        (lambda X: X[:, :3], r"\[3\] columns, but \[2\]"),
        (lambda X: [X[:, :2]] * 2, r"\[2, 2\] columns, but \[2\]"),
        (lambda X: X[:, :2].astype(str), "not numbers"),
        (lambda X: np.array([[None, 1.0]] * len(X)), "not numbers"),
    ],
)
def test_answers_of_another_shape_or_kind_are_refused(broken, message):
    with pytest.raises(ValueError, match=message) as caught:
        switched(broken)(X, what="draw")
    assert "FunctionClassifier.predict_proba" in str(caught.value)
    assert "draws 0..89" in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("height", [8, 1000])
def test_answer_that_is_not_finite_is_located(bad, height):
    def predict(X):
        return np.where(X[:, 0] == 99.5, bad, X[:, 1])

    response = Response(FunctionRegressor(predict), probe=X[:2])
    rows = X.copy()
    rows[[61, 83], 0] = 99.5
    with config_context(working_memory=height * 40 * 16 / 2**20):
        with pytest.raises(ValueError, match=r"draw 61, \[99\.5") as caught:
            response(rows, what="draw")
    assert "FunctionRegressor.predict" in str(caught.value)
    assert f"{rows[61, 4]}" in str(caught.value)
    assert str(bad) in str(caught.value)


@pytest.mark.parametrize(
    ("container", "shown"),
    [
        (FRAME[:2], f"{{'a': {X[0, 0]}, 'b': {X[0, 1]}"),
        (pl.from_pandas(FRAME[:2]), f"{{'a': {X[0, 0]}, 'b': {X[0, 1]}"),
        (csr_matrix([[0.0, 2.5, 0.0], [1.0, 0.0, 0.0]]), "{1: 2.5}"),
        (["one text"], "one text"),
        (np.zeros((2, 4000)), "[0.0, 0.0, 0.0"),
    ],
)
def test_bad_sample_is_shown_in_short(container, shown):
    model = FunctionRegressor(
        lambda X: [np.nan] * (X.shape[0] if hasattr(X, "shape") else 1)
    )
    with pytest.raises(ValueError, match="probe row 0") as caught:
        Response(model, probe=container)
    assert shown in str(caught.value)
    assert len(str(caught.value)) < 320


def test_error_of_the_model_keeps_its_type_and_gets_a_note():
    class Unhappy(RuntimeError):
        pass

    def predict(X):
        if (X[:, 0] == 99.5).any():
            raise Unhappy("no")
        return X[:, 0]

    response = Response(FunctionRegressor(predict), probe=X[:2])
    rows = X.copy()
    rows[29, 0] = 99.5
    with config_context(working_memory=8 * 40 * 16 / 2**20):
        with pytest.raises(Unhappy) as caught:
            response(rows, what="draw")
    (note,) = caught.value.__notes__
    assert note == "FunctionRegressor.predict was asked about draws 24..31"


@pytest.mark.parametrize(
    "convert",
    [
        lambda p: p.tolist(),
        list,
        pd.DataFrame,
        pl.DataFrame,
        lambda p: p.astype(object),
        lambda p: p.astype(np.float32),
        np.asfortranarray,
    ],
)
def test_answers_in_any_container_are_converted(convert):
    model = LogisticRegression().fit(X, Y3)
    response = Response(
        FunctionClassifier(lambda X: convert(model.predict_proba(X))), probe=X[:2]
    )
    answers = response(X)
    # float32 rounds to 6e-8.
    np.testing.assert_allclose(answers, model.predict_proba(X), rtol=0, atol=1e-7)
    assert answers.dtype == np.float64
    assert answers.flags.c_contiguous


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["float32", "float64", "bfloat16"])
def test_torch_module_answers_with_gradients(kind):
    torch = pytest.importorskip("torch")
    dtype = getattr(torch, kind)
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(5, 3), torch.nn.Softmax(dim=1)).to(dtype)

    def predict_proba(X):
        answer = network(torch.tensor(X, dtype=dtype))
        assert answer.requires_grad
        return answer

    model = FunctionClassifier(predict_proba, classes=["ape", "bee", "cat"])
    response = Response(model, probe=X[:2])
    weight, bias = (p.detach().double().numpy() for p in network[0].parameters())
    logits = np.exp(X @ weight.T + bias)
    expected = logits / logits.sum(axis=1, keepdims=True)
    # bfloat16 keeps 8 bits of inputs, weights and answers; float32 keeps 24.
    atol = {"float32": 1e-6, "float64": 1e-12, "bfloat16": 0.05}[kind]
    np.testing.assert_allclose(response(X), expected, rtol=0, atol=atol)
    predicted = np.array(model.classes)[response(X).argmax(axis=1)]
    np.testing.assert_array_equal(model.predict(X), predicted)


def test_response_survives_pickling():
    for model, y in (
        (LinearSVC(), Y2),
        (VotingClassifier([("l", LogisticRegression())]), Y3),
        (KNeighborsClassifier(), LABELS),
    ):
        response = Response(model.fit(X, y), probe=X[:2])
        again = pickle.loads(pickle.dumps(response))
        np.testing.assert_array_equal(again(X), response(X))


# Function estimators


def test_function_is_the_method_itself():
    def function(X):
        return X[:, :2]

    classifier, regressor = FunctionClassifier(function), FunctionRegressor(function)
    assert classifier.predict_proba is function
    assert regressor.predict is function
    parameters = {"function": function, "classes": None, "calls": None}
    assert classifier.get_params() == parameters
    assert regressor.get_params() == {"function": function, "calls": None}
    assert "function" in repr(classifier)
    assert "function" in repr(regressor)


def test_function_estimators_have_the_tags_of_scikit_learn():
    classifier, regressor = FunctionClassifier(len), FunctionRegressor(len)
    assert is_classifier(classifier)
    assert is_regressor(regressor)
    for model in (classifier, regressor):
        assert model.__sklearn_is_fitted__()
        assert not hasattr(model, "fit")


@pytest.mark.parametrize("safe", [True, False])
def test_clone_keeps_the_function_by_reference(safe):
    model = LogisticRegression().fit(X, Y3)
    original = FunctionClassifier(model.predict_proba, classes=[4, 5, 6])
    twin = clone(original, safe=safe)
    assert twin is not original
    assert twin.predict_proba.__self__ is model
    np.testing.assert_array_equal(twin.predict(X), model.predict(X) + 4)
    nested = clone(VotingClassifier([("f", original)]), safe=safe).estimators[0][1]
    assert nested is not original
    assert nested.predict_proba.__self__ is model


def test_set_params_changes_the_function():
    model = FunctionRegressor(len).set_params(function=np.sum)
    assert model.predict(X) == X.sum()
    assert copy.copy(model).predict is np.sum


def test_function_classifier_predicts_numbers_or_labels():
    def predict_proba(X):
        return [[0.2, 0.8], [0.9, 0.1]]

    assert FunctionClassifier(predict_proba).predict(X[:2]).tolist() == [1, 0]
    assert not hasattr(FunctionClassifier(predict_proba), "classes_")
    named = FunctionClassifier(predict_proba, classes=("no", "yes"))
    assert named.classes_.tolist() == ["no", "yes"]
    assert named.predict(X[:2]).tolist() == ["yes", "no"]
    assert named.score(X[:2], ["yes", "yes"]) == 0.5
    with pytest.raises(ValueError, match="shape"):
        FunctionClassifier(lambda X: [[[0.2, 0.8]]]).predict(X[:1])
    with pytest.raises(ValueError, match=r"2 columns.*3 classes_"):
        FunctionClassifier(predict_proba, classes=[1, 2, 3]).predict(X[:2])
    with pytest.raises(ValueError, match=r"predict_proba gave <U3 values, not numbers"):
        FunctionClassifier(lambda X: [["0.2", "0.8"]]).predict(X[:1])
    with pytest.raises(ValueError, match=r"row 1, gave \[0.5 nan\], which is not finite"):
        FunctionClassifier(lambda X: [[0.2, 0.8], [0.5, np.nan]]).predict(X[:2])
