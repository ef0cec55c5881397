"""A pool whose moments are those of independent features: two matrix products a row."""

import numpy as np
from sklearn.utils import gen_batches, gen_even_slices

from sklime.laws.bins import BinList
from sklime.laws.masks import weights_by_count
from sklime.laws.tilted import MatchedLaw, mismatch_factor
from sklime.moments.contrasts import ContrastSums, KnownPart, local_slopes
from sklime.moments.pair_contrasts import (
    PairContrasts,
    pair_contrasts_of_row,
    strongest,
)
from sklime.moments.threads import one_thread
from sklime.neighbourhoods.additive_part import AdditivePart
from sklime.neighbourhoods.onehot import OneHotDraws
from sklime.neighbourhoods.pair_screen import explained_by_pairs
from sklime.neighbourhoods.shared import SharedPool

# Bytes of weighted draws that are multiplied together: a share of the cache.
_IN_CACHE = 2**22

# Rows that are worth a pass over all draws.
_LEAST_ROWS = 32

# A kernel's factor that tells the closest draws from all others as 0 does.
_LEAST_FACTOR = 1e-300

# Integers whose sums over the columns are exact in single precision.
_MOST_SUMMED = 2**23

# Share of the draws that a kernel must leave: if it leaves less, the additive part, fitted
# to all draws, may miss slopes of the responses around the row.
_EVEN = 0.5

# Cells of one column that the additive part looks at, and of all columns.
_MOST_LEVELS = 16
_MOST_CELLS = 600


def has_contrasts(law, kernel):
    """Whether a shared law and a kernel make the columns' binary features independent.

    Parameters
    ----------
    law : SharedLaw
        Of the draws.
    kernel : Kernel
        With nothing left open.

    Returns
    -------
    bool
    """
    if kernel.column_factor is None or not kernel.exchangeable:
        return False
    weighs_all = (kernel.column_factor(np.array([0.0, 1.0])) > 0.0).all()
    balanced = law.groups(law.count_draws(1)) is not None
    # Factors that round to 0 do so under narrow kernels, which leave contrasts.
    return law.cells_known and balanced and (kernel.precision is not None or weighs_all)


class ContrastPool(SharedPool):
    """One pool of draws for all rows, whose binary features are independent.

    The additive part of the responses is fitted to the pool, and its contrasts are known;
    draws tell those of the rest.
    """

    rows_at_once = 512
    tells_interactions = True
    # Integers are summed.
    sums_round = False

    def __init__(self, law, kernel, response, n_samples, seed, smaller=None):
        super().__init__(law, kernel, response, n_samples, seed, smaller)
        d = len(self.points.binary)
        self.n_levels = levels_of(self.n_samples, d)
        cells = law.cells(self.pool_inputs, self.n_levels)
        with one_thread():
            self.additive = AdditivePart(cells, self.Y)
        # Weights and weighted rests are rounded to integers, of which 2**15 are the largest
        # weight, or that times the largest rest. What this changes is below a fiftieth of a
        # standard error, whatever the weights.
        largest = np.abs(self.additive.rest).max(axis=1)
        self._rest_unit = np.where(largest > 0.0, largest, 1.0)
        rest = self.additive.rest / self._rest_unit[:, np.newaxis]
        self._relative_rest = rest.astype(np.float32)
        self.scrambles = scrambles_of(self.groups)
        self.draws_in_bins = OneHotDraws(self.points.codes, self.scrambles)
        mismatch = mismatch_factor(kernel)
        laws = [
            MatchedLaw.by_bin(np.bincount(own.bins, own.masses), mismatch) for own in cells
        ]
        self._bins = BinList([len(law.mean) - 1 for law in laws])
        self._mean_z = np.concatenate([law.mean for law in laws])
        self._variance = np.concatenate([law.variance for law in laws])
        # What one more match multiplies a weight by, in logarithms.
        self._log_match = -np.log(max(mismatch, _LEAST_FACTOR))
        self._has_weight = weights_by_count(kernel, d) > 0.0

    @property
    def bytes_per_row(self):
        # Weights and weighted rests of all draws, and sums by scramble.
        d, k = len(self.points.binary), len(self.Y)
        return 4 * self.n_samples * (6 + 3 * k) + 8 * len(self.scrambles) * (2 + k) * 4 * d

    def bytes_of_fit(self, n_explained, n_features, n_chosen):
        # Features are independent: there is no system to solve.
        return 64 * n_explained * n_features

    def moments(self, evaluated, outputs):
        sums = self._sums(evaluated.codes, outputs)
        known = self.known(evaluated.codes, outputs)
        slopes = np.zeros_like(known.contrast)
        sizes = sums.effective_sample_sizes
        for i in np.flatnonzero((sizes > 0.0) & (sizes < _EVEN * self.n_samples)):
            with one_thread():
                self._put_slopes(i, evaluated, outputs[i], known, slopes, sums)
            known.slopes_fitted(i, sizes[i])
        return self.contrasts(sums, known, slopes, outputs, self.n_samples)

    def _put_slopes(self, i, evaluated, outputs, known, slopes, sums):
        """Fit slopes to the draws around a row, and sum what they leave."""
        Z, weights = self._around(evaluated, i)
        rest, useful = self.useful_rest(weights, self.additive.rest, self.Y)
        if not useful:
            known.forget(i)
        own = rest[outputs]
        slopes[i] = local_slopes(Z, weights, own)
        left = own - slopes[i] @ Z
        sums.put(i, ContrastSums.of_row(Z, weights, left, self.scrambles))

    def interactions(self, X, outputs, pairs):
        evaluated = self.evaluate(X)
        known = self.known(evaluated.codes, outputs)
        found = []
        for i, explained in enumerate(outputs):
            Z, weights = self._around(evaluated, i)
            rest = self.additive.rest[explained]
            size = weights.sum() ** 2 / (weights @ weights) if weights.any() else 0.0
            if 0.0 < size < _EVEN * self.n_samples:
                rests, useful = self.useful_rest(weights, self.additive.rest, self.Y)
                if not useful:
                    known.forget(i)
                rest = rests[explained] - local_slopes(Z, weights, rests[explained]) @ Z
                known.slopes_fitted(i, size)
            own = Z, weights, rest, self.scrambles, pairs
            found.append(pair_contrasts_of_row(*own))
        return self.pair_contrasts(found, known, outputs, pairs)

    def pair_contrasts(self, found, known, outputs, pairs):
        """Interactions of rows, from those of the rest in the pool's units.

        Parameters
        ----------
        found : list of n_rows PairContrasts
            Of each row.
        known : KnownPart
            As `known` gives it.
        outputs, pairs
            As for `interactions`.
        """
        found = PairContrasts.joined(found)
        unit = self.y_scale[outputs][..., np.newaxis]
        # Columns of one bin move nothing; a value that training never had matches nothing.
        constant = (known.variance == 0.0) & (known.mean_z > 0.0)
        nothing = constant[:, pairs].any(axis=2)[:, np.newaxis]
        errors = found.errors / known.free_share[:, np.newaxis, np.newaxis]
        return PairContrasts(
            np.where(nothing, 0.0, unit * found.coef),
            np.where(nothing, 0.0, unit * errors),
            found.effective_sample_sizes,
        )

    def strongest_pairs(self, pairs, n_pairs, X, outputs):
        return strongest(
            explained_by_pairs(self.points.codes, self.additive.rest, pairs), n_pairs
        )

    def contrasts(self, sums, known, slopes, outputs, n_samples):
        """Moments of rows, from sums of draws of the rest.

        Parameters
        ----------
        sums : ContrastSums
            Of the rows' draws.
        known : KnownPart
            As `known` gives it.
        slopes : ndarray of shape (n_rows, n_explained, n_features)
            What was taken off the rest before, as a linear function of the design.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.
        n_samples : int
            Number of draws.

        Returns
        -------
        ContrastMoments
        """
        units = self.y_origin[outputs], self.y_scale[outputs]
        return sums.moments(known, slopes, units, n_samples)

    def known(self, codes, outputs):
        """The additive part and the weighted laws, seen from rows in these bins.

        Parameters
        ----------
        codes : ndarray of shape (n_features, n_rows) of int
            The rows' bins.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.

        Returns
        -------
        KnownPart
        """
        places = self._bins.places(codes.astype(np.intp))
        line = self.additive.relative_to(places, outputs)
        free_share = np.full(len(places), self.additive.free_share)
        return KnownPart(self._mean_z[places], self._variance[places], *line, free_share)

    def scaled(self, responses):
        """Responses to any draws, in the pool's units, of shape (n_outputs, n_draws)."""
        return (responses.T - self.y_origin[:, np.newaxis]) / self.y_scale[:, np.newaxis]

    def rest_of(self, inputs, responses):
        """What the additive part leaves of responses to any draws, in the pool's units."""
        additive = self.additive.at(self.law.cells(inputs, self.n_levels))
        return self.scaled(responses) - additive

    def with_standard_errors(self, surrogates, moments, evaluated, outputs):
        return surrogates.with_known_errors(moments.errors)

    def rescored(self, surrogates, X, outputs):
        evaluated = self.evaluate(X)
        # All that is computed of a part of the rows stays in the cache.
        in_cache = _IN_CACHE // (8 * (1 + outputs.shape[1]) * self.n_samples)
        height = max(1, min(self.rows_at_once, in_cache))
        scores = [
            self._scores(
                evaluated.codes[:, rows],
                outputs[rows],
                surrogates.coef[rows],
                surrogates.intercepts[rows],
            )
            for rows in gen_batches(len(outputs), height)
        ]
        return surrogates.with_scores(np.concatenate(scores))

    def with_scores(self, surrogates, X, outputs, sampled):
        return self.rescored(surrogates, X, outputs)

    def _sums(self, codes, outputs):
        """Sums of the draws around rows in these bins."""
        n, k = outputs.shape
        height = max(_LEAST_ROWS, _IN_CACHE // (4 * (1 + k) * self.n_samples))
        # Equally many rows in each part: a part of few rows costs as much as one of many.
        parts = [
            self._sums_in_cache(codes[:, p], outputs[p])
            for p in gen_even_slices(n, -(-n // height))
        ]
        return ContrastSums.joined(parts)

    def _sums_in_cache(self, codes, outputs):
        """The same of few rows, whose weighted draws stay in the cache."""
        own = self.draws_in_bins.known(codes)
        # One copy where all rows explain the same outputs.
        same = (outputs == outputs[:1]).all()
        rest = self._relative_rest[outputs[:1] if same else outputs]
        A = np.empty((len(outputs), 1 + outputs.shape[1], self.n_samples), np.float32)
        A[:, 0] = self._weigh(own, self.draws_in_bins.largest, np.float32)
        weight, squares = A[:, 0].sum(axis=1), np.square(A[:, 0]).sum(axis=1)
        np.multiply(A[:, :1], rest, out=A[:, 1:])
        np.rint(A, out=A)
        total, matched = self.draws_in_bins.sums(A, own)
        unit = self._rest_unit[outputs]
        return ContrastSums(
            total[..., 0],
            matched[:, :, 0],
            total[..., 1:] * unit,
            matched[:, :, 1:] * unit[..., np.newaxis],
            weight.astype(np.float64) ** 2 / np.where(squares > 0.0, squares, 1.0),
        )

    def useful_rest(self, weights, rest, Y):
        """What the additive part leaves of responses, or these where it makes them worse.

        It is fitted to all draws: around one row, the responses may be far more even than
        its errors. All outputs are told apart together, so that attributions of outputs
        that add up do so.

        Parameters
        ----------
        weights : ndarray of shape (n_draws,)
            Weights.
        rest, Y : ndarray of shape (n_outputs, n_draws)
            What the additive part leaves, and the responses in the pool's units.

        Returns
        -------
        rest : ndarray of shape (n_outputs, n_draws)
        useful : bool
            Whether it is what the additive part leaves.
        """
        shares = weights / weights.sum()
        scatter = [
            (np.square(own - (own @ shares)[:, np.newaxis]) @ shares).sum()
            for own in (rest, Y)
        ]
        useful = bool(scatter[0] <= scatter[1])
        return (rest if useful else Y), useful

    def _around(self, evaluated, i):
        """Design of the draws around one row, and their weights."""
        Z, _ = self.points.relative_to(evaluated, i)
        own = self.draws_in_bins.known(evaluated.codes[:, i : i + 1])
        return Z.astype(np.float64), self._weigh(own, 1.0, np.float64)[0]

    def _scores(self, codes, outputs, coef, intercepts):
        """Weighted R squared of surrogates."""
        own = self.draws_in_bins.known(codes)
        k, d = coef.shape[1:]
        unit, origin = self.y_scale[outputs], self.y_origin[outputs]
        slopes, base = coef / unit[..., np.newaxis], (intercepts - origin) / unit
        slopes, base = np.nan_to_num(slopes), np.nan_to_num(base)
        largest = np.abs(base) + np.abs(slopes).sum(axis=2)
        step = np.where(largest > 0.0, largest, 1.0) / _MOST_SUMMED
        slopes = np.rint(slopes / step[..., np.newaxis]).reshape(-1, d).T
        base = np.rint(base / step).ravel()
        g = self.draws_in_bins.weigh(np.repeat(own, k, axis=1), slopes, base)
        # One copy where all rows explain the same outputs.
        same = (outputs == outputs[:1]).all()
        f = self.Y[outputs[:1] if same else outputs]
        W = self._weigh(own, 1.0, np.float64)
        total = W.sum(axis=1)
        W /= np.where(total > 0.0, total, 1.0)[:, np.newaxis]
        apart = g.reshape(*outputs.shape, -1) * step[..., np.newaxis]
        np.subtract(f, apart, out=apart)
        missed = _weighted_squares(W, apart)
        mean = np.einsum("rn,rkn->rk", W, np.broadcast_to(f, apart.shape))
        np.subtract(f, mean[..., np.newaxis], out=apart)
        spread = _weighted_squares(W, apart)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(spread == 0.0, 1.0, 1.0 - missed / spread)

    def _weigh(self, own, largest, dtype):
        """Weights of the draws by their numbers of matches, in units of each row's largest.

        Parameters
        ----------
        own : ndarray of shape (n_features, n_rows) of int
            The rows' bins, as `OneHotDraws.known` gives them.
        largest : float
            What the largest weight of a row shall be.
        dtype : dtype
            Of the weights.

        Returns
        -------
        ndarray of shape (n_rows, n_draws)
        """
        matches = self.draws_in_bins.weigh(own, np.ones(own.shape), np.zeros(own.shape[1]))
        most = matches.max(axis=1, keepdims=True)
        has_weight = self._has_weight[most.astype(np.intp)]
        matches -= most
        with np.errstate(under="ignore"):
            weights = np.exp(matches.astype(dtype, copy=False) * dtype(self._log_match))
        weights *= np.where(has_weight, largest, 0.0).astype(dtype)
        return weights


def levels_of(n_samples, n_columns):
    """Levels of each column's distribution function at which cells end, besides bins."""
    most = min(n_samples // 3, _MOST_CELLS)
    # Bins cut some levels in two.
    return max(1, min(_MOST_LEVELS, most // max(n_columns, 1) - 3))


def _weighted_squares(W, apart):
    """Weighted sums over draws, in an order that does not depend on the number of rows."""
    return np.einsum("rn,rkn,rkn->rk", W, apart, apart)


def scrambles_of(groups):
    """Slices of the draws of each scramble.

    Parameters
    ----------
    groups : ndarray of shape (n_draws,) of int
        Scrambles of equal size, one after the other.

    Returns
    -------
    list of slices
    """
    size = len(groups) // int(groups.max() + 1)
    return [slice(start, start + size) for start in range(0, len(groups), size)]
