"""Neighbourhoods of the same deviations around every row."""

from functools import cached_property

import numpy as np

from sklime.kernels import checked_weights
from sklime.moments.draws import Draws, scale_answers
from sklime.moments.products import (
    bordered,
    effective_size,
    resolution_of,
    weighted_products,
)
from sklime.moments.sampled import SampledMoments
from sklime.neighbourhoods.base import SampledSource
from sklime.neighbourhoods.drawn_pairs import PairsOfColumns


class ShiftedNoise(SampledSource, PairsOfColumns):
    """The same deviations around every row: one weighting and one Gram matrix for all.

    Possible where the draws move with the row and the kernel looks at differences only.
    """

    def __init__(self, law, kernel, response, n_samples, seed, smaller=None):
        super().__init__(law, kernel, response, n_samples, seed, smaller)
        self.deviations, standardised = law.deviations(n_samples, seed)
        self.Z = np.ascontiguousarray(standardised.T)
        self.weights = checked_weights(kernel, self.Z.T, np.zeros(len(self.Z)))
        nothing = np.empty((0, self.n_samples))
        self.gram = weighted_products(self.Z, self.weights, nothing)
        relative = self.weights / (self.weights.max() or 1.0)
        self.weighted = np.vstack([np.ones(self.n_samples), self.Z]) * relative
        self.relative = relative

    @property
    def bytes_per_row(self):
        return 8 * 3 * self.deviations.size

    @cached_property
    def effective_sample_size(self):
        """``(sum w)**2 / sum w**2``, the same for every row."""
        return effective_size(self.weights)

    def evaluate(self, X, known=None):
        new = np.ones(self.n_samples, dtype=bool)
        if known is not None and self.prefix is not None:
            new[self.prefix] = False
        inputs, positions = self.law.around(X, self.deviations[new])
        responses = self.response(inputs, what="draw", copy=False)
        responses = responses.reshape(len(positions), new.sum(), -1)
        if new.all():
            return positions, responses
        both = np.empty((len(positions), self.n_samples, responses.shape[2]))
        both[:, new], both[:, self.prefix] = responses, known
        return positions, both

    def responses(self, evaluated, i):
        return evaluated[1][i]

    def draws(self, evaluated, outputs):
        for position, answer, explained in zip(*evaluated, outputs, strict=True):
            scaled = scale_answers(answer.T[explained])
            yield Draws(*self._around(position), *scaled, self.groups)

    def moments(self, evaluated, outputs):
        (n, d), k = evaluated[0].shape, outputs.shape[1]
        products = np.empty((n, 1 + d + k, 1 + d + k))
        origins, scales = np.empty((n, k)), np.empty((n, k))
        for i, (answer, explained) in enumerate(zip(evaluated[1], outputs, strict=True)):
            own = Draws(self.Z, None, self.weights, *scale_answers(answer.T[explained]))
            Y, origins[i], scales[i] = own.local_answers()
            square = (Y * self.relative) @ Y.T
            products[i] = bordered(self.gram, self.weighted @ Y.T, square)
        moments = SampledMoments(
            products,
            np.full(n, self.effective_sample_size),
            evaluated[0],
            evaluated[0],
            origins,
            scales,
            self.n_samples,
            resolution_of(self.Z),
        )
        gaps = np.flatnonzero(np.isnan(evaluated[0]).any(axis=1))
        if not len(gaps):
            return moments
        # Their weights are of their own.
        some = [own[gaps] for own in evaluated]
        return moments.updated(gaps, SampledMoments.of(self.draws(some, outputs[gaps])))

    def _around(self, position):
        """Design of the draws around a row, the row in it, and their weights.

        A gap, which is NaN in `position`, has no draw at its side, and no distance.
        """
        gap = np.isnan(position)
        Z = self.Z + position[:, np.newaxis]
        if not gap.any():
            return Z, position, self.weights
        apart = np.where(gap[:, np.newaxis], 0.0, self.Z)
        weights = checked_weights(self.kernel, apart.T, np.zeros(len(apart)))
        Z[gap] = 0.0
        return Z, np.where(gap, 1.0, position), weights
