"""Coalitions of units around rows, from which Shapley values are told."""

from dataclasses import dataclass

import numpy as np

from sklime.laws.base import Sample
from sklime.model.queries import predict_masked
from sklime.moments.draws import Draws, scale_answers
from sklime.moments.shapley import shapley_moments
from sklime.neighbourhoods.base import SampledSource

# Numbers of units whose coalitions are remembered.
_REMEMBERED = 8


@dataclass(frozen=True, eq=False)
class _Answers:
    """Coalitions of one row, and the model's answers to them."""

    masks: Sample
    responses: np.ndarray
    empty: np.ndarray
    full: np.ndarray


class Coalitions(SampledSource):
    """Coalitions of each row's units: shared by rows of equally many units."""

    rows_at_once = 1

    def __init__(self, law, kernel, response, n_samples, seed, smaller=None):
        super().__init__(law, kernel, response, n_samples, seed, smaller)
        self._shared = {}

    @property
    def bytes_per_row(self):
        return 1

    def evaluate(self, X, known=None):
        return [self._evaluated(row) for row in X]

    def responses(self, evaluated, i):
        return evaluated[i].responses

    def draws(self, evaluated, outputs):
        for own, explained in zip(evaluated, outputs, strict=True):
            Z = np.ascontiguousarray(own.masks.design.T)
            scaled = scale_answers(own.responses.T[explained])
            yield Draws(Z, np.ones(len(Z)), own.masks.masses, *scaled, own.masks.groups)

    def moments(self, evaluated, outputs):
        [own], [explained] = evaluated, outputs
        answers = own.responses.T[explained], own.empty[explained], own.full[explained]
        return shapley_moments(own.masks, *answers)

    def with_standard_errors(self, surrogates, moments, evaluated, outputs):
        return surrogates.with_known_errors(moments.errors)

    def _evaluated(self, row):
        masks = self._of(row.n_units)
        what, kind = "masked copy", self.law.sampler.kind_
        asked = self.response, kind, row
        ends = np.repeat([[False], [True]], row.n_units, axis=1)
        empty, full = predict_masked(*asked, ends, what)
        responses = np.empty((0, len(empty)))
        if len(masks):
            responses = predict_masked(*asked, masks.design, what, masks.fills)
        return _Answers(masks, responses, empty, full)

    def _of(self, n_units):
        # Two threads may both draw the same; the two are equal.
        if n_units not in self._shared:
            while len(self._shared) >= _REMEMBERED:
                self._shared.pop(next(iter(self._shared)), None)
            # Those that keep nothing, or all, are asked about, too.
            n_samples = max(self.n_samples - 2, 2)
            self._shared[n_units] = self.law.coalitions(n_units, n_samples, self.seed)
        return self._shared[n_units]
