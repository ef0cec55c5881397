"""Population moments: the neighbourhood of infinitely many draws, in closed form."""

from dataclasses import dataclass, replace

import numpy as np

from sklime.exact.errors import reports_failures
from sklime.exact.laws import MatchedLaw, NormalLaw, mismatch_factor

# The number of rows is padded to a multiple, lest a product of one row be summed in
# another order than a product of many.
_PADDING = 8

# Logarithm of a number that is not yet 0.
_LEAST_LOG = -690.0


class Population:
    """Moments of the tilted laws themselves, in place of draws from them.

    Parameters
    ----------
    sampler : MarginalSampler or GaussianSampler
        Fitted.
    kernel : Kernel
        A product over columns.
    form : SumOfTrees or SumOfColumns
        The model.
    n_samples : int
        What effective sample sizes and support are stated for.
    """

    # Rows that are handed over together; what is multiplied together stays smaller.
    rows_at_once = 1024
    bytes_per_row = 1

    # They know what features explain together, not what no feature does.
    knows_scores = False

    def __init__(self, sampler, kernel, form, n_samples):
        self.sampler = sampler
        self.form = form
        self.n_samples = sampler.count_draws(n_samples)
        self.mismatch = mismatch_factor(kernel)
        self.precision = kernel.precision
        self.frequencies = [
            column.frequencies if column.matched else None for column in sampler.columns_
        ]

    def ask(self, X):
        """Place the rows; the model is not asked.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Checked rows.

        Returns
        -------
        Coordinates
        """
        return self.sampler.locate(X)

    @reports_failures
    def moments(self, asked, outputs):
        """Population moments of the rows' neighbourhoods.

        Parameters
        ----------
        asked : Coordinates
            What `ask` returned for the rows.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.

        Returns
        -------
        PopulationMoments
        """
        rows, n = asked, len(asked)
        laws = self._laws(rows)
        wanted, place = np.unique(outputs, return_inverse=True)
        place = place.reshape(outputs.shape)
        expected, coef = self.form(laws, wanted)
        # Of many columns, and far out, the product of the weights would round to nothing.
        efficiency = np.sum([law.log_efficiency for law in laws], axis=0)
        sizes = self.n_samples * np.exp(np.maximum(efficiency, _LEAST_LOG))
        return PopulationMoments(
            # One layout, lest sums over features depend on the number of rows.
            mean_z=np.stack([law.mean[:n] for law in laws], axis=1),
            variance=np.stack([law.variance[:n] for law in laws], axis=1),
            coef=np.take_along_axis(coef[:n], place[:, :, np.newaxis], axis=1),
            y_origin=np.take_along_axis(expected[:n], place, axis=1),
            positions=np.where(rows.matched, 1.0, 0.0 if rows.z is None else rows.z.T),
            effective_sample_sizes=sizes[:n],
            n_samples=self.n_samples,
        )

    def with_errors(self, fitted, asked, outputs):
        """Add standard errors: zeros, as nothing is estimated.

        Parameters
        ----------
        fitted : Surrogates
            Of the rows.
        asked, outputs
            As for `moments`.

        Returns
        -------
        Surrogates
        """
        return replace(fitted, standard_errors=np.zeros_like(fitted.coef))

    def _laws(self, rows):
        """Laws of all columns, for the rows and what pads their number."""
        extra = (0, -len(rows) % _PADDING)
        laws = []
        for j, column in enumerate(self.sampler.columns_):
            if column.matched:
                own = np.pad(rows.codes[j].astype(np.intp), extra, mode="edge")
                laws.append(MatchedLaw.of(self.frequencies[j], own, self.mismatch))
            else:
                z = np.pad(rows.z[j], extra, mode="edge")
                mean, sd = self.sampler.normal_of(j, z)
                laws.append(NormalLaw.of(column, mean, sd, z, self.precision))
        return laws


@dataclass(frozen=True)
class PopulationMoments:
    """Moments of the tilted product laws of several rows.

    Parameters
    ----------
    mean_z, variance : ndarray of shape (n_rows, n_features)
        Of the interpretable features, which are independent.
    coef : ndarray of shape (n_rows, n_outputs, n_features)
        Covariance of feature and answer over the feature's variance.
    y_origin : ndarray of shape (n_rows, n_outputs)
        Expected answers.
    positions : ndarray of shape (n_rows, n_features)
        The rows in interpretable units.
    effective_sample_sizes : ndarray of shape (n_rows,)
        ``n_samples * (E w)**2 / E w**2``.
    n_samples : int
        What effective sample sizes are stated for.
    """

    mean_z: np.ndarray
    variance: np.ndarray
    coef: np.ndarray
    y_origin: np.ndarray
    positions: np.ndarray
    effective_sample_sizes: np.ndarray
    n_samples: int

    # Nothing is estimated, and features are independent.
    certain = True
    undetermined = False
    collinear = False
    plain = None

    @property
    def z_origin(self):
        """The point from which the design is measured: zero."""
        return np.zeros_like(self.mean_z)

    @property
    def y_scale(self):
        """The unit of the answers: one."""
        return np.ones_like(self.y_origin)

    def normalised(self):
        """Central moments, as `Moments.normalised` gives them."""
        return UncorrelatedMoments(self.mean_z, self.variance, self.coef)


@dataclass(frozen=True)
class UncorrelatedMoments:
    """Central moments of independent features, measured from the expected answers.

    Gives selectors and surrogates what `CentralMoments` gives, for infinitely many draws.

    Parameters
    ----------
    mean_z, variance : ndarray of shape (n_rows, n_features)
        Of the features.
    coef : ndarray of shape (n_rows, n_outputs, n_features)
        Regression coefficients of the answers on each feature.
    """

    mean_z: np.ndarray
    variance: np.ndarray
    coef: np.ndarray

    n_samples = np.inf
    resolution = 1e-14

    @property
    def flat(self):
        """Features without variance, of shape (n_rows, n_features)."""
        return self.variance == 0.0

    @property
    def gram(self):
        """Covariances of the features: their variances on the diagonal."""
        return self.variance[:, np.newaxis] * np.eye(self.variance.shape[1])

    @property
    def cross(self):
        """Covariances of features and answers."""
        return np.swapaxes(self.coef, 1, 2) * self.variance[:, :, np.newaxis]

    @property
    def spread(self):
        """The answers' variance that the features explain together."""
        return np.einsum("nkd,nd->nk", np.square(self.coef), self.variance)

    @property
    def mean_y(self):
        """Means of the answers, from which they are measured: zero."""
        return np.zeros(self.coef.shape[:2])

    def ridge(self, penalty, support=None):
        """Coefficients; a penalty has no weight against infinitely many draws."""
        return self.coef if support is None else np.where(support, self.coef, 0.0)

    def explained(self, coef, offset=0.0):
        """Share of `spread` that a surrogate explains."""
        missed = np.einsum("nkd,nd->nk", np.square(coef - self.coef), self.variance)
        spread = self.spread
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(spread == 0.0, 1.0, 1.0 - (missed + offset**2) / spread)
