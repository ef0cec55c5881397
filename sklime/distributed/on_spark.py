"""Spark: partitions as streams of Arrow batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sklime.distributed.work import Work


def explain(data: Any, work: Work) -> Any:
    """Explain a Spark DataFrame.

    Key columns come back as they were: pandas has no integers with missing values, so that
    batches of Arrow are asked for. Features are what `toPandas` would make of them.
    """
    # Here, so that this module can be read where there is no Spark.
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType

    work.check(data.columns)
    shipped = work.to_workers()
    keep = work.keep

    def explained(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return shipped.stream(_local(batch, keep) for batch in batches)

    fields = [data.schema[name] for name in keep]
    for name, dtype in work.types.items():
        if dtype is not None:
            kind = StringType() if dtype.kind == "U" else DoubleType()
            fields.append(StructField(name, kind))
    return data.mapInArrow(explained, StructType(fields))


def _local(batch, keep):
    """A batch whose dates of features are those of the session's time zone."""
    columns = [
        pc.local_timestamp(column)
        if pa.types.is_timestamp(column.type) and column.type.tz and name not in keep
        else column
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
