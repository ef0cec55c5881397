"""Settings of calls to slow and remote models."""

from __future__ import annotations

import os
from numbers import Integral, Real
from typing import Any

from sklime.base import Component
from sklime.model.calls.called_model import CalledModel


class Calls(Component):
    """How a slow or remote model is called: batches, retries, limits, and a cache.

    A value for ``calls=`` of `FunctionClassifier` and `FunctionRegressor`; `wrap` does the
    same for the methods of a model. Functions may be asynchronous.

    Parameters
    ----------
    batch_size : int, default=None
        The most rows of one call. None: all rows that there are at a time, or an equal
        part of them for each of several calls at once.
    concurrency : int, default=1
        Calls that are on the way at the same time: in threads, or, of an asynchronous
        function, in an event loop in a thread of its own.
    timeout : float, default=None
        Seconds that a call may take; one that takes longer has failed with a
        `TimeoutError`. An asynchronous one is cancelled; a thread cannot be stopped, and is
        left alone. None: no limit.
    retries : int, default=0
        How often a call that failed is tried again, after pauses of 0.1, 0.2, 0.4 and so
        on, 10 seconds at most. Needs tenacity, which the extra ``calls`` brings.
    retry_on : exception class or tuple of these, default=(ConnectionError, TimeoutError)
        Which errors are worth another try. Those of requests and httpx are others than
        Python's own.
    max_rows : int, default=None
        The most rows that the model may answer, over all calls that one process makes by
        one `FunctionClassifier`, `FunctionRegressor` or wrapped model. Rows that were
        answered before are remembered, and cost nothing. What then happens says
        `RowLimitReached`.
    cache : path-like, default=None
        SQLite file that keeps the answers, made if there is none: a row that it knows, with
        all values equal, is not asked about again, nor twice in one table. Several
        processes may share it.
    cache_key : str or int, default=None
        Version of the model, which must be given with `cache`: other versions share no
        answers.

    See Also
    --------
    FunctionClassifier, FunctionRegressor : What takes it.

    Notes
    -----
    Answers are kept as soon as their batch is answered: after a crash at most one batch is
    asked about again, for each of the calls that were on the way. Answers that are not
    finite are not kept. Where a model's answers depend in the last digits on the rows
    beside, so do attributions.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime import Calls, FunctionRegressor
    >>> lengths = []
    >>> def remote(X):
    ...     lengths.append(len(X))
    ...     return X.sum(axis=1)
    >>> model = FunctionRegressor(remote, calls=Calls(batch_size=2))
    >>> model.predict(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    array([ 3.,  7., 11.])
    >>> lengths
    [2, 1]
    """

    def __init__(
        self,
        batch_size: int | None = None,
        concurrency: int = 1,
        timeout: float | None = None,
        retries: int = 0,
        retry_on: type[Exception] | tuple[type[Exception], ...] = (
            ConnectionError,
            TimeoutError,
        ),
        max_rows: int | None = None,
        cache: str | os.PathLike[str] | None = None,
        cache_key: str | int | None = None,
    ) -> None:
        self.batch_size = batch_size
        self.concurrency = concurrency
        self.timeout = timeout
        self.retries = retries
        self.retry_on = retry_on
        self.max_rows = max_rows
        self.cache = cache
        self.cache_key = cache_key
        self.check()

    def check(self) -> None:
        """Check the parameters, also after `set_params`.

        Raises
        ------
        ValueError, TypeError
            If one is wrong.
        """
        _check_count("batch_size", self.batch_size, 1, optional=True)
        _check_count("concurrency", self.concurrency, 1)
        _check_count("retries", self.retries, 0)
        _check_count("max_rows", self.max_rows, 1, optional=True)
        timeout = self.timeout
        number = isinstance(timeout, Real) and not isinstance(timeout, bool)
        if timeout is not None and not (number and 0.0 < timeout < float("inf")):
            raise ValueError(f"timeout={timeout!r} must be a number above 0, or None")
        kinds = self.retry_on if isinstance(self.retry_on, tuple) else (self.retry_on,)
        if not all(isinstance(own, type) and issubclass(own, Exception) for own in kinds):
            raise TypeError(
                f"retry_on={self.retry_on!r} must be an exception class or a tuple of these"
            )
        if self.cache is not None and not isinstance(self.cache, (str, os.PathLike)):
            raise TypeError(f"cache={self.cache!r} must be the path of a file, or None")
        if self.cache is not None and self.cache_key is None:
            raise ValueError(
                f"cache={os.fspath(self.cache)!r} needs cache_key, the version of the "
                "model: another version must not get this one's answers"
            )
        key = self.cache_key
        if key is not None and not (_is_integer(key) or isinstance(key, str)):
            raise TypeError(f"cache_key={key!r} must be a str or an int")
        if key is not None and self.cache is None:
            raise ValueError(f"cache_key={key!r} needs cache, the path of a file")

    def wrap(self, model: Any) -> CalledModel:
        """Wrap a fitted model, so that its methods are called this way.

        Parameters
        ----------
        model : object
            With ``predict_proba``, ``decision_function`` or ``predict``. It is explained
            as a black box.

        Returns
        -------
        CalledModel
            A model with the same methods and fitted attributes, without ``fit``.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklime import Calls
        >>> X, y = load_iris(return_X_y=True)
        >>> model = Calls(batch_size=50).wrap(LogisticRegression(max_iter=200).fit(X, y))
        >>> model.predict_proba(X).shape
        (150, 3)
        """
        return CalledModel(model, self)


def _check_count(name, value, least, *, optional=False):
    if optional and value is None:
        return
    if not _is_integer(value) or value < least:
        also = ", or None" if optional else ""
        raise ValueError(f"{name}={value!r} must be an integer of at least {least}{also}")


def _is_integer(value):
    return isinstance(value, Integral) and not isinstance(value, bool)
