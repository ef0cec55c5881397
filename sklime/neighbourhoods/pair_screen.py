"""Screen of pairs of columns: which of them interact most, over all draws of a pool."""

import numpy as np
from sklearn.utils import gen_batches

# Bins of a column that are told apart; all others are one.
_MOST_BINS = 16

# Columns whose cells are looked at together.
_AT_ONCE = 32


def explained_by_pairs(codes, rest, pairs):
    """Variance of responses that pairs of columns explain beyond each alone.

    Parameters
    ----------
    codes : ndarray of shape (n_columns, n_draws) of int
        Bins of the draws.
    rest : ndarray of shape (n_outputs, n_draws)
        Responses without their additive part.
    pairs : ndarray of shape (n_pairs, 2) of int
        Positions of the columns.

    Returns
    -------
    ndarray of shape (n_outputs, n_pairs)
        Less what noise would explain; below 0 for pairs that explain less.
    """
    n = codes.shape[1]
    pairs = np.sort(pairs, axis=1)
    bins = [_few(own) for own in codes.astype(np.intp)]
    n_bins = np.array([own.max(initial=0) + 1 for own in bins])
    starts = np.append(0, np.cumsum(n_bins))
    one_hot = np.zeros((starts[-1], n), dtype=np.float32)
    for start, own in zip(starts[:-1], bins, strict=True):
        one_hot[start + own, np.arange(n)] = 1.0
    share = one_hot.sum(axis=1, dtype=np.float64) / n
    found = np.empty((len(rest), len(pairs)))
    for c, own in enumerate(rest - rest.mean(axis=1, keepdims=True)):
        noise = np.mean(np.square(own)) / n
        weighted = one_hot * own.astype(np.float32)
        main = weighted.sum(axis=1, dtype=np.float64) / n / share
        for some in gen_batches(len(bins), _AT_ONCE):
            # Cells of some columns and those behind them, as frequent as if independent.
            mine, after = slice(starts[some.start], starts[some.stop]), starts[some.start]
            sums = weighted[mine] @ one_hot[after:].T / n
            shares = share[mine, np.newaxis] * share[after:]
            beyond = sums / shares - main[mine, np.newaxis] - main[after:]
            held = shares * np.square(beyond)
            held = np.add.reduceat(held, starts[some] - after, axis=0)
            explained = np.add.reduceat(held, starts[some.start : -1] - after, axis=1)
            freedom = np.outer(n_bins[some] - 1, n_bins[some.start :] - 1)
            at = np.flatnonzero((pairs[:, 0] >= some.start) & (pairs[:, 0] < some.stop))
            first, second = pairs[at].T - some.start
            found[c, at] = (explained - noise * freedom)[first, second]
    return found


def _few(codes):
    """Bins numbered by frequency, the rarest of many taken together."""
    _, own, counts = np.unique(codes, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.intp)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.minimum(rank, _MOST_BINS - 1)[own]
