"""Surrogates of several rows, as parallel arrays."""

from dataclasses import dataclass, fields, replace

import numpy as np

from sklime.moments.base import PENALTY
from sklime.surrogates.standard_errors import standard_errors

_PER_FEATURE = (
    "coef",
    "positions",
    "feature_means",
    "support",
    "own_told",
    "match_share",
    "constant",
    "chosen",
    "standard_errors",
)

# Effective draws that standard errors need on the scarcer side of a feature.
_LEAST_DRAWS = 3.0


@dataclass(frozen=True, eq=False)
class Surrogates:
    """Weighted linear surrogates of several rows.

    Parameters
    ----------
    coef : ndarray of shape (n_rows, n_outputs, n_features)
        Coefficients in interpretable units; NaN where no draw has weight, or all that have
        look alike.
    intercepts, local_predictions, scores : ndarray of shape (n_rows, n_outputs)
        Intercept, prediction at the row itself, and weighted R squared.
    baselines : ndarray of shape (n_rows, n_outputs)
        Weighted mean of what the surrogate answers in the neighbourhood.
    effective_sample_sizes : ndarray of shape (n_rows,)
        ``(sum w)**2 / sum w**2``.
    positions : ndarray of shape (n_rows, n_features)
        The rows themselves in interpretable units.
    feature_means : ndarray of shape (n_rows, n_features)
        Weighted means of the features; NaN where no draw has weight.
    support : ndarray of shape (n_rows, n_features)
        For a 0/1 feature ``min(sum w[z = 1], sum w[z = 0]) / mean w``; for a standardised
        one the effective sample size.
    match_share : ndarray of shape (n_rows, n_features)
        For a feature compared with the row's own bin, the weighted share of draws in it;
        NaN for a standardised one.
    constant : ndarray of shape (n_rows, n_features) of bool
        Features that do not vary where there is weight.
    empty_selections : ndarray of shape (n_rows, n_outputs) of bool
        Where the selector kept nothing although responses and features vary.
    chosen : ndarray of shape (n_rows, n_outputs, n_features) of bool
        Features that vary and that the selector let differ from 0.
    n_samples : ndarray of shape (n_rows,)
        Draws behind each row.
    exact : ndarray of shape (n_rows,) of bool
        Rows of which nothing is estimated from draws.
    undetermined : ndarray of shape (n_rows,) of bool
        Rows whose draws cannot tell the features apart: their `coef` are NaN.
    collinear : ndarray of shape (n_rows,) of bool
        Rows whose draws hardly can, where this makes `coef` doubtful.
    unconverged : ndarray of shape (n_rows,) of bool
        Rows that would need more draws than they may have.
    own_told : ndarray of shape (n_rows, n_features) of bool
        Features whose `coef` rest on own-value draws.
    standard_errors : ndarray of shape (n_rows, n_outputs, n_features), default=None
        Standard errors of `coef`; NaN for features that were not selected, infinite where
        too few draws tell any.
    """

    coef: np.ndarray
    intercepts: np.ndarray
    local_predictions: np.ndarray
    scores: np.ndarray
    baselines: np.ndarray
    effective_sample_sizes: np.ndarray
    positions: np.ndarray
    feature_means: np.ndarray
    support: np.ndarray
    match_share: np.ndarray
    constant: np.ndarray
    empty_selections: np.ndarray
    chosen: np.ndarray
    n_samples: np.ndarray
    exact: np.ndarray
    undetermined: np.ndarray
    collinear: np.ndarray
    unconverged: np.ndarray
    own_told: np.ndarray
    standard_errors: np.ndarray | None = None

    @property
    def deviations(self):
        """How far rows lie from the means of their features, (n_rows, n_features)."""
        return self.positions - self.feature_means

    @property
    def contributions(self):
        """How far each feature moves answers from `baselines`, of the shape of `coef`."""
        # Plus 0, as features that were not selected are 0 and not -0.
        return self.coef * self.deviations[:, np.newaxis] + 0.0

    def scored_on(self, moments):
        """Replace the fidelity by that on other draws than the surrogates were fitted to.

        Parameters
        ----------
        moments : Moments
            Of draws around the same rows.

        Returns
        -------
        Surrogates
            With `scores` replaced.
        """
        central = moments.normalised()
        mean_z = central.mean_z + moments.z_origin
        at_mean = self.intercepts + np.einsum("nkd,nd->nk", self.coef, mean_z)
        best = moments.y_origin + moments.y_scale * central.mean_y
        scores = central.explained(
            self.coef / moments.y_scale[..., np.newaxis], (at_mean - best) / moments.y_scale
        )
        return replace(self, scores=scores)

    @classmethod
    def padded(cls, parts):
        """Join the surrogates of disjoint rows, padding features with NaN to the most."""
        widest = max(part.coef.shape[2] for part in parts)

        def pad(array):
            width = [(0, 0)] * (array.ndim - 1) + [(0, widest - array.shape[-1])]
            return np.pad(array.astype(float), width, constant_values=np.nan)

        joined = {}
        for field in fields(cls):
            arrays = [getattr(part, field.name) for part in parts]
            if arrays[0] is None:
                continue
            if field.name in _PER_FEATURE:
                arrays = map(pad, arrays)
            joined[field.name] = np.concatenate(list(arrays))
        return cls(**joined)

    def rows(self, where):
        """Surrogates of a slice of the rows."""
        own = ((field.name, getattr(self, field.name)) for field in fields(self))
        return Surrogates(**{name: a if a is None else a[where] for name, a in own})

    def spread(self, positions, n_features):
        """Place features among more of them, which have no effect and no doubts.

        Parameters
        ----------
        positions : ndarray of shape (n_own_features,) of int
            Where they stand.
        n_features : int
            Number of all.
        """
        nothing = {"support": np.nan, "match_share": np.nan, "constant": True}
        spread = {}
        for name in _PER_FEATURE:
            array = getattr(self, name)
            if array is not None:
                shape = (*array.shape[:-1], n_features)
                spread[name] = np.full(shape, nothing.get(name, 0), array.dtype)
                spread[name][..., positions] = array
        return replace(self, **spread)

    def updated(self, rows, part):
        """Replace the surrogates of some rows by others.

        Parameters
        ----------
        rows : ndarray of shape (n_updated,) of int
        """
        joined = {}
        for field in fields(self):
            array, own = getattr(self, field.name), getattr(part, field.name)
            if array is not None:
                array = array.copy()
                array[rows] = own
            joined[field.name] = array
        return Surrogates(**joined)

    def with_own_values(self, contrasts, all_features):
        """Surrogates in which own-value draws tell the coefficients that they tell better.

        Parameters
        ----------
        contrasts : OwnContrasts
            Of some features of some of the rows.
        all_features : bool
            Whether features need not have been chosen.
        """
        # Effective numbers of draws on the scarcer side, as the own ones are effective.
        share = self.effective_sample_sizes / self.n_samples
        scarcer = self.support * share[:, np.newaxis]
        contrasts = contrasts.where(contrasts.support > scarcer[contrasts.at])
        kept = self.chosen.any(axis=1)[contrasts.at]
        contrasts = contrasts.where(kept | all_features)
        rows, columns = contrasts.at
        new = {
            name: getattr(self, name).copy()
            for name in ("coef", "support", "constant", "chosen", "own_told")
        }
        new["coef"][rows, :, columns], errors = contrasts.paired()
        new["support"][rows, columns] = contrasts.support
        new["constant"][rows, columns] = False
        new["chosen"][rows, :, columns] = True
        new["own_told"][rows, columns] = True
        moved = new["coef"] - self.coef
        share = np.nan_to_num(self.match_share)[:, np.newaxis]
        new["intercepts"] = self.intercepts - (moved * share).sum(axis=2)
        new["local_predictions"] = self.local_predictions + (moved * (1 - share)).sum(
            axis=2
        )
        if self.standard_errors is not None:
            new["standard_errors"] = self.standard_errors.copy()
            new["standard_errors"][rows, :, columns] = errors
        return replace(self, **new)

    def with_scores(self, scores):
        """Take the fidelity, an array of shape (n_rows, n_outputs), from elsewhere."""
        return replace(self, scores=np.where(np.isnan(self.scores), np.nan, scores))

    def with_open_errors(self):
        """Surrogates with infinite standard errors where too few draws tell any.

        The scatter of one or two draws around their own mean is nothing, and says nothing.
        """
        if self.standard_errors is None:
            return self
        share = (self.effective_sample_sizes / self.n_samples)[:, np.newaxis]
        share = np.where(self.own_told, 1.0, share)
        told = self.own_told | ~self.exact[:, np.newaxis]
        few = told & ~self.constant & (self.support * share < _LEAST_DRAWS)
        open_ = few[:, np.newaxis] & ~np.isnan(self.standard_errors)
        return replace(self, standard_errors=np.where(open_, np.inf, self.standard_errors))

    def with_known_errors(self, errors):
        """Add standard errors that the moments knew, of the shape of `coef`."""
        cannot_vary = (self.constant & ~(self.match_share < 0.5))[:, np.newaxis]
        # Draws tell no error of what varies, but not among them.
        cannot_vary = cannot_vary & np.isfinite(errors)
        errors = np.where(self.chosen, errors, np.nan)
        errors = np.where(cannot_vary, 0.0, errors)
        return replace(self, standard_errors=np.where(np.isnan(self.coef), np.nan, errors))

    def with_standard_errors(self, draws):
        """Add the standard errors of the built-in ridge.

        Parameters
        ----------
        draws : iterable of Draws
            One per row, those that the surrogates were fitted to.
        """
        fields = draws, self.coef, self.chosen, self.constant, self.match_share, self.exact
        errors = []
        for own, coef, chosen, constant, match_share, exact in zip(*fields, strict=True):
            found = standard_errors(own, coef, chosen, PENALTY) * (not exact)
            # Constant features have standard error 0, unless no draw matched, or only
            # draws without weight did not.
            varies = own.Z.min(axis=1) < own.Z.max(axis=1)
            found[:, constant & ~(match_share < 0.5)] = 0.0
            found[:, constant & (match_share >= 0.5) & varies] = np.nan
            found[np.isnan(coef)] = np.nan
            errors.append(found)
        return replace(self, standard_errors=np.array(errors))
