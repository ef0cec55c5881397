"""Joint laws: rows of several parts that are drawn independently of each other."""

from itertools import pairwise
from math import prod

import numpy as np

from sklime.kernels import checked_weights
from sklime.laws.base import Law, Sample
from sklime.laws.part_draws import PartDraws, with_own_values
from sklime.laws.quasirandom import (
    N_SCRAMBLES,
    count_draws,
    resolve_seed,
    scramble_of_draws,
)
from sklime.tables.access import concat, take_rows


class JointLaw(Law):
    """Law of rows of several parts, each drawn from a law of its own.

    Draws come in eight groups that are independent of each other. Within a group, draws of
    the parts are combined at random. A value that its part's law hardly has, or that nearly
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
        drawn = []
        for p, (law, part) in enumerate(zip(self.laws, self.sampler.parts_, strict=True)):
            rows = part.rows(X)
            found = _draws_of_part(law, rows, n, [seed, p])
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
        for own in _places_of_parts(sample):
            # A short text of which nothing is kept may have hardly any weight, and yet be
            # a third of the draws. So does a rare value that is put into draws.
            Z = sample.design[:, own]
            square = np.square(Z - w @ Z / w.sum())
            kept = Z.sum(axis=1)
            of_all = np.square(kept - w @ kept / w.sum())
            told = np.maximum(_n_as_telling(square, w), _n_as_telling(of_all, w))
            found[own] = np.maximum(found[own], told)
        return found

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


def _draws_of_part(law, X, n, entropy):
    """Draws of one part of each row, which depend on nothing but this row and the seed."""
    length, groups = n // N_SCRAMBLES, scramble_of_draws(n, "sobol")
    seeds = [
        int(own.generate_state(1)[0])
        for own in np.random.SeedSequence(entropy).spawn(2 * N_SCRAMBLES)
    ]
    shuffles = seeds[N_SCRAMBLES:]
    if np.array_equal(law.groups(law.count_draws(n)), groups):
        # They come in these groups by themselves.
        samples = law.draw(X, n, seeds[0])
        starts = np.arange(0, n, length)
        found = []
        for sample in samples:
            chosen = [_spread(length, length, seed)[0] for seed in shuffles]
            places = np.concatenate(
                [start + c for start, c in zip(starts, chosen, strict=True)]
            )
            found.append(PartDraws(sample, places, _masses_of(sample)[places], None))
        return found
    by_group = [law.draw(X, length, seed) for seed in seeds[:N_SCRAMBLES]]
    return [_of_groups(own, length, shuffles) for own in zip(*by_group, strict=True)]


def _of_groups(samples, length, seeds):
    """Draws of one part of one row, each group from a sample of its own."""
    first = samples[0]
    if first.exhaustive:
        samples = [first] * len(samples)
    starts = np.cumsum([0, *map(len, samples[:-1])])
    places, masses = [], []
    for sample, start, seed in zip(samples, starts, seeds, strict=True):
        chosen, times = _spread(len(sample), length, seed)
        own = _masses_of(sample)[chosen] / times[chosen]
        places.append(chosen if first.exhaustive else start + chosen)
        masses.append(own / own.mean())
    sample = first if first.exhaustive else _stacked(samples)
    whole = first if first.exhaustive else None
    return PartDraws(sample, np.concatenate(places), np.concatenate(masses), whole)


def _spread(n_points, n_draws, seed):
    """Points in random order, each as often as any other, and how often each stands there.

    Returns
    -------
    points : ndarray of shape (n_draws,) of int
    times : ndarray of shape (n_points,) of int
    """
    rng = np.random.default_rng(seed)
    # Shuffled twice, as the order of a period would meet that of another part.
    points = rng.permutation(np.resize(rng.permutation(n_points), n_draws))
    return points, np.bincount(points, minlength=n_points)


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
