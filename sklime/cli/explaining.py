"""``sklime explain``: a table of attributions, which survives what stops the command."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa

from sklime.cli.exits import CommandError, Exit
from sklime.cli.manifest import key_of_run
from sklime.cli.memory import give_back_freed_memory, share_memory_of_threads
from sklime.cli.options import Options
from sklime.cli.outputs import check_columns, writer_of
from sklime.cli.parts import Parts, written
from sklime.cli.prepared import ended_by, prepare
from sklime.cli.reporting import check_report, write_report

# How long a part takes one job, in seconds: what is lost where a run is killed.
_SECONDS = 0.75

# Bytes of a part: several are under way, each in a few copies.
_BYTES = 1 << 21

# Types of the columns that are not keys, by the kind of their dtype.
_ARROW = {"f": pa.float64(), "U": pa.string()}

# Time after which the speed of rows is known well enough, in seconds, and rows that tell it
# at most: more of them would only take memory.
_SURE, _MOST_TRIED = 0.2, 4096


@dataclass(frozen=True)
class Output:
    """What becomes of the attributions.

    Parameters
    ----------
    path : Path
        The file.
    quality : bool
        Whether there are columns that tell how good explanations are.
    report : Path or None
        A page of some explanations.
    report_rows : int
        How many.
    block_rows : int
        The most rows of a part.
    fresh : bool
        Whether parts of an earlier run are thrown away.
    on_error : {"fail", "null"}
    """

    path: Path
    quality: bool = False
    report: Path | None = None
    report_rows: int = 1000
    block_rows: int = 50_000
    fresh: bool = False
    on_error: str = "fail"


def explain(
    options: Options, output: Output, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Explain a table, and write the attributions.

    Parameters
    ----------
    options : Options
    output : Output
    progress : callable
        Gets the number of rows that are done, and of all.

    Returns
    -------
    dict
        What was done, in JSON.

    Raises
    ------
    CommandError
    """
    start = perf_counter()
    share_memory_of_threads()
    write = writer_of(output.path)
    _check_is_no_input(output.path, options)
    check_report(output.report)
    parts = Parts(output.path)
    parts.claim()
    try:
        return _explain(options, output, progress, write, parts, start)
    finally:
        parts.abandon()


def _check_is_no_input(path, options):
    """Check that the output does not take the place of what it is made from."""
    for name in ("model", "data", "background"):
        own = getattr(options, name)
        with written(path):
            same = own is not None and path.exists() and path.samefile(own)
        if same:
            raise CommandError(
                Exit.USAGE,
                f"--output {path} is the file of {name} itself, which would be lost: name "
                "another.",
            )


def _explain(options, output, progress, write, parts, start):
    if output.fresh:
        parts.clear()
    files = {
        "model": options.model,
        "data": options.data,
        "background": options.background,
    }
    own = {
        "quality": output.quality,
        "on_error": output.on_error,
        "block_rows": output.block_rows,
    }
    key = key_of_run(files, options.parameters | own)
    manifest = parts.read_manifest(key)
    prepared = prepare(options)
    schema = _schema(prepared, output.quality)
    check_columns(output.path, schema)
    if manifest is None:
        height = _height(prepared, output)
        manifest = {"key": key, "height": height}
        parts.start(manifest)
    height, n_rows = manifest["height"], prepared.data.n_rows
    resumed = first = parts.done()
    progress(first, n_rows)
    for table in _tables(prepared, output, options.jobs, first, height, schema):
        parts.add(first, table)
        first += len(table)
        progress(first, n_rows)
    if output.report is not None:
        own = output.report_rows, options.seed or 0, output.on_error == "null"
        write_report(prepared, output.report, *own)
    give_back_freed_memory()
    parts.finish(lambda file: write(file, parts.tables(), schema, output.block_rows))
    return {
        "output": str(output.path),
        "rows": n_rows,
        "columns": schema.names,
        "rows_of_an_earlier_run": resumed,
        "method": prepared.explainer.method_,
        "report": None if output.report is None else str(output.report),
        "seconds": round(perf_counter() - start, 3),
        "notes": prepared.notes,
    }


def _tables(prepared, output, jobs, first, height, schema) -> Iterator[pa.Table]:
    """Tables of the output, one for each part, from a row on."""
    if first == prepared.data.n_rows:
        return
    blocks = prepared.data.blocks(height, first, prepared.read_columns)
    earlier = prepared.data.blocks(height, 0, prepared.read_columns)
    before = islice(earlier, first // height)
    try:
        yield from _attributions(prepared, blocks, before, output, jobs, schema)
    except Exception as error:
        if prepared.data.n_rows and first:
            error.add_note(f"Rows are counted from row {first} of the file.")
        raise ended_by(error) from error


def _attributions(prepared, blocks, before, output, jobs, schema):
    own = prepared.keep, jobs, output.on_error == "null", output.quality
    explained = prepared.explainer._stream(blocks, *own, before=before)
    for table in explained:
        if not isinstance(table, pa.Table):
            yield _of_numbers(table, prepared, output, schema)
            continue
        # Names are those of the output, types of keys those that its parts share.
        fields = zip(table.schema.names, schema, strict=True)
        known = pa.schema([pa.field(name, own.type) for name, own in fields])
        yield pa.Table.from_arrays(table.cast(known).columns, schema=schema)


def _of_numbers(values, prepared, output, schema):
    """A table of what arrays and sparse matrices give, in which texts are codes."""
    if not isinstance(values, np.ndarray):
        values = values.toarray()
    labels = prepared.explainer._quality_columns().labels if output.quality else {}
    columns = [
        pa.array(labels[name](own) if name in labels else own)
        for name, own in zip(schema.names, values.T, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _schema(prepared, quality) -> pa.Schema:
    """Names and types of the columns, before any row."""
    try:
        dtypes = prepared.explainer.output_schema(prepared.keep, quality)
    except ValueError as error:
        raise CommandError(Exit.USAGE, str(error)) from error
    types = {
        name: _plain(prepared.data.types[name]) if dtype is None else _ARROW[dtype.kind]
        for name, dtype in dtypes.items()
    }
    return pa.schema(list(types.items()))


def _plain(type_):
    """The type of a key column in the output: of categories, that of their names."""
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _height(prepared, output) -> int:
    """Rows of a part, by how long the first rows take: a power of two, or a block."""
    data, n = prepared.data, 1
    if not data.n_rows:
        return output.block_rows
    most = min(data.n_rows, output.block_rows, _MOST_TRIED)
    while True:
        block = next(data.blocks(n, 0, prepared.read_columns))
        # The first time something may be made that is kept.
        seconds = min(_seconds_of(prepared, block, output) for _ in range(2))
        if seconds > _SURE or n >= most:
            break
        n = min(16 * n, most)
    n_columns = max(data.n_columns, len(prepared.explainer.output_schema()))
    wanted = max(1, min(int(_SECONDS * n / seconds), _BYTES // (8 * n_columns)))
    if wanted >= output.block_rows:
        return output.block_rows
    return 2 ** (wanted.bit_length() - 1)


def _seconds_of(prepared, block, output):
    """Time to explain some rows; what is doubtful or fails is told when it counts."""
    start = perf_counter()
    with warnings.catch_warnings(), suppress(Exception):
        warnings.simplefilter("ignore")
        own = {"keep": prepared.keep, "n_jobs": 1, "quality": output.quality}
        for _ in prepared.explainer.transform_blocks([block], **own):
            pass
    return perf_counter() - start
