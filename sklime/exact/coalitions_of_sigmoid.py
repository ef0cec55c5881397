"""Probabilities of additive scores where columns keep values or follow a background."""

import numpy as np

from sklime.exact.coalition_form import CoalitionModel
from sklime.exact.coalitions_of_products import CoalitionsOfProducts
from sklime.exact.waves import Waves
from sklime.exceptions import NoClosedForm

# Rows that are multiplied together; scores that a quadrature reaches, in steps of a factor.
_ROWS, _LEAST_REACH, _FACTOR = 8, 8.0, 2.0**0.5


class CoalitionsOfSigmoid(CoalitionModel):
    """Sigmoid of a sum of single-column functions under laws of coalitions.

    It is a sum of products over columns, one term a node of a quadrature. The further a
    row's score may reach, the more nodes there are.

    Parameters
    ----------
    form : SigmoidForm
        Tells what the columns add to the score.
    rebuilt : SigmoidOfColumns
        The same model, for its responses and the score's constant.
    features : FeatureMap
        Model features as functions of the columns.
    columns : sequence of Column
        The columns.
    background : Background
        What dropped columns follow.
    keep : KeepLaw
        Of the probability that columns are kept.
    """

    def __init__(self, form, rebuilt, features, columns, background, keep):
        self.form, self.rebuilt = form, rebuilt
        self._own = features, columns, background, keep
        self.n_terms, self.error = rebuilt.n_terms, rebuilt.error
        self.constant = np.zeros_like(rebuilt.constant)
        self._used = [j for j, owned in enumerate(features.owned) if len(owned)]
        parts = [
            form.part(features.owned[j], background.values[j])[:, np.newaxis]
            for j in self._used
        ]
        if not all(np.isfinite(part).all() for part in parts):
            raise NoClosedForm(
                "missing or infinite values of the background reach the model"
            )
        # Logarithms of exponential moments in both directions, the largest of all laws.
        self._bounds = []
        for sign in (-1.0, 1.0):
            tops = [(sign * part).max() for part in parts]
            means = [
                background.means(j, np.exp(sign * part - top)).max()
                for j, part, top in zip(self._used, parts, tops, strict=True)
            ]
            self._bounds.append(np.add(tops, np.log(means)))
        self._sums = {}

    @property
    def calibrated(self):
        """Whether the score's constant is known."""
        return self.rebuilt.calibrated

    def calibrate(self, at, responses):
        self.rebuilt.calibrate(at, responses)
        # Refuse scores that reach too far.
        self.nothing()

    def responses(self, at):
        return self.constant + self.rebuilt.responses(at)

    def nothing(self):
        reach = max(
            sign * self.rebuilt.score_constant + bounds.sum()
            for sign, bounds in zip((-1.0, 1.0), self._bounds, strict=True)
        )
        return self.constant + 0.5 + self._sum(_steps_to(reach)).nothing()

    def __call__(self, own, outputs):
        n, d = own.shape[1], len(self._own[0].owned)
        expected = np.empty((n, len(outputs)))
        contrasts = np.empty((n, len(outputs), d))
        for rows, padded, waves in self._by_reach(own):
            found = waves(own[:, padded], outputs)
            expected[rows], contrasts[rows] = (part[: len(rows)] for part in found)
        # Beside Shapley values it is the same for all rows, whatever their nodes.
        if self._own[-1].probability is None:
            return np.tile(self.nothing()[outputs], (n, 1)), contrasts
        return self.constant[outputs] + 0.5 + expected, contrasts

    def pairs(self, own, outputs, pairs):
        """Contrasts of pairs of columns, those of the sums of products."""
        found = np.empty((own.shape[1], len(outputs), len(pairs)))
        for rows, padded, waves in self._by_reach(own):
            found[rows] = waves.pairs(own[:, padded], outputs, pairs)[: len(rows)]
        return found

    def _by_reach(self, own):
        """Rows, these filled up to whole blocks, and the sum that serves their scores."""
        features, n = self._own[0], own.shape[1]
        reach = np.zeros(n)
        for sign, bounds in zip((-1.0, 1.0), self._bounds, strict=True):
            total = np.full(n, sign * self.rebuilt.score_constant)
            for j, bound in zip(self._used, bounds, strict=True):
                owned = features.owned[j]
                total += np.maximum(sign * self.form.part(owned, own[owned]), bound)
            reach = np.maximum(reach, total)
        if not np.isfinite(reach).all():
            raise NoClosedForm("missing or infinite values of the row reach the model")
        steps = _steps_to(reach)
        for number in np.unique(steps):
            rows = np.flatnonzero(steps == number)
            # Blocks of one height, lest a row's values depend on its batch.
            padded = np.pad(rows, (0, -len(rows) % _ROWS), mode="edge")
            yield rows, padded, self._sum(number)

    def _sum(self, steps):
        """Sum of products that serves scores up to some reach."""
        steps = int(steps)
        # Two threads may both build one; the two are equal.
        if steps not in self._sums:
            features, columns, background, keep = self._own
            reach = _LEAST_REACH * _FACTOR**steps
            waves = Waves(self.form, features.owner, self.rebuilt.score_constant, reach)
            own = features, columns, background, keep
            self._sums[steps] = CoalitionsOfProducts(waves, *own)
        return self._sums[steps]


def _steps_to(reach):
    """Which reach of the list serves a score."""
    bound = np.log(np.maximum(reach, _LEAST_REACH) / _LEAST_REACH) / np.log(_FACTOR)
    return np.ceil(bound).astype(int)
