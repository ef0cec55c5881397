"""Groups of columns that are drawn together: as users name them, or by correlation."""

from numbers import Integral

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

# Rank correlation, on average, of columns that `groups="auto"` puts together.
_CORRELATED = 0.7

# Columns that the name of such a group tells.
_MOST_NAMED = 3


def check_groups(groups):
    """Raise a ValueError where `groups` is none of what it may be."""
    automatic = isinstance(groups, str) and groups in ("auto", "dummies")
    if groups is None or automatic or isinstance(groups, dict):
        return
    raise ValueError(
        f"groups={groups!r:.200} of MarginalSampler must be None, 'auto', 'dummies', "
        "or a dict from names of groups to lists of columns, such as {'size': ['width', "
        "'height']}."
    )


def positions_of_groups(groups, names, labels=()):
    """Find the columns of groups.

    Parameters
    ----------
    groups : dict
        As users give them: lists of names, labels or positions of columns, by name.
    names : ndarray of shape (n_columns,) of str
        Names of the columns.
    labels : sequence
        The columns' labels in their frame, of any type.

    Returns
    -------
    dict of str to list of int
        Positions, ascending.

    Raises
    ------
    ValueError
        If a group has fewer than two columns, or all; if a column is absent, or in two
        groups; or if a name is not a feature's own.
    """
    known = dict(zip(names, range(len(names)), strict=True))
    known |= dict(zip(labels, range(len(names)), strict=False))
    found, owners = {}, {}
    for group, columns in groups.items():
        if isinstance(columns, str | bytes) or not np.iterable(columns):
            raise ValueError(
                f"groups[{group!r}]={columns!r} must be a list of columns, two at least."
            )
        own = [_position(column, group, known, names) for column in columns]
        if len(set(own)) < 2:
            raise ValueError(
                f"groups[{group!r}]={columns!r} has {len(set(own))} column(s), and a group "
                "needs two at least: leave it out, a column that is in no group is a "
                "feature of its own."
            )
        if len(set(own)) < len(own):
            raise ValueError(
                f"groups[{group!r}]={columns!r} holds a column more than once: name each "
                "once."
            )
        if len(own) == len(names):
            raise ValueError(
                f"groups[{group!r}] holds all {len(own)} columns of the table, so that "
                "there is one feature and nothing to compare it with: leave columns out."
            )
        for j in own:
            if j in owners:
                raise ValueError(
                    f"groups {owners[j]!r} and {group!r} overlap in column {names[j]!r}: "
                    "leave it in one of them."
                )
            owners[j] = group
        if str(group) in found:
            raise ValueError(
                f"groups has the name {str(group)!r} more than once: give each group a "
                "name of its own."
            )
        found[str(group)] = sorted(own)
    for group in found:
        taken = known.get(group)
        if taken is not None and taken not in owners:
            raise ValueError(
                f"groups has the name {group!r}, which is that of a column in no group: "
                "give the group another name."
            )
    return found


def correlated_groups(E, names):
    """Clusters of columns by rank correlation, with average linkage.

    Parameters
    ----------
    E : ndarray of shape (n_rows, n_columns)
        Numeric columns; NaN for missing values.
    names : ndarray of shape (n_columns,) of str
        Their names.

    Returns
    -------
    dict of str to list of str
        Columns of each cluster of two at least.
    """
    if E.shape[1] < 2:
        return {}
    ranks = np.zeros(E.shape)
    for own, x in zip(ranks.T, E.T, strict=True):
        observed = ~np.isnan(x)
        # Missing values stand at the mean, which is 0.
        own[observed] = rankdata(x[observed])
        own[observed] -= own[observed].mean() if observed.any() else 0.0
    sizes = np.sqrt(np.square(ranks).sum(axis=0))
    ranks /= np.where(sizes > 0.0, sizes, 1.0)
    distances = 1.0 - np.abs(np.clip(ranks.T @ ranks, -1.0, 1.0))
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances, checks=False), "average")
    clusters = fcluster(tree, 1.0 - _CORRELATED, "distance")
    found = {}
    for cluster in dict.fromkeys(clusters):
        own = names[clusters == cluster].tolist()
        if len(own) > 1:
            found[_name(own)] = own
    return found


def groups_of_dummies(E, names):
    """Dummies of one category each, by names such as "pet_cat" and "pet_dog".

    Parameters
    ----------
    E : ndarray of shape (n_rows, n_columns)
        Numbers.
    names : ndarray of shape (n_columns,) of str
        Their names.

    Returns
    -------
    dict of str to list of str
        Columns of 0 and 1 that share what is before an underscore, and at most one of
        which is 1 in every row.
    """
    columns = {}
    for j in np.flatnonzero(np.isin(E, (0.0, 1.0)).all(axis=0)).tolist():
        parts = names[j].split("_")
        for k in range(1, len(parts)):
            columns.setdefault("_".join(parts[:k]), []).append(j)
    found, taken = {}, set()
    # Levels may have underscores, too: "city_new_york" goes with "city_rome".
    for prefix in sorted(columns, key=len):
        own = [j for j in columns[prefix] if j not in taken]
        counts = E[:, own].sum(axis=1)
        if prefix and E[:, own].any(axis=0).sum() > 1 and counts.max() <= 1.0:
            found[prefix] = names[own].tolist()
            taken.update(own)
    return found


def _name(columns):
    shown = columns[:_MOST_NAMED] if len(columns) <= _MOST_NAMED else columns[:2]
    left = len(columns) - len(shown)
    return " + ".join(shown) + (f" + {left} more" if left else "")


def _position(column, group, known, names):
    """Position of a column by its name, its label in the frame, or its position."""
    try:
        if column in known:
            return known[column]
    except TypeError:
        # What cannot be a key is no label.
        pass
    if isinstance(column, Integral) and not isinstance(column, bool):
        if 0 <= column < len(names):
            return int(column)
        raise ValueError(
            f"groups[{group!r}] holds column {column}, and the table has {len(names)}: "
            f"positions go from 0 to {len(names) - 1}."
        )
    raise ValueError(
        f"groups[{group!r}] holds {column!r}, which is no column of the table: its columns "
        f"are {', '.join(map(repr, names[:10]))}{' and others' * (len(names) > 10)}."
    )
