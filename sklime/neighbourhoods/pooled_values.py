"""Own-value draws of a small pool that all rows of a call share.

The row's own value takes the place of others in draws of the pool, and the model is queried
again; a value is asked about once, whichever rows have it.
"""

from collections import Counter, OrderedDict
from copy import copy
from dataclasses import dataclass
from threading import Lock

import numpy as np
from sklearn.utils import gen_batches

from sklime.exceptions import NoClosedForm
from sklime.laws.bins import BinList
from sklime.laws.coordinates import UNSEEN, Coordinates
from sklime.laws.tilted import weighted_masses
from sklime.moments.own_contrasts import OwnContrasts
from sklime.neighbourhoods.own_queries import query_own_values
from sklime.neighbourhoods.paired_pool import PairedPool
from sklime.neighbourhoods.rarity import (
    INSIDE,
    N_DRAWS,
    OTHERS,
    TOLD,
    UNSEEN_VALUE,
    sides_of,
)
from sklime.tables.access import block_bytes, cell_of

# Columns and values whose responses are remembered, and how many bytes of these at most;
# and those that are asked about together.
_REMEMBERED = 1024
_REMEMBERED_BYTES = 2**26
_AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class RareValues:
    """Values of rows that draws hardly hold, or hardly leave.

    Parameters
    ----------
    located : Coordinates
        All rows of a call.
    rows, columns : ndarray of shape (n_values,) of int
        Rows and columns of the values, in the order of rows.
    sides : ndarray of shape (n_values,) of int
        What they are, as `sides_of` gives it.
    masses : ndarray of shape (n_values,)
        Their probabilities.
    of_values : ndarray of shape (n_values,) of bool
        Whether their sides are single values, not ranges of numbers.
    """

    located: Coordinates
    rows: np.ndarray
    columns: np.ndarray
    sides: np.ndarray
    masses: np.ndarray
    of_values: np.ndarray

    def where(self, chosen):
        """Some of the values, by an array of bool."""
        own = self.rows, self.columns, self.sides, self.masses, self.of_values
        return RareValues(self.located, *(array[chosen] for array in own))

    def keys(self, X, input_columns):
        """What stands for each value: its column, side, and bin or content.

        Parameters
        ----------
        X : table
            All rows of the call.
        input_columns : callable
            Gives the columns of the table that a feature stands for.

        Returns
        -------
        list of tuple
        """
        own = (array.tolist() for array in (self.rows, self.columns, self.sides))
        bins = self.located.codes[self.columns, self.rows].tolist()
        return [
            (j, side, _content(X, i, input_columns(j)) if side == UNSEEN_VALUE else code)
            for i, j, side, code in zip(*own, bins, strict=True)
        ]


class PooledValues:
    """Own-value draws of a small pool that all rows share.

    Parameters
    ----------
    law : SharedLaw
        Of the draws.
    kernel, response, n_samples, seed, most_rows
        As for `OwnValues`.
    """

    def __init__(self, law, kernel, response, n_samples, seed, most_rows):
        self.law = law
        self.kernel = kernel
        self.response = response
        self.seed = seed
        self.n_draws = law.count_draws(N_DRAWS)
        # The draws without own values count, too.
        self.most_values = max(0, most_rows // self.n_draws - 1)
        masses, of_values = iter(law.bin_masses()), iter(law.bins_of_values())
        masses = [
            (next(masses), next(of_values)) if binary else (np.ones(1), np.ones(1, bool))
            for binary in law.sampler.binary_features_
        ]
        self._bins = BinList([len(q) for q, _ in masses])
        # The last place of each column is that of a value that training never had.
        self._masses = np.concatenate([np.append(q, 0.0) for q, _ in masses])
        self._of_values = np.concatenate([np.append(own, True) for _, own in masses])
        self._sides = sides_of(self._masses, self._of_values, n_samples)
        self._responses = OrderedDict()
        self._pool = None
        self._lock = Lock()

    def __getstate__(self):
        state = self.__dict__.copy()
        state.update(_responses=OrderedDict(), _pool=None, _lock=None)
        return state

    def __setstate__(self, state):
        self.__dict__.update(state, _lock=Lock())

    @property
    def wanted_pool(self):
        """Number of draws and seed of the pool."""
        return N_DRAWS, self.seed

    def wanted_bins(self):
        """Bins that draws hardly hold, or hardly leave.

        Returns
        -------
        list of (int, int, bool)
            Column, bin, and whether it is drawn from, or all others are.
        """
        return [
            (j, int(code), bool(sides[code] == INSIDE))
            for j, sides in enumerate(self._bins.split(self._sides))
            for code in np.flatnonzero(np.isin(sides, [INSIDE, OTHERS]))
        ]

    def with_law(self, law):
        """The same of a law that keeps these draws instead of training values."""
        own = copy(self)
        own.law = law
        return own

    def rare_values(self, X):
        """Values of rows that the pool hardly holds, as `RareValues`."""
        return self.values_at(self.law.locate(X), self._sides != TOLD)

    def places_for_pairs(self, pairs):
        """Which values are asked about in rows that have draws of their own.

        Parameters
        ----------
        pairs : RowPairs
            Tells it.

        Returns
        -------
        ndarray of shape (n_places,) of bool
            By place in the list of all columns' bins.
        """
        if self.law.tilt(self.kernel) is None:
            return np.zeros(len(self._masses), dtype=bool)
        try:
            weighted = weighted_masses(self.kernel, self._masses)
        except NoClosedForm:
            # Some draws weigh nothing, and no row has draws of its own.
            return np.zeros(len(self._masses), dtype=bool)
        own = self._sides, self._masses, weighted, self._of_values
        return pairs.wanted(*own)

    def values_at(self, located, places):
        """Values of rows at some places of the list of bins.

        Parameters
        ----------
        located : Coordinates
            The rows.
        places : ndarray of shape (n_places,) of bool
            Which places.

        Returns
        -------
        RareValues
        """
        unseen = self._bins.unseen
        if places.sum() == len(unseen) == places[unseen].sum():
            # No bin is wanted, only what training never had: most tables have none.
            found = np.flatnonzero(located.codes == UNSEEN)
            columns, rows = np.divmod(found, max(1, len(located)))
            order = np.argsort(rows, kind="stable")
            rows, columns = rows[order], columns[order]
            own = unseen[columns]
        else:
            at = self._bins.places(located.codes.astype(np.intp))
            rows, columns = np.nonzero(places[at])
            own = at[rows, columns]
        told = self._sides[own], self._masses[own], self._of_values[own]
        return RareValues(located, rows, columns, *told)

    def few_by_value(self, X):
        """Whether the scarcer sides of rows' values are no ranges of numbers."""
        places = self._bins.places(self.law.locate(X).codes.astype(np.intp))
        return self._of_values[places] | (self._masses[places] > 0.5)

    def answers(self, X, rare, asked=None):
        """Query the model about rare values, in the order of rows, until it is enough.

        Parameters
        ----------
        X : table
            All rows of the call.
        rare : RareValues
            Of some of them.
        asked : dict, default=None
            Values that earlier blocks of one stream of rows have asked about, by key; the
            new ones are added. None: these are all rows.

        Returns
        -------
        PooledAnswers
        """
        asked, numbers = {} if asked is None else asked, {}
        keys = self.note(X, rare, asked)
        for key in keys:
            if key in asked:
                numbers.setdefault(key, len(numbers))
        place = np.array([numbers.get(key, -1) for key in keys], dtype=int)
        told = place >= 0
        first = np.flatnonzero(told)[np.unique(place[told], return_index=True)[1]]
        effects = self._effects(list(numbers), rare, first, X) if numbers else (None, None)
        unasked = Counter(rare.columns[~told].tolist())
        own = rare.rows[told], rare.columns[told], place[told], *effects, unasked
        return PooledAnswers(self._pool, *own, len(numbers) * self.n_draws)

    def note(self, X, rare, asked):
        """Note which rare values may be asked about, and give the keys of all of them."""
        keys = rare.keys(X, self.law.input_columns)
        # In the order of the rows: which of them may be asked about does not depend on
        # what was asked before in other calls.
        for key in keys:
            if len(asked) >= self.most_values:
                break
            asked[key] = None
        return keys

    def _effects(self, keys, rare, first, X):
        """Paired differences of each key, and whether their draws start in its bin."""
        with self._lock:
            if self._pool is None:
                own = self.law, self.kernel, self.response, N_DRAWS, self.seed
                self._pool = PairedPool(*own)
            known = {key: self._responses[key] for key in keys if key in self._responses}
            example = dict(zip(keys, rare.rows[first], strict=True))
            new = [key for key in keys if key not in known]
            names = self.law.sampler.format_.feature_names
            for start in range(0, len(new), _AT_ONCE):
                some = new[start : start + _AT_ONCE]
                tables = [self._table(key, example[key], X) for key in some]
                columns = [j for j, *_ in some]
                found = query_own_values(self.response, tables, columns, names)
                known.update(zip(some, found, strict=True))
            for key in keys:
                self._responses[key] = known[key]
                self._responses.move_to_end(key)
            base = self._pool.responses
            most = min(_REMEMBERED, max(1, _REMEMBERED_BYTES // base.nbytes))
            while len(self._responses) > most:
                self._responses.popitem(last=False)
        effects = np.empty((len(keys), *base.shape))
        for k, key in enumerate(keys):
            own = self._pool.scaled(known[key])
            effects[k] = base - own if key[1] == OTHERS else own - base
        return effects, (rare.sides[first] == OTHERS).astype(np.float64)

    def _table(self, key, i, X):
        j, side, code = key
        if side == UNSEEN_VALUE:
            return self._pool.with_value(j, X, i)
        return self._pool.with_bin(j, code, side == INSIDE)


@dataclass(frozen=True, eq=False)
class PooledAnswers:
    """Responses to the own-value draws that the rows of one call share.

    Parameters
    ----------
    pool : PairedPool or None
        The draws without own values.
    rows, columns, places : ndarray of shape (n_contrasts,) of int
        Rows, columns and places of their values among `effects`, in the order of rows.
    effects : ndarray of shape (n_values, n_outputs, n_draws)
        Paired differences of each value.
    starts : ndarray of shape (n_values,)
        1 where the draws that tell of a value have it before it is replaced, 0 where they
        have others.
    unasked : Counter
        Rows, by column, whose values were not asked about, as too many were wanted.
    n_samples : int
        Model rows that the answers rest on, without those of the pool.
    """

    pool: PairedPool | None
    rows: np.ndarray
    columns: np.ndarray
    places: np.ndarray
    effects: np.ndarray | None
    starts: np.ndarray | None
    unasked: Counter
    n_samples: int

    @property
    def n_asked(self):
        """Model rows, those of the pool included."""
        return self.n_samples + (len(self.pool.points) if self.n_samples else 0)

    def part(self, rows):
        """The same of a slice of the rows, counted from its first, with their values."""
        mine = np.flatnonzero((self.rows >= rows.start) & (self.rows < rows.stop))
        if not len(mine):
            nothing = np.empty(0, dtype=int)
            own = nothing, nothing, nothing, None, None
            return PooledAnswers(None, *own, Counter(), 0)
        used, places = np.unique(self.places[mine], return_inverse=True)
        own = self.rows[mine] - rows.start, self.columns[mine], places
        own = *own, self.effects[used], self.starts[used]
        return PooledAnswers(self.pool, *own, Counter(), self.n_samples)

    def of(self, X, rows, outputs):
        """Contrasts of some rows of the call, as `OwnAnswers.contrasts`, in a list."""
        at = np.searchsorted(rows, self.rows)
        at = np.minimum(at, len(rows) - 1)
        mine = np.flatnonzero(rows[at] == self.rows)
        if not len(mine):
            return []
        height = max(1, block_bytes() // (64 * self.effects[0].size))
        parts = [mine[part] for part in gen_batches(len(mine), height)]
        return [self._contrasts(X, at, part, outputs) for part in parts]

    def _contrasts(self, X, at, mine, outputs):
        rows, columns, places = at[mine], self.columns[mine], self.places[mine]
        starts = self.starts[places]
        weights = self.pool.weights(X, rows, columns, starts)
        own = self.effects[places], outputs[rows], self.pool
        # Each of these draws has changed sides: the differences tell all of the contrast.
        return OwnContrasts.of(rows, columns, starts, np.ones(len(rows)), weights, *own)


def _content(X, i, columns):
    """Something that stands for a row's values of some columns, and can be a key."""
    values = [cell_of(X, i, j) for j in columns]
    return tuple((type(value).__name__, repr(value)) for value in values)
