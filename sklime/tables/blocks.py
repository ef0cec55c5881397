"""Blocks of a stream: tables of any kind, and the key columns that are carried along."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import sparse

from sklime.tables.access import is_frame, n_rows
from sklime.tables.arrow_tables import as_arrow_table, from_arrow, is_arrow_table
from sklime.tables.lazy import lazy_kind, refuse_lazy

Labels = Mapping[str, Callable[[np.ndarray], list[str | None]]]
_NO_LABELS: Labels = MappingProxyType({})


class Block(ABC):
    """Base of the blocks of a stream.

    Attributes
    ----------
    rows : table
        The columns that are explained, as an explainer takes them.
    """

    rows: Any

    def __len__(self) -> int:
        return n_rows(self.rows)

    @abstractmethod
    def joined(self, values: Any, names: Sequence[str], labels: Labels = _NO_LABELS) -> Any:
        """A table of the block's own kind: key columns, and one column of each value.

        Parameters
        ----------
        values : ndarray or CSR matrix of shape (n_rows, n_columns)
        names : sequence of n_columns str
        labels : dict of callable, default={}
            What makes texts of codes, by the names of columns that hold such. Arrays keep
            the codes.
        """


class ArrayBlock(Block):
    """A block without names of columns: an array, a sparse matrix, a list of texts."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def joined(self, values: Any, names: Sequence[str], labels: Labels = _NO_LABELS) -> Any:
        return values


class FrameBlock(Block):
    """A block of named columns: a frame, an Arrow table or record batch.

    Parameters
    ----------
    block : frame
        As it came.
    keep : tuple of str
        Key columns, which are not explained.
    container : type or None
        The frame that Arrow tables become. None: an array.
    """

    def __init__(self, block: Any, keep: Sequence[str], container: type | None) -> None:
        import narwhals as nw

        table = as_arrow_table(block)
        self._is_batch = table is not block
        frame = nw.from_native(table, eager_only=True)
        missing = [name for name in keep if name not in frame.columns]
        if missing:
            raise ValueError(
                f"keep={list(keep)!r} names {missing[0]!r}, which is no column of this "
                f"block: its columns are {frame.columns!r:.300}."
            )
        self._keys = frame.select(list(keep))
        rows = frame.drop(list(keep)) if keep else frame
        self.rows = from_arrow(rows.to_native(), container)
        self._frame = frame

    def __len__(self) -> int:
        return len(self._frame)

    def joined(self, values: Any, names: Sequence[str], labels: Labels = _NO_LABELS) -> Any:
        import narwhals as nw

        if sparse.issparse(values):
            values = values.toarray()
        backend = self._frame.implementation
        joined = nw.from_numpy(values, list(names), backend=backend)
        texts = [
            nw.new_series(
                name, in_words(values[:, names.index(name)]), nw.String, backend=backend
            )
            for name, in_words in labels.items()
        ]
        joined = joined.with_columns(*texts) if texts else joined
        index = nw.maybe_get_index(self._frame)
        if index is not None:
            # Rows of a pandas frame keep theirs.
            joined = nw.from_native(joined.to_native().set_axis(index, axis="index"))
        if self._keys.columns:
            joined = nw.concat([self._keys, joined], how="horizontal")
        table = joined.to_native()
        return _as_batch(table) if self._is_batch else table


def read_blocks(blocks: Any) -> Iterator[Any]:
    """Yield the blocks of an iterable; an Arrow dataset, or one in it, gives its batches.

    Raises
    ------
    TypeError
        If it is one table, or nothing that gives blocks.
    """
    if _is_dataset(blocks):
        return iter(blocks.to_batches())
    if lazy_kind(blocks) not in (None, "Arrow RecordBatchReader"):
        refuse_lazy(blocks, "blocks")
    one = type(blocks).__name__
    if hasattr(blocks, "shape") or is_frame(blocks) or isinstance(blocks, (str, dict)):
        raise TypeError(
            f"blocks is a {one}, while blocks of rows are needed: for a single one give "
            "[X], or transform(X)."
        )
    if not isinstance(blocks, Iterable):
        raise TypeError(
            f"blocks={blocks!r:.100} is a {one}, which gives no blocks of rows: give an "
            "iterable of tables, or an Arrow dataset."
        )
    return _flat(blocks)


def as_block(block: Any, keep: Sequence[str], container: type | None) -> Block:
    """Split a block into rows to be explained and key columns.

    Parameters
    ----------
    block : frame, Arrow table or record batch, array, sparse matrix, list
    keep : tuple of str
        Key columns.
    container : type or None
        The frame that Arrow tables become. None: an array.

    Raises
    ------
    ValueError
        If it has no such columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklime.tables.blocks import as_block
    >>> frame = pd.DataFrame({"id": [7, 8], "age": [31.0, 8.0]})
    >>> block = as_block(frame, ("id",), pd.DataFrame)
    >>> list(block.rows)
    ['age']
    >>> block.joined(np.array([[0.5], [0.25]]), ["age"])
       id   age
    0   7  0.50
    1   8  0.25
    """
    if is_arrow_table(block) or is_frame(block):
        return FrameBlock(block, keep, container)
    if keep:
        raise ValueError(
            f"keep={list(keep)!r} names columns to be carried along, while a block is a "
            f"{type(block).__name__}, whose columns have no names: give frames or Arrow "
            "tables, or keep=()."
        )
    return ArrayBlock(block)


def _flat(blocks):
    for block in blocks:
        if _is_dataset(block):
            yield from block.to_batches()
        else:
            yield block


def _is_dataset(block):
    return any(
        base.__module__.startswith("pyarrow") and base.__name__ == "Dataset"
        for base in type(block).__mro__
    )


def _as_batch(table):
    import pyarrow as pa

    columns = [own.combine_chunks() for own in table.columns]
    return pa.RecordBatch.from_arrays(columns, schema=table.schema)
