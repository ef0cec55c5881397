"""Rows whose rules are searched: of tables by columns, of all other kinds by units."""

from abc import ABC, abstractmethod

import numpy as np
from sklearn.utils import gen_batches

from sklime.anchors.bin_ranges import BinRanges
from sklime.anchors.coverage import Coverage
from sklime.anchors.drawn_evidence import DrawnEvidence
from sklime.anchors.exact_evidence import ExactEvidence
from sklime.anchors.mask_draws import MaskDraws
from sklime.anchors.rules import Condition, Rule, RuleWriter
from sklime.laws.coordinates import UNSEEN
from sklime.serialization.state import PlainState
from sklime.tables.access import n_rows, take_rows

# Candidates that are looked at together, bytes of own-bin draws that are held together, and
# rows at most, which share them.
_N_CANDIDATES, _DRAWN_BYTES, _MOST_ROWS = 1 << 18, 1 << 28, 1024

# Training rows that are kept to show examples, and that rows' units are compared with.
_MOST_EXAMPLES, _MOST_COMPARED = 10_000, 1_000


class Subjects(ABC):
    """Base of the rows of one call.

    Parameters
    ----------
    fitted : TableRules or UnitRules
        What `fit` learnt.
    X : rows
        Checked.
    given : rows
        The same, as the user gave them.
    """

    def __init__(self, fitted, X, given):
        self.fitted, self.X, self.given = fitted, X, given
        self.kind = fitted.sampler.kind_

    def __len__(self):
        return n_rows(self.X)

    def answers(self, response):
        """The model's answers to the rows, (n_rows, n_outputs)."""
        return np.concatenate([response(table) for table in self.kind.tables(self.X)])

    @abstractmethod
    def blocks(self, beam_width, max_samples):
        """Slices of rows that are searched together."""

    @abstractmethod
    def evidence(self, rows, criterion, confidence, max_samples):
        """Evidence about the rules of a block of rows."""

    @abstractmethod
    def rule(self, i, conditions):
        """The rule of a row, by columns, first and last bins of conditions, (length, 3)."""

    @abstractmethod
    def coverage(self, i):
        """Coverage of the rules of a row."""

    @abstractmethod
    def keeps(self, i, conditions):
        """Which of the fitted training rows keep the rule of a row, ndarray of bool."""

    @property
    @abstractmethod
    def n_features(self):
        """Number of features of each row, ndarray of shape (n_rows,)."""

    @property
    def unseen(self):
        """Which rows hold values that training never had, ndarray of bool."""
        return np.zeros(len(self), dtype=bool)

    @property
    @abstractmethod
    def names(self):
        """Names of the features, ndarray of str."""

    def features(self, columns):
        """Which features rules have, (n_rows, n_features) of bool."""
        features = np.zeros((len(self), len(self.names)), dtype=bool)
        for own, chosen in zip(features, columns, strict=True):
            own[list(chosen)] = True
        return features

    @abstractmethod
    def laid_out(self, columns):
        """The same over the columns of `transform`, as 0 and 1."""


class TableSubjects(Subjects):
    """Rows of a table, with a feature for each column, or group of columns."""

    def __init__(self, fitted, X, given):
        super().__init__(fitted, X, given)
        located = fitted.sampler.locate(X)
        self.codes = np.ascontiguousarray(located.codes.T).astype(np.intp)

    def blocks(self, beam_width, max_samples):
        n, d = self.codes.shape
        ranges = self.fitted.ranges
        n_added = d * beam_width * max(ranges.n_around, ranges.frequencies.shape[1])
        height = min(_MOST_ROWS, _N_CANDIDATES // n_added)
        if self.fitted.draws is not None:
            height = min(height, _DRAWN_BYTES // (2 * d * max_samples))
        return list(gen_batches(n, max(1, height)))

    def evidence(self, rows, criterion, confidence, max_samples):
        codes, fitted = self.codes[rows], self.fitted
        usable = codes != UNSEEN
        own = criterion, codes, usable, fitted.ranges, fitted.coverage
        if fitted.answers is not None:
            return ExactEvidence(*own, fitted.answers)
        return DrawnEvidence(*own, fitted.draws.opened(), confidence, max_samples)

    def rule(self, i, conditions):
        return self.fitted.writer.rule(conditions)

    def coverage(self, i):
        return self.fitted.coverage

    def keeps(self, i, conditions):
        return self.fitted.coverage.rows(conditions)[self.fitted.shown]

    @property
    def n_features(self):
        return np.full(len(self), self.codes.shape[1])

    @property
    def unseen(self):
        return (self.codes == UNSEEN).any(axis=1)

    @property
    def names(self):
        return np.asarray(self.kind.column_names(), dtype=object)

    def laid_out(self, columns):
        return self.features(columns).astype(np.float64)


class UnitSubjects(Subjects):
    """Rows of any other kind, each cut into units: a rule keeps some of them."""

    def __init__(self, fitted, X, given):
        super().__init__(fitted, X, given)
        self.rows = list(fitted.sampler.rows(X))
        self._n_units = np.array([row.n_units for row in self.rows], dtype=int)

    def blocks(self, beam_width, max_samples):
        # Each row has units of its own.
        return list(gen_batches(len(self), 1))

    def evidence(self, rows, criterion, confidence, max_samples):
        d = self._n_units[rows.start]
        codes, usable = np.ones((1, d), dtype=np.intp), np.ones((1, d), dtype=bool)
        # A unit is hidden or kept.
        ranges = BinRanges(np.zeros(d), [np.full(2, 0.5)] * d)
        own = self.fitted.sampler, self.rows[rows.start], self.fitted.response
        draws = MaskDraws(*own, self.fitted.n_samples, self.fitted.seed)
        own = criterion, codes, usable, ranges, self.coverage(rows.start)
        return DrawnEvidence(*own, draws, confidence, max_samples)

    def rule(self, i, conditions):
        names, units = self.rows[i].names, conditions[:, 0].tolist()
        return Rule(
            tuple(Condition(str(names[j]), j, str(names[j]), "unit") for j in units)
        )

    def coverage(self, i):
        shared = self.rows[i].shared_with(self.fitted.training_rows)
        return Coverage(shared.T.astype(np.int8), None)

    def keeps(self, i, conditions):
        return self.coverage(i).rows(conditions)

    @property
    def n_features(self):
        return self._n_units

    @property
    def names(self):
        widest = self._n_units.max(initial=0)
        return np.array([f"unit {j}" for j in range(widest)], dtype=object)

    def laid_out(self, columns):
        self.kind.check_layout(self.X)
        marks = []
        for row, chosen in zip(self.rows, columns, strict=True):
            own = np.zeros((1, row.n_units))
            own[0, list(chosen)] = 1.0
            marks.append(own)
        laid_out = self.kind.lay_out(self.rows, marks)
        # The positions of one token are summed.
        return laid_out.minimum(1.0) if hasattr(laid_out, "minimum") else laid_out


class TableRules(PlainState):
    """What rules of tables are made of, as `fit` learnt it.

    Parameters
    ----------
    sampler : TabularSampler
        Fitted.
    X : table
        Checked training rows.
    weights : ndarray of shape (n_rows,) or None
        Theirs.
    ranges : BinRanges
        What conditions can ask for.
    answers : ExpectedAnswers or None
        In closed form, where they are wanted and there is one.
    draws : ColumnDraws or None
        Else.
    """

    subjects = TableSubjects

    def __init__(self, sampler, X, weights, ranges, answers, draws):
        self.sampler, self.answers, self.draws = sampler, answers, draws
        self.coverage = Coverage(sampler.locate(X).codes, weights)
        self.writer = RuleWriter(sampler)
        self.ranges = ranges
        self.shown = spread(n_rows(X), _MOST_EXAMPLES)
        self.training_rows = take_rows(X, self.shown)


class UnitRules(PlainState):
    """What rules of texts, images and series are made of.

    Parameters
    ----------
    sampler : MaskSampler
        Fitted.
    X : rows
        Checked training rows, of which some tell coverages.
    response : Response
    n_samples, seed : int
        Draws before any rule, of each row.
    """

    subjects = UnitSubjects

    def __init__(self, sampler, X, response, n_samples, seed):
        self.sampler, self.response = sampler, response
        self.n_samples, self.seed = n_samples, seed
        self.training_rows = take_rows(X, spread(n_rows(X), _MOST_COMPARED))


def spread(n, most):
    """Positions of at most so many of `n` rows, evenly spread."""
    return np.linspace(0, n - 1, min(n, most)).astype(int)
