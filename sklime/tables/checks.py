"""Checks of what users hand to samplers: tables, weights, options."""

import numpy as np
from sklearn.utils.validation import validate_data

from sklime.fitting import check_fitted
from sklime.tables.access import is_frame
from sklime.tables.arrow_tables import as_frame, from_arrow
from sklime.tables.lazy import refuse_lazy
from sklime.tables.schema import TableSchema, default_names


def check_table(owner, X, *, reset):
    """Check a table against what its owner was fitted on, and leave its kind as it is.

    Parameters
    ----------
    owner : estimator
        Whose `n_features_in_`, `feature_names_in_` and `_schema` are set or compared.
    reset : bool
        Whether this is the fit.

    Returns
    -------
    ndarray, DataFrame or CSR matrix

    Raises
    ------
    ValueError
        If it is empty, has other columns than in `fit`, or fewer than two rows in `fit`.
    """
    if not reset:
        check_fitted(owner)
    fewest = 2 if reset else 1
    X = _as_table(owner, X, reset)
    if is_frame(X) and _mixes_names(X):
        # scikit-learn refuses them, and knows only names that are strings.
        owner.n_features_in_ = X.shape[1] if reset else owner.n_features_in_
        if reset:
            vars(owner).pop("feature_names_in_", None)
    elif is_frame(X):
        validate_data(owner, X, reset=reset, skip_check_array=True)
    else:
        X = validate_data(
            owner,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype=None,
            ensure_all_finite="allow-nan",
            ensure_min_samples=fewest,
        )
    if reset:
        owner._schema = TableSchema.of(X)
    else:
        X = owner._schema.check(X, type(owner).__name__)
    if X.shape[1] == 0 or X.shape[0] < fewest:
        raise ValueError(
            f"the table has {X.shape[0]} row(s) and {X.shape[1]} column(s), while at least "
            f"{fewest} row(s) and 1 column are needed."
        )
    return X


def find_categorical(categorical_features, table_format):
    """Resolve `categorical_features` into a mask over the columns.

    Parameters
    ----------
    categorical_features : "from_dtype", array-like or None
        As users give it: by dtype alone, or a mask, indices or names of further columns.
    table_format : TableFormat
        Knows names and dtypes.

    Returns
    -------
    ndarray of shape (n_features,) of bool

    Raises
    ------
    ValueError
        If it names no column of the table.
    """
    names, nominal = table_format.feature_names, table_format.nominal
    if isinstance(categorical_features, str) and categorical_features == "from_dtype":
        return nominal.copy()
    mask = np.zeros(len(names), dtype=bool)
    chosen = np.asarray([] if categorical_features is None else categorical_features)
    if chosen.ndim != 1:
        raise ValueError(
            f"categorical_features={categorical_features!r} must be 'from_dtype', None, or "
            "a one-dimensional mask, list of indices or list of names."
        )
    if chosen.dtype.kind == "b":
        if len(chosen) != len(mask):
            raise ValueError(
                f"categorical_features is a mask of length {len(chosen)} for "
                f"{len(mask)} columns."
            )
        mask |= chosen
    elif len(chosen) and chosen.dtype.kind in "iu":
        if chosen.min() < 0 or chosen.max() >= len(mask):
            raise ValueError(
                f"categorical_features={categorical_features!r} has indices outside "
                f"0..{len(mask) - 1}."
            )
        mask[chosen] = True
    elif len(chosen):
        absent = sorted(set(map(str, chosen)) - set(map(str, names)))
        if absent:
            raise ValueError(f"categorical_features names no column: {', '.join(absent)}.")
        mask |= np.isin(names.astype(str), chosen.astype(str))
    return mask | nominal


def _as_table(owner, X, reset):
    """Refuse what is nearly a table, with the way to make it one."""
    kind = type(X).__name__
    if X is None:
        raise ValueError(
            "X is None. Expected a 2D array or a frame: give the rows, a table of shape "
            "(n_rows, n_columns)."
        )
    refuse_lazy(X)
    if kind == "Series" and hasattr(X, "to_frame"):
        row = "X.iloc[[0]]" if hasattr(X, "iloc") else "X[:1]"
        raise ValueError(
            "X is a Series. Expected a 2-dimensional container, a table: for one row of a "
            f"frame X pass {row}; for one column of it X[['name']]."
        )
    known = getattr(owner, "_schema", None)
    X = as_frame(X) if reset or known is None else from_arrow(X, known.container)
    if isinstance(X, (set, frozenset)):
        raise TypeError("X is a set, whose rows have no order: pass list(X).")
    if isinstance(X, (list, tuple)):
        _check_lengths(X)
    # Some sparse matrices are dicts, too.
    one = isinstance(X, dict) and not hasattr(X, "shape")
    if one or (isinstance(X, list) and X and isinstance(X[0], dict)):
        what = "a dict" if one else "a list of dicts"
        cure = "pandas.DataFrame([X])" if one else "pandas.DataFrame(X)"
        raise ValueError(
            f"X is {what}. Expected a 2D array or a frame: for rows of named values pass "
            f"{cure}, with the columns of the training table."
        )
    if isinstance(X, np.ma.MaskedArray):
        if np.ma.is_masked(X) and X.dtype.kind not in "biuf":
            raise TypeError(
                f"X is a masked array of dtype {X.dtype}: fill it, X.filled(...), or pass "
                "a frame with missing values."
            )
        # Masked is missing.
        return X.astype(float).filled(np.nan) if np.ma.is_masked(X) else np.asarray(X)
    if is_frame(X):
        repeated = X.columns[X.columns.duplicated()] if hasattr(X, "iloc") else []
        if len(repeated):
            raise ValueError(
                f"X names column {repeated[0]!r} more than once: rename, so that every "
                "column can be told by its name."
            )
    if not reset and is_frame(X) and known is not None and known.columns is not None:
        known.check_order(X)
    return X


def _mixes_names(X):
    """Whether some columns of a frame are named by strings, and some are not."""
    return len({isinstance(name, str) for name in X.columns}) > 1


def feature_names(owner):
    """Names of the columns that `owner` was fitted on, as text, or ``x0``, ``x1``, ...

    Parameters
    ----------
    owner : fitted estimator
        Has `n_features_in_`, and the names or the schema of a frame it was fitted on.

    Returns
    -------
    ndarray of shape (n_features,) of str
    """
    names = getattr(owner, "feature_names_in_", None)
    schema = getattr(owner, "_schema", None)
    if names is None and schema is not None and schema.columns is not None:
        names = list(map(str, schema.columns))
    if names is None:
        names = default_names(owner.n_features_in_)
    return np.asarray(names, dtype=object)


def _check_lengths(rows):
    """Refuse lists of rows that do not all have as many columns."""
    lengths = [len(row) if isinstance(row, (list, tuple)) else None for row in rows]
    other = next((i for i, own in enumerate(lengths) if own != lengths[0]), None)
    if None not in lengths and other is not None:
        cure = "give every row the same columns"
        if isinstance(rows[0][0] if rows[0] else None, str):
            cure += '; for lists of words pass texts, [" ".join(words) for words in X]'
        raise ValueError(
            f"row {other} of X has {lengths[other]} entries, row 0 has {lengths[0]}: "
            f"{cure}."
        )
