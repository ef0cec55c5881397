"""Images: rows laid out over their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sklime.samplers.kinds.base import RowKind
from sklime.samplers.kinds.cells import lay_out_cells
from sklime.samplers.kinds.masked_row import MaskedRow
from sklime.tables.typing import Table
from sklime.validation import is_count

if TYPE_CHECKING:
    from sklearn.utils import Tags


# Colours, opacity included; the sides of an image from which on it is no channel.
_MOST_COLOURS, _LONG = 4, 8


class ImageRows(RowKind):
    """Images of any number of channels, of one size or of several.

    Parameters
    ----------
    X : ndarray or list of ndarrays
        Training images, (H, W) or of three axes each.
    flat : tuple of int, default=None
        Shape of an image, where rows are flattened pixels.
    channel_axis : int or None, default=-1
        The axis of the channels in an image of three axes.

    Attributes
    ----------
    image_shape : tuple or None
        Shape of the training images, as given; None where they differ.
    n_channels : int or None
        C; None for images without an axis of channels.
    n_values : int
        Values in an image; 1 where the training images differ in size.
    """

    name = "image"

    def __init__(
        self,
        X: Table,
        flat: tuple[int, ...] | None = None,
        channel_axis: int | None = -1,
    ) -> None:
        _check_channel_axis(channel_axis)
        self.flat = flat
        self.channel_axis = channel_axis
        images = self._images(X)
        _check_batch(getattr(X, "shape", ()), flat, channel_axis)
        shapes = {self.shape_of(image) for image in images}
        # Where channels differ, `check` below names the image.
        self.n_channels = self._n_channels(images[0])
        self.image_shape = shapes.pop() if len(shapes) == 1 else None
        self.check(images)
        if channel_axis in (-1, -2, 1):
            _check_channels_are_not_first(map(self.shape_of, images), flat, channel_axis)
        elif channel_axis == 0:
            _check_channels_are_not_last(map(self.shape_of, images), flat)
        # Lists of images of different sizes have one column, the image itself.
        self.n_values = prod(getattr(images, "shape", ())[1:])

    @classmethod
    def tag(cls, tags: Tags) -> None:
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True

    def check(self, X: Table) -> Table:
        images = self._images(X)
        for i, image in enumerate(images):
            found = self._n_channels(image)
            if found != self.n_channels:
                raise ValueError(
                    f"image {i} has {_in_words(found)}, the first training image "
                    f"{_in_words(self.n_channels)}; a single image is passed as "
                    "image[numpy.newaxis]."
                )
        return images

    def tables(self, X: Table) -> list[Table]:
        if isinstance(X, list):
            return [image[np.newaxis] for image in X]
        return [X]

    def shown(self, X: Table, given: Table) -> Table:
        # Pictures have their channels last, whatever the model takes.
        if self.flat is None and self.channel_axis in (None, -1, 2):
            return X
        images = [self.channels_last(given) for given in X]
        return images if isinstance(X, list) else np.stack(images)

    def lay_out(
        self, rows: Sequence[MaskedRow], coefs: Sequence[NDArray[np.float64]]
    ) -> Any:
        self._check_sizes({row.spans.shape for row in rows})
        return lay_out_cells(rows, coefs)

    def check_layout(self, X: Table) -> None:
        self._check_sizes({self.channels_last(given).shape[:2] for given in X})

    def column_names(self) -> NDArray[np.object_]:
        if self.image_shape is None:
            raise ValueError(
                "the training images are of different sizes, so that their pixels have no "
                "common names: use explain, or resize them."
            )
        height, width = self._size
        names = [f"pixel_{r}_{c}" for r in range(height) for c in range(width)]
        return np.array(names, dtype=object)

    def _check_sizes(self, sizes):
        if self.image_shape is not None:
            sizes = sizes | {self._size}
        if len(sizes) > 1:
            raise ValueError(
                f"images of different sizes, {_sizes_in_words(sizes)}, share no pixels "
                "over which transform could lay their attributions out: use explain, or "
                "resize them."
            )

    def shape_of(self, given: NDArray[Any]) -> tuple[int, ...]:
        """Shape of one image as the model takes it, or would but for `flat`."""
        return given.shape if self.flat is None else tuple(self.flat)

    def channels_last(self, given: NDArray[Any]) -> NDArray[Any]:
        """One image as given, as an array of shape (H, W) or (H, W, C)."""
        image = given.reshape(self.shape_of(given))
        if image.ndim == 2 or self.channel_axis is None:
            return image
        return np.ascontiguousarray(np.moveaxis(image, self.channel_axis, -1))

    def as_given(self, image: NDArray[Any], given: NDArray[Any]) -> NDArray[Any]:
        """An array of shape (H, W) or (H, W, C) in the layout of a given image."""
        if image.ndim == 3 and self.channel_axis is not None:
            image = np.moveaxis(image, -1, self.channel_axis)
        return image.reshape(given.shape)

    @property
    def _size(self):
        """Height and width of the training images, where these are equal."""
        if len(self.image_shape) == 2:
            return self.image_shape
        return tuple(np.delete(self.image_shape, self.channel_axis).tolist())

    def _n_channels(self, given):
        shape = self.shape_of(given)
        return shape[self.channel_axis] if len(shape) == 3 else None

    def _images(self, X):
        """Images as the model takes them: one array where they are of one kind."""
        X = _as_array_or_list(X)
        if self.flat is not None:
            return _check_flat(X, self.flat, self.channel_axis)
        for i, image in enumerate(X):
            if image.ndim == 3 and self.channel_axis is None:
                raise ValueError(
                    f"image {i} has shape {image.shape}, while channel_axis=None is for "
                    "images without channels, of shape (H, W): set channel_axis=-1, or 0 "
                    "for (C, H, W)."
                )
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
    if issparse(X):
        raise TypeError(
            f"X is a sparse table ({type(X).__name__}); images are dense arrays: pass "
            "X.toarray(), with flat=(H, W) for rows of pixels."
        )
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


def _check_channel_axis(axis):
    good = isinstance(axis, Integral) and not isinstance(axis, bool) and -3 <= axis <= 2
    if axis is not None and not good:
        raise ValueError(
            f"channel_axis={axis!r} must be -1 for images of shape (H, W, C), 0 for "
            "(C, H, W), another axis of theirs, or None for images without channels."
        )


def _check_channels_are_not_first(shapes, flat, channel_axis):
    """Refuse images that look like (C, H, W): few along the first axis, or square else."""
    otherwise = "."
    if channel_axis == -1:
        otherwise = "; if they are the last axis indeed, channel_axis=2."
    for i, shape in enumerate(shapes):
        if len(shape) != 3 or min(shape[1:]) < _LONG:
            continue
        if shape[0] <= _MOST_COLOURS or shape[0] != shape[1] == shape[2]:
            where = f"image {i} has" if flat is None else f"flat={flat!r} is"
            size = [n for k, n in enumerate(shape) if k != channel_axis % 3]
            raise ValueError(
                f"{where} shape {shape}, which channel_axis={channel_axis} takes for an "
                f"image of {size[0]} x {size[1]} pixels with {shape[channel_axis]} "
                "channels. If its channels come first, set channel_axis=0: axes are those "
                f"of one image{otherwise}"
            )


def _check_channels_are_not_last(shapes, flat):
    """Refuse images that look like (H, W, C): few along the last axis, many else."""
    for i, shape in enumerate(shapes):
        if len(shape) == 3 and shape[2] <= _MOST_COLOURS and min(shape[:2]) >= _LONG:
            where = f"image {i} has" if flat is None else f"flat={flat!r} is"
            raise ValueError(
                f"{where} shape {shape}, which channel_axis=0 takes for an image of "
                f"{shape[1]} x {shape[2]} pixels with {shape[0]} channels. If its channels "
                "come last, set channel_axis=-1; if they are the first axis indeed, "
                "channel_axis=-3."
            )


def _check_batch(shape, flat, channel_axis):
    """Refuse a single image in colours, whose rows look like images of 3 or 4 columns."""
    shape = tuple(shape)
    colours = len(shape) == 3 and shape[2] in (3, 4) and min(shape[:2]) >= _LONG
    if colours and flat is None and channel_axis is not None:
        raise ValueError(
            f"X has shape {shape}, one image in colours rather than {shape[0]} images of "
            f"{shape[1]} x {shape[2]} pixels: pass X[numpy.newaxis]; if these are images "
            "without channels indeed, set channel_axis=None."
        )


def _check_flat(X, flat, channel_axis):
    sides = isinstance(flat, (tuple, list)) and len(flat) in (2, 3)
    if not (sides and all(is_count(side) for side in flat)):
        raise ValueError(
            f"flat={flat!r} must be the shape (H, W) or (H, W, C) of an image, with "
            "channel_axis=0 (C, H, W)."
        )
    if len(flat) == 3 and channel_axis is None:
        raise ValueError(
            f"flat={flat!r} has three axes, while channel_axis=None is for images without "
            "channels: set channel_axis=-1, or 0 for (C, H, W)."
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


def _in_words(n_channels):
    return "no axis of channels" if n_channels is None else f"{n_channels} channel(s)"


def _sizes_in_words(sizes):
    return " and ".join(f"{height} x {width}" for height, width in sorted(sizes))
