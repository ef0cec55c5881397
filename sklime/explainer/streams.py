"""Streams of an explainer: `transform_blocks`, and what its tables look like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from functools import partial
from typing import Any, Literal

import numpy as np

from sklime.explainer.base import ExplainerMixin
from sklime.explainer.parameters import check_keys, check_names_of_quality
from sklime.explainer.quality import QualityColumns
from sklime.explainer.runner import Runner
from sklime.explainer.stream import Stream
from sklime.explainer.tasks import QualityTask, Task
from sklime.fitting import check_fitted
from sklime.tables.access import is_frame, n_rows
from sklime.tables.blocks import as_block, read_blocks
from sklime.validation import check_jobs


class StreamsMixin(ExplainerMixin):
    """Mixin of `LimeExplainer`: streams of blocks of rows."""

    get_feature_names_out: Callable[..., Any]

    def transform_blocks(
        self,
        blocks: Iterable[Any],
        *,
        keep: Sequence[str] = (),
        n_jobs: int | None = None,
        on_error: Literal["raise", "null"] = "raise",
        quality: bool = False,
    ) -> Iterator[Any]:
        """Explain a stream of blocks of rows, of which a few are in memory at a time.

        The attributions are those of `transform`, to the bit, however the rows are cut into
        blocks. What is doubtful is told once, after the last block.

        Parameters
        ----------
        blocks : iterable of tables, or Arrow dataset
            Arrays, sparse matrices, frames of pandas or polars, Arrow tables, record
            batches or datasets, or rows of another kind; of any number of rows, also none.
            They are read as they are needed, up to four for each job ahead.
        keep : sequence of str, default=()
            Key columns of the blocks, such as an identifier or a date: they are not
            explained, and carried along in front of the attributions.
        n_jobs : int, optional
            Instead of the explainer's own.
        on_error : {"raise", "null"}, default="raise"
            What becomes of rows that cannot be explained, as the model raises an error
            about them or a value is none that it takes. "raise": the error, which names the
            row by its position in the stream. "null": NaN, with one `FailedRowsWarning` at
            the end. Blocks of other columns are errors in any case.
        quality : bool, default=False
            Whether columns that tell how good each explanation is follow the attributions,
            which stay the same: "explained", the name of the explained class where rows
            differ in it; "prediction", the model's response; "fidelity", R squared of the
            surrogate on its draws, as in `Explanation.scores`; with ``target="all"`` one of
            both for each output; "effective_sample_size"; and "doubts", the reasons
            for which `transform` would warn of the row, such as "thin, rare", or "". In
            arrays doubts are a code, 0 where there are none, and so is the class, its
            position among all. It takes longer, as the model is queried about each row, and
            draws are compared with closed forms.

        Yields
        ------
        table
            One for each block, of its kind, in order: the columns of `output_schema`.

        Raises
        ------
        ValueError
            At once, if a key column is also a feature.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn.ensemble import RandomForestRegressor
        >>> from sklime import LimeExplainer
        >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
        >>> X = X[["bmi", "s5"]]
        >>> forest = RandomForestRegressor(random_state=0).fit(X, y)
        >>> explainer = LimeExplainer(forest, random_state=0).fit(X)
        >>> patients = X.assign(patient=range(len(X)))
        >>> blocks = (patients[i : i + 200] for i in range(0, len(X), 200))
        >>> for table in explainer.transform_blocks(blocks, keep=["patient"]):
        ...     print(table.shape, list(table))
        (200, 3) ['patient', 'bmi', 's5']
        (200, 3) ['patient', 'bmi', 's5']
        (42, 3) ['patient', 'bmi', 's5']
        """
        if on_error not in ("raise", "null"):
            raise ValueError(f'on_error={on_error!r} must be "raise" or "null".')
        check_jobs(n_jobs)
        return self._stream(blocks, keep, n_jobs, on_error == "null", quality)

    def _stream(
        self, blocks, keep, n_jobs, skip_failed, quality, tell=None, warned=None, before=()
    ):
        """Explain blocks, as `transform_blocks`.

        `tell` takes the doubts about them, `warned` holds what was said of others; `before`
        are the blocks in front of them that were explained in another run.
        """
        check_fitted(self)
        beside = self._quality_columns() if quality else None
        names = [*map(str, self.get_feature_names_out()), *(beside.names if beside else [])]
        keep = tuple(self.output_schema(keep, quality))[: -len(names)]
        self._fitted.check_model()
        task = (QualityTask if quality else Task)(self.target, self._contributes())
        runner = Runner(self._fitted, task, self.n_jobs if n_jobs is None else n_jobs)
        stream = Stream(
            runner,
            read=partial(as_block, keep=keep, container=self._container),
            check=self._checked_block,
            names=names,
            labels=beside.labels if beside else {},
            skip_failed=skip_failed,
            tell=tell,
            warned=warned,
        )
        return stream(read_blocks(blocks), read_blocks(before))

    def _quality_columns(self):
        """Columns of quality beside the attributions."""
        response = self._fitted.response
        return QualityColumns(response.resolve(self.target), response.outputs)

    def _for_rows(self, scores):
        """A copy for workers of other processes, with all that rows need and no more."""
        own = copy(self)
        own._fitted = self._fitted.for_rows(scores=scores)
        own.sampler_ = own._fitted.sampler
        return own

    def output_schema(
        self, keep: Sequence[str] = (), quality: bool = False
    ) -> dict[str, np.dtype[Any] | None]:
        """Names and types of the columns of `transform_blocks`, before any row.

        Parameters
        ----------
        keep : sequence of str, default=()
            Key columns that are carried along.
        quality : bool, default=False
            Whether columns that tell how good explanations are follow the attributions.

        Returns
        -------
        dict
            The dtype of each column by its name: float64 of attributions and other numbers,
            str of text, None of key columns, which have the type that they come in.

        Raises
        ------
        TypeError, ValueError
            If key columns are no names, or not those of columns of their own.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from sklime import LimeExplainer
        >>> X, y = load_iris(return_X_y=True)
        >>> explainer = LimeExplainer(GaussianNB().fit(X, y)).fit(X)
        >>> list(explainer.output_schema(keep=["flower"]))
        ['flower', 'x0', 'x1', 'x2', 'x3']
        """
        names = [str(name) for name in self.get_feature_names_out()]
        features = () if self._schema is None else self._schema.columns or ()
        types = dict.fromkeys(names, np.dtype(np.float64))
        if quality:
            beside = self._quality_columns()
            check_names_of_quality(beside.names, names, keep)
            types |= dict.fromkeys(beside.names, np.dtype(np.float64))
            types |= dict.fromkeys(beside.labels, np.dtype(str))
        keep = check_keys(keep, features, names)
        return {**dict.fromkeys(keep), **types}

    def _checked_block(self, rows):
        """Check the rows of a block, also if there are none."""
        if n_rows(rows):
            rows = self._checked(rows)
            self._fitted.kind.check_layout(rows)
            return rows
        if is_frame(rows) and self._schema is not None:
            self._schema.check(rows, type(self).__name__)
        elif self.sampler_.kind_.columnar and np.ndim(rows) == 2:
            _check_width(rows, self)
        return rows


def _check_width(rows, explainer):
    """Check the columns of an array without rows, as scikit-learn does of others."""
    if rows.shape[1] != explainer.n_features_in_:
        raise ValueError(
            f"X has {rows.shape[1]} features, but {type(explainer).__name__} is expecting "
            f"{explainer.n_features_in_} features as input."
        )
