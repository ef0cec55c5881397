"""Choice of sampled sources: which ones a law and a kernel allow, the cheapest first."""

from sklime.kernels import ShapleyKernel
from sklime.laws.base import SharedLaw, ShiftedLaw
from sklime.laws.masks import MaskLaw
from sklime.neighbourhoods.base import is_thin
from sklime.neighbourhoods.coalitions import Coalitions
from sklime.neighbourhoods.contrasts import ContrastPool, has_contrasts
from sklime.neighbourhoods.masked import MaskedCopies, TiltedCopies
from sklime.neighbourhoods.own import OwnDraws
from sklime.neighbourhoods.shared import SharedPool
from sklime.neighbourhoods.shifted import ShiftedNoise
from sklime.neighbourhoods.tilted import TiltedContrasts, TiltedDraws

# Draws that tell which columns matter, where all others are the rows' own.
_PILOT = 1024


def choose_sources(
    law, kernel, response, n_samples, seed, weighting="kernel", by_moments=True
):
    """Choose the cheapest sampled sources that the law and the kernel allow.

    Parameters
    ----------
    law, kernel, response, n_samples, seed
        As for `SampledSource`.
    weighting : {"auto", "kernel", "tilted"}, default="kernel"
        As for `LimeExplainer`.
    by_moments : bool, default=True
        Whether selector and surrogate read moments only, not draws.

    Returns
    -------
    source : SampledSource
        For all rows.
    tilted : SampledSource or None
        Unweighted, for rows of which the kernel leaves too little in `source`.

    Raises
    ------
    ValueError
        If draws from the kernel-weighted law are wanted and there are none.
    """
    setting = law, kernel, response, n_samples, seed
    if isinstance(kernel, ShapleyKernel):
        # Coalitions follow it already.
        return Coalitions(*setting), None
    tilts = law.tilt(kernel) is not None
    if weighting == "tilted" and not tilts:
        raise ValueError(
            f'weighting="tilted" has no law to draw from: {law!r} cannot weigh its own '
            f'by {kernel!r}. Use weighting="kernel", or a sampler of independent columns '
            "with a kernel that is a product over columns, such as ExponentialKernel()."
        )
    wanted = tilts and weighting != "kernel"
    if kernel.local and not isinstance(law, SharedLaw):
        # Only laws of columns know its factors, not single draws.
        return TiltedDraws(*setting), None
    if isinstance(law, SharedLaw):
        contrasts = by_moments and has_contrasts(law, kernel)
        return _shared(setting, weighting, wanted, contrasts)
    if isinstance(law, MaskLaw):
        source = MaskedCopies(*setting)
        tilted = TiltedCopies(*setting) if wanted else None
    elif isinstance(law, ShiftedLaw) and kernel.stationary:
        source = ShiftedNoise(*setting)
        tilted = TiltedDraws(*setting) if wanted else None
        if wanted and is_thin(source.effective_sample_size, source.n_samples):
            # The same for every row, and known before the model is queried.
            return tilted, None
    else:
        source = OwnDraws(*setting)
        tilted = TiltedDraws(*setting) if wanted else None
    return (tilted, None) if weighting == "tilted" else (source, tilted)


def _shared(setting, weighting, wanted, contrasts):
    """A pool for all rows, or what it tells tilted draws about the columns."""
    law, kernel, response, n_samples, seed = setting
    if weighting == "tilted":
        n_samples = min(n_samples, _PILOT)
    shared, own = (SharedPool, TiltedDraws)
    if contrasts:
        shared, own = ContrastPool, TiltedContrasts
    pool = shared(law, kernel, response, n_samples, seed)
    tilted = own(*setting, pool=pool) if wanted else None
    return (tilted, None) if weighting == "tilted" else (pool, tilted)
