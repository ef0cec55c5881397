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
    """Convert what a model returns, also a tensor or sparse labels, to an array.

    Masked entries become NaN.

    Raises
    ------
    UnusableResponse
        Where its rows are of unequal lengths.
    """
    if answer is None or isinstance(answer, dict):
        raise UnusableResponse(
            f"gave {answer!r:.80}, which is of shape () and no numbers: give an array of "
            "shape (n_samples,) or (n_samples, n_outputs)"
        )
    if hasattr(answer, "__await__"):
        if hasattr(answer, "close"):
            answer.close()
        raise UnusableResponse(
            "gave something to be awaited: give the asynchronous function itself to "
            "FunctionClassifier or FunctionRegressor, or calls=Calls()"
        )
    if hasattr(answer, "detach"):
        answer = answer.detach().cpu()
        if hasattr(answer, "double"):
            answer = answer.double()  # numpy has no bfloat16
    if not hasattr(answer, "__array__") and hasattr(answer, "numpy"):
        answer = answer.numpy()
    if isinstance(answer, np.ma.MaskedArray) and np.ma.is_masked(answer):
        answer = answer.astype(np.float64).filled(np.nan)
    if issparse(answer):
        return answer.toarray()
    if isinstance(answer, (list, tuple)) and any(map(_is_tensor, answer)):
        answer = [as_array(part) for part in answer]
    try:
        return np.asarray(answer)
    except ValueError as error:
        if not isinstance(answer, (list, tuple)):
            raise
        raise UnusableResponse(
            f"gave a {type(answer).__name__} that makes no array ({error}): give numbers "
            "of shape (n_samples,) or (n_samples, n_outputs)"
        ) from None


def as_tables(answer, method, n_rows):
    """Convert a response to tables: one, or one for each label.

    Axes of length 1 are left out, as in (n_rows, 1, 1) for one number. Asked about one
    row, a model may leave out the rows' axis.

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
    list of ndarray of shape (n_rows, n_columns), or (n_rows, n_steps, n_columns)
        Steps only of numbers.

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
    steps = method == "predict"
    return [_as_table(as_array(part), n_rows, steps) for part in parts]


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
            "a method predict and an attribute classes_; a FunctionClassifier takes a "
            "function of probabilities"
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


def _as_table(answer, n_rows, steps):
    """Bring an array to one row a sample and one axis of outputs, or two where of steps."""
    shape = answer.shape
    if n_rows == 1 and shape[:1] != (1,):
        shape = (1, *shape)
    outputs = [size for size in shape[1:] if size != 1]
    readable = len(outputs) <= (2 if steps else len(shape) <= 2)
    if shape[:1] != (n_rows,) or not readable:
        wanted = "(n_samples, n_outputs)"
        if steps:
            wanted += ", or (n_samples, n_steps, n_outputs) for forecasts"
        raise UnusableResponse(
            f"gave an array of shape {answer.shape} for {n_rows} rows: reshape it to "
            f"{wanted}"
        )
    # Several steps of one output are steps; a single step is none.
    if steps and len(shape) == 3 and shape[1] != 1 == shape[2]:
        outputs = shape[1:]
    return answer.reshape(n_rows, *(outputs or [1]))


def _is_tensor(value):
    return hasattr(value, "detach") or (
        hasattr(value, "numpy") and not hasattr(value, "__array__")
    )


def is_sequence_of(values, ndim):
    """Whether a value is a sequence of arrays of `ndim` dimensions."""
    return len(values) > 0 and np.ndim(values[0]) == ndim
