"""Attributions of one row as signed bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from sklime.explanation.view.doubts import doubts
from sklime.page.numbers import aligned
from sklime.plotting.base import Display, axes_for
from sklime.plotting.labels import (
    label_attributions,
    label_y,
    row_lines,
    text_width,
    title,
)
from sklime.plotting.style import SUMMED, bars, grey, thousands
from sklime.plotting.top_features import strongest, with_others

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class AttributionDisplay(Display):
    """The explanation of one row: its conditions as signed bars, the strongest on top.

    Bars to the right raise the explained output, hatched bars to the left lower it. The
    title names the row by its label in the index, or its position, and gives the
    prediction, the surrogate's own answer, its weighted R2, and the level that attributions
    are added to: the intercept of effects, the baseline of contributions. Where the
    explanation has standard errors, bars carry confidence intervals. Conditions marked
    ``†`` rest on few draws; those without a bar, "no answer", are such that draws say
    nothing about. The axis says what the bars are: give ``explanation.contributions()`` to
    draw contributions.

    Parameters
    ----------
    explanation : Explanation
        Explained rows of any kind.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklime import LimeExplainer
    >>> from sklime.plotting import AttributionDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> explainer = LimeExplainer(forest, random_state=0).fit(X)
    >>> display = AttributionDisplay.from_estimator(explainer, X[:1])
    >>> display.ax_.get_xlabel()
    'change of P(0) if the condition holds'
    """

    def plot(
        self,
        ax: Axes | None = None,
        *,
        row: int = 0,
        target: object = None,
        max_features: int = 10,
        level: float = 0.95,
    ) -> Self:
        """Draw the bars of one row.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.
        row : int, default=0
            Position of the row; negative ones count from the end.
        target : object, default=None
            The output to show. None: the only one, or a row's predicted class.
        max_features : int, default=10
            How many features have a bar of their own; all others are summed in one.
        level : float, default=0.95
            Level of the confidence intervals.

        Returns
        -------
        self
            With `ax_` and `figure_`.

        Raises
        ------
        IndexError
            If there is no such row.
        ValueError
            If several numbers or labels are explained and `target` is not given, or the row
            has no features.
        """
        own = self._row(row, target)
        conditions = own.conditions[0]
        values = own.values[:, : len(conditions)]
        shown, n_others, others = strongest(values, max_features)
        doubt = {name: mask[0, 0] for name, mask in doubts(own).items()}
        doubtful = doubt["thin"][shown]
        labels = with_others(conditions, shown, n_others)
        marks = [f"† {label}" for label in labels]
        marks = [*np.where(doubtful, marks[: len(shown)], labels[: len(shown)])]
        marks += labels[len(shown) :]
        lengths = np.append(values[0, shown], others[: n_others > 0])
        # Lines without a bar: what draws say nothing about.
        silent = [
            str(conditions[j])
            for j in np.flatnonzero(doubt["unanswered"])[:max_features]
            if j not in shown
        ]
        blank = [np.nan] * len(silent)

        ax = axes_for(ax, 8, 1.3 + 0.32 * (len(lengths) + len(silent)))
        drawn = bars(ax, range(len(lengths)), lengths, height=0.7)
        if n_others:
            drawn[-1].set_facecolor(SUMMED)
        if own.standard_errors is not None:
            bounds = np.array(own.confidence_intervals(level))[:, 0, shown]
            reach = np.abs(bounds - values[0, shown])
            at = np.arange(len(shown))
            whiskers = {"fmt": "none", "ecolor": grey(ax, 0.0), "capsize": 3}
            ax.errorbar(values[0, shown], at, xerr=reach, **whiskers)
        written = aligned([*lengths, *blank])
        # Right-aligned, so that decimals stand below each other.
        right = 8 + max(map(text_width, written))
        for y, number in enumerate(written):
            ax.annotate(
                number,
                (1, y),
                (right, 0),
                xycoords=ax.get_yaxis_transform(),
                textcoords="offset points",
                va="center",
                ha="right",
            )
        thousands(ax.xaxis)
        label_attributions(ax, own, "{}" + ", † from few draws" * bool(doubtful.any()))
        title(ax, *row_lines(own, self._row_name(row)))
        label_y(ax, marks + silent)
        drawn = {"condition": labels + silent, "attribution": np.append(lengths, blank)}
        beyond = len(drawn["condition"]) - len(shown)
        if own.standard_errors is not None:
            ends = (np.append(bound, [np.nan] * beyond) for bound in bounds)
            drawn["lower"], drawn["upper"] = ends
        drawn["few_draws"] = np.append(doubtful, np.zeros(beyond, dtype=bool))
        return self._finish(ax, drawn)
