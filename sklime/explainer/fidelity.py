"""Fidelity of surrogates: how well they predict the model on reference neighbourhoods."""

import numpy as np


def sums_of_squares(surrogates, judged, outputs):
    """Sums of squares on the reference neighbourhoods of a block of rows.

    Parameters
    ----------
    surrogates : Surrogates
        Of the rows.
    judged : iterable of (design, responses)
        Of each row's reference neighbourhood, (n_draws, n_units) and (n_draws, n_outputs).
    outputs : ndarray of shape (n_rows, n_explained) of int
        The outputs explained for each row.

    Returns
    -------
    ndarray of shape (3,)
        Of what the surrogates miss, of the responses around their means, and of responses.
    """
    # Extended range: the squares of finite answers need not be finite.
    sums = np.zeros(3, dtype=np.longdouble)
    for i, (design, answers) in enumerate(judged):
        f = answers[:, outputs[i]].astype(np.longdouble)
        # Of truth values numpy has no fast product.
        g = surrogates.intercepts[i] + design.astype(np.float64) @ surrogates.coef[i].T
        parts = f - g, f - f.mean(axis=0), f
        sums += [np.square(part).sum() for part in parts]
    return sums


def scores_of_rows(sums, allowed=0.0):
    """Fidelity of each row and output, from sums of squares of its own.

    Parameters
    ----------
    sums : ndarray of shape (3, n_rows, n_explained)
        Of what surrogates miss, of responses around their means, and of responses.
    allowed : ndarray of shape (n_rows, n_explained), default=0.0
        What surrogates may miss, as a sum of squares, and meet responses all the same.

    Returns
    -------
    ndarray of shape (n_rows, n_explained)
        Where responses are all the same: 1 if the surrogate meets them, else 0.
    """
    residual, total, size = sums
    constant = total <= 1e-28 * size
    scores = 1.0 - residual / np.where(constant, 1.0, total)
    scores[constant] = (residual <= 1e-20 * size + allowed)[constant]
    return np.where(np.isnan(residual), np.nan, scores).astype(np.float64)


def fidelity(sums):
    """Fidelity of all rows, from the sums of squares of blocks of them.

    Parameters
    ----------
    sums : sequence of ndarrays of shape (3,)
        As `sums_of_squares` gives them.

    Returns
    -------
    float
    """
    residual, total, size = np.sum(sums, axis=0)
    # A total below rounding error counts as zero.
    if total <= 1e-28 * size:
        return 1.0 if residual <= 1e-20 * size else 0.0
    return float(1.0 - residual / total)
