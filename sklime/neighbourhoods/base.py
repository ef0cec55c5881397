"""Sampled sources of moments: draws around rows, and the model's responses to them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self

from sklime.moments.sampled import SampledMoments
from sklime.moments.source import Fitted, MomentSource
from sklime.moments.threads import one_thread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sklime.kernels import Kernel
    from sklime.laws.base import Law
    from sklime.model.response import Response
    from sklime.moments.base import RowMoments
    from sklime.moments.draws import Draws
    from sklime.tables.typing import Table


class SampledSource(MomentSource):
    """Base of the sources that draw around rows and query the model.

    Parameters
    ----------
    law : Law
        Of the draws.
    kernel : Kernel
        With nothing left open.
    response : Response
        Queries the model.
    n_samples : int
        Draws per row, before rounding up.
    seed : int
        Seed of all draws.
    smaller : SampledSource, default=None
        The same with fewer draws, whose responses are used again.
    """

    sums_round = True

    def __init__(
        self,
        law: Law,
        kernel: Kernel,
        response: Response,
        n_samples: int,
        seed: int,
        smaller: SampledSource | None = None,
    ) -> None:
        self.law = law
        self.kernel = kernel
        self.response = response
        self.n_samples = law.count_draws(n_samples)
        self.seed = seed
        self.groups = law.groups(self.n_samples)
        # Where the smaller request's draws stand among these.
        self.prefix = None
        if smaller is not None:
            self.prefix = law.prefix_positions(smaller.n_samples, self.n_samples)
        self._grown: dict[int, Self] = {}

    @abstractmethod
    def evaluate(self, X: Table, known: Sequence[NDArray[np.float64]] | None = None) -> Any:
        """Draw around rows and query the model about the draws.

        Parameters
        ----------
        X : rows
            Checked.
        known : list of n_rows ndarrays, default=None
            The responses that the `smaller` source had for the rows; of use where the
            law's draws are among those of a larger request.

        Returns
        -------
        object
            For `draws`, `moments` and `responses`, which query the model no more.
        """

    @abstractmethod
    def draws(self, evaluated: Any, outputs: NDArray[np.intp]) -> Iterator[Draws]:
        """Weigh the draws around each row.

        Parameters
        ----------
        evaluated : object
            What `evaluate` returned for the rows.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.

        Yields
        ------
        Draws
            One per row.
        """

    @abstractmethod
    def responses(self, evaluated: Any, i: int) -> NDArray[np.float64]:
        """The model's responses to the draws around one row.

        Parameters
        ----------
        evaluated : object
            What `evaluate` returned.
        i : int
            Which of its rows.

        Returns
        -------
        ndarray of shape (n_draws, n_outputs)
        """

    def moments(self, evaluated: Any, outputs: NDArray[np.intp]) -> RowMoments:
        return SampledMoments.of(self.draws(evaluated, outputs))

    def with_standard_errors(
        self,
        surrogates: Fitted,
        moments: RowMoments,
        evaluated: Any,
        outputs: NDArray[np.intp],
    ) -> Fitted:
        return surrogates.with_standard_errors(self.draws(evaluated, outputs))

    def rescored(self, surrogates: Fitted, X: Table, outputs: NDArray[np.intp]) -> Fitted:
        """Take the fidelity of surrogates from these draws, whatever they come from.

        Parameters
        ----------
        surrogates : Fitted
            Of the rows.
        X : rows
            Checked.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.
        """
        evaluated = self.evaluate(X)
        with one_thread():
            return surrogates.scored_on(self.moments(evaluated, outputs))

    def with_law(self, law: Law) -> Self:
        """The same draws, of a law that keeps them instead of training values."""
        own = copy(self)
        own.law, own._grown = law, {}
        return own

    def grown(self, n_samples: int) -> Self:
        """The same source with more draws.

        Parameters
        ----------
        n_samples : int
            Draws per row.
        """
        # Two threads may both build one; the two are equal.
        if n_samples not in self._grown:
            own = self.law, self.kernel, self.response
            self._grown[n_samples] = type(self)(*own, n_samples, self.seed, smaller=self)
        return self._grown[n_samples]


# Share of the draws below which too little is left.
_THIN = 0.1


def is_thin(effective_sample_sizes, n_samples):
    """Whether the kernel leaves too little of the draws: less than a tenth.

    Parameters
    ----------
    effective_sample_sizes, n_samples : float or ndarray
        What is left, and of how many draws.

    Returns
    -------
    bool or ndarray of bool
    """
    return effective_sample_sizes < _THIN * n_samples


def may_be_thin(least_weight):
    """Whether a kernel may leave too little of some row's draws, whatever these are.

    By Kantorovich's inequality weights between `m` and 1 leave :math:`4 m / (1 + m)^2` of
    the draws at least.

    Parameters
    ----------
    least_weight : float
        The least weight of a draw, in units of the largest.
    """
    left = 4.0 * least_weight / (1.0 + least_weight) ** 2
    # Rounding is far below this.
    return left < 1.01 * _THIN
