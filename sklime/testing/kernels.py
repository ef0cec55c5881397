"""Checks of kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from sklearn.base import clone

from sklime.kernels import Kernel
from sklime.testing.components import component_checks, expect, expect_untouched, named


def check_kernel(kernel: Kernel) -> None:
    """Check that a kernel keeps the contract of `sklime.kernels.Kernel`.

    Parameters
    ----------
    kernel : Kernel
        Any instance; make one of a callable or of a Gaussian-process kernel with
        `sklime.kernels.as_kernel`.

    Raises
    ------
    AssertionError
        Tells what was expected of which component.

    Examples
    --------
    >>> from sklime.kernels import ExponentialKernel
    >>> from sklime.testing import check_kernel
    >>> check_kernel(ExponentialKernel(width=0.5))
    """
    for _, check in kernel_checks(kernel):
        check()


def kernel_checks(kernel: Kernel) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the checks of `check_kernel` one by one.

    Parameters
    ----------
    kernel : Kernel
        As for `check_kernel`.

    Yields
    ------
    name : str
        What is checked.
    check : callable
        Runs the check.

    Examples
    --------
    >>> from sklime.kernels import UniformKernel
    >>> from sklime.testing import kernel_checks
    >>> next(kernel_checks(UniformKernel()))[0]
    'weights_are_one_finite_non_negative_number_a_draw'
    """
    expect(
        isinstance(kernel, Kernel),
        f"{kernel!r} should be an instance of a Kernel: make one of a function, or of a "
        "Gaussian-process kernel, by sklime.kernels.as_kernel",
    )
    yield from named(_CHECKS, kernel)
    yield from component_checks(kernel)


def _resolved(kernel):
    return clone(kernel).resolve(metric="euclidean", width=2.0)


def _designs():
    """A 0/1 design with its row, and a standardised one."""
    rng = np.random.default_rng(0)
    return (
        (rng.random((64, 5)) < 0.5, np.ones(5)),
        (rng.normal(size=(64, 5)), rng.normal(size=5)),
    )


def _weights_are_one_finite_non_negative_number_a_draw(kernel):
    for Z, z in _designs():
        weights = _resolved(kernel)(Z, z)
        expect(np.shape(weights) == (64,), f"weights of shape (64,): {np.shape(weights)}")
        expect(np.isfinite(weights).all(), f"finite weights: {weights}")
        expect(np.min(weights) >= 0.0, f"no negative weight: {weights}")


def _bool_design_weighs_as_its_numbers(kernel):
    weigh = _resolved(kernel)
    (Z, z), _ = _designs()
    expect(
        np.array_equal(weigh(Z, z), weigh(Z.astype(float), z)),
        "a bool design weighs as the same design in floats",
    )


def _weight_is_largest_at_the_row(kernel):
    for Z, z in _designs():
        *others, own = _resolved(kernel)(np.vstack([Z, z]), z)
        expect(own > 0.0, f"a weight above 0 at the row itself: {own}")
        expect(own >= np.max(others), f"no draw above the row: {np.max(others)} > {own}")


def _draws_are_weighed_apart(kernel):
    for Z, z in _designs():
        weigh = _resolved(kernel)
        # Products of matrices of other heights may round differently.
        expect(
            np.allclose(weigh(Z[40:20:-1], z), weigh(Z, z)[40:20:-1], rtol=1e-12),
            "the weight of a draw does not depend on the other draws",
        )


def _inputs_are_left_alone(kernel):
    for Z, z in _designs():
        expect_untouched({"Z": Z, "z": z}, lambda at=(Z, z): _resolved(kernel)(*at))


def _resolve_leaves_nothing_open(kernel):
    given = kernel.get_params(deep=False)
    twin = clone(kernel)
    resolved = twin.resolve(metric="euclidean", width=2.0)
    expect(isinstance(resolved, Kernel), f"resolve returns a Kernel: {resolved!r}")
    expect(twin == kernel, "resolve leaves the kernel itself as it is")
    for name in {"metric", "width"} & set(given):
        value = getattr(resolved, name)
        expect(value is not None, f"{name} is not None after resolve")
        expect(given[name] in (None, value), f"resolve keeps {name}={given[name]!r}")
    again = resolved.resolve(metric="cosine", width=5.0)
    expect(again == resolved, "a second resolve changes nothing")


def _column_factor_multiplies_to_the_kernel(kernel):
    resolved = _resolved(kernel)
    factor, precision = resolved.column_factor, resolved.precision
    if factor is not None:
        for Z, z in _designs():
            expect(
                np.allclose(factor(Z - z).prod(axis=1), resolved(Z, z), rtol=1e-12),
                "the product of column_factor over the columns is the kernel",
            )
    if precision is not None:
        x = np.linspace(-3.0, 3.0, 25)
        expect(
            factor is not None
            and np.allclose(factor(x), np.exp(-0.5 * precision * x**2), rtol=1e-12),
            "column_factor is exp(-precision * deviation**2 / 2) where precision is given",
        )


def _exchangeable_kernel_counts_matches_only(kernel):
    resolved = _resolved(kernel)
    if resolved.exchangeable:
        (Z, z), _ = _designs()
        # The order of the columns changes rounding.
        expect(
            np.allclose(resolved(Z, z), resolved(np.sort(Z, axis=1), z), rtol=1e-12),
            "0/1 designs with equal numbers of matches weigh the same, being exchangeable",
        )


def _stationary_kernel_sees_differences_only(kernel):
    resolved = _resolved(kernel)
    if resolved.stationary:
        _, (Z, z) = _designs()
        shift = np.array([1.0, -2.0, 0.5, 8.0, -4.0])
        # Adding it costs each difference a few bits.
        expect(
            np.allclose(resolved(Z + shift, z + shift), resolved(Z, z), rtol=1e-10),
            "weights stay when draws and row move together, being stationary",
        )


_CHECKS = (
    _weights_are_one_finite_non_negative_number_a_draw,
    _bool_design_weighs_as_its_numbers,
    _weight_is_largest_at_the_row,
    _draws_are_weighed_apart,
    _inputs_are_left_alone,
    _resolve_leaves_nothing_open,
    _column_factor_multiplies_to_the_kernel,
    _exchangeable_kernel_counts_matches_only,
    _stationary_kernel_sees_differences_only,
)
