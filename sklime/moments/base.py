"""The contract of moments: what selectors and surrogates read of neighbourhoods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklime.moments.own_contrasts import OwnContrasts

# Of the built-in ridge, in units of the mean weight: one draw's worth of evidence.
PENALTY = 1.0


class RowMoments(ABC):
    """Base of the moments of several rows' neighbourhoods.

    Attributes
    ----------
    positions : ndarray of shape (n_rows, n_features)
        The rows themselves in interpretable units.
    z_origin : ndarray of shape (n_rows, n_features)
        The point from which the design is measured.
    y_origin, y_scale : ndarray of shape (n_rows, n_outputs)
        Origin and unit of the responses.
    effective_sample_sizes : ndarray of shape (n_rows,)
        ``(sum w)**2 / sum w**2``; 0 where no draw has weight.
    n_samples : float
        Number of draws, or the number that effective sample sizes are stated for.
    """

    # Rows of which nothing is estimated: one answer for all, or one a row.
    exact: bool | NDArray[np.bool_] = False

    # Whether the draws that have weight cannot tell the features apart, or hardly can.
    undetermined: bool | NDArray[np.bool_] = False
    collinear: bool | NDArray[np.bool_] = False

    positions: NDArray[np.float64]
    z_origin: NDArray[np.float64]
    y_origin: NDArray[np.float64]
    y_scale: NDArray[np.float64]
    n_samples: float | NDArray[np.float64]

    if TYPE_CHECKING:
        # A field or a property.
        @property
        def effective_sample_sizes(self) -> NDArray[np.float64]: ...

    # Draws that would tell as much of each feature, of shape (n_rows, n_features), where
    # that is another number than `n_samples`.
    n_equivalent: NDArray[np.float64] | None = None

    # Weighted shares of draws that match the rows, where that is not `mean_z`.
    match_shares: NDArray[np.float64] | None = None

    def with_own_values(self, contrasts: OwnContrasts) -> RowMoments:
        """Moments in which own-value draws tell some of the coefficients.

        Here as they are: coefficients are those of a regression on all features.
        """
        return self

    # Effective number of own-value draws behind each feature, NaN where there are none.
    own_support: NDArray[np.float64] | None = None

    @abstractmethod
    def normalised(self) -> CentralMoments:
        """The `CentralMoments` per unit of weight; zeros in rows without weight."""


class CentralMoments(ABC):
    """Base of central moments: covariances and means under the normalised weights.

    Attributes
    ----------
    gram : ndarray of shape (n_rows, n_features, n_features)
        Covariances of the design; exactly 0 for features that do not vary.
    variance : ndarray of shape (n_rows, n_features)
        The diagonal of `gram`, where `independent`.
    cross : ndarray of shape (n_rows, n_features, n_outputs)
        Covariances of design and responses.
    spread : ndarray of shape (n_rows, n_outputs)
        Variances of the responses.
    mean_z : ndarray of shape (n_rows, n_features)
        Means of the design.
    mean_y : ndarray of shape (n_rows, n_outputs)
        Means of the responses.
    constant : ndarray of shape (n_rows, n_features) of bool
        Features without variance.
    resolution : float
        Share of a second moment below which a variance is rounding error.
    """

    gram: NDArray[np.float64]
    cross: NDArray[np.float64]
    spread: NDArray[np.float64]
    mean_z: NDArray[np.float64]
    mean_y: NDArray[np.float64]
    resolution: float | NDArray[np.float64]

    # Whether features are uncorrelated, so that none changes what another one adds.
    independent = False

    if TYPE_CHECKING:
        # Fields or properties.
        @property
        def variance(self) -> NDArray[np.float64]: ...

        @property
        def constant(self) -> NDArray[np.bool_]: ...

    @abstractmethod
    def ridge(
        self, penalty: float, support: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """Solve the weighted ridge regression with a free intercept.

        Parameters
        ----------
        penalty : float
            Non-negative penalty, in units of the mean weight.
        support : ndarray of shape (n_rows, n_outputs, n_features) of bool, optional
            Features allowed to differ from 0; None: all.

        Returns
        -------
        ndarray of shape (n_rows, n_outputs, n_features)
            Coefficients, per unit of `RowMoments.y_scale`.
        """

    @abstractmethod
    def explained(
        self, coef: NDArray[np.float64], offset: NDArray[np.float64] | float = 0.0
    ) -> NDArray[np.float64]:
        """Share of the responses' weighted variance that a surrogate explains, R squared.

        Parameters
        ----------
        coef : ndarray of shape (n_rows, n_outputs, n_features)
            Coefficients, per unit of `RowMoments.y_scale`.
        offset : ndarray of shape (n_rows, n_outputs) or 0.0, default=0.0
            What the surrogate's intercept has above the best one, in the same unit.

        Returns
        -------
        ndarray of shape (n_rows, n_outputs)
            1 where the responses do not vary.
        """
