"""Lazy tables of other engines: told apart by name, so that no engine is imported."""

from __future__ import annotations

from typing import Any

# The package and the class of each kind, what it is called, and how rows come into memory.
_KINDS = (
    ("dask", "DataFrame", "Dask DataFrame", ".head(1000, npartitions=-1)"),
    ("dask", "Array", "Dask Array", "[:1000].compute()"),
    ("pyspark.sql", "DataFrame", "Spark DataFrame", ".limit(1000).toPandas()"),
    ("ray.data", "Dataset", "Ray Dataset", ".limit(1000).to_pandas()"),
    ("polars", "LazyFrame", "polars LazyFrame", ".collect()"),
    ("pyarrow", "Dataset", "Arrow Dataset", ".head(1000).to_pandas()"),
    ("pyarrow", "RecordBatchReader", "Arrow RecordBatchReader", ".read_all().to_pandas()"),
)


def lazy_kind(X: Any) -> str | None:
    """Kind of a table whose rows are computed or read later; None: of anything else.

    Examples
    --------
    >>> import polars as pl
    >>> from sklime.tables.lazy import lazy_kind
    >>> lazy_kind(pl.LazyFrame({"age": [31, 8]}))
    'polars LazyFrame'
    """
    found = _found(X)
    return None if found is None else found[2]


def refuse_lazy(X: Any, name: str = "X") -> None:
    """Refuse a lazy table, with the way to explain it.

    Parameters
    ----------
    X : object
    name : str, default="X"
        What it is called.

    Raises
    ------
    TypeError
        If it is one.
    """
    found = _found(X)
    if found is not None:
        *_, kind, cure = found
        raise TypeError(
            f"{name} is a {kind}, whose rows are not in memory. To explain all of them use "
            f"sklime.distributed.transform(explainer, {name}); for training rows, or a few "
            f"to look at, give a table in memory, such as {name}{cure}."
        )


def _found(X):
    for base in type(X).__mro__:
        for kind in _KINDS:
            package, name, *_ = kind
            if base.__name__ == name and f"{base.__module__}.".startswith(f"{package}."):
                return kind
    return None
