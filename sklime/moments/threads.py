"""Threads of matrix products: one for our own, lest sums depend on how many share them."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


class _Limits:
    """Limits to a number of threads, the least of those of overlapping contexts."""

    def __init__(self):
        self._lock, self._open = threading.Lock(), []
        self._before, self._own = [], []

    def open(self, n_threads):
        with self._lock:
            if not self._open:
                self._before = _counts(_of_process())
            if not self._open or n_threads < min(self._open):
                self._limit(n_threads)
            self._open.append(n_threads)

    def close(self, n_threads):
        with self._lock:
            least = min(self._open)
            self._open.remove(n_threads)
            if not self._open:
                self._restore()
            elif min(self._open) > least:
                self._limit(min(self._open))

    def _limit(self, n_threads):
        with _in_control():
            _set(_of_process(), self._before, n_threads)
        self._own = _counts(_of_process())

    def _restore(self):
        # What others changed meanwhile is theirs: the end of a limit around ours.
        found = zip(self._before, self._own, _counts(_of_process()), strict=True)
        before = [n if own == now else None for n, own, now in found]
        with _in_control():
            _set(_of_process(), before)


@cache
def _libraries(user_api):
    return ThreadpoolController().select(user_api=user_api).lib_controllers


@cache
def _of_thread():
    """Libraries of BLAS whose limits are each thread's own.

    They are OpenMP's, from version 3.8 of threadpoolctl on.
    """
    return [
        library
        for library in _libraries("blas")
        if getattr(library, "threading_layer", None) == "openmp"
        and hasattr(library, "clear_controlling_thread")
    ]


@cache
def _of_process():
    """Libraries of BLAS whose limits are those of the whole process."""
    return [library for library in _libraries("blas") if library not in _of_thread()]


def _counts(libraries):
    return [library.num_threads for library in libraries]


def _set(libraries, counts, most=math.inf):
    """Set numbers of threads, each at most so many; None leaves a library alone."""
    for library, n_threads in zip(libraries, counts, strict=True):
        if n_threads is not None:
            library.set_num_threads(min(n_threads, most))


@contextmanager
def _lowered(libraries, n_threads):
    """Context in which this thread's own limits are at most so many threads."""
    before = _counts(libraries)
    _set(libraries, before, n_threads)
    try:
        yield
    finally:
        _set(libraries, before)


@contextmanager
def _in_control():
    """Context in which this thread may limit BLAS, and after which any may.

    From its version 3.8 on, threadpoolctl ignores all threads but the first that limits it,
    as long as that one lives: the main thread, by fitting.
    """
    _free()
    try:
        yield
    finally:
        _free()


def _free():
    for library in _of_process():
        free = getattr(library, "clear_controlling_thread", None)
        if free is not None:
            free(force=True)


_limits = _Limits()


@contextmanager
def at_most_threads(n_threads: int) -> Iterator[None]:
    """Context in which matrix products run in at most so many threads of BLAS.

    They are those of the whole process, unless a library limits each thread alone. What
    has fewer already keeps these.

    Parameters
    ----------
    n_threads : int
    """
    with _lowered(_of_thread(), n_threads):
        _limits.open(n_threads)
        try:
            yield
        finally:
            _limits.close(n_threads)


@contextmanager
def one_thread() -> Iterator[None]:
    """Context in which matrix products run in one thread of BLAS.

    Libraries share products out among their threads, and round differently with each number
    of them: workers of other backends have fewer than a serial run. Models are queried
    outside, with the threads that they are given.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.moments.threads import one_thread
    >>> with one_thread():
    ...     np.eye(2) @ [1.0, 2.0]
    array([1., 2.])
    """
    with at_most_threads(1):
        yield


@contextmanager
def openmp_threads(n_threads: int) -> Iterator[None]:
    """Context in which what this thread starts by OpenMP has at most so many threads.

    Parameters
    ----------
    n_threads : int
    """
    # Of OpenMP alone: what is restored behind it would else lift limits of other threads.
    with _lowered(_libraries("openmp"), n_threads):
        yield
