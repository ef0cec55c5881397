"""Sums of several sums of products."""

import numpy as np

from sklime.exact.products import ProductForm


class JoinedProducts(ProductForm):
    """Closed form that adds up the sums of products of others.

    Parameters
    ----------
    forms : list of ProductForm
        Of the same model features and outputs.
    """

    def __init__(self, forms):
        self.forms = forms
        self.n_features = forms[0].n_features
        self.weights = np.concatenate([form.weights for form in forms])

    @classmethod
    def side_by_side(cls, forms):
        """Closed form of a model whose outputs are those of other models.

        Parameters
        ----------
        forms : list of ProductForm
            The models', whose outputs follow each other.
        """
        n_outputs = [form.weights.shape[1] for form in forms]
        ends = np.cumsum(n_outputs)
        pads = [(end - n, ends[-1] - end) for n, end in zip(n_outputs, ends, strict=True)]
        return cls([_Padded(form, own) for form, own in zip(forms, pads, strict=True)])

    def fitted_to(self, features):
        return JoinedProducts([form.fitted_to(features) for form in self.forms])

    def factors(self, features, values):
        return np.concatenate(
            [form.factors(features, values) for form in self.forms], axis=1
        )


class _Padded(ProductForm):
    """Sum of products with outputs of 0 before and after its own."""

    def __init__(self, form, n_others):
        self.form, self.n_others = form, n_others
        self.n_features = form.n_features
        self.weights = np.pad(form.weights, [(0, 0), n_others])

    def fitted_to(self, features):
        return _Padded(self.form.fitted_to(features), self.n_others)

    def factors(self, features, values):
        return self.form.factors(features, values)
