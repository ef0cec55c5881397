"""Stability of explanations: whether repeated explanations of a row agree."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklime.metrics.agreement import feature_agreement, rank_agreement
from sklime.metrics.ranks import as_attributions, check_alike, check_k, top_features


def stability_score(
    repeats: Iterable[ArrayLike], *, k: int, compare: str = "features"
) -> NDArray[np.float64]:
    r"""Mean agreement of all pairs of repeated explanations of the same rows.

    .. math:: \binom{m}{2}^{-1} \sum_{s < t} |T_k(a^s) \cap T_k(a^t)| / k

    With ``compare="features"`` and values of 0 to 100 this is the variables' stability
    index (VSI); "ranks" asks for equal ranks; "intervals" gives the coefficients' stability
    index (CSI): of each feature, the share of overlapping confidence intervals among the
    pairs of repeats that both have it among their `k` largest, and of these shares the mean
    over the features that some pair has.

    Parameters
    ----------
    repeats : iterable of m array-likes of shape (n_rows, n_features), or of Explanation
        The same rows explained again, such as with other seeds; at least two.
    k : int
        Number of features, from 1 to `n_features`.
    compare : {"features", "ranks", "intervals"}, default="features"
        What must agree. "intervals": needs explanations with standard errors.

    Returns
    -------
    ndarray of shape (n_rows,)
        From 0 to 1; higher is better. NaN where with "intervals" no two repeats have a
        feature in common.

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
    repeats = list(repeats)
    if len(repeats) < 2:
        raise ValueError(f"repeats has {len(repeats)} explanation(s), give 2 at least")
    if compare == "intervals":
        return _overlap(repeats, k)
    agreement = feature_agreement if compare == "features" else rank_agreement
    agreed = [agreement(a, b, k=k) for a, b in combinations(repeats, 2)]
    return np.mean(agreed, axis=0)


def _overlap(repeats, k):
    """Coefficients' stability index: overlapping intervals, feature by feature."""
    for own in repeats:
        if getattr(own, "standard_errors", None) is None:
            raise ValueError(
                'compare="intervals" needs explanations with standard errors: '
                "explain(X, uncertainty=True)"
            )
    values = [as_attributions(own, "repeats") for own in repeats]
    check_k(k, values[0].shape[1])
    n_pairs, n_overlapping = np.zeros((2, *values[0].shape))
    told = [
        (_among_top(v, k), *e.confidence_intervals())
        for v, e in zip(values, repeats, strict=True)
    ]
    for i, other in enumerate(values):
        check_alike(values[0], other, "repeats[0]", f"repeats[{i}]")
    for (own, low, high), (other, lower, upper) in combinations(told, 2):
        both = own & other
        n_pairs += both
        n_overlapping += both & (low <= upper) & (lower <= high)
    told_apart = n_pairs > 0.0
    shares = np.divide(n_overlapping, n_pairs, out=n_pairs, where=told_apart)
    with np.errstate(invalid="ignore"):
        return np.divide(shares.sum(axis=1), told_apart.sum(axis=1))


def _among_top(attributions, k):
    among = np.zeros(attributions.shape, dtype=bool)
    np.put_along_axis(among, top_features(attributions, k), True, axis=1)
    return among
