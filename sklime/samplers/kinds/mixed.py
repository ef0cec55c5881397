"""Rows of tables that are described by columns and by words of texts together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sklime.samplers.kinds.base import RowKind
from sklime.samplers.kinds.table import TableRows
from sklime.tables.typing import Table

if TYPE_CHECKING:
    from sklearn.utils import Tags


class MixedRows(TableRows):
    """Rows of a table, each described by units of its own.

    Parameters
    ----------
    sampler : MixedSampler
        Fitted; knows the columns, and the units of each row.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklime.samplers import MarginalSampler, MixedSampler, TokenSampler
    >>> X = pd.DataFrame({"review": ["good", "too dear"], "price": [3.0, 9.0]})
    >>> rest = ("rest", MarginalSampler(), ["price"])
    >>> kind = MixedSampler([("words", TokenSampler(), "review"), rest]).fit(X).kind_
    >>> kind.name, kind.column_names().tolist()
    ('mixed', ['review', 'price'])
    """

    name = "mixed"

    @classmethod
    def tag(cls, tags: Tags) -> None:
        tags.input_tags.string = tags.input_tags.categorical = True

    def check(self, X: Table) -> Table:
        self.sampler.check_texts(X)  # type: ignore[attr-defined]
        return X

    def lay_out(self, rows: Sequence[Any], coefs: Sequence[NDArray[np.float64]]) -> Any:
        """Sum the coefficients of each column's units."""
        d = len(self.column_names())
        laid = np.zeros((len(rows), len(coefs[0]), d))
        for own, row, coef in zip(laid, rows, coefs, strict=True):
            np.add.at(own, (slice(None), row.columns), coef)
        return laid.reshape(len(rows), -1)

    def fields(self, X: Table, given: Table, names: Any, spans: Any) -> dict[str, Any]:
        return RowKind.fields(self, X, given, names, spans)
