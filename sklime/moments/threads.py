"""Threads of matrix products: one for our own, lest sums depend on how many share them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


class _Limits:
    """Limits to a number of threads, the least of those of overlapping contexts."""

    def __init__(self):
        self._lock, self._open, self._before = threading.Lock(), [], None

    def open(self, n_threads):
        with self._lock:
            if not self._open:
                self._before = _limit_blas(n_threads)
            elif n_threads < min(self._open):
                _limit_blas(n_threads)
            self._open.append(n_threads)

    def close(self, n_threads):
        with self._lock:
            least = min(self._open)
            self._open.remove(n_threads)
            if not self._open:
                with _in_control():
                    self._before.restore_original_limits()
            elif min(self._open) > least:
                _limit_blas(min(self._open))


@cache
def _controller(user_api):
    return ThreadpoolController().select(user_api=user_api)


def _limit_blas(n_threads):
    with _in_control():
        return _controller("blas").limit(limits=n_threads)


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
    for library in _controller("blas").lib_controllers:
        free = getattr(library, "clear_controlling_thread", None)
        if free is not None:
            free(force=True)


_limits = _Limits()


@contextmanager
def at_most_threads(n_threads: int) -> Iterator[None]:
    """Context in which matrix products run in at most so many threads of BLAS.

    They are those of the whole process.

    Parameters
    ----------
    n_threads : int
    """
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
    with _controller("openmp").limit(limits=n_threads):
        yield
