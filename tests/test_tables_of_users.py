"""Tables as people have them: sparse frames, names of any type, dates, counts, Arrow."""

import datetime
import decimal
import fractions

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklime import Explanation, FunctionRegressor, LimeExplainer
from sklime.samplers import CoalitionSampler, GaussianSampler, MarginalSampler


class Listening:
    """A model that keeps the tables that it was asked about."""

    def __init__(self, f):
        self.f, self.tables = f, []

    def predict(self, X):
        self.tables.append(X)
        return self.f(X)


def numbers(n=300, d=3):
    return np.random.default_rng(0).normal(size=(n, d))


# Sparse frames


@pytest.mark.parametrize("dtype", [float, bool, int, np.float32])
def test_a_frame_of_sparse_dummies_is_explained_as_a_dense_one(dtype):
    rng = np.random.default_rng(0)
    raw = pd.DataFrame({"c": rng.choice(list("abcd"), 300), "v": rng.normal(size=300)})
    X = pd.get_dummies(raw, sparse=True, dtype=dtype)
    dense = pd.get_dummies(raw, dtype=dtype)
    f = FunctionRegressor(
        lambda T: np.asarray(T["c_a"], dtype=float) * T["v"] + np.asarray(T["c_b"]) * 2.0
    )
    found = LimeExplainer(f, random_state=0).fit(X).explain(X[:3])
    expected = LimeExplainer(f, random_state=0).fit(dense).explain(dense[:3])
    np.testing.assert_array_equal(found.values, expected.values)
    assert found.conditions == expected.conditions


def test_a_model_gets_a_sparse_frame_where_training_had_one():
    X = pd.DataFrame.sparse.from_spmatrix(
        sparse.random(200, 20, 0.1, random_state=0), columns=[f"w{i}" for i in range(20)]
    )
    dense = X.sparse.to_dense()
    model = Listening(lambda T: T.sparse.to_coo() @ np.arange(20.0))
    found = LimeExplainer(model, random_state=0).fit(X).transform(X[:2])
    assert {tuple(T.dtypes) for T in model.tables} == {tuple(X.dtypes)}
    plain = FunctionRegressor(lambda T: T.to_numpy() @ np.arange(20.0))
    expected = LimeExplainer(plain, random_state=0).fit(dense).transform(dense[:2])
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_sparse_frame_and_its_dense_twin_may_stand_for_each_other():
    X = pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 1.0, 0.0, 2.0] * 20)})
    X["b"] = np.arange(80.0)
    explainer = LimeExplainer(FunctionRegressor(lambda T: T["b"]), random_state=0).fit(X)
    dense = X.assign(a=X["a"].sparse.to_dense())
    np.testing.assert_array_equal(explainer.transform(X), explainer.transform(dense))


def test_an_explanation_of_a_sparse_frame_goes_through_json():
    X = pd.get_dummies(pd.DataFrame({"c": list("abca") * 10}), sparse=True, dtype=float)
    model = FunctionRegressor(lambda T: np.asarray(T["c_a"], dtype=float))
    found = LimeExplainer(model, random_state=0).fit(X).explain(X[:4])
    back = Explanation.from_json(found.to_json())
    assert back == found
    assert back.data.dtypes.tolist() == X.dtypes.tolist()


# Names that are no strings


LABELS = [
    pd.Index([2019, 2020, 2021]),
    pd.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "x")]),
    pd.Index(["a", 3, ("t", 1)], tupleize_cols=False),
    pd.Index([np.nan, 1.0, 2.0]),
    pd.date_range("2020-01-01", periods=3),
]


@pytest.mark.parametrize("labels", LABELS, ids=["int", "levels", "mixed", "nan", "dates"])
@pytest.mark.parametrize("sampler", [None, GaussianSampler(), "coalition"])
def test_names_that_are_no_strings_are_shown_as_text(labels, sampler):
    X = pd.DataFrame(numbers(), columns=labels)
    if sampler == "coalition":
        sampler = CoalitionSampler(background=X[:5])
    model = Listening(lambda T: T.iloc[:, 0] + 2 * T.iloc[:, 1])
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(X)
    found = explainer.explain(X[8:10])
    names = list(map(str, labels))
    assert all(T.columns.equals(X.columns) for T in model.tables)
    assert found.feature_names.tolist() == names
    assert explainer.get_feature_names_out().tolist() == names
    assert explainer.get_feature_names_out(X.columns).tolist() == names
    assert found.to_frame().feature.tolist() == 2 * names
    assert found.to_frame(tidy=False).columns.tolist() == names
    assert all(names[1] in text for text in np.asarray(found.conditions)[:, 1])
    assert found.to_html()
    np.testing.assert_array_equal(found[:, labels[1]].values, found.values[:, [1]])
    np.testing.assert_array_equal(found[names[1]].values, found.values[:, [1]])
    np.testing.assert_array_equal(
        found[:, [labels[2], names[1]]].values, found.values[:, 2:0:-1]
    )
    assert Explanation.from_json(found.to_json()) == found


def test_columns_of_several_levels_are_features_by_their_label():
    X = pd.DataFrame(numbers(), columns=LABELS[1])
    found = LimeExplainer(FunctionRegressor(lambda T: T["a", "x"]), random_state=0).fit(X)
    found = found.explain(X[:2])
    assert found["a", "y"].feature_names.tolist() == ["('a', 'y')"]
    with pytest.raises(IndexError, match="rows='a'"):
        found["a", "z"]


def test_an_int_is_a_row_and_the_error_says_how_to_name_a_column():
    X = pd.DataFrame(numbers(), columns=LABELS[0])
    explainer = LimeExplainer(FunctionRegressor(lambda T: T[2019]), random_state=0)
    found = explainer.fit(X).explain(X[:3])
    assert found[1].data.index.tolist() == [1]
    with pytest.raises(IndexError) as caught:
        found[2020]
    assert "e[:, 2020]" in caught.value.__notes__[0]
    with pytest.raises(KeyError, match=r"no feature is named 1999.*2019"):
        found[:, 1999]


@pytest.mark.parametrize("labels", LABELS, ids=["int", "levels", "mixed", "nan", "dates"])
def test_columns_in_another_order_are_refused_whatever_their_names(labels):
    X = pd.DataFrame(numbers(), columns=labels)
    explainer = LimeExplainer(FunctionRegressor(lambda T: T.iloc[:, 0]), random_state=0)
    explainer.fit(X)
    for wrong in (X.iloc[:, ::-1], X.iloc[:, :2]):
        with pytest.raises(ValueError, match=r"the columns .* are not those of the fit"):
            explainer.transform(wrong)
    with pytest.raises(ValueError, match=r"has 2 features, but .* expecting 3"):
        explainer.transform(X.to_numpy()[:, :2])


def test_a_name_of_nan_is_itself():
    X = pd.DataFrame(numbers(), columns=[np.nan, 1.0, 2.0])
    explainer = LimeExplainer(FunctionRegressor(lambda T: T.iloc[:, 0]), random_state=0)
    explainer.fit(X)
    other = pd.DataFrame(X.to_numpy(), columns=[float("nan"), 1.0, 2.0])
    np.testing.assert_array_equal(explainer.transform(other), explainer.transform(X))


def test_a_model_of_arrays_takes_a_frame_whose_names_are_strings_in_part():
    X = pd.DataFrame(numbers(), columns=["a", 3, ("t", 1)])
    model = RandomForestClassifier(5, random_state=0).fit(X.to_numpy(), X["a"] > 0)
    found = LimeExplainer(model, random_state=0).fit(X).transform(X[:2])
    expected = (
        LimeExplainer(model, random_state=0).fit(X.to_numpy()).transform(X[:2].to_numpy())
    )
    np.testing.assert_array_equal(found, expected)
