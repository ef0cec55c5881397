"""Explainers with a closed form survive pickling, whatever the model."""

import pickle

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMRegressor
from sklearn import ensemble as en
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeRegressor
from xgboost import XGBRegressor

from sklime import LimeExplainer
from sklime.samplers import GaussianSampler, TokenSampler

rng = np.random.default_rng(0)
N = 120
X = rng.integers(0, 5, (N, 3)) * 1.0
y = X[:, 0] * X[:, 1] + X[:, 2]
FRAME = pd.DataFrame(X, columns=list("abc")).assign(
    kind=pd.Categorical(rng.choice(list("xyz"), N))
)
NOMINAL = y + 3.0 * (FRAME["kind"] == "x")


def xgb(**params):
    return XGBRegressor(n_estimators=5, n_jobs=1, **params)


def lgbm(**params):
    return LGBMRegressor(
        n_estimators=5, n_jobs=1, verbose=-1, min_child_samples=3, **params
    )


@pytest.mark.parametrize(
    ("model", "table", "response"),
    [
        (LinearRegression(), X, y),
        (make_pipeline(OneHotEncoder(), LinearRegression()), X, y),
        (DecisionTreeRegressor(max_depth=3), X, y),
        (en.RandomForestRegressor(5), X, y),
        (en.BaggingRegressor(n_estimators=5), X, y),
        (en.GradientBoostingRegressor(n_estimators=5), X, y),
        (en.HistGradientBoostingRegressor(max_iter=5), X, y),
        (en.HistGradientBoostingRegressor(max_iter=5), FRAME, NOMINAL),
        (xgb(), X, y),
        (xgb(missing=0.0), X, y),
        (xgb(enable_categorical=True), FRAME, NOMINAL),
        (lgbm(), X, y),
        (lgbm(zero_as_missing=True), X, y),
        (lgbm(min_data_per_group=3), FRAME, NOMINAL),
    ],
    ids=lambda case: repr(case)[:40] if hasattr(case, "fit") else "",
)
def test_of_tables(model, table, response):
    explainer = LimeExplainer(model, method="exact").fit(table, response)
    again = pickle.loads(pickle.dumps(explainer))
    assert again.method_ == "exact"
    np.testing.assert_array_equal(again.transform(table), explainer.transform(table))


@pytest.mark.parametrize(
    "model",
    [LinearRegression(), en.RandomForestRegressor(5)],
    ids=lambda m: type(m).__name__,
)
def test_of_normal_laws(model):
    model = make_pipeline(StandardScaler(), model)
    explainer = LimeExplainer(model, sampler=GaussianSampler(), method="exact").fit(X, y)
    again = pickle.loads(pickle.dumps(explainer))
    np.testing.assert_array_equal(again.transform(X), explainer.transform(X))


def test_of_texts():
    texts = ["good fun film", "bad dull film", "good plot", "dull plot and bad end"] * 3
    model = make_pipeline(CountVectorizer(), LinearSVC()).fit(texts, [1, 0, 1, 0] * 3)
    explainer = LimeExplainer(model, sampler=TokenSampler(), method="exact").fit(texts)
    again = pickle.loads(pickle.dumps(explainer))
    found = again.explain(texts[:2])
    np.testing.assert_array_equal(found.values, explainer.explain(texts[:2]).values)
