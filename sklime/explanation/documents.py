"""Explanations as dicts and as JSON documents of a versioned schema."""

import json
import os
from dataclasses import fields
from importlib import resources
from pathlib import Path

import numpy as np

from sklime.conditions import TableConditions
from sklime.explanation.arrays import nested_floats
from sklime.explanation.encoding import decode, encode
from sklime.explanation.fields import PER_OUTPUT, PER_UNIT

_FORMAT = "sklime.Explanation"
_VERSION = 1


def json_schema():
    """Give the JSON Schema (draft 2020-12) of the documents of `Explanation.to_json`.

    Returns
    -------
    dict

    Examples
    --------
    >>> from sklime.explanation import json_schema
    >>> json_schema()["title"]
    'sklime.Explanation, version 1'
    """
    text = (
        resources.files(__package__).joinpath("explanation.schema.json").read_text("utf-8")
    )
    return json.loads(text)


class Document:
    """The writing and reading of an `Explanation`."""

    def to_dict(self):
        """Write the explanation as a dict that JSON can hold.

        Returns
        -------
        dict
            Of None, booleans, numbers, strings, lists and dicts only. `json_schema` gives
            its schema.

        Raises
        ------
        TypeError
            If `data` or `meta` hold values that JSON cannot, such as Python objects.

        See Also
        --------
        from_dict : The inverse, equal to the bit.
        """
        floats = {
            name: None if array is None else nested_floats(array)
            for name in PER_OUTPUT + PER_UNIT
            for array in [getattr(self, name)]
        }
        return {
            "format": _FORMAT,
            "version": _VERSION,
            "shape": list(self.shape),
            **floats,
            "data": encode(self.data),
            "feature_names": encode(self.feature_names.tolist()),
            "target_names": encode(self.target_names.tolist()),
            "conditions": _encode_conditions(self.conditions),
            "meta": encode(self.meta),
            "unit_names": _encode_rows(self.unit_names),
            "unit_spans": encode(self.unit_spans),
        }

    @classmethod
    def from_dict(cls, document):
        """Read an explanation from a dict.

        Parameters
        ----------
        document : dict
            As `to_dict` writes it.

        Returns
        -------
        Explanation
            Equal to the bit to the one that was written, in containers of the same kinds.

        Raises
        ------
        ValueError
            If it is no explanation, was written by a newer version of sklime, lacks a
            field, has an unknown one, or holds something that does not fit.
        """
        names = {field.name for field in fields(cls)}
        _check_document(document, names | {"format", "version", "shape"})
        return cls(**{name: _read(document, name) for name in names})

    def to_json(self, path=None):
        """Write the explanation as JSON.

        Numbers are written such that they are read back to the bit; NaN is null, infinities
        are strings. `json_schema` gives the schema of the document.

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
            If `data` or `meta` hold values that JSON cannot, such as Python objects.

        See Also
        --------
        from_json : The inverse, equal to the bit.
        """
        text = json.dumps(self.to_dict(), allow_nan=False)
        if path is None:
            return text
        Path(path).write_text(text, encoding="utf-8")
        return None

    @classmethod
    def from_json(cls, source):
        """Read an explanation from JSON; nothing in the document is executed.

        Parameters
        ----------
        source : str, bytes or path-like
            The document, which begins with ``{``, or else the path of its file.

        Returns
        -------
        Explanation
            Equal to the bit to the one that was written, in containers of the same kinds.

        Raises
        ------
        ValueError
            If it is not JSON, no explanation, was written by a newer version of sklime,
            lacks a field, has an unknown one, or holds something that does not fit.
        """
        if isinstance(source, os.PathLike) or not _is_document(source):
            source = Path(os.fsdecode(source)).read_text(encoding="utf-8")
        try:
            document = json.loads(source)
        except ValueError as error:
            raise ValueError(f"source is not a JSON document: {error}") from error
        return cls.from_dict(document)


def _is_document(source):
    start = source[:100].lstrip()
    return start[:1] in ("{", b"{")


def _check_document(document, names):
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ValueError(f'the document is no explanation: it lacks "format": "{_FORMAT}"')
    version = document.get("version")
    if type(version) is not int or version < 1:
        raise ValueError(f"version={version!r} must be a positive int")
    if version > _VERSION:
        raise ValueError(
            f"the document has version {version} of its schema, which is newer than "
            f"{_VERSION}, the last that this sklime reads: upgrade sklime"
        )
    missing, unknown = sorted(names - set(document)), sorted(set(document) - names)
    if missing or unknown:
        raise ValueError(
            f"the document lacks the fields {missing} and has the unknown fields {unknown}"
        )


def _read(document, name):
    value, shape = document[name], document["shape"]
    try:
        if value is None:
            return None
        if name in PER_OUTPUT:
            return np.array(value, dtype=float).reshape(shape[:-1])
        if name in PER_UNIT:
            return np.array(value, dtype=float).reshape(shape)
        if name == "conditions" and isinstance(value, dict):
            labels = value["labels"]
            codes = np.array(value["codes"], dtype=int).reshape(shape[0], len(labels))
            return TableConditions(codes, labels)
        return decode(value)
    except Exception as error:
        raise ValueError(f"the field {name!r} cannot be read: {error!r}") from error


def _encode_conditions(conditions):
    if not isinstance(conditions, TableConditions):
        return _encode_rows(conditions)
    labels = [own.tolist() for own in conditions.labels]
    return {"codes": conditions.codes.tolist(), "labels": labels}


def _encode_rows(rows):
    return None if rows is None else [encode(own.tolist()) for own in rows]
