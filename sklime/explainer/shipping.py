"""Shipping of fitted explainers to the workers of other processes: once to each."""

from __future__ import annotations

import pickle
from collections import OrderedDict
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


class Shipped:
    """An object, such as a fitted explainer, for the workers of other processes.

    joblib hands large arrays over once, as files in memory; a worker reads them once.

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
        self.state = np.frombuffer(content, dtype=np.uint8)
        self.key = uuid4().hex

    @property
    def value(self) -> Any:
        """The object, in a worker."""
        with _lock:
            if self.key not in _known:
                _known[self.key] = pickle.loads(self.state.tobytes())
            _known.move_to_end(self.key)
            while len(_known) > _MOST:
                _known.popitem(last=False)
            return _known[self.key]

    @staticmethod
    def portable(error: Exception) -> Exception:
        """An error that other processes can read: itself, or one that names it."""
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            return RuntimeError(f"{type(error).__name__}: {error}")
        return error
