"""Combinations of two features among draws: which pairs draws hardly tell."""

import numpy as np

from sklime.moments.pair_contrasts import LEAST_DRAWS, LEAST_SHARE


class PairCells:
    """Shares of draws in the four combinations of matches of two features.

    Parameters
    ----------
    both : ndarray of shape (n_features, n_features)
        Shares of the weight on draws that match both features.
    size : float
        Effective number of draws.
    binary : ndarray of shape (n_features,) of bool
        Features that are 0 or 1; of others all values count.
    """

    def __init__(self, both, size, binary):
        self.both, self.size, self.binary = both, size, binary

    @classmethod
    def of(cls, Z, shares, size, binary):
        """Of a design of shape (n_features, n_draws) whose draws have these shares."""
        matched = np.where(binary[:, np.newaxis], Z, 1.0)
        return cls((matched * shares) @ matched.T, size, binary)

    def about(self, pairs):
        """Pairs of which nothing is known, and those whose errors are not.

        Returns
        -------
        unknown, few : ndarray of shape (n_pairs,) of bool
        """
        first, second = pairs.T
        alone, both = np.diagonal(self.both), self.both[first, second]
        one, other = alone[first] - both, alone[second] - both
        none = 1.0 - both - one - other
        # What is not 0 or 1 matches in all draws.
        cells = np.array(
            [
                both,
                np.where(self.binary[second], one, both),
                np.where(self.binary[first], other, both),
                np.where(self.binary[first] & self.binary[second], none, both),
            ]
        )
        least = cells.min(axis=0)
        return least < LEAST_SHARE, least * self.size < LEAST_DRAWS
