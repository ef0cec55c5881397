"""Draws of one part of a row, of which some get a value that the others hardly have."""

from dataclasses import dataclass, replace

import numpy as np

from sklime.laws.base import Sample, SharedLaw
from sklime.laws.coordinates import UNSEEN
from sklime.laws.quasirandom import N_SCRAMBLES
from sklime.tables.access import concat, n_rows, take_rows, with_value_of

# Share of the draws that have, or lack, a row's own value at least, and their number.
_SHARE = 1 / 32
_FEWEST = 16


@dataclass(frozen=True, eq=False)
class PartDraws:
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

    def changed(self, draws, inputs, j, inside):
        """The same with other inputs for some draws, which match in unit `j` or do not."""
        sample, places = self.sample, self.places.copy()
        design = sample.design[places[draws]]
        design[:, j] = inside
        places[draws] = len(sample) + np.arange(len(draws))
        joined = concat([sample.inputs, inputs]), np.vstack([sample.design, design])
        sample = replace(
            sample, inputs=joined[0], design=joined[1], masses=None, groups=None
        )
        return replace(self, sample=sample, places=places)


def with_own_values(drawn, law, X, entropy):
    """Put rows' own values into draws that hardly have them, and others where all do.

    Parameters
    ----------
    drawn : list of n_rows PartDraws
    law : Law
        Of the part, before any kernel.
    X : rows
        Of the part, as its sampler takes them.
    entropy : list of int
        Tells which draws.

    Returns
    -------
    list of n_rows PartDraws
    """
    if not isinstance(law, SharedLaw) or not law.asks_own_values:
        return drawn
    n = len(drawn[0].places) if drawn else 0
    least = min(max(_SHARE, _FEWEST / max(n, 1)), 0.5)
    codes, masses = law.locate(X).codes, law.bin_masses()
    binary = np.flatnonzero(law.sampler.binary_features_)
    found = list(drawn)
    for i in range(n_rows(X)):
        own_masses = [
            0.0 if codes[j, i] == UNSEEN else own[codes[j, i]]
            for j, own in zip(binary, masses, strict=True)
        ]
        # What training never had comes last: rows that hold it cannot be redrawn.
        for k in np.argsort(np.equal(own_masses, 0.0), kind="stable"):
            j, mass = binary[k], own_masses[k]
            if least <= mass <= 1.0 - least or mass == 1.0:
                continue
            draws, u = _some(n, least, [*entropy, int(j)])
            inputs = take_rows(found[i].sample.inputs, found[i].places[draws])
            inside = mass < least
            if mass > 0.0:
                inputs = law.redrawn(inputs, j, int(codes[j, i]), inside, u)
            else:
                inputs = with_value_of(inputs, j, X, i)
            found[i] = found[i].changed(draws, inputs, j, inside)
    return found


def _some(n, share, entropy):
    """A share of the draws of each group, and numbers in [0, 1) for them."""
    rng, length = np.random.default_rng(entropy), n // N_SCRAMBLES
    few = max(1, round(share * length))
    chosen = [g * length + rng.permutation(length)[:few] for g in range(N_SCRAMBLES)]
    return np.concatenate(chosen), rng.random(N_SCRAMBLES * few)
