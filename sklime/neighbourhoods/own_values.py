r"""Own-value draws: contrasts of values that draws hardly hold, or never.

The row's own value takes the place of others in draws of a small pool, and the model is
queried again. Under independent columns the paired differences tell the contrast,
:math:`E[f \mid z_j = 1] - E[f] = (1 - q_j) (E[f \mid z_j = 1] - E[f \mid z_j = 0])` with
`q_j` the value's mass and weights of the other columns; so do those to draws of other
values where nearly all rows share the row's own. Rows of which the kernel leaves too little
of the pool, and rows whose draws are their own anyway, have pairs of their own.
"""

from collections import Counter
from copy import copy
from dataclasses import dataclass

import numpy as np

from sklime.laws.base import SharedLaw
from sklime.moments.own_contrasts import OwnContrasts
from sklime.neighbourhoods.base import is_thin
from sklime.neighbourhoods.paired_pool import numbers_within
from sklime.neighbourhoods.pooled_values import PooledAnswers, PooledValues
from sklime.neighbourhoods.rarity import scarcer, too_few
from sklime.neighbourhoods.row_pairs import PairedAnswers, RowPairs
from sklime.tables.access import n_rows


class OwnValues:
    """Own-value draws of one explainer, and the responses to them.

    Parameters
    ----------
    law : Law
        Of the draws.
    kernel : Kernel
        With nothing left open.
    response : Response
        Queries the model.
    n_samples : int
        Draws that tell about other values; 0 where nothing is estimated, so that only
        values that training never had need draws of their own.
    seed : int
        Seed of all draws.
    most_rows : int
        Rows that the model may be queried about in one call, for values that rows share.
    most_rows_of_pairs : float
        The same, with those of rows' own pairs.
    tilted : bool
        Whether rows of which the kernel leaves too little have draws of the weighted law.
    """

    def __init__(
        self,
        law,
        kernel,
        response,
        n_samples,
        seed,
        most_rows,
        most_rows_of_pairs=np.inf,
        tilted=False,
    ):
        self.law = law
        self.n_samples = n_samples
        self.most_rows_of_pairs = most_rows_of_pairs
        components, shared = (law, kernel, response), isinstance(law, SharedLaw)
        # Regressions on a row's own draws tell rare values less well than pairs do.
        self._pairs = RowPairs(*components, n_samples, seed, tilted and shared)
        self._pooled = None
        if shared:
            self._pooled = PooledValues(*components, n_samples, seed, most_rows)

    def redrawn(self, values_redrawn):
        """Values that take the place of others in the small pool.

        Parameters
        ----------
        values_redrawn : callable
            Gives them, by a column, a bin, whether they lie in it, and numbers in [0, 1);
            None where they need not be kept.

        Returns
        -------
        dict of ndarray
            By column, bin, and whether they lie in it.
        """
        u = numbers_within(self._pooled.seed, self._pooled.n_draws)
        found = {key: values_redrawn(*key, u) for key in self._pooled.wanted_bins()}
        return {key: values for key, values in found.items() if values is not None}

    @property
    def wanted_pool(self):
        """Number of draws and seed of the small pool."""
        return self._pooled.wanted_pool

    def with_law(self, law):
        """The same of a law that keeps these draws; no row has pairs of its own then."""
        own = copy(self)
        own.law, own._pooled = law, self._pooled.with_law(law)
        own._pairs = copy(self._pairs)
        own._pairs.law = law
        return own

    def answers(self, X, asked=None):
        """Query the model about the values of rows that draws hardly hold.

        Parameters
        ----------
        X : table
            Checked rows.
        asked : dict, default=None
            As for `PooledValues.answers`.

        Returns
        -------
        OwnAnswers
        """
        if self._pooled is None:
            # A row's columns tell what is rare only one row at a time.
            rows = np.arange(n_rows(X))
            if not self.n_samples:
                rows = np.flatnonzero(self.law.has_unseen(X))
            return OwnAnswers(None, self._pairs.ask(X, rows, None, self.most_rows_of_pairs))
        rare = self._pooled.rare_values(X)
        rows, units, apart = self._of_thin_rows(rare)
        pooled = self._pooled.answers(X, rare.where(~apart), asked)
        left = self.most_rows_of_pairs - pooled.n_asked
        return OwnAnswers(pooled, self._pairs.ask(X, rows, units, left))

    def note(self, X, asked):
        """Note what `answers` asks about rows, as a stream does that goes on behind them.

        Returns
        -------
        bool
            Whether more values may be asked about.
        """
        if self._pooled is None:
            return False
        rare = self._pooled.rare_values(X)
        _, _, apart = self._of_thin_rows(rare)
        self._pooled.note(X, rare.where(~apart), asked)
        return len(asked) < self._pooled.most_values

    def told_by_own_draws(self, X, support, n_samples):
        """Whether columns of rows rest on own-value draws, by how few draws tell them.

        Parameters
        ----------
        X : table
            Checked rows.
        support : ndarray of shape (n_rows, n_features)
            Draws on the scarcer side.
        n_samples : int
            Of so many draws.

        Returns
        -------
        ndarray of shape (n_rows, n_features) of bool
        """
        return support < too_few(n_samples, self._pooled.few_by_value(X))

    def _of_thin_rows(self, rare):
        """Rows of which the kernel leaves less than a tenth of the pool.

        Returns
        -------
        rows : ndarray of int
        units : list of ndarray of int
            What each is asked about with pairs of its own.
        apart : ndarray of shape (n_values,) of bool
            Which of the rare values are among these.
        """
        places = self._pooled.places_for_pairs(self._pairs)
        wanted = self._pooled.values_at(rare.located, places)
        left = None
        if len(wanted.rows):
            left = self.law.efficiencies(rare.located, self._pairs.kernel)
        if left is None or not is_thin(left[wanted.rows], 1).any():
            return np.empty(0, dtype=int), [], np.zeros(len(rare.rows), dtype=bool)
        found = np.flatnonzero(is_thin(left[wanted.rows], 1))
        # The rarest of each row.
        by = wanted.columns[found], scarcer(wanted.masses[found]), wanted.rows[found]
        order = found[np.lexsort(by)]
        rows, start, count = np.unique(
            wanted.rows[order], return_index=True, return_counts=True
        )
        ends = start + np.minimum(count, self._pairs.most_columns)
        chosen = [order[a:b] for a, b in zip(start, ends, strict=True)]
        asked = np.zeros((len(left), len(rare.located.codes)), dtype=bool)
        for own in chosen:
            asked[wanted.rows[own], wanted.columns[own]] = True
        apart = asked[rare.rows, rare.columns]
        return rows, [np.sort(wanted.columns[own]) for own in chosen], apart


@dataclass(frozen=True, eq=False)
class OwnAnswers:
    """Responses to the own-value draws of the rows of one call.

    Parameters
    ----------
    pooled : PooledAnswers or None
        To draws that rows share.
    pairs : PairedAnswers
        To draws of the rows' own.
    """

    pooled: PooledAnswers | None
    pairs: PairedAnswers

    @property
    def unasked(self):
        """Rows, by column, whose values were not asked about, as too many were wanted."""
        shared = Counter() if self.pooled is None else self.pooled.unasked
        return shared + self.pairs.unasked

    @property
    def n_samples(self):
        """Model rows that the answers rest on, without those of the small pool."""
        shared = 0 if self.pooled is None else self.pooled.n_samples
        return shared + self.pairs.n_samples

    def part(self, rows):
        """Answers about a slice of the rows, counted from its first, to be shipped alone.

        Nothing is told of values that were not asked about.
        """
        pooled = None if self.pooled is None else self.pooled.part(rows)
        return OwnAnswers(pooled, self.pairs.part(rows))

    def of(self, rows):
        """Answers about some rows, by their positions in the call, ascending."""
        return OwnAnswersOfRows(self, rows)

    def contrasts(self, X, rows, outputs):
        """Contrasts of some rows.

        Parameters
        ----------
        X : table
            These rows.
        rows : ndarray of shape (n_rows,) of int
            Their positions in the call, ascending.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each.

        Returns
        -------
        OwnContrasts or None
            None where these rows have none.
        """
        parts = self.pairs.of(rows, outputs)
        if self.pooled is not None:
            parts += self.pooled.of(X, rows, outputs)
        return OwnContrasts.joined(parts) if parts else None


@dataclass(frozen=True, eq=False)
class OwnAnswersOfRows:
    """Responses to the own-value draws of some rows of a call.

    Parameters
    ----------
    answers : OwnAnswers
        Of all rows.
    rows : ndarray of shape (n_rows,) of int
        Which of them, ascending.
    """

    answers: OwnAnswers
    rows: np.ndarray

    def take(self, positions):
        """The same of some of these rows."""
        return OwnAnswersOfRows(self.answers, self.rows[positions])

    def contrasts(self, X, outputs):
        """Contrasts of these rows, as `OwnAnswers.contrasts`."""
        return self.answers.contrasts(X, self.rows, outputs)
