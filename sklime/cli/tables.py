"""Tables on disk, read block by block: Parquet, CSV, Arrow, NumPy."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from sklime.cli.csv_file import CsvFile
from sklime.cli.data_file import (
    ArrowTables,
    DataFile,
    readable,
    skipped,
    without_views,
)
from sklime.cli.exits import CommandError, Exit

# Rows that are read at a time where all are gone through.
_SCAN_ROWS = 4_096

# Bytes of each column that are fetched at a time.
_BUFFER = 1 << 16

# Bytes of a row group that is read whole, one column after the other. Of one that is
# streamed, each column keeps its dictionary and a page: twice as much, of 100,000 rows.
_GROUP = 1 << 25

# Rows without any value of a sparse matrix that does not store where its rows begin: 64 MB.
_MOST_EMPTY_ROWS = 1 << 24


class ParquetFile(ArrowTables):
    """A Parquet file."""

    def __init__(self, path):
        super().__init__(path)
        with pa.parquet.ParquetFile(path) as file:
            self.is_described_by(file.schema_arrow, file.metadata.num_rows)

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
                yield from skipped(read(file, group, columns), skip, columns)
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
            chunks = [without_views(chunk) for chunk in own.column(name).chunks]
            found[name] = pa.chunked_array(chunks, self.types[name])
            pa.default_memory_pool().release_unused()
        table = pa.table(found)
        for first in range(0, len(table), _SCAN_ROWS):
            # Copies: who holds rows of a group would hold all of it, beside the next one.
            rows = np.arange(first, min(first + _SCAN_ROWS, len(table)))
            yield from table.take(pa.array(rows)).combine_chunks().to_batches()


class ArrowFile(ArrowTables):
    """An Arrow file or stream (IPC), also one of Feather."""

    def __init__(self, path):
        super().__init__(path)
        with self._batches() as (schema, batches):
            self.is_described_by(schema, sum(len(batch) for batch in batches))

    def _batches(self):
        return _IpcBatches(self.path)

    def read(self, start, columns):
        with self._batches() as (_, batches):
            yield from skipped(map(self._checked, batches), start, columns)

    @staticmethod
    def _checked(batch):
        """A batch whose indices lead nowhere outside of it: Arrow follows them unseen."""
        batch.validate(full=True)
        return batch


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
    with readable(path):
        return reader(path, keys) if reader is CsvFile else reader(path)


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

            rows = sparse.load_npz(path)
            if rows.format in ("csr", "csc", "bsr"):
                # Compiled code follows its indices without a look at their range.
                rows.check_format(full_check=True)
            if rows.ndim == 2:
                _check_number_of_rows(path, rows)
            return sparse.csr_matrix(rows)
        wanted = names if len(names) == 1 else [name for name in names if name == "X"]
        if not wanted:
            raise CommandError(
                Exit.DATA, f"{path} holds {names}: it must hold one array, or call it 'X'."
            )
        return _without_pickles(path, lambda: file[wanted[0]])


def _check_number_of_rows(path, rows):
    """Refuse a sparse matrix whose rows take far more memory than what it stores."""
    n = rows.shape[0]
    if rows.format != "csr" and n > _MOST_EMPTY_ROWS + 16 * rows.nnz:
        raise CommandError(
            Exit.DATA,
            f"{path} states {n:,} rows, of which {rows.nnz:,} values are stored: save them "
            "in the format csr.",
        )


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
