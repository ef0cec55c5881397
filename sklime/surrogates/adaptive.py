"""From rows to their surrogates: ask, fit, and ask more where that is not enough."""

from dataclasses import replace

import numpy as np
from sklearn.utils import gen_batches

from sklime.neighbourhoods.base import is_thin
from sklime.selectors import MomentSelector
from sklime.surrogates.fit import fit_surrogates
from sklime.surrogates.standard_errors import unconverged
from sklime.tables.access import block_bytes, take_rows


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
        return self._settled(self.around, X, outputs, matched, uncertainty)

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
            parts = []
            for rows in _parts(np.arange(len(outputs)), self.around):
                asked = self.around.ask(take_rows(X, rows))
                fitted = self._fitted(self.around, asked, outputs[rows], matched, True)
                parts.append(self._open(self.around, fitted))
            open_, n_more = np.concatenate(parts), self._more(self.around)
            if not open_.any() or n_more is None:
                return open_
            self.around = self.around.grown(n_more)

    def _settled(self, around, X, outputs, matched, uncertainty, known=None):
        """Fit, and give the rows that need it more draws, or draws of their own."""
        adaptive = self.tol is not None and around.asks_per_row
        asked = around.ask(X) if known is None else around.ask(X, known)
        fitted = self._fitted(around, asked, outputs, matched, uncertainty or adaptive)
        thin = self._thin(around, fitted)
        if adaptive:
            open_, n_more = self._open(around, fitted), self._more(around)
        for rows in _parts(np.flatnonzero(thin), self.tilted):
            own = take_rows(X, rows), outputs[rows], matched, uncertainty
            fitted = fitted.updated(rows, self._settled(self.tilted, *own))
        if not adaptive:
            return fitted
        if n_more is None:
            return replace(fitted, unconverged=fitted.unconverged | open_)
        more = around.grown(n_more)
        for rows in _parts(np.flatnonzero(open_), more):
            answers = [around.answers(asked, i) for i in rows]
            own = take_rows(X, rows), outputs[rows], matched, uncertainty
            fitted = fitted.updated(rows, self._settled(more, *own, answers))
        return fitted

    def _fitted(self, around, asked, outputs, matched, uncertainty):
        """Fit surrogates to what the model answered."""
        moments, draws = around.moments(asked, outputs), None
        if not isinstance(self.selector, MomentSelector) or self.regressor is not None:
            draws = list(around.draws(asked, outputs))
        fitted = fit_surrogates(moments, matched, self.selector, self.regressor, draws)
        if uncertainty:
            fitted = around.with_errors(fitted, asked, outputs)
        return fitted

    def _thin(self, around, fitted):
        """Rows that are better off with draws from the weighted law."""
        if self.tilted is None or around is self.tilted:
            return np.zeros(len(fitted.n_samples), dtype=bool)
        thin = is_thin(fitted.effective_sample_sizes, fitted.n_samples)
        return (thin | fitted.collinear) & ~fitted.certain

    def _open(self, around, fitted):
        """Rows whose standard errors are too large yet, and that these draws serve."""
        errors = fitted.standard_errors, fitted.coef
        open_ = unconverged(*errors, around.groups, self.tol)
        return open_ & ~self._thin(around, fitted)

    def _more(self, around):
        """The next number of draws, None at the most allowed."""
        n_more = min(2 * around.n_samples, self.max_samples)
        while around.sampler.count_draws(n_more) > self.max_samples:
            n_more -= 1
        return n_more if n_more > around.n_samples else None


def _parts(rows, around):
    """Rows in parts whose draws fit into memory together."""
    if not len(rows):
        return []
    height = min(around.rows_at_once, block_bytes() // around.bytes_per_row)
    return [rows[part] for part in gen_batches(len(rows), max(1, height))]
