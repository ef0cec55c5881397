"""Sums of functions of single columns and of pairs of columns under the rows' laws."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from sklime.exact.form import RebuiltModel
from sklime.exceptions import NoClosedForm
from sklime.laws.columns import inside_and_outside

# Numbers that the tables of all pairs may hold, by the bins of both columns: 200 MB.
_MOST_CELLS = 25_000_000


@dataclass(frozen=True)
class PairTable:
    """Function of two columns: a table over the bins that a model sorts both into.

    Parameters
    ----------
    columns : tuple of two ints
        Positions of the columns, different ones.
    bins : tuple of two ndarrays of shape (n_points,) of int
        The row and line of the table at the points of both columns.
    values : ndarray of shape (n_first, n_second, n_outputs)
        The table.
    """

    columns: tuple
    bins: tuple
    values: np.ndarray


class SumOfPairs(RebuiltModel):
    r"""LIME's limit for a sum of functions of one or two columns.

    With :math:`T` a table over two columns, `o` the probabilities of its rows outside the
    explained row's own bin, `s` those inside minus those outside, and :math:`\bar z` the
    mean of the interpretable feature,

    .. math:: E[T] = (o_a + \bar z_a s_a)' \, T \, (o_b + \bar z_b s_b), \qquad
        \beta_a = s_a' \, T \, (o_b + \bar z_b s_b), \qquad \beta_{ab} = s_a' \, T \, s_b,

    all of which are looked up by the rows' own bins. Of a standardised column drawn from
    its training values, `s` are slopes of the probabilities of the table's rows.

    Parameters
    ----------
    singles : SumOfColumns
        The functions of single columns.
    tables : list of PairTable
        The functions of pairs.
    columns : sequence of Column
        The columns.

    Raises
    ------
    NoClosedForm
        If a column of a pair is drawn from a normal law, or the bins of both are too many.
    """

    def __init__(self, singles, tables, columns):
        _check_size(tables, columns)
        self.singles, self.tables = singles, tables
        self.n_terms = singles.n_terms + len(tables)
        self.constant = np.zeros_like(singles.constant)
        self._contrasts = []
        for table in tables:
            binned = all(columns[j].binary for j in table.columns)
            kind = _Contrasts if binned else _Slopes
            self._contrasts.append(kind(table, columns))

    def responses(self, at):
        total = self.singles.responses(at) + self.constant
        for table in self.tables:
            first, second = (
                bins[at[:, j]] for j, bins in zip(table.columns, table.bins, strict=True)
            )
            total += table.values[first, second]
        return total

    def __call__(self, laws, outputs):
        expected, coef = self.singles(laws, outputs)
        expected = expected + self.constant[outputs]
        for contrasts in self._contrasts:
            a, b = contrasts.columns
            mean, by_a, by_b = contrasts(laws, outputs)
            expected += mean
            coef[:, :, a] += by_a
            coef[:, :, b] += by_b
        return expected, coef

    def pairs(self, laws, outputs, pairs):
        """Interaction coefficients of pairs of columns under tilted laws."""
        found = np.zeros((len(laws[0].mean), len(outputs), len(pairs)))
        wanted = np.sort(pairs, axis=1)
        for contrasts in self._contrasts:
            own = np.flatnonzero((wanted == np.sort(contrasts.columns)).all(axis=1))
            if len(own):
                found[:, :, own] += contrasts.both(laws, outputs)[:, :, np.newaxis]
        return found


class _Contrasts:
    """Contrasts of a pair's table, by the rows' own bins of both columns."""

    def __init__(self, table, columns):
        self.columns = table.columns
        (outside, moved), (outside_too, moved_too) = (
            _probabilities(columns[j], bins, size)
            for j, bins, size in zip(
                table.columns, table.bins, table.values.shape, strict=False
            )
        )
        self.by_bins = [
            np.einsum("ik,klc,jl->ijc", one, table.values, other, optimize=True)
            for one in (outside, moved)
            for other in (outside_too, moved_too)
        ]

    def __call__(self, laws, outputs):
        """Expected values of the table and coefficients of both columns.

        Returns
        -------
        three ndarrays of shape (n_rows, n_wanted)
        """
        neither, first, second, both = self._at(laws, outputs)
        z_a, z_b = (laws[j].mean[:, np.newaxis] for j in self.columns)
        by_a, by_b = first + z_b * both, second + z_a * both
        return neither + z_a * by_a + z_b * second, by_a, by_b

    def both(self, laws, outputs):
        """Interaction coefficients, (n_rows, n_wanted)."""
        return self._at(laws, outputs)[-1]

    def _at(self, laws, outputs):
        """The table outside both bins, and its moves by the first, the second and both."""
        a, b = (laws[j].own for j in self.columns)
        neither, second, first, both = (own[a, b][:, outputs] for own in self.by_bins)
        return neither, first, second, both


class _Slopes:
    """Contrasts of a pair's table where a column is standardised."""

    def __init__(self, table, columns):
        self.columns = table.columns
        n_first, n_second, n_outputs = table.values.shape
        lines = np.moveaxis(table.values, 2, 1).reshape(-1, n_second)
        self._lines = sparse.csr_array(lines)
        self._shape = n_first, n_outputs
        self._sides = [
            _probabilities(columns[j], bins, size)
            if columns[j].binary
            else _indicators(bins, size)
            for j, bins, size in zip(
                table.columns, table.bins, table.values.shape, strict=False
            )
        ]

    def __call__(self, laws, outputs):
        """As `_Contrasts` does."""
        (mean_a, move_a), (mean_b, move_b) = self._moves(laws)
        lines = self._times(mean_b)
        by_b = self._sum(mean_a, self._times(move_b))
        found = self._sum(mean_a, lines), self._sum(move_a, lines), by_b
        return [own[:, outputs] for own in found]

    def both(self, laws, outputs):
        """Interaction coefficients, (n_rows, n_wanted)."""
        (_, move_a), (_, move_b) = self._moves(laws)
        return self._sum(move_a, self._times(move_b))[:, outputs]

    def _moves(self, laws):
        """Probabilities of the table's rows or columns, and their slopes."""
        found = []
        for j, side in zip(self.columns, self._sides, strict=True):
            law = laws[j]
            if isinstance(side, tuple):
                outside, moved = (own[law.own].T for own in side)
                found.append((outside + law.mean * moved, np.ascontiguousarray(moved)))
            else:
                found.append((side @ law.weights, side @ law.pull))
        return found

    # Sparse products and sums along the first axis: the same for a row among few and many.

    def _times(self, probabilities):
        """The table times probabilities, (n_first, n_outputs, n_rows)."""
        return (self._lines @ probabilities).reshape(*self._shape, -1)

    @staticmethod
    def _sum(probabilities, lines):
        return (probabilities[:, np.newaxis] * lines).sum(axis=0).T


def _indicators(bins, size):
    """Matrix that adds values of a column up to rows of a table, (size, n_values)."""
    return sparse.csr_array(
        (np.ones(len(bins)), (bins, np.arange(len(bins)))), shape=(size, len(bins))
    )


def _probabilities(column, bins, size):
    """Probabilities of a table's rows outside each interpretable bin, and their moves.

    Both of shape (n_bins + 1, size), the last line for a value that training never had.
    """
    own = column.law(None).bins
    cells, place = np.unique(own.astype(np.int64) * size + bins, return_inverse=True)
    rows = np.zeros((len(cells), size))
    rows[np.arange(len(cells)), cells % size] = 1.0
    masses = np.bincount(place, column.masses)
    inside, outside = inside_and_outside(rows, masses, cells // size)
    return outside, inside - outside


def _check_size(tables, columns):
    n_cells = 0
    for table in tables:
        if any(columns[j].normal for j in table.columns):
            raise NoClosedForm(
                "it has terms of pairs of columns, of which one is drawn from a normal "
                "law: pairs need bins, categories or training values"
            )
        if not all(columns[j].binary for j in table.columns):
            continue
        n_laws = [len(columns[j].frequencies) + 1 for j in table.columns]
        n_cells += 4 * n_laws[0] * n_laws[1] * table.values.shape[2]
    if n_cells > _MOST_CELLS:
        raise NoClosedForm(
            f"the bins of its pairs of columns make {n_cells:,} numbers, more than fit "
            "into memory"
        )
