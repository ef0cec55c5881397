"""Joint laws: rows of several parts that are drawn independently of each other."""

from itertools import pairwise
from math import prod

import numpy as np

from sklime.kernels import checked_weights
from sklime.laws.base import Law, Sample
from sklime.laws.masks import MaskLaw
from sklime.laws.part_draws import PartDraws, with_own_values
from sklime.laws.quasirandom import (
    N_SCRAMBLES,
    count_draws,
    resolve_seed,
    scramble_of_draws,
)
from sklime.tables.access import concat, take_rows

# Share of the variance below which that of the number of kept units is rounding error.
_LOST = 1e-15
# Draws are never as good as more than so many others each: a penalty that small still
# keeps systems solvable.
_MOST = 1e12


class JointLaw(Law):
    """Law of rows of several parts, each drawn from a law of its own.

    Draws come in eight groups that are independent of each other. Within a group, masks of
    words are put in order, and met by Sobol points in theirs: what follows each other in a
    Sobol sequence is spread evenly, so that equal masks see the same columns. Other parts
    are combined at random. A value that its part's law hardly has, or that nearly
    all of its draws share, is put into some draws, or taken out of them: as parts and
    columns are independent, this changes how well its effect is known, not the effect.

    Parameters
    ----------
    sampler : MixedSampler
        Fitted: its `parts_` give their rows, and it joins their draws to rows again.
    laws : sequence of Law, default=None
        The law of each part. None: those of the parts' samplers.
    """

    def __init__(self, sampler, laws=None):
        super().__init__(sampler)
        if laws is None:
            laws = [part.sampler.law_ for part in sampler.parts_]
        self.laws = laws

    def draw(self, X, n_samples, random_state):
        n, seed = self.count_draws(n_samples), resolve_seed(random_state)
        drawn, ordered = [], set()
        for p, (law, part) in enumerate(zip(self.laws, self.sampler.parts_, strict=True)):
            rows = part.rows(X)
            # One part of Sobol points and one of others keep their order.
            grouped = law.groups(n) is not None
            found = _draws_of_part(law, rows, n, [seed, p], grouped not in ordered)
            ordered.add(grouped)
            drawn.append(with_own_values(found, part.sampler.law_, rows, [seed, p]))
        return [self._joined(own, n) for own in zip(*drawn, strict=True)]

    def kernel_weights(self, kernel, sample):
        factors = self._factors(kernel)
        if None in factors:
            return super().kernel_weights(kernel, sample)
        weights = np.ones(len(sample))
        for factor, own in zip(factors, _places_of_parts(sample), strict=True):
            # A text without words is as it is.
            if own.stop > own.start:
                Z, z = sample.design[:, own], sample.position[own]
                weights *= checked_weights(factor, Z, z)
        return weights

    def n_equivalent(self, sample, weights):
        largest = weights.max(initial=0.0)
        if sample.exhaustive or not largest > 0.0:
            return None
        w, found = weights / largest, np.full(len(sample.position), float(len(sample)))
        for law, own in zip(self.laws, _places_of_parts(sample), strict=True):
            # A short text of which nothing is kept may have hardly any weight, and yet be
            # a third of the draws. So does a rare value that is put into draws.
            Z = sample.design[:, own]
            square = np.square(Z - w @ Z / w.sum())
            kept = Z.sum(axis=1)
            of_all = np.square(kept - w @ kept / w.sum())
            told = np.maximum(_n_as_telling(square, w), _n_as_telling(of_all, w))
            found[own] = np.maximum(found[own], told)
            varying = (w @ square).sum()
            lost = varying > _LOST * w.sum() and w @ of_all < _LOST * varying
            if isinstance(law, MaskLaw) and lost:
                # All that have weight keep equally many units.
                found[own] = np.nan
        return np.minimum(found, _MOST * len(sample))

    def tilt(self, kernel):
        factors = self._factors(kernel)
        if None in factors:
            return None
        laws = [law.tilt(own) for law, own in zip(self.laws, factors, strict=True)]
        return None if None in laws else JointLaw(self.sampler, laws)

    def count_draws(self, n_samples):
        return count_draws(n_samples, "sobol")

    def groups(self, n_draws):
        return scramble_of_draws(n_draws, "sobol")

    def _factors(self, kernel):
        """Kernel of each part; None for all where it is no product over parts."""
        return [kernel.factor_of_part(part.kernel) for part in self.sampler.parts_]

    def _joined(self, drawn, n):
        """One sample of a row from those of its parts."""
        sizes = [len(own.all) if own.all is not None else n + 1 for own in drawn]
        exhaustive = prod(sizes) <= n
        if exhaustive:
            # All combinations, as nothing is left to chance.
            places = np.unravel_index(np.arange(prod(sizes)), sizes)
            drawn = [
                PartDraws(own.all, place, _masses_of(own.all)[place], None)
                for own, place in zip(drawn, places, strict=True)
            ]
        samples = [own.sample for own in drawn]
        inputs = [take_rows(own.sample.inputs, own.places) for own in drawn]
        designs = [own.sample.design[own.places] for own in drawn]
        masses = np.prod([own.masses for own in drawn], axis=0)
        return Sample(
            inputs=self.sampler.joined(inputs),
            # In double precision: what has little weight must not be lost.
            design=np.hstack(designs, dtype=np.float64),
            position=np.concatenate([sample.position for sample in samples]),
            masses=masses / masses.sum(),
            groups=None if exhaustive else self.groups(n),
            exhaustive=exhaustive,
            part_sizes=tuple(design.shape[1] for design in designs),
        )


def _n_as_telling(squares, weights):
    """Number of unweighted draws with as certain a variance, from squared deviations."""
    noise = np.square(weights) @ squares
    told = (weights @ squares) * weights.sum()
    return np.divide(told, noise, out=np.zeros_like(told), where=noise > 0.0)


def _places_of_parts(sample):
    """Slices of the units of each part."""
    stops = np.cumsum([0, *sample.part_sizes])
    return [slice(*ends) for ends in pairwise(stops)]


def _draws_of_part(law, X, n, entropy, in_order):
    """Draws of one part of each row, which depend on nothing but this row and the seed."""
    length, groups = n // N_SCRAMBLES, scramble_of_draws(n, "sobol")
    seeds = [
        int(own.generate_state(1)[0])
        for own in np.random.SeedSequence(entropy).spawn(2 * N_SCRAMBLES)
    ]
    shuffles = seeds[N_SCRAMBLES:]
    if not np.array_equal(law.groups(law.count_draws(n)), groups):
        by_group = [law.draw(X, length, seed) for seed in seeds[:N_SCRAMBLES]]
        return [
            _of_groups(own, length, shuffles, in_order)
            for own in zip(*by_group, strict=True)
        ]
    # They come in these groups by themselves.
    places = np.arange(n)
    if not in_order:
        shuffled = [np.random.default_rng(s).permutation(length) for s in shuffles]
        places = np.concatenate(shuffled) + length * groups
    samples = law.draw(X, n, seeds[0])
    return [PartDraws(own, places, _masses_of(own)[places], None) for own in samples]


def _of_groups(samples, length, seeds, in_order):
    """Draws of one part of one row, each group from a sample of its own."""
    first = samples[0]
    whole = first if first.exhaustive else None
    if whole is not None:
        samples = [whole] * len(samples)
    starts = np.cumsum([0, *map(len, samples[:-1])])
    places, masses = [], []
    for sample, start, seed in zip(samples, starts, seeds, strict=True):
        chosen, own = _spread(sample, length, seed, in_order)
        places.append(chosen if whole is not None else start + chosen)
        masses.append(own / own.mean())
    sample = _stacked(samples) if whole is None else whole
    return PartDraws(sample, np.concatenate(places), np.concatenate(masses), whole)


def _spread(sample, n_draws, seed, in_order):
    """Points of a sample as so many draws, and the masses of these.

    Points come equally often; where they are all there are, half of the draws follow their
    masses. In order, draws that keep equally many units, or the same ones, are neighbours.
    """
    rng, m, masses = np.random.default_rng(seed), len(sample), _masses_of(sample)
    shares = np.full(m, n_draws / m)
    if sample.exhaustive:
        shares = 0.5 * shares + 0.5 * n_draws * masses / masses.sum()
    # Rounded at random, without bias; integer sums must not be missed by rounding errors.
    order = rng.permutation(m)
    sums = np.round(np.cumsum(shares[order]), 6)
    times = np.zeros(m, dtype=int)
    times[order] = np.diff(np.floor(sums + rng.random()), prepend=0.0)
    points = np.repeat(np.arange(m), times)
    # A point with a share below 1 is met by chance, and then stands for others too.
    own = (masses / np.where(shares < 1.0, shares, np.maximum(times, 1)))[points]
    if in_order:
        design = np.asarray(sample.design)[points]
        order = np.lexsort((*design.T[::-1], design.sum(axis=1)))
    else:
        order = rng.permutation(n_draws)
    return points[order], own[order]


def _masses_of(sample):
    if sample.masses is None:
        return np.ones(len(sample))
    return np.asarray(sample.masses, dtype=np.float64)


def _stacked(samples):
    """Samples of one part of one row as a single one, without masses and groups."""
    return Sample(
        concat([sample.inputs for sample in samples]),
        np.vstack([sample.design for sample in samples]),
        samples[0].position,
    )
