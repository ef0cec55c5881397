"""Attribution matrix of explanations: one column per feature name."""

import numpy as np
from scipy import sparse

from sklime.explanation import Explanation
from sklime.explanation.attribution import VIEWS, check_attribution, viewed
from sklime.explanation.units import by_output, units_by_name
from sklime.validation import listed


def attribution_matrix(A, attribution=None):
    """Give an `Explanation` as a matrix, one column per name of a feature or unit.

    Parameters
    ----------
    A : Explanation or anything else
        Anything else is returned as it is.
    attribution : {"contribution", "effect"} or None, default=None
        The view of an explanation; None: contributions where they are known.

    Returns
    -------
    ndarray or CSR matrix of shape (n_rows, n_outputs * n_features)
        By output. CSR for ragged explanations, units of one name summed.

    Raises
    ------
    TypeError
        If it is an explainer, or holds words, as a table that was not explained does.

    Examples
    --------
    >>> from sklime.explanation.matrix import attribution_matrix
    >>> attribution_matrix([[0.1, -0.4]])
    [[0.1, -0.4]]
    """
    if callable(getattr(A, "explain", None)):
        raise TypeError(
            f"got a {type(A).__name__}, not attributions: explain first, and give "
            "explainer.explain(X)."
        )
    check_attribution(attribution, (*VIEWS, None))
    if not isinstance(A, Explanation):
        _check_holds_no_words(A)
        return A
    A = viewed(A, attribution)
    if A.unit_names is None or not len(A):
        return A.values.reshape(len(A), int(np.prod(A.shape[1:])))
    _, columns = units_by_name(A)
    values, d = by_output(A.values), columns.max(initial=-1) + 1
    row, unit = np.nonzero(columns >= 0)
    column = columns[row, unit][:, np.newaxis] + d * np.arange(values.shape[1])
    place = np.repeat(row, column.shape[1]), column.ravel()
    shape = len(A), values.shape[1] * d
    # Units of one name in a row are summed.
    return sparse.csr_matrix((values[row, :, unit].ravel(), place), shape)


def _check_holds_no_words(A):
    if sparse.issparse(A):
        return
    values = np.asarray(A.to_numpy() if hasattr(A, "to_numpy") else A)
    words = values.ravel() if values.dtype.kind in "OU" else ()
    found = next((word for word in words if isinstance(word, str)), None)
    if found is not None:
        raise TypeError(
            f"got a {type(A).__name__} with {found!r:.80} in it, not attributions, which "
            "are numbers: explain first, and give explainer.explain(X)."
        )


def check_finite_rows(A, name):
    """Check that every row has attributions.

    Parameters
    ----------
    A : ndarray or CSR array of shape (n_rows, n_columns)
    name : str
        What to call them in the error.

    Raises
    ------
    ValueError
        If some are NaN or infinite, naming the rows.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        rows = np.flatnonzero(~np.isfinite(A.sum(axis=1)))
    if len(rows):
        raise ValueError(
            f"{name} has attributions that are NaN, inf or too large to be summed in rows "
            f"{listed(map(str, rows))}: leave out rows that could not be "
            f"explained, as in {name}[np.isfinite({name}).all(axis=1)]."
        )
