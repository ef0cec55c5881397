"""Texts: rows cut into tokens of a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklime.samplers.kinds.base import RowKind
from sklime.samplers.kinds.masked_row import MaskedRow
from sklime.samplers.kinds.text_containers import container_of_texts, read_texts
from sklime.tables.typing import Table

if TYPE_CHECKING:
    from sklearn.utils import Tags


class TextRows(RowKind):
    """Texts, laid out over a vocabulary.

    Parameters
    ----------
    X : list, array, Series or one-column frame of str
        Training texts.
    vocabulary : ndarray of shape (n_vocabulary,) of str
        Names of units that have a column in `transform`, sorted.
    """

    name = "text"
    sparse_columns = True

    def __init__(self, X: Table, vocabulary: NDArray[np.object_]) -> None:
        self.vocabulary = vocabulary
        self._column = {token: j for j, token in enumerate(vocabulary)}
        self._container = container_of_texts(X)

    @classmethod
    def tag(cls, tags: Tags) -> None:
        tags.input_tags.two_d_array = False
        tags.input_tags.string = tags.input_tags.one_d_array = True

    def check(self, X: Table) -> Table:
        return read_texts(X)

    def restore(self, X: Table) -> Table:
        return self._container(X)

    def shown(self, X: Table, given: Table) -> Table:
        # A Series keeps its index, which may name the documents.
        if not hasattr(given, "iloc"):
            return X
        return given if given.ndim == 1 else given.iloc[:, 0]

    def column_names(self) -> NDArray[np.object_]:
        return self.vocabulary

    def lay_out(
        self, rows: Sequence[MaskedRow], coefs: Sequence[NDArray[np.float64]]
    ) -> Any:
        n_outputs, n_columns = len(coefs[0]), len(self.vocabulary)
        i, j, values = [], [], []
        for place, (row, coef) in enumerate(zip(rows, coefs, strict=True)):
            own = np.array([self._column.get(t, -1) for t in row.names], dtype=int)
            output, unit = np.nonzero((own >= 0) & (coef != 0.0))
            i.append(np.full(len(unit), place))
            j.append(output * n_columns + own[unit])
            values.append(coef[output, unit])
        index, column, data = map(np.concatenate, (i, j, values))
        # Equal places are summed: the positions of one token.
        shape = len(rows), n_outputs * n_columns
        return sparse.csr_matrix((data, (index, column)), shape)

    def explained_names(self) -> NDArray[np.object_]:
        return self.vocabulary
