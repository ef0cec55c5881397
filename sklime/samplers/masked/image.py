"""Images, of which superpixels are shown or hidden."""

from math import prod
from numbers import Integral

import numpy as np

from sklime.fitting import atomic_fit, check_fitted
from sklime.samplers.masked.base import MaskSampler
from sklime.samplers.masked.cellwise import Mosaic, lay_out_cells
from sklime.samplers.masked.fill import PAINTERS, hidden_image
from sklime.samplers.masked.superpixels import COUNTED, SEGMENTERS, superpixels


class SuperpixelSampler(MaskSampler):
    """Describe an image by its superpixels, and perturb it by hiding some of them.

    A perturbed image shows each superpixel :math:`S_j` where its mask :math:`z_j` is 1 and
    what `hide` says where it is 0. A mask keeps each superpixel with probability 1/2; an
    attribution is the effect of showing one. The model receives images of the shape and
    dtype they were given in.

    Images are arrays of shape (n, H, W) or (n, H, W, C), of any number of channels and
    any real dtype, or lists of images of different sizes. `transform` lays the attributions
    out over the pixels, each pixel its superpixel's, for images of one size; `explain`
    takes any.

    Parameters
    ----------
    segmenter : str, (int, int) or callable, default="slic"
        How an image is cut. "slic", "quickshift" and "felzenszwalb" are scikit-image's;
        "grid" and a pair (rows, columns) are rectangles. A callable takes an image of
        shape (H, W) or (H, W, C) as it was given and returns one integer for each pixel, of
        any numbering, for example
        ``functools.partial(skimage.segmentation.slic, n_segments=200)``. In tiny images
        quickshift finds hardly more than one segment.
    hide : {"mean", "blur", "inpaint"}, number or array-like, default="mean"
        What is seen of a hidden superpixel: its mean colour; the image blurred by a
        Gaussian whose standard deviation is an eighth of the shorter side; the smoothest
        continuation of its surroundings (the harmonic one, which adds no colour that is not
        around it; the mean colour where it is the whole image); a number or one number a
        channel; or a background image of the images' own shape.
    n_segments : int, default=None
        About how many superpixels "slic" and "grid" make. None: one for every four
        pixels, at most 50.
    flat : (int, int) or (int, int, int), default=None
        For models that take flattened pixels: the shape (H, W) or (H, W, C) of an image,
        whose rows are tables of shape (n, H * W * C).

    Attributes
    ----------
    image_shape_ : tuple or None
        Shape (H, W) or (H, W, C) of the training images; None where they differ.
    n_channels_ : int or None
        C; None for images without an axis of channels.
    n_features_in_ : int
        Values in an image; 1 where the training images differ in size.

    References
    ----------
    Ribeiro, Singh, Guestrin (2016), "Why Should I Trust You?", section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.samplers import SuperpixelSampler
    >>> halves = np.array([[[0.0, 0.0, 1.0, 3.0], [0.0, 0.0, 1.0, 3.0]]])
    >>> sampler = SuperpixelSampler(segmenter=(1, 2)).fit(halves)
    >>> [row] = sampler.rows(halves)
    >>> row.spans
    array([[0, 0, 1, 1],
           [0, 0, 1, 1]])
    >>> row.compose(np.array([[True, False]]))
    array([[[0., 0., 2., 2.],
            [0., 0., 2., 2.]]])
    """

    kind = "image"

    def __init__(self, segmenter="slic", hide="mean", n_segments=None, flat=None):
        self.segmenter = segmenter
        self.hide = hide
        self.n_segments = n_segments
        self.flat = flat

    @atomic_fit
    def fit(self, X, y=None, sample_weight=None):
        _check_segmenter(self.segmenter, self.n_segments)
        _check_hide(self.hide)
        images = self._images(X)
        shapes = {self._shape(image) for image in images}
        # Where channels differ, `check` below names the image.
        self.n_channels_ = _n_channels(self._shape(images[0]))
        self.image_shape_ = shapes.pop() if len(shapes) == 1 else None
        self.check(images)
        # Lists of images of different sizes have one column, the image itself.
        self.n_features_in_ = prod(getattr(images, "shape", ())[1:])
        self.matched_ = np.ones(self.n_features_in_, dtype=bool)
        return self

    def check(self, X):
        check_fitted(self, "n_channels_")
        images = self._images(X)
        for i, image in enumerate(images):
            found = _n_channels(self._shape(image))
            if found != self.n_channels_:
                raise ValueError(
                    f"image {i} has {_in_words(found)}, the first training image "
                    f"{_in_words(self.n_channels_)}; a single image is passed as "
                    "image[numpy.newaxis]."
                )
        return images

    def rows(self, X):
        return [self._row(given) for given in X]

    def shown(self, X, given):
        if self.flat is None:
            return X
        return np.stack([given.reshape(self._shape(given)) for given in X])

    def lay_out(self, rows, coefs):
        self._check_sizes({row.spans.shape for row in rows})
        return lay_out_cells(rows, coefs)

    def check_layout(self, X):
        self._check_sizes({self._shape(given)[:2] for given in X})

    def get_feature_names_out(self, input_features=None):
        check_fitted(self, "n_channels_")
        if self.image_shape_ is None:
            raise ValueError(
                "the training images are of different sizes, so that their pixels have no "
                "common names: use explain, or resize them."
            )
        height, width = self.image_shape_[:2]
        names = [f"pixel_{r}_{c}" for r in range(height) for c in range(width)]
        return np.array(names, dtype=object)

    def _row(self, given):
        image = given.reshape(self._shape(given))
        segments = superpixels(image, self.segmenter, self.n_segments)
        hidden = hidden_image(image, segments, self.hide).reshape(given.shape)
        names = [f"segment_{j}" for j in range(segments.max() + 1)]
        return Mosaic(given, hidden, segments, np.array(names, dtype=object))

    def _check_sizes(self, sizes):
        if self.image_shape_ is not None:
            sizes = sizes | {self.image_shape_[:2]}
        if len(sizes) > 1:
            raise ValueError(
                f"images of different sizes, {_listed(sizes)}, share no pixels over which "
                "transform could lay their attributions out: use explain, or resize them."
            )

    def _shape(self, given):
        return given.shape if self.flat is None else tuple(self.flat)

    def _images(self, X):
        """Images as the model takes them: one array where they are of one kind."""
        X = _as_array_or_list(X)
        if self.flat is not None:
            return _check_flat(X, self.flat)
        for i, image in enumerate(X):
            if image.ndim not in (2, 3) or image.size == 0:
                raise ValueError(
                    f"image {i} has shape {image.shape}; images have shape (H, W) or "
                    "(H, W, C), so X has shape (n, H, W) or (n, H, W, C). For rows of "
                    "flattened pixels set flat=(H, W) or flat=(H, W, C)."
                )
            _check_pixels(image, i)
        return X


def _as_array_or_list(X):
    """An array of images, or a list of arrays where their shapes or dtypes differ."""
    if hasattr(X, "to_numpy"):
        X = X.to_numpy()
    if not hasattr(X, "__len__") or isinstance(X, (str, bytes)):
        raise TypeError(
            f"X is a {type(X).__name__}; give an array of images or a list of arrays."
        )
    if not isinstance(X, np.ndarray) or X.dtype == object:
        X = [np.asarray(image) for image in X]
        if len({(image.shape, image.dtype) for image in X}) == 1:
            X = np.stack(X)
    if len(X) == 0:
        raise ValueError("X has no image; give at least one.")
    return X


def _check_flat(X, flat):
    sides = isinstance(flat, (tuple, list)) and len(flat) in (2, 3)
    if not (sides and all(_positive(side) for side in flat)):
        raise ValueError(
            f"flat={flat!r} must be the shape (H, W) or (H, W, C) of an image."
        )
    shape = getattr(X, "shape", None)
    if shape is None or shape[1:] != (prod(flat),):
        found = "rows of different lengths" if shape is None else f"shape {shape}"
        raise ValueError(
            f"X has {found}; with flat={tuple(flat)} it needs shape (n, {prod(flat)})."
        )
    for i, row in enumerate(X):
        _check_pixels(row, i)
    return X


def _check_pixels(image, i):
    if image.dtype.kind not in "biuf":
        raise TypeError(
            f"image {i} has dtype {image.dtype}; pixels are booleans, integers or floats."
        )
    bad = ~np.isfinite(image)
    if bad.any():
        where = tuple(int(k) for k in np.argwhere(bad)[0])
        raise ValueError(
            f"image {i} has {bad.sum()} value(s) that are NaN or infinite, the first at "
            f"{where}: fill them before explaining."
        )


def _check_segmenter(segmenter, n_segments):
    pair = isinstance(segmenter, (tuple, list)) and len(segmenter) == 2
    known = isinstance(segmenter, str) and segmenter in SEGMENTERS
    if not (callable(segmenter) or known or (pair and all(map(_positive, segmenter)))):
        raise ValueError(
            f"segmenter={segmenter!r} must be one of {', '.join(map(repr, SEGMENTERS))}, a "
            "pair (rows, columns) or a callable."
        )
    if n_segments is None:
        return
    if not _positive(n_segments):
        raise ValueError(f"n_segments={n_segments!r} must be an integer above 0, or None.")
    if not (known and segmenter in COUNTED):
        raise ValueError(
            f"n_segments={n_segments} is for {' and '.join(map(repr, COUNTED))}, while "
            f"segmenter={segmenter!r} makes its own number: leave n_segments None, or give "
            "a callable that sets what you want."
        )


def _check_hide(hide):
    if isinstance(hide, str):
        good = hide in PAINTERS
    else:
        good = np.asarray(hide).dtype.kind in "biuf"
    if not good:
        raise ValueError(
            f"hide={hide!r} must be one of {', '.join(map(repr, PAINTERS))}, a number, one "
            "number a channel, or a background image."
        )


def _positive(number):
    return isinstance(number, Integral) and not isinstance(number, bool) and number > 0


def _n_channels(shape):
    return shape[2] if len(shape) == 3 else None


def _in_words(n_channels):
    return "no axis of channels" if n_channels is None else f"{n_channels} channel(s)"


def _listed(sizes):
    return " and ".join(f"{height} x {width}" for height, width in sorted(sizes))
