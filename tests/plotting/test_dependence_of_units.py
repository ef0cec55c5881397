"""DependenceDisplay of words, segments, steps and mixed rows: which rows have them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklime import FunctionRegressor, LimeExplainer
from sklime.plotting import DependenceDisplay
from sklime.samplers import (
    MarginalSampler,
    MixedSampler,
    SequenceSampler,
    SuperpixelSampler,
    TokenSampler,
)

TEXTS = ["a good film", "a bad film", "good, good and moving", "bad and dull music"] * 6
LIKED = ["good" if "good" in text else "bad" for text in TEXTS]


def strips(display):
    """Names of the strips of dots, from the bottom up, and where their dots lie."""
    display.figure_.canvas.draw()
    names = [" ".join(own.get_text().split()) for own in display.ax_.get_yticklabels()]
    # By the strip that each dot is nearest to.
    places = {name: [] for name in names}
    for dots in display.ax_.collections:
        for x, y in dots.get_offsets():
            places[names[round(y)]].append(x)
    return {name: sorted(own) for name, own in places.items()}


@pytest.fixture(scope="module")
def texts():
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, LIKED)
    return LimeExplainer(model, sampler=TokenSampler(), random_state=0).fit(TEXTS)


def test_a_word_is_present_or_absent(texts):
    explanation = texts.explain(TEXTS[:4])
    display = DependenceDisplay.from_explanation(explanation, feature="bad")
    contributions = explanation.contributions().to_frame()
    own = contributions.loc[contributions["feature"] == "bad", "attribution"]
    assert len(own) == 2
    # Without the word there is no attribution to draw, and the reader is told of how many.
    assert strips(display) == {
        "absent: 2 rows": [],
        "present: 2 rows": sorted(own),
    }
    frame = display.frame()
    assert frame["row"].tolist() == [1, 3] and set(frame["value"]) == {"present"}


def test_a_word_of_all_texts_is_absent_nowhere(texts):
    display = DependenceDisplay.from_explanation(texts.explain(TEXTS[1:2]), feature="bad")
    assert list(strips(display)) == ["present: 1 row"]


def test_rows_are_counted_once_where_a_word_comes_twice():
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, LIKED)
    sampler = TokenSampler(positions=True)
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(TEXTS)
    explanation = explainer.explain(TEXTS[:4])
    found = strips(DependenceDisplay.from_explanation(explanation, feature="good"))
    assert list(found) == ["absent: 2 rows", "present: 2 rows"]
    assert len(found["present: 2 rows"]) == 3


def test_segments_of_images_are_present():
    images = np.random.default_rng(0).uniform(size=(3, 16, 16))
    bright = FunctionRegressor(lambda x: x[:, :8, :8].mean(axis=(1, 2)))

    def explain(segmenter):
        sampler = SuperpixelSampler(segmenter=segmenter, hide=0.0)
        lime = LimeExplainer(bright, sampler=sampler, n_samples=64, random_state=0)
        return lime.fit(images).explain(images)

    explanation = explain((2, 2))
    name = explanation.unit_names[0][0]
    display = DependenceDisplay.from_explanation(explanation, feature=name)
    assert list(strips(display)) == ["present: 3 rows"]
    with pytest.raises(ValueError, match="image 1 is cut differently from image 0"):
        DependenceDisplay.from_explanation(explain("slic"), feature=name)


def test_parts_of_sequences_are_present():
    series = np.random.default_rng(0).normal(size=(5, 12, 1))
    model = FunctionRegressor(lambda x: x[:, :3].mean(axis=(1, 2)))
    lime = LimeExplainer(model, sampler=SequenceSampler(), n_samples=64, random_state=0)
    explanation = lime.fit(series).explain(series)
    name = explanation.unit_names[0][0]
    display = DependenceDisplay.from_explanation(explanation, feature=name)
    assert list(strips(display)) == ["present: 5 rows"]


def test_words_of_mixed_rows_are_present_and_conditions_hold():
    X = pd.DataFrame({"stars": np.arange(24) % 5, "review": TEXTS})
    columns = [("words", CountVectorizer(), "review"), ("rest", "passthrough", ["stars"])]
    model = make_pipeline(ColumnTransformer(columns), LogisticRegression()).fit(X, LIKED)
    sampler = MixedSampler(
        [("words", TokenSampler(), "review"), ("rest", MarginalSampler(), ["stars"])]
    )
    explainer = LimeExplainer(model, sampler=sampler, n_samples=512, random_state=0).fit(X)
    explanation = explainer.explain(X[:6])
    display = DependenceDisplay.from_explanation(explanation, feature="bad")
    assert list(strips(display)) == ["absent: 3 rows", "present: 3 rows"]
    display = DependenceDisplay.from_explanation(explanation, feature="stars = 0")
    assert list(strips(display)) == ["does not hold: 4 rows", "holds: 2 rows"]
    assert set(display.frame()["value"]) == {"holds"}
