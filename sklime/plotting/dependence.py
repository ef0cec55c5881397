"""Attribution against the value of one feature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from sklime.explanation.attribution import Attribution, viewed
from sklime.explanation.labels import row_labels
from sklime.explanation.units import check_common_units, unit_mask
from sklime.explanation.view.beeswarm import beeswarm_offsets
from sklime.plotting.base import Display, axes_for
from sklime.plotting.labels import (
    LITERAL,
    fitted,
    label_attributions,
    label_y,
    rows_line,
    title,
)
from sklime.plotting.style import SUMMED, grey, negative, strength, thousands
from sklime.plotting.times import as_numbers, label_dates
from sklime.validation import listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Categories with a strip of their own.
_N_STRIPS = 20


class DependenceDisplay(Display):
    """Contribution of one feature against its value, a dot for each row.

    Numbers and dates are a scatter, with missing values as crosses in a lane on the right.
    Categories are strips of dots, ordered by their mean contribution; beyond 20
    categories, the rarer ones share one strip. Words, segments and parts of sequences have
    a strip of the rows that they are present in, and an empty one of those that they are
    absent from, which give them no attribution; conditions of mixed rows, of the rows that
    they hold for.

    Parameters
    ----------
    explanation : Explanation
        Explained rows; images must be cut alike.

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
    >>> from sklime.plotting import DependenceDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> forest = RandomForestRegressor(random_state=0).fit(X, y)
    >>> explainer = LimeExplainer(forest, random_state=0).fit(X)
    >>> display = DependenceDisplay.from_estimator(explainer, X, feature="bmi")
    >>> display.ax_.get_xlabel()
    'bmi'
    """

    def plot(  # type: ignore[override]
        self,
        ax: Axes | None = None,
        *,
        feature: str,
        target: object = None,
        attribution: Attribution | None = None,
    ) -> Self:
        """Draw the dots of one feature.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.
        feature : str
            Name of the feature.
        target : object, default=None
            The output to show; required where all outputs are explained.
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
        KeyError
            If no feature has this name.
        ValueError
            If all outputs are explained and `target` is not given, no row has the
            feature, images are cut differently, or `attribution` is not known.
        """
        from pandas.api.types import is_bool_dtype, is_numeric_dtype

        explanation = viewed(self._of_target(target), attribution)
        check_common_units(explanation)
        whole, explanation = explanation, explanation[:, [feature]]
        if not unit_mask(explanation).any():
            raise ValueError(
                f"feature={feature!r} stands in none of the {len(explanation)} explained "
                f"rows: choose one of theirs, which unit_names lists{_like(whole, feature)}"
            )
        frame = explanation.to_frame()
        values, attributions = frame["value"], frame["attribution"].to_numpy()
        is_unit = explanation.unit_names is not None and explanation.kind != "table"
        if is_unit:
            here, elsewhere = _whether(explanation)
            values = frame["feature"].map(lambda _: here)
        moments, unit, zone = as_numbers(values)
        if moments is not None or (is_numeric_dtype(values) and not is_bool_dtype(values)):
            ax = axes_for(ax, 6.4, 4.4)
            if moments is None:
                moments = values.to_numpy(dtype=float, na_value=np.nan)
            _scatter(ax, moments, attributions)
            if unit == "date":
                label_dates(ax, zone)
            label = feature if unit in (None, "date") else f"{feature} ({unit})"
            ax.set_xlabel(fitted(label, 0.6 * ax.figure.get_figwidth()), **LITERAL)
            label_attributions(ax, explanation, axis="y")
            title(ax, rows_line(explanation))
        else:
            names, strips = _by_category(values, attributions)
            if is_unit:
                n_here = frame["row"].nunique()
                names = [_counted(here, n_here)]
                if n_here < len(explanation):
                    names.insert(0, _counted(elsewhere, len(explanation) - n_here))
                    strips.insert(0, np.empty(0))
            ax = axes_for(ax, 8, 1.4 + 0.4 * len(strips))
            _draw_strips(ax, strips)
            label_attributions(ax, explanation)
            title(ax, rows_line(explanation), f"by {feature}")
            label_y(ax, names)
        names = row_labels(explanation).to_numpy()[frame["row"]]
        drawn = {"row": names, "value": values, "attribution": attributions}
        return self._finish(ax, drawn)


def _like(explanation, column):
    """Conditions on a column, where each row has its own, as words for a message."""
    names = dict.fromkeys(str(name) for row in explanation.unit_names for name in row)
    own = [name for name in names if f" {column} " in f" {name} "]
    return f", such as {listed(map(repr, own[:3]))}" if own else ""


def _whether(explanation):
    """What is said of rows that have a unit, and of those that do not."""
    spans = [own for row in explanation.unit_spans or () for own in row]
    if explanation.kind == "mixed" and not any(map(np.size, spans)):
        # Columns beside the texts stand nowhere in these.
        return "holds", "does not hold"
    return "present", "absent"


def _counted(name, n):
    return f"{name}: {n:,} row{'s' * (n > 1)}"


def _scatter(ax, values, attributions):
    """Draw attributions over numbers, and over "missing" where there is none."""
    known = np.isfinite(values)
    ax.axhline(0, color=grey(ax, 0.3), linewidth=0.8)
    ax.scatter(values[known], attributions[known], s=14, color=negative(ax))
    thousands(ax.yaxis)
    if not known.all():
        lane = ax.inset_axes([1.02, 0, 0.12, 1], sharey=ax)
        own = attributions[~known]
        lane.axhline(0, color=grey(ax, 0.3), linewidth=0.8)
        lane.scatter(
            beeswarm_offsets(own, 2 * strength(attributions)),
            own,
            s=20,
            c=SUMMED,
            marker="x",
        )
        lane.set_xlim(-0.5, 0.5)
        lane.set_xticks([0], ["missing"])
        lane.tick_params(labelleft=False)


def _by_category(values, attributions):
    """Names of the strips and the attributions in each, by increasing mean."""
    keys = values.astype(object).where(values.notna(), "missing").map(str)
    counts = keys.value_counts()
    if len(counts) > _N_STRIPS:
        rare = counts.index[_N_STRIPS - 1 :]
        keys = keys.where(~keys.isin(rare), f"{len(rare):,} other categories")
    strips = {name: attributions[rows] for name, rows in keys.groupby(keys).indices.items()}
    names = sorted(strips, key=lambda name: strips[name].mean())
    return names, [strips[name] for name in names]


def _draw_strips(ax, strips):
    scale = 2 * strength(np.concatenate(strips))
    for height, own in enumerate(strips):
        ax.scatter(own, height + beeswarm_offsets(own, scale), s=14, color=negative(ax))
    ax.axvline(0, color=grey(ax, 0.3), linewidth=0.8)
    thousands(ax.xaxis)
