r"""Interactions of pairs of features from draws: second contrasts.

Under independent columns and a kernel that is a product over them, the coefficient of the
centred product of two binary features is
:math:`E[f \mid 11] - E[f \mid 10] - E[f \mid 01] + E[f \mid 00]`, and adding it changes no
other coefficient. The additive part of `f` has none: draws of the rest tell all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklime.moments.contrasts import scatter

# Cells with a smaller share of the weight hold rounding errors, if any draw at all.
LEAST_SHARE = 1e-9

# Effective draws that errors need in the scarcest cell.
LEAST_DRAWS = 3.0

# What an entry of a product of all features costs less than a pair's own products.
_CHEAPER = 8.0

_SIGNS = np.array([1.0, -1.0, -1.0, 1.0])


@dataclass(frozen=True)
class PairContrasts:
    """Interactions of pairs of features in several rows.

    Parameters
    ----------
    coef, errors : ndarrays of shape (n_rows, n_outputs, n_pairs)
        Second contrasts, NaN where nothing tells them, and their standard errors, NaN
        where draws do not tell them.
    effective_sample_sizes : ndarray of shape (n_rows,)
        Of the draws that they rest on; infinite where nothing is estimated.
    at_rows : ndarray of shape (n_rows, n_pairs), default=None
        The terms of the pairs at the rows themselves. None: products of the features'
        distances from their means.
    kept : ndarray of shape (n_pairs,) of int, default=None
        Which of the wanted pairs of one row these are. None: all.
    """

    coef: np.ndarray
    errors: np.ndarray
    effective_sample_sizes: np.ndarray
    at_rows: np.ndarray | None = None
    kept: np.ndarray | None = None

    def updated(self, rows, other):
        """The same with other interactions of some rows, of the same pairs."""
        if other.kept is not None:
            # Of a single row, which keeps pairs of its own.
            return other
        changed = {}
        for name in _BY_ROW:
            own = getattr(self, name)
            if own is not None:
                own = own.copy()
                own[rows] = getattr(other, name)
            changed[name] = own
        return PairContrasts(**changed)

    @classmethod
    def joined(cls, parts):
        """Join the interactions of disjoint rows."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            *(
                None
                if getattr(parts[0], name) is None
                else np.concatenate([getattr(part, name) for part in parts])
                for name in _BY_ROW
            )
        )


_BY_ROW = "coef", "errors", "effective_sample_sizes", "at_rows"


@dataclass(frozen=True, eq=False)
class UnitPairs:
    """Pairs of units of one row, some of which are told as one.

    Parameters
    ----------
    positions : ndarray of shape (n_pairs, 2) of int
        Positions of their units.
    place : ndarray of shape (n_pairs,) of int
        Which sum each is a part of, such as of all pairs of two words.
    most : int
        Sums that are told; of more those that are largest.
    """

    positions: np.ndarray
    place: np.ndarray
    most: int

    @classmethod
    def of(cls, pairs):
        """Pairs that are told one by one, all of them, unless they say otherwise."""
        if isinstance(pairs, cls):
            return pairs
        return cls(pairs, np.arange(len(pairs)), len(pairs))

    def strongest(self, strengths):
        """Keep the strongest sums, if there are too many.

        Parameters
        ----------
        strengths : callable
            Gives those of all pairs, (n_units, n_units).

        Returns
        -------
        pairs : UnitPairs
        kept : ndarray of int or None
            Which sums these are; None: all.
        """
        n_sums = int(self.place.max(initial=-1)) + 1
        if n_sums <= self.most:
            return self, None
        first, second = self.positions.T
        sizes = np.bincount(self.place, strengths()[first, second], n_sums)
        kept = np.sort(np.argsort(-sizes, kind="stable")[: self.most])
        among = np.flatnonzero(np.isin(self.place, kept))
        place = np.searchsorted(kept, self.place[among])
        return UnitPairs(self.positions[among], place, self.most), kept


def pair_contrasts_of_row(Z, weights, rest, scrambles, pairs):
    """Interactions that the draws around one row tell.

    Parameters
    ----------
    Z : ndarray of shape (n_features, n_samples)
        The design, 0 or 1.
    weights : ndarray of shape (n_samples,)
        Weights.
    rest : ndarray of shape (n_outputs, n_samples)
        Responses without their additive part.
    scrambles : list of slices
        The draws of each scramble.
    pairs : ndarray of shape (n_pairs, 2) of int
        Positions of the features.

    Returns
    -------
    PairContrasts
        Of one row.
    """
    size = weights.sum() ** 2 / (weights @ weights) if weights.any() else 0.0
    used, own = np.unique(pairs, return_inverse=True)
    first, second = own.reshape(-1, 2).T
    Z = np.ascontiguousarray(Z[used])
    numbers = np.array([weights, *(weights * rest)])
    W, *S = _cells(Z, numbers, scrambles, first, second)
    total = W.sum(axis=0)
    share = total / (weights.sum() or 1.0)
    told = (share > LEAST_SHARE).all(axis=0)
    total = np.where(told, total, 1.0)
    coef, errors = np.empty((2, len(S), len(pairs)))
    for c, sums in enumerate(S):
        means = sums.sum(axis=0) / total
        coef[c] = _SIGNS @ means
        deviations = np.einsum("c,gcp->gp", _SIGNS, (sums - means * W) / total)
        errors[c] = scatter(deviations)
    coef = np.where(told, coef, np.nan)
    few = share.min(axis=0) * size < LEAST_DRAWS
    errors = np.where(few, np.nan, errors)
    return PairContrasts(coef[np.newaxis], errors[np.newaxis], np.array([size]))


def strongest(explained, n_pairs):
    """Pairs that explain most of any output's responses.

    Parameters
    ----------
    explained : ndarray of shape (n_outputs, n_candidates)
        What each pair explains of their variance, in any unit of each output.
    n_pairs : int
        How many to keep.

    Returns
    -------
    ndarray of shape (n_pairs,) of int
        Their places, in increasing order.
    """
    largest = explained.max(axis=1, keepdims=True)
    share = explained / np.where(largest > 0.0, largest, 1.0)
    return np.sort(np.argsort(-share.max(axis=0), kind="stable")[:n_pairs])


def _cells(Z, numbers, scrambles, first, second):
    """Sums over the draws that match both features of pairs, either or none.

    Returns
    -------
    ndarray of shape (n_numbers, n_scrambles, 4, n_pairs)
        Of those that match both, the first only, the second only, none.
    """
    found = np.empty((len(numbers), len(scrambles), 4, len(first)))
    by_pair = len(Z) ** 2 > _CHEAPER * len(first)
    for g, part in enumerate(scrambles):
        own = Z[:, part]
        matched = own[first] * own[second] if by_pair else None
        # One by one, lest a sum depend on how many there are.
        for a, cells in zip(numbers[:, part], found[:, g], strict=True):
            both, one, other, none = cells
            single = own @ a
            both[:] = matched @ a if by_pair else ((own * a) @ own.T)[first, second]
            one[:], other[:] = single[first] - both, single[second] - both
            none[:] = a.sum() - single[first] - other
    return found
