"""Coalitions of a table's columns: kept, or taken from a background."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sklime.fitting import atomic_fit, check_fitted
from sklime.kernels import UniformKernel
from sklime.laws.base import Neighbourhood
from sklime.samplers.kinds.masked_row import MaskedRow
from sklime.samplers.kinds.table import TableRows
from sklime.samplers.masked.base import MaskSampler
from sklime.samplers.tabular.marginal import MarginalSampler
from sklime.tables.access import with_value_of
from sklime.tables.checks import check_table, feature_names
from sklime.tables.dense import DenseFormat
from sklime.tables.typing import Table, TableLike


class CoalitionSampler(MaskSampler):
    r"""Keep or drop the columns of a row; dropped ones take their values from a background.

    Each column keeps the row's own value with probability 1/2, independently; the others
    take the values of one background row, and the model's responses are averaged over all
    of these: :math:`v(S) = \frac{1}{m} \sum_i f(x_S, b^i_{\bar S})`. An attribution is the
    effect of the row's own value; under the default `UniformKernel` and all coalitions it
    is the Banzhaf value of `v`. The model is asked about `m` rows for each coalition.

    Parameters
    ----------
    background : table of shape (m, n_features)
        Rows with the columns of the training table, whose values dropped columns take.

    Attributes
    ----------
    background_ : ndarray of shape (m, n_features) of float
        The background's rows as numbers.
    n_features_in_ : int
        Number of columns.

    References
    ----------
    Hammer and Holzman (1992), Approximations of pseudo-Boolean functions; applications to
    game theory.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime import FunctionRegressor, LimeExplainer
    >>> from sklime.samplers import CoalitionSampler
    >>> product = FunctionRegressor(lambda X: X[:, 0] * X[:, 1])
    >>> sampler = CoalitionSampler(background=np.zeros((1, 2)))
    >>> X = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> LimeExplainer(product, sampler=sampler).fit(X).transform(X)
    array([[1., 1.],
           [6., 6.]])
    """

    row_kind = TableRows
    default_metric_ = "euclidean"
    default_kernel_ = UniformKernel()

    def __init__(self, background: TableLike) -> None:
        self.background = background

    @atomic_fit
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        X = check_table(self, X, reset=True)
        self.kind_ = TableRows(self)
        self.format_ = DenseFormat(X)
        try:
            self.background_ = self._known(self._encoded(self.background))
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            told = "background must be a table of rows like those of the fit"
            raise kind(f"{told}: {error}") from error
        self.default_width_ = 0.75 * np.sqrt(self.n_features_in_)
        self.binary_features_ = np.ones(self.n_features_in_, dtype=bool)
        self._marginals = MarginalSampler().fit(X, sample_weight=sample_weight)
        return self

    def rows(self, X: Table) -> list[_CoalitionRow]:
        check_fitted(self)
        E = self._encoded(X)
        return [_CoalitionRow(e, self, X, i) for i, e in enumerate(E)]

    def restore(self, X: Table) -> Table:
        check_fitted(self)
        return self.format_.restore(X)

    def reference(self, X: Table, n_samples: int = 512) -> list[Neighbourhood]:
        check_fitted(self)
        rows, samples = self.rows(X), self._marginals.reference(X, n_samples)
        designs = map(_CoalitionRow.shared_with, rows, (own.inputs for own in samples))
        pairs = zip(samples, designs, strict=True)
        return [replace(own, design=design) for own, design in pairs]

    def conditions(self, X: Table) -> Any:
        check_fitted(self)
        codes, labels = [], []
        for j, e in enumerate(self._encoded(X).T):
            values, own = np.unique(e, return_inverse=True)
            texts = [self._described(j, value) for value in values]
            codes.append(own)
            labels.append([f"{feature_names(self)[j]} = {text}" for text in texts])
        return np.array(codes).T, labels

    def _encoded(self, X):
        """Rows as numbers."""
        return self.format_.encode(check_table(self, X, reset=False))

    def _described(self, j, value):
        if value < 0 and self.format_.nominal[j]:
            return "value never seen in training"
        return self.format_.describe(j, value)

    def _known(self, E):
        """Encoded rows, all of which the training table could hold."""
        unknown = ((E < 0) & self.format_.nominal).any(axis=0)
        if unknown.any():
            raise ValueError(
                "X has values that training never had in column(s) "
                f"{', '.join(map(repr, feature_names(self)[unknown]))}: leave them out."
            )
        return E


class _CoalitionRow(MaskedRow):
    """One row of a table, of which columns can take the background's values."""

    def __init__(self, e, sampler, X, i):
        self.e = e
        self.sampler = sampler
        self.X = X
        self.i = i

    @property
    def names(self):
        return feature_names(self.sampler)

    @property
    def spans(self):
        return np.arange(len(self.e))

    @property
    def bytes_per_copy(self):
        return 2 * self.sampler.background_.nbytes

    def compose(self, masks):
        kept = np.asarray(masks, dtype=bool)[:, np.newaxis]
        copies = np.where(kept, self.e, self.sampler.background_)
        copies = copies.reshape(-1, len(self.e))
        unseen = np.flatnonzero((self.e < 0) & self.sampler.format_.nominal)
        own = {j: copies[:, j] < 0 for j in unseen}
        copies[:, unseen] = np.maximum(copies[:, unseen], 0)
        table = self.sampler.format_.decode(copies)
        # No code stands for a category that training never had: the row has it.
        for j, rows in own.items():
            table = with_value_of(table, int(j), self.X, self.i, rows=rows)
        return table

    def compose_distinct(self, masks):
        inputs, n = self.compose(masks), len(masks)
        return inputs, np.arange(n * len(self.sampler.background_)).reshape(n, -1)

    def shared_with(self, X):
        E = self.sampler.format_.encode(X)
        return (E == self.e) | (np.isnan(E) & np.isnan(self.e))
