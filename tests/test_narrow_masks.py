"""Masked rows under narrow kernels: the right answer, or a warning that there is none."""

import warnings
from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import NeighbourhoodWarning
from sklime.kernels import ExponentialKernel
from sklime.samplers import SequenceSampler, SuperpixelSampler, TokenSampler
from sklime.selectors import ForwardSelection, HighestWeights

TEXTS = ["good", "good x", "a b c d good", "good b c d e f g h i j"]


def praise(texts):
    """A sum over words, and one pair of words that says more than its parts."""
    return np.array([5.0 * ("good" in t) + 2.0 * ("good" in t and "x" in t) for t in texts])


def one_word(texts):
    return np.array([5.0 * ("good" in t) for t in texts])


def brightness(images):
    top, bottom = images[:, :4].mean(axis=(1, 2, 3)), images[:, 4:].mean(axis=(1, 2, 3))
    return 5.0 * top + top * bottom


def product_of_steps(series):
    return series[:, -1, 0] + series[:, 0, 0] * series[:, 1, 0]


IMAGE = np.random.default_rng(0).uniform(0.2, 1.0, (1, 8, 8, 1))
SERIES = np.random.default_rng(1).normal(3.0, 1.0, (1, 4, 1))
KINDS = {
    "one word": (praise, TokenSampler(), TEXTS[:1]),
    "two words": (praise, TokenSampler(), TEXTS[1:2]),
    "two words, drawn": (praise, TokenSampler(sequence="random"), TEXTS[1:2]),
    "one word, drawn": (praise, TokenSampler(sequence="random"), TEXTS[:1]),
    "five words": (praise, TokenSampler(), ["a b x d good"]),
    "one segment": (brightness, SuperpixelSampler(segmenter=(1, 1), hide=0.0), IMAGE),
    "two segments": (brightness, SuperpixelSampler(segmenter=(2, 1), hide=0.0), IMAGE),
    "four segments": (brightness, SuperpixelSampler(segmenter=(2, 2), hide=0.0), IMAGE),
    "steps": (product_of_steps, SequenceSampler(fill=0.0), SERIES),
}


def explainer(function, sampler, width=0.1, **parameters):
    kernel = parameters.pop("kernel", ExponentialKernel(width=width, metric="cosine"))
    own = {"sampler": sampler, "kernel": kernel, "random_state": 0, **parameters}
    return LimeExplainer(FunctionRegressor(function), **own)


def told(call):
    """What a call returns, and the categories of its warnings."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = call()
    return found, {warning.category for warning in said}


def least_squares(function, sampler, X, kernel):
    """Intercept and coefficients under the weighted law of all masks, as rationals."""
    [around] = sampler.fit(X).sample(X, 4096, random_state=0)
    Z, n = around.design, around.design.shape[1] + 1
    masses = sampler.mask_law(n - 1).masses
    weights = [
        Fraction(float(masses[kept])) * Fraction(float(weight)) / comb(n - 1, int(kept))
        for kept, weight in zip(Z.sum(axis=1), kernel(Z, np.ones(n - 1)), strict=True)
    ]
    rows = [
        [Fraction(1), *map(Fraction, map(int, z)), Fraction(float(y))]
        for z, y in zip(Z, function(around.inputs), strict=True)
    ]
    system = [
        [sum(w * row[i] * row[j] for w, row in zip(weights, rows, strict=True))
         for j in range(n + 1)]
        for i in range(n)
    ]  # fmt: skip
    for i in range(n):
        pivot = next(r for r in range(i, n) if system[r][i] != 0)
        system[i], system[pivot] = system[pivot], system[i]
        system[i] = [value / system[i][i] for value in system[i]]
        for r in set(range(n)) - {i}:
            factor = system[r][i]
            system[r] = [a - factor * b for a, b in zip(system[r], system[i], strict=True)]
    return np.array([float(row[n]) for row in system])


@pytest.mark.parametrize("weighting", ["auto", "kernel", "tilted"])
@pytest.mark.parametrize("width", [0.05, 0.1, 0.15])
@pytest.mark.parametrize("kind", KINDS)
def test_few_units_have_the_answer_of_all_their_masks(kind, width, weighting):
    function, sampler, X = KINDS[kind]
    lime = explainer(function, sampler, width, weighting=weighting).fit(X)
    e = lime.explain(X, uncertainty=True)
    intercept, *expected = least_squares(function, sampler, X, lime.kernel_)
    expected = np.array(expected)
    size = np.abs(expected).max()
    np.testing.assert_allclose(e.values[0], expected, rtol=1e-7, atol=1e-7 * size)
    assert e.scores[0] <= 1.0 + 1e-9
    at_row = intercept + expected.sum()
    assert e.local_predictions[0] == pytest.approx(at_row, rel=1e-7, abs=1e-7 * size)
    np.testing.assert_array_equal(e.standard_errors, 0.0)


@pytest.mark.parametrize("width", [0.05, 0.1])
def test_users_kernels_of_the_number_of_units_are_as_exact(width):
    def kernel(Z, z):
        return np.exp(-((1 - np.sqrt(Z.mean(axis=1))) ** 2) / (2 * width**2))

    for text in TEXTS[:3]:
        found = (
            explainer(praise, TokenSampler(), kernel=kernel).fit([text]).transform([text])
        )
        own = explainer(praise, TokenSampler(), width).fit([text]).transform([text])
        np.testing.assert_allclose(found.toarray(), own.toarray(), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("method", ["auto", "sampling"])
@pytest.mark.parametrize("weighting", ["auto", "kernel", "tilted"])
@pytest.mark.parametrize("width", [0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 1e-3, 1e-4])
def test_no_width_gives_zeros_or_nonsense_without_a_word(width, weighting, method):
    lime = explainer(one_word, TokenSampler(), width, weighting=weighting, method=method)
    lime.set_params(n_samples=256).fit(TEXTS)
    for text in TEXTS:
        e, said = told(lambda text=text: lime.explain([text], uncertainty=True))
        expected = [5.0 * (word == "good") for word in text.split()]
        right = np.abs(e.values[0] - expected).max() < 0.3
        assert right or NeighbourhoodWarning in said
        assert all(category is NeighbourhoodWarning for category in said)
    # One text without an answer leaves the others theirs.
    found, _ = told(lambda: lime.explain(TEXTS).values)
    for i, text in enumerate(TEXTS):
        alone, _ = told(lambda text=text: lime.explain([text]).values[0])
        np.testing.assert_array_equal(found[i, : len(alone)], alone)


def test_tilted_draws_hold_all_masks_that_matter():
    lime = explainer(praise, TokenSampler(), 0.03, n_samples=256).fit(TEXTS)
    [values] = lime.explain(TEXTS[3:]).values
    np.testing.assert_allclose(values, [5.0] + 9 * [0.0], atol=1e-5)


def test_weight_on_masks_of_one_number_of_units_leaves_no_answer():
    lime = explainer(praise, TokenSampler(), 0.02).fit(TEXTS)
    with pytest.warns(NeighbourhoodWarning, match=r"2 row\(s\) apart.*NaN. Widen"):
        e = lime.explain(TEXTS[:3], uncertainty=True)
    assert np.isnan(e.values[:2]).all()
    assert np.isnan(e.intercepts[:2]).all()
    assert np.isnan(e.scores[:2]).all()
    assert (e.support[0, 0], *e.support[1, :2]) == (0.0, 0.0, 0.0)
    np.testing.assert_allclose(e.values[2], [0.0, 0.0, 0.0, 0.0, 5.0], atol=1e-9)


def test_a_users_kernel_that_leaves_no_answer_is_named():
    def one_hidden(Z, z):
        return (Z.sum(axis=1) == Z.shape[1] - 1).astype(float)

    lime = explainer(praise, TokenSampler(), kernel=one_hidden).fit(TEXTS)
    with pytest.warns(NeighbourhoodWarning, match="one_hidden.* leaves weight only"):
        assert np.isnan(lime.explain(TEXTS[2:3]).values).all()


def test_draws_that_miss_what_units_do_together_are_doubtful():
    lime = explainer(praise, TokenSampler(), 0.03, weighting="kernel", n_samples=256)
    with pytest.warns(NeighbourhoodWarning, match="equally many units: .* together"):
        lime.fit(TEXTS).transform(TEXTS[3:])


@pytest.mark.parametrize(
    "parameters",
    [
        {"surrogate": Ridge()},
        {"surrogate": LinearRegression()},
        {"selector": ForwardSelection(1)},
        {"selector": HighestWeights(1)},
    ],
    ids=str,
)
def test_choices_and_penalties_among_units_that_look_alike_are_doubtful(parameters):
    lime = explainer(praise, TokenSampler(), 0.1, **parameters).fit(TEXTS)
    with pytest.warns(NeighbourhoodWarning, match="go to the wrong units"):
        lime.transform(TEXTS[1:2])


def test_a_linear_model_has_its_effects_at_every_width():
    model = make_pipeline(CountVectorizer(), LinearRegression()).fit(
        [*TEXTS, "a bad x", "bad"], [5.0, 5.0, 5.0, 5.0, 0.0, 0.0]
    )
    effects = dict(zip(model[0].get_feature_names_out(), model[1].coef_, strict=True))
    for method, width in product(["exact", "auto", "sampling"], [0.05, 0.1, 0.25]):
        kernel = ExponentialKernel(width=width)
        lime = LimeExplainer(
            model, sampler=TokenSampler(), kernel=kernel, method=method, random_state=0
        ).fit(TEXTS[:3])
        [values] = lime.explain(["good bad"]).values
        np.testing.assert_allclose(values, [effects["good"], effects["bad"]], atol=1e-8)


def test_a_grid_search_over_narrow_widths_runs_on_short_texts():
    search = GridSearchCV(
        explainer(praise, TokenSampler(), n_samples=256),
        {"kernel__width": [0.05, 0.1, 0.15, 0.2, 0.25]},
        cv=2,
        error_score="raise",
    ).fit([*TEXTS, "so good", "a good x"])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
