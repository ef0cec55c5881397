"""Interactions in closed form against the quadratic surrogate over all combinations."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from interpret.glassbox import ExplainableBoostingRegressor
from sklearn import ensemble as en
from sklearn import linear_model as lm
from sklearn import svm, tree
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.kernel_approximation import RBFSampler
from sklearn.kernel_ridge import KernelRidge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from sklime import LimeExplainer
from sklime.exceptions import InteractionWarning
from sklime.kernels import ExponentialKernel
from sklime.samplers import GaussianSampler, MarginalSampler

rng = np.random.default_rng(12)
N = 160
X = np.column_stack(
    [
        rng.integers(0, 5, N) / 7,
        rng.integers(0, 4, N) * 1.0,
        rng.choice([0.1, 0.2, 10.0], N),
        np.full(N, 2.5),
        rng.integers(0, 2, N) * 1.0,
    ]
)
SIGNAL = np.sin(5 * X[:, 0]) * X[:, 1] + (X[:, 2] > 0.1) * (1 + X[:, 4])
BINARY = SIGNAL > np.median(SIGNAL)
THREE = np.digitize(SIGNAL, np.quantile(SIGNAL, [0.3, 0.7]))
MISSING = X.copy()
MISSING[rng.random(X.shape) < 0.15] = np.nan
MISSING[:, 3] = 2.5


def quadratic(values, masses, codes, responses, row, width):
    """Linear and pair coefficients by weighted least squares over all combinations.

    `values`, `masses`, `codes`: of each column the training values, their frequencies, and
    a function that gives bins; `responses` to all combinations, in their order.
    """
    grid = list(product(*values))
    weight = np.prod(list(product(*masses)), axis=1)
    Z = np.array(
        [
            [float(c(v) == c(o)) for c, v, o in zip(codes, at, row, strict=True)]
            for at in grid
        ]
    )
    weight = weight * np.exp(-(1 - Z).sum(axis=1) / (2 * width**2))
    means = np.average(Z, axis=0, weights=weight)
    pairs = list(combinations(range(Z.shape[1]), 2))
    centred = Z - means
    design = [np.ones(len(Z)), *Z.T]
    design += [centred[:, j] * centred[:, k] for j, k in pairs]
    root = np.sqrt(weight / weight.sum())[:, np.newaxis]
    A, b = np.column_stack(design), responses.reshape(len(Z), -1) * root
    # What does not vary has no coefficient.
    varies = np.ptp(A, axis=0) > 0
    varies[0] = True
    coef = np.zeros((b.shape[1], A.shape[1]))
    coef[:, varies] = np.linalg.lstsq(A[:, varies] * root, b, rcond=None)[0].T
    return coef[:, 1 : 1 + Z.shape[1]], coef[:, 1 + Z.shape[1] :]


def bins(explainer, table):
    """Values and frequencies of the columns of an array, and their bins."""
    values, masses, codes = [], [], []
    for column, own in zip(explainer.sampler_.columns_, table.T, strict=True):
        found, counts = np.unique(own, return_counts=True)
        values.append(found)
        masses.append(counts / len(own))
        codes.append(lambda v, column=column: int(column.codes(np.array([v]))[0]))
    return values, masses, codes


@pytest.mark.parametrize("width", [0.6, 2.0])
@pytest.mark.parametrize(
    ("model", "table", "y", "sampler"),
    [
        (tree.DecisionTreeRegressor(random_state=0), X, SIGNAL, MarginalSampler()),
        (
            en.RandomForestRegressor(8, random_state=0),
            X,
            SIGNAL,
            MarginalSampler(n_bins=2),
        ),
        (
            en.ExtraTreesClassifier(8, random_state=0),
            X,
            THREE,
            MarginalSampler(categorical_features=[0, 1, 2, 4]),
        ),
        (en.RandomForestClassifier(8, random_state=0), MISSING, THREE, MarginalSampler()),
        (
            en.GradientBoostingRegressor(n_estimators=15, random_state=0),
            X,
            SIGNAL,
            MarginalSampler(n_bins=3),
        ),
        (
            en.HistGradientBoostingClassifier(max_iter=15, random_state=0),
            MISSING,
            BINARY,
            MarginalSampler(),
        ),
        (lm.LinearRegression(), X, SIGNAL, MarginalSampler(n_bins=2)),
        (lm.LogisticRegression(), X, BINARY, MarginalSampler()),
    ],
)
def test_interactions_are_those_of_the_quadratic_surrogate(model, table, y, sampler, width):
    margin = isinstance(model, en.HistGradientBoostingClassifier | lm.LogisticRegression)
    explainer = LimeExplainer(
        model,
        sampler=sampler,
        kernel=ExponentialKernel(width=width),
        response_method="decision_function" if margin else "auto",
        method="exact",
        random_state=0,
    ).fit(table, y)
    values, masses, codes = bins(explainer, table)
    grid = np.array(list(product(*values)))
    fitted = explainer.estimator_
    if margin:
        responses = fitted.decision_function(grid)
    elif hasattr(fitted, "predict_proba"):
        responses = fitted.predict_proba(grid)
    else:
        responses = fitted.predict(grid)
    many = responses.ndim == 2
    target = "all" if many else None
    rows = table[::37]
    plain = explainer.explain(rows, target=target)
    found = explainer.explain(rows, target=target, interactions=True)
    assert found.interaction_pairs == [
        (f"x{j}", f"x{k}") for j, k in combinations(range(5), 2)
    ]
    assert np.array_equal(found.values, plain.values)
    assert np.array_equal(found.local_predictions, plain.local_predictions)
    assert not found.interaction_standard_errors.any()
    for i, row in enumerate(rows):
        main, pairs = quadratic(values, masses, codes, responses, row, width)
        scale = np.abs(responses).max()
        got = found.interactions[i].reshape(pairs.shape)
        np.testing.assert_allclose(got, pairs, rtol=0, atol=1e-10 * scale)
        main_found = found.values[i].reshape(main.shape)
        np.testing.assert_allclose(main_found, main, rtol=0, atol=1e-10 * scale)
    if isinstance(model, lm.LinearRegression | lm.LogisticRegression):
        assert not found.interactions.any()


@pytest.mark.parametrize(
    ("model", "y", "method"),
    [
        (svm.SVR(), SIGNAL, "predict"),
        (make_pipeline(StandardScaler(), svm.SVR(gamma=2.0)), SIGNAL, "predict"),
        (svm.SVC(), BINARY, "decision_function"),
        (KernelRidge(kernel="laplacian"), SIGNAL, "predict"),
        (KernelRidge(kernel="poly", degree=3), SIGNAL, "predict"),
        (GaussianProcessRegressor(RBF() + WhiteKernel()), SIGNAL, "predict"),
        (make_pipeline(PolynomialFeatures(2), lm.Ridge()), SIGNAL, "predict"),
        (
            make_pipeline(RBFSampler(n_components=20, random_state=0), lm.Ridge()),
            SIGNAL,
            "predict",
        ),
        (lm.PoissonRegressor(), SIGNAL - SIGNAL.min() + 0.1, "predict"),
        (lm.LogisticRegression(), BINARY, "predict_proba"),
        (GaussianNB(), BINARY, "predict_proba"),
        (
            en.GradientBoostingClassifier(max_depth=1, n_estimators=20, random_state=0),
            BINARY,
            "predict_proba",
        ),
        (
            en.VotingClassifier(
                [
                    ("linear", lm.LogisticRegression()),
                    ("forest", en.RandomForestClassifier(5, random_state=0)),
                ],
                voting="soft",
            ),
            BINARY,
            "predict_proba",
        ),
        (en.BaggingRegressor(svm.SVR(), 3, random_state=0), SIGNAL, "predict"),
        (
            ExplainableBoostingRegressor(
                interactions=3,
                outer_bags=2,
                max_rounds=50,
                n_jobs=1,
                random_state=0,
            ),
            SIGNAL,
            "predict",
        ),
    ],
)
def test_every_family_tells_the_pairs_of_the_quadratic_surrogate(model, y, method):
    table = np.delete(X, 3, axis=1)
    explainer = LimeExplainer(
        # An unfitted Gaussian process counts as fitted, to its prior.
        model.fit(table, y),
        sampler=MarginalSampler(n_bins=3),
        kernel=ExponentialKernel(width=1.0),
        method="exact",
        response_method=method,
        random_state=0,
    ).fit(table)
    values, masses, codes = bins(explainer, table)
    responses = getattr(explainer.estimator_, method)(np.array(list(product(*values))))
    if responses.ndim == 2:
        responses = responses[:, 1]
    rows = table[::53]
    found = explainer.explain(rows, interactions=True)
    assert np.abs(found.interactions).max() > 1e-2
    assert not found.interaction_standard_errors.any()
    for row, own in zip(rows, found.interactions, strict=True):
        _, [pairs] = quadratic(values, masses, codes, responses, row, 1.0)
        np.testing.assert_allclose(own, pairs, rtol=0, atol=1e-10)


def test_interactions_of_a_frame_behind_encoders():
    frame = pd.DataFrame(
        {
            "colour": rng.choice(["red", "green", "blue"], N),
            "age": rng.integers(0, 4, N) * 10.0,
            "count": rng.integers(0, 3, N),
        }
    )
    y = (frame["colour"] == "red") * frame["age"] + frame["count"] * frame["age"]
    encode = make_column_transformer((OneHotEncoder(), ["colour"]), remainder="passthrough")
    model = make_pipeline(encode, StandardScaler(), en.RandomForestRegressor(10))
    model.set_params(randomforestregressor__random_state=0).fit(frame, y)
    kernel = ExponentialKernel(width=1.0)
    explainer = LimeExplainer(model, kernel=kernel, method="exact").fit(frame)
    wanted = [("count", "age"), ("colour", "age")]
    found = explainer.explain(frame[:4], interactions=wanted)
    assert found.interaction_pairs == wanted
    values = [np.unique(frame[name]).tolist() for name in frame]
    masses = [
        [(frame[name] == v).mean() for v in own]
        for name, own in zip(frame, values, strict=True)
    ]
    grid = pd.DataFrame(list(product(*values)), columns=frame.columns)
    columns = explainer.sampler_.columns_
    codes = [
        lambda v: v,
        *(lambda v, c=c: int(c.codes(np.array([v], dtype=float))[0]) for c in columns[1:]),
    ]
    for i in range(4):
        row = frame.iloc[i].tolist()
        _, pairs = quadratic(values, masses, codes, model.predict(grid), row, 1.0)
        # Pairs by position: (0, 1), (0, 2), (1, 2).
        expected = pairs[0, [2, 0]]
        np.testing.assert_allclose(found.interactions[i], expected, rtol=0, atol=1e-9)


def test_pairs_asked_for_alone_are_those_of_all_pairs():
    model = en.RandomForestClassifier(10, random_state=0).fit(X, THREE)
    explainer = LimeExplainer(model, method="exact", target="all").fit(X)
    rows = X[:20]
    whole = explainer.explain(rows, interactions=True)
    some = explainer.explain(rows, interactions=[("x4", "x0"), (1, 2)])
    assert some.interaction_pairs == [("x4", "x0"), ("x1", "x2")]
    places = [whole.interaction_pairs.index(own) for own in [("x0", "x4"), ("x1", "x2")]]
    expected = whole.interactions[..., places]
    np.testing.assert_allclose(some.interactions, expected, rtol=0, atol=1e-13)


def test_a_row_has_the_same_interactions_in_any_batch():
    table, y = load_breast_cancer(return_X_y=True)
    model = en.RandomForestClassifier(30, random_state=0).fit(table, y)
    explainer = LimeExplainer(model, method="exact", random_state=0).fit(table)
    together = explainer.explain(table[:70], interactions=True).interactions
    assert np.abs(together).max() > 0.01
    for i in (0, 7, 64, 69):
        alone = explainer.explain(table[i : i + 1], interactions=True).interactions
        assert np.array_equal(alone[0], together[i])


def test_interactions_with_a_value_that_training_never_had_are_not_told():
    frame = pd.DataFrame({"a": ["u", "v"] * 40, "b": [1.0, 2.0, 3.0, 4.0] * 20})
    y = (frame["a"] == "u") * frame["b"]
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["a"]), remainder="passthrough"
    )
    model = make_pipeline(encode, tree.DecisionTreeRegressor(random_state=0)).fit(frame, y)
    explainer = LimeExplainer(model, method="exact", random_state=0).fit(frame)
    rows = pd.DataFrame({"a": ["u", "new"], "b": [1.0, 1.0]})
    with pytest.warns(InteractionWarning, match=r"NaN of \('a', 'b'\) \(1 rows\)"):
        found = explainer.explain(rows, interactions=True)
    assert np.isfinite(found.interactions[0]).all()
    assert np.isnan(found.interactions[1]).all()
    assert np.isnan(found.interaction_standard_errors[1]).all()
    assert np.isfinite(found.values).all()


def test_interactions_of_standardised_columns_under_normal_laws():
    table = rng.normal(size=(400, 3)) * [1.0, 2.0, 3.0]
    response = (table[:, 0] > 0) * (table[:, 1] > 1) * 1.0
    model = tree.DecisionTreeRegressor(max_depth=4, random_state=0).fit(table, response)
    sampler = GaussianSampler(center="instance")
    explainer = LimeExplainer(model, sampler=sampler, method="exact", random_state=0)
    row = np.array([[0.1, 0.8, 0.0]])
    found = explainer.fit(table).explain(row, interactions=True)
    width = explainer.kernel_.width
    draws = np.random.default_rng(0).normal(size=(400_000, 3))
    sd = table.std(axis=0)
    weights = np.exp(-np.square(draws).sum(axis=1) / (2 * width**2))
    answers = model.predict(row + draws * sd)
    means = np.average(draws, axis=0, weights=weights)
    centred = draws - means
    spread = np.average(np.square(centred), axis=0, weights=weights)
    for (j, k), got in zip([(0, 1), (0, 2), (1, 2)], found.interactions[0], strict=True):
        product_ = centred[:, j] * centred[:, k]
        expected = np.average(product_ * answers, weights=weights) / spread[j] / spread[k]
        assert abs(got - expected) < 0.01
    assert np.abs(found.interactions).max() > 0.05
    scale = row / sd - table.mean(axis=0) / sd - found.feature_means
    pair = found.contributions().interactions[0, 0]
    assert np.isclose(pair, found.interactions[0, 0] * scale[0, 0] * scale[0, 1])
