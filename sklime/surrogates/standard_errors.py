r"""Standard errors of attributions, over the randomness of the draws.

The coefficients are weighted least squares under a wrong model, so the draws' own scatter
around it is what counts: with :math:`A = Z_c^\top W Z_c + \alpha I`, residuals `e` and
scores :math:`s_i = w_i e_i z_i`, the covariance is the sandwich :math:`A^{-1} B A^{-1}`.
"""

import numpy as np
from scipy.stats import norm, t

from sklime.moments.groups import degrees_of_freedom


def standard_errors(draws, coef, chosen, penalty):
    r"""Estimate the standard errors of one row's attributions.

    Independent draws: HC3, :math:`B = \sum_i s_i s_i^\top / (1 - h_i)^2` with the leverages
    `h`. Many small groups of draws: the same with the scores of a group added up first. A
    few large ones, `K` scrambles: :math:`B = \frac{K}{K-1} \sum_g (s_g - \bar s)(s_g - \bar
    s)^\top` over the groups' sums, to be read with Student's t on `K - 1` degrees.

    Parameters
    ----------
    coef : ndarray of shape (n_outputs, n_features)
    chosen : ndarray of shape (n_outputs, n_features) of bool
        Features that were free to differ from 0 and vary; the others have no error.
    penalty : float
        The ridge penalty in units of the mean weight.

    Returns
    -------
    ndarray of shape (n_outputs, n_features)
        NaN where there is no error.

    References
    ----------
    White (1980), A heteroskedasticity-consistent covariance matrix estimator. MacKinnon and
    White (1985), for HC3.
    """
    errors = np.full(coef.shape, np.nan)
    largest = draws.weights.max(initial=0.0)
    if not largest > 0.0:
        return errors
    weights = draws.weights / largest
    Y, _, unit = draws.local_answers()
    Z = draws.Z.astype(np.float64)
    Z -= (Z @ weights / weights.sum())[:, np.newaxis]
    residuals = Y - (coef / unit[:, np.newaxis]) @ Z
    residuals -= (residuals @ weights / weights.sum())[:, np.newaxis]
    penalty = penalty * (weights.sum() / draws.n_penalised)
    patterns, output_of = np.unique(chosen, axis=0, return_inverse=True)
    for i, own in enumerate(patterns):
        if own.any():
            outputs = np.flatnonzero(output_of.ravel() == i)
            # All of them is the common case, and needs no copy.
            chosen_Z = Z if own.all() else Z[own]
            found = _sandwich(chosen_Z, weights, residuals[outputs], draws.groups, penalty)
            errors[np.ix_(outputs, own)] = found * unit[outputs, np.newaxis]
    return errors


def relative_half_widths(errors, coef, groups):
    """Half-widths of the rows' widest confidence intervals, by their largest attributions.

    Parameters
    ----------
    errors, coef : ndarray of shape (n_rows, n_outputs, n_features)
        Standard errors and attributions.
    groups : ndarray of shape (n_samples,) of int, or None
        Which draws belong together.

    Returns
    -------
    ndarray of shape (n_rows,)
        Of 95 % intervals; 0 where nothing has an error.
    """
    df = degrees_of_freedom(groups)
    quantile = norm.ppf(0.975) if df is None else t.ppf(0.975, df)
    largest = np.abs(coef).max(axis=(1, 2), initial=0.0)
    # Attributions without an error gain nothing from more draws.
    errors = np.nan_to_num(errors, posinf=np.inf)
    half = quantile * errors.max(axis=(1, 2), initial=0.0)
    return np.divide(
        half, largest, out=np.where(half > 0.0, np.inf, 0.0), where=largest > 0.0
    )


def _sandwich(Z, weights, residuals, groups, penalty):
    """Standard errors of features that all outputs of `residuals` share."""
    weighted = Z * weights
    information = weighted @ Z.T + penalty * np.eye(len(Z))
    inverse = np.linalg.inv(information)
    if degrees_of_freedom(groups) is not None:
        scores = _group_scores(weighted, residuals, groups)
    else:
        leverage = weights * np.einsum("dn,dn->n", inverse @ Z, Z) + weights / weights.sum()
        # At leverage 1, HC3 would divide by zero.
        residuals = residuals / np.maximum(1.0 - leverage, 1e-12)
        scores = (_sums(weighted * own, groups) for own in residuals)
    moved = (inverse @ own for own in scores)
    return np.array([np.sqrt(np.einsum("dk,dk->d", own, own)) for own in moved])


def _group_scores(weighted, residuals, groups):
    """Sums of scores by group, for a few large groups, centred."""
    members = groups[:, np.newaxis] == np.arange(groups.max() + 1)
    n_groups = members.shape[1]
    for own in residuals:
        scores = weighted @ (members * own[:, np.newaxis])
        scores -= scores.mean(axis=1, keepdims=True)
        yield scores * np.sqrt(n_groups / (n_groups - 1))


def _sums(scores, groups):
    """Sums of columns by group; without groups, the columns themselves."""
    if groups is None:
        return scores
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], np.arange(groups.max() + 1))
    return np.add.reduceat(scores[:, order], starts, axis=1)
