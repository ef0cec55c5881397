r"""Probabilities of additive scores: sigmoids of sums over columns, by quadrature.

With independent columns the characteristic function of the score :math:`c + \sum_j s_j`,
which the `MidpointRule` integrates, is a product of theirs,
:math:`\varphi_S(u) = e^{i u c} \prod_j E[e^{i u s_j}]`.
"""

from __future__ import annotations

from abc import abstractmethod
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sklime.exact.binned_quadrature import ERROR, BinnedPart, BinnedQuadrature
from sklime.exact.coalitions_of_sigmoid import CoalitionsOfSigmoid
from sklime.exact.form import ClosedForm, RebuiltModel
from sklime.exact.sum_of_products import SumOfProducts
from sklime.exact.waves import Waves
from sklime.exceptions import NoClosedForm

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
        return ERROR if any(np.ptp(part) > 0.0 for part in self.parts) else 0.0

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

    _tables: BinnedQuadrature | None = None

    # Columns that do not move the score; files of older explainers do not tell them.
    _idle = np.empty(0, dtype=np.intp)

    def __init__(self, parts, constant, columns, mismatch):
        # The quadrature would leave rounding there.
        self._idle = np.flatnonzero([np.ptp(part) == 0.0 for part in parts])
        self._laws = [
            BinnedPart(part, column.masses, column.law(None).bins, own)
            for part, column, own in zip(parts, columns, mismatch, strict=True)
        ]
        super().__init__(parts, constant)

    def _tabulate(self):
        self._tables = BinnedQuadrature(self._laws, self.score_constant)

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
        other._tables = BinnedQuadrature(self._laws, self.score_constant, times)
        return other

    def __call__(self, laws, outputs):
        expected, coef = self._tables(np.stack([law.own for law in laws]))
        coef[:, self._idle] = 0.0
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
        found[:, np.isin(pairs, self._idle).any(axis=1)] = 0.0
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
