"""Bins of numeric columns: where to cut them."""

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.preprocessing import KBinsDiscretizer
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.multiclass import type_of_target

from sklime.exceptions import caught_warnings
from sklime.laws.quasirandom import seeded
from sklime.validation import check_count

_MOST_BINS = 1_000_000
BINNINGS = ("quantile", "uniform", "kmeans", "entropy")


def cut_points(x, distinct, weights, binning, n_bins, y=None):
    """Inner edges of the bins of one column.

    A value equal to an edge lies in the bin below it. Every bin holds training values:
    edges that would leave one empty are dropped, and a column that would end up in a
    single bin although it varies is cut below its maximum.

    Parameters
    ----------
    x : ndarray of shape (n_rows,)
        Observed values, none missing.
    distinct : ndarray of shape (n_values,)
        Those that differ, sorted.
    weights : ndarray of shape (n_rows,) or None
        Weights of the rows.
    binning : {"quantile", "uniform", "kmeans", "entropy"} or discretiser
        "entropy" cuts where a decision tree of at most `n_bins` leaves separates the
        classes `y` best, at the median where it finds nothing. A scikit-learn
        discretiser is cloned, fitted to the column and asked for its `bin_edges_`.
    n_bins : int
        Number of bins at most; a discretiser brings its own.
    y : ndarray of shape (n_rows,), optional
        Class labels, needed by "entropy".

    Returns
    -------
    ndarray of shape (n_bins_found - 1,)
        Increasing edges.
    """
    if len(distinct) < 2:
        return np.empty(0)
    if not isinstance(binning, str):
        # With a fixed seed, as bins are no draws: equal columns are cut alike.
        edges = _discretiser_edges(seeded(clone(binning), 0), x, weights)
    elif binning == "quantile":
        edges = _quantiles(x, weights, np.arange(1, n_bins) / n_bins)
    elif binning == "uniform":
        edges = np.linspace(distinct[0], distinct[-1], n_bins + 1)[1:-1]
    elif binning == "kmeans":
        n_bins = min(n_bins, len(distinct))
        edges = _discretiser_edges(
            KBinsDiscretizer(n_bins, encode="ordinal", strategy="kmeans", subsample=None),
            x,
            weights,
        )
    else:
        edges = _entropy_edges(x, weights, n_bins, y)
    return _separating(edges, distinct)


def check_binning(binning, n_bins, y):
    """Check the parameters of `cut_points`, before any column is binned.

    Raises
    ------
    ValueError
        If `binning` is unknown, `n_bins` below 2, or "entropy" has no class labels.
    """
    if isinstance(binning, str) and binning not in BINNINGS:
        raise ValueError(
            f"binning={binning!r} is unknown; use one of {', '.join(BINNINGS)} or a "
            "scikit-learn discretiser."
        )
    if not isinstance(binning, str) and not hasattr(binning, "fit"):
        raise TypeError(
            f"binning={binning!r} is not a discretiser: give an instance with fit and "
            f"bin_edges_, or one of {', '.join(BINNINGS)}."
        )
    check_count("n_bins", n_bins, 2, otherwise=", or None for standardised values")
    if n_bins > _MOST_BINS:
        raise ValueError(
            f"n_bins={n_bins!r} is more than {_MOST_BINS:,}, the most there can be: use a "
            "few, or None for standardised values."
        )
    if isinstance(binning, str) and binning == "entropy":
        if y is None:
            raise ValueError('binning="entropy" needs class labels: pass y to fit.')
        if type_of_target(y) not in ("binary", "multiclass"):
            raise ValueError(
                'binning="entropy" needs class labels, but y is '
                f'{type_of_target(y)!r}; use binning="quantile".'
            )


def _quantiles(x, weights, shares):
    """Linear quantiles in which an integer weight counts as that many equal rows."""
    if weights is None:
        return np.quantile(x, shares)
    values, inverse = np.unique(x, return_inverse=True)
    counts = np.bincount(inverse, weights)
    values, counts = values[counts > 0], counts[counts > 0]
    # Weights that sum to less than the rows they are for are frequencies in another unit.
    counts = counts * max(1.0, np.count_nonzero(weights) / counts.sum())
    last = np.cumsum(counts) - 1.0
    first = np.minimum(last - counts + 1.0, last)
    positions = np.stack([first, last], axis=1).ravel()
    return np.interp(shares * last[-1], positions, np.repeat(values, 2))


def _discretiser_edges(discretiser, x, weights):
    """Inner edges of a fitted discretiser, whose bins are closed on the left."""
    with caught_warnings():
        # They say that bins were merged; `_separating` merges in any case.
        warnings.filterwarnings("ignore", message="Bins whose width are too small")
        warnings.filterwarnings("ignore", message="Number of distinct clusters")
        discretiser.fit(
            x[:, np.newaxis], **({} if weights is None else {"sample_weight": weights})
        )
    edges = getattr(discretiser, "bin_edges_", None)
    if edges is None:
        raise TypeError(
            f"binning={discretiser!r} has no bin_edges_ after fit, so its bins cannot be "
            "drawn from; use KBinsDiscretizer."
        )
    return np.nextafter(np.asarray(edges[0], dtype=np.float64)[1:-1], -np.inf)


def _entropy_edges(x, weights, n_bins, y):
    tree = DecisionTreeClassifier(
        criterion="entropy",
        max_leaf_nodes=n_bins,
        max_depth=int(np.ceil(np.log2(n_bins))),
        random_state=0,
    ).fit(x[:, np.newaxis], y, sample_weight=weights)
    inner = tree.tree_.children_left >= 0
    return np.sort(tree.tree_.threshold[inner]) if inner.any() else np.array([np.median(x)])


def _separating(edges, distinct):
    """Bin edges that have training values on both sides and in every bin between."""
    below = np.searchsorted(distinct, edges, side="right")
    _, first = np.unique(below, return_index=True)
    kept = first[(below[first] > 0) & (below[first] < len(distinct))]
    return edges[kept] if len(kept) else distinct[-2:-1]
