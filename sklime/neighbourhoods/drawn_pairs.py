"""Interactions from draws around rows whose columns are drawn independently."""

import numpy as np

from sklime.moments.pair_contrasts import PairContrasts, strongest
from sklime.moments.pair_regression import regression_on_columns
from sklime.moments.source import InteractionSource
from sklime.moments.threads import one_thread


class PairsOfColumns(InteractionSource):
    """Mixin of sources of weighted draws, by a regression on products of two columns."""

    @property
    def tells_interactions(self):
        """Whether columns are independent under the weighted law, too."""
        return self.law.knows_columns and self.law.tilt(self.kernel) is not None

    def interactions(self, X, outputs, pairs):
        evaluated = self.evaluate(X)
        found = []
        with one_thread():
            for draws in self.draws(evaluated, outputs):
                Y, _, unit = draws.local_answers()
                regression = self._regression(draws)
                coef, errors = regression.interactions(Y, pairs)
                # What never varies moves nothing; what never matches is not known.
                constant = (draws.Z == draws.position[:, np.newaxis]).all(axis=1)
                nothing = constant[pairs].any(axis=1)
                own = np.where(nothing, 0.0, np.array([coef, errors]))
                own *= unit[:, np.newaxis]
                size = np.array([regression.size])
                found.append(PairContrasts(*own[:, np.newaxis], size))
        return PairContrasts.joined(found)

    def strongest_pairs(self, pairs, n_pairs, X, outputs):
        evaluated = self.evaluate(X)
        first, second = pairs.T
        total = 0.0
        with one_thread():
            for draws in self.draws(evaluated, outputs):
                strengths = self._regression(draws).strengths(draws.local_answers()[0])
                total = total + np.square(strengths[first, second])
        return strongest(total[np.newaxis], n_pairs)

    def _regression(self, draws):
        return regression_on_columns(draws, self.law.sampler.binary_features_)
