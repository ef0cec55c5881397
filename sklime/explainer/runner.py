"""Runner of tasks: rows are explained in jobs, piece by piece, in their order."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from threading import Event
from time import perf_counter
from typing import Any

from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from sklime.explainer.diagnostics import Diagnostics
from sklime.explainer.fitted import Jobs
from sklime.explainer.piece_size import PieceSize
from sklime.explainer.pieces import Explained, Piece
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
from sklime.explainer.tasks import Task
from sklime.explainer.threads import own_share, share_of_jobs
from sklime.tables.access import concat, n_rows

# Pieces for each job that are handed over before results are waited for.
_AHEAD = 4


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

    def pieces(self, table: Piece, start: int = 0) -> Iterator[Piece]:
        """Cut checked rows, from one on, into pieces, each as its turn comes."""
        n = n_rows(table.X)
        while start < n:
            stop = n if self.n_jobs == 1 else start + self.size.next(n - start)
            yield table.part(slice(start, stop))
            start = stop

    def whole(self, X: Any, own_answers: Any) -> Iterator[Explained]:
        """Explain a table; yield what became of its pieces, in order."""
        table, n, start = Piece(X, 0, own_answers), n_rows(X), 0
        while start < n and not self.size.known:
            stop = start + self.size.next(n - start)
            yield self.inline(table.part(slice(start, stop)))
            start = stop
        if start == n:
            return
        if self.size.is_short(n - start):
            yield self.inline(table.part(slice(start, n)))
        else:
            yield from self.in_jobs(self.pieces(table, start))

    def together(self, waiting: deque[Piece]) -> Iterator[Explained]:
        """Explain pieces that wait, in jobs unless they are quick; in order.

        In jobs also those that are added while others are explained, until they are quick.
        """
        n_waiting = sum(n_rows(piece.X) for piece in waiting)
        if not self.size.stream_has_begun or self.size.is_quick(n_waiting):
            return (self.inline(waiting.popleft()) for _ in range(len(waiting)))

        def taken():
            # joblib takes them in threads of its own, while others come and go.
            with suppress(IndexError):
                yield waiting.popleft()
                while not self.size.is_quick(self.n_ahead * n_rows(waiting[0].X)):
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
        return _AHEAD * self.n_jobs if self.size.stream_has_begun else 1


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
