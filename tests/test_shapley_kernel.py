"""Shapley values by `ShapleyKernel`, against the formula summed over all coalitions."""

import json
import pickle
import warnings
from itertools import product
from math import factorial

import jsonschema
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import make_regression
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline

from sklime import Explanation, FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.exceptions import NeighbourhoodWarning
from sklime.explanation import json_schema
from sklime.kernels import ExponentialKernel, ShapleyKernel, UniformKernel
from sklime.plotting import AttributionDisplay
from sklime.samplers import (
    CoalitionSampler,
    GaussianSampler,
    MarginalSampler,
    MixedSampler,
    SequenceSampler,
    SuperpixelSampler,
    TokenSampler,
)
from sklime.selectors import AllFeatures, ForwardSelection, HighestWeights, LassoPath

X, y = make_regression(150, 6, n_informative=5, noise=5.0, random_state=0)
y = y + 20.0 * X[:, 0] * X[:, 1]
FOREST = RandomForestRegressor(20, random_state=0).fit(X, y)
CLASSIFIER = RandomForestClassifier(20, random_state=0).fit(X, np.digitize(y, [-40, 40]))
BACKGROUND = X[[3, 50, 77]]

RNG = np.random.default_rng(0)
N = 90
FRAME = pd.DataFrame(
    {
        "age": RNG.integers(18, 80, N),
        "size": np.where(np.arange(N) % 9 == 0, np.nan, RNG.normal(size=N)),
        "color": pd.Categorical(RNG.choice(["red", "green", "blue"], N, p=[0.2, 0.5, 0.3])),
        "city": [
            None if i % 13 == 0 else "north south south".split()[i % 3] for i in range(N)
        ],
    }
)


def answer_frame(frame):
    """A function that needs the columns' names and kinds, and sees gaps."""
    frame = pd.DataFrame(frame)
    size = frame["size"].astype(float).fillna(5.0).to_numpy()
    red = (frame["color"] == "red").to_numpy(dtype=bool)
    north = (frame["city"] == "north").to_numpy(dtype=bool)
    gap = frame["city"].isna().to_numpy(dtype=bool)
    age = frame["age"].to_numpy(dtype=float)
    return age * red + size * north * 3.0 - 7.0 * gap + 0.1 * age * size


def shapley_values(value, d):
    """The formula of Shapley (1953), for a function of masks with d units."""
    masks = list(product([False, True], repeat=d))
    known = {mask: value(np.array(mask, dtype=bool)) for mask in masks}
    found = []
    for j in range(d):
        total = 0.0
        for mask in masks:
            if not mask[j]:
                s = sum(mask)
                weight = factorial(s) * factorial(d - s - 1) / factorial(d)
                more = (*mask[:j], True, *mask[j + 1 :])
                total = total + weight * (known[more] - known[mask])
        found.append(total)
    return np.array(found)


def explainer_of(model, sampler=None, table=X, **parameters):
    sampler = CoalitionSampler(BACKGROUND) if sampler is None else sampler
    setting = {"kernel": ShapleyKernel(), "random_state": 0, **parameters}
    return LimeExplainer(model, sampler=sampler, **setting).fit(table)


def mean_answer(predict, row, background):
    """Value of a coalition of columns: mean answer over the rows of a background."""
    return lambda mask: predict(np.where(mask, row, background)).mean(axis=0)


@pytest.mark.parametrize("n", [1, 3])
def test_enumerated_values_are_those_of_the_formula(n):
    found = explainer_of(FOREST, CoalitionSampler(BACKGROUND[:n])).explain(
        X[:5], uncertainty=True
    )
    for i, row in enumerate(X[:5]):
        expected = shapley_values(mean_answer(FOREST.predict, row, BACKGROUND[:n]), 6)
        np.testing.assert_allclose(found.values[i], expected, rtol=0, atol=1e-10)
    np.testing.assert_array_equal(found.standard_errors, 0.0)
    base = FOREST.predict(BACKGROUND[:n]).mean()
    np.testing.assert_allclose(found.intercepts, base, rtol=1e-12)
    np.testing.assert_allclose(found.baselines, base, rtol=1e-12)


def test_enumerated_values_of_several_outputs_are_those_of_the_formula():
    found = explainer_of(CLASSIFIER, target="all").explain(X[:3])
    for i, row in enumerate(X[:3]):
        value = mean_answer(CLASSIFIER.predict_proba, row, BACKGROUND)
        expected = shapley_values(value, 6)
        np.testing.assert_allclose(found.values[i], expected.T, rtol=0, atol=1e-10)


@pytest.mark.parametrize("n_samples", [32, 64, 4096])
@pytest.mark.parametrize("background", ["marginals", "median", BACKGROUND])
def test_values_add_up_to_the_prediction(background, n_samples):
    sampler = CoalitionSampler(background)
    found = explainer_of(FOREST, sampler, n_samples=n_samples, method="sampling").explain(
        X[:6]
    )
    total = found.intercepts + found.values.sum(axis=1)
    np.testing.assert_allclose(total, FOREST.predict(X[:6]), rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.local_predictions, found.predictions, atol=1e-10)
    np.testing.assert_array_equal(found.baselines, found.intercepts)


TEXTS = ["a good film", "a bad one", "no good film at all", "good", "so bad it is good"]


def score_texts(texts):
    return np.array(
        [
            2.0 * ("good" in text.split()) * (1 - 2 * ("no" in text.split()))
            - ("bad" in text.split())
            + 0.1 * len(text.split()) ** 2
            for text in texts
        ]
    )


@pytest.mark.parametrize("positions", [False, True])
def test_words_of_texts_have_the_values_of_the_formula(positions):
    sampler = TokenSampler(positions=positions)
    explainer = explainer_of(FunctionRegressor(score_texts), sampler, TEXTS)
    found = explainer.explain(TEXTS)
    for i, text in enumerate(TEXTS):
        [row] = explainer.sampler_.rows([text])
        d = row.n_units
        expected = shapley_values(lambda mask, r=row: score_texts(r.compose([mask]))[0], d)
        np.testing.assert_allclose(found.values[i, :d], expected, rtol=0, atol=1e-10)
        np.testing.assert_allclose(
            found.intercepts[i], score_texts(row.compose([[False] * d]))
        )
    np.testing.assert_allclose(
        found.intercepts + np.nansum(found.values, axis=1), score_texts(TEXTS), atol=1e-10
    )


def test_segments_of_images_have_the_values_of_the_formula():
    images = np.random.default_rng(1).random((6, 8, 8))

    def answer(images):
        return images[:, :4].mean(axis=(1, 2)) * np.exp(images[:, 4:, :4].mean(axis=(1, 2)))

    explainer = explainer_of(
        FunctionRegressor(answer), SuperpixelSampler((3, 2), hide=0), images
    )
    found = explainer.explain(images[:2])
    for i in range(2):
        [row] = explainer.sampler_.rows(images[[i]])
        expected = shapley_values(
            lambda mask, r=row: answer(r.compose(mask[np.newaxis]))[0], 6
        )
        np.testing.assert_allclose(found.values[i], expected, rtol=0, atol=1e-10)


def test_steps_of_series_have_the_values_of_the_formula():
    series = np.random.default_rng(2).normal(size=(20, 7))

    def answer(series):
        return series[:, 0] * series[:, 3] + np.maximum(series[:, 5], series[:, 6])

    explainer = explainer_of(FunctionRegressor(answer), SequenceSampler("step"), series)
    found = explainer.explain(series[:2])
    for i in range(2):
        [row] = explainer.sampler_.rows(series[[i]])
        expected = shapley_values(
            lambda mask, r=row: answer(r.compose(mask[np.newaxis]))[0], 7
        )
        np.testing.assert_allclose(found.values[i], expected, rtol=0, atol=1e-10)


def test_linear_models_of_texts_have_values_in_closed_form():
    model = make_pipeline(CountVectorizer(), Ridge()).fit(TEXTS, [1.0, 0.0, 0.2, 0.9, 0.5])
    exact = explainer_of(model, TokenSampler(), TEXTS, method="exact")
    sampled = explainer_of(model, TokenSampler(), TEXTS, method="sampling")
    one, other = exact.explain(TEXTS), sampled.explain(TEXTS)
    for field in ("values", "intercepts", "baselines", "local_predictions", "scores"):
        np.testing.assert_allclose(getattr(one, field), getattr(other, field), atol=1e-9)
    assert exact.method_ == "exact" and one.attribution == "Shapley value"


def many_columns(d=12, n=300):
    table = np.random.default_rng(3).normal(size=(n, d))

    def answer(X):
        additive = X @ np.linspace(-1.0, 1.0, d)
        return additive + 2.0 * X[:, 0] * X[:, 1] + np.maximum(X[:, 2], X[:, 3]) * X[:, 4]

    return table, FunctionRegressor(answer)


def test_standard_errors_cover_the_values():
    table, model = many_columns()
    sampler, few = CoalitionSampler("median"), table[:5]
    exact = explainer_of(model, sampler, table, n_samples=4096).explain(
        few, uncertainty=True
    )
    np.testing.assert_array_equal(exact.standard_errors, 0.0)
    covered, squares, variances = [], [], []
    for seed in range(30):
        setting = {"n_samples": 256, "random_state": seed}
        found = explainer_of(model, sampler, table, **setting).explain(
            few, uncertainty=True
        )
        low, high = found.confidence_intervals()
        # Rows in which three columns never act together have no error but rounding.
        low, high = low - 1e-12, high + 1e-12
        covered.append((low <= exact.values) & (exact.values <= high))
        squares.append(np.square(found.values - exact.values))
        variances.append(np.square(found.standard_errors))
    assert 0.92 < np.mean(covered) <= 1.0
    assert 0.8 < np.mean(variances) / np.mean(squares) < 2.0


def test_standard_errors_cover_the_values_under_drawn_backgrounds():
    # Sums of products of two columns have known Shapley values under independent columns.
    table = np.random.default_rng(4).normal(size=(200, 8)) + 0.5
    model = FunctionRegressor(lambda X: X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3] + 3 * X[:, 4])
    few, mean = table[:5], table.mean(axis=0)
    expected = np.zeros((5, 8))
    for a, b in ((0, 1), (2, 3)):
        for j, k in ((a, b), (b, a)):
            expected[:, j] = 0.5 * (few[:, j] - mean[j]) * (few[:, k] + mean[k])
    expected[:, 4] = 3.0 * (few[:, 4] - mean[4])
    base = mean[0] * mean[1] + mean[2] * mean[3] + 3 * mean[4]
    for n_samples, within in ((128, 0.4), (1024, 0.08)):
        covered, errors, bases = [], [], []
        for seed in range(25):
            setting = {"n_samples": n_samples, "random_state": seed, "method": "sampling"}
            found = explainer_of(model, CoalitionSampler(), table, **setting).explain(
                few, uncertainty=True
            )
            low, high = found.confidence_intervals()
            covered.append((low <= expected) & (expected <= high))
            errors.append(found.values - expected)
            bases.append(found.intercepts - base)
        assert np.mean(covered) > 0.92
        assert np.sqrt(np.mean(np.square(errors))) < within
        # Right in the mean: within five standard errors of 25 runs, of 40 values.
        spread = np.std(errors, axis=0, ddof=1) / 5.0
        assert (np.abs(np.mean(errors, axis=0)) < 5.0 * spread + 1e-3).all()
        assert np.abs(np.mean(bases)) < 5.0 * np.std(bases, ddof=1) / 5.0 + 1e-3


def test_columns_that_the_model_ignores_get_nearly_nothing():
    table, _ = many_columns()
    setting = {"n_samples": 512, "method": "sampling"}
    ignored = FunctionRegressor(lambda X: 4.0 * X[:, 0] - X[:, 1])
    found = explainer_of(ignored, CoalitionSampler(), table, **setting).transform(table[:4])
    mean = table.mean(axis=0)
    expected = np.zeros((4, 12))
    expected[:, 0] = 4.0 * (table[:4, 0] - mean[0])
    expected[:, 1] = -(table[:4, 1] - mean[1])
    np.testing.assert_allclose(found, expected, atol=0.1)


def test_no_penalty_shrinks_the_values():
    table, _ = many_columns()
    coef = np.arange(12.0)
    model = FunctionRegressor(lambda X: X @ coef)
    for n_samples in (64, 4096):
        explainer = explainer_of(
            model, CoalitionSampler("median"), table, n_samples=n_samples, method="sampling"
        )
        expected = coef * (table[:3] - np.median(table, axis=0))
        np.testing.assert_allclose(explainer.transform(table[:3]), expected, atol=1e-10)


@pytest.mark.parametrize("selector", [HighestWeights(2), ForwardSelection(2), LassoPath(2)])
def test_selected_columns_keep_their_values(selector):
    every = explainer_of(FOREST).explain(X[:5])
    few = explainer_of(FOREST, selector=selector).explain(X[:5])
    for own, all_values in zip(few.values, every.values, strict=True):
        strongest = np.argsort(-np.abs(all_values))[:2]
        assert set(np.flatnonzero(own)) == set(strongest)
        np.testing.assert_allclose(own[strongest], all_values[strongest], rtol=1e-12)
    total = few.intercepts + few.values.sum(axis=1)
    np.testing.assert_allclose(few.local_predictions, total, rtol=1e-12)
    np.testing.assert_array_equal(few.intercepts, every.intercepts)
    assert (few.scores < every.scores).all()


def test_selectors_of_scikit_learn_are_taken():
    selector = SelectFromModel(Ridge(), max_features=2, threshold=-np.inf)
    few = explainer_of(FOREST, selector=selector).explain(X[:3])
    every = explainer_of(FOREST).explain(X[:3])
    chosen = few.values != 0.0
    assert (chosen.sum(axis=1) == 2).all()
    np.testing.assert_allclose(few.values[chosen], every.values[chosen], rtol=1e-12)


def test_scores_are_the_weighted_share_of_variance_that_values_explain():
    found = explainer_of(FOREST).explain(X[:3])
    masks = np.array(list(product([False, True], repeat=6)))[1:-1]
    weights = ShapleyKernel()(masks, np.ones(6))
    weights /= weights.sum()
    for i, row in enumerate(X[:3]):
        value = mean_answer(FOREST.predict, row, BACKGROUND)
        v = np.array([value(mask) for mask in masks])
        left = v - found.intercepts[i] - masks @ found.values[i]
        expected = 1 - weights @ left**2 / (weights @ (v - weights @ v) ** 2)
        np.testing.assert_allclose(found.scores[i], expected, rtol=1e-9)


@pytest.mark.parametrize("weighting", ["auto", "kernel", "tilted"])
def test_weighting_makes_no_difference(weighting):
    expected = explainer_of(FOREST).transform(X[:3])
    found = explainer_of(FOREST, weighting=weighting).transform(X[:3])
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("attribution", ["effect", "contribution"])
def test_values_are_effects_and_contributions_at_once(attribution):
    found = explainer_of(FOREST, attribution=attribution).explain(X[:4], uncertainty=True)
    expected = explainer_of(FOREST).explain(X[:4], uncertainty=True)
    np.testing.assert_array_equal(found.values, expected.values)
    assert found.attribution == "Shapley value"
    assert found.contributions() is found and found.effects() is found
    transformed = explainer_of(FOREST, attribution=attribution).transform(X[:4])
    np.testing.assert_array_equal(transformed, expected.values)


def test_enumerated_values_of_few_columns_are_not_called_doubtful():
    table = X[:, :3]
    product = FunctionRegressor(lambda X: X[:, 0] * X[:, 1] * X[:, 2])
    found = explainer_of(product, CoalitionSampler("median"), table).explain(table[:3])
    assert not found.low_support.any()
    page = found.to_html()
    assert "Shapley value" in page and "kernel__width" not in page


def test_documents_keep_values_and_what_they_are():
    found = explainer_of(FOREST).explain(X[:4], uncertainty=True)
    read = Explanation.from_json(found.to_json())
    assert read == found and read.attribution == "Shapley value"
    assert Explanation.from_dict(found.to_dict()) == found
    assert pickle.loads(pickle.dumps(found)) == found
    jsonschema.Draft202012Validator(json_schema()).validate(json.loads(found.to_json()))


def test_shap_gets_values_and_base_values():
    shap = pytest.importorskip("shap")
    found = explainer_of(FOREST).explain(X[:4])
    own = found.to_shap()
    assert isinstance(own, shap.Explanation)
    np.testing.assert_array_equal(own.values, found.values)
    np.testing.assert_allclose(own.base_values, found.intercepts, rtol=1e-12)


def test_values_are_those_of_shap():
    shap = pytest.importorskip("shap")
    found = explainer_of(FOREST).explain(X[:4])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = shap.TreeExplainer(FOREST, BACKGROUND, feature_perturbation="interventional")
        expected = tree.shap_values(X[:4])
    np.testing.assert_allclose(found.values, expected, atol=1e-5)


def test_pages_and_pictures_say_what_values_are():
    import matplotlib.pyplot as plt

    found = explainer_of(FOREST).explain(X[:4])
    assert "Shapley value" in found.to_html()
    assert "Shapley value" in found[0]._repr_html_()
    display = AttributionDisplay.from_explanation(found, row=0)
    texts = [
        display.ax_.get_xlabel(),
        display.ax_.get_title(),
        display.ax_.get_title("left"),
    ]
    assert any("Shapley value" in text for text in texts)
    plt.close("all")


@pytest.mark.parametrize(
    ("table", "background"),
    [
        (FRAME, FRAME[1:4]),
        (FRAME, FRAME.iloc[1]),
        (FRAME, FRAME.iloc[[1]]),
        (FRAME, list(FRAME.iloc[1])),
        (FRAME, [list(FRAME.iloc[1])]),
        (FRAME, "median"),
        (pl.from_pandas(FRAME.assign(color=FRAME["color"].astype(str))), "median"),
    ],
)
def test_frames_have_values_of_the_formula(table, background):
    if isinstance(background, str):
        typical = {
            "age": [int(np.sort(FRAME["age"])[(N - 1) // 2])],
            "size": [FRAME["size"].median()],
            "color": [FRAME["color"].mode()[0]],
            "city": [FRAME["city"].mode()[0]],
        }
        rows = pd.DataFrame(typical)
    elif isinstance(background, pd.DataFrame):
        rows = background
    else:
        rows = FRAME.iloc[[1]]
    predict = FunctionRegressor(
        lambda own: answer_frame(own.to_pandas() if hasattr(own, "to_pandas") else own)
    )
    explainer = explainer_of(predict, CoalitionSampler(background), table)
    found = explainer.explain(table[:4])
    for i in range(4):

        def value(mask, i=i):
            own = rows.reset_index(drop=True).astype(object)
            for name, kept in zip(FRAME.columns, mask, strict=True):
                if kept:
                    own[name] = [FRAME[name].iloc[i]] * len(own)
            return answer_frame(own).mean()

        expected = shapley_values(value, 4)
        np.testing.assert_allclose(found.values[i], expected, atol=1e-9)


def test_marginals_have_values_of_the_formula_over_all_combinations():
    table = np.array([[0.0, 1.0, 2.0], [1.0, 1.0, 0.0], [0.0, 3.0, 2.0], [4.0, 0.0, 2.0]])

    def answer(X):
        return X[:, 0] * X[:, 1] - np.maximum(X[:, 1], X[:, 2]) ** 2

    background = np.array(list(product(*table.T)))
    setting = {"n_samples": 2**14, "method": "sampling"}
    found = explainer_of(FunctionRegressor(answer), CoalitionSampler(), table, **setting)
    found = found.explain(table, uncertainty=True)
    for i, row in enumerate(table):
        expected = shapley_values(mean_answer(answer, row, background), 3)
        allowed = 4.5 * found.standard_errors[i] + 1e-9
        assert (np.abs(found.values[i] - expected) < allowed).all()
        assert (found.standard_errors[i] < 0.1).all()
    np.testing.assert_allclose(found.intercepts, answer(background).mean(), atol=0.05)


def test_marginals_under_the_default_kernel_are_banzhaf_values():
    table = np.random.default_rng(5).integers(0, 3, size=(40, 4)).astype(float)

    def answer(X):
        return X[:, 0] * X[:, 1] + 2.0 * X[:, 2]

    mean = table.mean(axis=0)
    explainer = LimeExplainer(
        FunctionRegressor(answer),
        sampler=CoalitionSampler(),
        random_state=0,
        n_samples=2**13,
    ).fit(table)
    assert explainer.sampler_.background == "marginals"
    assert explainer.kernel_ == UniformKernel()
    found = explainer.explain(table[:5], uncertainty=True)
    for i, row in enumerate(table[:5]):
        expected = [
            (row[0] - mean[0]) * 0.5 * (row[1] + mean[1]),
            (row[1] - mean[1]) * 0.5 * (row[0] + mean[0]),
            2.0 * (row[2] - mean[2]),
            0.0,
        ]
        np.testing.assert_allclose(found.values[i], expected, atol=0.2)
        assert (found.standard_errors[i] > 0.0).all()


@pytest.mark.parametrize("kernel", [None, ShapleyKernel()])
def test_weights_of_rows_count_in_backgrounds(kernel):
    weights = np.arange(len(X)) % 3
    repeated = np.repeat(X, weights, axis=0)
    for background in ("marginals", "median"):
        own = [
            LimeExplainer(
                FOREST,
                sampler=CoalitionSampler(background),
                kernel=kernel,
                random_state=0,
                n_samples=256,
                method="sampling",
            )
            for _ in range(2)
        ]
        one = own[0].fit(X, sample_weight=weights).transform(X[:3])
        other = own[1].fit(repeated).transform(X[:3])
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_a_sample_draws_dropped_columns_from_their_marginals():
    table = np.column_stack([np.arange(50.0), np.arange(50.0) + 100.0])
    sampler = CoalitionSampler().fit(table)
    row = np.array([[-1.0, -2.0]])
    [around] = sampler.sample(row, n_samples=400, random_state=0)
    assert around.inputs.shape == (400, 2) and around.design.shape == (400, 2)
    assert not around.exhaustive
    np.testing.assert_array_equal(sampler.interpret(around.inputs, row), around.design)
    for j in range(2):
        drawn = around.inputs[~around.design[:, j].astype(bool), j]
        assert np.isin(drawn, table[:, j]).all()
        assert len(np.unique(drawn)) > 40
        np.testing.assert_allclose(drawn.mean(), table[:, j].mean(), atol=2.0)
        np.testing.assert_array_equal(
            around.inputs[around.design[:, j].astype(bool), j], row[0, j]
        )
    dropped = ~around.design.astype(bool).any(axis=1)
    # Independently: the two columns of the table are one.
    both = np.corrcoef(around.inputs[dropped].T)[0, 1]
    assert abs(both) < 0.3


def test_the_same_row_gets_the_same_values():
    for background in ("marginals", BACKGROUND):
        setting = {"n_samples": 48, "method": "sampling"}
        explainer = explainer_of(FOREST, CoalitionSampler(background), **setting)
        together = explainer.transform(X[:9])
        np.testing.assert_array_equal(explainer.transform(X[:9][::-1])[::-1], together)
        np.testing.assert_array_equal(explainer.transform(X[[7]]), together[[7]])
        jobs = explainer_of(FOREST, CoalitionSampler(background), n_jobs=2, **setting)
        np.testing.assert_array_equal(jobs.transform(X[:9]), together)
        read = pickle.loads(pickle.dumps(explainer))
        np.testing.assert_array_equal(read.transform(X[:9]), together)


def test_draws_are_added_until_values_are_as_exact_as_asked():
    table, model = many_columns()
    sampler = CoalitionSampler("median")
    setting = {"n_samples": 64, "tol": 0.02, "max_samples": 4096}
    found = explainer_of(model, sampler, table, **setting).explain(
        table[:3], uncertainty=True
    )
    low, high = found.confidence_intervals()
    half = 0.5 * (high - low).max(axis=1)
    assert (half <= 0.02 * np.abs(found.values).max(axis=1) + 1e-12).all()


def test_kernels_are_values():
    assert ShapleyKernel() == ShapleyKernel() != UniformKernel()
    assert repr(ShapleyKernel()) == "ShapleyKernel()"
    assert clone(ShapleyKernel()) == ShapleyKernel()
    assert ShapleyKernel().get_params() == {}


@pytest.mark.parametrize("d", [2, 3, 7, 2000])
def test_weights_are_those_of_the_kernel(d):
    sizes = np.unique([1, d // 2, d - 1])
    Z = np.arange(d) < sizes[:, np.newaxis]
    weights = ShapleyKernel()(Z, np.ones(d))
    from math import comb, log

    expected = [
        np.exp(log(d - 1) - log(comb(d, int(s)) * int(s) * (d - int(s)))) for s in sizes
    ]
    np.testing.assert_allclose(weights, expected, rtol=1e-9)
    ends = ShapleyKernel()(np.array([[0.0] * d, [1.0] * d]), np.ones(d))
    assert np.isfinite(ends).all() and (ends > 1e6 * weights.max()).all()


# Bad input.


@pytest.mark.parametrize(
    "sampler",
    [
        MarginalSampler(),
        GaussianSampler(),
        MixedSampler(
            [("one", CoalitionSampler(), [0, 1]), ("two", MarginalSampler(), [2, 3, 4, 5])]
        ),
        None,
    ],
)
def test_samplers_that_do_not_keep_or_drop_are_refused(sampler):
    explainer = LimeExplainer(FOREST, sampler=sampler, kernel=ShapleyKernel())
    with pytest.raises(ValueError, match=r"kernel=ShapleyKernel.*CoalitionSampler\(\)"):
        explainer.fit(X)


def test_surrogates_of_users_are_refused():
    with pytest.raises(ValueError, match=r"surrogate=LinearRegression.*surrogate=None"):
        explainer_of(FOREST, surrogate=LinearRegression())


def test_the_kernel_has_no_width():
    with pytest.raises(ValueError, match="width"):
        LimeExplainer(FOREST, kernel=ShapleyKernel()).set_params(kernel__width=2.0)


@pytest.mark.parametrize("background", ["marginals", "median", np.zeros((1, 1))])
def test_one_column_has_all_of_the_difference(background):
    table = X[:, :1]
    model = FunctionRegressor(lambda X: X[:, 0] ** 2)
    found = explainer_of(model, CoalitionSampler(background), table, method="sampling")
    found = found.explain(table[:5], uncertainty=True)
    np.testing.assert_allclose(
        found.values[:, 0], table[:5, 0] ** 2 - found.intercepts, atol=1e-12
    )
    assert (found.standard_errors >= 0.0).all()


def test_texts_of_one_word_and_of_none_are_explained():
    texts = ["good", "!!!", "a good film"]
    found = explainer_of(FunctionRegressor(score_texts), TokenSampler(), texts).explain(
        texts
    )
    np.testing.assert_allclose(
        found.values[0, :1], score_texts(["good"]) - score_texts([""])
    )
    assert np.isnan(found.values[1]).all()
    np.testing.assert_allclose(found.intercepts[1], score_texts(["!!!"])[0])


@pytest.mark.parametrize("background", ["marginals", "median"])
def test_answers_that_are_nan_are_refused(background):
    model = FunctionRegressor(lambda X: np.where(X[:, 0] > 0.0, np.nan, X[:, 1]))
    with pytest.raises(ValueError, match="not finite"):
        explainer_of(model, CoalitionSampler(background)).transform(X[:5])


@pytest.mark.parametrize(
    ("background", "message"),
    [
        (
            "mean",
            r"background='mean' of CoalitionSampler must be one of 'marginals', 'median'",
        ),
        (BACKGROUND[:, :4], "X has 4 features, but CoalitionSampler is expecting 6"),
        (BACKGROUND[0, :4], "X has 4 features, but CoalitionSampler is expecting 6"),
        ([], "background must be a table of rows"),
        (3.0, "background must be a table of rows"),
        (None, "background must be a table of rows"),
    ],
)
def test_backgrounds_that_do_not_fit_are_refused(background, message):
    with pytest.raises(ValueError, match=message):
        explainer_of(FOREST, CoalitionSampler(background))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (FRAME.iloc[1].rename({"age": "years"}), "feature names"),
        (FRAME.iloc[1][::-1], "feature names"),
        (
            FRAME.iloc[1].replace({FRAME["color"][1]: "violet"}),
            "never had in column.*'color'",
        ),
    ],
)
def test_rows_of_other_columns_or_levels_are_refused(row, message):
    with pytest.raises(ValueError, match=message):
        CoalitionSampler(row).fit(FRAME)


def test_rows_with_categories_never_seen_keep_them():
    def violet(frame):
        return 2.0 * (frame["color"].astype(str) == "violet").to_numpy(dtype=float)

    row = FRAME[:1].astype({"color": object}).assign(color="violet")
    for background in ("marginals", "median"):
        explainer = explainer_of(
            FunctionRegressor(violet),
            CoalitionSampler(background),
            FRAME,
            method="sampling",
        )
        expected = 2.0 * (FRAME.columns == "color")
        np.testing.assert_allclose(explainer.transform(row)[0], expected, atol=1e-9)


def test_too_few_draws_give_no_values_and_a_warning():
    table, model = many_columns(40)
    explainer = explainer_of(model, CoalitionSampler("median"), table, n_samples=20)
    told = r"20 coalitions cannot tell the units of 1 row\(s\) apart.*Raise n_samples"
    with pytest.warns(NeighbourhoodWarning, match=told):
        found = explainer.explain(table[:1], uncertainty=True)
    assert np.isnan(found.values).all()


def test_other_kernels_of_coalitions_stay_as_they_are():
    sampler = CoalitionSampler(BACKGROUND)
    explainer = LimeExplainer(FOREST, sampler=sampler, kernel=ExponentialKernel()).fit(X)
    assert explainer.explain(X[:1]).attribution == "effect"


def test_classes_of_functions_have_values_that_add_up():
    def proba(X):
        p = 1.0 / (1.0 + np.exp(-X[:, 0] * X[:, 1] - X[:, 2]))
        return np.column_stack([1.0 - p, p])

    model = FunctionClassifier(proba, classes=["no", "yes"])
    found = explainer_of(model, CoalitionSampler("median"), target="all").explain(X[:3])
    np.testing.assert_allclose(found.values[:, 0], -found.values[:, 1], atol=1e-12)
    np.testing.assert_allclose(
        found.intercepts + found.values.sum(axis=2), proba(X[:3]), atol=1e-10
    )


def test_all_features_is_the_default_selector():
    default = explainer_of(FOREST).transform(X[:2])
    np.testing.assert_array_equal(
        explainer_of(FOREST, selector=AllFeatures()).transform(X[:2]), default
    )
