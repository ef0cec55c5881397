"""Joint laws: rows of several parts that are drawn independently of each other."""

from dataclasses import dataclass
from math import prod

import numpy as np

from sklime.kernels import checked_weights
from sklime.laws.base import Law, Sample
from sklime.laws.quasirandom import (
    N_SCRAMBLES,
    count_draws,
    resolve_seed,
    scramble_of_draws,
)
from sklime.tables.access import concat, n_rows, take_rows


class JointLaw(Law):
    """Law of rows of several parts, each drawn from a law of its own.

    Draws come in eight groups that are independent of each other. Within a group, draws of
    the parts are combined at random.

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
        drawn = [
            _draws_of_part(law, part.rows(X), n, [seed, p])
            for p, (law, part) in enumerate(zip(self.laws, self.sampler.parts_, strict=True))
        ]
        return [self._joined(own, n) for own in zip(*drawn, strict=True)]

    def weights(self, kernel, sample):
        factors = self._factors(kernel)
        if None in factors:
            return super().weights(kernel, sample)
        weights, stop = np.ones(len(sample)), 0
        for factor, size in zip(factors, sample.part_sizes, strict=True):
            own, stop = slice(stop, stop + size), stop + size
            # A text without words is as it is.
            if size:
                Z, z = sample.design[:, own], sample.position[own]
                weights *= checked_weights(factor, Z, z)
        return weights

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
                _Draws(own.all, place, _masses_of(own.all)[place], None)
                for own, place in zip(drawn, places, strict=True)
            ]
        samples = [own.sample for own in drawn]
        inputs = [take_rows(own.sample.inputs, own.places) for own in drawn]
        designs = [own.sample.design[own.places] for own in drawn]
        masses = np.prod([own.masses for own in drawn], axis=0)
        return Sample(
            inputs=self.sampler.joined(inputs),
            design=np.hstack(designs),
            position=np.concatenate([sample.position for sample in samples]),
            masses=masses / masses.sum(),
            groups=None if exhaustive else self.groups(n),
            exhaustive=exhaustive,
            part_sizes=tuple(design.shape[1] for design in designs),
        )


@dataclass(frozen=True, eq=False)
class _Draws:
    """Draws of one part of a row: points of a sample, group by group.

    Parameters
    ----------
    sample : Sample
    places : ndarray of shape (n_draws,) of int
        The point that each draw is.
    masses : ndarray of shape (n_draws,)
    all : Sample or None
        All points of the part's law, where these are few.
    """

    sample: Sample
    places: np.ndarray
    masses: np.ndarray
    all: Sample | None


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
            places = np.concatenate([start + c for start, c in zip(starts, chosen, strict=True)])
            found.append(_Draws(sample, places, _masses_of(sample)[places], None))
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
    return _Draws(sample, np.concatenate(places), np.concatenate(masses), whole)


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
