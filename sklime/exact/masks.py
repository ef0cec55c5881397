r"""Population moments of masked rows whose answers are sums over their units.

Weighted least squares gives back the effects of the units whatever the law and the kernel
(Mardaoui and Garreau, 2021, of words; Garreau and Mardaoui, 2021, of pixels). What a
surrogate of fewer units has for the others depends on the law: where it is exchangeable,
all covariances of two units are equal.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sklime.exact.additive import AdditiveAnswers
from sklime.exact.errors import NoClosedForm, reports_failures
from sklime.exact.population import Population, PopulationMoments
from sklime.samplers import SequenceSampler, SuperpixelSampler, TokenSampler
from sklime.samplers.exchangeable import weights_by_count

_SAMPLERS = (SequenceSampler, SuperpixelSampler, TokenSampler)


class MaskPopulation:
    """Moments of the kernel-weighted laws of masks themselves, in place of draws.

    Parameters
    ----------
    answers : AdditiveAnswers
        The model's, calibrated.
    sampler : MaskSampler
        Fitted.
    kernel : Kernel
        An exchangeable one.
    n_samples : int
        What effective sample sizes and support are stated for.
    """

    # Rows have units of their own.
    rows_at_once = 1
    bytes_per_row = 1

    # Additive answers have nothing beside what their units explain.
    knows_scores = True

    def __init__(self, answers, sampler, kernel, n_samples):
        self.answers = answers
        self.sampler = sampler
        self.kernel = kernel
        self.n_samples = sampler.count_draws(n_samples)

    @classmethod
    def of(cls, model, steps, response, sampler, kernel, X, n_samples):
        """Find out whether the answers about masked rows are sums.

        Parameters
        ----------
        model : estimator
            Linear, as `is_linear` says.
        steps : list of transformers
            What stands in front of it.
        response, sampler, kernel, X, n_samples
            As for `closed_form`.

        Returns
        -------
        MaskPopulation

        Raises
        ------
        NoClosedForm
            If they are not.
        """
        if type(sampler) not in _SAMPLERS:
            raise NoClosedForm(f"{type(sampler).__name__} has a law of its own")
        if not kernel.exchangeable:
            raise NoClosedForm(
                f"kernel {kernel!r} looks at more than the number of kept units"
            )
        answers = AdditiveAnswers(model, steps, response, sampler)
        answers.calibrate(X)
        return cls(answers, sampler, kernel, n_samples)

    @reports_failures
    def ask(self, X):
        """Take the answers about a row apart; the model is not asked.

        Parameters
        ----------
        X : list of one MaskedRow
            The row.

        Returns
        -------
        Effects

        Raises
        ------
        NoClosedForm
            If the answers about this row are not a sum over its units.
        """
        [row] = X
        return self.answers(row)

    @reports_failures
    def moments(self, asked, outputs):
        """Population moments of the row's neighbourhood.

        Parameters
        ----------
        asked : Effects
            What `ask` returned.
        outputs : ndarray of shape (1, n_explained) of int
            The outputs explained.

        Returns
        -------
        MaskMoments

        Raises
        ------
        NoClosedForm
            If the kernel leaves weight on masks of one number of units only.
        """
        d, [explained] = len(asked.effects), outputs
        law = WeightedLaw.of(self.sampler.mask_law(d), self.kernel)
        coef = asked.effects.T[explained]
        mean = np.full((1, d), law.mean)
        expected = asked.answers[explained] - (1.0 - law.mean) * coef.sum(axis=1)
        return MaskMoments(
            mean_z=mean,
            variance=mean * (1.0 - mean),
            coef=coef[np.newaxis],
            y_origin=expected[np.newaxis],
            positions=np.ones((1, d)),
            effective_sample_sizes=np.array([self.n_samples * law.efficiency]),
            n_samples=self.n_samples,
            law=law,
        )

    # Nothing is estimated here either.
    with_errors = Population.with_errors


@dataclass(frozen=True)
class WeightedLaw:
    """What moments need of an exchangeable law of masks, weighted by a kernel.

    Parameters
    ----------
    mean : float
        Probability that a unit is kept.
    within : float
        Variance of a unit less the covariance of two: the covariance matrix's eigenvalue
        for vectors of sum zero.
    total : float
        Variance of the number of kept units over the number of units: its eigenvalue for
        the vector of ones.
    efficiency : float
        ``(E w)**2 / E w**2``.
    """

    mean: float
    within: float
    total: float
    efficiency: float

    @classmethod
    def of(cls, law, kernel):
        """Weigh a law.

        Parameters
        ----------
        law : ExchangeableLaw
            Of the masks.
        kernel : Kernel
            An exchangeable one, with nothing left open.

        Returns
        -------
        WeightedLaw

        Raises
        ------
        NoClosedForm
            If the weighted law does not tell the units apart.
        """
        d, kept = law.n_units, np.arange(law.n_units + 1)
        weights = weights_by_count(kernel, d)
        weights = weights / (weights[law.masses > 0.0].max() or 1.0)
        mass = law.masses @ weights
        shares = law.masses * weights / (mass or 1.0)
        mean = shares @ kept
        total = shares @ np.square(kept - mean) / max(d, 1)
        within = shares @ (kept * (d - kept)) / (d * (d - 1)) if d > 1 else total
        if not mass or (d and not (within > 0.0 and total > 0.0)):
            raise NoClosedForm(
                f"kernel {kernel!r} leaves weight on too few masks of {d} unit(s)"
            )
        efficiency = mass**2 / (law.masses @ np.square(weights))
        return cls(mean / max(d, 1), within, total, efficiency)


@dataclass(frozen=True)
class MaskMoments(PopulationMoments):
    """Moments of the weighted law of one row's masks.

    Parameters
    ----------
    mean_z, variance, coef, y_origin, positions, effective_sample_sizes, n_samples
        As for `PopulationMoments`; `coef` are the effects of the units.
    law : WeightedLaw
        Of the masks.
    """

    law: WeightedLaw

    def normalised(self):
        """Central moments, as `Moments.normalised` gives them."""
        return ExchangeableMoments(self.mean_z, self.coef, self.law)


@dataclass(frozen=True)
class ExchangeableMoments:
    """Central moments of equally correlated units, measured from the expected answers.

    Gives selectors and surrogates what `CentralMoments` gives, for infinitely many draws.

    Parameters
    ----------
    mean_z : ndarray of shape (1, n_units)
        Of the masks.
    coef : ndarray of shape (1, n_outputs, n_units)
        Effects of the units, whose sum the answers are.
    law : WeightedLaw
        Of the masks.
    """

    mean_z: np.ndarray
    coef: np.ndarray
    law: WeightedLaw

    n_samples = np.inf
    resolution = 1e-14

    @property
    def flat(self):
        """Units that do not vary, of shape (1, n_units): none."""
        return np.zeros(self.mean_z.shape, dtype=bool)

    @property
    def covariance(self):
        """Of any two units."""
        return (self.law.total - self.law.within) / max(self.mean_z.size, 1)

    @cached_property
    def gram(self):
        """Covariances of the units."""
        return (self.law.within * np.eye(self.mean_z.size) + self.covariance)[np.newaxis]

    @property
    def cross(self):
        """Covariances of units and answers."""
        shared = self.covariance * self.coef.sum(axis=2, keepdims=True)
        return np.swapaxes(self.law.within * self.coef + shared, 1, 2)

    @property
    def spread(self):
        """Variances of the answers."""
        return self._variance(self.coef)

    @property
    def mean_y(self):
        """Means of the answers, from which they are measured: zero."""
        return np.zeros(self.coef.shape[:2])

    def ridge(self, penalty, support=None):
        """Coefficients; a penalty has no weight against infinitely many draws.

        The units of a support share in equal parts what the others would have explained
        through the covariance, by the formula of Sherman and Morrison.
        """
        if support is None:
            return self.coef
        left_out = np.where(support, 0.0, self.coef).sum(axis=2, keepdims=True)
        size = support.sum(axis=2, keepdims=True)
        share = self.covariance / (self.law.within + size * self.covariance)
        return np.where(support, self.coef + share * left_out, 0.0)

    def explained(self, coef, offset=0.0):
        """Share of `spread` that a surrogate explains."""
        missed, spread = self._variance(coef - self.coef), self.spread
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(spread == 0.0, 1.0, 1.0 - (missed + offset**2) / spread)

    def _variance(self, slopes):
        """Variance of a weighted sum of units, by the eigenvalues of their covariances."""
        d = max(slopes.shape[2], 1)
        mean = slopes.sum(axis=2, keepdims=True) / d
        around = np.square(slopes - mean).sum(axis=2)
        return self.law.within * around + self.law.total * d * mean[..., 0] ** 2
