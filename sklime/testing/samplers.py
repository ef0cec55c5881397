"""Checks of samplers."""

import pickle
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklime.kernels import ExponentialKernel
from sklime.samplers import Neighbourhood, Sampler
from sklime.tables.access import take_rows
from sklime.tables.typing import TableLike
from sklime.testing.components import component_checks, expect, expect_untouched, named


def check_sampler(
    sampler: Sampler, X: TableLike | None = None, y: ArrayLike | None = None
) -> None:
    """Check that a sampler keeps the contract of `sklime.samplers.Sampler`.

    Parameters
    ----------
    sampler : Sampler
        Any instance; it is cloned and left as it is.
    X : table of shape (n_rows, n_features), optional
        Training rows that the sampler takes, a dozen or more. None: a table of numbers.
    y : array-like of shape (n_rows,), optional
        Targets that go with `X`. None with `X` None: two classes.

    Raises
    ------
    AssertionError
        Tells what was expected of which component.

    Examples
    --------
    >>> from sklime.samplers import MarginalSampler
    >>> from sklime.testing import check_sampler
    >>> check_sampler(MarginalSampler(n_bins=3))
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
        X, y = _table()
    y = None if y is None else np.asarray(y)
    yield from named(_CHECKS, sampler, X, y)
    if isinstance(X, np.ndarray) and X.dtype.kind == "f":
        yield from named([_zeros_of_both_signs_are_equal], sampler, X, y)
    yield from component_checks(sampler)


def _table():
    """Numbers with ties, zeros and a column of few integers, and classes they tell."""
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [
            np.arange(60) % 5 - 2.0,
            rng.normal(size=60).round(1),
            np.exp(rng.normal(size=60)),
        ]
    )
    return X, (X[:, 1] + X[:, 2] > 1).astype(int)


def _fitted(sampler, X, y, rows=slice(None), sample_weight=None):
    y = None if y is None else y[rows]
    return clone(sampler).fit(take_rows(X, rows), y, sample_weight=sample_weight)


def _draws(fitted):
    """The two ways to surround rows, by name, with all that they leave open."""
    return {
        "sample": partial(fitted.sample, n_samples=64, random_state=0),
        "reference": partial(fitted.reference, n_samples=64),
    }


def _fit_returns_self_and_learns_the_units(sampler, X, y):
    fitted, d = clone(sampler), X.shape[1]
    expect(fitted.fit(X, y) is fitted, "fit returns self")
    expect(fitted == sampler, "fit leaves the parameters as they are")
    expect(fitted.n_features_in_ == d, f"n_features_in_ is {d}: {fitted.n_features_in_}")
    binary = np.asarray(fitted.binary_features_)
    expect(
        (binary.dtype, binary.shape) == (bool, (d,)),
        f"binary_features_ has a bool for each of {d} columns: {binary!r}",
    )
    metric, width = fitted.default_metric_, fitted.default_width_
    expect(isinstance(metric, str), f"default_metric_ is a str: {metric!r}")
    expect(0.0 < width < np.inf, f"default_width_ is finite and above 0: {width!r}")


def _fit_forgets_what_it_learned_before(sampler, X, y):
    refitted = _fitted(sampler, X, y, slice(0, X.shape[0] // 2)).fit(X, y)
    for name, draw in _draws(refitted).items():
        expect(
            _same(draw(X), _draws(_fitted(sampler, X, y))[name](X)),
            f"{name} after a second fit draws as after a first one",
        )


def _unfitted_one_says_so(sampler, X, y):
    fresh = clone(sampler)
    interpret = partial(fresh.interpret, row=take_rows(X, [0]))
    for name, call in {**_draws(fresh), "interpret": interpret}.items():
        raised = _raises(NotFittedError, partial(call, X))
        expect(raised, f"{name} before fit raises NotFittedError")


def _number_of_draws_is_the_one_asked_for(sampler, X, y):
    fitted, row = _fitted(sampler, X, y), take_rows(X, [0])
    for n in (1, 8, 100):
        [around] = fitted.sample(row, n, random_state=0)
        found, told = len(around.design), fitted.law_.count_draws(n)
        expect(found == told >= n, f"count_draws({n})={told} draws for {n}: {found}")
    for n in (0, -1):
        raised = _raises(ValueError, partial(fitted.sample, row, n, random_state=0))
        expect(raised, f"n_samples={n} raises ValueError")


def _neighbourhoods_have_their_shapes(sampler, X, y):
    fitted, few = _fitted(sampler, X, y), take_rows(X, slice(0, 4))
    units = fitted.units(few)
    for name, draw in _draws(fitted).items():
        found = draw(few)
        expect(
            isinstance(found, list)
            and len(found) == few.shape[0]
            and all(isinstance(around, Neighbourhood) for around in found),
            f"{name} gives a list of one Neighbourhood a row",
        )
        for i, around in enumerate(found):
            own = np.arange(X.shape[1]) if units is None else units[i]
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
    fitted = _fitted(sampler, X, y)
    for name, draw in _draws(fitted).items():
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


def _row_alone_decides_its_draws(sampler, X, y):
    fitted = _fitted(sampler, X, y)
    for name, draw in _draws(fitted).items():
        together = draw(X)
        for rows in ([0], [2, 0, 1, 0], list(range(X.shape[0]))[::-1]):
            expect(
                _same(draw(take_rows(X, rows)), [together[i] for i in rows]),
                f"{name} draws the same around a row in any batch, order or company",
            )


def _equal_seeds_give_equal_draws(sampler, X, y):
    fitted = _fitted(sampler, X, y)
    read_back = pickle.loads(pickle.dumps(fitted))
    for name, draw in _draws(fitted).items():
        found = draw(X)
        expect(_same(draw(X), found), f"{name} gives equal draws for an equal seed")
        expect(_same(_draws(read_back)[name](X), found), f"{name} survives a pickle")


def _reference_has_a_seed_of_its_own(sampler, X, y):
    fitted, few = _fitted(sampler, X, y), take_rows(X, slice(0, 4))
    before = fitted.reference(few)
    fitted.sample(few, 8, random_state=1)
    again = _fitted(sampler, X, y).reference(few)
    expect(_same(fitted.reference(few), before), "reference gives the same draws always")
    expect(_same(again, before), "reference is the same in two equal samplers")
    for around in before:
        expect(len(around.design) == 512, "reference gives 512 draws unless told otherwise")
        kept = (around.design == around.position).mean(axis=0)
        # Five standard errors of a share of 1/2.
        expect(
            (kept > 0.5 - 2.5 / np.sqrt(512)).all(),
            f"reference keeps the row's value with probability 1/2 or more: {kept}",
        )


def _inputs_are_left_alone(sampler, X, y):
    def everything():
        fitted = _fitted(sampler, X, y)
        fitted.interpret(X, take_rows(X, [0]))
        for draw in _draws(fitted).values():
            draw(X)

    expect_untouched({"X": X, "y": y}, everything)


def _weight_counts_as_so_many_rows(sampler, X, y):
    weights = np.arange(X.shape[0]) % 3
    rows = np.repeat(np.arange(X.shape[0]), weights)
    weighted = _fitted(sampler, X, y, sample_weight=weights)
    repeated = _fitted(sampler, X, y, rows)
    few = take_rows(X, rows[:4])
    for name, draw in _draws(weighted).items():
        for one, other in zip(draw(few), _draws(repeated)[name](few), strict=True):
            # Sums of weights and of repeated rows round differently.
            expect(
                np.allclose(one.design, other.design, rtol=1e-9, atol=1e-9),
                f"{name}: a row of weight 2 counts as two equal rows, of weight 0 as none",
            )


def _law_has_the_masses_of_the_draws(sampler, X, y):
    fitted, row = _fitted(sampler, X, y), take_rows(X, [0])
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
    fitted, row = _fitted(sampler, X, y), take_rows(X, [0])
    kernel, law = ExponentialKernel(width=0.7), fitted.law(row)
    kernel = kernel.resolve(metric=fitted.default_metric_, width=1.0)
    weighted = fitted.law_.tilt(kernel)
    if law is None or weighted is None:
        return
    [around] = weighted.draw(row, 4096, random_state=0)
    _expect_masses(law.tilt(kernel), around)


def _expect_masses(law, around):
    """Expect draws to share the row's bins as often as their law says."""
    n = len(around.design)
    for j, column in enumerate(law.columns):
        if not hasattr(column, "masses"):
            continue
        masses = column.masses
        expect((masses >= 0.0).all(), f"masses are not negative: {masses}")
        expect(np.isclose(masses.sum(), 1.0, rtol=1e-12), f"masses sum to 1: {masses}")
        share = masses[column.deviations == 0.0].sum()
        found = np.mean(around.design[:, j] == around.position[j])
        # Five standard errors of a share, and one draw for the shares 0 and 1.
        expect(
            abs(found - share) <= 5.0 * np.sqrt(share * (1.0 - share) / n) + 1.0 / n,
            f"unit {j} is as in the row in {share:.4f} of the draws, by law: {found:.4f}",
        )


def _larger_request_holds_a_smaller_one(sampler, X, y):
    fitted, few = _fitted(sampler, X, y), take_rows(X, [0, 1])
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
            _content(own.inputs) == _content(inputs),
            "the model is asked about the same draws, whatever the request",
        )


def _groups_number_the_draws(sampler, X, y):
    fitted = _fitted(sampler, X, y)
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


def _conditions_describe_every_row(sampler, X, y):
    fitted = _fitted(sampler, X, y)
    units = fitted.units(X)
    if units is None:
        codes, labels = fitted.conditions(X)
        expect(codes.shape == X.shape, f"a code for every value: {codes.shape}")
        expect(len(labels) == X.shape[1], f"labels for every column: {len(labels)}")
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
    plus, minus = X.copy(), X.copy()
    plus[:2, 0], minus[:2, 0] = 0.0, -0.0
    for name, draw in _draws(_fitted(sampler, plus, y)).items():
        found = draw(plus)
        expect(_same(draw(minus), found), f"{name} takes -0.0 for 0.0")
        trained = _draws(_fitted(sampler, minus, y))[name]
        expect(_same(trained(plus), found), f"{name} takes -0.0 for 0.0 in training")


_CHECKS = (
    _fit_returns_self_and_learns_the_units,
    _fit_forgets_what_it_learned_before,
    _unfitted_one_says_so,
    _number_of_draws_is_the_one_asked_for,
    _neighbourhoods_have_their_shapes,
    _interpret_agrees_with_the_design,
    _row_alone_decides_its_draws,
    _equal_seeds_give_equal_draws,
    _reference_has_a_seed_of_its_own,
    _inputs_are_left_alone,
    _weight_counts_as_so_many_rows,
    _law_has_the_masses_of_the_draws,
    _tilted_draws_have_the_masses_of_the_weighted_law,
    _larger_request_holds_a_smaller_one,
    _groups_number_the_draws,
    _conditions_describe_every_row,
)


def _raises(error, call):
    try:
        call()
    except Exception as raised:
        return isinstance(raised, error)
    return False


def _same(found, expected):
    return len(found) == len(expected) and all(
        np.array_equal(one.design, other.design)
        and np.array_equal(one.position, other.position)
        and _content(one.inputs) == _content(other.inputs)
        for one, other in zip(found, expected, strict=True)
    )


def _content(table):
    """A table as text: equal for equal dtypes and bits, missing values included."""
    dtypes = getattr(table, "dtypes", getattr(table, "dtype", None))
    if sparse.issparse(table):
        table = table.toarray()
    return str(dtypes) + repr(np.asarray(table, dtype=object).tolist())
