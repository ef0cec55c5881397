"""Sampler of texts, whose tokens are kept or removed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklime.fitting import atomic_fit, check_fitted
from sklime.laws.masks import ExchangeableLaw
from sklime.samplers.kinds.text import TextRows
from sklime.samplers.kinds.text_containers import read_texts
from sklime.samplers.masked.base import MASK_SEQUENCES, MaskSampler
from sklime.samplers.masked.tokenized import MaskedText
from sklime.samplers.masked.words import WORDS, compile_pattern
from sklime.tables.typing import Table, TableLike
from sklime.validation import check_count, check_option, check_weights


class TokenSampler(MaskSampler):
    r"""Remove tokens of a text, whose places in the text are known.

    The number of removed tokens is uniform on 1 to d, as in LIME; texts whose masks are at
    most `n_samples` are enumerated. Text between tokens is unchanged.

    `transform` has one column per token of the training texts; an explanation also shows a
    text's other tokens. A text without any token has no units, and its explanation is the
    intercept.

    Parameters
    ----------
    token_pattern : str, default=WORDS
        Regular expression whose matches are the tokens, in which ``\p{M}`` stands for
        combining marks. By default words of every script by Unicode's rules: with their
        combining marks and the apostrophes inside ("don't" is one), parted by hyphens.
        lime's are ``r"\w+"``.
    tokenizer : callable or None, default=None
        Takes a text and returns its tokens, in order, each a piece of the text. Replaces
        `token_pattern`; serves languages without spaces, and subwords.
    level : {"word", "char"}, default="word"
        "char": every character is a token, spaces included.
    casefold : bool, default=False
        Whether tokens that differ in case alone are one unit and one column of `transform`,
        named in lower case. The model gets texts as they stand, either way.
    positions : bool, default=False
        Whether each occurrence of a token is a unit. Otherwise a unit is a distinct token,
        and all its occurrences are removed together.
    mask : str or None, default=None
        Replacement of a removed token. None: nothing.
    sequence : {"stratified", "random"}, default="stratified"
        How masks are drawn: distinct, stratified by the number of removed tokens, with
        their complements; or independently as lime does.
    batch_size : int, default=1024
        Texts handed to the model at a time, at most.

    Attributes
    ----------
    vocabulary_ : ndarray of shape (n_vocabulary,) of str
        The distinct tokens of the training texts, sorted; in lower case with `casefold`.
    n_features_in_ : int
        1: the texts.

    Examples
    --------
    >>> from sklime.samplers import TokenSampler
    >>> sampler = TokenSampler().fit(["a good film", "a bad one"])
    >>> sampler.get_feature_names_out().tolist()
    ['a', 'bad', 'film', 'good', 'one']
    >>> [row] = sampler.rows(["A good, good film"])
    >>> row.names.tolist()
    ['A', 'good', 'film']
    >>> row.compose([[True, False, True]])
    ['A ,  film']
    """

    row_kind = TextRows

    def __init__(
        self,
        token_pattern: str = WORDS,
        tokenizer: Callable[[str], Sequence[str]] | None = None,
        level: Literal["word", "char"] = "word",
        casefold: bool = False,
        positions: bool = False,
        mask: str | None = None,
        sequence: Literal["stratified", "random"] = "stratified",
        batch_size: int = 1024,
    ) -> None:
        self.token_pattern = token_pattern
        self.tokenizer = tokenizer
        self.level = level
        self.casefold = casefold
        self.positions = positions
        self.mask = mask
        self.sequence = sequence
        self.batch_size = batch_size

    @atomic_fit
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn the vocabulary.

        Parameters
        ----------
        X : list, array, Series or one-column frame of str
            Training texts.
        y : object, optional
            Ignored.
        sample_weight : array-like of shape (n_rows,), optional
            Texts of weight 0 are left out.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If a parameter or a text is not as it should be, or no text has a token.
        """
        self._check_parameters()
        texts = read_texts(X)
        weights = check_weights(sample_weight, texts)
        if weights is not None:
            texts = [texts[i] for i in np.flatnonzero(weights)]
        tokens = sorted(
            {self._name(text[a:b]) for text in texts for a, b in self._cut(text)}
        )
        if not tokens:
            raise ValueError(
                f"none of the {len(texts)} training texts has a token; see to "
                "token_pattern, tokenizer or level."
            )
        self.vocabulary_ = np.array(tokens, dtype=object)
        self.kind_ = TextRows(X, self.vocabulary_)
        self.n_features_in_, self.binary_features_ = 1, np.array([True])
        return self

    @property
    def hiding(self) -> str:
        """What a warning says of traces of hidden tokens, and the cure."""
        return (
            "TokenSampler leaves words that are no tokens in the text: see to "
            "token_pattern or tokenizer."
        )

    def leaves_traces(self, X: Table) -> NDArray[np.bool_]:
        found = np.zeros(len(X), dtype=bool)
        for i, text in enumerate(X):
            ends = [0, *(place for span in self._cut(text) for place in span), len(text)]
            between = (text[a:b] for a, b in zip(ends[::2], ends[1::2], strict=True))
            found[i] = any(character.isalnum() for piece in between for character in piece)
        return found

    def rows(self, X: Table) -> list[MaskedText]:
        check_fitted(self)
        own = self._cut, self._name, self.positions, self.mask
        return [MaskedText(text, *own) for text in X]

    def mask_law(self, n_units: int) -> ExchangeableLaw:
        return ExchangeableLaw.uniform_deletions(n_units)

    def _check_parameters(self):
        check_option(self, "level", ("word", "char"))
        check_option(self, "sequence", MASK_SEQUENCES)
        if not isinstance(self.casefold, bool):
            raise TypeError(f"casefold={self.casefold!r} of TokenSampler must be a bool.")
        if not isinstance(self.mask, (str, type(None))):
            raise TypeError(f"mask={self.mask!r} of TokenSampler must be a str or None.")
        check_count("batch_size", self.batch_size, component=self)
        if self.tokenizer is not None and not callable(self.tokenizer):
            raise TypeError(f"tokenizer={self.tokenizer!r} must be callable, or None.")
        if self.tokenizer is not None and self.level == "char":
            raise ValueError('level="char" makes its own tokens: set tokenizer=None.')
        try:
            compile_pattern(self.token_pattern)
        except (re.error, TypeError) as error:
            raise ValueError(
                f"token_pattern={self.token_pattern!r} is no regular expression: {error}."
            ) from None

    def _cut(self, text):
        """Character spans of the tokens of a text, a list of (start, stop)."""
        if self.level == "char":
            return [(i, i + 1) for i in range(len(text))]
        if self.tokenizer is not None:
            return _locate(text, self.tokenizer(text))
        matches = compile_pattern(self.token_pattern).finditer(text)
        spans = (match.span() for match in matches)
        return [(start, stop) for start, stop in spans if start < stop]

    def _name(self, token):
        return token.casefold() if self.casefold else token


def _locate(text, tokens):
    """Character spans of given tokens, found in a text in their order."""
    places, end = [], 0
    for token in tokens:
        start = text.find(token, end) if isinstance(token, str) and token else -1
        if start < 0:
            raise ValueError(
                f"the tokenizer returned {token!r}, which does not stand in the text after "
                f"character {end}: {text[end : end + 40]!r}. Tokens must be pieces of the "
                "text as they stand there, in order: not lower-cased, marked or empty."
            )
        end = start + len(token)
        places.append((start, end))
    return places
