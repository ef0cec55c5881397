"""Words of every script, as matches of one regular expression."""

import re
import sys
import unicodedata
from functools import lru_cache

# As Unicode's word rules have it (UAX 29): marks belong to the letter before them, as do
# soft hyphens and (non-)joiners; apostrophes and their like join two halves of a word,
# quotation marks Hebrew letters of an abbreviation. Hyphens part words, and so do points
# and commas, as in lime.
WORDS = (
    r"\w(?:[\w\p{M}\u00ad\u200c\u200d]+|['\u2019\u2018\u00b7\u05f3\u05f4\uff07](?=\w)"
    r"|(?<=[\u05d0-\u05ea])\"(?=[\u05d0-\u05ea]))*"
)


@lru_cache(maxsize=32)
def compile_pattern(pattern):
    r"""Compile a regular expression, in which ``\p{M}`` stands for combining marks.

    Python's own `re` knows no Unicode categories.

    Raises
    ------
    re.error, TypeError
        If it is none.

    Examples
    --------
    >>> from sklime.samplers.masked.words import WORDS, compile_pattern
    >>> words = compile_pattern(WORDS).findall("Don't say l\u2019eau, cafe\u0301 or e-mail")
    >>> print(*map(ascii, words))
    "Don't" 'say' 'l\u2019eau' 'cafe\u0301' 'or' 'e' 'mail'
    """
    if isinstance(pattern, str) and r"\p{M}" in pattern:
        pattern = re.sub(r"\\p\{M\}|\\.|\[|\]", _Expansion(), pattern, flags=re.DOTALL)
    return re.compile(pattern)


class _Expansion:
    """Replacement of the escape by ranges, in brackets of their own outside of a set."""

    in_set = False

    def __call__(self, match):
        found = match[0]
        if found == r"\p{M}":
            return _marks() if self.in_set else f"[{_marks()}]"
        if found in "[]":
            self.in_set = found == "["
        return found


@lru_cache(maxsize=1)
def _marks():
    """Ranges of all combining marks, for a set of a regular expression."""
    ranges = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code))[0] != "M":
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
