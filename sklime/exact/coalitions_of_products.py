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

# Rows that are multiplied together, always as many, and numbers of terms, rows and keep
# probabilities.
_ROWS, _CELLS = 8, 1 << 15

# Means of factors that fit into memory: 400 MB.
_MOST_KEPT = 25_000_000


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
        if n_kept > _MOST_KEPT:
            raise NoClosedForm(
                f"its {self.n_terms:,} terms have {n_kept:,} factors in the background, "
                "more than fit into memory"
            )
        self._nodes, self._weights = keep.nodes(len(self._used))
        self._single = keep.probability is not None
        # By law, column and term.
        means = [
            background.means(
                j, finite_factors(form, features.owned[j], background.values[j])
            )
            for j in self._used
        ]
        idle = idle_factors(form, features)[0]
        self._terms = form.weights * idle[:, np.newaxis] / background.n_laws
        self._means = np.stack(means, axis=1) if means else np.ones((1, 0, self.n_terms))
        self._nothing = self._means.prod(axis=1).sum(axis=0) @ self._terms

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
        height = max(64, _CELLS // (_ROWS * len(self._nodes)))
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

    def _contrasts(self, kept, means, weights):
        """Expected sums of some terms, (n_rows, n_wanted), and contrasts, one a column.

        Parameters
        ----------
        kept : list of n_used ndarrays of shape (n_rows, n_terms)
            Factors at the rows' own values.
        means : ndarray of shape (n_used, n_terms)
            Their means in the background.
        weights : ndarray of shape (n_terms, n_wanted)
        """
        t = self._nodes[:, np.newaxis, np.newaxis]
        mixed = [t * own + (1.0 - t) * mean for own, mean in zip(kept, means, strict=True)]
        after = [self._weights[:, np.newaxis, np.newaxis] * np.ones_like(mixed[0].real)]
        for own in mixed[:0:-1]:
            after.append(after[-1] * own)
        before, effects = 1.0, []
        for own, mean, factor in zip(kept, means, mixed, strict=True):
            others = (before * after.pop()).sum(axis=0)
            effects.append((((own - mean) * others) @ weights).real)
            before = before * factor
        whole = (self._weights[:, np.newaxis, np.newaxis] * before).sum(axis=0) @ weights
        return whole.real, np.stack(effects)
