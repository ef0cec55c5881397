"""Draws within rules: of a pool that rows share, and own-bin draws."""

from abc import ABC, abstractmethod
from collections import defaultdict

import numpy as np
from sklearn.utils import gen_batches

from sklime.anchors.column_tables import ColumnTable
from sklime.model.queries import predict_tables
from sklime.tables.access import block_bytes

# Own-bin draws that are made together.
BATCH = 128

# Streams of own-bin draws: those that the search looks at, and fresh ones that judge what
# it chose.
SEARCH, FRESH = 0, 1


class Draws(ABC):
    """Base of the draws around rows, and within their rules.

    Each draw depends on the seed and on its rule alone, whatever else is asked.
    """

    @abstractmethod
    def pool(self, row):
        """Draws around one row before any rule.

        Returns
        -------
        matches : ndarray of shape (n_draws, n_features) of bool
            Whether a draw has the row's own bin.
        answers : ndarray of shape (n_draws, n_outputs)
            The model's.
        """

    @abstractmethod
    def ask(self, wanted):
        """Draw within rules, and query the model about all in one call.

        Parameters
        ----------
        wanted : iterable of (row, columns, stream, number)
            Rows, sorted columns of their rules, and the stream and number of a batch.
        """

    @abstractmethod
    def batch(self, row, columns, stream, number):
        """Matches and answers, as of `pool`, of a batch that was asked for."""


class ColumnDraws:
    """Draws of independent columns: pool draws are the same for all rows.

    Within a rule its columns are drawn from the row's own bins, all others from their
    training distributions.

    Parameters
    ----------
    sampler : TabularSampler
        Fitted, all columns by bins.
    response : Response
    n_rows : int
        Number of training rows.
    n_samples, seed : int
        Of the pool.
    """

    def __init__(self, sampler, response, n_rows, n_samples, seed):
        self.sampler, self.response, self.seed = sampler, response, seed
        inputs, points = sampler.law_.pool(n_samples, seed)
        n_bins = max(len(column.frequencies) for column in sampler.columns_)
        # Bins in few bytes, which are compared many times.
        dtype = np.min_scalar_type(-1 - n_bins)
        self._pool_codes = np.ascontiguousarray(points.codes.T, dtype=dtype)
        [self._pool_answers] = predict_tables(response, [inputs], "pool draw")
        self._tables = [
            ColumnTable(column, sampler.column_law(j), n_rows)
            for j, column in enumerate(sampler.columns_)
        ]

    def of(self, codes):
        """Draws for the rules of some rows, by their bins (n_rows, n_features)."""
        return _DrawsOfRows(self, codes)

    @property
    def n_pooled(self):
        """Number of draws in the pool."""
        return len(self._pool_answers)

    def drawn(self, rules):
        """Draw within rules, each a tuple (columns, codes, stream, number)."""
        d = len(self._tables)
        U = np.empty((len(rules), BATCH, d))
        conditions = defaultdict(list)
        for i, (held, bins, stream, number) in enumerate(rules):
            entropy = [self.seed, stream, number, *held, *bins]
            np.random.default_rng(entropy).random(out=U[i])
            for own in zip(held, bins, strict=True):
                conditions[own].append(i)
        E, codes = (
            np.empty((len(rules) * BATCH, d)),
            np.empty(U.shape, self._pool_codes.dtype),
        )
        for j, table in enumerate(self._tables):
            values, own = table.draw(U[:, :, j].ravel())
            E[:, j], codes[:, :, j] = values, own.reshape(-1, BATCH)
        E = E.reshape(U.shape)
        for (j, code), which in conditions.items():
            values, own = self._tables[j].draw(U[which, :, j].ravel(), code)
            E[which, :, j] = values.reshape(-1, BATCH)
            codes[which, :, j] = own.reshape(-1, BATCH)
        inputs = self.sampler.format_.decode(E.reshape(-1, d))
        [answers] = predict_tables(self.response, [inputs], "own-bin draw")
        return zip(codes, answers.reshape(len(rules), BATCH, -1), strict=True)


class _DrawsOfRows(Draws):
    """Draws of some rows, which share the answers about rules that are the same."""

    def __init__(self, shared, codes):
        self._shared, self._codes = shared, codes.astype(shared._pool_codes.dtype)
        self._found = {}
        # Rules of one row are asked for one after the other.
        self._last, self._matches = None, None

    def pool(self, row):
        if row != self._last:
            self._matches = self._shared._pool_codes == self._codes[row]
            self._last = row
        return self._matches, self._shared._pool_answers

    def ask(self, wanted):
        rules = dict.fromkeys(self._rule(*own) for own in wanted)
        rules = [rule for rule in rules if rule not in self._found]
        if not rules:
            return
        n_bytes = 16 * BATCH * self._codes.shape[1]
        for part in gen_batches(len(rules), max(1, block_bytes() // n_bytes)):
            drawn = self._shared.drawn(rules[part])
            self._found.update(zip(rules[part], drawn, strict=True))

    def batch(self, row, columns, stream, number):
        codes, answers = self._found[self._rule(row, columns, stream, number)]
        return codes == self._codes[row], answers

    def _rule(self, row, columns, stream, number):
        bins = self._codes[row, list(columns)].tolist()
        return tuple(columns), tuple(bins), stream, number
