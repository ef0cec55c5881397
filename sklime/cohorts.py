"""Cohorts: groups of rows that are explained alike, each named by a rule."""

from __future__ import annotations

from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.validation import check_array, check_consistent_length

from sklime.base import DocumentedEstimator
from sklime.explanation.attribution import Attribution
from sklime.explanation.container import Explanation
from sklime.explanation.matrix import attribution_matrix, check_finite_rows
from sklime.fitting import atomic_fit
from sklime.laws.columns import BinnedColumn
from sklime.samplers.kinds.text_containers import holds_texts
from sklime.tables.checks import check_table
from sklime.tables.dense import DenseFormat
from sklime.tables.typing import TableLike
from sklime.validation import check_count, is_count

__all__ = ["Cohorts"]


class Cohorts(DocumentedEstimator):
    """Split a table into a few groups of rows that are explained alike, and name each.

    A regression tree predicts a row's attributions from the row itself; its leaves are the
    groups, its paths their names. So the rules speak of the table's own columns, and new
    rows are sorted into groups without being explained. Each split is the one that most
    reduces the squared distance of the attributions from their group's mean, in the units
    of the model's output: features that hardly matter anywhere do not count.

    Rules on the attributions themselves, where there is no table to speak of, are those of
    ``Cohorts().fit(A, A)``.

    Parameters
    ----------
    max_groups : int, default=4
        Number of groups at most.
    min_rows : int or float, default=0.05
        Fewest rows of a group: a number, or, as a float in (0, 1), a share of all rows.
    attribution : {"contribution", "effect"} or None, default=None
        What of an `Explanation` is looked at. None: contributions, whose sums are the local
        predictions; effects where the explanation does not know contributions. A matrix is
        taken as it is.

    Attributes
    ----------
    labels_ : ndarray of shape (n_rows,) of int
        The group of each training row.
    rules_ : list of n_groups str
        What the rows of each group have in common, such as ``"age <= 30 and pet = cat"``.
        Of two categories, or two integers, each group names its own. A value that training
        never had is unlike any other, and goes where another one is not asked for; a
        missing one, where training had none, goes with the larger side.
    centers_ : ndarray of shape (n_groups, n_attributions)
        Mean attributions of each group.
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `fit` saw a frame.

    See Also
    --------
    sklime.pick.SubmodularPick : A few rows that together show what matters.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklime.cohorts import Cohorts
    >>> X = pd.DataFrame({"age": [20, 24, 30, 50, 60, 70, 80], "home": list("tcvtctv")})
    >>> A = np.zeros((7, 2))
    >>> A[:, 0] = np.where(X["age"] <= 40, 0.1, 0.4)
    >>> A[:, 1] = np.where((X["age"] > 40) & (X["home"] == "t"), 0.2, 0.0)
    >>> cohorts = Cohorts(max_groups=3, min_rows=1).fit(X, A)
    >>> cohorts.rules_
    ['age <= 40', 'age > 40 and home != t', 'age > 40 and home = t']
    >>> cohorts.centers_
    array([[0.1, 0. ],
           [0.4, 0. ],
           [0.4, 0.2]])
    >>> cohorts.predict(pd.DataFrame({"age": [41], "home": ["v"]}))
    array([1])
    """

    # What `fit` saw of the table, a `TableSchema`.
    _schema = None

    labels_: NDArray[np.intp]
    rules_: list[str]
    centers_: NDArray[np.float64]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def __init__(
        self,
        max_groups: int = 4,
        min_rows: float = 0.05,
        *,
        attribution: Attribution | None = None,
    ) -> None:
        self.max_groups = max_groups
        self.min_rows = min_rows
        self.attribution = attribution

    @atomic_fit
    def fit(
        self, X: TableLike | Explanation, y: TableLike | Explanation | None = None
    ) -> Self:
        """Find the groups.

        Parameters
        ----------
        X : ndarray, pandas or polars frame of shape (n_rows, n_features_in), or Explanation
            The explained rows: numbers, strings, categories, booleans, missing values. An
            explanation alone stands for its rows and their attributions.
        y : array-like or Explanation of shape (n_rows, n_attributions)
            Their attributions, as `LimeExplainer.transform` or `explain` gives them.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If the table is sparse, `X` holds texts, an explanation is given in the place
            of the table, or `X` or `y` is an explainer.
        ValueError
            If a row has attributions that are not finite, or a parameter is no such number.
        """
        self._check_parameters()
        if isinstance(X, Explanation):
            X, y = _rows_and_attributions(X, y)
        if y is None and hasattr(X, "explain"):
            raise TypeError(
                f"X is an explainer, {type(X).__name__}: explain first, "
                "Cohorts().fit(explainer.explain(X))."
            )
        if y is None:
            raise ValueError(
                "Cohorts requires y to be passed, but the target y is None: pass the "
                "attributions of the rows."
            )
        if holds_texts(X):
            raise TypeError(
                "Cohorts makes rules of the columns of a table, while X holds texts: pass "
                "a table of what else is known of them, such as their length or source, "
                "with their attributions as y."
            )
        if sparse.issparse(X):
            raise TypeError(
                "Cohorts got a sparse X, but needs a dense one: choose the columns that "
                "rules may speak of, and pass X[:, columns].toarray()."
            )
        X = check_table(self, X, reset=True)
        A = check_array(
            attribution_matrix(y, self.attribution),
            dtype=np.float64,
            ensure_2d=False,
            ensure_all_finite=False,
            input_name="y",
        )
        check_consistent_length(X, A)
        check_finite_rows(A := A.reshape(len(A), -1), "y")
        self._format = DenseFormat(X)
        E = self._format.encode(X)
        fewest = self.min_rows
        if not is_count(fewest):
            fewest = int(np.ceil(fewest * len(E)))
        self._columns = [
            _Nominal(e, fewest) if nominal else _Numeric(e, integer)
            for e, nominal, integer in zip(
                E.T, self._format.nominal, self._format.integer, strict=True
            )
        ]
        # The seed decides between splits that tie.
        self._tree = DecisionTreeRegressor(
            max_leaf_nodes=self.max_groups, min_samples_leaf=fewest, random_state=0
        ).fit(self._tests(E), A)
        leaves, paths = zip(*_paths(self._tree.tree_), strict=True)
        self._group = np.full(self._tree.tree_.node_count, -1)
        self._group[list(leaves)] = np.arange(len(leaves))
        self.labels_ = self._group[self._tree.apply(self._tests(E))]
        self.rules_ = [self._rule(path) for path in paths]
        self.centers_ = self._tree.tree_.value[list(leaves), :, 0]
        return self

    def predict(self, X: TableLike | Explanation) -> NDArray[np.intp]:
        """Sort rows into the groups.

        Parameters
        ----------
        X : ndarray, pandas or polars frame of shape (n_rows, n_features_in), or Explanation
            Rows, explained or not. An explanation stands for its rows.

        Returns
        -------
        ndarray of shape (n_rows,) of int
            Positions in `rules_` and `centers_`.
        """
        if isinstance(X, Explanation):
            X, _ = _rows_and_attributions(X, None)
        X = check_table(self, X, reset=False)
        return self._group[self._tree.apply(self._tests(self._format.encode(X)))]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags

    def _check_parameters(self):
        check_count("max_groups", self.max_groups, 2)
        n = self.min_rows
        share = isinstance(n, (float, np.floating)) and 0.0 < n < 1.0
        if not (share or is_count(n)):
            raise ValueError(
                f"min_rows={n!r} must be an integer of at least 1, or a share of all rows "
                "between 0 and 1."
            )

    def _tests(self, E):
        """Features of the decision tree: numeric ranks, and an indicator for each level."""
        tests = [column.tests(e) for column, e in zip(self._columns, E.T, strict=True)]
        return np.column_stack(tests)

    def _rule(self, path):
        """Rule of a tree path in words: one condition for each column that is tested."""
        owners = [
            (j, k) for j, column in enumerate(self._columns) for k in range(column.n_tests)
        ]
        steps = {}
        for test, *step in path:
            j, k = owners[test]
            steps.setdefault(j, []).append((k, *step))
        names, describe = self._format.feature_names, self._format.describe
        conditions = [
            self._columns[j].condition(
                names[j], partial(describe, j), partial(self._format.edge, j), own
            )
            for j, own in steps.items()
        ]
        return " and ".join(conditions) or "all rows"


def _rows_and_attributions(explanation, y):
    """The table that an explanation explains, and the explanation."""
    if y is not None:
        raise TypeError(
            f"X is an {type(explanation).__name__} and y a {type(y).__name__}: the rows "
            "come first, Cohorts().fit(X, explanation), or the explanation alone, "
            "Cohorts().fit(explanation)."
        )
    if explanation.kind != "table":
        raise ValueError(
            f"Cohorts got an explanation of kind {explanation.kind!r}, but its rules need "
            "columns to speak of: pass a table that describes the rows as X, and the "
            "explanation as y."
        )
    return explanation.data, explanation


class _Numeric:
    """Numeric column as one tree feature: the rank of a number among those of training.

    Ranks keep apart what trees, which read single precision, would not.
    """

    n_tests = 1

    def __init__(self, e, integer):
        self.values, counts = np.unique(e, return_counts=True)
        self.masses = counts / len(e)
        observed = self.values[~np.isnan(self.values)]
        self.cuts = observed[:-1] / 2.0 + observed[1:] / 2.0
        if integer:
            # Between integers the lower one of two says the same, as in conditions.
            self.cuts = np.floor(self.cuts)
        self.pair = self.values if integer and len(self.values) == 2 else None

    def tests(self, e):
        return np.where(np.isnan(e), np.nan, np.searchsorted(self.cuts, e))

    def condition(self, name, text, edge, steps):
        _, thresholds, left, missing = map(np.array, zip(*steps, strict=True))
        low = thresholds[~left].max(initial=-np.inf)
        high = thresholds[left].min(initial=np.inf)
        # A threshold of infinity parts the missing values from all others.
        if low == np.inf:
            return f"{name} is missing"
        ranks = [int(rank) for rank in (low, high) if np.isfinite(rank)]
        if not ranks:
            return f"{name} is not missing"
        if self.pair is not None:
            return f"{name} = {text(self.pair[int(np.isfinite(low))])}"
        column = BinnedColumn(self.values, self.masses, self.cuts[ranks])
        interval = column.labels(name, text, edge)[int(np.isfinite(low))]
        either = column.has_missing and missing.all()
        return f"{interval} (or missing)" if either else interval


class _Nominal:
    """Nominal column as tree features: an indicator for each frequent level."""

    def __init__(self, e, fewest):
        levels, counts = np.unique(e, return_counts=True)
        self.levels = levels[counts >= min(fewest, counts.max())]
        self.pair = levels if len(levels) == 2 else None
        self.n_tests = len(self.levels)

    def tests(self, e):
        e = e[:, np.newaxis]
        return (e == self.levels) | (np.isnan(e) & np.isnan(self.levels))

    def condition(self, name, text, edge, steps):
        # To be of one level says more than not to be of others.
        steps = [step for step in steps if not step[2]] or steps
        words = []
        for k, _, other, _ in steps:
            level = self.levels[k]
            if other and self.pair is not None:
                # Not to be of one of two levels is to be of the other; NaN sorts last.
                level, other = self.pair[int(level == self.pair[0])], False
            if np.isnan(level):
                words.append(f"{name} is {'not ' * other}missing")
            else:
                words.append(f"{name} {'!=' if other else '='} {text(level)}")
        return " and ".join(words)


def _paths(tree, node=0, path=()):
    """Yield the path to each leaf of the tree, from left to right.

    A step is the test, its threshold, whether it goes left (at or below the threshold),
    and whether missing values go the same way.
    """
    if tree.children_left[node] < 0:
        yield node, path
        return
    missing_left = bool(tree.missing_go_to_left[node])
    for left, children in ((True, tree.children_left), (False, tree.children_right)):
        step = (tree.feature[node], tree.threshold[node], left, left == missing_left)
        yield from _paths(tree, children[node], (*path, step))
