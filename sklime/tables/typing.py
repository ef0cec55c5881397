"""Types of tables, for annotations: what users give, and what comes back in kind."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

from numpy.typing import ArrayLike


class HasShape(Protocol):
    """Table with a shape: pandas and polars frames and series, and SciPy's matrices."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of rows and columns."""


# What users give as rows: one of these, or an array-like, such as a list of texts.
TableLike: TypeAlias = ArrayLike | HasShape

# Rows in a container that depends on what the user gave, or asked `set_output` for: an
# array, a frame, a sparse matrix or a list. Only the user knows which, and can annotate it;
# a sampler of one's own may take fewer kinds than `TableLike`.
Table: TypeAlias = Any
