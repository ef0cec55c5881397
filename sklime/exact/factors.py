"""Factors of sums of products at values of columns."""

import numpy as np
from sklearn.utils import gen_batches

from sklime.exceptions import NoClosedForm
from sklime.tables.access import block_bytes


def finite_factors(form, features, values):
    """Factors of all terms at points of one column, (n_points, n_terms).

    Parameters
    ----------
    form : ProductForm
    features, values
        As for `ProductForm.factors`.

    Raises
    ------
    NoClosedForm
        If some are not finite.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        factors = form.factors(features, values)
    if not np.isfinite(factors).all():
        raise NoClosedForm(
            "its factors at some values are not finite, as these are missing or too large"
        )
    return factors


def idle_factors(form, features):
    """Product of the factors of constant model features, (1, n_terms)."""
    idle = np.flatnonzero(features.owner < 0)
    return finite_factors(form, idle, features.constants[idle, np.newaxis])


def products_at(form, features, at):
    """Sums of products at rows of grid points, up to a constant, (n_rows, n_outputs).

    Parameters
    ----------
    form : ProductForm
    features : FeatureMap
        Model features as functions of the columns.
    at : ndarray of shape (n_rows, n_columns) of int
        Which of its column's points each entry is.
    """
    idle = idle_factors(form, features)
    total = np.empty((len(at), form.weights.shape[1]))
    height = max(1, block_bytes() // (16 * max(len(form.weights), 1)))
    for rows in gen_batches(len(at), height):
        product = np.repeat(idle, rows.stop - rows.start, axis=0)
        for j, owned in enumerate(features.owned):
            if not len(owned):
                continue
            own, place = np.unique(at[rows, j], return_inverse=True)
            values = features.values[j][:, own]
            product = product * finite_factors(form, owned, values)[place]
        total[rows] = (product @ form.weights).real
    return total
