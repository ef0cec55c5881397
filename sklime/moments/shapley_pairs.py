r"""Shapley interactions of pairs of units from coalitions.

The Shapley interaction index of Grabisch and Roubens is the second contrast of two units,
averaged over coalitions of the others: over those of each size alike, and over sizes alike.
By sizes `t` of coalitions of `d` units it is a sum of means over these: of answers times

.. math:: \frac{d\, z_j z_k}{t (t - 1)} - \frac{d\, |z_j - z_k|}{t (d - t)}
    + \frac{d\, (1 - z_j) (1 - z_k)}{(d - t) (d - t - 1)} .

Of a sum of units and products of two it is the coefficient of the product. Such a sum is
fitted to the answers first, and coalitions only have to tell what it leaves.
"""

import numpy as np

from sklime.moments.draws import Draws
from sklime.moments.groups import Strata
from sklime.moments.pair_regression import (
    AllProducts,
    PairRegression,
    ProductsOfMasks,
    takes_all_products,
)

# Products of two that a regression may have.
_MOST_TERMS = 1000


def shapley_regression(masks, drawn):
    """Regression from which Shapley interactions of pairs of units are told.

    Parameters
    ----------
    masks : Sample
        As `draw_coalitions` gives them.
    drawn : bool
        Whether what dropped units take is drawn, so that answers scatter.

    Returns
    -------
    PairRegression
        Of the answers to these masks, to the coalition of no unit, and of all.
    """
    n, d = masks.design.shape
    kept = masks.design.sum(axis=1)
    ends = np.repeat([[False], [True]], d, axis=1)
    Z = np.concatenate([np.reshape(masks.design, (n, d)), ends]).T
    # Each size counts as much as any other, as in the index.
    shares = masks.masses * (kept * (d - kept))
    shares *= (d - 1.0) / (shares.sum() or 1.0)
    draws = Draws(
        Z=np.ascontiguousarray(Z),
        position=np.ones(d),
        weights=np.ones(n + 2),
        Y=np.empty((0, n + 2)),
        y_origin=np.empty(0),
        y_scale=np.empty(0),
        # Repetitions of a pair are drawn one by one.
        groups=np.append(np.tile(np.arange(n // 2), 2), [n, n + 1]),
        exhaustive=masks.exhaustive and not drawn,
    )
    binary, strata = np.ones(d, dtype=bool), _strata(masks, drawn)
    enough = takes_all_products(draws, binary, _MOST_TERMS) or d < 4
    regression = (_OfAllProducts if enough else _OfSharedProducts)(draws, binary, strata)
    regression.of_size = np.append(shares, [1.0, 1.0])
    whole = np.zeros(n, dtype=bool) if drawn else _are_whole(kept, d)
    regression.is_whole = np.append(whole, [True, True])
    return regression


class _ShapleyRegression(PairRegression):
    """Base of the regressions whose rest is summed as the Shapley interaction says.

    Attributes
    ----------
    of_size : ndarray of shape (n_draws,)
        Shares of the draws among those of their sizes.
    is_whole : ndarray of shape (n_draws,) of bool
        Draws of sizes that are taken whole, and whose answers do not scatter.
    """

    of_size = is_whole = None

    def rest(self, pairs):
        """Influence of weighted answers by what the regression leaves of them."""
        return self.moved(self.index(pairs))

    def doubtful(self, pairs, influence):
        """What coalitions count for; of sizes that are taken whole beyond the index."""
        return influence - np.where(self.is_whole, self.index(pairs), 0.0)

    def index(self, pairs):
        """What answers count for in the index, where each size has all coalitions."""
        d, kept = len(self.matched), self.matched.sum(axis=0)
        first, second = (self.matched[pairs[:, k]] for k in (0, 1))
        with np.errstate(divide="ignore"):
            both = d / (kept * (kept - 1.0))
            one = d / (kept * (d - kept))
            none = d / ((d - kept) * (d - kept - 1.0))
        # Of such sizes no coalition has both, one or none of them.
        both, one, none = (np.where(np.isfinite(a), a, 0.0) for a in (both, one, none))
        rows = (first & second) * both - (first ^ second) * one + (~first & ~second) * none
        return rows * self.of_size

    def weight_of_empty(self, pairs, place):
        """What the answer to the coalition of no unit counts for in sums of pairs."""
        return np.bincount(place, self.influence(pairs)[:, -2])


class _OfAllProducts(_ShapleyRegression, AllProducts):
    """After a regression on all products of two units at once."""

    def influence(self, pairs):
        return self.by_response(self.together(pairs) + self.rest(pairs))


class _OfSharedProducts(_ShapleyRegression, ProductsOfMasks):
    """After a regression on the products of each unit with the number of units."""

    def influence(self, pairs):
        return self.by_response(self.shared(pairs) + self.rest(pairs))


def _strata(masks, drawn):
    """Strata of coalitions, and of that of no and that of all units, which are known."""
    n, d = masks.design.shape
    kept = masks.design.sum(axis=1)
    strata = Strata.of_masks(kept, d)
    of_draw, unknown = strata.of_draw, strata.unknown
    unknown = np.where(_are_whole(kept, d), 1.0, unknown)
    if drawn:
        # Sizes that are taken whole: repetitions tell how much answers scatter.
        _, same = np.unique(masks.design, axis=0, return_inverse=True)
        times = np.bincount(same)
        repeated = np.bincount(kept, times[same] == 1, minlength=d + 1) == 0
        distinct = d + 1 + np.minimum(same, same[np.r_[n // 2 : n, : n // 2]])
        of_draw = np.where(repeated[kept], distinct, kept)
        unknown = np.ones(n)
    return Strata(
        np.append(of_draw, [0, d]).astype(np.intp), np.append(unknown, [1.0, 1.0])
    )


def _are_whole(kept, d):
    """Whether all coalitions are there of the size of each."""
    return Strata.of_masks(kept, d).unknown == 0.0
