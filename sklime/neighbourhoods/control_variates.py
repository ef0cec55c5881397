r"""Control variates: what an additive part of the answers adds to coefficients, exactly.

Under independent columns LIME's limit for a sum of single-column functions is a difference
of two means, :math:`E[g_j \mid b_j] - E[g_j \mid \text{not } b_j]`, whatever the kernel. An
additive `g` is fitted to the answers on a pool; the draws then only have to tell what the
rest, `f - g`, adds to that.
"""

from itertools import pairwise

import numpy as np
from scipy.linalg.blas import ssyrk

from sklime.laws.columns import inside_and_outside

# Pulls effects of cells with few draws to 0: as so many draws without effect.
_PENALTY = 5.0

# Draws multiplied at a time.
_BLOCK = 8192


class AdditivePart:
    """The additive part of the answers on a pool, as effects of cells.

    Parameters
    ----------
    columns : list of Cells
        The pool's columns.
    Y : ndarray of shape (n_outputs, n_draws)
        The answers, of order 1.

    Attributes
    ----------
    rest : ndarray of shape (n_outputs, n_draws)
        The answers without their additive part and its mean.
    origin : ndarray of shape (n_outputs,)
        Mean of the additive part.
    shrinkage : float
        How much too small the rest is, as it was fitted to the same answers: the square
        root of the share of draws that its parameters leave.
    """

    def __init__(self, columns, Y):
        sizes = [len(column.masses) for column in columns]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        gram, cross = _sums(columns, starts, Y)
        effects = _solve(gram, cross, np.concatenate([c.masses for c in columns]), Y)
        self.origin = effects[0]
        counts = np.diagonal(gram)
        n_parameters = np.sum(counts / (counts + _PENALTY)) - len(columns)
        self.shrinkage = np.sqrt(1.0 - n_parameters / Y.shape[1])
        self._effects, lines = [], []
        for (start, stop), column in zip(pairwise(starts), columns, strict=True):
            part = effects[1 + start : 1 + stop]
            # Effects are measured from their own mean, which is then 0.
            part = part - column.masses @ part
            self._effects.append(part)
            own = part, column.masses, column.bins
            inside, outside = inside_and_outside(*own, total=0.0)
            lines.append(np.stack([inside - outside, outside]))
        # One after the other; the last line of a column is that of no bin at all.
        self._ends = np.cumsum([line.shape[1] for line in lines])
        self._starts = self._ends - [line.shape[1] for line in lines]
        self._contrasts, self._outside = np.concatenate(lines, axis=1)
        self.rest = Y - self.at(columns)

    def at(self, columns):
        """The additive part at draws.

        Parameters
        ----------
        columns : list of Cells
            The same cells, of any draws.

        Returns
        -------
        ndarray of shape (n_outputs, n_draws)
        """
        total = self.origin
        for effects, column in zip(self._effects, columns, strict=True):
            total = total + effects[column.of_draw]
        return total.T

    def relative_to(self, codes):
        """The additive part as a linear function of the design of each row.

        Parameters
        ----------
        codes : ndarray of shape (n_features, n_rows) of int
            The rows' bins; -1 for a value that training never had.

        Returns
        -------
        ndarray of shape (n_rows, 1 + n_features, n_outputs)
            Its value where all of a row's bins are missed, and its coefficients.
        """
        ends, starts = self._ends[:, np.newaxis], self._starts[:, np.newaxis]
        own = (np.where(codes < 0, ends, starts) + codes).T
        # Column by column, in one order however many rows there are.
        outside = np.cumsum(self._outside[own], axis=1)[:, -1:]
        return np.concatenate([self.origin + outside, self._contrasts[own]], axis=1)


def _sums(columns, starts, Y):
    """Sums of products of indicators of cells, and with the answers."""
    n, p = Y.shape[1], starts[-1]
    gram, cross = np.zeros((p, p)), np.zeros((p, len(Y)))
    for first in range(0, n, _BLOCK):
        block = slice(first, min(first + _BLOCK, n))
        B = np.zeros((p, block.stop - block.start), dtype=np.float32)
        for start, column in zip(starts[:-1], columns, strict=True):
            B[start + column.of_draw[block], np.arange(B.shape[1])] = 1.0
        gram += ssyrk(1.0, B.T, trans=True)
        cross += B @ Y[:, block].T.astype(np.float32)
    return gram + np.triu(gram, 1).T, cross


def _solve(gram, cross, masses, Y):
    """Constant and effects of the cells, by least squares with a small penalty."""
    n, counts = Y.shape[1], np.diagonal(gram)
    total = Y.sum(axis=1)
    # Measured from the cells' probabilities, which the constant then does not disturb.
    centred = gram - np.outer(masses, counts) - np.outer(counts, masses)
    centred += n * np.outer(masses, masses)
    shift = counts - n * masses
    system = np.empty((len(gram) + 1, len(gram) + 1))
    system[0, 0], system[0, 1:], system[1:, 0] = n, shift, shift
    system[1:, 1:] = centred
    system[np.arange(1, len(system)), np.arange(1, len(system))] += _PENALTY
    right = np.vstack([total, cross - np.outer(masses, total)])
    return np.linalg.solve(system, right)
