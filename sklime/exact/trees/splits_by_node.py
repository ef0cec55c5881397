"""Splits of trees under laws of coalitions, one keep probability after the other."""

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from sklime.exact.exact_source import whole_blocks
from sklime.exact.trees.workspace import Workspace

# Numbers of splits and rows that are multiplied together, and rows at most.
_CELLS, _MOST_ROWS = 1 << 18, 64

# A probability that is nothing: its inverse is still finite.
_TINY = 1e-280


class SplitsByNode:
    r"""Contrasts of some trees, summed over the nodes of a quadrature.

    With `t` the probability that a column keeps the row's own value, `b` and `l` telling
    whether that value lies in a split's box and goes left (0 or 1), and `B`, `L` the
    masses of both in the background, the chance of going left and its slope in `t` are

    .. math:: q = \frac{t l + (1 - t) L}{t b + (1 - t) B}, \qquad
        g = \frac{l B - b L}{(t b + (1 - t) B)^2}.

    Parameters
    ----------
    paths : Paths
        The trees.
    left, box : ndarray of shape (n_laws, n_splits)
        Masses of what goes left, and of the box that is split, in its own column.
    keep : KeepLaw
        Of the probability that columns are kept.
    values : ndarray of shape (n_leaves, n_outputs)
        Values of all leaves.

    Attributes
    ----------
    columns : ndarray of int
        Columns that are split.
    nothing : ndarray of shape (n_outputs,)
        Expected responses where no column is kept.
    """

    def __init__(self, paths, left, box, keep, values):
        self.paths, self._left, self._box = paths, left, box
        self.keep, self._values = keep, values
        self.columns, places = np.unique(paths.column, return_inverse=True)
        self._by_column = sparse.csr_matrix(
            (np.ones(len(places)), (places, np.arange(len(places))))
        )
        self.n_rows = whole_blocks(_CELLS // len(places), _MOST_ROWS)
        self.nothing = self._nothing()

    def __call__(self, own, outputs):
        """Expected responses and contrasts.

        Parameters
        ----------
        own : ndarray of shape (n_model_features, n_rows)
        outputs : ndarray of shape (n_wanted,) of int

        Returns
        -------
        expected : ndarray of shape (n_wanted, n_rows)
        contrasts : ndarray of shape (n_wanted, n_columns, n_rows)
        """
        work = Workspace()
        parts = [
            self._block(own[:, rows], outputs, work)
            for rows in gen_batches(own.shape[1], self.n_rows)
        ]
        mean, contrasts = zip(*parts, strict=True)
        return np.concatenate(mean, axis=1), np.concatenate(contrasts, axis=2)

    def _block(self, own, outputs, work):
        """The same of some rows."""
        trees, states = self.paths.trees, self._states(own)
        nodes, weights = self.keep.nodes(self.paths.n_together)
        mean = np.zeros((len(outputs), own.shape[1]))
        effects = np.zeros((len(outputs), *states.shape))
        for left, box in zip(self._left, self._box, strict=True):
            for t, weight in zip(nodes, weights / len(self._box), strict=True):
                chance, slope = (np.take(own, states) for own in _chances(left, box, t))
                trees.weigh(slope, chance, None, work)
                slope *= weight
                for i, c in enumerate(outputs):
                    expected, pull = trees.expect(chance, slope, self._values[:, c], work)
                    mean[i] += weight * expected.sum(axis=0)
                    effects[i] += pull
        if self.keep.probability is None:
            mean[:] = self.nothing[outputs, np.newaxis]
        return mean, np.stack([self._by_column @ own for own in effects])

    def _nothing(self):
        """Expected responses where all columns follow the background."""
        found, work = np.zeros(self._values.shape[1]), Workspace()
        for left, box in zip(self._left, self._box, strict=True):
            # As for a row that lies outside of all boxes.
            chance = _chances(left, box, 0.0)[0][: len(left), np.newaxis]
            none = np.zeros_like(chance)
            for i, own in enumerate(self._values.T):
                found[i] += self.paths.trees.expect(chance, none, own, work)[0].sum()
        return found / len(self._box)

    def _states(self, own):
        """Where `_chances` holds each split's numbers for each row, (n_splits, n_rows)."""
        passed = self.paths.goes_left(own)
        inside = self.paths.inside(passed)
        state = inside.astype(np.int32)
        state += passed & inside
        state *= len(state)
        state += np.arange(len(state), dtype=np.int32)[:, np.newaxis]
        return state


def _chances(left, box, t):
    """Chances of going left and their slopes, each (3 * n_splits,).

    Those of rows outside of the boxes, then of rows that go right, and that go left.
    """
    left, box = 1.0 * left, 1.0 * box
    whole = np.maximum(t + (1.0 - t) * box, _TINY)
    outside = np.divide(left, box, out=np.zeros_like(box), where=box > 0.0)
    right = (1.0 - t) * left / whole
    chance = [outside, right, (t + (1.0 - t) * left) / whole]
    slope = [np.zeros_like(box), -left / whole / whole, (box - left) / whole / whole]
    return np.concatenate(chance), np.concatenate(slope)
