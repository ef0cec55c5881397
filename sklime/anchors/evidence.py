"""The contract of evidence: what is known about candidate rules, and how to learn more."""

from abc import ABC, abstractmethod

import numpy as np

from sklime.anchors.candidates import ranks


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
    ranges : BinRanges
        What conditions can ask for.
    coverage : Coverage
        Ranks rules that suffice.
    """

    # Whether all rules are so few that the search looks at each of them.
    looks_at_all = False

    def __init__(self, criterion, codes, usable, ranges, coverage):
        self.criterion = criterion
        self.codes, self.usable = codes, usable
        self.ranges, self.coverage = ranges, coverage

    @abstractmethod
    def measured(self, candidates):
        """Candidates with what is known of them, such as the empty rules at the start."""

    @abstractmethod
    def extended(self, parents):
        """Candidates with one more condition, of every column and range, as known."""

    @abstractmethod
    def suffices(self, candidates):
        """Whether candidates suffice, by what is known of them, ndarray of bool."""

    @abstractmethod
    def accepted(self, rules):
        """Positions of the rules that are given: of each row one at most.

        Parameters
        ----------
        rules : Candidates
            Some of each row that suffice by what is known of them, by coverage.
        """

    def told(self, beam):
        """Rules about which enough is known to tell whether they suffice."""
        return beam

    def opened(self, beam):
        """Rules about which enough is known to extend them."""
        return beam

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

    def added(self, parents):
        """All conditions that can be added to rules.

        Returns
        -------
        parent, column, low, high : ndarray of shape (n_added,) of int
        """
        left = self.usable[parents.row]
        np.put_along_axis(left, parents.columns, False, axis=1)
        parent, column = np.nonzero(left)
        which, low, high = self.ranges.around(
            column, self.codes[parents.row[parent], column]
        )
        order = np.argsort(which, kind="stable")
        which = which[order]
        return parent[which], column[which], low[order], high[order]

    def by_coverage(self, rules, width=None):
        """Rules by row, by coverage, and by gain where that is equal.

        Parameters
        ----------
        rules : Candidates
        width : int, default=None
            How many of each row are kept. None: all.
        """
        shares = self.coverage.shares(rules.conditions())
        gain = self.criterion.gain(rules.mean, rules.row)
        rules = rules.take(np.lexsort((rules.key, -gain, -shares, rules.row)))
        if width is None:
            return rules
        return rules.take(ranks(rules.row) < width)
