"""Checks of samplers that keep or hide the units of a row."""

from functools import partial

import numpy as np
from scipy import sparse
from scipy.special import comb
from sklearn.base import clone

from sklime.kernels import ExponentialKernel
from sklime.laws.quasirandom import resolve_seed
from sklime.samplers import MaskedRow
from sklime.samplers.kinds.table import TableRows
from sklime.tables.access import n_rows, take_rows
from sklime.testing.any_sampler import content, draws_of, fit_to, raises
from sklime.testing.components import expect


def _fit_returns_self_and_learns_units_and_kind(sampler, X, y):
    fitted = clone(sampler)
    expect(fitted.fit(X, y) is fitted, "fit returns self")
    expect(fitted == sampler, "fit leaves the parameters as they are")
    expect(
        isinstance(fitted.kind_, sampler.row_kind),
        f"kind_ is of the class row_kind, {sampler.row_kind.__name__}: {fitted.kind_!r}",
    )
    expect(
        isinstance(fitted.n_features_in_, (int, np.integer)) and fitted.n_features_in_ > 0,
        f"n_features_in_ is an integer above 0: {fitted.n_features_in_!r}",
    )
    binary = np.asarray(fitted.binary_features_)
    expect(
        binary.dtype == bool and binary.ndim == 1 and binary.all(),
        f"binary_features_ is a vector of True: {binary!r}",
    )
    metric, width = fitted.default_metric_, fitted.default_width_
    expect(isinstance(metric, str), f"default_metric_ is a str: {metric!r}")
    expect(0.0 < width < np.inf, f"default_width_ is finite and above 0: {width!r}")


def _rows_are_cut_into_named_units(sampler, X, y):
    rows = _rows(fit_to(sampler, X, y), X)
    expect(len(rows) == n_rows(X), f"rows gives one row each: {len(rows)} of {n_rows(X)}")
    for row in rows:
        expect(isinstance(row, MaskedRow), f"rows gives MaskedRows: {row!r}")
        expect(
            np.shape(row.names) == (row.n_units,)
            and all(isinstance(name, str) for name in row.names),
            f"names has a str for each of {row.n_units} units: {row.names!r}",
        )
        expect(row.bytes_per_copy > 0, f"bytes_per_copy is above 0: {row.bytes_per_copy}")


def _masks_are_distinct_and_their_masses_sum_to_1(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    for d in _numbers_of_units(fitted, X):
        for n in (1, 8, 100):
            masks = fitted.masks(d, n, random_state=0)
            design, told = masks.design, f"{n} masks of {d} units"
            expect(
                design.dtype == bool and design.shape == (len(masks), d),
                f"{told} are bools, one a unit: {design.dtype} of shape {design.shape}",
            )
            expect(0 < len(masks) <= n, f"{told} are at most {n}: {len(masks)}")
            expect(len(set(map(bytes, design))) == len(masks), f"{told} are distinct")
            masses = np.asarray(masks.masses)
            expect(
                (masses >= 0.0).all() and np.isclose(masses.sum(), 1.0, rtol=1e-9),
                f"masses of {told} are not negative, and sum to 1: {masses}",
            )
            expect((masks.position == 1).all(), "the row itself keeps all units")
        for n in (0, -1):
            draw = partial(fitted.masks, d, n, random_state=0)
            expect(raises(ValueError, draw), f"n_samples={n} raises ValueError")


def _few_masks_are_enumerated(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    for d in _numbers_of_units(fitted, X):
        possible = comb(d, np.flatnonzero(fitted.mask_law(d).masses)).sum()
        for n in (1, 8, 100):
            masks = fitted.masks(d, n, random_state=0)
            if masks.exhaustive or (possible <= n and fitted.sequence == "stratified"):
                expect(
                    masks.exhaustive and len(masks) == possible,
                    f"all {possible:.0f} masks of {d} units, told to be all: {len(masks)}",
                )


def _masks_have_the_masses_of_their_law(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    for d in _numbers_of_units(fitted, X):
        law = np.asarray(fitted.mask_law(d).masses)
        expect(law.shape == (d + 1,), f"mask_law({d}) has {d + 1} masses: {law.shape}")
        expect(
            (law >= 0.0).all() and np.isclose(law.sum(), 1.0, rtol=1e-9),
            f"masses of mask_law({d}) are not negative, and sum to 1: {law}",
        )
        _expect_masses(fitted.masks(d, 1024, random_state=0), law)


def _masks_of_a_kernel_have_the_masses_of_the_weighted_law(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    kernel = ExponentialKernel(width=0.7).resolve(metric=fitted.default_metric_, width=1.0)
    weighted = fitted.law_.tilt(kernel)
    if weighted is None:
        return
    for d in _numbers_of_units(fitted, X):
        by_count = kernel(np.tri(d + 1, d, -1), np.ones(d))
        law = fitted.mask_law(d).masses * by_count
        _expect_masses(weighted.masks(d, 1024, 0), law / law.sum())


def _coalitions_come_with_their_complements(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    for d in _numbers_of_units(fitted, X):
        for n in (2, 16, 100):
            drawn = fitted.coalitions(d, n, 0)
            half, told = len(drawn) // 2, f"coalitions of {d} units"
            kept = drawn.design.sum(axis=1)
            expect(
                np.array_equal(drawn.design[half:], ~drawn.design[:half]),
                f"the complements of the first half of {told} follow",
            )
            expect(((kept > 0) & (kept < d)).all(), f"{told} keep some, and not all")
            expect(
                d < 2 or np.isclose(np.sum(drawn.masses), 1.0, rtol=1e-9),
                f"masses of {told} sum to 1: {drawn.masses}",
            )


def _sample_shows_the_masks_of_each_row(sampler, X, y):
    fitted, few = fit_to(sampler, X, y), take_rows(X, slice(0, 4))
    for name, draw in draws_of(fitted).items():
        for row, around in zip(_rows(fitted, few), draw(few), strict=True):
            expect(
                np.shape(around.design)[1:] == (row.n_units,)
                and np.isin(around.design, (0, 1)).all(),
                f"the design of {name} is 0 or 1 for each of {row.n_units} units",
            )
            expect(
                np.array_equal(around.position, np.ones(row.n_units)),
                f"the position in {name} keeps all units: {around.position}",
            )
            fitted.check(around.inputs)
    for row, around in zip(
        _rows(fitted, few), draws_of(fitted)["sample"](few), strict=True
    ):
        masks = fitted.masks(row.n_units, 64, random_state=resolve_seed(0))
        times = max(len(around.design) // len(masks), 1)
        expect(
            np.array_equal(around.design, np.repeat(masks.design, times, axis=0)),
            "sample shows the masks of a row of so many units, one after the other",
        )
        expect(np.isclose(np.sum(around.masses), 1.0), "the masses of a sample sum to 1")


def _rows_of_equally_many_units_share_masks(sampler, X, y):
    fitted, designs = fit_to(sampler, X, y), {}
    for around in draws_of(fitted)["sample"](X):
        shared = designs.setdefault(around.design.shape[1], around.design)
        expect(
            np.array_equal(around.design, shared),
            f"rows of {shared.shape[1]} units have the same masks",
        )


def _reference_shows_the_masks_of_reference_masks(sampler, X, y):
    fitted, few = fit_to(sampler, X, y), take_rows(X, slice(0, 4))
    for row, around in zip(_rows(fitted, few), fitted.reference(few), strict=True):
        masks = fitted.reference_masks(row.n_units)
        # Five standard errors of a share of 1/2.
        expect(
            masks.shape == (512, row.n_units)
            and (np.abs(masks.mean(axis=0) - 0.5) < 2.5 / np.sqrt(512)).all(),
            f"reference_masks keeps units with probability 1/2: {masks.mean(axis=0)}",
        )
        # Tables are redrawn from their marginals, as other samplers of tables do.
        expect(
            isinstance(fitted.kind_, TableRows) or np.array_equal(around.design, masks),
            "reference shows the masks of reference_masks",
        )


def _keeping_everything_gives_the_row(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    for i, row in enumerate(_rows(fitted, X)):
        inputs = fitted.kind_.copies(row.compose(np.ones((1, row.n_units), dtype=bool)))
        [own] = fitted.kind_.tables(fitted.check(take_rows(X, [i])))
        for j in range(n_rows(inputs)):
            expect(
                content(take_rows(inputs, [j])) == content(own),
                "a copy that keeps all units is the row itself",
            )


def _copies_are_made_anew_whatever_the_others(sampler, X, y):
    for row in _rows(fit_to(sampler, X, y), take_rows(X, slice(0, 4))):
        masks = _some_masks(row)
        copies = row.compose(masks)
        before, times = content(copies), n_rows(copies) // len(masks)
        for i in range(len(masks)):
            own = take_rows(copies, slice(i * times, (i + 1) * times))
            expect(
                content(row.compose(masks[[i]])) == content(own),
                "the copy of a mask is the same whatever the other masks",
            )
        distinct, index = row.compose_distinct(masks)
        expect(
            content(take_rows(distinct, np.ravel(index))) == before,
            "compose_distinct gives the copies of compose, and where each is",
        )
        if isinstance(copies, np.ndarray):
            row.compose(masks).fill(0)
            expect(
                content(row.compose(masks)) == before,
                "copies that are changed leave the row as it is",
            )


def _hidden_units_change_nothing_of_kept_ones(sampler, X, y):
    for row in _telling_rows(fit_to(sampler, X, y), X):
        masks = _some_masks(row)
        copies = row.compose(masks)
        shared = row.shared_with(copies)
        kept = np.repeat(masks, n_rows(copies) // len(masks), axis=0)
        expect(
            shared.dtype == bool and shared.shape == kept.shape,
            f"shared_with gives a bool for each row and unit: {shared!r}",
        )
        expect(shared[kept].all(), "a row shares the units that its copies keep")


def _interpret_finds_the_design(sampler, X, y):
    fitted, few = fit_to(sampler, X, y), take_rows(X, slice(0, 8))
    samples = draws_of(fitted)["sample"](few)
    for i, (row, around) in enumerate(zip(_rows(fitted, few), samples, strict=True)):
        if not _is_telling(row):
            continue
        own = take_rows(few, [i])
        found, kept = fitted.interpret(around.inputs, own), around.design
        expect(
            np.shape(found) == kept.shape and np.all(found[kept == 1] == 1),
            "interpret(inputs, row) is 1 for units that the draw keeps",
        )
        expect(np.all(fitted.interpret(own, own) == 1), "interpret(row, row) is all ones")
        one_hidden = ~np.eye(row.n_units, dtype=bool)
        copies = fitted.kind_.copies(row.compose(one_hidden))
        times = n_rows(copies) // len(one_hidden)
        told = [j for j in range(n_rows(copies)) if _differ(copies, j, own, fitted)]
        expect(
            not fitted.interpret(copies, own)[
                told, np.array(told, dtype=int) // times
            ].any(),
            "interpret(inputs, row) is 0 for a unit whose hiding changes the row",
        )


def _attributions_stand_where_names_say(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    try:
        fitted.kind_.check_layout(fitted.check(X))
    except ValueError:
        # Rows that share no columns.
        return
    columns, rows = list(fitted.get_feature_names_out()), _rows(fitted, X)
    expect(len(set(columns)) == len(columns), f"names of columns differ: {columns}")
    rng = np.random.default_rng(0)
    coefs = [rng.normal(size=(2, row.n_units)) for row in rows]
    laid = fitted.kind_.lay_out(rows, coefs)
    laid = laid.toarray() if sparse.issparse(laid) else np.asarray(laid)
    expect(
        laid.shape == (len(rows), 2 * len(columns)),
        f"lay_out gives 2 outputs of {len(columns)} columns a row: {laid.shape}",
    )
    for row, coef, found in zip(rows, coefs, laid, strict=True):
        spans, names = np.asarray(row.spans, dtype=object), np.asarray(row.names)
        if not np.isin(names, columns).any() and spans.size == len(columns):
            expected = coef[:, spans.ravel().astype(int)]
        else:
            expected = np.stack([coef[:, names == name].sum(axis=1) for name in columns], 1)
        expect(
            np.allclose(found, expected.ravel(), rtol=1e-12),
            "each column has the attributions of its units, by name or else by span",
        )


def _weight_counts_as_so_many_rows_in_copies(sampler, X, y):
    weights = np.arange(n_rows(X)) % 3
    rows = np.repeat(np.arange(n_rows(X)), weights)
    weighted = fit_to(sampler, X, y, sample_weight=weights)
    repeated = fit_to(sampler, X, y, rows)
    few = take_rows(X, rows[:4])
    copies = [draws_of(own)["sample"](few) for own in (weighted, repeated)]
    for one, other in zip(*copies, strict=True):
        expect(
            _close(one.inputs, other.inputs),
            "copies: a row of weight 2 counts as two equal rows, of weight 0 as none",
        )


MASKED_SAMPLER_CHECKS = (
    _fit_returns_self_and_learns_units_and_kind,
    _rows_are_cut_into_named_units,
    _masks_are_distinct_and_their_masses_sum_to_1,
    _few_masks_are_enumerated,
    _masks_have_the_masses_of_their_law,
    _masks_of_a_kernel_have_the_masses_of_the_weighted_law,
    _coalitions_come_with_their_complements,
    _sample_shows_the_masks_of_each_row,
    _rows_of_equally_many_units_share_masks,
    _reference_shows_the_masks_of_reference_masks,
    _keeping_everything_gives_the_row,
    _copies_are_made_anew_whatever_the_others,
    _hidden_units_change_nothing_of_kept_ones,
    _interpret_finds_the_design,
    _attributions_stand_where_names_say,
    _weight_counts_as_so_many_rows_in_copies,
)


def _rows(fitted, X):
    return fitted.rows(fitted.check(X))


def _numbers_of_units(fitted, X):
    return sorted({row.n_units for row in _rows(fitted, X)} - {0})


def _some_masks(row):
    """All units kept, none, and some at random."""
    drawn = np.random.default_rng(0).random((8, row.n_units)) < 0.5
    return np.vstack([np.ones_like(drawn[:1]), np.zeros_like(drawn[:1]), drawn])


def _telling_rows(fitted, X):
    return filter(_is_telling, _rows(fitted, X))


def _is_telling(row):
    """Whether units can be told in a copy: those of one name may stand for each other."""
    return len(set(row.names)) == row.n_units


def _differ(copies, j, own, fitted):
    """Whether a copy differs from the row."""
    [table] = fitted.kind_.tables(fitted.check(own))
    return content(take_rows(copies, [j])) != content(table)


def _expect_masses(masks, law):
    """Expect numbers of kept units, and each unit, to have the masses of their law."""
    design, masses = masks.design, np.asarray(masks.masses)
    n, d = design.shape
    found = np.bincount(design.sum(axis=1), masses, d + 1)
    share = law @ np.arange(d + 1) / d
    for values, expected, told in (
        (found, law, f"masks that keep 0 to {d} units"),
        (masses @ design, np.full(d, share), f"masks that keep each of {d} units"),
    ):
        # Five standard errors of a share, and a few masks for rare ones.
        allowed = 5.0 * np.sqrt(expected * (1.0 - expected) / n) + 5.0 / n
        allowed = 1e-9 if masks.exhaustive else allowed
        expect(
            (np.abs(values - expected) <= allowed).all(),
            f"masses of {told} are, by law, {expected}: {values}",
        )


def _close(one, other):
    """Whether rows are equal but for rounding of numbers."""
    numbers = isinstance(one, np.ndarray) and one.dtype.kind == "f"
    if not numbers:
        return content(one) == content(other)
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-9, equal_nan=True)
