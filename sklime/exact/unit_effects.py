r"""Unit effects of linear models behind steps that are additive in the units of rows.

Where :math:`f(z) = c + \sum_j \lambda_j z_j` for every mask :math:`z`, as for counts of
words and for pixels, the row and its copies without one unit each tell :math:`c` and
:math:`\lambda`. The types of the steps do not tell whether it is so: a binary count is
additive until two units of a text are one word to the vectoriser. So each row is tested.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import gen_batches

from sklime.exceptions import NoClosedForm
from sklime.laws.masks import ExchangeableLaw
from sklime.model.queries import predict_masked
from sklime.model.response import models_own_errors
from sklime.tables.access import block_bytes, n_rows, take_rows

# Masks that each row is tested on; of a training row the model itself is queried about
# every eighth of them.
_N_TESTED = 64
_STRIDE = 8
# Masked copies of training rows that are composed in all: less than to draw around a row.
_N_COPIES = 1024

# What rounding may change of an answer, as a share of the sum of its terms' sizes: between
# responses put together from equal terms, by steps in single precision, by a whole model.
_DOUBLE = 1e-10
_SINGLE = _MODEL = 1e-6


@dataclass(frozen=True, eq=False)
class Effects:
    """Unit effects of one row: responses to masked copies as a sum over kept units.

    Parameters
    ----------
    responses : ndarray of shape (n_outputs,)
        About the row itself.
    effects : ndarray of shape (n_units, n_outputs)
        What an answer loses where a unit is hidden.
    sizes : ndarray of shape (n_outputs,)
        Sum of the absolute values that the responses are sums of.
    """

    responses: np.ndarray
    effects: np.ndarray
    sizes: np.ndarray

    def at(self, masks):
        """Responses to masked copies.

        Parameters
        ----------
        masks : ndarray of shape (n_masks, n_units) of bool
            True where a unit is kept.

        Returns
        -------
        ndarray of shape (n_masks, n_outputs)
        """
        return self.responses - ~masks @ self.effects


class AdditiveResponses:
    """Linear model whose responses to masked rows are decomposed into unit effects.

    Parameters
    ----------
    form : LinearForm
        The model's.
    steps : list of transformers
        The steps in front of it.
    response : Response
        Queries the whole model.
    sampler : MaskSampler
        Fitted.

    Raises
    ------
    NoClosedForm
        If the explained scale is not the linear one.
    """

    def __init__(self, form, steps, response, sampler):
        self.coef = np.asarray(form.coef, dtype=np.float64)
        if len(self.coef) != len(response.outputs):
            raise NoClosedForm("the linear model has another number of outputs")
        self.steps = steps
        self.response = response
        self.sampler = sampler
        self.constant = np.zeros(len(self.coef))

    def __call__(self, row):
        """Decompose the responses to one row's masked copies; the model is not queried.

        The sum is compared with the responses where everything is hidden, and on 64 masks
        whose number of hidden units is uniform (all masks of up to six units). That p
        units act together, only all of them or any of them, shows on one mask in p + 1 or
        more.

        Raises
        ------
        NoClosedForm
            If the responses are not such a sum.
        """
        d = row.n_units
        kind = self.sampler.kind_
        everything = row.compose(np.ones((1, d), dtype=bool))
        # Copies that hide nothing are all the row.
        own = self._features(take_rows(kind.copies(everything), slice(1)))
        tested = trial_masks(d)
        masks = np.vstack([tested, ~np.eye(d, dtype=bool)])
        lost = predict_masked(partial(self._lost, own), kind, row, masks, "masked copy")
        responses = (own @ self.coef.T)[0] + self.constant
        sizes = (abs(own) @ abs(self.coef.T))[0] + abs(lost).max(axis=0)
        effects = lost[len(tested) :]
        share = _SINGLE if own.dtype in (np.float16, np.float32) else _DOUBLE
        missed = abs(lost[: len(tested)] - ~tested @ effects)
        # `not (a <= b)`, so that NaN fails the check.
        if not (missed <= share * sizes).all():
            raise NoClosedForm(
                "hiding several of its units changes an answer by something else than the "
                "sum of what hiding each of them does"
            )
        return Effects(responses, effects, sizes)

    def calibrate(self, X):
        """Check against the model's responses to training rows, and find the constant.

        Raises
        ------
        NoClosedForm
            If a row has no such sum, or the model answers otherwise.
        """
        differences, sizes, n_copies = [], [], 0
        for i in np.unique(np.linspace(0, n_rows(X) - 1, _N_TESTED).astype(int)):
            [row] = self.sampler.rows(take_rows(X, slice(i, i + 1)))
            try:
                parts = self(row)
            except NoClosedForm as reason:
                raise NoClosedForm(f"of training row {i}, {reason}") from None
            everything = np.ones((1, row.n_units), dtype=bool)
            masks = np.vstack([everything, trial_masks(row.n_units)[::_STRIDE]])
            asked = predict_masked(
                self.response, self.sampler.kind_, row, masks, "masked copy"
            )
            differences.append(asked - parts.at(masks))
            sizes.append(parts.sizes)
            n_copies += _N_TESTED + row.n_units
            if n_copies > _N_COPIES:
                break
        differences = np.concatenate(differences)
        constant = differences.mean(axis=0)
        # At a high level only rounding in the model's own precision is allowed.
        double = self.response.precision == np.float64
        allowed = _MODEL * np.max(sizes, axis=0)
        allowed = allowed + (_DOUBLE if double else _SINGLE) * abs(constant)
        if not (abs(differences - constant) <= allowed).all():
            raise NoClosedForm(
                f"{type(self.response.estimator).__name__} rebuilt from its parts does not "
                "answer as it does itself"
            )
        self.constant = constant

    def _lost(self, own, X, what, copy):
        """Loss of response: of the row itself, minus that of each copy."""
        n_entries = max(1, int(np.prod(getattr(X, "shape", ())[1:])))
        height = max(1, block_bytes() // (8 * n_entries))
        lost = []
        for block in gen_batches(n_rows(X), min(height, self.sampler.batch_size or height)):
            features = self._features(take_rows(X, block))
            if issparse(features):
                lost.append(own @ self.coef.T - features @ self.coef.T)
            else:
                # Features that do not change have no part in the rounding.
                changes = np.subtract(own, features, dtype=np.float64)
                lost.append(changes @ self.coef.T)
        return np.concatenate(lost)

    def _features(self, X):
        """The linear model's features, ndarray or CSR matrix."""
        with models_own_errors():
            features = self.response.present(X)
            for step in self.steps:
                features = step.transform(features)
        if not issparse(features):
            features = np.asarray(features)
        if features.ndim != 2 or features.shape[1] != self.coef.shape[1]:
            raise NoClosedForm("the linear model has other features than its steps give")
        return features


def trial_masks(n_units):
    """Masks to test additivity with: all units hidden, then each number of them.

    Parameters
    ----------
    n_units : int
        Number of units.

    Returns
    -------
    ndarray of shape (n_masks, n_units) of bool
    """
    drawn = ExchangeableLaw.uniform_deletions(n_units).draw(_N_TESTED).design
    return np.vstack([np.zeros((1, n_units), dtype=bool), drawn])
