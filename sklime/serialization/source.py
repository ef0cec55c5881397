"""JSON documents from text or from a file."""

import json
import os
import re
import reprlib
from errno import ENOENT
from pathlib import Path


def read_document(source):
    """Read a JSON document.

    Parameters
    ----------
    source : str, bytes or path-like
        The document, which begins with ``{``, or else the path of its file.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If it is neither a JSON document nor the path of a file that can be read.
    OSError
        If it is a path and there is no such file.
    """
    if isinstance(source, bytes):
        source = _decoded(source)
    if isinstance(source, os.PathLike) or not _is_document(source):
        source = _decoded(_read_bytes(source))
    try:
        return json.loads(source.lstrip("\ufeff"))
    except ValueError as error:
        raise ValueError(f"source is not a JSON document: {error}") from error
    except RecursionError:
        raise ValueError("source is no JSON document of ours: too deep") from None


def _is_document(source):
    # Lists are no explanations, and not likely paths.
    return re.match(r"[\ufeff\s]*[{\[]", source) is not None and not _is_file(source)


def _is_file(source):
    try:
        return os.path.isfile(source)
    except ValueError:  # as of null bytes
        return False


def _read_bytes(path):
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        if not isinstance(path, os.PathLike) and getattr(error, "errno", None) != ENOENT:
            shown = reprlib.repr(path)
            raise ValueError(
                f"source={shown} is neither a JSON document, which begins with {{, nor the "
                f"path of a file: {type(error).__name__}"
            ) from error
        raise


def _decoded(source):
    """Text of a document, in any of the encodings of JSON."""
    try:
        return source.decode(json.detect_encoding(source))
    except UnicodeDecodeError as error:
        raise ValueError(f"source is not a JSON document: {error}") from error
