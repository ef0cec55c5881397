r"""Population moments of masked rows whose answers are sums over their units.

Weighted least squares gives back the effects of the units whatever the law and the kernel
(Mardaoui and Garreau, 2021, of words; Garreau and Mardaoui, 2021, of pixels). What a
surrogate of fewer units has for the others depends on the law, here an exchangeable one.
"""

import numpy as np

from sklime.exact.failures import reports_failures
from sklime.exact.population import Population
from sklime.exact.unit_effects import AdditiveAnswers
from sklime.exceptions import NoClosedForm
from sklime.laws.masks import weights_by_count
from sklime.moments.exchangeable import (
    MaskMoments,
    WeightedLaw,
)
from sklime.samplers import SequenceSampler, SuperpixelSampler, TokenSampler

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
        weights = weights_by_count(self.kernel, d)
        law = WeightedLaw.of(self.sampler.mask_law(d).masses, weights)
        if not law.efficiency or (d and not law.smaller > 0.0):
            raise NoClosedForm(
                f"kernel {self.kernel!r} leaves weight on too few masks of {d} unit(s)"
            )
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
