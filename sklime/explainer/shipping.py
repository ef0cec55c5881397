"""Shipping of fitted explainers to the workers of other processes: once to each."""

from __future__ import annotations

import os
import pickle
import platform
from collections import OrderedDict
from copy import copy
from threading import Lock
from typing import Any
from uuid import uuid4

import numpy as np
from joblib import wrap_non_picklable_objects
from joblib.parallel import get_active_backend

# Explainers that a worker has at hand.
_MOST = 4
_known: OrderedDict[str, Any] = OrderedDict()
_lock = Lock()


def shares_memory() -> bool:
    """Whether jobs are threads of this process, as they are unless a backend is chosen."""
    backend, _ = get_active_backend(prefer="threads")
    return bool(getattr(backend, "supports_sharedmem", False))


def limits_threads() -> bool:
    """Whether the backend of the jobs limits the threads of models in its workers."""
    backend, _ = get_active_backend(prefer="threads")
    return bool(getattr(backend, "supports_inner_max_num_threads", False))


def return_as() -> str:
    """How the backend of the jobs gives results: one by one, or all in a list."""
    backend, _ = get_active_backend(prefer="threads")
    one_by_one = getattr(backend, "supports_return_generator", False)
    return "generator" if one_by_one else "list"


class NotAtHand(Exception):
    """A worker was told the key of an object that it does not have."""


class Shipped:
    """An object, such as a fitted explainer, for the workers of other processes.

    A worker reads it once and has it at hand then.

    Parameters
    ----------
    value : object
    """

    def __init__(self, value: Any) -> None:
        # What users define in their own program, such as functions, goes along by value.
        state = wrap_non_picklable_objects(value, keep_wrapper=False)
        try:
            content = pickle.dumps(state)
        except Exception as error:
            error.add_note(
                "The explainer and its model are pickled for other processes: let the "
                "model hold nothing that cannot be, such as locks and open connections, or "
                "let jobs be threads, as they are unless a backend is chosen."
            )
            raise
        # joblib hands large arrays over as files in memory.
        self.state: np.ndarray | None = np.frombuffer(content, dtype=np.uint8)
        self.key = uuid4().hex

    @property
    def value(self) -> Any:
        """The object, in a worker."""
        with _lock:
            if self.key not in _known:
                if self.state is None:
                    raise NotAtHand
                _known[self.key] = pickle.loads(self.state.tobytes())
            _known.move_to_end(self.key)
            while len(_known) > _MOST:
                _known.popitem(last=False)
            return _known[self.key]

    def by_key(self) -> Shipped:
        """The same, for workers that have it at hand."""
        own = copy(self)
        own.state = None
        return own

    @staticmethod
    def portable(error: Exception) -> Exception:
        """An error that other processes can read: itself, or one that names it."""
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            return RuntimeError(f"{type(error).__name__}: {error}")
        return error


class SharedObject:
    """An object for jobs that share the memory of this process."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def sent(self) -> SharedObject:
        """What goes along with a piece of work."""
        return self

    def note(self, worker: tuple[str, int], at_hand: bool) -> None:
        """Note whether a worker has the object: all have."""

    @staticmethod
    def portable(error: Exception) -> Exception:
        """The error itself."""
        return error


class SentObject:
    """An object for jobs of other processes, sent along until each of them has it.

    Parameters
    ----------
    value : object
    n_workers : int
    """

    def __init__(self, value: Any, n_workers: int) -> None:
        self._shipped, self._n_workers = Shipped(value), n_workers
        self._by_key = self._shipped.by_key()
        self._workers: set[tuple[str, int]] = set()

    def sent(self) -> Shipped:
        """What goes along with a piece of work."""
        all_have = len(self._workers) >= self._n_workers
        return self._by_key if all_have else self._shipped

    def note(self, worker: tuple[str, int], at_hand: bool) -> None:
        """Note whether a worker has the object; one that has not may be new."""
        if at_hand:
            self._workers.add(worker)
        else:
            self._workers.clear()


def this_worker() -> tuple[str, int]:
    """What stands for this process."""
    return platform.node(), os.getpid()
