"""Rows of one pair of units, such as two words: an interval a row."""

import numpy as np

from sklime.explanation.labels import row_names
from sklime.explanation.units import by_output
from sklime.plotting.base import axes_for
from sklime.plotting.labels import LITERAL, label_y, rows_line, title, wrapped
from sklime.plotting.style import bars, grey, thousands

# Rows that are drawn: those in which the two do most together.
_MOST_ROWS = 20


def draw_rows(ax, explanation, at, meaning):
    """Draw the interaction of one pair in each row that has it, with its interval.

    Parameters
    ----------
    ax : matplotlib Axes or None
        None: in a figure of its own.
    explanation : Explanation
        Ragged, of one output.
    at : int
        Which of its pairs.
    meaning : str
        What the numbers are.

    Returns
    -------
    ax : matplotlib Axes
    numbers : dict
        What was drawn.
    """
    numbers = explanation.interactions[:, at]
    # Rows that are not drawn lack one of the two.
    known = np.flatnonzero(np.isfinite(numbers))
    order = known[np.argsort(-np.abs(numbers[known]), kind="stable")][:_MOST_ROWS]
    order = np.sort(order)
    names = np.array(row_names(explanation), dtype=object)
    ax = axes_for(ax, 6.8, 1.9 + 0.3 * max(len(order), 1))
    errors = _half_widths(explanation, at)[order]
    bars(ax, np.arange(len(order)), numbers[order])
    ax.errorbar(
        numbers[order],
        np.arange(len(order)),
        xerr=errors,
        fmt="none",
        ecolor=grey(ax, 0.6),
        elinewidth=1.2,
        capsize=3,
    )
    ax.set_ylim(len(order) - 0.5, -0.5)
    room = 0.8 * ax.figure.get_figwidth()
    ax.set_xlabel("\n".join(wrapped(meaning, room)), **LITERAL)
    thousands(ax.xaxis)
    first, second = explanation.interaction_pairs[at]
    lines = [rows_line(explanation), f"interaction of {first} and {second}"]
    if left_out := len(known) - len(order):
        lines[1] += f", {left_out:,} weaker rows left out"
    title(ax, *lines, share=0.9)
    label_y(ax, list(names[order]))
    return ax, {
        "row": names[order],
        "interaction": numbers[order],
        "half_width": errors,
    }


def _half_widths(explanation, at):
    """Half-widths of the 95 % intervals; 0 where nothing is estimated."""
    errors = explanation.interaction_standard_errors
    if errors is None:
        return np.zeros(len(explanation))
    own = explanation._intervals(explanation.interactions, errors)
    lower, upper = (by_output(bound)[:, 0, at] for bound in own)
    return np.nan_to_num((upper - lower) / 2.0)
