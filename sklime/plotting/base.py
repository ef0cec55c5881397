"""Base of the displays: scikit-learn's Display protocol, matplotlib imported late."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

from sklime.explanation.labels import row_names, row_position
from sklime.plotting.signatures import with_options_of_plot
from sklime.validation import missing_extra

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from sklime.explainer.explainer import LimeExplainer
    from sklime.explanation.container import Explanation
    from sklime.tables.typing import TableLike


class Display(ABC):
    """Base of the displays of an explanation.

    A display holds an explanation; `plot` draws it, as often as wanted, and `frame` gives
    the numbers that were drawn last. `from_explanation` and `from_estimator` take the
    options of `plot`, each by its name.

    Parameters
    ----------
    explanation : Explanation
        What is shown; at least one row.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the explanation has no rows, or is not of the kind that the display shows.
    """

    # What alone can be shown, as in ``meta["kind"]``; None: any kind.
    _kind: str | None = None

    # What was drawn, as a DataFrame.
    _drawn: pd.DataFrame | None = None

    ax_: Axes
    figure_: Figure | SubFigure

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("from_estimator", "from_explanation"):
            constructor = getattr(Display, name).__func__
            setattr(cls, name, classmethod(with_options_of_plot(cls, constructor)))

    def __init__(self, explanation: Explanation) -> None:
        require_matplotlib(type(self).__name__)
        _check_explanation(type(self).__name__, explanation)
        if not len(explanation):
            raise ValueError(
                "explanation has 0 rows, there is nothing to show: explain one row at least"
            )
        kind = explanation.meta.get("kind", "table")
        if self._kind not in (None, kind):
            raise ValueError(
                f"{type(self).__name__} shows explanations of kind {self._kind!r}, not "
                f"{kind!r}: AttributionDisplay shows every kind"
            )
        self.explanation = explanation

    @classmethod
    def from_estimator(
        cls,
        explainer: LimeExplainer,
        X: TableLike,
        *,
        target: object = None,
        uncertainty: bool = False,
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Explain rows and show the explanation.

        Parameters
        ----------
        explainer : LimeExplainer
            A fitted explainer.
        X : table of shape (n_rows, n_features)
            Rows to explain.
        target : object, default=None
            The output to explain, instead of the explainer's own `target`.
        uncertainty : bool, default=False
            Whether to ask the explainer for standard errors.
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.
        **options : dict
            Passed to `plot`.

        Returns
        -------
        Display
            Its `ax_` and `figure_` are what was drawn on.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib(cls.__name__)
        check_explainer(cls.__name__, explainer)
        asked = {"target": target, "uncertainty": uncertainty}
        explanation = cls._explained(explainer, X, options, **asked)
        return cls(explanation).plot(ax, **options)

    @classmethod
    def _explained(
        cls, explainer: Any, X: Any, options: dict[str, Any], **asked: Any
    ) -> Explanation:
        """Explain rows for a picture with these options of `plot`."""
        return explainer.explain(X, **asked)

    @classmethod
    def from_explanation(
        cls, explanation: Explanation, *, ax: Axes | None = None, **options: Any
    ) -> Self:
        """Show an explanation.

        Parameters
        ----------
        explanation : Explanation
            What to show.
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.
        **options : dict
            Passed to `plot`.

        Returns
        -------
        Display
            Its `ax_` and `figure_` are what was drawn on.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        return cls(explanation).plot(ax, **options)

    @abstractmethod
    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the explanation.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.

        Returns
        -------
        self
            With `ax_` and `figure_`.
        """

    def frame(self) -> pd.DataFrame:
        """Give the numbers of the last picture as a table.

        Returns
        -------
        pandas.DataFrame
            A line for each bar, dot, cell or unit that was drawn; ``row`` holds the label
            of a row in the index of the explained frame, or its position.

        Raises
        ------
        ValueError
            If nothing was drawn yet.
        """
        if self._drawn is None:
            raise ValueError(
                f"{type(self).__name__} has drawn nothing yet: call plot, then frame"
            )
        return self._drawn.copy()

    def _of_target(self, target):
        """Give the explanation of one output."""
        if self.explanation.values.ndim == 2 and target is None:
            return self.explanation
        if target is None:
            names = self.explanation.target_names.tolist()
            raise ValueError(
                "target=None, but the explanation holds several outputs: show one of "
                f"{names}, such as target={names[0]!r}; ImportanceDisplay shows all"
            )
        return self.explanation[:, :, target]

    def _row(self, row, target):
        """Give the explanation of one output of one row."""
        own = self.explanation[row_position(row, self.explanation)]
        if target is None:
            target = _predicted_class(own)
        return type(self)(own)._of_target(target)

    def _row_name(self, row):
        """Give the name of one row, for the title."""
        return row_names(self.explanation)[row]

    def _finish(self, ax, drawn, columns=None):
        import pandas as pd

        self.ax_, self.figure_ = ax, ax.figure
        self._drawn = pd.DataFrame(drawn, columns=columns)
        return self


def check_explainer(caller: str, explainer: object) -> None:
    """Check that a display got an explainer.

    Parameters
    ----------
    caller : str
        The display.
    explainer : object
        What it got.

    Raises
    ------
    TypeError
        If it cannot explain; names the cure.
    """
    if callable(getattr(explainer, "explain", None)):
        return
    kind = type(explainer).__name__
    cure = f"wrap a model, LimeExplainer(model).fit(X_train), to give it to {caller}"
    if hasattr(explainer, "local_predictions"):
        cure = f"{caller}.from_explanation(explanation) shows one"
    raise TypeError(f"explainer must be a fitted LimeExplainer, got {kind}: {cure}")


def _predicted_class(row):
    """Predicted class of a row of which all classes are explained, else None."""
    if row.values.ndim == 2 or row.meta.get("response_method") == "decision_function":
        return None
    shares = row.predictions[0]
    exclusive = (shares >= 0.0).all() and abs(shares.sum() - 1.0) < 1e-6
    return row.target_names[shares.argmax()] if exclusive else None


def _check_explanation(caller, explanation):
    """Check that a display got an explanation."""
    if hasattr(explanation, "local_predictions"):
        return
    kind = type(explanation).__name__
    if callable(getattr(explanation, "explain", None)):
        cure = f"explain first, {caller}(explainer.explain(X)), or use "
        cure += f"{caller}.from_estimator(explainer, X)"
    else:
        cure = "LimeExplainer(model).fit(X_train).explain(X) gives one"
    raise TypeError(f"explanation must be an Explanation, got {kind}: {cure}")


def require_matplotlib(caller: str) -> None:
    """Say how to install matplotlib where it is missing.

    Parameters
    ----------
    caller : str
        Who needs it.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise missing_extra(caller, "matplotlib", "plot") from error


def axes_for(ax: Axes | None, width: float, height: float) -> Axes:
    """Axes to draw on: the user's own, or those of a new figure.

    Parameters
    ----------
    ax : matplotlib Axes or None
        The user's choice.
    width, height : float
        Size of a new figure in inches.

    Returns
    -------
    matplotlib Axes
    """
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    return ax
