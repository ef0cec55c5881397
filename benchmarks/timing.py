"""Times that a busy machine disturbs as little as possible."""

from time import perf_counter, process_time

import numpy as np


def seconds(job):
    """Wall-clock seconds of one call."""
    start = perf_counter()
    job()
    return perf_counter() - start


def processor_seconds(job):
    """Seconds that all processors spend on one call."""
    start = process_time()
    job()
    return process_time() - start


def interleaved_medians(*timers, rounds):
    """Median of what each timer returns; in turn, so that a slow spell hits all alike."""
    return np.median([[timer() for timer in timers] for _ in range(rounds)], axis=0)
