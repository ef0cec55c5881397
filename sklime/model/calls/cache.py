"""Answers that are known already, by the keys of rows: in a file, or in memory."""

import os
import sqlite3
import zlib
from contextlib import closing, contextmanager

import numpy as np

# Marks files of this kind: "skli" in SQLite's header.
_KIND, _VERSION = 0x736B6C69, 1

# Keys looked up at a time.
_AT_ONCE = 500

# Seconds to wait while another process writes.
_PATIENCE = 60.0


class AnswersInMemory:
    """Answers of one process: flat numbers and their layout, by key."""

    def __init__(self):
        self._known = {}

    @contextmanager
    def opened(self):
        """Context in which answers are read and written."""
        yield self

    def find(self, keys):
        """Known answers.

        Parameters
        ----------
        keys : list of bytes
            Of rows.

        Returns
        -------
        dict of bytes to (str, ndarray)
            Layout and numbers of those that are known.
        """
        return {key: self._known[key] for key in keys if key in self._known}

    def add(self, keys, layout, numbers):
        """Keep the answers about one batch.

        Parameters
        ----------
        keys : list of bytes
            Of rows.
        layout : str
            How their numbers are to be read.
        numbers : ndarray of shape (n_rows, n_numbers), dtype float64
            The answers.
        """
        for key, own in zip(keys, numbers, strict=True):
            self._known[key] = layout, own


class AnswersInFile:
    """Answers in a SQLite file, which several processes may read and write.

    A batch is written as a whole or not at all; each answer has a checksum, without which
    it does not count.

    Parameters
    ----------
    path : str or path
        The file; made at the first use.
    """

    def __init__(self, path):
        self._path = os.fspath(path)

    @contextmanager
    def opened(self):
        """Context in which answers are read and written."""
        with self._explaining_errors(), closing(self._connected()) as database:
            yield _OpenFile(database, self._explaining_errors)

    def _connected(self):
        # Transactions begin where they are asked for.
        database = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)
        try:
            self._prepare(database)
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(self, database):
        """Check that the file is ours, or make it so."""
        if _mark(database) == (_KIND, _VERSION):
            database.execute("PRAGMA synchronous = NORMAL")
            return
        database.execute("BEGIN IMMEDIATE")
        kind, version = _mark(database)  # now that no other process makes it
        if (kind, version) == (_KIND, _VERSION):
            database.execute("ROLLBACK")
            return
        [(n_tables,)] = database.execute("SELECT count(*) FROM sqlite_master")
        if n_tables or kind:
            database.execute("ROLLBACK")
            raise ValueError(
                f"cache={self._path!r} is a SQLite file of another kind or version of "
                "sklime: give the path of a new file"
            )
        database.execute(
            "CREATE TABLE answers (key BLOB PRIMARY KEY, layout TEXT NOT NULL, "
            "numbers BLOB NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID"
        )
        database.execute(f"PRAGMA application_id = {_KIND}")
        database.execute(f"PRAGMA user_version = {_VERSION}")
        database.execute("COMMIT")
        # Readers and a writer at the same time; a file that is busy now stays as it is.
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            pass
        database.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def _explaining_errors(self):
        """Context: say what errors of SQLite mean for a user."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OSError(
                f"cache={self._path!r} cannot be used ({error}): it must be a file in a "
                "folder that exists, can be written to and has space left"
            ) from error
        except sqlite3.DatabaseError as error:
            raise ValueError(
                f"cache={self._path!r} is no readable SQLite file ({error}): delete it, or "
                "give another path"
            ) from error


class _OpenFile:
    """Answers in a file that is open: `find` and `add` as of `AnswersInMemory`."""

    def __init__(self, database, explaining_errors):
        self._database = database
        self._explaining_errors = explaining_errors

    def find(self, keys):
        found = {}
        for start in range(0, len(keys), _AT_ONCE):
            own = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(own))
            query = f"SELECT * FROM answers WHERE key IN ({marks})"
            for key, layout, numbers, checksum in self._database.execute(query, own):
                if _checksum(key, layout, numbers) == checksum:
                    found[key] = layout, np.frombuffer(numbers, "<f8")
        return found

    def add(self, keys, layout, numbers):
        rows = []
        for key, own in zip(keys, numbers.astype("<f8"), strict=True):
            content = own.tobytes()
            rows.append((key, layout, content, _checksum(key, layout, content)))
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        try:
            database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", rows)
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise


def _mark(database):
    [(kind,)] = database.execute("PRAGMA application_id")
    [(version,)] = database.execute("PRAGMA user_version")
    return kind, version


def _checksum(key, layout, numbers):
    return zlib.crc32(numbers, zlib.crc32(layout.encode(), zlib.crc32(key)))
