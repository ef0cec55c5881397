"""Attributions laid out over the cells of rows: pixels, or steps and features."""

import numpy as np


def lay_out_cells(rows, coefs):
    """Write the coefficient of each unit to all of its cells.

    Parameters
    ----------
    rows : list of MaskedRow
        With equally many cells.
    coefs : list of ndarray of shape (n_outputs, n_units)
        The coefficients of each row's units.

    Returns
    -------
    ndarray of shape (n_rows, n_outputs * n_cells)
        Output-major.
    """
    return np.stack(
        [coef[:, row.spans.ravel()].ravel() for row, coef in zip(rows, coefs, strict=True)]
    )
