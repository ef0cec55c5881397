"""Laws of samplers that draw around each row themselves."""

import numpy as np

from sklime.exceptions import NoClosedForm
from sklime.laws.base import Law, Sample
from sklime.tables.access import n_rows


class OwnDrawsLaw(Law):
    """Law of the draws that a sampler's own `sample` gives."""

    def draw(self, X, n_samples, random_state):
        found = list(self.sampler.sample(X, n_samples, random_state=random_state))
        if len(found) != n_rows(X):
            raise ValueError(
                f"{self!r} gave {len(found)} samples for {n_rows(X)} rows; sample gives "
                "one a row."
            )
        for sample in found:
            check_sample(sample, self.sampler)
        return found

    def independent_columns(self, X):
        raise NoClosedForm(f"{self!r} states no law of the columns that it draws")

    def count_draws(self, n_samples):
        return self.sampler.count_draws(n_samples)

    def groups(self, n_draws):
        return self.sampler.groups(n_draws)

    def prefix_positions(self, n_draws, n_more):
        return self.sampler.prefix_positions(n_draws, n_more)


def check_sample(sample, sampler):
    """Check the shapes and masses of a sample that a sampler gave.

    Raises
    ------
    TypeError
        If it is no `Sample`.
    ValueError
        If its parts do not fit together, or masses are negative, not finite or all zero.
    """
    if not isinstance(sample, Sample):
        raise TypeError(
            f"{sampler!r} gave {type(sample).__name__} in place of a Neighbourhood; sample "
            "gives a list of one a row."
        )
    shape = np.shape(sample.design)
    if len(shape) != 2:
        raise ValueError(
            f"{sampler!r} gave a design of shape {shape}; it has shape (n_samples, "
            "n_units)."
        )
    lengths = {"inputs": (n_rows(sample.inputs),)}
    for part in ("masses", "groups"):
        if getattr(sample, part) is not None:
            lengths[part] = np.shape(getattr(sample, part))
    for part, found in lengths.items():
        if found != shape[:1]:
            raise ValueError(
                f"{sampler!r} gave a sample with {' x '.join(map(str, found))} {part} for "
                f"a design of {shape[0]} points; each point has one."
            )
    if np.shape(sample.position) != shape[1:]:
        raise ValueError(
            f"{sampler!r} gave a sample whose position has shape "
            f"{np.shape(sample.position)} for a design of {shape[1]} units; it is the "
            f"row's own design, of shape ({shape[1]},)."
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
