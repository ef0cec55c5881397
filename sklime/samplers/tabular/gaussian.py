"""Draw numeric columns from normal laws: LIME's continuous modes."""

from __future__ import annotations

from numbers import Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from sklime.exceptions import NoClosedForm
from sklime.fitting import atomic_fit
from sklime.laws.base import Law
from sklime.laws.columns import CategoricalColumn, mean_and_sd, normal_law
from sklime.laws.coordinates import UNSEEN
from sklime.laws.independent import IndependentColumns
from sklime.laws.product import ProductLaw
from sklime.samplers.tabular.base import TabularSampler
from sklime.samplers.tabular.column_builder import ColumnBuilder
from sklime.samplers.tabular.law import ColumnsLaw, SharedColumnsLaw, ShiftedColumnsLaw
from sklime.tables.typing import TableLike
from sklime.validation import check_option


class _BuilderOfObserved(ColumnBuilder):
    """Builder of columns that have observed values, around which normal laws draw."""

    def _unobserved(self, name, values, masses):
        raise ValueError(
            f"column {name!r} has no observed value, around which GaussianSampler could "
            "draw; drop it, or use MarginalSampler(n_bins=4)."
        )


class GaussianSampler(TabularSampler):
    """Draw numeric columns from normal laws, around the training mean or the row.

    Categorical columns are drawn from their training frequencies. Missing values are not
    drawn: under ``handle_unknown="ask"`` the model is asked about a row's missing numbers,
    against draws around the training mean; else a row that lacks a number cannot be
    explained.

    Parameters
    ----------
    center : {"mean", "instance"}, default="mean"
        Whether the draws lie around the training mean, the same for all rows, or around the
        explained row.
    scale : float, default=1.0
        Standard deviation of the draws, in units of each column's training one.
    n_bins : int or None, default=None
        None: interpretable features are standardised values. Else whether a draw lies in
        the row's own quantile bin.
    sequence : {"sobol", "lhs", "random"}, default="sobol"
        As for `MarginalSampler`.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        As for `MarginalSampler`.
    handle_unknown : {"ask", "error", "ignore"}, default="ask"
        As for `MarginalSampler`; under "ask" missing numbers are asked about as well.
        Around the row, these are draws of its own, for at most eight values of a row.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklime.samplers import GaussianSampler
    >>> X = load_iris().data
    >>> sampler = GaussianSampler(center="instance", scale=0.1).fit(X)
    >>> [around] = sampler.sample(X[:1], n_samples=4096, random_state=0)
    >>> around.inputs.mean(axis=0).round(2)
    array([5.1, 3.5, 1.4, 0.2])
    """

    _builder = _BuilderOfObserved

    def __init__(
        self,
        center: Literal["mean", "instance"] = "mean",
        scale: float = 1.0,
        n_bins: int | None = None,
        sequence: Literal["sobol", "lhs", "random"] = "sobol",
        categorical_features: Literal["from_dtype"] | ArrayLike | None = "from_dtype",
        handle_unknown: Literal["ask", "error", "ignore"] = "ask",
    ) -> None:
        self.center = center
        self.scale = scale
        self.n_bins = n_bins
        self.sequence = sequence
        self.categorical_features = categorical_features
        self.handle_unknown = handle_unknown

    @atomic_fit
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        check_option(self, "center", ("mean", "instance"))
        real = isinstance(self.scale, Real) and not isinstance(self.scale, bool)
        if not (real and 0 < self.scale < np.inf):
            raise ValueError(f"scale={self.scale!r} must be a finite number above 0.")
        if sparse.issparse(X):
            raise TypeError(
                "GaussianSampler does not take sparse tables, which normal draws would "
                "fill; use MarginalSampler()."
            )
        super().fit(X, y, sample_weight)
        self._normals = [mean_and_sd(c.values, c.masses) for c in self.columns_]
        return self

    def deviation_law(self) -> ProductLaw:
        """Product law of the draws' deviations from the row.

        Returns
        -------
        ProductLaw
        """
        columns = enumerate(self.columns_)
        sds = [self.scale * sd for _, sd in self._normals]
        return ProductLaw(tuple(normal_law(c, 0.0, sds[j], None) for j, c in columns))

    def independent_columns(self) -> IndependentColumns:
        if self.n_bins is not None:
            raise NoClosedForm("GaussianSampler has closed forms for n_bins=None only")
        own = self.columns_, self.format_, self
        return IndependentColumns(*own, normal=True, reach=self.scale)

    def normal_of(self, j: int, z: Any) -> tuple[Any, float]:
        """Mean and standard deviation of the draws of a numeric column.

        Parameters
        ----------
        j : int
            The column.
        z : ndarray of shape (n_rows,)
            The rows' standardised values.

        Returns
        -------
        mean : float or ndarray of shape (n_rows,)
        sd : float
        """
        mean, sd = self._normals[j]
        column = self.columns_[j]
        around = self.center == "instance"
        centre = column.mean + column.scale * z if around else mean
        return centre, self.scale * sd

    def _column_law(self, j, column, position, value):
        if isinstance(column, CategoricalColumn):
            return column.law(position)
        mean, sd = self._normals[j]
        # Around a gap no number can lie: others lie around the training mean.
        around = self.center == "instance" and value is not None and not np.isnan(value)
        centre = value if around else mean
        return normal_law(column, centre, self.scale * sd, position)

    def _law(self) -> Law:
        if self.center == "mean":
            return SharedColumnsLaw(self)
        # Bins and categories do not move with the row.
        return ColumnsLaw(self) if self.binary_features_.any() else ShiftedColumnsLaw(self)

    def _placed(self, columns, E, format_, X, first=0):
        numeric = [not isinstance(column, CategoricalColumn) for column in columns]
        lacking = np.isnan(E) & numeric
        if lacking.any() and self.handle_unknown == "ask":
            at = super()._placed(columns, E, format_, X, first)
            # Normal draws have no gaps, whether or not training had.
            at.codes[lacking.T] = UNSEEN
            return at
        if lacking.any():
            names = format_.feature_names[lacking.any(axis=0)]
            raise ValueError(
                f"{lacking.any(axis=1).sum()} row(s) have missing values (NaN) in "
                f"column(s) {', '.join(map(repr, names))}, around which GaussianSampler "
                "cannot draw; use MarginalSampler(), for which missing is a bin of its "
                'own, or handle_unknown="ask".'
            )
        return super()._placed(columns, E, format_, X, first)
