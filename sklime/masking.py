"""Masked copies of rows as neighbourhoods: texts, images and sequences."""

from dataclasses import dataclass

import numpy as np

from sklime.asking import ask_about_masks
from sklime.moments import Draws, Moments, resolution_of, scale_answers, weighted_products
from sklime.neighbourhoods import Neighbourhoods, checked_weights

# Numbers of units whose masks and Gram matrices are remembered.
_REMEMBERED = 8


class MaskedCopies(Neighbourhoods):
    """Copies of each row with units hidden.

    Masks depend on the number of units alone, and so do their weights: rows of equally
    many units share them, and one Gram matrix.
    """

    def __init__(self, sampler, kernel, response, n_samples, seed, smaller=None):
        super().__init__(sampler, kernel, response, n_samples, seed, smaller)
        self._shared = {}

    rows_at_once = 1

    @property
    def bytes_per_row(self):
        return 1

    def ask(self, X, known=None):
        asked = []
        for row in X:
            shared = self._of(row.n_units)
            answers = ask_about_masks(
                self.response, self.sampler, row, shared.Z.T, "masked copy"
            )
            asked.append((shared, answers))
        return asked

    def answers(self, asked, i):
        return asked[i][1]

    def draws(self, asked, outputs):
        for (shared, answers), explained in zip(asked, outputs, strict=True):
            scaled = scale_answers(answers.T[explained])
            position = np.ones(len(shared.Z))
            yield Draws(shared.Z, position, shared.weights, *scaled, shared.groups)

    def moments(self, asked, outputs):
        [(shared, _)], [explained] = asked, outputs
        d, k = len(shared.Z), len(explained)
        Y, origin, scale = next(self.draws(asked, outputs)).local_answers()
        weighted = Y * (shared.weights / (shared.weights.max() or 1.0))
        products = np.empty((1, 1 + d + k, 1 + d + k))
        products[0, : 1 + d, : 1 + d] = shared.gram
        products[0, 0, 1 + d :] = weighted.sum(axis=1)
        products[0, 1 : 1 + d, 1 + d :] = shared.Z.astype(np.float64) @ weighted.T
        products[0, 1 + d :, : 1 + d] = products[0, : 1 + d, 1 + d :].T
        products[0, 1 + d :, 1 + d :] = weighted @ Y.T
        return Moments(
            products,
            np.array([shared.weight_squares]),
            np.ones((1, d)),
            np.zeros((1, d)),
            origin[np.newaxis],
            scale[np.newaxis],
            shared.n_draws,
            resolution_of(shared.gram),
            shared.exhaustive,
        )

    def _of(self, n_units):
        # Two threads may both draw the same; the two are equal.
        if n_units not in self._shared:
            while len(self._shared) >= _REMEMBERED:
                self._shared.pop(next(iter(self._shared)), None)
            self._shared[n_units] = self._draw(n_units)
        return self._shared[n_units]

    def _draw(self, n_units):
        masks = self.sampler.masks(n_units, self.n_samples, self.seed)
        return _SharedMasks.of(masks, _weights(self.kernel, masks.design))


class TiltedCopies(MaskedCopies):
    """Copies whose masks are drawn from the kernel-weighted law, and so need no weights."""

    def _draw(self, n_units):
        own = n_units, self.n_samples, self.seed
        masks = self.sampler.masks(*own, kernel=self.kernel)
        return _SharedMasks.of(masks, np.ones(len(masks)))


@dataclass(frozen=True, eq=False)
class _SharedMasks:
    """Masks and what rows of equally many units share beside them.

    `gram` is that of ``[1, Z]``, in units of the largest weight; weights are the kernel's
    times the masks' own probabilities.
    """

    Z: np.ndarray
    weights: np.ndarray
    groups: np.ndarray | None
    exhaustive: bool
    n_draws: int
    gram: np.ndarray
    weight_squares: float

    @classmethod
    def of(cls, masks, kernel_weights):
        Z = np.ascontiguousarray(masks.design.T)
        shares = masks.masses * (masks.n_draws / masks.masses.sum())
        weights = kernel_weights * shares
        # In double precision: what is enumerated is exact.
        nothing = np.empty((0, len(masks)))
        gram, _ = weighted_products(Z.astype(np.float64), weights, nothing)
        unit = weights.max(initial=0.0) or 1.0
        # A mask that stands for several counts as so many.
        squares = (weights / unit) @ (kernel_weights / unit)
        own = masks.groups, masks.exhaustive, masks.n_draws
        return cls(Z, weights, *own, gram, squares)


def _weights(kernel, design):
    """Weights of masks seen from the row, which keeps all units."""
    n, d = design.shape
    if not d:
        # Nothing can be hidden: all copies are the row.
        return np.ones(n)
    if kernel.exchangeable:
        by_count = checked_weights(kernel, np.tri(d + 1, d, -1), np.ones(d))
        return by_count[design.sum(axis=1)]
    return checked_weights(kernel, design, np.ones(d))
