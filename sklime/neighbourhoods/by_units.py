"""Base of the sources around rows of units, where equally many units share draws."""

from abc import abstractmethod
from itertools import groupby

import numpy as np

from sklime.moments.threads import one_thread
from sklime.neighbourhoods.base import SampledSource
from sklime.validation import check_memory

# Numbers of units whose masks and Gram matrices are remembered.
_REMEMBERED = 8

# Memory that a pair of units takes: some Gram matrices, and systems made of them.
_BYTES_OF_PAIRS = 40


class Block(list):
    """Rows of units that are explained together, and what sources were told of them.

    So the model is asked once, whatever is made of its answers.
    """

    def __init__(self, rows):
        super().__init__(rows)
        self.told = {}


class SourceByUnits(SampledSource):
    """Base of the sources whose masks depend on the number of units alone."""

    rows_at_once = 1

    def __init__(self, law, kernel, response, n_samples, seed, smaller=None):
        super().__init__(law, kernel, response, n_samples, seed, smaller)
        self._shared = {}

    @property
    def bytes_per_row(self):
        return 1

    def evaluate(self, X, known=None):
        if not isinstance(X, Block):
            return self._of_all(X)
        if self not in X.told:
            X.told[self] = self._of_all(X)
        return X.told[self]

    def _of_all(self, X):
        return [own for sharing in self._sharing(X) for own in self._evaluated(*sharing)]

    def _sharing(self, X):
        """Yield what rows of equally many units share, and these rows."""
        for n_units, rows in groupby(X, key=lambda row: row.n_units):
            yield self._of(n_units), list(rows)

    @abstractmethod
    def _evaluated(self, shared, rows):
        """Query the model about the masks of rows of equally many units; yield each's."""

    def rescored(self, surrogates, X, outputs):
        # The model is asked about many rows at once; moments are those of one.
        evaluated, scores = self.evaluate(X), []
        with one_thread():
            for i, own in enumerate(outputs[:, np.newaxis]):
                moments = self.moments(evaluated[i : i + 1], own)
                scored = surrogates.rows(slice(i, i + 1)).scored_on(moments)
                scores.append(scored.scores)
        return surrogates.with_scores(np.concatenate(scores))

    def _of(self, n_units):
        """What rows of so many units share."""
        # Two threads may both draw the same; the two are equal.
        if n_units not in self._shared:
            check_memory(
                _BYTES_OF_PAIRS * n_units**2,
                f"a row of {n_units:,} units, of which every pair has a moment,",
                "cut the row into fewer units, such as sentences in place of words by "
                r'sampler=TokenSampler(token_pattern=r"[^.!?\s][^.!?\n]*[.!?]*")',
            )
            while len(self._shared) >= _REMEMBERED:
                self._shared.pop(next(iter(self._shared)), None)
            self._shared[n_units] = self._draw(n_units)
        return self._shared[n_units]

    @abstractmethod
    def _draw(self, n_units):
        """Draw what rows of so many units share."""
