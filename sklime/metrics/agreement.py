"""Agreement of attributions with each other and with a truth, and their complexity."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklime.metrics.ranks import as_attributions, check_alike, check_k, top_features


def feature_agreement(a: ArrayLike, b: ArrayLike, *, k: int) -> NDArray[np.float64]:
    r"""Share of the `k` largest attributions that two explanations of a row have in common.

    .. math:: |T_k(a) \cap T_k(b)| / k

    Parameters
    ----------
    a, b : array-like of shape (n_rows, n_features)
        Attributions.
    k : int
        Number of features, from 1 to `n_features`. Features of equal size go by position.

    Returns
    -------
    ndarray of shape (n_rows,)
        From 0 to 1; higher is better.

    Raises
    ------
    ValueError
        If the shapes differ, numbers are not finite, or there are fewer than `k` features.

    References
    ----------
    Krishna et al. (2022), The Disagreement Problem in Explainable Machine Learning, 3.2.

    Examples
    --------
    >>> from sklime.metrics import feature_agreement
    >>> feature_agreement([[3.0, 2.0, 1.0]], [[-3.0, 1.0, 2.0]], k=2)
    array([0.5])
    """
    a, b = _alike(a, b, k)
    return _shared(a, b, k).mean(axis=1)


def rank_agreement(a: ArrayLike, b: ArrayLike, *, k: int) -> NDArray[np.float64]:
    """Share of the `k` largest attributions that have the same rank in both explanations.

    Parameters
    ----------
    a, b : array-like of shape (n_rows, n_features)
        Attributions.
    k : int
        Number of features, from 1 to `n_features`.

    Returns
    -------
    ndarray of shape (n_rows,)
        From 0 to 1; higher is better.

    Raises
    ------
    ValueError
        As for `feature_agreement`.

    References
    ----------
    Krishna et al. (2022), The Disagreement Problem in Explainable Machine Learning, 3.2.

    Examples
    --------
    >>> from sklime.metrics import rank_agreement
    >>> rank_agreement([[3.0, 2.0, 1.0]], [[-3.0, 1.0, 2.0]], k=2)
    array([0.5])
    """
    a, b = _alike(a, b, k)
    return (top_features(a, k) == top_features(b, k)).mean(axis=1)


def sign_agreement(a: ArrayLike, b: ArrayLike, *, k: int) -> NDArray[np.float64]:
    """Share of the `k` largest attributions that both explanations have, of equal sign.

    Parameters
    ----------
    a, b : array-like of shape (n_rows, n_features)
        Attributions.
    k : int
        Number of features, from 1 to `n_features`.

    Returns
    -------
    ndarray of shape (n_rows,)
        From 0 to 1; higher is better.

    Raises
    ------
    ValueError
        As for `feature_agreement`.

    References
    ----------
    Krishna et al. (2022), The Disagreement Problem in Explainable Machine Learning, 3.2.

    Examples
    --------
    >>> from sklime.metrics import sign_agreement
    >>> sign_agreement([[3.0, 2.0, 1.0]], [[-3.0, 2.0, 1.0]], k=2)
    array([0.5])
    """
    a, b = _alike(a, b, k)
    own = top_features(a, k)
    same = np.sign(np.take_along_axis(a, own, 1)) == np.sign(np.take_along_axis(b, own, 1))
    return (_shared(a, b, k) & same).mean(axis=1)


def recall_at_k(
    attributions: ArrayLike, relevant: ArrayLike, *, k: int | None = None
) -> NDArray[np.float64]:
    """Share of the truly relevant features that are among the `k` largest attributions.

    Parameters
    ----------
    attributions : array-like of shape (n_rows, n_features)
        Attributions; a feature whose attribution is 0 is never found.
    relevant : array-like of bool of shape (n_rows, n_features) or (n_features,)
        Which features the model truly uses, in each row or in all.
    k : int, optional
        From 1 to `n_features`. None: as many as are relevant in the row.

    Returns
    -------
    ndarray of shape (n_rows,)
        From 0 to 1; higher is better. NaN where no feature is relevant.

    Raises
    ------
    ValueError
        If shapes differ, numbers are not finite, or there are fewer than `k` features.

    References
    ----------
    Ribeiro, Singh, Guestrin (2016), "Why Should I Trust You?", 5.2.

    Examples
    --------
    >>> from sklime.metrics import recall_at_k
    >>> recall_at_k([[3.0, 0.5, 1.0]], [True, True, False], k=2)
    array([0.5])
    """
    a = as_attributions(attributions, "attributions")
    relevant = np.asarray(relevant)
    if relevant.dtype != bool:
        raise ValueError(
            f"relevant must be an array of bool, got dtype {relevant.dtype}: compare what "
            "you have with what counts as used, such as coef != 0"
        )
    if relevant.shape not in (a.shape, a.shape[1:]):
        raise ValueError(
            f"relevant has shape {relevant.shape}, expected {a.shape}, the shape of "
            f"attributions, or {a.shape[1:]}, the same for all rows"
        )
    relevant = np.broadcast_to(relevant, a.shape)
    n_relevant = relevant.sum(axis=1)
    if k is not None:
        check_k(k, a.shape[1])
    wanted = n_relevant if k is None else np.full(len(a), k)
    order = top_features(a, a.shape[1])
    ahead = np.arange(a.shape[1]) < wanted[:, np.newaxis]
    found = np.take_along_axis(relevant & (a != 0.0), order, axis=1) & ahead
    with np.errstate(invalid="ignore"):
        return np.divide(found.sum(axis=1), n_relevant)


def complexity(attributions: ArrayLike) -> NDArray[np.float64]:
    r"""Entropy of attributions: over how many features an explanation spreads.

    .. math:: -\sum_j p_j \ln p_j, \qquad p_j = |a_j| / \sum_k |a_k|

    Parameters
    ----------
    attributions : array-like of shape (n_rows, n_features)
        Attributions.

    Returns
    -------
    ndarray of shape (n_rows,)
        From 0, one feature alone, to ``log(n_features)``, all alike; lower is simpler. NaN
        where all attributions are 0.

    Raises
    ------
    ValueError
        If numbers are not finite.

    References
    ----------
    Bhatt, Weller, Moura (2020), Evaluating and Aggregating Feature-based Model
    Explanations, definition 3.

    Examples
    --------
    >>> from sklime.metrics import complexity
    >>> complexity([[1.0, 0.0], [1.0, -1.0]]).round(3)
    array([0.   , 0.693])
    """
    sizes = np.abs(as_attributions(attributions, "attributions"))
    with np.errstate(invalid="ignore", divide="ignore"):
        # In units of the largest, as sums of large numbers need not be finite.
        sizes = sizes / sizes.max(axis=1, keepdims=True, initial=0.0)
        shares = sizes / sizes.sum(axis=1, keepdims=True)
        terms = np.where(shares > 0.0, shares * np.log(shares), 0.0)
    terms[np.isnan(shares)] = np.nan
    # Not -0.0 for a feature alone.
    return 0.0 - terms.sum(axis=1)


def _alike(a, b, k):
    a, b = as_attributions(a, "a"), as_attributions(b, "b")
    check_alike(a, b, "a", "b")
    check_k(k, a.shape[1])
    return a, b


def _shared(a, b, k):
    """Which of the largest attributions of `a` are among those of `b`: (n_rows, k)."""
    own, other = top_features(a, k), top_features(b, k)
    return (own[:, :, np.newaxis] == other[:, np.newaxis]).any(axis=2)
