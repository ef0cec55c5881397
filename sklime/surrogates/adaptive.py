"""Adaptive fitting: query, fit, draw more until `tol` is met."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils import gen_batches

from sklime.neighbourhoods.base import is_thin
from sklime.selectors import MomentSelector
from sklime.surrogates.fit import fit_surrogates
from sklime.surrogates.standard_errors import unconverged
from sklime.tables.access import block_bytes, take_rows


@dataclass(frozen=True)
class Precision:
    """Wanted precision of attributions, and the limit of draws.

    Parameters
    ----------
    tol : float
        Largest half-width of 95 % confidence intervals, as a share of the row's largest
        attribution.
    max_samples : int
        The most draws per row.
    """

    tol: float
    max_samples: int

    def next_size(self, source):
        """The next number of draws; None where no more are allowed."""
        n_more = min(2 * source.n_samples, self.max_samples)
        while source.law.count_draws(n_more) > self.max_samples:
            n_more -= 1
        return n_more if n_more > source.n_samples else None

    def missed(self, source, surrogates):
        """Rows whose standard errors are still too large, as an array of bool."""
        errors = surrogates.standard_errors, surrogates.coef
        return unconverged(*errors, source.groups, self.tol)


class SurrogateFitter:
    """Fitter of surrogates of blocks of rows, from the moments of one source.

    Parameters
    ----------
    source : MomentSource
        Where the rows' moments come from.
    selector : MomentSelector or scikit-learn selector
        Which features a surrogate may use.
    regressor : scikit-learn linear regressor or None
        Fitted in place of the built-in ridge.
    thin_rows : SurrogateFitter, default=None
        Fits the rows that the kernel leaves too few draws of the source.
    precision : Precision, default=None
        Rows get more draws of their own until it is met. None: draw once.
    """

    def __init__(self, source, selector, regressor, thin_rows=None, precision=None):
        self.source = source
        self.selector = selector
        self.regressor = regressor
        self.thin_rows = thin_rows
        self.precision = precision

    def __call__(self, X, outputs, binary, uncertainty=False):
        """Fit the surrogates of some rows.

        Parameters
        ----------
        X : rows
            Checked.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.
        binary : ndarray of shape (n_features,) of bool
            Features that are 0 or 1.
        uncertainty : bool, default=False
            Whether standard errors are wanted.
        """
        return self._fit_until_precise(self.source, X, outputs, binary, uncertainty)

    def grow(self, precision, X, outputs, binary):
        """Grow a source shared by all rows until these rows need no more draws.

        Parameters
        ----------
        X, outputs, binary
            As for the call, all rows at once.

        Returns
        -------
        ndarray of shape (n_rows,) of bool
            Rows that would need more than `max_samples`.
        """
        while True:
            parts = []
            for rows in _parts(np.arange(len(outputs)), self.source):
                evaluated = self.source.evaluate(take_rows(X, rows))
                own = evaluated, outputs[rows], binary, True
                fitted = self._fit_once(self.source, *own)
                missed = precision.missed(self.source, fitted)
                parts.append(missed & ~self._needs_tilting(fitted))
            imprecise, n_more = np.concatenate(parts), precision.next_size(self.source)
            if not imprecise.any() or n_more is None:
                return imprecise
            self.source = self.source.grown(n_more)

    def _fit_until_precise(self, source, X, outputs, binary, uncertainty, known=None):
        """Fit surrogates, with more or separate draws for rows that need them."""
        adaptive = self.precision is not None
        evaluated = source.evaluate(X) if known is None else source.evaluate(X, known)
        own = evaluated, outputs, binary, uncertainty or adaptive
        fitted = self._fit_once(source, *own)
        thin = self._needs_tilting(fitted)
        if adaptive:
            imprecise = self.precision.missed(source, fitted) & ~thin
            n_more = self.precision.next_size(source)
        if thin.any():
            for rows in _parts(np.flatnonzero(thin), self.thin_rows.source):
                own = take_rows(X, rows), outputs[rows], binary, uncertainty
                fitted = fitted.updated(rows, self.thin_rows(*own))
        if not adaptive:
            return fitted
        if n_more is None:
            return replace(fitted, unconverged=fitted.unconverged | imprecise)
        more = source.grown(n_more)
        for rows in _parts(np.flatnonzero(imprecise), more):
            responses = [source.responses(evaluated, i) for i in rows]
            own = take_rows(X, rows), outputs[rows], binary, uncertainty
            fitted = fitted.updated(rows, self._fit_until_precise(more, *own, responses))
        return fitted

    def _fit_once(self, source, evaluated, outputs, binary, uncertainty):
        """Fit surrogates to the evaluated draws."""
        moments, draws = source.moments(evaluated, outputs), None
        if not isinstance(self.selector, MomentSelector) or self.regressor is not None:
            draws = list(source.draws(evaluated, outputs))
        fitted = fit_surrogates(moments, binary, self.selector, self.regressor, draws)
        if uncertainty:
            fitted = source.with_standard_errors(fitted, moments, evaluated, outputs)
        return fitted

    def _needs_tilting(self, fitted):
        """Rows that are served better by draws from the weighted law."""
        if self.thin_rows is None:
            return np.zeros(len(fitted.n_samples), dtype=bool)
        thin = is_thin(fitted.effective_sample_sizes, fitted.n_samples)
        return (thin | fitted.collinear) & ~fitted.exact


def _parts(rows, source):
    """Parts of rows whose draws fit into memory together."""
    if not len(rows):
        return []
    height = min(source.rows_at_once, block_bytes() // source.bytes_per_row)
    return [rows[part] for part in gen_batches(len(rows), max(1, height))]
