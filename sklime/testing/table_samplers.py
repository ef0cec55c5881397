"""Checks of samplers of tables that draw the columns."""

from functools import partial

import numpy as np
from scipy.special import ndtr
from sklearn.base import clone

from sklime.kernels import ExponentialKernel
from sklime.tables.access import take_rows
from sklime.tables.checks import feature_names
from sklime.testing.any_sampler import content, draws_of, fit_to, raises, same
from sklime.testing.components import expect


def _fit_returns_self_and_learns_the_units(sampler, X, y):
    fitted, d = clone(sampler), X.shape[1]
    expect(fitted.fit(X, y) is fitted, "fit returns self")
    expect(fitted == sampler, "fit leaves the parameters as they are")
    expect(fitted.n_features_in_ == d, f"n_features_in_ is {d}: {fitted.n_features_in_}")
    binary, d = np.asarray(fitted.binary_features_), _n_features(fitted)
    expect(
        (binary.dtype, binary.shape) == (bool, (d,)),
        f"binary_features_ has a bool for each of {d} features: {binary!r}",
    )
    metric, width = fitted.default_metric_, fitted.default_width_
    expect(isinstance(metric, str), f"default_metric_ is a str: {metric!r}")
    expect(0.0 < width < np.inf, f"default_width_ is finite and above 0: {width!r}")


def _default_metric_is_known(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    metric, width = fitted.default_metric_, fitted.default_width_
    d = _n_features(fitted)
    # Raises where pairwise_distances knows no such metric.
    ExponentialKernel().resolve(metric=metric, width=width)(np.eye(d), np.ones(d))


def _number_of_draws_is_the_one_asked_for(sampler, X, y):
    fitted, row = fit_to(sampler, X, y), take_rows(X, [0])
    for n in (1, 8, 100):
        [around] = fitted.sample(row, n, random_state=0)
        found, told = len(around.design), fitted.law_.count_draws(n)
        least = n if fitted.max_draws_ is None else min(n, fitted.max_draws_)
        expect(found == told >= least, f"count_draws({n})={told} draws for {n}: {found}")
    for n in (0, -1):
        raised = raises(ValueError, partial(fitted.sample, row, n, random_state=0))
        expect(raised, f"n_samples={n} raises ValueError")


def _neighbourhoods_have_their_shapes(sampler, X, y):
    fitted, few = fit_to(sampler, X, y), take_rows(X, slice(0, 4))
    units = fitted.units(few)
    for name, draw in draws_of(fitted).items():
        for i, around in enumerate(draw(few)):
            own = np.arange(_n_features(fitted)) if units is None else units[i]
            n, binary = len(around.design), np.asarray(fitted.binary_features_)[own]
            for part, shape in {
                "inputs": (n, X.shape[1]),
                "design": (n, len(own)),
                "position": (len(own),),
            }.items():
                values = getattr(around, part)
                told = f"{part} of {name}"
                expect(values.shape == shape, f"{told} has shape {shape}: {values.shape}")
                expect(part == "inputs" or np.isfinite(values).all(), f"{told} is finite")
            expect(
                np.isin(around.design[:, binary], (0, 1)).all()
                and (around.position[binary] == 1).all(),
                f"columns in binary_features_ are 0 or 1 in {name}, and 1 at the row",
            )


def _interpret_agrees_with_the_design(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    for name, draw in draws_of(fitted).items():
        for i in range(4):
            row = take_rows(X, [i])
            [around] = draw(row)
            expect(
                np.array_equal(fitted.interpret(around.inputs, row), around.design),
                f"interpret(inputs, row) is the design of {name}",
            )
            expect(
                np.array_equal(fitted.interpret(row, row)[0], around.position),
                f"interpret(row, row) is the position of {name}",
            )


def _law_has_the_masses_of_the_draws(sampler, X, y):
    fitted, row = fit_to(sampler, X, y), take_rows(X, [0])
    law = fitted.law(row)
    if law is None:
        return
    [around] = fitted.sample(row, 4096, random_state=0)
    d = around.design.shape[1]
    drawn = law.draw(np.random.default_rng(0).random((100, d)))
    expect(len(law) == d, f"the law has {d} columns: {len(law)}")
    expect(drawn.shape == (100, d), f"law.draw(U) has the shape of U: {drawn.shape}")
    _expect_masses(law, around)


def _tilted_draws_have_the_masses_of_the_weighted_law(sampler, X, y):
    fitted, row = fit_to(sampler, X, y), take_rows(X, [0])
    kernel, law = ExponentialKernel(width=0.7), fitted.law(row)
    kernel = kernel.resolve(metric=fitted.default_metric_, width=1.0)
    weighted = fitted.law_.tilt(kernel)
    if law is None or weighted is None:
        return
    [around] = weighted.draw(row, 4096, random_state=0)
    _expect_masses(law.tilt(kernel), around)


def _larger_request_holds_a_smaller_one(sampler, X, y):
    fitted, few = fit_to(sampler, X, y), take_rows(X, [0, 1])
    n, n_more = fitted.law_.count_draws(64), fitted.law_.count_draws(160)
    positions = fitted.law_.prefix_positions(n, n_more)
    if positions is None:
        return
    small, large = (fitted.sample(few, k, random_state=0) for k in (n, n_more))
    for own, more in zip(small, large, strict=True):
        expect(
            np.array_equal(own.design, more.design[positions]),
            f"draws of a request of {n} stand at their places among those of {n_more}",
        )
        inputs = take_rows(more.inputs, positions)
        expect(
            content(own.inputs) == content(inputs),
            "the model is asked about the same draws, whatever the request",
        )


def _groups_number_the_draws(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    n = fitted.law_.count_draws(64)
    groups = fitted.law_.groups(n)
    if groups is None:
        return
    expect(np.shape(groups) == (n,), f"a group for each of {n} draws: {np.shape(groups)}")
    expect(
        np.array_equal(np.unique(groups), np.arange(groups.max() + 1)),
        f"groups are numbered from 0 without gaps: {np.unique(groups)}",
    )
    for own in fitted.sample(take_rows(X, [0]), 64, random_state=0):
        expect(np.array_equal(own.groups, groups), "sample gives the groups of its draws")


# Also of those that describe some columns by units of the row's own.
DRAWN_ROW_CHECKS = (
    _fit_returns_self_and_learns_the_units,
    _number_of_draws_is_the_one_asked_for,
    _interpret_agrees_with_the_design,
    _larger_request_holds_a_smaller_one,
    _groups_number_the_draws,
)
TABLE_SAMPLER_CHECKS = (
    *DRAWN_ROW_CHECKS,
    _default_metric_is_known,
    _neighbourhoods_have_their_shapes,
    _law_has_the_masses_of_the_draws,
    _tilted_draws_have_the_masses_of_the_weighted_law,
)


def _conditions_describe_every_row(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    units = fitted.units(X)
    if units is None:
        codes, labels = fitted.conditions(X)
        d = _n_features(fitted)
        expect(codes.shape == (X.shape[0], d), f"a code for every value: {codes.shape}")
        expect(len(labels) == d, f"labels for every feature: {len(labels)}")
        for own, texts in zip(codes.T, labels, strict=True):
            expect(np.isin(own, range(len(texts))).all(), "a label for every code")
        return
    for own, texts in zip(units, fitted.conditions(X), strict=True):
        expect(
            (np.diff(own) > 0).all() and np.isin(own, range(X.shape[1])).all(),
            f"units are columns of X, in order and each once: {own}",
        )
        expect(len(texts) == len(own), f"a condition for every unit: {texts}")


def _zeros_of_both_signs_are_equal(sampler, X, y):
    if not (isinstance(X, np.ndarray) and X.dtype.kind == "f"):
        return
    plus, minus = X.copy(), X.copy()
    plus[:2, 0], minus[:2, 0] = 0.0, -0.0
    for name, draw in draws_of(fit_to(sampler, plus, y)).items():
        found = draw(plus)
        expect(same(draw(minus), found), f"{name} takes -0.0 for 0.0")
        trained = draws_of(fit_to(sampler, minus, y))[name]
        expect(same(trained(plus), found), f"{name} takes -0.0 for 0.0 in training")


# Of any sampler of tables, whether it draws columns or hides them.
TABLE_ROW_CHECKS = (
    _conditions_describe_every_row,
    _zeros_of_both_signs_are_equal,
)


def _n_features(fitted):
    """Number of features: of columns, where none are drawn together."""
    return len(fitted.renamed(feature_names(fitted)))


def _expect_masses(law, around):
    """Expect units, alone and in pairs, to be as in the row as often as their law says.

    A unit of values is so where it is at most the row's own.
    """
    shares = np.array([_share_of_matches(column) for column in law.columns])
    expected = np.outer(shares, shares)
    np.fill_diagonal(expected, shares)
    binary = np.isin(around.design, (0, 1)).all(axis=0)
    design, position = np.asarray(around.design, dtype=float), around.position
    like = np.where(binary, design == position, design <= position).astype(float)
    masses = np.ones(len(like)) if around.masses is None else np.asarray(around.masses)
    masses = masses / masses.sum()
    found = (like * masses[:, np.newaxis]).T @ like
    # Five standard errors of a share, and one draw for the shares 0 and 1.
    allowed = 5.0 * np.sqrt(expected * (1.0 - expected) * np.square(masses).sum())
    wrong = np.argwhere(~(np.abs(found - expected) <= allowed + masses.max()))
    for j, k in wrong:
        units = f"unit {j} is" if j == k else f"units {j} and {k} are both"
        expect(
            False,
            f"{units} as in the row in {expected[j, k]:.4f} of the draws, by a law of "
            f"independent columns: {found[j, k]:.4f}",
        )


def _share_of_matches(column):
    """Probability that a column is as in the row, or at most as large."""
    if not hasattr(column, "masses"):
        return ndtr((column.origin - column.mean) / column.sd)
    masses = column.masses
    expect((masses >= 0.0).all(), f"masses are not negative: {masses}")
    expect(np.isclose(masses.sum(), 1.0, rtol=1e-12), f"masses sum to 1: {masses}")
    return masses[column.deviations <= 0.0].sum()
