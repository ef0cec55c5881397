"""Parts of an output: whole files of fixed row ranges, beside the file that they become."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from sklime.cli.exits import CommandError, Exit
from sklime.cli.manifest import differences
from sklime.serialization.whole_file import write_whole

_PART = re.compile(r"part-(\d{12})-(\d{12})\.arrow")

# All that lies in the folder: nothing else is ever removed from it.
_OWN = re.compile(rf"lock|manifest\.json|{_PART.pattern}|\..+\.unfinished")


class Parts:
    """Folder of the parts of one output, ``OUT.parts``, for one process at a time.

    Parameters
    ----------
    out : Path
        The file that the parts become.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out.with_name(f"{out.name}.parts")
        self._manifest = self.folder / "manifest.json"
        self._lock: Any = None

    def claim(self) -> None:
        """Make the folder, before any work.

        Raises
        ------
        CommandError
            If nothing can be written there, or another process does.
        """
        with written(self.out):
            if self.out.is_dir():
                raise CommandError(
                    Exit.NOT_WRITTEN, f"{self.out} is a folder: name a file in it."
                )
            if not self.out.parent.is_dir():
                raise CommandError(
                    Exit.NOT_WRITTEN,
                    f"{self.out} lies in a folder that does not exist: create "
                    f"{str(self.out.parent)!r} first, or name another.",
                )
            self._check_folder()
            self.folder.mkdir(exist_ok=True)
            self._lock = (self.folder / "lock").open("ab")
            if not _locks(self._lock):
                self._lock = None
                raise CommandError(
                    Exit.NOT_WRITTEN,
                    f"another process is writing {self.out}: wait for it, or name another.",
                )

    def _check_folder(self):
        """Check that what stands under the folder's name is of an earlier run."""
        if not self.folder.exists():
            return
        if not self.folder.is_dir():
            raise CommandError(
                Exit.NOT_WRITTEN,
                f"{self.folder} is a file, where parts would go: move it, or name another "
                "output.",
            )
        foreign = list(filter(self._is_foreign, os.listdir(self.folder)))
        if foreign:
            raise CommandError(
                Exit.NOT_WRITTEN,
                f"{self.folder}, where parts would go, holds {foreign[0]!r}, which is "
                "none: move it, or name another output.",
            )

    def _is_foreign(self, name):
        """Whether a name in the folder is of nothing that an earlier run wrote."""
        if _OWN.fullmatch(name):
            return (self.folder / name).is_dir()
        # Hidden files are those of file systems and of their browsers.
        return not name.startswith(".")

    def read_manifest(self, key: Any) -> Any:
        """The manifest of a run that was stopped, or None if there is none.

        Raises
        ------
        CommandError
            If it is of another run.
        """
        try:
            manifest = json.loads(self._manifest.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            manifest = None
        found = manifest.get("key") if isinstance(manifest, dict) else None
        other = differences(found, key)
        if not other and manifest.get("height") not in range(
            1, key["parameters"]["block_rows"] + 1
        ):
            other = ["height"]
        if other:
            raise CommandError(
                Exit.USAGE,
                f"{self.folder} holds parts of another run, which differs in "
                f"{', '.join(other)}: start afresh with --fresh, or write to another file.",
            )
        return manifest

    def start(self, manifest: Any) -> None:
        """Write the manifest of a new run; parts of another one are removed."""
        self.clear()
        with written(self.out):
            self._write(
                self._manifest,
                lambda file: file.write(json.dumps(manifest, indent=1).encode()),
            )

    def clear(self) -> None:
        """Remove all but the lock."""
        for name in os.listdir(self.folder):
            if name != "lock" and _OWN.fullmatch(name):
                (self.folder / name).unlink()

    def done(self) -> int:
        """Number of rows, from the first one on, of which there are parts."""
        stop = 0
        for first, end, _ in self._found():
            if first != stop:
                break
            stop = end
        return stop

    def add(self, first: int, table: pa.Table) -> None:
        """Write the part that begins at a row; it is on the disk when this returns."""
        name = f"part-{first:012d}-{first + len(table):012d}.arrow"

        def write(file):
            with pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)

        with written(self.out):
            self._write(self.folder / name, write)

    def tables(self) -> Iterator[pa.Table]:
        """The parts, in order.

        Raises
        ------
        CommandError
            If one does not hold the rows that its name says.
        """
        stop = 0
        for first, end, path in self._found():
            table = _table_of(path)
            if table is None or (first, end) != (stop, stop + len(table)):
                raise CommandError(
                    Exit.USAGE, f"{path} is damaged: start afresh with --fresh."
                )
            yield table
            stop = end

    def finish(self, write: Callable[[Any], None]) -> None:
        """Write the whole output, put it in its place, and remove the parts.

        Parameters
        ----------
        write : callable
            Takes the file.
        """
        with written(self.out):
            self._write(self.out, write)
        self.remove()

    def remove(self) -> None:
        """Remove the folder."""
        with suppress(OSError):
            self.clear()
        self.release()
        with suppress(OSError):
            (self.folder / "lock").unlink()
            self.folder.rmdir()

    def release(self) -> None:
        """Let other processes write here."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def abandon(self) -> None:
        """Keep the parts for another run; without any, nothing is left behind."""
        if self._lock is None:
            return
        if self.done():
            self.release()
        else:
            self.remove()

    def _found(self):
        names = sorted(os.listdir(self.folder))
        for match in filter(None, map(_PART.fullmatch, names)):
            yield int(match[1]), int(match[2]), self.folder / match[0]

    def _write(self, path, write):
        write_whole(path, write, self.folder)


def _table_of(path):
    """The rows in a part; None if it is damaged."""
    try:
        with path.open("rb") as source, pa.ipc.open_file(source) as reader:
            return reader.read_all()
    except pa.ArrowException:
        return None


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Context in which errors of the disk end the command.

    Parameters
    ----------
    path : Path
        The file that is written in the end.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise CommandError(
            Exit.NOT_WRITTEN, f"{path} cannot be written: {reason}."
        ) from error


def _locks(file):
    """Whether no other process holds the lock; it is freed when this process ends."""
    try:
        import fcntl
    except ImportError:  # Windows refuses to open what another process writes
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
