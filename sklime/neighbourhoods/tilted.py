"""Draws of each row's own from the kernel-weighted law."""

import numpy as np

from sklime.moments.draws import Draws, scale_answers
from sklime.neighbourhoods.own import OwnDraws
from sklime.tables.access import n_rows


class TiltedDraws(OwnDraws):
    """Draws of each row's own from the kernel-weighted law, all of weight 1.

    However narrow the kernel, every draw counts.

    Parameters
    ----------
    sampler, kernel, response, n_samples, seed, smaller
        As for `Neighbourhoods`.
    pool : SharedPool, default=None
        Tells which columns move the answers most: they come first, as quasi-random numbers
        are the more even the earlier their dimension. Its control variates serve here too.
    """

    def __init__(self, sampler, kernel, response, n_samples, seed, smaller=None, pool=None):
        super().__init__(sampler, kernel, response, n_samples, seed, smaller)
        self.pool = pool if smaller is None else smaller.pool
        self.order = None if self.pool is None else self.pool.column_order()

    def ask(self, X, known=None):
        around, controls = self._around(X), [None] * n_rows(X)
        if self.pool is not None and self.pool.control is not None:
            codes = self.sampler.locate(X).codes.T
            controls = [
                self.pool.control_at(own.inputs, code)
                for own, code in zip(around, codes, strict=True)
            ]
        return list(zip(around, self._answers(around, known), controls, strict=True))

    def draws(self, asked, outputs):
        for (own, answers, control), explained in zip(asked, outputs, strict=True):
            f, origin, scale = scale_answers(answers.T[explained])
            Z, weights, plain = own.design.T, np.ones(len(own.design)), None
            Y = f
            if control is not None:
                additive, line = control[0][:, explained], control[1][:, explained]
                straight = line[0] + Z.T @ line[1:]
                Y, plain = f + ((straight - additive) / scale).T, f
            yield Draws(Z, own.position, weights, Y, origin, scale, own.groups, plain)

    def _around(self, X):
        return self.sampler.tilted(
            X, self.kernel, self.n_samples, random_state=self.seed, order=self.order
        )
