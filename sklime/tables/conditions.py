"""Conditions of table rows: the meaning of interpretable features, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


class TableConditions:
    """The conditions of a table's rows, stored as codes of each feature's labels.

    Index it by row: an int gives an array of str of shape (d,); a slice, a mask or ints
    give the TableConditions of these rows, ``[rows, columns]`` of some features only.
    ``np.asarray`` spells out all conditions in an array of str of shape (n, d).

    Parameters
    ----------
    codes : array-like of int of shape (n, d)
        Which label of its feature holds for the row; -1 is the last one.
    labels : sequence of d sequences of str
        The readable conditions of each feature. By convention the last one says that
        the value was never seen in training.

    Raises
    ------
    ValueError
        If `codes` is not a two-dimensional array of ints with a column for each entry
        of `labels`, or points outside of them.

    Examples
    --------
    >>> from sklime.explanation import TableConditions
    >>> labels = [["age <= 30", "age > 30"], ["color = blue", "color = red"]]
    >>> conditions = TableConditions([[0, 1], [1, 1]], labels)
    >>> conditions[0].tolist()
    ['age <= 30', 'color = red']
    >>> conditions[:, [1]][0].tolist()
    ['color = red']
    """

    def __init__(self, codes: ArrayLike, labels: Sequence[ArrayLike]) -> None:
        self.codes = np.asarray(codes)
        self.labels = [np.asarray(own, dtype=object) for own in labels]
        if self.codes.ndim != 2 or self.codes.shape[1] != len(self.labels):
            raise ValueError(
                f"codes has shape {self.codes.shape}, expected (n, {len(self.labels)}): "
                "one column for each entry of labels"
            )
        if self.codes.dtype.kind not in "iu":
            raise ValueError(f"codes must be ints, got dtype {self.codes.dtype}")
        n_labels = np.array(list(map(len, self.labels)), dtype=int)
        for i, j in np.argwhere((self.codes < -1) | (self.codes >= n_labels))[:1]:
            raise ValueError(
                f"codes[{i}, {j}]={self.codes[i, j]} is outside of "
                f"the {n_labels[j]} labels of feature {j}"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows and number of features."""
        return self.codes.shape

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, key: Any) -> Any:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        codes = self.codes[rows]
        labels = [self.labels[j] for j in np.arange(len(self.labels))[columns]]
        part = TableConditions(np.atleast_2d(codes)[:, columns], labels)
        return np.asarray(part)[0] if codes.ndim == 1 else part

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TableConditions):
            return NotImplemented
        alike = np.array_equal(self.codes, other.codes)
        return alike and list(map(list, self.labels)) == list(map(list, other.labels))

    # Its arrays can change.
    __hash__ = None  # type: ignore[assignment]

    def __array__(self, dtype=None, copy=None):
        conditions = np.empty(self.shape, dtype=object)
        for j, own in enumerate(self.labels):
            conditions[:, j] = own[self.codes[:, j]]
        return conditions if dtype is None else conditions.astype(dtype)
