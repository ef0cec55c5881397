"""Schema of a table: the columns of `fit`, with which later tables must agree."""

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from sklime.serialization.state import PlainState
from sklime.tables.access import is_frame


@dataclass(frozen=True)
class TableSchema(PlainState):
    """Schema of a training table: its columns, and whether it was sparse.

    Parameters
    ----------
    is_sparse : bool
        Whether it was a sparse matrix.
    n_columns : int
        Its width.
    columns : tuple or None
        The columns of a frame, of any type; None: no frame.
    container : type or None
        What holds a sparse table, which models may tell apart, CSR matrix or CSR array; or
        the class of a frame.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklime.tables import TableSchema
    >>> TableSchema.of(pd.DataFrame({"age": [31, 8], "pet": ["dog", "cat"]}))
    TableSchema(is_sparse=False, n_columns=2, columns=('age', 'pet'))
    """

    is_sparse: bool
    n_columns: int
    columns: tuple | None = None
    container: type | None = field(default=None, repr=False)

    @classmethod
    def of(cls, X):
        """Read the schema of a checked table."""
        columns = tuple(X.columns) if is_frame(X) else None
        is_sparse = sparse.issparse(X)
        container = type(X) if is_sparse or columns is not None else None
        return cls(is_sparse, X.shape[1], columns, container)

    def check(self, X, reader):
        """Check a later table, and make it sparse where the training table was.

        Parameters
        ----------
        reader : str
            Who was fitted, for messages.

        Returns
        -------
        ndarray, DataFrame, CSR matrix or CSR array

        Raises
        ------
        TypeError
            If it is sparse, and the training table was dense.
        ValueError
            If it is a frame with other columns than the training frame had.
        """
        if is_frame(X):
            # scikit-learn compares names that are strings only.
            if self.columns is not None and not _same_names(self.columns, tuple(X.columns)):
                raise ValueError(
                    f"the columns {list(X.columns)} are not those of the fit, "
                    f"{list(self.columns)}: pass the same columns in the same order."
                )
            if X.shape[1] != self.n_columns:
                raise ValueError(
                    f"X has {X.shape[1]} features, but {reader} is expecting "
                    f"{self.n_columns} features as input."
                )
        elif self.is_sparse:
            return X if isinstance(X, self.container) else self.container(X)
        elif sparse.issparse(X):
            raise TypeError(
                f"{reader} was fitted on a dense table and got a sparse one: "
                "fit it on a sparse table, or pass X.toarray()."
            )
        return X

    def check_order(self, X):
        """Refuse a frame that holds the training frame's columns in another order, or more.

        Raises
        ------
        ValueError
            If it does. Other differences are for `check`, and for scikit-learn.
        """
        names, known = list(X.columns), list(self.columns)
        strings = all(isinstance(name, str) for name in [*names, *known])
        if strings and names != known and sorted(names) == sorted(known):
            raise ValueError(
                "The feature names should match those that were passed during fit.\n"
                "Feature names must be in the same order as they were in fit. Pass "
                "X[explainer.feature_names_in_]."
            )
        if strings and set(names) > set(known):
            extra = sorted(set(names) - set(known))
            shown = [f"- {name}" for name in extra[:5]] + ["- ..."] * (len(extra) > 5)
            raise ValueError(
                "The feature names should match those that were passed during fit.\n"
                "Feature names unseen at fit time:\n"
                + "\n".join(shown)
                + "\nPass X[explainer.feature_names_in_]."
            )


def _same_names(one, other):
    """Whether two tuples of names are equal, NaN being equal to itself."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same_names, one, other))
    return one is other or one == other or (one != one and other != other)


def default_names(n):
    """Names of columns that have none, ndarray of str: ``x0``, ``x1``, ..."""
    return np.array([f"x{j}" for j in range(n)], dtype=object)
