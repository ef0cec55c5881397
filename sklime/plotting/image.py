"""Attributions of one image, as superpixels coloured by sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from sklime.explanation.attribution import attribution_label
from sklime.explanation.view.pictures import as_bytes
from sklime.plotting.base import Display, axes_for
from sklime.plotting.labels import LITERAL, lay_out, panel_width, row_lines, title, wrapped
from sklime.plotting.style import HATCH, NEGATIVE, POSITIVE, negative_on, strength
from sklime.plotting.top_features import strongest

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ImageDisplay(Display):
    """The explanation of one image: its strongest superpixels, laid over it.

    Superpixels that raise the explained output are orange, those that lower it blue and
    hatched; the stronger the tint, the larger the attribution, as the bar beside it says.
    Images of three channels, or four with opacity, are shown in their colours, others in
    grey.

    Parameters
    ----------
    explanation : Explanation
        Explained images: `data` holds arrays of shape (H, W) or (H, W, C), `unit_spans`
        the superpixel of each pixel.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Raises
    ------
    ValueError
        If these are no images.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime import Explanation
    >>> from sklime.plotting import ImageDisplay
    >>> explanation = Explanation(
    ...     [[0.3, -0.1]],
    ...     intercepts=[0.5],
    ...     predictions=[0.8],
    ...     local_predictions=[0.7],
    ...     scores=[0.9],
    ...     effective_sample_sizes=[512],
    ...     support=[[256, 256]],
    ...     data=np.zeros((1, 2, 3)),
    ...     feature_names=["left", "right"],
    ...     target_names=["yes"],
    ...     conditions=[["left", "right"]],
    ...     meta={"kind": "image"},
    ...     unit_names=[["left", "right"]],
    ...     unit_spans=[np.array([[0, 0, 1], [0, 1, 1]])],
    ... )
    >>> display = ImageDisplay.from_explanation(explanation)
    >>> len(display.ax_.patches)
    2
    """

    _kind = "image"

    def plot(
        self,
        ax: Axes | None = None,
        *,
        row: int = 0,
        target: object = None,
        max_features: int = 10,
    ) -> Self:
        """Draw one image.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: in a figure of its own.
        row : int, default=0
            Position of the image; negative ones count from the end.
        target : object, default=None
            The output to show. None: the only one, or a row's predicted class.
        max_features : int, default=10
            How many superpixels are shown, the strongest ones.

        Returns
        -------
        self
            With `ax_` and `figure_`.

        Raises
        ------
        IndexError
            If there is no such row.
        ValueError
            If several numbers or labels are explained and `target` is not given.
        """
        own = self._row(row, target)
        values, labels = own.values[:, : len(own.unit_names[0])], own.unit_spans[0]
        shown, _, _ = strongest(values, max_features)
        values = values[0]

        height, width = labels.shape
        ax = axes_for(ax, 5.2, 1 + np.clip(5.2 * height / width, 1, 9))
        _show(ax, np.asarray(own.data[0]))
        for j in shown[values[shown] != 0]:
            share = abs(values[j]) / strength(values)
            _overlay(ax, labels == j, values[j], share)
        ax.set_axis_off()
        _key(ax)
        lines = row_lines(own, self._row_name(row))
        title(ax, *lines, share=0.9)
        name = attribution_label(own)
        bar = _scale(ax, strength(values), name) if values.any() else None
        for _ in range(2):
            # High images stand in the middle of their place, which the bar's name moves.
            lay_out(ax)
            figure = ax.figure.bbox
            left = (ax.get_window_extent().x0 - figure.x0) / figure.width
            title(ax, *lines, share=min(0.9, 0.97 - left))
            if bar is not None:
                _write_beside(bar, ax, name)
        shown = shown[values[shown] != 0]
        drawn = {"superpixel": own.unit_names[0][shown], "attribution": values[shown]}
        return self._finish(ax, drawn)


def _show(ax, image):
    """Show three channels as colours, also three of four, the last of which is opacity.

    Others are shown by their mean, in grey.
    """
    if image.ndim == 3 and image.shape[2] in (3, 4):
        ax.imshow(as_bytes(image))
        return
    image = image.astype(float)
    ax.imshow(image if image.ndim == 2 else image.mean(axis=2), cmap="gray")


def _scale(ax, largest, name):
    """Draw a colour bar of the tints, from the largest attribution down to its negative."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb

    tints = [(*to_rgb(NEGATIVE), 0.6), (1, 1, 1, 0), (*to_rgb(POSITIVE), 0.6)]
    tints = LinearSegmentedColormap.from_list("tints", tints)
    shades = ScalarMappable(Normalize(-largest, largest), tints)
    beside = {"ax": ax, "aspect": 25, "pad": 0.02}
    bar = ax.figure.colorbar(shades, **beside)
    room = _write_beside(bar, ax, name)
    # As high as the image, which may be lower than the place that it is given.
    place = ax.get_position(original=True).height * ax.figure.get_figheight()
    bar.remove()
    bar = ax.figure.colorbar(shades, shrink=min(1.0, room / place), **beside)
    # Tints are seen on the image, whatever is behind that.
    bar.ax.set_facecolor("white")
    _write_beside(bar, ax, name)
    return bar


def _write_beside(bar, ax, name):
    """Write what a colour bar shows, in lines that fit the image; its height in inches."""
    for _ in range(4):
        # The name takes of the width, and so of the height.
        lay_out(ax)
        room = ax.get_window_extent().height / ax.figure.dpi
        lines = "\n".join(wrapped(name, room, 3))
        if lines == bar.ax.get_ylabel():
            break
        bar.set_label(lines, **LITERAL)
    return room


def _overlay(ax, pixels, value, share):
    """Tint some pixels, hatch them where they lower the output, and outline them."""
    from matplotlib.collections import LineCollection
    from matplotlib.patches import PathPatch

    color, line, hatch = POSITIVE, POSITIVE, None
    if value < 0:
        # Lines stand out from the pixels; the tint is that of the bar beside the image.
        [image] = ax.images
        behind = image.to_rgba(image.get_array())[pixels].mean(axis=0)
        color, line, hatch = NEGATIVE, negative_on(behind), HATCH
    tint = {"facecolor": (color, 0.6 * share), "edgecolor": (line, 0.9)}
    ax.add_patch(PathPatch(_area(pixels), hatch=hatch, linewidth=0, aa=False, **tint))
    ax.add_collection(LineCollection(_outline(pixels), colors=line, linewidths=1.5))


def _area(pixels):
    """Path of rectangles, one for each unbroken stretch of pixels in a line."""
    from matplotlib.path import Path

    steps = np.diff(np.pad(pixels, 1).astype(int), axis=1)
    y, left = np.nonzero(steps == 1)
    right = np.nonzero(steps == -1)[1]
    x = np.stack([left, right, right, left, left], axis=1)
    y = y[:, np.newaxis] + [-1, -1, 0, 0, -1]
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY]
    return Path(np.dstack([x, y]).reshape(-1, 2) - 0.5, np.tile(codes, len(x)))


def _outline(pixels):
    """Borders between these pixels and others, as lines of shape (n, 2, 2)."""
    padded = np.pad(pixels, 1).astype(int)
    y, x = np.nonzero(np.diff(padded, axis=1))
    upright = np.stack([x, y - 1, x, y], axis=1)
    y, x = np.nonzero(np.diff(padded, axis=0))
    level = np.stack([x - 1, y, x, y], axis=1)
    return np.vstack([upright, level]).reshape(-1, 2, 2) - 0.5


def _key(ax):
    """Write a legend of the signs' looks below the axes."""
    from matplotlib.patches import Patch

    hatched = {"hatch": HATCH, "edgecolor": "white"}
    ax.legend(
        handles=[
            Patch(facecolor=POSITIVE, label="raises"),
            Patch(facecolor=NEGATIVE, label="lowers", **hatched),
        ],
        loc="upper left",
        bbox_to_anchor=(0, 0),
        # Wider than a narrow panel's image, a line of both would press that together.
        ncols=2 if panel_width(ax) >= 4.0 else 1,
        frameon=False,
    )
