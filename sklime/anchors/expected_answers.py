r"""Expected answers within rules, in closed form.

The expected answer within a rule is that under the product law whose columns of the rule
are confined to their ranges of bins.
"""

from dataclasses import replace

import numpy as np

from sklime.anchors.candidates import ranks
from sklime.exact import closed_form
from sklime.exact.failures import reports_failures
from sklime.exact.trees.sum_of_trees import SumOfTrees
from sklime.kernels import Kernel
from sklime.laws.overlapping import OverlappingRanges
from sklime.laws.tilted import MatchedLaw
from sklime.selectors import AllFeatures

# Rules that are evaluated together, and what their number is padded to a multiple of, lest
# one be summed in another order than many.
_N_RULES, _PADDING = 1024, 8

# The factor of other ranges that confines a column to one: what never happens keeps its
# proportions.
_NEVER = 1e-30


class ExpectedAnswers:
    r"""Expected answers within rules, and within rules and one more bin.

    Of trees one evaluation of a rule tells both: with :math:`c_j` the contrast of a bin of
    column `j` under the rule's law, and :math:`q_j` its frequency,

    .. math:: E[f \mid R, j] = E[f \mid R] + (1 - q_j) \, c_j.

    Of other forms each is evaluated by itself.

    Parameters
    ----------
    response : Response
        The model.
    law : Law
        Of the draws.
    X : table
        Checked training rows.
    ranges : BinRanges
        What conditions can ask for.

    Raises
    ------
    NoClosedForm
        If there is no closed form; `ClosedFormFailed` if one failed unexpectedly.
    """

    def __init__(self, response, law, X, ranges):
        columns = _Ranged(law, X, ranges)
        kernel = _Conditions()
        found = closed_form(response, columns, kernel, AllFeatures(), None, X, 1)
        self.model = found.model
        self.columns = [
            _ColumnOfRules(own, kernel.mismatch_of(own)) for own in found.law.columns
        ]
        self._by_contrast = isinstance(self.model, SumOfTrees)

    def within(self, rules, output):
        """Expected answers within rules.

        Parameters
        ----------
        rules : Candidates
        output : ndarray of shape (n_rules,) of int
            The outputs that are expected.

        Returns
        -------
        ndarray of shape (n_rules,)
        """
        return self._evaluated(self._states(rules), output)[0]

    def in_bins(self, rules, output, which, column, code):
        """Expected answers within rules and one more bin of an open column.

        Parameters
        ----------
        rules, output
            As for `within`.
        which, column, code : ndarray of shape (n,) of int
            Rules, in increasing order, the column that each is extended by, also in
            increasing order for each rule, and the bin.

        Returns
        -------
        ndarray of shape (n,)
        """
        states = self._states(rules)
        if not self._by_contrast:
            states = states[which]
            for j in np.unique(column):
                own = column == j
                states[own, j] = self.columns[j].held(code[own], code[own])
            return self._evaluated(states, output[which])[0]
        # Bins of different columns share an evaluation of their rule, those of one do not.
        pair = which * len(self.columns) + column
        rank = ranks(pair)
        n = np.zeros(len(rules), dtype=np.intp)
        np.maximum.at(n, which, rank + 1)
        place = (np.cumsum(n) - n)[which] + rank
        states = np.repeat(states, n, axis=0)
        # Without a condition, and seen from the bin.
        states[place, column] = code
        expected, contrasts = self._evaluated(states, np.repeat(output, n))
        rest = np.empty(len(pair))
        for j in np.unique(column):
            own = column == j
            rest[own] = 1.0 - self.columns[j].frequencies[code[own]]
        return expected[place] + rest * contrasts[place, column]

    def _states(self, rules):
        """Places of the columns' ranges in rules, the first where there is none."""
        states = np.zeros((len(rules), len(self.columns)), dtype=np.intp)
        for j in np.unique(rules.columns):
            own, k = np.nonzero(rules.columns == j)
            states[own, j] = self.columns[j].held(rules.low[own, k], rules.high[own, k])
        return states

    @reports_failures
    def _evaluated(self, states, output):
        n, d = states.shape
        expected, coef = np.empty(n), np.empty((n, d))
        for c in np.unique(output):
            which = np.flatnonzero(output == c)
            for start in range(0, len(which), _N_RULES):
                rows = which[start : start + _N_RULES]
                extra = (0, -len(rows) % _PADDING)
                laws = [
                    column.laws(np.pad(own, extra, mode="edge"))
                    for column, own in zip(self.columns, states[rows].T, strict=True)
                ]
                mean, contrasts = self.model(laws, np.array([c]))
                expected[rows] = mean[: len(rows), 0]
                coef[rows] = contrasts[: len(rows), 0]
        return expected, coef


class _ColumnOfRules:
    """Laws of one column within rules."""

    def __init__(self, column, mismatch):
        self.frequencies, self._mismatch = column.frequencies, mismatch
        self._n = len(column.base.frequencies)
        self._keys = column.low * self._n + column.high

    def held(self, low, high):
        """Places of ranges among all that have laws."""
        return self._n + np.searchsorted(self._keys, low * self._n + high)

    def laws(self, places):
        return MatchedLaw.of(self.frequencies, places, self._mismatch)


class _Ranged:
    """Law of the draws, for closed forms within ranges of bins."""

    def __init__(self, law, X, ranges):
        self._own, self._ranges = law.independent_columns(X), ranges

    def count_draws(self, n_samples):
        return n_samples

    def independent_columns(self, X):
        columns = [
            OverlappingRanges(column, *self._ranges.all_of(j))
            for j, column in enumerate(self._own.columns)
        ]
        return replace(self._own, columns=columns)


class _Conditions(Kernel):
    """Kernel that confines columns to ranges, or leaves them as they are.

    Seen from a single bin, a column has the law of all; seen from a range, its law within.
    """

    local = True
    precision = None

    def __call__(self, Z, z):
        return np.ones(len(Z))

    def column_factor(self, column, row=None):
        return 1.0

    def mismatch_of(self, column):
        """Factors of other bins, and last for a bin that training never had."""
        n = len(column.base.frequencies)
        held = np.full(len(column.frequencies) - n, _NEVER)
        return np.concatenate([np.ones(n), held, [1.0]])
