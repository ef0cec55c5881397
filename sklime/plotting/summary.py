"""Attributions of many rows as a beeswarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from sklime.explanation.attribution import Attribution, viewed
from sklime.explanation.labels import row_labels
from sklime.explanation.units import check_common_units, values_by_name
from sklime.explanation.view.beeswarm import beeswarm_offsets
from sklime.explanation.view.ranks import value_ranks
from sklime.plotting.base import Display, axes_for
from sklime.plotting.labels import label_attributions, label_y, rows_line, title
from sklime.plotting.style import grey, rank_map, strength, thousands
from sklime.plotting.top_features import strongest, with_others

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class SummaryDisplay(Display):
    """Many rows at once: a lane of dots for each feature, a dot for each row.

    A dot stands at its row's contribution to the answer; near dots lie side by side. Its
    colour is the rank of the row's value among the explained rows, dark for low and light
    for high; values that are missing or no numbers are grey. The features with the largest
    mean absolute contribution come first.

    Parameters
    ----------
    explanation : Explanation
        Explained rows of any kind. In ragged ones, units of one name are summed.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from sklime import LimeExplainer
    >>> from sklime.plotting import SummaryDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> forest = RandomForestRegressor(random_state=0).fit(X, y)
    >>> explainer = LimeExplainer(forest, random_state=0).fit(X)
    >>> display = SummaryDisplay.from_estimator(explainer, X, max_features=3)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['s5', 'bmi', 'bp', '7 others, summed']
    """

    def plot(
        self,
        ax: Axes | None = None,
        *,
        target: object = None,
        max_features: int = 15,
        attribution: Attribution | None = None,
    ) -> Self:
        """Draw the beeswarm.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.
        target : object, default=None
            The output to show; required where all outputs are explained.
        max_features : int, default=15
            How many features have a lane of their own; all others are summed in one.
        attribution : {"contribution", "effect"} or None, default=None
            What is drawn. None: contributions, which add up to the local predictions, so
            that conditions which hold for nearly everyone do not top the list; effects
            where the explanation does not know contributions. The axis says which.

        Returns
        -------
        self
            With `ax_` and `figure_`.

        Raises
        ------
        ValueError
            If all outputs are explained and `target` is not given, or `attribution` is
            not known.
        """
        explanation = viewed(self._of_target(target), attribution)
        check_common_units(explanation)
        names, values = values_by_name(explanation, absent=0.0)
        values = values[:, 0]
        shown, n_others, others = strongest(values, max_features)
        labels = with_others(names, shown, n_others)
        lanes = np.column_stack([values[:, shown], others])[:, : len(labels)].T
        ranks = np.full(lanes.shape, np.nan)
        if explanation.unit_names is None:
            ranks[: len(shown)] = [value_ranks(explanation.data, j) for j in shown.tolist()]

        ax = axes_for(ax, 8, 1.4 + 0.4 * len(lanes))
        ax.axvline(0, color=grey(ax, 0.3), linewidth=0.8)
        scale = 2 * strength(lanes)
        heights = [i + beeswarm_offsets(lane, scale) for i, lane in enumerate(lanes)]
        dots = ax.scatter(
            lanes.ravel(),
            np.ravel(heights),
            c=ranks.ravel(),
            s=14,
            cmap=rank_map(ax),
            vmin=0,
            vmax=1,
            plotnonfinite=True,
        )
        if not np.isnan(ranks).all():
            bar = ax.figure.colorbar(dots, ax=ax, ticks=[0, 1], aspect=40, pad=0.02)
            bar.ax.set_yticklabels(["low", "high"])
            bar.set_label("feature value", labelpad=-20)
        thousands(ax.xaxis)
        label_attributions(ax, explanation)
        title(ax, rows_line(explanation))
        label_y(ax, labels)
        drawn = {
            "row": np.tile(row_labels(explanation).to_numpy(), len(labels)),
            "feature": np.repeat(np.array(labels, dtype=object), len(values)),
            "attribution": lanes.ravel(),
            "rank": ranks.ravel(),
        }
        return self._finish(ax, drawn)
