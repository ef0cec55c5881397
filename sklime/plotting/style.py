"""Colours and hatches of positive and negative attributions."""

import numpy as np

# Orange is lighter than blue on paper and for all kinds of colour vision.
POSITIVE, NEGATIVE, SUMMED = "#F0A202", "#0B4A8B", "#8C8C8C"
# Direction of the hatch that marks negative areas where colours are lost.
HATCH = "////"


def signed_map():
    """Colour map from dark blue over grey to light orange.

    Its lightness grows all the way, so that signs survive printing in black and white.
    """
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signed", ["#0A2F66", "#A3A3A3", "#FFC53D"])


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
        "color": [NEGATIVE if value < 0 else POSITIVE for value in values],
        "hatch": [HATCH if value < 0 else "" for value in values],
        "edgecolor": "white",
    }
    ax.axvline(0, color="0.3", linewidth=0.8)
    return ax.barh(positions, values, **styles | options)


def thousands(axis):
    """Write the numbers of an axis with their thousands apart.

    Parameters
    ----------
    axis : matplotlib Axis
        Of attributions or predictions, not of values, which may be years or codes.
    """
    from matplotlib.ticker import ScalarFormatter

    class Thousands(ScalarFormatter):
        def __call__(self, x, pos=None):
            whole, *rest = super().__call__(x, pos).split(".")
            digits = whole.lstrip("-\N{MINUS SIGN}")
            if digits.isdecimal():
                whole = whole[: len(whole) - len(digits)] + f"{int(digits):,}"
            return ".".join([whole, *rest])

    axis.set_major_formatter(Thousands())


def strength(values):
    """Largest absolute value, for scales: 1 where all are zero.

    Parameters
    ----------
    values : array-like
        Attributions; NaN is left out.
    """
    largest = np.nanmax(np.abs(values), initial=0.0)
    return float(largest) if largest > 0 else 1.0
