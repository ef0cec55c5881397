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
from sklime.samplers import MarginalSampler, SuperpixelSampler, TokenSampler

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


def spotted():
    """An image of three channels, channels first, whose red is bright in one corner."""
    image = np.random.default_rng(0).uniform(0, 0.1, (1, 3, 32, 32))
    image[0, 0, 4:12, 4:12] = 1.0
    return image


def red(x):
    return x[:, 0, 4:12, 4:12].mean(axis=(1, 2))


def test_channels_first():
    image, grid = spotted(), SuperpixelSampler(segmenter=(4, 4), hide=0.0, channel_axis=0)
    explainer = LimeExplainer(FunctionRegressor(red), sampler=grid, random_state=0).fit(
        image
    )
    found = explainer.explain(image)
    right = np.zeros((4, 4))
    # What is bright lies in equal parts in four of the sixteen squares.
    right[:2, :2] = 0.25
    assert found.unit_spans[0].shape == (32, 32)
    np.testing.assert_allclose(found.values[0].reshape(4, 4), right, atol=1e-3)
    pixels = explainer.transform(image).reshape(32, 32)
    np.testing.assert_allclose(pixels, np.kron(right, np.ones((8, 8))), atol=1e-3)
    assert explainer.get_feature_names_out()[[0, 33]].tolist() == ["pixel_0_0", "pixel_1_1"]
    np.testing.assert_array_equal(found.data[0], np.moveaxis(image[0], 0, -1))
    [shown, marked] = found.mask(0, n_features=4)
    assert shown.shape == (32, 32, 3)
    np.testing.assert_array_equal(marked != 0, np.kron(right, np.ones((8, 8))) > 0)


HIDES = ["mean", "blur", "inpaint", 0.5, [0.1, 0.2, 0.3], "background"]


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(
    "segmenter", ["slic", "quickshift", "felzenszwalb", "grid", (3, 5)]
)
@pytest.mark.parametrize("hide", HIDES, ids=str)
def test_channels_first_is_channels_last_for_a_model_that_swaps(hide, segmenter, flat):
    rng = np.random.default_rng(1)
    last = rng.uniform(size=(2, 12, 9, 3)) ** 3
    first = np.ascontiguousarray(np.moveaxis(last, -1, 1))
    background = rng.uniform(size=(12, 9, 3))
    seen = []

    def answer(x):  # channels last
        return (x[:, 2:7, 1:5] * np.array([1.0, -2.0, 3.0])).sum(axis=(1, 2, 3))

    def answer_first(x):
        seen.append(x.shape[1:])
        return answer(np.moveaxis(x.reshape(-1, 3, 12, 9), 1, -1).copy())

    def explain(model, X, **params):
        own = {"segmenter": segmenter, "n_segments": None, **params}
        sampler = SuperpixelSampler(**own)
        shared = {"n_samples": 128, "random_state": 0}
        return LimeExplainer(FunctionRegressor(model), sampler=sampler, **shared).fit(X)

    given = hide
    if hide == "background":
        hide, given = background, np.moveaxis(background, -1, 0)
    right = explain(answer, last, hide=hide)
    shape = (3, 12, 9) if flat else None
    own = {"hide": given, "channel_axis": 0, "flat": shape}
    rows = first.reshape(2, -1) if flat else first
    found = explain(answer_first, rows, **own)
    expected, explained = right.explain(last), found.explain(rows)
    np.testing.assert_array_equal(explained.values, expected.values)
    np.testing.assert_array_equal(explained.data, expected.data)
    np.testing.assert_array_equal(found.transform(rows), right.transform(last))
    assert found.score(rows) == pytest.approx(right.score(last))
    assert set(seen) == {(324,) if flat else (3, 12, 9)}
    np.testing.assert_array_equal(
        found.sampler_.interpret(rows, rows[:1]), right.sampler_.interpret(last, last[:1])
    )


def test_lists_of_images_of_two_sizes_channels_first():
    images = [np.zeros((3, 16, 16)), np.ones((3, 20, 10))]
    for image in images:
        image[1, :5, :5] = 3.0
    green = FunctionRegressor(lambda x: x[:, 1, :5, :5].mean(axis=(1, 2)))
    sampler = SuperpixelSampler(segmenter=(2, 2), hide=0.0, channel_axis=0)
    explainer = LimeExplainer(green, sampler=sampler, random_state=0).fit(images)
    found = explainer.explain(images)
    np.testing.assert_allclose(found.values, [[3.0, 0, 0, 0]] * 2, atol=0.02)
    assert [image.shape for image in found.data] == [(16, 16, 3), (20, 10, 3)]
    with pytest.raises(ValueError, match="16 x 16 and 20 x 10"):
        explainer.transform(images)


@pytest.mark.parametrize("n_channels", [1, 3, 4])
@pytest.mark.parametrize("flat", [False, True])
def test_images_that_look_like_channels_first_are_not_cut_silently(n_channels, flat):
    shape = (n_channels, 28, 30)
    X = np.random.default_rng(0).uniform(size=(2, *shape))
    flat_shape = shape if flat else None
    X = X.reshape(2, -1) if flat else X
    with pytest.raises(ValueError, match="set channel_axis=0"):
        SuperpixelSampler(flat=flat_shape).fit(X)
    assert (
        SuperpixelSampler(flat=flat_shape, channel_axis=0).fit(X).n_channels_ == n_channels
    )
    assert SuperpixelSampler(flat=flat_shape, channel_axis=2).fit(X).n_channels_ == 30


@pytest.mark.parametrize("axis", [3, -4, 1.0, "first", True])
def test_axes_of_channels_that_there_are_not(axis):
    with pytest.raises(ValueError, match=r"channel_axis=.* must be -1"):
        SuperpixelSampler(channel_axis=axis).fit(np.zeros((2, 8, 8, 3)))


def test_images_without_channels():
    gray = np.random.default_rng(0).uniform(size=(2, 8, 8))
    for axis in (None, 0, -1):
        assert SuperpixelSampler(channel_axis=axis).fit(gray).n_channels_ is None
    for params in ({}, {"flat": (8, 8, 1)}):
        X = gray.reshape(2, -1) if params else gray[..., np.newaxis]
        with pytest.raises(ValueError, match=r"channel_axis=None is for images without"):
            SuperpixelSampler(channel_axis=None, **params).fit(X)
