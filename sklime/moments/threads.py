"""One thread for matrix products, so that sums do not depend on how many share them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


class _Limit:
    """Limit to one thread, from the first of several overlapping contexts to the last."""

    def __init__(self):
        self._lock, self._n_open, self._limited = threading.Lock(), 0, None

    def open(self):
        with self._lock:
            if not self._n_open:
                self._limited = _controller().limit(limits=1, user_api="blas")
            self._n_open += 1

    def close(self):
        with self._lock:
            self._n_open -= 1
            if not self._n_open:
                self._limited.restore_original_limits()


@cache
def _controller():
    return ThreadpoolController()


_limit = _Limit()


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
    _limit.open()
    try:
        yield
    finally:
        _limit.close()
