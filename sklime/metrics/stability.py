"""Stability of explanations: whether repeated explanations of a row agree."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklime.metrics.agreement import feature_agreement, rank_agreement
from sklime.metrics.ranks import as_attributions, check_alike, check_k, top_features


def stability_score(
    repeats: Sequence[ArrayLike], *, k: int, compare: str = "features"
) -> NDArray[np.float64]:
    r"""Mean agreement of all pairs of repeated explanations of the same rows.

    .. math:: \binom{m}{2}^{-1} \sum_{s < t} |T_k(a^s) \cap T_k(a^t)| / k

    With ``compare="features"`` and values of 0 to 100 this is the variables' stability
    index (VSI); "ranks" asks for equal ranks; "intervals" compares confidence intervals of
    coefficients, whose share of overlapping pairs is the coefficients' stability index
    (CSI).

    Parameters
    ----------
    repeats : sequence of m array-likes of shape (n_rows, n_features), or of Explanation
        The same rows explained again, such as with other seeds; at least two.
    k : int
        Number of features, from 1 to `n_features`.
    compare : {"features", "ranks", "intervals"}, default="features"
        What must agree. "intervals": needs explanations with standard errors; looked at are
        the features that are among the `k` largest in both.

    Returns
    -------
    ndarray of shape (n_rows,)
        From 0 to 1; higher is better. NaN where "intervals" has no feature in common.

    Raises
    ------
    ValueError
        If there are fewer than two, shapes differ, or there are fewer than `k` features.

    References
    ----------
    Visani et al. (2020), Statistical stability indices for LIME: obtaining reliable
    explanations for Machine Learning models, 3.

    Examples
    --------
    >>> from sklime.metrics import stability_score
    >>> stability_score([[[3.0, 2.0, 1.0]], [[3.0, 1.0, 2.0]]], k=2)
    array([0.5])
    """
    if compare not in ("features", "ranks", "intervals"):
        raise ValueError(
            f'compare must be "features", "ranks" or "intervals", got {compare!r}'
        )
    if len(repeats) < 2:
        raise ValueError(f"repeats has {len(repeats)} explanation(s), give 2 at least")
    if compare == "intervals":
        agreed = [_overlap(a, b, k) for a, b in combinations(repeats, 2)]
    else:
        agreement = feature_agreement if compare == "features" else rank_agreement
        agreed = [agreement(a, b, k=k) for a, b in combinations(repeats, 2)]
    return np.mean(agreed, axis=0)


def _overlap(a, b, k):
    """Share of overlapping intervals of the features among the `k` largest of both."""
    for own in (a, b):
        if getattr(own, "standard_errors", None) is None:
            raise ValueError(
                'compare="intervals" needs explanations with standard errors: '
                "explain(X, uncertainty=True)"
            )
    first, second = as_attributions(a, "repeats[0]"), as_attributions(b, "repeats[1]")
    check_alike(first, second, "one of repeats", "another")
    check_k(k, first.shape[1])
    (low, high), (lower, upper) = a.confidence_intervals(), b.confidence_intervals()
    both = _among_top(first, k) & _among_top(second, k)
    overlapping = both & (low <= upper) & (lower <= high)
    with np.errstate(invalid="ignore"):
        return np.divide(overlapping.sum(axis=1), both.sum(axis=1))


def _among_top(attributions, k):
    among = np.zeros(attributions.shape, dtype=bool)
    np.put_along_axis(among, top_features(attributions, k), True, axis=1)
    return among
