"""Memory of a long run: what is freed, others may use."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

import pyarrow as pa

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def share_memory_of_threads() -> None:
    """Have glibc's threads share one heap that keeps what is freed, where this is glibc.

    Each thread has a heap of its own otherwise, which keeps what blocks of rows have freed:
    a sixth of the memory of a run in two jobs, at no gain in time. What is given back after
    each block must be cleared by the operating system before the next: a tenth of the time.
    """
    _ask_glibc("mallopt", _M_ARENA_MAX, 1)
    _ask_glibc("mallopt", _M_MMAP_THRESHOLD, 32 << 20)
    _ask_glibc("mallopt", _M_TRIM_THRESHOLD, 256 << 20)


def give_back_freed_memory() -> None:
    """Give the operating system what is freed, and kept for tables to come."""
    pa.default_memory_pool().release_unused()
    _ask_glibc("malloc_trim", 0)


def _ask_glibc(name, *numbers):
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            getattr(ctypes.CDLL("libc.so.6"), name)(*numbers)
