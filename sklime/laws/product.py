"""Product laws: distributions of rows whose columns are independent.

A kernel that is a product over columns turns such a law into another one (it *tilts* it),
which is what closed forms and narrow kernels stand on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sklime.kernels import Kernel


@dataclass(frozen=True, eq=False)
class ProductLaw:
    """Law of a table row whose columns are independent.

    Parameters
    ----------
    columns : tuple of Atoms, NormalPieces or Normal
        The law of each column, seen from one explained row.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.kernels import ExponentialKernel
    >>> from sklime.laws import Atoms, ProductLaw
    >>> die = Atoms(values=np.arange(1.0, 7.0), masses=np.full(6, 1 / 6),
    ...             bins=np.arange(6), deviations=(np.arange(6) != 5).astype(float))
    >>> law = ProductLaw((die,)).tilt(ExponentialKernel(width=0.5))
    >>> law.columns[0].masses.round(3)
    array([0.081, 0.081, 0.081, 0.081, 0.081, 0.596])
    """

    columns: tuple

    def __len__(self) -> int:
        return len(self.columns)

    def draw(self, U: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn uniform numbers into draws, column by column through the inverse CDF.

        Parameters
        ----------
        U : ndarray of shape (n_samples, n_columns)
            Numbers in [0, 1).

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
        """
        out = np.empty(U.shape)
        for j, column in enumerate(self.columns):
            out[:, j] = column.draw(U[:, j])
        return out

    def tilt(self, kernel: Kernel) -> ProductLaw:
        """Tilt the law by a product kernel centred on its row.

        Parameters
        ----------
        kernel : Kernel
            A kernel with a `column_factor`; columns with a normal density also need its
            `precision`.

        Returns
        -------
        ProductLaw
            The normalised weighted law.

        Raises
        ------
        ValueError
            If the kernel does not factorise over columns.
        """
        if getattr(kernel, "column_factor", None) is None:
            raise ValueError(
                f"kernel {kernel!r} is not a product over columns, so it does not turn a "
                'product law into another; use ExponentialKernel(metric="euclidean").'
            )
        kernel = kernel.resolve(metric="euclidean", width=0.75 * np.sqrt(len(self)))
        columns = (column.tilt(kernel.of_column(column)) for column in self.columns)
        return ProductLaw(tuple(columns))


class _Mixture:
    """Base of mixtures of weighted components."""

    def components(self: Any, u: NDArray[np.float64]) -> NDArray[np.intp]:
        """Index of each number's component, by the inverse CDF of the masses."""
        n = len(self.masses)
        if (self.masses == self.masses[0]).all():
            # Distinct values of a column of measurements: nothing to search for.
            return np.minimum((u * n).astype(np.intp), n - 1)
        return np.searchsorted(np.cumsum(self.masses)[:-1], u, side="right")

    def tilt(self: Any, kernel: Any) -> Any:
        """Tilt the law: weight each component by the kernel's factor of its deviation.

        In units of the factor of the closest component, where the kernel is Gaussian: the
        narrowest still leaves that one its weight.
        """
        if kernel.precision is None:
            factor = kernel.column_factor(self.deviations)
        else:
            excess = np.square(self.deviations)
            excess = excess - excess[self.masses > 0.0].min()
            closest = excess <= 0.0
            with np.errstate(invalid="ignore", over="ignore"):
                factor = np.where(closest, 1.0, np.exp(-0.5 * kernel.precision * excess))
        masses = self.masses * factor
        if not masses.any():
            raise ValueError(
                f"kernel {kernel!r} leaves no weight anywhere in a column; widen it."
            )
        return replace(self, masses=masses / masses.sum())


@dataclass(frozen=True, eq=False)
class Atoms(_Mixture):
    """Discrete law: an empirical marginal.

    Parameters
    ----------
    values : ndarray of shape (n_atoms,)
        Encoded values, NaN for a missing one.
    masses : ndarray of shape (n_atoms,)
        Their probabilities, summing to 1.
    bins : ndarray of shape (n_atoms,)
        The bin of each atom; -1 throughout for a standardised column.
    deviations : ndarray of shape (n_atoms,)
        Distance of each atom from the explained row in interpretable units: 1 outside
        the row's own bin and 0 inside, or the difference of standardised values.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.laws import Atoms
    >>> coin = Atoms(values=np.array([0.0, 1.0]), masses=np.array([0.5, 0.5]),
    ...              bins=np.array([0, 1]), deviations=np.array([1.0, 0.0]))
    >>> coin.draw(np.array([0.1, 0.6]))
    array([0., 1.])
    """

    values: np.ndarray
    masses: np.ndarray
    bins: np.ndarray
    deviations: np.ndarray

    def draw(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values at uniform numbers, by the inverse distribution function."""
        return self.values[self.components(u)]


@dataclass(frozen=True, eq=False)
class NormalPieces(_Mixture):
    """Mixture of single values and normal laws truncated to bins.

    Parameters
    ----------
    masses, bins, deviations : ndarray of shape (n_pieces,)
        As for `Atoms`.
    loc, scale : ndarray of shape (n_pieces,)
        Mean and standard deviation before truncation; scale 0 is the single value `loc`.
    lower, upper : ndarray of shape (n_pieces,)
        Ends of each piece.
    """

    masses: np.ndarray
    bins: np.ndarray
    deviations: np.ndarray
    loc: np.ndarray
    scale: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def draw(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values at uniform numbers: a component, then a place within it."""
        piece = self.components(u)
        start = np.concatenate([[0.0], np.cumsum(self.masses)[:-1]])[piece]
        # What the choice of the piece left of the number is uniform within the piece.
        within = np.clip((u - start) / self.masses[piece], 0.0, 1.0)
        loc, scale = self.loc[piece], self.scale[piece]
        lower, upper = self.lower[piece], self.upper[piece]
        single = scale == 0
        unit = np.where(single, 1.0, scale)
        # Ends that are more units away than floats can count are infinitely many away.
        with np.errstate(over="ignore"):
            low, high = ndtr((lower - loc) / unit), ndtr((upper - loc) / unit)
        # Rounding to 1 would draw infinity in the last piece.
        share = np.clip(low + within * (high - low), 2.0**-1022, 1.0 - 2.0**-53)
        drawn = loc + scale * ndtri(share)
        return np.where(single, loc, np.clip(drawn, lower, upper))


@dataclass(frozen=True, eq=False)
class Normal:
    """Normal law with a standardised design.

    Parameters
    ----------
    mean, sd : float
        Of the column's values.
    unit : float
        One interpretable unit, the column's training standard deviation.
    origin : float
        The explained row's own value.
    """

    mean: float
    sd: float
    unit: float
    origin: float

    def draw(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values at uniform numbers, by the inverse distribution function."""
        # The ends of [0, 1) would be infinite; half a Sobol step inside they are 6.3 sd.
        return self.mean + self.sd * ndtri(np.clip(u, 2.0**-33, 1.0 - 2.0**-33))

    def tilt(self, kernel):
        """Tilt the law by a Gaussian factor around the row: a normal law again."""
        if kernel.precision is None:
            raise ValueError(
                f"{kernel!r} has no Gaussian column factor, so it does not turn a normal "
                "law into another; use ExponentialKernel or MarginalSampler."
            )
        shrink = 1.0 / (1.0 + (self.sd / self.unit) ** 2 * kernel.precision)
        return replace(
            self,
            mean=self.origin + (self.mean - self.origin) * shrink,
            sd=self.sd * np.sqrt(shrink),
        )
