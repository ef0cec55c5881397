"""Draw real training rows: the model is asked about nothing that was never seen."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklime.fitting import atomic_fit, check_fitted
from sklime.laws.base import Law, Sample, SharedLaw
from sklime.laws.coordinates import coordinates
from sklime.laws.quasirandom import RandomState, resolve_seed
from sklime.samplers.tabular.manifold import ManifoldSampler, no_closed_form
from sklime.tables.typing import TableLike
from sklime.validation import check_count


class TrainingSampler(ManifoldSampler):
    """Draw real training rows without replacement, one pool for all explained rows.

    No draw mixes rows, so that the model is asked about nothing off the data manifold: for
    audits of models that may answer otherwise there. There are at most as many draws as
    training rows; `n_samples_` of the explainer is that number, the kernel weighs them
    for each row, and the model is asked once. Columns stay as correlated as they are, so
    that attributions are shared among correlated columns, also with those that the model
    never reads. There is no closed form, and nothing to draw for narrow kernels: effective
    sample sizes and `support` tell what they leave. Standard errors take the training rows
    for a sample of more.

    A category or gap that training never had is like no draw: its column gets the
    attribution 0, of which the explainer warns.

    Parameters
    ----------
    n_bins : int or None, default=4
        As for `MarginalSampler`: an interpretable feature says whether a draw lies in the
        row's own quantile bin. None: values in units of their training standard deviation.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        As for `MarginalSampler`.

    Attributes
    ----------
    max_draws_ : int
        Number of training rows, those of weight 0 left out.
    binary_features_ : ndarray of shape (`n_features_in_`,) of bool
        Columns compared by bin or category; the others are standardised.
    n_features_in_ : int
        Number of columns.

    Notes
    -----
    With sample weights, n of N rows are those with the smallest ``u / weight``, u uniform,
    so that rows are drawn in proportion to their weights. What cannot be drawn more than
    once gets the rest of its weight as a mass: weight by chance of being drawn.

    References
    ----------
    Ohlsson (1998), Sequential Poisson Sampling, Journal of Official Statistics 14.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from sklime import LimeExplainer
    >>> from sklime.samplers import TrainingSampler
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> forest = RandomForestRegressor(n_estimators=10, random_state=0).fit(X, y)
    >>> sampler = TrainingSampler(n_bins=None)
    >>> explainer = LimeExplainer(forest, sampler=sampler, random_state=0).fit(X)
    >>> explainer.method_, explainer.n_samples_
    ('sampling', 442)
    >>> [around] = explainer.sampler_.sample(X[:1], n_samples=3, random_state=0)
    >>> around.inputs.merge(X).shape
    (3, 10)
    """

    def __init__(
        self,
        n_bins: int | None = 4,
        categorical_features: Literal["from_dtype"] | ArrayLike | None = "from_dtype",
    ) -> None:
        self.n_bins = n_bins
        self.categorical_features = categorical_features

    @atomic_fit
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        super().fit(X, y, sample_weight)
        self.max_draws_: int = len(self._rows)
        return self

    def count_draws(self, n_samples: int) -> int:
        """Number of draws: as many as asked for, or as there are training rows."""
        check_count("n_samples", n_samples)
        check_fitted(self)
        return min(n_samples, len(self._rows))

    def drawn_rows(
        self, n_samples: int, random_state: RandomState
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Draw training rows without replacement.

        Returns
        -------
        rows : ndarray of shape (n_draws, n_features)
            Encoded. Those of a smaller request come first.
        masses : ndarray of shape (n_draws,), or None
            Of weighted rows: weights by their chances of being drawn.
        """
        n, seed = self.count_draws(n_samples), resolve_seed(random_state)
        keys = np.random.default_rng(seed).random(len(self._rows))
        weights = self._weights
        if weights is None:
            return self._rows[np.argsort(keys, kind="stable")[:n]], None
        chosen = np.argsort(keys / weights, kind="stable")[:n]
        return self._rows[chosen], (weights / _chances(weights, n))[chosen]

    def _law(self) -> Law:
        return TrainingRowsLaw(self)


class TrainingRowsLaw(SharedLaw):
    """Law of training rows, drawn without replacement: the same for every row."""

    sums_in_double = True

    def draw(self, X, n_samples, random_state):
        inputs, points = self.pool(n_samples, random_state)
        masses, at = self.pool_masses(n_samples, random_state), self.locate(X)
        found = []
        for i in range(len(at)):
            Z, position = points.relative_to(at, i)
            found.append(Sample(inputs, Z.T, position, masses=masses))
        return found

    def pool(self, n_samples, random_state):
        rows, _ = self.sampler.drawn_rows(n_samples, random_state)
        columns = self.sampler._columns
        return columns.format_.decode(rows), coordinates(columns.columns_, rows)

    def pool_masses(self, n_samples, random_state):
        return self.sampler.drawn_rows(n_samples, random_state)[1]

    def locate(self, X):
        return self.sampler.locate(X)

    def count_draws(self, n_samples):
        return self.sampler.count_draws(n_samples)

    def prefix_positions(self, n_draws, n_more):
        return self.sampler.prefix_positions(n_draws, n_more)

    def independent_columns(self, X):
        raise no_closed_form(self.sampler)


def _chances(weights: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Chances of being among `n` rows: in proportion to weights, 1 at most."""
    if n == len(weights):
        return np.ones(n)
    sure = np.zeros(len(weights), dtype=bool)
    while True:
        share = weights / weights[~sure].sum()
        chances = np.where(sure, 1.0, (n - sure.sum()) * share)
        more = ~sure & (chances >= 1.0)
        if not more.any():
            return chances
        sure |= more
