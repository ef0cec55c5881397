"""Small pools of draws, in which a row's own value takes the place of others."""

import numpy as np

from sklime.kernels import checked_weights
from sklime.laws.masks import weights_by_count
from sklime.model.queries import predict_tables
from sklime.moments.draws import scale_answers
from sklime.tables.access import with_values_of

# Seed of what is drawn within bins, beside the pool's.
_WITHIN = 72_014


class PairedPool:
    """Draws that all rows share, the responses to them, and what takes their place.

    Parameters
    ----------
    law : SharedLaw
        Of the draws.
    kernel : Kernel
        With nothing left open.
    response : Response
        Queries the model about the draws.
    n_samples : int
        Number of draws, before rounding up.
    seed : int
        Seed of the draws.

    Attributes
    ----------
    responses : ndarray of shape (n_outputs, n_draws)
        The model's responses, scaled.
    origin, unit : ndarray of shape (n_outputs,)
        Their origin and unit.
    n_groups : int
        Groups of draws, one after the other, that are independent; 0: all draws are.
    """

    def __init__(self, law, kernel, response, n_samples, seed):
        self.law = law
        self.kernel = kernel
        self.inputs, self.points = law.pool(n_samples, seed)
        [responses] = predict_tables(response, [self.inputs], "pool draw")
        scaled = scale_answers(np.ascontiguousarray(responses.T))
        self.responses, self.origin, self.unit = scaled
        groups = law.groups(len(self.points))
        self.n_groups = 0 if groups is None else int(groups.max()) + 1
        self._within = numbers_within(seed, len(self.points))
        self._log_weights = None
        if kernel.exchangeable and self.points.binary.all():
            with np.errstate(divide="ignore"):
                weights = weights_by_count(kernel, len(self.points.binary))
                self._log_weights = np.log(weights)

    def scaled(self, responses):
        """Responses to any draws in the same units, of shape (n_outputs, n_draws)."""
        return (responses.T - self.origin[:, np.newaxis]) / self.unit[:, np.newaxis]

    def with_value(self, j, X, i):
        """Draws whose column `j` holds the value of a row, which need not be known."""
        return with_values_of(self.inputs, self.law.input_columns(j), X, i)

    def with_bin(self, j, code, inside):
        """Draws whose column `j` is redrawn from a bin, or from all others."""
        return self.law.redrawn(self.inputs, j, code, inside, self._within)

    def weights(self, X, rows, columns, starts):
        """Weights of the draws around rows, by all columns but one.

        Draws that have the value of this column already, which takes the place of others,
        tell nothing, and have no weight.

        Parameters
        ----------
        X : table
            Checked rows.
        rows, columns : ndarray of shape (n_pairs,) of int
            Which of the rows, and the column that does not count.
        starts : ndarray of shape (n_pairs,)
            1 for draws in the row's own bin of this column, 0 for draws of others.

        Returns
        -------
        ndarray of shape (n_pairs, n_draws)
        """
        located, weights = self.law.locate(X), np.empty((len(rows), len(self.points)))
        kernel_of = self.law.kernels_around(self.kernel, located)
        for i in np.unique(rows):
            Z, position = self.points.relative_to(located, i)
            n_matches = Z.sum(axis=0).astype(np.intp)
            kernel = kernel_of(i)
            for pair in np.flatnonzero(rows == i):
                j = columns[pair]
                weights[pair] = self._weigh(kernel, Z, position, n_matches, j)
                if self.points.binary[j]:
                    weights[pair] *= Z[j] == starts[pair]
        return weights

    def _weigh(self, kernel, Z, position, n_matches, j):
        if self._log_weights is None:
            Z = Z.copy()
            Z[j] = position[j]
            return checked_weights(kernel, Z.T, position)
        log_weights = self._log_weights[n_matches - Z[j]]
        if not np.isfinite(log_weights).any():
            # One mismatch may round to no weight, which then is the own column's.
            log_weights = self._log_weights[n_matches - Z[j] + 1]
        with np.errstate(invalid="ignore", under="ignore"):
            return np.nan_to_num(np.exp(log_weights - log_weights.max()), nan=0.0)


def numbers_within(seed, n_draws):
    """Numbers in [0, 1) by which values within bins take the place of others."""
    return np.random.default_rng([seed, _WITHIN]).random(n_draws)
