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
                self._before = _limit(n_threads, "blas")
            elif n_threads < min(self._open):
                _limit(n_threads, "blas")
            self._open.append(n_threads)

    def close(self, n_threads):
        with self._lock:
            least = min(self._open)
            self._open.remove(n_threads)
            if not self._open:
                self._before.restore_original_limits()
            elif min(self._open) > least:
                _limit(min(self._open), "blas")


@cache
def _controller():
    return ThreadpoolController()


def _limit(n_threads, user_api):
    return _controller().limit(limits=n_threads, user_api=user_api)


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
    with _limit(n_threads, "openmp"):
        yield
