"""Attributions of one sequence's steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from sklime.explanation.attribution import attribution_label
from sklime.plotting.base import Display, axes_for
from sklime.plotting.labels import (
    LITERAL,
    label_y,
    legible,
    row_lines,
    text_width,
    title,
    wrapped,
)
from sklime.plotting.style import HATCH, POSITIVE, grey, negative, strength
from sklime.plotting.top_features import strongest
from sklime.tables.schema import default_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

# Room that the scale of attributions needs, in points, and that figures leave beside axes
# for what stands there, in widths of the figure.
_SCALE, _MARGINS = 60, 0.22


class SequenceDisplay(Display):
    """The explanation of one sequence: a lane for each of its features, over time.

    The line is the feature, scaled to its lane. The areas are attributions: upward and
    orange where a step raises the explained output, downward, blue and hatched where it
    lowers it, all on the scale at the right. The lanes with the largest mean absolute
    attribution come first.

    Parameters
    ----------
    explanation : Explanation
        Explained sequences: `data` holds arrays of shape (T,) or (T, F), `unit_spans`
        the unit of each step, or of each step and feature.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Raises
    ------
    ValueError
        If these are no sequences.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime import Explanation
    >>> from sklime.plotting import SequenceDisplay
    >>> explanation = Explanation(
    ...     [[0.3, -0.1]],
    ...     intercepts=[0.5],
    ...     predictions=[0.8],
    ...     local_predictions=[0.7],
    ...     scores=[0.9],
    ...     effective_sample_sizes=[512],
    ...     support=[[256, 256]],
    ...     data=np.array([[1.0, 2.0, 5.0]]),
    ...     feature_names=["begin", "end"],
    ...     target_names=["yes"],
    ...     conditions=[["begin", "end"]],
    ...     meta={"kind": "sequence"},
    ...     unit_names=[["begin", "end"]],
    ...     unit_spans=[np.array([0, 0, 1])],
    ... )
    >>> display = SequenceDisplay.from_explanation(explanation, names=["temperature"])
    >>> display.ax_.get_yticklabels()[0].get_text()
    'temperature'
    """

    _kind = "sequence"

    def plot(
        self,
        ax: Axes | None = None,
        *,
        row: int = 0,
        target: object = None,
        max_features: int = 10,
        names: Sequence[str] | None = None,
    ) -> Self:
        """Draw one sequence.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.
        row : int, default=0
            Position of the sequence; negative ones count from the end.
        target : object, default=None
            The output to show. None: the only one, or a row's predicted class.
        max_features : int, default=10
            How many features have a lane, the strongest ones.
        names : sequence of F str, default=None
            Names of the lanes. None: those of the explanation, ``x0``, ``x1``, ... if it
            has none.

        Returns
        -------
        self
            With `ax_` and `figure_`.

        Raises
        ------
        IndexError
            If there is no such row.
        ValueError
            If several numbers or labels are explained and `target` is not given, or `names`
            has not one name per feature.
        """
        own = self._row(row, target)
        series = np.asarray(own.data[0], dtype=float)
        series = series.reshape(len(series), -1)
        # Cells of no unit have the label -1, the place of the zero.
        attributions = np.append(own.values[0], 0.0)[np.asarray(own.unit_spans[0])]
        attributions = np.broadcast_to(attributions.reshape(len(series), -1), series.shape)
        if names is None:
            names = own.meta.get("features", default_names(series.shape[1]))
        elif len(names) != series.shape[1]:
            raise ValueError(
                f"names has {len(names)} names, expected one for each of "
                f"{series.shape[1]} features"
            )
        lanes, _, _ = strongest(attributions, max_features)

        ax = axes_for(ax, 8, 1.7 + 0.8 * len(lanes))
        largest = strength(attributions)
        heights = 0.45 * attributions / largest
        for y, j in enumerate(lanes):
            _lane(ax, y, series[:, j], heights[:, j])
        ax.set_xlim(-0.5, len(series) - 0.5)
        told = "step; areas up raise the output, areas down lower it"
        ax.set_xlabel("\n".join(wrapped(told, 0.6 * ax.figure.get_figwidth())))
        title(ax, *row_lines(own, self._row_name(row)))
        label_y(ax, [names[j] for j in lanes])
        if attributions.any():
            _scale(ax, len(lanes), largest, attribution_label(own))
        _label_steps(ax, own.meta.get("steps"))
        drawn = {
            "feature": np.repeat(np.array(names, dtype=object)[lanes], len(series)),
            "step": np.tile(np.arange(len(series)), len(lanes)),
            "value": series[:, lanes].T.ravel(),
            "attribution": attributions[:, lanes].T.ravel(),
        }
        return self._finish(ax, drawn)


def _scale(ax, n_lanes, largest, name):
    """Label the largest height of areas, up and down, at the right of each lane."""
    scale = ax.secondary_yaxis("right")
    places = np.arange(n_lanes)[:, np.newaxis] + [-0.45, 0.0, 0.45]
    labels = [f"{sign}{largest:.2g}" for sign in "+\u2212"]
    labels = [labels[0], "0", labels[1]] * n_lanes
    scale.set_yticks(places.ravel(), labels, fontsize="x-small", **LITERAL)
    # Labels of neighbouring lanes make way for each other.
    for label, side in zip(
        scale.get_yticklabels(), ["top", "center", "bottom"] * n_lanes, strict=True
    ):
        label.set_verticalalignment(side)
    lines = wrapped(name, 0.7 * ax.figure.get_figheight())
    scale.set_ylabel("\n".join(lines), fontsize="small", **LITERAL)


def _label_steps(ax, names):
    """Write the names of steps below the axes, as many as there is room for."""
    if names is None:
        return
    widest = max(text_width(legible(name)) for name in names)
    # The names of lanes and the scale take some of what the axes have by now.
    beside = max(text_width(own.get_text()) for own in ax.get_yticklabels()) + _SCALE
    taken = max(0.0, beside - _MARGINS * 72 * ax.figure.get_figwidth())
    room = max(1.0, 72 * ax.get_window_extent().width / ax.figure.dpi - taken)
    every = max(1, int(np.ceil(len(names) * (widest + 10) / room)))
    places = np.arange(len(names))[(len(names) - 1) % every :: every]
    labels = [legible(names[i]) for i in places]
    ax.set_xticks(places, labels, **LITERAL)


def _lane(ax, y, series, heights):
    """Draw a feature's line and its attributions around the middle of its lane."""
    ax.axhline(y, color=grey(ax, 0.7), linewidth=0.8)
    edges = np.arange(len(series) + 1) - 0.5
    hatched = {"hatch": HATCH, "edgecolor": grey(ax, 1.0), "linewidth": 0}
    # The y axis points down.
    up, down = y - np.maximum(heights, 0), y - np.minimum(heights, 0)
    ax.stairs(up, edges, baseline=y, fill=True, facecolor=POSITIVE)
    ax.stairs(down, edges, baseline=y, fill=True, facecolor=negative(ax), **hatched)
    known = series[np.isfinite(series)]
    if not len(known):
        return
    middle, span = (known.max() + known.min()) / 2, np.ptp(known)
    line = y - 0.8 * (series - middle) / (span or 1.0)
    ax.plot(line, color=grey(ax, 0.0), linewidth=1)
