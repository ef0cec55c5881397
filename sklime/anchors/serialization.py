"""Anchors as dicts and as JSON documents of a versioned schema."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from typing import Any, Self

import numpy as np

from sklime.anchors.rules import Condition, Rule
from sklime.serialization.encoding import decode, encode
from sklime.serialization.json_document import JSONDocument

FORMAT, VERSION = "sklime.Anchors", 1

_FLOATS = (
    "precisions",
    "precision_intervals",
    "coverages",
    "coverage_intervals",
    "predictions",
)


def anchors_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of the documents of `Anchors.to_json`.

    Returns
    -------
    dict

    Examples
    --------
    >>> from sklime.anchors import anchors_schema
    >>> anchors_schema()["title"]
    'sklime.Anchors, version 1'
    """
    folder = resources.files(__package__)
    return json.loads(folder.joinpath("anchors.schema.json").read_text("utf-8"))


class AnchorsJSON(JSONDocument):
    """Mixin of `Anchors`: dicts and JSON."""

    def to_dict(self) -> dict[str, Any]:
        """Write the anchors as a dict that JSON can hold.

        Returns
        -------
        dict
            Of None, booleans, numbers, strings, lists and dicts only. `anchors_schema`
            gives its schema.

        See Also
        --------
        from_dict : The inverse.
        """
        own: Any = self
        return {
            "format": FORMAT,
            "version": VERSION,
            **{name: getattr(own, name).tolist() for name in _FLOATS},
            "valid": own.valid.tolist(),
            "features": own.features.tolist(),
            "feature_names": own.feature_names.tolist(),
            "target_names": encode(own.target_names.tolist()),
            "rules": [
                [encode(asdict(condition)) for condition in rule.conditions]
                for rule in own.rules
            ],
            "steps": [steps.tolist() for steps in own.steps],
            "data": encode(own.data),
            "examples": [encode(examples) for examples in own.examples],
            "meta": encode(own.meta),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read anchors from a dict.

        Parameters
        ----------
        document : dict
            As `to_dict` writes it.

        Returns
        -------
        Anchors

        Raises
        ------
        ValueError
            If it is no document of anchors, of another version, or something does not fit.
        """
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"the document's format is not {FORMAT!r}: it is no Anchors")
        if document.get("version") != VERSION:
            raise ValueError(
                f"version={document.get('version')!r} of the document is not {VERSION}, "
                "which this sklime reads: install the sklime that wrote it"
            )
        try:
            return cls(**_read(document))
        except Exception as error:
            # A document may hold anything anywhere, so that reading it may raise anything.
            raise ValueError(f"the fields do not fit together: {error!r}") from error


def _read(document):
    n, d = len(document["rules"]), len(document["feature_names"])
    found = {name: np.array(document[name], dtype=float) for name in _FLOATS}
    for name in ("precision_intervals", "coverage_intervals"):
        found[name] = found[name].reshape(n, 2)
    names = decode(document["target_names"])
    return found | {
        "valid": np.array(document["valid"], dtype=bool),
        "features": np.array(document["features"], dtype=bool).reshape(n, d),
        "feature_names": np.array(document["feature_names"], dtype=object),
        "target_names": np.array([None, *names], dtype=object)[1:],
        "rules": [
            Rule(tuple(Condition(**decode(own)) for own in rule))
            for rule in document["rules"]
        ],
        "steps": [np.array(own, dtype=float).reshape(-1, 2) for own in document["steps"]],
        "data": decode(document["data"]),
        "examples": [decode(own) for own in document["examples"]],
        "meta": decode(document["meta"]),
    }
