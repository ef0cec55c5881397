"""Numbers as readers are shown them: thousands apart, decimals of a list aligned."""

import math

import numpy as np

# Beyond these sizes numbers are written with an exponent.
_SMALLEST, _LARGEST = 1e-5, 1e15
# Below the second Python writes an exponent, a page's script below the first.
_SMALLEST_OF_A_SCRIPT, _SMALLEST_IN_FULL = 1e-6, 1e-4
# Blanks as wide as a digit, and as a point.
_DIGIT, _POINT = "\N{FIGURE SPACE}", "\N{PUNCTUATION SPACE}"


def plain(value, digits=4):
    """Write one number: thousands apart, rounded to some significant digits.

    Digits before the decimal point are all written.

    Parameters
    ----------
    value : float
        NaN is written as "no answer".
    digits : int, default=4
        Significant digits; zeros at the end are left out.

    Returns
    -------
    str

    Examples
    --------
    >>> from sklime.page.numbers import plain
    >>> plain(196412.3), plain(0.94), plain(-0.00012345), plain(2.5e-7)
    ('196,412', '0.94', '-0.0001234', '2.5e-07')
    """
    value = float(value)
    if not math.isfinite(value):
        return "no answer" if math.isnan(value) else str(value)
    if value and not _SMALLEST <= abs(value) < _LARGEST:
        return f"{value:.{digits}g}"
    text = f"{value:,.{_decimals(abs(value), digits)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def aligned(values, digits=3, *, signed=True):
    """Write the numbers of a list with the same decimals, as many as the largest needs.

    Decimals that are 0 in all of them are left out.

    Parameters
    ----------
    values : array-like of shape (n,)
        NaN is written as "no answer".
    digits : int, default=3
        Significant digits of the largest.
    signed : bool, default=True
        Whether positive numbers have a sign, too.

    Returns
    -------
    list of n str

    Examples
    --------
    >>> from sklime.page.numbers import aligned
    >>> aligned([-0.14, 0.0346, 0.00341]), aligned([28187.4, -310.2])
    (['-0.140', '+0.035', '+0.003'], ['+28,187', '-310'])
    """
    values = np.asarray(values, dtype=float)
    largest = np.max(np.abs(values), where=np.isfinite(values), initial=0.0)
    sign = "+" if signed else ""
    values = values.tolist()
    if largest and not _SMALLEST <= largest < _LARGEST:
        return [_written(value, f"{sign}.{digits - 1}e") for value in values]
    decimals = _decimals(largest, digits)
    finite = [value for value in values if math.isfinite(value)]
    while decimals and all(f"{value:.{decimals}f}".endswith("0") for value in finite):
        decimals -= 1
    return [_written(value, f"{sign},.{decimals}f") for value in values]


def spelled(value, *, signed=False):
    """Write a number of a page with all its digits, as the page's script does.

    Parameters
    ----------
    value : int, float, str or None
        Infinities come as strings; None is written as "no answer".
    signed : bool, default=False
        Whether positive numbers have a sign.

    Returns
    -------
    str

    Examples
    --------
    >>> from sklime.page.numbers import spelled
    >>> spelled(28190.0, signed=True), spelled(0.0346)
    ('+28,190', '0.0346')
    """
    if value is None:
        return "no answer"
    text = str(value).removesuffix(".0")
    if isinstance(value, float) and _SMALLEST_OF_A_SCRIPT <= abs(value) < _SMALLEST_IN_FULL:
        text = np.format_float_positional(value)
    whole, point, decimals = text.partition(".")
    if whole.removeprefix("-").isdecimal():
        text = f"{int(whole):,}{point}{decimals}"
        # An integer has no negative zero.
        text = f"-{text}" if whole == "-0" else text
    text = text.replace("-", "\N{MINUS SIGN}")
    return f"+{text}" if signed and text != "0" and text[0] != "\N{MINUS SIGN}" else text


def point_aligned(texts):
    """Pad numbers with blanks as wide as digits, so that their points are aligned.

    Parameters
    ----------
    texts : sequence of str
        To be written flush right; those that are no plain decimals stay as they are.

    Returns
    -------
    list of str
    """
    lengths = [len(text.partition(".")[2]) if _is_plain(text) else 0 for text in texts]
    longest = max(lengths, default=0)
    return [
        text + (_POINT if longest and not own else "") + _DIGIT * (longest - own)
        if _is_plain(text)
        else text
        for text, own in zip(texts, lengths, strict=True)
    ]


def _is_plain(text):
    return not set(text) - set("0123456789,.+\N{MINUS SIGN}")


def _written(value, form):
    return "no answer" if math.isnan(value) else format(value, form)


def _decimals(size, digits):
    """Decimals that show so many significant digits of a number of this size."""
    if not size:
        return 0
    # As it is after rounding: 0.9996 is 1.000.
    exponent = int(f"{size:.{digits - 1}e}".partition("e")[2])
    return max(0, digits - 1 - exponent)
