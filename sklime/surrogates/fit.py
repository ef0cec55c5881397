"""Fit of local surrogates from moments: selection, coefficients, fidelity, support."""

import numpy as np
from sklearn.base import clone

from sklime.moments.base import PENALTY
from sklime.selectors import MomentSelector
from sklime.surrogates.surrogates import Surrogates


def fit_surrogates(moments, binary, selector, regressor=None, draws=None):
    """Fit the surrogates of several rows.

    Parameters
    ----------
    moments : Moments
        Of the rows' neighbourhoods.
    binary : ndarray of shape (n_features,) of bool
        Features that are 0 or 1.
    selector : MomentSelector or scikit-learn selector
        The latter is fitted to each row's draws.
    regressor : scikit-learn linear regressor, optional
        Fitted to each row's draws in place of the built-in ridge.
    draws : list of Draws, optional
        Needed where selector or regressor are scikit-learn's.
    """
    central = moments.normalised()
    if isinstance(selector, MomentSelector):
        support = selector.selected(central)
    else:
        support = _select_from_draws(selector, central, draws)
    if regressor is None:
        coef, offset = central.ridge(PENALTY, support), np.zeros_like(central.mean_y)
    else:
        coef, offset = _regress_draws(regressor, central, moments, support, draws)
    # What the surrogate predicts at the weighted mean, at the row, and at zero.
    centre = central.mean_y + offset
    mean_z = central.mean_z + moments.z_origin
    at_row = centre + np.einsum("nkd,nd->nk", coef, moments.positions - mean_z)
    at_zero = centre - np.einsum("nkd,nd->nk", coef, mean_z)
    sizes = moments.effective_sample_sizes
    n_samples = np.reshape(moments.n_samples, (-1, 1))
    if moments.n_equivalent is not None:
        n_samples = moments.n_equivalent
    shares = mean_z if moments.match_shares is None else moments.match_shares
    scarcer = n_samples * np.clip(np.minimum(shares, 1.0 - shares), 0.0, None)
    # A value that training never had is compared, whatever its column.
    unseen = central.constant & (moments.positions == 1.0) & (np.abs(shares) < 1e-12)
    compared = binary | unseen
    # No answer where no draw has weight, or all that have look alike.
    undetermined = (sizes > 0.0) & moments.undetermined
    answer = np.where((sizes > 0.0) & ~undetermined, 1.0, np.nan)[:, np.newaxis]
    # All features together are known if enumerated; penalties and choices are at a loss.
    all_free = regressor is None and (support is None or support.all())
    whole = np.logical_and(moments.exact, all_free)
    collinear = np.broadcast_to(np.logical_and(moments.collinear, ~whole), len(sizes))
    told = np.zeros(mean_z.shape, dtype=bool)
    if moments.own_support is not None:
        told = ~np.isnan(moments.own_support)
        scarcer = np.where(told, moments.own_support, scarcer)
    scarcer = np.where(undetermined[:, np.newaxis], 0.0, scarcer)
    return Surrogates(
        coef=coef * moments.y_scale[..., np.newaxis] * answer[..., np.newaxis],
        intercepts=(moments.y_origin + moments.y_scale * at_zero) * answer,
        local_predictions=(moments.y_origin + moments.y_scale * at_row) * answer,
        scores=central.explained(coef, offset) * answer,
        baselines=(moments.y_origin + moments.y_scale * centre) * answer,
        effective_sample_sizes=sizes,
        positions=moments.positions,
        feature_means=np.where(sizes > 0.0, 1.0, np.nan)[:, np.newaxis] * mean_z,
        support=np.where(compared, scarcer, sizes[:, np.newaxis]),
        match_share=np.where(compared, shares, np.nan),
        constant=central.constant,
        empty_selections=_nothing_kept(support, central),
        chosen=_chosen(support, central),
        n_samples=np.full(len(sizes), moments.n_samples, dtype=float),
        exact=np.full(len(sizes), moments.exact),
        undetermined=undetermined,
        collinear=collinear,
        unconverged=np.zeros(len(sizes), dtype=bool),
        own_told=told,
    )


def _chosen(support, central):
    varies = ~central.constant[:, np.newaxis]
    if support is None:
        return np.repeat(varies, central.spread.shape[1], axis=1)
    return support & varies


def _nothing_kept(support, central):
    if support is None:
        return np.zeros(central.spread.shape, dtype=bool)
    could = (central.spread > 0.0) & ~central.constant.all(axis=1, keepdims=True)
    return ~support.any(axis=2) & could


def _select_from_draws(selector, central, draws):
    n, d, k = central.cross.shape
    support = np.zeros((n, k, d), dtype=bool)
    if not d:
        return support
    for i, c, Z, y, weights in _regressions(draws):
        own = clone(selector).fit(Z, y, sample_weight=weights).get_support()
        if (own.dtype, own.shape) != (bool, (d,)):
            raise ValueError(
                f"get_support of selector={selector!r} must give a bool for each of {d} "
                f"features: got {own.dtype} of shape {own.shape}."
            )
        support[i, c] = own
    return support


def _regress_draws(regressor, central, moments, support, draws):
    """Coefficients of a user's regressor, and its prediction at the mean above the best.

    Both in the scaled units of the moments.
    """
    n, d, k = central.cross.shape
    coef, offset = np.zeros((n, k, d)), np.zeros((n, k))
    for i, c, Z, y, weights in _regressions(draws):
        chosen = np.arange(d) if support is None else np.flatnonzero(support[i, c])
        if len(chosen):
            fitted = clone(regressor).fit(Z[:, chosen], y, sample_weight=weights)
            if np.size(getattr(fitted, "coef_", None)) != len(chosen):
                raise TypeError(
                    f"surrogate={regressor!r} has no coef_ of one number a feature after "
                    "fit; use a linear regressor, such as Ridge or LinearRegression."
                )
            slopes = np.ravel(fitted.coef_)
            scale = moments.y_scale[i, c]
            coef[i, c, chosen] = slopes / scale
            mean_z = (central.mean_z[i] + moments.z_origin[i])[chosen]
            at_mean = np.ravel(fitted.intercept_)[0] + slopes @ mean_z
            best = moments.y_origin[i, c] + scale * central.mean_y[i, c]
            offset[i, c] = (at_mean - best) / scale
    return coef, offset


def _regressions(draws):
    """Weighted regression problems of every row and output, as scikit-learn takes them.

    Weights have mean 1, so that a user's penalty means the same under every kernel.
    """
    for i, row_draws in enumerate(draws):
        if row_draws.weights.any():
            Z = row_draws.Z.T.astype(np.float64)
            # By the largest first: the mean of denormal weights may round to nothing.
            weights = row_draws.weights / row_draws.weights.max()
            weights /= weights.mean()
            responses = (
                row_draws.y_origin[:, np.newaxis]
                + row_draws.y_scale[:, np.newaxis] * row_draws.Y
            )
            for c, y in enumerate(responses):
                yield i, c, Z, y, weights
