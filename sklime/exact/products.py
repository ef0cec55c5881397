"""The contract of closed forms that are sums of products over columns.

A support vector is a term, and so is a random Fourier feature, a product of polynomial
features, or the one exponential of a log link: all have a factor for each column.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sklime.exact.coalitions_by_reach import CoalitionsOfRanged
from sklime.exact.coalitions_of_products import CoalitionsOfProducts
from sklime.exact.feature_map import FeatureMap
from sklime.exact.form import ClosedForm, Mismatch, RebuiltModel
from sklime.exact.sum_of_products import SumOfProducts
from sklime.laws.columns import Column

if TYPE_CHECKING:
    from sklime.exact.coalition_form import Background, CoalitionModel, KeepLaw


class ProductForm(ClosedForm):
    r"""Base of the closed forms that are sums of products over columns.

    .. math:: f(x) = c + \operatorname{Re} \sum_s a_s \prod_j \phi_{sj}(x_j)

    Attributes
    ----------
    n_features : int
        Number of model features that it reads.
    weights : ndarray of shape (n_terms, n_outputs)
        Real, or complex.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime import LimeExplainer
    >>> from sklime.exact import READERS, ProductForm
    >>> class Area:
    ...     def predict(self, X):
    ...         return X[:, 0] * X[:, 1]
    >>> class AreaForm(ProductForm):
    ...     n_features, weights = 2, np.ones((1, 1))
    ...
    ...     def factors(self, features, values):
    ...         return values.prod(axis=0)[:, np.newaxis]
    >>> def read_area(model, response):
    ...     return AreaForm() if type(model) is Area else None
    >>> READERS.append(read_area)
    >>> sides = np.random.default_rng(0).uniform(size=(100, 2))
    >>> LimeExplainer(Area()).fit(sides).method_
    'exact'
    >>> READERS.remove(read_area)
    """

    n_features: int
    weights: NDArray

    @abstractmethod
    def factors(self, features: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray:
        """Factors of all terms that the model features of one column give.

        Parameters
        ----------
        features : ndarray of shape (n,) of int
            Model features, those of one column.
        values : ndarray of shape (n, n_points)
            Their values at any points of the column.

        Returns
        -------
        ndarray of shape (n_points, n_terms)
            Real, or complex: of the sum of products the real part counts.
        """

    def fitted_to(self, features: FeatureMap) -> ProductForm:
        """The form in units that suit the values of a table's features."""
        return self

    @property
    def ranged(self) -> bool:
        """Whether its factors hold only for values as far out as it is fitted to."""
        return False

    def reach(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many times as far out rows of model features reach as the form, (n_rows,).

        Parameters
        ----------
        values : ndarray of shape (n_model_features, n_rows)
        """
        return np.ones(values.shape[1])

    def reaching(self, times: float) -> ProductForm:
        """The form where it is ranged, for values that many times as far out."""
        return self

    def bind(
        self,
        features: FeatureMap,
        columns: Sequence[Column],
        points: list[NDArray[np.float64]],
        mismatch: Mismatch,
    ) -> RebuiltModel:
        features.check_width(self.n_features, exactly=True)
        return SumOfProducts(self.fitted_to(features), features, columns, mismatch)

    def bind_coalitions(
        self,
        features: FeatureMap,
        columns: Sequence[Column],
        points: list[NDArray[np.float64]],
        background: Background,
        keep: KeepLaw,
    ) -> CoalitionModel:
        features.check_width(self.n_features, exactly=True)
        form, own = self.fitted_to(features), (features, columns, background, keep)
        if not form.ranged:
            return CoalitionsOfProducts(form, *own)
        return CoalitionsOfRanged(self.fitted_to(background.joined(features)), *own)
