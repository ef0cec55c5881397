"""Fidelity and stability over the width of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.sparse import issparse

from sklime.plotting.base import axes_for, require_matplotlib
from sklime.plotting.style import POSITIVE, negative

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import ArrayLike, NDArray

    from sklime.explainer.explainer import LimeExplainer
    from sklime.tables.typing import TableLike


class KernelWidthDisplay:
    r"""How faithful and how repeatable explanations are, over the width of the kernel.

    Fidelity is the explainer's `score`, with the range over random states. Stability is
    the mean overlap :math:`|A \cap B| / k` of the `k` strongest features of a row under
    two random states, over all rows and pairs: 1 where the draws do not matter.
    `measure` measures them without drawing, and without matplotlib; `frame` gives the
    numbers.

    Parameters
    ----------
    widths : array-like of shape (m,)
        Widths of the kernel.
    fidelity : array-like of shape (m, n_repeats)
        Scores under each random state.
    stability : array-like of shape (m,)
        Mean overlaps.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> from sklime.plotting import KernelWidthDisplay
    >>> display = KernelWidthDisplay([0.5, 1.0], [[0.2, 0.3], [0.6, 0.6]], [0.7, 0.9])
    >>> display.plot().ax_.get_xlabel()
    'kernel width'
    """

    ax_: Axes
    figure_: Figure | SubFigure

    def __init__(
        self, widths: ArrayLike, fidelity: ArrayLike, stability: ArrayLike
    ) -> None:
        self.widths = np.asarray(widths, dtype=float)
        self.fidelity = np.asarray(fidelity, dtype=float)
        self.stability = np.asarray(stability, dtype=float)

    @classmethod
    def from_estimator(
        cls,
        explainer: LimeExplainer,
        X: TableLike,
        *,
        widths: Sequence[float] | NDArray[np.float64],
        k: int = 5,
        n_repeats: int = 5,
        verbose: int | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Measure copies of an explainer with other widths, and show the result.

        See `measure` for what it costs.

        Parameters
        ----------
        explainer : LimeExplainer
            The explainer, fitted or not; it is not changed.
        X : table of shape (n_rows, n_features)
            Rows that the copies are fitted to and that they explain.
        widths : array-like of shape (m,)
            Widths of the kernel.
        k : int, default=5
            How many strongest features are compared.
        n_repeats : int, default=5
            Number of random states; at least 2.
        verbose : int, default=None
            Above 0: a progress bar over rows, widths and random states. None: as the
            explainer says.
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.

        Returns
        -------
        KernelWidthDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `n_repeats` is below 2, `k` below 1, or `widths` no sequence.
        """
        require_matplotlib(cls.__name__)
        own = {"widths": widths, "k": k, "n_repeats": n_repeats, "verbose": verbose}
        return cls.measure(explainer, X, **own).plot(ax)

    @classmethod
    def measure(
        cls,
        explainer: LimeExplainer,
        X: TableLike,
        *,
        widths: Sequence[float] | NDArray[np.float64],
        k: int = 5,
        n_repeats: int = 5,
        verbose: int | None = None,
    ) -> Self:
        """Measure copies of an explainer with other widths, without drawing.

        The model is queried about the reference neighbourhoods of the rows, 512 model rows
        each, once for all widths and random states, and about draws that rows share once
        for each random state. Kernels so narrow that each row gets draws of its own cost
        `n_samples` model rows for each row, width and random state, by far the most; fewer
        random states, rows or draws make that cheaper.

        Parameters
        ----------
        explainer : LimeExplainer
            The explainer, fitted or not; it is not changed.
        X : table of shape (n_rows, n_features)
            Rows that the copies are fitted to and that they explain.
        widths : array-like of shape (m,)
            Widths of the kernel.
        k : int, default=5
            How many strongest features are compared.
        n_repeats : int, default=5
            Number of random states; at least 2.
        verbose : int, default=None
            Above 0: a progress bar over rows, widths and random states. None: as the
            explainer says.

        Returns
        -------
        KernelWidthDisplay
            Not drawn yet: `widths`, `fidelity` and `stability` hold the numbers, and
            `frame` all of them.

        Raises
        ------
        ValueError
            If `n_repeats` is below 2, `k` below 1, or `widths` no sequence.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from sklime import LimeExplainer
        >>> from sklime.plotting import KernelWidthDisplay
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> explainer = LimeExplainer(GaussianNB().fit(X, y), target=2, n_samples=256)
        >>> measured = KernelWidthDisplay.measure(
        ...     explainer, X[::10], widths=[0.5, 1.5], n_repeats=2
        ... )
        >>> measured.fidelity.shape
        (2, 2)
        """
        if n_repeats < 2 or k < 1:
            raise ValueError(
                f"n_repeats={n_repeats!r} must be at least 2, and k={k!r} at least 1"
            )
        verbose = explainer.verbose if verbose is None else verbose
        if np.ndim(widths) != 1 or not len(widths):
            raise ValueError(
                f"widths={widths!r} must be a sequence of widths, such as "
                "numpy.geomspace(0.3, 3.0, 6)"
            )
        widths = np.asarray(widths, dtype=float)
        fidelity, matrices = explainer._measure_widths(X, widths, n_repeats, verbose)
        stability = [_overlap(own, k) for own in matrices]
        return cls(widths, fidelity, stability)

    def frame(self) -> pd.DataFrame:
        """Give the measured numbers as a table.

        Returns
        -------
        pandas.DataFrame
            A line for each width: ``width``, the ``fidelity`` over all random states and
            its ``lowest_fidelity`` and ``highest_fidelity``, and ``stability``.
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "width": self.widths,
                "fidelity": self.fidelity.mean(axis=1),
                "lowest_fidelity": self.fidelity.min(axis=1),
                "highest_fidelity": self.fidelity.max(axis=1),
                "stability": self.stability,
            }
        )

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw both curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.

        Returns
        -------
        self
            With `ax_` and `figure_`.
        """
        order = np.argsort(self.widths)
        widths, fidelity = self.widths[order], self.fidelity[order]
        ax = axes_for(ax, 6.4, 4.4)
        low, high = fidelity.min(axis=1), fidelity.max(axis=1)
        color = negative(ax)
        ax.fill_between(widths, low, high, color=color, alpha=0.25, linewidth=0)
        ax.plot(widths, fidelity.mean(axis=1), "o-", color=color, label="fidelity")
        ax.plot(widths, self.stability[order], "s--", color=POSITIVE, label="stability")
        ax.set_xscale("log")
        # Eight labels at most, at widths that were measured.
        labelled = widths[:: -(-len(widths) // 8)]
        ax.set_xticks(labelled, [f"{width:.3g}" for width in labelled])
        ax.minorticks_off()
        ax.set_xlabel("kernel width")
        ax.set_ylabel("1 is best")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _overlap(matrices, k):
    """Mean share of the `k` strongest features that two matrices have in common."""
    matrices = [m.toarray() if issparse(m) else np.asarray(m) for m in matrices]
    sizes = np.abs(matrices)
    k = min(k, sizes.shape[2])
    picked = np.zeros(sizes.shape)
    top = np.argsort(-sizes, axis=2, kind="stable")[..., :k]
    np.put_along_axis(picked, top, 1.0, axis=2)
    # A feature picked m times is shared by m (m - 1) / 2 pairs.
    times, n = picked.sum(axis=0), len(matrices)
    pairs = (times * (times - 1)).sum(axis=1) / (n * (n - 1))
    return float(pairs.mean() / k)
