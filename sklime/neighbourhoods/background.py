"""Backgrounds that are drawn: the mean answer, and how to quieten answers to coalitions."""

import numpy as np

from sklime.laws.quasirandom import N_SCRAMBLES, count_draws
from sklime.moments.draws import scale_answers
from sklime.neighbourhoods.additive_part import AdditivePart

# Seed of the draws of the background, beside those of coalitions.
_BACKGROUND = 17_013

# Cells of one column that the additive part looks at, and of all columns.
_MOST_LEVELS, _MOST_CELLS = 16, 600


class Background:
    """Answers to draws of a background, of which nothing is the row's.

    They tell the mean answer, and an additive part of the responses. What that makes of the
    values drawn for dropped units is taken off the answers to coalitions, which are then
    less noisy, and right in the mean, whatever it is.

    Parameters
    ----------
    sampler : MaskSampler
        Fitted: draws what dropped units take.
    response : Response
        Queries the model.
    n_samples : int
        Draws, before rounding up.
    seed : int
        Seed of the draws.

    Attributes
    ----------
    mean, error : ndarray of shape (n_outputs,)
        Their mean, and its standard error.
    """

    def __init__(self, sampler, response, n_samples, seed):
        self.sampler = sampler
        # Equally many for each scramble, whatever draws them.
        n_samples = count_draws(n_samples, "sobol")
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

    def offsets(self, design, fills):
        """What the additive part makes of the values drawn for dropped units.

        Parameters
        ----------
        design : ndarray of shape (n_copies, n_units) of bool
            Units that are kept.
        fills : ndarray of shape (n_copies, 1, n_units)
            Encoded values of those that are not.

        Returns
        -------
        ndarray of shape (n_copies, n_outputs)
            Of mean 0.
        """
        if not len(design):
            return np.zeros((0, len(self.mean)))
        terms = self._additive.terms(self.sampler.cells(fills[:, 0], self._n_levels))
        return np.einsum("knd,nd->nk", terms, ~design) * self._scale
