"""Pictures in low and narrow figures: labels apart, scales that say something."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from sklearn.ensemble import RandomForestRegressor

from sklime import LimeExplainer
from sklime.plotting import (
    AttributionDisplay,
    DependenceDisplay,
    HeatmapDisplay,
    ImageDisplay,
    ImportanceDisplay,
    InteractionDisplay,
    SequenceDisplay,
    SummaryDisplay,
    TextDisplay,
)
from tests.plotting.explained import draws, picture, sequence, table, text
from tests.plotting.test_dark_and_narrow import contrast_with_black
from tests.plotting.test_layout import assert_readable, labels_of, shown_texts, shown_ticks

NAMES = [
    "living area above the ground in square feet",
    "tenure of the lease in months",
    "region code of the branch",
    "calls to the hotline",
]


def narrow(height=3.2):
    _, ax = plt.subplots(figsize=(4, height), dpi=100, layout="constrained")
    return ax


def numbers_of(axis):
    return [own.get_text() for own in shown_ticks(axis) if own.get_text()]


@pytest.mark.parametrize("n", [4, 8])
def test_conditions_of_a_low_picture_keep_apart(n):
    conditions = [[f"-0.0675 < {NAMES[j % 4]} {j} <= 0.664" for j in range(n)]]
    explanation = table(draws(1, n), conditions=conditions)
    assert_readable(AttributionDisplay.from_explanation(explanation, ax=narrow()))


def test_a_name_that_is_a_little_too_long_is_written_smaller_rather_than_cut():
    explanation = table(draws(30, 40))
    display = ImportanceDisplay.from_explanation(explanation, ax=narrow())
    assert_readable(display)
    assert labels_of(display.ax_)[-1] == "30 others, summed"


@pytest.mark.parametrize("unit", [1e-6, 1e9])
@pytest.mark.parametrize("width", [4, 8])
def test_powers_of_ten_do_not_lie_over_names(unit, width):
    explanation = table(unit * draws(20, 4), target_names=["the price of it"] * 20)
    feature = explanation.feature_names[0]
    for display, options in [
        (AttributionDisplay, {}),
        (SummaryDisplay, {}),
        (ImportanceDisplay, {}),
        (DependenceDisplay, {"feature": feature}),
    ]:
        _, ax = plt.subplots(figsize=(width, 4), layout="constrained")
        shown = display.from_explanation(explanation, ax=ax, **options)
        assert_readable(shown)
        axis = ax.yaxis if options else ax.xaxis
        assert not axis.get_offset_text().get_text()
        ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        for place, label in ticks:
            read = float(label.get_text().replace("\N{MINUS SIGN}", "-").replace(",", ""))
            assert read == pytest.approx(place, rel=1e-6, abs=unit * 1e-9)


def test_a_scale_around_zero_has_more_than_the_zero():
    values = np.zeros((30, 4))
    values[:, 0] = np.linspace(-114_153, 103_952, 30)
    explanation = table(values, NAMES)
    ax = narrow()
    SummaryDisplay.from_explanation(explanation, ax=ax).figure_.canvas.draw()
    assert len(numbers_of(ax.xaxis)) >= 2


@pytest.mark.parametrize("n", [4, 7])
def test_panels_of_a_narrow_figure_have_room(n):
    names = [f"class {'x' * 4 * j}" for j in range(n)]
    explanation = table(100_000 * draws(20, n, 4), target_names=names)
    display = ImportanceDisplay.from_explanation(explanation, ax=narrow(6))
    assert_readable(display)
    assert all(own.get_window_extent().width >= 60 for own in display.axes_)
    assert "mean |effect|" in [own.get_xlabel() for own in display.axes_]


def test_numbers_of_other_units_have_scales_of_their_own():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 3)), columns=list("abc"))
    y = np.column_stack([1e5 * X["a"], 1e-5 * X["b"]])
    forest = RandomForestRegressor(5, random_state=0).fit(X, y)
    explanation = LimeExplainer(forest, random_state=0).fit(X).explain(X[:20])
    display = ImportanceDisplay.from_explanation(explanation)
    for k, own in enumerate(display.axes_):
        bars = [bar.get_width() for bar in own.patches]
        assert max(bars) > 0.5 * own.get_xlim()[1]
        assert max(bars) == pytest.approx(
            np.abs(explanation.contributions().values[:, k]).mean(axis=0).max()
        )


def test_a_narrow_heat_map_is_as_wide_as_its_labels_allow():
    explanation = table(1e5 * draws(30, 6), target_names=["price in $"] * 30)
    ax = narrow()
    display = HeatmapDisplay.from_explanation(explanation, ax=ax)
    assert_readable(display)
    assert ax.get_window_extent().width > 0.25 * ax.figure.bbox.width


def test_numbers_of_a_narrow_map_of_pairs_stay_in_their_cells():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(200, 9)), columns=[f"measure {j}" for j in range(9)])
    y = 1e4 * X["measure 0"] * (1 + X["measure 1"]) * (X["measure 2"] > 0)
    forest = RandomForestRegressor(5, random_state=0).fit(X, y)
    explainer = LimeExplainer(forest, random_state=0).fit(X)
    explanation = explainer.explain(X[:10], interactions=True)
    for ax in (narrow(4), None):
        display = InteractionDisplay.from_explanation(explanation, ax=ax)
        display.figure_.canvas.draw()
        own = display.ax_
        cell = own.get_window_extent().width / np.ptp(own.get_xlim())
        assert all(number.get_window_extent().width < cell for number in own.texts)
    assert own.texts


@pytest.mark.parametrize("shape", [(40, 60), (160, 40)])
@pytest.mark.parametrize("width", [4, None])
def test_scales_of_images_are_as_high_as_these_and_titles_are_whole(shape, width):
    labels = np.arange(shape[0] * shape[1]).reshape(shape) // 400
    explanation = picture(
        np.random.default_rng(0).random((*shape, 3)), labels, draws(labels.max() + 1)
    )
    display = ImageDisplay.from_explanation(explanation, ax=width and narrow(6))
    assert_readable(display)
    [bar] = [own for own in display.figure_.axes if own is not display.ax_]
    image, scale = display.ax_.get_window_extent(), bar.get_window_extent()
    assert image.height * 0.75 < scale.height < image.height * 1.05
    assert not display.ax_._left_title.get_window_extent().overlaps(scale)


def test_scales_of_sequences_are_named_in_full():
    explanation = sequence(
        np.arange(24.0), np.arange(24), draws(24), target_names=["New York"]
    )
    display = SequenceDisplay.from_explanation(explanation, ax=narrow())
    assert_readable(display)
    [scale] = display.ax_.child_axes
    assert "..." not in scale.get_ylabel()


def test_texts_that_read_leftward_begin_at_the_right():
    string = "\u05d4\u05e1\u05e8\u05d8 \u05d4\u05d9\u05d4 \u05de\u05e6\u05d5\u05d9\u05df"
    explanation = text(string, [0.1, -0.2, 0.3], target_names=["\u05e8\u05e2"])
    explanation.meta["response_method"] = "predict_proba"
    display = TextDisplay.from_explanation(explanation)
    display.figure_.canvas.draw()
    left = {own.get_text(): own.get_window_extent().x0 for own in display.ax_.texts}
    first, second, third = string.split()
    assert left[first] > left[second] > left[third]
    assert_readable(display)
    # A number behind the name would be drawn before it.
    assert "probability 0.2 (" in display.ax_.get_title("left")


def test_dots_of_pairs_stand_out_from_black():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(100, 2)), columns=["a", "b"])
    forest = RandomForestRegressor(5, random_state=0).fit(X, X["a"] * X["b"])
    explainer = LimeExplainer(forest, random_state=0).fit(X)
    explanation = explainer.explain(X[:30], interactions=True)
    with plt.style.context("dark_background"):
        display = InteractionDisplay.from_explanation(explanation, pair=("a", "b"))
        display.figure_.canvas.draw()
    [dots] = display.ax_.collections
    assert contrast_with_black(dots.get_facecolor()).min() > 3


def test_no_number_runs_into_that_of_the_next_panel():
    explanation = table(100_000 * draws(28, 6), [*NAMES, "e", "f"])
    display = ImportanceDisplay.from_explanation(
        explanation, ax=narrow(), groups=np.arange(28) % 5
    )
    assert_readable(display)
    assert len(list(shown_texts(display.figure_))) > 10
    assert len(display.figure_.findobj(Axes)) >= 4
