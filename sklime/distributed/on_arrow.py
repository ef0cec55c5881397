"""Arrow: streams of record batches, read and explained as they are asked for."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from sklime.distributed.work import Work


def explain_reader(data: Any, work: Work) -> Any:
    """Explain a RecordBatchReader; gives another one."""
    return _reader(data, data.schema, work)


def explain_dataset(data: Any, work: Work) -> Any:
    """Explain a Dataset; gives a Scanner, as datasets are of files or in memory."""
    reader = _reader(data.scanner().to_reader(), data.schema, work)
    return ds.Scanner.from_batches(reader)


def _reader(batches, schema, work):
    empty = work.empty(schema.empty_table())
    return pa.RecordBatchReader.from_batches(empty.schema, work.here(batches))
