"""Interactions of pairs of features: a heat map of all pairs, or the rows of one pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sklime.explanation.attribution import (
    CONTRIBUTION,
    SHAPLEY_VALUE,
    Attribution,
    output_label,
    pair_positions,
    viewed,
)
from sklime.explanation.labels import row_labels
from sklime.explanation.units import check_common_units
from sklime.plotting.base import Display, axes_for
from sklime.plotting.labels import (
    LITERAL,
    SMALLEST,
    fitted,
    label_y,
    lay_out,
    rows_line,
    text_width,
    title,
    wrapped,
)
from sklime.plotting.pair_of_units import draw_rows
from sklime.plotting.style import grey, signed_map, size_map, strength, thousands
from sklime.plotting.times import as_numbers, label_dates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sklime.explanation.container import Explanation

# Categories with a place of their own.
_N_CATEGORIES = 12

# Inches from one column to the next that names of two lines need.
_TWO_LINES = 0.4

# Share of an axis in which the dots of one category are spread.
_SPREAD = 0.3


class InteractionDisplay(Display):
    """Interactions of pairs of features: a heat map of all, or the rows of one pair.

    A cell of the heat map is the mean size of a pair's interaction over the rows that have
    both. Of one pair of columns, a dot is a row: its place are the row's two values, its
    colour the interaction. Of one pair of words, segments or steps, a bar is a row, with
    the interval of its interaction.

    Parameters
    ----------
    explanation : Explanation
        Of ``explain(X, interactions=...)``.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Raises
    ------
    ValueError
        If the explanation has no interactions, or if it is of several images that are cut
        differently: ``explanation[0]`` is of one.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from sklime import LimeExplainer
    >>> from sklime.plotting import InteractionDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> forest = RandomForestRegressor(random_state=0).fit(X, y)
    >>> explainer = LimeExplainer(forest, random_state=0).fit(X)
    >>> explanation = explainer.explain(X[:100], interactions=True)
    >>> display = InteractionDisplay.from_explanation(explanation)
    >>> display.frame().loc[0, ["feature_1", "feature_2"]].tolist()
    ['bmi', 'bp']
    >>> one = InteractionDisplay.from_explanation(explanation, pair=("bmi", "s5"))
    >>> one.ax_.get_xlabel(), one.ax_.get_ylabel()
    ('bmi', 's5')
    """

    def __init__(self, explanation: Explanation) -> None:
        super().__init__(explanation)
        if explanation.interactions is None or not len(explanation.interaction_pairs):
            raise ValueError(
                "explanation holds no interactions: ask for them, as in "
                "explain(X, interactions=True)"
            )
        check_common_units(explanation)

    @classmethod
    def _explained(
        cls, explainer: Any, X: Any, options: dict[str, Any], **asked: Any
    ) -> Explanation:
        pair = options.get("pair")
        wanted = True if pair is None else [pair]
        return explainer.explain(X, interactions=wanted, **asked)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        pair: tuple[str, str] | None = None,
        target: object = None,
        max_features: int = 10,
        attribution: Attribution | None = None,
    ) -> Self:
        """Draw the heat map, or the rows of one pair.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.
        pair : tuple of two str, default=None
            The pair of which each row is drawn. None: the heat map.
        target : object, default=None
            The output to show; required where all outputs are explained.
        max_features : int, default=10
            How many features the heat map has: those that interact most.
        attribution : {"contribution", "effect"} or None, default=None
            What is drawn. None: what pairs add to the local predictions; the coefficients
            of the pairs where the explanation does not know that. The colour bar says
            which.

        Returns
        -------
        self
            With `ax_` and `figure_`.

        Raises
        ------
        ValueError
            If all outputs are explained and `target` is not given, `pair` is none of the
            explanation's, `max_features` is below 2, or `attribution` is not known.
        """
        if max_features < 2:
            raise ValueError(f"max_features={max_features!r} must be at least 2")
        explanation = viewed(self._of_target(target), attribution)
        if pair is None:
            return self._heat_map(ax, explanation, max_features)
        return self._rows_of(ax, explanation, pair)

    def _heat_map(self, ax, explanation, max_features):
        sizes = _mean_sizes(explanation.interactions)
        every, pairs = explanation.feature_names, explanation.interaction_pairs
        if explanation.unit_names is not None:
            every = list(dict.fromkeys(name for pair in pairs for name in pair))
        positions = pair_positions(pairs, every)
        together = np.bincount(positions.ravel(), np.repeat(sizes, 2), len(every))
        paired = np.isin(np.arange(len(together)), positions)
        order = np.argsort(-np.where(paired, together, -1.0), kind="stable")
        shown = order[: min(max_features, np.count_nonzero(paired))]
        place = np.full(len(together), -1)
        place[shown] = np.arange(len(shown))
        both = place[positions]
        drawn = np.flatnonzero((both >= 0).all(axis=1))
        cells = np.full((len(shown), len(shown)), np.nan)
        cells[both[drawn].max(axis=1), both[drawn].min(axis=1)] = sizes[drawn]

        names = [str(every[j]) for j in shown]
        ax = axes_for(ax, 3.6 + 0.5 * len(names), 2.2 + 0.42 * len(names))
        limit = strength(cells)
        # The first feature has no line, the last no column: below the diagonal lies all.
        image = ax.imshow(
            cells[1:, :-1], cmap=size_map(ax), vmin=0.0, vmax=limit, aspect="auto"
        )
        width = ax.figure.get_figwidth()
        # Two lines below each column, where they do not reach the next one's.
        n_lines = 2 if 0.5 * width / len(names) > _TWO_LINES else 1
        labels = ["\n".join(wrapped(name, 0.25 * width, n_lines)) for name in names[:-1]]
        ax.set_xticks(
            range(len(labels)),
            labels,
            rotation=40,
            ha="right",
            rotation_mode="anchor",
            **LITERAL,
        )
        ax.spines[["top", "right"]].set_visible(False)
        bar = ax.figure.colorbar(image, ax=ax, aspect=30, pad=0.02)
        _label(bar.ax, f"mean |{_meaning(explanation)}|")
        thousands(bar.ax.yaxis)
        n_others = np.count_nonzero(np.nan_to_num(sizes) > 0) - np.count_nonzero(
            np.nan_to_num(sizes[drawn]) > 0
        )
        lines = [rows_line(explanation), "interactions of pairs"]
        if n_others:
            lines[1] += f", {n_others:,} others left out"
        title(ax, *lines, share=0.75)
        label_y(ax, names[1:])
        ax.set_ylim(len(names) - 1.5, -0.5)
        _write_numbers(ax, cells[1:, :-1], limit)
        order = drawn[np.argsort(-np.nan_to_num(sizes[drawn]), kind="stable")]
        pairs = [explanation.interaction_pairs[i] for i in order]
        numbers = {
            "feature_1": [own[0] for own in pairs],
            "feature_2": [own[1] for own in pairs],
            "interaction": sizes[order],
        }
        return self._finish(ax, numbers)

    def _rows_of(self, ax, explanation, pair):
        at = _place_of(pair, explanation)
        if explanation.unit_names is not None:
            return self._finish(*draw_rows(ax, explanation, at, _meaning(explanation)))
        interactions = explanation.interactions[:, at]
        frame = explanation[:, list(pair)]._tidy_frame()
        values = [
            frame.loc[frame["feature"] == name, "value"].reset_index(drop=True)
            for name in pair
        ]
        ax = axes_for(ax, 6.8, 4.8)
        x, y = (
            _lay_out(ax, own.infer_objects(), name, axis)
            for own, name, axis in zip(values, pair, "xy", strict=True)
        )
        limit = strength(interactions)
        # Strong ones on top.
        order = np.argsort(np.nan_to_num(np.abs(interactions)), kind="stable")
        dots = ax.scatter(
            x[order],
            y[order],
            c=interactions[order],
            cmap=signed_map(ax),
            vmin=-limit,
            vmax=limit,
            s=18,
            linewidth=0,
        )
        bar = ax.figure.colorbar(dots, ax=ax, aspect=30, pad=0.02)
        _label(bar.ax, _meaning(explanation))
        thousands(bar.ax.yaxis)
        title(ax, rows_line(explanation), f"interaction of {pair[0]} and {pair[1]}")
        numbers = {
            "row": row_labels(explanation).to_numpy(),
            "value_1": values[0],
            "value_2": values[1],
            "interaction": interactions,
        }
        return self._finish(ax, numbers)


def _mean_sizes(interactions):
    """Mean sizes of pairs over rows that know them; NaN where none does."""
    known = np.isfinite(interactions)
    sums = np.where(known, np.abs(interactions), 0.0).sum(axis=0)
    counts = known.sum(axis=0)
    return np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)


def _place_of(pair, explanation):
    """Place of a pair, named either way, among those of an explanation."""
    pairs = list(map(frozenset, explanation.interaction_pairs))
    known = np.iterable(pair) and not isinstance(pair, str) and len(pair) == 2
    if known and frozenset(pair) in pairs:
        return pairs.index(frozenset(pair))
    raise ValueError(
        f"pair={pair!r} is none of the {len(pairs)} pairs of the explanation, such as "
        f"pair={explanation.interaction_pairs[0]!r}: ask for it, as in "
        "explain(X, interactions=[(a, b)])"
    )


def _meaning(explanation):
    """What interactions are, in the view that is shown."""
    output = output_label(explanation)
    if explanation.attribution == CONTRIBUTION:
        return f"pair's contribution to {output}"
    if explanation.attribution == SHAPLEY_VALUE:
        return f"Shapley interaction for {output}"
    return f"change of an effect on {output} by the other feature"


def _label(ax, text):
    room = 0.8 * ax.figure.get_figheight()
    ax.set_ylabel("\n".join(wrapped(text, room)), **LITERAL)


def _write_numbers(ax, cells, limit):
    """Write the numbers into the cells of a heat map of few features."""
    from matplotlib.font_manager import FontProperties

    if len(cells) > 10:
        return
    digits = max(0, 1 - int(np.floor(np.log10(limit))))
    texts = {
        place: f"{size:,.{digits}f}"
        for place, size in np.ndenumerate(cells)
        if np.isfinite(size)
    }
    lay_out(ax)
    room = 72 * ax.get_window_extent().width / ax.figure.dpi / cells.shape[1] - 3
    widest = max(map(text_width, texts.values()), default=1.0)
    small = FontProperties(size="small").get_size_in_points()
    size = min(small, room / widest * FontProperties().get_size_in_points())
    if size < SMALLEST:
        # The colours have to do.
        return
    for (i, j), text in texts.items():
        # Strong cells are dark on paper, and light on black.
        colour = grey(ax, 1.0 if cells[i, j] > 0.55 * limit else 0.0)
        ax.text(j, i, text, ha="center", va="center", color=colour, fontsize=size)


def _lay_out(ax, values, name, axis):
    """Places of values along an axis, which gets its name and, for categories, ticks."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    own, room = getattr(ax, f"{axis}axis"), 0.6 * ax.figure.get_figwidth()
    moments, unit, zone = as_numbers(values)
    if moments is None and is_numeric_dtype(values) and not is_bool_dtype(values):
        moments = values.to_numpy(dtype=float, na_value=np.nan)
    label = name if unit in (None, "date") else f"{name} ({unit})"
    getattr(ax, f"set_{axis}label")(fitted(label, room), **LITERAL)
    if moments is None:
        return _by_category(own, values, room)
    if unit == "date" and axis == "x":
        label_dates(ax, zone)
    known = np.isfinite(moments)
    if known.all():
        return moments
    low, high = (moments[known].min(), moments[known].max()) if known.any() else (0.0, 1.0)
    gap = 0.12 * ((high - low) or 1.0)
    # Where the number of a tick would stand.
    where, place = (high + gap, -0.02), {"ha": "center", "va": "top"}
    if axis == "y":
        where, place = where[::-1], {"ha": "right", "va": "center"}
    transform = getattr(ax, f"get_{axis}axis_transform")()
    ax.text(*where, "missing", transform=transform, **place)
    return np.where(known, moments, high + gap)


def _by_category(axis, values, room):
    """Places of categories, the most frequent first, each spread a little."""
    keys = values.astype(object).where(values.notna(), "missing").map(str)
    counts = keys.value_counts()
    if len(counts) > _N_CATEGORIES:
        rare = counts.index[_N_CATEGORIES - 1 :]
        keys = keys.where(~keys.isin(rare), f"{len(rare):,} others")
    names = list(keys.value_counts().index)
    share = room / max(1, len(names))
    axis.set_ticks(range(len(names)), [fitted(own, share) for own in names], **LITERAL)
    # Even over the width, in no order.
    spread = np.modf(np.arange(len(keys)) * 0.6180339887)[0] - 0.5
    return keys.map({own: i for i, own in enumerate(names)}).to_numpy() + _SPREAD * spread
