"""Indexing of explanations by rows, features and target."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace
from typing import Self

import numpy as np

from sklime.explanation.fields import (
    RAGGED,
    map_fields,
    names_by_explained,
    names_per_class,
    names_per_output,
    names_per_pair,
    names_per_unit,
)
from sklime.explanation.labels import RowsByLabel
from sklime.explanation.units import pick_spans
from sklime.tables.access import row_of, take_columns, take_rows

_ALL = slice(None)


class Indexing:
    """Mixin of `Explanation`: indexing, described there."""

    def __iter__(self) -> Iterator[Self]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, key: object) -> Self:
        if _are_names(key) or self._is_tuple_label(key):
            key = (_ALL, key)
        elif not isinstance(key, tuple):
            key = (key,)
        if len(key) > 3:
            raise IndexError(f"an Explanation takes [rows, features, target], got {key!r}")
        rows, features, target = (*key, *[_ALL] * (3 - len(key)))
        part = self._take_rows(self._row_positions(rows))
        if not _is_all(features):
            part = part._take_features(features)
        if not _is_all(target):
            part = part._take_target(target)
        return part

    @property
    def loc(self) -> RowsByLabel[Self]:
        """Rows by their labels in the index of `data`, as in pandas.

        ``e.loc[label]`` gives the row of that label (all rows, if several share it),
        ``e.loc[[label, label]]`` and ``e.loc[label:label]``, both ends included, several;
        features and a target may follow, as in ``e.loc[label, "age"]``. Rows of arrays,
        lists and polars frames, which have no index, are labelled by their positions. A
        label that is not there raises a KeyError that names close ones.
        """
        return RowsByLabel(self)

    def _row_positions(self, rows):
        positions = None
        if not _are_names(rows):
            try:
                positions = np.atleast_1d(np.arange(len(self))[rows])
            except IndexError as error:
                if isinstance(rows, int) and rows in self._column_labels():
                    error.add_note(f"for the column named {rows}, write e[:, {rows}]")
                if np.ndim(rows) == 0 or np.asarray(rows).dtype.kind in "biu":
                    raise
        if positions is None or positions.ndim > 1:
            raise IndexError(
                f"rows={rows!r} must be an int, a slice, a boolean mask or ints; "
                "several features go in one list, as in e[['a', 'b']]"
            )
        return positions

    def _column_labels(self):
        """Names of the features by labels of the frame's columns that are no strings."""
        if self.kind != "table" or not self._has_columns:
            return {}
        pairs = zip(getattr(self.data, "columns", ()), self.feature_names, strict=False)
        return {label: name for label, name in pairs if not isinstance(label, str)}

    def _is_tuple_label(self, key):
        """Whether an index is the label of one column, of several levels."""
        plain = isinstance(key, tuple) and all(map(np.isscalar, key))
        return plain and key in self._column_labels()

    def _take_rows(self, rows):
        if self.unit_names is None:
            n_units, parts = self.shape[-1], {"conditions": self.conditions[rows]}
        else:
            parts = map_fields(self, RAGGED, lambda own: [own[i] for i in rows])
            n_units = max(map(len, parts["unit_names"]), default=0)
        return replace(
            self,
            **parts,
            **map_fields(
                self,
                names_per_output(self) + names_per_class(self),
                lambda array: array[rows],
            ),
            **self._pairs_of_rows(rows, parts.get("unit_names")),
            **map_fields(
                self, names_per_unit(self), lambda array: array[rows][..., :n_units]
            ),
            data=take_rows(self.data, rows),
            target_names=self.target_names[rows if self.values.ndim == 2 else _ALL],
        )

    def _take_features(self, names):
        labels = self._column_labels()
        # Features have no positions; an int may be the label of a column.
        label = self._is_tuple_label(names) or (labels and not np.iterable(names))
        one = isinstance(names, str) or label
        names = [labels.get(name, name) for name in ([names] if one else names)]
        names = list(dict.fromkeys(names))
        if not names:
            raise KeyError("no features: name one at least, or ':' for all")
        columns = [np.flatnonzero(self.feature_names == name) for name in names]
        known = set() if self.unit_names is None else set().union(*self.unit_names)
        for name, own in zip(names, columns, strict=True):
            if not len(own) and name not in known:
                raise _no_such_name(name, [*dict.fromkeys([*self.feature_names, *known])])
        columns = np.concatenate(columns)
        if self.unit_names is None:
            return self._take_columns(columns)
        kept = [np.flatnonzero(np.isin(own, names)) for own in self.unit_names]
        return self._take_units(kept, columns)

    def _take_columns(self, columns):
        """Select features by position, where all rows have the same features."""
        return replace(
            self,
            **map_fields(self, names_per_unit(self), lambda array: array[..., columns]),
            **self._pairs_of(self.feature_names[columns]),
            conditions=self.conditions[:, columns],
            data=self._cut_data(columns),
            feature_names=self.feature_names[columns],
        )

    def _pairs_of(self, names):
        """Fields of the pairs of which both features are among these names."""
        if self.interaction_pairs is None:
            return {}
        known, pairs = set(names), self.interaction_pairs
        kept = [i for i, pair in enumerate(pairs) if known.issuperset(pair)]
        fields = map_fields(self, names_per_pair(self), lambda array: array[..., kept])
        return fields | {"interaction_pairs": [pairs[i] for i in kept]}

    def _pairs_of_rows(self, rows, units):
        """Fields of the pairs of rows; of ragged ones, of pairs that some row has."""
        fields = map_fields(self, names_per_pair(self), lambda array: array[rows])
        if self.interaction_pairs is None or units is None:
            return fields
        known = [set(own) for own in units]
        kept = [
            i
            for i, pair in enumerate(self.interaction_pairs)
            if any(own.issuperset(pair) for own in known)
        ]
        fields = {name: array[..., kept] for name, array in fields.items()}
        return fields | {"interaction_pairs": [self.interaction_pairs[i] for i in kept]}

    def _take_units(self, kept, columns):
        """Select units at positions that differ between rows, and features by position."""
        n_units = max(map(len, kept), default=0)

        def pack(array):
            packed = np.full((*array.shape[:-1], n_units), np.nan)
            for i, units in enumerate(kept):
                packed[i, ..., : len(units)] = array[i][..., units]
            return packed

        def pick(rows):
            return [own[units] for own, units in zip(rows, kept, strict=True)]

        parts = map_fields(self, names_per_unit(self), pack)
        parts |= map_fields(self, ("conditions", "unit_names"), pick)
        if self.unit_spans is not None:
            parts["unit_spans"] = [
                pick_spans(own, row_of(self.data, i), kept[i])
                for i, own in enumerate(self.unit_spans)
            ]
        return replace(
            self,
            **parts,
            **self._pairs_of({name for own in parts["unit_names"] for name in own}),
            data=self._cut_data(columns),
            feature_names=self.feature_names[columns],
        )

    def _cut_data(self, columns):
        """Data of selected features: table columns; other rows stay whole."""
        return take_columns(self.data, columns) if self._has_columns else self.data

    def _take_target(self, target):
        if self.values.ndim == 2:
            raise IndexError(
                f"target={target!r} cannot be picked, as every row explains one target "
                "only; explain with target='all' to have them all"
            )
        output = self._output_position(target)
        return replace(
            self,
            **map_fields(self, names_by_explained(self), lambda array: array[:, output]),
            target_names=np.repeat(self.target_names[[output]], len(self)),
        )

    def _output_position(self, target):
        names = self.target_names.tolist()
        if target is None:
            raise ValueError(f"target=None among several outputs: name one of {names}")
        if target not in names:
            raise KeyError(f"target={target!r} is not explained: name one of {names}")
        return names.index(target)


def _no_such_name(name, known):
    spelt = {str(own).casefold(): str(own) for own in known}
    closest = difflib.get_close_matches(str(name).casefold(), spelt, n=1, cutoff=0.0)
    return KeyError(
        f"no feature is named {name!r}: of the {len(known)} features, "
        f"the closest is {', '.join(map(spelt.get, closest))!r}"
    )


def _are_names(key):
    """Whether an index part is a name, or a non-empty list or array of names."""
    if isinstance(key, str):
        return True
    if isinstance(key, (slice, tuple)) or np.ndim(key) != 1 or not len(key):
        return False
    return all(isinstance(name, str) for name in key)


def _is_all(part):
    return isinstance(part, slice) and part == _ALL
