"""The contract of moment sources, which give the moments of rows' neighbourhoods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sklime.moments.base import RowMoments
    from sklime.moments.draws import Draws
    from sklime.moments.pair_contrasts import PairContrasts, UnitPairs
    from sklime.tables.typing import Table


class FittedToMoments(Protocol):
    """What sources add to surrogates that were fitted to their moments."""

    def with_known_errors(self, errors: NDArray[np.float64]) -> Any:
        """Add standard errors that moments knew."""

    def with_standard_errors(self, draws: Iterable[Draws]) -> Any:
        """Add the standard errors of a regression on draws."""

    def with_scores(self, scores: NDArray[np.float64]) -> Any:
        """Add fidelities."""

    def scored_on(self, moments: RowMoments) -> Any:
        """Add the fidelities on draws that have these moments."""


Fitted = TypeVar("Fitted", bound=FittedToMoments)


class MomentSource(ABC):
    """Base of the sources of moments: draws around rows, or the limit in closed form.

    Attributes
    ----------
    n_samples : int
        Draws per row; for a closed form, the number that effective sample sizes are stated
        for.
    """

    n_samples: int

    # Rows that are explained together: their moments stay in the second-level cache.
    rows_at_once = 64

    # Whether sums of draws are rounded, so that they depend on the threads of products.
    sums_round = False

    @property
    @abstractmethod
    def bytes_per_row(self) -> int:
        """Memory needed for each of the rows that are explained together."""

    def bytes_of_fit(self, n_explained: int, n_features: int, n_chosen: int) -> int:
        """Memory that the surrogates of one row take: systems of the chosen features."""
        return 32 * n_explained * n_chosen * (n_chosen + n_features)

    @abstractmethod
    def evaluate(self, X: Table) -> Any:
        """Place rows in interpretable space, and query the model where moments need it.

        Parameters
        ----------
        X : rows
            Checked.

        Returns
        -------
        object
            For `moments` and `with_standard_errors`, which query the model no more.
        """

    @abstractmethod
    def moments(self, evaluated: Any, outputs: NDArray[np.intp]) -> RowMoments:
        """Moments of the rows' neighbourhoods.

        Parameters
        ----------
        evaluated : object
            What `evaluate` returned for the rows.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.
        """

    @abstractmethod
    def with_standard_errors(
        self,
        surrogates: Fitted,
        moments: RowMoments,
        evaluated: Any,
        outputs: NDArray[np.intp],
    ) -> Fitted:
        """Add standard errors to surrogates that were fitted to these moments.

        Parameters
        ----------
        surrogates : Fitted
            Of the rows.
        moments : RowMoments
            Those that they were fitted to.
        evaluated, outputs
            As for `moments`.
        """

    # Whether the fidelity of surrogates costs draws that nothing else needs.
    scored_on_draws = False

    @property
    def score_basis(self) -> str:
        """Name of the draws or law that the fidelity of surrogates rests on."""
        return f"on {self.n_samples} draws"

    def with_scores(
        self,
        surrogates: Fitted,
        X: Table,
        outputs: NDArray[np.intp],
        sampled: Callable[[], Any],
    ) -> Fitted:
        """Add the fidelity of surrogates, where moments alone do not contain it.

        Parameters
        ----------
        X : rows
            Checked.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.
        sampled : callable
            Gives a `SampledSource` with draws around the same rows.

        Returns
        -------
        Fitted
            Here as they are: the moments told it.
        """
        return surrogates


class InteractionSource(MomentSource):
    """Base of the sources that tell interactions of pairs of features, too."""

    # Whether law and kernel are such that they do.
    tells_interactions = True

    @abstractmethod
    def interactions(
        self, X: Table, outputs: NDArray[np.intp], pairs: NDArray[np.intp] | UnitPairs
    ) -> PairContrasts:
        """Interactions of pairs of features: coefficients of their centred products.

        Parameters
        ----------
        X : rows
            Checked.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.
        pairs : ndarray of shape (n_pairs, 2) of int, or UnitPairs
            Positions of the features; the latter where rows have units of their own.
        """

    @abstractmethod
    def strongest_pairs(
        self, pairs: NDArray[np.intp], n_pairs: int, X: Table, outputs: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        """Screen pairs of features for those that interact most, whatever the row.

        Parameters
        ----------
        pairs : ndarray of shape (n_candidates, 2) of int
            Positions of the features.
        n_pairs : int
            How many to keep.
        X : rows
            Some rows, for sources that draw around each.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for these.

        Returns
        -------
        ndarray of shape (n_pairs,) of int
            Their places among `pairs`, in increasing order.
        """
