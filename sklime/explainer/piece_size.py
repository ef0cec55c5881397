"""Sizes of pieces of rows, by how long earlier ones took, and whether jobs are worth it."""

from __future__ import annotations

import math

# How long a piece shall take, in seconds: far longer than it takes to hand it over. Pieces
# get shorter near the end, so that no job has long to wait for the last, but never so short
# that starting on them counts.
_SECONDS, _FEWEST_SECONDS = 0.5, 0.05

# How long a table may take that is explained without jobs, and the beginning of a stream.
_SHORT = 0.2

# How long rows of a stream may take for which jobs are not kept at work; and a row, where
# more are tried before jobs are.
_QUICK = 0.02


class PieceSize:
    """Number of rows of the next piece, by how long earlier ones took.

    Attributes
    ----------
    known : bool
        Whether earlier ones tell it, so that jobs need not begin with tiny pieces.
    """

    def __init__(self, n_jobs: int) -> None:
        self._n_jobs = n_jobs
        self._rows = 1
        self._first: float | None = None
        self._seconds_per_row = math.inf
        self._seconds, self.known = 0.0, False

    def next(self, n_left: int) -> int:
        """Rows of the next piece, where so many are left."""
        fewest = self._rows * _FEWEST_SECONDS / _SECONDS
        fair = n_left / (2 * self._n_jobs)
        return min(n_left, math.ceil(min(self._rows, max(fair, fewest))))

    def learn(self, n: int, seconds: float) -> None:
        """Note how long `n` rows took."""
        # A single row takes longer than each of many: where it is quick, more are tried.
        self.known = self._first is not None or n > 1 or seconds > _QUICK
        if self._first is None:
            self._first = seconds
        self._seconds += seconds
        # At least a quarter of the mean: the first row may have waited for an import.
        beyond_first = (seconds - self._first) / max(n - 1, 1)
        self._seconds_per_row = max(beyond_first, seconds / (4 * n if n > 1 else 1))
        wanted = int(n * _SECONDS / max(seconds, 1e-6))
        self._rows = max(1, min(wanted, 64 * n))

    def is_short(self, n: int) -> bool:
        """Whether a table of which `n` rows are left is not worth jobs."""
        return self._expected(n) < _SHORT

    def is_quick(self, n: int) -> bool:
        """Whether `n` waiting rows of a stream are not worth jobs."""
        return self._expected(n) < _QUICK

    @property
    def stream_has_begun(self) -> bool:
        """Whether a stream, of which no end is known, takes long enough for jobs."""
        return self.known and self._seconds >= _SHORT

    def _expected(self, n):
        """Seconds that `n` more rows will take."""
        return n * self._seconds_per_row if n else 0.0
