"""Warnings and errors of sklime, each a class that can be filtered or caught."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "AnchorWarning",
    "ClosedFormWarning",
    "FailedRowsWarning",
    "HidingWarning",
    "ImageSizeWarning",
    "InconsistentVersionWarning",
    "InteractionWarning",
    "NeighbourhoodWarning",
    "PaddingWarning",
    "RefittedModelWarning",
    "RowLimitReached",
    "RowLimitWarning",
    "SelectionWarning",
    "UnknownValueWarning",
    "UntrustedTypesError",
]


class AnchorWarning(UserWarning):
    """Rows have no rule that suffices, within the length and the draws that are allowed.

    Their anchors hold the best rule that was found, and say so in `Anchors.valid`. Or
    rules are about other classes than those that the model's `predict` gives.
    """


class NeighbourhoodWarning(UserWarning):
    """A neighbourhood is too thin for its surrogate.

    Given when the effective sample size is below the number of features, when hardly
    any draw lies inside or outside the row's own bin, when a kernel leaves no weight, or
    weight on masks of one number of units only.
    """


class UnknownValueWarning(UserWarning):
    """A value is too rare, or was never seen in training, to have an answer of its own.

    Given where its column's attribution is 0 for want of an answer, as under
    ``handle_unknown="ignore"``; where it rests on few draws, as own-value draws would be
    more than ``max_samples``; and by ``fit`` for a column without observed values.
    """


class SelectionWarning(UserWarning):
    """A selector kept no feature, so that the surrogate is a constant."""


class HidingWarning(UserWarning):
    """Hiding all units of a row hardly changes the model's answer.

    Given where the answer is far from those about training rows, yet nearly the same with
    every unit of a text, an image or a sequence hidden: what the sampler shows in their
    place tells the model as much, and the attributions are near 0 for that reason.
    """


class ImageSizeWarning(UserWarning):
    """To cut an image into superpixels takes more than the working memory.

    Given before the memory is taken; it names the segmenters that take less.
    """


class PaddingWarning(UserWarning):
    """Series seem to be filled up to one length, and the sampler was not told.

    Given by ``fit`` where training series begin or end in runs of one value, of several
    lengths, while hardly any other step has it, and ``SequenceSampler(padding=...)`` is
    None: such steps would be hidden, and get attributions, like real ones.
    """


class InteractionWarning(UserWarning):
    """Interactions of some pairs of features are not told, or not looked at.

    Given where ``interactions=True`` would be too many pairs, so that those which interact
    most are kept; where no draw, or hardly any, has one of the four combinations of a
    pair's own values and others; and where a row's value was never seen in training.
    """


class ClosedFormWarning(UserWarning):
    """A closed form failed unexpectedly, and draws took its place.

    Given under ``method="auto"`` only; it is a fault of sklime, and worth a report.
    """


class FailedRowsWarning(UserWarning):
    """Rows of a stream could not be explained: their attributions are NaN.

    Given at the end of ``transform_blocks(blocks, on_error="null")``, once.
    """


class InconsistentVersionWarning(UserWarning):
    """A pickle or a file was written by another version of sklime than reads it.

    As scikit-learn's warning of that name, which tells the same of its estimators.
    """


class RefittedModelWarning(UserWarning):
    """The model was fitted again after the explainer's fit, or learnt from more rows.

    Given where attributions would mix what the old model answered with what the new one
    does. A model without `fit`, one that a function calls, or one that keeps what it learnt
    elsewhere than in attributes, can change without this warning.
    """


class RowLimitWarning(UserWarning):
    """A model has answered as many rows as `Calls` allows, and something was left out.

    Given by ``fit``, whose pool then keeps those of its scrambles that were answered as a
    whole, so that standard errors are larger; and by ``transform``, which gives NaN for the
    rows whose draws were not answered.
    """


class RowLimitReached(RuntimeError):
    """A model has answered as many rows as ``max_rows`` of `Calls` allows.

    Raised where what was answered is of no use: by ``fit`` before two scrambles of the pool
    were answered, by ``explain`` and ``score``, by ``transform_blocks`` unless it gives NaN
    for what fails, and by a model that is called directly.

    Parameters
    ----------
    message : str
        What was left out, and the cure.
    answered : ndarray of shape (n_rows,) of bool
        Which of the rows of this call have an answer, which is remembered.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime import Calls, FunctionRegressor
    >>> from sklime.exceptions import RowLimitReached
    >>> model = FunctionRegressor(lambda X: X[:, 0], calls=Calls(max_rows=2))
    >>> try:
    ...     model.predict(np.array([[1.0], [2.0], [3.0]]))
    ... except RowLimitReached as limit:
    ...     print(limit.answered)
    [ True  True False]
    >>> model.predict(np.array([[2.0], [1.0]]))
    array([2., 1.])
    """

    def __init__(self, message: str, answered: NDArray[np.bool_]) -> None:
        super().__init__(message, answered)
        self.answered = answered

    def __str__(self) -> str:
        return str(self.args[0])


# The packages whose frames stand between a user's line and a warning of sklime.
_BETWEEN = {"sklime", "sklearn", "joblib"}


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of user code, even where scikit-learn calls sklime.

    Parameters
    ----------
    message : str
        What is doubtful, and the cure.
    category : type of Warning, default=UserWarning
        Of the warning.
    """
    # How many frames there are depends on the way: scikit-learn wraps `transform`, and
    # pipelines and searches call it. (Python's own skip_file_prefixes begins with 3.12.)
    frame: FrameType | None = sys._getframe()
    level = 1
    while frame is not None and _package_of(frame) in _BETWEEN:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _package_of(frame):
    return str(frame.f_globals.get("__name__")).partition(".")[0]


# Contexts of several threads restore each other's filters unless one ends before the
# next begins; from Python 3.14 on each has its own.
_filters_lock = threading.RLock()


@contextmanager
def caught_warnings(
    *, record: bool = False
) -> Iterator[list[warnings.WarningMessage] | None]:
    """Context of `warnings.catch_warnings` that only one thread at a time is in.

    Parameters
    ----------
    record : bool, default=False
        Whether warnings are collected in a list.
    """
    with _filters_lock, warnings.catch_warnings(record=record) as caught:
        yield caught


def _free_filters():
    global _filters_lock
    _filters_lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    # A thread that held it does not live on in the child.
    os.register_at_fork(after_in_child=_free_filters)


class UntrustedTypesError(TypeError):
    """A file holds objects of types that neither sklime nor the caller trusts.

    Parameters
    ----------
    message : str
        Names them, and the cure.
    types : list of str
        Their names, as `sklime.persistence.load` takes them.
    """

    def __init__(self, message: str, types: list[str]) -> None:
        super().__init__(message)
        self.types = types


class NoClosedForm(Exception):
    """There is no closed form for this model, sampler or kernel; the message says why."""


class ClosedFormFailed(NoClosedForm):
    """An unforeseen error inside a closed form; `__cause__` is the original error."""
