"""Anchors: the rules of explained rows, with what is known of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklime.anchors.criteria import KINDS
from sklime.anchors.html_page import AnchorsPage
from sklime.anchors.rules import Rule, as_table
from sklime.anchors.serialization import AnchorsJSON
from sklime.explanation.labels import RowsByLabel, row_labels, row_position
from sklime.tables.access import in_sparse_interface, n_rows, take_rows
from sklime.tables.typing import Table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# Fields with one entry a row, as arrays and as lists.
_ARRAYS = (
    "precisions",
    "precision_intervals",
    "coverages",
    "coverage_intervals",
    "valid",
    "predictions",
    "features",
    "target_names",
    "tolerances",
)
_LISTS = ("rules", "steps", "examples")


@dataclass(frozen=True, eq=False, repr=False)
class Anchors(AnchorsJSON, AnchorsPage):
    """Anchors of rows: for each row a rule that suffices for the model's answer.

    Indexed by rows, as explanations are: an int, a slice, a mask or ints give the Anchors
    of these rows; `loc` finds rows by the labels of their index.

    Parameters
    ----------
    rules : list of n Rule
        The rules, which their rows keep.
    precisions : ndarray of shape (n,)
        What the criterion is about, within each rule: for "hard" and "share" the share of
        draws, for "soft" and "mean" the expected answer.
    precision_intervals : ndarray of shape (n, 2)
        Confidence intervals of these; both ends equal where nothing is estimated.
    coverages : ndarray of shape (n,)
        Shares of the training rows that keep the rules.
    coverage_intervals : ndarray of shape (n, 2)
        Confidence intervals of the shares among all rows such as these.
    valid : ndarray of shape (n,) of bool
        Whether the rule suffices; else it is the best that was found.
    predictions : ndarray of shape (n,)
        The model's answers to the rows: of the explained output.
    features : ndarray of shape (n, d) of bool
        Which features the rules have conditions on.
    feature_names : ndarray of shape (d,) of str
    target_names : ndarray of shape (n,)
        The explained output of each row: of classifiers its class.
    steps : list of n ndarrays of shape (length + 1, 2)
        Precision and coverage of the empty rule, of the first condition, of the first two,
        and so on. Precisions of all but the last step are rougher estimates.
    data : table of n rows
        The explained rows.
    examples : list of n dict
        Training rows that keep each rule, of two kinds: "same", to which the model answers
        as to the row, and "other", to which it does not; up to three of each, of 256 that
        the model is asked about.
    meta : dict
        How the rules were found.
    criterion : {"auto", "hard", "soft", "mean", "share"}, default="auto"
        What it means that a rule suffices, as of `AnchorExplainer`. "auto": the criterion
        that `meta` names, else "hard"; the field then holds that one.
    tolerances : ndarray of shape (n,), default=NaN
        How far, by "mean" and "share", answers may be from those to the rows; NaN for other
        criteria and where it is not known. A number stands for all rows.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklime import AnchorExplainer
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> anchors = AnchorExplainer(forest, random_state=0).fit(X).explain(X[:3])
    >>> print(anchors.rules[0])
    petal length (cm) <= 1.6 and petal width (cm) <= 0.3
    >>> float(anchors.coverages[0]), anchors.apply(X[:5])[:, 0]
    (0.253, array([ True,  True,  True,  True,  True]))
    """

    rules: list[Rule]
    precisions: NDArray[np.float64]
    precision_intervals: NDArray[np.float64]
    coverages: NDArray[np.float64]
    coverage_intervals: NDArray[np.float64]
    valid: NDArray[np.bool_]
    predictions: NDArray[np.float64]
    features: NDArray[np.bool_]
    feature_names: NDArray[np.object_]
    target_names: NDArray[Any]
    steps: list[NDArray[np.float64]]
    data: Table
    examples: list[dict[str, Any]]
    meta: dict[str, Any] = field(default_factory=dict)
    criterion: str = "auto"
    tolerances: NDArray[np.float64] = field(default_factory=lambda: np.array(np.nan))

    def __post_init__(self):
        n = len(self.rules)
        if self.criterion == "auto":
            object.__setattr__(self, "criterion", self.meta.get("criterion", "hard"))
        if self.criterion not in KINDS:
            raise ValueError(
                f"criterion={self.criterion!r} must be one of {', '.join(KINDS)}"
            )
        tolerances = np.asarray(self.tolerances, dtype=np.float64)
        if tolerances.ndim > 1:
            raise ValueError(
                f"tolerances must be of shape ({n},), and have the shape "
                f"{tolerances.shape}: give one a row"
            )
        if tolerances.ndim == 0:
            tolerances = np.full(n, tolerances)
        object.__setattr__(self, "tolerances", tolerances)
        counts = {name: len(getattr(self, name)) for name in (*_ARRAYS, *_LISTS)}
        counts["data"] = n_rows(self.data)
        for name, count in counts.items():
            if count != n:
                raise ValueError(
                    f"{name} has {count} rows and rules has {n}: give one of each a row"
                )

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Pickles of an older sklime lack fields, which so get their defaults.
        Anchors.__init__(self, **state)

    def __len__(self) -> int:
        return len(self.rules)

    def __repr__(self) -> str:
        n, valid = len(self), int(self.valid.sum())
        told = f"<Anchors of {n} row{'s' * (n != 1)}, {valid} valid"
        if not n:
            return f"{told}>"
        numbers = f"precision {self.precisions[0]:.3g}, coverage {self.coverages[0]:.3g}"
        return f"{told}; the first: {self.rules[0]}, {numbers}>"

    def __iter__(self) -> Iterator[Self]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, rows: Any) -> Self:
        try:
            positions = np.atleast_1d(np.arange(len(self))[rows])
            if positions.ndim > 1:  # None and single bools add an axis
                raise IndexError("too many axes")
        except IndexError as error:
            raise IndexError(
                f"rows={rows!r} must be an int, a slice, a boolean mask or ints, of "
                f"{len(self)} rows; anchors.loc[label] finds rows by their labels"
            ) from error
        lists = {name: [getattr(self, name)[i] for i in positions] for name in _LISTS}
        arrays = {name: getattr(self, name)[positions] for name in _ARRAYS}
        return replace(self, **lists, **arrays, data=take_rows(self.data, positions))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Anchors):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    # Its arrays can change.
    __hash__ = None  # type: ignore[assignment]

    @property
    def loc(self) -> RowsByLabel[Self]:
        """Rows by the labels of the explained frame's index, as in pandas."""
        return RowsByLabel(self)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and number of features."""
        n, d = self.features.shape
        return n, d

    def apply(self, X: Table) -> Any:
        """Tell which rows each rule covers.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_rows, n_features)
            With the columns of the training table: of frames they are found by name.

        Returns
        -------
        ndarray or CSR matrix of shape (n_rows, n_rules) of bool
            Sparse where `X` is.
        """
        X = as_table(X, (own for rule in self.rules for own in rule.conditions))
        known = {}
        covered = np.ones((X.shape[0], len(self)), dtype=bool)
        for i, rule in enumerate(self.rules):
            for condition in rule.conditions:
                if condition not in known:
                    known[condition] = condition.holds(X)
                covered[:, i] &= known[condition]
        if not sparse.issparse(X):
            return covered
        return in_sparse_interface(sparse.csr_matrix(covered))

    def to_query(self, row: int) -> str:
        """Write the rule of one row for `pandas.DataFrame.query`.

        Parameters
        ----------
        row : int
            Position of the row.

        Returns
        -------
        str

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> from sklime import AnchorExplainer
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> model = DecisionTreeClassifier(random_state=0).fit(X, y)
        >>> anchors = AnchorExplainer(model, random_state=0).fit(X).explain(X[:1])
        >>> print(anchors.rules[0])
        petal width (cm) <= 0.3
        >>> anchors.to_query(0)
        '(`petal width (cm)` <= 0.3)'
        >>> len(X.query(anchors.to_query(0)))
        41
        """
        return self.rules[row_position(row, self)].to_query()

    def plot(self, row: int = 0, *, ax: Axes | None = None) -> Any:
        """Draw the steps that lead to one row's rule; it needs matplotlib.

        Parameters
        ----------
        row : int, default=0
            Position of the row.
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.

        Returns
        -------
        AnchorDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        # By name, as packages side by side do not import each other.
        display = import_module("sklime.plotting").AnchorDisplay
        return display.from_anchors(self, row=row, ax=ax)

    def to_frame(self) -> pd.DataFrame:
        """Tabulate the rules, one line for each row.

        Returns
        -------
        pandas.DataFrame
            With the labels of the explained rows, and the columns "rule", "length",
            "precision", "precision_lower", "precision_upper", "coverage",
            "coverage_lower", "coverage_upper", "valid", "target" and "prediction".
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "rule": list(map(str, self.rules)),
                "length": list(map(len, self.rules)),
                "precision": self.precisions,
                "precision_lower": self.precision_intervals[:, 0],
                "precision_upper": self.precision_intervals[:, 1],
                "coverage": self.coverages,
                "coverage_lower": self.coverage_intervals[:, 0],
                "coverage_upper": self.coverage_intervals[:, 1],
                "valid": self.valid,
                "target": self.target_names,
                "prediction": self.predictions,
            },
            index=row_labels(self),
        )

    def with_examples(self, wanted: Sequence[dict[str, Any]]) -> Self:
        """The same with other examples."""
        return replace(self, examples=list(wanted))
