"""Concatenation of explanations of the same features."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import numpy as np

from sklime.explanation.fields import (
    names_of_arrays,
    names_per_pair,
    names_per_unit,
    optional_arrays,
)
from sklime.serialization.equality import identical
from sklime.tables.access import concat
from sklime.tables.conditions import TableConditions


class Joining:
    """Mixin of `Explanation`: concatenation."""

    @classmethod
    def concat(cls, parts: Iterable[Self]) -> Self:
        """Join explanations row-wise.

        They must agree in the names of their features, in their kind and kind of data, in
        what they have of standard errors, units and pairs and, where all outputs are
        explained, in the outputs. Pairs of ragged ones may be others. `meta` keeps the
        entries on which all agree.

        Parameters
        ----------
        parts : sequence of Explanation
            At least one.

        Returns
        -------
        Explanation

        Raises
        ------
        ValueError
            If there is nothing to join, or the explanations do not agree.
        """
        parts = list(parts)
        if not parts:
            raise ValueError("parts is empty: there is nothing to join")
        first = parts[0]
        for i, part in enumerate(parts):
            if differing := _difference(part, first):
                raise ValueError(
                    f"parts[{i}] cannot be joined to parts[0]: they differ in {differing}"
                )
        width = max(part.shape[-1] for part in parts)
        pairs = None
        if first.interaction_pairs is not None:
            pairs = _joined_pairs([part.interaction_pairs for part in parts])

        def stack(name):
            arrays = [getattr(part, name) for part in parts]
            if name in names_per_unit(cls):
                arrays = [_widened(array, width) for array in arrays]
            elif name in names_per_pair(cls):
                places = [_places(part.interaction_pairs, pairs) for part in parts]
                arrays = [
                    _spread(array, own, len(pairs))
                    for array, own in zip(arrays, places, strict=True)
                ]
            return np.concatenate(arrays)

        def chain(name):
            return [own for part in parts for own in getattr(part, name)]

        def joined(names, join):
            return {n: None if getattr(first, n) is None else join(n) for n in names}

        return cls(
            **joined(names_of_arrays(cls), stack),
            **joined(("unit_names", "unit_spans"), chain),
            data=_join_data([part.data for part in parts], first.kind == "table"),
            feature_names=first.feature_names,
            target_names=first.target_names
            if first.values.ndim == 3
            else stack("target_names"),
            conditions=_join_conditions([part.conditions for part in parts]),
            interaction_pairs=pairs,
            meta={
                key: value
                for key, value in first.meta.items()
                if all(key in p.meta and identical(p.meta[key], value) for p in parts)
            },
        )


# What explanations must agree in, and where it is read.
_AGREED = {
    "feature_names": lambda e: e.feature_names,
    "kind": lambda e: e.kind,
    "attribution": lambda e: e.attribution,
    "the kind of data": lambda e: _kind_of_data(e),
    "explaining one target or all": lambda e: e.values.ndim,
    "target_names": lambda e: e.target_names if e.values.ndim == 3 else None,
    "having units of their own": lambda e: e.unit_names is None,
    "unit_spans": lambda e: e.unit_spans is None,
    "interaction_pairs": lambda e: (
        e.interaction_pairs if e.unit_names is None else e.interaction_pairs is None
    ),
    "the classes of class_probabilities": lambda e: (
        None if e.class_probabilities is None else e.meta["classes"]
    ),
}


def _difference(part, first):
    """Name of a property in which two explanations disagree but must agree, or None."""
    for what, read in _AGREED.items():
        if not identical(read(part), read(first)):
            return what
    for name in optional_arrays(first):
        if (getattr(part, name) is None) != (getattr(first, name) is None):
            return f"having {name}"
    # What the intervals of standard errors rest on.
    degrees = [e.meta.get("degrees_of_freedom") for e in (part, first)]
    if first.standard_errors is not None and not identical(*degrees):
        return "degrees_of_freedom"
    return None


def _widened(array, width):
    missing = width - array.shape[-1]
    return np.pad(
        array, [(0, 0)] * (array.ndim - 1) + [(0, missing)], constant_values=np.nan
    )


def _joined_pairs(parts):
    """All pairs of several explanations, each once, whichever name stands first."""
    found = {}
    for pairs in parts:
        for pair in pairs:
            found.setdefault(frozenset(pair), pair)
    return list(found.values())


def _places(pairs, every):
    place = {frozenset(pair): i for i, pair in enumerate(every)}
    return [place[frozenset(pair)] for pair in pairs]


def _spread(array, places, n):
    """Numbers of pairs at their places among `n` pairs, NaN for others."""
    spread = np.full((*array.shape[:-1], n), np.nan)
    spread[..., places] = array
    return spread


def _join_conditions(parts):
    first = parts[0]
    if not isinstance(first, TableConditions):
        return [own for part in parts for own in part]
    alike = all(
        isinstance(p, TableConditions) and identical(p.labels, first.labels) for p in parts
    )
    if alike:
        return TableConditions(np.concatenate([p.codes for p in parts]), first.labels)
    return np.concatenate([np.asarray(part) for part in parts])


def _kind_of_data(explanation):
    """Name of the data's container; lists and arrays of images have the same."""
    held = isinstance(explanation.data, (list, np.ndarray))
    return "rows" if held and explanation.kind != "table" else str(type(explanation.data))


def _join_data(parts, tables):
    shapes = {(type(p), np.shape(p)[1:], p.dtype) for p in parts if hasattr(p, "dtype")}
    unlike = not tables and (len(shapes) > 1 or any(isinstance(p, list) for p in parts))
    return concat(list(map(list, parts)) if unlike else parts, ignore_index=False)
