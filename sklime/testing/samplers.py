"""Checks of samplers: those of all, and those of their family."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike

from sklime.samplers import MaskSampler, MixedSampler, Sampler
from sklime.samplers.kinds.table import TableRows
from sklime.tables.typing import TableLike
from sklime.testing.any_sampler import ANY_SAMPLER_CHECKS
from sklime.testing.components import component_checks, expect, named
from sklime.testing.masked_samplers import MASKED_SAMPLER_CHECKS
from sklime.testing.mixed_samplers import MIXED_SAMPLER_CHECKS
from sklime.testing.table_samplers import TABLE_ROW_CHECKS, TABLE_SAMPLER_CHECKS
from sklime.testing.training_rows import training_rows


def check_sampler(
    sampler: Sampler, X: TableLike | None = None, y: ArrayLike | None = None
) -> None:
    """Check that a sampler keeps the contract of `sklime.samplers.Sampler`.

    One that hides units also keeps that of `sklime.samplers.MaskSampler`.

    Parameters
    ----------
    sampler : Sampler
        Any instance; it is cloned and left as it is.
    X : table, list of str, or ndarray of n_rows rows, optional
        Training rows that the sampler takes, a dozen or more. None: a table of three
        columns of numbers, texts, colour images of 8 x 8 pixels, or series of shape (6, 2).
    y : array-like of shape (n_rows,), optional
        Targets that go with `X`. None with `X` None: two classes.

    Raises
    ------
    AssertionError
        Tells what was expected of which component.

    Examples
    --------
    >>> from sklime.samplers import MarginalSampler, TokenSampler
    >>> from sklime.testing import check_sampler
    >>> check_sampler(MarginalSampler(n_bins=3))
    >>> check_sampler(TokenSampler())
    """
    for _, check in sampler_checks(sampler, X, y):
        check()


def sampler_checks(
    sampler: Sampler, X: TableLike | None = None, y: ArrayLike | None = None
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the checks of `check_sampler` one by one.

    Parameters
    ----------
    sampler, X, y
        As for `check_sampler`.

    Yields
    ------
    name : str
        What is checked.
    check : callable
        Runs the check.

    Examples
    --------
    >>> from sklime.samplers import MarginalSampler
    >>> from sklime.testing import sampler_checks
    >>> next(sampler_checks(MarginalSampler()))[0]
    'fit_returns_self_and_learns_the_units'
    """
    expect(isinstance(sampler, Sampler), f"{sampler!r} should be an instance of a Sampler")
    if X is None:
        X, y = training_rows(sampler.row_kind)
    y = None if y is None else np.asarray(y)
    families = {
        MaskSampler: MASKED_SAMPLER_CHECKS,
        MixedSampler: MIXED_SAMPLER_CHECKS,
        Sampler: TABLE_SAMPLER_CHECKS,
    }
    checks = next(own for kind, own in families.items() if isinstance(sampler, kind))
    yield from named(checks, sampler, X, y)
    yield from named(ANY_SAMPLER_CHECKS, sampler, X, y)
    if issubclass(sampler.row_kind, TableRows):
        yield from named(TABLE_ROW_CHECKS, sampler, X, y)
    yield from component_checks(sampler)
