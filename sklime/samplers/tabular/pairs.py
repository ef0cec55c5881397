"""Draws around one row of a table, in which single columns can change sides."""

from dataclasses import replace
from functools import cached_property

import numpy as np
from scipy import sparse

from sklime.kernels import checked_weights
from sklime.laws.coordinates import UNSEEN, coordinates
from sklime.tables.access import with_values_of


class ColumnPairs:
    """Draws around one row of a table, as `PairedDraws`.

    Parameters
    ----------
    X : table
        Checked rows.
    i : int
        Which of them.
    view : RowView
        The same row with the columns that describe it.
    columns : ndarray of shape (n_units,) of int
        These columns.
    law : ProductLaw
        Of the draws, seen from the row.
    kernel : Kernel
        Centred on the row.
    tilts : bool
        Whether draws are of the weighted law; else they are weighted.
    numbers : callable
        Gives numbers in [0, 1) behind the draws, of shape (n_draws, n_units).
    within : ndarray of shape (n_draws,)
        Numbers in [0, 1) behind what takes another value's place.
    """

    def __init__(self, X, i, view, columns, law, kernel, tilts, numbers, within):
        self.X = X
        self.i = i
        self.view = view
        self.columns = columns
        self.law = law
        self.kernel = kernel
        self.tilts = tilts
        self.numbers = numbers
        self.within = within
        codes = view.at.codes[:, 0]
        self.masses = _own_masses(view.columns, law, codes)
        self.of_values = np.array(
            [c.of_values(code) for c, code in zip(view.columns, codes, strict=True)], bool
        )

    @cached_property
    def weighted_masses(self):
        """Probabilities of the row's own side under the weighted law."""
        return _own_masses(self.view.columns, self._drawn_from, self.view.at.codes[:, 0])

    @cached_property
    def inputs(self):
        """The draws as the model takes them."""
        return self.view.format.decode(self._encoded)

    @cached_property
    def matches(self):
        """Whether a draw is on the row's own side, of shape (n_units, n_draws)."""
        codes = self.view.at.codes
        return (self._points.codes == codes) & (codes != UNSEEN)

    def swapped(self, k):
        """The draws with unit `k` on the other side of each."""
        E, own, law = self._encoded, self.matches[k], self.law.columns[k]
        if self.masses[k] == 0.0:
            # The row's own value, which draws never have and numbers may not stand for.
            if not sparse.issparse(self.X):
                own = self.view.format.input_columns(self.columns[k])
                return with_values_of(self.inputs, own, self.X, self.i)
            new = np.full(len(E), self.view.e[0, k])
        else:
            inside = law.bins == self.view.at.codes[k, 0]
            new = np.empty(len(E))
            for drawn, side in ((own, ~inside), (~own, inside)):
                masses = np.where(side, law.masses, 0.0)
                side_law = replace(law, masses=masses / masses.sum())
                new[drawn] = side_law.draw(self.within[drawn])
        E = E.copy()
        E[:, k] = new
        return self.view.format.decode(E)

    def weights(self, k):
        """Weights of the draws by all units but `k`."""
        if self.tilts:
            return np.ones(len(self._encoded))
        Z, position = self._points.relative_to(self.view.at, 0)
        Z = Z.copy()
        Z[k] = position[k]
        return checked_weights(self.kernel, Z.T, position)

    @cached_property
    def _drawn_from(self):
        return self.law.tilt(self.kernel) if self.tilts else self.law

    @cached_property
    def _encoded(self):
        return self._drawn_from.draw(self.numbers(len(self.columns)))

    @cached_property
    def _points(self):
        return coordinates(self.view.columns, self._encoded)


def _own_masses(columns, law, codes):
    """Probabilities of a row's own bins; 1 for standardised values, 0 for unseen ones."""
    masses = np.ones(len(columns))
    for k, (column, own) in enumerate(zip(columns, law.columns, strict=True)):
        if codes[k] == UNSEEN:
            masses[k] = 0.0
        elif column.binary:
            inside = own.bins == codes[k]
            if own.masses[~inside].any():
                masses[k] = own.masses[inside].sum()
    return masses
