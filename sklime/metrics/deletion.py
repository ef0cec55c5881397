"""Metrics that give columns their usual values, and watch what becomes of the response."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import check_random_state

from sklime.exceptions import warn_caller
from sklime.explainer.explainer import LimeExplainer
from sklime.laws.quasirandom import RandomState
from sklime.metrics.perturbed import PerturbedRows
from sklime.metrics.ranks import check_k, top_features
from sklime.tables.typing import TableLike
from sklime.validation import check_count

# What is explained: an explainer, or a function from a table to one number a row.
Explained = LimeExplainer | Callable[[Any], Any]

# Correlations whose deviations are smaller are of rounding errors.
_ROUNDING = 1e-12
# Rows without a correlation that a warning lists.
_NAMED = 5


def faithfulness_correlation(
    model: Explained,
    X: TableLike,
    attributions: ArrayLike | None = None,
    *,
    background: TableLike | None = None,
    subset_share: float = 0.2,
    n_subsets: int = 100,
    random_state: RandomState = None,
) -> NDArray[np.float64]:
    r"""Correlation of sums of attributions with what removing these features does.

    .. math:: \operatorname{corr}_S\left(\sum_{j \in S} a_j,\; f(x) - f(x_{S \to u})\right)

    over random subsets `S` of the features, whose values become the usual ones `u`.

    Parameters
    ----------
    model : LimeExplainer or callable
        A fitted explainer of tables, or a function from a table to one number a row.
    X : table of shape (n_rows, n_features)
        The explained rows.
    attributions : array-like of shape (n_rows, n_features), optional
        None: the explainer's contributions. Of an explainer with groups of columns one for
        each feature; all columns of a group become usual together.
    background : table of shape (n_background, n_features), optional
        The usual values are its medians, or most frequent values of columns that are not
        numeric. None: those of `X`, which must be several rows.
    subset_share : float, default=0.2
        Share of the features in a subset, above 0 and below 1; one feature at least, and
        all but one at most.
    n_subsets : int, default=100
        Number of subsets, the same for all rows; at least 3.
    random_state : int, RandomState instance or None, default=None
        Source of the subsets.

    Returns
    -------
    ndarray of shape (n_rows,)
        From -1 to 1; higher is better. NaN where one of both does not vary.

    Raises
    ------
    ValueError
        If shapes disagree, numbers or responses are not finite, or there is one row and no
        background.

    Warns
    -----
    sklearn.exceptions.UndefinedMetricWarning
        Where rows have no correlation; it names them.

    References
    ----------
    Bhatt, Weller, Moura (2020), Evaluating and Aggregating Feature-based Model
    Explanations, definition 2.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.metrics import faithfulness_correlation
    >>> X = np.random.default_rng(0).normal(size=(50, 4))
    >>> coef = np.array([1.0, 2.0, 3.0, 4.0])
    >>> found = faithfulness_correlation(
    ...     lambda X: X @ coef, X, (X - np.median(X, axis=0)) * coef, random_state=0
    ... )
    >>> found.min().round(6)
    np.float64(1.0)
    """
    if not (isinstance(subset_share, Real) and 0.0 < subset_share < 1.0):
        raise ValueError(f"subset_share must lie between 0 and 1, got {subset_share!r}")
    check_count("n_subsets", n_subsets, 3)
    rows = PerturbedRows(model, X, attributions, background)
    d = rows.n_units
    # A subset of all features would be the same each time.
    size = min(max(1, round(subset_share * d)), max(1, d - 1))
    rng = check_random_state(random_state)
    masks = np.zeros((1, n_subsets, d), dtype=bool)
    for mask in masks[0]:
        mask[rng.permutation(d)[:size]] = True
    changed = rows.respond(lambda own: rows.replaced(own, masks), n_subsets)
    sums = rows.attributions @ masks[0].T.astype(np.float64)
    return _correlation(sums, rows.responses[:, np.newaxis] - changed)


def comprehensiveness(
    model: Explained,
    X: TableLike,
    attributions: ArrayLike | None = None,
    *,
    k: int,
    background: TableLike | None = None,
) -> NDArray[np.float64]:
    r"""Loss of response where the `k` largest attributions' features become usual.

    .. math:: f(x) - f(x_{T_k \to u})

    Parameters
    ----------
    model, X, attributions, background
        As for `faithfulness_correlation`.
    k : int
        Number of features, from 1 to `n_features`.

    Returns
    -------
    ndarray of shape (n_rows,)
        In units of the response; higher is better.

    Raises
    ------
    ValueError
        As for `faithfulness_correlation`, or if there are fewer than `k` features.

    References
    ----------
    DeYoung et al. (2020), ERASER: A Benchmark to Evaluate Rationalized NLP Models, 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.metrics import comprehensiveness
    >>> X = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    >>> comprehensiveness(lambda X: 3 * X[:, 0] + X[:, 1], X, X * [3, 1], k=1)
    array([3., 0., 1.])
    """
    rows, masks = _top_masks(model, X, attributions, background, k)
    changed = rows.respond(lambda own: rows.replaced(own, masks[own, np.newaxis]), 1)
    return rows.responses - changed[:, 0]


def sufficiency(
    model: Explained,
    X: TableLike,
    attributions: ArrayLike | None = None,
    *,
    k: int,
    background: TableLike | None = None,
) -> NDArray[np.float64]:
    r"""Loss of response where all but the `k` largest attributions' features become usual.

    .. math:: f(x) - f(x_{\bar T_k \to u})

    Parameters
    ----------
    model, X, attributions, background
        As for `faithfulness_correlation`.
    k : int
        Number of features, from 1 to `n_features`.

    Returns
    -------
    ndarray of shape (n_rows,)
        In units of the response; lower is better.

    Raises
    ------
    ValueError
        As for `comprehensiveness`.

    References
    ----------
    DeYoung et al. (2020), ERASER: A Benchmark to Evaluate Rationalized NLP Models, 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.metrics import sufficiency
    >>> X = np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    >>> sufficiency(lambda X: 3 * X[:, 0] + X[:, 1], X, X * [3, 1], k=1)
    array([1., 0., 0.])
    """
    rows, masks = _top_masks(model, X, attributions, background, k)
    changed = rows.respond(lambda own: rows.replaced(own, ~masks[own, np.newaxis]), 1)
    return rows.responses - changed[:, 0]


def monotonicity(
    model: Explained,
    X: TableLike,
    attributions: ArrayLike | None = None,
    *,
    background: TableLike | None = None,
) -> NDArray[np.float64]:
    r"""Rank correlation of the sizes of attributions and of what each feature alone does.

    .. math:: \rho_j\left(|a_j|,\; |f(x) - f(x_{j \to u})|\right)

    with Spearman's :math:`\rho` over the features.

    Parameters
    ----------
    model, X, attributions, background
        As for `faithfulness_correlation`.

    Returns
    -------
    ndarray of shape (n_rows,)
        From -1 to 1; higher is better. NaN where one of both does not vary.

    Raises
    ------
    ValueError
        As for `faithfulness_correlation`.

    Warns
    -----
    sklearn.exceptions.UndefinedMetricWarning
        As for `faithfulness_correlation`.

    References
    ----------
    Nguyen and Martinez (2020), On Quantitative Aspects of Model Interpretability, 4.3, with
    the usual value in the place of draws of the feature.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.metrics import monotonicity
    >>> X, usual = np.ones((2, 3)), np.zeros((1, 3))
    >>> attributions = [[1, 2, 3], [3, 2, 1]]
    >>> monotonicity(lambda X: X @ [1, 2, 3], X, attributions, background=usual).round(6)
    array([ 1., -1.])
    """
    rows = PerturbedRows(model, X, attributions, background)
    d = rows.n_units
    masks = np.eye(d, dtype=bool)[np.newaxis]
    changed = rows.respond(lambda own: rows.replaced(own, masks), d)
    moved = np.abs(rows.responses[:, np.newaxis] - changed)
    # Rounding is no change, and must not be ranked.
    level = np.abs(rows.responses)[:, np.newaxis] + np.abs(changed)
    moved = np.where(moved <= _ROUNDING * level, 0.0, moved)
    sizes = np.abs(rows.attributions)
    return _correlation(rankdata(sizes, axis=1), rankdata(moved, axis=1))


def _top_masks(model, X, attributions, background, k):
    """Perturbed rows, and which features of each have the `k` largest attributions."""
    rows = PerturbedRows(model, X, attributions, background)
    check_k(k, rows.n_units)
    masks = np.zeros(rows.attributions.shape, dtype=bool)
    np.put_along_axis(masks, top_features(rows.attributions, k), True, axis=1)
    return rows, masks


def _correlation(told, moved):
    """Pearson's correlation of rows of two matrices; NaN, told, where one does not vary.

    Parameters
    ----------
    told : ndarray of shape (n_rows, n_points)
        What attributions say.
    moved : ndarray of shape (n_rows, n_points)
        What the response does.

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    correlated = []
    for values in (told, moved):
        around = values - values.mean(axis=1, keepdims=True)
        largest = np.abs(values).max(axis=1, keepdims=True, initial=0.0)
        unit = np.abs(around).max(axis=1, keepdims=True, initial=0.0)
        varies = unit > _ROUNDING * largest
        around = np.divide(around, unit, out=np.full_like(around, np.nan), where=varies)
        correlated.append(around / np.sqrt(np.square(around).sum(axis=1, keepdims=True)))
    _warn_of_constants(*(np.isnan(own).any(axis=1) for own in correlated))
    return np.clip((correlated[0] * correlated[1]).sum(axis=1), -1.0, 1.0)


def _warn_of_constants(told, moved):
    """Name the rows without a correlation, and which of both sides does not vary."""
    for constant, what in (
        (told, "attributions that do not vary"),
        (moved & ~told, "responses that do not change"),
    ):
        rows = np.flatnonzero(constant)
        if len(rows):
            named = ", ".join(map(str, rows[:_NAMED]))
            others = f" and {len(rows) - _NAMED} other(s)" if len(rows) > _NAMED else ""
            warn_caller(
                f"{len(rows)} row(s) have {what}, and so no correlation, which is NaN: "
                f"row(s) {named}{others}. Leave them out, or take means by numpy.nanmean.",
                UndefinedMetricWarning,
            )
