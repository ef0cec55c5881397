"""Interactions of coalitions in closed form, against all coalitions and backgrounds."""

import warnings
from itertools import combinations, product
from math import comb

import numpy as np
import pandas as pd
import pytest
from interpret.glassbox import ExplainableBoostingRegressor
from sklearn import ensemble as en
from sklearn import linear_model as lm
from sklearn import svm, tree
from sklearn.compose import make_column_transformer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from sklime import LimeExplainer
from sklime.exact.trees import pairs_of_leaves
from sklime.kernels import ExponentialKernel, ShapleyKernel
from sklime.samplers import CoalitionSampler

rng = np.random.default_rng(5)
N, D = 120, 4
X = rng.integers(0, 3, (N, D)).astype(float)
SIGNAL = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) * X[:, 3] * X[:, 0]
BINARY = SIGNAL > np.median(SIGNAL)
THREE = np.digitize(SIGNAL, np.quantile(SIGNAL, [0.3, 0.7]))
ROWS = X[:3]


def listed(answer, row, background, masses, keep):
    """Interactions of all pairs: `keep` is a probability, or None for Shapley's."""
    d = len(row)
    v = {}
    for z in product([False, True], repeat=d):
        v[z] = masses @ answer(np.where(z, row, background))
    found = []
    for j, k in combinations(range(d), 2):
        total = 0.0
        for z in v:
            if not (z[j] or z[k]):
                size = sum(z)
                share = 1 / ((d - 1) * comb(d - 2, size))
                if keep is not None:
                    share = keep**size * (1 - keep) ** (d - 2 - size)
                own = list(z)
                for a, b in product([False, True], repeat=2):
                    own[j], own[k] = a, b
                    total = total + share * (-1) ** (a + b) * v[tuple(own)]
        found.append(total)
    return np.array(found)


def grid_of(table):
    """All rows of independent columns, with their probabilities."""
    values, masses = [], []
    for own in table.T:
        found, counts = np.unique(own, return_counts=True)
        values.append(found)
        masses.append(counts / len(own))
    grid = np.array(list(product(*values)))
    return grid, np.prod(list(product(*masses)), axis=1)


MODELS = [
    (lm.Ridge(), SIGNAL, "predict"),
    (tree.DecisionTreeRegressor(random_state=0), SIGNAL, "predict"),
    (en.RandomForestRegressor(10, random_state=0), SIGNAL, "predict"),
    (en.RandomForestClassifier(10, random_state=0), THREE, "predict_proba"),
    (en.GradientBoostingClassifier(n_estimators=9, random_state=0), BINARY, "margin"),
    (svm.SVR(), SIGNAL, "predict"),
    (svm.SVC(), BINARY, "margin"),
    (GaussianProcessRegressor(RBF(), alpha=1e-2), SIGNAL, "predict"),
    (make_pipeline(PolynomialFeatures(3), lm.Ridge()), SIGNAL, "predict"),
    (lm.PoissonRegressor(), SIGNAL - SIGNAL.min(), "predict"),
    (lm.LogisticRegression(), BINARY, "predict_proba"),
    (en.VotingRegressor([("a", svm.SVR()), ("b", lm.Ridge())]), SIGNAL, "predict"),
    (
        ExplainableBoostingRegressor(
            interactions=3, max_rounds=100, random_state=0, n_jobs=1
        ),
        SIGNAL,
        "predict",
    ),
]


@pytest.mark.parametrize(
    "kernel", [None, ShapleyKernel(), ExponentialKernel(width=0.8)], ids=repr
)
@pytest.mark.parametrize("background", ["marginals", "rows"])
@pytest.mark.parametrize(
    ("model", "y", "method"), MODELS, ids=[type(m).__name__ for m, *_ in MODELS]
)
def test_every_family_tells_the_interactions_of_all_coalitions(
    model, y, method, background, kernel
):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    method = "decision_function" if method == "margin" else method

    def answer(X):
        found = getattr(model, method)(X)
        return found if found.ndim == 2 else found[:, np.newaxis]

    table = "marginals" if background == "marginals" else X[:6]
    explainer = LimeExplainer(
        model,
        sampler=CoalitionSampler(table),
        kernel=kernel,
        method="exact",
        target="all",
        response_method=method,
        random_state=0,
    ).fit(X)
    own = explainer.explain(ROWS, interactions=True)
    assert own.meta["method"] == "exact" and not own.interaction_standard_errors.any()
    keep = 0.5
    if isinstance(kernel, ShapleyKernel):
        keep = None
    elif kernel is not None:
        keep = 1 / (1 + np.exp(-1 / (2 * kernel.width**2)))
    rows, masses = grid_of(X)
    if background == "rows":
        rows, masses = X[:6], np.full(6, 1 / 6)
    for row, found in zip(ROWS, own.interactions, strict=True):
        expected = listed(answer, row, rows, masses, keep).T
        found = found.reshape(-1, found.shape[-1])
        if len(found) > len(expected):
            # The other class of two.
            expected = np.concatenate([-expected, expected])
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    there = own.contributions()
    scale = 1.0 if keep is None else (1 - keep) ** 2
    np.testing.assert_allclose(there.interactions, scale * own.interactions, atol=1e-14)
    alone = explainer.explain(ROWS[1:2], interactions=[("x3", "x1")])
    place = own.interaction_pairs.index(("x1", "x3"))
    np.testing.assert_allclose(
        alone.interactions[0, ..., 0], own.interactions[1, ..., place], atol=1e-13
    )


def test_interactions_of_a_frame_behind_encoders():
    frame = pd.DataFrame(
        {"a": X[:, 0], "b": np.array(["u", "v", "w"])[X[:, 1].astype(int)]}
    )
    frame["c"] = X[:, 2]
    encode = make_column_transformer((OneHotEncoder(), ["b"]), remainder="passthrough")
    forest = en.RandomForestRegressor(10, random_state=0)
    model = make_pipeline(encode, StandardScaler(), forest).fit(frame, SIGNAL)
    sampler = CoalitionSampler(frame[:4])
    explainer = LimeExplainer(
        model, sampler=sampler, kernel=ShapleyKernel(), method="exact"
    ).fit(frame)
    own = explainer.explain(frame[10:12], interactions=True)
    values = frame.to_numpy(dtype=object)

    def answer(table):
        return model.predict(pd.DataFrame(table, columns=frame.columns).infer_objects())

    for row, found in zip(values[10:12], own.interactions, strict=True):
        expected = listed(answer, row, values[:4], np.full(4, 0.25), None)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_a_row_has_the_same_interactions_of_coalitions_in_any_batch():
    model = en.RandomForestRegressor(20, random_state=0).fit(X, SIGNAL)
    for own in (model, svm.SVR().fit(X, SIGNAL)):
        explainer = LimeExplainer(
            own, sampler=CoalitionSampler(), kernel=ShapleyKernel(), method="exact"
        ).fit(X)
        whole = explainer.explain(X[:30], interactions=True).interactions
        for i in (0, 7, 8, 29):
            alone = explainer.explain(X[i : i + 1], interactions=True).interactions
            assert np.array_equal(alone[0], whole[i])


def test_too_large_trees_are_left_to_draws(monkeypatch):
    model = en.RandomForestRegressor(5, random_state=0).fit(X, SIGNAL)
    setting = {"sampler": CoalitionSampler(X[:4]), "random_state": 0}
    exact = LimeExplainer(model, method="exact", **setting).fit(X)
    known = exact.explain(ROWS, interactions=True)
    monkeypatch.setattr(pairs_of_leaves, "_MOST_PRODUCTS", 10)
    with pytest.raises(ValueError, match="products a row, which takes longer than draws"):
        exact.explain(ROWS, interactions=True)
    own = LimeExplainer(model, **setting).fit(X).explain(ROWS, interactions=True)
    assert np.array_equal(own.values, known.values) and own.meta["method"] == "exact"
    # Four columns have sixteen coalitions, which draws list.
    np.testing.assert_allclose(own.interactions, known.interactions, atol=1e-10)
