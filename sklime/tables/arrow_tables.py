"""Tables of Arrow: read as a frame that explainers know, and written back for a model."""

from __future__ import annotations

from typing import Any

from sklime.serialization.state import PlainState


def is_arrow_table(X: Any) -> bool:
    """Whether `X` is an Arrow table or record batch.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from sklime.tables.arrow_tables import is_arrow_table
    >>> is_arrow_table(pa.table({"age": [31, 8]})), is_arrow_table([31, 8])
    (True, False)
    """
    return _is(X, "Table") or _is(X, "RecordBatch")


def as_arrow_table(X: Any) -> Any:
    """Record batch as a table of one piece; a table as it is."""
    if not _is(X, "RecordBatch"):
        return X
    import pyarrow as pa

    return pa.Table.from_batches([X])


def from_arrow(X: Any, container: type | None) -> Any:
    """Turn an Arrow table or record batch into the container of a training table.

    Parameters
    ----------
    X : object
        Anything else stays as it is.
    container : type or None
        A frame: of polars, else of pandas. None: an array.
    """
    if not is_arrow_table(X):
        return X
    if container is not None and container.__module__.startswith("polars"):
        import polars as pl

        return pl.from_arrow(as_arrow_table(X))
    frame = as_frame(X)
    return frame.to_numpy() if container is None else frame


def as_frame(X: Any) -> Any:
    """Arrow table or record batch as a pandas frame; anything else stays as it is."""
    return as_arrow_table(X).to_pandas() if is_arrow_table(X) else X


class ArrowTypes(PlainState):
    """Types of the columns of an Arrow table, which frames get on their way back to one.

    Parameters
    ----------
    table : pyarrow Table or RecordBatch

    Examples
    --------
    >>> import pyarrow as pa
    >>> from sklime.tables.arrow_tables import ArrowTypes, as_frame
    >>> table = pa.table({"age": pa.array([31, None], pa.int8())})
    >>> ArrowTypes(table).table_of(as_frame(table)).schema
    age: int8
    """

    def __init__(self, table: Any) -> None:
        self.empty = as_arrow_table(table).schema.remove_metadata().empty_table()

    @classmethod
    def of(cls, X: Any) -> ArrowTypes | None:
        """Types of an Arrow table or record batch; None: of anything else."""
        return cls(X) if is_arrow_table(X) else None

    def table_of(self, frame: Any) -> Any:
        """Turn a frame of these columns into an Arrow table.

        Values that a column's type cannot hold, such as 0.5 among integers, have the type
        that Arrow gives them.
        """
        import pyarrow as pa

        if hasattr(frame, "to_arrow"):
            frame = as_frame(frame.to_arrow())
        types = [self.empty.schema.field(str(name)).type for name in frame.columns]
        columns = [
            _typed(pa.array(frame.iloc[:, j], from_pandas=True), own)
            for j, own in enumerate(types)
        ]
        return pa.table(columns, names=list(map(str, frame.columns)))


def _typed(column, own):
    import pyarrow as pa

    try:
        return column.cast(own)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return column


def _is(X, name):
    kind = type(X)
    return kind.__module__.startswith("pyarrow") and kind.__name__ == name
