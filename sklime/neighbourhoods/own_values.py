r"""Own-value draws: contrasts of values that a pool hardly holds, or never.

The row's own value takes the place of others in draws of a small pool, and the model is
queried again. Under independent columns the paired differences tell the contrast,
:math:`E[f \mid z_j = 1] - E[f] = (1 - q_j) (E[f \mid z_j = 1] - E[f \mid z_j = 0])` with
`q_j` the value's mass and weights of the other columns; so do those to draws of other
values where nearly all rows share the row's own.
"""

from collections import Counter, OrderedDict
from dataclasses import dataclass
from threading import Lock

import numpy as np
from sklearn.utils import gen_batches

from sklime.laws.bins import BinList
from sklime.model.queries import predict_tables
from sklime.moments.own_contrasts import OwnContrasts
from sklime.neighbourhoods.paired_pool import PairedPool
from sklime.tables.access import block_bytes, cell_of

# Draws for each column and value.
N_DRAWS = 512

# What a row's value is for the pool: told well, rare, or shared by nearly all rows; or one
# that training never had.
_TOLD, _INSIDE, _OTHERS, _UNSEEN = range(4)

# Columns and values whose responses are remembered, and are asked about together.
_REMEMBERED = 1024
_AT_ONCE = 32


class OwnValues:
    """Own-value draws of one explainer, and the responses to them.

    Parameters
    ----------
    law : SharedLaw
        Of the draws.
    kernel : Kernel
        With nothing left open.
    response : Response
        Queries the model.
    n_samples : int
        Draws of the pool; 0 where nothing is estimated, so that only values that training
        never had need draws of their own.
    seed : int
        Seed of all draws.
    most_rows : int
        Rows that the model may be queried about in one call.
    """

    def __init__(self, law, kernel, response, n_samples, seed, most_rows):
        self.law = law
        self.kernel = kernel
        self.response = response
        self.seed = seed
        self.n_draws = law.count_draws(N_DRAWS)
        self.most_values = most_rows // self.n_draws
        masses, kinds = iter(law.bin_masses()), []
        self.masses = [
            next(masses) if binary else np.array([1.0])
            for binary in law.sampler.binary_features_
        ]
        for q in self.masses:
            varies = q < 1.0
            few = n_samples * np.stack([q, 1.0 - q]) < too_few(n_samples)
            # The rarer side is the one that is drawn.
            sides = np.where(few[0], _INSIDE, np.where(few[1], _OTHERS, _TOLD))
            # A bin that no draw can lie in is as good as one that training never had.
            sides = np.where(q > 0.0, sides, _UNSEEN)
            kinds += [*np.where(varies, sides, _TOLD), _UNSEEN]
        self._bins = BinList([len(q) for q in self.masses])
        self._kinds = np.array(kinds)
        self._responses = OrderedDict()
        self._pool = None
        self._lock = Lock()

    def __getstate__(self):
        state = self.__dict__.copy()
        state.update(_responses=OrderedDict(), _pool=None, _lock=None)
        return state

    def __setstate__(self, state):
        self.__dict__.update(state, _lock=Lock())

    def answers(self, X):
        """Query the model about the values of rows that the pool hardly holds.

        Parameters
        ----------
        X : table
            Checked rows.

        Returns
        -------
        OwnAnswers
        """
        codes = self.law.locate(X).codes.astype(np.intp)
        places = self._bins.places(codes)
        kinds = self._kinds[places]
        rows, columns = np.nonzero(kinds)
        kinds, ids = kinds[rows, columns], places[rows, columns]
        unseen = np.flatnonzero(kinds == _UNSEEN)
        values = _distinct(X, rows[unseen], columns[unseen])
        ids[unseen] = len(self._kinds) + np.array(values, dtype=np.intp)
        # In the order of the rows: which of them may be asked about does not depend on
        # what was asked before.
        _, first, place = np.unique(ids, return_index=True, return_inverse=True)
        order = np.argsort(first)
        place = np.argsort(order)[place]
        first = first[order][: self.most_values]
        wanted = [
            self._key(int(kinds[p]), int(rows[p]), int(columns[p]), codes, X) for p in first
        ]
        asked = place < len(first)
        effects = self._effects(wanted, rows[first], X) if wanted else (None, None)
        unasked = Counter(columns[~asked].tolist())
        own = rows[asked], columns[asked], place[asked], *effects, unasked
        return OwnAnswers(self._pool, *own, len(wanted) * self.n_draws)

    def _key(self, kind, i, j, codes, X):
        """What stands for a value: its column, kind, and bin or content."""
        if kind == _UNSEEN:
            return j, kind, _content(cell_of(X, i, j))
        return j, kind, int(codes[j, i])

    def _effects(self, keys, examples, X):
        """Paired differences of each key, its mass, and their share of the contrast."""
        with self._lock:
            if self._pool is None:
                own = self.law, self.kernel, self.response, N_DRAWS, self.seed
                self._pool = PairedPool(*own)
            known = {key: self._responses[key] for key in keys if key in self._responses}
            new = [key for key in keys if key not in known]
            example = dict(zip(keys, examples, strict=True))
            for start in range(0, len(new), _AT_ONCE):
                some = new[start : start + _AT_ONCE]
                tables = [self._table(key, example[key], X) for key in some]
                known.update(zip(some, self._ask(tables, some), strict=True))
            for key in keys:
                self._responses[key] = known[key]
                self._responses.move_to_end(key)
            while len(self._responses) > _REMEMBERED:
                self._responses.popitem(last=False)
            base = self._pool.responses
        effects, shares = np.empty((len(keys), *base.shape)), []
        for k, (j, kind, code) in enumerate(keys):
            own, q = (
                self._pool.scaled(known[keys[k]]),
                0.0 if kind == _UNSEEN else self.masses[j][code],
            )
            effects[k] = base - own if kind == _OTHERS else own - base
            shares.append((q, q if kind == _OTHERS else 1.0 - q))
        return effects, np.array(shares)

    def _ask(self, tables, keys):
        try:
            return predict_tables(self.response, tables, "own-value draw")
        except Exception as error:
            if len(keys) > 1:
                # One by one, to name the column.
                pairs = zip(tables, keys, strict=True)
                return [self._ask([table], [key])[0] for table, key in pairs]
            names = self.law.sampler.format_.feature_names
            error.add_note(
                f"All draws hold a value of column {names[keys[0][0]]!r} that training "
                'hardly or never had; handle_unknown="error" or "ignore" asks for no such '
                "values."
            )
            raise

    def _table(self, key, i, X):
        j, kind, code = key
        if kind == _UNSEEN:
            return self._pool.with_value(j, X, i)
        return self._pool.with_bin(j, code, kind == _INSIDE)


def too_few(n_samples):
    """How few draws of a pool on one side of a value call for draws of its own.

    Values that a thirty-second of all rows have are not rare, however small the pool.
    """
    return min(N_DRAWS / 4, n_samples / 32)


@dataclass(frozen=True, eq=False)
class OwnAnswers:
    """Responses to the own-value draws of the rows of one call.

    Parameters
    ----------
    pool : PairedPool or None
        The draws without own values.
    rows, columns, places : ndarray of shape (n_contrasts,) of int
        Rows, columns and places of their values among `effects`, in the order of rows.
    effects : ndarray of shape (n_values, n_outputs, n_draws)
        Paired differences of each value.
    shares : ndarray of shape (n_values, 2)
        Mass of each value, and the share of the contrast that the differences tell.
    unasked : Counter
        Rows, by column, whose values were not asked about, as too many were wanted.
    n_samples : int
        Model rows that the answers rest on.
    """

    pool: PairedPool | None
    rows: np.ndarray
    columns: np.ndarray
    places: np.ndarray
    effects: np.ndarray | None
    shares: np.ndarray | None
    unasked: Counter
    n_samples: int

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
        at = np.searchsorted(rows, self.rows)
        at = np.minimum(at, len(rows) - 1)
        mine = np.flatnonzero(rows[at] == self.rows)
        if not len(mine):
            return None
        height = max(1, block_bytes() // (64 * self.effects[0].size))
        parts = [mine[part] for part in gen_batches(len(mine), height)]
        return OwnContrasts.joined([self._contrasts(X, at, p, outputs) for p in parts])

    def _contrasts(self, X, at, mine, outputs):
        rows, columns, places = at[mine], self.columns[mine], self.places[mine]
        mass, share = self.shares[places].T
        weights = self.pool.weights(X, rows, columns)
        own = self.effects[places], outputs[rows], self.pool
        return OwnContrasts.of(rows, columns, mass, share, weights, *own)


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


def _distinct(X, rows, columns):
    """Numbers that tell the contents of cells apart, column by column."""
    numbers: dict[tuple, int] = {}
    return [
        numbers.setdefault((j, _content(cell_of(X, i, j))), len(numbers))
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def _content(value):
    """Something that stands for a value, and can be a key."""
    return type(value).__name__, repr(value)
