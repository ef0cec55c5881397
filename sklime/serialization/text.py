"""Texts, such as pages and documents, that are returned or written to a file."""

from __future__ import annotations

import os
from pathlib import Path


def returned_or_written(text: str, path: str | os.PathLike[str] | None) -> str | None:
    """Write a text to a file in UTF-8; without a path, give it back.

    Examples
    --------
    >>> from sklime.serialization.text import returned_or_written
    >>> returned_or_written("a page", None)
    'a page'
    """
    if path is None:
        return text
    Path(path).write_text(text, encoding="utf-8")
    return None
