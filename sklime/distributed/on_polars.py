"""Polars: batches of a LazyFrame."""

from __future__ import annotations

from typing import Any

import polars as pl

from sklime.distributed.work import Work


def explain(data: Any, work: Work) -> Any:
    """Explain a LazyFrame: all rows at once, or batches with ``engine="streaming"``."""
    empty = pl.DataFrame(schema=data.collect_schema())

    def explained(frame: pl.DataFrame) -> pl.DataFrame:
        return next(iter(work.here([frame])))

    schema = work.empty(empty).schema
    return data.map_batches(explained, schema=schema, streamable=True)
