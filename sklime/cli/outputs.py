"""Kinds of output: one Parquet file, or one CSV file that spreadsheets can open."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from sklime.cli.exits import CommandError, Exit
from sklime.cli.regrouping import joined, regrouped

# A text that begins so is a formula to spreadsheets, which they run; some take the wide
# characters of East Asian keyboards for the others.
_FORMULA = r"^([=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}])"

# Types of bytes, which need not be text.
_BYTES = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_fixed_size_binary,
    pa.types.is_binary_view,
)


def writer_of(out: Path) -> Any:
    """The function that writes a file of this ending.

    Raises
    ------
    CommandError
        If there is none.
    """
    if out.suffix.lower() not in _WRITERS:
        raise CommandError(
            Exit.USAGE, f"--output {out} must end in {' or '.join(_WRITERS)}."
        )
    return _WRITERS[out.suffix.lower()]


def check_columns(out: Path, schema: pa.Schema) -> None:
    """Check that a file of this ending can hold columns of these types.

    Raises
    ------
    CommandError
        If one has no form there.
    """
    if out.suffix.lower() != ".csv":
        return
    for field in schema:
        if not _has_text(field.type):
            raise CommandError(
                Exit.USAGE,
                f"--keep {field.name}: a column of {field.type} has no form in CSV: write "
                f"{out.with_suffix('.parquet')}, or leave it out.",
            )


def write_parquet(
    file: Any, tables: Iterable[pa.Table], schema: pa.Schema, height: int
) -> None:
    """Write tables as Parquet, in row groups that do not depend on how they are cut.

    Parameters
    ----------
    file : binary file
    tables : iterable of Table
    schema : Schema
    height : int
        Rows of a row group.
    """
    repeated = [own.name for own in schema if not pa.types.is_floating(own.type)]
    with pa.parquet.ParquetWriter(file, schema, use_dictionary=repeated) as writer:
        for group in regrouped(tables, height, joined):
            writer.write_table(group, row_group_size=height)


def write_csv(
    file: Any, tables: Iterable[pa.Table], schema: pa.Schema, height: int
) -> None:
    """Write tables as CSV; texts that spreadsheets would run get an apostrophe in front.

    Parameters
    ----------
    file : binary file
    tables : iterable of Table
    schema : Schema
    height : int
        Rows that are written at a time.
    """
    header = [_harmless(pa.array([name]))[0].as_py() for name in schema.names]
    fields = [
        pa.field(name, _in_csv(own.type)) for name, own in zip(header, schema, strict=True)
    ]
    with pa.csv.CSVWriter(file, pa.schema(fields)) as writer:
        for group in regrouped(tables, height, joined):
            columns = [_column(own) for own in group.columns]
            writer.write_table(pa.Table.from_arrays(columns, schema=pa.schema(fields)))


def _column(column):
    wanted = _in_csv(column.type)
    column = column.cast(wanted)
    return _harmless(column) if wanted == pa.string() else column


def _in_csv(type_):
    plain = (
        pa.types.is_floating(type_)
        or pa.types.is_integer(type_)
        or pa.types.is_boolean(type_)
        or pa.types.is_temporal(type_)
    )
    return type_ if plain else pa.string()


def _has_text(type_):
    """Whether all values of a type can be written as text."""
    if any(f(type_) for f in _BYTES):
        return False
    try:
        pa.nulls(0, type_).cast(_in_csv(type_))
    except pa.ArrowNotImplementedError:
        return False
    return True


def _harmless(texts):
    return pc.replace_substring_regex(texts, _FORMULA, r"'\1")


_WRITERS = {".parquet": write_parquet, ".csv": write_csv}
