"""Work arrays that are used again for one batch of rows after the other."""

import numpy as np


class Workspace:
    """Arrays by name; new memory must be cleared first, which takes as long as the work.

    Arrays of one name share their memory: the last one that was asked for is valid.
    """

    def __init__(self):
        self._flat = {}

    def array(self, name, n, n_rows, dtype=np.float64):
        """Give a contiguous array of shape (n, n_rows), of which nothing is known."""
        flat = self._flat.get(name)
        if flat is None or len(flat) < n * n_rows:
            flat = self._flat[name] = np.empty(n * n_rows, dtype)
        return flat[: n * n_rows].reshape(n, n_rows)
