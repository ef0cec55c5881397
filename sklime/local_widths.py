"""Widths of ``width="local"``: one for each column, by the law of its values."""

from __future__ import annotations

from typing import Any

import numpy as np

# The width that is one for each column, and that of standardised columns then.
LOCAL, LOCAL_WIDTH = "local", 0.7


def local_width(law: Any) -> float:
    """Width of an exponential kernel in one column.

    Parameters
    ----------
    law : Atoms, NormalPieces or Normal
        Law of the column, seen from the explained row.

    Returns
    -------
    float
        Infinite where training never had the row's own bin.
    """
    bins = getattr(law, "bins", None)
    if bins is None or (len(bins) and bins[0] < 0):
        return LOCAL_WIDTH
    q = law.masses[law.deviations == 0.0].sum()
    precision = float(local_precisions(q))
    return precision**-0.5 if precision else np.inf


def local_precisions(q: Any) -> Any:
    """Precisions of ``width="local"`` in columns of bins, by the frequency of the own bin.

    Parameters
    ----------
    q : float or ndarray
        Frequencies. Of a bin that training never had all draws are equally far: 0.
    """
    q = np.asarray(q, dtype=np.float64)
    some = np.where(q > 0.0, q, 1.0)
    return np.where(q > 0.0, -2.0 * (np.log(some) - np.log1p(some)), 0.0)


def laws_of_columns(law: Any, row: Any = None) -> Any:
    """The law of one column, or a list of those of all, by what tells of them.

    Parameters
    ----------
    law : ProductLaw, the law of one column, or a fitted sampler
        A sampler gives its law seen from `row`.
    row : array-like of shape (1, n_features), default=None
        The explained row, for a sampler.

    Returns
    -------
    law, list of laws or None
        None if it tells of no law.
    """
    if row is not None and hasattr(law, "sample"):
        law = law.law(row)
    if hasattr(law, "columns"):
        return list(law.columns)
    return law if hasattr(law, "deviations") else None
