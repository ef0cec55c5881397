"""Pieces of rows that are explained in jobs, in the order of the rows."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from threading import Event
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
from joblib import effective_n_jobs
from scipy import sparse
from sklearn.utils.parallel import Parallel, delayed

from sklime.explainer.diagnostics import Diagnostics
from sklime.explainer.fitted import Jobs
from sklime.explainer.progress import progress
from sklime.explainer.shipping import (
    NotAtHand,
    SentObject,
    SharedObject,
    limits_threads,
    return_as,
    shares_memory,
    this_worker,
)
from sklime.explainer.threads import own_share, share_of_jobs
from sklime.tables.access import concat, n_rows, take_rows

# How long a piece shall take, in seconds: far longer than it takes to hand it over. Pieces
# get shorter near the end, so that no job has long to wait for the last, but never so short
# that starting on them counts.
_SECONDS, _FEWEST_SECONDS = 0.5, 0.05

# How long a table may take that is explained without jobs, and the beginning of a stream.
_SHORT = 0.2

# How long rows of a stream may take for which jobs are not kept at work; and a row, where
# more are tried before jobs are.
_QUICK = 0.02

# Pieces for each job that are handed over before results are waited for.
_AHEAD = 4


@dataclass(frozen=True, eq=False)
class Task:
    """What is made of rows: `transform`'s attributions of one target.

    Parameters
    ----------
    target : "auto", "predicted", "all" or a label
    contributions : bool
        Whether contributions are wanted, not effects.
    """

    target: Any
    contributions: bool

    # Whether surrogates are scored.
    scores: ClassVar[bool] = False

    def __call__(
        self, fitted: Any, X: Any, own_answers: Any, first_row: int
    ) -> tuple[Any, Diagnostics]:
        """Attributions of checked rows by columns, and what is doubtful about them."""
        own = self.contributions, own_answers
        return fitted.attributions(self.ask(fitted, X), *own, first_row=first_row)

    def ask(self, fitted: Any, X: Any) -> Any:
        """Find what is explained of rows, as `AskedRows`."""
        return fitted.ask(X, X, self.target)


class QualityTask(Task):
    """What is made of rows where columns that tell its quality stand beside it."""

    scores = True

    def __call__(self, fitted, X, own_answers, first_row):
        asked = self.ask(fitted, X)
        answers = asked.answers
        if answers is None:
            answers = asked.rows.predictions(fitted.response)
        predictions = np.take_along_axis(answers, asked.outputs, axis=1)
        own = asked, predictions, self.contributions, own_answers
        return fitted.attributions_and_quality(*own, first_row=first_row)


def explain_rows(fitted: Any, task: Task, X: Any, jobs: Any) -> Any:
    """Explain all rows of a table, as `transform` does; tells what is doubtful.

    Parameters
    ----------
    fitted : FittedExplainer
    task : Task
    X : rows
        Checked.
    jobs : Jobs

    Returns
    -------
    ndarray or CSR matrix of shape (n_rows, n_columns)
    """
    runner, n = Runner(fitted, task, jobs.n_jobs), n_rows(X)
    if runner.n_jobs == 1 or n == 1:
        own_answers = fitted.own_answers(X, jobs)
        own = task.contributions, own_answers, Jobs(1, jobs.verbose)
        values, found = fitted.attributions(task.ask(fitted, X), *own)
        fitted.warn(found)
        return values
    fitted.kind.check_layout(X)
    own_answers = fitted.own_answers(X, jobs)
    unasked = Counter() if own_answers is None else own_answers.unasked
    found, parts = Diagnostics(unasked=unasked), []
    with progress("explaining", n, jobs.verbose) as done:
        for explained in runner.whole(X, own_answers):
            if explained.error is not None:
                raise explained.error
            parts.append(explained.values)
            found += explained.found
            done(n_rows(explained.values))
    fitted.warn(found)
    return concat(parts)


@dataclass(frozen=True, eq=False)
class Piece:
    """Rows that are explained together by one job.

    Parameters
    ----------
    X : rows
        Checked.
    first_row : int
        Position of the first of them.
    own_answers : OwnAnswers or None
        What the model said to their values that draws hardly hold.
    """

    X: Any
    first_row: int
    own_answers: Any

    def part(self, rows: slice) -> Piece:
        """Some of the rows."""
        own = None if self.own_answers is None else self.own_answers.part(rows)
        return Piece(take_rows(self.X, rows), self.first_row + rows.start, own)


@dataclass(frozen=True, eq=False)
class Explained:
    """What became of a piece.

    Parameters
    ----------
    values : ndarray or CSR matrix, or None
        Attributions by columns; None after an error.
    found : Diagnostics
        What is doubtful.
    error : Exception or None
    seconds : float
        How long it took.
    """

    values: Any
    found: Diagnostics = field(default_factory=Diagnostics)
    error: Exception | None = None
    seconds: float = 0.0


class PieceSize:
    """Number of rows of the next piece, by how long earlier ones took.

    Attributes
    ----------
    known : bool
        Whether earlier ones tell it, so that jobs need not begin with tiny pieces.
    seconds : float
        How long all of them took.
    """

    def __init__(self, n_jobs: int) -> None:
        self._n_jobs = n_jobs
        self._rows = 1
        self._first: float | None = None
        self._seconds_per_row = math.inf
        self.known, self.seconds = False, 0.0

    def next(self, n_left: int) -> int:
        """Rows of the next piece, where so many are left."""
        fewest = self._rows * _FEWEST_SECONDS / _SECONDS
        fair = n_left / (2 * self._n_jobs)
        return min(n_left, math.ceil(min(self._rows, max(fair, fewest))))

    def learn(self, n: int, seconds: float) -> None:
        """Note how long `n` rows took."""
        # A single row takes longer than each of many: where it is quick, more are tried.
        self.known = self._first is not None or n > 1 or seconds > _QUICK
        if self._first is None:
            self._first = seconds
        self.seconds += seconds
        # At least a quarter of the mean: the first row may have waited for an import.
        beyond_first = (seconds - self._first) / max(n - 1, 1)
        self._seconds_per_row = max(beyond_first, seconds / (4 * n if n > 1 else 1))
        wanted = int(n * _SECONDS / max(seconds, 1e-6))
        self._rows = max(1, min(wanted, 64 * n))

    def expected(self, n: int) -> float:
        """Seconds that `n` more rows will take."""
        return n * self._seconds_per_row if n else 0.0


class Runner:
    """Explains pieces of rows in jobs.

    Parameters
    ----------
    fitted : FittedExplainer
    task : Task
    n_jobs : int or None
        As in `LimeExplainer`.
    """

    def __init__(self, fitted: Any, task: Task, n_jobs: int | None) -> None:
        self.fitted, self.task = fitted, task
        self.n_jobs = effective_n_jobs(n_jobs)
        self.size = PieceSize(self.n_jobs)

    def inline(self, piece: Piece) -> Explained:
        """Explain a piece here and now."""
        explained = _explained(self.fitted, self.task, piece)
        self._learn(piece, explained)
        return explained

    def _learn(self, piece, explained):
        # An error tells nothing of how long rows take.
        if explained.error is None:
            self.size.learn(n_rows(piece.X), explained.seconds)

    def pieces(self, X: Any, own_answers: Any, first_row: int) -> Iterator[Piece]:
        """Cut checked rows into pieces, each as its turn comes."""
        table, n, start = Piece(X, first_row, own_answers), n_rows(X), 0
        while start < n:
            stop = n if self.n_jobs == 1 else start + self.size.next(n - start)
            yield table.part(slice(start, stop))
            start = stop

    def whole(self, X: Any, own_answers: Any) -> Iterator[Explained]:
        """Explain a table; yield what became of its pieces, in order."""
        pieces, left = self.pieces(X, own_answers, first_row=0), n_rows(X)
        while not self.size.known and left:
            piece = next(pieces)
            left -= n_rows(piece.X)
            yield self.inline(piece)
        if self.size.expected(left) < _SHORT:
            yield from map(self.inline, pieces)
        else:
            yield from self.in_jobs(pieces)

    def together(self, waiting: deque[Piece]) -> Iterator[Explained]:
        """Explain pieces that wait, in jobs unless they are quick; in order.

        In jobs also those that are added while others are explained, until they are quick.
        """
        n_waiting = sum(n_rows(piece.X) for piece in waiting)
        if not self._has_begun or self.size.expected(n_waiting) < _QUICK:
            return (self.inline(waiting.popleft()) for _ in range(len(waiting)))

        def taken():
            # joblib takes them in threads of its own, while others come and go.
            with suppress(IndexError):
                yield waiting.popleft()
                while self.size.expected(self.n_ahead * n_rows(waiting[0].X)) >= _QUICK:
                    yield waiting.popleft()

        return self.in_jobs(taken())

    def in_jobs(self, pieces: Iterable[Piece]) -> Iterator[Explained]:
        """Explain pieces in jobs; yield what became of them, in order.

        All of them may be under way before the first result is taken.
        """
        own = SharedObject(self.fitted) if shares_memory() else self._sent
        under_way: deque[Piece] = deque()
        share, ended = self.share, Event()

        def calls():
            for piece in pieces:
                if ended.is_set():
                    return
                under_way.append(piece)
                yield delayed(_in_job)(own.sent(), self.task, piece, share)

        jobs = Parallel(
            n_jobs=self.n_jobs,
            prefer="threads",
            return_as=return_as(),
            pre_dispatch="2*n_jobs",
            # Pieces have their size: several in one would leave a job without any.
            batch_size=1,
            # Larger arrays go through files, for whose removal joblib waits 0.1 s.
            max_nbytes="8M",
        )
        results = iter(jobs(calls()))
        try:
            for worker, explained in results:
                piece = under_way.popleft()
                own.note(worker, at_hand=explained is not None)
                if explained is None:
                    explained = self.inline(piece)
                else:
                    self._learn(piece, explained)
                yield explained
        finally:
            # What is under way is waited for, as joblib would complain; no more is begun.
            ended.set()
            for _ in results:
                pass

    @property
    def share(self) -> int | None:
        """Cores of each job; None: all of them, or the backend of the jobs sees to it."""
        if self.n_jobs == 1:
            return None
        if shares_memory():
            return share_of_jobs(self.n_jobs)
        # Backends of clusters would share models' own jobs out among all workers.
        return None if limits_threads() else 1

    @cached_property
    def _sent(self):
        own = self.fitted.for_rows(own_values=False, scores=self.task.scores)
        return SentObject(own, self.n_jobs)

    @property
    def n_ahead(self) -> int:
        """Pieces of a stream that are under way at a time."""
        return _AHEAD * self.n_jobs if self._has_begun else 1

    @property
    def _has_begun(self):
        """Whether a stream, of which no end is known, takes long enough for jobs."""
        return self.size.known and self.size.seconds >= _SHORT


def _in_job(own, task, piece, share):
    """The worker, and what became of the piece: None where it has no explainer."""
    try:
        fitted = own.value
    except NotAtHand:
        return this_worker(), None
    with own_share(share):
        explained = _explained(fitted, task, piece)
    if explained.error is not None:
        explained = Explained(None, error=own.portable(explained.error))
    return this_worker(), explained


def _explained(fitted, task, piece):
    start = perf_counter()
    try:
        values, found = task(fitted, piece.X, piece.own_answers, piece.first_row)
    except Exception as error:
        return Explained(None, error=error)
    return Explained(values, found, seconds=perf_counter() - start)


def no_attributions(fitted: Any, X: Any, n: int, n_columns: int) -> Any:
    """Attributions of rows that could not be explained: NaN, sparse where others are."""
    values = np.full((n, n_columns), np.nan)
    sparse_columns = fitted.kind.sparse_columns or sparse.issparse(X)
    return sparse.csr_matrix(values) if sparse_columns else values


def explain_apart(
    attempt: Callable[[slice], Any], rows: slice, error: Exception
) -> Iterator[tuple[slice, Any, Exception | None]]:
    """Explain rows in halves after an error, until it is known which row it is about.

    Parameters
    ----------
    attempt : callable
        Explains a slice of rows.
    rows : slice
        The rows that failed.
    error : Exception
        Their error.

    Yields
    ------
    rows : slice
        Consecutive rows.
    result : object
        What `attempt` gave for them; None after an error.
    error : Exception or None
    """
    n = rows.stop - rows.start
    # Of a connection or of memory all rows have need.
    if n == 1 or isinstance(error, (OSError, MemoryError)):
        yield rows, None, error
        return
    middle = rows.start + n // 2
    for half in (slice(rows.start, middle), slice(middle, rows.stop)):
        try:
            result = attempt(half)
        except Exception as own:
            yield from explain_apart(attempt, half, own)
        else:
            yield half, result, None
