"""CSV files, whose types are found by reading them."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from sklime.cli.data_file import ArrowTables, skipped
from sklime.cli.exits import CommandError, Exit

# Keys that would be other ones as numbers: they are padded with zeros, are written to the
# base of 16, or have more digits than a float.
_CODES = {
    pa.int64(): r"^\s*[+-]?0[0-9xX]",
    pa.float64(): r"^\s*[+-]?(0[0-9xX]|[0-9]{16,}\s*$)",
}

# What stands in a CSV file for a missing value, as pandas reads it.
_MISSING = [*pa.csv.ConvertOptions().null_values, "<NA>", "None"]


class CsvFile(ArrowTables):
    """A CSV file, with the names of its columns in the first line.

    A column has one type in all of the file: whole numbers unless one has decimals, dates,
    truth values, text where a value is none of these. Times of day are text, as they are to
    pandas.

    Parameters
    ----------
    path : Path
    keys : sequence of str
        Columns whose texts stay as they are written, also those that mean a missing value,
        and codes that would be other ones as numbers, such as 00123.
    """

    def __init__(self, path, keys=()):
        super().__init__(path)
        self._keys, self._types = keys, {}
        while True:
            try:
                with self._open() as reader:
                    n_rows = sum(len(batch) for batch in reader)
                    self.is_described_by(reader.schema, n_rows)
                    self._check_is_text()
                times = [name for name, own in self.types.items() if pa.types.is_time(own)]
                texts = dict.fromkeys([*times, *self._codes()], pa.string())
                self._types = self.types | texts
                if not texts:
                    return
            except pa.ArrowInvalid as error:
                if not self._widen(str(error)):
                    raise

    def _codes(self):
        """Names of key columns that were taken for numbers, and hold codes."""
        numbers = [name for name in self._keys if self.types.get(name) in _CODES]
        if not numbers:
            return []
        found = set()
        with self._open(dict.fromkeys(numbers, pa.string()), numbers) as reader:
            for batch in reader:
                for name in set(numbers) - found:
                    own = pc.match_substring_regex(batch[name], _CODES[self.types[name]])
                    if pc.any(own).as_py():
                        found.add(name)
        return sorted(found)

    def _check_is_text(self):
        """Check that all texts are UTF-8; of columns that are not, Arrow gives bytes."""
        for name, type_ in self.types.items():
            if pa.types.is_binary(type_):
                raise CommandError(
                    Exit.DATA,
                    f"{self.path} holds text in column {name!r} that is not UTF-8: save "
                    "the file in this encoding.",
                )

    def _open(self, types=None, columns=None):
        convert = pa.csv.ConvertOptions(
            column_types=self._types if types is None else types,
            include_columns=columns,
            null_values=_MISSING,
            strings_can_be_null=False,
        )
        # Quoted texts may hold ends of lines.
        parse = pa.csv.ParseOptions(newlines_in_values=True)
        return pa.csv.open_csv(self.path, parse_options=parse, convert_options=convert)

    def _widen(self, problem):
        """Give a column a wider type after a value that does not fit; whether it could."""
        found = re.search(r"In CSV column #(\d+).* conversion error to (\w+)", problem)
        if found is None:
            return False
        with self._open() as reader:
            name = reader.schema.names[int(found[1])]
        numbers = found[2].startswith(("int", "null"))
        wider = pa.float64() if numbers else pa.string()
        if self._types.get(name) == wider:
            return False
        self._types = {**self._types, name: wider}
        return True

    def read(self, start, columns):
        with self._open() as reader:
            for table in skipped(reader, start, columns):
                yield self._without_missing_texts(table)

    def _without_missing_texts(self, table):
        for i, field in enumerate(table.schema):
            if pa.types.is_string(field.type) and field.name not in self._keys:
                own = table.column(i)
                missing = pc.is_in(own, value_set=pa.array(_MISSING))
                own = pc.if_else(missing, pa.scalar(None, pa.string()), own)
                table = table.set_column(i, field, own)
        return table
