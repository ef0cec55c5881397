"""Columns of quality beside attributions, against `explain` and the warnings."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import FailedRowsWarning, NeighbourhoodWarning
from sklime.kernels import ExponentialKernel
from sklime.samplers import MarginalSampler


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True, as_frame=True)
    return X[::5], y[::5]


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("target", ["all", "predicted", 1])
@pytest.mark.parametrize("attribution", ["effect", "contribution"])
def test_columns_are_those_of_explain(iris, target, attribution, n_jobs):
    X, y = iris
    own = {"target": target, "attribution": attribution, "n_samples": 512}
    explainer = LimeExplainer(LogisticRegression().fit(X, y), random_state=0, **own).fit(X)
    blocks = [X[:0], X[:7], X[7:]]
    stream = explainer.transform_blocks(blocks, quality=True, n_jobs=n_jobs)
    found = pd.concat(list(stream))
    explanation = explainer.explain(X)
    names = explainer.get_feature_names_out()
    assert np.array_equal(found[names].to_numpy(), explainer.transform(X))
    types = explainer.output_schema(quality=True)
    assert list(found) == list(types)
    sizes = explanation.effective_sample_sizes.reshape(len(X), -1)[:, 0]
    np.testing.assert_allclose(found["effective_sample_size"], sizes, rtol=1e-12)
    expected = {"prediction": explanation.predictions, "fidelity": explanation.scores}
    for name, values in expected.items():
        own = [f"{label}__{name}" for label in range(3)] if target == "all" else [name]
        given = found[own].to_numpy()
        np.testing.assert_allclose(given, values.reshape(given.shape), rtol=1e-9)
    told = "explained" in types
    assert told == (target == "predicted")
    if told:
        assert types["explained"] == np.dtype(str)
        assert found["explained"].tolist() == list(map(str, explanation.target_names))


def test_doubts_name_the_rows_that_are_warned_of():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 3)), columns=list("abc"))
    X.iloc[:3] = 9.0
    model = FunctionRegressor(lambda X: X["a"] * X["b"])
    own = {"sampler": MarginalSampler(n_bins=None), "weighting": "kernel"}
    own |= {"kernel": ExponentialKernel(1.0), "n_samples": 64, "random_state": 0}
    explainer = LimeExplainer(model, **own).fit(X)
    with pytest.warns(NeighbourhoodWarning) as told:
        [found] = explainer.transform_blocks([X], quality=True)
    thin = sizes_of(found) < 3
    assert 0 < thin.sum() < 80
    weightless = sizes_of(found) == 0
    has = found["doubts"].str.contains
    assert np.array_equal(has("thin").to_numpy(dtype=bool), thin & ~weightless)
    assert any(f"of {has('thin').sum()} row(s)" in str(own.message) for own in told)
    with pytest.warns(NeighbourhoodWarning):
        [array] = explainer.transform_blocks([pl.from_pandas(X)], quality=True)
    assert array["doubts"].to_list() == found["doubts"].tolist()


def sizes_of(found):
    return found["effective_sample_size"].to_numpy()


def test_rows_that_failed():
    X = pd.DataFrame({"a": np.arange(40.0) % 4, "b": np.arange(40.0) % 3})

    def respond(X):
        if (X["a"] == 99).any():
            raise ValueError("too many")
        return X["a"].to_numpy()

    explainer = LimeExplainer(FunctionRegressor(respond), random_state=0).fit(X)
    bad = X.assign(a=np.where(np.arange(40) == 7, 99.0, X["a"]))
    with pytest.warns(FailedRowsWarning, match="rows 7"):
        [found] = explainer.transform_blocks([bad], on_error="null", quality=True)
    assert found["doubts"].tolist() == ["failed" if i == 7 else "" for i in range(40)]
    assert found.drop(columns="doubts").isna().all(axis=1).tolist() == [
        i == 7 for i in range(40)
    ]


def test_arrays_have_codes(iris):
    X, y = iris[0].to_numpy(), iris[1]
    model = LogisticRegression().fit(X, y)
    own = {"target": "predicted", "random_state": 0}
    explainer = LimeExplainer(model, **own).fit(X)
    [found] = explainer.transform_blocks([X], quality=True)
    assert found.shape == (len(X), 4 + 5)
    assert np.array_equal(found[:, :4], explainer.transform(X))
    assert np.array_equal(found[:, 4], model.predict(X))
    assert np.array_equal(found[:, -1], np.zeros(len(X)))


def test_names_that_are_taken(iris):
    X, y = iris
    X = X.set_axis(["prediction", "b", "c", "d"], axis="columns")
    explainer = LimeExplainer(LogisticRegression().fit(X, y), random_state=0).fit(X)
    assert "prediction" in explainer.output_schema()
    with pytest.raises(ValueError, match="quality=True adds a column 'prediction'"):
        explainer.output_schema(quality=True)
    with pytest.raises(ValueError, match="quality=True adds a column 'prediction'"):
        explainer.transform_blocks([X], quality=True)
    X = X.rename(columns={"prediction": "a"})
    explainer = LimeExplainer(LogisticRegression().fit(X, y), random_state=0).fit(X)
    with pytest.raises(ValueError, match="quality=True adds a column 'doubts'"):
        explainer.output_schema(keep=["doubts"], quality=True)
