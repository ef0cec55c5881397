"""Coalitions of units around rows, from which Shapley values are told."""

from dataclasses import dataclass

import numpy as np

from sklime.laws.base import Sample
from sklime.model.queries import predict_masked_rows
from sklime.moments.draws import Draws, scale_answers
from sklime.moments.shapley import Ends, shapley_moments
from sklime.moments.shapley_pairs import shapley_regression
from sklime.neighbourhoods.background import Background
from sklime.neighbourhoods.by_units import SourceByUnits
from sklime.neighbourhoods.unit_pairs import PairsOfUnits


class Coalitions(SourceByUnits, PairsOfUnits):
    """Coalitions of each row's units: shared by rows of equally many units.

    Where what dropped units take is drawn, the model is asked about the background once,
    for all rows.
    """

    def __init__(self, law, kernel, response, n_samples, seed, smaller=None):
        super().__init__(law, kernel, response, n_samples, seed, smaller)
        self._background = None
        if law.sampler.draws_fills:
            self._background = Background(law.sampler, response, self.n_samples, seed)

    def responses(self, evaluated, i):
        return evaluated[i].responses

    def draws(self, evaluated, outputs):
        for own, explained in zip(evaluated, outputs, strict=True):
            Z = np.ascontiguousarray(own.masks.design.T)
            scaled = scale_answers(own.responses.T[explained])
            yield Draws(Z, np.ones(len(Z)), own.masks.masses, *scaled, own.masks.groups)

    def moments(self, evaluated, outputs):
        [own], [explained] = evaluated, outputs
        told = (end[explained] for end in (own.empty, own.full, own.empty_error))
        ends = Ends(*told, self.n_samples if self._background is not None else 0)
        return shapley_moments(own.masks, own.responses.T[explained], ends, self.n_samples)

    def with_standard_errors(self, surrogates, moments, evaluated, outputs):
        return surrogates.with_known_errors(moments.errors)

    def _regression(self, evaluated):
        return shapley_regression(evaluated.masks, self._background is not None)

    def _responses_of(self, evaluated):
        ends = [evaluated.empty], [evaluated.full]
        return np.concatenate([evaluated.responses, *ends])

    def _with_other_errors(self, errors, evaluated, explained, regression, pairs):
        if self._background is None:
            return errors
        empty = regression.weight_of_empty(pairs.positions, pairs.place)
        return np.hypot(errors, np.outer(evaluated.empty_error[explained], empty))

    def _at_row(self, evaluated):
        # Shapley values have no other view.
        return None

    def _evaluated(self, shared, rows):
        masks, what, kind = shared.masks, "masked copy", self.law.sampler.kind_
        asked, background = (self.response, kind, rows), self._background
        ends = np.repeat([[True], [False]], rows[0].n_units, axis=1)
        if background is None:
            own_ends = predict_masked_rows(*asked, ends, what)
        else:
            own_ends = predict_masked_rows(*asked, ends[:1], what)
        answers = [np.empty((0, own.shape[1])) for own in own_ends]
        if len(masks):
            answers = predict_masked_rows(*asked, masks.design, what, masks.fills)
        for own, responses in zip(own_ends, answers, strict=True):
            if background is None:
                full, empty = own
                error = np.zeros_like(empty)
            else:
                [full], empty, error = own, background.mean, background.error
            if shared.offsets is not None:
                responses = responses - shared.offsets
            yield _Answers(masks, responses, empty, full, error)

    def _draw(self, n_units):
        # Those that keep nothing, or all, are asked about, too.
        n_samples = max(self.n_samples - 2, 2)
        masks = self.law.coalitions(n_units, n_samples, self.seed)
        offsets = None
        if masks.fills is not None:
            offsets = self._background.offsets(masks.design, masks.fills)
        return _SharedCoalitions(masks, offsets)


@dataclass(frozen=True, eq=False)
class _SharedCoalitions:
    """Coalitions of rows of equally many units, and what is taken off their answers."""

    masks: Sample
    offsets: np.ndarray | None


@dataclass(frozen=True, eq=False)
class _Answers:
    """The model's answers to the coalitions of one row.

    Parameters
    ----------
    masks : Sample
        The coalitions.
    responses : ndarray of shape (n_coalitions, n_outputs)
        Without what is known of the noise of drawn values.
    empty, full, empty_error : ndarray of shape (n_outputs,)
        Answers where nothing is kept, and everything; the standard error of the first.
    """

    masks: Sample
    responses: np.ndarray
    empty: np.ndarray
    full: np.ndarray
    empty_error: np.ndarray
