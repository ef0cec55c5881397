"""Checks of samplers of rows of any kind."""

import pickle
from functools import partial

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklime.laws.checks import check_sample
from sklime.samplers import Neighbourhood
from sklime.samplers.kinds.table import TableRows
from sklime.tables.access import n_rows, take_rows
from sklime.testing.components import expect, expect_untouched


def fit_to(sampler, X, y, rows=slice(None), sample_weight=None):
    """A clone of the sampler, fitted to some rows."""
    y = None if y is None else y[rows]
    return clone(sampler).fit(take_rows(X, rows), y, sample_weight=sample_weight)


def draws_of(fitted):
    """The two ways to surround rows, by name, with all that they leave open."""
    return {
        "sample": partial(fitted.sample, n_samples=64, random_state=0),
        "reference": partial(fitted.reference, n_samples=64),
    }


def same(found, expected):
    """Whether two lists of neighbourhoods are equal to the bit."""
    return len(found) == len(expected) and all(
        all(
            np.array_equal(getattr(one, part), getattr(other, part))
            for part in ("design", "position", "masses", "groups", "exhaustive")
        )
        and content(one.inputs) == content(other.inputs)
        for one, other in zip(found, expected, strict=True)
    )


def content(rows):
    """Rows as text: equal for equal dtypes and values, missing ones included."""
    if isinstance(rows, list):
        return repr([content(row) if np.ndim(row) else row for row in rows])
    if isinstance(rows, np.ndarray) and rows.ndim > 2 and rows.dtype != object:
        return f"{rows.dtype}{rows.shape}{rows.tobytes().hex()}"
    dtypes = getattr(rows, "dtypes", getattr(rows, "dtype", None))
    if sparse.issparse(rows):
        rows = rows.toarray()
    return str(dtypes) + repr(np.asarray(rows, dtype=object).tolist())


def _fit_forgets_what_it_learned_before(sampler, X, y):
    refitted = fit_to(sampler, X, y, slice(0, n_rows(X) // 2)).fit(X, y)
    for name, draw in draws_of(refitted).items():
        expect(
            same(draw(X), draws_of(fit_to(sampler, X, y))[name](X)),
            f"{name} after a second fit draws as after a first one",
        )


def _unfitted_one_says_so(sampler, X, y):
    fresh = clone(sampler)
    interpret = partial(fresh.interpret, row=take_rows(X, [0]))
    for name, call in {**draws_of(fresh), "interpret": interpret}.items():
        raised = raises(NotFittedError, partial(call, X))
        expect(raised, f"{name} before fit raises NotFittedError")


def _neighbourhoods_are_whole(sampler, X, y):
    fitted, few = fit_to(sampler, X, y), take_rows(X, slice(0, 4))
    for name, draw in draws_of(fitted).items():
        found = draw(few)
        expect(
            isinstance(found, list)
            and len(found) == n_rows(few)
            and all(isinstance(around, Neighbourhood) for around in found),
            f"{name} gives a list of one Neighbourhood a row",
        )
        for around in found:
            try:
                check_sample(around, fitted)
            except ValueError as error:
                raise AssertionError(
                    f"parts of one length and valid masses in {name}: {error}"
                ) from None


def _row_alone_decides_its_draws(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    for name, draw in draws_of(fitted).items():
        together = draw(X)
        for rows in ([0], [2, 0, 1, 0], list(range(n_rows(X)))[::-1]):
            expect(
                same(draw(take_rows(X, rows)), [together[i] for i in rows]),
                f"{name} draws the same around a row in any batch, order or company",
            )


def _equal_seeds_give_equal_draws(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    read_back = pickle.loads(pickle.dumps(fitted))
    for name, draw in draws_of(fitted).items():
        found = draw(X)
        expect(same(draw(X), found), f"{name} gives equal draws for an equal seed")
        expect(same(draws_of(read_back)[name](X), found), f"{name} survives a pickle")


def _reference_has_a_seed_of_its_own(sampler, X, y):
    fitted, few = fit_to(sampler, X, y), take_rows(X, slice(0, 4))
    before = fitted.reference(few)
    fitted.sample(few, 8, random_state=1)
    again = fit_to(sampler, X, y).reference(few)
    expect(same(fitted.reference(few), before), "reference gives the same draws always")
    expect(same(again, before), "reference is the same in two equal samplers")
    for around in before:
        expect(len(around.design) == 512, "reference gives 512 draws unless told otherwise")
        kept = (around.design == around.position).mean(axis=0)
        # Five standard errors of a share of 1/2.
        expect(
            (kept > 0.5 - 2.5 / np.sqrt(512)).all(),
            f"reference keeps the row's value with probability 1/2 or more: {kept}",
        )


def _inputs_are_left_alone(sampler, X, y):
    # Rows of other kinds need not be of one size.
    first = slice(0, None if issubclass(sampler.row_kind, TableRows) else 1)

    def everything():
        fitted = fit_to(sampler, X, y)
        fitted.interpret(take_rows(X, first), take_rows(X, slice(0, 1)))
        for draw in draws_of(fitted).values():
            draw(X)

    expect_untouched({"X": X, "y": y}, everything)


def _weight_counts_as_so_many_rows(sampler, X, y):
    weights = np.arange(n_rows(X)) % 3
    rows = np.repeat(np.arange(n_rows(X)), weights)
    weighted = fit_to(sampler, X, y, sample_weight=weights)
    repeated = fit_to(sampler, X, y, rows)
    few = take_rows(X, rows[:4])
    for name, draw in draws_of(weighted).items():
        if name == "sample" and weighted.max_draws_ is not None:
            _expect_equal_laws(weighted, repeated, few)
            continue
        for one, other in zip(draw(few), draws_of(repeated)[name](few), strict=True):
            # Sums of weights and of repeated rows round differently.
            expect(
                np.allclose(one.design, other.design, rtol=1e-9, atol=1e-9),
                f"{name}: a row of weight 2 counts as two equal rows, of weight 0 as none",
            )


def _expect_equal_laws(weighted, repeated, rows):
    """Expect all draws that there are to have equal moments under their masses."""
    n = max(weighted.max_draws_, repeated.max_draws_)
    both = (own.sample(rows, n, random_state=0) for own in (weighted, repeated))
    for one, other in zip(*both, strict=True):
        expect(
            np.allclose(_moments(one), _moments(other), rtol=1e-9, atol=1e-9),
            "a row of weight 2 has the mass of two equal rows, of weight 0 none",
        )


def _moments(around):
    """First and second moments of a design under the masses of its draws."""
    A = np.column_stack([np.ones(len(around.design)), around.design])
    masses = np.ones(len(A)) if around.masses is None else np.asarray(around.masses)
    return (A.T * masses) @ A / masses.sum()


ANY_SAMPLER_CHECKS = (
    _fit_forgets_what_it_learned_before,
    _unfitted_one_says_so,
    _neighbourhoods_are_whole,
    _row_alone_decides_its_draws,
    _equal_seeds_give_equal_draws,
    _reference_has_a_seed_of_its_own,
    _inputs_are_left_alone,
    _weight_counts_as_so_many_rows,
)


def raises(error, call):
    """Whether a call raises such an error."""
    try:
        call()
    except Exception as raised:
        return isinstance(raised, error)
    return False
