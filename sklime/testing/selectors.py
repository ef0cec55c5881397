"""Checks of selectors."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator

import numpy as np
from sklearn.base import BaseEstimator, clone

from sklime.moments.draws import Draws, scale_answers
from sklime.moments.sampled import SampledMoments
from sklime.selectors import MomentSelector
from sklime.testing.components import component_checks, expect, expect_untouched, named


def check_selector(selector: BaseEstimator) -> None:
    """Check that a selector keeps the contract of `LimeExplainer`.

    A selector with a parameter `k` is checked at several, one of them larger than the
    number of features.

    Parameters
    ----------
    selector : selector
        One of `sklime.selectors` or any scikit-learn selector that takes
        ``fit(Z, y, sample_weight=w)`` and has `get_support`.

    Raises
    ------
    AssertionError
        Tells what was expected of which component.

    Examples
    --------
    >>> from sklime.selectors import ForwardSelection
    >>> from sklime.testing import check_selector
    >>> check_selector(ForwardSelection(k=2))
    """
    for _, check in selector_checks(selector):
        check()


def selector_checks(selector: BaseEstimator) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the checks of `check_selector` one by one.

    Parameters
    ----------
    selector : selector
        As for `check_selector`.

    Yields
    ------
    name : str
        What is checked.
    check : callable
        Runs the check.

    Examples
    --------
    >>> from sklime.selectors import AllFeatures
    >>> from sklime.testing import selector_checks
    >>> next(selector_checks(AllFeatures()))[0]
    'support_is_a_mask_of_at_most_k_features'
    """
    expect(
        hasattr(selector, "get_support") and not isinstance(selector, type),
        f"{selector!r} should be an instance, and have get_support",
    )
    checks = list(_CHECKS)
    if isinstance(selector, MomentSelector):
        checks.append(_rows_and_outputs_are_selected_apart)
    if "k" in selector.get_params(deep=False):
        for k in (1, 3, 9):
            variant = clone(selector).set_params(k=k)
            yield from named(checks, variant, suffix=f"[k={k}]")
    else:
        yield from named(checks, selector)
    yield from component_checks(selector)


def _regressions():
    """A 0/1 design and a standardised one, answers and weights."""
    rng = np.random.default_rng(0)
    for Z in (rng.random((80, 6)) < 0.5, rng.normal(size=(80, 6))):
        y = Z @ [0.5, 0.0, 4.0, 0.0, -2.0, 1.0] + 0.1 * rng.normal(size=80)
        yield Z, y, rng.uniform(0.5, 2.0, size=80)


def _support(selector, Z, y, weights=None):
    return clone(selector).fit(Z, y, sample_weight=weights).get_support()


def _support_is_a_mask_of_at_most_k_features(selector):
    k = selector.get_params(deep=False).get("k", 6)
    for Z, y, weights in _regressions():
        fitted = clone(selector)
        expect(fitted.fit(Z, y, sample_weight=weights) is fitted, "fit returns self")
        support = fitted.get_support()
        expect(
            (support.dtype, support.shape) == (bool, (6,)),
            f"get_support gives a bool for each of 6 features: {support!r}",
        )
        expect(support.sum() <= k, f"at most {k} features kept: {support}")


def _feature_that_explains_all_is_kept(selector):
    for Z, _, weights in _regressions():
        for j in range(6):
            support = _support(selector, Z, 3.0 * Z[:, j] + 1.0, weights)
            expect(support[j], f"feature {j}, which explains all, is kept: {support}")


def _weight_counts_as_so_many_draws(selector):
    for Z, y, _ in _regressions():
        counts = np.arange(80) % 3
        rows = np.repeat(np.arange(80), counts)
        expect(
            np.array_equal(
                _support(selector, Z, y, counts), _support(selector, Z[rows], y[rows])
            ),
            "a draw of weight 2 counts as two equal draws, one of weight 0 as none",
        )


def _order_of_features_does_not_matter(selector):
    order = np.array([3, 5, 0, 2, 4, 1])
    for Z, y, weights in _regressions():
        expect(
            np.array_equal(
                _support(selector, Z[:, order], y, weights),
                _support(selector, Z, y, weights)[order],
            ),
            "the same features in another order are selected",
        )


def _unit_and_origin_of_answers_do_not_matter(selector):
    for Z, y, weights in _regressions():
        support = _support(selector, Z, y, weights)
        for told, other in {
            "smaller": 1e-6 * y,
            "larger": 1e6 * y,
            "negative": -y,
            "shifted": y + 1e3,
        }.items():
            found = _support(selector, Z, other, weights)
            expect(
                np.array_equal(found, support),
                f"{told} answers select the same features: {found}, not {support}",
            )


def _constant_answers_and_features_are_no_error(selector):
    for Z, y, weights in _regressions():
        flat = Z.copy()
        flat[:, 1] = True
        for design, answers in ((Z, np.full(80, 2.5)), (flat, y)):
            support = _support(selector, design, answers, weights)
            expect(
                (support.dtype, support.shape) == (bool, (6,)),
                f"constant answers, or a constant feature, give a support: {support!r}",
            )


def _selection_repeats(selector):
    for Z, y, weights in _regressions():
        first = _support(selector, Z, y, weights)
        expect(
            np.array_equal(_support(selector, Z, y, weights), first),
            "two equal fits keep the same features",
        )
        fitted = clone(selector).fit(Z, y, sample_weight=weights)
        read_back = pickle.loads(pickle.dumps(fitted)).get_support()
        expect(np.array_equal(read_back, first), "the support survives a pickle")


def _inputs_are_left_alone(selector):
    for Z, y, weights in _regressions():
        expect_untouched(
            {"Z": Z, "y": y, "sample_weight": weights},
            lambda data=(Z, y, weights): _support(selector, *data),
        )


def _rows_and_outputs_are_selected_apart(selector):
    draws = [
        Draws(
            Z.T.astype(float),
            np.ones(6),
            weights,
            *scale_answers(np.stack([y, 0.3 * y - Z[:, 1]])),
        )
        for Z, y, weights in _regressions()
    ]
    together = selector.select(SampledMoments.of(draws).normalised())
    if together is None:
        return
    expect(together.shape == (2, 2, 6), f"select has shape (2, 2, 6): {together.shape}")
    for i, own in enumerate(draws):
        for c, y in enumerate(own.Y):
            alone = _support(selector, own.Z.T, y, own.weights)
            expect(
                np.array_equal(together[i, c], alone),
                "select chooses for each row and output as fit does for it alone",
            )


_CHECKS = (
    _support_is_a_mask_of_at_most_k_features,
    _feature_that_explains_all_is_kept,
    _weight_counts_as_so_many_draws,
    _order_of_features_does_not_matter,
    _unit_and_origin_of_answers_do_not_matter,
    _constant_answers_and_features_are_no_error,
    _selection_repeats,
    _inputs_are_left_alone,
)
