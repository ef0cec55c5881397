"""Routes: which source of moments serves which row."""

from collections import Counter
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from sklime.exact.closed_form import closed_form
from sklime.exceptions import ClosedFormFailed, ClosedFormWarning, NoClosedForm, warn_caller
from sklime.laws.base import SharedLaw
from sklime.laws.tilted import mismatch_factors
from sklime.neighbourhoods.base import may_be_thin
from sklime.neighbourhoods.choice import choose_sources
from sklime.neighbourhoods.contrasts import levels_of
from sklime.neighbourhoods.own_values import OwnValues
from sklime.neighbourhoods.shared import SharedPool
from sklime.samplers.tabular.drawn import (
    DrawnColumnsLaw,
    has_drawn_law,
    redrawn_values,
)
from sklime.selectors import MomentSelector
from sklime.surrogates.adaptive import Precision, SurrogateFitter
from sklime.tables.access import take_rows

# Model rows that own-value draws may cost in one call, where the user names no limit.
_MOST_OWN = 2**18

# Rows of one call that have a fidelity where it costs draws, evenly spaced.
_MOST_SCORED = 1000

# Training rows that decide how large a shared pool must be.
_N_REPRESENTATIVES = 256


@dataclass(frozen=True, eq=False)
class Setting:
    """Resolved components and options of a fitted explainer.

    Parameters
    ----------
    law : Law
        Of the sampler's draws.
    kernel, response, selector, surrogate : objects
        The other components.
    method, weighting, n_samples, tol, max_samples
        The explainer's parameters.
    seed : int
        Seed of all draws.
    """

    law: object
    kernel: object
    response: object
    selector: object
    surrogate: object
    method: str
    weighting: str
    n_samples: int
    tol: float | None
    max_samples: int | None
    seed: int


class Routes:
    """Routes of rows: fits each row's surrogate from the moment source that serves it.

    The limit in closed form serves rows that have one; draws serve all others, and draws
    from the kernel-weighted law those of them that the kernel leaves too little.

    Parameters
    ----------
    setting : Setting
        What is explained, and how.
    X : rows
        Checked training rows.

    Attributes
    ----------
    method : {"exact", "sampling"}
        Which serves rows, unless a row has no closed form of its own.
    """

    def __init__(self, setting, X):
        self.setting = setting
        limit = self._limit(X)
        self.method = "sampling" if limit is None else "exact"
        self._fitter = (
            self._sampled_fitter()
            if limit is None
            else SurrogateFitter(limit, setting.selector, None)
        )
        self._own_values = self._ask_own_values()

    def __getstate__(self):
        # Draws made at first use are made again: pickles do not tell what was called.
        made = "_fallback", "_score_source"
        return {name: own for name, own in vars(self).items() if name not in made}

    def for_rows(self, own_values=True, scores=False):
        """The same without training values, where rows have no need of them.

        Parameters
        ----------
        own_values : bool, default=True
            Whether the model is still asked about own values, not only told.
        scores : bool, default=False
            Whether surrogates in closed form are scored, on draws.

        Returns
        -------
        Routes
            With the law as it is, if rows may have draws of their own.
        """
        own = copy(self)
        if not own_values:
            own._own_values = None
        law = self.setting.law
        if not has_drawn_law(law) or self._rows_may_draw(own._own_values):
            return own
        pools, redrawn = {}, {}
        if self.method == "exact" and (scores or self.setting.method == "auto"):
            # Of the draws that score closed forms, or take the place of one which fails.
            n, d = law.count_draws(self.setting.n_samples), law.n_features
            pools[self.setting.n_samples, self.setting.seed] = levels_of(n, d)
        if own._own_values is not None:
            pools.setdefault(own._own_values.wanted_pool, None)
            redrawn = own._own_values.redrawn(partial(redrawn_values, law))
        law = DrawnColumnsLaw(law, pools, redrawn)
        own.setting = replace(self.setting, law=law)
        exact = self.method == "exact"
        own._fitter = self._fitter.with_law(law.independent_columns(None) if exact else law)
        if own._own_values is not None:
            own._own_values = own._own_values.with_law(law)
        return own

    def _rows_may_draw(self, own_values):
        """Whether some row may have draws of its own, which training values are for."""
        setting = self.setting
        if self.method == "exact":
            # Draws take the place of a closed form that fails.
            draws = own_values is not None or setting.method == "auto"
            if setting.method == "auto" and setting.weighting == "tilted":
                return True
        else:
            draws = own_values is not None or self._fitter.thin_rows is not None
            if not isinstance(self.source, SharedPool):
                return True
        if not draws or setting.law.tilt(setting.kernel) is None:
            return False
        try:
            factors = mismatch_factors(setting.kernel, setting.law.sampler.columns_)
        except NoClosedForm:
            # Some draws weigh nothing.
            return True
        return may_be_thin(np.prod([np.min(own) for own in factors]))

    @property
    def source(self):
        """The moment source that is tried first."""
        return self._fitter.source

    def groups(self, n_samples):
        """Groups of so many draws, as `Sample.groups`; of a pool, those that it has."""
        if isinstance(self.source, SharedPool):
            return self.source.groups
        return self.setting.law.groups(n_samples)

    def own_answers(self, X, asked=None):
        """Query the model about values of rows that draws hardly hold, or None.

        Parameters
        ----------
        X : rows
            Checked.
        asked : dict, default=None
            What earlier blocks of the same rows have asked about; it is added to.

        Returns
        -------
        OwnAnswers or None
            None where draws have no such values, or may not be asked about them.
        """
        return None if self._own_values is None else self._own_values.answers(X, asked)

    def note_own_values(self, X, asked):
        """Note what `own_answers` asks about rows; gives whether it may ask about more."""
        return self._own_values is not None and self._own_values.note(X, asked)

    def fit(self, X, outputs, binary, uncertainty, first_row, own_answers=None):
        """Fit the surrogates of a block of rows.

        Parameters
        ----------
        X, outputs, binary, uncertainty
            As for `SurrogateFitter`.
        first_row : int
            Position of the first of them, for messages.
        own_answers : OwnAnswersOfRows, default=None
            What the model says to values that draws hardly hold.

        Returns
        -------
        surrogates : Surrogates
        failures : Counter
            Why a closed form failed unexpectedly, and draws took its place.

        Raises
        ------
        ValueError
            If ``method="exact"`` and there is no closed form.
        ClosedFormFailed
            If a closed form failed for a block of several rows: fit row by row.
        """
        own = X, outputs, binary, uncertainty, own_answers
        try:
            return self._fitter(*own), Counter()
        except NoClosedForm as reason:
            failed = isinstance(reason, ClosedFormFailed)
            # Whether a row has a closed form must not depend on its block.
            if failed and len(outputs) > 1:
                raise
            if self.setting.method == "exact":
                raise ValueError(
                    f'method="exact" has no closed form for row {first_row}: {reason}. '
                    'Use method="auto" to draw samples for such rows.'
                ) from reason.__cause__
            return self._fallback(*own), Counter([str(reason)] if failed else [])

    def with_scores(self, surrogates, X, outputs):
        """Add the fidelity of surrogates, from draws where exact moments lack it."""
        return self.source.with_scores(surrogates, X, outputs, lambda: self._score_source)

    def scored_rows(self, n_rows):
        """Which of the rows of one call have a fidelity.

        All, but where it alone costs draws: these would take many times as long as the
        attributions.

        Returns
        -------
        ndarray of shape (n_rows,) of bool
        """
        if n_rows <= _MOST_SCORED or not self.source.scored_on_draws:
            return np.ones(n_rows, dtype=bool)
        scored = np.zeros(n_rows, dtype=bool)
        scored[np.linspace(0, n_rows - 1, _MOST_SCORED).astype(int)] = True
        return scored

    def with_scores_of(self, scored, surrogates, X, outputs):
        """Add the fidelity of some surrogates, a bool each; that of the others is NaN."""
        at = np.flatnonzero(scored)
        if len(at) == len(scored):
            return self.with_scores(surrogates, X, outputs)
        scores = np.full(outputs.shape, np.nan)
        if len(at):
            part = self.with_scores(surrogates.rows(at), take_rows(X, at), outputs[at])
            scores[at] = part.scores
        return surrogates.with_scores(scores)

    @property
    def has_interactions(self):
        """Whether the source tells interactions of pairs of features."""
        return self._fitter.has_interactions

    def interactions(self, X, outputs, pairs, first_row):
        """Interactions of pairs of features in a block of rows.

        Parameters
        ----------
        X, outputs, first_row
            As for `fit`.
        pairs : ndarray of shape (n_pairs, 2) of int, or UnitPairs
            Positions of the features.

        Returns
        -------
        PairContrasts

        Raises
        ------
        ValueError
            If neither the closed form nor draws tell them.
        """
        try:
            return self._fitter.interactions(X, outputs, pairs)
        except NoClosedForm as reason:
            cure = 'Use method="auto" to draw samples for them.'
            if self.setting.method != "exact":
                if self._fallback.has_interactions:
                    return self._fallback.interactions(X, outputs, pairs)
                cure = "Leave interactions=None."
            raise ValueError(
                f"interactions have no closed form for row {first_row}: {reason}. {cure}"
            ) from reason.__cause__

    def strongest_pairs(self, pairs, n_pairs, X, outputs):
        """Screen pairs of features, as `InteractionSource.strongest_pairs` does."""
        own = pairs, n_pairs, X, outputs
        try:
            return self.source.strongest_pairs(*own)
        except NoClosedForm:
            if self.setting.method != "exact" and self._fallback.has_interactions:
                return self._fallback.source.strongest_pairs(*own)
            # Which of them have none is told where they are looked at.
            return np.arange(min(n_pairs, len(pairs)))

    def representatives(self, X):
        """Positions of the training rows that decide how far a shared pool grows."""
        grows = isinstance(self.source, SharedPool) and self.source.is_whole
        if self.setting.tol is None or not grows:
            return np.empty(0, dtype=int)
        return self.source.representatives(X, _N_REPRESENTATIVES)

    def grow(self, X, outputs, binary, show, give_up):
        """Grow the shared pool until these rows need no more draws.

        Parameters
        ----------
        X, outputs, binary, show, give_up
            As for `SurrogateFitter.grow`.

        Returns
        -------
        ndarray of shape (n_rows,) of bool
            Rows that would need more than `max_samples`.
        """
        own = X, outputs, binary, self._own_values, show, give_up
        imprecise = self._fitter.grow(self._precision, *own)
        self._own_values = self._ask_own_values()
        return imprecise

    @cached_property
    def _fallback(self):
        """Fitter for rows that have no closed form, or whose closed form fails."""
        return self._sampled_fitter()

    @cached_property
    def _score_source(self):
        """Draws for the fidelity of exact surrogates, made at first use."""
        return self._sampled("kernel")[0]

    @property
    def _most_samples(self):
        own = self.setting
        return 32 * own.n_samples if own.max_samples is None else own.max_samples

    @property
    def _precision(self):
        tol = self.setting.tol
        return None if tol is None else Precision(tol, self._most_samples)

    def _ask_own_values(self):
        """Own-value draws, where the law asks for such."""
        own = self.setting
        if not own.law.asks_own_values:
            return None
        # Regressions on independent draws keep to these for all values that they have.
        certain = self.method == "exact" or own.law.groups(own.n_samples) is None
        n_samples = 0 if certain else self.source.n_samples
        components = own.law, own.kernel, own.response, n_samples, own.seed
        # Few draws of the pool are no reason to leave rare values without an answer.
        most = (
            max(self._most_samples, _MOST_OWN)
            if own.max_samples is None
            else own.max_samples
        )
        # Where rows are drawn for one by one, their pairs cost no more than that; with a
        # closed form no other draws are.
        shared, tilts = isinstance(own.law, SharedLaw), own.weighting != "kernel"
        one_by_one = self.method == "sampling" and (tilts or not shared)
        one_by_one &= own.max_samples is None
        return OwnValues(*components, most, np.inf if one_by_one else most, tilts)

    def _limit(self, X):
        """Exact moment source, or None where draws are wanted or needed."""
        own = self.setting
        if own.method == "sampling":
            return None
        components = own.response, own.law, own.kernel, own.selector, own.surrogate
        try:
            return closed_form(*components, X, own.n_samples)
        except NoClosedForm as reason:
            if own.method == "exact":
                raise ValueError(
                    f'method="exact" has no closed form here: {reason}. Use method="auto" '
                    "to draw samples where there is none."
                ) from reason.__cause__
            if isinstance(reason, ClosedFormFailed):
                warn_caller(
                    f"draws take the place of the closed form: {reason}", ClosedFormWarning
                )
            return None

    def _sampled(self, weighting):
        own = self.setting
        components = own.law, own.kernel, own.response, own.n_samples, own.seed
        by_moments = isinstance(own.selector, MomentSelector) and own.surrogate is None
        return choose_sources(*components, weighting, by_moments)

    def _sampled_fitter(self):
        own, precision = self.setting, self._precision
        source, tilted = self._sampled(own.weighting)
        components = own.selector, own.surrogate
        thin_rows = None
        if tilted is not None:
            thin_rows = SurrogateFitter(tilted, *components, precision=precision)
        if isinstance(source, SharedPool):
            # It grows once, for all rows.
            precision = None
        return SurrogateFitter(source, *components, thin_rows, precision)
