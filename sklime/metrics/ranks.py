"""Attributions as checked matrices, and the ranks of their features."""

import numpy as np

from sklime.validation import is_count


def as_attributions(values, name):
    """Attributions as a finite float matrix.

    Parameters
    ----------
    values : array-like of shape (n_rows, n_features)
    name : str
        What errors call them.

    Returns
    -------
    ndarray of shape (n_rows, n_features)

    Raises
    ------
    ValueError
        If they have another shape, no features, or numbers that are not finite.
    """
    values = getattr(values, "values", values) if hasattr(values, "baselines") else values
    values = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    values = values.astype(np.float64)
    if values.ndim != 2 or not values.shape[1]:
        raise ValueError(
            f"{name} must have shape (n_rows, n_features), got {values.shape}; of several "
            "outputs take one, values[:, output]"
        )
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{name} has numbers that are not finite in {len(bad)} row(s), the first is "
            f"row {bad[0]}: leave these rows out"
        )
    return values


def check_alike(a, b, first, second):
    """Raise a ValueError where two matrices of attributions have other shapes."""
    if a.shape != b.shape:
        raise ValueError(
            f"{first} has shape {a.shape} and {second} has {b.shape}: both must explain "
            "the same rows by the same features"
        )


def check_k(k, n_features):
    """Raise an error where `k` is no number of features from 1 to all."""
    if not is_count(k):
        raise TypeError(f"k must be an int of at least 1, got {k!r}")
    if k > n_features:
        raise ValueError(f"k={k} is more than the {n_features} features there are")


def top_features(attributions, k):
    """Features of the largest attributions by size, largest first; ties by position.

    Parameters
    ----------
    attributions : ndarray of shape (n_rows, n_features)
    k : int

    Returns
    -------
    ndarray of shape (n_rows, k) of int
    """
    return np.argsort(-np.abs(attributions), axis=1, kind="stable")[:, :k]
