"""Interactions of units of rows, from masks that rows of equally many units share."""

from abc import abstractmethod

import numpy as np

from sklime.moments.draws import scale_answers
from sklime.moments.pair_contrasts import PairContrasts, UnitPairs, strongest
from sklime.moments.source import InteractionSource
from sklime.moments.threads import one_thread


class PairsOfUnits(InteractionSource):
    """Mixin of sources whose masks depend on the number of units alone."""

    # Number of units, and the regression that rows of so many share: the last one.
    _last = (None, None)

    def __getstate__(self):
        return {name: own for name, own in vars(self).items() if name != "_last"}

    def interactions(self, X, outputs, pairs):
        pairs = UnitPairs.of(pairs)
        own = zip(X, self.evaluate(X), outputs, strict=True)
        return PairContrasts.joined([self._of_row(*one, pairs) for one in own])

    def strongest_pairs(self, pairs, n_pairs, X, outputs):
        first, second = pairs.T
        total = 0.0
        for row, evaluated, explained in zip(X, self.evaluate(X), outputs, strict=True):
            with one_thread():
                Y, _ = self._scaled(evaluated, explained)
                strengths = self._shared_regression(row, evaluated).strengths(Y)
            total = total + np.square(strengths[first, second])
        return strongest(total[np.newaxis], n_pairs)

    def _of_row(self, row, evaluated, explained, pairs):
        with one_thread():
            Y, unit = self._scaled(evaluated, explained)
            regression = self._shared_regression(row, evaluated)
            pairs, kept = pairs.strongest(lambda: regression.strengths(Y))
            told = regression.interactions(Y, pairs.positions, pairs.place)
        coef, errors = (unit[:, np.newaxis] * own for own in told)
        errors = self._with_other_errors(errors, evaluated, explained, regression, pairs)
        at_row = self._at_row(evaluated)
        if at_row is not None:
            at_row = np.full((1, coef.shape[1]), at_row)
        size = np.array([regression.size])
        return PairContrasts(coef[np.newaxis], errors[np.newaxis], size, at_row, kept)

    def _scaled(self, evaluated, explained):
        """Responses of order 1, and their units."""
        Y, _, unit = scale_answers(self._responses_of(evaluated).T[explained])
        return Y, unit

    def _shared_regression(self, row, evaluated):
        # Two threads may both build one; the two are equal.
        n_units, regression = self._last
        if n_units != row.n_units:
            regression = self._regression(evaluated)
            self._last = row.n_units, regression
        return regression

    def _responses_of(self, evaluated):
        """The responses that the regression is on, (n_draws, n_outputs)."""
        return evaluated[1]

    def _with_other_errors(self, errors, evaluated, explained, regression, pairs):
        """Standard errors with those of what draws of the row do not tell."""
        return errors

    @abstractmethod
    def _regression(self, evaluated):
        """Regression on products of units, of any row of as many units."""

    @abstractmethod
    def _at_row(self, evaluated):
        """The term of any pair at the row, or None."""
