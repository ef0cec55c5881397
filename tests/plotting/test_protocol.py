import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from skimage.color import rgb2lab
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from sklime import LimeExplainer, plotting
from sklime.plotting import (
    AnchorDisplay,
    AttributionDisplay,
    DependenceDisplay,
    HeatmapDisplay,
    ImageDisplay,
    ImportanceDisplay,
    InteractionDisplay,
    KernelWidthDisplay,
    SequenceDisplay,
    SummaryDisplay,
    TextDisplay,
)
from sklime.plotting.style import NEGATIVE, POSITIVE, signed_map
from tests.plotting.explained import draws, picture, sequence, table, text

TABLE = table(draws(12, 4))
PAIRED = table(
    draws(12, 4),
    interactions=draws(12, 2),
    interaction_pairs=[("feature 0", "feature 1"), ("feature 3", "feature 1")],
)
SHOWN = {
    AttributionDisplay: (TABLE, {}),
    SummaryDisplay: (TABLE, {}),
    HeatmapDisplay: (TABLE, {}),
    ImportanceDisplay: (TABLE, {}),
    DependenceDisplay: (TABLE, {"feature": "feature 1"}),
    InteractionDisplay: (PAIRED, {}),
    TextDisplay: (text("not good", [-0.5, 0.2]), {}),
    ImageDisplay: (picture(np.eye(4), np.eye(4, dtype=int), [0.1, -0.3]), {}),
    SequenceDisplay: (sequence(np.arange(6.0), np.arange(6) // 3, [0.1, -0.3]), {}),
}
MANY_ROWS = [SummaryDisplay, HeatmapDisplay, ImportanceDisplay]


def is_drawn(ax):
    return bool(ax.collections or ax.patches or ax.images)


@pytest.mark.parametrize("display", SHOWN)
def test_draws_on_the_axes_it_is_given(display):
    figure, (left, right) = plt.subplots(1, 2, figsize=(14, 5))
    explanation, options = SHOWN[display]
    shown = display.from_explanation(explanation, ax=right, **options)
    assert isinstance(shown, display)
    assert shown.ax_ is right and shown.figure_ is figure
    assert is_drawn(right) and not is_drawn(left)
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("display", SHOWN)
def test_makes_a_figure_of_its_own_each_time_it_plots(display):
    explanation, options = SHOWN[display]
    shown = display(explanation)
    first = shown.plot(**options).figure_
    assert shown.plot(**options) is shown
    assert shown.figure_ is not first
    assert is_drawn(first.axes[0]) and is_drawn(shown.ax_)


def test_several_panels_share_the_axes_they_are_given():
    figure, (_, right) = plt.subplots(1, 2, figsize=(14, 5))
    shown = ImportanceDisplay.from_explanation(
        table(draws(9, 3, 4), target_names=[0, 1, 2]), ax=right
    )
    assert shown.ax_ is right and len(shown.axes_) == 3
    figure.canvas.draw()
    place = right.get_position()
    assert all(place.x0 - 1e-9 <= own.get_position().x0 for own in shown.axes_)
    loose = figure.add_axes((0, 0, 1, 1))
    with pytest.raises(ValueError, match=r"ax stands in no grid.*3 panels.*plt\.subplots"):
        ImportanceDisplay.from_explanation(
            table(draws(9, 3, 4), target_names=[0, 1, 2]), ax=loose
        )


def test_from_estimator_shows_what_the_explainer_explains():
    X, y = load_iris(return_X_y=True, as_frame=True)
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    explainer = LimeExplainer(forest, random_state=0).fit(X)
    shown = AttributionDisplay.from_estimator(explainer, X[:3], target=2, row=1)
    explained = explainer.explain(X[:3], target=2)
    expected = [value for _, value in explained.as_list(1)]
    assert [bar.get_width() for bar in shown.ax_.patches] == expected
    labels = [label.get_text() for label in shown.ax_.get_yticklabels()]
    assert labels == [condition for condition, _ in explained.as_list(1)]
    assert "explained: 2" in shown.ax_.get_title("left")
    assert len(ImportanceDisplay.from_estimator(explainer, X, target="all").axes_) == 3
    # Whiskers come with standard errors.
    assert not shown.ax_.collections
    drawn = explainer.set_params(method="sampling").fit(X)
    assert AttributionDisplay.from_estimator(drawn, X[:1], uncertainty=True).ax_.collections


def test_all_displays_are_public():
    others = {KernelWidthDisplay, AnchorDisplay}
    assert {*SHOWN, *others} == {getattr(plotting, n) for n in plotting.__all__}


def test_importing_the_displays_does_not_import_matplotlib():
    code = "import sys, sklime, sklime.plotting; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_the_error_names_the_extra():
    code = """
import sys
sys.modules["matplotlib"] = None
from sklime.plotting import KernelWidthDisplay, SummaryDisplay
for call in (
    lambda: SummaryDisplay.from_explanation(None),
    lambda: SummaryDisplay.from_estimator(None, None),
    lambda: KernelWidthDisplay.from_estimator(None, None, widths=[1.0]),
):
    try:
        call()
    except ImportError as error:
        print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    # The first way is the README's.
    summary = (
        'SummaryDisplay needs matplotlib: pip install ".[plot]" in the folder of sklime, '
        "as its README does, or pip install sklime[plot] where an index has it"
    )
    width = summary.replace("Summary", "KernelWidth")
    assert run.stdout.splitlines() == [summary, summary, width]


@pytest.mark.parametrize("display", [*MANY_ROWS, AttributionDisplay])
def test_no_rows_are_an_error(display):
    with pytest.raises(ValueError, match="explanation has 0 rows"):
        display.from_explanation(TABLE[:0])


@pytest.mark.parametrize("display", [*MANY_ROWS, AttributionDisplay])
@pytest.mark.parametrize("values", [[[0.3]], np.zeros((3, 4))], ids=["one", "zeros"])
def test_one_feature_and_zeros_throughout_are_shown(display, values):
    shown = display.from_explanation(table(values))
    shown.figure_.canvas.draw()
    assert len(shown.ax_.get_yticklabels()) == len(values[0])


@pytest.mark.parametrize("display", [*MANY_ROWS, AttributionDisplay])
def test_max_features_below_one_is_an_error(display):
    with pytest.raises(ValueError, match="max_features=0 must be at least 1"):
        display.from_explanation(TABLE, max_features=0)


@pytest.mark.parametrize("display", [AttributionDisplay, SummaryDisplay, HeatmapDisplay])
def test_among_several_outputs_one_must_be_named(display):
    explanation = table(draws(5, 2, 3), target_names=["a", "b"])
    with pytest.raises(ValueError, match=r"target=None.*\['a', 'b'\]"):
        display.from_explanation(explanation)
    with pytest.raises(KeyError, match=r"target='c' is not explained.*\['a', 'b'\]"):
        display.from_explanation(explanation, target="c")
    shown = display.from_explanation(explanation, target="b")
    assert shown.figure_.axes


@pytest.mark.parametrize("row", [12, -13])
def test_a_row_that_is_not_there_is_an_error(row):
    with pytest.raises(IndexError, match=f"row={row} is out of range for 12 rows"):
        AttributionDisplay.from_explanation(TABLE, row=row)


@pytest.mark.parametrize("display", [TextDisplay, ImageDisplay, SequenceDisplay])
def test_a_table_is_neither_text_nor_image_nor_sequence(display):
    with pytest.raises(ValueError, match=r"shows explanations of kind .*not 'table'"):
        display.from_explanation(TABLE)


def lightness(colors):
    from matplotlib.colors import to_rgb

    return rgb2lab([[to_rgb(color) for color in colors]])[0, :, 0]


def test_signs_differ_in_lightness():
    light, dark = lightness([POSITIVE, NEGATIVE])
    # Steps of the Munsell value scale are 10 apart: three of them are told apart in print.
    assert light - dark > 30
    along_the_map = lightness(signed_map()(np.linspace(0, 1, 50)))
    assert (np.diff(along_the_map) > 0).all()
