"""Caller: a function with the settings of its calls, as one function of tables."""

import threading
from math import prod

import numpy as np

from sklime.exceptions import RowLimitReached
from sklime.model.calls.attempts import BatchFailed, answers_of_batches
from sklime.model.calls.cache import AnswersInFile, AnswersInMemory
from sklime.model.calls.described_rows import described_rows
from sklime.model.calls.row_keys import row_keys
from sklime.model.conversion import UnusableResponse, as_tables
from sklime.tables.access import n_rows, take_rows


class Caller:
    """Function from tables to a model's answers, called as `Calls` says.

    Copies and pickles start with no row answered.

    Parameters
    ----------
    function : callable
        Takes a table; synchronous or asynchronous.
    calls : Calls
        How it is called.
    owner, method : str
        Whose method it is, for messages.

    Attributes
    ----------
    n_answered : int
        Rows that the model has answered.
    """

    def __init__(self, function, calls, owner, method):
        self.function, self.calls = function, calls
        self._owner, self.method = owner, method
        self.n_answered = self._n_reserved = 0
        self._lock = threading.Lock()
        self._in_memory = AnswersInMemory()

    def __reduce__(self):
        return type(self), (self.function, self.calls, self._owner, self.method)

    def __repr__(self):
        return f"{self._owner}.{self.method} called by {self.calls!r}"

    def __call__(self, X):
        """Ask the model about a table.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, ...), or a list of these
            Numbers are float64 where answers are remembered.

        Raises
        ------
        RowLimitReached
            If the model may not answer so many rows.
        """
        self.calls.check()
        remembers = self.calls.cache is not None or self.calls.max_rows is not None
        if not remembers or not n_rows(X):
            return self._in_one(self._plain(X))
        return self._in_one(self._remembered(X))

    def _plain(self, X):
        """Ask about all rows; tables, one for each label."""
        asked = list(self._asked(X, np.arange(n_rows(X))))
        asked.sort(key=lambda own: own[0][:1].tolist())
        self._same_layout({_layout(parts) for _, parts in asked})
        return [np.concatenate(own) for own in zip(*(p for _, p in asked), strict=True)]

    def _remembered(self, X):
        """Ask about rows that are not known yet, each once, and keep the answers."""
        keys = row_keys(X, self._salt())
        first = {}
        for i, key in enumerate(keys):
            first.setdefault(key, i)
        in_file = self.calls.cache is not None
        store = AnswersInFile(self.calls.cache) if in_file else self._in_memory
        with store.opened() as known:
            found = known.find(list(first))
            new = np.array([i for key, i in first.items() if key not in found], dtype=int)
            n_allowed = self._reserve(len(new))
            try:
                for own, parts in self._asked(X, new[:n_allowed]):
                    layout, numbers = _layout(parts), self._flat(parts, own)
                    names = [keys[i] for i in own]
                    finite = np.isfinite(numbers).all(axis=1)
                    if finite.any():
                        kept = [names[j] for j in np.flatnonzero(finite)]
                        known.add(kept, layout, numbers[finite])
                    found |= {
                        k: (layout, row) for k, row in zip(names, numbers, strict=True)
                    }
            finally:
                self._release(n_allowed)
        if n_allowed < len(new):
            self._stop(np.array([key in found for key in keys]))
        layout = self._same_layout({found[key][0] for key in first})
        return _tables(np.array([found[key][1] for key in keys]), layout)

    def _asked(self, X, positions):
        """Ask about some rows in batches; yields their positions and checked tables."""
        size, n = self.calls.batch_size, n_rows(X)
        if size is None:
            size = -(-len(positions) // self.calls.concurrency)
        starts = range(0, len(positions), max(1, size))
        batches = [positions[start : start + size] for start in starts]
        if not n:
            # Whatever the model says to no rows.
            batches = [positions]
        tables = (X if len(own) == n else take_rows(X, own) for own in batches)
        answers = answers_of_batches(self.function, tables, self.calls)
        try:
            for i, answer in answers:
                own = batches[i]
                try:
                    parts = as_tables(answer, self.method, len(own))
                except UnusableResponse as error:
                    raise self._unusable(own, error.args[0]) from None
                with self._lock:
                    self.n_answered += len(own)
                yield own, parts
        except BatchFailed as failed:
            cause, own = failed.error, batches[failed.batch]
            cause.asked_rows = own
            again = self.calls.retries and isinstance(cause, self.calls.retry_on)
            tries = f", {self.calls.retries + 1} times" if again else ""
            cause.add_note(
                f"{self._name} was called about {described_rows(own)} of {n}{tries}: "
                "where that may pass, raise retries= of Calls, or name the error in "
                "retry_on="
            )
            raise cause from cause.__cause__
        finally:
            answers.close()

    def _flat(self, parts, positions):
        """Numbers of the answers about a batch, (n_rows, n_numbers)."""
        for part in parts:
            if part.dtype.kind not in "biuf":
                problem = (
                    f"gave {part.dtype} values, not numbers, which are all that cache and "
                    "max_rows of Calls remember: ask for predict_proba, or set both to None"
                )
                raise self._unusable(positions, problem)
        flat = [part.reshape(len(part), -1).astype(np.float64) for part in parts]
        return np.concatenate(flat, axis=1)

    def _same_layout(self, layouts):
        if len(layouts) > 1:
            raise ValueError(
                f"{self._name} gave answers of several shapes a row, {sorted(layouts)}: "
                "where the model has changed, give Calls another cache_key"
            )
        return next(iter(layouts), "")

    def _unusable(self, positions, problem):
        error = ValueError(
            f"{self._name}, asked about {described_rows(positions)}, {problem}"
        )
        error.asked_rows = positions
        return error

    def _stop(self, answered):
        raise RowLimitReached(
            f"{self._name} has answered as many rows as max_rows={self.calls.max_rows} of "
            f"Calls allows, and {int((~answered).sum())} of {len(answered)} rows are "
            "without an answer: raise max_rows, or need fewer model rows by a smaller "
            "n_samples, fewer rows, or a cache",
            answered,
        )

    def _reserve(self, n_wanted):
        """Number of rows that the model may still be asked about."""
        if self.calls.max_rows is None:
            return n_wanted
        with self._lock:
            left = self.calls.max_rows - self.n_answered - self._n_reserved
            n_allowed = max(0, min(n_wanted, left))
            self._n_reserved += n_allowed
        return n_allowed

    def _release(self, n_allowed):
        with self._lock:
            self._n_reserved = max(0, self._n_reserved - n_allowed)

    def _salt(self):
        return repr((self.method, self.calls.cache_key)).encode()

    def _in_one(self, tables):
        if len(tables) > 1:
            return tables
        [table] = tables
        single = table.shape[1:] == (1,) and self.method != "predict_proba"
        return table[:, 0] if single else table

    @property
    def _name(self):
        return f"{self._owner}.{self.method}"


def _layout(parts):
    """Shapes of a row's tables as a text."""
    return ";".join(",".join(map(str, part.shape[1:])) for part in parts)


def _tables(numbers, layout):
    """Tables of flat numbers, (n_rows, n_numbers)."""
    shapes = [tuple(map(int, own.split(","))) for own in layout.split(";")]
    ends = np.cumsum([prod(shape) for shape in shapes])[:-1]
    parts = np.split(numbers, ends, axis=1)
    return [
        part.reshape(len(numbers), *shape)
        for part, shape in zip(parts, shapes, strict=True)
    ]
