"""Fidelity of surrogates to the model: on fresh draws, on real rows, on their own draws."""

from __future__ import annotations

from typing import Literal

from sklime.explainer.explainer import LimeExplainer
from sklime.tables.typing import TableLike


def fidelity_score(
    explainer: LimeExplainer,
    X: TableLike,
    reference: Literal["marginal", "neighbours", "own"] = "marginal",
    n_neighbors: int = 20,
) -> float:
    r"""R squared of an explainer's surrogates, which predict the model around each row.

    .. math:: 1 - \sum_i \sum_{x \in N_i} (f(x) - g_i(x))^2 /
        \sum_i \sum_{x \in N_i} (f(x) - \bar f_i)^2

    with the model `f`, the surrogate :math:`g_i` of row `i`, its reference points
    :math:`N_i`, and the mean response to these :math:`\bar f_i`; sums are also over the
    explained outputs.

    Parameters
    ----------
    explainer : LimeExplainer
        Fitted.
    X : table of shape (n_rows, n_features)
        Rows to explain.
    reference : {"marginal", "neighbours", "own"}, default="marginal"
        What the reference points are. "marginal": 512 fresh draws, in which each column
        keeps the row's value with probability 1/2, as `LimeExplainer.score` has them; the
        same for every sampler, kernel and selector. "neighbours": the nearest training
        rows, as ``explain(X, neighbours=...)`` finds them: whether the surrogates are right
        where data are. What is near is told in the sampler's units: compare kernels,
        selectors and surrogates by it, as bins and standardised values may have other
        neighbours. "own": the draws that the surrogates were fitted to; this is the mean of
        the weighted R squared of each row and output by itself, as `Explanation.scores` has
        it, of all rows. It grows as the kernel narrows, and cannot rank settings.
    n_neighbors : int, default=20
        Training rows for each row with "neighbours"; at least 2.

    Returns
    -------
    float
        At most 1, higher is better; negative where the mean responses predict better than
        the surrogates. NaN if a row has no surrogate.

    Raises
    ------
    ValueError
        If there is no such reference, there are fewer training rows than `n_neighbors`, or
        rows with "neighbours" are not described by the columns of a dense table.

    References
    ----------
    Ribeiro, Singh, Guestrin (2016), "Why Should I Trust You?", 3.2: local fidelity.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from sklime import LimeExplainer
    >>> from sklime.metrics import fidelity_score
    >>> from sklime.samplers import MarginalSampler
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = KNeighborsRegressor(20).fit(X, y)
    >>> bins = LimeExplainer(model, random_state=0).fit(X)
    >>> numbers = LimeExplainer(
    ...     model, sampler=MarginalSampler(n_bins=None), random_state=0
    ... ).fit(X)
    >>> [round(fidelity_score(e, X[:30], "neighbours"), 1) for e in (bins, numbers)]
    [0.2, 0.5]
    """
    if not isinstance(explainer, LimeExplainer):
        raise TypeError(
            f"explainer must be a fitted LimeExplainer, got {type(explainer).__name__}: "
            "the surrogates are what is judged"
        )
    if not isinstance(reference, str) or reference not in ("marginal", "neighbours", "own"):
        raise ValueError(
            f'reference must be "marginal", "neighbours" or "own", got {reference!r}'
        )
    if reference == "marginal":
        return explainer.score(X)
    if reference == "neighbours":
        return explainer._score_on_neighbours(X, n_neighbors)
    return float(explainer._scores(X).mean())
