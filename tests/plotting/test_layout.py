"""Names of any length and script, many features and classes: nothing cut or overlapping."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from sklime.plotting import (
    AttributionDisplay,
    DependenceDisplay,
    HeatmapDisplay,
    ImageDisplay,
    ImportanceDisplay,
    KernelWidthDisplay,
    SequenceDisplay,
    SummaryDisplay,
    TextDisplay,
)
from tests.plotting.explained import draws, picture, sequence, table, text

# The fox and the character are not in matplotlib's font, whose warning would be an error.
WILD = [
    "W" * 500,
    "two\nlines\tand tab",
    "\"quoted\" 'twice'",
    "$x$",
    "a_$b and \\frac{1}{2} and b_$",
    "</text><b>bold</b>",
    "\U0001f98a \u7d50 \u202ebidi",
    "",
]
CLASSES = [f"class {'x' * 3 * j}" for j in range(18)] + ["W" * 500, "$y$"]


def shown_ticks(axis):
    low, high = sorted(axis.get_view_interval())
    for position, tick in zip(axis.get_ticklocs(), axis.get_major_ticks(), strict=True):
        if low - 1e-9 <= position <= high + 1e-9:
            yield tick.label1


def shown_texts(figure):
    """All texts that are drawn, but for ticks outside of the axes."""
    for ax in figure.findobj(Axes):
        texts = [ax.title, ax._left_title, *ax.texts]
        legend = ax.get_legend()
        texts += [] if legend is None else legend.get_texts()
        if ax.axison:
            for axis in (ax.xaxis, ax.yaxis):
                texts += [axis.label, *shown_ticks(axis)]
        yield from (own for own in texts if own.get_visible() and own.get_text().strip())


def assert_readable(display):
    figure = display.figure_
    figure.canvas.draw()
    boxes = [(own.get_text(), own.get_window_extent()) for own in shown_texts(figure)]
    page = figure.bbox.padded(1)
    for name, box in boxes:
        assert page.containsx(box.x0) and page.containsx(box.x1), name
        assert page.containsy(box.y0) and page.containsy(box.y1), name
    for (name, box), (other, next_box) in combinations(boxes, 2):
        # Boxes hold a line's full height and touch where lines follow each other.
        inner = Bbox.from_extents(box.x0 + 1, box.y0 + 2, box.x1 - 1, box.y1 - 2)
        assert not inner.overlaps(next_box), (name, other)


def labels_of(ax):
    return [own.get_text() for own in ax.get_yticklabels()]


@pytest.mark.parametrize("display", [SummaryDisplay, HeatmapDisplay, ImportanceDisplay])
@pytest.mark.parametrize("names", [WILD, None], ids=["wild", "many"])
def test_many_rows_are_readable(display, names):
    values = draws(25, 100 if names is None else len(names))
    shown = display.from_explanation(table(values, names, target_names=["W" * 500] * 25))
    assert_readable(shown)


@pytest.mark.parametrize("names", [WILD, None], ids=["wild", "many"])
@pytest.mark.parametrize("n", [1, 10, 100])
def test_one_row_is_readable(names, n):
    values = draws(1, 100 if names is None else len(names))
    errors = np.full(values.shape, 0.3)
    explanation = table(values, names, standard_errors=errors, target_names=["W" * 500])
    assert_readable(AttributionDisplay.from_explanation(explanation, max_features=n))


def test_twenty_classes_have_a_panel_each():
    explanation = table(draws(10, 20, 30), target_names=CLASSES)
    display = ImportanceDisplay.from_explanation(explanation)
    assert len(display.axes_) == 20
    assert_readable(display)


def test_seven_groups_of_wildly_named_features_are_readable():
    groups = np.arange(28) % 7
    explanation = table(draws(28, len(WILD)), WILD)
    display = ImportanceDisplay.from_explanation(explanation, groups=groups)
    assert_readable(display)
    # All rows of panels write the names, and none reads markup in them.
    assert "$x$" in labels_of(display.axes_[0])
    assert "$x$" in labels_of(display.axes_[5])
    assert not any(own.get_parse_math() for own in display.axes_[5].get_yticklabels())


def test_many_categories_are_readable():
    names = [name or "empty" for name in WILD] + [f"category {j}" for j in range(32)]
    data = pd.DataFrame({"$a$": np.resize(names, 120)})
    explanation = table(draws(120, 1), ["$a$"], data=data)
    display = DependenceDisplay.from_explanation(explanation, feature="$a$")
    assert_readable(display)
    assert len(labels_of(display.ax_)) == 20
    assert "21 other categories" in labels_of(display.ax_)


def test_a_feature_with_a_long_name_against_its_values_is_readable():
    explanation = table(draws(30, 1), ["$" + "W" * 500 + "$"])
    name = explanation.feature_names[0]
    assert_readable(DependenceDisplay.from_explanation(explanation, feature=name))


def test_images_and_sequences_with_wild_targets_are_readable():
    image = picture(np.eye(6), np.arange(36).reshape(6, 6) // 9, [0.1, -0.2, 0.3, 0.0])
    image.target_names[:] = "W" * 500
    assert_readable(ImageDisplay.from_explanation(image))
    series = sequence(np.eye(9), np.arange(81).reshape(9, 9), draws(81))
    series.target_names[:] = "$y$"
    assert_readable(SequenceDisplay.from_explanation(series, names=[*WILD, "$z$"]))


def test_thirty_widths_are_readable():
    widths, ones = np.geomspace(1e-4, 1234, 30), np.ones((30, 2))
    assert_readable(KernelWidthDisplay(widths, ones, ones[:, 0]).plot())


@pytest.mark.parametrize(
    "string",
    [
        "word " * 300,
        "x" * 700,
        "a\n\n\tb \U0001f98a\u7d50 $x$ <b>c</b>\r\n \u202ed",
        "$x$",
    ],
    ids=["long", "unbroken", "wild", "markup"],
)
def test_texts_are_readable(string):
    spans = np.array([[0, 1]])
    display = TextDisplay.from_explanation(text(string, [0.5], spans))
    assert_readable(display)


def test_names_are_written_as_they_are():
    explanation = table([np.arange(len(WILD), 0, -1.0)], WILD, conditions=[WILD])
    display = AttributionDisplay.from_explanation(explanation)
    written = labels_of(display.ax_)
    assert written[1:6] == ["two\\nlines\\tand tab", *WILD[2:6]]
    assert written[6] == "\\U0001f98a \\u7d50 \\u202ebidi"
    # Both ends of a long name stay.
    assert written[0].startswith("WWW") and written[0].endswith("WWW")
    assert "..." in written[0]
    for label in display.ax_.get_yticklabels():
        assert not label.get_parse_math() and not label.get_usetex()


def test_both_bounds_of_a_long_condition_are_shown():
    condition = f"0.125 < {'long ' * 60} <= 0.875"
    explanation = table([[1.0]], conditions=[[condition]])
    [label] = labels_of(AttributionDisplay.from_explanation(explanation).ax_)
    assert label.startswith("0.125 < ") and label.endswith(" <= 0.875")
