"""Laws of masks, by which units of a row are kept or hidden."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.special import comb
from scipy.stats import binom

from sklime.kernels import Kernel, checked_weights
from sklime.laws.base import Law, Sample
from sklime.laws.checks import check_sample
from sklime.laws.quasirandom import resolve_seed
from sklime.laws.subsets import distinct_rows, distinct_subsets
from sklime.tables.access import n_rows
from sklime.validation import check_count

# Cells of a table of masks that a kernel is asked about at a time.
_BLOCK = 2**22


@dataclass(frozen=True, eq=False)
class ExchangeableLaw:
    """Law of a mask that depends on the number of kept units alone.

    Parameters
    ----------
    masses : ndarray of shape (n_units + 1,)
        Probability that 0, 1, ..., n_units units are kept, summing to 1. Given their
        number, all choices of units are equally likely.

    Examples
    --------
    >>> from sklime.kernels import ExponentialKernel
    >>> from sklime.laws import ExchangeableLaw
    >>> law = ExchangeableLaw.uniform_deletions(3)
    >>> law.masses.round(3)
    array([0.333, 0.333, 0.333, 0.   ])
    >>> law.tilt(ExponentialKernel()).masses.round(3)
    array([0.   , 0.239, 0.761, 0.   ])
    >>> masks = law.draw(100)
    >>> len(masks), masks.exhaustive
    (7, True)
    """

    masses: np.ndarray

    def __post_init__(self):
        masses = np.asarray(self.masses, dtype=np.float64)
        good = masses.ndim == 1 and masses.size and (masses >= 0.0).all()
        if not (good and abs(masses.sum() - 1.0) < 1e-6):
            raise ValueError(
                f"masses={self.masses!r} of ExchangeableLaw must be the probabilities that "
                "0, 1, ..., n_units units are kept: at least 0 each, with sum 1. Divide "
                "them by their sum."
            )

    @classmethod
    def uniform_deletions(cls, n_units: int) -> ExchangeableLaw:
        """LIME's law of masked texts: the number of deleted units is uniform on 1 to d.

        The row itself has no mass. A unit that is alone is kept or deleted with
        probability 1/2 each, as otherwise nothing would vary.

        Parameters
        ----------
        n_units : int
            Number of units `d`.
        """
        if n_units < 2:
            return cls.bernoulli(n_units)
        return cls(np.append(np.full(n_units, 1.0 / n_units), 0.0))

    @classmethod
    def bernoulli(cls, n_units: int) -> ExchangeableLaw:
        """LIME's law of masked images: each unit is kept with probability 1/2.

        Parameters
        ----------
        n_units : int
            Number of units.
        """
        return cls(binom.pmf(np.arange(n_units + 1), n_units, 0.5))

    @property
    def n_units(self) -> int:
        """Number of units that a mask keeps or hides."""
        return len(self.masses) - 1

    def tilt(self, kernel: Kernel) -> ExchangeableLaw:
        """Weigh the law by a kernel centred on the row, which keeps all units.

        Parameters
        ----------
        kernel : Kernel
            An exchangeable one; what it leaves open is the cosine distance and width 0.25.

        Returns
        -------
        ExchangeableLaw
            The normalised weighted law: its draws need no weights.

        Raises
        ------
        ValueError
            If the kernel is not exchangeable, or leaves no weight on any mask.
        """
        kernel = kernel.resolve(metric="cosine", width=0.25)
        if not kernel.exchangeable:
            raise ValueError(
                f"kernel {kernel!r} looks at more than the number of kept units, so masks "
                "cannot be drawn from the weighted law; use ExponentialKernel with the "
                'cosine or Euclidean distance, or weighting="kernel".'
            )
        masses = self.masses * weights_by_count(kernel, self.n_units)
        if not masses.any():
            raise ValueError(f"kernel {kernel!r} leaves no weight on any mask; widen it.")
        return ExchangeableLaw(masses / masses.sum())

    def draw(self, n_samples: int, seed: int = 0) -> Sample:
        r"""Draw distinct masks, stratified by the number of kept units.

        A stratum of mass :math:`m` that keeps a share `t` of the units gets masks in
        proportion to :math:`m \sqrt{t (1 - t)}`, as many as are best where answers scatter
        alike in all strata; one that has no more is taken whole. A mask comes with its
        complement where both strata have room. Masks of a stratum show units and pairs of
        units about equally often.

        Parameters
        ----------
        n_samples : int
            Number of masks, or all that the law has where these are fewer.
        seed : int, default=0
            Equal seeds give equal masks.

        Returns
        -------
        Sample
            No two masks are equal. `masses` are the probabilities that they stand for,
            summing to 1; a mask and its complement share a group. Without inputs.

        Raises
        ------
        ValueError
            If `n_samples` is not an integer of at least 1.

        References
        ----------
        Neyman (1934), On the two different aspects of the representative method, for the
        allocation. Covert and Lee (2021), Improving KernelSHAP, for complements.
        """
        check_count("n_samples", n_samples)
        d, rng = self.n_units, np.random.default_rng(seed)
        # Four times the request is as good as infinitely many.
        sizes = np.minimum(np.rint(comb(d, np.arange(d + 1))), 4 * n_samples).astype(int)
        sizes[self.masses == 0.0] = 0
        count = np.arange(d + 1)
        # Where no or all units are kept none varies, but the mask counts: half a unit more.
        spread = np.sqrt((count + 0.5) * (d - count + 0.5))
        shares = shares_of_strata(self.masses * spread, sizes, n_samples)
        counts = np.minimum(rounded_shares(shares, rng), sizes)
        design, groups = _paired(d, counts, sizes, rng)
        # A stratum with a share below 1 is met by chance, and then stands for others too.
        met, kept = np.where(shares < 1.0, shares, counts), design.sum(axis=1)
        masses = self.masses[kept] / met[kept]
        masses /= masses.sum()
        if sizes.sum() <= n_samples:
            return _masks(design, masses, None, True, len(design))
        return _masks(design, masses, groups, False, len(design))

    def draw_independently(self, n_samples: int, seed: int = 0) -> Sample:
        """Draw masks independently of each other, as lime does; equal ones are joined.

        Parameters
        ----------
        seed : int, default=0
            Equal seeds give equal masks.

        Returns
        -------
        Sample
            Each with its share of the draws.

        Raises
        ------
        ValueError
            If `n_samples` is not an integer of at least 1.
        """
        check_count("n_samples", n_samples)
        d, rng = self.n_units, np.random.default_rng(seed)
        kept = rng.choice(d + 1, size=(n_samples, 1), p=self.masses)
        drawn = rng.permuted(np.arange(d) < kept, axis=1)
        first, times = distinct_rows(drawn)
        groups = np.arange(len(first))
        return _masks(drawn[first], times / n_samples, groups, False, n_samples)


class MaskLaw(Law):
    """Law of masked copies: units of each row are kept or hidden.

    Parameters
    ----------
    sampler : MaskSampler
        Fitted: cuts rows into units, and says which law their masks have.
    kernel : Kernel, default=None
        Weighs the law. None: as it is.
    """

    def __init__(self, sampler, kernel=None):
        super().__init__(sampler)
        self.kernel = kernel

    @property
    def columns(self):
        """Law of the columns that masks keep or drop, None where units are no columns."""
        return self.sampler.column_law_

    @property
    def draws_by_law(self):
        """Whether masks are drawn from `exchangeable`, not as some sampler likes."""
        return self.sampler.draws_by_law

    @property
    def background(self):
        """Encoded rows that dropped columns take their values from; None: their own law."""
        return self.sampler.background_

    def masks(self, n_units, n_samples, random_state):
        """Draw masks for a row of `n_units` units.

        Rows of equally many units get equal masks for equal `random_state`.

        Parameters
        ----------
        n_units : int
            Number of units.
        n_samples : int
            Masks at most; a row of few units has no more than `2**n_units`.
        random_state : int, RandomState instance or None
            Source of randomness.

        Returns
        -------
        Sample
            Without inputs.
        """
        masks = self.sampler.masks(n_units, n_samples, random_state, self.kernel)
        check_sample(masks, self.sampler)
        if masks.masses is None:
            masks = replace(masks, masses=np.ones(len(masks)))
        return masks if masks.n_draws else replace(masks, n_draws=len(masks))

    def coalitions(self, n_units, n_samples, random_state):
        """Draw coalitions for Shapley values: masks with their complements.

        Parameters
        ----------
        n_units, n_samples, random_state
            As for `masks`.

        Returns
        -------
        Sample
            As `draw_coalitions` gives them.
        """
        return self.sampler.coalitions(n_units, n_samples, random_state)

    def draw(self, X, n_samples, random_state):
        seed, found = resolve_seed(random_state), []
        # Rows of equally many units share their masks.
        draw = cache(lambda n_units: self.masks(n_units, n_samples, seed))
        for row in self.sampler.rows(X):
            masks = draw(row.n_units)
            own = with_each_copy(masks)
            if own.fills is None:
                composed = row.compose(own.design)
            else:
                composed = row.compose_filled(own.design, own.fills)
            inputs = self.sampler.kind_.copies(composed)
            found.append(_with_inputs(own, inputs))
        return found

    def tilt(self, kernel):
        return MaskLaw(self.sampler, kernel) if kernel.exchangeable else None

    def exchangeable(self, n_units):
        """Law of masks of a row of `n_units` units, an `ExchangeableLaw`."""
        return self.sampler.mask_law(n_units)


def weights_by_count(kernel, n_units):
    """Weight of a mask by its number of kept units, under an exchangeable kernel.

    Parameters
    ----------
    kernel : Kernel
        With nothing left open.
    n_units : int
        Number of units.

    Returns
    -------
    ndarray of shape (n_units + 1,)
        Weights of masks that keep 0, 1, ..., n_units units.
    """
    if n_units == 0:
        # Nothing can be hidden, and distances take at least one column.
        return np.ones(1)
    row, kept = np.ones(n_units), np.arange(n_units + 1)
    blocks = np.array_split(kept, 1 + n_units**2 // _BLOCK)
    return np.concatenate(
        [
            checked_weights(kernel, np.arange(n_units) < block[:, np.newaxis], row)
            for block in blocks
        ]
    )


def _masks(design, masses, groups, exhaustive, n_draws):
    """Masks as a sample, in which the row itself keeps all units."""
    position = np.ones(design.shape[1])
    return Sample(None, design, position, masses, groups, exhaustive, n_draws)


def with_each_copy(masks):
    """Masks of which some copies are drawn, as a sample in which each copy stands.

    Parameters
    ----------
    masks : Sample
        Without inputs, perhaps with `fills`.

    Returns
    -------
    Sample
        Not exhaustive where it has `fills`, one of each draw.
    """
    if masks.fills is None:
        return masks
    n, times, d = masks.fills.shape
    return replace(
        masks,
        design=np.repeat(masks.design, times, axis=0),
        masses=np.repeat(masks.masses / times, times),
        fills=masks.fills.reshape(n * times, 1, d),
        groups=None if masks.groups is None else np.repeat(masks.groups, times),
        exhaustive=False,
        n_draws=n * times,
    )


def _with_inputs(masks, inputs):
    """Sample of masks and composed copies; the mass of a mask is shared by its copies."""
    times = n_rows(inputs) // max(len(masks), 1)
    if times == 1:
        return replace(masks, inputs=inputs, fills=None)
    groups = np.arange(len(masks)) if masks.groups is None else masks.groups
    return replace(
        masks,
        fills=None,
        inputs=inputs,
        design=np.repeat(masks.design, times, axis=0),
        masses=np.repeat(masks.masses / times, times),
        groups=None if masks.exhaustive else np.repeat(groups, times),
    )


def shares_of_strata(proportions, sizes, n_samples):
    """Numbers of masks by stratum: proportional, at most all of a stratum."""
    shares, whole = sizes.astype(float), sizes == 0
    while sizes.sum() > n_samples:
        rate = (n_samples - sizes[whole].sum()) / proportions[~whole].sum()
        shares[~whole] = rate * proportions[~whole]
        filled = shares > sizes
        if not filled.any():
            break
        whole |= filled
        shares[whole] = sizes[whole]
    return shares


def rounded_shares(shares, rng):
    """Shares rounded at random to integers, unbiased and with the right sum."""
    # Integer sums must not be missed by rounding errors.
    sums = np.round(np.cumsum(shares), 6)
    return np.diff(np.floor(sums + rng.random()), prepend=0.0).astype(int)


def _paired(d, counts, sizes, rng):
    """Distinct masks, `counts` of each stratum, and the pair numbers of masks."""
    # The complement of a mask that keeps h units keeps d - h.
    low = np.arange(d // 2 + 1)
    straight, flipped = counts[low], counts[d - low]
    sizes = np.maximum(sizes[low], sizes[d - low])
    if d % 2 == 0:
        # Here it is of the same stratum: one mask of each pair is drawn.
        straight[-1], flipped[-1] = -(-counts[d // 2] // 2), counts[d // 2] // 2
        sizes[-1] = -(-sizes[-1] // 2)
    wanted = np.maximum(straight, flipped)
    drawn = distinct_subsets(d, wanted, sizes, rng)
    h = np.repeat(low, wanted)
    rank = np.arange(len(h)) - (np.cumsum(wanted) - wanted)[h]
    middle = 2 * h == d
    drawn[middle] ^= rng.random((middle.sum(), 1)) < 0.5
    straight, flipped = (
        np.flatnonzero(rank < straight[h]),
        np.flatnonzero(rank < flipped[h]),
    )
    return np.concatenate([drawn[straight], ~drawn[flipped]]), np.append(straight, flipped)
