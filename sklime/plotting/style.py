"""Colours and hatches of positive and negative attributions."""

import numpy as np

from sklime.plotting.labels import text_width

# Orange is lighter than blue on paper and for all kinds of colour vision.
POSITIVE, NEGATIVE, SUMMED = "#F0A202", "#0B4A8B", "#8C8C8C"
# Blue that stands out from black.
_NEGATIVE_ON_DARK = "#6CB0F2"
# Points between neighbouring numbers of an axis.
_BETWEEN = 6
# Direction of the hatch that marks negative areas where colours are lost.
HATCH = "////"


def is_dark(ax):
    """Whether axes have a dark background, as in the style "dark_background"."""
    *colour, opacity = ax.get_facecolor()
    if not opacity:
        *colour, opacity = ax.figure.get_facecolor()
    return bool(opacity and _lightness(colour) < 0.5)


def _lightness(colour):
    return np.dot(colour, [0.2126, 0.7152, 0.0722])


def grey(ax, level):
    """A grey: `level` on white, from 0 for ink to 1 for paper; on black the reverse."""
    return str(1 - level if is_dark(ax) else level)


def negative(ax):
    """The colour of negative attributions, and of plain dots, on these axes."""
    return _NEGATIVE_ON_DARK if is_dark(ax) else NEGATIVE


def negative_on(colour):
    """The colour of lines of negative attributions on a colour, such as that of pixels."""
    return _NEGATIVE_ON_DARK if _lightness(colour[:3]) < 0.5 else NEGATIVE


def rank_map(ax):
    """Colour map of low and high values, all of which stand out from the background."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap

    shades = colormaps["cividis"]
    if is_dark(ax):
        shades = LinearSegmentedColormap.from_list("ranks", ["#3F8FDC", "#FFD479"])
    return shades.with_extremes(bad=SUMMED)


def signed_map(ax=None):
    """Colour map from blue over grey to light orange, all of which stand out.

    Its lightness grows all the way, so that signs survive printing in black and white.
    """
    from matplotlib.colors import LinearSegmentedColormap

    lowest = "#2E6DB4" if ax is not None and is_dark(ax) else "#0A2F66"
    return LinearSegmentedColormap.from_list("signed", [lowest, "#A3A3A3", "#FFC53D"])


def bars(ax, positions, values, **options):
    """Draw horizontal bars in the colour and hatch of their signs.

    Parameters
    ----------
    positions, values : array-like of shape (n,)
        Heights of the bars on the y axis, and their signed lengths.
    **options : dict
        Passed to ``ax.barh``.
    """
    styles = {
        "color": [negative(ax) if value < 0 else POSITIVE for value in values],
        "hatch": [HATCH if value < 0 else "" for value in values],
        "edgecolor": grey(ax, 1.0),
    }
    ax.axvline(0, color=grey(ax, 0.3), linewidth=0.8)
    return ax.barh(positions, values, **styles | options)


def thousands(axis):
    """Write the numbers of an axis with their thousands apart, and with room for each.

    Parameters
    ----------
    axis : matplotlib Axis
        Of attributions or predictions, not of values, which may be years or codes.
    """
    from matplotlib.ticker import Locator, ScalarFormatter

    class Thousands(ScalarFormatter):
        def __call__(self, x, pos=None):
            whole, *rest = super().__call__(x, pos).split(".")
            digits = whole.lstrip("-\N{MINUS SIGN}")
            if digits.isdecimal():
                whole = whole[: len(whole) - len(digits)] + f"{int(digits):,}"
            # "1e-6" above or beside all would lie over the name of the axis.
            power = super().get_offset()[1:] if x else ""
            return ".".join([whole, *rest]) + power

        def get_offset(self):
            return ""

    class Spaced(Locator):
        """Every other number of a locator, or fewer, where they would run together."""

        def __init__(self, locator):
            self.locator = locator

        def __call__(self):
            return self._thinned(self.locator())

        def tick_values(self, vmin, vmax):
            return self._thinned(self.locator.tick_values(vmin, vmax))

        def view_limits(self, vmin, vmax):
            return self.locator.view_limits(vmin, vmax)

        def set_params(self, **parameters):
            self.locator.set_params(**parameters)

        def _thinned(self, places):
            ax = self.axis.axes
            low, high = sorted(ax.get_xlim())
            points = 72 * ax.get_window_extent().width / ax.figure.dpi / (high - low)
            while len(places) > 2 and not self._have_room(places, points):
                even = np.rint(places / (places[1] - places[0])) % 2 == 0
                # 0 stays where it is among them, unless it would be the only one in view.
                seen = np.count_nonzero(even & (low <= places) & (places <= high))
                places = places[even if seen > 1 else ~even]
            return places

        def _have_room(self, places, points):
            labels = self.axis.get_major_formatter().format_ticks(places)
            widths = np.array([text_width(label) for label in labels])
            room = points * np.diff(places) - _BETWEEN
            return (widths[1:] + widths[:-1] <= 2 * room).all()

    axis.set_major_formatter(Thousands(useOffset=False, useMathText=False))
    if axis.axis_name == "x":
        axis.set_major_locator(Spaced(axis.get_major_locator()))


def size_map(ax):
    """Colour map of sizes: from the background to the colour of plain dots."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("sizes", [grey(ax, 0.97), negative(ax)])


def strength(values):
    """Largest absolute value, for scales: 1 where all are zero.

    Parameters
    ----------
    values : array-like
        Attributions; NaN is left out.
    """
    largest = np.nanmax(np.abs(values), initial=0.0)
    return float(largest) if largest > 0 else 1.0
