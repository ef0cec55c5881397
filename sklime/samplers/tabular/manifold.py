"""Samplers on the data manifold: several columns of a draw come from one training row."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from sklime.exceptions import NoClosedForm
from sklime.fitting import atomic_fit, check_fitted
from sklime.laws.base import Law, Neighbourhood
from sklime.laws.coordinates import Coordinates
from sklime.laws.quasirandom import RandomState
from sklime.samplers.base import Sampler
from sklime.samplers.tabular.marginal import MarginalSampler
from sklime.tables.checks import check_table
from sklime.tables.typing import Table, TableLike
from sklime.validation import check_count, check_weights


class ManifoldSampler(Sampler):
    """Base of the samplers on the data manifold, which draw columns together.

    Rows are described as `MarginalSampler` describes them, by bins or standardised values.
    Subclasses name their parameters and give the law of the draws.

    Attributes
    ----------
    binary_features_ : ndarray of shape (`n_features_in_`,) of bool
        Columns compared by bin or category; the others are standardised.
    n_features_in_ : int
        Number of columns.
    default_metric_, default_width_ : str, float
        Distance and width of the kernel where the user leaves them open.
    """

    n_bins: int | None
    categorical_features: Literal["from_dtype"] | ArrayLike | None

    accepts_missing = True

    @atomic_fit
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Keep the training rows, and learn how rows are described.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n_rows, n_features)
        y : ignored
            Present for scikit-learn's convention.
        sample_weight : array-like of shape (n_rows,), optional
            Weights of the rows, by which they are drawn; those of weight 0 never are.
        """
        name = type(self).__name__
        if sparse.issparse(X):
            raise TypeError(
                f"{name} does not take sparse tables, whose rows have columns of their "
                "own; use MarginalSampler(), or pass X.toarray()."
            )
        X = check_table(self, X, reset=True)
        weights = check_weights(sample_weight, X)
        self._columns = MarginalSampler(
            self.n_bins,
            categorical_features=self.categorical_features,
            handle_unknown="ignore",
        ).fit(X, sample_weight=sample_weight)
        rows = self._columns.format_.encode(X)
        if weights is not None:
            counted = weights > 0.0
            rows, weights = rows[counted], weights[counted]
        if len(rows) < 2:
            raise ValueError(
                f"sample_weight leaves {len(rows)} training row(s) of a weight above 0, "
                f"while {name} draws from at least 2: give more rows a weight."
            )
        alike = weights is None or bool((weights == weights[0]).all())
        self._rows, self._weights = rows, None if alike else weights
        self.binary_features_ = self._columns.binary_features_
        self.default_metric_ = self._columns.default_metric_
        self.default_width_ = self._columns.default_width_
        return self

    @property
    def law_(self) -> Law:
        """Law of the draws, in which columns depend on each other."""
        check_fitted(self)
        return self._law()

    def sample(
        self, X: TableLike, n_samples: int = 4096, random_state: RandomState = None
    ) -> list[Neighbourhood]:
        X = check_table(self, X, reset=False)
        return self._law().draw(X, n_samples, random_state)

    def count_draws(self, n_samples: int) -> int:
        check_count("n_samples", n_samples)
        return n_samples

    def prefix_positions(self, n_draws: int, n_more: int) -> NDArray[np.intp] | None:
        return np.arange(n_draws)

    def interpret(self, X: TableLike, row: TableLike) -> NDArray[Any]:
        X = check_table(self, X, reset=False)
        return self._columns.interpret(X, row)

    def reference(self, X: TableLike, n_samples: int = 512) -> list[Neighbourhood]:
        X = check_table(self, X, reset=False)
        return self._columns.reference(X, n_samples)

    def locate(self, X: Table) -> Coordinates:
        """Place checked rows in interpretable space."""
        return self._columns.locate(X)

    def varies(self) -> NDArray[np.bool_]:
        check_fitted(self)
        return self._columns.varies()

    def restore(self, X: Table) -> Table:
        check_fitted(self)
        return self._columns.restore(X)

    def conditions(self, X: Table) -> Any:
        check_fitted(self)
        return self._columns.conditions(X)

    def _law(self) -> Law:
        raise NotImplementedError


def no_closed_form(sampler: ManifoldSampler) -> NoClosedForm:
    """Why draws that keep columns together have no closed form."""
    return NoClosedForm(
        f"{sampler!r} draws columns together, as training rows have them, while closed "
        "forms need columns that are drawn independently, as MarginalSampler() draws them"
    )
