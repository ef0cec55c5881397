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
        told = np.column_stack([parents.key, output.astype(np.uint64)])
        _, first, place = np.unique(told, axis=0, return_index=True, return_inverse=True)
        q, (d, n_bins) = self.ranges.frequencies, self.ranges.frequencies.shape
        start = (place.ravel()[parent] * d + column) * n_bins
        bins = [
            start[at] + low[at] + step
            for step in range((high - low).max(initial=-1) + 1)
            for at in [np.flatnonzero(low + step <= high)]
        ]
        asked = np.unique(np.concatenate([np.empty(0, dtype=np.intp), *bins]))
        # Bins that no draw is in add nothing.
        asked = asked[q[asked // n_bins % d, asked % n_bins] > 0.0]
        pair, code = np.divmod(asked, n_bins)
        rule, asked_column = np.divmod(pair, d)
        mass = q[asked_column, code]
        mean = self.answers.in_bins(
            parents.take(first), output[first], rule, asked_column, code
        )
        # Means over ranges are those of their bins, by frequency.
        total, weight = np.zeros((2, len(parent)))
        for step in range((high - low).max(initial=-1) + 1):
            at = np.flatnonzero(low + step <= high)
            wanted = start[at] + low[at] + step
            own = np.minimum(np.searchsorted(asked, wanted), len(asked) - 1)
            at, own = at[asked[own] == wanted], own[asked[own] == wanted]
            total[at] += mass[own] * mean[own]
            weight[at] += mass[own]
        sure = np.full(len(parent), np.inf)
        return parents.extended(
            parent, column, low, high, sure, total / weight, np.zeros(len(parent))
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


def _known(candidates, mean):
    n = len(candidates)
    return candidates.measured(np.full(n, np.inf), mean, np.zeros(n))
