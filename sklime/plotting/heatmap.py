"""Attributions of many rows as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage

from sklime.explanation.attribution import Attribution, viewed
from sklime.explanation.labels import row_labels
from sklime.explanation.units import check_common_units, values_by_name
from sklime.plotting.base import Display, axes_for
from sklime.plotting.labels import label_attributions, label_y, rows_line, title, wrapped
from sklime.plotting.style import grey, signed_map, strength, thousands
from sklime.plotting.top_features import strongest, with_others

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class HeatmapDisplay(Display):
    """Many rows as a heat map: a column for each row, a line for each feature.

    Rows stand in the order of a hierarchical clustering of their contributions (Ward's
    criterion), so that rows explained alike are neighbours; the curve on top is the
    model's prediction. The darker a cell, the more it lowers the explained output; the
    lighter, the more it raises it.

    Parameters
    ----------
    explanation : Explanation
        Explained rows of any kind. In ragged ones, units of one name are summed.

    Attributes
    ----------
    rows_ : ndarray of int
        Positions of the rows in the order in which they are drawn.
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from sklime import LimeExplainer
    >>> from sklime.plotting import HeatmapDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> forest = RandomForestRegressor(random_state=0).fit(X, y)
    >>> explainer = LimeExplainer(forest, random_state=0).fit(X)
    >>> display = HeatmapDisplay.from_estimator(explainer, X[:50])
    >>> display.rows_.shape
    (50,)
    """

    def plot(
        self,
        ax: Axes | None = None,
        *,
        target: object = None,
        max_features: int = 15,
        max_rows: int = 1000,
        attribution: Attribution | None = None,
    ) -> Self:
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.
        target : object, default=None
            The output to show; required where all outputs are explained.
        max_features : int, default=15
            How many features have a line of their own; all others are summed in one.
        max_rows : int, default=1000
            How many rows to draw; of more, as many are drawn at equal distances. Memory
            grows with its square.
        attribution : {"contribution", "effect"} or None, default=None
            What is drawn. None: contributions, which add up to the local predictions, so
            that conditions which hold for nearly everyone do not top the list; effects
            where the explanation does not know contributions. The axis says which.

        Returns
        -------
        self
            With `rows_`, `ax_` and `figure_`.

        Raises
        ------
        ValueError
            If all outputs are explained and `target` is not given, `max_rows` is
            below 1, or `attribution` is not known.
        """
        if max_rows < 1:
            raise ValueError(f"max_rows={max_rows!r} must be at least 1")
        explanation = viewed(self._of_target(target), attribution)
        check_common_units(explanation)
        names, values = values_by_name(explanation, absent=0.0)
        values = values[:, 0]
        shown, n_others, others = strongest(values, max_features)
        labels = with_others(names, shown, n_others)
        lines = np.column_stack([values[:, shown], others])[:, : len(labels)]
        n = len(values)
        drawn = np.unique(np.linspace(0, n - 1, min(n, max_rows)).astype(int))
        self.rows_ = drawn[_clustered(values[drawn])]

        ax = axes_for(ax, 8, 2.2 + 0.32 * len(labels))
        limit = strength(lines)
        cells = ax.imshow(
            lines[self.rows_].T,
            aspect="auto",
            interpolation="nearest",
            cmap=signed_map(ax),
            vmin=-limit,
            vmax=limit,
        )
        bar = ax.figure.colorbar(cells, ax=ax, aspect=40, pad=0.02)
        label_attributions(bar.ax, explanation, axis="y")
        thousands(bar.ax.yaxis)
        ax.set_xticks([])
        count = f"{len(drawn):,} of {n:,} rows" if len(drawn) < n else "rows"
        told = wrapped(
            f"{count}, neighbours are explained alike", 0.4 * ax.figure.get_figwidth()
        )
        ax.set_xlabel("\n".join(told))
        _curve(ax, explanation.predictions[self.rows_])
        # It moves above the curve, and takes no width as it would there.
        title(ax, rows_line(explanation))
        label_y(ax, labels)
        ax.set_ylim(len(labels) - 0.5, -0.5)
        names = row_labels(explanation).to_numpy()[self.rows_]
        numbers = {
            "row": np.repeat(names, len(labels)),
            "prediction": np.repeat(explanation.predictions[self.rows_], len(labels)),
            "feature": np.tile(np.array(labels, dtype=object), len(names)),
            "attribution": lines[self.rows_].ravel(),
        }
        return self._finish(ax, numbers)


def _curve(ax, predictions):
    """Draw the predictions as a curve above the heat map."""
    curve = ax.inset_axes([0, 1.02, 1, 0.6 / ax.figure.get_figheight()])
    edges = np.arange(len(predictions) + 1) - 0.5
    curve.stairs(predictions, edges, baseline=None, color=grey(curve, 0.0), linewidth=0.8)
    curve.set_xlim(edges[[0, -1]])
    curve.set_xticks([])
    thousands(curve.yaxis)
    curve.set_ylabel("prediction", rotation=0, ha="right", va="center")
    curve.spines[["top", "right"]].set_visible(False)


def _clustered(values):
    """Order of the rows in a hierarchical clustering; those without an answer come last."""
    known = np.isfinite(values).all(axis=1)
    rows = np.flatnonzero(known)
    if len(rows) > 1:
        rows = rows[leaves_list(linkage(values[rows], "ward"))]
    return np.concatenate([rows, np.flatnonzero(~known)])
