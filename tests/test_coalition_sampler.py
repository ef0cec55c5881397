"""Coalitions of columns: kept, or taken from a background, against brute force."""

import pickle
from itertools import product

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_regression
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import CoalitionSampler, MarginalSampler

X, y = make_regression(120, 5, n_informative=4, noise=5.0, random_state=0)
y = y + 20.0 * X[:, 0] * X[:, 1]
FOREST = RandomForestRegressor(20, random_state=0).fit(X, y)
CLASSIFIER = RandomForestClassifier(20, random_state=0).fit(X, np.digitize(y, [-40, 40]))
BACKGROUND = X[[3, 50, 77, 100]]

RNG = np.random.default_rng(0)
N = 90
FRAME = pd.DataFrame(
    {
        "age": RNG.integers(18, 80, N),
        "size": np.where(np.arange(N) % 9 == 0, np.nan, RNG.normal(size=N)),
        "color": pd.Categorical(RNG.choice(["red", "green", "blue"], N)),
        "city": [None if i % 13 == 0 else "north south".split()[i % 2] for i in range(N)],
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


def take(table, row, mask):
    """Copies of the background with the row's own values where they are kept."""
    if isinstance(table, np.ndarray):
        return np.where(mask, row, table)
    copies = table.reset_index(drop=True).copy()
    for name, kept in zip(table.columns, mask, strict=True):
        if kept:
            value = pd.concat([row[[name]]] * len(table), ignore_index=True)[name]
            copies[name] = value.astype(table[name].dtype)
    return copies


def every_coalition(predict, row, background, d):
    """All masks, and the mean answer of each over the background."""
    masks = np.array(list(product([False, True], repeat=d)))
    return masks, np.array([predict(take(background, row, own)).mean(0) for own in masks])


def banzhaf(masks, values):
    """Mean effect of keeping each column, over all coalitions of the others."""
    return np.array(
        [values[own].mean(axis=0) - values[~own].mean(axis=0) for own in masks.T]
    )


def explainer_of(model, background=BACKGROUND, table=X, **parameters):
    sampler = CoalitionSampler(background=background)
    setting = {"sampler": sampler, "random_state": 0, **parameters}
    return LimeExplainer(model, **setting).fit(table)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_default_attributions_are_banzhaf_values(n):
    explainer = explainer_of(FOREST, BACKGROUND[:n])
    assert explainer.kernel_ == UniformKernel()
    found = explainer.explain(X[:6], uncertainty=True)
    for i, row in enumerate(X[:6]):
        masks, values = every_coalition(FOREST.predict, row, BACKGROUND[:n], 5)
        expected = banzhaf(masks, values)
        np.testing.assert_allclose(found.values[i], expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(
            found.intercepts[i], values.mean() - expected.sum() / 2, rtol=1e-9
        )
    np.testing.assert_array_equal(found.standard_errors, 0.0)


@pytest.mark.parametrize("metric", [None, "cosine", "hamming"])
@pytest.mark.parametrize("width", [None, 0.5])
def test_other_kernels_weigh_all_coalitions(metric, width):
    kernel = ExponentialKernel(width, metric)
    explainer = explainer_of(FOREST, kernel=kernel)
    found = explainer.explain(X[:4])
    for i, row in enumerate(X[:4]):
        masks, values = every_coalition(FOREST.predict, row, BACKGROUND, 5)
        weights = explainer.kernel_(masks, np.ones(5))
        fit = LinearRegression().fit(masks, values, weights)
        np.testing.assert_allclose(found.values[i], fit.coef_, rtol=1e-7, atol=1e-7)
        score = fit.score(masks, values, weights)
        np.testing.assert_allclose(found.scores[i], score, rtol=1e-7)


def test_the_natural_width_is_lime_s():
    explainer = explainer_of(FOREST, kernel=ExponentialKernel())
    assert explainer.kernel_ == ExponentialKernel(0.75 * np.sqrt(5), "euclidean")


@pytest.mark.parametrize("method", ["auto", "exact", "sampling"])
def test_linear_models_get_their_coefficients_times_the_distance(method):
    model = LinearRegression().fit(X, y)
    explainer = explainer_of(model, method=method)
    expected = model.coef_ * (X - BACKGROUND.mean(axis=0))
    np.testing.assert_allclose(explainer.transform(X), expected, rtol=1e-8, atol=1e-8)


def test_many_columns_are_sampled():
    table = RNG.normal(size=(60, 16))

    def predict(X):
        return X[:, 0] * X[:, 1] + np.maximum(X[:, 2], X[:, 3]) - X[:, 4]

    black_box = FunctionRegressor(predict)
    explainer = explainer_of(black_box, table[:3], table, n_samples=2048)
    found = explainer.explain(table[:3], uncertainty=True)
    for i, row in enumerate(table[:3]):
        # Columns 5 to 15 make no difference, so that 32 coalitions tell all.
        masks, values = every_coalition(
            lambda own: predict(np.hstack([own, np.zeros((len(own), 11))])),
            row[:5],
            table[:3, :5],
            5,
        )
        expected = np.append(banzhaf(masks, values), np.zeros(11))
        errors = found.standard_errors[i]
        assert (errors > 0.0).all() and errors.max() < 0.1
        # The penalty is one draw's worth in 2,048.
        assert (np.abs(found.values[i] - expected) < 5.0 * errors + 0.003).all()


def test_several_outputs_are_explained_together():
    explainer = explainer_of(CLASSIFIER, target="all")
    found = explainer.explain(X[:3])
    for i, row in enumerate(X[:3]):
        masks, values = every_coalition(CLASSIFIER.predict_proba, row, BACKGROUND, 5)
        np.testing.assert_allclose(found.values[i], banzhaf(masks, values).T, atol=1e-12)
    assert explainer.transform(X[:3]).shape == (3, 15)
    assert explainer.get_feature_names_out()[5] == "1__x0"


@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame])
def test_frames_with_levels_and_gaps_are_explained(container):
    if container is pl.DataFrame:
        table = pl.from_pandas(FRAME.assign(color=FRAME["color"].astype(str)))

        def predict(frame):
            assert isinstance(frame, pl.DataFrame) and frame.schema == table.schema
            return answer_frame(frame.to_pandas())
    else:
        table = FRAME

        def predict(frame):
            assert (frame.dtypes == FRAME.dtypes).all()
            return answer_frame(frame)

    explainer = explainer_of(FunctionRegressor(predict), table[1:5], table)
    # Among them rows with gaps.
    found = explainer.explain(table[:15])
    for i in range(15):
        masks, values = every_coalition(
            answer_frame, FRAME.iloc[[i]], FRAME.iloc[1:5], FRAME.shape[1]
        )
        np.testing.assert_allclose(found.values[i], banzhaf(masks, values), atol=1e-9)
    assert list(found.feature_names) == list(FRAME.columns)
    assert dict(found.as_list(0)).keys() == {
        f"age = {FRAME.age[0]}",
        "size = missing (NaN)",
        f"color = {FRAME.color[0]}",
        "city = missing (NaN)",
    }


def test_transform_has_a_column_per_input_column():
    black_box = FunctionRegressor(answer_frame)
    explainer = explainer_of(black_box, FRAME[:3], FRAME)
    found = explainer.set_output(transform="pandas").transform(FRAME[5:9])
    assert isinstance(found, pd.DataFrame)
    assert list(found.columns) == list(FRAME.columns)
    assert found.shape == (4, 4)
    assert found.index.equals(FRAME.index[5:9])
    explainer.set_output(transform="default")
    np.testing.assert_array_equal(explainer.transform(FRAME[5:9]), found)


def test_the_reference_is_that_of_other_samplers_of_tables():
    few = X[:8]
    own = CoalitionSampler(BACKGROUND).fit(X).reference(few)
    others = MarginalSampler().fit(X).reference(few)
    for one, other in zip(own, others, strict=True):
        np.testing.assert_array_equal(one.inputs, other.inputs)
        np.testing.assert_array_equal(
            one.design, one.inputs == few[[own.index(one)]], strict=True
        )


def test_score_is_that_of_the_surrogates_on_the_reference():
    explainer = explainer_of(FOREST)
    found, few = explainer.explain(X[:8]), X[:8]
    residual = total = 0.0
    for i, around in enumerate(MarginalSampler().fit(X).reference(few)):
        f = FOREST.predict(around.inputs)
        g = found.intercepts[i] + (around.inputs == few[i]) @ found.values[i]
        residual += np.square(f - g).sum()
        total += np.square(f - f.mean()).sum()
    np.testing.assert_allclose(explainer.score(few), 1.0 - residual / total, rtol=1e-10)


def test_the_same_row_gets_the_same_answer():
    explainer = explainer_of(FOREST, kernel=ExponentialKernel())
    together = explainer.transform(X[:20])
    np.testing.assert_array_equal(explainer.transform(X[:20][::-1])[::-1], together)
    np.testing.assert_array_equal(explainer.transform(X[[7]]), together[[7]])
    jobs = explainer_of(FOREST, kernel=ExponentialKernel(), n_jobs=2)
    np.testing.assert_array_equal(jobs.transform(X[:20]), together)


def test_explainer_and_sampler_are_cloned_and_pickled():
    explainer = explainer_of(FOREST, pd.DataFrame(BACKGROUND), pd.DataFrame(X))
    few = pd.DataFrame(X[:5])
    read_back = pickle.loads(pickle.dumps(explainer))
    np.testing.assert_array_equal(read_back.transform(few), explainer.transform(few))
    assert clone(explainer.sampler) == explainer.sampler
    again = clone(explainer).fit(pd.DataFrame(X))
    np.testing.assert_array_equal(again.transform(few), explainer.transform(few))


@pytest.mark.parametrize("background", [BACKGROUND, pd.DataFrame(BACKGROUND)])
def test_samplers_are_equal_where_their_backgrounds_are(background):
    gaps = background * np.where(np.arange(5) == 2, np.nan, 1.0)
    assert CoalitionSampler(background) == CoalitionSampler(background.copy())
    assert CoalitionSampler(gaps) == CoalitionSampler(gaps.copy())
    assert CoalitionSampler(background) != CoalitionSampler(2.0 * background)
    assert CoalitionSampler(background) != CoalitionSampler(gaps)
    assert CoalitionSampler(background) != CoalitionSampler(background[:2])


@pytest.mark.parametrize("dtype", [np.float32, np.int64, object])
def test_rows_of_other_dtypes_are_the_same_numbers(dtype):
    table = np.round(X)
    black_box = FunctionRegressor(lambda X: np.asarray(X, float)[:, :2].prod(axis=1))
    explainer = explainer_of(black_box, np.round(BACKGROUND), table)
    expected = explainer.transform(table[:5])
    np.testing.assert_array_equal(explainer.transform(table[:5].astype(dtype)), expected)


def test_backgrounds_of_other_dtypes_and_containers_are_taken():
    black_box = FunctionRegressor(answer_frame)
    expected = explainer_of(black_box, FRAME[1:4], FRAME).transform(FRAME[:6])
    other = FRAME[1:4].assign(age=lambda own: own.age.astype(float))
    other["color"] = other["color"].astype(object)
    found = explainer_of(black_box, other, FRAME).transform(FRAME[:6])
    np.testing.assert_array_equal(found, expected)


def test_models_behind_steps_are_explained():
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["color"]), remainder="passthrough"
    )
    table, target = FRAME[["color", "age"]], answer_frame(FRAME)
    model = make_pipeline(encode, RandomForestRegressor(5, random_state=0))
    model.fit(table, target)
    found = explainer_of(model, table[:4], table).transform(table[4:9])
    for i in range(5):
        own = table.iloc[[4 + i]]
        masks, values = every_coalition(model.predict, own, table[:4], 2)
        np.testing.assert_allclose(found[i], banzhaf(masks, values), atol=1e-9)


LIKE = "background must be a table of rows like those of the fit: "


@pytest.mark.parametrize(
    ("background", "message"),
    [
        (BACKGROUND[:, :3], "X has 3 features, but CoalitionSampler is expecting 5"),
        (BACKGROUND[0, :3], "X has 3 features, but CoalitionSampler is expecting 5"),
        (BACKGROUND[:0], r"0 sample\(s\)"),
        (None, "X is None. Expected a 2D array"),
        (np.full((2, 5), np.inf), "contains infinity"),
    ],
)
def test_backgrounds_that_do_not_fit_are_refused(background, message):
    with pytest.raises(ValueError, match=LIKE + ".*" + message):
        CoalitionSampler(background=background).fit(X)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"color": "violet"}, r"background.*never had in column\(s\) 'color'"),
        ({"city": "west"}, r"background.*never had in column\(s\) 'city'"),
        ({"size": "large"}, r"background.*strings.*'size'"),
    ],
)
def test_backgrounds_with_unknown_values_are_refused(change, message):
    other = FRAME[1:4].astype(dict.fromkeys(change, object)).assign(**change)
    with pytest.raises(ValueError, match=message):
        CoalitionSampler(background=other).fit(FRAME)


@pytest.mark.parametrize(
    "other",
    [FRAME[1:4][["age", "size", "city", "color"]], FRAME[1:4].rename(columns=str.upper)],
)
def test_backgrounds_of_other_columns_are_refused(other):
    with pytest.raises(ValueError, match=LIKE + "The feature names"):
        CoalitionSampler(background=other).fit(FRAME)


def test_rows_with_unknown_categories_keep_them_or_not():
    def violet(frame):
        return 2.0 * (frame["color"].astype(str) == "violet").to_numpy(dtype=float)

    explainer = explainer_of(FunctionRegressor(violet), FRAME[1:4], FRAME)
    row = FRAME[:1].astype({"color": object}).assign(color="violet")
    expected = 2.0 * (FRAME.columns == "color")
    np.testing.assert_allclose(explainer.transform(row)[0], expected, atol=1e-12)


def test_backgrounds_with_unknown_categories_are_refused():
    background = FRAME[1:4].astype({"color": object}).assign(color="violet")
    with pytest.raises(ValueError, match=r"X has values.*never had in column\(s\) 'color'"):
        CoalitionSampler(background).fit(FRAME)


def test_sparse_tables_are_refused():
    with pytest.raises(TypeError, match=r"sparse table \(csr_matrix\).*pass X\.toarray"):
        CoalitionSampler(BACKGROUND).fit(sparse.csr_matrix(X))
