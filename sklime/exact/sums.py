r"""Sums of boxes and sums of single-column functions under the rows' tilted laws."""

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from sklime.exact.errors import NoClosedForm

# Rows and boxes that are multiplied together: they stay in the second-level cache.
_ROWS = 32
_BOXES = 2048


class SumOfBoxes:
    r"""LIME's limit for a sum of boxes: a product over columns in every box.

    .. math:: \beta_j = \sum_l v_l D_{lj} \prod_{k \ne j} A_{lk}

    Boxes that allow the same set in a column share its entries, so that memory grows with
    the conditions on the boxes' paths, not with boxes times columns.

    Parameters
    ----------
    values : ndarray of shape (n_boxes, n_outputs)
        Values of the boxes.
    sets : list of n_columns ColumnSets
        Their conditions.
    possible : ndarray of shape (n_boxes,) of bool
        False for boxes left out.
    columns : list of n_columns MatchedColumn or NormalColumn
        What the sets contribute.
    """

    def __init__(self, values, sets, possible, columns):
        self.columns = columns
        self.sets = sets
        self.ends = np.cumsum([0] + [len(own.allowed) for own in sets])
        box = np.concatenate([own.boxes for own in sets])
        entry = np.concatenate(
            [end + own.set_of_box for end, own in zip(self.ends[:-1], sets, strict=True)]
        )
        possible = possible.copy()
        never = ~np.concatenate([column.possible for column in columns])
        possible[box[never[entry]]] = False
        paths = sparse.csr_matrix(
            (np.ones(len(box)), (box, entry)), shape=(len(values), self.ends[-1])
        )[possible]
        values = values[possible]
        self.constant = np.zeros(values.shape[1])
        self._blocks = [
            (paths[part], paths[part].T.tocsr(), values[part])
            for part in gen_batches(len(values), _BOXES)
        ]

    def answers(self, at):
        """Evaluate the sum at rows.

        Parameters
        ----------
        at : ndarray of shape (n_rows, n_columns) of int
            Which of its column's values, or intervals, each entry is.

        Returns
        -------
        ndarray of shape (n_rows, n_outputs)
        """
        inside = np.concatenate(
            [own.allowed[:, own.cells[at[:, j]]] for j, own in enumerate(self.sets)]
        ).astype(np.float64)
        total = np.zeros((len(at), len(self.constant)))
        for paths, _, values in self._blocks:
            length = np.diff(paths.indptr)[:, np.newaxis]
            total += (paths @ inside == length).T @ values
        return total + self.constant

    def __call__(self, laws, outputs):
        """Expected answers and coefficients.

        Parameters
        ----------
        laws : list of n_columns ColumnLaw
            The tilted laws of some rows.
        outputs : ndarray of shape (n_wanted,) of int
            The outputs that are wanted.

        Returns
        -------
        expected : ndarray of shape (n_rows, n_wanted)
        coef : ndarray of shape (n_rows, n_wanted, n_columns)
        """
        n, d = len(laws[0].mean), len(laws)
        expected, coef = np.empty((n, len(outputs))), np.empty((n, len(outputs), d))
        log, ratio = np.empty((2, self.ends[-1], min(n, _ROWS)))
        for part in gen_batches(n, _ROWS):
            if part.stop - part.start < log.shape[1]:
                log, ratio = np.empty((2, self.ends[-1], part.stop - part.start))
            for j, (column, law) in enumerate(zip(self.columns, laws, strict=True)):
                own = slice(self.ends[j], self.ends[j + 1])
                column.fill(law, part, log[own], ratio[own])
            slopes = np.zeros((len(outputs), *log.shape))
            means = np.zeros((len(outputs), log.shape[1]))
            for paths, transposed, values in self._blocks:
                reach = np.exp(paths @ log)
                for i, c in enumerate(outputs):
                    answer = reach * values[:, c, np.newaxis]
                    means[i] += answer.sum(axis=0)
                    slopes[i] += transposed @ answer
            slopes *= ratio
            expected[part] = means.T
            for j in range(d):
                own = slice(self.ends[j], self.ends[j + 1])
                coef[part, :, j] = slopes[:, own].sum(axis=1).T
        return expected + self.constant[outputs], coef


class SumOfColumns:
    r"""LIME's limit for a sum of single-column functions: a difference of two means.

    .. math:: \beta_j = E[g_j \mid b_j] - E[g_j \mid \text{not } b_j]

    for a column of bins, whatever the kernel width; for a standardised column drawn from
    a normal law, and a linear part, the slope.

    Parameters
    ----------
    parts : list of n_columns ndarrays of shape (n_values, n_outputs)
        Each column's function at its distinct values.
    columns : sequence of Column
        The columns.
    """

    def __init__(self, parts, columns):
        self.parts = parts
        self.constant = np.zeros(parts[0].shape[1])
        self._pieces = [
            (_MatchedPiece if column.matched else _LinearPiece)(part, column)
            for part, column in zip(parts, columns, strict=True)
        ]

    def answers(self, at):
        """Evaluate the sum at rows, as `SumOfBoxes.answers`."""
        return self.constant + sum(part[at[:, j]] for j, part in enumerate(self.parts))

    def __call__(self, laws, outputs):
        """Expected answers and coefficients, as `SumOfBoxes`."""
        expected, slopes = zip(
            *(piece(law) for piece, law in zip(self._pieces, laws, strict=True)),
            strict=True,
        )
        coef = np.stack(slopes, axis=2)[:, outputs]
        return (self.constant + sum(expected))[:, outputs], coef


class _MatchedPiece:
    """One column's function under laws of bins."""

    def __init__(self, part, column):
        bins = column.law(None).bins
        q = np.bincount(bins, column.masses)[:, np.newaxis]
        sums = np.zeros((len(q), part.shape[1]))
        np.add.at(sums, bins, part * column.masses[:, np.newaxis])
        self.inside = sums / q
        # A column that does not vary has no outside, and no effect.
        rest = np.where(q < 1.0, 1.0 - q, np.inf)
        self.outside = np.where(q < 1.0, (sums.sum(axis=0) - sums) / rest, self.inside)
        # Last, where a value that training never had finds it: no bin matches.
        self.inside = np.vstack([self.inside, sums.sum(axis=0)])
        self.outside = np.vstack([self.outside, sums.sum(axis=0)])

    def __call__(self, law):
        inside, outside = self.inside[law.own], self.outside[law.own]
        slope = inside - outside
        return outside + law.mean[:, np.newaxis] * slope, slope


class _LinearPiece:
    """One column's linear function under normal laws."""

    def __init__(self, part, column):
        x = column.observed
        width = x[-1] - x[0]
        self.slope = (part[-1] - part[0]) / (width if width else 1.0)
        self.origin = part[0] - self.slope * x[0]
        line = self.origin + np.outer(x, self.slope)
        if not np.allclose(
            line, part, rtol=1e-9, atol=1e-9 * np.abs(part).max(initial=0.0)
        ):
            raise NoClosedForm("a step in front of the linear model is not linear itself")

    def __call__(self, law):
        expected = self.origin + np.outer(law.centre, self.slope)
        varies = law.variance[:, np.newaxis] > 0.0
        return expected, np.where(varies, self.slope * law.unit, 0.0)
