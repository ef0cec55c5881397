"""``sklime explain``: a table of attributions, which survives what stops the command."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa

from sklime.cli.exits import CommandError, Exit
from sklime.cli.manifest import key_of_run
from sklime.cli.memory import share_memory_of_threads
from sklime.cli.options import Options
from sklime.cli.outputs import writer_of
from sklime.cli.parts import Parts
from sklime.cli.prepared import ended_by, prepare
from sklime.cli.quality import explained_blocks, quality_fields
from sklime.cli.reporting import check_report, write_report

# How long a part takes one job, in seconds: what is lost where a run is killed.
_SECONDS = 0.75

# Bytes of a part: several are under way, each in a few copies.
_BYTES = 1 << 20

# Time after which the speed of rows is known well enough.
_SURE = 0.2


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
    check_report(output.report)
    parts = Parts(output.path)
    parts.claim()
    try:
        return _explain(options, output, progress, write, parts, start)
    finally:
        parts.abandon()


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
        write_report(prepared, output.report, output.report_rows, options.seed or 0)
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
    try:
        if output.quality:
            yield from _with_quality(prepared, blocks, output, jobs, schema)
        else:
            yield from _attributions(prepared, blocks, output, jobs, schema)
    except Exception as error:
        if prepared.data.n_rows and first:
            error.add_note(f"Rows are counted from row {first} of the file.")
        raise ended_by(error) from error


def _attributions(prepared, blocks, output, jobs, schema):
    explained = prepared.explainer.transform_blocks(
        blocks,
        keep=prepared.keep,
        n_jobs=jobs,
        on_error="null" if output.on_error == "null" else "raise",
    )
    for table in explained:
        if isinstance(table, pa.Table):
            yield pa.Table.from_arrays(
                table.cast(_bare(schema, table)).columns, schema=schema
            )
        else:
            yield _joined([], table, [], schema)


def _bare(schema, table):
    """The schema of an output with the names that a table has."""
    fields = zip(table.schema.names, schema, strict=True)
    return pa.schema([pa.field(name, own.type) for name, own in fields])


def _with_quality(prepared, blocks, output, jobs, schema):
    explainer = prepared.explainer.set_params(n_jobs=jobs)
    held = []

    def frames():
        for block in blocks:
            held.append(block)
            yield prepared.frame(block)

    skip_failed = output.on_error == "null"
    for values, quality in explained_blocks(explainer, frames(), skip_failed):
        block = held.pop(0)
        keys = [block[name] for name in prepared.keep]
        yield _joined(keys, values, quality, schema)


def _joined(keys, values, quality, schema):
    """One table of key columns, attributions and quality."""
    if not isinstance(values, np.ndarray):
        values = values.toarray()
    columns = [*keys, *(pa.array(own) for own in values.T), *quality]
    cast = [own.cast(field.type) for own, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(cast, schema=schema)


def _schema(prepared, quality) -> pa.Schema:
    """Names and types of the columns, before any row."""
    names = list(prepared.explainer.output_schema(prepared.keep))
    n_keys = len(prepared.keep)
    keys = [pa.field(name, _plain(prepared.data.types[name])) for name in names[:n_keys]]
    fields = [*keys, *(pa.field(name, pa.float64()) for name in names[n_keys:])]
    if quality:
        fields += quality_fields(prepared.explainer)
    schema = pa.schema(fields)
    twice = {own for own in schema.names if schema.names.count(own) > 1}
    if twice:
        raise CommandError(
            Exit.USAGE, f"two columns would be called {sorted(twice)[0]!r}: rename one."
        )
    return schema


def _plain(type_):
    """The type of a key column in the output: of categories, that of their names."""
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _height(prepared, output) -> int:
    """Rows of a part, by how long the first rows take: a power of two, or a block."""
    data, n = prepared.data, 1
    if not data.n_rows:
        return output.block_rows
    while True:
        block = next(data.blocks(n, 0, prepared.read_columns))
        # The first time something may be made that is kept.
        seconds = min(_seconds_of(prepared, block, output) for _ in range(2))
        if seconds > _SURE or n >= min(data.n_rows, output.block_rows):
            break
        n = min(16 * n, output.block_rows)
    n_columns = max(data.n_columns, len(prepared.explainer.output_schema()))
    wanted = max(1, min(int(_SECONDS * n / seconds), _BYTES // (8 * n_columns)))
    if wanted >= output.block_rows:
        return output.block_rows
    return 2 ** (wanted.bit_length() - 1)


def _seconds_of(prepared, block, output):
    """Time to explain some rows; what is doubtful or fails is told when it counts."""
    skip_failed = output.on_error == "null"
    start = perf_counter()
    with warnings.catch_warnings(), suppress(Exception):
        warnings.simplefilter("ignore")
        if output.quality:
            blocks = [prepared.frame(block)]
            explained = explained_blocks(prepared.explainer, blocks, skip_failed)
        else:
            own = {"keep": prepared.keep, "n_jobs": 1}
            explained = prepared.explainer.transform_blocks([block], **own)
        for _ in explained:
            pass
    return perf_counter() - start
