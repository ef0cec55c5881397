"""Draw numeric columns from normal laws: LIME's continuous modes."""

from numbers import Real

import numpy as np
from scipy import sparse

from sklime.fitting import atomic_fit
from sklime.laws.columns import CategoricalColumn, mean_and_sd, normal_law
from sklime.laws.product import ProductLaw
from sklime.laws.quasirandom import seed_of, uniform_numbers
from sklime.samplers.tabular.base import TabularSampler
from sklime.validation import check_option


class GaussianSampler(TabularSampler):
    """Draw numeric columns from normal laws, around the training mean or the row.

    Categorical columns are drawn from their training frequencies. Missing values are not
    drawn, and a row that lacks a number cannot be explained.

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
    handle_unknown : {"error", "ignore"}, default="error"
        As for `MarginalSampler`.

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

    def __init__(
        self,
        center="mean",
        scale=1.0,
        n_bins=None,
        sequence="sobol",
        categorical_features="from_dtype",
        handle_unknown="error",
    ):
        self.center = center
        self.scale = scale
        self.n_bins = n_bins
        self.sequence = sequence
        self.categorical_features = categorical_features
        self.handle_unknown = handle_unknown

    @atomic_fit
    def fit(self, X, y=None, sample_weight=None):
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

    @property
    def depends_on_row(self):
        """Whether the draws depend on the explained row."""
        return self.center == "instance"

    @property
    def shifts_with_row(self):
        """Whether every row's draws are the same deviations, moved to the row."""
        return self.depends_on_row and not self.matched_.any()

    def deviations(self, n_samples, random_state):
        """Draw the deviations from the row that all rows share, where `shifts_with_row`.

        Parameters
        ----------
        n_samples : int
            Number of draws, before rounding up.
        random_state : int
            Seed of the draws.

        Returns
        -------
        deviations, standardised : ndarray of shape (n_draws, n_features)
            In the columns' own units, and in interpretable ones.
        """
        law = ProductLaw(
            tuple(
                normal_law(c, 0.0, self.scale * self._normals[j][1], None)
                for j, c in enumerate(self.columns_)
            )
        )
        numbers = uniform_numbers(
            n_samples, len(self.columns_), self.sequence, seed_of(random_state)
        )
        deviations = law.draw(numbers)
        return deviations, deviations / [column.scale for column in self.columns_]

    def around(self, X, deviations):
        """Move the deviations to each row.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Checked rows.
        deviations : ndarray of shape (n_draws, n_features)
            As `deviations` gives them.

        Returns
        -------
        inputs : table of n_rows * n_draws rows
            As the model takes them.
        positions : ndarray of shape (n_rows, n_features)
            The rows in interpretable units.
        """
        E = self.format_.encode(X)
        at = self._placed(self.columns_, E, self.format_, X)
        moved = (E[:, np.newaxis] + deviations).reshape(-1, E.shape[1])
        return self.format_.decode(moved), np.ascontiguousarray(at.z.T)

    def normal_of(self, j, z):
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
        centre = column.mean + column.scale * z if self.depends_on_row else mean
        return centre, self.scale * sd

    def _column_law(self, j, column, position, value):
        if isinstance(column, CategoricalColumn):
            return column.law(position)
        mean, sd = self._normals[j]
        return normal_law(
            column, value if self.depends_on_row else mean, self.scale * sd, position
        )

    def _placed(self, columns, E, format_, X, first=0):
        numeric = [not isinstance(column, CategoricalColumn) for column in columns]
        lacking = np.isnan(E) & numeric
        if lacking.any():
            names = format_.feature_names[lacking.any(axis=0)]
            raise ValueError(
                f"{lacking.any(axis=1).sum()} row(s) have missing values (NaN) in "
                f"column(s) {', '.join(map(repr, names))}, around which GaussianSampler "
                "cannot draw; use MarginalSampler(), for which missing is a bin of its own."
            )
        return super()._placed(columns, E, format_, X, first)
