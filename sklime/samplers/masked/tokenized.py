"""Text whose tokens are kept or removed, and its masked copies."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklime.samplers.kinds.masked_row import MaskedRow
from sklime.tables.typing import Table

# Two bytes that UTF-8 never uses: what is removed, and where a text ends.
_REMOVED, _END = 0xFF, 0xFE

# Bytes that are composed at a time: they stay in the second-level cache.
_BLOCK = 2**18


class MaskedText(MaskedRow):
    """Text, cut into tokens that can be removed.

    Parameters
    ----------
    text : str
        The text.
    cut : callable
        Takes a text and returns the places of its tokens, a list of (start, stop).
    name : callable
        Takes a token and returns its name; tokens of one name are one unit.
    positions : bool
        Whether each occurrence of a token is a unit, or each distinct token.
    mask : str or None
        Replacement of a removed token.
    """

    def __init__(self, text, cut, name, positions, mask):
        self.text = text
        self._cut, self._name = cut, name
        self._positions = positions
        self._mask = "" if mask is None else mask
        self._places = cut(text)
        self._tokens = [name(text[start:stop]) for start, stop in self._places]
        distinct = self._tokens if positions else list(dict.fromkeys(self._tokens))
        self._names = np.array(distinct, dtype=object)
        # The unit of each token; units are numbered as they first occur.
        number = {name: j for j, name in enumerate(distinct)}
        self._units = [
            i if positions else number[token] for i, token in enumerate(self._tokens)
        ]

    @property
    def names(self) -> NDArray[Any]:
        return self._names

    @cached_property
    def spans(self) -> Sequence[Any] | NDArray[Any]:
        places = np.array(self._places, dtype=int).reshape(-1, 2)
        if self._positions:
            return places
        order = np.argsort(self._units, kind="stable")
        ends = np.cumsum(np.bincount(self._units, minlength=self.n_units))
        return np.split(places[order], ends[:-1]) if self.n_units else []

    @property
    def bytes_per_copy(self) -> int:
        # Python's own share of a string included.
        return len(self._bytes[0]) + 64

    def compose(self, masks: ArrayLike) -> list[str]:
        masks = np.asarray(masks, dtype=bool)
        if masks.ndim != 2 or masks.shape[1] != self.n_units:
            raise ValueError(
                f"masks of shape {masks.shape} do not fit a text of {self.n_units} units."
            )
        codes, columns = self._bytes
        height, texts = max(1, _BLOCK // len(codes)), []
        for start in range(0, len(masks), height):
            kept = masks[start : start + height]
            always = np.ones((len(kept), 1), dtype=bool)
            shown = np.hstack([kept, ~kept, always])
            # All bits are set where nothing is shown, a byte that is then dropped.
            bytes_ = (shown.view(np.uint8) - np.uint8(1)).take(columns, axis=1) | codes
            joined = bytes_.tobytes().translate(None, bytes([_REMOVED]))
            texts += joined.split(bytes([_END]))[:-1]
        return [text.decode("utf-8", "surrogatepass") for text in texts]

    def compose_distinct(self, masks: ArrayLike) -> tuple[list[str], NDArray[np.intp]]:
        number: dict[str, int] = {}
        index = [number.setdefault(text, len(number)) for text in self.compose(masks)]
        return list(number), np.array(index)

    def shared_with(self, X: Table) -> NDArray[np.bool_]:
        found = np.zeros((len(X), self.n_units), dtype=bool)
        for shared, text in zip(found, X, strict=True):
            tokens = [self._name(text[start:stop]) for start, stop in self._cut(text)]
            if self._positions:
                matcher = SequenceMatcher(None, self._tokens, tokens, autojunk=False)
                for first, _, length in matcher.get_matching_blocks():
                    shared[first : first + length] = True
            else:
                present = set(tokens)
                shared[:] = [name in present for name in self._names]
        return found

    @cached_property
    def _bytes(self):
        """Text in UTF-8, in which every token is followed by its replacement.

        Returns
        -------
        codes : ndarray of shape (n_bytes,) of uint8
            The last one ends the text.
        columns : ndarray of shape (n_bytes,) of int
            Which of [kept, not kept, always] shows each byte, for d, d and 1 units.
        """
        d, end, pieces, columns = self.n_units, 0, [], []
        for (start, stop), unit in zip(self._places, self._units, strict=True):
            pieces += self.text[end:start], self.text[start:stop], self._mask
            columns += 2 * d, unit, d + unit
            end = stop
        pieces = [p.encode("utf-8", "surrogatepass") for p in [*pieces, self.text[end:]]]
        columns = np.repeat([*columns, 2 * d], [len(piece) for piece in pieces])
        codes = np.frombuffer(b"".join([*pieces, bytes([_END])]), dtype=np.uint8)
        return codes, np.append(columns, 2 * d)
