"""KL-LUCB: which candidates need further draws to tell the best from the others."""

import numpy as np

from sklime.anchors.bounds import exploration_rate

# Rounds at most, the probability that a bound fails in any of them, and the gap at which
# the best are told apart, as a share of the criterion's unit.
MOST_ROUNDS, _ERROR, _GAP = 4, 0.1, 0.15


class Arms:
    """Candidates of rows as arms of bandits, with confidence bounds of their gain.

    Bounds hold for all rounds together, so that only those of arms with new draws change.

    Parameters
    ----------
    candidates : Candidates
        By row.
    criterion : Criterion
    """

    def __init__(self, candidates, criterion):
        self.rules, self.criterion = candidates, criterion
        self.n, self.mean = candidates.n.copy(), candidates.mean.copy()
        self.variance = candidates.variance.copy()
        _, first, n_arms = np.unique(candidates.row, return_index=True, return_counts=True)
        self._bandits = [slice(a, a + n) for a, n in zip(first, n_arms, strict=True)]
        self._level = exploration_rate(np.repeat(n_arms, n_arms), MOST_ROUNDS, _ERROR)
        self.gain, self.lower, self.upper = np.empty((3, len(candidates)))
        self.update(np.arange(len(candidates)))

    def update(self, which):
        """Find the bounds of some arms anew."""
        row = self.rules.row[which]
        own = self.mean[which], self.variance[which], self.n[which], self._level[which]
        bounds = self.criterion.gain_bounds(*self.criterion.bounds(*own), row)
        self.lower[which], self.upper[which] = bounds
        self.gain[which] = self.criterion.gain(self.mean[which], row)

    def add(self, k, scores):
        """Add draws to one arm."""
        n, m = self.n[k], len(scores)
        step = scores.mean() - self.mean[k]
        spread = n * self.variance[k] + m * scores.var() + n * m / (n + m) * step**2
        self.n[k] = n + m
        self.mean[k] += step * m / (n + m)
        self.variance[k] = spread / (n + m)

    def critical(self, width):
        """Of each row the weakest of its best arms and their strongest rival, if close."""
        found = []
        for own in self._bandits:
            if own.stop - own.start <= width:
                continue
            order = own.start + np.lexsort((self.rules.key[own], -self.gain[own]))
            best, others = order[:width], order[width:]
            weakest = best[self.lower[best].argmin()]
            rival = others[self.upper[others].argmax()]
            close = _GAP * self.criterion.unit(self.rules.row[own.start])
            if self.upper[rival] - self.lower[weakest] > close:
                found += [weakest, rival]
        return np.array(found, dtype=np.intp)
