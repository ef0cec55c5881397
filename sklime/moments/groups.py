"""Groups of draws that are independent of each other, and strata of draws."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import comb

# With so few groups, their own spread is all the evidence there is.
_FEW_GROUPS = 32


def degrees_of_freedom(groups):
    """Degrees of freedom of Student's t for standard errors from such groups.

    Parameters
    ----------
    groups : ndarray of shape (n_samples,) of int, or None
        Which draws belong together, numbered from 0.

    Returns
    -------
    int or None
        None: the normal law.
    """
    if groups is None or groups.max() >= _FEW_GROUPS:
        return None
    return int(groups.max())


@dataclass(frozen=True, eq=False)
class Strata:
    """Strata of draws: what differs between these is no error.

    Parameters
    ----------
    of_draw : ndarray of shape (n_draws,) of int
        The stratum of each.
    unknown : ndarray of shape (n_draws,)
        Share of its stratum that was not drawn: 0 where that is taken whole.
    """

    of_draw: np.ndarray
    unknown: np.ndarray

    @classmethod
    def of_masks(cls, kept, n_units):
        """Strata of distinct masks by the number of kept units, (n_draws,) of int."""
        met = np.bincount(kept, minlength=n_units + 1)
        there = comb(n_units, np.arange(n_units + 1))
        return cls(kept, np.maximum(1.0 - met / there, 0.0)[kept])


class Groups:
    """Scatter of sums over draws, by groups that are independent within strata.

    Parameters
    ----------
    groups : ndarray of shape (n_draws,) of int, or None
        Which draws belong together. None: each is alone.
    used : ndarray of int
        The draws that are summed.
    strata : Strata or None
        Of all draws. None: they have none.
    """

    def __init__(self, groups, used, strata):
        self._few = degrees_of_freedom(groups) is not None
        own = np.arange(len(used)) if groups is None else groups[used]
        self._order = np.argsort(own, kind="stable")
        _, self._starts = np.unique(own[self._order], return_index=True)
        self._stratum = None
        if strata is not None and len(used):
            first, last = self._starts, np.append(self._starts[1:], len(used)) - 1
            of_draw = strata.of_draw[used][self._order]
            ends = np.column_stack([of_draw[first], of_draw[last]])
            # A mask with its complement is not like one without.
            ends = np.column_stack([np.sort(ends, axis=1), first == last])
            self._stratum = np.unique(ends, axis=0, return_inverse=True)[1].ravel()
            unknown = strata.unknown[used][self._order]
            self._unknown = np.maximum.reduceat(unknown, first)

    def leverages(self, basis):
        """Leverages of the groups' sums of draws, (n_groups,).

        Parameters
        ----------
        basis : ndarray of shape (n_draws, n_terms)
            Orthonormal terms of a regression.
        """
        together = np.add.reduceat(basis[self._order], self._starts, axis=0)
        sizes = np.diff(self._starts, append=len(basis))
        return np.square(together).sum(axis=1) / sizes

    def variances(self, scores, leverages):
        """Variances of sums of scores, of shape (n_sums, n_draws).

        Parameters
        ----------
        scores : ndarray of shape (n_sums, n_draws)
            What each draw's residual adds.
        leverages : ndarray of shape (n_groups,)
            Of the regression that left the residuals; below 1.
        """
        scores = np.add.reduceat(scores[:, self._order], self._starts, axis=1)
        n = len(self._starts)
        if self._few:
            # Each has many draws.
            scores -= scores.mean(axis=1, keepdims=True)
            return n / (n - 1) * np.square(scores).sum(axis=1)
        if self._stratum is None:
            return np.square(scores).sum(axis=1)
        size = np.bincount(self._stratum)
        member = sparse.csr_matrix((np.ones(n), (self._stratum, np.arange(n))))
        means = (member @ scores.T) / size[:, np.newaxis]
        # What is alone in its stratum is compared with nothing.
        means[size == 1] = 0.0
        scores -= means[self._stratum].T
        # Of a regression's variance v on a share f of all, f (1 - h) v / (1 - f h) is also
        # that on all, at leverages h: what is left is u / (1 - f h), where u is 1 - f.
        known = (1.0 - self._unknown) * leverages
        share = (
            self._unknown / (1.0 - known) * (size / np.maximum(size - 1, 1))[self._stratum]
        )
        return np.square(scores) @ share
