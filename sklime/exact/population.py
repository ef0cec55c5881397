"""Population moments: the neighbourhood of infinitely many draws, in closed form."""

from copy import copy
from functools import cached_property
from itertools import compress

import numpy as np
from sklearn.utils import gen_batches

from sklime.exact.exact_source import (
    ExactContrasts,
    distinct_outputs,
    padded,
    whole_blocks,
)
from sklime.exact.failures import reports_failures
from sklime.laws.coordinates import UNSEEN, Coordinates
from sklime.laws.tilted import EmpiricalLaw, MatchedLaws, NormalLaw, mismatch_factors
from sklime.moments.independent import IndependentMoments
from sklime.moments.pair_contrasts import PairContrasts, strongest
from sklime.moments.source import InteractionSource

# Rows that are handed over together, and weights of training values that are held for them.
_MOST_ROWS, _NUMBERS = 8192, 1 << 22

# Rows on which pairs are screened, and pairs that are looked at together.
_N_TYPICAL, _PAIRS_AT_ONCE = 64, 20_000

# Logarithm of a number that is not yet 0.
_LEAST_LOG = -690.0


class Population(ExactContrasts, InteractionSource):
    """Population moments of the tilted laws, in place of draws from them.

    Parameters
    ----------
    law : IndependentColumns
        Of the draws.
    kernel : Kernel
        A product over columns.
    model : RebuiltModel
        The model, rebuilt from its parts.
    n_samples : int
        What effective sample sizes and support are stated for.
    """

    scored_on_draws = True

    def __init__(self, law, kernel, model, n_samples):
        self.law = law
        self.model = model
        self.n_samples = n_samples
        self.mismatch = mismatch_factors(kernel, law.columns)
        self.precision = kernel.precision
        # The limit of (1 + q) / 2.
        self.unseen_share = 0.5 if kernel.local else 0.0
        self.frequencies = [
            column.frequencies if column.binary else None for column in law.columns
        ]
        # Rows that are handed over together; what is multiplied together stays smaller.
        empirical = [c for c in law.columns if not (c.binary or c.normal)]
        n_values = max(sum(len(column.values) for column in empirical), 1)
        self.bytes_per_row = 16 * n_values
        self.rows_at_once = whole_blocks(_NUMBERS // n_values, _MOST_ROWS)

    def __getstate__(self):
        # Made again at first use: pickles do not tell what was called.
        return {name: own for name, own in vars(self).items() if name != "_matched"}

    def with_law(self, law):
        """The same for rows, of a law that has the frequencies of bins alone.

        Parameters
        ----------
        law : IndependentColumns
        """
        own = copy(self)
        own.law, own.model = law, self.model.for_rows()
        return own

    def evaluate(self, X):
        """Coordinates of the rows; the model is not queried."""
        return self.law.locate(X)

    @reports_failures
    def moments(self, evaluated, outputs):
        rows, n = evaluated, len(evaluated)
        laws = self._laws(rows)
        wanted, place = distinct_outputs(outputs)
        expected, coef = self.model(laws, wanted)
        # Of many columns, and far out, the product of the weights would round to nothing.
        efficiency = np.sum([law.log_efficiency for law in laws], axis=0)
        sizes = self.n_samples * np.exp(np.maximum(efficiency, _LEAST_LOG))
        # One layout, lest sums over features depend on the number of rows.
        mean_z = np.stack([law.mean[:n] for law in laws], axis=1)
        variance = np.stack([law.variance[:n] for law in laws], axis=1)
        coef = np.take_along_axis(coef[:n], place[:, :, np.newaxis], axis=1)
        positions = np.ones_like(mean_z)
        if rows.z is not None:
            positions = np.where(rows.binary, 1.0, rows.z.T)
        # No draw has a gap that training never had.
        gap = ~rows.binary & (rows.codes.T == UNSEEN)
        positions[gap], mean_z[gap], variance[gap] = 1.0, 0.0, 0.0
        coef = np.where(gap[:, np.newaxis], 0.0, coef)
        return IndependentMoments(
            mean_z=mean_z,
            variance=variance,
            coef=coef,
            y_origin=np.take_along_axis(expected[:n], place, axis=1),
            positions=positions,
            effective_sample_sizes=sizes[:n],
            n_samples=self.n_samples,
            unseen_share=self.unseen_share,
        )

    @reports_failures
    def interactions(self, X, outputs, pairs):
        rows, n = self.evaluate(X), len(outputs)
        wanted, place = distinct_outputs(outputs)
        coef = self.model.pairs(self._laws(rows), wanted, pairs)[:n]
        coef = np.take_along_axis(coef, place[:, :, np.newaxis], axis=1)
        # A value that training never had: no draw tells what it does.
        unseen = (rows.codes[pairs] == UNSEEN).any(axis=1).T
        coef = np.where(unseen[:, np.newaxis], np.nan, coef)
        errors = np.where(unseen[:, np.newaxis], np.nan, np.zeros_like(coef))
        return PairContrasts(coef, errors, np.full(n, np.inf))

    @reports_failures
    def strongest_pairs(self, pairs, n_pairs, X, outputs):
        laws = self._laws(self._typical_rows())
        outputs = np.arange(len(self.model.constant))
        variance = [law.variance for law in laws]
        explained = []
        for part in gen_batches(len(pairs), _PAIRS_AT_ONCE):
            coef = self.model.pairs(laws, outputs, pairs[part])
            spread = [variance[j] * variance[k] for j, k in pairs[part]]
            explained.append(np.einsum("nkp,pn->kp", np.square(coef), spread))
        return strongest(np.concatenate(explained, axis=1), n_pairs)

    def _typical_rows(self):
        """Coordinates of some rows of the law, the same at each call."""
        random, columns = np.random.default_rng(0), self.law.columns
        binary = np.array([column.binary for column in columns])
        codes = np.zeros((len(columns), _N_TYPICAL), dtype=np.intp)
        z = None if binary.all() else random.normal(size=codes.shape)
        for own, frequencies in zip(codes, self.frequencies, strict=True):
            if frequencies is not None:
                own[:] = random.choice(len(frequencies), len(own), p=frequencies)
        return Coordinates(binary, codes, z)

    def with_scores(self, surrogates, X, outputs, sampled):
        # Exact moments of tables do not contain R2: score on draws.
        return sampled().rescored(surrogates, X, outputs)

    @cached_property
    def _matched(self):
        """Laws of the columns of bins and categories, by bin."""
        known = [own is not None for own in self.frequencies]
        own = (compress(values, known) for values in (self.frequencies, self.mismatch))
        return MatchedLaws(*map(list, own))

    def _laws(self, rows):
        """Tilted laws of all columns, for a block of rows and its padding."""
        binary = np.array([column.binary for column in self.law.columns])
        matched = iter(self._matched.of(padded(rows.codes[binary]).astype(np.intp)))
        laws = []
        for j, column in enumerate(self.law.columns):
            if column.binary:
                laws.append(next(matched))
            else:
                z = padded(rows.z[j])
                # A gap is equally far from all draws.
                gap = padded(rows.codes[j] == UNSEEN)
                precision = np.where(gap, 0.0, self.precision)
                if column.normal:
                    mean, sd = self.law.normal_of(j, z)
                    laws.append(NormalLaw.of(column, mean, sd, z, precision))
                else:
                    laws.append(EmpiricalLaw.of(column, z, precision))
        return laws
