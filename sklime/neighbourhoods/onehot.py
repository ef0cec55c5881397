"""One-hot matrices of draws: which bins they lie in, for products with many rows.

All products are sums of integers that stay below 2**24. They are exact in single precision,
in whatever order they are added up, so that a row's sums are the same to the bit however
many rows are multiplied together.
"""

import numpy as np

# Sums that single precision holds, and draws that are summed up in it: a scramble that is
# hardly longer at once.
_EXACT, _BLOCK, _LONGEST = 2**24, 512, 700

# Columns of more bins are not multiplied: few draws share a row's bin.
_MOST_DENSE = 32


class OneHotDraws:
    """Bins of draws as a 0/1 matrix, without the most frequent bin of each column.

    The draws in that bin are those that no other bin of the column has.

    Parameters
    ----------
    codes : ndarray of shape (n_columns, n_draws) of int
        The draws' bins.
    scrambles : list of slices
        The draws of each scramble, for which sums are separate.

    Attributes
    ----------
    largest : int
        The largest integers of which sums stay exact, near 2**15.
    """

    def __init__(self, codes, scrambles):
        self.scrambles = scrambles
        longest = max(own.stop - own.start for own in scrambles)
        self._block = longest if longest <= _LONGEST else _BLOCK
        self.largest = _EXACT // self._block
        self.codes, n = codes.astype(np.intp), codes.shape[1]
        self.n_bins = self.codes.max(axis=1, initial=0) + 1
        dense = self.n_bins <= _MOST_DENSE
        self._few, self._many = np.flatnonzero(dense), np.flatnonzero(~dense)
        few = self.codes[self._few]
        counts = [np.bincount(own) for own in few]
        # A column of one bin has no other bin that could tell its draws.
        self._left_out = np.array(
            [own.argmax() if len(own) > 1 else -1 for own in counts], dtype=np.intp
        )[:, np.newaxis]
        widths = self.n_bins[self._few] - (self._left_out[:, 0] >= 0)
        # The first column counts all draws.
        self._ends = 1 + np.cumsum(widths)[:, np.newaxis]
        self._starts = self._ends - widths[:, np.newaxis]
        self._transposed = np.zeros((1 + widths.sum(), n), dtype=np.float32)
        self._transposed[0] = 1.0
        at, draws = self._columns_of(few), np.arange(n)
        for column, stored in zip(at, few != self._left_out, strict=True):
            self._transposed[column[stored], draws[stored]] = 1.0
        self._dense = self._transposed.T
        # Draws of columns of many bins, by bin.
        self._by_bin = {j: np.argsort(self.codes[j], kind="stable") for j in self._many}
        self._scramble_of = np.empty(n, dtype=np.intp)
        for g, scramble in enumerate(scrambles):
            self._scramble_of[scramble] = g

    def __reduce__(self):
        # The matrix is made again where it is needed.
        codes = self.codes.astype(np.min_scalar_type(int(self.codes.max(initial=0))))
        return type(self), (codes, self.scrambles)

    def known(self, own):
        """Bins of rows, -1 where no draw lies in them.

        Parameters
        ----------
        own : ndarray of shape (n_columns, n_rows) of int
            The rows' bins.

        Returns
        -------
        ndarray of shape (n_columns, n_rows) of int
        """
        own = own.astype(np.intp)
        return np.where(own < self.n_bins[:, np.newaxis], own, -1)

    def weigh(self, own, values, base):
        """Add up, for each draw, the values of the columns in which it matches a row.

        Parameters
        ----------
        own : ndarray of shape (n_columns, n_rows) of int
            The rows' bins, as `known` gives them.
        values : ndarray of shape (n_columns, n_rows) of integers
            What a match in a column is worth.
        base : ndarray of shape (n_rows,) of integers
            What a draw without matches has.

        Returns
        -------
        ndarray of shape (n_rows, n_draws), dtype float32
        """
        rows = np.arange(own.shape[1])
        of_bins = np.zeros((len(rows), len(self._transposed)), dtype=np.float32)
        few, worth = own[self._few], values[self._few].astype(np.float32)
        left_out = few == self._left_out
        left_out &= few >= 0
        stored = (few >= 0) & ~left_out
        places = np.broadcast_to(rows, few.shape)
        of_bins[places[stored], self._columns_of(few)[stored]] = worth[stored]
        # A match in the bin left out: no match in any other bin of the column.
        of_bins[:, 0] = base + (worth * left_out).sum(axis=0)
        widths = (self._ends - self._starts)[:, 0]
        of_bins[:, 1:] -= np.repeat(worth * left_out, widths, axis=0).T
        total = of_bins @ self._transposed
        for j in self._many:
            row, draw = self._matching(j, own[j])
            total[row, draw] += values[j][row].astype(np.float32)
        return total

    def sums(self, A, own):
        """Sums of rows' numbers over draws, over all and over those in the own bins.

        Parameters
        ----------
        A : ndarray of shape (n_rows, k, n_draws), dtype float32
            Integers of each row about the draws, `largest` at most.
        own : ndarray of shape (n_columns, n_rows) of int
            The rows' bins, as `known` gives them.

        Returns
        -------
        total : ndarray of shape (n_scrambles, n_rows, k)
        matched : ndarray of shape (n_scrambles, n_rows, k, n_columns)
            0 where no draw lies in the own bin.
        """
        (n_rows, k, n), n_scrambles = A.shape, len(self.scrambles)
        products = self._products(A.reshape(n_rows * k, n))
        products = products.reshape(n_scrambles, n_rows, k, -1)
        matched = self._in_own(products, own[self._few])
        if len(self._many):
            of_few, matched = matched, np.zeros((n_scrambles, n_rows, k, len(own)))
            matched[..., self._few] = of_few
        for j in self._many:
            row, draw = self._matching(j, own[j])
            np.add.at(matched[..., j], (self._scramble_of[draw], row), A[row, :, draw])
        if (own < 0).any():
            matched *= (own >= 0).T[:, np.newaxis]
        return products[..., 0].astype(np.float64), matched

    def _in_own(self, products, few):
        """Sums over the draws in rows' own bins of the columns of few bins.

        Parameters
        ----------
        products : ndarray of shape (n_scrambles, n_rows, k, n_dense)
        few : ndarray of shape (n_few, n_rows) of int

        Returns
        -------
        ndarray of shape (n_scrambles, n_rows, k, n_few), dtype float64
        """
        n_scrambles, n_rows, k, n_dense = products.shape
        if not len(few):
            return np.zeros((n_scrambles, n_rows, k, 0))
        left_out = (few == self._left_out).T[:, np.newaxis]
        at = np.where(left_out, 0, self._columns_of(few).T[:, np.newaxis])
        # Places in one long line, which numpy takes from faster than from an array.
        starts = n_dense * np.arange(n_rows * k).reshape(n_rows, k, 1)
        lines = products.reshape(n_scrambles, -1)
        inside = lines.take(starts + at, axis=1).astype(np.float64)
        inside -= self._in_others(products) * left_out
        return inside

    def _in_others(self, products):
        """Sums over the stored bins of each column."""
        starts, ends = self._starts[:, 0], self._ends[:, 0]
        total = products[..., starts]
        # Columns have few bins, and most of them equally many.
        for after in range(1, (ends - starts).max()):
            wide = np.flatnonzero(ends - starts > after)
            total[..., wide] += products[..., starts[wide] + after]
        return total

    def _products(self, numbers):
        """Products with the dense matrix, added up over blocks in double precision."""
        shape = len(self.scrambles), len(numbers), self._dense.shape[1]
        one_block = all(own.stop - own.start <= self._block for own in self.scrambles)
        products = np.zeros(shape, dtype=np.float32 if one_block else np.float64)
        for own, scramble in zip(products, self.scrambles, strict=True):
            for start in range(scramble.start, scramble.stop, self._block):
                part = slice(start, min(start + self._block, scramble.stop))
                own += numbers[:, part] @ self._dense[part]
        return products

    def _matching(self, j, own):
        """Rows and draws that share a bin of a column of many."""
        order = self._by_bin[j]
        codes = self.codes[j, order]
        first, last = (np.searchsorted(codes, own, side) for side in ("left", "right"))
        counts = last - first
        row = np.repeat(np.arange(len(own)), counts)
        # Places within each row's stretch of draws, one stretch after the other.
        within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        return row, order[np.repeat(first, counts) + within]

    def _columns_of(self, few):
        """Columns of the dense matrix with these bins; of no use for those left out."""
        after = (few > self._left_out) & (self._left_out >= 0)
        return self._starts + np.maximum(few, 0) - after
