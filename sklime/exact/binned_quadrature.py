"""Quadrature of probabilities of additive scores over bins and categories."""

from itertools import pairwise

import numpy as np
from sklearn.utils import gen_batches

from sklime.exact.midpoint_rule import MidpointRule
from sklime.exceptions import NoClosedForm
from sklime.laws.columns import sums_of_others

# The midpoint rule errs by 4 exp(-margin): less than this of an expectation.
_MARGIN, ERROR = 36.0, 1e-15
# Nodes come in whole vectors of any processor, lest a row's place in a block matter.
_VECTOR = 16

# Numbers of factors of bins and nodes that are kept: 400 MB. Of nodes and rows, or nodes
# and values, that are worked on together.
_MOST_NUMBERS = 12_500_000
# Values of columns that are evaluated at the nodes: some seconds.
_MOST_VALUES = 20_000_000
MOST_SIZES = _MOST_NUMBERS, _MOST_VALUES
_CELLS = 1 << 15

# What stands for a factor of 0, by which another is divided.
_TINY = 1e-100


class BinnedQuadrature:
    """Midpoint rule, with the columns' factors at its nodes by bin.

    Parameters
    ----------
    laws : list of BinnedPart
    constant : float
        Of the score.
    times : int, default=1
        How many times as fine the step is as it must be.
    """

    def __init__(self, laws, constant, times=1):
        constant += sum(law.centre for law in laws)
        reach = 0.0
        for sign in (-1.0, 1.0):
            typical, extra = np.transpose([law.log_bounds(sign) for law in laws])
            # A contrast looks into single bins of up to two columns.
            reach = max(reach, sign * constant + typical.sum() + np.sort(extra)[-2:].sum())
        rule = MidpointRule.reaching(reach, _MARGIN, times, _VECTOR)
        n_nodes = rule.n_nodes
        widths = [law.n_laws for law in laws]
        if sum(widths) * n_nodes > _MOST_NUMBERS:
            raise NoClosedForm(
                f"its columns have {sum(widths):,} bins and categories, whose factors at "
                f"{n_nodes:,} nodes do not fit into memory"
            )
        n_values = sum(len(law.values) for law in laws)
        if n_values > _MOST_VALUES:
            raise NoClosedForm(
                f"its columns have {n_values:,} distinct values, whose factors at "
                f"{n_nodes:,} nodes take longer to find than draws"
            )
        self.weights = rule.weights
        self.origin = np.exp(1j * rule.nodes * constant)
        # All columns in one table, each from its own line on.
        self.starts = np.cumsum([0, *widths[:-1]])[:, np.newaxis]
        self.factors, turned = np.empty((2, sum(widths), n_nodes), dtype=complex)
        for start, law in zip(self.starts[:, 0], laws, strict=True):
            own = slice(start, start + law.n_laws)
            self.factors[own], turned[own] = law.characteristic(rule)
        # Im(a b) is a product of real vectors, (Re a, Im a) and (Im b, Re b).
        np.conjugate(turned, out=turned)
        turned *= 1j
        self.turned = turned
        self.n_numbers, self.n_values = self.factors.size, n_values
        self.n_rows = int(max(8, _CELLS // n_nodes // 8 * 8))

    def __call__(self, own):
        """Expected probabilities less 1/2, (n_rows,), and coefficients (n_rows, d)."""
        at = own + self.starts
        d, n = at.shape
        expected, coef = np.empty(n), np.empty((n, d))
        for rows in gen_batches(n, self.n_rows):
            product = self._product(at[:, rows])
            expected[rows] = np.einsum("ru->r", product.imag)
            for j in range(d):
                turned = np.take(self.turned, at[j, rows], axis=0)
                coef[rows, j] = np.einsum(
                    "ru,ru->r", product.view(np.float64), turned.view(np.float64)
                )
        return expected, coef

    def pairs(self, own, pairs):
        """Contrasts of pairs of columns, (n_rows, n_pairs)."""
        columns, places = np.unique(pairs, return_inverse=True)
        first, second = places.reshape(-1, 2).T
        at = own + self.starts
        found = np.empty((at.shape[1], len(pairs)))
        height = max(8, self.n_rows // max(len(columns), 1) // 8 * 8)
        for rows in gen_batches(at.shape[1], height):
            product = self._product(at[:, rows])
            turned = np.take(self.turned, at[columns, rows].T, axis=0)
            moved = 1j * product[:, np.newaxis] * np.conjugate(turned)
            both = moved.view(np.float64) @ np.swapaxes(turned.view(np.float64), 1, 2)
            found[rows] = both[:, first, second]
        return found

    def _product(self, at):
        """Weighted characteristic function of each row's score, (n_rows, n_nodes)."""
        product = np.tile(self.weights * self.origin, (at.shape[1], 1))
        for own in at:
            product *= np.take(self.factors, own, axis=0)
        return product


class BinnedPart:
    """Function of one column, its values sorted by bins."""

    def __init__(self, part, masses, bins, mismatch):
        order = np.argsort(bins, kind="stable")
        # Small parts around 0 keep the phases exact.
        self.centre = float(np.average(part, weights=masses))
        self.values, self.masses = part[order] - self.centre, masses[order]
        self.ends = np.append(0, np.cumsum(np.bincount(bins)))
        self.mismatch = mismatch
        self.n_laws = len(self.ends)  # bins, and one for a value that training never had
        self._bins = bins[order]

    def by_law(self, sums):
        """Means inside, outside and under the tilted law, from the sums over each bin.

        Parameters
        ----------
        sums : ndarray of shape (n_bins, n_functions)

        Returns
        -------
        inside, outside, tilted : ndarray of shape (n_bins + 1, n_functions)
        """
        starts, ends = self.ends[:-1], self.ends[1:]
        q = np.append(0.0, np.cumsum(self.masses))
        q = q[ends] - q[starts]
        others = sums_of_others(q[:, np.newaxis])[:, 0]
        total = sums.sum(axis=0)
        varies = ((q > 0.0) & (others > 0.0))[:, np.newaxis]
        rest = sums_of_others(sums)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = np.where(varies, sums / q[:, np.newaxis], total)
            outside = np.where(varies, rest / others[:, np.newaxis], total)
            e = self.mismatch[:-1] if np.ndim(self.mismatch) else self.mismatch
            weight = q + e * others
            tilted = (sums + (np.ones_like(q) * e)[:, np.newaxis] * rest) / weight[
                :, np.newaxis
            ]
        tilted = np.where(varies, tilted, total)
        return (np.vstack([own, total]) for own in (inside, outside, tilted))

    def log_bounds(self, sign):
        """Logarithms of exponential moments: under any tilted law, and any of bins."""
        values = sign * self.values
        top = values.max()
        sums = np.bincount(self._bins, self.masses * np.exp(values - top))
        inside, outside, tilted = self.by_law(sums[:, np.newaxis])
        typical = tilted.max()
        largest = max(inside.max(), outside.max(), typical)
        return top + np.log(typical), np.log(largest / typical)

    def characteristic(self, rule):
        """Factors at the nodes of a rule, tilted, and inside minus outside over them."""
        step, n_nodes = rule.step, rule.n_nodes
        sums = np.zeros((self.n_laws - 1, n_nodes), dtype=complex)
        single = (np.diff(self.ends) == 1).all()
        most = max(1, _CELLS // n_nodes) if single else _CELLS // _VECTOR
        bins = (
            [slice(0, len(self.values))] if single else map(slice, self.ends, self.ends[1:])
        )
        for b, own in enumerate(bins):
            for block in gen_batches(own.stop - own.start, most):
                values = slice(own.start + block.start, own.start + block.stop)
                x, mass = self.values[values], self.masses[values]
                # The nodes are (a + b + 1/2) steps, and exponentials multiply.
                fine = _powers(np.exp(0.5j * step * x), np.exp(1j * step * x), _VECTOR)
                coarse = np.exp(1j * step * _VECTOR * x)
                coarse = _powers(mass + 0j, coarse, n_nodes // _VECTOR)
                if single:
                    product = coarse[:, np.newaxis] * fine
                    sums[values] = product.reshape(n_nodes, -1).T
                else:
                    sums[b] += (coarse @ fine.T).ravel()
        inside, outside, tilted = self.by_law(sums)
        # A factor of 0 is divided by as a tiny one, in both places.
        tilted[np.abs(tilted) < _TINY] = _TINY
        return tilted, (inside - outside) / tilted


def _powers(first, factor, n):
    """Geometric sequences of `n` numbers, (n, n_sequences)."""
    powers = np.empty((n, len(first)), dtype=complex)
    powers[0] = first
    for before, after in pairwise(powers):
        np.multiply(before, factor, out=after)
    return powers
