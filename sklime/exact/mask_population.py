r"""Population moments of masked rows whose responses are sums over their units.

Weighted least squares gives back the effects of the units whatever the law and the kernel
(Mardaoui and Garreau, 2021, of words; Garreau and Mardaoui, 2021, of pixels). What a
surrogate of fewer units has for the others depends on the law, here an exchangeable one.
"""

import numpy as np

from sklime.exact.exact_source import ExactSource
from sklime.exact.failures import reports_failures
from sklime.exact.readers import linear
from sklime.exact.unit_effects import AdditiveResponses
from sklime.exceptions import NoClosedForm
from sklime.kernels import ShapleyKernel
from sklime.laws.masks import weights_by_count
from sklime.moments.exchangeable import MaskMoments, WeightedLaw
from sklime.moments.pair_contrasts import PairContrasts, UnitPairs
from sklime.moments.shapley import additive_shapley
from sklime.moments.source import InteractionSource


class MaskPopulation(ExactSource, InteractionSource):
    """Population moments of the kernel-weighted laws of masks, in place of draws.

    Parameters
    ----------
    responses : AdditiveResponses
        The model's, calibrated.
    law : MaskLaw
        Of the masks.
    kernel : Kernel
        An exchangeable one.
    n_samples : int
        What effective sample sizes and support are stated for.
    """

    # Rows have units of their own.
    rows_at_once = 1

    # Additive responses have nothing beside what their units explain.
    score_basis = "in the limit"

    def __init__(self, responses, law, kernel, n_samples):
        self.responses = responses
        self.law = law
        self.kernel = kernel
        self.n_samples = n_samples

    @classmethod
    def of(cls, model, steps, response, law, kernel, X, n_samples):
        """Check that responses to masked rows are sums over units, and build the source.

        Parameters
        ----------
        model : estimator
            The last step of a pipeline, or the model itself.
        steps : list of transformers
            The steps in front of it.
        response, law, kernel, X, n_samples
            As for `closed_form`.

        Raises
        ------
        NoClosedForm
            If they are not.
        """
        if law.sampler.draws_fills:
            raise NoClosedForm(f"{law!r} draws what dropped units are replaced by")
        # Of the other readers' forms none is a sum over units.
        form = linear.read(model, response)
        if form is None:
            raise NoClosedForm(f"{type(model).__name__} is not linear")
        if not kernel.exchangeable:
            raise NoClosedForm(
                f"kernel {kernel!r} looks at more than the number of kept units"
            )
        responses = AdditiveResponses(form, steps, response, law.sampler)
        responses.calibrate(X)
        return cls(responses, law, kernel, n_samples)

    @reports_failures
    def evaluate(self, X):
        """Unit effects of rows; the model is not queried."""
        [row] = X
        return self.responses(row)

    @reports_failures
    def moments(self, evaluated, outputs):
        d, [explained] = len(evaluated.effects), outputs
        if isinstance(self.kernel, ShapleyKernel):
            # Of a sum, each unit's effect is its Shapley value.
            effects = evaluated.effects.T[explained]
            return additive_shapley(effects, evaluated.responses[explained], self.n_samples)
        law = self._weighted(d)
        if not law.efficiency or (d and not law.smaller > 0.0):
            raise NoClosedForm(
                f"kernel {self.kernel!r} leaves weight on too few masks of {d} unit(s)"
            )
        coef = evaluated.effects.T[explained]
        mean = np.full((1, d), law.mean)
        expected = evaluated.responses[explained] - (1.0 - law.mean) * coef.sum(axis=1)
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

    @reports_failures
    def interactions(self, X, outputs, pairs):
        # Sums over units have none; whether a row's responses are one is looked at.
        for row in X:
            self.responses(row)
        pairs, kept = UnitPairs.of(pairs).strongest(lambda: np.zeros(2 * [X[0].n_units]))
        n_sums = int(pairs.place.max(initial=-1)) + 1
        nothing = np.zeros((len(X), outputs.shape[1], n_sums))
        at_rows = None
        if not isinstance(self.kernel, ShapleyKernel):
            own = [self._weighted(row.n_units).pair_at_row for row in X]
            at_rows = np.repeat(np.array(own)[:, np.newaxis], n_sums, axis=1)
        sizes = np.full(len(X), np.inf)
        return PairContrasts(nothing, nothing, sizes, at_rows, kept)

    def strongest_pairs(self, pairs, n_pairs, X, outputs):
        return np.arange(min(n_pairs, len(pairs)))

    def _weighted(self, n_units):
        """Kernel-weighted law of the masks of a row of so many units."""
        weights = weights_by_count(self.kernel, n_units)
        return WeightedLaw.of(self.law.exchangeable(n_units).masses, weights)
