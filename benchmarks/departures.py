"""Departures of sampled explanations from their closed forms, in standard errors.

Standard errors come from 32 independent runs: with 31 degrees of freedom three of them
hold 99.5 % of unbiased estimates. The eight scrambles of one run have 7 degrees, of which
three would hold only 98.0 %, however right the closed form.

Rows share their draws, and rows in one bin of a column nearly its attribution: 100 rows of
12 columns in quartiles are about 48 numbers, not 1,200, and one of them too many is 2 %.
"""

import numpy as np

from sklime import LimeExplainer

N_RUNS = 32
N_ERRORS = 3.0


def departures(model, X, n_rows, n_draws, answer=LimeExplainer.transform, **params):
    """Differences of the mean of independent runs from the limit, in standard errors.

    Parameters
    ----------
    model : fitted model
    X : ndarray of shape (n_samples, n_columns)
        The training table, of which the first rows are explained.
    n_rows, n_draws : int
        How many rows, and how many draws in all runs together.
    answer : callable
        What is compared, of a fitted explainer and rows.
    **params
        Of the explainer.

    Returns
    -------
    ndarray
        Flat; without what both ways answer alike, as where the model ignores a column.
    """
    rows = X[:n_rows]
    sampled = LimeExplainer(model, method="sampling", n_samples=n_draws // N_RUNS)
    sampled.set_params(**params)
    runs = [
        answer(sampled.set_params(random_state=seed).fit(X), rows) for seed in range(N_RUNS)
    ]
    errors = np.std(runs, axis=0, ddof=1) / np.sqrt(N_RUNS)
    exact = LimeExplainer(model, method="exact").set_params(**params)
    limit = answer(exact.fit(X), rows)
    difference = np.mean(runs, axis=0) - limit
    # Of what is next to nothing only rounding in single precision is left.
    errors += 1e-7 * np.abs(limit).max()
    return (difference / errors)[difference != 0.0]


def within(found):
    """Share of departures inside three standard errors."""
    return np.mean(np.abs(found) <= N_ERRORS)
