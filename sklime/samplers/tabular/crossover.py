"""Draw some columns of each draw from one training row, the others from the own row."""

from __future__ import annotations

from numbers import Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklime.fitting import atomic_fit
from sklime.laws.base import Law, Sample
from sklime.laws.coordinates import UNSEEN, coordinates
from sklime.laws.quasirandom import RandomState, resolve_seed
from sklime.samplers.tabular.manifold import ManifoldSampler, no_closed_form
from sklime.tables.access import cell_of, with_value_of
from sklime.tables.checks import check_table
from sklime.tables.typing import TableLike


class CrossoverSampler(ManifoldSampler):
    """Draw around each row: some columns from one training row, the others its own.

    Each column of a draw is taken from the draw's training row with probability `share`,
    independently, and keeps the explained row's value otherwise. Draws lie between the row
    and the data, nearer to both than columns that are all drawn independently. The model is
    asked about draws of each row's own, `n_samples` rows for every explained row; there is
    no closed form.

    The row's own value is among the draws whatever it is, also a category or gap that
    training never had: the feature of such a column says whether a draw has it.

    Parameters
    ----------
    n_bins : int or None, default=None
        None: interpretable features are values in units of their training standard
        deviation. Else whether a draw lies in the row's own bin, as for `MarginalSampler`.
    share : float, default=0.5
        Expected share of the columns that a draw takes from its training row, above 0 and
        at most 1. With 1, draws are training rows, drawn with replacement.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        As for `MarginalSampler`.

    Attributes
    ----------
    binary_features_ : ndarray of shape (`n_features_in_`,) of bool
        Columns compared by bin or category; the others are standardised.
    n_features_in_ : int
        Number of columns.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklime.samplers import CrossoverSampler
    >>> X = load_iris().data
    >>> sampler = CrossoverSampler(share=0.25).fit(X)
    >>> [around] = sampler.sample(X[:1], n_samples=4096, random_state=0)
    >>> own = around.inputs == X[0]
    >>> bool(own.mean() > 0.75)
    True
    """

    def __init__(
        self,
        n_bins: int | None = None,
        share: float = 0.5,
        categorical_features: Literal["from_dtype"] | ArrayLike | None = "from_dtype",
    ) -> None:
        self.n_bins = n_bins
        self.share = share
        self.categorical_features = categorical_features

    @atomic_fit
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        real = isinstance(self.share, Real) and not isinstance(self.share, bool)
        if not (real and 0.0 < self.share <= 1.0):
            raise ValueError(
                f"share={self.share!r} of CrossoverSampler must be a number above 0 and at "
                "most 1: the share of the columns that a draw takes from a training row."
            )
        return super().fit(X, y, sample_weight)

    def interpret(self, X: TableLike, row: TableLike) -> NDArray[Any]:
        X, Z = check_table(self, X, reset=False), super().interpret(X, row)
        if isinstance(row, np.ndarray) and row.ndim == 1:
            row = row[np.newaxis]
        row = check_table(self, row, reset=False)
        unseen = np.flatnonzero(self.locate(row).codes[:, 0] == UNSEEN)
        if not len(unseen):
            return Z
        Z, encode = Z.copy(), self._columns.format_.encode
        E, own = encode(X), encode(row)[0]
        for j in unseen.tolist():
            if np.isnan(own[j]):
                Z[:, j] = np.isnan(E[:, j])
                continue
            # Values that have no number are told apart by themselves.
            Z[:, j] = E[:, j] == own[j]
            for i in np.flatnonzero(Z[:, j]).tolist():
                Z[i, j] = cell_of(X, i, j) == cell_of(row, 0, j)
        return Z

    def drawn_rows(
        self, n_samples: int, random_state: RandomState
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Draw training rows, and which of their columns are taken.

        Returns
        -------
        rows : ndarray of shape (n_draws, n_features)
            Encoded, drawn with replacement.
        taken : ndarray of shape (n_draws, n_features) of bool
        """
        n, seed = self.count_draws(n_samples), resolve_seed(random_state)
        of_rows, of_columns = (np.random.default_rng([seed, k]) for k in range(2))
        N = len(self._rows)
        ends = np.cumsum(np.ones(N) if self._weights is None else self._weights)
        at = np.searchsorted(ends / ends[-1], of_rows.random(n), side="right")
        taken = of_columns.random((n, self.n_features_in_)) < self.share
        return self._rows[np.minimum(at, N - 1)], taken

    def _law(self) -> Law:
        return CrossoverLaw(self)


class CrossoverLaw(Law):
    """Law of rows that take some columns from one training row each."""

    sums_in_double = True

    def draw(self, X, n_samples, random_state):
        sampler, columns = self.sampler, self.sampler._columns
        rows, taken = sampler.drawn_rows(n_samples, random_state)
        points, at = coordinates(columns.columns_, rows), sampler.locate(X)
        found = []
        for i, e in enumerate(columns.format_.encode(X)):
            unseen = at.codes[:, i] == UNSEEN
            inputs = columns.format_.decode(np.where(taken | unseen, rows, e))
            for j in np.flatnonzero(unseen).tolist():
                inputs = with_value_of(inputs, j, X, i, rows=~taken[:, j])
            Z, position = points.relative_to(at, i)
            Z = np.where(taken.T, Z, position.astype(Z.dtype)[:, np.newaxis])
            found.append(Sample(inputs, Z.T, position))
        return found

    def count_draws(self, n_samples):
        return self.sampler.count_draws(n_samples)

    def prefix_positions(self, n_draws, n_more):
        return self.sampler.prefix_positions(n_draws, n_more)

    def independent_columns(self, X):
        raise no_closed_form(self.sampler)
