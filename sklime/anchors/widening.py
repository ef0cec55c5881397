"""Rules that suffice made to cover more: one condition after the other is replaced."""

import numpy as np

from sklime.anchors.candidates import Candidates

# Rounds of replacements at most; few rows need more than three.
_MOST_ROUNDS = 8

# Conditions of a row's rules that are replaced in a round at most.
_MOST_CONDITIONS = 16


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
    if not rules.length:
        return evidence.by_coverage(rules, width)
    # Long rules have many others around them.
    width = max(1, min(width, _MOST_CONDITIONS // rules.length))
    best = evidence.by_coverage(rules, width)
    tried = np.empty(0, dtype=np.uint64)
    changed = best
    for _ in range(_MOST_ROUNDS):
        parents = changed.shortened()
        parents = parents.take(~np.isin(parents.numbers, tried))
        if not len(parents):
            break
        tried = np.concatenate([tried, parents.numbers])
        found = evidence.extended(parents)
        found = found.take(evidence.suffices(found))
        before = best.numbers
        best = evidence.by_coverage(Candidates.joined([best, found]), width)
        changed = best.take(~np.isin(best.numbers, before))
    return best
