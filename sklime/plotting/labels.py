"""Text of labels: escaped, printable, and shortened to fit."""

from collections.abc import Mapping
from functools import lru_cache
from math import isnan
from types import MappingProxyType
from typing import Any
from unicodedata import bidirectional

from sklime.explanation.attribution import EFFECT, attribution_label
from sklime.page.numbers import plain

# Text properties that keep matplotlib from reading "$" and "\" in names as markup.
LITERAL: Mapping[str, Any] = MappingProxyType({"parse_math": False, "usetex": False})

# Characters of an output's name that may stand before its numbers.
_LONGEST_IN_A_LINE = 20

# Points of the smallest labels.
SMALLEST = 6.0


def legible(name):
    r"""Escape what cannot be drawn: control characters, and glyphs the font lacks.

    Parameters
    ----------
    name : object
        What is to be written.

    Returns
    -------
    str
        One line, with Python's escape sequences for what cannot be drawn.

    Examples
    --------
    >>> from sklime.plotting.labels import legible
    >>> print(legible("two\nlines"))
    two\nlines
    """
    from matplotlib.font_manager import FontProperties

    glyphs = _glyphs(tuple(FontProperties().get_family()))
    return "".join(
        c if c.isprintable() and ord(c) in glyphs else c.encode("unicode_escape").decode()
        for c in str(name)
    )


def fitted(name, inches):
    """Make a label printable and shorten it in its middle if it is too long.

    Both ends are kept, as the bounds of a condition stand there.

    Parameters
    ----------
    name : object
        What is to be written, in the default font and size.
    inches : float
        The room there is.

    Examples
    --------
    >>> from sklime.plotting.labels import fitted
    >>> fitted("0.1 < " + 80 * "x" + " <= 0.2", inches=1)
    '0.1 < ...= 0.2'
    """
    text, room = legible(name), 72 * inches
    kept = len(text)
    shorter = text
    while kept > 1 and (width := text_width(shorter)) > room:
        kept = max(1, min(kept - 1, int(kept * room / width)))
        shorter = text[: kept - kept // 2] + "..." + text[len(text) - kept // 2 :]
    return shorter


def wrapped(name, inches, most=2):
    """Make a label printable and break it between words; the last line is shortened.

    Parameters
    ----------
    name : object
        What is to be written, in the default font and size.
    inches : float
        The room there is for a line.
    most : int, default=2
        How many lines there may be.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from sklime.plotting.labels import wrapped
    >>> wrapped("19.28 < fare <= 33.39", inches=1)
    ['19.28 < fare', '<= 33.39']
    """
    lines, rest = [], legible(name)
    while len(lines) < most - 1 and text_width(rest) > 72 * inches:
        words = rest.split(" ")
        n = 0
        while text_width(" ".join(words[: n + 1])) <= 72 * inches:
            n += 1
        if not n:
            break
        # Before a sign or a bracket, or after a comma, rather than within a phrase.
        good = [
            i
            for i in range((n + 1) // 2, n + 1)
            if words[i][:1] in ("<", ">", "=", "(") or words[i - 1].endswith(",")
        ]
        left = 72 * inches * (most - 1 - len(lines))
        good = [i for i in good if text_width(" ".join(words[i:])) <= left]
        n = max(good, default=n) or n
        lines.append(" ".join(words[:n]))
        rest = " ".join(words[n:])
    return [*lines, fitted(rest, inches)]


def reads_leftward(text):
    """Whether a text reads from right to left, as its first letter says.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> from sklime.plotting.labels import reads_leftward
    >>> reads_leftward("2020: \u05e1\u05e8\u05d8"), reads_leftward("film")
    (True, False)
    """
    kinds = map(bidirectional, text)
    return next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") != "L"


@lru_cache(maxsize=4096)
def text_width(text):
    """Width of a line of literal text in the default font and size.

    Returns
    -------
    float
        Width in points, 1/72 inch.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    return TextToPath().get_text_width_height_descent(text, FontProperties(), False)[0]


def label_y(ax, names):
    """Write names at the positions 0, 1, ... of the y axis, the first on top.

    Titles and names of axes come first, as they take of the height.

    Parameters
    ----------
    ax : matplotlib Axes
        Gets the labels, and limits that hold all positions.
    names : sequence of n objects
        The labels; long ones are broken, written smaller, or cut, to a third of the
        figure's width.
    """
    from matplotlib.font_manager import FontProperties

    lay_out(ax)
    room, size = 0.33 * ax.figure.get_figwidth(), FontProperties().get_size_in_points()
    lane = 72 * ax.get_window_extent().height / ax.figure.dpi / max(1, len(names))
    # Two lines have room in a lane if they are as small as that.
    small = min(size, lane / 3)
    size_of_one = min(size, lane / 1.2)
    most = 3 if lane > 4.5 * size else 2
    labels, sizes = [], []
    for name in names:
        share = 72 * room / max(1.0, text_width(legible(name)))
        if share >= size_of_one / size:
            labels.append(legible(name))
            sizes.append(size_of_one)
        elif small >= SMALLEST:
            labels.append("\n".join(wrapped(name, room * size / small, most)))
            sizes.append(small)
        else:
            sizes.append(min(size_of_one, max(share * size, SMALLEST)))
            labels.append(fitted(name, room * size / sizes[-1]))
    ticks = ax.set_yticks(range(len(names)), labels, **LITERAL)
    for tick, own in zip(ticks, sizes, strict=True):
        tick.label1.set_fontsize(own)
    ax.set_ylim(len(names) - 0.4, -0.6)


def lay_out(ax):
    """Give axes the place that titles, names and colour bars leave them."""
    ax.figure.figure.draw_without_rendering()


def title(ax, *lines, share=0.6):
    """Write lines of literal text as the title of axes.

    Parameters
    ----------
    *lines : str
        The lines; long ones are broken twice, and then cut.
    share : float, default=0.6
        Room for them, in widths of the figure, or of the panel that the axes are.
    """
    # Panels do not begin at the edge of the figure, and leave gaps between them.
    share = share if _panel_share(ax) == 1 else min(share, 0.8)
    room = share * panel_width(ax)
    lines = [part for line in lines for part in wrapped(line, room, 3)]
    ax.set_title("\n".join(lines), loc="left", fontsize="medium", **LITERAL)


def panel_width(ax):
    """Width in inches of the figure, or of the panel that axes are."""
    return _panel_share(ax) * ax.figure.get_figwidth()


def _panel_share(ax):
    """Share of the figure's width that the columns of a grid give these axes."""
    place = ax.get_subplotspec()
    if place is None:
        return 1.0
    # Colour bars divide the place further.
    place = place.get_topmost_subplotspec()
    grid = place.get_gridspec()
    widths = grid.get_width_ratios() or [1] * grid.ncols
    return sum(widths[j] for j in place.colspan) / sum(widths)


def label_attributions(ax, explanation, form="{}", axis="x"):
    """Write below or beside axes what the attributions are.

    Parameters
    ----------
    ax : matplotlib Axes
        Gets the label.
    explanation : Explanation
        Of one output a row.
    form : str, default="{}"
        Text with a place for what they are.
    axis : {"x", "y"}, default="x"
        The axis on which they stand.
    """
    figure = ax.figure
    # Below axes, names of lanes at their left move the middle.
    room = 0.6 * figure.get_figwidth() if axis == "x" else 0.8 * figure.get_figheight()
    text = "\n".join(wrapped(form.format(attribution_label(explanation)), room))
    (ax.set_xlabel if axis == "x" else ax.set_ylabel)(text, **LITERAL)


def row_lines(row, name):
    """Title lines of a one-row explanation: which it is, its prediction and fidelity.

    Parameters
    ----------
    row : Explanation
        One row, one output.
    name : str
        The label of the row.
    """
    target = row.target_names[0]
    # What attributions are added to.
    start = "intercept" if row.attribution == EFFECT else "baseline"
    level = getattr(row, f"{start}s")
    answers = row.predictions[0], row.local_predictions[0], level[0]
    prediction, local, level = (plain(answer, 3) for answer in answers)
    what = "prediction"
    if row.meta.get("response_method") == "predict_proba":
        # A number after a name that reads leftward would be drawn before it.
        short = len(str(target)) <= _LONGEST_IN_A_LINE and not reads_leftward(str(target))
        what = f"probability of {target}:" if short else "probability"
    score = row.scores[0]
    # Of many rows with a closed form some have none.
    fidelity = "" if isnan(score) else f", weighted R2 {score:.2g}"
    view = f" ({row.attribution}s)" * (row.attribution != EFFECT)
    return [
        f"row {name}, explained: {target}{view}",
        f"{what} {prediction} (surrogate {local}{fidelity})",
        f"{start} {level}",
    ]


def rows_line(explanation):
    """Title line of an explanation of many rows: its output.

    Parameters
    ----------
    explanation : Explanation
        Many rows, one output each.
    """
    names, n = dict.fromkeys(map(str, explanation.target_names)), len(explanation)
    what = next(iter(names))
    if len(names) > 1:
        what = f"each row's predicted class ({len(names)} classes)"
    return f"{n:,} row{'s' * (n > 1)} explained: {what}"


@lru_cache
def _glyphs(families):
    """Code points that the fonts of these families can draw."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    fonts = [findfont(FontProperties(family=[family])) for family in families]
    return frozenset().union(*(get_font(font).get_charmap() for font in fonts))
