"""Texts, images and series as people first try them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import MarginalSampler, TokenSampler

TEXTS = ["a good film", "good fun", "a bad film", "no fun at all, bad"]
PRAISE = ["yes", "yes", "no", "no"]
CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "objects": lambda texts: np.array(texts, dtype=object),
    "pandas": pd.Series,
    "categorical": lambda texts: pd.Series(texts, dtype="category"),
    "polars": pl.Series,
}


def judge():
    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, PRAISE)


def constant(answer=0.0):
    return FunctionRegressor(lambda X: np.full(len(X), answer))


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_texts_need_no_sampler(container):
    model, texts = judge(), container(TEXTS)
    found = LimeExplainer(model, random_state=0).fit(texts)
    told = LimeExplainer(model, sampler=TokenSampler(), random_state=0).fit(TEXTS)
    assert found.sampler_ == TokenSampler() and found.sampler is None
    assert found.kernel_ == ExponentialKernel(metric="cosine", width=0.25)
    assert (found.transform(texts) != told.transform(TEXTS)).nnz == 0
    assert found.explain(texts).as_list(0) == told.explain(TEXTS).as_list(0)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"said": TEXTS}),
        pl.DataFrame({"said": TEXTS}),
        np.array([[t] for t in TEXTS]),
    ],
    ids=["pandas", "polars", "array"],
)
def test_a_column_of_texts_in_a_table_stays_one_feature(table):
    good = FunctionRegressor(
        lambda X: np.array(["good" in text for text in np.asarray(X)[:, 0]], dtype=float)
    )
    explainer = LimeExplainer(good, random_state=0).fit(table)
    assert explainer.sampler_ == MarginalSampler()
    np.testing.assert_allclose(
        explainer.transform(table), [[2 / 3], [2 / 3], [-2 / 3], [-2 / 3]]
    )


def test_parameters_of_the_default_sampler_are_those_of_tables():
    explainer = LimeExplainer(constant()).set_params(sampler__n_bins=2)
    assert explainer.sampler == MarginalSampler(n_bins=2)


PICTURES = {
    "gray": np.zeros((3, 8, 8)),
    "colour": np.zeros((3, 8, 8, 3)),
    "of two sizes": [np.zeros((8, 8)), np.zeros((9, 8))],
    "objects": np.array([np.zeros((8, 8)), np.zeros((9, 8)), None], dtype=object)[:2],
    "nested lists": np.zeros((3, 8, 2)).tolist(),
}


@pytest.mark.parametrize("sampler", [None, MarginalSampler()])
@pytest.mark.parametrize("X", PICTURES.values(), ids=PICTURES)
def test_images_and_series_are_told_their_samplers(X, sampler):
    with pytest.raises(ValueError, match=r"SuperpixelSampler\(\).*SequenceSampler\(\)"):
        LimeExplainer(constant(), sampler=sampler).fit(X)


def test_texts_for_a_sampler_of_tables_are_told_theirs():
    with pytest.raises(ValueError, match=r"holds texts.*sampler=TokenSampler\(\)"):
        LimeExplainer(judge(), sampler=MarginalSampler()).fit(TEXTS)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.array([1, 2.5], dtype=object), "no texts; the first is 1 of type int"),
        (np.array([{}, {}], dtype=object), "no texts; the first is {} of type dict"),
        (np.array(["good", None], dtype=object), r"text 1 of X is missing \(None\)"),
        (["good", 3], "text 1 of X is no str but int: 3"),
    ],
)
def test_objects_that_are_no_texts(X, message):
    with pytest.raises((TypeError, ValueError), match=message):
        LimeExplainer(constant()).fit(X)


def test_a_single_text():
    with pytest.raises(TypeError, match=r"give a list of texts, \[X\]"):
        LimeExplainer(judge()).fit(TEXTS[0])
