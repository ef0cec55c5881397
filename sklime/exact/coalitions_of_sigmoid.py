"""Probabilities of additive scores where columns keep values or follow a background."""

import numpy as np

from sklime.exact.coalitions_by_reach import FACTOR, CoalitionsByReach
from sklime.exact.coalitions_of_products import CoalitionsOfProducts
from sklime.exact.waves import Waves
from sklime.exceptions import NoClosedForm


class CoalitionsOfSigmoid(CoalitionsByReach):
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

    # Of a score, up to which all rows share a quadrature.
    least_reach = 8.0

    # Of probabilities, from which the sums are odd functions of the score.
    middle = 0.5

    def __init__(self, form, rebuilt, features, columns, background, keep):
        super().__init__(features, columns, background, keep)
        self.form, self.rebuilt = form, rebuilt
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
        return self.constant + self.middle + self.sum_of(self.steps_to(reach)).nothing()

    def reach(self, own):
        features, n = self._own[0], own.shape[1]
        reach = np.zeros(n)
        for sign, bounds in zip((-1.0, 1.0), self._bounds, strict=True):
            total = np.full(n, sign * self.rebuilt.score_constant)
            for j, bound in zip(self._used, bounds, strict=True):
                owned = features.owned[j]
                total += np.maximum(sign * self.form.part(owned, own[owned]), bound)
            reach = np.maximum(reach, total)
        return reach

    def build(self, steps):
        reach = self.least_reach * FACTOR**steps
        waves = Waves(self.form, self._own[0].owner, self.rebuilt.score_constant, reach)
        return CoalitionsOfProducts(waves, *self._own)
