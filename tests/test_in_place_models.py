"""Models that work in place, as many preprocessing functions do: nothing given changes."""

import copy

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_matrix, issparse
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklime import FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.samplers import (
    GaussianSampler,
    MarginalSampler,
    SequenceSampler,
    SuperpixelSampler,
    TokenSampler,
)

rng = np.random.default_rng(0)
IMAGES = rng.uniform(0.0, 255.0, (3, 32, 32, 3)).astype(np.float32)
SERIES = rng.uniform(0.0, 255.0, (6, 8, 2))
TABLE = rng.normal(5.0, 1.0, (60, 3))


def scale(x):
    """Preprocessing that changes arrays of floats, as that of well-known networks does."""
    x /= 127.5
    x -= 1.0
    return x


def of_quarters(x):
    """Three classes by the means of three quarters of an image, a row or a series."""
    flat = x.reshape(len(x), -1)
    scores = np.stack([part.mean(axis=1) for part in np.array_split(flat, 4, axis=1)[:3]])
    e = np.exp(3.0 * scores.T)
    return e / e.sum(axis=1, keepdims=True)


def same(one, other):
    """Compare rows of any container."""
    if isinstance(one, list):
        assert len(one) == len(other)
        return all(map(np.array_equal, one, other))
    if issparse(one):
        return np.array_equal(one.toarray(), other.toarray())
    return one.equals(other) if hasattr(one, "equals") else np.array_equal(one, other)


def compare(hasty, careful, sampler, X, method="auto"):
    """Explain by a model that works in place and by one that does not, in every way."""
    kept = copy.deepcopy(X)
    params = {"sampler": sampler, "n_samples": 256, "random_state": 0, "method": method}
    expected = LimeExplainer(careful, **params).fit(copy.deepcopy(X))
    found = LimeExplainer(hasty, **params).fit(X)
    assert same(X, kept)
    right = expected.explain(copy.deepcopy(kept))
    assert np.ptp(right.values[np.isfinite(right.values)]) > 0.0
    for _ in range(2):
        explanation = found.explain(X)
        assert same(X, kept)
        np.testing.assert_array_equal(explanation.values, right.values)
        np.testing.assert_array_equal(explanation.predictions, right.predictions)
        assert same(explanation.data, right.data)
    assert found.score(X) == expected.score(kept)
    assert same(X, kept)
    if not isinstance(X, list) or isinstance(X[0], str):
        assert same(found.transform(X), expected.transform(kept))
        assert same(X, kept)
    return found


@pytest.mark.parametrize(
    ("sampler", "X"),
    [
        (SuperpixelSampler(segmenter=(2, 2), hide=0.0), IMAGES),
        (SuperpixelSampler(segmenter=(2, 2)), IMAGES.astype(np.float64)[..., 0]),
        (SuperpixelSampler(segmenter=(2, 2), flat=(32, 32, 3)), IMAGES.reshape(3, -1)),
        (SuperpixelSampler(segmenter=(2, 2)), [IMAGES[0], IMAGES[1, :20], IMAGES[2]]),
        (SequenceSampler(), SERIES),
        (SequenceSampler(unit="segment", n_segments=4), SERIES[..., 0]),
        (SequenceSampler(fill="interpolate"), np.asfortranarray(SERIES)),
    ],
    ids=["colours", "gray", "flat", "two sizes", "series", "segments", "interpolated"],
)
def test_rows_that_are_masked_stay_as_they_are(sampler, X):
    hasty = FunctionClassifier(lambda x: of_quarters(scale(x)))
    careful = FunctionClassifier(lambda x: of_quarters(scale(x.copy())))
    compare(hasty, careful, sampler, X)


def test_attributions_of_images_are_those_of_all_their_masks():
    def network(x):
        x = scale(x)
        parts = [x[:, :16, :16], x[:, :16, 16:], x[:, 16:, :16]]
        e = np.exp(3.0 * np.stack([p.mean(axis=(1, 2, 3)) for p in parts], axis=1))
        return e / e.sum(axis=1, keepdims=True)

    sampler = SuperpixelSampler(segmenter=(2, 2), hide=0.0)
    X = IMAGES.copy()
    explainer = LimeExplainer(FunctionClassifier(network), sampler=sampler, random_state=0)
    found = explainer.fit(X).explain(X)
    masks = np.array(list(np.ndindex(2, 2, 2, 2)), dtype=bool)
    cells = np.kron(np.arange(4).reshape(2, 2), np.ones((16, 16), dtype=int))
    # Cosine distance to the row of ones, of width 0.25; all masks there are, so no penalty.
    weights = np.exp(-((1 - np.sqrt(masks.mean(axis=1))) ** 2) / (2 * 0.25**2))
    for image, values in zip(IMAGES, found.values, strict=True):
        own = network(image[np.newaxis].copy())[0].argmax()
        f = network(image * masks[:, cells][..., np.newaxis])[:, own]
        Z = masks - np.average(masks, axis=0, weights=weights)
        y = f - np.average(f, weights=weights)
        shares = weights / weights.sum()
        gram = (Z.T * shares) @ Z
        right = np.linalg.solve(gram, (Z.T * shares) @ y)
        np.testing.assert_allclose(values, right, atol=1e-12)
    np.testing.assert_array_equal(X, IMAGES)


def in_place(X):
    """Double a table of any container, as far as it can be changed."""
    if issparse(X):
        X.data *= 2.0
    elif isinstance(X, np.ndarray):
        X *= 2
    elif isinstance(X, pd.DataFrame):
        X.isetitem(0, 2.0 * X.iloc[:, 0])
        X.iloc[:, 1] *= 2.0
    else:
        X.replace_column(0, 2.0 * X["a"])
    return X


def answer(X):
    dense = X.toarray() if issparse(X) else np.asarray(X)
    return dense[:, 0] * dense[:, 1] + dense[:, 2]


@pytest.mark.parametrize(
    "container",
    [
        np.array,
        np.asfortranarray,
        lambda X: X.astype(np.float32),
        lambda X: pd.DataFrame(X, columns=list("abc")),
        lambda X: pl.DataFrame(X, schema=list("abc")),
        lambda X: csr_matrix(np.where(X > 4.0, X, 0.0)),
    ],
    ids=["array", "by column", "single", "pandas", "polars", "sparse"],
)
@pytest.mark.parametrize(
    "sampler",
    [MarginalSampler(), GaussianSampler(center="instance")],
    ids=["pool", "shifted"],
)
def test_tables_stay_as_they_are(sampler, container):
    X = container(TABLE)
    if issparse(X) and isinstance(sampler, GaussianSampler):
        sampler = MarginalSampler(sequence="lhs")
    hasty = FunctionRegressor(lambda X: answer(in_place(X)))
    careful = FunctionRegressor(lambda X: answer(in_place(copy.deepcopy(X))))
    compare(hasty, careful, sampler, X)


def test_objects_that_training_never_had_stay_as_they_are():
    def predict(X):
        X[:, 0] = np.where(X[:, 0] == "new", "b", X[:, 0])
        return (X[:, 0] == "b") + X[:, 1].astype(float)

    X = np.array([["a", 1.0], ["b", 2.0], ["a", 3.0], ["b", 4.0]] * 5, dtype=object)
    sampler = MarginalSampler(handle_unknown="ignore")
    explainer = LimeExplainer(FunctionRegressor(predict), sampler=sampler, random_state=0)
    rows = np.array([["new", 2.0]], dtype=object)
    with pytest.warns(UserWarning, match="x0"):
        found = explainer.fit(X).explain(rows)
    assert rows.tolist() == [["new", 2.0]]
    assert found.data.tolist() == [["new", 2.0]]
    assert found.predictions == [3.0]


@pytest.mark.parametrize("container", [list, np.array, pd.Series, pl.Series])
def test_texts_stay_as_they_are(container):
    def predict(texts):
        for i in range(len(texts)):
            texts[i] = texts[i].replace("bad", "good")
        return [text.count("good") for text in texts]

    X = container(["A good film", "a bad film", "no film"])
    if isinstance(X, np.ndarray):
        X = X.astype(object)
    careful = FunctionRegressor(lambda texts: predict(list(texts)))
    compare(FunctionRegressor(predict), careful, TokenSampler(), X)


@pytest.mark.parametrize("method", ["exact", "sampling"])
def test_table_that_an_unfitted_model_scales_in_place_stays_as_it_is(method):
    X, kept = TABLE.copy(), TABLE.copy()
    y = X[:, 0] + X[:, 1] > 10.0
    hasty = make_pipeline(StandardScaler(copy=False), LogisticRegression())
    careful = make_pipeline(StandardScaler(), LogisticRegression())
    found = LimeExplainer(hasty, method=method, random_state=0).fit(X, y)
    np.testing.assert_array_equal(X, kept)
    explainer = LimeExplainer(careful, method=method, random_state=0)
    expected = explainer.fit(kept, y).explain(kept)
    explanation = found.explain(X)
    np.testing.assert_array_equal(X, kept)
    np.testing.assert_array_equal(explanation.values, expected.values)
    assert explanation.conditions[0].tolist() == expected.conditions[0].tolist()


def test_closed_form_behind_a_step_in_place_is_that_of_the_step_itself():
    y = TABLE @ [1.0, 2.0, 3.0]
    hasty = make_pipeline(StandardScaler(copy=False), LinearRegression())
    careful = make_pipeline(StandardScaler(), LinearRegression())
    hasty, careful = hasty.fit(TABLE.copy(), y), careful.fit(TABLE.copy(), y)
    found = compare(hasty, careful, MarginalSampler(), TABLE.copy(), method="exact")
    assert found.method_ == "exact"


class Remembering(GaussianSampler):
    """A sampler that gives the same draws, not equal ones, whenever it is asked."""

    def sample(self, X, n_samples=4096, random_state=None):
        return self._remember(super().sample, X, n_samples, random_state)

    def reference(self, X, n_samples=512):
        return self._remember(super().reference, X, n_samples)

    def _remember(self, draw, X, *own):
        known = vars(self).setdefault("_known", {})
        return known.setdefault((draw.__name__, X.tobytes(), own), draw(X, *own))


def test_draws_that_a_sampler_keeps_are_not_changed():
    hasty = FunctionRegressor(lambda X: answer(in_place(X)))
    careful = FunctionRegressor(lambda X: answer(in_place(X.copy())))
    sampler = Remembering(center="instance", n_bins=4)
    compare(hasty, careful, sampler, np.array([TABLE[0], TABLE[0] + 1.0]))
    found = LimeExplainer(hasty, sampler=sampler, random_state=0).fit(TABLE)
    once, again = found.explain(TABLE[:1]), found.explain(TABLE[:1])
    np.testing.assert_array_equal(once.values, again.values)
    assert found.score(TABLE[:1]) == found.score(TABLE[:1])


@pytest.mark.parametrize(
    "container",
    [
        lambda X: pd.DataFrame(X, columns=list("abc")),
        lambda X: pl.DataFrame(X, schema=list("abc")),
    ],
    ids=["pandas", "polars"],
)
def test_model_of_arrays_may_work_in_place_on_what_it_gets_of_a_frame(container):
    class OfArrays:
        n_features_in_ = 3

        def predict(self, X):
            return answer(in_place(X))

    X = container(TABLE)
    found = LimeExplainer(OfArrays(), random_state=0).fit(X).explain(X)
    right = LimeExplainer(OfArrays(), random_state=0).fit(TABLE.copy()).explain(TABLE)
    np.testing.assert_array_equal(found.values, right.values)
    assert same(X, container(TABLE))


def test_error_shows_the_row_as_it_was_asked_about():
    def predict(X):
        X *= 0.0
        return np.full(len(X), np.nan)

    X = IMAGES[:1, :1, :1, 0].repeat(2, axis=0)
    with pytest.raises(ValueError, match=str(float(X[0, 0, 0]))[:6]):
        LimeExplainer(FunctionRegressor(predict), sampler=SuperpixelSampler()).fit(X)
