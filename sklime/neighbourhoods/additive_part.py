r"""Additive parts of responses, whose contrasts are known exactly.

Under independent columns LIME's limit for a sum of single-column functions is a difference
of two means, :math:`E[g_j \mid b_j] - E[g_j \mid \text{not } b_j]`, whatever the kernel. An
additive `g` is fitted to the answers on a pool; the draws then only have to tell what the
rest, `f - g`, adds to that.
"""

from itertools import pairwise

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from sklime.laws.columns import inside_and_outside

# Pulls effects of cells with few draws to 0: as so many draws without effect.
_PENALTY = 5.0

# Draws multiplied at a time.
_BLOCK = 8192

# Cells of all columns whose effects are one linear system.
_MOST_SOLVED = 900

# Penalties to choose from where there are more, the largest first, and what it takes.
_PENALTIES = 5.0 * 4.0 ** np.arange(6, -1, -1)
_N_SIGNS, _MOST_ITERATIONS, _PRECISE = 4, 100, 1e-2


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
    free_share : float
        Share of the draws that the parameters leave free. The rest, fitted to the same
        answers, is too small by about this factor, as residuals are by one less their
        leverages (HC3).
    """

    def __init__(self, columns, Y):
        sizes = [len(column.masses) for column in columns]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        few = starts[-1] <= min(_MOST_SOLVED, Y.shape[1] // 3)
        fit = _solved if few else _iterated
        effects, n_parameters = fit(columns, starts, Y)
        self.origin = effects[0]
        self.free_share = 1.0 - n_parameters / Y.shape[1]
        self._effects, lines = [], []
        for (start, stop), column in zip(pairwise(starts), columns, strict=True):
            part = effects[1 + start : 1 + stop]
            # Effects are measured from their own mean, which is then 0.
            part = part - column.masses @ part
            self._effects.append(part)
            own = part, column.masses, column.bins
            inside, outside = inside_and_outside(*own, total=0.0)
            lines.append(np.stack([inside - outside, outside]))
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
        n = len(columns[0].of_draw) if columns else 1
        total = np.repeat(self.origin[:, np.newaxis], n, axis=1)
        for effects, column in zip(self._effects, columns, strict=True):
            total += effects.T.take(column.of_draw, axis=1)
        return total

    def terms(self, columns):
        """What each column adds to the mean of the additive part, at draws.

        Parameters
        ----------
        columns : list of Cells
            The same cells, of any draws.

        Returns
        -------
        ndarray of shape (n_outputs, n_draws, n_columns)
        """
        own = zip(self._effects, columns, strict=True)
        return np.stack([e.T.take(c.of_draw, axis=1) for e, c in own], axis=2)

    def relative_to(self, places, outputs):
        """The additive part as a linear function of the design of each row.

        Parameters
        ----------
        places : ndarray of shape (n_rows, n_features) of int
            Places of the rows' bins in the `BinList` of all columns.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.

        Returns
        -------
        base : ndarray of shape (n_rows, n_explained)
            Its value where all of a row's bins are missed.
        contrast : ndarray of shape (n_rows, n_explained, n_features)
            Its coefficients.
        """
        own = places[:, np.newaxis], outputs[:, :, np.newaxis]
        outside = self._outside[own].sum(axis=2)
        return self.origin[outputs] + outside, self._contrasts[own]


def _solved(columns, starts, Y):
    """Constant, effects of the cells and number of parameters, from one linear system."""
    gram, cross = _sums(columns, starts, Y)
    masses, counts = np.concatenate([c.masses for c in columns]), np.diagonal(gram)
    n_parameters = np.sum(counts / (counts + _PENALTY)) - len(columns)
    return _solve(gram, cross, masses, Y), n_parameters


def _iterated(columns, starts, Y):
    """The same by conjugate gradients, with the penalty of least cross-validation error.

    Many cells can explain any responses: generalised cross-validation weighs that up, with
    the number of parameters estimated from random signs.
    """
    n, p, rng = Y.shape[1], starts[-1], np.random.default_rng(0)
    index = np.stack([c.of_draw for c in columns], axis=1) + starts[:-1]
    ones = np.ones(index.size)
    cells = sparse.csr_matrix(
        (ones, index.ravel(), np.arange(0, index.size + 1, len(columns))), (n, p)
    )
    masses = np.concatenate([c.masses for c in columns])

    def forward(effects):
        moved = cells @ effects
        return moved - moved.mean(axis=0)

    def back(values):
        return cells.T @ (values - values.mean(axis=0))

    signs = rng.choice([-1.0, 1.0], (n, _N_SIGNS))
    centred = np.column_stack([Y.T - Y.mean(axis=1), signs - signs.mean(axis=0)])
    right, effects, best = back(centred), None, np.full(len(Y), np.inf)
    found = np.zeros((p, len(Y)))
    chosen = np.zeros(len(Y))
    for penalty in _PENALTIES:
        effects = _conjugate_gradients(
            lambda own, penalty=penalty: back(forward(own)) + penalty * own, right, effects
        )
        fitted = forward(effects)
        k = len(Y)
        n_parameters = np.mean(np.einsum("ng,ng->g", centred[:, k:], fitted[:, k:]))
        residual = np.square(centred[:, :k] - fitted[:, :k]).sum(axis=0)
        error = residual / (n - 1.0 - n_parameters) ** 2
        better = error < best
        if not better.any():
            # From here on it only grows.
            break
        best = np.where(better, error, best)
        found[:, better], chosen[better] = effects[:, :k][:, better], n_parameters
    constant = Y.mean(axis=1) - (cells @ found).mean(axis=0)
    shift = np.add.reduceat(found * masses[:, np.newaxis], starts[:-1]).sum(axis=0)
    return np.vstack([constant + shift, found]), chosen.max()


def _conjugate_gradients(multiply, right, start):
    """Solve a positive definite system for several right sides at once."""
    x = np.zeros_like(right) if start is None else start
    residual = right - multiply(x)
    direction, size = residual, np.square(residual).sum(axis=0)
    enough = _PRECISE**2 * np.square(right).sum(axis=0)
    for _ in range(_MOST_ITERATIONS):
        if (size <= enough).all():
            break
        moved = multiply(direction)
        step = size / np.maximum((direction * moved).sum(axis=0), 1e-300)
        x, residual = x + step * direction, residual - step * moved
        before, size = size, np.square(residual).sum(axis=0)
        direction = residual + size / np.maximum(before, 1e-300) * direction
    return x


def _sums(columns, starts, Y):
    """Sums of products of indicators of cells, and with the answers."""
    n, p = Y.shape[1], starts[-1]
    gram, cross = np.zeros((p, p)), np.zeros((p, len(Y)))
    for first in range(0, n, _BLOCK):
        block = slice(first, min(first + _BLOCK, n))
        B = np.zeros((p, block.stop - block.start), dtype=np.float32)
        for start, column in zip(starts[:-1], columns, strict=True):
            B[start + column.of_draw[block], np.arange(B.shape[1])] = 1.0
        gram += B @ B.T
        cross += B @ Y[:, block].T.astype(np.float32)
    return gram, cross


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
    factor = cho_factor(system)
    found = cho_solve(factor, np.vstack([total, cross - np.outer(masses, total)]))
    # Once more for what the penalty held back: its bias is then squared, and far below the
    # standard errors of additive responses.
    held_back = _PENALTY * found
    held_back[0] = 0.0
    return found + cho_solve(factor, held_back)
