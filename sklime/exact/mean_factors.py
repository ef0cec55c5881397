"""Means of one column's factors under its tilted laws: by bin, or at training values."""

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from sklime.exact.factors import finite_factors
from sklime.laws.columns import sums_of_others
from sklime.tables.access import block_bytes

# In units of a column's largest: what takes the place of a factor of 0, so that it can be
# divided by. Two of them are still above what exponentials can tell from 0.
TINY = 1e-100


def means_by_bin(form, features, values, column, mismatch):
    """Means of one column's factors under its tilted laws, and their contrasts.

    Returns
    -------
    mean, contrast : ndarray of shape (n_bins + 1, n_terms)
        Seen from each bin, the last for a value that training never had.
    """
    bins, q = column.law(None).bins, column.frequencies[:, np.newaxis]
    n_terms, sums = form.weights.shape[0], 0.0
    for part in gen_batches(len(bins), max(1, block_bytes() // (32 * max(n_terms, 1)))):
        own, masses = bins[part], column.masses[part]
        by_bin = sparse.csr_array(
            (masses, (own, np.arange(len(own)))), shape=(len(q), len(own))
        )
        sums = sums + by_bin @ finite_factors(form, features, values[:, part])
    nothing = np.zeros((1, n_terms))
    others = sums_of_others(sums)
    total = others[-1:] + sums[-1:]
    varies = (q > 0.0) & (q < 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.where(varies, sums / q, total)
        outside = np.where(varies, others / (1.0 - q), total)
    if np.ndim(mismatch):
        mismatch = mismatch[:-1, np.newaxis]
    weight = q + mismatch * (1.0 - q)
    mean = (q * inside + mismatch * (1.0 - q) * outside) / weight
    return np.vstack([mean, total]), np.vstack([inside - outside, nothing])


class ValueFactors:
    """Factors of a standardised column at its training values.

    Parameters
    ----------
    form : ProductForm
    features, values
        As for `ProductForm.factors`.
    j : int
        The column.
    """

    def __init__(self, form, features, values, j):
        self.j = j
        factors = finite_factors(form, features, values).T
        largest = np.abs(factors).max(axis=1, keepdims=True)
        self.tiny = TINY * np.where(largest > 0.0, largest, 1.0)
        self.is_complex = np.iscomplexobj(factors)
        if self.is_complex:
            # Products of real matrices take half the time.
            factors = np.concatenate([factors.real, factors.imag])
        self.factors = np.ascontiguousarray(factors)

    def means(self, law, rows, height):
        """Means of factors and their slopes over these, each (n_terms, height).

        Rows are filled up to `height`: products of one shape, whatever their number.
        """
        found = []
        for own in (law.weights, law.pull):
            filled = np.zeros((len(own), height))
            filled[:, : rows.stop - rows.start] = own[:, rows]
            product = self.factors @ filled
            if self.is_complex:
                real, imaginary = np.split(product, 2)
                product = real + 1j * imaginary
            found.append(product)
        mean, slope = found
        mean = np.where(np.abs(mean) < self.tiny, self.tiny, mean)
        return mean, slope / mean
