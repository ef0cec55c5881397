"""Sums of products over columns under the rows' tilted laws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from sklime.exact.complex_exponentials import complex_exponentials
from sklime.exact.exact_source import whole_blocks
from sklime.exact.factors import idle_factors, products_at
from sklime.exact.feature_map import FeatureMap
from sklime.exact.form import Mismatch, RebuiltModel
from sklime.exact.mean_factors import TINY, ValueFactors, means_by_bin
from sklime.exceptions import NoClosedForm
from sklime.laws.columns import Column
from sklime.laws.tilted import ColumnLaw

# Numbers of terms and rows that are multiplied together, and rows at most.
_CELLS, _MOST_ROWS = 1 << 18, 64

# Columns of more bins are looked up; those of fewer are multiplied with one-hot rows.
_MOST_MULTIPLIED = 16

# Factors of all terms at all bins that fit into memory, and evaluations of factors that
# are worth it: some seconds. Complex ones count as several.
_MOST_KEPT, _MOST_EVALUATED, _COMPLEX = 25_000_000, 1_000_000_000, 4


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
        form: Any,
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
            ValueFactors(form, features.owned[j], features.values[j], j)
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
            tables.append(means_by_bin(form, *own, columns[j], mismatch[j]))
        self._tabulate(tables)
        self._height = whole_blocks(_CELLS // max(self.n_terms, 1), _MOST_ROWS)

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
            tiny = size < TINY * scale
            mean = np.where(tiny, TINY * scale, mean)
            logs = np.log(np.where(tiny, TINY, size / scale))
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


def _real_product(one, other):
    """Real part of the matrix product of two real or complex matrices."""
    if not np.iscomplexobj(one) and not np.iscomplexobj(other):
        return one @ other
    return one.real @ other.real - one.imag @ other.imag
