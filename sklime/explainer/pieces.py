"""Pieces of rows that are explained in jobs, in the order of the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from sklime.explainer.diagnostics import Diagnostics
from sklime.explainer.fitted import Jobs
from sklime.explainer.progress import progress
from sklime.explainer.shipping import Shipped, shares_memory
from sklime.explainer.threads import own_share, share_of_jobs
from sklime.tables.access import concat, n_rows, take_rows

# How long a piece shall take, in seconds: far longer than it takes to hand it over.
_SECONDS = 0.5

# How long all rows may take that are explained without jobs.
_QUICK = 0.02

# The part of a piece's time that pieces near the end of a table take at least.
_LEAST_SHARE = 8

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

    def __call__(
        self, fitted: Any, X: Any, own_answers: Any, first_row: int
    ) -> tuple[Any, Diagnostics]:
        """Attributions of checked rows by columns, and what is doubtful about them."""
        own = self.contributions, own_answers
        return fitted.attributions(self.ask(fitted, X), *own, first_row=first_row)

    def ask(self, fitted: Any, X: Any) -> Any:
        """Find what is explained of rows, as `AskedRows`."""
        return fitted.ask(X, X, self.target)


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
    """Number of rows of the next piece, by how long earlier ones took."""

    def __init__(self, n_jobs: int) -> None:
        self._n_jobs = n_jobs
        self._rows = 1

    def next(self, n_left: int) -> int:
        """Rows of the next piece, where so many are left: less near the end."""
        # Not too few: to hand a piece over takes as long as to explain some rows.
        share = max(-(-n_left // (2 * self._n_jobs)), self._rows // _LEAST_SHARE)
        return max(1, min(self._rows, share, n_left))

    def learn(self, n: int, seconds: float) -> None:
        """Note how long `n` rows took."""
        # A single row takes longer than each of many.
        wanted = int(n * _SECONDS / max(seconds, 1e-6))
        self._rows = max(1, min(wanted, 64 * n))


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
        return _explained(self.fitted, self.task, piece)

    def pieces(self, X: Any, own_answers: Any, first_row: int) -> Iterator[Piece]:
        """Cut checked rows into pieces, one for each job or more."""
        return self._cut(Piece(X, first_row, own_answers))

    def _cut(self, table, start=0):
        """Cut what follows a row into pieces, each as its turn comes."""
        n = n_rows(table.X)
        while start < n:
            stop = n if self.n_jobs == 1 else start + self.size.next(n - start)
            yield table.part(slice(start, stop))
            start = stop

    def whole(self, X: Any, own_answers: Any) -> Iterator[Explained]:
        """Explain a table; yield what became of its pieces, in order."""
        table = Piece(X, 0, own_answers)
        explained = self.inline(table.part(slice(0, 1)))
        yield explained
        self.size.learn(1, explained.seconds)
        if explained.seconds * n_rows(X) > _QUICK:
            yield from self.in_jobs(self._cut(table, start=1))
        else:
            # Starting jobs would take longer.
            yield self.inline(table.part(slice(1, n_rows(X))))

    def in_jobs(self, pieces: Iterable[Piece]) -> Iterator[Explained]:
        """Explain pieces in jobs; yield what became of them, in order.

        All of them may be under way before the first result is taken.
        """
        own = self.fitted if shares_memory() else Shipped(self.fitted)
        share = share_of_jobs(self.n_jobs) if shares_memory() else None
        sizes: list[int] = []

        def calls():
            for piece in pieces:
                sizes.append(n_rows(piece.X))
                yield delayed(_in_job)(own, self.task, piece, share)

        jobs = Parallel(
            n_jobs=self.n_jobs,
            prefer="threads",
            return_as="generator",
            pre_dispatch="2*n_jobs",
        )
        results = jobs(calls())
        try:
            for i, explained in enumerate(results):
                self.size.learn(sizes[i], explained.seconds)
                yield explained
        finally:
            # What is under way is waited for, as joblib would complain.
            for _ in results:
                pass

    @property
    def n_ahead(self) -> int:
        """Pieces of a stream that are under way at a time."""
        return _AHEAD * self.n_jobs


def _in_job(own, task, piece, share):
    fitted = own.fitted if isinstance(own, Shipped) else own
    with own_share(share):
        explained = _explained(fitted, task, piece)
    if isinstance(own, Shipped) and explained.error is not None:
        return Explained(None, error=own.portable(explained.error))
    return explained


def _explained(fitted, task, piece):
    start = perf_counter()
    try:
        values, found = task(fitted, piece.X, piece.own_answers, piece.first_row)
    except Exception as error:
        return Explained(None, error=error)
    return Explained(values, found, seconds=perf_counter() - start)


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
