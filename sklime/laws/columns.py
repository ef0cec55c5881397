"""Interpretable columns: bins, categories or standardised values."""

import numpy as np
from scipy.special import ndtr

from sklime.laws.coordinates import UNSEEN
from sklime.laws.product import Atoms, Normal, NormalPieces
from sklime.tables.codecs import edge_text

# Cuts that are compared with all values in a tenth of the time of a search among them.
_FEW_CUTS = 16


class Column:
    """Training statistics of one column.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        The distinct encoded training values, sorted, NaN last if some are missing.
    masses : ndarray of shape (n_values,)
        Their frequencies, summing to 1.
    """

    binary = True

    # Whether it is drawn from a normal law, not from its training values.
    normal = False

    def __init__(self, values, masses):
        self.values = values
        self.masses = masses

    @property
    def observed(self):
        """Distinct training values that are not missing."""
        return self.values[: len(self.values) - self.has_missing]

    @property
    def has_missing(self):
        """Whether the column had missing values in training."""
        return bool(np.isnan(self.values[-1]))

    @property
    def frequencies(self):
        """Frequencies of the bins or categories, in a column that has them."""
        return np.bincount(self.law(None).bins, self.masses)

    def of_values(self, codes):
        """Whether bins are single values, not ranges of numbers."""
        return np.ones(np.shape(codes), dtype=bool)

    def marginal(self):
        """Empirical law of the column, relative to no row."""
        return self.law(None)


class BinnedColumn(Column):
    """Numeric column cut into bins, with one more bin for missing values.

    Parameters
    ----------
    values, masses : ndarray of shape (n_values,)
        As for `Column`.
    cuts : ndarray of shape (n_bins - 1,)
        Inner edges; a value equal to an edge lies in the bin below it.
    """

    def __init__(self, values, masses, cuts):
        super().__init__(values, masses)
        self.cuts = cuts
        self.n_bins = len(cuts) + 1 if len(self.observed) else 0
        self.bins = self.codes(values)

    def codes(self, x):
        """Bin of each value; `UNSEEN` for missing values where training had none."""
        codes = self._bins_of(x)
        missing = np.isnan(x)
        codes[missing] = self.n_bins if self.has_missing else UNSEEN
        if not self.n_bins:
            codes[~missing] = UNSEEN
        return codes

    def _bins_of(self, x):
        """Number of cuts below each value."""
        if len(self.cuts) > _FEW_CUTS:
            return np.searchsorted(self.cuts, x)
        return (x > self.cuts[:, np.newaxis]).sum(axis=0, dtype=np.int8).astype(np.intp)

    def by_bins(self):
        """A column of the same bins and frequencies, of whose values the ends are left."""
        first = np.flatnonzero(np.diff(self.bins, prepend=-1))
        last = np.append(first[1:], len(self.bins)) - 1
        places = np.unique(np.concatenate([first, last]))
        masses = np.zeros(len(self.values))
        masses[first] = np.bincount(self.bins, self.masses)[self.bins[first]]
        return BinnedColumn(self.values[places], masses[places], self.cuts)

    def of_values(self, codes):
        """Only what is missing, or was never seen, is a value."""
        return (np.asarray(codes) < 0) | (np.asarray(codes) >= self.n_bins)

    def law(self, code):
        """Empirical law with deviations from bin `code` (None: relative to no row)."""
        return Atoms(self.values, self.masses, self.bins, _deviations(self.bins, code))

    def labels(self, name, text, edge=edge_text):
        """A readable condition per code, the last one for `UNSEEN`."""
        bins = [self.range_label(name, k, k, text, edge) for k in range(self.n_bins)]
        return [*bins, f"{name} is missing", _unseen_label(name)]

    def range_label(self, name, low, high, text, edge=edge_text):
        """A readable condition that asks for some neighbouring bins, `low` to `high`."""
        last = len(self.cuts)
        if not last:
            return f"{name} = {text(self.values[0])}"
        below, above = (
            edge(self.cuts[k], self.observed) if 0 <= k < last else None
            for k in (low - 1, high)
        )
        if below is None:
            return f"{name} <= {above}" if above else f"{name} is not missing"
        return f"{below} < {name} <= {above}" if above else f"{name} > {below}"


class CategoricalColumn(Column):
    """Nominal column, whose values are compared for equality only."""

    def codes(self, x):
        """Position of each value among the training values, `UNSEEN` where it is none."""
        # Sorting and searching both put NaN last, so missing finds its own place.
        codes = np.minimum(np.searchsorted(self.values, x), len(self.values) - 1)
        found = self.values[codes]
        return np.where((found == x) | (np.isnan(found) & np.isnan(x)), codes, UNSEEN)

    def law(self, code):
        """Empirical law with deviations from category `code` (None: relative to no row)."""
        bins = np.arange(len(self.values))
        return Atoms(self.values, self.masses, bins, _deviations(bins, code))

    def labels(self, name, text, edge=None):
        """A readable condition per code, the last one for `UNSEEN`."""
        seen = [
            f"{name} is missing" if np.isnan(v) else f"{name} = {text(v)}"
            for v in self.values
        ]
        return [*seen, _unseen_label(name)]


class StandardisedColumn(Column):
    """A numeric column in units of its training standard deviation.

    A missing value stands at the training mean, if training had missing values.

    Parameters
    ----------
    values, masses : ndarray of shape (n_values,)
        As for `Column`.
    mean, scale : float
        Training mean and standard deviation (1 for a constant column).
    """

    binary = False

    def __init__(self, values, masses, mean, scale):
        super().__init__(values, masses)
        self.mean = mean
        self.scale = scale

    def codes(self, x):
        """0 for every value, `UNSEEN` for a missing one where training had none."""
        return np.where(np.isnan(x) & (not self.has_missing), UNSEEN, 0)

    def standardise(self, x):
        """Interpretable values of encoded ones."""
        return np.nan_to_num((x - self.mean) / self.scale, nan=0.0)

    def law(self, z):
        """Empirical law with deviations from value `z` (None: relative to no row)."""
        own = self.standardise(self.values)
        deviations = np.zeros_like(own) if z is None else own - z
        return Atoms(self.values, self.masses, np.full(len(own), UNSEEN), deviations)

    def labels(self, name, text, edge=None):
        """Labels of the column: its name for each code, the last one for `UNSEEN`."""
        return [name, _unseen_label(name)]


class NormalColumn(StandardisedColumn):
    """A standardised column that is drawn from a normal law.

    Parameters
    ----------
    values, masses, mean, scale
        As for `StandardisedColumn`.
    """

    normal = True

    @classmethod
    def of(cls, column):
        """The same column, drawn from a normal law."""
        return cls(column.values, column.masses, column.mean, column.scale)


def inside_and_outside(values, masses, bins, total=None):
    """Mean values of functions of one column, inside and outside each bin.

    Parameters
    ----------
    values : ndarray of shape (n_values, n_functions)
        The functions at the column's values, or cells of values.
    masses : ndarray of shape (n_values,)
        Their probabilities.
    bins : ndarray of shape (n_values,) of int
        The bin that each lies in.
    total : float, default=None
        The mean over all, where it is known better than by its sum.

    Returns
    -------
    inside, outside : ndarray of shape (n_bins + 1, n_functions)
        Both the mean over all where the column does not vary, and in the last line, which
        is of a value that training never had: no bin matches it.
    """
    q = np.bincount(bins, masses)[:, np.newaxis]
    sums = np.zeros((len(q), values.shape[1]))
    np.add.at(sums, bins, values * masses[:, np.newaxis])
    total = sums.sum(axis=0) if total is None else np.full(values.shape[1], total)
    varies = (q > 0.0) & (q < 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.where(varies, sums / q, total)
        outside = np.where(varies, (total - sums) / (1.0 - q), total)
    return np.vstack([inside, total]), np.vstack([outside, total])


def sums_of_others(sums):
    """Sums over all bins but the own one, not as differences, in which small ones drown.

    Parameters
    ----------
    sums : ndarray of shape (n_bins, n_functions)
        Over each bin.

    Returns
    -------
    ndarray of shape (n_bins, n_functions)
    """
    before = np.cumsum(sums[:-1], axis=0)
    after = np.cumsum(sums[:0:-1], axis=0)[::-1]
    none = np.zeros_like(sums[:1])
    return np.concatenate([none, before]) + np.concatenate([after, none])


def mean_and_sd(values, masses):
    """Mean and standard deviation of a law of a few values, missing ones left out.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        Distinct values, sorted, NaN last.
    masses : ndarray of shape (n_values,)
        Their masses, in any unit.

    Returns
    -------
    mean, sd : float
        NaN and 0 where no value is observed; a single value has exactly 0.
    """
    observed = ~np.isnan(values)
    x, mass = values[observed], masses[observed]
    if len(x) < 2:
        return (x[0] if len(x) else np.nan), 0.0
    # In units of the largest, whose square need not be a number.
    unit = np.abs(x).max()
    mean = np.average(x / unit, weights=mass)
    return unit * mean, unit * np.sqrt(np.average(np.square(x / unit - mean), weights=mass))


def normal_law(column, mean, sd, position):
    """Normal law of a column.

    Parameters
    ----------
    column : BinnedColumn or StandardisedColumn
        Gives the interpretable units.
    mean, sd : float
        Of the drawn values.
    position : int, float or None
        The explained row's bin, or its standardised value; None: seen from no row.

    Returns
    -------
    NormalPieces or Normal
    """
    if not column.binary:
        if position is None:
            # No draw deviates from no row.
            return Normal(mean, sd, np.inf, column.mean)
        return Normal(mean, sd, column.scale, column.mean + column.scale * position)
    edges = np.concatenate([[-np.inf], column.cuts, [np.inf]])
    loc, scale = np.full(column.n_bins, mean), np.full(column.n_bins, sd)
    # A spread too small for a number: all draws are the mean, cut off by no edge at it.
    at = (edges - mean) / sd if sd > 0.0 else np.where(edges < mean, -np.inf, np.inf)
    masses = np.diff(ndtr(at))
    bins = np.arange(column.n_bins)
    return NormalPieces(
        masses, bins, _deviations(bins, position), loc, scale, edges[:-1], edges[1:]
    )


def truncated_law(column, code):
    """Law of a column by bins, normal and truncated inside each bin, as in lime.

    A bin with a single value is drawn at that value.
    """
    n_codes = column.n_bins + column.has_missing
    masses = np.bincount(column.bins, column.masses, n_codes)
    loc, scale = np.empty(n_codes), np.empty(n_codes)
    for b in range(n_codes):
        inside = column.bins == b
        loc[b], scale[b] = mean_and_sd(column.values[inside], column.masses[inside])
    low, high = column.observed[[0, -1]] if column.n_bins else (np.nan, np.nan)
    missing = [np.nan] * column.has_missing
    return NormalPieces(
        masses,
        np.arange(n_codes),
        _deviations(np.arange(n_codes), code),
        loc,
        scale,
        np.concatenate([[low], column.cuts, missing])[:n_codes],
        np.concatenate([column.cuts, [high], missing])[:n_codes],
    )


def _deviations(bins, code):
    """Deviations of bins: 1 outside the row's bin, 0 inside; 0 everywhere without a row."""
    return np.zeros(len(bins)) if code is None else (bins != code).astype(float)


def _unseen_label(name):
    return f"{name} = value never seen in training"
