"""One pool of draws for all rows, about which the model is evaluated once."""

import numpy as np

from sklime.exceptions import RowLimitReached
from sklime.kernels import checked_weights
from sklime.laws.masks import weights_by_count
from sklime.model.queries import predict_new_rows
from sklime.moments.draws import Draws, scale_answers
from sklime.neighbourhoods.base import SampledSource
from sklime.neighbourhoods.drawn_pairs import PairsOfColumns
from sklime.neighbourhoods.row_limit import answered_draws, warn_of_smaller_pool
from sklime.serialization.state import PlainState
from sklime.tables.access import take_rows

# Above this width the weights of 0/1 designs are computed draw by draw.
_WIDEST_TABLE = 1024


class SharedPool(PlainState, SampledSource, PairsOfColumns):
    """One pool of draws for all rows, about which the model is evaluated once.

    Possible where the draws do not depend on the row; each row weighs them its own way.

    Attributes
    ----------
    is_whole : bool
        Whether the model has answered all of its draws, rather than as many as it may.
    """

    is_whole = True

    def __init__(self, law, kernel, response, n_samples, seed, smaller=None):
        super().__init__(law, kernel, response, n_samples, seed, smaller)
        inputs, self.points = law.pool(n_samples, seed)
        self.masses = law.pool_masses(n_samples, seed)
        if self.masses is not None:
            self.masses = self.masses / np.mean(self.masses)
        known = None if smaller is None else [smaller.pool_answers]
        own = known, self.prefix, "pool draw"
        try:
            [answers] = predict_new_rows(response, [inputs], *own)
        except RowLimitReached as limit:
            if smaller is not None:
                raise
            inputs = take_rows(inputs, slice(self._keep_whole_scrambles(limit)))
            [answers] = predict_new_rows(response, [inputs], *own)
        self.pool_inputs, self.pool_answers = inputs, answers
        scaled = scale_answers(np.ascontiguousarray(answers.T))
        self.Y, self.y_origin, self.y_scale = scaled
        self.weights_of_matches = self._tabulate()

    def _keep_whole_scrambles(self, limit):
        """Leave out the draws after the last scramble that was answered as a whole.

        They are independent of each other, so that standard errors tell what is lost.

        Returns
        -------
        int
            How many are left.
        """
        kept = answered_draws(limit, self.groups)
        warn_of_smaller_pool(kept, self.n_samples, limit)
        self.n_samples, self.is_whole = kept, False
        self.points = self.points.first(kept)
        if self.groups is not None:
            self.groups = self.groups[:kept]
        if self.masses is not None:
            self.masses = self.masses[:kept] / np.mean(self.masses[:kept])
        return kept

    @property
    def bytes_per_row(self):
        width = len(self.points.binary) + len(self.Y) + 1
        return 8 * 6 * width**2

    def with_law(self, law):
        own = super().with_law(law)
        # Rows are weighed by their points alone.
        own.pool_inputs = None
        own.points = own.points.narrowed()
        return own

    def evaluate(self, X, known=None):
        return self.law.locate(X)

    def responses(self, evaluated, i):
        return self.pool_answers

    def draws(self, evaluated, outputs):
        kernel_of = self.law.kernels_around(self.kernel, evaluated)
        for i, explained in enumerate(outputs):
            Z, position = self.points.relative_to(evaluated, i)
            weights = self._pool_weights(kernel_of(i), Z, position)
            if self.law.sums_in_double:
                Z = Z.astype(np.float64, copy=False)
            yield Draws(
                Z,
                position,
                weights,
                self.Y[explained],
                self.y_origin[explained],
                self.y_scale[explained],
                self.groups,
            )

    def representatives(self, X, n_rows):
        """Choose rows by their content, whatever the order and repetitions of the table.

        Parameters
        ----------
        X : table of shape (n, n_features)
            Checked rows.
        n_rows : int
            How many at most.

        Returns
        -------
        ndarray of int
            Their positions; no two rows are explained alike.
        """
        points = self.evaluate(X)
        content = points.codes if points.z is None else np.vstack([points.codes, points.z])
        _, first = np.unique(content.T, axis=0, return_index=True)
        chosen = np.linspace(0, len(first) - 1, min(len(first), n_rows)).astype(int)
        return first[chosen]

    def column_order(self):
        """Rank the columns by how much of the answers' variance each explains alone.

        Returns
        -------
        ndarray of shape (n_features,) of int
            The columns, the strongest first.
        """
        Y = self.Y - self.Y.mean(axis=1, keepdims=True)
        explained = np.empty(len(self.points.binary))
        for j, binary in enumerate(self.points.binary):
            if binary:
                # Codes start at -1.
                code = self.points.codes[j].astype(np.intp) + 1
                count = np.maximum(np.bincount(code), 1)
                sums = np.array([np.bincount(code, y) for y in Y])
                explained[j] = np.sum(np.square(sums) / count)
            else:
                z = self.points.z[j] - self.points.z[j].mean()
                explained[j] = np.sum(np.square(Y @ z)) / (z @ z or 1.0)
        return np.argsort(-explained, kind="stable")

    def _tabulate(self):
        """Weight by number of matches, where the kernel depends on nothing else."""
        d = len(self.points.binary)
        if not (
            self.points.binary.all() and self.kernel.exchangeable and d <= _WIDEST_TABLE
        ):
            return None
        return weights_by_count(self.kernel, d)

    def _pool_weights(self, kernel, Z, position):
        weights = self._kernel_weights(kernel, Z, position)
        return weights if self.masses is None else weights * self.masses

    def _kernel_weights(self, kernel, Z, position):
        if self.weights_of_matches is None:
            return checked_weights(kernel, Z.T, position)
        counter = np.uint8 if len(Z) < 256 else np.uint16
        return self.weights_of_matches[np.add.reduce(Z, axis=0, dtype=counter)]
