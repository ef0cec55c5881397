"""Series of equal length: rows laid out over their steps and features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sklime.samplers.kinds.base import RowKind
from sklime.samplers.kinds.cells import lay_out_cells
from sklime.samplers.kinds.masked_row import MaskedRow
from sklime.tables.schema import default_names
from sklime.tables.typing import Table

if TYPE_CHECKING:
    from sklearn.utils import Tags


class SeriesRows(RowKind):
    """Series of shape (T,), or (T, F) for F features at each of T steps.

    Parameters
    ----------
    X : ndarray of shape (n, T) or (n, T, F)
        Training series.
    feature_names : sequence of F str, default=None
        Names of the features. None: ``x0``, ``x1``, ...
    step_names : sequence of T str, default=None
        Names of the steps. None: ``t-11``, ..., ``t-0``.

    Attributes
    ----------
    shape, dtype : tuple, dtype
        Of a series.
    n_steps : int
        T.
    feature_names : ndarray of shape (F,) of str
        Names of the features.
    step_names : ndarray of shape (T,) of str
        Names of the steps.
    """

    name = "sequence"

    def __init__(
        self,
        X: Table,
        feature_names: Sequence[str] | None = None,
        step_names: Sequence[str] | None = None,
    ) -> None:
        X = as_series(X)
        self.shape, self.dtype = X.shape[1:], X.dtype
        self.n_steps = self.shape[0]
        n_features = self.shape[1] if X.ndim == 3 else 1
        self.feature_names = default_names(n_features)
        if feature_names is not None:
            self.feature_names = _checked("feature", feature_names, n_features)
        back = range(self.n_steps - 1, -1, -1)
        self.step_names = np.array([f"t-{k}" for k in back], dtype=object)
        if step_names is not None:
            self.step_names = _checked("step", step_names, self.n_steps)

    @classmethod
    def tag(cls, tags: Tags) -> None:
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True

    def check(self, X: Table) -> Table:
        X = as_series(X)
        if X.shape[1:] != self.shape:
            raise ValueError(
                f"the series have shape {X.shape[1:]}, those of the fit {self.shape}; a "
                "single series is passed as series[numpy.newaxis]."
            )
        # Integers take the values of all training series, floats any.
        return X if X.dtype.kind == "f" else X.astype(np.result_type(X, self.dtype))

    def column_names(self) -> NDArray[np.object_]:
        names = [f"{name}_{t}" for t in self.step_names for name in self.feature_names]
        return np.array(names, dtype=object)

    def lay_out(
        self, rows: Sequence[MaskedRow], coefs: Sequence[NDArray[np.float64]]
    ) -> Any:
        return lay_out_cells(rows, coefs)

    def explained_names(self) -> NDArray[np.object_]:
        return self.column_names()

    def metadata(self) -> dict[str, Any]:
        own = {"features": self.feature_names, "steps": self.step_names}
        return {name: [str(each) for each in names] for name, names in own.items()}


def as_series(X):
    """Series as one array of shape (n, T) or (n, T, F)."""
    if issparse(X):
        raise TypeError(
            f"X is a sparse table ({type(X).__name__}); series are dense arrays: pass "
            "X.toarray()."
        )
    if hasattr(X, "to_numpy"):
        X = X.to_numpy()
    if not isinstance(X, np.ndarray) or X.dtype == object:
        if not hasattr(X, "__len__") or isinstance(X, (str, bytes)):
            raise TypeError(f"X is a {type(X).__name__}; give an array of series.")
        X = [np.asarray(series) for series in X]
        shapes = sorted({series.shape for series in X})
        if len(shapes) > 1:
            raise ValueError(
                f"the series have different shapes, {shapes[0]} and {shapes[-1]} among "
                "them; SequenceSampler needs series of equal length: cut or pad them."
            )
        X = np.array(X)
    if X.ndim not in (2, 3) or X.size == 0:
        raise ValueError(
            f"X has shape {X.shape}; series have shape (n, T), or (n, T, F) for F "
            "features, with at least one entry; a single one is series[numpy.newaxis]."
        )
    if X.dtype.kind not in "biuf":
        raise TypeError(f"the series have dtype {X.dtype}; they must hold real numbers.")
    if np.isinf(X).any():
        i = int(np.argwhere(np.isinf(X))[0, 0])
        raise ValueError(
            f"series {i} has infinite values: replace them, by NaN if missing."
        )
    return X


def _checked(what, given, n):
    names = np.array([*given], dtype=object)
    if isinstance(given, str) or names.shape != (n,) or len(set(map(str, names))) < n:
        raise ValueError(
            f"{what}_names={given!r} must be {n} different name(s), one for each {what}."
        )
    return names
