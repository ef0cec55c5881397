"""Global importance: mean absolute attributions, overall or in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.stats import t

from sklime.explanation.attribution import Attribution, comparable_outputs, viewed
from sklime.explanation.units import check_common_units, values_by_name
from sklime.plotting.base import Display, axes_for
from sklime.plotting.labels import (
    LITERAL,
    fitted,
    label_attributions,
    label_y,
    rows_line,
    text_width,
    title,
)
from sklime.plotting.style import POSITIVE, SUMMED, grey, thousands
from sklime.plotting.top_features import strongest, with_others

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

# Panels side by side, inches of the narrowest, and what names at their left take.
_ACROSS, _NARROWEST, _NAMES = 5, 0.85, 1.3


class ImportanceDisplay(Display):
    r"""Mean absolute contribution of each feature over many rows, as bars.

    The bars are :math:`\frac1n \sum_i |c_{ij}|`; their whiskers are Student's confidence
    interval of that mean, taking the rows as a sample. Where all outputs are explained,
    or the rows are in groups, each has a panel of its own, all with the same features in
    the same order and on the same scale; several numbers that a regressor predicts may have
    units of their own, and have a scale each.

    Parameters
    ----------
    explanation : Explanation
        Explained rows of any kind. In ragged ones, units of one name are summed.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on: the only panel, or the axes that all panels share.
    axes_ : ndarray of matplotlib Axes of shape (n_panels,)
        The panels.
    figure_ : matplotlib Figure
        The figure of the panels.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklime import LimeExplainer
    >>> from sklime.plotting import ImportanceDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> explainer = LimeExplainer(forest, random_state=0).fit(X)
    >>> display = ImportanceDisplay.from_estimator(explainer, X, target="all")
    >>> [panel.get_title(loc="left") for panel in display.axes_]
    ['0', '1', '2']
    """

    def plot(
        self,
        ax: Axes | None = None,
        *,
        groups: ArrayLike | None = None,
        target: object = None,
        max_features: int = 10,
        level: float = 0.95,
        attribution: Attribution | None = None,
    ) -> Self:
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own. Several panels share the place
            of the axes, which must belong to a grid, as those of ``plt.subplots`` do.
        groups : array-like of shape (n,), default=None
            Group of each row, such as its true class, a cohort or a cluster.
        target : object, default=None
            The output to show. None: all that are explained; required with `groups`
            where there are several.
        max_features : int, default=10
            How many features have a bar of their own; all others are summed in one.
        level : float, default=0.95
            Level of the confidence intervals.
        attribution : {"contribution", "effect"} or None, default=None
            What is drawn. None: contributions, which add up to the local predictions, so
            that conditions which hold for nearly everyone do not top the list; effects
            where the explanation does not know contributions. The axis says which.

        Returns
        -------
        self
            With `ax_`, `axes_` and `figure_`.

        Raises
        ------
        ValueError
            If `groups` has not one label per row, or `attribution` is not known.
        """
        explanation = self._view(groups, target, attribution)
        sizes, names, panel, panels = _in_panels(explanation, groups)
        columns, n_others, others = strongest(sizes, max_features)
        labels = with_others(names, columns, n_others)
        sizes = np.column_stack([sizes[:, columns], others])[:, : len(labels)]

        own_scales = groups is None and not comparable_outputs(explanation)
        self.ax_, self.axes_, across = _panels(ax, len(panels), len(labels), own_scales)
        self.figure_ = self.ax_.figure
        drawn, below = [], []
        for k, (own, name) in enumerate(zip(self.axes_, panels, strict=True)):
            bars, numbers = _bars(own, sizes[panel == k], level)
            drawn += [(name, *each) for each in zip(labels, *numbers, strict=True)]
            if n_others:
                bars[-1].set_facecolor(SUMMED)
            if len(panels) == 1:
                title(own, name)
            else:
                room = 0.6 * self.figure_.get_figwidth() / across
                own.set_title(fitted(name, room), loc="left", fontsize="medium", **LITERAL)
            if k + across >= len(panels):
                own.tick_params(labelbottom=True)
                below.append(own)
        _label(below, explanation, len(panels), across)
        # Where all panels share one, the first stands for all.
        for own in self.axes_ if own_scales else self.axes_[:1]:
            thousands(own.xaxis)
            own.set_xlim(left=0)
        first = self.axes_[::across]
        for own in first:
            # They share the names, but not yet how these are to be read.
            own.tick_params(labelleft=False)
        for own in first:
            label_y(own, labels)
            own.tick_params(labelleft=True)
        columns = ["panel", "feature", "mean_abs_attribution", "lower", "upper"]
        return self._finish(self.ax_, drawn, columns)

    def _view(self, groups, target, attribution):
        """The explanation that is drawn."""
        overall = groups is None and target is None
        explanation = self.explanation if overall else self._of_target(target)
        check_common_units(explanation)
        return viewed(explanation, attribution)


def _in_panels(explanation, groups):
    """Absolute attributions, their names, the panel of each line, and the panels."""
    names, values = values_by_name(explanation, absent=0.0)
    n, n_outputs, d = values.shape
    sizes = np.abs(values).swapaxes(0, 1).reshape(n * n_outputs, d)
    if groups is not None:
        panel, panels = _grouped(groups, n)
    elif explanation.values.ndim == 3:
        panel, panels = np.repeat(np.arange(n_outputs), n), explanation.target_names
    else:
        panel, panels = np.zeros(n, dtype=int), [rows_line(explanation)]
    return sizes, names, panel, panels


def _label(panels, explanation, n_panels, across):
    """Write below panels what their bars are, once where there is little room."""
    if n_panels == 1:
        label_attributions(panels[0], explanation, "mean |{}|")
        return
    text = f"mean |{explanation.attribution}|"
    width = 72 * panels[0].get_window_extent().width / panels[0].figure.dpi
    if text_width(text) > width:
        # The panel in the middle, whose column has this place among the lowest ones.
        first = n_panels - len(panels)
        panels = [panels[(across // 2 - first) % across]]
    for own in panels:
        own.set_xlabel(text, fontsize="small")


def _grouped(groups, n):
    """Group of each row as a position, and the groups in order of appearance."""
    import pandas as pd

    if len(groups) != n:
        raise ValueError(
            f"groups has {len(groups)} labels, expected one for each of {n} rows"
        )
    return pd.factorize(np.asarray(groups), use_na_sentinel=False)


def _bars(ax, sizes, level):
    """Draw the means of some rows, and their confidence intervals if there are two.

    Gives the bars; means and bounds of the intervals, of shape (3, n_bars).
    """
    at, means, n = np.arange(sizes.shape[1]), sizes.mean(axis=0), len(sizes)
    reach = np.full(len(means), np.nan)
    if n > 1:
        reach = t.ppf((1 + level) / 2, n - 1) * sizes.std(axis=0, ddof=1) / np.sqrt(n)
        whiskers = {"fmt": "none", "ecolor": grey(ax, 0.0), "capsize": 2}
        ax.errorbar(means, at, xerr=reach, **whiskers)
    bars = ax.barh(at, means, height=0.7, color=POSITIVE)
    return bars, np.stack([means, means - reach, means + reach])


def _panels(ax, n_panels, n_bars, own_scales):
    """Axes that hold the panels, the panels, and how many stand in a row: up to five."""
    across = min(n_panels, _ACROSS)
    if ax is not None:
        room = ax.figure.get_figwidth() - _NAMES
        across = min(across, max(2, int(room / _NARROWEST)))
    n_lines = -(-n_panels // across)
    width = 8 if n_panels == 1 else 3.5 + 1.7 * across
    ax = axes_for(ax, width, n_lines * (0.9 + 0.26 * n_bars))
    if n_panels == 1:
        return ax, np.array([ax]), 1
    if ax.get_subplotspec() is None:
        raise ValueError(
            f"ax stands in no grid, and cannot be divided into {n_panels} panels: "
            "give axes of plt.subplots, or None"
        )
    ax.set_axis_off()
    grid = ax.get_subplotspec().subgridspec(n_lines, across)
    panels = grid.subplots(sharex=not own_scales, sharey=True).ravel()
    for spare in panels[n_panels:]:
        spare.remove()
    for own in panels[:n_panels] if own_scales else panels[:1]:
        own.locator_params(axis="x", nbins=3)
    return ax, panels[:n_panels], across
