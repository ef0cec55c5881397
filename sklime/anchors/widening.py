"""Rules that suffice made to cover more: one condition after the other is replaced."""

import numpy as np

from sklime.anchors.candidates import Candidates

# Rounds of replacements at most; few rows need more than three.
_MOST_ROUNDS = 8


def widened(evidence, rules, width):
    """Find rules of the same length that suffice as well, and cover more.

    Any condition may give way to a wider range of its column, or to another column; of the
    rules that suffice those that cover most are changed again.

    Parameters
    ----------
    evidence : Evidence
        About the rules of the rows.
    rules : Candidates
        Rules of one length that suffice by what is known of them.
    width : int
        How many of each row are kept.

    Returns
    -------
    Candidates
        Of each row some that suffice, by coverage, at most `width`.
    """
    best = evidence.by_coverage(rules, width)
    if not best.length:
        return best
    tried = np.empty(0, dtype=np.uint64)
    changed = best
    for _ in range(_MOST_ROUNDS):
        parents = changed.shortened()
        numbers = _numbers(parents)
        parents = parents.take(~np.isin(numbers, tried))
        if not len(parents):
            break
        tried = np.concatenate([tried, numbers])
        found = evidence.extended(parents)
        found = found.take(evidence.suffices(found))
        before = _numbers(best)
        best = evidence.by_coverage(Candidates.joined([best, found]), width)
        changed = best.take(~np.isin(_numbers(best), before))
    return best


def _numbers(rules):
    """A number for each row and rule."""
    return rules.key ^ (rules.row.astype(np.uint64) << np.uint64(32))
