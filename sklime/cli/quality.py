"""Quality of explanations, as columns beside the attributions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

# Names of the columns; with several explained outputs each has its own.
_NUMBERS = {
    "prediction": "predictions",
    "fidelity": "scores",
    "effective_sample_size": "effective_sample_sizes",
}
DOUBTS = "doubts"


def quality_fields(explainer: Any) -> list[pa.Field]:
    """Columns of quality that an explainer's rows get."""
    outputs = _outputs(explainer)
    numbers = [
        pa.field(_named(name, output), pa.float64())
        for output in outputs
        for name in _NUMBERS
    ]
    return [*numbers, pa.field(DOUBTS, pa.string())]


def explained_blocks(
    explainer: Any, blocks: Iterable[Any], skip_failed: bool
) -> Iterator[tuple[np.ndarray, list[Any]]]:
    """Explain blocks of rows; yield attributions and columns of quality.

    Parameters
    ----------
    explainer : LimeExplainer
    blocks : iterable of tables
    skip_failed : bool
        Whether rows that cannot be explained get NaN, instead of an error.

    Yields
    ------
    values : ndarray of shape (n_rows, n_columns)
    quality : list of arrays
        One for each of `quality_fields`.
    """
    n_columns, outputs = len(explainer.output_schema()), _outputs(explainer)
    for block in blocks:
        parts = list(_in_parts(explainer, block, skip_failed))
        values, quality = [], []
        for n, explanation in parts:
            if explanation is None:
                values.append(np.full((n, n_columns), np.nan))
                nothing = [pa.nulls(n, pa.float64())] * (len(_NUMBERS) * len(outputs))
                quality.append([*nothing, pa.array(["not explained"] * n)])
            else:
                values.append(explanation.values.reshape(n, -1))
                quality.append(_columns(explanation, outputs))
        joined = [pa.concat_arrays(own) for own in zip(*quality, strict=True)]
        yield np.concatenate(values), joined


def _in_parts(explainer, block, skip_failed):
    """Explanations of consecutive rows, None where the rows cannot be explained."""
    n = len(block)
    try:
        yield n, explainer.explain(block)
    except (OSError, MemoryError):
        raise
    except Exception:
        if not skip_failed:
            raise
        if n == 1:
            yield 1, None
            return
        for rows in (slice(0, n // 2), slice(n // 2, n)):
            part = block.iloc[rows] if hasattr(block, "iloc") else block[rows]
            yield from _in_parts(explainer, part, skip_failed)


def _columns(explanation, outputs):
    several = outputs != [None]
    columns = []
    for position, _ in enumerate(outputs):
        for field in _NUMBERS.values():
            own = getattr(explanation, field)
            columns.append(pa.array(own[:, position] if several else own, pa.float64()))
    return [*columns, pa.array(_doubts(explanation), pa.string())]


def _doubts(explanation):
    """What is doubtful about each row, in words; empty where nothing is."""
    low = explanation.low_support & (explanation.values != 0)
    sizes = explanation.effective_sample_sizes
    if low.ndim == 3:
        low, sizes = low.any(axis=1), sizes.min(axis=1)
    names = [str(name) for name in explanation.feature_names]
    exact = explanation.meta.get("method") == "exact"
    told = []
    for row, size in zip(low, sizes, strict=True):
        doubts = []
        if not exact and size < explanation.n_features:
            doubts.append("fewer effective draws than features")
        if row.any():
            doubts.append(f"few draws for {', '.join(np.array(names)[row])}")
        told.append("; ".join(doubts))
    return told


def _outputs(explainer: Any) -> Sequence[Any]:
    """The explained outputs; one None where columns need no name of an output."""
    d = explainer.n_features_in_
    names = list(explainer.output_schema())
    if len(names) <= d or explainer.target not in ("all", "auto"):
        return [None]
    return list(dict.fromkeys(name.rpartition("__")[0] for name in names[::d]))


def _named(name, output):
    return name if output is None else f"{output}__{name}"
