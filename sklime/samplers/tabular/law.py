"""Laws of table rows whose columns are drawn independently of each other."""

from dataclasses import replace
from functools import cache

import numpy as np
from sklearn.utils import gen_batches

from sklime.kernels import Kernel
from sklime.laws.base import LawOfValues, SharedLawOfValues, ShiftedLaw
from sklime.laws.coordinates import UNSEEN, coordinates
from sklime.laws.product import Normal
from sklime.laws.quasirandom import (
    places_of_draws,
    resolve_seed,
    scramble_of_draws,
    uniform_numbers,
)
from sklime.laws.tilted import MatchedLaw, NormalLaw, mismatch_by_bin
from sklime.local_widths import local_precisions
from sklime.samplers.tabular.pairs import ColumnPairs

# Seed of what takes another value's place in draws, beside theirs.
_WITHIN = 72_014

# Values of a standardised column that tell how many draws a kernel leaves.
_MOST_ATOMS = 256


class ColumnsLaw(LawOfValues):
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

    knows_columns = True

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

    @property
    def asks_own_values(self):
        """Whether the model is asked about values that the draws hardly have."""
        return self.sampler.handle_unknown == "ask"

    def input_columns(self, j):
        return self.sampler.format_.input_columns(j)

    def paired_draws(self, X, kernel, n_samples, random_state):
        sequence, seed = self.sampler.sequence, resolve_seed(random_state)
        numbers = cache(lambda d: uniform_numbers(n_samples, d, sequence, seed))
        n_draws = self.count_draws(n_samples)
        within = _even_numbers(seed, self.groups(n_draws), n_draws)
        tilts = self.tilt(kernel) is not None and _weighs_all(kernel)
        units = self.sampler.units(X)
        for i, view in enumerate(self.sampler.views(X)):
            columns = np.arange(len(view.columns)) if units is None else units[i]
            law = self.sampler.law_seen_from(view)
            own = law, kernel, tilts, numbers, within
            yield ColumnPairs(X, i, view, columns, *own)

    def has_unseen(self, X):
        if self.sampler.units(X) is None:
            return (self.sampler.locate(X).codes == UNSEEN).any(axis=0)
        return np.array([(v.at.codes == UNSEEN).any() for v in self.sampler.views(X)], bool)

    def independent_columns(self, X):
        return self.sampler.independent_columns()

    def _drawn(self, view, numbers):
        law = self.sampler.law_seen_from(view)
        if self.kernel is not None:
            law = law.tilt(self.kernel)
        E = law.draw(numbers(len(view.columns)))
        return view.format.decode(E), coordinates(view.columns, E)


class SharedColumnsLaw(ColumnsLaw, SharedLawOfValues):
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

    def bin_masses(self):
        laws = map(self.sampler.column_law, np.flatnonzero(self.sampler.binary_features_))
        return [np.bincount(law.bins, law.masses) for law in laws]

    def bins_of_values(self):
        binary = np.flatnonzero(self.sampler.binary_features_)
        return [
            self.sampler.columns_[j].of_values(np.arange(len(masses)))
            for j, masses in zip(binary, self.bin_masses(), strict=True)
        ]

    def efficiencies(self, located, kernel):
        if self.tilt(kernel) is None or not _weighs_all(kernel):
            return None
        at, masses = located, iter(self.bin_masses())
        logs = []
        for j, column in enumerate(self.sampler.columns_):
            if column.binary:
                own, q = at.codes[j].astype(np.intp), next(masses)
                law = MatchedLaw.of(q, own, mismatch_by_bin(kernel, q))
                logs.append(law.log_efficiency)
            else:
                law = self.sampler.column_law(j)
                found = _log_efficiency(column, law, at.z[j], kernel.precision)
                # A gap is equally far from all draws.
                logs.append(np.where(at.codes[j] == UNSEEN, 0.0, found))
        return np.exp(sum(logs, np.zeros(len(at))))

    def kernels_around(self, kernel, located):
        if not kernel.local:
            return lambda _: kernel
        precisions = np.full((len(located), len(located.binary)), kernel.precision)
        masses = self.bin_masses()
        for j, q in zip(np.flatnonzero(located.binary), masses, strict=True):
            precisions[:, j] = local_precisions(np.append(q, 0.0))[located.codes[j]]
        precisions[located.codes.T == UNSEEN] = 0.0
        return lambda i: _ColumnwiseKernel(precisions[i])

    def redrawn(self, inputs, j, code, inside, u):
        E = self.sampler.format_.encode(inputs)
        E[:, j] = self.values_redrawn(j, code, inside, u)
        return self.sampler.format_.decode(E)

    def values_redrawn(self, j, code, inside, u):
        """Encoded values of one column that `redrawn` puts into draws."""
        law = self.sampler.column_law(j)
        masses = np.where((law.bins == code) == inside, law.masses, 0.0)
        return replace(law, masses=masses / masses.sum()).draw(u)

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
        unseen = at.codes.T == UNSEEN
        if unseen.any():
            E = np.where(unseen, [column.mean for column in sampler.columns_], E)
        moved = (E[:, np.newaxis] + deviations).reshape(-1, E.shape[1])
        positions = np.ascontiguousarray(at.z.T)
        positions[unseen] = np.nan
        return sampler.format_.decode(moved), positions


class _ColumnwiseKernel(Kernel):
    """Gaussian kernel around one row, with a precision (n_features,) for each column."""

    def __init__(self, precisions):
        self.precisions = precisions

    def __call__(self, Z, z):
        Z, z = np.asarray(Z, dtype=np.float64), np.asarray(z, dtype=np.float64)
        return np.exp(-0.5 * (np.square(Z - z) @ self.precisions))


def _even_numbers(seed, groups, n_draws):
    """Numbers in [0, 1) that are evenly spread over each group of draws."""
    rng = np.random.default_rng([seed, _WITHIN])
    if groups is None:
        return rng.random(n_draws)
    ranks = np.tile(np.arange(n_draws // (groups.max() + 1)), (groups.max() + 1, 1))
    ranks = rng.permuted(ranks, axis=1).ravel()
    return (ranks + rng.random(n_draws)) / (ranks.max() + 1)


def _weighs_all(kernel):
    """Whether a product kernel leaves weight to draws that share no bin with a row."""
    if kernel.local:
        return True
    # Factors that round to 0 do so under narrow kernels, which leave contrasts.
    weights = kernel.column_factor(np.array([0.0, 1.0]))
    return kernel.precision is not None or bool((weights > 0.0).all())


def _log_efficiency(column, law, z, precision):
    """Logarithms of ``(E w)**2 / E w**2`` around standardised values of one column."""
    if isinstance(law, Normal):
        return NormalLaw.of(column, law.mean, law.sd, z, precision).log_efficiency
    values, masses = column.standardise(law.values), law.masses
    if len(values) > _MOST_ATOMS:
        levels = (np.arange(_MOST_ATOMS) + 0.5) / _MOST_ATOMS
        at = np.searchsorted(np.cumsum(masses), levels)
        values = values[np.minimum(at, len(values) - 1)]
        masses = np.full(_MOST_ATOMS, 1.0 / _MOST_ATOMS)
    found = np.empty(len(z))
    for rows in gen_batches(len(z), 4096):
        excess = np.square(values - z[rows, np.newaxis])
        excess -= excess.min(axis=1, keepdims=True)
        with np.errstate(under="ignore", over="ignore"):
            weights = np.exp(-0.5 * precision * excess)
        found[rows] = 2.0 * np.log(weights @ masses) - np.log(np.square(weights) @ masses)
    return found
