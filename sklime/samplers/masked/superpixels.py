"""Superpixels: an image cut into segments, each of them one interpretable feature."""

import numpy as np
from sklearn import get_config

from sklime.exceptions import ImageSizeWarning, warn_caller

# Segmenters whose number of segments can be asked for.
COUNTED = ("slic", "grid")
# Peak memory of scikit-image's, as measured on images of three channels.
_BYTES_A_PIXEL = {"slic": 150, "quickshift": 150, "felzenszwalb": 370}


def superpixels(image, segmenter, n_segments=None):
    """Cut an image into segments.

    Segmentation sees floats in [0, 1], whatever the image's dtype and range: values are
    rescaled only where they lie outside. Images of one or three channels are compared as
    colours, in Lab space where the segmenter uses it, others channel by channel. Equal
    images give equal segments.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
    segmenter : {"slic", "quickshift", "felzenszwalb", "grid"}, (int, int) or callable
        As for `SuperpixelSampler`.
    n_segments : int, default=None
        About how many segments "slic" and "grid" make. None: one for every four pixels,
        at most 50.

    Returns
    -------
    ndarray of shape (H, W) of int
        The segment of each pixel, numbered from 0 without gaps in the order of the
        segmenter's own labels.

    Raises
    ------
    ValueError
        If a callable returns anything but one integer for each pixel.

    Warns
    -----
    ImageSizeWarning
        If a segmenter needs more than the working memory.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.samplers.masked.superpixels import superpixels
    >>> superpixels(np.zeros((2, 6)), (1, 3))
    array([[0, 0, 1, 1, 2, 2],
           [0, 0, 1, 1, 2, 2]])
    """
    if callable(segmenter):
        labels = _checked(segmenter(image.copy()), segmenter, image)
    elif not isinstance(segmenter, str):
        labels = _rectangles(image.shape[:2], *segmenter)
    else:
        n_pixels = image.shape[0] * image.shape[1]
        _warn_of_size(image, segmenter, n_pixels)
        wanted = min(50, max(1, n_pixels // 4)) if n_segments is None else n_segments
        labels = _SEGMENTERS[segmenter](image, min(wanted, n_pixels))
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)


def _slic(image, n_segments):
    from skimage.segmentation import slic

    image = _unit_range(image)
    # SLIC-zero finds its compactness by itself, for any range of colours and any noise.
    lab = image.shape[2] == 3
    return slic(image, n_segments, convert2lab=lab, slic_zero=True, start_label=0)


def _quickshift(image, n_segments):
    from skimage.segmentation import quickshift

    image = _unit_range(image)
    # 4 as in lime, but no more than a sixteenth of a small image; the least allowed is 1.
    kernel_size = min(4.0, max(1.0, min(image.shape[:2]) / 16))
    lab = image.shape[2] == 3
    return quickshift(
        image if lab else 100.0 * image,
        ratio=0.2,
        kernel_size=kernel_size,
        max_dist=200,
        convert2lab=lab,
    )


def _felzenszwalb(image, n_segments):
    from skimage.segmentation import felzenszwalb

    image = _unit_range(image)
    if image.shape[2] > 3:
        # It warns of more than three channels: their principal components.
        centred = image - image.mean(axis=(0, 1))
        pixels = centred.reshape(-1, image.shape[2])
        image = centred @ np.linalg.eigh(pixels.T @ pixels)[1][:, -3:]
    smallest = max(2, image.shape[0] * image.shape[1] // 1000)
    return felzenszwalb(image, scale=100, sigma=0.5, min_size=smallest)


def _grid(image, n_segments):
    height, width = image.shape[:2]
    rows = int(np.clip(round(np.sqrt(n_segments * height / width)), 1, height))
    columns = int(np.clip(round(n_segments / rows), 1, width))
    return _rectangles((height, width), rows, columns)


_SEGMENTERS = {
    "slic": _slic,
    "quickshift": _quickshift,
    "felzenszwalb": _felzenszwalb,
    "grid": _grid,
}
SEGMENTERS = tuple(_SEGMENTERS)


def _rectangles(shape, rows, columns):
    """Label the cells of a grid, row by row; a side has at most one cell a pixel."""
    height, width = shape
    rows, columns = min(rows, height), min(columns, width)
    down, across = np.arange(height) * rows // height, np.arange(width) * columns // width
    return down[:, np.newaxis] * columns + across


def _unit_range(image):
    """Channels last, as floats in [0, 1]; gray becomes three equal channels."""
    values = image.astype(np.float64).reshape(*image.shape[:2], -1)
    if image.dtype == np.uint8:
        values /= 255.0
    low, high = values.min(), values.max()
    if low < 0.0 or high > 1.0:
        values = (values - low) / ((high - low) or 1.0)
    return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values


def _warn_of_size(image, segmenter, n_pixels):
    """Tell of the memory that a segmenter will take, before it does."""
    megabytes = _BYTES_A_PIXEL.get(segmenter, 0) * n_pixels / 2**20
    most = get_config()["working_memory"]
    if megabytes > most:
        height, width = image.shape[:2]
        warn_caller(
            f"to cut an image of {height:,} x {width:,} pixels by segmenter={segmenter!r} "
            f"takes about {megabytes:,.0f} MiB, more than the working memory of {most:,} "
            "MiB. Set segmenter='grid' or (rows, columns) of SuperpixelSampler, or a "
            "callable that cuts a smaller copy of the image; where there is enough memory, "
            f"sklearn.set_config(working_memory={int(megabytes) + 1}) says so.",
            ImageSizeWarning,
        )


def _checked(labels, segmenter, image):
    labels = np.asarray(labels)
    if labels.shape != image.shape[:2] or labels.dtype.kind not in "biu":
        raise ValueError(
            f"segmenter={segmenter!r} returned {labels.dtype} values of shape "
            f"{labels.shape} for an image of shape {image.shape}; it must return one "
            f"integer for each pixel, shape {image.shape[:2]}."
        )
    return labels
