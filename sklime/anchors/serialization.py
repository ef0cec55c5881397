"""Anchors as dicts and as JSON documents of a versioned schema."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from typing import Any, Self

import numpy as np

from sklime.anchors.rules import Condition, Rule
from sklime.explanation.serialization.versions import complete_schema
from sklime.serialization.arrays import nested_floats
from sklime.serialization.encoding import decode, encode
from sklime.serialization.json_document import JSONDocument

FORMAT = "sklime.Anchors"

# As of explanations: version -> the fields that it added, each with the JSON value that is
# read for it from older documents. A version that was released never changes.
VERSIONS = {
    1: dict.fromkeys(
        (
            "precisions",
            "precision_intervals",
            "coverages",
            "coverage_intervals",
            "predictions",
            "valid",
            "features",
            "feature_names",
            "target_names",
            "rules",
            "steps",
            "data",
            "examples",
            "meta",
        )
    ),
    2: {"criterion": "auto", "tolerances": None},
}

_FLOATS = (
    "precisions",
    "precision_intervals",
    "coverages",
    "coverage_intervals",
    "predictions",
)


def anchors_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of the documents of `Anchors.to_json`.

    Documents of all versions that `Anchors.from_json` reads are valid.

    Returns
    -------
    dict

    Examples
    --------
    >>> from sklime.anchors import anchors_schema
    >>> anchors_schema()["title"]
    'sklime.Anchors, version 2'
    """
    folder = resources.files(__package__)
    schema = json.loads(folder.joinpath("anchors.schema.json").read_text("utf-8"))
    return complete_schema(schema, VERSIONS)


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
            "version": max(VERSIONS),
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
            "criterion": own.criterion,
            "tolerances": nested_floats(own.tolerances),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read anchors from a dict.

        Parameters
        ----------
        document : dict
            As this or an older version of sklime writes it by `to_dict`.

        Returns
        -------
        Anchors
            Of documents of version 1 the criterion is read from `meta`, and the tolerances
            are not known: NaN.

        Raises
        ------
        ValueError
            If it is no document of anchors, of another version, or something does not fit.
        """
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"the document's format is not {FORMAT!r}: it is no Anchors")
        version = document.get("version")
        if type(version) is not int or version not in VERSIONS:
            raise ValueError(
                f"version={version!r} of the document is none of those that this sklime "
                f"reads, 1 to {max(VERSIONS)}: install the sklime that wrote it"
            )
        later = [added for other, added in VERSIONS.items() if other > version]
        defaults = {name: value for added in later for name, value in added.items()}
        try:
            return cls(**_read(document | defaults))
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
        "criterion": document["criterion"],
        "tolerances": np.array(document["tolerances"], dtype=float),
    }
