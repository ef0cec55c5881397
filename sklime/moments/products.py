"""Weighted products of a design and of responses: ``A' W A``."""

import numpy as np

from sklime.moments.threads import one_thread

# Draws multiplied at a time: in single precision their sums are good to 5e-6 of the
# responses' spread, and for usual tables the block stays in the second-level cache.
_BLOCK = 8192

# Draws that are summed in double precision: so few cost little, and of some that are summed
# at once in single precision, the BLAS may round all in one direction.
_FEW = 1024

# Smallest variance of a combination of features that leaves four digits of responses.
_SINGULAR = 1e-12


def weighted_products(Z, weights, Y):
    """Multiply ``A' W A`` for one row, ``A = [1, Z, Y]``.

    Parameters
    ----------
    Z : ndarray of shape (n_features, n_samples)
        The design. bool: many draws are multiplied in single precision, block by block, and
        summed in double.
    weights : ndarray of shape (n_samples,)
    Y : ndarray of shape (n_outputs, n_samples)
        Answers of order 1.

    Returns
    -------
    ndarray of shape (p, p)
        In units of the largest weight; zeros if no draw has weight.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.moments.products import weighted_products
    >>> Z = np.array([[True, True, False]])
    >>> weighted_products(Z, np.ones(3), np.array([[1.0, 2.0, 4.0]]))
    array([[ 3.,  2.,  7.],
           [ 2.,  2.,  3.],
           [ 7.,  3., 21.]])
    """
    (d, n), k = Z.shape, len(Y)
    single = Z.dtype == bool and n > _FEW
    products = np.zeros((1 + d + k, 1 + d + k))
    largest = weights.max(initial=0.0)
    if not largest > 0.0:
        return products
    relative = weights / largest
    root = np.sqrt(relative, dtype=np.float32 if single else np.float64)
    A = np.empty((1 + d + k, min(n, _BLOCK)), dtype=root.dtype)
    for start in range(0, n, _BLOCK):
        part = slice(start, min(start + _BLOCK, n))
        block = A[:, : part.stop - part.start]
        block[0] = 1.0
        block[1 : 1 + d] = Z[:, part]
        block[1 + d :] = Y[:, part]
        block *= root[part]
        # A rank update for numpy, too, which lets other threads go on meanwhile.
        with one_thread():
            products += block @ block.T
    return products


def effective_size(weights):
    """Number of equal weights that are worth as much, ``(sum w)**2 / sum w**2``."""
    relative = weights / (weights.max(initial=0.0) or 1.0)
    return relative.sum() ** 2 / (relative @ relative) if relative.any() else 0.0


def resolution_of(Z):
    """Rounding level of moments of this design: single precision for 0/1 designs."""
    return 1e-6 if Z.dtype == bool else 1e-12


def badly_centred(weight, sums, squares):
    """Whether responses that have weight lie far from their origin for their spread.

    Parameters
    ----------
    weight : float
        Sum of the weights.
    sums, squares : ndarray of shape (n_outputs,)
        Weighted sums of the responses and of their squares, in the same unit.
    """
    if not weight > 0.0:
        return False
    return bool((squares - sums**2 / weight < 0.1 * squares).any())


def nearly_dependent(gram):
    """Whether varying features are nearly collinear, so that coefficients are unreliable.

    Parameters
    ----------
    gram : ndarray of shape (1 + n_features, 1 + n_features)
        Of ``[1, Z]``, in double precision.
    """
    if not gram[0, 0] > 0.0:
        return False
    second = np.diagonal(gram)[1:] / gram[0, 0]
    mean = gram[0, 1:] / gram[0, 0]
    central = gram[1:, 1:] / gram[0, 0] - np.outer(mean, mean)
    varies = np.diagonal(central) > resolution_of(gram) * second
    if not varies.any():
        return False
    return bool(np.linalg.eigvalsh(central[np.ix_(varies, varies)])[0] < _SINGULAR)


def bordered(gram, cross, square):
    """Assemble ``A' W A`` from the products of design, of both, and of responses.

    Parameters
    ----------
    gram : ndarray of shape (1 + n_features, 1 + n_features)
        Of ``[1, Z]``.
    cross : ndarray of shape (1 + n_features, n_outputs)
        Of ``[1, Z]`` and the responses.
    square : ndarray of shape (n_outputs, n_outputs)

    Returns
    -------
    ndarray of shape (p, p)
        As `weighted_products` gives them.
    """
    return np.block([[gram, cross], [cross.T, square]])
