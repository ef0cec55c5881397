"""Samplers for tables: columns drawn independently of each other."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils.validation import check_consistent_length

from sklime.fitting import atomic_fit, check_fitted
from sklime.laws.base import Law, Sample
from sklime.laws.cells import Cells
from sklime.laws.columns import Column
from sklime.laws.coordinates import UNSEEN, Coordinates, coordinates
from sklime.laws.independent import IndependentColumns
from sklime.laws.product import ProductLaw
from sklime.laws.quasirandom import SEQUENCES, RandomState, count_draws
from sklime.samplers.base import Sampler
from sklime.samplers.tabular.binning import check_binning
from sklime.samplers.tabular.column_builder import ColumnBuilder
from sklime.tables.access import cell_of
from sklime.tables.checks import check_table, feature_names, find_categorical
from sklime.tables.dense import DenseFormat
from sklime.tables.sparse import SparseFormat
from sklime.tables.typing import Table, TableLike
from sklime.validation import check_option, check_weights

# The reference neighbourhood has a seed of its own, so that no setting can change it.
_REFERENCE_SEED = 1602_04938


class TabularSampler(Sampler):
    """Base of the samplers that draw the columns of a table independently.

    Subclasses name their parameters and give the law of one column.

    Attributes
    ----------
    columns_ : sequence of Column
        What training taught about each column, or group of columns drawn together.
    format_ : DenseFormat, GroupedFormat or SparseFormat
        How rows are written as numbers and back.
    binary_features_ : ndarray of shape (n_columns,) of bool
        Those of `columns_` compared by bin or category; the others are standardised.
    n_features_in_ : int
        Number of columns.
    default_metric_, default_width_ : str, float
        Distance and width of the kernel where the user leaves them open.
    """

    # How a numeric column is cut; samplers that let the user choose override it.
    binning = "quantile"

    # What learns each column from its encoded training values.
    _builder = ColumnBuilder

    accepts_missing = True

    @atomic_fit
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn the columns' training distributions.

        Parameters
        ----------
        X : ndarray, DataFrame or CSR matrix of shape (n_rows, n_features)
        y : array-like of shape (n_rows,), optional
            Class labels, used by ``binning="entropy"``.
        sample_weight : array-like of shape (n_rows,), optional
            Weights of the rows.
        """
        check_option(self, "sequence", SEQUENCES)
        check_option(self, "handle_unknown", ("ask", "error", "ignore"))
        if self.n_bins is not None:
            check_binning(self.binning, self.n_bins, y)
        X = check_table(self, X, reset=True)
        weights = check_weights(sample_weight, X)
        if y is not None:
            check_consistent_length(X, y)
        self.format_ = (SparseFormat if sparse.issparse(X) else DenseFormat)(X)
        self.format_.feature_names = feature_names(self)
        categorical = find_categorical(self.categorical_features, self.format_)
        counts = (set(self.format_.feature_names[own]) for own in self._counts())
        labels = None if y is None else np.asarray(y)
        build = self._builder(self.n_bins, self.binning, weights, labels, *counts)
        binary = categorical | (self.n_bins is not None)
        self._set_columns(X, build, categorical, binary, weights)
        self.default_metric_ = "euclidean"
        self.default_width_ = 0.75 * np.sqrt(self.format_.typical_units(X))
        return self

    @property
    def law_(self) -> Law:
        """Law of the draws: independent columns, relative to each row."""
        own, base = type(self), TabularSampler
        if own.sample is not base.sample or own.law is not base.law:
            # What a subclass draws or states itself is what is weighted.
            return super().law_
        check_fitted(self)
        return self._law()

    def sample(
        self, X: TableLike, n_samples: int = 4096, random_state: RandomState = None
    ) -> list[Sample]:
        X = check_table(self, X, reset=False)
        return self._law().draw(X, n_samples, random_state)

    def count_draws(self, n_samples: int) -> int:
        return count_draws(n_samples, self.sequence)

    def interpret(self, X: TableLike, row: TableLike) -> NDArray[Any]:
        view = self._view(row)
        points = view.format.encode(check_table(self, X, reset=False))
        return view.sample(X, coordinates(view.columns, points)).design

    def reference(self, X: TableLike, n_samples: int = 512) -> list[Sample]:
        @cache
        def fixed_draws(columns):
            rng = np.random.default_rng(_REFERENCE_SEED)
            keep = rng.random((n_samples, len(columns))) < 0.5
            marginals = ProductLaw(tuple(column.marginal() for column in columns))
            redrawn = marginals.draw(rng.random(keep.shape))
            return keep, redrawn, coordinates(columns, redrawn)

        found = []
        for view in self.views(check_table(self, X, reset=False)):
            keep, redrawn, at = fixed_draws(tuple(view.columns))
            # A value that training never had has no place in a table of the training kind.
            kept = keep & (view.at.codes[:, 0] != UNSEEN)
            E = np.where(kept, view.e, redrawn)
            points = view.at.where(kept.T, at)
            found.append(view.sample(view.format.decode(E), points))
        return found

    def law(self, row: TableLike) -> ProductLaw:
        return self.law_seen_from(self._view(row))

    def law_seen_from(self, view: RowView) -> ProductLaw:
        """Product law of the columns relative to one row."""
        at = view.at
        positions: list[Any] = list(at.codes[:, 0])
        for j, column in enumerate(view.columns):
            if not column.binary:
                # A gap that training never had is equally far from all draws.
                gap = at.codes[j, 0] == UNSEEN
                positions[j] = None if gap else at.z[j, 0]  # type: ignore[index]
        return ProductLaw(
            tuple(
                self._column_law(j, column, position, value)
                for j, (column, position, value) in enumerate(
                    zip(view.columns, positions, view.e[0], strict=True)
                )
            )
        )

    def shared_law(self) -> ProductLaw:
        """Product law of the columns, relative to no row."""
        return ProductLaw(tuple(map(self.column_law, range(len(self.columns_)))))

    def column_law(self, j: int) -> Any:
        """Law of one column, relative to no row."""
        return self._column_law(j, self.columns_[j], None, None)

    # Whether columns have cells of known probability.
    cells_known = False

    def cells(self, inputs: Table, n_levels: int) -> list[Cells]:
        """Cells of pool draws, as `SharedLawOfValues.cells`."""
        raise NotImplementedError

    @abstractmethod
    def independent_columns(self) -> IndependentColumns:
        """The columns' laws for closed forms, as `Law.independent_columns`."""

    def locate(self, X: Table) -> Coordinates:
        """Place checked dense rows in interpretable space.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n_rows, n_features)

        Raises
        ------
        ValueError
            If a row holds a value that the sampler cannot place.
        """
        return self._placed(self.columns_, self.format_.encode(X), self.format_, X)

    def varies(self) -> NDArray[np.bool_]:
        check_fitted(self)
        return self.format_.varies(self.columns_)

    def restore(self, X: Table) -> Table:
        check_fitted(self)
        return self.format_.restore(X)

    def units(self, X: Table) -> list[NDArray[np.intp]] | None:
        check_fitted(self)
        return self.format_.units(X)

    def conditions(self, X: Table) -> Any:
        check_fitted(self)
        if self.format_.units(X) is None:
            return self.locate(X).codes.T, self._labels(self.columns_, self.format_)
        return [
            np.array(
                [
                    labels[code]
                    for labels, code in zip(own, view.at.codes[:, 0], strict=True)
                ],
                dtype=object,
            )
            for view in self.views(X)
            for own in [self._labels(view.columns, view.format)]
        ]

    @abstractmethod
    def _column_law(self, j, column, position, value):
        """Law of column `j` relative to a row at `position` (None: to no row)."""

    @abstractmethod
    def _law(self) -> Law:
        """The law of all rows' draws."""

    def _set_columns(self, X, build, categorical, binary, weights):
        """Learn the columns of a checked training table, each a feature of its own."""
        self.columns_ = self.format_.columns(X, build, categorical)
        self.binary_features_ = binary

    def _counts(self):
        """Masks of columns that have a bin for each of few values: all, or whole ones."""
        none = np.zeros(len(self.format_.feature_names), dtype=bool)
        return none, none

    def _labels(self, columns, format_):
        """Labels of each column: readable conditions, one per code."""
        return [
            column.labels(name, partial(format_.describe, j), partial(format_.edge, j))
            for j, (column, name) in enumerate(
                zip(columns, format_.feature_names, strict=True)
            )
        ]

    def _placed(self, columns, E, format_, X, first=0):
        """Coordinates of rows, after a check for values unseen in training.

        `X` is the table they come from, in which they start at row `first`.
        """
        at = coordinates(columns, E)
        if self.handle_unknown != "error":
            return at
        unseen = at.codes == UNSEEN
        if unseen.any():
            j, i = np.argwhere(unseen)[0]
            value = format_.describe(j, E[i, j])
            if format_.nominal[j] and not np.isnan(E[i, j]):
                value = repr(cell_of(X, first + i, j))
            names = format_.feature_names[unseen.any(axis=1)]
            raise ValueError(
                f"{unseen.any(axis=0).sum()} row(s) have a value that training never had, "
                f"in column(s) {', '.join(map(repr, names))}: "
                f'{value} in the first. Set handle_unknown="ask" of the sampler, '
                f'{type(self).__name__}(handle_unknown="ask"), to query the model about '
                'such values, or "ignore" to give such columns the attribution 0.'
            )
        return at

    def views(self, X: Table) -> Iterator[RowView]:
        """Each checked row with the columns that describe it, as a `RowView`."""
        described = self.format_.rows(X, self.columns_)
        if self.format_.units(X) is not None:
            for i, (columns, e, format_) in enumerate(described):
                yield RowView(columns, e, format_, self._placed(columns, e, format_, X, i))
            return
        # All rows have the same columns: they are placed together, column by column.
        at = self._placed(self.columns_, self.format_.encode(X), self.format_, X)
        for i, (columns, e, format_) in enumerate(described):
            yield RowView(columns, e, format_, at.of_row(i))

    def _view(self, row):
        if isinstance(row, np.ndarray) and row.ndim == 1:
            row = row[np.newaxis]
        row = check_table(self, row, reset=False)
        if row.shape[0] != 1:
            raise ValueError(f"row must be a table of one row, got {row.shape[0]}.")
        return next(iter(self.views(row)))


@dataclass(frozen=True, eq=False)
class RowView:
    """One row with its columns, encoded values and coordinates."""

    columns: tuple[Column, ...]
    e: NDArray[np.float64]
    format: Any
    at: Coordinates

    def sample(self, inputs, points, groups=None):
        """Points as perturbations of this row."""
        Z, position = points.relative_to(self.at, 0)
        return Sample(inputs, Z.T, position, groups=groups)
