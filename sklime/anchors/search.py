"""Beam search for the shortest rules that suffice, for many rows at once."""

from dataclasses import dataclass
from math import comb

import numpy as np

from sklime.anchors.candidates import Candidates

# A table whose rules are no more than this is searched whole.
_MOST_RULES = 64

# Exploration rate at which the best rule that was seen is told, if none suffices.
_LEVEL = 3.0


@dataclass(frozen=True, eq=False)
class Found:
    """Rules found for rows.

    Parameters
    ----------
    columns : list of n_rows tuples of int
        Columns of each rule, in the order in which they were added.
    precision : ndarray of shape (n_rows,)
    interval : ndarray of shape (n_rows, 2)
    valid : ndarray of shape (n_rows,) of bool
    steps : list of n_rows ndarrays of shape (length + 1,)
        Precision of each rule's beginnings, from no condition to all.
    """

    columns: list
    precision: np.ndarray
    interval: np.ndarray
    valid: np.ndarray
    steps: list

    @classmethod
    def joined(cls, parts):
        """Rules of several blocks of rows."""
        return cls(
            [columns for own in parts for columns in own.columns],
            np.concatenate([own.precision for own in parts]),
            np.concatenate([own.interval for own in parts]),
            np.concatenate([own.valid for own in parts]),
            [steps for own in parts for steps in own.steps],
        )


def search(evidence, max_length, beam_width):
    """Find the shortest rule of each row that suffices, of these that which covers most.

    Parameters
    ----------
    evidence : Evidence
        About the rules of the rows.
    max_length : int
        Conditions of a rule at most.
    beam_width : int
        Rules of each row that are extended; of a table of few columns all are.

    Returns
    -------
    Found
    """
    n, d = evidence.codes.shape
    best = _Best(n)
    candidates = evidence.measured(Candidates.empty_rules(n))
    for length in range(max_length + 1):
        width = _width(d, length, beam_width)
        candidates = evidence.refined(candidates, width)
        best.settle(candidates.take(evidence.accepted(candidates, width)))
        candidates = candidates.take(~best.settled[candidates.row])
        gain = evidence.criterion.gain(candidates.mean, candidates.row)
        beam = candidates.take(candidates.best(gain, width))
        best.see(beam, evidence.criterion)
        beam = beam.take(~evidence.exhausted(beam.row))
        if length == max_length or not len(beam):
            break
        candidates = evidence.extended(beam)
    return best.reported(evidence)


class _Best:
    """The rules that suffice, and the best seen of rows that have none."""

    def __init__(self, n_rows):
        self.columns = [()] * n_rows
        self.settled = np.zeros(n_rows, dtype=bool)
        self._gain = np.full(n_rows, -np.inf)

    def settle(self, rules):
        self.settled[rules.row] = True
        for i, columns in zip(rules.row.tolist(), rules.columns.tolist(), strict=True):
            self.columns[i] = tuple(columns)

    def see(self, beam, criterion):
        bounds = criterion.bounds(beam.mean, beam.variance, beam.n, _LEVEL)
        gain, _ = criterion.gain_bounds(*bounds, beam.row)
        for k in beam.best(gain, 1):
            i = beam.row[k]
            if gain[k] > self._gain[i]:
                self._gain[i], self.columns[i] = gain[k], tuple(beam.columns[k].tolist())

    def reported(self, evidence):
        n = len(self.columns)
        precision, interval = np.empty(n), np.empty((n, 2))
        valid = np.empty(n, dtype=bool)
        lengths = np.array(list(map(len, self.columns)))
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length)
            rules = Candidates.of(rows, [self.columns[i] for i in rows])
            precision[rows], interval[rows], valid[rows] = evidence.report(rules)
        steps = [np.empty(length + 1) for length in lengths]
        for k in range(lengths.max(initial=0)):
            rows = np.flatnonzero(lengths > k)
            begun = Candidates.of(rows, [self.columns[i][:k] for i in rows])
            for i, mean in zip(rows, evidence.measured(begun).mean, strict=True):
                steps[i][k] = mean
        for own, last in zip(steps, precision, strict=True):
            own[-1] = last
        return Found(self.columns, precision, interval, valid, steps)


def _width(n_features, length, beam_width):
    """How many rules of a length are extended."""
    if 2**n_features <= _MOST_RULES:
        return max(beam_width, comb(n_features, length))
    return beam_width
