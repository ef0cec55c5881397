"""Parts of a table's row: columns that one sampler describes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from sklime.samplers.kinds.table import TableRows
from sklime.samplers.kinds.text import TextRows
from sklime.tables.access import take_columns


@dataclass(frozen=True, eq=False)
class Units:
    """Units that describe one row, or one part of it.

    Parameters
    ----------
    names : ndarray of shape (n_units,) of str
        Words, and conditions of columns.
    spans : list of n_units arrays of shape (n_places, 2) of int
        Where a word stands in its text: ``[start, stop)``; none for a column.
    columns : ndarray of shape (n_units,) of int
        The column that each belongs to.
    binary : ndarray of shape (n_units,) of bool
        Units whose design is 0 or 1.
    """

    names: np.ndarray
    spans: list
    columns: np.ndarray
    binary: np.ndarray


class Part(ABC):
    """Part of the rows of a table: columns that one sampler describes.

    Parameters
    ----------
    name : str
        Of the part.
    sampler : Sampler
        Fitted to `rows` of the training table by `fit`.
    columns : ndarray of shape (n_columns,) of int
        Their positions in the table.
    column_names : ndarray of shape (n_columns,) of str
        Their names.
    """

    def __init__(self, name, sampler, columns, column_names):
        self.name = name
        self.sampler = sampler
        self.columns = columns
        self.column_names = column_names

    def fit(self, X, y, sample_weight):
        """Fit the sampler to its columns of a checked table."""
        with _errors_name(self.told):
            self.sampler.fit(self.taken(X), y, sample_weight=sample_weight)
        return self

    def taken(self, X):
        """Its columns of a checked table, as a table."""
        return take_columns(X, self.columns)

    @property
    def kernel(self):
        """The kernel of its sampler, with nothing left open."""
        own = self.sampler
        return own.default_kernel_.resolve(
            metric=own.default_metric_, width=own.default_width_
        )

    def rows(self, X):
        """Its rows as its sampler takes them, checked."""
        with _errors_name(self.told):
            return self.sampler.kind_.check(self.taken(X))

    def restore(self, X):
        """Its columns as the model takes them."""
        return self.sampler.kind_.restore(self.rows(X))

    @property
    def varies(self):
        """Which of its columns had more than one value in training."""
        return np.ones(len(self.columns), dtype=bool)

    @abstractmethod
    def units(self, X):
        """The `Units` of each row."""

    @property
    def told(self):
        """What messages call it."""
        return f"part {self.name!r}"


class TablePart(Part):
    """Columns that are units themselves."""

    @property
    def varies(self):
        return np.asarray(self.sampler.varies())

    def units(self, X):
        codes, labels = self.sampler.conditions(self.rows(X))
        binary = np.asarray(self.sampler.binary_features_)
        nowhere = [np.empty((0, 2), dtype=int)] * len(self.columns)
        found = []
        for own in np.asarray(codes):
            told = [texts[code] for texts, code in zip(labels, own, strict=True)]
            found.append(Units(np.array(told, dtype=object), nowhere, self.columns, binary))
        return found


class TextPart(Part):
    """One column of texts, whose words are units."""

    def fit(self, X, y, sample_weight):
        if len(self.columns) != 1:
            names = ", ".join(map(repr, self.column_names))
            raise ValueError(
                f"part {self.name!r} has {len(self.columns)} columns, {names}, while "
                f"{type(self.sampler).__name__} takes the texts of one: give each column "
                "of texts a part of its own."
            )
        return super().fit(X, y, sample_weight)

    def units(self, X):
        found = []
        for row in self.sampler.rows(self.rows(X)):
            spans = [np.reshape(own, (-1, 2)) for own in row.spans]
            columns = np.repeat(self.columns, row.n_units)
            names = np.asarray(row.names, dtype=object)
            found.append(Units(names, spans, columns, np.ones(row.n_units, dtype=bool)))
        return found

    @property
    def told(self):
        return f"part {self.name!r}, column {self.column_names[0]!r}"


# Kinds of rows that can be part of a table.
PARTS = {TextRows: TextPart, TableRows: TablePart}


@contextmanager
def _errors_name(what):
    """Name the part that errors come from."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = type(error)
        if kind not in (TypeError, ValueError):
            raise
        raise kind(f"{what}: {error}") from error
