"""The contract of tables on disk, and what those that Arrow reads have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sklime.cli.exits import CommandError, Exit
from sklime.cli.regrouping import joined, regrouped


class DataFile(ABC):
    """A table on disk.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    names : list of str or None
        Its columns; None: they have no names.
    n_columns : int
    n_rows : int
    types : dict
        Arrow's types of columns that have names.
    """

    names: list[str] | None
    n_columns: int
    n_rows: int
    types: dict[str, pa.DataType]

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def read(self, start: int, columns: Sequence[str] | None) -> Iterator[Any]:
        """Yield tables of consecutive rows from one on, of any number of rows."""

    def blocks(
        self, height: int, start: int = 0, columns: Sequence[str] | None = None
    ) -> Iterator[Any]:
        """The rows from `start` on in blocks of `height`, the last one shorter."""
        return regrouped(self._read_soundly(start, columns), height, self.joined)

    def take(self, rows: np.ndarray, columns: Sequence[str] | None = None) -> Any:
        """Rows at sorted positions, as one table."""
        found, first = [], 0
        for table in self._read_soundly(0, columns):
            n = len(table)
            inside = rows[(rows >= first) & (rows < first + n)] - first
            if len(inside):
                found.append(self.taken(table, inside))
            first += n
            if first > rows[-1]:
                break
        return self.joined(found)

    def sample(self, n: int, seed: int, columns: Sequence[str] | None = None) -> Any:
        """All rows, or a seeded sample of them, in their order."""
        rows = np.arange(self.n_rows)
        if n < self.n_rows:
            rng = np.random.default_rng(seed)
            rows = np.sort(rng.choice(self.n_rows, n, replace=False))
        return self.take(rows, columns)

    def _read_soundly(self, start, columns):
        """Read tables; damage that is only seen there is told."""
        with readable(self.path):
            yield from self.read(start, columns)

    @staticmethod
    @abstractmethod
    def joined(parts: list[Any]) -> Any:
        """One table of the rows of several."""

    @staticmethod
    @abstractmethod
    def taken(table: Any, rows: np.ndarray) -> Any:
        """Some rows of a table."""


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Context in which a damaged table ends the command: it may raise anything."""
    try:
        yield
    except CommandError:
        raise
    except Exception as error:
        told = str(error) or type(error).__name__
        raise CommandError(Exit.DATA, f"{path} cannot be read: {told}") from error


class ArrowTables(DataFile):
    """Base of files that Arrow reads: their blocks are Arrow tables."""

    def is_described_by(self, schema: pa.Schema, n_rows: int) -> None:
        """Take columns and types from a schema; two columns of one name are an error."""
        self.names, self.n_columns = list(schema.names), len(schema.names)
        self.n_rows = n_rows
        self.types = {own.name: type_without_views(own.type) for own in schema}
        if len(set(self.names)) < len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise CommandError(
                Exit.DATA, f"{self.path} has two columns {twice!r}: rename one of them."
            )

    @staticmethod
    def joined(parts):
        return joined(parts)

    @staticmethod
    def taken(table, rows):
        return table.take(pa.array(rows))


def skipped(
    batches: Iterable[pa.RecordBatch], skip: int, columns: Sequence[str] | None
) -> Iterator[pa.Table]:
    """Tables of batches without the first rows, of some columns."""
    for batch in batches:
        n = min(skip, len(batch))
        skip -= n
        if n < len(batch):
            rows = batch[n:]
            fields = [own.with_type(type_without_views(own.type)) for own in rows.schema]
            schema = pa.schema(fields, rows.schema.metadata)
            own = [without_views(column) for column in rows.columns]
            table = pa.Table.from_arrays(own, schema=schema)
            yield table if columns is None else table.select(list(columns))


def type_without_views(type_: pa.DataType) -> pa.DataType:
    """The type of a column in memory: Arrow takes no rows of views, which polars writes."""
    if pa.types.is_dictionary(type_):
        values = type_without_views(type_.value_type)
        return pa.dictionary(type_.index_type, values, type_.ordered)
    if pa.types.is_string_view(type_):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary_view(type_) else type_


def without_views(column: pa.Array) -> pa.Array:
    """A column of that type."""
    wanted = type_without_views(column.type)
    if wanted == column.type:
        return column
    if pa.types.is_dictionary(wanted):
        values = without_views(column.dictionary)
        own = {"ordered": wanted.ordered}
        return pa.DictionaryArray.from_arrays(column.indices, values, **own)
    return column.cast(wanted)
