"""The contract of models rebuilt under laws of coalitions: kept or dropped columns."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sklime.exact.rebuilt import Rebuilt
from sklime.exceptions import NoClosedForm

if TYPE_CHECKING:
    from sklime.exact.feature_map import FeatureMap


@dataclass(frozen=True)
class Background:
    """Laws of the model features of dropped columns, which are independent of each other.

    Parameters
    ----------
    values : list of n_columns ndarrays of shape (n_owned, n_points)
        The model features that each column owns, at its points.
    masses : list of n_columns ndarrays of shape (n_points,), or None
        Their probabilities, one law for all. None: every point is a background row, a law
        by itself, and responses are averaged over these.
    rows : ndarray of shape (n_model_features, n_rows), or None
        All model features of the background rows.
    """

    values: list[NDArray[np.float64]]
    masses: list[NDArray[np.float64]] | None
    rows: NDArray[np.float64] | None = None

    @classmethod
    def of_rows(cls, features: FeatureMap, rows: NDArray[np.float64]) -> Background:
        """Background of rows, given their model features."""
        return cls([rows[owned] for owned in features.owned], None, rows)

    def select(self, features: FeatureMap, positions: NDArray[np.intp]) -> Background:
        """Background of some of the model features, whose map is given."""
        if self.rows is not None:
            return Background.of_rows(features, self.rows[positions])
        return Background(features.values, self.masses)

    def joined(self, features: FeatureMap) -> FeatureMap:
        """Map of the features that has the background's values beside those of the grid."""
        both = zip(features.values, self.values, strict=True)
        return replace(features, values=[np.hstack(own) for own in both])

    @property
    def n_laws(self) -> int:
        """Number of laws that responses are averaged over."""
        return 1 if self.rows is None else self.rows.shape[1]

    def means(self, j: int, answers: NDArray) -> NDArray:
        """Means of functions under each law, (n_laws, n), from values (n_points, n)."""
        return answers if self.masses is None else (self.masses[j] @ answers)[np.newaxis]


@dataclass(frozen=True)
class KeepLaw:
    """Law of the probability with which columns keep a row's own values.

    Parameters
    ----------
    probability : float or None
        The probability, of Banzhaf values and LIME's coefficients. None: uniform between 0
        and 1, of Shapley values.
    variance : float, default=0.25
        Of whether a column is kept; also where that is nearly certain.
    """

    probability: float | None
    variance: float = 0.25

    def nodes(self, n_columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Probabilities and weights that integrate contrasts exactly.

        Parameters
        ----------
        n_columns : int
            Columns that act together: contrasts are polynomials of a degree below that.

        Returns
        -------
        probabilities, weights : ndarray of shape (n_nodes,)
            Weights sum to 1.
        """
        if self.probability is not None:
            return np.array([self.probability]), np.ones(1)
        nodes, weights = np.polynomial.legendre.leggauss(max(1, -(-n_columns // 2)))
        return 0.5 + 0.5 * nodes, 0.5 * weights


class CoalitionModel(Rebuilt):
    r"""Base of models rebuilt where columns keep a row's values or follow a background.

    Each column keeps the row's own value with one probability, independently, and is drawn
    from the background else. The contrast of column `j`, between kept and drawn, is a
    polynomial in that probability, and a Shapley value its integral:

    .. math:: \phi_j = \int_0^1 E_t[f \mid j \text{ kept}] - E_t[f \mid j \text{ drawn}]\,dt
    """

    @abstractmethod
    def nothing(self) -> NDArray[np.float64]:
        """Expected responses where no column is kept, of shape (n_outputs,)."""

    @abstractmethod
    def __call__(
        self, own: NDArray[np.float64], outputs: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Expected responses, and contrasts of all columns.

        Parameters
        ----------
        own : ndarray of shape (n_model_features, n_rows)
            The rows' own model features.
        outputs : ndarray of shape (n_wanted,) of int
            The outputs that are wanted.

        Returns
        -------
        expected : ndarray of shape (n_rows, n_wanted)
            Under the law of coalitions; beside Shapley values, where no column is kept.
        contrasts : ndarray of shape (n_rows, n_wanted, n_columns)
        """

    def pairs(
        self,
        own: NDArray[np.float64],
        outputs: NDArray[np.intp],
        pairs: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        r"""Second contrasts of pairs of columns: kept and drawn, each and both.

        At one probability that is the interaction under a kernel that is a product, such
        as the Banzhaf interaction; its integral is the Shapley interaction,

        .. math:: \int_0^1 E_t[f \mid j, k \text{ kept}] - E_t[f \mid j \text{ kept}]
            - E_t[f \mid k \text{ kept}] + E_t[f \mid j, k \text{ drawn}]\,dt

        where a column that is not kept is drawn.

        Parameters
        ----------
        own, outputs
            As for a call.
        pairs : ndarray of shape (n_pairs, 2) of int
            Positions of two different columns.

        Returns
        -------
        ndarray of shape (n_rows, n_wanted, n_pairs)

        Raises
        ------
        NoClosedForm
            If the form has none, or the model is too large.
        """
        raise NoClosedForm(
            f"{type(self).__name__} has no interactions of coalitions in closed form"
        )
