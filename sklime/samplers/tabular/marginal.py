"""Draw every column from its training distribution: LIME's own sampler, made exact."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from sklime.exceptions import NoClosedForm
from sklime.fitting import atomic_fit
from sklime.laws.base import Law
from sklime.laws.cells import Cells
from sklime.laws.columns import BinnedColumn, truncated_law
from sklime.laws.independent import IndependentColumns
from sklime.samplers.tabular.base import TabularSampler
from sklime.samplers.tabular.law import ColumnsLaw, SharedColumnsLaw
from sklime.tables.sparse import SparseFormat
from sklime.tables.typing import Table, TableLike
from sklime.validation import check_option


class MarginalSampler(TabularSampler):
    """Draw each column from its training distribution, independently of the others.

    The draws do not depend on the explained row (except for sparse tables, where only the
    row's stored entries are redrawn and the others stay fixed, so that attributions differ
    from those of the same table made dense). A value is drawn by the inverse
    distribution function of the training values, so that none is invented, integers stay
    integers, and missing values keep their frequency.

    An interpretable feature says whether a draw lies in the row's own bin, has its
    category, or is missing as the row is; with ``n_bins=None`` it is the value in units of
    its training standard deviation, a missing one standing at the mean.

    Parameters
    ----------
    n_bins : int or None, default=4
        Bins of a numeric column at most. None: standardised values instead of bins, in
        closed form for the same models.
    binning : str or scikit-learn discretiser, default="quantile"
        How numeric columns are cut: "quantile", "uniform", "kmeans", or "entropy", which
        needs class labels `y` in `fit`. A discretiser brings its own number of bins. Under
        "quantile", a column of an integer dtype with at most ten distinct values has a bin
        for each of them, whatever `n_bins`: "children = 2"; so have whole numbers that
        pandas keeps as floats because some are missing. Dates and durations are cut as
        numbers are.
    sequence : {"sobol", "lhs", "random"}, default="sobol"
        The numbers behind the draws: scrambled Sobol points in eight independent scrambles,
        a Latin hypercube, or plain random numbers.
    within : {"empirical", "truncnorm"}, default="empirical"
        Within a bin, draw training values, or from a truncated normal law as lime does.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Columns compared for equality: those of a categorical, string or boolean dtype, and
        those given here by a mask, indices or names.
    handle_unknown : {"ask", "error", "ignore"}, default="ask"
        What to do with a row whose category, or missingness, training never had, or hardly
        ever: "ask" puts the row's own value into 512 draws and queries the model about
        them; in sparse tables, and under narrow kernels, these are draws of the row's own,
        for at most eight such values of a row; "ignore" lets no draw share a value that
        training never had, so that the column gets the attribution 0, of which the
        explainer warns.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklime.samplers import MarginalSampler
    >>> X = load_iris().data
    >>> [around] = MarginalSampler().fit(X).sample(X[:1], n_samples=64, random_state=0)
    >>> around.inputs.shape, around.design.dtype
    ((64, 4), dtype('bool'))
    """

    accepts_sparse = True

    def __init__(
        self,
        n_bins: int | None = 4,
        binning: Literal["quantile", "uniform", "kmeans", "entropy"]
        | BaseEstimator = "quantile",
        sequence: Literal["sobol", "lhs", "random"] = "sobol",
        within: Literal["empirical", "truncnorm"] = "empirical",
        categorical_features: Literal["from_dtype"] | ArrayLike | None = "from_dtype",
        handle_unknown: Literal["ask", "error", "ignore"] = "ask",
    ) -> None:
        self.n_bins = n_bins
        self.binning = binning
        self.sequence = sequence
        self.within = within
        self.categorical_features = categorical_features
        self.handle_unknown = handle_unknown

    @atomic_fit
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        check_option(self, "within", ("empirical", "truncnorm"))
        if self.within == "truncnorm" and self.n_bins is None:
            raise ValueError('within="truncnorm" draws inside bins: set n_bins, not None.')
        return super().fit(X, y, sample_weight)

    @property
    def cells_known(self) -> bool:  # type: ignore[override]
        """Whether columns have cells of known probability."""
        return self.within == "empirical" and bool(self.binary_features_.all())

    def cells(self, inputs: Table, n_levels: int) -> list[Cells]:
        E = self.format_.encode(inputs)
        return [_column_cells(c, E[:, j], n_levels) for j, c in enumerate(self.columns_)]

    def independent_columns(self) -> IndependentColumns:
        if isinstance(self.format_, SparseFormat):
            raise NoClosedForm("rows of a sparse table have columns of their own")
        if self.within != "empirical":
            raise NoClosedForm(f"within={self.within!r} is not the empirical marginal")
        return IndependentColumns(self.columns_, self.format_, self.locate)

    def _counts(self):
        plain = self.n_bins is not None and self.within == "empirical"
        quantiles = isinstance(self.binning, str) and self.binning == "quantile"
        if not (plain and quantiles):
            return super()._counts()
        return self.format_.integer, self.format_.maybe_integer

    def _law(self) -> Law:
        # A sparse row keeps the columns that it does not store.
        sparse = isinstance(self.format_, SparseFormat)
        return ColumnsLaw(self) if sparse else SharedColumnsLaw(self)

    def _column_law(self, j, column, position, value):
        if self.within == "truncnorm" and isinstance(column, BinnedColumn):
            return truncated_law(column, position)
        return column.law(position)


def _column_cells(column, drawn, n_levels):
    """Cells of a column: its bins, cut at levels of its distribution function."""
    bins = column.law(None).bins
    level = ((np.cumsum(column.masses) - 0.5 * column.masses) * n_levels).astype(int)
    # Values are sorted, and so are their bins and levels.
    new = np.append(True, (np.diff(bins) != 0) | (np.diff(level) != 0))
    first = np.flatnonzero(new)
    of_draw = np.searchsorted(column.values[first[1:]], drawn, side="right")
    return Cells(of_draw, np.add.reduceat(column.masses, first), bins[first])
