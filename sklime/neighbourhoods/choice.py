"""Which neighbourhoods a sampler and a kernel allow, and which of these is the cheapest."""

from sklime.neighbourhoods.base import is_thin
from sklime.neighbourhoods.masked import MaskedCopies, TiltedCopies
from sklime.neighbourhoods.own import OwnDraws
from sklime.neighbourhoods.shared import SharedPool
from sklime.neighbourhoods.shifted import ShiftedNoise
from sklime.neighbourhoods.tilted import TiltedDraws

# Draws that tell which columns matter, where all others are the rows' own.
_PILOT = 1024


def surround(sampler, kernel, response, n_samples, seed, weighting="kernel"):
    """Choose the cheapest way to surround rows that the sampler and the kernel allow.

    Parameters
    ----------
    sampler, kernel, response, n_samples, seed
        As for `Neighbourhoods`.
    weighting : {"auto", "kernel", "tilted"}, default="kernel"
        As for `LimeExplainer`.

    Returns
    -------
    around : Neighbourhoods
        For all rows.
    tilted : Neighbourhoods or None
        Unweighted, for rows of which the kernel leaves too little in `around`.

    Raises
    ------
    ValueError
        If draws from the kernel-weighted law are wanted and there are none.
    """
    setting = sampler, kernel, response, n_samples, seed
    tilts = sampler.tilts(kernel)
    if weighting == "tilted" and not tilts:
        raise ValueError(
            f'weighting="tilted" has no law to draw from: {sampler!r} cannot weigh its own '
            f'by {kernel!r}. Use weighting="kernel", or a sampler of independent columns '
            "with a kernel that is a product over columns, such as ExponentialKernel()."
        )
    wanted = tilts and weighting != "kernel"
    if sampler.masks_units:
        around = MaskedCopies(*setting)
        tilted = TiltedCopies(*setting) if wanted else None
    elif not sampler.depends_on_row:
        return _shared(setting, weighting, wanted)
    else:
        shifts = sampler.shifts_with_row and kernel.stationary
        around = (ShiftedNoise if shifts else OwnDraws)(*setting)
        tilted = TiltedDraws(*setting) if wanted else None
        if wanted and shifts and is_thin(around.effective_sample_size, around.n_samples):
            # The same for every row, and known before the model is asked.
            return tilted, None
    return (tilted, None) if weighting == "tilted" else (around, tilted)


def _shared(setting, weighting, wanted):
    """A pool for all rows, or what it tells tilted draws about the columns."""
    sampler, kernel, response, n_samples, seed = setting
    if weighting == "tilted":
        n_samples = min(n_samples, _PILOT)
    pool = SharedPool(sampler, kernel, response, n_samples, seed)
    tilted = TiltedDraws(*setting, pool=pool) if wanted else None
    return (tilted, None) if weighting == "tilted" else (pool, tilted)
