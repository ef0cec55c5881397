r"""Exact evidence: expected answers within rules, in closed form.

The expected answer within a rule is that under the product law whose columns of the rule
are fixed to their bins.
"""

import numpy as np

from sklime.anchors.evidence import Evidence, open_columns, ordered_by_coverage
from sklime.exact import closed_form
from sklime.exact.failures import reports_failures
from sklime.exact.trees.sum_of_trees import SumOfTrees
from sklime.kernels import Kernel
from sklime.laws.tilted import MatchedLaw
from sklime.selectors import AllFeatures

# Rules that are evaluated together, and what their number is padded to a multiple of, lest
# one be summed in another order than many.
_N_RULES, _PADDING = 1024, 8

# What expected answers are off by, as a share of the row's own.
_ROUNDING = 1e-11

# The factor of other bins that fixes a column to its own: what never happens keeps its
# proportions.
_NEVER = 1e-30


class ExpectedAnswers:
    r"""Expected answers within rules, and within all rules that extend them by a column.

    Of trees one evaluation of a rule tells both: with :math:`c_j` the contrast of column
    `j` under the rule's law, and :math:`q_j` the frequency of the row's bin,

    .. math:: E[f \mid R, j] = E[f \mid R] + (1 - q_j) \, c_j.

    Of other forms each rule is evaluated by itself.

    Parameters
    ----------
    response : Response
        The model.
    law : Law
        Of the draws.
    X : table
        Checked training rows.

    Raises
    ------
    NoClosedForm
        If there is no closed form; `ClosedFormFailed` if one failed unexpectedly.
    """

    def __init__(self, response, law, X):
        self._kernel = _Conditions(repeated=False)
        found = self._bound(response, law, X)
        if isinstance(found.model, SumOfTrees):
            self._kernel = _Conditions(repeated=True)
            found = self._bound(response, law, X)
        self.model = found.model
        self.frequencies = [column.frequencies for column in found.law.columns]

    def within(self, codes, fixed, output):
        """Expected answers within rules.

        Parameters
        ----------
        codes : ndarray of shape (n_rules, n_features) of int
            Bins of the rows that the rules are for.
        fixed : ndarray of shape (n_rules, n_features) of bool
            Columns of the rules.
        output : ndarray of shape (n_rules,) of int
            The outputs that are expected.

        Returns
        -------
        ndarray of shape (n_rules,)
        """
        return self._evaluated(codes, fixed, output)[0]

    def extended(self, codes, fixed, output, wanted):
        """Expected answers within rules with one more column.

        Parameters
        ----------
        codes, fixed, output
            As for `within`.
        wanted : ndarray of shape (n_rules, n_features) of bool
            Which columns are added.

        Returns
        -------
        ndarray of shape (n_wanted,)
        """
        if self._kernel.repeated:
            expected, coef = self._evaluated(codes, fixed, output)
            return (expected[:, np.newaxis] + coef * self._others(codes))[wanted]
        rule, column = np.nonzero(wanted)
        fixed = fixed[rule]
        fixed[np.arange(len(rule)), column] = True
        # Rows share rules: the bins of the columns that are not fixed do not matter.
        told = np.column_stack([np.where(fixed, codes[rule], -1), output[rule]])
        _, first, place = np.unique(told, axis=0, return_index=True, return_inverse=True)
        return self.within(codes[rule[first]], fixed[first], output[rule[first]])[
            place.ravel()
        ]

    def _bound(self, response, law, X):
        return closed_form(response, law, self._kernel, AllFeatures(), None, X, 1)

    @reports_failures
    def _evaluated(self, codes, fixed, output):
        n, d = codes.shape
        expected, coef = np.empty(n), np.empty((n, d))
        wanted, place = np.unique(output, return_inverse=True)
        for start in range(0, n, _N_RULES):
            rows = slice(start, start + _N_RULES)
            mean, contrasts = self.model(self._laws(codes[rows], fixed[rows]), wanted)
            own = np.arange(len(place[rows])), place[rows]
            expected[rows], coef[rows] = mean[own], contrasts[own]
        return expected, coef

    def _laws(self, codes, fixed):
        """Laws of all columns within rules, for a multiple of rows."""
        extra = (0, -len(codes) % _PADDING)
        laws = []
        for q, own, held in zip(self.frequencies, codes.T, fixed.T, strict=True):
            mismatch = self._kernel.mismatch_by_bin(q)
            own = self._kernel.states(q, own, held)
            own = np.pad(own.astype(np.intp), extra, mode="edge")
            laws.append(MatchedLaw.of(self._kernel.masses(q), own, mismatch))
        return laws

    def _others(self, codes):
        """Frequencies of all other bins, (n_rules, n_features)."""
        own = zip(self.frequencies, codes.T, strict=True)
        return np.column_stack([1.0 - np.append(q, 0.0)[bins] for q, bins in own])


class _Conditions(Kernel):
    """Kernel that fixes columns to their bins, or leaves them as they are.

    Parameters
    ----------
    repeated : bool
        Whether each bin is listed twice, first as seen by a column that is not fixed, with
        its contrast, then as fixed. Else columns that are not fixed are seen from a bin
        that training never had, which leaves their law as it is, and has no contrast.
    """

    local = True
    precision = None

    def __init__(self, repeated):
        self.repeated = repeated

    def __call__(self, Z, z):
        return np.ones(len(Z))

    def column_factor(self, column, row=None):
        return 1.0

    def masses(self, q):
        """Frequencies of what is listed."""
        return np.tile(q, 2) if self.repeated else q

    def mismatch_by_bin(self, q):
        """Factors of other bins, and last for a bin that training never had."""
        free = np.ones(len(q) if self.repeated else 0)
        return np.concatenate([free, np.full(len(q), _NEVER), [1.0]])

    def states(self, q, own, held):
        """Places in the list of columns of rules; -1 is none."""
        if self.repeated:
            return np.where(own < 0, -1, own + len(q) * held)
        return np.where(held, own, -1)


class ExactEvidence(Evidence):
    """Evidence in closed form: nothing is drawn, nothing is estimated.

    Parameters
    ----------
    criterion, codes, usable, coverage
        As for `Evidence`.
    answers : ExpectedAnswers
    """

    def __init__(self, criterion, codes, usable, coverage, answers):
        super().__init__(criterion, codes, usable, coverage)
        self.answers = answers

    def measured(self, candidates):
        """The same candidates with the expected answers within them."""
        fixed = ~open_columns(candidates, np.ones_like(self.usable))
        row = candidates.row
        mean = self.answers.within(self.codes[row], fixed, self.criterion.output[row])
        return candidates.measured(np.full(len(row), np.inf), mean, np.zeros(len(row)))

    def extended(self, beam):
        fixed = ~open_columns(beam, np.ones_like(self.usable))
        wanted = open_columns(beam, self.usable)
        own = self.codes[beam.row], fixed, self.criterion.output[beam.row]
        mean = self.answers.extended(*own, wanted)
        parent, column = np.nonzero(wanted)
        sure = np.full(len(parent), np.inf)
        return beam.extended(parent, column, sure, mean, np.zeros(len(parent)))

    def accepted(self, candidates, width):
        gain = self.criterion.gain(candidates.mean, candidates.row)
        suffices = np.flatnonzero(self._suffices(candidates))
        ordered = ordered_by_coverage(self, candidates, suffices, gain)
        return ordered[np.unique(candidates.row[ordered], return_index=True)[1]]

    def report(self, rules):
        rules = self.measured(rules)
        return rules.mean, np.column_stack([rules.mean] * 2), self._suffices(rules)

    def _suffices(self, rules):
        """Whether rules suffice, but for rounding."""
        gain = self.criterion.gain(rules.mean, rules.row)
        return gain >= -_ROUNDING * np.abs(self.criterion.answer[rules.row])
