"""Polynomials, as sums of monomials."""

from itertools import combinations_with_replacement
from math import comb

import numpy as np

from sklime.exact.products import ProductForm


class Monomials(ProductForm):
    r"""Closed form of a polynomial of the model features.

    .. math:: f(x) = \sum_s a_s \prod_j (x_j - o_j)^{e_{sj}}

    Parameters
    ----------
    exponents : ndarray of shape (n_terms, n_model_features) of int
        Of each feature in each monomial.
    weights : ndarray of shape (n_terms, n_outputs)
        Coefficients of the monomials.
    origin : ndarray of shape (n_model_features,), default=None
        Where the features are measured from; None: 0.
    """

    def __init__(self, exponents, weights, origin=None):
        self.exponents = exponents
        self.weights = weights
        self.n_features = exponents.shape[1]
        self.origin = np.zeros(self.n_features) if origin is None else origin

    def factors(self, features, values):
        product = np.ones((values.shape[1], len(self.exponents)))
        for feature, own in zip(features, values, strict=True):
            exponents = self.exponents[:, feature]
            for exponent in np.unique(exponents[exponents > 0]):
                power = (own - self.origin[feature]) ** exponent
                product[:, exponents == exponent] *= power[:, np.newaxis]
        return product


def count_monomials(n_features, degree):
    """Number of monomials of so many features up to a degree."""
    return comb(n_features + degree, degree)


def exponents_up_to(n_features, degree):
    """Exponents of all monomials up to a degree.

    Returns
    -------
    ndarray of shape (n_monomials, n_features) of int
    """
    # One more, whose exponent fills up the degree.
    chosen = list(combinations_with_replacement(range(n_features + 1), degree))
    exponents = np.zeros((len(chosen), n_features + 1), dtype=np.intp)
    for k in range(degree):
        np.add.at(exponents, (np.arange(len(chosen)), [own[k] for own in chosen]), 1)
    return exponents[:, :-1]
