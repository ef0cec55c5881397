"""Sampler of images, whose superpixels are kept or hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklime.fitting import atomic_fit, check_fitted
from sklime.samplers.kinds.image import ImageRows
from sklime.samplers.masked.base import MaskSampler
from sklime.samplers.masked.cellwise import CellwiseRow
from sklime.samplers.masked.fill import PAINTERS, hidden_image
from sklime.samplers.masked.superpixels import COUNTED, SEGMENTERS, superpixels
from sklime.tables.typing import Table, TableLike
from sklime.validation import check_count, is_count


class SuperpixelSampler(MaskSampler):
    """Describe an image by its superpixels, and perturb it by hiding some of them.

    A perturbed image shows each superpixel :math:`S_j` where its mask :math:`z_j` is 1 and
    what `hide` says where it is 0. A mask keeps each superpixel with probability 1/2; an
    attribution is the effect of showing one. The model receives images of the shape and
    dtype they were given in.

    Images are arrays of shape (n, H, W) or (n, H, W, C), of any number of channels and
    any real dtype, or lists of images of different sizes; with ``channel_axis=0`` of shape
    (n, C, H, W), as PyTorch has them. `transform` lays the attributions
    out over the pixels, each pixel its superpixel's, for images of one size; `explain`
    takes any.

    Parameters
    ----------
    segmenter : str, (int, int) or callable, default="slic"
        How an image is cut. "slic", "quickshift" and "felzenszwalb" are scikit-image's;
        "grid" and a pair (rows, columns) are rectangles. A callable takes an image of
        shape (H, W) or (H, W, C), channels last, and returns one integer for each pixel, of
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
        whose rows are tables of shape (n, H * W * C); (C, H, W) with ``channel_axis=0``.
    channel_axis : int or None, default=-1
        The axis of the channels in an image, as in scikit-image: -1 for (H, W, C), 0 for
        (C, H, W). None: images have no channels. Images of shape (H, W) have none, either
        way. The model gets them as they were given; `data` of an explanation and pictures
        have the channels last. Shapes that look like another order, such as a square after
        a few bands, are refused; 2 says that the last axis is meant, and -3 the first.

    Attributes
    ----------
    image_shape_ : tuple or None
        Shape of the training images, as given; None where they differ.
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

    row_kind = ImageRows

    def __init__(
        self,
        segmenter: Literal["slic", "quickshift", "felzenszwalb", "grid"]
        | tuple[int, int]
        | Callable[[NDArray[Any]], ArrayLike] = "slic",
        hide: Literal["mean", "blur", "inpaint"] | ArrayLike = "mean",
        n_segments: int | None = None,
        flat: tuple[int, int] | tuple[int, int, int] | None = None,
        channel_axis: int | None = -1,
    ) -> None:
        self.segmenter = segmenter
        self.hide = hide
        self.n_segments = n_segments
        self.flat = flat
        self.channel_axis = channel_axis

    @atomic_fit
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        _check_segmenter(self.segmenter, self.n_segments)
        _check_hide(self.hide)
        self.kind_ = ImageRows(X, self.flat, self.channel_axis)
        self.image_shape_ = self.kind_.image_shape
        self.n_channels_ = self.kind_.n_channels
        self.n_features_in_ = self.kind_.n_values
        self.binary_features_ = np.ones(self.n_features_in_, dtype=bool)
        return self

    @property
    def hiding(self) -> str:
        """What a warning says of traces of hidden segments, and the cure."""
        return (
            f"what hide={self.hide!r} of SuperpixelSampler shows in place of hidden "
            "segments tells the model as much. Set another hide, such as the colour of an "
            "empty ground: hide=0 for black."
        )

    def leaves_traces(self, X: Table) -> NDArray[np.bool_]:
        return np.full(len(X), isinstance(self.hide, str))

    def rows(self, X: Table) -> list[CellwiseRow]:
        check_fitted(self)
        return [self._row(given) for given in X]

    def _row(self, given):
        image, hide = self.kind_.channels_last(given), self.hide
        segments = superpixels(image, self.segmenter, self.n_segments)
        if not isinstance(hide, str) and np.shape(hide) == self.kind_.shape_of(given):
            hide = self.kind_.channels_last(np.reshape(hide, given.shape))
        hidden = self.kind_.as_given(hidden_image(image, segments, hide), given)
        names = [f"segment_{j}" for j in range(segments.max() + 1)]
        units = None
        if image.ndim == 3 and self.channel_axis not in (-1, 2):
            units = np.broadcast_to(segments[..., np.newaxis], image.shape)
            units = self.kind_.as_given(units, given)
        return CellwiseRow(given, hidden, segments, np.array(names, dtype=object), units)


def _check_segmenter(segmenter, n_segments):
    pair = isinstance(segmenter, (tuple, list)) and len(segmenter) == 2
    known = isinstance(segmenter, str) and segmenter in SEGMENTERS
    if not (callable(segmenter) or known or (pair and all(map(is_count, segmenter)))):
        raise ValueError(
            f"segmenter={segmenter!r} must be one of {', '.join(map(repr, SEGMENTERS))}, a "
            "pair (rows, columns) or a callable."
        )
    if n_segments is None:
        return
    check_count("n_segments", n_segments, otherwise=", or None")
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
