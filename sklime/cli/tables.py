"""Tables on disk, read block by block: Parquet, CSV, Arrow, NumPy."""

from __future__ import annotations

import re
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from sklime.cli.exits import CommandError, Exit
from sklime.cli.regrouping import joined, regrouped

# Rows that are read at a time where all are gone through.
_SCAN_ROWS = 4_096

# Bytes of each column that are fetched at a time.
_BUFFER = 1 << 16

# Bytes of a row group that is read whole, one column after the other. Of one that is
# streamed, each column keeps its dictionary and a page: twice as much, of 100,000 rows.
_GROUP = 1 << 25

# Keys that would be other ones as numbers: they are padded with zeros, are written to the
# base of 16, or have more digits than a float.
_CODES = {
    pa.int64(): r"^\s*[+-]?0[0-9xX]",
    pa.float64(): r"^\s*[+-]?(0[0-9xX]|[0-9]{16,}\s*$)",
}

# What stands in a CSV file for a missing value, as pandas reads it.
_MISSING = [*pa.csv.ConvertOptions().null_values, "<NA>", "None"]


class DataFile(ABC):
    """A table on disk.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    names : list of str or None
        Its columns; None: they have no names.
    n_columns : int
    n_rows : int
    types : dict
        Arrow's types of columns that have names.
    """

    names: list[str] | None
    n_columns: int
    n_rows: int
    types: dict[str, pa.DataType]

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def read(self, start: int, columns: Sequence[str] | None) -> Iterator[Any]:
        """Yield tables of consecutive rows from one on, of any number of rows."""

    def blocks(
        self, height: int, start: int = 0, columns: Sequence[str] | None = None
    ) -> Iterator[Any]:
        """The rows from `start` on in blocks of `height`, the last one shorter."""
        return regrouped(self.read(start, columns), height, self.joined)

    def take(self, rows: np.ndarray, columns: Sequence[str] | None = None) -> Any:
        """Rows at sorted positions, as one table."""
        found, first = [], 0
        for table in self.read(0, columns):
            n = len(table)
            inside = rows[(rows >= first) & (rows < first + n)] - first
            if len(inside):
                found.append(self.taken(table, inside))
            first += n
            if first > rows[-1]:
                break
        return self.joined(found)

    def sample(self, n: int, seed: int, columns: Sequence[str] | None = None) -> Any:
        """All rows, or a seeded sample of them, in their order."""
        rows = np.arange(self.n_rows)
        if n < self.n_rows:
            rng = np.random.default_rng(seed)
            rows = np.sort(rng.choice(self.n_rows, n, replace=False))
        return self.take(rows, columns)

    @staticmethod
    @abstractmethod
    def joined(parts: list[Any]) -> Any:
        """One table of the rows of several."""

    @staticmethod
    @abstractmethod
    def taken(table: Any, rows: np.ndarray) -> Any:
        """Some rows of a table."""


class _ArrowFile(DataFile):
    """Base of files that Arrow reads: their blocks are Arrow tables."""

    def _is_described_by(self, schema, n_rows):
        self.names, self.n_columns = list(schema.names), len(schema.names)
        self.n_rows = n_rows
        self.types = {own.name: _type_without_views(own.type) for own in schema}
        if len(set(self.names)) < len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise CommandError(
                Exit.DATA, f"{self.path} has two columns {twice!r}: rename one of them."
            )

    @staticmethod
    def joined(parts):
        return joined(parts)

    @staticmethod
    def taken(table, rows):
        return table.take(pa.array(rows))


class ParquetFile(_ArrowFile):
    """A Parquet file."""

    def __init__(self, path):
        super().__init__(path)
        with pa.parquet.ParquetFile(path) as file:
            self._is_described_by(file.schema_arrow, file.metadata.num_rows)

    def read(self, start, columns):
        # Streamed: by default whole row groups are fetched ahead, of the whole file.
        streamed = {"pre_buffer": False, "buffer_size": _BUFFER}
        with pa.parquet.ParquetFile(self.path, **streamed) as file:
            counts = [
                file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)
            ]
            ends = np.cumsum(counts, dtype=np.int64)
            first = int(np.searchsorted(ends, start, side="right"))
            skip = start - (int(ends[first - 1]) if first else 0)
            for group in range(first, len(counts)):
                whole = self._size(file, group, columns) <= _GROUP
                read = self._read_whole if whole else self._read_streamed
                yield from _skipped(read(file, group, columns), skip, columns)
                skip = 0

    def _size(self, file, group, columns):
        """Bytes of a row group in memory, if its columns are numbers."""
        found = file.metadata.row_group(group)
        n_columns = self.n_columns if columns is None else len(columns)
        return max(found.total_byte_size, 8 * found.num_rows * n_columns)

    def _read_streamed(self, file, group, columns):
        own = {"columns": columns, "use_threads": False}
        return file.iter_batches(_SCAN_ROWS, row_groups=[group], **own)

    def _read_whole(self, file, group, columns):
        found = {}
        for name in self.names if columns is None else columns:
            own = file.read_row_group(group, [name], use_threads=False)
            chunks = [_without_views(chunk) for chunk in own.column(name).chunks]
            found[name] = pa.chunked_array(chunks, self.types[name])
            pa.default_memory_pool().release_unused()
        table = pa.table(found)
        for first in range(0, len(table), _SCAN_ROWS):
            # Copies: who holds rows of a group would hold all of it, beside the next one.
            rows = np.arange(first, min(first + _SCAN_ROWS, len(table)))
            yield from table.take(pa.array(rows)).combine_chunks().to_batches()


class CsvFile(_ArrowFile):
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
                    self._is_described_by(reader.schema, n_rows)
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
            for table in _skipped(reader, start, columns):
                yield self._without_missing_texts(table)

    def _without_missing_texts(self, table):
        for i, field in enumerate(table.schema):
            if pa.types.is_string(field.type) and field.name not in self._keys:
                own = table.column(i)
                missing = pc.is_in(own, value_set=pa.array(_MISSING))
                own = pc.if_else(missing, pa.scalar(None, pa.string()), own)
                table = table.set_column(i, field, own)
        return table


class ArrowFile(_ArrowFile):
    """An Arrow file or stream (IPC), also one of Feather."""

    def __init__(self, path):
        super().__init__(path)
        with self._batches() as (schema, batches):
            self._is_described_by(schema, sum(len(batch) for batch in batches))

    def _batches(self):
        return _IpcBatches(self.path)

    def read(self, start, columns):
        with self._batches() as (_, batches):
            yield from _skipped(batches, start, columns)


class _IpcBatches:
    """Context: the schema and the batches of a file or stream."""

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        self._source = pa.memory_map(str(self._path))
        try:
            file = pa.ipc.open_file(self._source)
        except pa.ArrowInvalid:
            self._source.seek(0)
            stream = pa.ipc.open_stream(self._source)
            return stream.schema, stream
        return file.schema, (file.get_batch(i) for i in range(file.num_record_batches))

    def __exit__(self, *failure):
        self._source.close()


class NumpyFile(DataFile):
    """An array of NumPy, or a sparse matrix of SciPy: `.npy`, `.npz`."""

    def __init__(self, path):
        super().__init__(path)
        self._rows = _load_array(path)
        if self._rows.ndim != 2:
            raise CommandError(
                Exit.DATA, f"{path} has shape {self._rows.shape}: a table has two axes."
            )
        self.names, self.types = None, {}
        self.n_rows, self.n_columns = self._rows.shape

    def read(self, start, columns):
        for first in range(start, self.n_rows, _SCAN_ROWS):
            yield _Rows(self._rows[first : first + _SCAN_ROWS])

    @staticmethod
    def joined(parts):
        from scipy import sparse

        if sparse.issparse(parts[0].rows):
            return sparse.vstack([part.rows for part in parts], format="csr")
        return np.concatenate([part.rows for part in parts])

    @staticmethod
    def taken(table, rows):
        return _Rows(table.rows[rows])


class _Rows:
    """Rows of an array or sparse matrix, with a length."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return self.rows.shape[0]

    def __getitem__(self, where):
        return _Rows(self.rows[where])


_READERS: dict[str, Callable[[Path], DataFile]] = {
    ".parquet": ParquetFile,
    ".pq": ParquetFile,
    ".csv": CsvFile,
    ".arrow": ArrowFile,
    ".arrows": ArrowFile,
    ".feather": ArrowFile,
    ".ipc": ArrowFile,
    ".npy": NumpyFile,
    ".npz": NumpyFile,
}


def open_table(path: Path, keys: Sequence[str] = ()) -> DataFile:
    """Open a table by the ending of its name, and count its rows.

    Parameters
    ----------
    path : Path
    keys : sequence of str
        Columns that are carried along as they are.

    Raises
    ------
    CommandError
        If it is of another kind, or cannot be read.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise CommandError(
            Exit.USAGE,
            f"{path} must end in one of {', '.join(_READERS)}: tables are told "
            "apart by it.",
        )
    try:
        return reader(path, keys) if reader is CsvFile else reader(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise CommandError(Exit.DATA, f"{path} cannot be read: {error}") from error


def _skipped(batches, skip, columns):
    """Tables of batches without the first rows, of some columns."""
    for batch in batches:
        n = min(skip, len(batch))
        skip -= n
        if n < len(batch):
            rows = batch[n:]
            fields = [own.with_type(_type_without_views(own.type)) for own in rows.schema]
            schema = pa.schema(fields, rows.schema.metadata)
            own = [_without_views(column) for column in rows.columns]
            table = pa.Table.from_arrays(own, schema=schema)
            yield table if columns is None else table.select(list(columns))


def _type_without_views(type_):
    """The type of a column in memory: Arrow takes no rows of views, which polars writes."""
    if pa.types.is_dictionary(type_):
        values = _type_without_views(type_.value_type)
        return pa.dictionary(type_.index_type, values, type_.ordered)
    if pa.types.is_string_view(type_):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary_view(type_) else type_


def _without_views(column):
    """A column of that type."""
    wanted = _type_without_views(column.type)
    if wanted == column.type:
        return column
    if pa.types.is_dictionary(wanted):
        values = _without_views(column.dictionary)
        own = {"ordered": wanted.ordered}
        return pa.DictionaryArray.from_arrays(column.indices, values, **own)
    return column.cast(wanted)


def _load_array(path):
    if path.suffix.lower() == ".npy":
        return _without_pickles(path, lambda: np.load(path, mmap_mode="r"))
    if not zipfile.is_zipfile(path):
        raise CommandError(
            Exit.DATA, f"{path} is no archive of arrays, as numpy.savez writes it."
        )
    with np.load(path, allow_pickle=False) as file:
        names = file.files
        if {"format", "shape", "data"} <= set(names):
            from scipy import sparse

            return sparse.csr_matrix(sparse.load_npz(path))
        wanted = names if len(names) == 1 else [name for name in names if name == "X"]
        if not wanted:
            raise CommandError(
                Exit.DATA, f"{path} holds {names}: it must hold one array, or call it 'X'."
            )
        return _without_pickles(path, lambda: file[wanted[0]])


def _without_pickles(path, load):
    try:
        return load()
    except ValueError as error:
        if not any(word in str(error) for word in ("pickle", "Python objects")):
            raise
        raise CommandError(
            Exit.NOT_TRUSTED,
            f"{path} holds Python objects, which are a pickle and could "
            "run any program: save numbers, or a Parquet file.",
        ) from error
