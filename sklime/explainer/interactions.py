"""Interactions: the pairs of columns that `explain` is asked for, and their warnings."""

from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral

import numpy as np

from sklime.exceptions import InteractionWarning, warn_caller
from sklime.surrogates.standard_errors import degrees_of_freedom
from sklime.validation import listed

# Pairs that are looked at where all are wanted; of more, the strongest.
_MOST_PAIRS = 1000


@dataclass(frozen=True, eq=False)
class WantedPairs:
    """Pairs of columns whose interactions are wanted.

    Parameters
    ----------
    positions : ndarray of shape (n_pairs, 2) of int
        Positions of their columns.
    names : list of n_pairs tuples of two str
        Names of their columns.
    n_candidates : int
        How many pairs there were before those that interact most were picked.
    """

    positions: np.ndarray
    names: list
    n_candidates: int

    @classmethod
    def of(cls, interactions, rows, routes):
        """Check what `explain` was asked for, and find the pairs.

        Parameters
        ----------
        interactions : None, bool or list of pairs
            As for `explain`.
        rows : Rows
            The explained rows.
        routes : Routes
            Their sources of moments.

        Returns
        -------
        WantedPairs or None
            None where no interactions are wanted.
        """
        if isinstance(interactions, bool | np.bool_):
            interactions = bool(interactions) or None
        if interactions is None:
            return None
        named = None if interactions is True else _as_list(interactions)
        _check_source(interactions, rows, routes)
        d = len(rows.names)
        if d < 2:
            raise ValueError(
                f"interactions={interactions!r} needs two columns at least, and the table "
                f"has {d}: leave interactions=None"
            )
        if named is None:
            pairs = np.column_stack(np.triu_indices(d, 1))
        else:
            pairs = _positions(named, rows)
        n_candidates = len(pairs)
        if named is None and n_candidates > _MOST_PAIRS:
            pairs = pairs[routes.strongest_pairs(pairs, _MOST_PAIRS)]
        names = [(rows.names[j], rows.names[k]) for j, k in pairs]
        return cls(pairs, names, n_candidates)

    def metadata(self, routes, told):
        """What `meta` says of them: how many there are, and what their errors rest on.

        Parameters
        ----------
        routes : Routes
            Their sources of moments.
        told : sequence of PairContrasts
            Of all rows.
        """
        own = {"n_pairs": len(self.names), "n_candidates": self.n_candidates}
        found = {"interactions": own}
        if any((part.errors > 0.0).any() for part in told):
            # Draws may tell them of models whose attributions have a closed form.
            groups = routes.setting.law.groups(routes.source.n_samples)
            found["degrees_of_freedom"] = degrees_of_freedom(groups)
        return found

    def warn(self, coef, errors):
        """Warn of pairs that were left out, and of those that draws do not tell.

        Parameters
        ----------
        coef, errors : ndarrays of shape (n_rows, n_outputs, n_pairs)
            Interactions and their standard errors.
        """
        if self.n_candidates > len(self.names):
            warn_caller(
                f"interactions=True among {self.n_candidates:,} pairs of columns keeps the "
                f"{len(self.names):,} that interact most, whatever the row: name others as "
                "interactions=[(a, b), ...].",
                InteractionWarning,
            )
        unknown = np.isnan(coef).any(axis=1)
        self._warn_of(
            unknown,
            "the interactions are NaN of {}: draws have no example of all four "
            "combinations of the own values and others, as where a value is too rare for "
            "n_samples or was never seen in training. Merge rare values, or raise "
            "n_samples.",
        )
        self._warn_of(
            np.isnan(errors).any(axis=1) & ~unknown,
            "hardly any draw has one of the four combinations of the own values and "
            "others, so that there are no standard errors of {}: their interactions are "
            "mostly noise. Widen the kernel, raise n_samples or merge rare values.",
        )

    def _warn_of(self, flags, message):
        counts = flags.sum(axis=0)
        if counts.any():
            order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
            told = listed(f"{self.names[i]!r} ({counts[i]} rows)" for i in order)
            warn_caller(message.format(told), InteractionWarning)


def _as_list(interactions):
    """Pairs as a list of tuples of two; a pair that is none is an error."""
    wrong = isinstance(interactions, str | bytes | dict) or not np.iterable(interactions)
    pairs = [] if wrong else list(interactions)
    if wrong or any(not np.iterable(pair) or isinstance(pair, str) for pair in pairs):
        raise ValueError(
            f"interactions={interactions!r} must be None, True, or a list of pairs of "
            "columns, such as interactions=[('age', 'income')]"
        )
    pairs = list(map(tuple, pairs))
    if not pairs:
        raise ValueError(
            f"interactions={interactions!r} names no pair: interactions=True looks at all, "
            "None at none"
        )
    for pair in pairs:
        if len(pair) != 2:
            raise ValueError(
                f"interactions holds {pair!r}, which are {len(pair)} columns: name two in "
                "each pair, as in interactions=[('age', 'income')]"
            )
    return pairs


def _positions(pairs, rows):
    """Positions of the columns of pairs; each pair of different columns, once."""
    names = {name: j for j, name in enumerate(rows.names)}
    # A frame's own labels need not be strings, and columns of groups are no features.
    labels = getattr(rows.given, "columns", ())
    labels = {label: names[str(label)] for label in labels if str(label) in names}
    found = np.array([[_position(own, names, labels) for own in pair] for pair in pairs])
    known = {}
    for pair, (j, k) in zip(pairs, found.tolist(), strict=True):
        if j == k:
            raise ValueError(
                f"interactions holds {pair!r}, a column with itself: name two columns"
            )
        if before := known.get(frozenset((j, k))):
            raise ValueError(
                f"interactions holds {before!r} and {pair!r}, which are the same two "
                "columns: name each pair once"
            )
        known[frozenset((j, k))] = pair
    return found


def _position(name, names, labels):
    """Position of a column by its name, its label in the frame, or its position."""
    for known in (names, labels):
        try:
            if name in known:
                return known[name]
        except TypeError:
            # What cannot be a key is no label.
            break
    if isinstance(name, Integral) and not isinstance(name, bool):
        if 0 <= name < len(names):
            return int(name)
        raise ValueError(
            f"interactions holds column {name}, and the table has {len(names)}: "
            f"positions go from 0 to {len(names) - 1}"
        )
    [close] = get_close_matches(str(name), map(str, names), n=1, cutoff=0.0)
    raise ValueError(
        f"interactions holds {name!r}, which is no column of the table: of its "
        f"{len(names)} columns, the closest is {close!r}"
    )


def _check_source(interactions, rows, routes):
    """Raise a ValueError where there are no interactions to tell."""
    if rows.shares_columns and routes.has_interactions:
        return
    own = routes.setting
    shown = "True" if interactions is True else "[...]"
    raise ValueError(
        f"interactions={shown} needs a closed form, or draws of independent columns of "
        f"bins or categories that all rows share: {own.law!r} with kernel {own.kernel!r}, "
        f"selector {own.selector!r} and surrogate {own.surrogate!r} has neither. Use "
        "sampler=MarginalSampler() with bins and its default sequence, "
        "kernel=ExponentialKernel(), a built-in selector and surrogate=None, and a dense "
        "table; or leave interactions=None."
    )
