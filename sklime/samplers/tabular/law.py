"""Laws of table rows whose columns are drawn independently of each other."""

from dataclasses import replace
from functools import cache

import numpy as np

from sklime.laws.base import Law, SharedLaw, ShiftedLaw
from sklime.laws.coordinates import coordinates
from sklime.laws.quasirandom import (
    places_of_draws,
    resolve_seed,
    scramble_of_draws,
    uniform_numbers,
)


class ColumnsLaw(Law):
    """Law of independent columns, relative to each row.

    Parameters
    ----------
    sampler : TabularSampler
        Fitted: gives each column's law.
    kernel : Kernel, default=None
        Weighs the law. None: as it is.
    order : ndarray of shape (n_features,) of int, default=None
        The columns, those first that matter most. None: as they stand in the table.
    """

    def __init__(self, sampler, kernel=None, order=None):
        super().__init__(sampler)
        self.kernel = kernel
        self.order = order

    def draw(self, X, n_samples, random_state):
        sequence, seed = self.sampler.sequence, resolve_seed(random_state)
        # The first numbers for the first in order.
        column = slice(None) if self.order is None else np.argsort(self.order)
        numbers = cache(lambda d: uniform_numbers(n_samples, d, sequence, seed)[:, column])
        groups = self.groups(self.count_draws(n_samples))
        found = []
        for view in self.sampler.views(X):
            draws = self._drawn(view, numbers)
            found.append(view.sample(*draws, groups))
        return found

    def tilt(self, kernel):
        if kernel.column_factor is None:
            return None
        if not self.sampler.binary_features_.all() and kernel.precision is None:
            return None
        return ColumnsLaw(self.sampler, kernel, self.order)

    def ordered(self, order):
        return ColumnsLaw(self.sampler, self.kernel, order)

    def count_draws(self, n_samples):
        return self.sampler.count_draws(n_samples)

    def groups(self, n_draws):
        return scramble_of_draws(n_draws, self.sampler.sequence)

    def prefix_positions(self, n_draws, n_more):
        return places_of_draws(n_draws, n_more, self.sampler.sequence)

    def independent_columns(self, X):
        return self.sampler.independent_columns()

    def _drawn(self, view, numbers):
        law = self.sampler.law_seen_from(view)
        if self.kernel is not None:
            law = law.tilt(self.kernel)
        E = law.draw(numbers(len(view.columns)))
        return view.format.decode(E), coordinates(view.columns, E)


class SharedColumnsLaw(ColumnsLaw, SharedLaw):
    """Law of independent columns that is the same for every row."""

    def draw(self, X, n_samples, random_state):
        inputs, points = self.pool(n_samples, random_state)
        groups = self.groups(self.count_draws(n_samples))
        return [view.sample(inputs, points, groups) for view in self.sampler.views(X)]

    def pool(self, n_samples, random_state):
        sampler, d = self.sampler, len(self.sampler.columns_)
        numbers = uniform_numbers(
            n_samples, d, sampler.sequence, resolve_seed(random_state)
        )
        E = sampler.shared_law().draw(numbers)
        return sampler.format_.decode(E), coordinates(sampler.columns_, E)

    @property
    def asks_own_values(self):
        """Whether the model is asked about values that the draws hardly have."""
        return self.sampler.handle_unknown == "ask"

    def bin_masses(self):
        laws = map(self.sampler.column_law, np.flatnonzero(self.sampler.binary_features_))
        return [np.bincount(law.bins, law.masses) for law in laws]

    def redrawn(self, inputs, j, code, inside, u):
        sampler = self.sampler
        law = sampler.column_law(j)
        masses = np.where((law.bins == code) == inside, law.masses, 0.0)
        E = sampler.format_.encode(inputs)
        E[:, j] = replace(law, masses=masses / masses.sum()).draw(u)
        return sampler.format_.decode(E)

    def locate(self, X):
        return self.sampler.locate(X)

    @property
    def cells_known(self):
        """Whether columns have cells of known probability."""
        return self.sampler.cells_known

    def cells(self, inputs, n_levels):
        return self.sampler.cells(inputs, n_levels)


class ShiftedColumnsLaw(ColumnsLaw, ShiftedLaw):
    """Law of the same deviations around every row."""

    def deviations(self, n_samples, random_state):
        columns, sequence = self.sampler.columns_, self.sampler.sequence
        seed = resolve_seed(random_state)
        numbers = uniform_numbers(n_samples, len(columns), sequence, seed)
        deviations = self.sampler.deviation_law().draw(numbers)
        return deviations, deviations / [column.scale for column in columns]

    def around(self, X, deviations):
        sampler = self.sampler
        E = sampler.format_.encode(X)
        at = sampler.locate(X)
        moved = (E[:, np.newaxis] + deviations).reshape(-1, E.shape[1])
        return sampler.format_.decode(moved), np.ascontiguousarray(at.z.T)
