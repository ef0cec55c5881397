"""Screen of pairs of columns: which of them interact most, over all draws of a pool."""

import numpy as np

# Bins of a column that are told apart; all others are one.
_MOST_BINS = 16


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
        for first in np.unique(pairs[:, 0]):
            at = np.flatnonzero(pairs[:, 0] == first)
            mine = slice(starts[first], starts[first + 1])
            # Sums by cell of this column and any other.
            count, sums = (one_hot[mine] @ one_hot.T) / n, (weighted[mine] @ one_hot.T) / n
            means = np.divide(sums, count, out=np.zeros_like(sums), where=count > 0.0)
            beyond = means - main[mine, np.newaxis] - main
            held = np.where(count > 0.0, count * np.square(beyond), 0.0).sum(axis=0)
            explained = np.add.reduceat(held, starts[:-1])
            freedom = (n_bins[first] - 1) * (n_bins - 1)
            found[c, at] = (explained - noise * freedom)[pairs[at, 1]]
    return found


def _few(codes):
    """Bins numbered by frequency, the rarest of many taken together."""
    _, own, counts = np.unique(codes, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.intp)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.minimum(rank, _MOST_BINS - 1)[own]
