"""Beam search for the shortest rules that suffice, for many rows at once."""

from dataclasses import dataclass
from math import comb

import numpy as np

from sklime.anchors.candidates import Candidates
from sklime.anchors.widening import widened

# A table whose sets of columns are no more than this is searched whole.
_MOST_SETS = 64

# Exploration rate at which the best rule that was seen is told, if none suffices.
_LEVEL = 3.0


@dataclass(frozen=True, eq=False)
class Found:
    """Rules found for rows.

    Parameters
    ----------
    conditions : list of n_rows ndarrays of shape (length, 3) of int
        Column, first and last bin of each condition, in the order in which they were added.
    precision : ndarray of shape (n_rows,)
    interval : ndarray of shape (n_rows, 2)
    valid : ndarray of shape (n_rows,) of bool
    steps : list of n_rows ndarrays of shape (length + 1,)
        Precision of each rule's beginnings, from no condition to all.
    """

    conditions: list
    precision: np.ndarray
    interval: np.ndarray
    valid: np.ndarray
    steps: list

    @property
    def columns(self):
        """Columns of each rule, list of ndarrays of int."""
        return [own[:, 0] for own in self.conditions]

    @classmethod
    def joined(cls, parts):
        """Rules of several blocks of rows."""
        return cls(
            [rule for own in parts for rule in own.conditions],
            np.concatenate([own.precision for own in parts]),
            np.concatenate([own.interval for own in parts]),
            np.concatenate([own.valid for own in parts]),
            [steps for own in parts for steps in own.steps],
        )


def search(evidence, max_length, beam_width):
    """Find the shortest rule of each row that suffices, of these that which covers most.

    Rules are grown by the conditions that narrow the answer most. Where some of a length
    suffice, their conditions are replaced by others as long as the rules cover more.

    Parameters
    ----------
    evidence : Evidence
        About the rules of the rows.
    max_length : int
        Conditions of a rule at most.
    beam_width : int
        Rules of each row that are extended, each with other columns; of a table of few
        columns all sets of columns are, or all rules.

    Returns
    -------
    Found
    """
    n, d = evidence.codes.shape
    best = _Best(n)
    candidates = evidence.measured(Candidates.empty_rules(n))
    for length in range(max_length + 1):
        beam = _beam(evidence, candidates, _width(d, length, beam_width))
        likely = Candidates.joined([beam, candidates])
        likely = likely.take(evidence.suffices(likely))
        if not evidence.looks_at_all:
            likely = _with_wider(evidence, likely, beam_width)
        likely = evidence.by_coverage(likely)
        best.settle(likely.take(evidence.accepted(likely)))
        beam = beam.take(~best.settled[beam.row])
        best.see(beam, evidence.criterion)
        beam = beam.take(~evidence.exhausted(beam.row))
        if length == max_length or not len(beam):
            break
        candidates = evidence.extended(evidence.opened(beam))
    return best.reported(evidence)


def _beam(evidence, candidates, width):
    """Rules that are extended: those of the largest gain, each with other columns."""
    if evidence.looks_at_all:
        return candidates
    gain = evidence.criterion.gain(candidates.mean, candidates.row)
    leading = candidates.take(candidates.best_of_columns(gain))
    leading = evidence.refined(leading, width)
    gain = evidence.criterion.gain(leading.mean, leading.row)
    return evidence.told(leading.take(leading.best(gain, width)))


def _with_wider(evidence, likely, width):
    """Rules that suffice and cover most, as far as is known, and of each row the surest."""
    gain = evidence.criterion.gain(likely.mean, likely.row)
    surest = likely.take(likely.best(gain, 1))
    return Candidates.joined([widened(evidence, likely, width), surest])


def _width(n_features, length, beam_width):
    """How many rules of a length are extended."""
    if 2**n_features <= _MOST_SETS:
        return max(beam_width, comb(n_features, length))
    return beam_width


class _Best:
    """The rules that suffice, and the best seen of rows that have none."""

    def __init__(self, n_rows):
        self.conditions = [np.empty((0, 3), dtype=np.intp)] * n_rows
        self.settled = np.zeros(n_rows, dtype=bool)
        self._gain = np.full(n_rows, -np.inf)

    def settle(self, rules):
        self.settled[rules.row] = True
        for i, own in zip(rules.row.tolist(), rules.conditions(), strict=True):
            self.conditions[i] = own

    def see(self, beam, criterion):
        bounds = criterion.bounds(beam.mean, beam.variance, beam.n, _LEVEL)
        gain, _ = criterion.gain_bounds(*bounds, beam.row)
        conditions = beam.conditions()
        for k in beam.best(gain, 1):
            i = beam.row[k]
            if gain[k] > self._gain[i]:
                self._gain[i], self.conditions[i] = gain[k], conditions[k]

    def reported(self, evidence):
        n = len(self.conditions)
        precision, interval = np.empty(n), np.empty((n, 2))
        valid = np.empty(n, dtype=bool)
        lengths = np.array(list(map(len, self.conditions)))
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length)
            rules = Candidates.of(rows, [self.conditions[i] for i in rows])
            precision[rows], interval[rows], valid[rows] = evidence.report(rules)
        steps = [np.empty(length + 1) for length in lengths]
        for k in range(lengths.max(initial=0)):
            rows = np.flatnonzero(lengths > k)
            begun = Candidates.of(rows, [self.conditions[i][:k] for i in rows])
            for i, mean in zip(rows, evidence.measured(begun).mean, strict=True):
                steps[i][k] = mean
        for own, last in zip(steps, precision, strict=True):
            own[-1] = last
        return Found(self.conditions, precision, interval, valid, steps)
