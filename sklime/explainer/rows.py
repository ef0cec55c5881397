"""Rows to be explained: their blocks, their features, and the columns of `transform`."""

from abc import ABC, abstractmethod

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from sklime.laws.joint import JointLaw
from sklime.laws.masks import MaskLaw
from sklime.model.queries import predict_masked, predict_tables
from sklime.neighbourhoods.by_units import Block
from sklime.tables.access import n_rows, take_rows

# Rows whose reference neighbourhoods are asked about together: few calls of the model, and
# tables that are read while they are still in the processor's cache.
_REFERENCE_ROWS = 128


class Rows(ABC):
    """Base of the rows that one call explains.

    Parameters
    ----------
    sampler : Sampler
        Fitted.
    X : rows
        Checked.
    given : rows
        The same, as the user gave them.
    """

    def __init__(self, sampler, X, given):
        self.sampler = sampler
        self.kind = sampler.kind_
        self.X = X
        self.given = given
        self.names = self.kind.names_of_units()
        self.varies = self.kind.varies()

    def __len__(self):
        return n_rows(self.X)

    def predictions(self, response):
        """The model's responses to the rows themselves."""
        return np.concatenate([response(table) for table in self.kind.tables(self.X)])

    # Whether all rows have the same features, which are columns of a table.
    shares_columns = False

    # Whether some features are standardised values, so that rows are not 1 in them.
    standardised = False

    @abstractmethod
    def blocks(self, height):
        """Slices of rows that share their features, of at most `height` rows."""

    @abstractmethod
    def block(self, where):
        """One block of rows, as moment sources take them."""

    @abstractmethod
    def features(self, where, block):
        """Positions of a block's features among `names`, and which of them are 0/1."""

    @abstractmethod
    def to_columns(self, where, block, coef):
        """Lay attributions of shape (n_rows, n_outputs, n_features) out over columns."""

    @abstractmethod
    def unit_metadata(self, block):
        """Names, places and values of a block's units, to label explanations with."""

    def positions(self, metadata):
        """Where each row's features stand among those that all rows share; None: as is."""
        return None

    @abstractmethod
    def explanation_fields(self, metadata):
        """Fields of an Explanation that name the features of all rows."""

    @abstractmethod
    def reference(self, where, block, response):
        """Yield design and responses of the reference neighbourhood of each row."""


class ColumnRows(Rows):
    """Rows of a table, described by all columns or by their stored entries."""

    def __init__(self, sampler, X, given):
        super().__init__(sampler, X, given)
        self._units = sampler.units(X)
        self.shares_columns = self._units is None
        self.standardised = not sampler.binary_features_.all()

    def blocks(self, height):
        return list(gen_batches(len(self), height if self._units is None else 1))

    def block(self, where):
        return take_rows(self.X, where)

    def features(self, where, block):
        columns = np.arange(len(self.names))
        if self._units is not None:
            columns = self._units[where.start]
        return columns, self.sampler.binary_features_[columns]

    def to_columns(self, where, block, coef):
        n, k, _ = coef.shape
        if self._units is None:
            return coef.reshape(n, -1)
        d = len(self.names)
        columns = np.arange(k)[:, np.newaxis] * d + self._units[where.start]
        return sparse.csr_matrix(
            (coef.ravel(), columns.ravel(), [0, coef.size]), shape=(1, k * d)
        )

    def unit_metadata(self, block):
        return None

    def explanation_fields(self, metadata):
        if self._units is None:
            return self.kind.fields(self.X, self.given, None, None)
        return {
            "data": self.X,
            "feature_names": self.names,
            "conditions": self.sampler.conditions(self.X),
            "unit_names": [self.names[own] for own in self._units],
        }

    def reference(self, where, block, response):
        yield from _reference_of_table(self.sampler, block, response)


class UnitRows(Rows):
    """Rows of any kind, each cut into units that can be hidden."""

    def blocks(self, height):
        return list(gen_batches(len(self), 1))

    def block(self, where):
        return Block(self.sampler.rows(take_rows(self.X, where)))

    def features(self, where, block):
        [row] = block
        return np.arange(row.n_units), np.ones(row.n_units, dtype=bool)

    def to_columns(self, where, block, coef):
        if where.start == 0:
            # Before the model is queried about all the others.
            self.kind.check_layout(self.X)
        return self.kind.lay_out(block, list(coef))

    def unit_metadata(self, block):
        [row] = block
        return row.described

    def positions(self, metadata):
        if all(positions is None for _, _, positions in metadata):
            return None
        return [
            np.arange(len(names)) if positions is None else positions
            for names, _, positions in metadata
        ]

    def explanation_fields(self, metadata):
        names, spans, _ = zip(*metadata, strict=True)
        return self.kind.fields(self.X, self.given, names, spans)

    def reference(self, where, block, response):
        for row in block:
            design = self.sampler.reference_masks(row.n_units)
            what = "reference draw"
            yield design, predict_masked(response, self.kind, row, design, what)


class CoalitionRows(UnitRows):
    """Rows of a table, of which each column is a unit that can be hidden."""

    shares_columns = True

    def blocks(self, height):
        # They have the same units, so that closed forms take many at once.
        return list(gen_batches(len(self), height))

    def features(self, where, block):
        return np.arange(len(self.names)), self.sampler.binary_features_

    def unit_metadata(self, block):
        return None

    def positions(self, metadata):
        return None

    def explanation_fields(self, metadata):
        return self.kind.fields(self.X, self.given, None, None)

    def reference(self, where, block, response):
        # The same neighbourhood as for any other sampler of tables.
        X = take_rows(self.X, where)
        yield from _reference_of_table(self.sampler, X, response)


class PartRows(Rows):
    """Rows of a table in several parts, each row with units of its own in some of them."""

    def __init__(self, sampler, X, given):
        super().__init__(sampler, X, given)
        self._units = sampler.described(X)
        self.standardised = not sampler.binary_features_.all()

    def blocks(self, height):
        return list(gen_batches(len(self), 1))

    def block(self, where):
        return take_rows(self.X, where)

    def features(self, where, block):
        own = self._units[where.start]
        return own.columns, own.binary

    def to_columns(self, where, block, coef):
        return self.kind.lay_out(self._units[where], list(coef))

    def unit_metadata(self, block):
        return None

    def explanation_fields(self, metadata):
        names = [own.names for own in self._units]
        spans = [own.spans for own in self._units]
        return self.kind.fields(self.X, self.given, names, spans)

    def reference(self, where, block, response):
        yield from _reference_of_table(self.sampler, block, response)


def rows_of(sampler, X, given):
    """Wrap checked rows in the class of their description: by columns or by units.

    Parameters
    ----------
    sampler, X, given
        As for `Rows`.
    """
    law = sampler.law_
    if isinstance(law, JointLaw):
        return PartRows(sampler, X, given)
    if not isinstance(law, MaskLaw):
        return ColumnRows(sampler, X, given)
    return (CoalitionRows if sampler.kind_.columnar else UnitRows)(sampler, X, given)


def _reference_of_table(sampler, X, response):
    for rows in gen_batches(n_rows(X), _REFERENCE_ROWS):
        samples = sampler.reference(take_rows(X, rows))
        inputs = [sample.inputs for sample in samples]
        responses = predict_tables(response, inputs, "reference draw")
        for sample, own in zip(samples, responses, strict=True):
            yield sample.design, own
