"""Neighbourhoods of draws made for each row alone."""

import numpy as np

from sklime.laws.checks import check_samples
from sklime.model.queries import predict_new_rows
from sklime.moments.draws import Draws, scale_answers
from sklime.neighbourhoods.base import SampledSource
from sklime.tables.access import n_rows


class OwnDraws(SampledSource):
    """Draws made for each row alone, from any law, weighted by kernel and masses."""

    @property
    def bytes_per_row(self):
        return 8 * 4 * self.n_samples * self.law.n_features

    def evaluate(self, X, known=None):
        samples = self._drawn(X)
        return list(zip(samples, self._responses(samples, known), strict=True))

    def responses(self, evaluated, i):
        return evaluated[i][1]

    def draws(self, evaluated, outputs):
        for (sample, responses), explained in zip(evaluated, outputs, strict=True):
            weights = self._weights(sample)
            if sample.masses is not None:
                weights = weights * (np.asarray(sample.masses) / np.mean(sample.masses))
            scaled = scale_answers(responses.T[explained])
            Z, own = sample.design.T, (sample.groups, sample.exhaustive, sample.n_draws)
            told = self.law.n_equivalent(sample, weights)
            if sample.exhaustive or self.law.sums_in_double:
                # What is enumerated is exact.
                Z = Z.astype(np.float64)
            yield Draws(Z, sample.position, weights, *scaled, *own, told)

    def _weights(self, sample):
        return self.law.kernel_weights(self.kernel, sample)

    def _drawn(self, X):
        samples = list(self.law.draw(X, self.n_samples, self.seed))
        check_samples(samples, n_rows(X), self.law)
        return samples

    def _responses(self, samples, known):
        inputs = [sample.inputs for sample in samples]
        return predict_new_rows(self.response, inputs, known, self.prefix, "draw")
