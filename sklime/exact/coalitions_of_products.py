r"""Sums of products over columns where columns keep a row's values or follow a background.

With :math:`A_{sj} = t \phi_{sj}(x_j) + (1 - t) E \phi_{sj}` and
:math:`D_{sj} = \phi_{sj}(x_j) - E \phi_{sj}` the contrast of column `j` is
:math:`\sum_s a_s D_{sj} \prod_{k \ne j} A_{sk}`.
"""

import numpy as np
from sklearn.utils import gen_batches

from sklime.exact.coalition_form import CoalitionModel
from sklime.exact.factors import finite_factors, idle_factors, products_at
from sklime.exceptions import NoClosedForm
from sklime.tables.access import block_bytes

# Rows that are multiplied together, always as many, and numbers of terms, rows and keep
# probabilities.
_ROWS, _CELLS = 8, 1 << 13

# Columns and keep probabilities that are worth it.
_MOST_MIXED = 100_000

# Means of factors that fit into memory: 400 MB.
_MOST_KEPT = 25_000_000

# Evaluations of factors that are worth it: some seconds.
_MOST_EVALUATED = 1_000_000_000


class CoalitionsOfProducts(CoalitionModel):
    """Sum of products under laws of coalitions.

    Parameters
    ----------
    form : ProductForm
        The terms.
    features : FeatureMap
        Model features as functions of the columns.
    columns : sequence of Column
        The columns.
    background : Background
        What dropped columns follow.
    keep : KeepLaw
        Of the probability that columns are kept.

    Raises
    ------
    NoClosedForm
        If there are too many factors.
    """

    def __init__(self, form, features, columns, background, keep):
        self.form, self.features = form, features
        self.n_terms, n_outputs = form.weights.shape
        self.constant = np.zeros(n_outputs)
        self._n_columns = len(columns)
        self._used = [j for j, owned in enumerate(features.owned) if len(owned)]
        n_kept = self.n_terms * len(self._used) * background.n_laws
        n_kept *= 2 if np.iscomplexobj(form.weights) else 1
        if n_kept > _MOST_KEPT:
            raise NoClosedForm(
                f"its {self.n_terms:,} terms have {n_kept:,} factors in the background, "
                "more than fit into memory"
            )
        self._nodes, self._weights = keep.nodes(len(self._used))
        if len(self._used) * len(self._nodes) > _MOST_MIXED:
            raise NoClosedForm(
                f"its {len(self._used):,} columns all act together, which takes longer "
                "than draws do"
            )
        self._single = keep.probability is not None
        # By law, column and term.
        n_points = sum(background.values[j].shape[1] for j in self._used)
        if self.n_terms * n_points > _MOST_EVALUATED:
            raise NoClosedForm(
                f"its {self.n_terms:,} terms take longer to evaluate at the values of the "
                "background than draws do"
            )
        means = [self._mean_factors(j, background) for j in self._used]
        idle = idle_factors(form, features)[0]
        self._terms = form.weights * idle[:, np.newaxis] / background.n_laws
        self._means = np.stack(means, axis=1) if means else np.ones((1, 0, self.n_terms))
        self._nothing = self._means.prod(axis=1).sum(axis=0) @ self._terms

    def _mean_factors(self, j, background):
        """Mean factors of one column's background, (n_laws, n_terms)."""
        owned, values = self.features.owned[j], background.values[j]
        if background.masses is None:
            return finite_factors(self.form, owned, values)
        height = max(1, block_bytes() // (32 * max(self.n_terms, 1)))
        return sum(
            background.masses[j][np.newaxis, part]
            @ finite_factors(self.form, owned, values[:, part])
            for part in gen_batches(values.shape[1], height)
        )

    def responses(self, at):
        return self.constant + products_at(self.form, self.features, at)

    def nothing(self):
        return self.constant + self._nothing.real

    def __call__(self, own, outputs):
        n = own.shape[1]
        expected = np.tile(self.nothing()[outputs], (n, 1))
        contrasts = np.zeros((n, len(outputs), self._n_columns))
        if not self._used:
            return expected, contrasts
        height = max(8, _CELLS // (_ROWS * len(self._nodes)))
        for rows in gen_batches(n, _ROWS):
            factors = [
                finite_factors(self.form, owned, own[owned, rows])
                for owned in (self.features.owned[j] for j in self._used)
            ]
            mean = 0.0
            for terms in gen_batches(self.n_terms, height):
                kept = [own[:, terms] for own in factors]
                weights = self._terms[terms][:, outputs]
                for means in self._means[:, :, terms]:
                    whole, effects = self._contrasts(kept, means, weights)
                    mean = mean + whole
                    contrasts[rows, :, self._used] += effects.transpose(1, 2, 0)
            if self._single:
                expected[rows] = self.constant[outputs] + mean
        return expected, contrasts

    def pairs(self, own, outputs, pairs):
        """Contrasts of pairs of columns: of one column, of contrasts of the other."""
        n, d = own.shape[1], len(self._used)
        found = np.zeros((n, len(outputs), len(pairs)))
        place = np.full(self._n_columns, -1)
        place[self._used] = np.arange(d)
        at = place[pairs]
        acting = np.flatnonzero((at >= 0).all(axis=1))
        if not len(acting):
            return found
        first, second = at[acting].T
        height = max(8, _CELLS // (_ROWS * len(self._nodes)))
        for rows in gen_batches(n, _ROWS):
            factors = [
                finite_factors(self.form, owned, own[owned, rows])
                for owned in (self.features.owned[j] for j in self._used)
            ]
            both = np.zeros((d, d, rows.stop - rows.start, len(outputs)))
            for terms in gen_batches(self.n_terms, height):
                kept = [own[:, terms] for own in factors]
                weights = self._terms[terms][:, outputs]
                for means in self._means[:, :, terms]:
                    for j in np.unique(first):
                        both[j] += self._contrasts(kept, means, weights, moved=j)[1]
            found[rows, :, acting] = both[first, second].transpose(1, 2, 0)
        return found

    def _contrasts(self, kept, means, weights, moved=None):
        """Expected sums of some terms, (n_rows, n_wanted), and contrasts, one a column.

        Parameters
        ----------
        kept : list of n_used ndarrays of shape (n_rows, n_terms)
            Factors at the rows' own values.
        means : ndarray of shape (n_used, n_terms)
            Their means in the background.
        weights : ndarray of shape (n_terms, n_wanted)
        moved : int, default=None
            A column whose contrast is looked at itself. None: the answers are.
        """
        t = self._nodes[:, np.newaxis, np.newaxis]
        moves = [own - mean for own, mean in zip(kept, means, strict=True)]
        shape = len(moves), len(t), *moves[0].shape
        mixed, after = np.empty((2, *shape), dtype=np.result_type(*moves, *means))
        for own, move, mean in zip(mixed, moves, means, strict=True):
            np.multiply(t, move, out=own)
            own += mean
        if moved is not None:
            mixed[moved] = moves[moved]
        after[-1] = self._weights[:, np.newaxis, np.newaxis]
        for k in range(len(moves) - 1, 0, -1):
            np.multiply(after[k], mixed[k], out=after[k - 1])
        before, effects = np.ones_like(mixed[0]), []
        for own, move, others in zip(mixed, moves, after, strict=True):
            others *= before
            effects.append(((move * others.sum(axis=0)) @ weights).real)
            before *= own
        before *= self._weights[:, np.newaxis, np.newaxis]
        return (before.sum(axis=0) @ weights).real, np.stack(effects)
