"""Texts, images and series as people first try them."""

# ruff: noqa: RUF001 (texts in other scripts, and with their own apostrophes)

import copy
import re
import sys
import unicodedata
import warnings

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.datasets import load_digits, load_wine
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklime import (
    Cohorts,
    Explanation,
    FunctionClassifier,
    FunctionRegressor,
    LimeExplainer,
)
from sklime.exceptions import HidingWarning
from sklime.explanation.view import page_content
from sklime.kernels import ExponentialKernel
from sklime.plotting import (
    DependenceDisplay,
    HeatmapDisplay,
    ImageDisplay,
    ImportanceDisplay,
    SequenceDisplay,
    SummaryDisplay,
    TextDisplay,
)
from sklime.samplers import (
    MarginalSampler,
    SequenceSampler,
    SuperpixelSampler,
    TokenSampler,
)

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


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


def padded_series(value=0.0, where="front"):
    """Series of 3 to 10 steps, padded to ten, and their lengths."""
    rng = np.random.default_rng(0)
    length, series = rng.integers(3, 11, 60), rng.normal(2, 1, (60, 10, 2))
    for own, n in zip(series, length, strict=True):
        own[slice(10 - n) if where == "front" else slice(n, 10)] = value
    return series, length


def mean_of_real(value):
    """A model that ignores padding: the mean of the first feature over other steps."""

    def predict(S):
        real = ~(np.isnan(S) if np.isnan(value) else S == value).all(axis=2)
        return np.where(real, S[..., 0], 0).sum(axis=1) / np.maximum(real.sum(axis=1), 1)

    return FunctionRegressor(predict)


FILLS = ["mean", "noise", "interpolate", "background", 1.5, 0.0]


@pytest.mark.parametrize("fill", FILLS, ids=str)
@pytest.mark.parametrize("where", ["front", "end"])
@pytest.mark.parametrize("value", [0.0, np.nan, -1.0])
def test_padding_is_never_hidden(value, where, fill):
    series, length = padded_series(value, where)
    i = int(length.argmin())
    sampler = SequenceSampler(fill=fill, padding=value)
    explainer = LimeExplainer(mean_of_real(value), sampler=sampler, random_state=0)
    explainer.fit(series)
    found = explainer.explain(series[i : i + 1], uncertainty=True)
    real = slice(7, 10) if where == "front" else slice(3)
    padding = np.delete(np.arange(10), real)
    assert (found.values[0, padding] == 0.0).all()
    assert (found.standard_errors[0, padding] == 0.0).all()
    assert not found.low_support[0, padding].any()
    assert (abs(found.values[0, real]) > 1e-3).sum() >= 2
    assert len(found.unit_names[0]) == 10
    cells = explainer.transform(series[i : i + 1]).reshape(10, 2)
    np.testing.assert_array_equal(
        cells, np.repeat(found.values[0][:, np.newaxis], 2, axis=1)
    )


@pytest.mark.filterwarnings("ignore::sklime.exceptions.PaddingWarning")
@pytest.mark.parametrize("unit", ["step", "cell", "feature", "segment"])
def test_a_padded_series_is_explained_as_what_is_left_of_it(unit):
    series, length = padded_series()
    i = int(np.flatnonzero(length == 6)[0])
    fill = np.random.default_rng(1).uniform(size=(10, 2))
    model = mean_of_real(0.0)
    sampler = SequenceSampler(unit=unit, n_segments=5, fill=fill, padding=0)
    shared = {"n_samples": 256, "random_state": 0}
    explainer = LimeExplainer(model, sampler=sampler, **shared).fit(series)
    found = explainer.transform(series[i : i + 1]).reshape(10, 2)
    assert (found[:4] == 0.0).all()

    def put_back(S):
        return model.predict(np.concatenate([np.zeros((len(S), 4, 2)), S], axis=1))

    sampler = SequenceSampler(unit=unit, n_segments=3, fill=fill[4:])
    cut = LimeExplainer(FunctionRegressor(put_back), sampler=sampler, **shared)
    cut.fit(series[:, 4:])
    right = cut.transform(series[i : i + 1, 4:]).reshape(6, 2)
    np.testing.assert_allclose(found[4:], right, atol=1e-12)
    assert abs(right).max() > 0.1


def test_statistics_of_the_fill_leave_padding_out():
    series, length = padded_series()
    real = np.arange(10) >= 10 - length[:, np.newaxis]
    right = [series[real[:, t], t].mean(axis=0) for t in range(10)]
    found = SequenceSampler(padding=0).fit(series)
    np.testing.assert_allclose(found.background_, right)
    # A step that is padding in all series takes the mean of all others.
    short = series[length <= 5]
    found = SequenceSampler(padding=0).fit(short).background_
    kept = short[real[length <= 5]]
    np.testing.assert_allclose(found[:5], np.tile(kept.mean(axis=0), (5, 1)))
    for seed in range(20):
        sampler = SequenceSampler(padding=0, fill="background", random_state=seed)
        assert (sampler.fit(series).background_ != 0).all()


@pytest.mark.filterwarnings("ignore::sklime.exceptions.PaddingWarning")
def test_without_padding_nothing_is_padding():
    series, _ = padded_series()
    whole = np.where(series == 0.0, 7.0, series)
    found = [
        LimeExplainer(
            mean_of_real(0.0), sampler=SequenceSampler(padding=own), random_state=0
        )
        .fit(whole)
        .explain(whole[:3])
        .values
        for own in (None, 0.0)
    ]
    np.testing.assert_array_equal(*found)


def test_a_series_of_padding_alone_has_nothing_to_hide():
    series, _ = padded_series()
    series[0] = 0.0
    sampler = SequenceSampler(padding=0)
    explainer = LimeExplainer(mean_of_real(0.0), sampler=sampler, random_state=0).fit(
        series
    )
    found = explainer.explain(series[:2])
    assert (found.values[0] == 0.0).all() and found.intercepts[0] == 0.0
    assert explainer.transform(series[:1]).shape == (1, 20)
    assert explainer.sampler_.interpret(series[:3], series[:1]).shape == (3, 0)


def test_padded_series_side_by_side():
    series, length = padded_series()
    sampler = SequenceSampler(padding=0, feature_names=["load", "heat"])
    explainer = LimeExplainer(mean_of_real(0.0), sampler=sampler, random_state=0).fit(
        series
    )
    found = explainer.explain(series)
    assert found.values.shape == (60, 10)
    padding = np.arange(10) < 10 - length[:, np.newaxis]
    assert (found.values[padding] == 0.0).all()
    frame = found.to_frame()
    assert len(frame) == 600 and found.to_html() and found[3:5].values.shape == (2, 10)
    assert Explanation.from_json(found.to_json()) == found
    assert explainer.score(series[:5]) == pytest.approx(1.0)


@pytest.mark.parametrize("padding", ["zero", np.inf, True, [0]])
def test_what_is_no_padding(padding):
    with pytest.raises(
        ValueError, match=r"padding=.* of SequenceSampler must be the number"
    ):
        SequenceSampler(padding=padding).fit(padded_series()[0])


def words_of(text, **params):
    return TokenSampler(**params).fit([text]).rows([text])[0].names.tolist()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("यह फ़िल्म बहुत अच्छी है।", ["यह", "फ़िल्म", "बहुत", "अच्छी", "है"]),
        ("ไม่ดี ที่สุด", ["ไม่ดี", "ที่สุด"]),
        ("தமிழ் படம்", ["தமிழ்", "படம்"]),
        ("هٰذا مُحَمَّد، جَيِّد", ["هٰذا", "مُحَمَّد", "جَيِّد"]),
        ("نمی\u200cخواهم فیلم", ["نمی\u200cخواهم", "فیلم"]),
        ("un tre\u0300s bon cafe\u0301!", ["un", "tre\u0300s", "bon", "cafe\u0301"]),
        ("I can’t, don't", ["I", "can’t", "don't"]),
        ("l'eau, c’est d'abord", ["l'eau", "c’est", "d'abord"]),
        ("'quoted' the dogs' ''twice''", ["quoted", "the", "dogs", "twice"]),
        ("col·lecció", ["col·lecció"]),
        (
            "well-known e-mail co\u00adoperate",
            ["well", "known", "e", "mail", "co\u00adoperate"],
        ),
        ("3.14 is a_b", ["3", "14", "is", "a_b"]),
        ("很好的 电影", ["很好的", "电影"]),
    ],
)
def test_words_of_every_script_are_words(text, words):
    assert words_of(text) == words


def test_plain_words_are_those_of_lime():
    text = load_wine().DESCR.replace("'", " ")
    assert words_of(text) == words_of(text, token_pattern=r"\w+")


def test_every_combining_mark_belongs_to_its_letter():
    marks = [
        c for c in map(chr, range(sys.maxunicode)) if unicodedata.category(c)[0] == "M"
    ]
    assert len(marks) > 2000
    text = " ".join(f"a{mark}b" for mark in marks)
    assert words_of(text, positions=True) == text.split(" ")


@pytest.mark.parametrize("pattern", [r"\w\p{M}*", r"[\w\p{M}]", r"(?:\w|\p{M})"])
def test_a_pattern_may_name_combining_marks(pattern):
    found = words_of("de\u0301 [हि]", token_pattern=pattern, positions=True)
    grouped = ["d", "e\u0301", "हि"]
    assert found == (grouped if pattern.endswith("*") else list("de\u0301हि"))


def test_the_model_gets_texts_as_they_are_but_for_hidden_words():
    seen = []

    def about(texts):
        seen.extend(texts)
        return np.array([float("can’t" in text) for text in texts])

    text = "Actors who can’t act, actors"
    lime = LimeExplainer(FunctionRegressor(about), random_state=0).fit([text])
    assert lime.explain([text]).as_list(0)[0] == ("can’t", pytest.approx(1.0))
    assert {"Actors who can’t act, ", " who  act, actors"} <= set(seen)


def test_case_may_be_folded():
    text = "Actors praise ACTORS, Straße and STRASSE"
    names = ["actors", "praise", "strasse", "and"]
    assert words_of(text, casefold=True) == names
    sampler = TokenSampler(casefold=True).fit([text])
    assert sampler.get_feature_names_out().tolist() == sorted(names)
    [row] = sampler.rows([text])
    assert row.compose([[False, True, True, True]]) == [" praise , Straße and STRASSE"]
    assert [len(own) for own in row.spans] == [2, 1, 2, 1]
    assert sampler.interpret(["aCtOrS"], [text]).tolist() == [[True, False, False, False]]

    def shouts(texts):
        return np.array([float("Actors" in t) + 2.0 * ("ACTORS" in t) for t in texts])

    lime = LimeExplainer(FunctionRegressor(shouts), sampler=sampler, random_state=0)
    lime.fit([text])
    np.testing.assert_allclose(lime.transform([text]).toarray(), [[3, 0, 0, 0]], atol=1e-9)
    positions = LimeExplainer(
        FunctionRegressor(shouts), sampler=TokenSampler(casefold=True, positions=True)
    ).fit([text])
    np.testing.assert_allclose(
        positions.explain([text]).values[0, :3], [1, 0, 2], atol=1e-9
    )
    summed = positions.transform([text]).toarray()
    np.testing.assert_allclose(summed, [[3, 0, 0, 0]], atol=1e-9)
    with pytest.raises(TypeError, match="casefold=1 of TokenSampler must be a bool"):
        TokenSampler(casefold=1).fit([text])


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


@pytest.fixture(scope="module")
def reader(digits):
    return LogisticRegression(max_iter=5000).fit(*digits)


def explain_digits(reader, digits, rows, **params):
    sampler = SuperpixelSampler(flat=(8, 8), **params)
    return LimeExplainer(reader, sampler=sampler, random_state=0).fit(digits[0]), digits[0][
        rows
    ]


def test_hiding_that_changes_nothing_is_told(reader, digits):
    explainer, X = explain_digits(reader, digits, slice(5))
    with pytest.warns(HidingWarning, match=r"hide='mean' of Superpixel.*hide=0") as told:
        found = explainer.explain(X)
    [own] = told
    # What the model says to the five digits with all segments hidden, asked by hand.
    hidden = [
        row.compose(np.zeros((1, row.n_units), dtype=bool))[0]
        for row in explainer.sampler_.rows(X)
    ]
    shown = reader.predict_proba(X).max(axis=1)
    left = reader.predict_proba(hidden)[np.arange(5), reader.predict(X)]
    usual = reader.predict_proba(digits[0]).mean(axis=0)[reader.predict(X)]
    few = (abs(shown - left) < 0.2 * (shown - usual)) & (
        np.nanmax(abs(found.values), axis=1) < 0.2 * (shown - usual)
    )
    assert few.sum() >= 4
    assert f"about {few.sum()} row(s)" in str(own.message)
    with pytest.warns(HidingWarning, match=f"about {few.sum()} row"):
        explainer.transform(X)


@pytest.mark.parametrize("hide", [0, 1.0, 0.5])
def test_hiding_that_tells_is_not_warned_of(reader, digits, hide):
    explainer, X = explain_digits(reader, digits, slice(40), hide=hide)
    found = explainer.explain(X)
    assert np.median(np.nanmax(abs(found.values), axis=1)) > 0.2


def test_one_image_alone(reader, digits):
    X = digits[0][:1]
    sampler = SuperpixelSampler(flat=(8, 8), segmenter=(4, 4))
    explainer = LimeExplainer(
        FunctionClassifier(lambda X: np.tile([0.9, 0.05, 0.05], (len(X), 1))),
        sampler=sampler,
        random_state=0,
    ).fit(X)
    with pytest.warns(HidingWarning, match="about 1 row"):
        explainer.explain(X)


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_models_of_one_answer_are_not_warned_of(answer):
    """There is no usual number from which a constant regressor's would be far."""
    images = np.random.default_rng(0).uniform(size=(4, 12, 12))
    for X, sampler in (
        (images, SuperpixelSampler()),
        (TEXTS, None),
        (images, SequenceSampler()),
    ):
        explainer = LimeExplainer(
            constant(answer), sampler=sampler, n_samples=64, random_state=0
        )
        assert np.nanmax(abs(explainer.fit(X).explain(X).values)) < 1e-9


def test_texts_without_a_word_that_counts_are_not_warned_of():
    def count(texts):
        return np.array([float(text.count("good")) for text in texts])

    explainer = LimeExplainer(FunctionRegressor(count), random_state=0).fit(TEXTS)
    assert abs(explainer.transform(["no film", "a bad one"]).toarray()).max() < 1e-9


def test_words_that_are_no_tokens_are_told():
    def praise(texts):
        good = np.array(["good" in text for text in texts], dtype=float)
        return np.column_stack([1 - good, good])

    model = FunctionClassifier(praise, classes=["no", "yes"])
    texts = ["A good Film", "A bad Film", "The good End", "The bad End"]
    sampler = TokenSampler(token_pattern="[A-Z][a-z]*")
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(texts)
    with pytest.warns(HidingWarning, match=r"about 4 row\(s\).*token_pattern"):
        explainer.transform(texts)


def test_closed_forms_are_warned_of_too_and_warnings_silenced(digits):
    X = digits[0][:100]
    # Of segments of one value there is nothing to change.
    X = np.repeat(X.mean(axis=1), 64).reshape(100, 64)
    model = LinearRegression().fit(X, X[:, 0])
    sampler = SuperpixelSampler(flat=(8, 8), segmenter=(2, 2))
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(X)
    assert explainer.method_ == "exact"
    with pytest.warns(HidingWarning, match="about"):
        explainer.transform(X[:20])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HidingWarning)
        explainer.transform(X[:20])


def freeze(X):
    """The same rows, which cannot be written to."""
    X = copy.deepcopy(X)
    if isinstance(X, np.ndarray):
        X.setflags(write=False)
    elif isinstance(X, list) and isinstance(X[0], np.ndarray):
        for image in X:
            image.setflags(write=False)
    elif isinstance(X, pd.DataFrame):
        values = X.to_numpy()
        values.setflags(write=False)
        X = pd.DataFrame(values, columns=X.columns, copy=False)
    return X


GIVEN = {
    "images": (SuperpixelSampler(segmenter=(2, 2), hide=0.0), (3, 12, 12, 3)),
    "channels first": (SuperpixelSampler((2, 2), hide=0.0, channel_axis=0), (3, 3, 12, 12)),
    "flat": (SuperpixelSampler(segmenter=(2, 2), hide=0.0, flat=(12, 12)), (3, 144)),
    "series": (SequenceSampler(), (5, 6, 2)),
    "padded": (SequenceSampler(padding=0.0, fill="interpolate"), (5, 6)),
    "table": (None, (30, 3)),
    "frame": (None, (30, 3)),
    "two sizes": (SuperpixelSampler(segmenter=(2, 2), hide=0.0), None),
}


def rows_of(name, shape):
    rng = np.random.default_rng(0)
    if name == "two sizes":
        return [rng.uniform(1, 2, size) for size in [(12, 12), (9, 15), (12, 12)]]
    X = rng.uniform(1, 2, shape)
    if name == "padded":
        X[:, :2] = 0.0
    return pd.DataFrame(X, columns=list("abc")) if name == "frame" else X


def summary(X):
    """Two classes by the size of one corner of a row, in arithmetic of its own."""
    corner = np.asarray(X, dtype=float).reshape(len(X), -1)[:, ::5] - 1.5
    up = 1 / (1 + np.exp(-corner.mean(axis=1)))
    return np.column_stack([1 - up, up])


def untouched(X):
    return summary(X)


class Overwriting:
    """Writes into what it is asked about, and keeps it."""

    classes_ = np.array(["no", "yes"])

    def __init__(self):
        self.kept, self.copies = [], []

    def predict_proba(self, X):
        answer = summary(X)
        if isinstance(X, pd.DataFrame):
            X.iloc[:, :] = 0.0
        else:
            X[...] = 0.0
        self.kept.append(X)
        self.copies.append(copy.deepcopy(X))
        return answer


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("name", GIVEN)
def test_rows_of_the_user_are_never_changed(name, frozen):
    sampler, shape = GIVEN[name]
    X = rows_of(name, shape)
    kept = copy.deepcopy(X)
    given = freeze(X) if frozen else X
    model = Overwriting()
    shared = {"sampler": sampler, "n_samples": 128, "random_state": 0}
    hasty = LimeExplainer(model, **shared).fit(given)
    calm = LimeExplainer(FunctionClassifier(untouched, classes=["no", "yes"]), **shared)
    calm.fit(copy.deepcopy(kept))
    first = hasty.explain(given)
    right = calm.explain(copy.deepcopy(kept))
    np.testing.assert_array_equal(first.values, right.values)
    assert np.nanmax(abs(right.values)) > 0
    np.testing.assert_array_equal(hasty.explain(given).values, first.values)
    assert hasty.score(given) == calm.score(kept)
    for one, other in zip(first.data, right.data, strict=True):
        np.testing.assert_array_equal(one, other)
    if name != "two sizes":
        np.testing.assert_array_equal(hasty.transform(given), calm.transform(kept))
    if isinstance(kept, list):
        assert all(map(np.array_equal, given, kept))
    else:
        np.testing.assert_array_equal(np.asarray(given), np.asarray(kept))
    # What the model keeps is its own: nobody writes to it afterwards.
    for one, other in zip(model.kept, model.copies, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize(
    "container", [list, lambda t: np.array(t, dtype=object), pd.Series]
)
def test_texts_of_the_user_are_never_changed(container):
    def shorten(texts):
        found = np.array([float("good" in text) for text in texts])
        for i in range(len(texts)):
            texts[i] = "gone"
        return found

    X = container(TEXTS)
    if isinstance(X, np.ndarray):
        X.setflags(write=False)
    explainer = LimeExplainer(FunctionRegressor(shorten), random_state=0).fit(X)
    for _ in range(2):
        found = explainer.explain(X)
        np.testing.assert_array_equal(found.predictions, [1, 1, 0, 0])
        assert list(found.data) == list(X) == TEXTS
    assert explainer.score(X) == pytest.approx(1.0)
    assert list(X) == TEXTS


@pytest.mark.parametrize("container", [np.array, pd.DataFrame])
@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("method", ["exact", "sampling"])
def test_scaling_in_place_leaves_the_table(container, fitted, method):
    X = container(np.random.default_rng(0).normal(3.0, 2.0, (60, 3)))
    if isinstance(X, pd.DataFrame):
        X.columns = list("abc")
    kept, y = X.copy(), np.asarray(X)[:, 0] > 3
    model = make_pipeline(StandardScaler(copy=False), LogisticRegression())
    right = make_pipeline(StandardScaler(), LogisticRegression()).fit(kept, y)
    model = model.fit(X.copy(), y) if fitted else model
    found = LimeExplainer(model, method=method, random_state=0).fit(X, y)
    expected = LimeExplainer(right, method=method, random_state=0).fit(kept, y)
    for _ in range(2):
        np.testing.assert_allclose(found.transform(X), expected.transform(kept), atol=1e-12)
    found.score(X)
    np.testing.assert_array_equal(np.asarray(X), np.asarray(kept))


HOURS = [f"{hour:02}:00" for hour in range(6, 12)]


def temperatures():
    return np.random.default_rng(0).normal(size=(30, 6, 2)).cumsum(axis=1)


def explain_temperatures(unit="step", **params):
    first = FunctionRegressor(lambda series: 2.0 * series[:, 1, 0] - series[:, 4, 1])
    sampler = SequenceSampler(unit=unit, **params)
    explainer = LimeExplainer(first, sampler=sampler, random_state=0).fit(temperatures())
    return explainer, explainer.explain(temperatures()[:3])


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels() if label.get_text()]


@pytest.mark.parametrize(
    ("params", "steps", "cities"),
    [
        ({}, [f"t-{k}" for k in range(5, -1, -1)], ["x0", "x1"]),
        (
            {"step_names": HOURS, "feature_names": ["Seattle", "New York"]},
            HOURS,
            ["Seattle", "New York"],
        ),
    ],
)
def test_steps_and_features_have_one_name_everywhere(params, steps, cities):
    explainer, found = explain_temperatures(**params)
    assert found.unit_names[0].tolist() == steps
    assert {name for name, _ in found.as_list(0)[:2]} == {steps[1], steps[4]}
    cells = [f"{city}_{step}" for step in steps for city in cities]
    assert explainer.get_feature_names_out().tolist() == cells
    assert found.feature_names.tolist() == cells
    assert explainer.sampler_.step_names_.tolist() == steps
    display = SequenceDisplay.from_explanation(found)
    assert sorted(ticks(display.ax_.yaxis)) == sorted(cities)
    assert ticks(display.ax_.xaxis) == steps
    picture = page_content(found)["rows"][0]["picture"]
    assert [lane["name"] for lane in picture["lanes"]] == cities
    assert picture["ends"] == [steps[0], steps[-1]]
    page = found._repr_html_()
    assert f"steps from {steps[0]} to {steps[-1]}" in page
    again = Explanation.from_json(found.to_json())
    assert again == found and again.meta["steps"] == steps
    both = Explanation.concat([found, found[:1]])
    assert both.meta["features"] == cities
    stretches, _ = explain_temperatures("segment", n_segments=3, **params)
    ends = [f"{steps[i]}..{steps[i + 1]}" for i in (0, 2, 4)]
    assert stretches.sampler_.rows(temperatures()[:1])[0].names.tolist() == ends
    assert explain_temperatures("cell", **params)[1].unit_names[0].tolist() == cells


@pytest.mark.parametrize("names", [HOURS[:5], ["a"] * 6, "abcdef"])
def test_names_that_are_not_those_of_steps(names):
    with pytest.raises(ValueError, match=r"step_names=.* must be 6 different name"):
        explain_temperatures(step_names=names)


def test_areas_of_a_series_have_a_scale():
    _, found = explain_temperatures()
    largest = abs(found.values[0]).max()
    display = SequenceDisplay.from_explanation(found)
    [scale] = display.ax_.child_axes
    assert ticks(scale.yaxis)[:3] == [f"+{largest:.2g}", "0", f"\u2212{largest:.2g}"]


def test_tints_of_an_image_have_a_scale():
    image = np.moveaxis(spotted(), 1, -1)
    red = FunctionRegressor(lambda x: x[:, 4:12, 4:12, 0].mean(axis=(1, 2)))
    sampler = SuperpixelSampler(segmenter=(4, 4), hide=0.0)
    found = LimeExplainer(red, sampler=sampler, random_state=0).fit(image).explain(image)
    display = ImageDisplay.from_explanation(found)
    [bar] = [ax for ax in display.figure_.axes if ax is not display.ax_]
    assert bar.get_ylabel() == "change of y if the segment is shown"
    np.testing.assert_allclose(bar.get_ylim(), np.array([-1, 1]) * abs(found.values).max())
    [shown] = display.ax_.images
    np.testing.assert_allclose(shown.get_array() / 255, image[0], atol=0.5 / 255)


@pytest.mark.parametrize("kind", ["text", "image", "sequence"])
def test_pages_call_units_what_they_are(kind):
    if kind == "text":
        found = LimeExplainer(judge(), random_state=0).fit(TEXTS).explain(TEXTS)
    elif kind == "sequence":
        _, found = explain_temperatures()
    else:
        sampler = SuperpixelSampler(segmenter=(2, 2), hide=0.0)
        image = np.random.default_rng(0).uniform(size=(1, 8, 8))
        bright = FunctionRegressor(lambda x: x[:, :4].mean(axis=(1, 2)))
        found = LimeExplainer(bright, sampler=sampler).fit(image).explain(image)
    word = {"text": "Word", "image": "Segment", "sequence": "Part"}[kind]
    page = found._repr_html_()
    assert f'<th scope="col">{word}</th>' in page
    assert '<th scope="col">Condition</th>' not in page


@pytest.mark.parametrize("display", [SummaryDisplay, ImportanceDisplay, HeatmapDisplay])
def test_images_that_are_cut_differently_are_not_added_up(display):
    images = np.random.default_rng(0).uniform(size=(3, 16, 16))
    bright = FunctionRegressor(lambda x: x[:, :8, :8].mean(axis=(1, 2)))

    def explain(segmenter):
        sampler = SuperpixelSampler(segmenter=segmenter, hide=0.0)
        lime = LimeExplainer(bright, sampler=sampler, n_samples=64, random_state=0)
        return lime.fit(images).explain(images)

    with pytest.raises(ValueError, match="image 1 is cut differently from image 0"):
        display.from_explanation(explain("slic"))
    display.from_explanation(explain((2, 2)))
    display.from_explanation(explain("slic")[1:2])


def test_a_word_that_no_text_has_depends_on_nothing():
    found = LimeExplainer(judge(), random_state=0).fit(TEXTS).explain(TEXTS[:2])
    with pytest.raises(ValueError, match="feature='bad' stands in none of the 2 explained"):
        DependenceDisplay.from_explanation(found, feature="bad")
    assert DependenceDisplay.from_explanation(found, feature="good").ax_


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_cohorts_of_texts_are_told_what_to_pass(container):
    found = LimeExplainer(judge(), random_state=0).fit(TEXTS).transform(TEXTS).toarray()
    with pytest.raises(
        TypeError, match="rules of the columns of a table, while X holds text"
    ):
        Cohorts().fit(container(TEXTS), found)


def test_frames_of_attributions_of_texts_are_told_the_way():
    explainer = LimeExplainer(judge(), random_state=0).set_output(transform="pandas")
    explainer.fit(TEXTS)
    with pytest.raises(ValueError, match=r"set_output\(transform='pandas'\).*to_frame\(\)"):
        explainer.transform(TEXTS)
    with sklearn.config_context(transform_output="polars"):
        other = LimeExplainer(judge(), random_state=0).fit(TEXTS)
        with pytest.raises(ValueError, match=r"set_output\(transform='polars'\)"):
            other.transform(TEXTS)
    explainer.set_output(transform="default")
    assert explainer.transform(TEXTS).shape == (4, len(explainer.get_feature_names_out()))


def test_texts_of_too_many_words_are_refused_before_memory_runs_out():
    asked = []

    def length(texts):
        asked.extend(texts)
        return np.array([np.sqrt(len(text)) for text in texts])

    text = " ".join(f"word{i}" for i in range(3000))
    lime = LimeExplainer(FunctionRegressor(length), n_samples=64, random_state=0).fit(
        [text]
    )
    n_asked = len(asked)
    with sklearn.config_context(working_memory=64):
        with pytest.raises(
            ValueError, match=r"3,000 units.*working_memory of 256 MiB.*sentenc"
        ):
            lime.transform([text])
    assert len(asked) == n_asked
    sentences = TokenSampler(token_pattern=r"(?:\w+\s*){1,100}")
    lime = LimeExplainer(
        FunctionRegressor(length), sampler=sentences, n_samples=64, random_state=0
    ).fit([text])
    assert lime.explain([text]).values.shape == (1, 30)


def test_images_too_large_to_inpaint_are_refused():
    image = np.random.default_rng(0).uniform(size=(500, 500))
    sampler = SuperpixelSampler(segmenter=(2, 2), hide="inpaint").fit(image[np.newaxis])
    with sklearn.config_context(working_memory=64):
        with pytest.raises(
            ValueError, match=r'hide="inpaint" of an image of 500 x 500 pix'
        ):
            sampler.rows(image[np.newaxis])


def test_large_images_are_blurred_at_a_lower_resolution():
    from skimage.filters import gaussian

    rows, columns = np.mgrid[:600, :640]
    image = np.sin(rows / 90.0) + np.cos(columns / 150.0) + (rows > columns)
    right = gaussian(image, sigma=75)
    sampler = SuperpixelSampler(segmenter=(1, 1), hide="blur").fit(image[np.newaxis])
    [row] = sampler.rows(image[np.newaxis])
    [found] = row.compose(np.zeros((1, 1), dtype=bool))
    assert abs(found - right).max() < 0.02 * np.ptp(right)
    small = image[:512, :512]
    [row] = sampler.rows(small[np.newaxis])
    [found] = row.compose(np.zeros((1, 1), dtype=bool))
    np.testing.assert_array_equal(found, gaussian(small, sigma=64))


VERDICTS = ["fresh", "fresh", "rotten", "so so"]


def explain_verdicts(n_classes, target):
    labels = VERDICTS if n_classes == 3 else ["fresh", "fresh", "rotten", "rotten"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10)).fit(TEXTS, labels)
    explainer = LimeExplainer(model, target=target, random_state=0).fit(TEXTS)
    return model, explainer.explain(TEXTS)


@pytest.mark.parametrize(
    ("n_classes", "target"),
    [(2, "auto"), (2, "fresh"), (2, "predicted"), (2, "all"), (3, "all"), (3, "auto")],
)
def test_probabilities_of_classes_stand_beside_the_words(n_classes, target):
    model, found = explain_verdicts(n_classes, target)
    right = dict(zip(model.classes_, model.predict_proba(TEXTS[2:3])[0], strict=True))
    for part in found, Explanation.from_json(found.to_json()), found[2:3]:
        [*_, row] = page_content(part[:3] if len(part) > 1 else part)["rows"]
        assert dict(row["classes"]) == pytest.approx(right, rel=1e-3)
    display = TextDisplay.from_explanation(
        found, row=2, target="fresh" if target == "all" else None
    )
    written = [text.get_text() for text in display.ax_.texts]
    written = written[written.index("lowers") + 1 :]
    assert len(written) == 2 * len(right)
    told = dict(zip(written[::2], map(float, written[1::2]), strict=True))
    assert told == pytest.approx(right, abs=0.0051)
    assert list(told.values()) == sorted(told.values(), reverse=True)
    page = found[2:3]._repr_html_()
    for name in right:
        assert re.search(rf"probabilities:.*{name} <b>", page)


def test_numbers_and_margins_are_no_probabilities():
    numbers = FunctionRegressor(
        lambda texts: np.array([float(len(text)) for text in texts])
    )
    margins = make_pipeline(TfidfVectorizer(), LinearSVC()).fit(TEXTS, PRAISE)
    for model in numbers, margins:
        found = LimeExplainer(model, random_state=0).fit(TEXTS).explain(TEXTS)
        assert page_content(found)["rows"][0]["classes"] == []
        assert "probabilities" not in found._repr_html_()
        display = TextDisplay.from_explanation(found)
        assert display.ax_.texts[-1].get_text() == "lowers"
