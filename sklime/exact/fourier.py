"""Sums of waves, as sums of complex products over columns."""

from sklime.exact.complex_exponentials import complex_exponentials
from sklime.exact.products import ProductForm


class FourierSum(ProductForm):
    r"""Closed form of a sum of waves, such as random Fourier features.

    .. math:: f(x) = \operatorname{Re} \sum_s a_s e^{i x \cdot w_s}

    Parameters
    ----------
    frequencies : ndarray of shape (n_model_features, n_terms)
        The :math:`w_s`.
    weights : ndarray of shape (n_terms, n_outputs) of complex
    """

    def __init__(self, frequencies, weights):
        self.frequencies = frequencies
        self.weights = weights
        self.n_features = len(frequencies)

    def factors(self, features, values):
        return complex_exponentials(0.0, values.T @ self.frequencies[features])
