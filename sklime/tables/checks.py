"""Checks of what users hand to samplers: tables, weights, options."""

from collections.abc import Mapping

import numpy as np
from sklearn.utils.validation import validate_data

from sklime.fitting import check_fitted
from sklime.tables.access import is_frame
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
    _check_rows(X)
    if is_frame(X) and _mixes_names(X):
        # scikit-learn refuses them, and knows only names that are strings.
        owner.n_features_in_ = X.shape[1] if reset else owner.n_features_in_
        if reset:
            vars(owner).pop("feature_names_in_", None)
    elif is_frame(X):
        _check_order(owner, X, reset)
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


def _check_rows(X):
    """Refuse a single row or a list of records, which are no tables."""
    if hasattr(X, "to_frame") and not is_frame(X):
        raise ValueError(
            f"Expected a 2-dimensional container, got a {type(X).__name__}: give a table, "
            "of one row X.iloc[[0]] where X is the frame that it comes from."
        )
    if hasattr(X, "shape"):  # sparse matrices, too, of which some are mappings
        return
    records = [X] if isinstance(X, Mapping) else X
    listed = isinstance(records, (list, tuple)) and len(records) > 0
    if listed and isinstance(records[0], Mapping):
        given = "[X]" if isinstance(X, Mapping) else "X"
        raise ValueError(
            f"Expected a 2-dimensional container, got a {type(X).__name__} of named "
            f"values: give a frame, pandas.DataFrame({given})."
        )


def _check_order(owner, X, reset):
    """Refuse the columns of the fit in another order."""
    known = getattr(owner, "feature_names_in_", None)
    if reset or known is None:
        return
    columns, known = list(X.columns), list(known)
    if columns != known and len(columns) == len(known) and set(columns) == set(known):
        name = type(owner).__name__
        # The words of scikit-learn, and the cure.
        raise ValueError(
            "The feature names should match those that were passed during fit.\n"
            "Feature names must be in the same order as they were in fit.\n"
            f"Give X[fitted.feature_names_in_], where fitted is the {name}."
        )


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
