r"""Probabilities of additive scores: sigmoids of sums over columns, by quadrature.

With independent columns and the characteristic function
:math:`\varphi_S(u) = \prod_j E[e^{i u s_j}]` of the score :math:`S = c + \sum_j s_j`,

.. math:: E\,\sigma(S) = \frac12 + \int_0^\infty
    \frac{\operatorname{Im} \varphi_S(u)}{\sinh \pi u} \, du,

as the integral of :math:`\sin(u s) / \sinh(\pi u)` is :math:`\tanh(s / 2) / 2`.
"""

from __future__ import annotations

from abc import abstractmethod
from copy import copy
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.utils import gen_batches

from sklime.exact.coalitions_of_sigmoid import CoalitionsOfSigmoid, Waves
from sklime.exact.form import ClosedForm, RebuiltModel
from sklime.exact.products import SumOfProducts
from sklime.exceptions import NoClosedForm

# The integrand falls as exp(-pi u), and the midpoint rule errs by exp(-margin): both leave
# less than 1e-15.
_END, _MARGIN, _ERROR = 11.5, 36.0, 1e-15
_MOST_NODES = 4000
# Nodes come in whole vectors of any processor, lest a row's place in a block matter.
_VECTOR = 16

# Numbers of factors of bins and nodes that are kept: 400 MB. Of nodes and rows, or nodes
# and values, that are worked on together.
_MOST_NUMBERS = 12_500_000
# Values of columns that are evaluated at the nodes: some seconds.
_MOST_VALUES = 20_000_000
MOST_SIZES = _MOST_NUMBERS, _MOST_VALUES
_CELLS = 1 << 15

# What stands for a factor of 0, by which another is divided.
_TINY = 1e-100

# Probabilities closer to 0 and 1 do not tell the score's constant.
_TELLING = 1e-8


class SigmoidForm(ClosedForm):
    """Closed form of probabilities: the sigmoid of an additive score, for both classes.

    Parameters
    ----------
    margin : AdditiveForm
        The model's margin; its last output is read, that of the second class.
    slope, offset : float, default=1.0 and 0.0
        The score is ``offset + slope * margin``.
    """

    def __init__(self, margin: Any, slope: float = 1.0, offset: float = 0.0) -> None:
        self.margin = margin
        self.slope = slope
        self.offset = offset
        self.step = margin.step

    @property
    def constant(self) -> float | None:
        """Constant of the score, or None where only the model's answers tell."""
        if self.margin.constant is None:
            return None
        return self.offset + self.slope * float(self.margin.constant[-1])

    def part(
        self, features: NDArray[np.intp], values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What the model features of one column add to the score, (n_points,)."""
        return self.slope * self.margin.part(features, values)[:, -1]

    def bind(self, features, columns, points, mismatch):
        if any(column.normal for column in columns):
            raise NoClosedForm(
                "probabilities have no closed form under normal laws of standardised "
                "columns, but under those of training values they have"
            )
        parts = [self.slope * part[:, -1] for part in self.margin.parts(features)]
        constant = self.constant
        if constant is not None:
            constant += self.slope * float(self.margin.idle_part(features)[-1])
        if all(column.binary for column in columns):
            return SigmoidOfColumns(parts, constant, columns, mismatch)
        return SigmoidOfValues(parts, constant, self, features, columns, mismatch)

    def bind_coalitions(self, features, columns, points, background, keep):
        rebuilt = self.bind(features, columns, points, [1.0] * len(columns))
        return CoalitionsOfSigmoid(self, rebuilt, features, columns, background, keep)


class _SigmoidOfParts(RebuiltModel):
    """Sigmoid of a sum of single-column functions, whose constant may have to be found.

    Parameters
    ----------
    parts : list of n_columns ndarrays of shape (n_points,)
        Each column's function at its points.
    constant : float or None
        What they lack; None: `calibrate` finds it.
    """

    # Some models give the first class what the second leaves of 1.
    level = 1.0

    def __init__(self, parts, constant):
        self.parts = parts
        self.n_terms = len(parts)
        self.constant = np.zeros(2)
        self.score_constant = constant
        if constant is not None:
            self._tabulate()

    @abstractmethod
    def _tabulate(self):
        """Prepare the quadrature, as the score's constant is known."""

    @property
    def calibrated(self):
        """Whether the score's constant is known."""
        return self.score_constant is not None

    @property
    def error(self):
        """What the quadrature is off by, unless the score is the same in all rows."""
        return _ERROR if any(np.ptp(part) > 0.0 for part in self.parts) else 0.0

    def calibrate(self, at, responses):
        if self.calibrated:
            return
        score = self.scores(at)
        p = responses[:, -1]
        telling = p * (1.0 - p)
        if not telling.max() > _TELLING:
            raise NoClosedForm(
                "all its probabilities are 0 or 1, which do not tell its score"
            )
        own = telling > 1e-3 * telling.max()
        # The error of a score is that of the probability over p (1 - p).
        missed = np.log(p[own] / (1.0 - p[own])) - score[own]
        self.score_constant = float(np.average(missed, weights=telling[own] ** 2))
        self._tabulate()

    def scores(self, at: NDArray[np.intp]) -> NDArray[np.float64]:
        """Scores of rows, without the constant where that is not known yet."""
        total = sum(part[at[:, j]] for j, part in enumerate(self.parts))
        return total + (self.score_constant or 0.0)

    def responses(self, at):
        score = self.scores(at)
        return self.constant + np.column_stack([expit(-score), expit(score)])


class SigmoidOfColumns(_SigmoidOfParts):
    """LIME's limit for the sigmoid of a sum of single-column functions.

    One complex product a node gives the characteristic function of a row's score; the
    contrast of a column replaces that column's factor by inside minus outside.

    Parameters
    ----------
    parts : list of n_columns ndarrays of shape (n_points,)
        Each column's function at its points.
    constant : float or None
        What they lack; None: `calibrate` finds it.
    columns : sequence of Column
        The columns, of bins or categories.
    mismatch : list of n_columns floats or ndarrays
        As for `ClosedForm.bind`.

    Raises
    ------
    NoClosedForm
        If the score varies too widely.
    """

    _tables: _Quadrature | None = None

    def __init__(self, parts, constant, columns, mismatch):
        self._laws = [
            _BinnedPart(part, column.masses, column.law(None).bins, own)
            for part, column, own in zip(parts, columns, mismatch, strict=True)
        ]
        super().__init__(parts, constant)

    def _tabulate(self):
        self._tables = _Quadrature(self._laws, self.score_constant)

    @property
    def size(self):
        """Numbers of its factors, and values that they are found from."""
        own = self._tables
        return (0, 0) if own is None else (own.n_numbers, own.n_values)

    def for_rows(self) -> Self:
        own = copy(self)
        own.parts, own._laws = [], []
        return own

    def refined(self, times: int) -> SigmoidOfColumns:
        """Copy with several times as many nodes, to see what is lost without them."""
        other = copy(self)
        other._tables = _Quadrature(self._laws, self.score_constant, times)
        return other

    def __call__(self, laws, outputs):
        expected, coef = self._tables(np.stack([law.own for law in laws]))
        # The probability of the first class is what that of the second leaves.
        sign = np.where(outputs == 0, -1.0, 1.0)
        own = 0.5 + sign * expected[:, np.newaxis] + self.constant[outputs]
        return own, sign[:, np.newaxis] * coef[:, np.newaxis]

    def pairs(self, laws, outputs, pairs):
        """Contrasts of pairs of columns under tilted laws.

        Parameters
        ----------
        laws, outputs
            As for a call.
        pairs : ndarray of shape (n_pairs, 2) of int
            Positions of the columns.

        Returns
        -------
        ndarray of shape (n_rows, n_wanted, n_pairs)
        """
        found = self._tables.pairs(np.stack([law.own for law in laws]), pairs)
        sign = np.where(outputs == 0, -1.0, 1.0)
        return sign[:, np.newaxis] * found[:, np.newaxis]


class SigmoidOfValues(_SigmoidOfParts):
    """LIME's limit for the same where some columns are standardised: a sum of products.

    Each node of the quadrature is a term, with a complex factor for each column.

    Parameters
    ----------
    parts, constant
        As for `SigmoidOfColumns`.
    form : SigmoidForm
        The same functions at any values.
    features : FeatureMap
        Model features as functions of the columns.
    columns : sequence of Column
        The columns, drawn from their training values.
    mismatch : list of n_columns floats or ndarrays
        As for `ClosedForm.bind`.

    Raises
    ------
    NoClosedForm
        If the score varies too widely.
    """

    _products: SumOfProducts | None = None

    def __init__(self, parts, constant, form, features, columns, mismatch):
        self._own = form, features, columns, mismatch
        super().__init__(parts, constant)

    def _tabulate(self):
        form, features, columns, mismatch = self._own
        # The tilted law of a row far out hardly leaves its nearest values.
        reach = max(
            sign * self.score_constant + sum((sign * part).max() for part in self.parts)
            for sign in (-1.0, 1.0)
        )
        waves = Waves(form, features.owner, self.score_constant, max(reach, 0.0))
        self._products = SumOfProducts(waves, features, columns, mismatch)

    @property
    def size(self):
        """Numbers of its factors, and values that they are found from."""
        n_values = sum(map(len, self.parts))
        own = self._products
        return (0, 0) if own is None else (own.n_terms * n_values, n_values)

    def __call__(self, laws, outputs):
        expected, coef = self._products(laws, outputs)
        return expected + self.constant[outputs] + 0.5, coef

    def pairs(self, laws, outputs, pairs):
        """Contrasts of pairs of columns, as `SigmoidOfColumns.pairs`."""
        return self._products.pairs(laws, outputs, pairs)


class _BinnedPart:
    """Function of one column, its values sorted by bins."""

    def __init__(self, part, masses, bins, mismatch):
        order = np.argsort(bins, kind="stable")
        # Small parts around 0 keep the phases exact.
        self.centre = float(np.average(part, weights=masses))
        self.values, self.masses = part[order] - self.centre, masses[order]
        self.ends = np.append(0, np.cumsum(np.bincount(bins)))
        self.mismatch = mismatch
        self.n_laws = len(self.ends)  # bins, and one for a value that training never had
        self._bins = bins[order]

    def by_law(self, sums):
        """Means inside, outside and under the tilted law, from the sums over each bin.

        Parameters
        ----------
        sums : ndarray of shape (n_bins, n_functions)

        Returns
        -------
        inside, outside, tilted : ndarray of shape (n_bins + 1, n_functions)
        """
        starts, ends = self.ends[:-1], self.ends[1:]
        q = np.append(0.0, np.cumsum(self.masses))
        q = q[ends] - q[starts]
        others = _sums_of_others(q[:, np.newaxis])[:, 0]
        total = sums.sum(axis=0)
        varies = ((q > 0.0) & (others > 0.0))[:, np.newaxis]
        rest = _sums_of_others(sums)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = np.where(varies, sums / q[:, np.newaxis], total)
            outside = np.where(varies, rest / others[:, np.newaxis], total)
            e = self.mismatch[:-1] if np.ndim(self.mismatch) else self.mismatch
            weight = q + e * others
            tilted = (sums + (np.ones_like(q) * e)[:, np.newaxis] * rest) / weight[
                :, np.newaxis
            ]
        tilted = np.where(varies, tilted, total)
        return (np.vstack([own, total]) for own in (inside, outside, tilted))

    def log_bounds(self, sign):
        """Logarithms of exponential moments: under any tilted law, and any of bins."""
        values = sign * self.values
        top = values.max()
        sums = np.bincount(self._bins, self.masses * np.exp(values - top))
        inside, outside, tilted = self.by_law(sums[:, np.newaxis])
        typical = tilted.max()
        largest = max(inside.max(), outside.max(), typical)
        return top + np.log(typical), np.log(largest / typical)

    def characteristic(self, step, n_nodes):
        """Factors at the nodes, tilted, and inside minus outside over them."""
        sums = np.zeros((self.n_laws - 1, n_nodes), dtype=complex)
        single = (np.diff(self.ends) == 1).all()
        most = max(1, _CELLS // n_nodes) if single else _CELLS // _VECTOR
        bins = (
            [slice(0, len(self.values))] if single else map(slice, self.ends, self.ends[1:])
        )
        for b, own in enumerate(bins):
            for block in gen_batches(own.stop - own.start, most):
                values = slice(own.start + block.start, own.start + block.stop)
                x, mass = self.values[values], self.masses[values]
                # The nodes are (a + b + 1/2) steps, and exponentials multiply.
                fine = _powers(np.exp(0.5j * step * x), np.exp(1j * step * x), _VECTOR)
                coarse = np.exp(1j * step * _VECTOR * x)
                coarse = _powers(mass + 0j, coarse, n_nodes // _VECTOR)
                if single:
                    product = coarse[:, np.newaxis] * fine
                    sums[values] = product.reshape(n_nodes, -1).T
                else:
                    sums[b] += (coarse @ fine.T).ravel()
        inside, outside, tilted = self.by_law(sums)
        # A factor of 0 is divided by as a tiny one, in both places.
        tilted[np.abs(tilted) < _TINY] = _TINY
        return tilted, (inside - outside) / tilted


def _powers(first, factor, n):
    """Geometric sequences of `n` numbers, (n, n_sequences)."""
    powers = np.empty((n, len(first)), dtype=complex)
    powers[0] = first
    for before, after in pairwise(powers):
        np.multiply(before, factor, out=after)
    return powers


def _sums_of_others(own):
    """Sums over all lines but the own one, (n, n_functions), without cancellation."""
    before = np.cumsum(own[:-1], axis=0)
    after = np.cumsum(own[:0:-1], axis=0)[::-1]
    none = np.zeros_like(own[:1])
    return np.concatenate([none, before]) + np.concatenate([after, none])


class _Quadrature:
    """Midpoint rule, with the columns' factors at its nodes by bin.

    The error of a step ``2 pi / w`` is below ``2 E exp(abs(S) - w)``, as the Fourier
    transform of ``sin(u s) / sinh(pi u)`` at a frequency `w` is below
    ``exp(abs(s) - w) / 2``.

    Parameters
    ----------
    laws : list of _BinnedPart
    constant : float
        Of the score.
    times : int, default=1
        How many times as fine the step is as it must be.
    """

    def __init__(self, laws, constant, times=1):
        constant += sum(law.centre for law in laws)
        reach = 0.0
        for sign in (-1.0, 1.0):
            typical, extra = np.transpose([law.log_bounds(sign) for law in laws])
            # A contrast looks into single bins of up to two columns.
            reach = max(reach, sign * constant + typical.sum() + np.sort(extra)[-2:].sum())
        n_nodes = _END * (reach + _MARGIN) / (2.0 * np.pi)
        # `not (a <= b)`, so that NaN is refused.
        if not n_nodes <= _MOST_NODES:
            raise NoClosedForm(
                f"the probability's score reaches {reach:,.0f}, for which the quadrature "
                f"needs {n_nodes:,.0f} nodes, more than {_MOST_NODES:,}"
            )
        self.step = 2.0 * np.pi / (reach + _MARGIN) / times
        n_nodes = int(np.ceil(times * n_nodes / _VECTOR)) * _VECTOR
        widths = [law.n_laws for law in laws]
        if sum(widths) * n_nodes > _MOST_NUMBERS:
            raise NoClosedForm(
                f"its columns have {sum(widths):,} bins and categories, whose factors at "
                f"{n_nodes:,} nodes do not fit into memory"
            )
        n_values = sum(len(law.values) for law in laws)
        if n_values > _MOST_VALUES:
            raise NoClosedForm(
                f"its columns have {n_values:,} distinct values, whose factors at "
                f"{n_nodes:,} nodes take longer to find than draws"
            )
        u = self.step * (np.arange(n_nodes) + 0.5)
        self.weights = self.step / np.sinh(np.pi * u)
        self.origin = np.exp(1j * u * constant)
        # All columns in one table, each from its own line on.
        self.starts = np.cumsum([0, *widths[:-1]])[:, np.newaxis]
        self.factors, turned = np.empty((2, sum(widths), n_nodes), dtype=complex)
        for start, law in zip(self.starts[:, 0], laws, strict=True):
            own = slice(start, start + law.n_laws)
            self.factors[own], turned[own] = law.characteristic(self.step, n_nodes)
        # Im(a b) is a product of real vectors, (Re a, Im a) and (Im b, Re b).
        np.conjugate(turned, out=turned)
        turned *= 1j
        self.turned = turned
        self.n_numbers, self.n_values = self.factors.size, n_values
        self.n_rows = int(max(8, _CELLS // n_nodes // 8 * 8))

    def __call__(self, own):
        """Expected probabilities less 1/2, (n_rows,), and coefficients (n_rows, d)."""
        at = own + self.starts
        d, n = at.shape
        expected, coef = np.empty(n), np.empty((n, d))
        for rows in gen_batches(n, self.n_rows):
            product = self._product(at[:, rows])
            expected[rows] = np.einsum("ru->r", product.imag)
            for j in range(d):
                turned = np.take(self.turned, at[j, rows], axis=0)
                coef[rows, j] = np.einsum(
                    "ru,ru->r", product.view(np.float64), turned.view(np.float64)
                )
        return expected, coef

    def pairs(self, own, pairs):
        """Contrasts of pairs of columns, (n_rows, n_pairs)."""
        columns, places = np.unique(pairs, return_inverse=True)
        first, second = places.reshape(-1, 2).T
        at = own + self.starts
        found = np.empty((at.shape[1], len(pairs)))
        height = max(8, self.n_rows // max(len(columns), 1) // 8 * 8)
        for rows in gen_batches(at.shape[1], height):
            product = self._product(at[:, rows])
            turned = np.take(self.turned, at[columns, rows].T, axis=0)
            moved = 1j * product[:, np.newaxis] * np.conjugate(turned)
            both = moved.view(np.float64) @ np.swapaxes(turned.view(np.float64), 1, 2)
            found[rows] = both[:, first, second]
        return found

    def _product(self, at):
        """Weighted characteristic function of each row's score, (n_rows, n_nodes)."""
        product = np.tile(self.weights * self.origin, (at.shape[1], 1))
        for own in at:
            product *= np.take(self.factors, own, axis=0)
        return product
