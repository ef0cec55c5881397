"""Own-value draws of single rows: pairs of draws from the row's own weighted law.

Under narrow kernels draws that all rows share have next to no weight. A row's own draws,
from the kernel-weighted law, all count; each is paired with one in which a single column
has changed sides, from the row's own value to others or back.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from sklime.moments.draws import scale_answers
from sklime.moments.own_contrasts import OwnContrasts
from sklime.neighbourhoods.own_queries import query_own_values
from sklime.neighbourhoods.rarity import (
    N_DRAWS,
    TOLD,
    UNSEEN_VALUE,
    hardly_left,
    scarcer,
    sides_of,
    too_few,
)
from sklime.tables.access import take_rows

# Columns of one row that are asked about at least, where so many are wanted; more where
# the row has so many draws anyway.
_COLUMNS = 8

# Makes seeds of pairs from those of all other draws.
_PAIRS = 14_027

# Tables of draws that are asked about together.
_AT_ONCE = 32


class RowPairs:
    """Own-value draws of single rows, and the responses to them.

    Parameters
    ----------
    law : Law
        Of the draws.
    kernel : Kernel
        With nothing left open.
    response : Response
        Queries the model.
    n_samples : int
        Draws that tell about other values; 0: only what training never had is asked about.
    seed : int
        Seed of all draws.
    tilted : bool
        Whether these `n_samples` draws are of the weighted law.
    """

    def __init__(self, law, kernel, response, n_samples, seed, tilted):
        self.law = law
        self.kernel = kernel
        self.response = response
        self.n_samples = n_samples
        # Their errors are independent of those of the row's other draws.
        self.seed = int(np.random.SeedSequence([seed, _PAIRS]).generate_state(1)[0] >> 1)
        self.tilted = tilted
        self.n_draws = law.count_draws(N_DRAWS)
        groups = law.groups(self.n_draws)
        self.n_groups = 0 if groups is None else int(groups.max()) + 1

    @property
    def most_columns(self):
        """The most columns of one row that are asked about, the rarest values first."""
        return max(_COLUMNS, self.n_samples // self.n_draws)

    def wanted(self, sides, masses, weighted_masses, of_values):
        """Whether values are asked about, as they are rare for the rows' own draws, too.

        Parameters
        ----------
        sides : ndarray of int
            As `sides_of` gives them.
        masses, weighted_masses : ndarray
            Probabilities of the rows' own sides, also under the weighted law.
        of_values : ndarray of bool
            Whether they are single values.
        """
        if not self.tilted:
            return sides != TOLD
        few = too_few(self.n_samples, of_values | (weighted_masses > 0.5))
        rare = self.n_samples * scarcer(weighted_masses) < few
        found = (sides == UNSEEN_VALUE) | ((sides != TOLD) & rare)
        return found | hardly_left(masses, weighted_masses, self.n_samples)

    def ask(self, X, rows, units, most_rows):
        """Query the model about rare values of rows.

        Parameters
        ----------
        X : rows
            Checked.
        rows : ndarray of int
            Which of them, ascending.
        units : list of ndarray of int, or None
            The units of each that are asked about; None: those of rare values.
        most_rows : float
            Model rows that this may cost.

        Returns
        -------
        PairedAnswers
        """
        if not len(rows):
            return PairedAnswers(None, Counter(), 0)
        batch, parts, unasked, n_asked = [], [], Counter(), 0
        setting = self.kernel, N_DRAWS, self.seed
        drawn = self.law.paired_draws(take_rows(X, rows), *setting)
        for place, (i, draws) in enumerate(zip(rows, drawn, strict=True)):
            own = self._rare_units(draws) if units is None else units[place]
            cost = self.n_draws * (1 + len(own)) if len(own) else 0
            if n_asked + cost > most_rows:
                unasked.update(draws.columns[own].tolist())
            elif cost:
                n_asked += cost
                batch.append((i, draws, own))
            if sum(1 + len(own) for _, _, own in batch) >= _AT_ONCE:
                parts += self._contrasts(batch)
                batch = []
        parts += self._contrasts(batch)
        contrasts = OwnContrasts.joined(parts) if parts else None
        return PairedAnswers(contrasts, unasked, n_asked)

    def _rare_units(self, draws):
        """Units of one row that are asked about."""
        kinds = draws.of_values
        sides = sides_of(draws.masses, kinds, self.n_samples, others_of_values=kinds)
        if (sides == TOLD).all():
            return np.empty(0, dtype=int)
        own = draws.masses, draws.weighted_masses, draws.of_values
        units = np.flatnonzero(self.wanted(sides, *own))
        rarest = np.argsort(scarcer(draws.masses[units]), kind="stable")
        return np.sort(units[rarest[: self.most_columns]])

    def _contrasts(self, batch):
        """Contrasts of some rows, each with its draws and units."""
        tables, columns = [], []
        for _, draws, units in batch:
            tables += [draws.inputs, *(draws.swapped(k) for k in units)]
            columns += [None, *draws.columns[units].tolist()]
        if not tables:
            return []
        names = self.law.sampler.format_.feature_names
        responses = query_own_values(self.response, tables, columns, names)
        found, start = [], 0
        for i, draws, units in batch:
            own = responses[start : start + 1 + len(units)]
            found.append(self._contrasts_of_row(i, draws, units, own))
            start += len(own)
        return found

    def _contrasts_of_row(self, i, draws, units, responses):
        m, k = len(units), responses[0].shape[1]
        Y, origin, unit = scale_answers(np.concatenate(responses).T)
        Y = np.moveaxis(Y.reshape(k, 1 + m, -1), 1, 0)
        matches = draws.matches[units][:, np.newaxis]
        own, others = np.where(matches, Y[0], Y[1:]), np.where(matches, Y[1:], Y[0])
        p = draws.weighted_masses[units]
        share = p[:, np.newaxis, np.newaxis]
        # Of each pair the mean, as the weighted law has it.
        both = share * own + (1.0 - share) * others
        origin, unit = (np.repeat(one[np.newaxis], m, axis=0) for one in (origin, unit))
        base = _RowBase(both, origin, unit, self.n_groups)
        weights = np.array([draws.weights(unit) for unit in units])
        outputs = np.repeat(np.arange(k)[np.newaxis], m, axis=0)
        rows, told = np.full(m, i), np.ones(m)
        return OwnContrasts.of(
            rows, units, p, told, weights, own - others, outputs, base, of_row=True
        )


@dataclass(frozen=True, eq=False)
class PairedAnswers:
    """Contrasts of rows from their own pairs of draws.

    Parameters
    ----------
    contrasts : OwnContrasts or None
        Of all outputs, in the order of rows; None where there are none.
    unasked : Counter
        Rows, by column, whose values were not asked about, as too many were wanted.
    n_samples : int
        Model rows that they rest on.
    """

    contrasts: OwnContrasts | None
    unasked: Counter
    n_samples: int

    def part(self, rows):
        """The same of a slice of the rows, counted from its first."""
        contrasts = self.contrasts
        if contrasts is not None:
            own = contrasts.rows
            mine = np.flatnonzero((own >= rows.start) & (own < rows.stop))
            contrasts = contrasts.where(mine) if len(mine) else None
            if contrasts is not None:
                contrasts = contrasts.of_rows(contrasts.rows - rows.start)
        return PairedAnswers(contrasts, Counter(), self.n_samples)

    def of(self, rows, outputs):
        """Contrasts of some rows of the call, as `OwnAnswers.contrasts`, in a list."""
        if self.contrasts is None:
            return []
        at = np.minimum(np.searchsorted(rows, self.contrasts.rows), len(rows) - 1)
        mine = np.flatnonzero(rows[at] == self.contrasts.rows)
        if not len(mine):
            return []
        own = self.contrasts.where(mine).of_outputs(outputs[at[mine]])
        return [own.of_rows(at[mine])]


@dataclass(frozen=True, eq=False)
class _RowBase:
    """Weighted means of the pairs of one row, as `BaseDraws`."""

    responses: np.ndarray
    origin: np.ndarray
    unit: np.ndarray
    n_groups: int
