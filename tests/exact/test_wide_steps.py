"""Steps in front of a model of many columns: queried few times, whatever the memory."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklime import LimeExplainer

N_ROWS, N_NUMBERS, N_CATEGORIES = 200, 30, 30


class Counted(TransformerMixin, BaseEstimator):
    """Passes tables through, and counts them and their rows."""

    calls = 0
    rows = 0

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        self.calls += 1
        self.rows += len(X)
        return X


@pytest.fixture
def wide():
    rng = np.random.default_rng(0)
    numbers = {f"x{j}": rng.normal(size=N_ROWS).round(1) for j in range(N_NUMBERS)}
    categories = {f"c{j}": rng.choice(list("abcd"), N_ROWS) for j in range(N_CATEGORIES)}
    X = pd.DataFrame(numbers | categories)
    X.loc[::7, "c0"] = None
    y = X["x0"] + 2 * (X["c1"] == "a") + X["x1"] * (X["c2"] == "b")
    columns = make_column_transformer(
        (StandardScaler(), list(numbers)),
        (OneHotEncoder(sparse_output=False), list(categories)),
    )
    forest = RandomForestRegressor(5, random_state=0)
    return make_pipeline(Counted(), columns, forest).fit(X, y), X


def test_steps_are_not_called_once_a_column(wide):
    model, X = wide
    counted = model[0]
    counted.calls = counted.rows = 0
    explainer = LimeExplainer(model, method="exact", random_state=0).fit(X)
    assert explainer.method_ == "exact"
    n_points = sum(X[name].nunique(dropna=False) for name in X)
    assert counted.rows > n_points
    assert counted.calls <= 20


def test_attributions_do_not_depend_on_the_memory_for_points(wide):
    model, X = wide
    X_new = X[:5]
    usual = LimeExplainer(model, method="exact", random_state=0).fit(X).transform(X_new)
    with config_context(working_memory=1):
        explainer = LimeExplainer(model, method="exact", random_state=0).fit(X)
        np.testing.assert_array_equal(explainer.transform(X_new), usual)
    sampled = LimeExplainer(model, method="sampling", n_samples=2**14, random_state=0).fit(
        X
    )
    assert np.abs(usual - sampled.transform(X_new)).max() < 0.05 * np.abs(usual).max()
