"""Neighbourhoods of masked copies: texts, images and sequences."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import comb

from sklime.kernels import checked_weights
from sklime.laws.masks import weights_by_count, with_each_copy
from sklime.model.queries import predict_masked_rows
from sklime.moments.draws import Draws, scale_answers
from sklime.moments.exchangeable import COLLINEAR, EnumeratedMoments, WeightedLaw
from sklime.moments.groups import Strata
from sklime.moments.pair_regression import regression_on_masks
from sklime.moments.products import (
    bordered,
    nearly_dependent,
    resolution_of,
    weighted_products,
)
from sklime.moments.sampled import SampledMoments
from sklime.neighbourhoods.background import Background
from sklime.neighbourhoods.by_units import SourceByUnits
from sklime.neighbourhoods.unit_pairs import PairsOfUnits

# Draws that are too few to tell what units do together, against one draw's penalty.
_FEW = 10


class MaskedCopies(SourceByUnits, PairsOfUnits):
    """Neighbourhoods of masked copies of each row.

    Masks depend on the number of units alone, and so do their weights: rows of equally
    many units share them, and one Gram matrix.
    """

    def _evaluated(self, shared, rows):
        own = self.response, self.law.sampler.kind_, rows
        masks = shared.Z.T, "masked copy", shared.fills
        for responses in predict_masked_rows(*own, *masks):
            if shared.offsets is not None:
                responses = responses - shared.offsets
            yield shared, responses

    def responses(self, evaluated, i):
        return evaluated[i][1]

    def draws(self, evaluated, outputs):
        for (shared, responses), explained in zip(evaluated, outputs, strict=True):
            scaled = scale_answers(responses.T[explained])
            position = np.ones(len(shared.Z))
            yield Draws(shared.Z, position, shared.weights, *scaled, shared.groups)

    def moments(self, evaluated, outputs):
        [(shared, _)], [explained] = evaluated, outputs
        if shared.by_count:
            scaled = scale_answers(evaluated[0][1].T[explained])
            own = shared.effective_size, shared.n_draws
            return EnumeratedMoments.of(shared.Z, shared.weights, shared.law, scaled, *own)
        d = len(shared.Z)
        Y, origin, scale = next(self.draws(evaluated, outputs)).local_answers()
        weighted = Y * (shared.weights / (shared.weights.max() or 1.0))
        slopes = shared.Z.astype(np.float64) @ weighted.T
        cross = np.vstack([weighted.sum(axis=1), slopes])
        products = bordered(shared.gram, cross, weighted @ Y.T)[np.newaxis]
        return SampledMoments(
            products,
            np.array([shared.effective_size]),
            np.ones((1, d)),
            np.zeros((1, d)),
            origin[np.newaxis],
            scale[np.newaxis],
            shared.n_draws,
            resolution_of(shared.gram),
            shared.exhaustive,
            shared.undetermined,
            shared.collinear,
        )

    @property
    def tells_interactions(self):
        """Whether masks and kernel tell no unit from another."""
        return self.kernel.exchangeable and self.law.draws_by_law

    def _regression(self, evaluated):
        shared, _ = evaluated
        design = Draws(
            shared.Z,
            np.ones(len(shared.Z)),
            shared.weights,
            *scale_answers(np.zeros((0, 1))),
            shared.groups,
            shared.exhaustive,
        )
        return regression_on_masks(design, self._strata(shared))

    def _strata(self, shared):
        """Strata of masks, where what differs between them is no error."""
        Z, kept = shared.Z, shared.Z.sum(axis=0)
        if shared.exhaustive or self.law.sampler.sequence != "stratified":
            return None
        if shared.fills is None:
            return Strata.of_masks(kept, len(Z))
        unknown = np.ones(len(kept))
        if shared.groups is None:
            # All masks, each with several draws of what is hidden.
            return Strata(np.unique(Z, axis=1, return_inverse=True)[1].ravel(), unknown)
        return Strata(kept, unknown)

    def _at_row(self, evaluated):
        return evaluated[0].law.pair_at_row

    @cached_property
    def _background(self):
        """Answers to the background that copies take from, made at first use."""
        own = self.law.sampler, self.response, self.n_samples, self.seed
        return Background(*own)

    def _draw(self, n_units):
        shared = self._masks(n_units)
        if shared.fills is None:
            return shared
        return replace(shared, offsets=self._background.offsets(shared.Z.T, shared.fills))

    def _masks(self, n_units):
        """Masks of rows of so many units, with their weights and products."""
        masks = with_each_copy(self.law.masks(n_units, self.n_samples, self.seed))
        return _SharedMasks.of(masks, _mask_weights(self.kernel, masks.design))


class TiltedCopies(MaskedCopies):
    """Masked copies drawn from the kernel-weighted law, with equal weights."""

    def _masks(self, n_units):
        masses = self.law.exchangeable(n_units).masses
        if not (masses * weights_by_count(self.kernel, n_units)).any():
            # No law is left to draw from: masks without weight say so.
            return super()._masks(n_units)
        masks = self.law.tilt(self.kernel).masks(n_units, self.n_samples, self.seed)
        masks = with_each_copy(masks)
        shared = _SharedMasks.of(masks, np.ones(len(masks)))
        # Draws that are all alike may be so by chance.
        return super()._masks(n_units) if shared.undetermined else shared


@dataclass(frozen=True, eq=False)
class _SharedMasks:
    """Masks shared by rows with equally many units, with their weights and products.

    `gram` is that of ``[1, Z]``, in units of the largest weight; weights are the kernel's
    times the masks' own probabilities. `by_count` tells that the numbers of kept units are
    all that weights depend on, and that moments must be summed by them. `offsets` is
    what is known of the noise of answers to copies that take `fills`.
    """

    Z: np.ndarray
    weights: np.ndarray
    groups: np.ndarray | None
    exhaustive: bool
    n_draws: int
    gram: np.ndarray
    weight_squares: float
    law: WeightedLaw
    by_count: bool
    undetermined: bool
    collinear: bool
    fills: np.ndarray | None
    offsets: np.ndarray | None = None

    @classmethod
    def of(cls, masks, kernel_weights):
        Z = np.ascontiguousarray(masks.design.T)
        shares = masks.masses * (masks.n_draws / masks.masses.sum())
        weights = kernel_weights * shares
        # Answers that rest on drawn values are estimated, whatever the masks.
        noisy = masks.fills is not None
        exhaustive, law, kept = masks.exhaustive, _law(Z, weights), Z.sum(0)
        collinear = _collinear(law, masks)
        if collinear and not exhaustive and not noisy and _even(kernel_weights, kept):
            met = np.bincount(kept, minlength=len(Z) + 1)
            whole = met == comb(len(Z), np.arange(len(Z) + 1))
            if _negligible(~whole, law):
                # All masks that matter are there, so that nothing is left to estimate.
                exhaustive = True
                weights = np.bincount(kept, weights)[kept] / met[kept] * whole[kept]
                law = _law(Z, weights)
        # In double precision: what is enumerated is exact.
        nothing = np.empty((0, len(masks)))
        gram = weighted_products(Z.astype(np.float64), weights, nothing)
        unit = weights.max(initial=0.0) or 1.0
        # A mask that stands for several counts that many times.
        squares = (weights / unit) @ (kernel_weights / unit)
        alike = bool(len(Z)) and not law.smaller > 0.0
        by_count = exhaustive and collinear and not alike and _even(weights, kept)
        if exhaustive and not by_count:
            alike = alike or nearly_dependent(gram)
        own = masks.groups, exhaustive, masks.n_draws
        return cls(
            Z,
            weights,
            *own,
            gram,
            squares,
            law,
            by_count,
            alike,
            collinear and not alike,
            masks.fills,
        )

    @property
    def effective_size(self):
        """Number of equal weights that are worth as much."""
        unit = self.weights.max(initial=0.0) or 1.0
        return (self.weights / unit).sum() ** 2 / (self.weight_squares or 1.0)


def _law(Z, weights):
    """Kernel-weighted law of masks by the number of kept units."""
    d, largest = len(Z), weights.max(initial=0.0) or 1.0
    return WeightedLaw.of(
        np.bincount(Z.sum(axis=0), weights / largest, d + 1), np.ones(d + 1)
    )


def _collinear(law, masks):
    """Whether masks with weight tell so little of some sum of units that it is lost."""
    if len(law.shares) == 1:
        return False
    if masks.exhaustive:
        # To rounding.
        return bool(law.smaller < COLLINEAR)
    # To the penalty, one draw's worth.
    few = masks.n_draws * law.total < _FEW
    alone = len(law.shares) == 2
    return bool(few and (alone or law.total < law.within / _FEW))


def _even(weights, kept):
    """Whether masks that keep equally many units weigh the same."""
    low, high = np.full(kept.max() + 1, np.inf), np.zeros(kept.max() + 1)
    np.minimum.at(low, kept, weights)
    np.maximum.at(high, kept, weights)
    return bool((low >= (1.0 - 1e-9) * high).all())


def _negligible(numbers, law):
    """Whether masks that keep such numbers of units add nothing to how units vary."""
    d, kept = len(law.shares) - 1, np.arange(len(law.shares))
    total = law.shares * np.square(kept - law.mean * d)
    within = law.shares * kept * (d - kept)
    return all(own[numbers].sum() <= COLLINEAR * own.sum() for own in (total, within))


def _mask_weights(kernel, design):
    """Weights of masks seen from the row, which keeps all units."""
    n, d = design.shape
    if not d:
        # Nothing can be hidden: all copies are the row.
        return np.ones(n)
    if kernel.exchangeable:
        return weights_by_count(kernel, d)[design.sum(axis=1)]
    return checked_weights(kernel, design, np.ones(d))
