"""What stands next to the faults of a first day: inputs of the same kinds."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklime import (
    AnchorExplainer,
    Cohorts,
    Explanation,
    FunctionClassifier,
    FunctionRegressor,
    LimeExplainer,
)
from sklime.plotting import DependenceDisplay, ImageDisplay
from sklime.samplers import (
    MarginalSampler,
    MixedSampler,
    SequenceSampler,
    SuperpixelSampler,
    TokenSampler,
)


def plain(n=200):
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))


def total(T):
    return np.asarray(T, dtype=float).sum(axis=1)


# Models.


@pytest.mark.parametrize("unit", ["bins", "standardised"])
def test_a_column_that_probabilities_do_not_use_has_exactly_nothing(unit):
    rng = np.random.default_rng(0)
    X = plain().assign(client=[f"c{i}" for i in range(200)], k=rng.integers(0, 40, 200))
    used = make_column_transformer((StandardScaler(), ["a", "b"]))
    model = make_pipeline(used, LogisticRegression()).fit(X, X.a + X.b > 0)
    sampler = MarginalSampler(n_bins=4 if unit == "bins" else None)
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(X)
    found = explainer.explain(X[:40], uncertainty=True, interactions=True)
    assert found.meta["method"] == "exact"
    idle = found[:, ["c", "client", "k"]]
    assert (idle.values == 0.0).all()
    lower, upper = idle.confidence_intervals()
    assert ((lower <= 0.0) & (upper >= 0.0)).all()
    own = [set(pair) <= {"a", "b"} for pair in found.interaction_pairs]
    assert (found.interactions[:, ~np.array(own)] == 0.0).all()
    assert (found.interactions[:, own] != 0.0).all()


@pytest.mark.parametrize("classes", [["no", "no"], "ab", {"no": 0, "yes": 1}, [["a", "b"]]])
def test_classes_are_a_list_of_different_labels(classes):
    def both(T):
        p = 1 / (1 + np.exp(-total(T)))
        return np.column_stack([1 - p, p])

    explainer = LimeExplainer(FunctionClassifier(both, classes=classes))
    with pytest.raises(ValueError, match=r"classes=.* of FunctionClassifier .*each once"):
        explainer.fit(plain())


@pytest.mark.parametrize("wrap", [FunctionClassifier, FunctionRegressor])
def test_a_function_must_be_one(wrap):
    message = rf"function=3 of {wrap.__name__} cannot be called: .*model\.predict"
    with pytest.raises(TypeError, match=message):
        LimeExplainer(wrap(3)).fit(plain())


# Tables.


@pytest.mark.parametrize(
    "X, message",
    [
        ([["good", "film"], ["bad"]], r'row 1 of X has 1 entries, .*" "\.join\(words\)'),
        ([[1.0, 2.0], [3.0, 4.0], [5.0]], "row 2 of X has 1 entries, row 0 has 2: give"),
    ],
)
def test_rows_of_unequal_length_are_told(X, message):
    with pytest.raises(ValueError, match=message):
        LimeExplainer(FunctionRegressor(total)).fit(X)


def test_rows_in_a_set_are_told():
    with pytest.raises(TypeError, match=r"X is a set, .*pass list\(X\)"):
        LimeExplainer(FunctionRegressor(total)).fit({"a good film", "a bad one"})


def test_more_columns_than_training_had_name_the_way_to_its_own():
    explainer = LimeExplainer(FunctionRegressor(total), n_samples=64).fit(plain())
    more = plain().assign(**{f"z{i}": 1.0 for i in range(7)})
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- z0\n") as error:
        explainer.explain(more[:2])
    assert str(error.value).endswith("- ...\nPass X[explainer.feature_names_in_].")
    assert len(explainer.explain(more[explainer.feature_names_in_][:2])) == 2


# Habits.


@pytest.fixture(scope="module")
def explained():
    explainer = LimeExplainer(FunctionRegressor(total), n_samples=64, random_state=0)
    return explainer.fit(plain()).explain(plain()[:5])


def test_names_are_close_whatever_their_case(explained):
    with pytest.raises(KeyError, match=r"no feature is named 'B'.*the closest is 'b'"):
        explained["B"]


def test_names_beside_positions_are_told(explained):
    with pytest.raises(
        IndexError, match=re.escape("rows=['a', 1] must be an int, a slice")
    ):
        explained[["a", 1]]


def test_what_is_no_frame_is_named(explained):
    with pytest.raises(
        TypeError, match=r"frame must be a pandas DataFrame.* got Explanation"
    ):
        Explanation.from_frame(explained)


def test_an_explainer_in_place_of_its_explanation_is_told():
    explainer = LimeExplainer(FunctionRegressor(total), n_samples=64).fit(plain())
    with pytest.raises(TypeError, match=r"X is an explainer, LimeExplainer: explain first"):
        Cohorts().fit(explainer)


@pytest.mark.parametrize("verbose", ["yes", -1, None, 0.5])
def test_how_much_is_said_is_a_number(verbose):
    with pytest.raises(ValueError, match=f"verbose={verbose!r} must be 0, or 1 for bars"):
        LimeExplainer(FunctionRegressor(total), verbose=verbose).fit(plain())


KINDS = {
    "texts": (TokenSampler(), ["good film", "", "bad film, bad plot"]),
    "series": (SequenceSampler(), np.random.default_rng(0).normal(size=(4, 5, 2))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_frames_of_texts_and_series_are_read_back_whole(kind):
    sampler, X = KINDS[kind]

    def tell(rows):
        if kind == "texts":
            return np.array([float("good" in text) for text in rows])
        return np.array([np.asarray(row).ravel()[:7].sum() for row in rows])

    model = FunctionRegressor(tell)
    explainer = LimeExplainer(model, sampler=sampler, n_samples=32, random_state=0)
    found = explainer.fit(X).explain(X, uncertainty=True)
    frame = found.to_frame()
    assert Explanation.from_frame(frame) == found
    assert Explanation.from_frame(frame.sample(frac=1, random_state=0)) == found
    assert Explanation.from_frame(frame[frame["row"] == 0]) == found[[0]]


# Pictures.


@pytest.mark.parametrize("size", [(4, 3), (4, 2), (6.4, 4.8)])
def test_the_name_of_the_bar_beside_an_image_is_not_cut(size):
    plt = pytest.importorskip("matplotlib.pyplot")

    def tell(images):
        p = images[:, :8].mean(axis=(1, 2))
        return np.column_stack([1 - p, p])

    names = ["cat", "a very long class name of a network"]
    sampler = SuperpixelSampler(segmenter=(2, 2), hide=0)
    images = np.random.default_rng(0).uniform(size=(1, 16, 16))
    model = FunctionClassifier(tell, classes=names)
    explainer = LimeExplainer(model, sampler=sampler, n_samples=32, random_state=0)
    figure, ax = plt.subplots(figsize=size, layout="constrained")
    ImageDisplay.from_explanation(explainer.fit(images).explain(images), ax=ax)
    figure.draw_without_rendering()
    [bar] = [own for own in figure.axes if own.get_label() == "<colorbar>"]
    name, high = bar.yaxis.label.get_window_extent(), bar.get_window_extent()
    assert name.x1 <= figure.bbox.x1
    assert name.height <= 1.1 * high.height
    assert name.y0 >= figure.bbox.y0
    assert name.y1 <= figure.bbox.y1
    plt.close(figure)


# Images.


@pytest.mark.parametrize("n_channels", [2, 10, 60])
def test_bands_of_any_number_are_not_cut_along_their_axis(n_channels):
    images = np.random.default_rng(0).uniform(size=(2, n_channels, 24, 24))
    with pytest.raises(
        ValueError, match=r"24 channels\. .* come first, set channel_axis=0"
    ):
        SuperpixelSampler(hide=0).fit(images)
    first = SuperpixelSampler(segmenter=(2, 2), hide=0, channel_axis=0).fit(images)
    assert first.n_channels_ == n_channels
    assert SuperpixelSampler(hide=0, channel_axis=2).fit(images).n_channels_ == 24
    last = np.moveaxis(images, 1, -1)
    assert SuperpixelSampler(segmenter=(2, 2), hide=0).fit(last).n_channels_ == n_channels


@pytest.mark.parametrize("n_channels", [1, 3, 4])
def test_channels_that_come_last_are_not_taken_for_rows_of_pixels(n_channels):
    images = np.random.default_rng(0).uniform(size=(2, 20, 24, n_channels))
    with pytest.raises(
        ValueError, match=r"20 channels\. .* come last, set channel_axis=-1"
    ):
        SuperpixelSampler(hide=0, channel_axis=0).fit(images)
    assert SuperpixelSampler(hide=0, channel_axis=-3).fit(images).n_channels_ == 20


def test_a_single_image_in_colours_is_no_batch():
    image = np.random.default_rng(0).uniform(size=(20, 24, 3))
    sampler = SuperpixelSampler(segmenter=(2, 2), hide=0)
    with pytest.raises(
        ValueError, match=r"X has shape \(20, 24, 3\), .*X\[numpy\.newaxis\]"
    ):
        sampler.fit(image)
    assert sampler.fit(image[np.newaxis]).n_channels_ == 3
    narrow = SuperpixelSampler(segmenter=(2, 2), hide=0, channel_axis=None).fit(image)
    assert narrow.n_channels_ is None
    assert sampler.fit(list(image)).n_channels_ is None


def test_a_column_of_mixed_rows_is_found_by_its_conditions():
    pytest.importorskip("matplotlib")
    X = plain(24).assign(review=["good film", "bad one"] * 12)
    parts = [("words", TokenSampler(), "review"), ("rest", MarginalSampler(), list("abc"))]
    model = FunctionRegressor(lambda T: T["a"].to_numpy() + T["review"].str.len())
    explainer = LimeExplainer(model, sampler=MixedSampler(parts), random_state=0)
    found = explainer.fit(X).explain(X[:6])
    with pytest.raises(
        ValueError, match=r"feature='a' stands in none .*, such as '"
    ) as error:
        DependenceDisplay.from_explanation(found, feature="a")
    named = re.findall(r"'([^']* a <= [^']*|a <= [^']*|a > [^']*)'", str(error.value))
    assert named
    assert set(named) <= {name for row in found.unit_names for name in row}
    display = DependenceDisplay.from_explanation(found, feature=named[0])
    assert len(display.frame()) >= 1


# Pages.


def test_numbers_of_anchors_have_four_digits():
    def both(T):
        p = np.where(T["a"] > 0, 0.987654321, 0.012345678)
        return np.column_stack([1 - p, p])

    own = {"criterion": "mean", "n_samples": 256, "random_state": 0}
    explainer = AnchorExplainer(FunctionClassifier(both), **own)
    anchors = explainer.fit(plain()).explain(plain()[:4])
    page = anchors.to_html().partition("</style>")[2]
    shown = re.findall(r"\d+\.\d+", page.replace("<=", " "))
    assert f"{anchors.predictions[0]:.4g}" in shown
    assert all(len(own.lstrip("0.")) <= 4 for own in shown if "%" not in own)
