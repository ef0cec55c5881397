"""Files that are whole whenever they can be seen under their names."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from uuid import uuid4


def write_whole(
    path: str | os.PathLike[str],
    write: Callable[[IO[bytes]], Any],
    folder: str | os.PathLike[str] | None = None,
) -> None:
    """Write a file to the disk under another name first, and then give it its own.

    Parameters
    ----------
    path : str or path-like
        The file; what stood there before stays as it was if something fails.
    write : callable
        Takes the file, open for bytes.
    folder : str or path-like, default=None
        Where it lies until it is whole, on the same disk. None: beside its place.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklime.serialization.whole_file import write_whole
    >>> with TemporaryDirectory() as own:
    ...     path = Path(own) / "greeting.txt"
    ...     write_whole(path, lambda file: file.write(b"hello"))
    ...     path.read_text()
    'hello'
    """
    path = Path(path)
    folder = path.parent if folder is None else Path(folder)
    unfinished = folder / f".{path.name}.{uuid4().hex}.unfinished"
    try:
        with unfinished.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            # A new file has the permissions that others get, an old one keeps its own.
            unfinished.chmod(path.stat().st_mode & 0o777)
        os.replace(unfinished, path)
    except BaseException as error:
        with suppress(OSError):
            unfinished.unlink()
        if isinstance(error, OSError) and error.filename == str(unfinished):
            # Which is all that the caller knows of.
            error.filename = str(path)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder):
    """Have the new name survive a crash of the machine, where folders can be synced."""
    # Not everywhere can folders be opened, nor synced.
    with suppress(OSError, AttributeError):
        own = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(own)
        finally:
            os.close(own)
