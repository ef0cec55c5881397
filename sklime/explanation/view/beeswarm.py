"""Offsets of a beeswarm plot."""

import numpy as np

# Dots closer than a hundredth of the scale lie side by side; ten of them fill a lane.
_N_BINS, _LANE = 100, 10


def beeswarm_offsets(values, scale):
    """Offsets across a lane, within 0.4 of its middle, that keep near values apart.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Positions along the lane.
    scale : float
        Length of the lane.

    Returns
    -------
    ndarray of shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.explanation.view.beeswarm import beeswarm_offsets
    >>> beeswarm_offsets(np.array([1.0, 1.0, 1.0, 9.0]), scale=10.0)
    array([ 0.  ,  0.08, -0.08,  0.  ])
    """
    bins = np.rint(_N_BINS * values / scale)
    order = np.argsort(bins, kind="stable")
    _, start, counts = np.unique(bins[order], return_index=True, return_counts=True)
    rank = np.empty(len(values), dtype=int)
    rank[order] = np.arange(len(values)) - np.repeat(start, counts)
    steps = (rank + 1) // 2 * np.where(rank % 2, 1, -1)
    return 0.8 * steps / max(_LANE, 2 * np.abs(steps).max(initial=0))
