"""Neighbourhoods of draws from each row's kernel-weighted law."""

import numpy as np

from sklime.moments.draws import Draws, scale_answers
from sklime.neighbourhoods.own import OwnDraws


class TiltedDraws(OwnDraws):
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
        numbers are the more even the earlier their dimension. Its control variates serve
        here too.
    """

    def __init__(self, law, kernel, response, n_samples, seed, smaller=None, pool=None):
        weighted = law.tilt(kernel) if smaller is None else law
        if smaller is None and pool is not None:
            weighted = weighted.ordered(pool.column_order())
        super().__init__(weighted, kernel, response, n_samples, seed, smaller)
        self.pool = pool if smaller is None else smaller.pool

    def evaluate(self, X, known=None):
        samples = self._drawn(X)
        controls = [None] * len(samples)
        if self.pool is not None and self.pool.control is not None:
            codes = self.pool.law.locate(X).codes.T
            controls = [
                self.pool.control_at(sample.inputs, code)
                for sample, code in zip(samples, codes, strict=True)
            ]
        responses = self._responses(samples, known)
        return list(zip(samples, responses, controls, strict=True))

    def draws(self, evaluated, outputs):
        for (own, responses, control), explained in zip(evaluated, outputs, strict=True):
            f, origin, scale = scale_answers(responses.T[explained])
            Z, weights, raw = own.design.T, np.ones(len(own.design)), None
            Y = f
            if control is not None:
                additive, line = control[0][:, explained], control[1][:, explained]
                straight = line[0] + Z.T @ line[1:]
                Y, raw = f + ((straight - additive) / scale).T, f
            yield Draws(Z, own.position, weights, Y, origin, scale, own.groups, raw=raw)
