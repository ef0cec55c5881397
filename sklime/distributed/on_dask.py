"""Dask: partitions of frames, chunks of arrays."""

from __future__ import annotations

import warnings
from typing import Any

import dask
import numpy as np

from sklime.distributed.work import Blocks, Work


def explain_frame(data: Any, work: Work) -> Any:
    """Explain a Dask DataFrame; its index and divisions stay."""
    meta = work.empty(data._meta)
    return data.map_partitions(_explained, _shipped(work), meta=meta)


def explain_array(data: Any, work: Work) -> Any:
    """Explain a Dask Array of rows, whose chunks may be of unknown height."""
    if data.ndim != 2:
        raise ValueError(
            f"data is a Dask Array with dim {data.ndim}, while a table of shape (n_rows, "
            "n_columns) is needed."
        )
    meta = work.empty(_without_rows(data))
    # A row is explained as a whole.
    rows = data.rechunk({1: -1})
    return rows.map_blocks(
        _explained,
        _shipped(work),
        chunks=(rows.chunks[0], (len(work.types),)),
        dtype=np.float64,
        meta=meta,
    )


def _without_rows(data):
    """A chunk of no rows and all columns, of which Dask's own example has none."""
    if isinstance(data._meta, np.ndarray) and np.isfinite(data.shape[1]):
        return np.empty((0, data.shape[1]), dtype=data.dtype)
    return data._meta


def _shipped(work):
    """The work as a task of its own, whose result goes to each worker once."""
    return dask.delayed(work.to_workers(), pure=False, traverse=False)


def _explained(block: Any, work: Blocks) -> Any:
    return work.one(block, _warn)


def _warn(message, category):
    """Warn where the result is waited for, too, if that is another process."""
    try:
        from distributed.worker import warn
    except ImportError:
        warn = warnings.warn
    warn(message, category)
