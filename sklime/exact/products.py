r"""Closed forms that are sums of products over columns, and their population moments.

A support vector is a term, and so is a random Fourier feature, a product of polynomial
features, or the one exponential of a log link: all have a factor for each column.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import gen_batches

from sklime.exact.coalitions_of_products import CoalitionsOfProducts
from sklime.exact.factors import finite_factors, idle_factors, products_at
from sklime.exact.feature_map import FeatureMap
from sklime.exact.form import ClosedForm, Mismatch, RebuiltModel
from sklime.exceptions import NoClosedForm
from sklime.laws.columns import Column
from sklime.laws.tilted import ColumnLaw
from sklime.tables.access import block_bytes

if TYPE_CHECKING:
    from sklime.exact.coalition_form import Background, CoalitionModel, KeepLaw

# Numbers of terms and rows that are multiplied together, and rows at least and at most.
_CELLS = 1 << 18
_FEWEST_ROWS, _MOST_ROWS = 8, 64

# Columns of more bins are looked up; those of fewer are multiplied with one-hot rows.
_MOST_MULTIPLIED = 16

# Factors of all terms at all bins that fit into memory, and evaluations of factors that
# are worth it: some seconds. Complex ones count as several.
_MOST_KEPT, _MOST_EVALUATED, _COMPLEX = 25_000_000, 1_000_000_000, 4

# In units of a column's largest: what takes the place of a factor of 0, so that it can be
# divided by. Two of them are still above what exponentials can tell from 0.
_TINY = 1e-100


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
        form = self.fitted_to(features)
        return CoalitionsOfProducts(form, features, columns, background, keep)


class SumOfProducts(RebuiltModel):
    r"""LIME's limit for a sum of products: means of factors inside and outside of bins.

    With :math:`A_{sj}` the mean of a factor under the tilted law of its column, and
    :math:`D_{sj}` its mean inside the row's bin minus that outside,

    .. math:: E = \sum_s a_s \prod_k A_{sk}, \qquad
        \beta_j = \sum_s a_s D_{sj} \prod_{k \ne j} A_{sk},

    two matrix products for a block of rows: of one-hot bins and logarithms of `A`, and of
    the terms and `D / A`. Of a standardised column drawn from its training values, `D` is
    the slope of the factor by weighted least squares, and both are sums over these values.

    Parameters
    ----------
    form : ProductForm
        The terms.
    features : FeatureMap
        Model features as functions of the columns.
    columns : sequence of Column
        The columns.
    mismatch : list of n_columns floats or ndarrays
        As for `ClosedForm.bind`.

    Raises
    ------
    NoClosedForm
        If a column that matters is drawn from a normal law, or there are too many factors.
    """

    def __init__(
        self,
        form: ProductForm,
        features: FeatureMap,
        columns: Sequence[Column],
        mismatch: Mismatch,
    ) -> None:
        self.form, self.features = form, features
        self.n_terms, n_outputs = form.weights.shape
        self.constant = np.zeros(n_outputs)
        used = [j for j, own in enumerate(features.owned) if len(own)]
        _check_columns(
            [columns[j] for j in used], self.n_terms, np.iscomplexobj(form.weights)
        )
        self._by_value = [
            _Values(form, features.owned[j], features.values[j], j)
            for j in used
            if not columns[j].binary
        ]
        used = [j for j in used if columns[j].binary]
        # Columns that are multiplied with one-hot rows stand before those looked up.
        sizes = np.array([len(columns[j].frequencies) + 1 for j in used], dtype=np.intp)
        order = np.argsort(sizes > _MOST_MULTIPLIED, kind="stable")
        self._used = np.array(used, dtype=np.intp)[order]
        self._n_columns, sizes = len(columns), sizes[order]
        self._starts = np.cumsum(sizes) - sizes
        self._n_multiplied = int((sizes <= _MOST_MULTIPLIED).sum())
        # Bins that rows have are multiplied; values that training never had come after.
        m = self._n_multiplied
        unseen = self._starts[:m] + sizes[:m] - 1
        seen = np.setdiff1d(np.arange(sizes[:m].sum()), unseen)
        self._order = np.concatenate(
            [seen, unseen, np.arange(sizes[:m].sum(), sizes.sum())]
        )
        self._place = np.argsort(self._order)
        self._n_onehot = len(seen)
        idle = idle_factors(form, features)
        tables = [(idle, np.zeros_like(idle))]
        for j in self._used:
            own = features.owned[j], features.values[j]
            tables.append(_means(form, *own, columns[j], mismatch[j]))
        self._tabulate(tables)
        height = np.clip(_CELLS // max(self.n_terms, 1), _FEWEST_ROWS, _MOST_ROWS)
        self._height = int(height - height % _FEWEST_ROWS)

    def responses(self, at: NDArray[np.intp]) -> NDArray[np.float64]:
        return self.constant + products_at(self.form, self.features, at)

    def __call__(
        self, laws: list[ColumnLaw], outputs: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        n = len(laws[0].mean)
        expected = np.tile(self.constant[outputs], (n, 1))
        coef = np.zeros((n, len(outputs), self._n_columns))
        for rows, at in self._blocks(laws):
            kept = rows.stop - rows.start
            means, slopes = self._of_values(laws, rows)
            products = self._products(at, means)
            for i, c in enumerate(outputs):
                terms = products * self.form.weights[:, c, np.newaxis]
                expected[rows, i] += terms.real.sum(axis=0)[:kept]
                coef[rows, i, self._used] = self._contrasts(terms, at).T[:kept]
                for column, slope in zip(self._by_value, slopes, strict=True):
                    coef[rows, i, column.j] = (terms * slope).real.sum(axis=0)[:kept]
        return expected, coef

    def pairs(
        self, laws: list[ColumnLaw], outputs: NDArray[np.intp], pairs: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Second contrasts of pairs of columns.

        Parameters
        ----------
        laws, outputs
            As for a call.
        pairs : ndarray of shape (n_pairs, 2) of int
            Positions of two different columns.

        Returns
        -------
        ndarray of shape (n_rows, n_wanted, n_pairs)
        """
        found = np.zeros((len(laws[0].mean), len(outputs), len(pairs)))
        place = np.full(self._n_columns, -1)
        used = [*self._used, *(column.j for column in self._by_value)]
        place[used] = np.arange(len(used))
        acting = np.flatnonzero((place[pairs] >= 0).all(axis=1))
        wanted, both = np.unique(place[pairs[acting]], return_inverse=True)
        first, second = both.reshape(-1, 2).T
        binned = wanted[wanted < len(self._used)]
        valued = wanted[len(binned) :] - len(self._used)
        for rows, at in self._blocks(laws):
            means, by_value = self._of_values(laws, rows)
            products = self._products(at, means)
            # One row at a time: products of one shape, whatever the number of rows.
            for i, row in enumerate(range(rows.start, rows.stop)):
                slopes = np.concatenate(
                    [
                        self._slopes[at[binned, i]],
                        *(by_value[k][np.newaxis, :, i] for k in valued),
                    ]
                )
                for o, c in enumerate(outputs):
                    terms = products[:, i] * self.form.weights[:, c]
                    contrasts = _real_product(slopes * terms, slopes.T)
                    found[row, o, acting] = contrasts[first, second]
        return found

    def _tabulate(self, tables):
        """Logarithms of the means of factors, their turns, and their relative slopes.

        All (n_bins of all columns, n_terms). Turns are angles in half turns, of negative
        numbers 1.
        """
        parts, scales = [], np.zeros(self.n_terms)
        for mean, difference in tables:
            size = np.abs(mean)
            scale = size.max(axis=0)
            scale[scale == 0.0] = 1.0
            tiny = size < _TINY * scale
            mean = np.where(tiny, _TINY * scale, mean)
            logs = np.log(np.where(tiny, _TINY, size / scale))
            parts.append((logs, np.angle(mean) / np.pi, difference / mean))
            scales += np.log(scale)
        logs, turns, slopes = (np.concatenate(own) for own in zip(*parts, strict=True))
        # First stands what does not vary.
        own = 1 + self._order
        self._log, self._logs, self._slopes = scales + logs[0], logs[own], slopes[own]
        self._turn, self._turns = None, None
        if turns.any():
            self._turn, self._turns = turns[0], turns[own]

    def _blocks(self, laws):
        """Yield slices of rows, and where their bins stand, (n_used, height)."""
        n = len(laws[0].mean)
        for rows in gen_batches(n, self._height):
            own = np.zeros((len(self._used), self._height), dtype=np.intp)
            for k, j in enumerate(self._used):
                own[k, : rows.stop - rows.start] = laws[j].own[rows]
            yield rows, self._place[own + self._starts[:, np.newaxis]]

    def _of_values(self, laws, rows):
        """Means and relative slopes of factors of standardised columns."""
        own = [
            column.means(laws[column.j], rows, self._height) for column in self._by_value
        ]
        return [mean for mean, _ in own], [slope for _, slope in own]

    def _products(self, at, means):
        """Products of the mean factors of all columns, (n_terms, n_rows).

        In this layout each row has a place of its own in registers: products in the other
        one may round by where in the block a row stands.
        """
        m, k = self._n_multiplied, self._n_onehot
        onehot = np.zeros((k + 1, at.shape[1]))
        np.put_along_axis(onehot, np.minimum(at[:m], k), 1.0, axis=0)

        def total(start, table):
            found = table[:k].T @ onehot[:k]
            found += start[:, np.newaxis]
            for place, row in zip(*np.nonzero(at[:m] >= k), strict=True):
                found[:, row] += table[at[place, row]]
            for place in at[m:]:
                found += table[place].T
            return found

        logs = total(self._log, self._logs)
        units = 1.0
        for mean in means:
            size = np.abs(mean)
            logs += np.log(size)
            units = units * (mean / size)
        # What is too large for a float is too large for the model, too.
        with np.errstate(over="ignore"):
            sizes = np.exp(logs, out=logs)
        if means:
            sizes = sizes * units
        if self._turns is None:
            return sizes
        turns = total(self._turn, self._turns)
        if np.iscomplexobj(self._slopes):
            return sizes * complex_exponentials(0.0, np.pi * turns)
        return sizes * (1.0 - 2.0 * (np.rint(turns) % 2.0))

    def _contrasts(self, terms, at):
        """Contrasts of the columns that are used, (n_used, n_rows)."""
        m, k, found = self._n_multiplied, self._n_onehot, np.zeros(at.shape)
        if k:
            sums = _real_product(self._slopes[:k], terms)
            found[:m] = np.take_along_axis(sums, np.minimum(at[:m], k - 1), axis=0)
            # What training never had matches no draw.
            found[:m][at[:m] >= k] = 0.0
        for j in range(m, len(at)):
            found[j] = (terms * self._slopes[at[j]].T).real.sum(axis=0)
        return found


class _Values:
    """Factors of a standardised column at its training values.

    Parameters
    ----------
    form : ProductForm
    features, values
        As for `ProductForm.factors`.
    j : int
        The column.
    """

    def __init__(self, form, features, values, j):
        self.j = j
        factors = finite_factors(form, features, values).T
        largest = np.abs(factors).max(axis=1, keepdims=True)
        self.tiny = _TINY * np.where(largest > 0.0, largest, 1.0)
        self.is_complex = np.iscomplexobj(factors)
        if self.is_complex:
            # Products of real matrices take half the time.
            factors = np.concatenate([factors.real, factors.imag])
        self.factors = np.ascontiguousarray(factors)

    def means(self, law, rows, height):
        """Means of factors and their slopes over these, each (n_terms, height).

        Rows are filled up to `height`: products of one shape, whatever their number.
        """
        found = []
        for own in (law.weights, law.pull):
            filled = np.zeros((len(own), height))
            filled[:, : rows.stop - rows.start] = own[:, rows]
            product = self.factors @ filled
            if self.is_complex:
                real, imaginary = np.split(product, 2)
                product = real + 1j * imaginary
            found.append(product)
        mean, slope = found
        mean = np.where(np.abs(mean) < self.tiny, self.tiny, mean)
        return mean, slope / mean


def complex_exponentials(real, imaginary):
    """Exponentials of complex numbers, several times faster than numpy's own.

    Parameters
    ----------
    real, imaginary : ndarray or float
        Their parts.

    Returns
    -------
    ndarray of complex
    """
    found = np.empty(np.broadcast_shapes(np.shape(real), np.shape(imaginary)), complex)
    size = np.exp(real)
    np.multiply(size, np.cos(imaginary), out=found.real)
    np.multiply(size, np.sin(imaginary), out=found.imag)
    return found


def _check_columns(columns, n_terms, is_complex):
    """Refuse normal laws, and more factors than fit into memory or time."""
    if any(column.normal for column in columns):
        raise NoClosedForm(
            "products over columns have a closed form for training values only, not for "
            "columns drawn from a normal law"
        )
    n_kept = n_terms * sum(
        len(column.frequencies) + 1 if column.binary else len(column.values)
        for column in columns
    )
    if n_kept > _MOST_KEPT:
        raise NoClosedForm(
            f"its {n_terms:,} terms have {n_kept:,} factors at the bins or values of their "
            "columns, more than fit into memory"
        )
    n_evaluated = n_terms * sum(len(column.values) for column in columns)
    n_evaluated *= _COMPLEX if is_complex else 1
    if n_evaluated > _MOST_EVALUATED:
        raise NoClosedForm(
            f"its {n_terms:,} terms take longer to evaluate at the training values of "
            "their columns than draws do"
        )


def _means(form, features, values, column, mismatch):
    """Means of one column's factors under its tilted laws, and their contrasts.

    Returns
    -------
    mean, contrast : ndarray of shape (n_bins + 1, n_terms)
        Seen from each bin, the last for a value that training never had.
    """
    bins, q = column.law(None).bins, column.frequencies[:, np.newaxis]
    n_terms, sums = form.weights.shape[0], 0.0
    for part in gen_batches(len(bins), max(1, block_bytes() // (32 * max(n_terms, 1)))):
        own, masses = bins[part], column.masses[part]
        by_bin = sparse.csr_array(
            (masses, (own, np.arange(len(own)))), shape=(len(q), len(own))
        )
        sums = sums + by_bin @ finite_factors(form, features, values[:, part])
    # Sums over all other bins, without a difference in which small ones would drown.
    nothing = np.zeros((1, n_terms))
    before = np.cumsum(np.concatenate([nothing, sums[:-1]]), axis=0)
    after = np.cumsum(np.concatenate([nothing, sums[:0:-1]]), axis=0)[::-1]
    others, total = before + after, before[-1:] + sums[-1:]
    varies = (q > 0.0) & (q < 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.where(varies, sums / q, total)
        outside = np.where(varies, others / (1.0 - q), total)
    if np.ndim(mismatch):
        mismatch = mismatch[:-1, np.newaxis]
    weight = q + mismatch * (1.0 - q)
    mean = (q * inside + mismatch * (1.0 - q) * outside) / weight
    return np.vstack([mean, total]), np.vstack([inside - outside, nothing])


def _real_product(one, other):
    """Real part of the matrix product of two real or complex matrices."""
    if not np.iscomplexobj(one) and not np.iscomplexobj(other):
        return one @ other
    return one.real @ other.real - one.imag @ other.imag
