"""The contract of evidence: what is known about candidate rules, and how to learn more."""

from abc import ABC, abstractmethod

import numpy as np


class Evidence(ABC):
    """Base of the evidence about rules of some rows.

    Parameters
    ----------
    criterion : Criterion
        Of the rows.
    codes : ndarray of shape (n_rows, n_features) of int
        Their bins.
    usable : ndarray of shape (n_rows, n_features) of bool
        Columns that conditions can be about.
    coverage : Coverage
        Ranks rules that suffice.
    """

    def __init__(self, criterion, codes, usable, coverage):
        self.criterion = criterion
        self.codes, self.usable = codes, usable
        self.coverage = coverage

    @abstractmethod
    def measured(self, candidates):
        """Candidates with what is known of them, such as the empty rules at the start."""

    @abstractmethod
    def extended(self, beam):
        """Candidates with one more condition, of every column that can be added."""

    @abstractmethod
    def accepted(self, candidates, width):
        """Positions of candidates that suffice: of each row one at most, by coverage.

        Draws judge only the best `width` of each row.
        """

    def refined(self, candidates, width):
        """Candidates of which as much is known as tells the best `width` of each row."""
        return candidates

    def exhausted(self, row):
        """Whether no more can be asked about rows, ndarray of bool."""
        return np.zeros(len(row), dtype=bool)

    @abstractmethod
    def report(self, rules):
        """What is reported of rules, of which each row has one.

        Parameters
        ----------
        rules : Candidates
            All of one length.

        Returns
        -------
        precision : ndarray of shape (n_rules,)
        interval : ndarray of shape (n_rules, 2)
        valid : ndarray of shape (n_rules,) of bool
        """


def open_columns(candidates, usable):
    """Columns that rules can still be extended by, (n_rules, n_features) of bool."""
    left = usable[candidates.row]
    np.put_along_axis(left, candidates.columns, False, axis=1)
    return left


def ordered_by_coverage(evidence, candidates, which, gain):
    """Order some candidates by row, by coverage, and by gain where that is equal.

    Parameters
    ----------
    evidence : Evidence
    candidates : Candidates
    which : ndarray of int
        Positions of those that are ordered.
    gain : ndarray of shape (n_candidates,)

    Returns
    -------
    ndarray of int
        Their positions.
    """
    own = candidates.take(which)
    bins = np.take_along_axis(evidence.codes[own.row], own.columns, axis=1)
    shares = evidence.coverage.shares(own.columns, bins)
    return which[np.lexsort((own.key, -gain[which], -shares, own.row))]
