"""Interactions: the pairs that `explain` is asked for, and their warnings."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from sklime.exceptions import InteractionWarning, warn_caller
from sklime.explainer.pair_names import (
    check_name,
    check_pairs,
    column_positions,
    listed_pairs,
)
from sklime.laws.joint import JointLaw
from sklime.laws.masks import MaskLaw
from sklime.moments.groups import degrees_of_freedom
from sklime.moments.pair_contrasts import PairContrasts, UnitPairs
from sklime.selectors import MomentSelector
from sklime.validation import listed

# Pairs that are looked at where all are wanted; of more, the strongest.
_MOST_PAIRS = 1000

# Rows that tell which these are, where draws around one row say nothing of others.
_N_SCREENED = 16

# What draws do not tell, and what helps, by what the pairs are of.
_UNTOLD = {
    "columns": "the own values and others, as where a value is too rare for n_samples or "
    "was never seen in training. Merge rare values, or raise n_samples.",
    "units": "kept and hidden, as where a row has no other unit and the sampler never "
    "keeps all of them. kernel=ShapleyKernel() asks about each; under other kernels raise "
    "n_samples, or widen them.",
}


def wanted_pairs(interactions, asked, routes):
    """Check which interactions `explain` was asked for, and find the pairs.

    Parameters
    ----------
    interactions : None, bool or list of pairs
        As for `explain`.
    asked : AskedRows
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
    what = "column" if asked.rows.shares_columns else "unit"
    named = None if interactions is True else listed_pairs(interactions, what)
    shown = "True" if interactions is True else "[...]"
    if reason := _reason_against(asked.rows, routes):
        raise ValueError(f"interactions={shown} {reason}; or leave interactions=None.")
    of_rows = PairsOfColumns if asked.rows.shares_columns else PairsOfWords
    return of_rows.of(named, asked, routes)


@dataclass(frozen=True, eq=False)
class ToldPairs:
    """Interactions of all rows.

    Parameters
    ----------
    names : list of n_pairs tuples of two str
        The features of each pair.
    contrasts : PairContrasts
        Of all rows and these pairs.
    n_candidates : int
        How many pairs there were before those that interact most were picked.
    """

    names: list
    contrasts: PairContrasts
    n_candidates: int

    def metadata(self, routes):
        """What `meta` says of them: how many there are, and what their errors rest on.

        Parameters
        ----------
        routes : Routes
            Their sources of moments.
        """
        own = {"n_pairs": len(self.names), "n_candidates": self.n_candidates}
        found = {"interactions": own}
        if (self.contrasts.errors > 0.0).any():
            # Draws may tell them of models whose attributions have a closed form.
            groups = routes.setting.law.groups(routes.source.n_samples)
            found["degrees_of_freedom"] = degrees_of_freedom(groups)
        return found

    def warn(self, what, absent):
        """Warn of pairs that were left out, and of those that draws do not tell.

        Parameters
        ----------
        what : str
            What the pairs are of, such as "columns".
        absent : ndarray of shape (n_rows, n_pairs) of bool
            Pairs that rows do not have.
        """
        if self.n_candidates > len(self.names):
            warn_caller(
                f"interactions=True among {self.n_candidates:,} pairs of {what} keeps the "
                f"{len(self.names):,} that interact most, whatever the row: name others as "
                "interactions=[(a, b), ...].",
                InteractionWarning,
            )
        unknown = np.isnan(self.contrasts.coef).any(axis=1)
        self._warn_of(
            unknown & ~absent,
            "the interactions are NaN of {}: draws have no example of all four "
            f"combinations of {_UNTOLD[what]}",
        )
        self._warn_of(
            np.isnan(self.contrasts.errors).any(axis=1) & ~unknown,
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


class WantedPairs(ABC):
    """Base of the pairs whose interactions are wanted."""

    @classmethod
    @abstractmethod
    def of(cls, named, asked, routes):
        """Find the pairs that were named; None: all.

        Parameters
        ----------
        named : list of tuples of two, or None
        asked : AskedRows
        routes : Routes
        """

    @abstractmethod
    def of_block(self, routes, block, outputs, first_row):
        """What `joined` takes of a block of rows."""

    @abstractmethod
    def joined(self, told):
        """Join what blocks of rows were told, as `ToldPairs`; warn of what is doubtful."""


@dataclass(frozen=True, eq=False)
class PairsOfColumns(WantedPairs):
    """Pairs of columns, which all rows have.

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
    def of(cls, named, asked, routes):
        rows = asked.rows
        d = len(rows.names)
        if d < 2:
            raise ValueError(
                f"interactions={True if named is None else named!r} needs two columns at "
                f"least, and the table has {d}: leave interactions=None"
            )
        if named is None:
            pairs = np.column_stack(np.triu_indices(d, 1))
        else:
            pairs = column_positions(named, rows)
        n_candidates = len(pairs)
        if named is None and n_candidates > _MOST_PAIRS:
            some = slice(0, min(_N_SCREENED, len(rows)))
            own = rows.block(some), asked.outputs[some]
            pairs = pairs[routes.strongest_pairs(pairs, _MOST_PAIRS, *own)]
        names = [(rows.names[j], rows.names[k]) for j, k in pairs]
        return cls(pairs, names, n_candidates)

    def of_block(self, routes, block, outputs, first_row):
        return routes.interactions(block, outputs, self.positions, first_row)

    def joined(self, told):
        contrasts = PairContrasts.joined(told)
        found = ToldPairs(self.names, contrasts, self.n_candidates)
        found.warn("columns", np.zeros((len(contrasts.coef), len(self.names)), dtype=bool))
        return found


@dataclass(frozen=True, eq=False)
class PairsOfWords(WantedPairs):
    """Pairs of names of units, such as words or segments, which rows may have or not.

    Where a row has several units of one name, their interactions are summed.

    Parameters
    ----------
    names : list of tuples of two str, or None
        Those that were asked for. None: all pairs of any row.
    """

    names: list | None

    @classmethod
    def of(cls, named, asked, routes):
        if named is not None:
            rows = asked.rows
            known = dict.fromkeys(
                str(name)
                for i in range(len(rows))
                for name in rows.block(slice(i, i + 1))[0].names
            )
            shared = dict.fromkeys(map(str, rows.kind.explained_names()))
            if known.keys() & shared.keys():
                # Words of training texts, which other rows may have.
                known |= shared
            for pair in named:
                for name in pair:
                    check_name(name, known)
            check_pairs(named, named, "unit")
        return cls(named)

    def of_block(self, routes, block, outputs, first_row):
        [row] = block
        units = {}
        for position, name in enumerate(row.names):
            units.setdefault(name, []).append(position)
        names = list(combinations(units, 2)) if self.names is None else self.names
        names = [pair for pair in names if units.keys() >= set(pair)]
        both = [
            (place, j, k)
            for place, (a, b) in enumerate(names)
            for j in units[a]
            for k in units[b]
        ]
        place, *positions = np.array(both, dtype=np.intp).reshape(-1, 3).T
        most = _MOST_PAIRS if self.names is None else len(names)
        pairs = UnitPairs(np.column_stack(positions), place, most)
        contrasts = routes.interactions(block, outputs, pairs, first_row)
        kept = contrasts.kept
        return names if kept is None else [names[i] for i in kept], contrasts, len(names)

    def joined(self, told):
        pairs = dict.fromkeys(self.names or ())
        for names, *_ in told:
            # Named in one order by all rows.
            pairs.update((p, None) for p in names if p[::-1] not in pairs)
        place = {pair: i for i, pair in enumerate(pairs)}
        place |= {pair[::-1]: i for pair, i in place.items()}
        n, (_, first, _) = len(told), told[0]
        coef, errors = np.full((2, n, first.coef.shape[1], len(pairs)), np.nan)
        at_rows = np.full((n, len(pairs)), np.nan)
        for i, (names, own, _) in enumerate(told):
            at = [place[pair] for pair in names]
            coef[i][:, at], errors[i][:, at] = own.coef[0], own.errors[0]
            at_rows[i, at] = 1.0 if own.at_rows is None else own.at_rows[0]
        names = list(pairs)
        n_candidates = max(len(names), *(every for *_, every in told))
        if self.names is None and len(names) > _MOST_PAIRS:
            sizes = np.abs(coef * at_rows[:, np.newaxis])
            sizes = np.where(np.isnan(sizes), 0.0, sizes).max(axis=(0, 1))
            kept = np.sort(np.argsort(-sizes, kind="stable")[:_MOST_PAIRS])
            names = [names[i] for i in kept]
            coef, errors, at_rows = coef[..., kept], errors[..., kept], at_rows[:, kept]
        sizes = np.concatenate([own.effective_sample_sizes for _, own, _ in told])
        absent = np.isnan(at_rows)
        if first.at_rows is None:
            at_rows = None
        found = ToldPairs(names, PairContrasts(coef, errors, sizes, at_rows), n_candidates)
        found.warn("units", absent)
        return found


def _reason_against(rows, routes):
    """Why there are no interactions to tell, and the cure; None where there are."""
    own = routes.setting
    if isinstance(own.law, JointLaw):
        return (
            f"needs rows of one part: what a word does in those of {own.law!r} may change "
            "with columns and with other words. Explain texts by TokenSampler(), or tables "
            "by MarginalSampler()"
        )
    of_masks = isinstance(own.law, MaskLaw)
    if not (rows.shares_columns or of_masks):
        return (
            "needs the columns of a dense table: rows of a sparse one are described by the "
            "entries that each of them has. Use X.toarray()"
        )
    if routes.has_interactions:
        return None
    needs = "needs a closed form, or draws"
    if own.surrogate is not None or not isinstance(own.selector, MomentSelector):
        return (
            f"{needs} and a surrogate that can have terms of pairs, as with "
            "MarginalSampler(), a built-in selector and surrogate=None: selector "
            f"{own.selector!r} and surrogate {own.surrogate!r} are the user's own"
        )
    if of_masks:
        return (
            f"{needs} of masks in which no unit is like another but by chance, as of "
            "TokenSampler() under ExponentialKernel() or UniformKernel(): those of "
            f"{own.law!r} under kernel {own.kernel!r} are not known to be such"
        )
    if not own.law.knows_columns:
        return (
            f"{needs} of independent columns, as of MarginalSampler(): where columns move "
            f"together, as by {own.law!r}, the curve of one looks like an interaction of "
            "two"
        )
    return (
        f"{needs} of columns that the kernel's weights leave independent, as of "
        f"MarginalSampler() under ExponentialKernel(): {own.kernel!r} is no product over "
        "columns"
    )
