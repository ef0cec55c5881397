"""Coverage of rules: the share of the training rows that keep them."""

import numpy as np

from sklime.anchors.bounds import proportion_interval


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

    def shares(self, columns, codes):
        """Shares of the training rows that keep rules of one length.

        Parameters
        ----------
        columns, codes : ndarray of shape (n_rules, length) of int
            The rules' columns, and the bins that they ask for.

        Returns
        -------
        ndarray of shape (n_rules,)
        """
        found = np.empty(len(columns))
        for i, kept in enumerate(map(self._kept, columns, codes)):
            if self.weights is None:
                found[i] = np.bitwise_count(kept).sum() / self.codes.shape[1]
            else:
                rows = np.unpackbits(kept, count=self.codes.shape[1]).astype(bool)
                found[i] = self.weights[rows].sum() / self.weights.sum()
        return found

    def rows(self, columns, codes):
        """Which training rows keep one rule, (n_rows,) of bool."""
        kept = self._kept(columns, codes)
        return np.unpackbits(kept, count=self.codes.shape[1]).astype(bool)

    def intervals(self, shares, confidence):
        """Confidence intervals of the coverage among rows of the training law, (n, 2)."""
        ends = proportion_interval(shares * self.n_rows, self.n_rows, 1.0 - confidence)
        return np.column_stack(ends)

    def _kept(self, columns, codes):
        """Training rows that keep a rule, eight to a byte."""
        kept = self._bits(None, None)
        for j, code in zip(columns.tolist(), codes.tolist(), strict=True):
            kept = kept & self._bits(j, code)
        return kept

    def _bits(self, j, code):
        if (j, code) not in self._packed:
            n = self.codes.shape[1]
            match = np.ones(n, dtype=bool) if j is None else self.codes[j] == code
            self._packed[j, code] = np.packbits(match)
        return self._packed[j, code]
