"""Exponentials of sums over columns: one product for each output."""

import numpy as np

from sklime.exact.products import ProductForm


class ExponentialOfSum(ProductForm):
    r"""Closed form of a model with a log link.

    .. math:: f(x) = \exp \Bigl( b + \sum_j g_j(x_j) \Bigr)

    Parameters
    ----------
    additive : AdditiveForm
        What is summed over the columns.
    intercept : ndarray of shape (n_outputs,)
        What is added to it.
    rate : float, default=1.0
        What the sum is multiplied by: log(2) of powers of 2.
    offsets : dict, default=None
        What is subtracted from the function of a column, by its first model feature, lest
        exponentials of columns overflow where that of their sum does not.
    """

    def __init__(self, additive, intercept, rate=1.0, offsets=None):
        self.additive = additive
        self.intercept = np.asarray(intercept, dtype=np.float64)
        self.rate = rate
        self.offsets = {} if offsets is None else offsets
        self.n_features = additive.n_features
        with np.errstate(over="ignore"):
            sums = self.intercept + sum(self.offsets.values())
            self.weights = np.diag(np.exp(self.rate * sums))

    def fitted_to(self, features):
        offsets = {}
        idle = np.flatnonzero(features.owner < 0)
        parts = [*zip(features.owned, features.values, strict=True)]
        parts.append((idle, features.constants[idle, np.newaxis]))
        for owned, values in parts:
            if len(owned):
                part = self.additive.part(owned, values)
                offsets[owned[0]] = (part.min(axis=0) + part.max(axis=0)) / 2.0
        return ExponentialOfSum(self.additive, self.intercept, self.rate, offsets)

    def factors(self, features, values):
        if not len(features):
            return np.ones((values.shape[1], len(self.intercept)))
        part = self.additive.part(features, values)
        return np.exp(self.rate * (part - self.offsets.get(features[0], 0.0)))
