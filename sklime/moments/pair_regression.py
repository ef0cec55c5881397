r"""Interactions of pairs of features: products of two in a regression on weighted draws.

An interaction is the coefficient of the product of two features in the surrogate that has
all such products beside the features themselves. As each product is measured from what the
features tell of it, their own coefficients stay as they are. Where draws are too few for
all products at once they are told one by one, which has the same limit where products say
nothing of each other: under independent columns; and of masks whose units are exchangeable,
once it is known how the effect of each unit changes with the number of kept ones.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
from scipy.linalg import solve_triangular
from sklearn.utils import gen_batches

from sklime.moments.groups import Groups
from sklime.moments.pair_cells import PairCells
from sklime.moments.products import effective_size

# Effective draws for each coefficient of a regression on all products; and coefficients,
# where each row has a regression of its own, and where rows share it.
_DRAWS_EACH = 3
_MOST_OWN, _MOST_SHARED = 200, 1000

# Products that are looked at together, and numbers that are kept for the next row: 64 MB.
_AT_ONCE, _MOST_KEPT = 128, 8_000_000

# Length of a column beside what others tell of it, below which that is rounding.
_DEPENDENT = 1e-7

# At leverage 1 a draw's residual says nothing.
_LEAST_FREE = 1e-3


def regression_on_columns(draws, binary):
    """Choose the regression on products that draws of independent columns allow.

    Parameters
    ----------
    draws : Draws
        Around one row.
    binary : ndarray of shape (n_features,) of bool
        Features that are 0 or 1.

    Returns
    -------
    PairRegression
    """
    enough = takes_all_products(draws, binary, _MOST_OWN)
    return (AllProducts if enough else SingleProducts)(draws, binary)


def regression_on_masks(draws, strata):
    """Choose the regression on products that exchangeable masks allow.

    Parameters
    ----------
    draws : Draws
        Around one row.
    strata : Strata or None
        Of the masks.

    Returns
    -------
    PairRegression
    """
    binary = np.ones(len(draws.Z), dtype=bool)
    # The products of three units are told apart by the units and their number.
    enough = takes_all_products(draws, binary, _MOST_SHARED) or len(binary) < 4
    regression = (AllProducts if enough else ProductsOfMasks)(draws, binary, strata)
    # One product is like another: what is lost of one is lost of all.
    regression.told &= not regression.dependent.any()
    return regression


def takes_all_products(draws, binary, most):
    """Whether draws are enough for all products at once, and these are not too many."""
    d = len(binary)
    n_terms = 1 + d * (d + 1) // 2 + np.count_nonzero(~binary)
    enough = _DRAWS_EACH * n_terms <= effective_size(draws.weights)
    return draws.exhaustive or (enough and n_terms <= most)


class PairRegression(ABC):
    """Base of the regressions that tell interactions from the draws around one row.

    Interactions are linear in the responses; rows that share design and weights share what
    each response counts for.

    Parameters
    ----------
    draws : Draws
        Their responses are not looked at.
    binary : ndarray of shape (n_features,) of bool
        Features that are 0 or 1.
    strata : Strata, default=None
        Of draws that are stratified. None: only groups tell how they scatter.

    Attributes
    ----------
    size : float
        Effective number of draws.
    told : bool
        Whether the draws that have weight tell the terms of the regression apart.
    """

    # Pairs that were asked for, and what responses count for in them.
    _last = (None, None)

    def __init__(self, draws, binary, strata=None):
        self.size = effective_size(draws.weights)
        self.exhaustive = draws.exhaustive
        self._used = np.flatnonzero(draws.weights)
        self.weights = draws.weights[self._used]
        self._shares = self.weights / (self.weights.sum() or 1.0)
        self.root = np.sqrt(self.weights / (self.weights.max(initial=0.0) or 1.0))
        self._groups = Groups(draws.groups, self._used, strata)
        Z = draws.Z[:, self._used].astype(np.float64)
        self._cells = PairCells.of(Z, self._shares, self.size, binary)
        self.matched = Z == 1.0
        # Measured from their means, as products are nearly collinear with features else.
        self.Z = (Z - (Z @ self._shares)[:, np.newaxis]).T
        self.binary = binary
        terms = self._terms() * self.root[:, np.newaxis]
        self.told = len(terms) >= terms.shape[1]
        if not self.told:
            terms = np.zeros((terms.shape[1], terms.shape[1]))
        self.basis, self.triangle = np.linalg.qr(terms)
        # Features that do not vary tell nothing, and take nothing from others.
        length = np.sqrt(np.square(terms).sum(axis=0))
        left = np.abs(np.diagonal(self.triangle))
        self.dependent = left <= _DEPENDENT * length
        self.basis[:, self.dependent] = 0.0

    @abstractmethod
    def _terms(self):
        """All that responses are regressed on, (n_draws, n_terms)."""

    @abstractmethod
    def influence(self, pairs):
        """What responses count for in the interactions of pairs, (n_pairs, n_draws)."""

    def doubtful(self, pairs, influence):
        """What responses count for beyond what is certain: here all."""
        return influence

    def interactions(self, Y, pairs, place=None):
        """Interactions of pairs and their standard errors.

        Parameters
        ----------
        Y : ndarray of shape (n_outputs, n_draws)
            The responses, of order 1.
        pairs : ndarray of shape (n_pairs, 2) of int
            Positions of the features.
        place : ndarray of shape (n_pairs,) of int, default=None
            The sum that each pair is a part of. None: each is one by itself.

        Returns
        -------
        coef, errors : ndarray of shape (n_outputs, n_sums)
            NaN where draws do not tell them.
        """
        place = np.arange(len(pairs)) if place is None else place
        n_sums = int(place.max(initial=-1)) + 1
        coef, errors = np.full((2, len(Y), n_sums), np.nan)
        if not (self.told and n_sums):
            return coef, errors
        Y = self._measured(Y)
        residuals = self._residuals(Y, self.basis)
        order = np.argsort(place, kind="stable")
        ends = np.searchsorted(place[order], np.arange(n_sums + 1))
        for sums, influence, doubtful in self._influences(pairs[order], ends):
            # One by one, lest an output's sums depend on how many there are.
            for c, (y, residual) in enumerate(zip(Y, residuals, strict=True)):
                coef[c, sums] = influence @ y
                errors[c, sums] = self._errors(doubtful, residual)
        unknown, few = (
            np.logical_or.reduceat(own[order], ends[:-1])
            for own in self._cells.about(pairs)
        )
        coef[:, unknown] = errors[:, unknown] = np.nan
        if not self.exhaustive:
            errors[:, few] = np.nan
        return coef, errors

    def _influences(self, pairs, ends):
        """What responses count for in sums of pairs, some sums after the other.

        Kept for the next row where it is not too much.

        Yields
        ------
        sums : slice
        influence, doubtful : ndarray of shape (n_sums, n_draws)
        """
        asked = pairs.tobytes(), ends.tobytes()
        # Two threads may both work them out; the two are equal.
        before, kept = self._last
        if before == asked:
            yield from kept
            return
        kept, n_sums = [], len(ends) - 1
        for sums in gen_batches(n_sums, _AT_ONCE):
            own = pairs[ends[sums.start] : ends[sums.stop]]
            influence = self.influence(own)
            doubtful = self.doubtful(own, influence)
            starts = ends[sums.start : sums.stop] - ends[sums.start]
            if len(own) > len(starts):
                influence, doubtful = (
                    np.add.reduceat(each, starts, axis=0) for each in (influence, doubtful)
                )
            if n_sums * len(self._used) <= _MOST_KEPT:
                kept.append((sums, influence, doubtful))
            yield sums, influence, doubtful
        if kept:
            self._last = asked, kept

    def strengths(self, Y):
        """Rough sizes of all interactions, for a screen: (n_features, n_features).

        All products are taken for equally long and independent of each other.
        """
        d = self.Z.shape[1]
        found = np.zeros((d, d))
        if self.told:
            # First stand a constant and the features.
            basis = self.basis[:, : 1 + d]
            for residual in self._residuals(self._measured(Y), basis):
                spread = np.sqrt(np.square(residual) @ self._shares) or 1.0
                weighted = self.Z * (residual / spread * self._shares)[:, np.newaxis]
                found = np.maximum(found, np.abs(weighted.T @ self.Z))
        return found

    def moved(self, rows):
        """Influence of weighted responses on sums of what the regression leaves of them."""
        return rows - (rows @ self.basis) @ self.basis.T

    def products(self, pairs):
        """Products of features, times the root of the weights, (n_draws, n_pairs)."""
        first, second = self.Z[:, pairs[:, 0]], self.Z[:, pairs[:, 1]]
        return first * second * self.root[:, np.newaxis]

    def by_response(self, rows):
        """Influence of responses from that of responses times the root of weights."""
        return rows * self.root

    def _measured(self, Y):
        Y = Y[:, self._used]
        return Y - (Y @ self._shares)[:, np.newaxis]

    def _residuals(self, Y, basis):
        """What a regression leaves of responses, (n_outputs, n_draws)."""
        own = Y * self.root
        return (own - (own @ basis) @ basis.T) / self.root

    def _errors(self, influence, residual):
        """Standard errors of what responses tell by their influence."""
        if self.exhaustive:
            return np.zeros(len(influence))
        leverage = np.square(self.basis).sum(axis=1)
        free = np.maximum(1.0 - leverage, _LEAST_FREE)
        scores = influence * (residual / free)
        return np.sqrt(self._groups.variances(scores, self._together))

    @cached_property
    def _together(self):
        """Leverages of groups of draws, such as of a mask and its complement."""
        return np.minimum(self._groups.leverages(self.basis), 1.0 - _LEAST_FREE)


class AllProducts(PairRegression):
    """Regression on all products of two features at once."""

    def _terms(self):
        n, d = self.Z.shape
        first, second = np.triu_indices(d, 1)
        self._place = np.zeros((d, d), dtype=np.intp)
        self._place[first, second] = self._place[second, first] = np.arange(len(first))
        squares = np.square(self.Z[:, ~self.binary])
        nuisance = np.hstack([np.ones((n, 1)), self.Z, squares])
        self._n_nuisance = nuisance.shape[1]
        return np.hstack([nuisance, self.Z[:, first] * self.Z[:, second]])

    def influence(self, pairs):
        lost = np.where(self.dependent[self._n_nuisance + self._at(pairs)], np.nan, 0.0)
        return self.by_response(self.together(pairs)) + lost[:, np.newaxis]

    def together(self, pairs):
        """Influence of weighted responses on coefficients of products, all at once."""
        behind = slice(self._n_nuisance, None)
        triangle, dependent = self.triangle[behind, behind], self.dependent[behind]
        wanted = np.zeros((len(triangle), len(pairs)))
        wanted[self._at(pairs), np.arange(len(pairs))] = 1.0
        return _rows_of_inverse(triangle, dependent, wanted) @ self.basis[:, behind].T

    def _at(self, pairs):
        return self._place[pairs[:, 0], pairs[:, 1]]


class SingleProducts(PairRegression):
    """Regressions on one product of two features at a time, beside the features.

    Standardised features have their squares beside them.
    """

    def _terms(self):
        n = len(self.Z)
        return np.hstack([np.ones((n, 1)), self.Z, np.square(self.Z[:, ~self.binary])])

    def influence(self, pairs):
        return self.by_response(self.alone(pairs))

    def alone(self, pairs):
        """Influence of weighted responses on coefficients of products, each alone."""
        own = self.products(pairs)
        length = np.square(own).sum(axis=0)
        own -= self.basis @ (self.basis.T @ own)
        left = np.square(own).sum(axis=0)
        lost = left <= _DEPENDENT**2 * length
        return (own / np.where(lost, np.nan, left)).T


class ProductsOfMasks(SingleProducts):
    r"""Regressions on one product of two units of masks at a time.

    The effect of each unit may change with the number :math:`K` of kept units. A term
    :math:`\beta_j z_j K` is a sum of products: it adds :math:`\beta_j` to all interactions
    of its unit. Of what is left, a regression on one product of `d` units finds
    :math:`(d - 1) / (d - 3)` times the interaction, as the products of all others are in
    the way of those terms.
    """

    def _terms(self):
        n, d = self.Z.shape
        number = self.Z.sum(axis=1, keepdims=True)
        self._first = 1 + d
        return np.hstack([np.ones((n, 1)), self.Z, self.Z * number])

    def influence(self, pairs):
        d = self.Z.shape[1]
        alone = (d - 3) / (d - 1) * self.alone(pairs)
        lost = np.nan if self.dependent.any() else 0.0
        return self.by_response(self.shared(pairs) + alone) + lost

    def shared(self, pairs):
        """Influence of weighted responses on what two units' products have in common."""
        behind = slice(self._first, None)
        triangle, dependent = self.triangle[behind, behind], self.dependent[behind]
        wanted = np.zeros((len(triangle), len(pairs)))
        for own in pairs.T:
            wanted[own, np.arange(len(pairs))] += 1.0
        return _rows_of_inverse(triangle, dependent, wanted) @ self.basis[:, behind].T


def _rows_of_inverse(triangle, dependent, wanted):
    """Sums of rows of a triangle's inverse, 0 for columns that depend on others."""
    free = ~dependent
    triangle = np.where(np.outer(free, free), triangle, np.eye(len(triangle)))
    return solve_triangular(triangle, wanted * free[:, np.newaxis], trans="T").T
