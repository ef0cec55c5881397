"""Coverage of rules: the share of the training rows that keep them."""

import numpy as np
from sklearn.utils import gen_batches

from sklime.anchors.bounds import proportion_interval

# Bytes of training rows that are compared together.
_BYTES = 1 << 24


class Coverage:
    """Training rows by their bins, for the shares of them that keep rules.

    Parameters
    ----------
    codes : ndarray of shape (n_features, n_rows) of int
        Bins of the training rows.
    weights : ndarray of shape (n_rows,) or None
        Of the training rows; None: all the same.

    Attributes
    ----------
    n_rows : float
        How many rows of equal weight would tell as much.
    """

    def __init__(self, codes, weights):
        dtype = np.min_scalar_type(-2 - int(codes.max(initial=0)))
        self.codes = np.ascontiguousarray(codes, dtype=dtype)
        self.weights = weights
        self.n_rows = codes.shape[1]
        if weights is not None:
            self.n_rows = weights.sum() ** 2 / np.square(weights).sum()
        self._packed = {}

    def __getstate__(self):
        return vars(self) | {"_packed": {}}

    def shares(self, conditions):
        """Shares of the training rows that keep rules of one length.

        Parameters
        ----------
        conditions : ndarray of shape (n_rules, length, 3) of int
            Column, first and last bin of each condition.

        Returns
        -------
        ndarray of shape (n_rules,)
        """
        m, length = conditions.shape[:2]
        found, n = np.ones(m), self.codes.shape[1]
        if not m * length:
            return found
        n_bins = int(conditions[:, :, 2].max()) + 1
        number = conditions @ [n_bins**2, n_bins, 1]
        _, first, place = np.unique(number, return_index=True, return_inverse=True)
        told = conditions.reshape(-1, 3)[first]
        words = np.stack([self._words(*own) for own in told.tolist()])
        place = place.reshape(m, length)
        for part in gen_batches(m, max(1, _BYTES // (8 * words.shape[1]))):
            kept = words[place[part, 0]]
            for k in range(1, length):
                kept &= words[place[part, k]]
            if self.weights is None:
                found[part] = np.bitwise_count(kept).sum(axis=1) / n
            else:
                rows = np.unpackbits(kept.view(np.uint8), axis=1, count=n)
                # Row by row, lest sums depend on how many there are.
                total = [self.weights[own.astype(bool)].sum() for own in rows]
                found[part] = np.array(total) / self.weights.sum()
        return found

    def steps(self, conditions):
        """Shares of the training rows that keep a rule's beginnings, (length + 1,)."""
        begun = np.ones((len(conditions) + 1, self.codes.shape[1]), dtype=bool)
        for k, own in enumerate(conditions):
            begun[k + 1] = begun[k] & self.rows(own[np.newaxis])
        return np.average(begun, axis=1, weights=self.weights)

    def rows(self, conditions):
        """Which training rows keep one rule, (n_rows,) of bool."""
        kept = np.ones(self.codes.shape[1], dtype=bool)
        for j, low, high in conditions:
            kept &= (low <= self.codes[j]) & (self.codes[j] <= high)
        return kept

    def intervals(self, shares, confidence):
        """Confidence intervals of the coverage among rows of the training law, (n, 2)."""
        ends = proportion_interval(shares * self.n_rows, self.n_rows, 1.0 - confidence)
        return np.column_stack(ends)

    def _words(self, j, low, high):
        """Training rows that keep a condition, 64 to a word."""
        if (j, low, high) not in self._packed:
            packed = np.packbits(self.rows([(j, low, high)]))
            packed = np.pad(packed, (0, -len(packed) % 8))
            self._packed[j, low, high] = packed.view(np.uint64)
        return self._packed[j, low, high]
