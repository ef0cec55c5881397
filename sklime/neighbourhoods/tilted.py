"""Neighbourhoods of draws from each row's kernel-weighted law."""

import numpy as np

from sklime.moments.contrasts import ContrastSums, local_slopes
from sklime.moments.pair_contrasts import pair_contrasts_of_row
from sklime.neighbourhoods.contrasts import scrambles_of
from sklime.neighbourhoods.drawn_pairs import PairsOfColumns
from sklime.neighbourhoods.own import OwnDraws


class TiltedDraws(OwnDraws, PairsOfColumns):
    """Draws from each row's kernel-weighted law, all of weight 1.

    However narrow the kernel, every draw counts.

    Parameters
    ----------
    law : Law
        One that the kernel weighs; draws are of the weighted law.
    kernel, response, n_samples, seed, smaller
        As for `SampledSource`.
    pool : SharedPool, default=None
        Estimates which columns move the responses most: they come first, as quasi-random
        numbers are the more even the earlier their dimension.
    """

    def __init__(self, law, kernel, response, n_samples, seed, smaller=None, pool=None):
        weighted = law.tilt(kernel) if smaller is None else law
        if smaller is None and pool is not None:
            weighted = weighted.ordered(pool.column_order())
        super().__init__(weighted, kernel, response, n_samples, seed, smaller)
        self.pool = pool if smaller is None else smaller.pool

    def _weights(self, sample):
        return np.ones(len(sample))


class TiltedContrasts(TiltedDraws):
    """Draws from the kernel-weighted law, whose binary features are independent.

    Their pool, a `ContrastPool`, has the additive part of the responses.
    """

    tells_interactions = True

    def evaluate(self, X, known=None):
        return self.pool.law.locate(X), super().evaluate(X, known)

    def responses(self, evaluated, i):
        return super().responses(evaluated[1], i)

    def draws(self, evaluated, outputs):
        return super().draws(evaluated[1], outputs)

    def moments(self, evaluated, outputs):
        at, drawn = evaluated
        known = self.pool.known(at.codes, outputs)
        slopes = np.zeros_like(known.contrast)
        sums = []
        for i, (sample, responses) in enumerate(drawn):
            Z, ones = sample.design.T.astype(np.float64), np.ones(len(sample))
            all_rests = self.pool.rest_of(sample.inputs, responses)
            Y = self.pool.scaled(responses)
            rest, useful = self.pool.useful_rest(ones, all_rests, Y)
            if not useful:
                known.forget(i)
            own = rest[outputs[i]]
            slopes[i] = local_slopes(Z, ones, own)
            known.slopes_fitted(i, len(sample))
            left = own - slopes[i] @ Z
            sums.append(ContrastSums.of_row(Z, ones, left, scrambles_of(sample.groups)))
        own = ContrastSums.joined(sums), known, slopes, outputs, self.n_samples
        return self.pool.contrasts(*own)

    def interactions(self, X, outputs, pairs):
        at, drawn = self.evaluate(X)
        known = self.pool.known(at.codes, outputs)
        # The additive part was fitted to other draws.
        known.free_share[:] = 1.0
        found = []
        for i, (sample, responses) in enumerate(drawn):
            Z, ones = sample.design.T.astype(np.float64), np.ones(len(sample))
            all_rests = self.pool.rest_of(sample.inputs, responses)
            rests, useful = self.pool.useful_rest(
                ones, all_rests, self.pool.scaled(responses)
            )
            if not useful:
                known.forget(i)
            rest = rests[outputs[i]]
            rest = rest - local_slopes(Z, ones, rest) @ Z
            known.slopes_fitted(i, len(sample))
            own = Z, ones, rest, scrambles_of(sample.groups), pairs
            found.append(pair_contrasts_of_row(*own))
        return self.pool.pair_contrasts(found, known, outputs, pairs)

    def strongest_pairs(self, pairs, n_pairs, X, outputs):
        return self.pool.strongest_pairs(pairs, n_pairs, X, outputs)

    def with_standard_errors(self, surrogates, moments, evaluated, outputs):
        return surrogates.with_known_errors(moments.errors)
