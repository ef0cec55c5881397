"""Replacement images: the values of hidden segments."""

import numpy as np

from sklime.samplers.masked.cellwise import as_held, whole_numbers
from sklime.validation import check_memory


def hidden_image(image, segments, hide):
    """Replacement image: the values of every pixel where it is hidden.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
    segments : ndarray of shape (H, W) of int
        The segment of each pixel, numbered from 0 without gaps.
    hide : {"mean", "blur", "inpaint"}, number or array-like
        As for `SuperpixelSampler`.

    Returns
    -------
    ndarray
        Of the image's shape and dtype.

    Raises
    ------
    ValueError
        If a colour or background has another shape than the image, or values that its
        dtype does not hold.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.samplers.masked.fill import hidden_image
    >>> hidden_image(np.array([[1.0, 3.0, 8.0]]), np.array([[0, 0, 1]]), "mean")
    array([[2., 2., 8.]])
    """
    if isinstance(hide, str):
        return _PAINTERS[hide](image, segments)
    return _given(image, np.asarray(hide), hide)


def _mean(image, segments):
    which = segments.ravel()
    channels = image.reshape(which.size, -1).T
    sums = np.stack([np.bincount(which, weights=channel) for channel in channels], axis=1)
    means = sums / np.bincount(which)[:, np.newaxis]
    # Whole numbers are cut, not rounded: the same image as in lime.
    means = np.trunc(means) if image.dtype.kind in "iu" else means
    return whole_numbers(means, image.dtype)[which].reshape(image.shape)


# Standard deviation of the blur, in pixels, that large images are reduced to.
_COARSE = 32

# Memory that the harmonic continuation of a pixel takes.
_BYTES_PAINTED = 1_300


def _blur(image, segments):
    from skimage.filters import gaussian

    sigma = max(1.0, min(segments.shape) / 8)
    axis = None if image.ndim == 2 else -1
    # The time grows with sigma: what is smooth is blurred and kept at a lower resolution.
    step = int(sigma // _COARSE) if sigma > 2 * _COARSE else 1
    pixels, shape = image.astype(np.float64), image.shape
    if step > 1:
        from skimage.transform import resize

        coarse = (-(-shape[0] // step), -(-shape[1] // step), *shape[2:])
        pixels = resize(pixels, coarse, order=1, anti_aliasing=True, mode="edge")
    blurred = gaussian(pixels, sigma=sigma / step, channel_axis=axis)
    if step > 1:
        blurred = resize(blurred, shape, order=1, mode="edge")
    return whole_numbers(blurred, image.dtype)


def _inpaint(image, segments):
    """Each pixel is the mean of its neighbours, those of other segments as they are."""
    from scipy.sparse import csr_array, diags_array
    from scipy.sparse.linalg import splu
    from sklearn.feature_extraction.image import grid_to_graph

    which = segments.ravel()
    if which.max() == 0:  # nothing surrounds it
        return _mean(image, segments)
    height, width = segments.shape
    check_memory(
        _BYTES_PAINTED * which.size,
        f'hide="inpaint" of an image of {height} x {width} pixels',
        'use hide="blur", or explain a smaller image',
    )
    grid = grid_to_graph(height, width)
    pairs = grid.row[grid.row != grid.col], grid.col[grid.row != grid.col]
    known = which[pairs[0]] != which[pairs[1]]
    around, within = (
        csr_array((share.astype(float), pairs), shape=grid.shape)
        for share in (known, ~known)
    )
    degrees = diags_array(np.bincount(pairs[0], minlength=which.size).astype(float))
    # The matrix is symmetric and diagonally dominant: no pivoting.
    solver = splu(
        (degrees - within).tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    colours = image.reshape(which.size, -1).astype(float)
    painted = solver.solve(around @ colours)
    return whole_numbers(painted, image.dtype).reshape(image.shape)


_PAINTERS = {"mean": _mean, "blur": _blur, "inpaint": _inpaint}
PAINTERS = tuple(_PAINTERS)


def _given(image, given, hide):
    """Replacement image from one colour or from a background image."""
    n_channels = 1 if image.ndim == 2 else image.shape[2]
    if given.shape not in {(), (n_channels,), image.shape}:
        raise ValueError(
            f"hide of shape {given.shape} suits no image of shape {image.shape}: give a "
            f"number, one number for each of its {n_channels} channel(s), or a background "
            "image of its own shape."
        )
    if not np.isfinite(given).all():
        raise ValueError(f"hide={hide!r} has values that are NaN or infinite.")
    colour = as_held(given, image.dtype, "hide")
    # One number a channel of an image without an axis of channels is a number.
    colour = colour[0] if given.shape == (1,) else colour
    return np.broadcast_to(colour, image.shape)
