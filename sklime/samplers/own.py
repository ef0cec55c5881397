"""Laws of samplers that draw around each row themselves."""

import numpy as np

from sklime.laws.base import Law
from sklime.tables.access import n_rows


class OwnDrawsLaw(Law):
    """Law of the draws that a sampler's own `sample` gives."""

    def draw(self, X, n_samples, random_state):
        found = self.sampler.sample(X, n_samples, random_state=random_state)
        if len(found) != n_rows(X):
            raise ValueError(
                f"{self!r} gave {len(found)} samples for {n_rows(X)} rows; sample gives "
                "one a row."
            )
        for sample in found:
            check_sample(sample, self.sampler)
        return found

    def count_draws(self, n_samples):
        return self.sampler.count_draws(n_samples)

    def groups(self, n_draws):
        return self.sampler.groups(n_draws)

    def prefix_positions(self, n_draws, n_more):
        return self.sampler.prefix_positions(n_draws, n_more)


def check_sample(sample, sampler):
    """Check the lengths and masses of a sample that a sampler gave.

    Raises
    ------
    ValueError
        If its parts are of different lengths, or masses are negative, not finite or all
        zero.
    """
    n, d = np.shape(sample.design)
    lengths = {"inputs": n_rows(sample.inputs)}
    for part in ("masses", "groups"):
        values = getattr(sample, part)
        if values is not None:
            lengths[part] = len(values)
    for part, length in lengths.items():
        if length != n:
            raise ValueError(
                f"{sampler!r} gave a sample with {length} {part} for a design of {n} "
                "points; each point has one."
            )
    if np.shape(sample.position) != (d,):
        raise ValueError(
            f"{sampler!r} gave a sample whose position has shape "
            f"{np.shape(sample.position)} for a design of {d} units; it is the row's own "
            f"design, of shape ({d},)."
        )
    if sample.masses is not None:
        check_masses(sample.masses, f"the masses of a sample of {sampler!r}")


def check_masses(masses, what):
    """Check that masses are probabilities up to a common factor.

    Raises
    ------
    ValueError
        If one is negative or not finite, or all are zero.
    """
    masses = np.asarray(masses, dtype=np.float64)
    bad = ~(np.isfinite(masses) & (masses >= 0.0))
    if bad.any():
        raise ValueError(
            f"{what} hold {masses[bad][0]}; masses are probabilities up to a common "
            "factor, so they must be finite and at least 0."
        )
    if not masses.any():
        raise ValueError(f"{what} are all zero; at least one must be above 0.")
