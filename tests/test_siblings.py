"""Pieces that meet: what each does alone, asked for together."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sklime import Explanation, FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.kernels import UniformKernel
from sklime.plotting import KernelWidthDisplay
from sklime.samplers import (
    CoalitionSampler,
    GaussianSampler,
    MarginalSampler,
    MixedSampler,
    SuperpixelSampler,
    TokenSampler,
)

N = 200


def notes():
    """Texts beside dates, counts, categories, many towns, and numbers."""
    rng = np.random.default_rng(0)
    words = "good bad fine film plot long dear cheap".split()
    return pd.DataFrame(
        {
            "day": pd.Timestamp("2025-01-01")
            + pd.to_timedelta(rng.integers(0, 365, N), unit="D"),
            "review": [
                " ".join(rng.choice(words, rng.integers(1, 5), replace=False))
                for _ in range(N)
            ],
            "k": rng.integers(0, 4, N),
            "cat": rng.choice(list("abc"), N),
            "town": [f"t{i}" for i in rng.integers(0, 150, N)],
            "price": rng.normal(size=N),
        }
    )


def stars(T):
    return (
        3.0 * T["review"].str.contains("good").to_numpy(dtype=float)
        + 2.0 * (T["day"].dt.month.to_numpy() > 6)
        + 1.5 * (T["k"].to_numpy() == 2)
        + 5.0 * (T["cat"] == "z").to_numpy(dtype=float)
        + 4.0 * (T["town"] == "t9999").to_numpy(dtype=float)
    )


def unseen():
    rows = notes().iloc[:5]
    rows.loc[0, "cat"] = "z"
    rows.loc[1, "town"] = "t9999"
    rows.loc[2, "k"] = 99
    rows.loc[3, "day"] = pd.Timestamp("2040-01-01")
    rows.loc[4, "review"] = ""
    return rows


WORDS = ("words", TokenSampler(), "review")


# Rows of several parts


def test_an_unseen_value_beside_rare_ones_is_asked_about_among_words():
    # Own values of the towns, all rare, are put into draws that hold the unseen category.
    rest = ("rest", MarginalSampler(), ["day", "k", "cat", "town", "price"])
    explainer = LimeExplainer(
        FunctionRegressor(stars), sampler=MixedSampler([WORDS, rest]), random_state=0
    ).fit(notes())
    found = explainer.transform(unseen())
    assert found[0, 3] == pytest.approx(5.0, abs=0.1)
    assert found[1, 4] == pytest.approx(4.0, abs=0.1)
    alone = [explainer.transform(unseen().iloc[[i]])[0] for i in range(5)]
    np.testing.assert_array_equal(found, alone)


@pytest.mark.parametrize("sampler", [GaussianSampler(), MarginalSampler(n_bins=None)])
def test_contributions_of_standardised_columns_beside_words_add_up(sampler):
    numbers = ("numbers", sampler, ["k", "price"])
    rest = ("rest", MarginalSampler(), ["day", "cat", "town"])
    parts = MixedSampler([numbers, WORDS, rest])
    model = FunctionRegressor(lambda T: stars(T) + 2.0 * T["price"].to_numpy())
    explainer = LimeExplainer(
        model, sampler=parts, kernel=UniformKernel(), random_state=0
    ).fit(notes())
    effects = explainer.explain(unseen(), uncertainty=True)
    own = effects.contributions()
    added = np.nansum(own.values, axis=1) + own.baselines
    np.testing.assert_allclose(added, own.local_predictions, rtol=0, atol=1e-10)
    # Price has its slope times its distance from the mean.
    X = notes()
    names = effects.unit_names[0].tolist()
    assert own.values[0, names.index("price")] == pytest.approx(
        2.0 * (X["price"][0] - X["price"].mean()), abs=0.3
    )
    assert Explanation.from_json(effects.to_json()) == effects
    assert "per standard deviation" in effects.plot(0).ax_.get_xlabel()


# Coalitions of rows with categories that training never had


def kept(T):
    c, k, v = np.asarray(T, dtype=object).T
    return 5.0 * (c == "q") + 3.0 * (k == "new") + v.astype(float)


@pytest.mark.parametrize(
    "convert",
    [
        lambda frame: frame,
        lambda frame: frame.astype({"k": "category"}),
        lambda frame: frame.convert_dtypes(),
        pl.from_pandas,
        lambda frame: frame.to_numpy(object),
    ],
    ids=["strings", "category", "nullable", "polars", "array"],
)
@pytest.mark.parametrize("within", [False, True], ids=["alone", "part"])
def test_coalitions_keep_a_category_that_training_never_had(convert, within):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "c": rng.choice(list("ab"), 60),
            "k": rng.choice(list("uv"), 60),
            "v": rng.random(60),
        }
    )
    rows = X[:3].assign(c=["q", "a", "q"], k=["u", "new", "new"])
    train = convert(X)
    sampler = CoalitionSampler(train[:4])
    if within:
        sampler = MixedSampler([("all", sampler, [0, 1, 2])])
    explainer = LimeExplainer(FunctionRegressor(kept), sampler=sampler, random_state=0)
    found = explainer.fit(train).explain(convert(rows))
    expected = np.array([[5.0, 0.0], [0.0, 3.0], [5.0, 3.0]])
    np.testing.assert_allclose(found.values[:, :2], expected, atol=1e-6)
    np.testing.assert_allclose(found.values[:, 2], rows["v"] - X["v"][:4].mean(), atol=1e-6)
    np.testing.assert_allclose(found.predictions, kept(rows))


# Counts of which some are missing


def kids():
    """Counts with gaps: as nullable integers, and as the floats that pandas makes them."""
    rng = np.random.default_rng(0)
    counts = pd.array(rng.integers(0, 4, 400), dtype="Int64")
    counts[::9] = pd.NA
    nullable = pd.DataFrame({"kids": counts, "age": rng.integers(18, 80, 400) * 1.0})
    return nullable, nullable.astype({"kids": float})


def need(T):
    return 1.0 * np.asarray((T["kids"] == 2).fillna(False), dtype=float) + T["age"] / 100


def test_counts_with_gaps_have_a_bin_each_though_pandas_keeps_floats():
    nullable, floats = kids()
    model = FunctionRegressor(lambda T: need(T).to_numpy())
    found, expected = (
        LimeExplainer(model, random_state=0).fit(X).explain(X[:20])
        for X in (floats, nullable)
    )
    np.testing.assert_array_equal(found.values, expected.values)
    assert found.conditions == expected.conditions
    assert found.conditions[1][0] == f"kids = {floats['kids'][1]:.0f}"
    assert found.conditions[0][0] == "kids is missing"
    # Ages are floats without gaps, as ever.
    assert "=" not in found.conditions[0][1].replace("<=", "")


@pytest.mark.parametrize(
    "change",
    [
        lambda kids: kids.fillna(0.0),
        lambda kids: kids + 0.5,
        lambda kids: kids.where(kids != 1.0, np.arange(len(kids)) % 30),
    ],
    ids=["no gaps", "halves", "many"],
)
def test_other_floats_are_cut_as_ever(change):
    _, floats = kids()
    X = floats.assign(kids=change(floats["kids"]))
    model = FunctionRegressor(lambda T: need(T).to_numpy())
    found = LimeExplainer(model, random_state=0).fit(X).explain(X)
    assert not any(
        text.startswith("kids = ") for text in np.asarray(found.conditions)[:, 0]
    )


# Containers and answers


@pytest.mark.parametrize("sampler", [None, TokenSampler()])
@pytest.mark.parametrize("convert", [pa.array, lambda texts: pa.chunked_array([texts])])
def test_texts_in_arrays_of_arrow(sampler, convert):
    texts = ["good film", "bad film", "a good day", "nothing"]
    model = FunctionRegressor(lambda X: np.array([float("good" in text) for text in X]))
    explainer = LimeExplainer(model, sampler=sampler, random_state=0)
    found = explainer.fit(convert(texts)).explain(convert(texts))
    expected = explainer.fit(texts).explain(texts)
    np.testing.assert_array_equal(found.values, expected.values)


@pytest.mark.parametrize(
    ("X", "cure"),
    [
        ([b"good film", b"bad"], "decode them"),
        ((text for text in ["good film", "bad"]), r"pass list\(X\)"),
    ],
    ids=["bytes", "generator"],
)
def test_what_is_nearly_rows_names_the_cure(X, cure):
    with pytest.raises(TypeError, match=cure):
        LimeExplainer(FunctionRegressor(len), random_state=0).fit(X)


@pytest.mark.parametrize("names", [["a", "a"], [1, 1], [("u", 1), ("u", 1)]])
def test_columns_of_one_name_are_told(names):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), columns=names)
    with pytest.raises(ValueError, match=r"X names column .* more than once: rename"):
        LimeExplainer(FunctionRegressor(len), random_state=0).fit(X)


@pytest.mark.parametrize("classes", [None, ["a", "b"]])
def test_labels_in_place_of_probabilities_are_told(classes):
    X = np.random.default_rng(0).normal(size=(50, 2))
    model = FunctionClassifier(lambda X: np.where(X[:, 0] > 0, "a", "b"), classes=classes)
    with pytest.raises(ValueError, match=r"gave <U1 values, not numbers: .* probabilities"):
        LimeExplainer(model).fit(X)


@pytest.mark.parametrize("channel_axis", [1, -2])
def test_the_axis_of_channels_is_one_of_an_image_not_of_all(channel_axis):
    images = np.zeros((2, 3, 32, 32))
    model = FunctionRegressor(lambda X: X.mean(axis=(1, 2, 3)))
    sampler = SuperpixelSampler(channel_axis=channel_axis)
    with pytest.raises(ValueError, match="set channel_axis=0: axes are those of one image"):
        LimeExplainer(model, sampler=sampler).fit(images)
    assert SuperpixelSampler(channel_axis=1).fit(np.zeros((2, 30, 3, 20))).n_channels_ == 3


@pytest.mark.parametrize("widths", [4, 0.5, []])
def test_widths_that_are_no_sequence_are_named(widths):
    X = np.random.default_rng(0).normal(size=(20, 2))
    explainer = LimeExplainer(FunctionRegressor(lambda X: X[:, 0]), random_state=0)
    with pytest.raises(ValueError, match=r"widths=.* must be a sequence"):
        KernelWidthDisplay.measure(explainer, X, widths=widths)
