"""Mistakes that people make: each message names the argument, the value and the cure."""

import inspect
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression

from sklime import Cohorts, FunctionRegressor, LimeExplainer, SubmodularPick
from sklime.plotting import (
    AttributionDisplay,
    DependenceDisplay,
    HeatmapDisplay,
    ImportanceDisplay,
    SummaryDisplay,
)

rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(120, 3)), columns=["age", "fare", "sibsp"])
DIED = np.where(X.age > 0, "died", "survived")
PORT = np.array(["C", "Q", "S"])[np.digitize(X.fare, [-0.5, 0.5])]
MODEL = LogisticRegression().fit(X, DIED)
EXPLAINER = LimeExplainer(MODEL, n_samples=64, random_state=0).fit(X)
FOUND = EXPLAINER.explain(X[:4])
THREE = LimeExplainer(LogisticRegression().fit(X, PORT), n_samples=64, random_state=0)
EVERY = THREE.fit(X).explain(X[:4], target="all")


def says(error, *words):
    """Context: an error whose message has all these words, in this order."""
    return pytest.raises(error, match="(?s)" + ".*".join(map(re.escape, words)))


# ------------------------------------------------------------------------- the explainer


def test_a_table_beside_the_model_belongs_to_fit():
    with says(TypeError, "LimeExplainer", "DataFrame of shape (120, 3)", "fit(X)"):
        LimeExplainer(MODEL, X)
    with says(TypeError, "needs the model, LimeExplainer(model)"):
        LimeExplainer()


WRONG = {
    # lime's
    "kernel_width": ("ExponentialKernel(width=", "kernel__width"),
    "num_samples": ("n_samples=",),
    "class_names": ("classes_", "classes="),
    "feature_names": ("columns",),
    "categorical_features": ("MarginalSampler(categorical_features=",),
    "mode": ("follows from the model",),
    "training_data": ("fit(X_train)",),
    "num_features": ("selector=HighestWeights(k)",),
    "feature_selection": ("selector=",),
    "discretizer": ("MarginalSampler(",),
    "random_seed": ("random_state=",),
    "segmentation_fn": ("SuperpixelSampler(segmenter=",),
    # shap's
    "data": ("fit(X_train)",),
    "masker": ("sampler=",),
    "link": ('response_method="decision_function"',),
    "nsamples": ("n_samples=",),
    "seed": ("random_state=",),
    "model": ("LimeExplainer(model)",),
    # misspelt, or of a component
    "n_sample": ("n_samples=",),
    "kernl": ("kernel=",),
    "handle_unknown": ("sampler=MarginalSampler(handle_unknown=",),
    "width": ("kernel=ExponentialKernel(width=",),
    "banana": ("parameters", "sampler", "kernel"),
}


@pytest.mark.parametrize("name", WRONG)
def test_parameters_of_others_and_misspelt_ones_name_what_is_meant(name):
    with says(TypeError, f"no parameter {name}=3", *WRONG[name]):
        LimeExplainer(MODEL, **{name: 3})


def test_the_signatures_are_explicit_and_parameters_work_as_ever():
    parameters = inspect.signature(LimeExplainer).parameters
    assert next(iter(parameters)) == "estimator"
    assert "n_samples" in parameters and "args" not in parameters
    assert set(parameters) == set(LimeExplainer(MODEL).get_params(deep=False))
    assert list(inspect.signature(LimeExplainer.explain).parameters)[:3] == [
        "self", "X", "target",
    ]  # fmt: skip
    twin = clone(LimeExplainer(estimator=MODEL, n_samples=8))
    assert twin.n_samples == 8
    assert pickle.loads(pickle.dumps(twin)).n_samples == 8

    class Own(LimeExplainer):
        def __init__(self, estimator, *, n_samples=16):
            super().__init__(estimator, n_samples=n_samples)

    assert Own(MODEL).n_samples == 16
    with pytest.raises(TypeError, match="num_samples"):
        Own(MODEL, num_samples=3)


class Network:
    """Stands in for a network of torch, which is called."""

    def __call__(self, X):
        return X


def test_what_is_no_model():
    bound = MODEL.predict_proba
    with says(ValueError, "predict_proba", "LogisticRegression", "give the model itself"):
        LimeExplainer(bound).fit(X)
    for function in (lambda X: X, np.mean, Network()):
        with says(ValueError, "function", "FunctionClassifier", "FunctionRegressor"):
            LimeExplainer(function).fit(X)
    for other in (X, X.to_numpy(), DIED.tolist(), None, "model"):
        with says(ValueError, type(other).__name__, "give the fitted model itself"):
            LimeExplainer(other).fit(X)


@pytest.mark.parametrize("model", [RandomForestClassifier(), LinearRegression()])
def test_an_unfitted_model_needs_targets(model):
    name = type(model).__name__
    with says(ValueError, f"{name} is not fitted", "fit(X, y)", "beforehand"):
        LimeExplainer(model).fit(X)


def test_what_explain_does_not_take():
    with says(TypeError, "explain", "'died'", "target="):
        EXPLAINER.explain(X, "died")
    with says(TypeError, "explain", "shape (120,)", "target="):
        EXPLAINER.explain(X, DIED)
    with says(TypeError, "labels=[1]", "target="):
        EXPLAINER.explain(X, labels=[1])
    with says(TypeError, "num_features=5", "LimeExplainer", "HighestWeights(k)"):
        EXPLAINER.explain(X, num_features=5)
    with says(TypeError, "n_samples=5", "LimeExplainer", "n_samples="):
        EXPLAINER.explain(X, n_samples=5)
    with says(TypeError, "num_samples=5", "LimeExplainer", "n_samples="):
        EXPLAINER.explain(X, num_samples=5)
    with says(TypeError, "targt='died'", "target="):
        EXPLAINER.explain(X, targt="died")
    with says(TypeError, "explain needs rows, explain(X)"):
        EXPLAINER.explain()
    with says(TypeError, "transform", "target='died'", "explain(X, target=...)"):
        EXPLAINER.transform(X, target="died")


def test_explain_after_a_failed_fit_says_so():
    explainer = LimeExplainer(MODEL, n_samples=0)
    with pytest.raises(ValueError, match="n_samples=0"):
        explainer.fit(X)
    with says(NotFittedError, "last fit failed with ValueError"):
        explainer.explain(X)


def test_errors_of_the_call_itself_stay_what_they_are():
    def broken(X):
        raise TypeError("of the model itself")

    with pytest.raises(TypeError, match=r"^of the model itself"):
        LimeExplainer(FunctionRegressor(broken)).fit(X)


# ------------------------------------------------------------------------------ tables


@pytest.mark.parametrize("ask", [EXPLAINER.explain, EXPLAINER.transform, EXPLAINER.score])
def test_what_is_no_table(ask):
    with says(ValueError, "X is a Series", "X.iloc[[0]]"):
        ask(X.iloc[0])
    with says(ValueError, "a list of dicts", "pandas.DataFrame(X)"):
        ask(X[:3].to_dict("records"))
    with says(ValueError, "a dict", "pandas.DataFrame([X])"):
        ask(X.iloc[0].to_dict())
    with says(ValueError, "in the same order as they were in fit", "X[", "names_in_"):
        ask(X[["sibsp", "fare", "age"]])


# ------------------------------------------------------------------- displays and cohorts

DISPLAYS = [AttributionDisplay, SummaryDisplay, ImportanceDisplay, HeatmapDisplay]


@pytest.mark.parametrize("display", DISPLAYS, ids=lambda display: display.__name__)
def test_a_display_takes_an_explanation(display):
    name = display.__name__
    for make in (display, display.from_explanation):
        with says(
            TypeError, "LimeExplainer", "explain", f"{name}.from_estimator(explainer"
        ):
            make(EXPLAINER)
        with says(TypeError, "LogisticRegression", "explain(X)"):
            make(MODEL)
        with says(TypeError, "ndarray", "explain(X)"):
            make(FOUND.values)
    with says(TypeError, "Explanation", f"{name}.from_explanation"):
        display.from_estimator(FOUND, X)
    with says(TypeError, "LogisticRegression", "LimeExplainer(model).fit(X_train)"):
        display.from_estimator(MODEL, X)


def test_a_row_of_a_display_is_a_position():
    show = AttributionDisplay.from_explanation
    with says(TypeError, "row=[0, 1]", "one row", "SummaryDisplay", "HeatmapDisplay"):
        show(FOUND, row=[0, 1])
    for wrong in ("Smith", 1.0, True, None, slice(2)):
        with says(TypeError, f"row={wrong!r} must be an int"):
            show(FOUND, row=wrong)
    with says(IndexError, "row=1139 is out of range for 4 rows", "position"):
        show(FOUND, row=1139)
    named = EXPLAINER.explain(X[:4].set_axis([1139, 7, "Smith", 9]))
    with says(IndexError, "row=1139 is out of range", "label 1139 is row=0"):
        show(named, row=1139)
    with says(TypeError, "row='Smith' must be an int", "label 'Smith' is row=2"):
        show(named, row="Smith")


def test_one_row_of_all_classes_shows_its_predicted_class():
    for row in range(4):
        predicted = EVERY.target_names[EVERY.predictions[row].argmax()]
        picture = AttributionDisplay.from_explanation(EVERY, row=row)
        assert f"explained: {predicted}" in picture.ax_.get_title(loc="left")
    chosen = AttributionDisplay.from_explanation(EVERY, row=0, target="Q")
    assert "explained: Q" in chosen.ax_.get_title(loc="left")


@pytest.mark.parametrize("display", [SummaryDisplay, HeatmapDisplay, DependenceDisplay])
def test_many_rows_of_all_classes_name_the_target(display):
    options = {"feature": "age"} if display is DependenceDisplay else {}
    with says(ValueError, "target=None", "'C', 'Q', 'S'", "target='C'", "ImportanceDisp"):
        display.from_explanation(EVERY, **options)


def test_one_row_of_several_numbers_names_the_target():
    model = LinearRegression().fit(X, X[["age", "fare"]])
    found = LimeExplainer(model, n_samples=64, random_state=0).fit(X).explain(X[:1])
    with says(ValueError, "target=None", "'y0', 'y1'", "target='y0'"):
        AttributionDisplay.from_explanation(found)


@pytest.mark.parametrize("display", [SummaryDisplay, HeatmapDisplay])
def test_titles_say_that_each_row_explains_its_predicted_class(display):
    found = THREE.explain(X[:30])
    figure = display.from_explanation(found).figure_
    axes = [ax for own in figure.axes for ax in (own, *own.child_axes)]
    titles = [ax.get_title(loc="left") for ax in axes]
    assert any("each row's predicted class (3 classes)" in title for title in titles)


def test_cohorts_and_picks_tell_rows_explanations_and_explainers_apart():
    with says(TypeError, "X is an Explanation", "Cohorts().fit(X, explanation)"):
        Cohorts().fit(FOUND, X[:4])
    for fit in (lambda own: Cohorts().fit(X, own), SubmodularPick().fit):
        with says(TypeError, "got a LimeExplainer", "explainer.explain(X)"):
            fit(EXPLAINER)
