"""Streams of blocks: explained in order, with a bounded number of rows in memory."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sklime.exceptions import FailedRowsWarning, caught_warnings, warn_caller
from sklime.explainer.diagnostics import Diagnostics
from sklime.explainer.pieces import Explained, Piece, explain_apart, no_attributions
from sklime.explainer.threads import own_share
from sklime.tables.access import concat, in_sparse_interface, n_rows, take_rows
from sklime.validation import listed

_END = object()


@dataclass(eq=False)
class _Place:
    """Place of a block in the stream: its number and first row, and what became of it."""

    number: int
    first_row: int
    block: Any = None
    X: Any = None
    parts: list[Any] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class _Step:
    """A step of the stream: a piece of a block, the block's end, or an error that ends it.

    What became of a piece may be known before it is explained: an error.
    """

    place: _Place
    piece: Piece | None = None
    known: Explained | None = None
    error: Exception | None = None

    @property
    def waits(self):
        """Whether it is a piece that is still to be explained."""
        return self.piece is not None and self.known is None


class Stream:
    """Explains blocks of rows one after the other.

    Parameters
    ----------
    runner : Runner
        Explains pieces of them.
    read : callable
        Makes a `Block` of what the user's iterable gives.
    check : callable
        Checks the rows of a block, of which there may be none, as `transform` does.
    names : sequence of str
        Columns of what the runner makes of rows.
    labels : dict of callable
        What makes texts of codes, by the names of columns that hold such.
    skip_failed : bool
        Whether rows that cannot be explained get NaN, instead of an error.
    tell : callable, default=None
        Takes the doubts about all rows, at the end. None: warns of them.
    warned : set, default=None
        What was said of blocks, and is not said again; it is added to.
    """

    def __init__(
        self, runner, read, check, names, labels, skip_failed, tell=None, warned=None
    ):
        self._runner, self._read, self._check = runner, read, check
        self._names, self._labels = names, labels
        self._skip_failed = skip_failed
        self._tell_doubts = runner.fitted.warn if tell is None else tell
        self._asked = {}
        self._warned = set() if warned is None else warned
        self._found = Diagnostics()
        self._failed = []
        self._first_error = None

    def __call__(self, blocks: Iterator[Any], before: Iterable[Any] = ()) -> Iterator[Any]:
        """Explain blocks; yield tables of their kind, in order.

        At the end all doubts are told, once. Blocks `before` these were explained in
        another run: which values may be asked about goes by their values, too.
        """
        self._note(before)
        for step, explained in self._explained(self._steps(blocks)):
            if step.error is not None:
                raise step.error
            if step.piece is not None:
                self._take(step.place, step.piece, explained)
            else:
                yield self._finished(step.place)
        self._tell()

    def _note(self, before):
        """Note the values that were asked about in blocks of another run."""
        for given in before:
            X = self._check(self._read(given).rows)
            if n_rows(X) and not self._noted(X):
                return

    def _noted(self, X):
        """Note the values of one block; gives whether there may be more."""
        routes = self._runner.fitted.routes
        try:
            return routes.note_own_values(X, self._asked)
        except Exception as error:
            # About a row that could not be explained: the others were.
            def attempt(part):
                routes.note_own_values(take_rows(X, part), self._asked)

            for _ in explain_apart(attempt, slice(0, n_rows(X)), error):
                pass
            return True

    def _steps(self, blocks):
        """Read and check the blocks; cut them into pieces."""
        number = first_row = 0
        while True:
            place = _Place(number, first_row)
            try:
                given = next(blocks, _END)
                if given is _END:
                    return
                place.block = self._read(given)
                place.X = self._checked(place.block.rows)
            except Exception as error:
                error.add_note(
                    f"This is about block {number} of the stream, which starts at row "
                    f"{first_row}."
                )
                yield _Step(place, error=error)
                return
            if len(place.block):
                yield from self._pieces(place)
            yield _Step(place)
            number, first_row = number + 1, first_row + len(place.block)

    def _checked(self, rows):
        """Check the rows of a block; what is said of many blocks is said once."""
        with caught_warnings(record=True) as caught:
            warnings.simplefilter("always")
            rows = self._check(rows)
        for own in caught or ():
            said = own.category, str(own.message)
            if said not in self._warned:
                self._warned.add(said)
                warn_caller(said[1], own.category)
        return rows

    def _pieces(self, place):
        """Pieces of a block; its values that draws hardly hold are asked about here."""
        fitted = self._runner.fitted
        try:
            # Jobs are at work meanwhile.
            with own_share(self._runner.share):
                own_answers = fitted.own_answers(place.X, asked=self._asked)
        except Exception as error:
            known = Explained(None, error=error)
            yield _Step(place, Piece(place.X, place.first_row, None), known)
            return
        if own_answers is not None:
            self._found += Diagnostics(unasked=own_answers.unasked)
        for piece in self._runner.pieces(Piece(place.X, place.first_row, own_answers)):
            yield _Step(place, piece)

    def _explained(self, steps):
        """Explain the pieces of a few steps at a time; yield each step with its result."""
        runner = self._runner
        if runner.n_jobs == 1:
            for step in steps:
                yield step, runner.inline(step.piece) if step.waits else step.known
            return
        ahead = _Ahead(steps, runner)
        while ahead.fill():
            yield from ahead.explained()

    def _take(self, place, piece, explained):
        """Keep the attributions of a piece; after an error, those of its other rows."""
        if explained.error is None:
            place.parts.append(explained.values)
            self._found += explained.found
            return

        def attempt(part):
            return self._apart(piece, part)

        rows = slice(0, n_rows(piece.X))
        for part, result, error in explain_apart(attempt, rows, explained.error):
            if error is None:
                place.parts.append(result.values)
                self._found += result.found
            elif not self._skip_failed:
                raise self._told(error, place, piece, part)
            else:
                self._first_error = self._first_error or error
                first = piece.first_row
                self._failed += range(first + part.start, first + part.stop)
                place.parts.append(self._unknown(place, part.stop - part.start))
        if not self._skip_failed:
            # It does not come again for any of the rows alone.
            raise self._told(explained.error, place, piece, rows)

    def _told(self, error, place, piece, part):
        """An error, with the rows that it is about."""
        first, last = piece.first_row + part.start, piece.first_row + part.stop - 1
        which = f"row {first}" if first == last else f"rows {first}..{last}"
        error.add_note(
            f"This is about {which} of the stream, in block {place.number}; "
            'transform_blocks with on_error="null" gives NaN for such rows.'
        )
        return error

    def _apart(self, piece, part):
        """Explain some rows of a piece alone."""
        runner, own = self._runner, piece.part(part)
        if own.own_answers is None:
            # They may be what failed.
            own_answers = runner.fitted.own_answers(own.X, asked=self._asked)
            own = replace(own, own_answers=own_answers)
        explained = runner.inline(own)
        if explained.error is not None:
            raise explained.error
        return explained

    def _unknown(self, place, n):
        """Attributions of rows that could not be explained."""
        own = self._runner.fitted, place.block.rows, n, len(self._names)
        return no_attributions(*own)

    def _finished(self, place):
        parts = place.parts or [self._unknown(place, 0)]
        values = in_sparse_interface(concat(parts))
        return place.block.joined(values, self._names, self._labels)

    def _tell(self):
        """Tell all doubts, once."""
        self._tell_doubts(self._found)
        if self._failed:
            error = self._first_error
            warn_caller(
                f"{len(self._failed)} row(s) of the stream could not be explained and are "
                f"NaN: rows {listed(map(str, self._failed))}. The first error was "
                f"{type(error).__name__}: {error}",
                FailedRowsWarning,
            )


class _Ahead:
    """Steps of a stream that are read while jobs explain those before them.

    joblib goes on whether or not results are taken: it finds no more pieces than those that
    may be ahead of the results.

    Parameters
    ----------
    steps : iterator of _Step
    runner : Runner
        Explains the pieces; how many of them may be ahead, it tells. Ends of empty blocks
        may be ahead twice as many.
    """

    def __init__(self, steps, runner):
        self._steps, self._runner = steps, runner
        self._ahead, self._waiting = deque(), deque()

    def fill(self):
        """Read as many steps as there is room for; gives whether any are ahead."""
        n_pieces = sum(step.waits for step in self._ahead)
        most = self._runner.n_ahead
        while n_pieces < most and len(self._ahead) < 2 * most:
            step = next(self._steps, None)
            if step is None:
                break
            self._ahead.append(step)
            if step.waits:
                self._waiting.append(step.piece)
                n_pieces += 1
        return bool(self._ahead)

    def explained(self):
        """Yield steps with their results, until jobs have no piece left to begin with."""
        results = self._runner.together(self._waiting)
        try:
            while self._ahead:
                result = self._ahead[0].known
                if self._ahead[0].waits and (result := next(results, None)) is None:
                    # It was read when the jobs had ended.
                    return
                step = self._ahead.popleft()
                self.fill()
                yield step, result
        except BaseException:
            self._waiting.clear()
            raise
        finally:
            results.close()
