"""Attributions of one text as highlighted tokens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

import numpy as np

from sklime.explanation.class_probabilities import class_probabilities
from sklime.explanation.units import unit_of_characters
from sklime.plotting.base import Display, axes_for
from sklime.plotting.labels import (
    LITERAL,
    fitted,
    legible,
    reads_leftward,
    row_lines,
    text_width,
    title,
)
from sklime.plotting.style import POSITIVE, SUMMED, negative, strength

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Classes whose probabilities are shown, the most probable ones.
_N_CLASSES = 6

# Inches from one line to the next, and of a line in a figure of its own.
_LINE, _WIDTH = 0.25, 7.5


class TextDisplay(Display):
    """The explanation of one text, each token highlighted where it stands.

    The stronger the colour, the larger the attribution. Tokens that raise the explained
    output have a solid frame, those that lower it a dashed one, as the key below says. For
    probabilities those of all classes follow, as far as they are known: of all with
    ``target="all"``, and of two classes anyway.

    Parameters
    ----------
    explanation : Explanation
        Explained texts: `data` holds strings, `unit_spans` the offsets of the tokens.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Raises
    ------
    ValueError
        If these are no texts.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime import Explanation
    >>> from sklime.plotting import TextDisplay
    >>> explanation = Explanation(
    ...     [[0.3, -0.1]],
    ...     intercepts=[0.5],
    ...     predictions=[0.8],
    ...     local_predictions=[0.7],
    ...     scores=[0.9],
    ...     effective_sample_sizes=[512],
    ...     support=[[256, 256]],
    ...     data=["good film"],
    ...     feature_names=["good", "film"],
    ...     target_names=["yes"],
    ...     conditions=[["good", "film"]],
    ...     meta={"kind": "text"},
    ...     unit_names=[["good", "film"]],
    ...     unit_spans=[np.array([[0, 4], [5, 9]])],
    ... )
    >>> display = TextDisplay.from_explanation(explanation)
    >>> [own.get_text() for own in display.ax_.texts]
    ['good', 'film', 'raises', 'lowers']
    """

    _kind = "text"

    def plot(
        self,
        ax: Axes | None = None,
        *,
        row: int = 0,
        target: object = None,
        max_lines: int = 60,
    ) -> Self:
        """Draw one text.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; the text is broken to its width. None: in a figure of its own.
        row : int, default=0
            Position of the text; negative ones count from the end.
        target : object, default=None
            The output to show. None: the only one, or a row's predicted class.
        max_lines : int, default=60
            How many lines are drawn; a note says how many more there are.

        Returns
        -------
        self
            With `ax_` and `figure_`.

        Raises
        ------
        IndexError
            If there is no such row.
        ValueError
            If several numbers or labels are explained and `target` is not given.
        """
        own = self._row(row, target)
        text = str(next(iter(own.data)))
        width = _WIDTH if ax is None else ax.get_window_extent().width / ax.figure.dpi
        written, line, left, right = _broken(text, 72 * width)
        if reads_leftward(text):
            left = right.max(initial=0.0) - right
        n_lines = line.max(initial=0) + 1
        n_drawn = min(n_lines, max_lines)

        classes = class_probabilities(self.explanation, row)
        classes = sorted(classes, key=lambda own: -own[1])[:_N_CLASSES]
        ax = axes_for(ax, _WIDTH + 0.3, 0.8 + _LINE * (n_drawn + 2 + len(classes)))
        ax.set_axis_off()
        unit = unit_of_characters(text, own.unit_spans[0])
        shares = np.append(own.values[0] / strength(own.values[0]), 0.0)
        for run in _runs(text, line, unit):
            first = run[0]
            if line[first] < n_drawn:
                word = "".join(written[i] for i in run)
                _write(ax, word, left[run].min(), line[first], shares[unit[first]])
        if n_lines > n_drawn:
            _write(ax, f"... and {n_lines - n_drawn:,} lines more", 0, n_drawn)
        _write(ax, "raises", 2, n_drawn + 1, share=1)
        _write(ax, "lowers", 60, n_drawn + 1, share=-1)
        for i, (name, probability) in enumerate(classes):
            _write_probability(ax, name, probability, n_drawn + 2 + i)
        title(ax, *row_lines(own, self._row_name(row)), share=0.9)
        n_units = len(own.unit_names[0])
        drawn = {"token": own.unit_names[0], "attribution": own.values[0, :n_units]}
        return self._finish(ax, drawn)


def _write_probability(ax, name, probability, line):
    """Write a class and its probability, with a grey bar as long as that."""
    from matplotlib.patches import Rectangle

    _write(ax, fitted(name, 1.6), 2, line)
    _write(ax, f"{probability:.2f}", 125, line)
    bar = {"transform": _points(ax), "clip_on": False, "facecolor": SUMMED}
    corner = 155, -72 * _LINE * (line + 0.5) - 4
    room = 72 * ax.get_window_extent().width / ax.figure.dpi - corner[0]
    longest = max(10.0, min(150.0, room))
    ax.add_patch(Rectangle(corner, longest * probability, 8, **bar))


def _broken(text, room):
    """Line breaks of a text: the character drawn, its line, and its edges in points."""
    written = [" " if c.isspace() else legible(c) for c in text]
    widths = np.array([text_width(c) for c in written])
    line, left = np.zeros(len(text), dtype=int), np.zeros(len(text))
    y, x = 0, 0.0
    for part in re.finditer(r"\n|[^\S\n]+|\S+", text):
        places = range(*part.span())
        word = not part[0].isspace()
        if word and 0 < x and x + widths[places].sum() > room:
            y, x = y + 1, 0.0
        for i in places:
            # Words longer than a line are broken where it ends.
            if word and 0 < x and x + widths[i] > room:
                y, x = y + 1, 0.0
            line[i], left[i] = y, x
            x += widths[i]
        if part[0] == "\n":
            y, x = y + 1, 0.0
    return written, line, left, left + widths


def _runs(text, line, unit):
    """Positions of characters that are drawn together as one string."""
    spaces = np.array([c.isspace() for c in text], dtype=bool)
    marks = np.stack([line, unit, spaces])
    breaks = np.flatnonzero((np.diff(marks) != 0).any(axis=0)) + 1
    runs = np.split(np.arange(len(text)), breaks)
    return [run for run in runs if len(run) and not (spaces[run[0]] and unit[run[0]] < 0)]


def _write(ax, word, left, line, share=0.0):
    """Write a word at an offset in points and lines from the upper left corner.

    `share` is its attribution, divided by the largest.
    """
    from matplotlib.patches import Rectangle

    points = _points(ax)
    middle = -72 * _LINE * (line + 0.5)
    ax.text(left, middle, word, va="center_baseline", transform=points, **LITERAL)
    if share:
        color = POSITIVE if share > 0 else negative(ax)
        highlight = Rectangle(
            (left - 1, middle - 7),
            text_width(word) + 2,
            14,
            transform=points,
            clip_on=False,
            zorder=1,
            facecolor=(color, 0.6 * abs(share)),
            edgecolor=color,
            linestyle="-" if share > 0 else "--",
            linewidth=0.8,
        )
        ax.add_patch(highlight)


def _points(ax):
    """Transform of points from the upper left corner of the axes."""
    from matplotlib.transforms import Affine2D, ScaledTranslation

    corner = ScaledTranslation(0, 1, ax.transAxes)
    return Affine2D().scale(1 / 72) + ax.figure.dpi_scale_trans + corner
