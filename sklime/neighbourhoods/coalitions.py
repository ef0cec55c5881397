"""Coalitions of units around rows, from which Shapley values are told."""

from dataclasses import dataclass

import numpy as np

from sklime.laws.base import Sample
from sklime.laws.quasirandom import N_SCRAMBLES
from sklime.model.queries import predict_masked
from sklime.moments.draws import Draws, scale_answers
from sklime.moments.shapley import Ends, shapley_moments
from sklime.neighbourhoods.additive_part import AdditivePart
from sklime.neighbourhoods.base import SampledSource

# Numbers of units whose coalitions are remembered.
_REMEMBERED = 8

# Seed of the draws of the background, beside those of coalitions.
_BACKGROUND = 17_013

# Cells of one column that the additive part looks at, and of all columns.
_MOST_LEVELS, _MOST_CELLS = 16, 600


class Coalitions(SampledSource):
    """Coalitions of each row's units: shared by rows of equally many units.

    Where what dropped units take is drawn, the model is asked about draws of the background
    once, for all rows. They tell the mean answer, and an additive part of the responses:
    what it makes of the drawn values is then taken off the answers to coalitions, which
    are less noisy, and right in the mean, whatever it is.
    """

    rows_at_once = 1

    def __init__(self, law, kernel, response, n_samples, seed, smaller=None):
        super().__init__(law, kernel, response, n_samples, seed, smaller)
        self._shared = {}
        self._background = None
        if law.sampler.draws_fills:
            self._background = _Background(law.sampler, response, self.n_samples, seed)

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
        ends = Ends(*(end[explained] for end in (own.empty, own.full, own.empty_error)))
        return shapley_moments(own.masks, own.responses.T[explained], ends)

    def with_standard_errors(self, surrogates, moments, evaluated, outputs):
        return surrogates.with_known_errors(moments.errors)

    def _evaluated(self, row):
        shared = self._of(row.n_units)
        masks, what, kind = shared.masks, "masked copy", self.law.sampler.kind_
        asked, background = (self.response, kind, row), self._background
        ends = np.repeat([[True], [False]], row.n_units, axis=1)
        if background is None:
            full, empty = predict_masked(*asked, ends, what)
            error = np.zeros_like(empty)
        else:
            [full] = predict_masked(*asked, ends[:1], what)
            empty, error = background.mean, background.error
        responses = np.empty((0, len(full)))
        if len(masks):
            responses = predict_masked(*asked, masks.design, what, masks.fills)
        if shared.offsets is not None:
            responses = responses - shared.offsets
        return _Answers(masks, responses, empty, full, error)

    def _of(self, n_units):
        # Two threads may both draw the same; the two are equal.
        if n_units not in self._shared:
            while len(self._shared) >= _REMEMBERED:
                self._shared.pop(next(iter(self._shared)), None)
            # Those that keep nothing, or all, are asked about, too.
            n_samples = max(self.n_samples - 2, 2)
            masks = self.law.coalitions(n_units, n_samples, self.seed)
            offsets = None
            if masks.fills is not None:
                offsets = self._background.offsets(masks)
            self._shared[n_units] = _SharedCoalitions(masks, offsets)
        return self._shared[n_units]


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


class _Background:
    """Answers to draws of a background, of which nothing is the row's.

    Attributes
    ----------
    mean, error : ndarray of shape (n_outputs,)
        Their mean, and its standard error.
    """

    def __init__(self, sampler, response, n_samples, seed):
        self.sampler = sampler
        fills = sampler.fills(n_samples, [seed, _BACKGROUND])
        Y = response(sampler.hidden_rows(fills), what="background draw").T
        scaled, origin, self._scale = scale_answers(Y)
        most = min(len(fills) // 3, _MOST_CELLS)
        self._n_levels = max(1, min(_MOST_LEVELS, most // max(fills.shape[1], 1) - 3))
        self._additive = AdditivePart(sampler.cells(fills, self._n_levels), scaled)
        rest = self._additive.rest
        by_scramble = rest.reshape(len(rest), N_SCRAMBLES, -1).mean(axis=2)
        self.mean = origin + self._scale * (self._additive.origin + rest.mean(axis=1))
        error = by_scramble.std(axis=1, ddof=1) / np.sqrt(N_SCRAMBLES)
        self.error = self._scale * error / np.sqrt(max(self._additive.free_share, 0.1))

    def offsets(self, masks):
        """What the additive part makes of the values drawn for dropped units.

        Parameters
        ----------
        masks : Sample
            Coalitions with one draw each.

        Returns
        -------
        ndarray of shape (n_coalitions, n_outputs)
            Of mean 0.
        """
        if not len(masks):
            return np.empty((0, len(self.mean)))
        cells = self.sampler.cells(masks.fills[:, 0], self._n_levels)
        moved = np.einsum("knd,nd->nk", self._additive.terms(cells), ~masks.design)
        return moved * self._scale
