"""Rows of tables in tables of another height."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa


def regrouped(
    tables: Iterable[Any], height: int, join: Callable[[list[Any]], Any]
) -> Iterator[Any]:
    """Tables of `height` rows each, the last one shorter, of the rows of others.

    Parameters
    ----------
    tables : iterable of tables
        With a length, and parts by slices; of any number of rows.
    height : int
    join : callable
        Makes one table of several.
    """
    held, n_held = [], 0
    for table in tables:
        while len(table):
            part = table[: height - n_held]
            table = table[len(part) :]
            held.append(part)
            n_held += len(part)
            if n_held == height:
                yield join(held)
                held, n_held = [], 0
    if held:
        yield join(held)


def joined(tables: list[pa.Table]) -> pa.Table:
    """One Arrow table of the rows of several."""
    return pa.concat_tables(tables).combine_chunks()
