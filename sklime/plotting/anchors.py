"""A row's rule as steps of precision and coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sklime.explanation.labels import row_names, row_position
from sklime.plotting.base import axes_for, require_matplotlib
from sklime.plotting.style import POSITIVE, grey, negative

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

# What each criterion calls its precision.
_WORDS = {
    "hard": "share with the same class",
    "share": "share with nearly the same answer",
    "soft": "expected answer",
    "mean": "expected answer",
}


class AnchorDisplay:
    """Steps that lead to one row's anchor: a line for each condition, precision as bars.

    Points are coverages. `frame` gives the numbers.

    Parameters
    ----------
    anchors : Anchors
        At least one row.

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
    >>> from sklime import AnchorExplainer
    >>> from sklime.plotting import AnchorDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> anchors = AnchorExplainer(forest, random_state=0).fit(X).explain(X[:1])
    >>> display = AnchorDisplay.from_anchors(anchors)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['any row', 'petal length (cm) <= 1.6', 'petal width (cm) <= 0.3']
    """

    ax_: Axes
    figure_: Figure | SubFigure

    def __init__(self, anchors: Any) -> None:
        if not hasattr(anchors, "rules") or not hasattr(anchors, "steps"):
            raise TypeError(
                f"anchors must be Anchors, got {type(anchors).__name__}: "
                "AnchorExplainer(model).fit(X_train).explain(X) gives them"
            )
        if not len(anchors):
            raise ValueError("anchors has 0 rows, there is nothing to show")
        self.anchors = anchors
        self._drawn: pd.DataFrame | None = None

    @classmethod
    def from_anchors(cls, anchors: Any, *, row: int = 0, ax: Axes | None = None) -> Self:
        """Show the anchor of one row.

        Parameters
        ----------
        anchors : Anchors
            What to show.
        row : int, default=0
            Position of the row.
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.

        Returns
        -------
        AnchorDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib(cls.__name__)
        return cls(anchors).plot(ax, row=row)

    def plot(self, ax: Axes | None = None, *, row: int = 0) -> Self:
        """Draw the anchor of one row.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.
        row : int, default=0
            Position of the row.

        Returns
        -------
        AnchorDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        IndexError
            If there is no such row.
        """
        require_matplotlib(type(self).__name__)
        i = row_position(row, self.anchors)
        frame = _steps(self.anchors, i)
        ax = axes_for(ax, 7.0, 0.9 + 0.4 * len(frame))
        places = np.arange(len(frame))
        ax.barh(places, frame["precision"], color=POSITIVE, height=0.6)
        noun = _WORDS.get(self.anchors.meta.get("criterion"), "precision")
        # The edge sets points off from the bars.
        points = {"color": negative(ax), "markeredgecolor": grey(ax, 1.0)}
        ax.plot(frame["coverage"], places, "o", label="coverage", **points)
        low, high = self.anchors.precision_intervals[i]
        if high > low:
            ax.plot([low, high], places[[-1, -1]], "|-", color=grey(ax, 0.0))
        ax.set_yticks(places, frame["condition"])
        ax.invert_yaxis()
        ax.set_xlabel(f"bars: {noun}\npoints: share of the training rows")
        doubt = "" if self.anchors.valid[i] else ", does not suffice"
        name = row_names(self.anchors)[i]
        target = self.anchors.target_names[i]
        ax.set_title(f"Row {name}, {target}{doubt}", loc="left", parse_math=False)
        for label in ax.get_yticklabels():
            label.set_parse_math(False)
        self._drawn, self.ax_, self.figure_ = frame, ax, ax.figure
        return self

    def frame(self) -> pd.DataFrame:
        """The numbers that were drawn last.

        Returns
        -------
        pandas.DataFrame
            A line for each step: "condition", "precision" and "coverage".

        Raises
        ------
        ValueError
            If nothing was drawn yet.
        """
        if self._drawn is None:
            raise ValueError("nothing was drawn yet: call plot first")
        return self._drawn.copy()


def _steps(anchors, i):
    """Steps of one row, those of a feature with several conditions in one line."""
    import pandas as pd

    rule, steps = anchors.rules[i], anchors.steps[i]
    texts = list(map(str, rule.conditions))
    if len(texts) != len(steps) - 1:
        texts = [" and ".join(texts)]
        steps = steps[[0, -1]]
    return pd.DataFrame(
        {
            "condition": ["any row", *texts],
            "precision": steps[:, 0],
            "coverage": steps[:, 1],
        }
    )
