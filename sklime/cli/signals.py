"""Signals that end a command: it stops where it can be resumed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sklime.cli.exits import Exit, Stopped

_CODES = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Context in which SIGINT and SIGTERM raise `Stopped`; a second one ends at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    stopping = False

    def stop(number, _):
        nonlocal stopping
        code = _CODES[signal.Signals(number)]
        if stopping:
            os._exit(code)
        stopping = True
        raise Stopped(code)

    before = {number: signal.signal(number, stop) for number in _CODES}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
