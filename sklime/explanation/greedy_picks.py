"""Greedy choice of a few that cover most together: of rows, or of rules."""

import numpy as np


def greedy_picks(covered, worth, n_picks):
    """Pick by the gain in coverage, until so many are picked or none gains.

    Gains only shrink, so that the last known gain of one bounds its present one from above:
    only those whose bound reaches the present gain of the front runner are looked at. Of
    equal gains the first is picked.

    Parameters
    ----------
    covered : CSR array of shape (n_candidates, n_covered) of int
        1 where a candidate covers something.
    worth : ndarray of shape (n_covered,) of int
        What covering it counts.
    n_picks : int

    Returns
    -------
    ndarray of int
        Positions of candidates, in the order in which they were picked.

    References
    ----------
    Minoux (1978), Accelerated greedy algorithms for maximizing submodular set functions.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from sklime.explanation.greedy_picks import greedy_picks
    >>> covered = sparse.csr_array([[1, 1, 0, 0], [0, 1, 1, 1], [0, 0, 0, 1]])
    >>> greedy_picks(covered, np.ones(4, dtype=int), 3)
    array([1, 0])
    """
    worth = worth.copy()
    bound = covered @ worth
    picks = []
    while len(picks) < n_picks:
        leader = bound.argmax()
        rivals = np.flatnonzero(bound >= covered[[leader]] @ worth)
        bound[rivals] = covered[rivals] @ worth
        best = bound.argmax()
        if bound[best] == 0:
            break
        picks.append(best)
        worth[covered[[best]].indices] = 0
        bound[best] = 0
    return np.array(picks, dtype=np.intp)
