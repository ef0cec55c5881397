"""From rows to their surrogates: ask, fit, and ask more where that is not enough."""

from dataclasses import replace

import numpy as np

from sklime.blocks import take_rows
from sklime.moments import Moments
from sklime.selectors import MomentSelector
from sklime.surrogate import fit_surrogates
from sklime.surrounding import is_thin
from sklime.uncertainty import unconverged


class SurrogateFitter:
    """Fits the surrogates of blocks of rows.

    Parameters
    ----------
    around : Neighbourhoods or Population
        Where the rows' moments come from.
    selector : MomentSelector or scikit-learn selector
        Which features a surrogate may use.
    regressor : scikit-learn linear regressor or None
        Fitted in place of the built-in ridge.
    tilted : TiltedDraws, default=None
        For rows that the kernel leaves too few of the other draws.
    tol : float, default=None
        Draw until the half-widths of 95 % confidence intervals are at most this share of
        the row's largest attribution. None: draw once.
    max_samples : int, default=None
        The most draws per row; needed with `tol`.
    """

    def __init__(
        self, around, selector, regressor, tilted=None, tol=None, max_samples=None
    ):
        self.around = around
        self.selector = selector
        self.regressor = regressor
        self.tilted = tilted
        self.tol = tol
        self.max_samples = max_samples

    def __call__(self, X, outputs, matched, uncertainty=False):
        """Fit the surrogates of some rows.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Checked rows.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.
        matched : ndarray of shape (n_features,) of bool
            Features that are 0 or 1.
        uncertainty : bool, default=False
            Whether standard errors are wanted.

        Returns
        -------
        Surrogates
        """
        fitted = self._settled(self.around, X, outputs, matched, uncertainty)
        if self.tilted is not None:
            thin = is_thin(fitted.effective_sample_sizes, fitted.n_samples)
            rows = np.flatnonzero(thin & ~fitted.certain)
            if len(rows):
                X, outputs = take_rows(X, rows), outputs[rows]
                own = self._settled(self.tilted, X, outputs, matched, uncertainty)
                fitted = fitted.updated(rows, own)
        return fitted

    def grow(self, X, outputs, matched):
        """Let a pool that all rows share grow until these rows need no more draws.

        Parameters
        ----------
        X, outputs, matched
            As for the call, all rows at once.

        Returns
        -------
        ndarray of shape (n_rows,) of bool
            Rows that would need more than `max_samples`.
        """
        while True:
            fitted = self._fitted(self.around, self.around.ask(X), outputs, matched, True)
            open_ = self._open(self.around, fitted)
            n_more = self._more(self.around)
            if not open_.any() or n_more is None:
                return open_
            self.around = self.around.grown(n_more)

    def _settled(self, around, X, outputs, matched, uncertainty):
        """Fit, and let the rows that need it have more draws of their own."""
        adaptive = self.tol is not None and around.asks_per_row
        asked = around.ask(X)
        fitted = self._fitted(around, asked, outputs, matched, uncertainty or adaptive)
        if not adaptive:
            return fitted
        rows, part = np.arange(len(outputs)), fitted
        while True:
            open_ = np.flatnonzero(self._open(around, part))
            n_more = self._more(around)
            if not len(open_) or n_more is None:
                break
            known = [around.answers(asked, i) for i in open_]
            rows, X, around = rows[open_], take_rows(X, open_), around.grown(n_more)
            asked = around.ask(X, known)
            part = self._fitted(around, asked, outputs[rows], matched, True)
            fitted = fitted.updated(rows, part)
        unsettled = np.zeros(len(fitted.n_samples), dtype=bool)
        unsettled[rows[open_]] = True
        return replace(fitted, unconverged=unsettled)

    def _fitted(self, around, asked, outputs, matched, uncertainty):
        """Fit surrogates to what the model answered."""
        draws = None
        if isinstance(self.selector, MomentSelector) and self.regressor is None:
            moments = around.moments(asked, outputs)
        else:
            draws = list(around.draws(asked, outputs))
            moments = Moments.of(draws)
        fitted = fit_surrogates(moments, matched, self.selector, self.regressor, draws)
        if uncertainty:
            fitted = around.with_errors(fitted, asked, outputs)
        return fitted

    def _open(self, around, fitted):
        """Rows whose standard errors are too large yet."""
        return unconverged(fitted.standard_errors, fitted.coef, around.groups, self.tol)

    def _more(self, around):
        """The next number of draws, None at the most allowed."""
        n_more = min(2 * around.n_samples, self.max_samples)
        return n_more if n_more > around.n_samples else None
