"""Probabilities of all classes where each row explains one of three or more."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklime import Explanation, LimeExplainer
from sklime.explanation.view.content import page_content
from sklime.plotting import TextDisplay

TEXTS = ["a good film", "a bad film", "neither here nor there", "dull, and bad"] * 6
VERDICTS = ["fresh", "rotten", "mixed", "rotten"] * 6


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True, as_frame=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    forest = RandomForestClassifier(10, random_state=0).fit(X, names)
    explainer = LimeExplainer(forest, n_samples=256, random_state=0).fit(X)
    return forest, X[::15], explainer


@pytest.fixture(scope="module")
def reviews():
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, VERDICTS)
    explainer = LimeExplainer(model, n_samples=64, random_state=0).fit(TEXTS)
    return model, explainer.explain(TEXTS[:4])


@pytest.mark.parametrize("target", [None, "predicted", "virginica"])
def test_rows_of_one_class_know_all(iris, target):
    forest, X, explainer = iris
    explanation = explainer.explain(X, target=target)
    expected = forest.predict_proba(X)
    np.testing.assert_array_equal(explanation.class_probabilities, expected)
    column = [[*forest.classes_].index(name) for name in explanation.target_names]
    np.testing.assert_array_equal(explanation.predictions, expected[range(len(X)), column])


def test_they_are_cut_joined_written_and_read(iris):
    forest, X, explainer = iris
    explanation = explainer.explain(X)
    part = explanation[[3, 1], "petal width (cm)"]
    np.testing.assert_array_equal(part.class_probabilities, forest.predict_proba(X)[[3, 1]])
    assert Explanation.concat([explanation[:2], explanation[2:]]) == explanation
    for own in (explanation, explanation[:0], explanation.contributions()):
        assert Explanation.from_json(own.to_json()) == own
    assert Explanation.from_frame(explanation.to_frame()) == explanation
    frame = explanation.to_frame()
    for name, column in zip(forest.classes_, forest.predict_proba(X).T, strict=True):
        np.testing.assert_array_equal(frame[f"P({name})"], column[frame["row"]])


def test_they_must_be_one_for_each_class(iris):
    _, X, explainer = iris
    explanation = explainer.explain(X[:2])
    fields = explanation.to_dict() | {"class_probabilities": [[0.5, 0.5], [1.0, 0.0]]}
    with pytest.raises(ValueError, match="class_probabilities"):
        Explanation.from_dict(fields)


def test_explanations_of_other_classes_are_not_joined(iris):
    _, X, explainer = iris
    explanation = explainer.explain(X[:2])
    other = explanation[:]
    other.meta["classes"] = ["a", "b", "c"]
    with pytest.raises(ValueError, match="the classes of class_probabilities"):
        Explanation.concat([explanation, other])


def test_they_are_none_where_predictions_say_all(iris):
    _, X, explainer = iris
    assert explainer.explain(X[:2], target="all").class_probabilities is None
    two = pd.DataFrame({"a": np.arange(20.0)})
    forest = RandomForestClassifier(5, random_state=0).fit(two, two["a"] > 9)
    binary = LimeExplainer(forest, n_samples=64, random_state=0).fit(two)
    assert binary.explain(two[:2]).class_probabilities is None
    # Margins are no probabilities.
    model = LogisticRegression(max_iter=500).fit(TABLE, np.arange(30) % 3)
    margins = LimeExplainer(
        model, response_method="decision_function", n_samples=64, random_state=0
    )
    assert margins.fit(TABLE).explain(TABLE[:2]).class_probabilities is None


TABLE = np.random.default_rng(0).normal(size=(30, 2))


def test_pages_and_pictures_show_all_of_them(iris, reviews):
    forest, X, explainer = iris
    explanation = explainer.explain(X)
    shown = page_content(explanation)["rows"][4]["classes"]
    assert [name for name, _ in shown] == [*forest.classes_]
    np.testing.assert_allclose([p for _, p in shown], forest.predict_proba(X)[4], rtol=1e-3)
    notebook = explanation[4]._repr_html_()
    assert "probabilities:" in notebook
    assert all(name in notebook for name in forest.classes_)
    model, texts = reviews
    display = TextDisplay.from_explanation(texts, row=1)
    written = [own.get_text() for own in display.ax_.texts]
    assert {*model.classes_} <= {*written} and "others" not in written


def test_of_many_classes_the_likeliest_are_shown():
    y = np.arange(300) % 30
    X = np.random.default_rng(0).normal(size=(300, 2)) + y[:, None]
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    explainer = LimeExplainer(forest, n_samples=64, random_state=0).fit(X)
    row = page_content(explainer.explain(X[:1]))["rows"][0]
    assert len(row["classes"]) == 10
    names, shares = zip(*row["classes"], strict=True)
    assert names[-1] == "21 others"
    assert list(shares[:-1]) == sorted(shares[:-1], reverse=True)
    assert sum(shares) == pytest.approx(1.0, abs=1e-3)
