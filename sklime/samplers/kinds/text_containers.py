"""Readers of texts from lists, arrays, Series and one-column frames."""

import numpy as np

from sklime.serialization.state import PlainState
from sklime.tables.access import is_frame

_MISSING = frozenset({"None", "nan", "NaT", "<NA>"})


def holds_texts(X):
    """Whether rows are texts: a list, a Series or a one-dimensional array with a str.

    Examples
    --------
    >>> from sklime.samplers.kinds.text_containers import holds_texts
    >>> holds_texts(["a good film"]), holds_texts([[1.0, 2.0]])
    (True, False)
    """
    # A LazyFrame warns when it is asked for its columns.
    if isinstance(X, (str, bytes)) or hasattr(X, "collect") or is_frame(X):
        return False
    if is_arrow_array(X):
        X = X.to_pylist()
    if isinstance(X, np.ndarray) and (X.ndim != 1 or X.dtype.kind not in "OUT"):
        return False
    if not isinstance(X, (list, tuple, np.ndarray)) and not hasattr(X, "to_frame"):
        return False
    return any(isinstance(text, str) for text in X)


def is_arrow_array(X):
    """Whether rows are an array of Arrow, in one piece or in chunks."""
    return hasattr(X, "to_pylist") and not hasattr(X, "column_names")


def read_texts(X):
    """Read texts from any container.

    Raises
    ------
    TypeError
        If `X` is a single text, or holds something that is no text; names the row.
    ValueError
        If it is empty, has several columns, or a text is missing; names the row.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.samplers.kinds.text_containers import read_texts
    >>> read_texts(np.array([["a"], ["b c"]]))
    ['a', 'b c']
    """
    if isinstance(X, (str, bytes)):
        raise TypeError("X is a single text: give a list of texts, [X].")
    if is_arrow_array(X):
        X = X.to_pylist()
    n_dimensions = getattr(X, "ndim", 2 if is_frame(X) else 1)
    if n_dimensions > 1 and (n_dimensions > 2 or X.shape[1] != 1):
        raise ValueError(f"X must be one column of texts, got the shape {X.shape}.")
    if n_dimensions == 2:
        X = np.asarray(X, dtype=object)[:, 0]
    texts = X.tolist() if isinstance(X, np.ndarray) else list(X)
    if not texts:
        raise ValueError("X holds no text; at least one is needed.")
    for i, text in enumerate(texts):
        if isinstance(text, str):
            continue
        if str(text) in _MISSING:
            raise ValueError(
                f"text {i} of X is missing ({text!r}): fill it in, or drop it."
            )
        raise TypeError(f"text {i} of X is no str but {type(text).__name__}: {text!r:.80}")
    return texts


def container_of_texts(X):
    """Remember the container of texts.

    Returns
    -------
    callable
        Takes a list of texts and gives them in a container like `X`; pickles.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.samplers.kinds.text_containers import container_of_texts
    >>> container_of_texts(np.array([["a"], ["b c"]]))(["d"])
    array([['d']], dtype=object)
    """
    if is_frame(X):
        return _FrameOfTexts(type(X), X.columns[0])
    if isinstance(X, np.ndarray):
        return _ArrayOfTexts(X.ndim)
    if hasattr(X, "to_frame"):
        return _SeriesOfTexts(type(X.to_frame()), X.name)
    return list


class _FrameOfTexts(PlainState):
    """Container of texts: a frame of one column."""

    def __init__(self, kind, name):
        self.kind, self.name = kind, name

    def __call__(self, texts):
        return self.kind({self.name: texts})


class _SeriesOfTexts(_FrameOfTexts):
    """Container of texts: a Series."""

    def __call__(self, texts):
        return super().__call__(texts)[self.name]


class _ArrayOfTexts(PlainState):
    """Container of texts: an array of one dimension, or of two."""

    def __init__(self, n_dimensions):
        self.n_dimensions = n_dimensions

    def __call__(self, texts):
        array = np.array(texts, dtype=object)
        return array if self.n_dimensions == 1 else array[:, np.newaxis]
