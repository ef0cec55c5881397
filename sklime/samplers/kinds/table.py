"""Rows of tables: described by columns that all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sklime.samplers.kinds.base import RowKind
from sklime.samplers.kinds.masked_row import MaskedRow
from sklime.tables.checks import check_table, feature_names
from sklime.tables.conditions import TableConditions
from sklime.tables.typing import Table


class _Columns(Protocol):
    """What rows of a table ask of the sampler that knows their columns."""

    n_features_in_: int

    def restore(self, X: Table) -> Table: ...

    def renamed(self, names: NDArray[np.object_]) -> NDArray[np.object_]: ...

    def shown(self, X: Table) -> Table: ...

    def conditions(self, X: Table) -> Any: ...

    def varies(self) -> NDArray[np.bool_]: ...


class TableRows(RowKind):
    """Rows of a table.

    Parameters
    ----------
    sampler : Sampler
        Fitted; knows the columns.
    """

    name = "table"
    columnar = True

    def __init__(self, sampler: _Columns) -> None:
        self.sampler = sampler

    @staticmethod
    def check_columns(owner: Any, X: Table, *, reset: bool) -> Table:
        return check_table(owner, X, reset=reset)

    def check(self, X: Table) -> Table:
        return X

    def restore(self, X: Table) -> Table:
        return self.sampler.restore(X)

    def copies(self, composed: Table) -> Table:
        return composed

    def column_names(self) -> NDArray[np.object_]:
        return self.sampler.renamed(feature_names(self.sampler))

    def lay_out(
        self, rows: Sequence[MaskedRow], coefs: Sequence[NDArray[np.float64]]
    ) -> Any:
        return np.stack([coef.ravel() for coef in coefs])

    def explained_names(self) -> NDArray[np.object_]:
        return self.column_names()

    def fields(self, X: Table, given: Table, names: Any, spans: Any) -> dict[str, Any]:
        conditions = TableConditions(*self.sampler.conditions(X))
        return {
            "data": self.sampler.shown(X),
            "feature_names": self.explained_names(),
            "conditions": conditions,
        }

    def names_of_units(self) -> NDArray[np.object_]:
        return self.column_names()

    def varies(self) -> NDArray[np.bool_]:
        return self.sampler.varies()
