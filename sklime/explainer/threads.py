"""Threads of the model beside threads of jobs: together no more than there are cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from joblib import cpu_count, parallel_config

from sklime.moments.threads import at_most_threads, openmp_threads


def share_of_jobs(n_jobs: int) -> int:
    """Cores for each of several jobs."""
    return max(1, cpu_count() // n_jobs)


@contextmanager
def own_share(share: int | None) -> Iterator[None]:
    """Context of one job, in which a model uses its share of the cores.

    Parameters
    ----------
    share : int or None
        Number of threads. None: the backend of the jobs sees to it.
    """
    if share is None:
        yield
        return
    with ExitStack() as stack:
        stack.enter_context(at_most_threads(share))
        stack.enter_context(openmp_threads(share))
        if share == 1:
            # A model's own jobs, whatever its n_jobs.
            stack.enter_context(parallel_config(backend="sequential"))
        yield
