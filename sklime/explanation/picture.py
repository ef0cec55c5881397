"""Picture of an explanation: the Display that fits its kind."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Plotting:
    """Mixin of `Explanation`: pictures."""

    def plot(
        self,
        row: int | None = None,
        *,
        ax: Axes | None = None,
        target: object = None,
        **options: Any,
    ) -> Any:
        """Draw the picture that fits the kind of the rows; it needs matplotlib.

        One row of a table is an `AttributionDisplay`, many are a `SummaryDisplay`. Of
        texts, images and sequences one is shown, as a `TextDisplay`, `ImageDisplay` or
        `SequenceDisplay`.

        Parameters
        ----------
        row : int, default=None
            Position of the row to show; negative ones count from the end. None: all rows
            of a table, else the first. By its label, a row is shown as
            ``e.loc[label].plot()``.
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.
        target : object, default=None
            The output to show; required where all outputs are explained.
        **options : dict
            Other options of the `plot` of that display, such as ``max_features``.

        Returns
        -------
        Display
            Its `ax_` and `figure_` are what was drawn on, its ``frame()`` holds the
            numbers.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        IndexError
            If there is no such row.
        """
        # By name, and when a picture is wanted: displays stand above explanations.
        displays = import_module("sklime.plotting").DISPLAYS
        explanation: Any = self
        shown = explanation.kind
        if shown not in displays or explanation.unit_spans is None:
            several = row is None and len(explanation) != 1
            shown = "rows" if several else "row"
        if shown != "rows":
            options["row"] = 0 if row is None else row
        return displays[shown].from_explanation(
            explanation, ax=ax, target=target, **options
        )
