"""Metrics that move rows by noise: infidelity and prediction gaps."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from sklime.laws.quasirandom import RandomState
from sklime.metrics.deletion import Explained
from sklime.metrics.perturbed import PerturbedRows
from sklime.metrics.ranks import check_k, top_features
from sklime.tables.typing import TableLike
from sklime.validation import check_count


def infidelity(
    model: Explained,
    X: TableLike,
    attributions: ArrayLike,
    *,
    background: TableLike | None = None,
    scale: float = 0.2,
    best_factor: bool = False,
    n_draws: int = 100,
    random_state: RandomState = None,
) -> NDArray[np.float64]:
    r"""Mean squared difference of what attributions say of a move and what the model does.

    .. math:: E_I\left[(I^\top a - (f(x) - f(x - I)))^2\right]

    with normal moves `I` whose standard deviations are a share of those of the columns.
    Attributions are taken as slopes, in units of the response per unit of the column.

    Parameters
    ----------
    model : LimeExplainer or callable
        A fitted explainer of tables, or a function from a table to one number a row.
    X : table of shape (n_rows, n_features)
        The explained rows; all columns numeric, without gaps.
    attributions : array-like of shape (n_rows, n_features)
        Slopes.
    background : table of shape (n_background, n_features), optional
        Whose standard deviations the moves are a share of. None: `X`, which must be several
        rows.
    scale : float, default=0.2
        The share, above 0.
    best_factor : bool, default=False
        Whether the attributions of a row may first be multiplied by one number, the one
        that makes its infidelity least: the metric then does not look at their unit.
    n_draws : int, default=100
        Number of moves, the same for all rows.
    random_state : int, RandomState instance or None, default=None
        Source of the moves.

    Returns
    -------
    ndarray of shape (n_rows,)
        In squared units of the response; lower is better.

    Raises
    ------
    ValueError
        If shapes disagree, numbers or responses are not finite, columns are no numbers, or
        there is one row and no background.

    References
    ----------
    Yeh et al. (2019), On the (In)fidelity and Sensitivity of Explanations, definition 2.1
    and, of the factor, proposition 2.1 and its discussion.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.metrics import infidelity
    >>> X = np.array([[1.0, 2.0], [0.0, 1.0], [2.0, 0.0]])
    >>> infidelity(lambda X: X @ [1.0, 2.0], X, [[1.0, 2.0]] * 3, random_state=0).round(9)
    array([0., 0., 0.])
    """
    if attributions is None:
        raise TypeError(
            "attributions=None, and infidelity needs slopes, in units of the response per "
            "unit of the column: of an explainer on standardised values these are its "
            "effects over the columns' standard deviations"
        )
    rows = PerturbedRows(model, X, attributions, background)
    if rows.grouped:
        raise ValueError(
            f"infidelity needs a slope for each of the {rows.E.shape[1]} columns, and "
            f"attributions are of {rows.n_units} features, some of which are groups of "
            "columns: give slopes of the columns, or use prediction_gap"
        )
    moves = _moves(rows, scale, n_draws, random_state)
    changed = rows.respond(lambda own: rows.E[own, np.newaxis] - moves, n_draws)
    done = rows.responses[:, np.newaxis] - changed
    said = rows.attributions @ moves.T
    if best_factor:
        squares = np.square(said).sum(axis=1)
        factor = np.zeros_like(squares)
        np.divide((said * done).sum(axis=1), squares, out=factor, where=squares > 0.0)
        said = said * factor[:, np.newaxis]
    return np.square(said - done).mean(axis=1)


def prediction_gap(
    model: Explained,
    X: TableLike,
    attributions: ArrayLike | None = None,
    *,
    k: int,
    important: bool = True,
    background: TableLike | None = None,
    scale: float = 0.1,
    n_draws: int = 100,
    random_state: RandomState = None,
) -> NDArray[np.float64]:
    r"""Mean absolute change of the response under noise on important features alone.

    .. math:: E\,|f(x) - f(\tilde x)|, \qquad \tilde x_j = x_j + \varepsilon_j
        \text{ for the } k \text{ largest attributions}

    Parameters
    ----------
    model, X, background
        As for `infidelity`.
    attributions : array-like of shape (n_rows, n_features), optional
        None: the explainer's contributions. Of an explainer with groups of columns one for
        each feature; noise is on all columns of a group.
    k : int
        Number of features, from 1 to `n_features`.
    important : bool, default=True
        Whether noise is on the `k` largest attributions' features, else on all others.
    scale : float, default=0.1
        Standard deviation of the noise, as a share of the column's.
    n_draws : int, default=100
        Number of draws, the same for all rows.
    random_state : int, RandomState instance or None, default=None
        Source of the noise.

    Returns
    -------
    ndarray of shape (n_rows,)
        In units of the response; with `important` higher is better, without it lower.

    Raises
    ------
    ValueError
        As for `infidelity`, or if there are fewer than `k` features.

    References
    ----------
    Agarwal et al. (2022), OpenXAI: Towards a Transparent Evaluation of Model Explanations,
    PGI and PGU.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.metrics import prediction_gap
    >>> X = np.array([[1.0, 2.0], [0.0, 1.0], [2.0, 0.0]])
    >>> def first(X):
    ...     return X[:, 0]
    >>> prediction_gap(first, X, [[1, 0]] * 3, k=1, important=False, random_state=0)
    array([0., 0., 0.])
    """
    rows = PerturbedRows(model, X, attributions, background)
    check_k(k, rows.n_units)
    moves = _moves(rows, scale, n_draws, random_state)
    noisy = np.zeros(rows.attributions.shape, dtype=bool)
    np.put_along_axis(noisy, top_features(rows.attributions, k), True, axis=1)
    noisy = rows.columns(noisy if important else ~noisy)
    changed = rows.respond(
        lambda own: rows.E[own, np.newaxis] + moves * noisy[own, np.newaxis], n_draws
    )
    return np.abs(rows.responses[:, np.newaxis] - changed).mean(axis=1)


def _moves(rows, scale, n_draws, random_state):
    """Normal moves of shape (n_draws, n_features), in units of the columns."""
    check_count("n_draws", n_draws, 2)
    if not (isinstance(scale, Real) and 0.0 < scale < np.inf):
        raise ValueError(f"scale must be a number above 0, got {scale!r}")
    if not rows.numeric.all():
        names = rows.format.feature_names[~rows.numeric]
        raise ValueError(
            f"noise needs numeric columns, and {', '.join(map(repr, names))} are not: "
            "leave them out, or use faithfulness_correlation, which takes usual values"
        )
    gaps = np.flatnonzero(np.isnan(rows.E).any(axis=0))
    if len(gaps):
        names = rows.format.feature_names[gaps]
        raise ValueError(
            f"noise needs columns without gaps, and {', '.join(map(repr, names))} have such"
        )
    rng = check_random_state(random_state)
    return scale * rows.spread * rng.standard_normal((n_draws, rows.E.shape[1]))
