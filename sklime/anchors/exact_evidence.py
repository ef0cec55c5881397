"""Exact evidence: expected answers within rules, in closed form."""

import numpy as np

from sklime.anchors.evidence import Evidence

# What expected answers are off by, as a share of the row's own.
_ROUNDING = 1e-11

# Of tables whose rows have no more rules than this the search looks at all.
_MOST_RULES = 4096


class ExactEvidence(Evidence):
    """Evidence in closed form: nothing is drawn, nothing is estimated.

    Parameters
    ----------
    criterion, codes, usable, ranges, coverage
        As for `Evidence`.
    answers : ExpectedAnswers
    """

    def __init__(self, criterion, codes, usable, ranges, coverage, answers):
        super().__init__(criterion, codes, usable, ranges, coverage)
        self.answers = answers
        self.looks_at_all = ranges.n_rules <= _MOST_RULES

    def measured(self, candidates):
        output = self.criterion.output[candidates.row]
        return _known(candidates, self.answers.within(candidates, output))

    def extended(self, parents):
        parent, column, low, high = self.added(parents)
        output = self.criterion.output[parents.row]
        # Rows share rules.
        number = parents.key + output.astype(np.uint64)
        _, first, place = np.unique(number, return_index=True, return_inverse=True)
        mean = self._over_ranges(
            parents.take(first), output[first], place[parent], column, low, high
        )
        sure = np.full(len(parent), np.inf)
        return parents.extended(
            parent, column, low, high, sure, mean, np.zeros(len(parent))
        )

    def suffices(self, candidates):
        # But for rounding.
        gain = self.criterion.gain(candidates.mean, candidates.row)
        return gain >= -_ROUNDING * np.abs(self.criterion.answer[candidates.row])

    def accepted(self, rules):
        return np.unique(rules.row, return_index=True)[1]

    def report(self, rules):
        rules = self.measured(rules)
        return rules.mean, np.column_stack([rules.mean] * 2), self.suffices(rules)

    def _over_ranges(self, rules, output, which, column, low, high):
        """Expected answers within rules and one more range: means over its bins."""
        q, (d, n_bins) = self.ranges.frequencies, self.ranges.frequencies.shape
        start = (which * d + column) * n_bins
        steps = [
            (at, start[at] + low[at] + step)
            for step in range((high - low).max(initial=-1) + 1)
            for at in [np.flatnonzero(low + step <= high)]
        ]
        asked = np.zeros(len(rules) * d * n_bins, dtype=bool)
        for _, bins in steps:
            asked[bins] = True
        # Bins that no draw is in add nothing.
        asked &= np.tile(q.ravel() > 0.0, len(rules))
        place = np.flatnonzero(asked)
        pair, code = np.divmod(place, n_bins)
        own = pair // d, pair % d, code
        mass, mean = np.zeros((2, len(asked)))
        mass[place] = q[own[1:]]
        mean[place] = self.answers.in_bins(rules, output, *own)
        mean *= mass
        total, weight = np.zeros((2, len(which)))
        for at, bins in steps:
            total[at] += mean[bins]
            weight[at] += mass[bins]
        return total / weight


def _known(candidates, mean):
    n = len(candidates)
    return candidates.measured(np.full(n, np.inf), mean, np.zeros(n))
