"""Displays side by side in a caller's figure: no title reaches into the next panel."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest

from sklime.plotting import AttributionDisplay, ImageDisplay, SequenceDisplay, TextDisplay
from tests.plotting.explained import draws, picture, sequence, table, text
from tests.plotting.test_layout import shown_texts

SHOWN = {
    "table": (AttributionDisplay, lambda: table(draws(1, 5))),
    "image": (
        ImageDisplay,
        lambda: picture(np.zeros((8, 8)), np.arange(64).reshape(8, 8) // 16, draws(4)),
    ),
    "sequence": (
        SequenceDisplay,
        lambda: sequence(np.arange(12.0)[:, np.newaxis], np.arange(12), draws(12)),
    ),
    "text": (TextDisplay, lambda: text("one two three", draws(3))),
}


@pytest.mark.parametrize("layout", ["constrained", None])
@pytest.mark.parametrize("kind", SHOWN)
def test_titles_of_panels_do_not_overlap(kind, layout):
    display, explanation = SHOWN[kind]
    figure, axes = plt.subplots(1, 3, figsize=(9, 4), layout=layout)
    for ax in axes:
        display.from_explanation(explanation(), ax=ax)
    figure.canvas.draw()
    titles = [ax._left_title.get_window_extent() for ax in axes]
    for one, other in pairwise(titles):
        assert one.width > 0
        assert one.x1 <= other.x0
    assert titles[-1].x1 <= figure.bbox.x1


def test_a_panel_over_several_columns_has_their_room():
    figure = plt.figure(figsize=(9, 4), layout="constrained")
    grid = figure.add_gridspec(2, 3)
    wide = AttributionDisplay.from_explanation(
        table(draws(1, 5)), ax=figure.add_subplot(grid[0, :])
    )
    alone = AttributionDisplay.from_explanation(table(draws(1, 5)), ax=plt.subplots()[1])
    assert wide.ax_.get_title(loc="left") == alone.ax_.get_title(loc="left")
    assert shown_texts(wide.figure_)
