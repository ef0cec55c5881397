"""Draws within rules: of a pool that rows share, and own-bin draws."""

from abc import ABC, abstractmethod
from collections import defaultdict
from itertools import chain

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
    """Base of the draws before any rule, and within rules.

    A rule is a tuple of conditions (column, first bin, last bin), by column. Each draw
    depends on the seed and on its rule alone, whatever else is asked.
    """

    @abstractmethod
    def pool(self):
        """Draws before any rule.

        Returns
        -------
        codes : ndarray of shape (n_draws, n_features) of int
            The bins of the draws.
        answers : ndarray of shape (n_draws, n_outputs)
            The model's.
        """

    @abstractmethod
    def ask(self, wanted):
        """Draw within rules, and query the model about all in one call.

        Parameters
        ----------
        wanted : iterable of (rule, stream, number)
            Rules, and the stream and number of a batch.
        """

    @abstractmethod
    def batch(self, rule, stream, number):
        """Codes and answers, as of `pool`, of a batch that was asked for."""


class ColumnDraws:
    """Draws of independent columns.

    Within a rule its columns are drawn from their ranges of bins, all others from their
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
        codes = np.ascontiguousarray(points.codes.T, dtype=dtype)
        [answers] = predict_tables(response, [inputs], "pool draw")
        self.pool = codes, answers
        self._tables = [
            ColumnTable(column, sampler.column_law(j), n_rows)
            for j, column in enumerate(sampler.columns_)
        ]

    def opened(self):
        """Draws that keep what they were asked for."""
        return _KeptDraws(self)

    def drawn(self, batches):
        """Draw within rules, each batch a tuple (rule, stream, number)."""
        d, dtype = len(self._tables), self.pool[0].dtype
        U = np.empty((len(batches), BATCH, d))
        conditions = defaultdict(list)
        for i, (rule, stream, number) in enumerate(batches):
            entropy = [self.seed, stream, number, *chain.from_iterable(rule)]
            np.random.default_rng(entropy).random(out=U[i])
            for condition in rule:
                conditions[condition].append(i)
        E, codes = np.empty((len(batches) * BATCH, d)), np.empty(U.shape, dtype)
        for j, table in enumerate(self._tables):
            values, own = table.draw(U[:, :, j].ravel())
            E[:, j], codes[:, :, j] = values, own.reshape(-1, BATCH)
        E = E.reshape(U.shape)
        for (j, *bins), which in conditions.items():
            values, own = self._tables[j].draw(U[which, :, j].ravel(), tuple(bins))
            E[which, :, j] = values.reshape(-1, BATCH)
            codes[which, :, j] = own.reshape(-1, BATCH)
        inputs = self.sampler.format_.decode(E.reshape(-1, d))
        [answers] = predict_tables(self.response, [inputs], "own-bin draw")
        return zip(codes, answers.reshape(len(batches), BATCH, -1), strict=True)


class _KeptDraws(Draws):
    """Draws for some rows, which share what they have asked about the same rules."""

    def __init__(self, shared):
        self._shared, self._found = shared, {}

    def pool(self):
        return self._shared.pool

    def ask(self, wanted):
        batches = [own for own in dict.fromkeys(wanted) if own not in self._found]
        if not batches:
            return
        n_bytes = 16 * BATCH * self._shared.pool[0].shape[1]
        for part in gen_batches(len(batches), max(1, block_bytes() // n_bytes)):
            drawn = self._shared.drawn(batches[part])
            self._found.update(zip(batches[part], drawn, strict=True))

    def batch(self, rule, stream, number):
        return self._found[rule, stream, number]
