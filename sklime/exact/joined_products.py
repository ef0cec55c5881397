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
        places = np.split(np.eye(sum(n_outputs)), np.cumsum(n_outputs)[:-1])
        return cls([CombinedOutputs(*own) for own in zip(forms, places, strict=True)])

    def fitted_to(self, features):
        return JoinedProducts([form.fitted_to(features) for form in self.forms])

    @property
    def ranged(self):
        return any(form.ranged for form in self.forms)

    def reach(self, values):
        return np.max([form.reach(values) for form in self.forms], axis=0)

    def reaching(self, times):
        return JoinedProducts([form.reaching(times) for form in self.forms])

    def factors(self, features, values):
        return np.concatenate(
            [form.factors(features, values) for form in self.forms], axis=1
        )


class CombinedOutputs(ProductForm):
    """Closed form whose outputs are weighted sums of those of another.

    Parameters
    ----------
    form : ProductForm
        The other.
    matrix : ndarray of shape (n_outputs of the other, n_outputs)
        Weights of the sums.
    """

    def __init__(self, form, matrix):
        self.form, self.matrix = form, matrix
        self.n_features = form.n_features
        self.weights = form.weights @ matrix

    def fitted_to(self, features):
        return CombinedOutputs(self.form.fitted_to(features), self.matrix)

    @property
    def ranged(self):
        return self.form.ranged

    def reach(self, values):
        return self.form.reach(values)

    def reaching(self, times):
        return CombinedOutputs(self.form.reaching(times), self.matrix)

    def factors(self, features, values):
        return self.form.factors(features, values)
