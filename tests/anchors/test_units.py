"""Anchors of texts, images and series: units that are kept, while others are hidden."""

import json
import tracemalloc
import warnings
from itertools import product
from math import comb

import jsonschema
import numpy as np
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklime import AnchorExplainer, Anchors, FunctionClassifier, FunctionRegressor, RuleSet
from sklime.anchors import anchors_schema
from sklime.exceptions import AnchorWarning
from sklime.samplers import SequenceSampler, SuperpixelSampler, TokenSampler

GOOD = [
    "a good film",
    "a fine good story",
    "good acting and fine music",
    "a very good plot",
]
BAD = ["a bad film", "a dull bad story", "bad acting and dull music", "a very bad plot"]
MODEL = make_pipeline(CountVectorizer(), LogisticRegression())
MODEL.fit(5 * (GOOD + BAD), 5 * ([1] * 4 + [0] * 4))
TEXTS = ["a good film with dull music", "bad bad story", "fine acting but a dull bad plot"]


@pytest.fixture(scope="module")
def explainer():
    return AnchorExplainer(MODEL, random_state=0).fit(GOOD + BAD)


def test_long_texts_take_the_memory_that_may_be_taken():
    def answer(texts):
        own = np.array(["w1 " in text for text in texts], dtype=float)
        return np.column_stack([own, 1.0 - own])

    text = " ".join(f"w{i}" for i in range(3000))
    model = FunctionClassifier(answer, classes=["yes", "no"])
    explainer = AnchorExplainer(model, sampler=TokenSampler(), random_state=0).fit([text])
    with config_context(working_memory=10**5):
        whole = explainer.explain([text])
    with config_context(working_memory=16):
        tracemalloc.start()
        anchors = explainer.explain([text])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert anchors == whole
    # Of 4,096 draws masks of a byte a unit stay, and a few copies of them.
    assert peak < 4 * 4096 * 3000


def test_texts_are_anchored_by_their_words(explainer):
    anchors = explainer.explain(TEXTS)
    assert anchors.valid.all()
    assert anchors.target_names.tolist() == [1, 0, 0]
    assert str(anchors.rules[1]) == "bad"
    assert "good" in str(anchors.rules[0])
    assert anchors.coverages[1] == 0.5
    assert "bad" in anchors.examples[1]["same"][0]
    marks = explainer.transform(TEXTS)
    assert sparse.issparse(marks)
    assert set(marks.data) == {1.0}
    words = explainer.get_feature_names_out()
    assert words[marks[[1]].indices].tolist() == ["bad"]


def test_documents_and_pages_of_texts_come_back(explainer):
    anchors = explainer.explain(TEXTS)
    text = anchors.to_json()
    jsonschema.Draft202012Validator(anchors_schema()).validate(json.loads(text))
    assert Anchors.from_json(text) == anchors
    assert "bad" in anchors[1].to_html()
    with pytest.raises(ValueError, match="a unit of its own text"):
        anchors.apply(TEXTS)
    with pytest.raises(ValueError, match="cannot query the condition"):
        anchors.to_query(1)
    with pytest.raises(ValueError, match="a unit of its own text"):
        RuleSet().fit(anchors)


def test_a_text_is_explained_alike_whatever_the_batch(explainer):
    whole = explainer.explain(TEXTS)
    for i in range(3):
        alone = explainer.explain(TEXTS[i : i + 1])
        assert alone.rules == whole[i].rules
        assert alone.precisions == pytest.approx(whole[i].precisions, abs=1e-12)


def test_precisions_are_those_of_all_masks():
    """Beside the law of the masks, conditional on the units that are kept."""
    inside = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        words = [f"w{j}" for j in range(7)]
        weight = dict(zip(words, rng.normal(size=7), strict=True))

        def answer(texts, weight=weight):
            score = [sum(weight.get(word, 0.0) for word in text.split()) for text in texts]
            p = 1.0 / (1.0 + np.exp(-2.0 * np.array(score)))
            return np.column_stack([1.0 - p, p])

        row = [" ".join(words)]
        model = FunctionClassifier(answer, classes=[0, 1])
        explainer = AnchorExplainer(model, precision=0.8, random_state=seed).fit(row * 3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AnchorWarning)
            anchors = explainer.explain(row)
        masses = TokenSampler().fit(row).mask_law(7).masses
        masks = np.array(list(product([False, True], repeat=7)))
        kept = masks.sum(axis=1)
        p = masses[kept] / np.array([comb(7, k) for k in kept])
        p = p * masks[:, anchors.features[0]].all(axis=1)
        texts = [" ".join(np.array(words)[mask]) for mask in masks]
        same = answer(texts).argmax(axis=1) == answer(row).argmax()
        true = np.average(same, weights=p)
        low, high = anchors.precision_intervals[0]
        inside.append(low <= true <= high)
        assert true >= 0.8 or not anchors.valid[0]
    assert np.mean(inside) >= 0.8  # of 95 %, and 20 texts


def test_images_and_series():
    rng = np.random.default_rng(0)
    images = rng.random((20, 16, 16))

    def bright(X):
        p = (np.asarray(X)[:, :8, :8].mean(axis=(1, 2)) > 0.4).astype(float)
        return np.column_stack([1.0 - p, p])

    model = FunctionClassifier(bright, classes=["dark", "bright"])
    explainer = AnchorExplainer(model, sampler=SuperpixelSampler(), random_state=0)
    anchors = explainer.fit(images).explain(images[:2])
    assert len(anchors) == 2
    assert explainer.transform(images[:2]).shape == (2, 256)
    assert Anchors.from_json(anchors.to_json()) == anchors

    series = rng.normal(size=(60, 12, 2))
    model = FunctionRegressor(lambda X: np.asarray(X)[:, -2:, 0].sum(axis=1))
    explainer = AnchorExplainer(model, sampler=SequenceSampler(), random_state=0)
    anchors = explainer.fit(series).explain(series[:4])
    assert (explainer.criterion_, explainer.method_) == ("mean", "sampling")
    near = np.abs(anchors.precisions - anchors.predictions) <= explainer.tolerance_
    assert near[anchors.valid].all()
    assert explainer.transform(series[:4]).shape == (4, 24)
