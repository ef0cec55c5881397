"""Interactions of words, segments, steps and coalitions, and of standardised columns."""

import pickle
import warnings
from dataclasses import replace
from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from scipy.stats import norm, t
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklime import (
    Explanation,
    FunctionClassifier,
    FunctionRegressor,
    LimeExplainer,
    persistence,
)
from sklime.exceptions import InteractionWarning
from sklime.kernels import ExponentialKernel, ShapleyKernel, UniformKernel
from sklime.plotting import InteractionDisplay
from sklime.samplers import (
    CoalitionSampler,
    GaussianSampler,
    MarginalSampler,
    MixedSampler,
    SequenceSampler,
    SuperpixelSampler,
    TokenSampler,
)

WORDS = "film not good bad plot very dull long fine end cast star".split()


def surprise(texts):
    """A number that up to three words decide together."""
    has = {
        word: np.array([word in text.split() for text in texts], dtype=float)
        for word in WORDS
    }
    odd = has["not"] * has["good"] * has["very"]
    return np.tanh(sum(has.values()) / 4) + 2 * has["not"] * has["good"] - odd


def probabilities(texts):
    p = 1 / (1 + np.exp(-surprise(texts)))
    return np.column_stack([1 - p, p])


def of_text(text, seed=0, answer=surprise, **parameters):
    parameters = {"sampler": TokenSampler(), "random_state": seed} | parameters
    explainer = LimeExplainer(FunctionRegressor(answer), **parameters)
    return explainer.fit([text, "film"])


def quadratic(design, weights, answers):
    """Coefficients of pairs in weighted least squares, and the terms' values in the row."""
    n, d = design.shape
    pairs = list(combinations(range(d), 2))
    Z = design.astype(float)
    linear = np.column_stack([np.ones(n), Z])
    products = np.column_stack([Z[:, j] * Z[:, k] for j, k in pairs])
    root = np.sqrt(weights / weights.sum())[:, np.newaxis]
    whole = np.column_stack([linear, products]) * root
    coef = np.linalg.lstsq(whole, answers * root[:, 0], rcond=None)[0][1 + d :]
    # What a regression on the units tells of a product is no part of its term.
    told = np.linalg.lstsq(linear * root, products * root, rcond=None)[0]
    return coef, 1.0 - told.sum(axis=0)


# ---- masks, all of them


@pytest.mark.parametrize(
    "kernel", [None, UniformKernel(), ExponentialKernel(metric="cosine", width=0.2)]
)
@pytest.mark.parametrize("n_words", [3, 5, 8])
def test_enumerated_masks_tell_the_quadratic_surrogate(n_words, kernel):
    words = WORDS[:n_words]
    explainer = of_text(" ".join(words), kernel=kernel)
    own = explainer.explain([" ".join(words)], interactions=True)
    # LIME's law of texts: each number of hidden words, from one to all, is as likely.
    masks = np.array(list(product([False, True], repeat=n_words))[:-1])
    kept = masks.sum(axis=1)
    weights = 1.0 / np.array([comb(n_words, k) for k in kept])
    if not isinstance(kernel, UniformKernel):
        width = 0.25 if kernel is None else kernel.width
        weights *= np.exp(-((1 - np.sqrt(kept / n_words)) ** 2) / (2 * width**2))
    answers = surprise(
        [" ".join(w for w, m in zip(words, mask, strict=True) if m) for mask in masks]
    )
    coef, at_row = quadratic(masks, weights, answers)
    assert own.interaction_pairs == list(combinations(words, 2))
    np.testing.assert_allclose(own.interactions[0], coef, rtol=0, atol=1e-7)
    assert not own.interaction_standard_errors.any()
    there = own.contributions()
    np.testing.assert_allclose(there.interactions[0], coef * at_row, rtol=0, atol=1e-7)
    assert there.effects() == own


def test_a_model_of_pairs_is_told_exactly_by_any_draws():
    def answer(texts):
        has = np.array([["not" in t.split(), "good" in t.split()] for t in texts])
        return 3.0 * has.all(axis=1) - has[:, 0]

    text = " ".join([*WORDS, *"what a day to be in town for once".split()])
    own = of_text(text, answer=answer).explain([text], interactions=True)
    place = own.interaction_pairs.index(("not", "good"))
    expected = np.zeros(len(own.interaction_pairs))
    expected[place] = 3.0
    np.testing.assert_allclose(own.interactions[0], expected, rtol=0, atol=1e-9)


def test_two_words_tell_nothing_as_no_draw_has_both():
    explainer = of_text("not good")
    with pytest.warns(InteractionWarning, match=r"NaN of \('not', 'good'\) \(1 rows\)"):
        own = explainer.explain(["not good"], interactions=True)
    assert np.isnan(own.interactions).all() and np.isfinite(own.values).all()


# ---- masks, some of them


def coverage(found, reference):
    """Share of 95 % intervals that hold a reference, over explanations of other seeds."""
    inside = []
    for own in found:
        df = own.meta["degrees_of_freedom"]
        q = norm.ppf(0.975) if df is None else t.ppf(0.975, df)
        half = q * own.interaction_standard_errors
        told = np.isfinite(half)
        inside.append((np.abs(own.interactions - reference) <= half)[told])
        assert told.mean() > 0.95
    return np.mean(np.concatenate(inside, axis=None))


@pytest.mark.parametrize("n_samples", [500, 150])
def test_intervals_of_words_hold_what_all_masks_tell(n_samples):
    text = " ".join(WORDS)
    [known] = [
        of_text(text, n_samples=2**12).explain([text], interactions=True).interactions
    ]
    found = [
        of_text(text, seed, n_samples=n_samples).explain([text], interactions=True)
        for seed in range(25)
    ]
    assert 0.9 < coverage(found, known) < 0.99
    off = np.array([own.interactions - known for own in found])
    errors = np.array([own.interaction_standard_errors for own in found])
    assert 0.75 < np.sqrt(np.mean(off**2) / np.mean(errors**2)) < 1.25
    # No bias beside the errors of a mean.
    assert np.abs(off.mean(axis=0)).max() < 5 * errors.max() / np.sqrt(25)


def test_tilted_masks_tell_the_same():
    text = " ".join(WORDS)
    kernel = ExponentialKernel(metric="cosine", width=0.2)
    known = of_text(text, n_samples=2**12, kernel=kernel)
    known = known.explain([text], interactions=True).interactions
    setting = {"n_samples": 400, "weighting": "tilted", "kernel": kernel}
    found = [
        of_text(text, seed, **setting).explain([text], interactions=True)
        for seed in range(20)
    ]
    assert 0.9 < coverage(found, known) < 0.99


def test_segments_of_images():
    rng = np.random.default_rng(0)
    images = rng.random((2, 30, 30))
    answer = FunctionRegressor(lambda X: X[:, :5, :5].mean((1, 2)) * X[:, 0, -1])
    sampler = SuperpixelSampler(segmenter=(6, 6), hide=0)
    explainer = LimeExplainer(answer, sampler=sampler, random_state=0).fit(images)
    own = explainer.explain(images, interactions=True)
    assert own.interactions.shape == (2, 36 * 35 // 2)
    place = own.interaction_pairs.index(("segment_0", "segment_5"))
    # Both segments hold all that the answer is a product of.
    truth = images[:, :5, :5].mean((1, 2)) * images[:, 0, -1]
    off = own.interactions[:, place] - truth
    assert np.abs(off).max() < 1e-9
    others = np.delete(own.interactions, place, axis=1)
    assert np.abs(others).max() < 1e-9


def test_many_segments_are_screened_and_said_so():
    rng = np.random.default_rng(0)
    images = rng.random((1, 56, 56))
    answer = FunctionRegressor(lambda X: 9 * X[:, :7, :7].mean((1, 2)) * X[:, 0, -1])
    sampler = SuperpixelSampler(segmenter=(8, 8), hide=0)
    explainer = LimeExplainer(answer, sampler=sampler, random_state=0).fit(images)
    with pytest.warns(InteractionWarning, match="2,016 pairs of units keeps the 1,000"):
        own = explainer.explain(images, interactions=True)
    assert own.interactions.shape == (1, 1000)
    assert own.meta["interactions"] == {"n_pairs": 1000, "n_candidates": 2016}
    strongest = own.interaction_pairs[np.abs(own.interactions[0]).argmax()]
    assert strongest == ("segment_0", "segment_7")
    named = explainer.explain(images, interactions=[("segment_7", "segment_0")])
    truth = 9 * images[0, :7, :7].mean() * images[0, 0, -1]
    error = named.interaction_standard_errors[0, 0]
    assert 0 < abs(named.interactions[0, 0] - truth) < 5 * error < truth / 2
    place = own.interaction_pairs.index(("segment_0", "segment_7"))
    assert np.isclose(named.interactions[0, 0], own.interactions[0, place])


def test_steps_of_sequences_with_padding():
    rng = np.random.default_rng(0)
    series = rng.normal(1.0, 0.5, (20, 10))
    series[3, :4] = 0.0
    answer = FunctionRegressor(lambda X: X[:, 4] * X[:, 9])
    sampler = SequenceSampler(padding=0, fill=0.5)
    explainer = LimeExplainer(answer, sampler=sampler, random_state=0).fit(series)
    own = explainer.explain(series[[0, 3]], interactions=True)
    place = own.interaction_pairs.index(("t-5", "t-0"))
    rows = series[[0, 3]]
    truth = (rows[:, 4] - 0.5) * (rows[:, 9] - 0.5)
    np.testing.assert_allclose(own.interactions[:, place], truth, rtol=0, atol=1e-9)
    # The second series has none of the first four steps.
    padded = own.interaction_pairs.index(("t-9", "t-0"))
    assert np.isfinite(own.interactions[0, padded]) and np.isnan(
        own.interactions[1, padded]
    )


def test_sums_of_words_have_no_interactions():
    texts = ["not good film", "good plot", "bad film", "not bad plot very long"] * 5
    y = np.array([0, 1, 0, 1] * 5)
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, y)
    setting = {"sampler": TokenSampler(), "response_method": "decision_function"}
    explainer = LimeExplainer(model, method="exact", random_state=0, **setting).fit(texts)
    own = explainer.explain(texts[:4], interactions=True)
    told = np.isfinite(own.interactions)
    assert told.any(axis=0).all() and not own.interactions[told].any()
    assert not own.interaction_standard_errors[told].any()


@pytest.mark.parametrize("target", [None, "all"])
def test_attributions_of_texts_are_the_same_with_interactions(target):
    model = FunctionClassifier(probabilities, classes=["no", "yes"])
    texts = [" ".join(WORDS[:6]), " ".join(WORDS[4:]), "not"]
    explainer = LimeExplainer(model, sampler=TokenSampler(), random_state=0).fit(texts)
    setting = {"target": target, "uncertainty": True}
    plain = explainer.explain(texts, **setting)
    own = explainer.explain(texts, interactions=True, **setting)
    none = dict.fromkeys(
        f"interaction{name}" for name in ("s", "_pairs", "_positions", "_standard_errors")
    )
    assert replace(own, **none, meta=plain.meta) == plain
    if target == "all":
        np.testing.assert_allclose(np.nansum(own.interactions, axis=1), 0, atol=1e-9)
    again = explainer.set_params(n_jobs=2).explain(texts, interactions=True, **setting)
    assert np.array_equal(again.interactions, own.interactions, equal_nan=True)
    for i, text in enumerate(texts):
        alone = explainer.explain([text], interactions=True, **setting)
        assert np.array_equal(alone.interactions, own[i].interactions)
    pickle.loads(pickle.dumps(explainer)).explain(texts[:1], interactions=True)


@pytest.mark.parametrize("kernel", [None, ShapleyKernel()])
@pytest.mark.parametrize("weighting", ["kernel", "tilted"])
def test_the_model_is_asked_no_more_for_interactions(weighting, kernel):
    asked = []

    def answer(texts):
        asked.append(len(texts))
        return surprise(texts)

    text = " ".join(WORDS)
    setting = {"n_samples": 300, "kernel": kernel}
    if kernel is None:
        setting["weighting"] = weighting
    explainer = of_text(text, answer=answer, **setting)
    totals = []
    for interactions in (None, True):
        asked.clear()
        explainer.explain([text], interactions=interactions)
        totals.append(sum(asked))
    assert totals[0] == totals[1] > 200


# ---- coalitions


def interactions_of(v, d, shapley):
    """Banzhaf or Shapley interactions of all pairs by listing coalitions."""
    found = []
    for j, k in combinations(range(d), 2):
        total = 0.0
        for z in product([0, 1], repeat=d):
            if not (z[j] or z[k]):
                size = sum(z)
                share = 0.5 ** (d - 2)
                if shapley:
                    share = 1 / ((d - 1) * comb(d - 2, size))
                z = list(z)
                for a, b in product([0, 1], repeat=2):
                    z[j], z[k] = a, b
                    total += share * (-1) ** (a + b) * v(np.array(z, dtype=bool))
        found.append(total)
    return np.array(found)


def wavy(X):
    X = np.asarray(X, dtype=float)
    return X[:, 0] * X[:, 1] + np.sin(X[:, 2] * X[:, 3]) * X[:, 4]


@pytest.mark.parametrize("kernel", [None, ShapleyKernel()])
@pytest.mark.parametrize("background", ["median", "rows"])
def test_all_coalitions_of_columns(background, kernel):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 5))
    rows = np.median(X, axis=0)[np.newaxis] if background == "median" else X[:7]
    sampler = CoalitionSampler("median" if background == "median" else rows)
    explainer = LimeExplainer(
        FunctionRegressor(wavy), sampler=sampler, kernel=kernel, random_state=0
    ).fit(X)
    own = explainer.explain(X[:3], interactions=True)
    assert own.interaction_pairs == list(combinations(own.feature_names, 2))
    for x, got in zip(X, own.interactions, strict=False):
        expected = interactions_of(
            lambda z, x=x: wavy(np.where(z, x, rows)).mean(), 5, kernel is not None
        )
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)
    assert not own.interaction_standard_errors.any()
    there = own.contributions()
    scale = 1.0 if kernel is not None else 0.25
    np.testing.assert_allclose(there.interactions, scale * own.interactions)


@pytest.mark.parametrize("kernel", [None, ShapleyKernel()], ids=repr)
@pytest.mark.parametrize("background", ["marginals", "rows"])
@pytest.mark.parametrize("n_samples", [160, 400])
def test_intervals_of_coalitions_hold_closed_forms(n_samples, background, kernel):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 8))
    y = wavy(X) + X[:, 5] * (X[:, 6] > 0)
    model = RandomForestRegressor(20, max_depth=5, random_state=0).fit(X, y)
    sampler = CoalitionSampler("marginals" if background == "marginals" else X[:5])

    def explained(**parameters):
        explainer = LimeExplainer(model, sampler=sampler, kernel=kernel, **parameters)
        return explainer.fit(X).explain(X[:3], interactions=True)

    known = explained(method="exact", random_state=0).interactions
    setting = {"method": "sampling", "n_samples": n_samples}
    if n_samples == 400 and background == "rows":
        # They fit: nothing is left to chance.
        np.testing.assert_allclose(
            explained(random_state=0, **setting).interactions, known, rtol=0, atol=1e-9
        )
        return
    found = [explained(random_state=seed, **setting) for seed in range(20)]
    assert 0.9 < coverage(found, known) < 0.995


# ---- standardised columns


@pytest.mark.parametrize("width", [None, 0.9])
@pytest.mark.parametrize(
    "sampler",
    [
        MarginalSampler(n_bins=None),
        MarginalSampler(n_bins=None, sequence="random"),
        GaussianSampler(),
        GaussianSampler(center="instance"),
        MarginalSampler(sequence="random"),
        MarginalSampler(n_bins=None, categorical_features=[0]),
    ],
    ids=repr,
)
def test_intervals_of_independent_columns_hold_closed_forms(sampler, width):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 5)) * [1.0, 2.0, 3.0, 1.0, 1.0]
    X[:, 0] = rng.integers(0, 3, 300)
    y = X[:, 0] * X[:, 1] + (X[:, 2] > 0) * X[:, 3] + X[:, 4] ** 2
    model = RandomForestRegressor(20, max_depth=5, random_state=0).fit(X, y)
    setting = {"sampler": sampler, "kernel": ExponentialKernel(width=width)}

    def explained(**parameters):
        explainer = LimeExplainer(model, **setting, **parameters).fit(X)
        return explainer.explain(X[:5], interactions=True)

    known = explained(method="exact", random_state=0).interactions
    drawn = {"method": "sampling", "n_samples": 1024}
    found = [explained(random_state=seed, **drawn) for seed in range(12)]
    assert 0.88 < coverage(found, known) < 0.99
    off = np.array([own.interactions - known for own in found])
    errors = np.array([own.interaction_standard_errors for own in found])
    assert 0.7 < np.sqrt(np.mean(off**2) / np.mean(errors**2)) < 1.3


def test_standardised_columns_of_many_features_are_told_one_by_one():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 25))

    def answer(X):
        return X[:, 3] * X[:, 17] + X[:, 4] ** 2 + X[:, 5]

    sampler = MarginalSampler(n_bins=None)
    explainer = LimeExplainer(FunctionRegressor(answer), sampler=sampler, random_state=0)
    own = explainer.fit(X).explain(X[:4], interactions=True)
    sd = X.std(axis=0)
    place = own.interaction_pairs.index(("x3", "x17"))
    expected = np.zeros(own.interactions.shape)
    expected[:, place] = sd[3] * sd[17]
    off = np.abs(own.interactions - expected)
    told = t.ppf(0.975, 7) * own.interaction_standard_errors
    assert 0.9 < np.mean(off <= told) < 0.99
    # All that there is besides is fitted with it.
    assert off[:, place].max() < 1e-6 and np.sqrt(np.mean(off**2)) < 0.06


def test_a_constant_standardised_column_interacts_with_nothing():
    X = np.random.default_rng(0).normal(size=(100, 3))
    X[:, 1] = 2.0
    model = FunctionRegressor(lambda X: X[:, 0] * X[:, 1] * X[:, 2])
    explainer = LimeExplainer(model, sampler=MarginalSampler(n_bins=None), random_state=0)
    own = explainer.fit(X).explain(X[:2], interactions=True)
    assert not own.interactions[:, [0, 2]].any()
    assert np.abs(own.interactions[:, 1]).min() > 0.5


def test_many_standardised_columns_are_screened():
    X = np.random.default_rng(0).normal(size=(300, 50))
    model = FunctionRegressor(lambda X: 3 * X[:, 7] * X[:, 41] + X[:, 3])
    explainer = LimeExplainer(model, sampler=GaussianSampler(), random_state=0).fit(X)
    with pytest.warns(InteractionWarning, match="1,225 pairs of columns keeps the 1,000"):
        own = explainer.explain(X[:2], interactions=True)
    strongest = np.abs(own.interactions).mean(axis=0).argmax()
    assert own.interaction_pairs[strongest] == ("x7", "x41")


# ---- explanations of texts


def texts():
    own = ["not good film", "good plot not bad", "long"]
    return LimeExplainer(
        FunctionRegressor(surprise), sampler=TokenSampler(), random_state=0
    ).fit(own), own


def test_parts_and_documents_of_texts_keep_their_pairs():
    explainer, rows = texts()
    own = explainer.explain(rows, interactions=True)
    there = own.contributions()
    for each in (own, there):
        assert Explanation.from_json(each.to_json()) == each
        assert Explanation.concat([each[:1], each[1:2], each[2:]]) == each
    assert own[2].interaction_pairs == [] and own[2].interactions.shape == (1, 0)
    first = own[0]
    assert first.interaction_pairs == [("not", "good"), ("not", "film"), ("good", "film")]
    assert np.isfinite(first.interactions).all()
    cut = own[["not", "good", "plot"]]
    assert all(set(pair) <= {"not", "good", "plot"} for pair in cut.interaction_pairs)
    frame = own.to_frame(interactions=True)
    line = frame[(frame.row == 0) & (frame.feature_1 == "not")].iloc[0]
    assert (line.feature_2, line.condition_2) == ("good", "good")
    assert line.interaction == own.interactions[0, 0]
    wide = own.to_frame(interactions=True, tidy=False)
    assert wide.columns[0] == "not:good" and np.isnan(wide.iloc[2]).all()


def test_named_pairs_of_words_are_summed_over_places():
    text = "good film not good"
    sampler = TokenSampler(positions=True)
    answer = FunctionRegressor(
        lambda texts: np.array([3.0 * ("not" in t) * t.count("good") for t in texts])
    )
    explainer = LimeExplainer(answer, sampler=sampler, random_state=0).fit([text])
    own = explainer.explain([text, "film"], interactions=[("good", "not")])
    assert own.interaction_pairs == [("good", "not")]
    np.testing.assert_allclose(own.interactions, [[6.0], [np.nan]], atol=1e-9)


def test_named_words_may_be_absent_from_some_batch():
    explainer, rows = texts()
    wanted = [("good", "not"), ("plot", "bad")]
    whole = explainer.explain(rows, interactions=wanted)
    parts = [explainer.explain([text], interactions=wanted) for text in rows]
    assert all(part.interaction_pairs == wanted for part in parts)
    assert np.isnan(parts[2].interactions).all()
    joined = np.concatenate([part.interactions for part in parts])
    assert np.array_equal(joined, whole.interactions, equal_nan=True)
    assert Explanation.concat(parts).interaction_pairs == wanted


def test_pages_and_pictures_of_words():
    explainer, rows = texts()
    own = explainer.explain(rows, interactions=True)
    page = own.to_html()
    assert "What two words together add" in page and "<bdi>not</bdi>" in page
    display = InteractionDisplay.from_explanation(own)
    strongest = display.frame().iloc[0]
    assert {strongest.feature_1, strongest.feature_2} == {"not", "good"}
    of_pair = InteractionDisplay.from_explanation(own, pair=("good", "not"))
    frame = of_pair.frame()
    assert frame["row"].tolist() == ["0", "1"]
    place = own.interaction_pairs.index(("not", "good"))
    there = own.contributions().interactions[:2, place]
    np.testing.assert_allclose(frame["interaction"], there)
    widths = [bar.get_width() for bar in of_pair.ax_.patches]
    np.testing.assert_allclose(widths, there)


def test_pictures_of_images_that_are_cut_differently_say_so():
    rng = np.random.default_rng(0)
    images = [rng.random((12, 12)), rng.random((18, 12))]
    answer = FunctionRegressor(lambda X: np.array([x[:6, :6].mean() ** 2 for x in X]))
    sampler = SuperpixelSampler(segmenter=(2, 2), hide=0)
    explainer = LimeExplainer(answer, sampler=sampler, random_state=0).fit(images)
    own = explainer.explain(images, interactions=True)
    with pytest.raises(ValueError, match="image 1 is cut differently"):
        InteractionDisplay.from_explanation(own)
    InteractionDisplay.from_explanation(own[1])
    assert 'id="together"' not in own.to_html() and 'id="together"' in own[:1].to_html()


# ---- bad input


@pytest.mark.parametrize(
    ("interactions", "message"),
    [
        ([("not", "not")], r"\('not', 'not'\), a unit with itself: name two units"),
        ([("not", "goods")], r"'goods', which is no unit .* closest is 'good'"),
        ([("not", 1)], "holds 1, which is no unit"),
        ([("not", "good"), ("good", "not")], "same two units: name each pair once"),
        ([("a", "b", "c")], "are 3 units: name two"),
        ([], "names no pair"),
        ("not good", "a list of pairs of units"),
    ],
)
def test_wrong_pairs_of_words(interactions, message):
    explainer, rows = texts()
    with pytest.raises(ValueError, match=message):
        explainer.explain(rows, interactions=interactions)


def test_what_has_no_interactions_says_why():
    explainer = of_text("not good film", kernel=lambda Z, z: 0.5 + 0.5 * Z[:, 0])
    with pytest.raises(ValueError, match=r"draws of masks .* UniformKernel"):
        explainer.explain(["not good film"], interactions=True)

    class Blocks(TokenSampler):
        def masks(self, n_units, n_samples, random_state=None, kernel=None):
            return super().masks(n_units, n_samples, random_state, kernel)

    explainer = of_text("not good film", sampler=Blocks())
    with pytest.raises(ValueError, match="not known to be such"):
        explainer.explain(["not good film"], interactions=True)


def test_mixed_rows_say_why():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"text": ["good film", "bad film"] * 10, "n": range(20)})
    sampler = MixedSampler(
        [("words", TokenSampler(), "text"), ("columns", MarginalSampler(), ["n"])]
    )
    model = FunctionRegressor(lambda X: X["n"].to_numpy(dtype=float))
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(frame)
    with pytest.raises(ValueError, match="needs rows of one part"):
        explainer.explain(frame[:2], interactions=True)


def test_no_warning_comes_of_words_that_rows_lack():
    explainer, rows = texts()
    with warnings.catch_warnings():
        warnings.simplefilter("error", InteractionWarning)
        explainer.explain(rows, interactions=True)


# ---- kept explainers


@pytest.mark.parametrize("kernel", [None, ShapleyKernel()])
@pytest.mark.parametrize("method", ["exact", "sampling"])
def test_explainers_that_were_used_are_loaded_without_further_trust(
    method, kernel, tmp_path
):
    X = np.random.default_rng(0).normal(size=(60, 4))
    model = RandomForestRegressor(3, random_state=0).fit(X, wavy(np.c_[X, X[:, 0]]))
    explainer = LimeExplainer(
        model, sampler=CoalitionSampler(), kernel=kernel, method=method, random_state=0
    ).fit(X)
    own = explainer.explain(X[:3], interactions=True)
    persistence.dump(explainer, tmp_path / "explainer.skops")
    again = persistence.load(tmp_path / "explainer.skops")
    assert again.explain(X[:3], interactions=True) == own
