"""Attributions laid out over the cells of rows: pixels, or steps and features."""

import numpy as np


def lay_out_cells(rows, coefs):
    """Write the coefficient of each unit to all of its cells, 0 to cells without one.

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
    laid_out = []
    for row, coef in zip(rows, coefs, strict=True):
        # One more than there are units, for -1 to point at.
        padded = np.pad(coef, [(0, 0), (0, 1)])
        laid_out.append(padded[:, row.spans.ravel()].ravel())
    return np.stack(laid_out)
