"""The contract of laws: the distributions by which fitted samplers perturb rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sklime.exceptions import NoClosedForm
from sklime.kernels import Kernel, checked_weights

if TYPE_CHECKING:
    from sklime.laws.cells import Cells
    from sklime.laws.coordinates import Coordinates
    from sklime.laws.independent import IndependentColumns
    from sklime.laws.quasirandom import RandomState
    from sklime.tables.typing import Table


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Perturbations of one row: a sample of its neighbourhood, still without weights.

    Parameters
    ----------
    inputs : table of n_samples rows
        The perturbed points, as the model takes them.
    design : ndarray of shape (n_samples, n_units)
        The same points in interpretable units, relative to the row.
    position : ndarray of shape (n_units,)
        The row itself in these units.
    masses : ndarray of shape (n_samples,), default=None
        Probabilities of the draws under the sampler's law, up to a common factor: finite,
        none negative, not all zero. None: all the same.
    groups : ndarray of shape (n_samples,) of int, default=None
        Which draws belong together: groups are independent of each other, draws within one
        need not be. None: all draws are independent.
    exhaustive : bool, default=False
        Whether the draws are all there are, so that nothing is estimated from them.
    n_draws : int, default=None
        Number of draws that the points stand for, where equal draws were joined. None: one
        each.
    part_sizes : tuple of int, default=None
        Numbers of units of the parts of a row that a `MixedSampler` describes, which sum to
        n_units. None: the row is one part.
    fills : ndarray of shape (n_samples, n_copies, n_units), default=None
        Encoded values that what is dropped takes in each of the copies that a draw of masks
        stands for. None: the row itself tells them.
    """

    inputs: Table
    design: NDArray[Any]
    position: NDArray[Any]
    masses: NDArray[np.float64] | None = None
    groups: NDArray[np.intp] | None = None
    exhaustive: bool = False
    n_draws: int | None = None
    part_sizes: tuple[int, ...] | None = None
    fills: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.design)


# What the code calls it: kernels weigh it later.
Sample = Neighbourhood


class PairedDraws(Protocol):
    """Draws around one row, in which single columns can change sides.

    A column's sides are the row's own bin, category or value, and all others.

    Attributes
    ----------
    columns : ndarray of shape (n_units,) of int
        The columns that describe the row.
    masses, weighted_masses : ndarray of shape (n_units,)
        Probabilities of the row's own side under the law, and under the weighted law.
    of_values : ndarray of shape (n_units,) of bool
        Whether that side is a single value, not a range of numbers.
    inputs : table of n_draws rows
        The draws as the model takes them.
    matches : ndarray of shape (n_units, n_draws) of bool
        Whether a draw is on the row's own side.
    """

    columns: NDArray[np.intp]
    masses: NDArray[np.float64]
    weighted_masses: NDArray[np.float64]
    of_values: NDArray[np.bool_]
    inputs: Table
    matches: NDArray[np.bool_]

    def swapped(self, k: int) -> Table:
        """The draws with unit `k` on the other side of each."""

    def weights(self, k: int) -> NDArray[np.float64]:
        """Weights of the draws by all units but `k`."""


class FittedSampler(Protocol):
    """What a law asks of the sampler whose draws it is; each kind of law asks more."""

    n_features_in_: int


class Law(ABC):
    """Base of the laws by which fitted samplers perturb rows.

    `SharedLaw`, `ShiftedLaw` and `MaskLaw` promise more, and cost less. A law of a
    sampler's own needs `draw` alone, and `tilt` where narrow kernels shall waste no draws.

    Parameters
    ----------
    sampler : Sampler
        Fitted: describes the rows.
    """

    def __init__(self, sampler: FittedSampler) -> None:
        self.sampler = sampler

    def __repr__(self) -> str:
        return repr(self.sampler)

    @property
    def n_features(self) -> int:
        """Number of columns of a row."""
        return self.sampler.n_features_in_

    @abstractmethod
    def draw(self, X: Table, n_samples: int, random_state: RandomState) -> list[Sample]:
        """Draw perturbations of each row.

        Parameters
        ----------
        X : rows
            Checked rows.
        n_samples : int
            Draws per row, before rounding up.
        random_state : int, RandomState instance or None
            Source of randomness. Equal rows get equal draws for equal integers, whatever
            else is in `X`.

        Returns
        -------
        list of Sample
            One per row.
        """

    def kernel_weights(self, kernel: Kernel, sample: Sample) -> NDArray[np.float64]:
        """Weigh the draws of a sample by a kernel, apart from their masses.

        Parameters
        ----------
        kernel : Kernel
            With nothing left open.
        sample : Sample
            Drawn from the law.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return checked_weights(kernel, sample.design, sample.position)

    def n_equivalent(
        self, sample: Sample, weights: NDArray[np.float64]
    ) -> NDArray[np.float64] | None:
        """Number of unweighted draws of the weighted law that would tell as much.

        Parameters
        ----------
        sample : Sample
            Drawn from the law.
        weights : ndarray of shape (n_samples,)
            Of its draws, masses included.

        Returns
        -------
        ndarray of shape (n_units,), or None
            Of each unit; NaN where nothing tells units apart. None: as many as there are.
        """
        return None

    def tilt(self, kernel: Kernel) -> Law | None:
        """Weigh the law by a kernel centred on each row.

        Parameters
        ----------
        kernel : Kernel
            With nothing left open.

        Returns
        -------
        Law or None
            The normalised weighted law, whose draws need no weights; None where it cannot
            be drawn from.
        """
        return None

    def ordered(self, order: NDArray[np.intp]) -> Law:
        """Law that gives the first random numbers to the columns that matter most.

        Parameters
        ----------
        order : ndarray of shape (n_features,) of int
            The columns, those first that matter most.

        Returns
        -------
        Law
            Here the law itself.
        """
        return self

    def count_draws(self, n_samples: int) -> int:
        """Number of draws that a request for `n_samples` gives: here as many."""
        return n_samples

    def groups(self, n_draws: int) -> NDArray[np.intp] | None:
        """Groups of draws that belong together, as `Sample.groups`."""
        return None

    def prefix_positions(self, n_draws: int, n_more: int) -> NDArray[np.intp] | None:
        """Positions of a request's draws among those of a larger one.

        Parameters
        ----------
        n_draws, n_more : int
            Numbers of draws, as `count_draws` gives them, the smaller first.

        Returns
        -------
        ndarray of shape (n_draws,) of int, or None
            None: the two share no draws.
        """
        return None

    # Whether the model is asked about values that the draws hardly have.
    asks_own_values = False

    # Whether 0/1 designs are summed in double precision, as few or costly draws allow.
    sums_in_double = False

    # Whether columns have laws of their own, on which a kernel's width may depend.
    knows_columns = False

    def input_columns(self, j: int) -> list[int]:
        """Positions of the table's columns that a feature stands for: here its own."""
        return [j]

    def independent_columns(self, X: Table) -> IndependentColumns:
        """The law as one of independent columns, for closed forms.

        Parameters
        ----------
        X : table
            Checked training rows.

        Returns
        -------
        IndependentColumns

        Raises
        ------
        NoClosedForm
            If it is none; the message says why.
        """
        raise NoClosedForm(f"{self!r} has no independent columns")


class SharedLaw(Law):
    """Base of the laws whose draws are the same for all rows: the model is queried once."""

    @abstractmethod
    def pool(self, n_samples: int, random_state: RandomState) -> tuple[Table, Coordinates]:
        """Draw the perturbations that all rows share.

        Returns
        -------
        inputs : table
            The draws as the model takes them.
        points : Coordinates
            The draws in interpretable space.
        """

    def pool_masses(
        self, n_samples: int, random_state: RandomState
    ) -> NDArray[np.float64] | None:
        """Masses of the draws of `pool`, as `Sample.masses`: here all the same."""
        return None

    @abstractmethod
    def locate(self, X: Table) -> Coordinates:
        """Coordinates of checked rows in interpretable space."""

    def kernels_around(
        self, kernel: Kernel, located: Coordinates
    ) -> Callable[[int], Kernel]:
        """Kernels that weigh the pool around rows.

        Parameters
        ----------
        kernel : Kernel
            With nothing left open.
        located : Coordinates
            Rows, as `locate` gives them.

        Returns
        -------
        callable
            Gives the kernel of one of the rows, by its position.
        """
        return lambda _: kernel

    # Whether it is a `SharedLawOfValues` whose cells have known probabilities.
    cells_known = False


class LawOfValues(Law):
    """Base of laws of columns, which know what values they draw and which are rare.

    Own-value draws are taken from them where `asks_own_values` says so.
    """

    @abstractmethod
    def paired_draws(
        self, X: Table, kernel: Kernel, n_samples: int, random_state: RandomState
    ) -> Iterator[PairedDraws]:
        """Draws around each row, in which single columns can change sides.

        Parameters
        ----------
        X : rows
            Checked rows.
        kernel : Kernel
            Weighs the draws, where the weighted law cannot be drawn from.
        n_samples, random_state
            As for `draw`.

        Yields
        ------
        PairedDraws
            One per row.
        """

    @abstractmethod
    def has_unseen(self, X: Table) -> NDArray[np.bool_]:
        """Whether checked rows have values that training never had."""


class SharedLawOfValues(SharedLaw, LawOfValues):
    """Base of laws of columns whose draws are the same for all rows."""

    @abstractmethod
    def bin_masses(self) -> list[NDArray[np.float64]]:
        """Probabilities of the bins of each column that is compared by bin."""

    @abstractmethod
    def bins_of_values(self) -> list[NDArray[np.bool_]]:
        """Whether each of these bins is a single value, not a range of numbers."""

    @abstractmethod
    def efficiencies(
        self, located: Coordinates, kernel: Kernel
    ) -> NDArray[np.float64] | None:
        """Shares of the draws that a kernel leaves around rows, ``(E w)**2 / E w**2``.

        Parameters
        ----------
        located : Coordinates
            The rows, as `locate` gives them.
        kernel : Kernel
            With nothing left open.

        Returns
        -------
        ndarray of shape (n_rows,) or None
            None where the weighted law cannot be drawn from.
        """

    @abstractmethod
    def redrawn(
        self, inputs: Table, j: int, code: int, inside: bool, u: NDArray[np.float64]
    ) -> Table:
        """Redraw one column of draws from a bin, or from all others.

        Parameters
        ----------
        inputs : table of n_draws rows
            Draws, as `pool` gives them.
        j, code : int
            The column, and its bin.
        inside : bool
            Whether to draw from the bin, or from all others.
        u : ndarray of shape (n_draws,)
            Numbers in [0, 1).
        """

    @abstractmethod
    def cells(self, inputs: Table, n_levels: int) -> list[Cells]:
        """Cut the columns of pool draws into cells within their bins.

        Parameters
        ----------
        inputs : table
            Draws, as `pool` gives them.
        n_levels : int
            Cells of a column, besides those that bins make of them.

        Returns
        -------
        list of Cells
            One per column.
        """


class ShiftedLaw(Law):
    """Base of the laws whose draws are the same deviations around every row."""

    @abstractmethod
    def deviations(
        self, n_samples: int, random_state: RandomState
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Draw the deviations from the row that all rows share.

        Returns
        -------
        deviations, standardised : ndarray of shape (n_draws, n_features)
            In the columns' own units, and in interpretable ones.
        """

    @abstractmethod
    def around(
        self, X: Table, deviations: NDArray[np.float64]
    ) -> tuple[Table, NDArray[np.float64]]:
        """Move deviations to each row.

        Returns
        -------
        inputs : table of n_rows * n_draws rows
            As the model takes them.
        positions : ndarray of shape (n_rows, n_features)
            The rows in interpretable units.
        """
