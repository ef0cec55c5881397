"""Explanations as dicts and as JSON documents of a versioned schema."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any, Self

import numpy as np

from sklime.explanation.fields import (
    names_of_arrays,
    names_per_class,
    names_per_output,
    names_per_pair,
    names_per_unit,
)
from sklime.explanation.serialization.versions import (
    FORMAT,
    VERSIONS,
    complete_schema,
    upgrade,
)
from sklime.serialization.arrays import nested_floats
from sklime.serialization.encoding import decode, encode
from sklime.serialization.json_document import JSONDocument
from sklime.tables.conditions import TableConditions


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of the documents of `Explanation.to_json`.

    Documents of all versions that `Explanation.from_json` reads are valid.

    Returns
    -------
    dict

    Examples
    --------
    >>> from sklime.explanation import json_schema
    >>> json_schema()["title"]
    'sklime.Explanation, version 6'
    """
    text = (
        resources.files(__package__).joinpath("explanation.schema.json").read_text("utf-8")
    )
    return complete_schema(json.loads(text), VERSIONS)


class JSONExport(JSONDocument):
    """Mixin of `Explanation`: dicts and JSON."""

    _versions = VERSIONS

    def to_dict(self) -> dict[str, Any]:
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
            for name in names_of_arrays(self)
            for array in [getattr(self, name)]
        }
        return {
            "format": FORMAT,
            "version": max(self._versions),
            "shape": list(self.shape),
            **floats,
            "data": encode(self.data),
            "feature_names": encode(self.feature_names.tolist()),
            "target_names": encode(self.target_names.tolist()),
            "conditions": _encode_conditions(self.conditions),
            "meta": encode(self.meta),
            "unit_names": _encode_rows(self.unit_names),
            "unit_spans": encode(self.unit_spans),
            "interaction_pairs": None
            if self.interaction_pairs is None
            else [list(map(encode, pair)) for pair in self.interaction_pairs],
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read an explanation from a dict.

        Parameters
        ----------
        document : dict
            As this or an older version of sklime writes it by `to_dict`.

        Returns
        -------
        Explanation
            Equal to the bit to the one that was written, in containers of the same kinds.
            Fields that the document's version did not have yet are None.

        Raises
        ------
        ValueError
            If it is no explanation, has no version, was written by a newer version of
            sklime, lacks a field of its version, has an unknown one, or holds something
            that does not fit.
        """
        content = upgrade(document, cls._versions)
        names = content.keys() - {"shape"}
        fields = {name: cls._read(content, name) for name in names}
        if fields["data"] is None:
            raise ValueError("the field 'data' holds no rows")
        try:
            return cls(**fields)
        except (TypeError, LookupError, AttributeError) as error:
            raise ValueError(f"the fields do not fit together: {error!r}") from error

    @classmethod
    def _read(cls, document, name):
        value, shape = document[name], document["shape"]
        try:
            if value is None:
                return None
            if name in names_per_output(cls):
                return np.array(value, dtype=float).reshape(shape[:-1])
            if name in names_per_unit(cls):
                return np.array(value, dtype=float).reshape(shape)
            if name in names_per_pair(cls):
                n_pairs = len(document["interaction_pairs"])
                return np.array(value, dtype=float).reshape(*shape[:-1], n_pairs)
            if name in names_per_class(cls):
                n_classes = len(decode(document["meta"])["classes"])
                return np.array(value, dtype=float).reshape(shape[0], n_classes)
            if name == "conditions" and isinstance(value, dict):
                labels = value["labels"]
                codes = np.array(value["codes"], dtype=int).reshape(shape[0], len(labels))
                _check_texts(labels)
                return TableConditions(codes, labels)
            return _checked_meta(decode(value)) if name == "meta" else decode(value)
        except Exception as error:
            raise ValueError(f"the field {name!r} cannot be read: {error!r}") from error


def _check_texts(labels):
    """Check that conditions, by column, are lists of texts."""
    wrong = [own for texts in labels for own in list(texts) if not isinstance(own, str)]
    if wrong or not all(isinstance(texts, list) for texts in labels):
        raise TypeError("conditions of a column are a list of strings")


def _checked_meta(meta):
    """Check what is read in `meta`: of any other entry nothing is computed."""
    wanted = {
        "kind": str,
        "method": str,
        "attribution": str,
        "degrees_of_freedom": int | None,
        "classes": list | None,
        "parameters": dict | None,
    }
    for name, types in wanted.items():
        own = meta.get(name)
        if name in meta and (not isinstance(own, types) or isinstance(own, bool)):
            raise TypeError(f"{name}={own!r:.80} in it is of type {type(own).__name__}")
    return meta


def _encode_conditions(conditions):
    if not isinstance(conditions, TableConditions):
        return _encode_rows(conditions)
    labels = [own.tolist() for own in conditions.labels]
    return {"codes": conditions.codes.tolist(), "labels": labels}


def _encode_rows(rows):
    return None if rows is None else [encode(own.tolist()) for own in rows]
