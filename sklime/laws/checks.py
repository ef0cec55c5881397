"""Checks of samples, as samplers and laws of other authors draw them."""

import numpy as np

from sklime.laws.base import Sample
from sklime.tables.access import n_rows


def check_samples(samples, n_expected, giver):
    """Check samples drawn around rows: their number, and each of them.

    Raises
    ------
    TypeError, ValueError
        If there is not one for each row, or one does not hold together.
    """
    if len(samples) != n_expected:
        raise ValueError(
            f"{giver!r} gave {len(samples)} samples for {n_expected} rows; it gives one a "
            "row."
        )
    for sample in samples:
        check_sample(sample, giver)


def check_sample(sample, giver):
    """Check the shapes and masses of a sample; masks come without inputs.

    Raises
    ------
    TypeError
        If it is no `Sample`.
    ValueError
        If its parts do not fit together, or masses are negative, not finite or all zero.
    """
    if not isinstance(sample, Sample):
        raise TypeError(
            f"{giver!r} gave {type(sample).__name__} in place of a Neighbourhood; "
            "there is one a row."
        )
    shape = np.shape(sample.design)
    if len(shape) != 2:
        raise ValueError(
            f"{giver!r} gave a design of shape {shape}; it has shape (n_samples, n_units)."
        )
    lengths = {}
    if sample.inputs is not None:
        lengths["inputs"] = (n_rows(sample.inputs),)
    for part in ("masses", "groups"):
        if getattr(sample, part) is not None:
            lengths[part] = np.shape(getattr(sample, part))
    for part, found in lengths.items():
        if found != shape[:1]:
            raise ValueError(
                f"{giver!r} gave a sample with {' x '.join(map(str, found))} {part} for "
                f"a design of {shape[0]} points; each point has one."
            )
    if np.shape(sample.position) != shape[1:]:
        raise ValueError(
            f"{giver!r} gave a sample whose position has shape "
            f"{np.shape(sample.position)} for a design of {shape[1]} units; it is the "
            f"row's own design, of shape ({shape[1]},)."
        )
    if sample.masses is not None:
        check_masses(sample.masses, f"the masses of a sample of {giver!r}")


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
