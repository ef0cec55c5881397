"""Conversion of a model's responses to arrays of numbers."""

import numpy as np
from scipy.sparse import issparse

# How probabilities of two classes are made of one.
BOTH = "np.hstack([1 - p, p]), p of shape (n_samples, 1)"

# How far beyond 0 and 1 probabilities in single precision may lie.
_ROUNDING = 1e-6


class UnusableResponse(Exception):
    """Error: a model's response that cannot be explained.

    Parameters
    ----------
    problem : str
        What is wrong: the end of a sentence that starts with the model.
    row : int, default=None
        Where, counted from the first row that the model was queried about.
    """

    def __init__(self, problem, row=None):
        super().__init__(problem, row)


def as_array(answer):
    """Convert what a model returns, also a torch tensor or sparse labels, to an array."""
    if hasattr(answer, "detach"):
        answer = answer.detach().cpu().double()  # numpy has no bfloat16
    if isinstance(answer, np.ma.MaskedArray) and answer.mask.any():
        # What is masked is no answer.
        answer = answer.astype(float).filled(np.nan)
    return answer.toarray() if issparse(answer) else np.asarray(answer)


def as_tables(answer, method, n_rows):
    """Convert a response to tables: one, or one for each label.

    Parameters
    ----------
    answer : array-like, tensor, sparse matrix or list of these
        What the model returned.
    method : {"predict_proba", "decision_function", "predict"}
        Method that was called.
    n_rows : int
        Number of samples in the query.

    Returns
    -------
    list of ndarray of shape (n_rows, n_columns)

    Raises
    ------
    UnusableResponse
        Where an array has another shape.

    Examples
    --------
    >>> from sklime.model.conversion import as_tables
    >>> as_tables([0.5, 2.0], "predict", n_rows=2)
    [array([[0.5],
           [2. ]])]
    """
    several = method == "predict_proba" and isinstance(answer, (list, tuple))
    parts = answer if several and is_sequence_of(answer, ndim=2) else [answer]
    tables = [as_array(part) for part in parts]
    tables = [t[:, np.newaxis] if t.ndim == 1 else t for t in tables]
    for table in tables:
        if table.ndim != 2 or len(table) != n_rows:
            raise UnusableResponse(
                f"gave an array of shape {table.shape} for {n_rows} rows"
            )
    return tables


def as_numbers(table):
    """Convert a table of numbers of any dtype to float64.

    Parameters
    ----------
    table : ndarray of shape (n_rows, n_columns)

    Returns
    -------
    ndarray of shape (n_rows, n_columns)

    Raises
    ------
    UnusableResponse
        Where these are no numbers.
    """
    if table.dtype == object:
        table = np.array(table.tolist())
    if table.dtype.kind not in "biuf":
        raise UnusableResponse(
            f"gave {table.dtype} values, not numbers: a model that predicts labels needs "
            "an attribute classes_, or a FunctionClassifier around it"
        )
    return table.astype(np.float64)


def both_classes(p):
    """Add the probabilities of the first of two classes to those of the second.

    Parameters
    ----------
    p : ndarray of shape (n_rows, 1)

    Returns
    -------
    ndarray of shape (n_rows, 2)

    Raises
    ------
    UnusableResponse
        Where these are numbers outside [0, 1].
    """
    p = as_numbers(p)
    # Infinite ones are found with NaN.
    outside = np.isfinite(p) & ((p < -_ROUNDING) | (p > 1.0 + _ROUNDING))
    if outside.any():
        row = np.flatnonzero(outside)[0]
        raise UnusableResponse(
            f"gave {p[row, 0]} where one number a row is the probability of the second of "
            f"two classes, in [0, 1]: give these, or both as {BOTH}; other scores go into "
            "a FunctionRegressor",
            row,
        )
    return np.hstack([1.0 - p, p])


def is_sequence_of(values, ndim):
    """Whether a value is a sequence of arrays of `ndim` dimensions."""
    return len(values) > 0 and np.ndim(values[0]) == ndim
