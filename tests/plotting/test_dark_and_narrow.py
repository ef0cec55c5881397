"""Pictures on a dark background, and in figures 400 pixels wide."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.colors import to_rgba_array
from matplotlib.lines import Line2D
from sklearn.ensemble import RandomForestClassifier

from sklime import LimeExplainer
from sklime.plotting import (
    AttributionDisplay,
    DependenceDisplay,
    HeatmapDisplay,
    ImageDisplay,
    ImportanceDisplay,
    SequenceDisplay,
    TextDisplay,
)
from tests.plotting.explained import draws, picture, sequence, table, text
from tests.plotting.pictures import PICTURES
from tests.plotting.test_layout import assert_readable, labels_of, shown_texts


def contrast_with_black(colours):
    """Contrast of colours with a black background, as WCAG 2.1 defines it."""
    colours = to_rgba_array(colours)
    channels = colours[:, :3] * colours[:, 3:]
    linear = np.where(
        channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
    )
    return (linear @ [0.2126, 0.7152, 0.0722] + 0.05) / 0.05


def drawn_colours(figure):
    """Colours of all lines, dots, bars and frames outside of images."""
    for ax in figure.findobj(Axes):
        if ax.images:
            continue
        for own in [*ax.lines, *ax.collections, *ax.patches]:
            if isinstance(own, Line2D):
                yield own, own.get_color()
                continue
            faces = to_rgba_array(own.get_facecolor())
            filled = isinstance(own, Collection) or own.get_fill()
            # Words are tinted faintly, and framed.
            solid = filled and len(faces) and (faces[:, 3] >= 0.95).all()
            yield own, faces if solid else own.get_edgecolor()


@pytest.mark.parametrize("name", sorted(set(PICTURES) - {"summary", "overlay"}))
def test_nothing_is_dark_on_a_dark_background(name):
    with plt.style.context("dark_background"):
        figure = PICTURES[name]().figure_
        for own, colours in drawn_colours(figure):
            colours = to_rgba_array(colours)
            # Bands around curves are pale by intent.
            seen = colours[colours[:, 3] > 0.5]
            if len(seen):
                assert contrast_with_black(seen).min() > 2, own
        for ax in figure.findobj(Axes):
            for label in [*ax.get_xticklabels(), *ax.get_yticklabels(), *ax.texts]:
                assert contrast_with_black(label.get_color()).min() > 7


def test_dots_of_low_values_are_told_from_black_and_from_missing_ones():
    with plt.style.context("dark_background"):
        shades = PICTURES["summary"]().ax_.collections[0].cmap
    low = shades([0.0, 1.0])
    assert contrast_with_black(low).min() > 4
    assert np.abs(low[:, :3] - shades(np.nan)[:3]).max(axis=1).min() > 0.15


def narrow():
    _, ax = plt.subplots(figsize=(4, 4), dpi=100, layout="constrained")
    return ax


def written(display):
    display.figure_.canvas.draw()
    return [own.get_text() for own in shown_texts(display.figure_)]


@pytest.fixture(scope="module")
def contributions():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "passenger fare": rng.gamma(2, 20, 200).round(2),
            "age at boarding": rng.integers(1, 80, 200),
        }
    )
    y = pd.Series(X["passenger fare"] > 40, name="survived").map({True: "y", False: "n"})
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    explainer = LimeExplainer(forest, random_state=0, attribution="contribution")
    return explainer.fit(X).explain(X[:20])


def test_titles_of_contributions_name_the_baseline(contributions):
    title = AttributionDisplay.from_explanation(contributions).ax_.get_title("left")
    assert f"\nbaseline {contributions.baselines[0]:.3g}" in title
    assert "intercept" not in title
    effects = AttributionDisplay.from_explanation(contributions.effects())
    assert "\nintercept " in effects.ax_.get_title("left")


def test_conditions_and_titles_are_broken_rather_than_cut(contributions):
    display = AttributionDisplay.from_explanation(contributions, ax=narrow())
    assert_readable(display)
    assert not [own for own in written(display) if "..." in own]
    labels = [own.replace("\n", " ") for own in labels_of(display.ax_)]
    assert sorted(labels) == sorted(contributions.conditions[0])
    title = display.ax_.get_title("left").replace("\n", " ")
    assert f"weighted R2 {contributions.scores[0]:.2g})" in title


def test_many_conditions_are_written_small_rather_than_cut():
    names = [f"measure_{j:02} of the house" for j in range(10)]
    display = AttributionDisplay.from_explanation(table(draws(1, 10), names), ax=narrow())
    assert_readable(display)
    labels = [own.replace("\n", " ") for own in labels_of(display.ax_)]
    assert sorted(labels) == sorted(f"{name} > 0.5" for name in names)
    sizes = [own.get_fontsize() for own in display.ax_.get_yticklabels()]
    assert min(sizes) >= 6


@pytest.mark.parametrize("width", [4, 8])
def test_large_numbers_of_an_axis_do_not_run_together(width):
    _, ax = plt.subplots(figsize=(width, 4), layout="constrained")
    explanation = table([[-155_097.0, 13_679.0, -6_935.0]], target_names=["price"])
    display = AttributionDisplay.from_explanation(explanation, ax=ax)
    assert_readable(display)
    shown = [own.get_text() for own in ax.get_xticklabels()]
    assert "0" in shown
    assert len(shown) >= 2


def test_labels_of_panels_do_not_run_together():
    explanation = table(draws(20, 3, 4), target_names=["setosa", "versicolor", "virginica"])
    display = ImportanceDisplay.from_explanation(explanation, ax=narrow())
    assert_readable(display)
    assert [own.get_xlabel() for own in display.axes_] == ["", "mean |effect|", ""]
    wide = ImportanceDisplay.from_explanation(explanation)
    assert {own.get_xlabel() for own in wide.axes_} == {"mean |effect|"}


def test_narrow_pictures_of_many_rows_are_readable():
    explanation = table(1e5 * draws(30, 6), target_names=["price in $"] * 30)
    for display in (HeatmapDisplay, ImportanceDisplay):
        assert_readable(display.from_explanation(explanation, ax=narrow()))
    feature = explanation.feature_names[0]
    assert_readable(DependenceDisplay(explanation).plot(narrow(), feature=feature))


def test_narrow_sequences_are_readable_and_say_what_their_scale_is():
    months = [f"{2020 + i // 12}-{i % 12 + 1:02}" for i in range(24)]
    labels = np.arange(24)
    series = np.column_stack([np.sin(labels / 3), labels % 5])
    explanation = sequence(series, labels, draws(24))
    explanation.meta["steps"] = months
    explanation.meta["features"] = ["temperature", "rainfall"]
    display = SequenceDisplay.from_explanation(explanation, ax=narrow())
    assert_readable(display)
    assert months[-1] in written(display)
    [scale] = display.ax_.child_axes
    assert scale.get_ylabel() == "change of yes if the segment is shown"


def test_scales_of_images_say_what_they_are_and_are_as_on_white():
    explanation = picture(
        np.eye(6), np.arange(36).reshape(6, 6) // 9, [0.1, -0.2, 0.3, 0.0]
    )
    with plt.style.context("dark_background"):
        display = ImageDisplay.from_explanation(explanation)
    [bar] = [own for own in display.figure_.axes if own is not display.ax_]
    assert bar.get_ylabel() == "change of yes if the segment is shown"
    assert bar.get_facecolor() == (1, 1, 1, 1)


def test_bars_of_probabilities_stay_within_a_narrow_figure():
    explanation = text("good film", [0.3, -0.1], predictions=[0.99])
    explanation.meta["response_method"] = "predict_proba"
    explanation.meta["classes"] = ["no", "yes"]
    display = TextDisplay.from_explanation(explanation, ax=narrow())
    display.figure_.canvas.draw()
    for own in display.ax_.patches:
        assert display.figure_.bbox.padded(1).containsx(own.get_window_extent().x1)
