"""Linear models of words, pixels and series: exact where masks are, and against theory."""

import re
from itertools import product
from math import comb, prod

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.feature_selection import SelectFromModel, SelectKBest
from sklearn.linear_model import (
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.svm import LinearSVC

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import SequenceSampler, SuperpixelSampler, TokenSampler
from sklime.selectors import ForwardSelection, HighestWeights, LassoPath
from tests.ids import shown

WORDS = np.array(
    "the a film plot actor scene good bad great awful dull bright very not hardly and but "
    "script music ending".split()
)
rng = np.random.default_rng(0)
TEXTS = [" ".join(rng.choice(WORDS, 12)) for _ in range(150)]
LIKED = np.array(
    [sum(t.count(w) for w in ("good", "great", "bright", "plot")) for t in TEXTS]
)
BINARY, THREE = LIKED > 2, np.digitize(LIKED, [2, 4])
TEXT = "the plot: good, very good and bright; but not the ending"

DIGITS, DIGIT = load_digits(return_X_y=True)
SERIES = np.cumsum(rng.normal(size=(80, 6, 2)), axis=1)
RISE = SERIES[:, -1].sum(axis=1) - SERIES[:, 0].sum(axis=1)


def explainer(model, data, sampler, **params):
    given = {"method": "exact", "response_method": "auto", "random_state": 0, **params}
    return LimeExplainer(model, sampler=sampler, **given).fit(data)


def of_texts(*steps, y=BINARY, sampler=None, **params):
    model = make_pipeline(*steps).fit(TEXTS, y)
    margin = "auto" if isinstance(steps[-1], Ridge) else "decision_function"
    params = {"response_method": margin, **params}
    return explainer(model, TEXTS, sampler or TokenSampler(), **params)


def psi(t):
    return np.exp(-((1 - np.sqrt(1 - t)) ** 2) / (2 * 0.25**2))


def all_word_masks(d):
    """Every mask, its probability under lime's law of texts, and lime's weight."""
    Z = np.array(list(product([False, True], repeat=d)))
    deleted = d - Z.sum(axis=1)
    mass = np.array([0.0 if s == 0 else 1 / (d * comb(d, s)) for s in deleted])
    return Z, mass, psi(deleted / d)


def least_squares(Z, weights, f, support=None):
    support = np.arange(Z.shape[1]) if support is None else support
    A = np.column_stack([np.ones(len(Z)), Z[:, support]])
    root = np.sqrt(weights)
    found = np.linalg.lstsq(A * root[:, np.newaxis], f * root, rcond=None)[0]
    explained = 1 - weights @ (f - A @ found) ** 2 / (
        weights @ (f - np.average(f, weights=weights)) ** 2
    )
    return found[0], found[1:], explained


def kept_words(words, Z, tokens):
    """Texts made by hand of the tokens whose word a mask keeps."""
    return [" ".join(t for t in tokens if z[words.index(t)]) for z in Z]


VECTORIZERS = [
    (CountVectorizer(),),
    (CountVectorizer(binary=True),),
    (CountVectorizer(analyzer=re.compile(r"[a-z]+").findall), MaxAbsScaler()),
    (HashingVectorizer(norm=None, n_features=2**12),),
    (TfidfVectorizer(norm=None, sublinear_tf=True),),
    (CountVectorizer(), TfidfTransformer(norm=None), SelectKBest(k=9)),
    (CountVectorizer(), StandardScaler(with_mean=False), TruncatedSVD(5, random_state=0)),
]
MODELS = [
    (LogisticRegression(), BINARY),
    (LinearSVC(), THREE),
    (GridSearchCV(RidgeClassifier(), {"alpha": [0.1, 1.0]}, cv=3), THREE),
    (Ridge(), LIKED.astype(float)),
]


@pytest.mark.parametrize("steps", VECTORIZERS, ids=shown)
@pytest.mark.parametrize("model, y", MODELS, ids=lambda m: type(m).__name__)
def test_words_are_those_of_least_squares_on_all_masks(steps, model, y):
    explaining = of_texts(*steps, model, y=y, target="all")
    tokens = "the plot good very good and bright but not the ending".split()
    words = list(dict.fromkeys(tokens))
    found = explaining.explain([TEXT], uncertainty=True)
    assert found.unit_names[0].tolist() == words
    Z, mass, weights = all_word_masks(len(words))
    pipeline = explaining.estimator_
    method = "predict" if isinstance(model, Ridge) else "decision_function"
    f = np.reshape(getattr(pipeline, method)(kept_words(words, Z, tokens)), (len(Z), -1))
    if found.values.ndim == 2:
        values, intercepts = found.values, found.intercepts
    else:
        values, intercepts = found.values[0], found.intercepts[0]
    if f.shape[1] < len(values):  # a margin, both classes
        f = np.column_stack([-f, f])
    for c in range(len(values)):
        intercept, slopes, _ = least_squares(Z, mass * weights, f[:, c])
        size = np.abs(slopes).max()
        # The least-squares problem has a condition number of about 20.
        np.testing.assert_allclose(values[c], slopes, atol=1e-10 * size, rtol=0)
        np.testing.assert_allclose(intercepts[c], intercept, atol=1e-10 * size, rtol=0)
    effective = 4096 * (mass @ weights) ** 2 / (mass @ weights**2)
    np.testing.assert_allclose(found.effective_sample_sizes, effective, rtol=1e-10)
    np.testing.assert_array_equal(found.standard_errors, np.zeros_like(found.values))
    # R squared comes from 256 masks in single precision.
    np.testing.assert_allclose(found.scores, 1.0, atol=1e-4)


@pytest.mark.parametrize("positions", [False, True])
def test_words_of_a_long_text_have_their_count_times_their_coefficient(positions):
    counts = CountVectorizer()
    explaining = of_texts(
        counts,
        TfidfTransformer(norm=None),
        LogisticRegression(),
        sampler=TokenSampler(positions=positions),
    )
    counts, idf, model = (step for _, step in explaining.estimator_.steps)
    tokens = [*np.random.default_rng(1).choice([*WORDS, "unheard", "I"], 200)]
    found = explaining.explain([" ".join(tokens)])
    effect = dict.fromkeys(["unheard", "I", "a"], 0.0)
    for word, j in counts.vocabulary_.items():
        effect[word] = model.coef_[0, j] * idf.idf_[j]
    names = found.unit_names[0]
    times = np.ones(200) if positions else [tokens.count(word) for word in names]
    expected = np.array([effect[word] for word in names]) * times
    # Sums of 200 numbers of order 1 in double precision.
    np.testing.assert_allclose(found.values[0], expected, atol=1e-12, rtol=0)
    assert (found.values[0][expected == 0.0] == 0.0).all()
    np.testing.assert_allclose(found.intercepts, model.intercept_, atol=1e-10)
    np.testing.assert_allclose(found.local_predictions, found.predictions, atol=1e-10)


def test_a_mask_word_that_counts_is_part_of_every_effect():
    texts = [text.replace("dull", "UNK") for text in TEXTS]
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, BINARY)
    params = {"response_method": "decision_function", "sampler": TokenSampler(mask="UNK")}
    found = explainer(model, texts, **params).explain(["good film and good plot"])
    coef = dict(zip(model[0].get_feature_names_out(), model[1].coef_[0], strict=True))
    expected = [
        n * (coef[word] - coef["unk"])
        for word, n in [("good", 2), ("film", 1), ("and", 1), ("plot", 1)]
    ]
    np.testing.assert_allclose(found.values[0], expected, atol=1e-12)
    # Of a binary one two hidden words leave what one leaves.
    model = make_pipeline(CountVectorizer(binary=True), LinearSVC()).fit(texts, BINARY)
    with pytest.raises(
        ValueError, match=r"no closed form here: of training row \d+, hiding"
    ):
        explainer(model, texts, **params)


@pytest.mark.parametrize("width", [0.1, 0.25, 5.0])
def test_least_squares_on_the_selected_words_only(width):
    tokens = "the plot good very good and bright but not the ending".split()
    words = list(dict.fromkeys(tokens))
    Z, mass, _ = all_word_masks(len(words))
    share = Z.mean(axis=1)
    weights = mass * np.exp(-((1 - np.sqrt(share)) ** 2) / (2 * width**2))
    kernel = ExponentialKernel(width=width)
    full = of_texts(CountVectorizer(), LinearSVC(), kernel=kernel)
    f = full.estimator_.decision_function(kept_words(words, Z, tokens))

    def r2(support):
        return least_squares(Z, weights, f, support)[2]

    greedy = []
    for _ in range(3):
        rest = [j for j in range(len(words)) if j not in greedy]
        greedy.append(max(rest, key=lambda j: r2([*greedy, j])))
    largest = np.argsort(-np.abs(full.explain([TEXT]).values[0]))[:3]
    for selector, chosen in [(ForwardSelection(3), greedy), (HighestWeights(3), largest)]:
        params = {"kernel": kernel, "selector": selector}
        found = of_texts(CountVectorizer(), LinearSVC(), **params).explain([TEXT])
        intercept, slopes, _ = least_squares(Z, weights, f, np.sort(chosen))
        assert np.flatnonzero(found.values[0]).tolist() == sorted(chosen)
        # Least squares with a condition number below 1e3.
        np.testing.assert_allclose(found.values[0][np.sort(chosen)], slopes, atol=1e-10)
        np.testing.assert_allclose(found.intercepts[0], intercept, atol=1e-10)


@pytest.mark.parametrize("k", [1, 3, 4, 6, 9])
def test_lasso_path_takes_words_of_equal_effect_one_by_one(k):
    effects = np.array([1.0, 0.5, 1.0, -1.0, 0.5, 0.25, 1.0, 0.5, -0.5, 0.25, 0.0, 0.0])
    known, text = list(WORDS[:12]), [" ".join(WORDS[:12])]
    ridge = make_pipeline(CountVectorizer(vocabulary=known, analyzer=str.split), Ridge())
    ridge.fit(TEXTS, LIKED)
    ridge[-1].coef_ = effects
    found = explainer(ridge, TEXTS, TokenSampler(), selector=LassoPath(k)).explain(text)
    chosen = found.values[0] != 0.0
    assert chosen.sum() == k
    # A lasso under equal covariances shifts all effects alike before it cuts them off.
    for sign in (1, -1):
        rest = (sign * effects)[~chosen & (sign * effects > 0)]
        assert rest.max(initial=0) <= (sign * effects)[chosen & (sign * effects > 0)].min(
            initial=9
        )


def test_texts_without_words_or_with_one():
    explaining = of_texts(CountVectorizer(), LinearSVC())
    texts = ["", "...", "good", "good, GOOD good"]
    found = explaining.explain(texts)
    coef = explaining.estimator_[1].coef_[0, explaining.estimator_[0].vocabulary_["good"]]
    np.testing.assert_allclose(found.local_predictions, found.predictions, atol=1e-12)
    np.testing.assert_allclose(found.values[2, 0], coef, atol=1e-12)
    np.testing.assert_allclose(found.values[3, :2], [2 * coef, coef], atol=1e-12)
    # One word is kept or deleted with equal odds, at distance 0 or 1.
    weight = psi(1.0)
    np.testing.assert_allclose(
        found.effective_sample_sizes[2], 2048 * (1 + weight) ** 2 / (1 + weight**2)
    )
    np.testing.assert_array_equal(found.effective_sample_sizes[:2], 4096.0)
    np.testing.assert_array_equal(
        explaining.transform(texts).toarray()[:2], np.zeros((2, len(WORDS)))
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler()], ids=repr)
@pytest.mark.parametrize("hide", ["mean", 3, "blur", "inpaint"])
def test_pixels_have_their_difference_from_what_hides_them(dtype, scaler, hide):
    X = DIGITS.astype(dtype)
    model = make_pipeline(scaler, LinearRegression()).fit(X, DIGIT)
    sampler = SuperpixelSampler(segmenter=(2, 4), flat=(8, 8), hide=hide)
    explaining = explainer(model, X, sampler)
    found = explaining.explain(X[:5])
    nothing = np.zeros((1, 8), dtype=bool)
    for i, row in enumerate(explaining.sampler_.rows(X[:5])):
        hidden = row.compose(nothing)[0].astype(float)
        scaled = scaler.transform(X[i : i + 1].astype(float)) - scaler.transform([hidden])
        by_pixel = (model[-1].coef_ * scaled).ravel()
        expected = np.bincount(row.spans.ravel(), by_pixel)
        # In single precision the model's own features are good to 1e-7.
        precision = 1e-5 if dtype == np.float32 else 1e-10
        np.testing.assert_allclose(
            found.values[i], expected, atol=precision * np.abs(expected).max()
        )
    np.testing.assert_allclose(found.local_predictions, found.predictions, rtol=1e-5)


def test_pixels_against_the_formula_of_the_literature():
    # Garreau and Mardaoui (2021): the sum over a superpixel of coefficient times the
    # difference from its mean; here by hand, of 2 x 2 rectangles.
    model = LinearRegression().fit(DIGITS, DIGIT)
    sampler = SuperpixelSampler(segmenter=(4, 4), flat=(8, 8))
    params = {"method": "sampling", "surrogate": LinearRegression(), "n_samples": 1000}
    image, coef = DIGITS[7].reshape(8, 8), model.coef_.reshape(8, 8)
    blocks = [
        (slice(r, r + 2), slice(c, c + 2)) for r in range(0, 8, 2) for c in range(0, 8, 2)
    ]
    expected = [(coef[b] * (image[b] - image[b].mean())).sum() for b in blocks]
    for own in ({}, params):
        found = explainer(model, DIGITS, sampler, **own).explain(DIGITS[7:8]).values[0]
        # A linear answer has no Monte-Carlo error: rounding of a fit to 1,000 draws.
        np.testing.assert_allclose(found, expected, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("fill", ["mean", "noise", "background", 0.5])
@pytest.mark.parametrize("unit", ["step", "segment", "feature", "cell"])
def test_series_have_their_difference_from_what_fills_them(unit, fill):
    flatten = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    model = make_pipeline(flatten, StandardScaler(), Ridge()).fit(SERIES, RISE)
    sampler = SequenceSampler(unit=unit, n_segments=3, fill=fill)
    explaining = explainer(model, SERIES, sampler)
    [row] = explaining.sampler_.rows(SERIES[3:4])
    change = (SERIES[3] - explaining.sampler_.background_).ravel()
    by_cell = model[-1].coef_ / model[1].scale_ * change
    found = explaining.explain(SERIES[3:4]).values[0]
    np.testing.assert_allclose(found, np.bincount(row.spans.ravel(), by_cell), atol=1e-12)


def moments_of_words(d, p):
    """Mardaoui and Garreau (2021), proposition 2: E[pi z_1 ... z_p] under lime's law."""
    terms = (
        prod((d - s - k) / (d - k) for k in range(p)) * psi(s / d) for s in range(1, d + 1)
    )
    return sum(terms) / d


def moments_of_pixels(d, p):
    """Garreau and Mardaoui (2021): the same for superpixels."""
    return sum(comb(d - p, s) * psi(s / d) for s in range(d - p + 1)) / 2**d


def conjunction(moments, d, p):
    """LIME's limit for the product of p units, of a unit in it and of one outside it.

    Mardaoui and Garreau (2021), theorem 1, by its sigma coefficients.
    """
    a = [moments(d, k) for k in range(p + 2)]
    c = (d - 1) * a[0] * a[2] - d * a[1] ** 2 + a[0] * a[1]
    s1 = -a[1]
    s2 = ((d - 2) * a[0] * a[2] - (d - 1) * a[1] ** 2 + a[0] * a[1]) / (a[1] - a[2])
    s3 = (a[1] ** 2 - a[0] * a[2]) / (a[1] - a[2])
    inside, outside = a[p], a[p + 1]
    total = p * inside + (d - p) * outside
    return [(s1 * a[p] + s2 * own + s3 * (total - own)) / c for own in (inside, outside)]


def check_conjunction(model, data, sampler, row, p, moments, n_seeds=8):
    def run(seed):
        params = {"method": "sampling", "n_samples": 1024, "random_state": seed}
        # Without the penalty, which is not in the formula.
        params["surrogate"] = LinearRegression()
        return explainer(model, data, sampler, **params).explain(row).values[0]

    found = np.array([run(seed) for seed in range(n_seeds)])
    inside, outside = conjunction(moments, found.shape[1], p)
    expected = np.where(np.arange(found.shape[1]) < p, inside, outside)
    error = found.std(axis=0, ddof=1) / np.sqrt(n_seeds)
    # Six standard errors on seven degrees of freedom, for 25 units at a time; a ratio of
    # sums over 1,024 draws is biased by its order.
    assert (np.abs(found.mean(axis=0) - expected) <= 6 * error + 1 / 1024).all()
    assert inside > 20 * abs(outside)


@pytest.mark.parametrize("p", [2, 3, 5])
def test_draws_agree_with_the_theory_on_conjunctions_of_words(p):
    words = [f"w{j}" for j in range(25)]
    wanted = set(words[:p])
    model = FunctionRegressor(
        lambda texts: np.array([float(wanted <= set(t.split())) for t in texts])
    )
    text = [" ".join(words)]
    check_conjunction(model, text, TokenSampler(), text, p, moments_of_words)


@pytest.mark.parametrize("p", [2, 3])
def test_draws_agree_with_the_theory_on_conjunctions_of_pixels(p):
    sampler = SequenceSampler(fill=0.0)  # the law of superpixels, one value a unit
    model = FunctionRegressor(lambda X: X[:, :p].prod(axis=1))
    series = np.ones((1, 25))
    check_conjunction(model, series, sampler, series, p, moments_of_pixels)


COUNTS = CountVectorizer(), LogisticRegression()


@pytest.mark.parametrize(
    ("steps", "params", "reason"),
    [
        ((TfidfVectorizer(), LogisticRegression()), {}, "hiding several"),
        ((HashingVectorizer(), LinearSVC()), {}, "hiding several"),
        ((CountVectorizer(ngram_range=(1, 2)), LinearSVC()), {}, "hiding several"),
        ((CountVectorizer(), Normalizer("l1"), LinearSVC()), {}, "hiding several"),
        (
            (CountVectorizer(binary=True), LinearSVC()),
            {"sampler": TokenSampler(positions=True)},
            "hiding several",
        ),
        (COUNTS, {"response_method": "predict_proba"}, "is not linear"),
        ((CountVectorizer(), MultinomialNB()), {"response_method": "auto"}, "not linear"),
        (COUNTS, {"selector": SelectFromModel(Lasso())}, "selector"),
        (COUNTS, {"surrogate": Ridge()}, "surrogate"),
        (COUNTS, {"kernel": lambda Z, z: np.ones(len(Z))}, "more than the number"),
    ],
    ids=shown,
)
def test_what_is_no_sum_over_words_says_why_and_is_drawn(steps, params, reason):
    with pytest.raises(ValueError, match=f'method="exact" has no closed form.*{reason}'):
        of_texts(*steps, **params)
    assert of_texts(*steps, method="auto", n_samples=64, **params).method_ == "sampling"


@pytest.mark.parametrize(
    ("step", "sampler"),
    [
        (PolynomialFeatures(2), SequenceSampler()),
        (Normalizer(), SequenceSampler()),
        (StandardScaler(), SequenceSampler(fill="interpolate")),
    ],
    ids=repr,
)
def test_what_is_no_sum_over_steps_is_drawn(step, sampler):
    model = make_pipeline(step, Ridge()).fit(SERIES[..., 0], RISE)
    with pytest.raises(ValueError, match="hiding several"):
        explainer(model, SERIES[..., 0], sampler)


@pytest.mark.parametrize("level", [0.0, 1e7])
def test_what_a_model_adds_to_its_words_is_noticed_at_any_level(level):
    model = make_pipeline(CountVectorizer(), Ridge()).fit(TEXTS, LIKED + level)
    assert explainer(model, TEXTS, TokenSampler(), method="auto").method_ == "exact"
    own = model.predict
    model.predict = lambda texts: own(texts) + [5.0 * ("plot film" in t) for t in texts]
    with pytest.raises(ValueError, match="does not answer as it does itself"):
        explainer(model, TEXTS, TokenSampler())
    model.predict = lambda texts: own(texts) + [5.0 * (t == "the plot") for t in texts]
    with pytest.raises(ValueError, match="predict is set on the instance"):
        explainer(model, TEXTS, TokenSampler())


def test_a_kernel_that_sees_one_number_of_words_only_is_drawn():
    narrow = {"kernel": ExponentialKernel(width=1e-4)}
    explaining = of_texts(*COUNTS, **narrow)
    with pytest.raises(ValueError, match=r"for row 0: kernel .* too few masks of 9"):
        explaining.transform([TEXT])


# The training texts have no capitals; here two units are one word to the vectorizer.
CAPITALS = ["a good film", "Good plot and good music", "hardly a plot"]


def test_one_row_that_is_no_sum_is_refused_by_name():
    explaining = of_texts(CountVectorizer(binary=True), LinearSVC())
    for ask in (explaining.transform, explaining.explain, explaining.score):
        with pytest.raises(ValueError, match=r'row 1: hiding several.*method="auto"'):
            ask(CAPITALS)
    assert explaining.transform(CAPITALS[::2]).shape == (2, len(WORDS))


def test_one_row_that_is_no_sum_is_drawn_under_auto():
    def steps():
        return CountVectorizer(binary=True), LinearSVC()

    explaining = of_texts(*steps(), method="auto")
    assert explaining.method_ == "exact"
    found = explaining.explain(CAPITALS, uncertainty=True)
    drawn = of_texts(*steps(), method="sampling").explain(CAPITALS, uncertainty=True)
    for name in ("values", "intercepts", "effective_sample_sizes", "standard_errors"):
        np.testing.assert_array_equal(getattr(found, name)[1], getattr(drawn, name)[1])
    exact = of_texts(*steps()).explain(CAPITALS[::2])
    np.testing.assert_array_equal(found.values[::2, :3], exact.values)
    np.testing.assert_array_equal(
        explaining.transform(CAPITALS)[[0, 2]].toarray(),
        of_texts(*steps()).transform(CAPITALS[::2]).toarray(),
    )


def test_a_word_repeated_is_noticed():
    # It counts until all its occurrences are hidden.
    steps = CountVectorizer(binary=True), LinearSVC()
    texts = [" ".join(dict.fromkeys(text.split())) for text in TEXTS]
    model = make_pipeline(*steps).fit(texts, BINARY)
    sampler = TokenSampler(positions=True)
    explaining = explainer(model, texts, sampler, response_method="decision_function")
    for text in ("film good plot good", "good " * 5 + " ".join(WORDS), "good " * 500):
        with pytest.raises(ValueError, match="row 0: hiding several"):
            explaining.transform([text])


def test_transform_does_not_ask_the_model():
    explaining = of_texts(CountVectorizer(), LinearSVC())
    asked, model = [], explaining.estimator_
    model.__dict__["decision_function"] = lambda X: asked.append(len(X))
    try:
        explaining.transform([TEXT])
    finally:
        del model.__dict__["decision_function"]
    assert asked == []


def test_seed_order_batch_and_jobs_change_no_bit():
    def values(texts, **params):
        own = of_texts(CountVectorizer(), LinearSVC(), y=THREE, target="all", **params)
        return own.transform(texts).toarray()

    found = values(TEXTS[:20])
    np.testing.assert_array_equal(values(TEXTS[:20], random_state=1), found)
    np.testing.assert_array_equal(values(TEXTS[:20][::-1])[::-1], found)
    np.testing.assert_array_equal(values(TEXTS[5:6]), found[5:6])
    np.testing.assert_array_equal(values(TEXTS[:20], n_jobs=2), found)


@pytest.mark.parametrize("kernel", [ExponentialKernel(), UniformKernel()], ids=repr)
def test_many_draws_approach_the_limit_of_few_features(kernel):
    # Units left out make the answers noisy to the surrogate: the limit is not trivial.
    steps = CountVectorizer(), LinearSVC()
    params = {"kernel": kernel, "selector": HighestWeights(4)}
    text = [" ".join(WORDS[:14])]
    limit = of_texts(*steps, **params).explain(text)
    params |= {"method": "sampling"}
    runs = [of_texts(*steps, **params, random_state=s).explain(text) for s in range(8)]
    for name in ("values", "intercepts", "scores", "effective_sample_sizes", "support"):
        found = np.array([getattr(run, name) for run in runs])
        error = found.std(axis=0, ddof=1) / np.sqrt(len(runs))
        expected = getattr(limit, name)
        # Six standard errors on seven degrees of freedom, and the penalty of one draw in
        # 4,096, which is 5 over the units' variance.
        allowed = 6 * error + 2e-3 * np.nanmax(np.abs(expected))
        assert (np.abs(found.mean(axis=0) - expected) <= allowed).all(), name
