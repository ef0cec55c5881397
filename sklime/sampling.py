"""Ways to surround rows of a table with draws, from one pool for all to draws of each."""

from functools import cached_property

import numpy as np

from sklime.asking import ask_about_new
from sklime.blocks import n_rows
from sklime.moments import Draws, Moments, resolution_of, scale_answers, weighted_products
from sklime.neighbourhoods import Neighbourhoods, checked_weights


class OwnDraws(Neighbourhoods):
    """Draws of each row's own, from any sampler."""

    @property
    def bytes_per_row(self):
        return 8 * 4 * self.n_samples * self.sampler.n_features_in_

    def ask(self, X, known=None):
        around = self._around(X)
        return list(zip(around, self._answers(around, known), strict=True))

    def answers(self, asked, i):
        return asked[i][1]

    def draws(self, asked, outputs):
        for (own, answers), explained in zip(asked, outputs, strict=True):
            scaled = scale_answers(answers.T[explained])
            weights = self._weights(own)
            yield Draws(own.design.T, own.position, weights, *scaled, own.groups)

    def _answers(self, around, known):
        inputs = [own.inputs for own in around]
        return ask_about_new(self.response, inputs, known, self.places, "draw")

    def _around(self, X):
        return self.sampler.sample(X, self.n_samples, random_state=self.seed)

    def _weights(self, own):
        return checked_weights(self.kernel, own.design, own.position)


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


class ShiftedNoise(Neighbourhoods):
    """The same deviations around every row: one weighting and one Gram matrix for all.

    Possible where the draws move with the row and the kernel looks at differences only.
    """

    def __init__(self, sampler, kernel, response, n_samples, seed, smaller=None):
        super().__init__(sampler, kernel, response, n_samples, seed, smaller)
        self.deviations, standardised = sampler.deviations(n_samples, seed)
        self.Z = np.ascontiguousarray(standardised.T)
        self.weights = checked_weights(kernel, self.Z.T, np.zeros(len(self.Z)))
        nothing = np.empty((0, self.n_samples))
        self.gram, self.weight_squares = weighted_products(self.Z, self.weights, nothing)
        relative = self.weights / (self.weights.max() or 1.0)
        self.weighted = np.vstack([np.ones(self.n_samples), self.Z]) * relative
        self.relative = relative

    @property
    def bytes_per_row(self):
        return 8 * 3 * self.deviations.size

    @cached_property
    def effective_sample_size(self):
        """``(sum w)**2 / sum w**2``, the same for every row."""
        return self.gram[0, 0] ** 2 / (self.weight_squares or 1.0)

    def ask(self, X, known=None):
        new = np.ones(self.n_samples, dtype=bool)
        if known is not None and self.places is not None:
            new[self.places] = False
        inputs, positions = self.sampler.around(X, self.deviations[new])
        answers = self.response(inputs, what="draw", copy=False)
        answers = answers.reshape(len(positions), new.sum(), -1)
        if new.all():
            return positions, answers
        both = np.empty((len(positions), self.n_samples, answers.shape[2]))
        both[:, new], both[:, self.places] = answers, known
        return positions, both

    def answers(self, asked, i):
        return asked[1][i]

    def draws(self, asked, outputs):
        for position, answer, explained in zip(*asked, outputs, strict=True):
            Z = self.Z + position[:, np.newaxis]
            scaled = scale_answers(answer.T[explained])
            yield Draws(Z, position, self.weights, *scaled, self.groups)

    def moments(self, asked, outputs):
        (n, d), k = asked[0].shape, outputs.shape[1]
        products = np.zeros((n, 1 + d + k, 1 + d + k))
        products[:, : 1 + d, : 1 + d] = self.gram
        origins, scales = np.empty((n, k)), np.empty((n, k))
        for i, (answer, explained) in enumerate(zip(asked[1], outputs, strict=True)):
            own = Draws(self.Z, None, self.weights, *scale_answers(answer.T[explained]))
            Y, origins[i], scales[i] = own.local_answers()
            cross = self.weighted @ Y.T
            products[i, : 1 + d, 1 + d :] = cross
            products[i, 1 + d :, : 1 + d] = cross.T
            products[i, 1 + d :, 1 + d :] = (Y * self.relative) @ Y.T
        return Moments(
            products,
            np.full(n, self.weight_squares),
            asked[0],
            asked[0],
            origins,
            scales,
            self.n_samples,
            resolution_of(self.Z),
        )
