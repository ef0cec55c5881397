"""Adaptive fitting: query, fit, draw more until `tol` is met."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils import gen_batches

from sklime.exceptions import RowLimitReached
from sklime.moments.source import InteractionSource
from sklime.moments.threads import one_thread
from sklime.neighbourhoods.base import is_thin
from sklime.neighbourhoods.row_limit import warn_of_stopped_growth
from sklime.selectors import AllFeatures, MomentSelector
from sklime.surrogates.fit import fit_surrogates
from sklime.surrogates.standard_errors import relative_half_widths
from sklime.tables.access import block_bytes, take_rows

# Rows are given up if they seem to need so many times the draws that there may be: two
# rounds tell the number to a factor of about two.
_DOUBT = 2.0


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
        # Where draws are finite, more than there are cannot be had.
        return n_more if source.law.count_draws(n_more) > source.n_samples else None

    def missed(self, source, surrogates):
        """Rows whose standard errors are still too large, as an array of bool."""
        # More draws of the row tell nothing of what rests on own-value draws.
        own_told = surrogates.own_told[:, np.newaxis]
        errors = np.where(own_told, np.nan, surrogates.standard_errors)
        return self.excess(source, surrogates, errors) > 1.0

    def excess(self, source, surrogates, errors):
        """Half-widths of the rows' widest intervals, in units of what `tol` allows."""
        return relative_half_widths(errors, surrogates.coef, source.groups) / self.tol


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

    def __call__(self, X, outputs, binary, uncertainty=False, own_values=None):
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
        own_values : OwnAnswersOfRows, default=None
            What the model says to values that draws hardly hold.
        """
        own = X, outputs, binary, uncertainty, own_values
        return self._fit_until_precise(self.source, *own)

    @property
    def has_interactions(self):
        """Whether the source tells interactions of pairs of features."""
        own = isinstance(self.source, InteractionSource) and self.source.tells_interactions
        return own and isinstance(self.selector, MomentSelector) and self.regressor is None

    def with_law(self, law):
        """The same of a law that keeps its draws instead of training values.

        No row may need draws of its own.
        """
        source = self.source.with_law(law)
        return SurrogateFitter(source, self.selector, self.regressor, None, self.precision)

    def interactions(self, X, outputs, pairs):
        """Interactions of pairs of features in some rows.

        Rows of which the kernel leaves too little in the source are drawn for again.

        Parameters
        ----------
        X, outputs
            As for the call.
        pairs : ndarray of shape (n_pairs, 2) of int, or UnitPairs
            Positions of the features.

        Returns
        -------
        PairContrasts
        """
        found = self.source.interactions(X, outputs, pairs)
        if self.thin_rows is None:
            return found
        thin = np.flatnonzero(is_thin(found.effective_sample_sizes, self.source.n_samples))
        for rows in _parts(thin, self.thin_rows.source):
            own = take_rows(X, rows), outputs[rows], pairs
            found = found.updated(rows, self.thin_rows.interactions(*own))
        return found

    def grow(self, precision, X, outputs, binary, own_values, show, give_up):
        """Grow a source shared by all rows until these rows need no more draws.

        After two rounds, rows that would need more than `max_samples` are given up.

        Parameters
        ----------
        X, outputs, binary
            As for the call, all rows at once.
        own_values : OwnValues or None
            Tells which values have draws of their own: their errors do not count.
        show : callable
            Called after each round, with the numbers of rows done and of draws.
        give_up : callable
            Called as soon as rows are given up, with an array of bool and the number of
            draws that half of them would need.

        Returns
        -------
        ndarray of shape (n_rows,) of bool
            Rows that would need more than `max_samples`, but those given up at once.
        """
        before, given_up = None, np.zeros(len(outputs), dtype=bool)
        while True:
            source, parts = self.source, []
            for rows in _parts(np.arange(len(outputs)), source):
                part = take_rows(X, rows)
                own = part, source.evaluate(part), outputs[rows], binary, True, None
                fitted = self._fit_once(source, *own)
                errors = fitted.standard_errors
                if own_values is not None:
                    few = own_values.told_by_own_draws(
                        part, fitted.support, source.n_samples
                    )
                    errors = np.where(few[:, np.newaxis], np.nan, errors)
                excess = precision.excess(source, fitted, errors)
                parts.append(np.where(self._needs_tilting(fitted), 0.0, excess))
            excess, n_more = np.concatenate(parts), precision.next_size(source)
            imprecise = hopeful = excess > 1.0
            if before is not None:
                needed = _extrapolated(*before, source.n_samples, excess)
                hopeful = imprecise & (needed <= _DOUBT * precision.max_samples)
                while n_more is not None and 2 * n_more <= min(
                    needed[hopeful].max(initial=0.0), precision.max_samples
                ):
                    # Rounds that cannot be the last are left out.
                    n_more *= 2
                hopeless = imprecise & ~hopeful & ~given_up
                # At once, and those that follow at the end.
                if n_more is not None and hopeless.any():
                    if not (given_up.any() and hopeful.any()):
                        give_up(hopeless, np.median(needed[hopeless]))
                        given_up |= hopeless
            show(int((~imprecise).sum()), source.n_samples)
            if not hopeful.any() or n_more is None:
                return imprecise & ~given_up
            before = source.n_samples, excess
            try:
                self.source = source.grown(n_more)
            except RowLimitReached as limit:
                warn_of_stopped_growth(limit)
                return imprecise & ~given_up

    def _fit_until_precise(
        self, source, X, outputs, binary, uncertainty, own_values, known=None
    ):
        """Fit surrogates, with more or separate draws for rows that need them."""
        adaptive = self.precision is not None
        evaluated = source.evaluate(X) if known is None else source.evaluate(X, known)
        own = X, evaluated, outputs, binary, uncertainty or adaptive, own_values
        fitted = self._fit_once(source, *own)
        thin = self._needs_tilting(fitted)
        if adaptive:
            imprecise = self.precision.missed(source, fitted) & ~thin
            n_more = self.precision.next_size(source)
        if thin.any():
            for rows in _parts(np.flatnonzero(thin), self.thin_rows.source):
                own = take_rows(X, rows), outputs[rows], binary, uncertainty
                told = None if own_values is None else own_values.take(rows)
                fitted = fitted.updated(rows, self.thin_rows(*own, told))
        if not adaptive:
            return fitted
        if n_more is None:
            return replace(fitted, unconverged=fitted.unconverged | imprecise)
        more = source.grown(n_more)
        for rows in _parts(np.flatnonzero(imprecise), more):
            responses = [source.responses(evaluated, i) for i in rows]
            own = take_rows(X, rows), outputs[rows], binary, uncertainty
            told = None if own_values is None else own_values.take(rows)
            own = *own, told, responses
            fitted = fitted.updated(rows, self._fit_until_precise(more, *own))
        return fitted

    def _fit_once(self, source, *own):
        """Fit surrogates to the evaluated draws: the same to the bit in any process."""
        if source.sums_round or self.regressor is not None:
            with one_thread():
                return self._fit(source, *own)
        return self._fit(source, *own)

    def _fit(self, source, X, evaluated, outputs, binary, uncertainty, own_values):
        moments, draws = source.moments(evaluated, outputs), None
        contrasts = None if own_values is None else own_values.contrasts(X, outputs)
        if contrasts is not None:
            moments = moments.with_own_values(contrasts)
        if not isinstance(self.selector, MomentSelector) or self.regressor is not None:
            draws = list(source.draws(evaluated, outputs))
        fitted = fit_surrogates(moments, binary, self.selector, self.regressor, draws)
        if uncertainty:
            fitted = source.with_standard_errors(fitted, moments, evaluated, outputs)
        if contrasts is not None and moments.own_support is None:
            fitted = fitted.with_own_values(
                contrasts, isinstance(self.selector, AllFeatures)
            )
        return fitted.with_open_errors()

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


def _extrapolated(n_before, excess_before, n, excess):
    """Numbers of draws that rows need, by how fast their errors shrank in one round."""
    known = np.isfinite(excess_before) & np.isfinite(excess)
    shrunk = known & (excess > 0.0) & (excess_before > 0.0)
    if not shrunk.any():
        return np.where(excess > 1.0, np.inf, n)
    rates = np.log(excess_before[shrunk] / excess[shrunk]) / np.log(n / n_before)
    # Balanced draws beat the rate of independent ones, 1/2, but not for every function.
    rate = np.clip(np.median(rates), 0.5, 1.0)
    return n * excess ** (1.0 / rate)
