"""Cells of a column's values, each inside one bin."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Cells:
    """A column's values in cells, each of which lies in one bin.

    Parameters
    ----------
    of_draw : ndarray of shape (n_draws,) of int
        The cell of each draw.
    masses : ndarray of shape (n_cells,)
        Probabilities of the cells.
    bins : ndarray of shape (n_cells,) of int
        The bin that each cell lies in.
    """

    of_draw: np.ndarray
    masses: np.ndarray
    bins: np.ndarray

    def narrowed(self):
        """The same with numbers of cells in as few bytes as they need."""
        of_draw = self.of_draw.astype(np.min_scalar_type(len(self.masses)))
        return replace(self, of_draw=of_draw)
