"""Diagnostics: counts of doubtful fits over many rows, given as warnings."""

from collections import Counter
from dataclasses import dataclass, field, fields, replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklime.exceptions import (
    ClosedFormWarning,
    HidingWarning,
    NeighbourhoodWarning,
    RefittedModelWarning,
    SelectionWarning,
    UnknownValueWarning,
    warn_caller,
)
from sklime.explanation import THIN_SUPPORT
from sklime.kernels import ShapleyKernel
from sklime.validation import listed


@dataclass(frozen=True, eq=False)
class Diagnostics:
    """Counts of doubtful explanations by reason; those of disjoint rows add up.

    Parameters
    ----------
    weightless : int
        Rows of which no draw has weight.
    undetermined : int
        Rows whose draws with weight cannot tell the features apart.
    collinear : int
        Rows whose draws with weight hardly can.
    thin : int
        Rows with an effective sample size below the number of features.
    smallest : float
        The smallest effective sample size among these.
    unanswered : Counter
        Rows, by column, of which no draw shares the bin or category.
    rare : Counter
        Rows, by column, with hardly any draw on one side of the bin or category.
    alone : Counter
        Rows, by standardised column, whose draws with weight all have one value.
    unasked : Counter
        Rows, by column, whose own values would need more draws than `max_samples`.
    empty_selections : int
        Surrogates without features, though the answers vary.
    unconverged : tuple of int
        Positions of the rows that would need more draws than they may have.
    failures : Counter
        Rows, by why their closed form failed, that were explained by draws instead.
    unchanged : Counter
        Rows, by what the sampler does, whose answer hardly changes with all units hidden.
    """

    weightless: int = 0
    undetermined: int = 0
    collinear: int = 0
    thin: int = 0
    smallest: float = np.inf
    unanswered: Counter = field(default_factory=Counter)
    rare: Counter = field(default_factory=Counter)
    alone: Counter = field(default_factory=Counter)
    unasked: Counter = field(default_factory=Counter)
    empty_selections: int = 0
    unconverged: tuple = ()
    failures: Counter = field(default_factory=Counter)
    unchanged: Counter = field(default_factory=Counter)

    @classmethod
    def of(cls, surrogates, columns, varies, first_row=0):
        """Count the doubtful fits among some surrogates.

        Parameters
        ----------
        columns : ndarray of shape (n_features,) of int
            The input columns that the features describe.
        varies : ndarray of shape (n_columns,) of bool
            Columns that had more than one value in training; the others get 0 rightly.
        first_row : int, default=0
            Position of the first of the rows.
        """
        flags = doubts(surrogates, columns, varies)
        sizes = surrogates.effective_sample_sizes
        return cls(
            weightless=int(flags["weightless"].sum()),
            undetermined=int(flags["undetermined"].sum()),
            collinear=int(flags["collinear"].sum()),
            thin=int(flags["thin"].sum()),
            smallest=float(sizes[flags["thin"]].min(initial=np.inf)),
            unanswered=_count(flags["unanswered"], columns),
            rare=_count(flags["rare"], columns),
            alone=_count(flags["alone"], columns),
            empty_selections=int(flags["empty_selections"].sum()),
            unconverged=tuple(first_row + np.flatnonzero(flags["unconverged"])),
        )

    def __add__(self, other):
        return Diagnostics(
            self.weightless + other.weightless,
            self.undetermined + other.undetermined,
            self.collinear + other.collinear,
            self.thin + other.thin,
            min(self.smallest, other.smallest),
            self.unanswered + other.unanswered,
            self.rare + other.rare,
            self.alone + other.alone,
            self.unasked + other.unasked,
            self.empty_selections + other.empty_selections,
            self.unconverged + other.unconverged,
            self.failures + other.failures,
            self.unchanged + other.unchanged,
        )

    def without(self, told):
        """Doubts of other reasons than some, by the names of the fields."""
        return replace(self, **{name: getattr(_NONE, name) for name in told})

    @property
    def reasons(self):
        """Names of the fields that count something."""
        return {own.name for own in fields(self) if getattr(self, own.name)} - {"smallest"}

    def warn(self, names, kernel, selector, n_samples, rows="row(s)", most=None):
        """Give one named warning for each reason with a count.

        Parameters
        ----------
        names : ndarray of shape (n_columns,) of str
            Names of the input columns.
        kernel, selector : objects
            Named in the messages.
        rows : str, default="row(s)"
            What the rows are called.
        most : int, default=None
            Number of draws that there are, where more cannot be had.
        """
        # Of a finite sampler, all draws may be in use.
        all_drawn = most is not None and n_samples >= most
        more = "fit the explainer on more rows" if all_drawn else "raise n_samples"
        if self.weightless:
            warn_caller(
                f"{kernel!r} gives no draw any weight for {self.weightless} row(s): their "
                "attributions are NaN. Widen the kernel, or draw closer to the rows.",
                NeighbourhoodWarning,
            )
        if self.undetermined and isinstance(kernel, ShapleyKernel):
            warn_caller(
                f"{n_samples} coalitions cannot tell the units of {self.undetermined} "
                "row(s) apart: their Shapley values are NaN. Raise n_samples to more than "
                "twice their number, or cut rows into fewer units.",
                NeighbourhoodWarning,
            )
        elif self.undetermined:
            warn_caller(
                f"{kernel!r} leaves weight only on draws that cannot tell the features of "
                f"{self.undetermined} row(s) apart, such as masks that all keep equally "
                "many units: their attributions are NaN. Widen the kernel.",
                NeighbourhoodWarning,
            )
        if self.collinear:
            warn_caller(
                f"{kernel!r} leaves {self.collinear} row(s) nearly all weight on masks "
                "that keep equally many units: draws hardly tell what units do together, "
                "and all of their attributions may be off by the same amount, or go to the "
                "wrong units. Widen the kernel, raise n_samples, or use the built-in "
                "selector and surrogate, which keep all units.",
                NeighbourhoodWarning,
            )
        if self.thin:
            warn_caller(
                f"the effective sample size of {self.thin} row(s) is below the number of "
                f"features (down to {self.smallest:.3g} of {n_samples} draws): their "
                f"attributions are mostly noise. Widen the kernel, or {more}.",
                NeighbourhoodWarning,
            )
        # Of values that were not asked about, it is that which is told.
        unanswered = self.unanswered - self.unasked
        if unanswered:
            warn_caller(
                "no draw has the row's own value in column(s) "
                f"{_most_rows(unanswered, names)}: it was never seen in training, or "
                "is too rare for n_samples. Their attributions there are 0 for want of an "
                "answer.",
                UnknownValueWarning,
            )
        if self.rare:
            warn_caller(
                "hardly any draw lies on one side of the row's own bin or category in "
                f"column(s) {_most_rows(self.rare, names)}: their attributions there rest "
                f"on fewer than {THIN_SUPPORT} draws. Widen the kernel, {more} or "
                "merge rare values.",
                NeighbourhoodWarning,
            )
        if self.alone:
            warn_caller(
                "the kernel leaves weight only on draws of one value in column(s) "
                f"{_most_rows(self.alone, names)}, from which training rows are far away: "
                "their attributions there are 0 for want of other values. Widen the "
                "kernel, or count the column in logarithms.",
                NeighbourhoodWarning,
            )
        if self.unasked:
            warn_caller(
                "the model was not queried about the own values of column(s) "
                f"{_most_rows(self.unasked, names)}, as max_samples does not allow so many "
                "own-value draws: their attributions there rest on the few other draws "
                "that have them, or that have others, and are 0 where none has. Raise "
                "max_samples, explain fewer rows at once, or merge rare values.",
                UnknownValueWarning,
            )
        if self.empty_selections:
            warn_caller(
                f"{selector!r} keeps no feature for {self.empty_selections} "
                "explanation(s): their surrogates are constants. Loosen the selector.",
                SelectionWarning,
            )
        if self.unconverged and all_drawn:
            positions = listed(map(str, self.unconverged))
            warn_caller(
                f"the attributions of {rows} {positions} are not yet as exact as tol asks, "
                f"with all {most} draws that there are. Raise tol, {more}, or look at "
                "explain(X, uncertainty=True).",
                ConvergenceWarning,
            )
        elif self.unconverged:
            positions = listed(map(str, self.unconverged))
            warn_caller(
                f"the attributions of {rows} {positions} are not yet as exact as tol asks, "
                "with as many draws as max_samples allows. Raise either, or look at "
                "explain(X, uncertainty=True).",
                ConvergenceWarning,
            )
        if self.unchanged:
            [(hiding, _)] = self.unchanged.most_common(1)
            warn_caller(
                "hiding every unit hardly changes the answer about "
                f"{self.unchanged.total()} row(s), whose attributions near 0 do not mean "
                f"that nothing matters: {hiding}",
                HidingWarning,
            )
        if self.failures:
            [(reason, _)] = self.failures.most_common(1)
            warn_caller(
                f"draws take the place of the closed form for {self.failures.total()} "
                f"row(s): {reason}",
                ClosedFormWarning,
            )


_NONE = Diagnostics()

# Doubts about a row, or about columns or outputs of it.
DOUBTS = (
    "weightless",
    "undetermined",
    "collinear",
    "thin",
    "unanswered",
    "rare",
    "alone",
    "empty_selections",
    "unconverged",
)


def doubts(surrogates, columns, varies):
    """Find what is doubtful about some fits.

    Parameters
    ----------
    surrogates : Surrogates
    columns : ndarray of shape (n_features,) of int
        The input columns that the features describe.
    varies : ndarray of shape (n_columns,) of bool
        Columns that had more than one value in training; the others get 0 rightly.

    Returns
    -------
    dict of ndarray of bool
        By the names of `DOUBTS`, of shape (n_rows,), (n_rows, n_features) or
        (n_rows, n_outputs).
    """
    sizes = surrogates.effective_sample_sizes
    weighted = sizes > 0.0
    # Exact rows cannot be too thin.
    estimated = ~surrogates.exact
    told = weighted & ~surrogates.undetermined
    thin = told & estimated & (sizes < surrogates.coef.shape[2])
    compared = told[:, np.newaxis] & ~np.isnan(surrogates.match_share)
    few = compared & varies[columns] & (surrogates.support < THIN_SUPPORT)
    # Where no draw with weight is like the row, or all of them are, there is no answer,
    # whether or not the selector asked.
    unanswered = compared & surrogates.constant & (surrogates.match_share < 0.5)
    chosen = (surrogates.coef != 0.0).any(axis=1)
    noisy = chosen & estimated[:, np.newaxis]
    # Exact rows, too; of thin ones it is told that all columns are at a loss.
    alone = (told & ~thin)[:, np.newaxis] & ~np.isnan(surrogates.support)
    alone &= np.isnan(surrogates.match_share) & surrogates.constant & varies[columns]
    return {
        "weightless": ~weighted,
        "undetermined": surrogates.undetermined,
        "collinear": told & surrogates.collinear,
        "thin": thin,
        "unanswered": unanswered,
        "rare": few & ~unanswered & (noisy | surrogates.constant),
        "alone": alone,
        "empty_selections": surrogates.empty_selections,
        "unconverged": surrogates.unconverged,
    }


def warn_of_growth(positions, needed, tol, n_samples):
    """Warn, before a pool is grown, of training rows for which it cannot be enough.

    Parameters
    ----------
    positions : tuple of int
        The training rows.
    needed : float
        Draws that half of them would need, by how fast errors shrank so far.
    tol : float
        The wanted precision.
    n_samples : int
        Draws so far.
    """
    many = f"{needed:.2g} draws or more" if np.isfinite(needed) else "far more draws"
    warn_caller(
        f"after {n_samples:,} draws, training row(s) {listed(map(str, positions))} seem to "
        f"need {many} to be as exact as tol={tol!r} asks, which "
        "max_samples does not allow: the pool does not grow for them. Raise tol or "
        "max_samples, or look at explain(X, uncertainty=True).",
        ConvergenceWarning,
    )


def warn_of_refit(model):
    """Warn that a model was fitted again since the explainer's fit.

    Parameters
    ----------
    model : object
        The model.
    """
    warn_caller(
        f"the {type(model).__name__} was fitted again since the explainer's fit: its "
        "attributions rest on what the old model answered, and predictions are those of "
        "the new one. Call the explainer's fit again, or give it a model of its own.",
        RefittedModelWarning,
    )


def _count(flags, columns):
    counts = flags.sum(axis=0)
    return Counter({int(columns[j]): int(counts[j]) for j in np.flatnonzero(counts)})


def _most_rows(counts, names):
    """Columns with the largest counts of rows, for messages."""
    return listed(f"{names[j]!r} ({n} rows)" for j, n in counts.most_common())
