"""Objects that are written as JSON documents, and read back."""

from __future__ import annotations

import json
import os
from abc import abstractmethod
from typing import Any, Self, overload

from sklime.serialization.source import read_document
from sklime.serialization.text import returned_or_written


class JSONDocument:
    """Mixin of what has a dict that JSON can hold, and is made of one."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Write it as a dict of None, booleans, numbers, strings, lists and dicts."""

    @classmethod
    @abstractmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read it from such a dict."""

    @overload
    def to_json(self, path: None = None) -> str: ...

    @overload
    def to_json(self, path: str | os.PathLike[str]) -> None: ...

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write the JSON document of `to_dict`; its numbers are read back to the bit.

        Parameters
        ----------
        path : str or path-like, default=None
            The file to write; None: none.

        Returns
        -------
        str or None
            The document, where there is no `path`.

        Raises
        ------
        TypeError
            If there are values that JSON cannot hold, such as Python objects.

        See Also
        --------
        from_json : The inverse, equal to the bit.
        """
        text = json.dumps(self.to_dict(), allow_nan=False)
        return returned_or_written(text, path)

    @classmethod
    def from_json(cls, source: str | bytes | os.PathLike[str]) -> Self:
        """Read what `to_json` wrote; nothing in the document is executed.

        Parameters
        ----------
        source : str, bytes or path-like
            The document, which begins with ``{``, or else the path of its file.

        Returns
        -------
        Self
            Equal to the bit to what was written.

        Raises
        ------
        ValueError
            If it is not JSON, or not a document that `from_dict` reads.
        """
        return cls.from_dict(read_document(source))
