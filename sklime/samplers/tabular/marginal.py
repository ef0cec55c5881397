"""Draw every column from its training distribution: LIME's own sampler, made exact."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from sklime.exceptions import NoClosedForm
from sklime.fitting import atomic_fit, check_fitted
from sklime.laws.base import Law
from sklime.laws.cells import Cells
from sklime.laws.columns import BinnedColumn, truncated_law
from sklime.laws.coordinates import UNSEEN
from sklime.laws.grouped import GroupedColumn
from sklime.laws.independent import IndependentColumns
from sklime.samplers.tabular.base import TabularSampler
from sklime.samplers.tabular.grouping import (
    check_groups,
    correlated_groups,
    groups_of_dummies,
    positions_of_groups,
)
from sklime.samplers.tabular.law import ColumnsLaw, SharedColumnsLaw
from sklime.tables.access import is_frame
from sklime.tables.grouped import GroupedFormat
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
    groups : dict, "auto", "dummies" or None, default=None
        Columns that are drawn together, from one training row, and are one feature, by the
        feature's name: ``{"size": ["width", "height"]}``, columns by name or position. For
        the dummies of one category, and for measurements that depend on each other, which
        are else drawn in combinations that do not exist. The feature says whether a draw
        is in the row's own bin or category in *every* column of the group; it has one
        attribution, and stands in `transform`, `get_feature_names_out`, explanations and
        pictures under its own name, once, where the first of its columns was. There is no
        closed form for groups. Of a row whose combination of bins training never had,
        `handle_unknown` says what to do; large groups of numbers need few bins. "auto":
        clusters of numeric columns by rank correlation, with average linkage at 0.7,
        whose signs do not matter. "dummies": columns of 0 and 1 that share what is before
        an underscore of their names, as `pandas.get_dummies` gives them, and at most one of
        which is 1 in every training row. Needs a dense table, bins, and
        ``within="empirical"``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklime.samplers import MarginalSampler
    >>> X = load_iris().data
    >>> [around] = MarginalSampler().fit(X).sample(X[:1], n_samples=64, random_state=0)
    >>> around.inputs.shape, around.design.dtype
    ((64, 4), dtype('bool'))

    Width and length of a petal are drawn together, from one flower:

    >>> grouped = MarginalSampler(groups={"petal": [2, 3]}).fit(X)
    >>> [around] = grouped.sample(X[:1], n_samples=64, random_state=0)
    >>> around.inputs.shape, around.design.shape
    ((64, 4), (64, 3))
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
        groups: dict[str, Sequence[Any]] | Literal["auto", "dummies"] | None = None,
    ) -> None:
        self.n_bins = n_bins
        self.binning = binning
        self.sequence = sequence
        self.within = within
        self.categorical_features = categorical_features
        self.handle_unknown = handle_unknown
        self.groups = groups  # type: ignore[method-assign, assignment]

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
        check_groups(self.groups)
        if bool(self.groups) and self.within != "empirical":
            raise ValueError(
                f"groups={self.groups!r:.200} draws the values of training rows, and "
                f'within={self.within!r} invents others: set within="empirical".'
            )
        return super().fit(X, y, sample_weight)

    @property
    def cells_known(self) -> bool:  # type: ignore[override]
        """Whether columns have cells of known probability."""
        return self.within == "empirical" and bool(self.binary_features_.all())

    def cells(self, inputs: Table, n_levels: int) -> list[Cells]:
        E = self.format_.encode(inputs)
        return [_column_cells(c, E[:, j], n_levels) for j, c in enumerate(self.columns_)]

    def renamed(self, names: NDArray[np.object_]) -> NDArray[np.object_]:
        check_fitted(self)
        return self.format_.renamed(names) if self._has_groups else names

    def shown(self, X: Table) -> Table:
        check_fitted(self)
        return self.format_.shown(X) if self._has_groups else X

    def conditions(self, X: Table) -> Any:
        check_fitted(self)
        if not self._has_groups:
            return super().conditions(X)
        return _conditions(self.columns_, self.format_, self.locate(X).codes)

    def independent_columns(self) -> IndependentColumns:
        if self._has_groups:
            named = ", ".join(map(repr, self.format_.feature_names[self.format_.grouped]))
            raise NoClosedForm(f"the columns of the groups {named} depend on each other")
        if isinstance(self.format_, SparseFormat):
            raise NoClosedForm("rows of a sparse table have columns of their own")
        if self.within != "empirical":
            raise NoClosedForm(f"within={self.within!r} is not the empirical marginal")
        return IndependentColumns(self.columns_, self.format_, self)

    @property
    def _has_groups(self):
        return isinstance(self.format_, GroupedFormat)

    def _set_columns(self, X, build, categorical, binary, weights):
        groups = self._positions_of_groups(X, categorical, weights)
        if not groups:
            super()._set_columns(X, build, categorical, binary, weights)
            return
        alone = [(name, j) for name, own in groups.items() for j in own if not binary[j]]
        if alone:
            name, j = alone[0]
            raise ValueError(
                f"groups[{name!r}] holds the numeric column "
                f"{self.format_.feature_names[j]!r}, which n_bins=None does not cut into "
                "bins, so that nothing tells whether a draw shares it: set n_bins."
            )
        join = partial(GroupedColumn, weights=weights)
        self.format_ = GroupedFormat(self.format_, groups, join)
        self.columns_ = self.format_.columns(X, build, categorical)
        self.binary_features_ = self.format_.every(binary)

    def _positions_of_groups(self, X, categorical, weights):
        """Positions of the columns of each group in a checked training table."""
        groups, names = self.groups, self.format_.feature_names
        if not groups:
            return {}
        if isinstance(self.format_, SparseFormat):
            raise ValueError(
                f"groups={groups!r:.200} needs a dense table, as rows of a sparse one are "
                "described by their stored entries: pass X.toarray(), or leave groups=None."
            )
        if isinstance(groups, str):
            rows = slice(None) if weights is None else weights > 0
            find, columns = correlated_groups, self.format_.numeric & ~categorical
            if groups == "dummies":
                find, columns = groups_of_dummies, self.format_.counted
            groups = find(self.format_.encode(X)[rows][:, columns], names[columns])
            if len(names) in map(len, groups.values()):
                raise ValueError(
                    f"groups={self.groups!r} finds all {len(names)} columns of the table "
                    "together, so that there is one feature and nothing to compare it "
                    "with: leave groups=None, or name the groups."
                )
        labels = X.columns if is_frame(X) else ()
        return positions_of_groups(groups, names, labels)

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


def _conditions(columns, table_format, codes):
    """Codes and labels of rows' conditions, as `Sampler.conditions`."""
    codes, labels = codes.T.astype(np.intp), []
    for j, (column, grouped) in enumerate(zip(columns, table_format.grouped, strict=True)):
        members = list(table_format.members(j))
        if not grouped:
            labels.append(column.labels(*members[0]))
            continue
        parts = [m.labels(*own) for m, own in zip(column.members, members, strict=True)]
        # Of the rows' own combinations alone: there may be as many as training rows.
        own, codes[:, j] = np.unique(codes[:, j], return_inverse=True)
        unseen = own[:1] == UNSEEN
        codes[:, j] -= unseen.sum()
        name = table_format.feature_names[j]
        dummies = column.dummies and table_format.counted[j]
        labels.append(
            [
                _condition(parts, line, dummies)
                for line in column.codes_of_members[own[unseen.sum() :]]
            ]
            + [f"{name} = values never seen together in training"]
        )
    return codes, labels


def _condition(parts, codes, dummies):
    """A group's condition: those of all columns, or of the dummy alone that is set."""
    told = [labels[code] for labels, code in zip(parts, codes, strict=True)]
    if dummies and codes.any():
        return told[int(codes.argmax())]
    return " and ".join(told)


def _column_cells(column, drawn, n_levels):
    """Cells of a column: its bins, cut at levels of its distribution function."""
    bins = column.law(None).bins
    level = ((np.cumsum(column.masses) - 0.5 * column.masses) * n_levels).astype(int)
    # Values are sorted, and so are their bins and levels.
    new = np.append(True, (np.diff(bins) != 0) | (np.diff(level) != 0))
    first = np.flatnonzero(new)
    of_draw = np.searchsorted(column.values[first[1:]], drawn, side="right")
    return Cells(of_draw, np.add.reduceat(column.masses, first), bins[first])
