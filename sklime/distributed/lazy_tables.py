"""Lazy tables: which engine explains which, all by one contract of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from sklime.distributed.work import Work
from sklime.explainer.explainer import LimeExplainer
from sklime.tables.lazy import lazy_kind

# The function that explains each kind, imported at its first use. It takes the table and
# the `Work`, and gives a lazy table of the same kind.
_READERS = {
    "Dask DataFrame": "on_dask:explain_frame",
    "Dask Array": "on_dask:explain_array",
    "Spark DataFrame": "on_spark:explain",
    "Ray Dataset": "on_ray:explain",
    "polars LazyFrame": "on_polars:explain",
    "Arrow Dataset": "on_arrow:explain_dataset",
    "Arrow RecordBatchReader": "on_arrow:explain_reader",
}


def transform(
    explainer: LimeExplainer, data: Any, *, keep: Sequence[str] = (), quality: bool = False
) -> Any:
    """Explain the rows of a lazy table, block by block, where the engine has them.

    The attributions are those of `LimeExplainer.transform`, to the bit, however the engine
    cuts the rows into blocks. Nothing is computed before the result is asked for.

    Parameters
    ----------
    explainer : LimeExplainer
        Fitted, on a table in memory. Engines get what rows need of it, once for each worker
        where the engine allows that; each worker explains in one thread.
    data : lazy table
        Dask DataFrame or Array, Spark DataFrame, Ray Dataset, polars LazyFrame, Arrow
        Dataset or RecordBatchReader: the columns of the training table, in their order, and
        the key columns.
    keep : sequence of str, default=()
        Key columns, such as an identifier or a date: they are not explained, and carried
        along in front of the attributions.
    quality : bool, default=False
        Whether columns that tell how good each explanation is follow the attributions, as
        in `LimeExplainer.transform_blocks`.

    Returns
    -------
    lazy table
        Of the same kind, with the columns of `LimeExplainer.output_schema`; an Arrow
        Scanner for a Dataset. Rows stay in their order and partitions, and keep the labels
        that Dask has for them.

    Raises
    ------
    TypeError
        If `explainer` is no `LimeExplainer`, or `data` no such table.
    ValueError
        At once, if the table has other columns than the training table and `keep`.
    ImportError
        If the engine is not installed.

    Warns
    -----
    UserWarning
        Of what `LimeExplainer.transform` warns of: in other processes once for each reason
        and process, of the first block where it occurs, in its own log; with Dask also
        where the result is waited for. ``quality=True`` tells it of each row.

    Examples
    --------
    >>> import polars as pl
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklime import LimeExplainer, distributed
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> X = X[["bmi", "s5"]]
    >>> explainer = LimeExplainer(LinearRegression().fit(X, y), random_state=0).fit(X)
    >>> patients = pl.from_pandas(X).with_row_index("patient").lazy()
    >>> explained = distributed.transform(explainer, patients, keep=["patient"])
    >>> explained.filter(pl.col("bmi") > 50).collect().shape
    (111, 3)
    """
    if not isinstance(explainer, LimeExplainer):
        raise TypeError(
            f"explainer={explainer!r:.80} is a {type(explainer).__name__}, while a fitted "
            "LimeExplainer is needed: transform(LimeExplainer(model).fit(X), data)."
        )
    kind = lazy_kind(data)
    if kind is None:
        raise TypeError(
            f"data is a {type(data).__name__}, which is none of the lazy tables that can "
            f"be explained: {', '.join(_READERS)}. For a table in memory use "
            "explainer.transform(X), for an iterable of tables "
            "explainer.transform_blocks(blocks)."
        )
    work = Work(explainer, keep, quality)
    module, function = _READERS[kind].split(":")
    return getattr(import_engine(f"sklime.distributed.{module}"), function)(data, work)


def import_engine(name: str) -> Any:
    """Import a module that needs an engine; if it is missing, tell what brings it."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("sklime"):
            raise
        raise ImportError(
            f"{error.name} is not installed, which is needed for tables of this kind: "
            'install it with pip install "sklime[distributed]".'
        ) from error
