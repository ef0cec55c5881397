r"""Population moments of coalitions of a table's columns: all of them, in closed form.

A Shapley value is the integral over the probability of keeping columns of the contrast of
one; a Banzhaf value, and LIME's coefficient under a kernel that is a product over columns,
is that contrast at one probability.
"""

from contextlib import contextmanager

import numpy as np

from sklime.exact.coalition_form import KeepLaw
from sklime.exact.exact_source import ExactContrasts, distinct_outputs, padded
from sklime.exact.failures import reports_failures
from sklime.exact.feature_map import equal_with_nan
from sklime.exceptions import ClosedFormFailed, NoClosedForm
from sklime.kernels import ShapleyKernel
from sklime.laws.tilted import mismatch_factor
from sklime.model.response import models_own_errors
from sklime.moments.independent import IndependentMoments
from sklime.moments.pair_contrasts import PairContrasts, strongest
from sklime.moments.shapley import ExactShapleyMoments
from sklime.moments.source import InteractionSource
from sklime.tables.access import take_rows, with_value_of

# Other rows that values are put into which training never had.
_N_OTHERS = 8

# Draws of each row that fidelity is measured on, at most and at least, and copies of the
# row that these may cost: each takes as many as there are background rows.
_MOST_SCORED, _FEWEST_SCORED, _N_COPIES = 512, 64, 4096


class CoalitionPopulation(ExactContrasts, InteractionSource):
    """Moments of all coalitions of the columns of each row, in place of draws.

    Parameters
    ----------
    model : CoalitionModel
        The model, rebuilt from its parts.
    features : OwnFeatures
        Gives rows' own model features.
    keep : KeepLaw
        Of the probability that columns are kept, which says what is explained.
    n_samples : int
        What effective sample sizes and support are stated for.
    n_background : int, default=1
        Rows that dropped columns take their values from.
    """

    # Rows that are handed over together; what is multiplied together stays smaller.
    rows_at_once = 1024

    # Also of explainers from files that do not have it.
    n_background = 1

    scored_on_draws = True

    def __init__(self, model, features, keep, n_samples, n_background=1):
        self.model = model
        self.features = features
        self.keep = keep
        self.n_samples = n_samples
        self.n_background = n_background

    @reports_failures
    def evaluate(self, X):
        """Rows' own model features, (n_model_features, n_rows)."""
        with one_by_one(len(X)):
            return self.features(X)

    @reports_failures
    def moments(self, evaluated, outputs):
        n = evaluated.shape[1]
        wanted, place = distinct_outputs(outputs)
        with one_by_one(n):
            expected, coef = self.model(padded(evaluated), wanted)
            if not np.isfinite(coef).all():
                raise NoClosedForm("missing or infinite values of the row reach the model")
        coef = np.take_along_axis(coef[:n], place[:, :, np.newaxis], axis=1)
        shape, kept = (n, coef.shape[2]), self.keep.probability
        own = {
            "coef": coef,
            "y_origin": np.take_along_axis(expected[:n], place, axis=1),
            "positions": np.ones(shape),
            "n_samples": self.n_samples,
        }
        if kept is None:
            return ExactShapleyMoments.of(**own)
        # Of columns that are kept or dropped alike, the kernel favours one side.
        efficiency = (0.5 / (kept**2 + (1.0 - kept) ** 2)) ** shape[1]
        return IndependentMoments(
            mean_z=np.full(shape, kept),
            variance=np.full(shape, self.keep.variance),
            effective_sample_sizes=np.full(n, self.n_samples * efficiency),
            **own,
        )

    @reports_failures
    def interactions(self, X, outputs, pairs):
        evaluated, n = self.evaluate(X), len(outputs)
        wanted, place = distinct_outputs(outputs)
        with one_by_one(n):
            coef = self.model.pairs(padded(evaluated), wanted, pairs)[:n]
            if not np.isfinite(coef).all():
                raise NoClosedForm("missing or infinite values of the row reach the model")
        coef = np.take_along_axis(coef, place[:, :, np.newaxis], axis=1)
        kept, at_rows = self.keep.probability, None
        if kept is not None:
            at_rows = np.full((n, len(pairs)), (1.0 - kept) ** 2)
        sizes = np.full(n, np.inf)
        return PairContrasts(coef, np.zeros_like(coef), sizes, at_rows)

    def strongest_pairs(self, pairs, n_pairs, X, outputs):
        coef = self.interactions(X, outputs, pairs).coef
        return strongest(np.square(coef).sum(axis=0), n_pairs)

    @property
    def score_basis(self):
        """Name of the draws that the fidelity of surrogates rests on."""
        return f"on {self._n_scored} draws"

    def with_scores(self, surrogates, X, outputs, sampled):
        # Moments of coalitions do not contain R2: score on draws, each row's own.
        source = sampled()
        if source.n_samples > self._n_scored:
            source = source.grown(self._n_scored)
        return source.rescored(surrogates, X, outputs)

    @property
    def _n_scored(self):
        affordable = max(_N_COPIES // self.n_background, _FEWEST_SCORED)
        return min(self.n_samples, affordable, _MOST_SCORED)


def keep_law(kernel):
    """Law of the probability that columns are kept, under a kernel.

    Raises
    ------
    NoClosedForm
        If the kernel is no product over columns, nor that of Shapley values.
    """
    if isinstance(kernel, ShapleyKernel):
        return KeepLaw(None)
    if kernel.column_factor is None:
        raise NoClosedForm(f"kernel {kernel!r} is not a product over columns")
    mismatch = mismatch_factor(kernel)
    return KeepLaw(1.0 / (1.0 + mismatch), mismatch / (1.0 + mismatch) ** 2)


class OwnFeatures:
    """Model features of rows of a table, each of which one column owns.

    Parameters
    ----------
    features : FeatureMap
        Model features as functions of the columns, at values that training had.
    columns : sequence of Column
        The columns.
    table_format : DenseFormat
        Of the tables.
    steps : Steps or None
        From tables to model features; None: these are the encoded columns themselves.
    """

    def __init__(self, features, columns, table_format, steps):
        self.features, self.columns = features, columns
        self.format, self.steps = table_format, steps

    def __call__(self, rows):
        """Own features of a list of `MaskedRow`, of shape (n_model_features, n_rows)."""
        table = take_rows(rows[0].X, np.array([row.i for row in rows]))
        return self.of_table(table, np.stack([row.e for row in rows]))

    def of_table(self, table, E):
        """Own features of the rows of a table, which are `E` as numbers.

        Raises
        ------
        NoClosedForm
            If they are no functions of single columns there.
        """
        if self.steps is None:
            return E.T.copy()
        with models_own_errors():
            own = self.steps.as_matrix(table).T
        idle = self.features.owner < 0
        moved = ~equal_with_nan(own[idle], self.features.constants[idle, np.newaxis])
        if moved.any():
            raise NoClosedForm(
                "a step in front of the model makes another feature of its values than of "
                "those that training had"
            )
        unencoded, beyond = self._unencoded(E), self._beyond(E)
        if unencoded.any() or beyond.any():
            self._check_new(table, E, own, unencoded, beyond)
        return own

    def _unencoded(self, E):
        """Gaps and categories that training did not have, by row and column."""
        gaps = np.isnan(E) & ~np.array([column.has_missing for column in self.columns])
        return gaps | ((E < 0) & self.format.nominal)

    def _beyond(self, E):
        """Numbers beyond those that training had, which a step may treat apart."""
        low = [own.observed.min(initial=np.inf) for own in self.columns]
        high = [own.observed.max(initial=-np.inf) for own in self.columns]
        return ((E < low) | (E > high)) & ~self.format.nominal

    def _check_new(self, table, E, own, unencoded, beyond):
        """Check that steps make the same of each new value in other rows, by itself."""
        rows, columns = np.nonzero(unencoded | beyond)
        told = self.features.owner[:, np.newaxis] == columns
        numbers = np.flatnonzero(beyond[rows, columns])
        for k in range(_N_OTHERS):
            values = [c.values[len(c.values) * k // _N_OTHERS] for c in self.columns]
            others = np.tile(values, (len(rows), 1))
            others[numbers, columns[numbers]] = E[rows[numbers], columns[numbers]]
            other = self.format.decode(others)
            with models_own_errors():
                before = self.steps.as_matrix(self.format.decode(np.array([values]))).T
                for n in np.flatnonzero(unencoded[rows, columns]):
                    here, i = np.arange(len(rows)) == n, int(rows[n])
                    other = with_value_of(other, int(columns[n]), table, i, rows=here)
                after = self.steps.as_matrix(other).T
            if not equal_with_nan(after, np.where(told, own[:, rows], before)).all():
                raise NoClosedForm(
                    "a step in front of the model mixes columns where one of them has a "
                    "gap, a category or a number beyond those that training had"
                )


@contextmanager
def one_by_one(n_rows):
    """Context: where one of several rows has no closed form, they are tried one by one."""
    try:
        yield
    except ClosedFormFailed:
        raise
    except NoClosedForm as reason:
        if n_rows == 1:
            raise
        raise ClosedFormFailed(str(reason)) from reason
