"""One run of a command: what it tells, and how it ends."""

from __future__ import annotations

import json
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sklime.cli.exits import CommandError, Exit, Stopped
from sklime.cli.signals import stopped_by_signals


class Session:
    """What one run of a command tells: to people on stderr, to programs on stdout.

    Parameters
    ----------
    as_json : bool
        Whether the result, or the error, is told as one JSON object on stdout.
    quiet : bool
        Whether only errors and doubts are told.
    """

    def __init__(self, as_json: bool = False, quiet: bool = False) -> None:
        self._as_json, self._quiet = as_json, quiet
        self._done: tuple[int, int] | None = None
        self._bar: Any = None

    def run(self, command: Callable[[], dict[str, Any]], told: str) -> Exit:
        """Run a command; tell what it gave, or how it failed.

        Parameters
        ----------
        command : callable
            Gives what was done, in JSON.
        told : str
            A sentence about that, with its fields in braces.

        Returns
        -------
        Exit
        """
        try:
            with stopped_by_signals(), self._collected() as doubts:
                result = command()
        except (Stopped, KeyboardInterrupt) as error:
            code = getattr(error, "code", Exit.INTERRUPTED)
            return self._failed(code, f"stopped{self._how_far()}")
        except CommandError as error:
            return self._failed(error.code, str(error) + self._resumable(error.code))
        except Exception as error:
            if not self._as_json:
                traceback.print_exc()
            return self._failed(Exit.FAULT, f"{type(error).__name__}: {error}")
        result = {"exit_code": int(Exit.DONE), **result, "doubts": doubts}
        if not self._quiet:
            for note in result.get("notes", ()):
                self._tell(note)
        for doubt in doubts:
            self._tell(doubt)
        if self._as_json:
            print(json.dumps(result, default=str))
        elif not self._quiet:
            print(_printable(told.format_map(result)))
        return Exit.DONE

    def progress(self, done: int, of: int) -> None:
        """Tell how many rows are done, of all."""
        self._done = done, of
        if self._quiet or not sys.stderr.isatty():
            return
        if self._bar is None:
            self._bar = _bar()
            self._bar.start()
            self._task = self._bar.add_task("explaining", total=of, completed=done)
        self._bar.update(self._task, completed=done)

    @contextmanager
    def _collected(self) -> Iterator[list[str]]:
        """Context that collects warnings; each is told once."""
        doubts: list[str] = []
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                # Of other packages, about their own future.
                for kind in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
                    warnings.simplefilter("ignore", kind)
                yield doubts
            doubts += dict.fromkeys(str(own.message) for own in caught)
        finally:
            if self._bar is not None:
                self._bar.stop()

    def _failed(self, code, message):
        print(f"sklime: {message}", file=sys.stderr)
        if self._as_json:
            print(json.dumps({"exit_code": int(code), "error": message}))
        return code

    def _tell(self, message):
        print(f"sklime: {message}", file=sys.stderr)

    def _how_far(self):
        if self._done is None:
            return " before any row: run it again."
        done, of = self._done
        return f" after {done:,} of {of:,} rows: the same command resumes there."

    def _resumable(self, code):
        if (
            code in (Exit.MODEL, Exit.NOT_WRITTEN, Exit.DATA)
            and self._done
            and self._done[0]
        ):
            return f" It stopped{self._how_far()}"
        return ""


def _printable(text):
    """A text with escapes for what stdout cannot encode, as stderr has them."""
    # There may be no stdout, or one that has its own way with such characters.
    if getattr(sys.stdout, "errors", None) != "strict":
        return text
    encoding = sys.stdout.encoding
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _bar():
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
