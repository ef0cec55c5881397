"""Honest samplers as somebody else would write them."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sklime.laws.product import Atoms, ProductLaw
from sklime.samplers import MaskedRow, MaskSampler, Neighbourhood, Sampler
from sklime.samplers.kinds.series import SeriesRows


class SameValue(Sampler):
    """Draw each column's training values; a unit says whether one is the row's own."""

    def fit(self, X, y=None, sample_weight=None):
        X = validate_data(self, X, dtype=np.float64)
        self.values_ = X + 0.0
        weights = np.ones(len(X)) if sample_weight is None else sample_weight
        self.masses_ = weights / np.sum(weights)
        self.matched_ = np.ones(X.shape[1], dtype=bool)
        self.default_metric_, self.default_width_ = "cosine", 0.25
        return self

    def sample(self, X, n_samples=4096, random_state=None):
        if n_samples < 1:
            raise ValueError(f"n_samples={n_samples} must be at least 1.")
        seed = check_random_state(random_state).randint(2**31 - 1)
        return self._around(X, n_samples, seed, keep=0.0)

    def reference(self, X, n_samples=512):
        return self._around(X, n_samples, seed=1, keep=0.5)

    def interpret(self, X, row):
        return self._checked(X) == self._checked(row)

    def _checked(self, X):
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False) + 0.0

    def _around(self, X, n_samples, seed, keep):
        found = []
        for x in self._checked(X):
            rng = np.random.default_rng(seed)
            shape = n_samples, len(x)
            rows = np.searchsorted(np.cumsum(self.masses_)[:-1], rng.random(shape), "right")
            drawn = self.values_[rows, np.arange(len(x))]
            inputs = np.where(rng.random(shape) < keep, x, drawn)
            found.append(Neighbourhood(inputs, inputs == x, np.ones(len(x))))
        return found


class StatesItsLaw(SameValue):
    """The same, compared by value or by the side of an edge, with the law of its draws."""

    def __init__(self, edge=None):
        self.edge = edge

    def interpret(self, X, row):
        return self._codes(self._checked(X)) == self._codes(self._checked(row))

    def law(self, row):
        [own], columns = self._codes(self._checked(row)), []
        for values, code in zip(self.values_.T, own, strict=True):
            codes = self._codes(values)
            bins = np.unique(codes, return_inverse=True)[1]
            columns.append(Atoms(values, self.masses_, bins, (codes != code).astype(float)))
        return ProductLaw(tuple(columns))

    def _codes(self, X):
        return X if self.edge is None else X > self.edge

    def _around(self, X, n_samples, seed, keep):
        found = super()._around(X, n_samples, seed, keep)
        rows = self._checked(X)
        designs = [
            self._codes(around.inputs) == self._codes(x)
            for around, x in zip(found, rows, strict=True)
        ]
        return [
            Neighbourhood(around.inputs, design, around.position)
            for around, design in zip(found, designs, strict=True)
        ]


class MeanRow(MaskedRow):
    """A series of which steps are replaced by their training means."""

    def __init__(self, x, means):
        self.x, self.means = x, means

    @property
    def names(self):
        return np.array([f"step {t}" for t in range(len(self.x))], dtype=object)

    @property
    def spans(self):
        return np.arange(len(self.x))

    @property
    def bytes_per_copy(self):
        return self.x.nbytes

    def compose(self, masks):
        return np.where(masks, self.x, self.means)

    def shared_with(self, X):
        return np.asarray(X) == self.x


class MeanSteps(MaskSampler):
    """Keep or hide the steps of a series of one feature."""

    row_kind = SeriesRows
    row_class = MeanRow

    def fit(self, X, y=None, sample_weight=None):
        self.kind_ = self.row_kind(X)
        self.means_ = np.average(X, axis=0, weights=sample_weight)
        self.n_features_in_ = X.shape[1]
        self.binary_features_ = np.ones(X.shape[1], dtype=bool)
        return self

    def rows(self, X):
        return [self.row_class(x, self.means_) for x in X]
