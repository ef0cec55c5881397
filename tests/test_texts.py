"""Texts through the explainer: values, labels, components, containers and bad input."""

import pickle
import re
from itertools import product
from math import comb

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from sklime import FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.explanation import Explanation
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import TokenSampler
from sklime.selectors import AutoSelector, ForwardSelection, HighestWeights, LassoPath

# What the datasets that scikit-learn ships say of themselves: prose, tables and markup.
PAGES = load_iris().DESCR.split("\n\n")
SPORT = "the keeper saved a late goal and the fans sang until the whistle".split()
FOOD = "a warm soup with fresh bread and butter tastes best in the kitchen".split()
SPACE = "the probe left orbit and sent pictures of a distant moon to the station".split()


def made_up(seed=0, n=40, length=9):
    rng = np.random.default_rng(seed)
    themes = SPORT, FOOD, SPACE
    y = rng.integers(3, size=n)
    texts = [" ".join(rng.choice(themes[k], length)) for k in y]
    return texts, np.array(["sport", "food", "space"])[y]


TEXTS, LABELS = made_up()
MODEL = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10))
BINARY = clone(MODEL)
LONG = [" ".join(TEXTS[i : i + 5]) for i in range(0, 15, 5)]


@pytest.fixture(scope="module", autouse=True)
def fit_models():
    MODEL.fit(TEXTS, LABELS)
    BINARY.fit(TEXTS, LABELS == "food")


class Counted:
    """A model that remembers what it was asked, and in which blocks."""

    classes_ = np.array([False, True])

    def __init__(self):
        self.blocks = []

    def predict_proba(self, X):
        self.blocks.append(list(X))
        return BINARY.predict_proba(X)

    @property
    def asked(self):
        return [text for block in self.blocks for text in block]


def explainer(model=BINARY, n_samples=256, random_state=0, fitted_on=TEXTS, **params):
    own = {"sampler": TokenSampler(), **params}
    lime = LimeExplainer(model, n_samples=n_samples, random_state=random_state, **own)
    return lime.fit(fitted_on)


def pieces(text, pattern=r"\w+"):
    return [match[0] for match in re.finditer(pattern, text)]


def masked(text, keep, pattern=r"\w+", mask=""):
    """The text with the tokens that `keep` names, by number, taken out."""
    number = iter(range(len(text) + 1))
    return re.sub(pattern, lambda match: match[0] if keep[next(number)] else mask, text)


def limit(text, answers, *, positions=False, pattern=r"\w+", mask="", width=0.25):
    """LIME's surrogate of one text from all its masks: intercept, then coefficients."""
    tokens = pieces(text, pattern)
    units = list(range(len(tokens))) if positions else list(dict.fromkeys(tokens))
    d = len(units)
    unit = list(range(d)) if positions else [units.index(token) for token in tokens]
    Z = np.array([z for z in product([True, False], repeat=d) if d == 1 or not all(z)])
    kept = Z.sum(axis=1)
    law = np.array([1 / (comb(d, k) * d) for k in kept]) if d > 1 else np.full(2, 0.5)
    weights = law * np.exp(-((1 - np.sqrt(kept / d)) ** 2) / (2 * width**2))
    y = answers([masked(text, z[unit], pattern, mask) for z in Z])
    root = np.sqrt(weights)[:, np.newaxis]
    A = np.column_stack([np.ones(len(Z)), Z])
    return units, np.linalg.lstsq(A * root, y * root[:, 0], rcond=None)[0]


def chance(texts):
    return BINARY.predict_proba(texts)[:, 1]


# ------------------------------------------------------------------------------- values


@pytest.mark.parametrize("positions", [False, True])
@pytest.mark.parametrize("mask", [None, "UNK"])
def test_short_texts_are_explained_by_all_their_masks(positions, mask):
    sampler = TokenSampler(positions=positions, mask=mask)
    text = "a warm soup, with fresh bread; the soup"
    e = explainer(sampler=sampler, n_samples=512).explain([text])
    units, expected = limit(text, chance, positions=positions, mask=mask or "")
    # Both solve normal equations of condition number below 1e4.
    np.testing.assert_allclose(e.values[0], expected[1:], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(e.intercepts, expected[0], rtol=1e-9)
    assert list(e.unit_names[0]) == (pieces(text) if positions else units)


@pytest.mark.parametrize("width", [0.1, 0.5])
def test_kernel_widths_are_those_of_the_cosine_distance(width):
    text = "fresh bread and the late goal"
    e = explainer(kernel=ExponentialKernel(width=width)).explain([text])
    _, expected = limit(text, chance, width=width)
    np.testing.assert_allclose(e.values[0], expected[1:], rtol=1e-8, atol=1e-11)


def test_characters_are_units_with_level_char():
    def predict(texts):
        return np.array([text.count("ab") + 0.5 * text.startswith("x") for text in texts])

    lime = explainer(FunctionRegressor(predict), sampler=TokenSampler(level="char"))
    text = "xab ab"
    units, expected = limit(text, predict, pattern=r"(?s).")
    e = lime.explain([text])
    assert list(e.unit_names[0]) == units == ["x", "a", "b", " "]
    np.testing.assert_allclose(e.values[0], expected[1:], rtol=1e-9)


@pytest.mark.parametrize("draws", ["stratified", "random"])
def test_draws_estimate_the_limit_of_all_masks(draws):
    text = "the keeper saved a late goal and butter tastes best in orbit"
    units, expected = limit(text, chance)
    assert len(units) == 12
    found = [
        explainer(sampler=TokenSampler(sequence=draws), random_state=seed).transform([text])
        for seed in range(20)
    ]
    own = [list(explainer().get_feature_names_out()).index(unit) for unit in units]
    found = np.array([row.toarray()[0, own] for row in found])
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    # Four standard errors, and the penalty: one draw of 256 against variances of 1/5.
    tolerance = 4 * error + np.abs(expected[1:]) * 5 / 256 * 2
    assert (np.abs(found.mean(axis=0) - expected[1:]) < tolerance).all()


@pytest.mark.parametrize("p", [2, 3, 5])
def test_conjunctions_have_the_coefficients_of_the_literature(p):
    """Mardaoui and Garreau (2021), proposition 4, at d = 40 words."""
    d, words = 40, [f"w{j}" for j in range(40)]

    def predict(texts):
        present = [set(text.split()) for text in texts]
        return np.array([float(own.issuperset(words[:p])) for own in present])

    s = np.arange(1, d + 1)
    psi = np.exp(-((1 - np.sqrt(1 - s / d)) ** 2) / (2 * 0.25**2))
    a = [
        np.mean(np.prod([(d - s - k) / (d - k) for k in range(q)], axis=0) * psi)
        for q in range(p + 2)
    ]
    a0, a1, a2 = a[:3]
    c = (d - 1) * a0 * a2 - d * a1**2 + a0 * a1
    s2 = ((d - 2) * a0 * a2 - (d - 1) * a1**2 + a0 * a1) / (a1 - a2)
    s3 = (a1**2 - a0 * a2) / (a1 - a2)
    inside = (-a1 * a[p] + s2 * a[p] + s3 * ((p - 1) * a[p] + (d - p) * a[p + 1])) / c
    outside = -a1 * a[p] + s2 * a[p + 1] + s3 * (p * a[p] + (d - p - 1) * a[p + 1])
    model = FunctionRegressor(predict)
    e = explainer(model, n_samples=4096, fitted_on=[" ".join(words)]).explain(
        [" ".join(words)], uncertainty=True
    )
    error = e.standard_errors[0]
    expected = np.where(np.arange(d) < p, inside, outside / c)
    # Four standard errors, and the penalty of one draw of 4,096.
    assert (np.abs(e.values[0] - expected) < 4 * error + 0.005 * inside).all()
    assert error.max() < 0.1 * inside


@pytest.mark.parametrize("method", ["auto", "sampling"])
def test_a_bag_of_words_with_a_linear_model_has_its_own_coefficients(method):
    y = np.random.default_rng(0).normal(size=len(TEXTS))
    model = make_pipeline(CountVectorizer(), Ridge()).fit(TEXTS, y)
    e = explainer(model, method=method, n_samples=2048).explain(LONG)
    vectorizer, ridge = model[0], model[1]
    for values, names, text in zip(e.values, e.unit_names, LONG, strict=True):
        known = [vectorizer.vocabulary_.get(name, -1) for name in names]
        times = [pieces(text).count(name) for name in names]
        expected = np.where(np.array(known) < 0, 0, ridge.coef_[known] * times)
        # Drawn, the penalty is one draw of 2,048 against a unit's variance, over 1/20.
        bound = {"sampling": 0.02, "auto": 1e-10}[method] * np.abs(expected).max()
        np.testing.assert_allclose(values[: len(names)], expected, rtol=0, atol=bound)


def test_regression_explains_numbers():
    lengths = np.array([len(text) for text in TEXTS], dtype=float)
    model = make_pipeline(TfidfVectorizer(), TruncatedSVD(5), LinearRegression())
    lime = explainer(model.fit(TEXTS, lengths)).explain(TEXTS[:2])
    _, expected = limit(TEXTS[0], model.predict)
    np.testing.assert_allclose(
        lime.values[0, : len(expected) - 1], expected[1:], rtol=1e-8, atol=1e-8
    )
    assert list(lime.target_names) == ["y", "y"]


# ------------------------------------------------------------------------------- targets


def test_all_outputs_are_those_of_each_label():
    every = explainer(MODEL, target="all").explain(TEXTS[:3])
    assert every.values.shape[1] == 3
    for k, label in enumerate(MODEL.classes_):
        one = explainer(MODEL).explain(TEXTS[:3], target=label)
        # Solved for one right-hand side or for three.
        np.testing.assert_allclose(one.values, every.values[:, k], rtol=0, atol=1e-14)
        assert set(one.target_names) == {label}
    # Probabilities sum to one whatever is hidden; rounding only.
    np.testing.assert_allclose(np.nansum(every.values, axis=1), 0, atol=1e-12)


def test_predicted_explains_each_texts_own_class():
    own = explainer(MODEL, target="predicted").explain(TEXTS[:6])
    predicted = MODEL.predict(TEXTS[:6])
    assert list(own.target_names) == list(predicted)
    every = explainer(MODEL, target="all").explain(TEXTS[:6])
    for i, label in enumerate(predicted):
        k = list(MODEL.classes_).index(label)
        np.testing.assert_allclose(own.values[i], every.values[i, k], rtol=0, atol=1e-14)
    np.testing.assert_allclose(own.predictions, MODEL.predict_proba(TEXTS[:6]).max(axis=1))


# ------------------------------------------------------------------------ layout and labels


@pytest.mark.parametrize("positions", [False, True])
@pytest.mark.parametrize("target", ["auto", "all"])
def test_csr_columns_sum_the_tokens_of_explain(positions, target):
    sampler = TokenSampler(positions=positions)
    # Fitted on few texts, so that the others have tokens outside the vocabulary.
    lime = explainer(MODEL, sampler=sampler, target=target, fitted_on=TEXTS[:4])
    matrix, e = lime.transform(TEXTS), lime.explain(TEXTS)
    names = list(lime.sampler_.vocabulary_)
    assert sparse.issparse(matrix) and matrix.format == "csr"
    values = e.values if target == "all" else e.values[:, np.newaxis]
    expected = np.zeros((len(TEXTS), values.shape[1], len(names)))
    outside = 0
    for i, own in enumerate(e.unit_names):
        for j, name in enumerate(own):
            if name in names:
                expected[i, :, names.index(name)] += values[i, :, j]
            else:
                outside += 1
    np.testing.assert_allclose(
        matrix.toarray(), expected.reshape(len(TEXTS), -1), atol=1e-15
    )
    assert outside > 0
    columns = lime.get_feature_names_out()
    assert len(columns) == matrix.shape[1]
    if target == "all":
        assert columns[len(names)] == f"{MODEL.classes_[1]}__{names[0]}"


def test_spans_are_the_places_of_the_tokens():
    text = "Late goal, late GOAL! late"
    e = explainer().explain([text])
    for name, places in zip(e.unit_names[0], e.unit_spans[0], strict=True):
        assert [text[a:b] for a, b in places] == [name] * pieces(text).count(name)


def test_explanations_of_texts_go_everywhere():
    e = explainer(MODEL, target="all").explain(LONG[:2] + TEXTS[:1], uncertainty=True)
    again = Explanation.from_json(e.to_json())
    assert again.kind == "text" and again.data == LONG[:2] + TEXTS[:1]
    np.testing.assert_array_equal(again.values, e.values)
    np.testing.assert_array_equal(again.unit_names[1], e.unit_names[1])
    np.testing.assert_array_equal(
        np.concatenate(again.unit_spans[2]), np.concatenate(e.unit_spans[2])
    )
    frame = e.to_frame()
    assert len(frame) == sum(map(len, e.unit_names)) * 3
    pd.testing.assert_frame_equal(frame, pickle.loads(pickle.dumps(e)).to_frame())
    part = e[1:, :, "food"]
    np.testing.assert_array_equal(part.values, e.values[1:, 0, : part.shape[1]])
    assert np.isnan(e.values[1:, 0, part.shape[1] :]).all()
    soup = e[:, ["the"]]
    assert all(set(names) <= {"the"} for names in soup.unit_names)
    strongest, weight = e.as_list(0, target="food")[0]
    assert abs(weight) == np.nanmax(np.abs(e.values[0, 0]))
    assert strongest in e.unit_names[0]


def test_explanations_of_texts_become_those_of_shap():
    shap = pytest.importorskip("shap")
    e = explainer().explain(TEXTS[:3])
    theirs = e.to_shap()
    assert isinstance(theirs, shap.Explanation)
    assert len(theirs) == 3


# ------------------------------------------------------------ same row, same answer


def test_neither_order_nor_batch_nor_jobs_nor_repetition_matter():
    lime = explainer(MODEL, target="all")
    texts = TEXTS[:12] + LONG
    whole = lime.transform(texts).toarray()
    order = np.random.default_rng(1).permutation(len(texts))
    shuffled = lime.transform([texts[i] for i in order]).toarray()
    np.testing.assert_array_equal(shuffled, whole[order])
    np.testing.assert_array_equal(lime.transform(texts).toarray(), whole)
    alone = sparse.vstack([lime.transform([text]) for text in texts]).toarray()
    np.testing.assert_array_equal(alone, whole)
    parallel = explainer(MODEL, target="all", n_jobs=2).transform(texts).toarray()
    np.testing.assert_array_equal(parallel, whole)


def test_blocks_of_the_model_change_nothing_but_rounding():
    from sklearn import config_context

    whole = explainer().transform(LONG).toarray()
    few = explainer(sampler=TokenSampler(batch_size=7)).transform(LONG).toarray()
    with config_context(working_memory=1):
        small = explainer().transform(LONG).toarray()
    # The model's own products may round differently in other blocks.
    np.testing.assert_allclose(few, whole, atol=1e-10 * np.abs(whole).max())
    np.testing.assert_allclose(small, whole, atol=1e-10 * np.abs(whole).max())


def test_texts_of_equal_length_share_masks_and_answers_stay_their_own():
    words = sorted({*SPORT, *FOOD})
    one, other = " ".join(words[:12]), " ".join(words[5:17])
    together, alone = explainer().explain([one, other]), explainer().explain([other])
    np.testing.assert_array_equal(together.values[1], alone.values[0])
    assert (together.values[0] != together.values[1]).all()


def test_the_global_random_state_is_not_touched():
    # The state itself, by its one legacy name.
    before = np.random.mtrand._rand.get_state()[1].copy()
    explainer(random_state=None).transform(LONG)
    np.testing.assert_array_equal(np.random.mtrand._rand.get_state()[1], before)


# ------------------------------------------------------------------------------ model calls


@pytest.mark.parametrize("sequence", ["stratified", "random"])
def test_no_masked_text_is_sent_twice(sequence):
    model = Counted()
    sampler = TokenSampler(sequence=sequence)
    lime = explainer(model, sampler=sampler, n_samples=1024)
    for text in [LONG[0], "fresh bread and soup", "late goal"]:
        model.blocks.clear()
        lime.transform([text])
        assert len(set(model.asked)) == len(model.asked)
        assert len(model.asked) <= 1024


def test_short_texts_cost_no_more_than_all_their_masks():
    model = Counted()
    lime = explainer(model, n_samples=4096)
    model.blocks.clear()
    lime.transform(["fresh bread and soup"])
    # All subsets of four words but the text itself.
    assert len(model.asked) == 2**4 - 1


def test_model_calls_are_of_at_most_batch_size_texts():
    model = Counted()
    lime = explainer(model, sampler=TokenSampler(batch_size=50), n_samples=320)
    lime.explain(LONG)
    lime.score(LONG)
    assert max(map(len, model.blocks)) == 50


# ------------------------------------------------------------ uncertainty, tol


def test_intervals_hold_the_limit():
    text = "the keeper saved a late goal and butter tastes best in orbit"
    _, expected = limit(text, chance)
    held = []
    for seed in range(60):
        e = explainer(random_state=seed).explain([text], uncertainty=True)
        lower, upper = e.confidence_intervals(0.95)
        held.append((lower[0] <= expected[1:]) & (expected[1:] <= upper[0]))
    # 720 intervals, some of them correlated; strata and balance, which standard errors
    # leave out, only add to the coverage.
    assert np.mean(held) > 0.93


def test_standard_errors_are_none_where_all_masks_are_known():
    lime = explainer()
    plain, e = (lime.explain(TEXTS[:1], uncertainty=flag) for flag in (False, True))
    n = len(e.unit_names[0])
    np.testing.assert_array_equal(e.standard_errors[0, :n], 0)
    np.testing.assert_array_equal(plain.values, e.values)


def test_tol_draws_until_intervals_are_narrow():
    lime = explainer(n_samples=128, tol=0.05, max_samples=2**14)
    e = lime.explain(LONG[:1], uncertainty=True)
    # 1.96 standard errors, rounded up.
    assert 1.95 * e.standard_errors.max() <= 0.05 * np.abs(e.values).max()
    loose = explainer(n_samples=128).explain(LONG[:1], uncertainty=True)
    assert 1.95 * loose.standard_errors.max() > 0.05 * np.abs(loose.values).max()


def test_tol_out_of_reach_is_said():
    lime = explainer(n_samples=64, tol=1e-4, max_samples=128)
    with pytest.warns(ConvergenceWarning, match="max_samples"):
        lime.transform(LONG[:1])


# ------------------------------------------------------------------------------- components


@pytest.mark.parametrize(
    "selector",
    [
        ForwardSelection(k=6),
        HighestWeights(k=6),
        LassoPath(k=6),
        AutoSelector(k=6),
        SelectFromModel(Ridge(), max_features=6, threshold=-np.inf),
    ],
    ids=lambda selector: type(selector).__name__,
)
def test_selectors_keep_six_words(selector):
    lime = explainer(selector=selector)
    e = lime.explain(LONG)
    assert ((e.values != 0) & ~np.isnan(e.values)).sum(axis=1).max() == 6
    assert (lime.transform(LONG) != 0).sum(axis=1).max() == 6


def test_forward_selection_is_that_of_all_masks():
    """Greedy steps by weighted residuals, from all masks of one text."""
    text = "fresh bread and the late goal in orbit"
    found = explainer(selector=ForwardSelection(k=3)).explain([text])
    d, tokens = 8, pieces(text)
    Z = np.array([z for z in product([True, False], repeat=d) if not all(z)])
    kept = Z.sum(axis=1)
    weights = np.array([1 / comb(d, k) for k in kept])
    weights *= np.exp(-8 * (1 - np.sqrt(kept / d)) ** 2)
    y = chance([masked(text, z) for z in Z])
    root, chosen = np.sqrt(weights), []

    def fit(columns):
        A = np.column_stack([np.ones(len(Z)), Z[:, columns]]) * root[:, np.newaxis]
        coef = np.linalg.lstsq(A, y * root, rcond=None)[0]
        return np.square(y * root - A @ coef).sum(), coef[1:]

    for _ in range(3):
        rest = [j for j in range(d) if j not in chosen]
        chosen.append(min(rest, key=lambda j: fit([*chosen, j])[0]))
    expected = np.zeros(d)
    expected[chosen] = fit(chosen)[1]
    np.testing.assert_allclose(found.values[0], expected, rtol=1e-8, atol=1e-12)
    assert list(found.unit_names[0]) == tokens


def test_a_users_surrogate_is_fitted_to_the_draws():
    built_in = explainer(n_samples=4096).explain(LONG[:1])
    users = explainer(n_samples=4096, surrogate=LinearRegression()).explain(LONG[:1])
    # They differ by the penalty, one draw of 4,096.
    largest = np.abs(built_in.values).max()
    np.testing.assert_allclose(users.values, built_in.values, atol=0.01 * largest)


def test_kernels_of_all_kinds_weigh_masks():
    text = ["fresh bread and the late goal"]
    own = explainer(kernel=ExponentialKernel(width=0.25, metric="cosine")).transform(text)
    default = explainer().transform(text)
    np.testing.assert_array_equal(own.toarray(), default.toarray())

    def same(Z, z):
        return np.exp(-8 * (1 - np.sqrt(Z.mean(axis=1))) ** 2)

    function = explainer(kernel=same).transform(text)
    np.testing.assert_allclose(function.toarray(), default.toarray(), rtol=1e-9)
    uniform = explainer(kernel=UniformKernel()).transform(text)
    assert (uniform != default).nnz > 0


@pytest.mark.parametrize("weighting", ["kernel", "tilted", "auto"])
def test_weightings_have_one_limit(weighting):
    text = "the keeper saved a late goal and butter tastes best in orbit"
    kernel = ExponentialKernel(width=0.1)
    _, expected = limit(text, chance, width=0.1)
    found = [
        explainer(weighting=weighting, kernel=kernel, n_samples=1024, random_state=seed)
        .explain([text])
        .values[0]
        for seed in range(10)
    ]
    error = np.std(found, axis=0, ddof=1) / np.sqrt(10)
    # Five standard errors for ten seeds, and the penalty of one draw of 1,024.
    bound = 5 * error + 0.02 * np.abs(expected).max()
    assert (np.abs(np.mean(found, axis=0) - expected[1:]) < bound).all()


def test_tilted_draws_waste_none_on_a_narrow_kernel():
    narrow = ExponentialKernel(width=0.03)
    sizes = {
        weighting: explainer(weighting=weighting, kernel=narrow, n_samples=4096)
        .explain(LONG[:1])
        .effective_sample_sizes[0]
        for weighting in ("kernel", "tilted", "auto")
    }
    assert sizes["kernel"] < 0.1 * 4096 < 0.9 * 4096 < sizes["tilted"] == sizes["auto"]


def test_score_is_local_fidelity():
    lime = explainer()
    score = lime.score(TEXTS[:5])
    assert 0 < score <= 1
    # Close to its text a narrow surrogate is worse on the wide reference neighbourhood.
    assert explainer(kernel=ExponentialKernel(width=0.05)).score(TEXTS[:5]) < score
    linear = make_pipeline(CountVectorizer(), LinearRegression()).fit(
        TEXTS, (LABELS == "food").astype(float)
    )
    # Linear models of counts are their own surrogates; enumerated, nothing shrinks.
    assert explainer(linear).score(TEXTS[:5]) == pytest.approx(1, abs=1e-9)


def test_grid_search_chooses_width_and_sampler():
    search = GridSearchCV(
        LimeExplainer(BINARY, sampler=TokenSampler(), n_samples=512, random_state=0),
        {"kernel__width": [0.1, 0.5], "sampler__positions": [False, True]},
        cv=2,
    ).fit(TEXTS[:8])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert set(search.best_params_) == {"kernel__width", "sampler__positions"}
    assert search.best_estimator_.estimator_ is BINARY
    assert search.transform(TEXTS[:2]).shape[0] == 2


def test_explanations_are_clustered_in_a_pipeline():
    steps = make_pipeline(
        LimeExplainer(BINARY, sampler=TokenSampler(), n_samples=64, random_state=0),
        KMeans(2, n_init=1, random_state=0),
    )
    assert set(steps.fit_predict(TEXTS[:10])) == {0, 1}


def test_an_unfitted_model_is_fitted_on_the_texts():
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10))
    lime = LimeExplainer(model, sampler=TokenSampler(), n_samples=64, random_state=0)
    found = lime.fit(TEXTS, LABELS == "food").transform(TEXTS[:3])
    np.testing.assert_allclose(
        found.toarray(), explainer(n_samples=64).transform(TEXTS[:3]).toarray()
    )
    assert not hasattr(model[1], "coef_")


def test_clones_and_pickles_explain_alike():
    lime = explainer()
    expected = lime.transform(TEXTS[:3]).toarray()
    revived = pickle.loads(pickle.dumps(lime)).transform(TEXTS[:3]).toarray()
    np.testing.assert_array_equal(revived, expected)
    again = clone(lime).fit(TEXTS).transform(TEXTS[:3]).toarray()
    np.testing.assert_array_equal(again, expected)


# ------------------------------------------------------------------------------- containers


CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "objects": lambda texts: np.array(texts, dtype=object),
    "column": lambda texts: np.array(texts)[:, np.newaxis],
    "series": lambda texts: pd.Series(texts, name="text", index=range(7, 7 + len(texts))),
    "frame": lambda texts: pd.DataFrame({"text": texts}),
    "polars series": lambda texts: pl.Series("text", texts),
    "polars frame": lambda texts: pl.DataFrame({"text": texts}),
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_every_container_gives_the_same(kind):
    def predict_proba(X):
        if hasattr(X, "columns"):
            X = X["text"]
        return BINARY.predict_proba(np.ravel(np.asarray(X, dtype=object)))

    model = FunctionClassifier(predict_proba, classes=[False, True])
    make = CONTAINERS[kind]
    lime = explainer(model, fitted_on=make(TEXTS))
    expected = explainer().transform(TEXTS[:4]).toarray()
    np.testing.assert_array_equal(lime.transform(make(TEXTS[:4])).toarray(), expected)


def test_a_model_of_a_frame_gets_a_frame():
    from sklearn.compose import make_column_transformer

    frame = pd.DataFrame({"review": TEXTS})
    model = make_pipeline(
        make_column_transformer((TfidfVectorizer(), "review")), LogisticRegression(C=10)
    ).fit(frame, LABELS == "food")
    found = explainer(model, fitted_on=frame).transform(frame[:3])
    np.testing.assert_allclose(found.toarray(), explainer().transform(TEXTS[:3]).toarray())


def test_set_output_refuses_frames_of_sparse_matrices():
    lime = explainer().set_output(transform="pandas")
    with pytest.raises(ValueError, match="sparse"):
        lime.transform(TEXTS[:2])
    assert sparse.issparse(lime.set_output(transform="default").transform(TEXTS[:2]))


# ------------------------------------------------------------------- languages, odd texts


def test_a_tokenizer_serves_a_language_without_spaces():
    texts = ["今天天气很好", "天气不好", "我很好", "今天不好"]
    y = [1, 0, 1, 0]
    model = make_pipeline(
        CountVectorizer(analyzer="char", ngram_range=(1, 2)), LogisticRegression(C=10)
    ).fit(texts, y)
    lime = explainer(model, sampler=TokenSampler(tokenizer=list), fitted_on=texts)
    e = lime.explain(texts)
    assert list(e.unit_names[0]) == list(dict.fromkeys(texts[0]))
    assert e[0, "很"].values > 0 > e[1, "不"].values

    def predict(masked_texts):
        return model.predict_proba(masked_texts)[:, 1]

    _, expected = limit(texts[1], predict, pattern=r"(?s).")
    np.testing.assert_allclose(e.values[1, :4], expected[1:], rtol=1e-8)


def test_a_tokenizer_of_subwords_works():
    def subwords(text):
        return re.findall(r"un|ing|[a-z]+?(?=un|ing|\b)|\S", text)

    def predict(texts):
        return np.array([1.0 * text.startswith("un") + text.count("ing") for text in texts])

    lime = explainer(
        FunctionRegressor(predict),
        sampler=TokenSampler(tokenizer=subwords),
        fitted_on=["undoing things"],
    )
    e = lime.explain(["undoing things"])
    assert list(e.unit_names[0]) == ["un", "do", "ing", "th", "s"]
    # The two of "ing" go together.
    assert e[0, "ing"].values == pytest.approx(2, rel=1e-9)
    assert e[0, "un"].values == pytest.approx(1, rel=0.5)


ODD = {
    "emoji": "great 👍🏽 film 👩‍👩‍👧 😀",
    "right to left": "הסרט היה מצוין ولكن طويل",
    "markup": "<script>alert('x')</script> &amp; <b>bold</b>",
    "combining": "cafe\u0301 nai\u0308ve",
    "control": "tab\there\x00null\nline",
    "astral": "\U0001d518\U0001d52b\U0001d526 \U00012000 text",
    "lone surrogate": "half \ud83d emoji",
    "page": PAGES[0],
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("sampler", [TokenSampler(), TokenSampler(level="char")])
def test_odd_texts_are_explained(name, sampler):
    def predict(texts):
        return np.array([len(text) for text in texts], dtype=float)

    lime = explainer(FunctionRegressor(predict), sampler=sampler, fitted_on=[ODD[name]])
    e = lime.explain([ODD[name]])
    # The length of a text is linear: each token counts as often as it stands there, up to
    # the penalty where masks are drawn.
    spans = e.unit_spans[0]
    expected = [sum(stop - start for start, stop in places) for places in spans]
    np.testing.assert_allclose(e.values[0], expected, rtol=0.15)
    if "surrogate" not in name:
        assert Explanation.from_json(e.to_json()).data == [ODD[name]]
        assert "<script>" not in e.to_html().split("alert(")[0][-20:]


@pytest.mark.parametrize("text", ["", "   ", "?!... --- ;"])
def test_texts_without_tokens_are_their_intercept(text):
    lime = explainer()
    e = lime.explain([text, TEXTS[0]])
    assert len(e.unit_names[0]) == 0
    assert np.isnan(e.values[0]).all()
    assert e.intercepts[0] == pytest.approx(chance([text])[0], rel=1e-12)
    assert e.local_predictions[0] == pytest.approx(chance([text])[0], rel=1e-12)
    matrix = lime.transform([text, TEXTS[0]])
    assert matrix[0].nnz == 0
    np.testing.assert_array_equal(matrix[1].toarray(), lime.transform([TEXTS[0]]).toarray())
    assert lime.score([text, TEXTS[0]]) <= 1


def test_one_token_is_its_whole_effect():
    e = explainer().explain(["soup"])
    kept, gone = chance(["soup", ""])
    assert e.values[0, 0] == pytest.approx(kept - gone, rel=1e-9)
    assert e.intercepts[0] == pytest.approx(gone, rel=1e-9)


def test_a_token_repeated_a_thousand_times_is_one_unit_or_a_thousand():
    text = " ".join(["soup"] * 1000)
    e = explainer().explain([text])
    kept, gone = chance([text, ""])
    assert e.shape == (1, 1)
    assert e.values[0, 0] == pytest.approx(kept - gone, rel=1e-9)
    assert len(e.unit_spans[0][0]) == 1000

    def predict(texts):
        return np.array([text.count("soup") for text in texts], dtype=float)

    each = explainer(
        FunctionRegressor(predict), sampler=TokenSampler(positions=True), n_samples=2048
    )
    found = each.explain([text])
    assert found.shape == (1, 1000)
    # Linear, so that all differences are the penalty: one draw of 2,048.
    np.testing.assert_allclose(found.values, 1, rtol=0.05)
    assert each.transform([text]).nnz == 1


def test_a_constant_model_has_no_attributions():
    model = FunctionRegressor(lambda texts: np.full(len(texts), 3.0))
    e = explainer(model).explain(LONG)
    assert (np.nan_to_num(e.values) == 0).all()
    np.testing.assert_allclose(e.intercepts, 3)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("a single text", TypeError, "list of texts"),
        ([], ValueError, "no text"),
        (["good", None], ValueError, "text 1 .* missing"),
        (["good", float("nan")], ValueError, "text 1 .* missing"),
        (["good", 3], TypeError, "text 1 .* int"),
        (["good", b"bytes"], TypeError, "text 1 .* bytes"),
        ([["a", "b"], ["c", "d"]], TypeError, "text 0"),
        (np.array([["a", "b"]]), ValueError, "one column"),
    ],
)
def test_what_is_no_text_is_refused_in_fit_and_after(X, error, message):
    with pytest.raises(error, match=message):
        LimeExplainer(BINARY, sampler=TokenSampler()).fit(X)
    lime = explainer()
    for method in (lime.transform, lime.explain, lime.score):
        with pytest.raises(error, match=message):
            method(X)


def test_a_tokenizer_that_changes_tokens_is_named():
    sampler = TokenSampler(tokenizer=lambda text: text.lower().split())
    lime = LimeExplainer(BINARY, sampler=sampler)
    with pytest.raises(ValueError, match="lower-cased"):
        lime.fit(["Fresh Bread"])


def test_a_model_that_answers_nan_is_named():
    def predict(texts):
        return np.array([np.nan if text == " " else 1.0 for text in texts])

    lime = explainer(FunctionRegressor(predict))
    with pytest.raises(ValueError, match="masked copy"):
        lime.transform(["fresh bread"])


# ------------------------------------------------------------------------------- the models


@pytest.mark.parametrize(
    "classifier",
    [MultinomialNB(), RandomForestClassifier(20, random_state=0)],
    ids=["naive Bayes", "forest"],
)
def test_models_find_the_words_of_their_classes(classifier):
    model = make_pipeline(CountVectorizer(), classifier).fit(TEXTS, LABELS)
    text = "the keeper sang to the fans over warm soup and bread"
    e = explainer(model, target="sport", n_samples=1024).explain([text])
    values = dict(zip(e.unit_names[0], e.values[0], strict=True))
    sport = values["keeper"] + values["sang"] + values["fans"]
    food = values["warm"] + values["soup"] + values["bread"]
    assert sport > 0.1 > -0.1 > food


def test_memory_is_bounded_for_long_texts():
    import tracemalloc

    rng = np.random.default_rng(0)
    words = np.array([f"w{j}" for j in range(600)])
    texts = [" ".join(rng.choice(words, 300)) for _ in range(6)]

    def predict(masked_texts):
        return np.array([len(text) for text in masked_texts], dtype=float)

    lime = explainer(FunctionRegressor(predict), n_samples=1024, fitted_on=texts)
    tracemalloc.start()
    matrix = lime.transform(texts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert matrix.shape == (6, 600 - len(set(words) - set(" ".join(texts).split())))
    # 1,024 texts of 1,200 bytes are 1 MB; designs, weights and moments for each of the six
    # numbers of distinct words some 5 MB.
    assert peak < 60e6


def test_a_series_keeps_its_index_and_frames_their_columns():
    texts = ["good film", "bad film", "long plot", "good plot here"] * 3
    model = make_pipeline(CountVectorizer(), Ridge()).fit(texts, np.arange(12.0))
    series = pd.Series(texts, index=[f"d{i}" for i in range(12)])
    explainer = LimeExplainer(model, sampler=TokenSampler()).fit(series)
    assert list(explainer.explain(series).to_frame(tidy=False).index) == list(series.index)
    box = FunctionRegressor(lambda frame: model.predict(frame.iloc[:, 0]))
    framed = LimeExplainer(box, sampler=TokenSampler()).fit(series.to_frame("text"))
    assert framed.feature_names_in_.tolist() == ["text"]
    with pytest.raises(ValueError, match="feature names"):
        framed.explain(series.to_frame("other"))


def test_rows_without_a_closed_form_are_told_from_those_with_one():
    texts = ["good film", "bad film", "long plot", "good plot here"] * 3
    model = make_pipeline(CountVectorizer(binary=True), Ridge())
    model.fit(texts, np.arange(12.0))
    explainer = LimeExplainer(
        model, sampler=TokenSampler(positions=True), n_samples=64, random_state=0
    ).fit(texts)
    repeated = "good good film bad long plot here film"
    kinds = {
        ("good film",): "exact",
        (repeated,): "sampling",
        ("good film", repeated): "exact and sampling",
    }
    for rows, method in kinds.items():
        assert explainer.explain(list(rows)).meta["method"] == method


def test_a_text_without_tokens_does_not_stop_a_users_selector():
    texts = ["good film", "bad film", "long plot", "good plot here"] * 3
    model = make_pipeline(CountVectorizer(ngram_range=(1, 2)), Ridge())
    model.fit(texts, np.arange(12.0))
    selector = SelectFromModel(Ridge(), max_features=2)
    explainer = LimeExplainer(model, sampler=TokenSampler(), selector=selector).fit(texts)
    assert explainer.transform(["", "good plot here"]).shape[0] == 2
