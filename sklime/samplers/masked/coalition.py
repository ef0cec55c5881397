"""Coalitions of a table's columns: kept, or taken from a background."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import qmc

from sklime.fitting import atomic_fit, check_fitted
from sklime.kernels import UniformKernel
from sklime.laws.base import Law, Neighbourhood, Sample
from sklime.laws.cells import Cells
from sklime.laws.coalitions import draw_coalitions
from sklime.laws.product import ProductLaw
from sklime.laws.quasirandom import uniform_numbers
from sklime.samplers.kinds.base import RowKind
from sklime.samplers.kinds.masked_row import MaskedRow
from sklime.samplers.kinds.table import TableRows
from sklime.samplers.masked.base import MaskSampler
from sklime.samplers.tabular.marginal import MarginalSampler
from sklime.tables.access import is_frame, with_value_of
from sklime.tables.checks import check_table, feature_names
from sklime.tables.dense import DenseFormat
from sklime.tables.typing import Table, TableLike
from sklime.validation import check_weights

BACKGROUNDS = ("marginals", "median")

# Seed of the draws of rows composed by themselves, and of those beside masks.
_FILLS = 17_012


class CoalitionSampler(MaskSampler):
    r"""Keep or drop the columns of a row; dropped ones take their values from a background.

    Each column keeps the row's own value with probability 1/2, independently; the others
    take values of the background: :math:`v(S) = E f(x_S, B_{\bar S})`. An attribution is
    the effect of the row's own value. Under the default `UniformKernel` and all coalitions
    it is the Banzhaf value of `v`, under `ShapleyKernel` the Shapley value.

    Parameters
    ----------
    background : str, row or table of shape (m, n_features), default="marginals"
        Where dropped columns take their values from. "marginals": each from its own
        training values, independently of the others, by scrambled Sobol points: the model
        is asked about one drawn row for each coalition, or about several where coalitions
        are fewer than `n_samples`. The additive part of the noise that this brings, told by
        as many draws of the background alone, is taken off the answers. "median": the
        median of a column of numbers, the most frequent level of others. A row: a table of
        one, a list, an array or a Series. A table: the model is asked about `m` rows for
        each coalition, and its answers are averaged. Models with a closed form are not
        asked about any.

    Attributes
    ----------
    background_ : ndarray of shape (m, n_features) of float, or None
        The background's rows as numbers; None for "marginals".
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

    accepts_missing = True

    def __init__(
        self, background: Literal["marginals", "median"] | TableLike = "marginals"
    ) -> None:
        self.background = background

    @atomic_fit
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        X = check_table(self, X, reset=True)
        self.format_ = DenseFormat(X)
        self._marginals = MarginalSampler().fit(X, sample_weight=sample_weight)
        self.background_ = self._background(X, sample_weight)
        self.default_width_ = 0.75 * np.sqrt(self.n_features_in_)
        self.binary_features_ = np.ones(self.n_features_in_, dtype=bool)
        return self

    @property  # type: ignore[misc]
    def kind_(self) -> RowKind:  # not kept: it would hold the sampler that holds it
        """The kind of the rows."""
        check_fitted(self)
        return TableRows(self)

    @property
    def marginals_(self) -> ProductLaw:
        """The training marginals, of which "marginals" draws."""
        check_fitted(self)
        return self._marginals.shared_law()

    @property
    def column_law_(self) -> Law | None:
        """The law of the training table's columns, independent of each other."""
        check_fitted(self)
        # What is derived from this class may draw otherwise.
        return self._marginals.law_ if type(self) is CoalitionSampler else None

    @property
    def draws_fills(self) -> bool:
        """Whether what dropped columns take is drawn: with "marginals"."""
        return self.background_ is None

    def filled(self, masks: Sample, n_samples: int, seed: int) -> Sample:
        if self.background_ is not None:
            return masks
        # Of few coalitions, all of the draws that there may be.
        times = max(1, n_samples // len(masks)) if masks.exhaustive else 1
        fills = self.fills(len(masks) * times, [seed, _FILLS])[: len(masks) * times]
        return replace(masks, fills=fills.reshape(len(masks), times, -1))

    def coalitions(self, n_units: int, n_samples: int, seed: int) -> Sample:
        drawn = draw_coalitions(n_units, n_samples, seed, repeats=self.draws_fills)
        if not self.draws_fills:
            return drawn
        fills = self.fills(max(len(drawn), 1), [seed, _FILLS])[: len(drawn)]
        return replace(drawn, fills=fills[:, np.newaxis])

    def fills(self, n_samples: int, entropy: int | list[int]) -> NDArray[np.float64]:
        """Draw each column from its own training marginal, independently of the others.

        Parameters
        ----------
        n_samples : int
            Draws, before rounding up to eight independent scrambles of Sobol points.
        entropy : int or list of int
            Source of randomness.

        Returns
        -------
        ndarray of shape (n_draws, n_features)
            Encoded, one scramble after the other.
        """
        law = self.marginals_
        seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        sequence = "sobol" if len(law) <= qmc.Sobol.MAXDIM else "random"
        return law.draw(uniform_numbers(n_samples, len(law), sequence, seed))

    def hidden_rows(self, fills: NDArray[np.float64]) -> Table:
        check_fitted(self)
        return self.format_.decode(fills)

    def cells(self, fills: NDArray[np.float64], n_levels: int) -> list[Cells]:
        """Cut the columns of draws into cells, as `SharedLawOfValues.cells`.

        Parameters
        ----------
        fills : ndarray of shape (n_draws, n_features)
            As `fills` gives them.
        n_levels : int
            Cells of a column, besides those that bins make of them.
        """
        return self._marginals.cells(self.format_.decode(fills), n_levels)

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

    def _background(self, X, sample_weight):
        """The background's rows as numbers, or None where they are drawn."""
        if isinstance(self.background, str):
            if self.background not in BACKGROUNDS:
                raise ValueError(
                    f"background={self.background!r} of CoalitionSampler must be one of "
                    f"{', '.join(map(repr, BACKGROUNDS))}, a table, or one row of it."
                )
            if self.background == "marginals":
                return None
            return self._typical(X, check_weights(sample_weight, X))
        try:
            return self._known(self._encoded(_as_rows(self.background, X)))
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            told = "background must be a table of rows like those of the fit"
            raise kind(f"{told}: {error}") from error

    def _typical(self, X, weights):
        """Medians of columns of numbers, and the most frequent levels of the others."""
        E = self.format_.encode(X)
        weights = np.ones(len(E)) if weights is None else np.asarray(weights, dtype=float)
        kinds, typical = self.format_.kinds, np.empty((1, E.shape[1]))
        for j, e in enumerate(E.T):
            seen = ~np.isnan(e) & (weights > 0.0)
            if not seen.any():
                typical[0, j] = np.nan
                continue
            values, at = np.unique(e[seen], return_inverse=True)
            masses = np.bincount(at, weights[seen])
            if self.format_.nominal[j] or kinds[j] == "boolean":
                typical[0, j] = values[masses.argmax()]
            else:
                typical[0, j] = _median(values, masses, kinds[j] == "float")
        return typical

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
        background = self.sampler.background_
        return 2 * (self.e.nbytes if background is None else background.nbytes)

    def compose(self, masks):
        masks, background = np.asarray(masks, dtype=bool), self.sampler.background_
        if background is None:
            # Draws of its own for each mask, whatever the others.
            drawn = (
                self.sampler.fills(1, [_FILLS, *np.packbits(mask).tolist()])[:1]
                for mask in masks
            )
            return self.compose_filled(masks, np.array(list(drawn)))
        return self.compose_filled(masks, background)

    def compose_distinct(self, masks):
        inputs, n = self.compose(masks), len(masks)
        background = self.sampler.background_
        times = 1 if background is None else len(background)
        return inputs, np.arange(n * times).reshape(n, times)

    def compose_filled(self, masks, fills):
        kept = np.asarray(masks, dtype=bool)[:, np.newaxis]
        copies = np.where(kept, self.e, fills).reshape(-1, len(self.e))
        unseen = np.flatnonzero((self.e < 0) & self.sampler.format_.nominal)
        own = {j: copies[:, j] < 0 for j in unseen}
        copies[:, unseen] = np.maximum(copies[:, unseen], 0)
        table = self.sampler.format_.decode(copies)
        # No code stands for a category that training never had: the row has it.
        for j, rows in own.items():
            table = with_value_of(table, int(j), self.X, self.i, rows=rows)
        return table

    def shared_with(self, X):
        E = self.sampler._encoded(X)
        return (E == self.e) | (np.isnan(E) & np.isnan(self.e))


def _median(values, masses, between):
    """Weighted median of sorted values; `between` two of them where both may be it."""
    below = np.cumsum(masses)
    half = 0.5 * below[-1]
    low = min(np.searchsorted(below, half * (1.0 - 1e-12)), len(values) - 1)
    high = min(np.searchsorted(below, half * (1.0 + 1e-12)), len(values) - 1)
    return values[low] + 0.5 * (values[high] - values[low]) if between else values[low]


def _as_rows(background, X):
    """A background as a table: a single row becomes one of one row."""
    if hasattr(background, "iloc") and hasattr(background, "to_frame"):
        # Labelled by the names of the columns.
        row = background.to_frame().T
        return row.infer_objects() if is_frame(X) else row.to_numpy()
    if is_frame(background) or np.ndim(background) not in (1, 2) or not len(background):
        return background
    rows = [list(background)] if np.ndim(background) == 1 else background
    if is_frame(X) and not isinstance(rows, np.ndarray) and len(rows[0]) == X.shape[1]:
        columns = zip(X.columns, zip(*rows, strict=True), strict=True)
        return type(X)({name: list(values) for name, values in columns})
    return np.asarray(rows)
