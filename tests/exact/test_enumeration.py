"""The closed forms against lists of all combinations of small discrete tables."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn import ensemble as en
from sklearn import linear_model as lm
from sklearn import svm, tree
from sklearn.compose import make_column_transformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.impute import SimpleImputer
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    StandardScaler,
)

from sklime import LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import MarginalSampler

rng = np.random.default_rng(0)
N = 120
X = np.column_stack(
    [
        rng.integers(0, 6, N) / 7,  # sixths of no short decimal
        rng.integers(0, 5, N) * 1.0,
        rng.choice([0.1, 0.2, 0.3, 10.0], N),
        np.full(N, 2.5),
        rng.integers(0, 2, N) * 1.0,
    ]
)
SIGNAL = np.sin(5 * X[:, 0]) * X[:, 1] + (X[:, 2] > 0.2) * (1 + X[:, 4])
BINARY = SIGNAL > np.median(SIGNAL)
THREE = np.digitize(SIGNAL, np.quantile(SIGNAL, [0.3, 0.7]))
MISSING = X.copy()
MISSING[rng.random(X.shape) < 0.15] = np.nan
MISSING[:, 3] = 2.5
FRAME = pd.DataFrame(
    {
        "colour": rng.choice(["red", "green", "blue"], N),
        "size": pd.Categorical(rng.choice(["s", "m", "l"], N), ["s", "m", "l"]),
        "age": np.where(rng.random(N) < 0.2, np.nan, rng.integers(0, 5, N) * 10.0),
        "count": rng.integers(0, 4, N),
    }
)


def limit(explainer, table, rows, width):
    """Coefficients and intercepts of weighted least squares over all combinations."""
    sampler = explainer.sampler_
    columns = sampler.columns_
    values = list(product(*(range(len(column.values)) for column in columns)))
    at = np.array(values)
    E = np.column_stack([column.values[at[:, j]] for j, column in enumerate(columns)])
    mass = np.prod([column.masses[at[:, j]] for j, column in enumerate(columns)], axis=0)
    inputs = sampler.format_.decode(E)
    model = explainer.estimator_
    f = getattr(model, explainer.explain(table[:1]).meta["response_method"])(inputs)
    f = np.reshape(f, (len(E), -1))
    found = []
    for i in rows:
        row = table[i : i + 1]
        Z = sampler.interpret(inputs, row).astype(float)
        weight = np.sqrt(mass * np.exp((Z.sum(axis=1) - Z.shape[1]) / (2 * width**2)))
        A = np.column_stack([np.ones(len(Z)), Z]) * weight[:, np.newaxis]
        # A column that does not vary repeats the intercept: the one of least norm has to
        # be told that it has no coefficient.
        varies = np.append(True, np.ptp(Z, axis=0) > 0)
        coef = np.zeros((A.shape[1], f.shape[1]))
        coef[varies] = np.linalg.lstsq(A[:, varies], f * weight[:, np.newaxis], rcond=None)[
            0
        ]
        found.append(coef)
    return np.array(found)


def check(model, table, y, response_method="auto", width=1.0, **sampler):
    return check_fitted(model.fit(table, y), table, response_method, width, **sampler)


def check_fitted(model, table, response_method="auto", width=1.0, **sampler):
    explainer = LimeExplainer(
        model,
        sampler=MarginalSampler(**{"n_bins": 3, **sampler}),
        kernel=ExponentialKernel(width=width),
        method="exact",
        response_method=response_method,
        target="all",
        random_state=0,
    ).fit(table)
    rows = [0, 7, min(31, len(table) - 1)]
    explanation = explainer.explain(table[:40])[rows]
    expected = limit(explainer, table, rows, width)
    found = np.concatenate(
        [explanation.intercepts[:, np.newaxis], np.swapaxes(explanation.values, 1, 2)],
        axis=1,
    )
    if expected.shape[2] == 1 and found.shape[2] == 2:  # a margin, both classes
        expected = np.concatenate([-expected, expected], axis=2)
    # The least-squares problem has a condition number below 1e3.
    np.testing.assert_allclose(found, expected, atol=1e-10 * np.abs(expected).max())
    np.testing.assert_array_equal(
        explainer.transform(table[:40])[rows], explanation.values.reshape(3, -1)
    )
    return explainer


FORESTS = [
    (tree.DecisionTreeClassifier(random_state=0), BINARY),
    (tree.DecisionTreeClassifier(random_state=0), THREE),
    (tree.DecisionTreeRegressor(max_depth=5, random_state=0), SIGNAL),
    (tree.ExtraTreeRegressor(random_state=0), SIGNAL),
    (tree.DecisionTreeRegressor(random_state=0), np.column_stack([SIGNAL, X[:, 0]])),
    (en.RandomForestClassifier(12, random_state=0), BINARY),
    (en.RandomForestClassifier(12, random_state=0), THREE),
    (en.RandomForestRegressor(12, random_state=0), SIGNAL),
    (en.ExtraTreesClassifier(12, random_state=0), THREE),
    (en.ExtraTreesRegressor(12, random_state=0), SIGNAL),
    (en.BaggingClassifier(n_estimators=6, random_state=0), THREE),
    (en.BaggingRegressor(n_estimators=6, max_features=0.6, random_state=0), SIGNAL),
    (en.GradientBoostingRegressor(n_estimators=15, random_state=0), SIGNAL),
    (en.HistGradientBoostingRegressor(max_iter=15, random_state=0), SIGNAL),
]
MARGINS = [
    (en.GradientBoostingClassifier(n_estimators=10, random_state=0), BINARY),
    (en.GradientBoostingClassifier(n_estimators=10, random_state=0), THREE),
    (en.HistGradientBoostingClassifier(max_iter=10, random_state=0), BINARY),
    (en.HistGradientBoostingClassifier(max_iter=10, random_state=0), THREE),
    (lm.LogisticRegression(), BINARY),
    (lm.LogisticRegression(), THREE),
    (lm.SGDClassifier(random_state=0), THREE),
    (lm.RidgeClassifier(), BINARY),
    (svm.LinearSVC(), THREE),
    (svm.SVC(kernel="linear"), BINARY),
    (LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1), BINARY),
    (LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1), THREE),
]


def label(case):
    return type(case).__name__ if hasattr(case, "fit") else ""


@pytest.mark.parametrize(("model", "y"), FORESTS, ids=label)
@pytest.mark.parametrize("width", [0.4, 2.0])
def test_forests_and_regressors(model, y, width):
    check(model, X, y, width=width)


@pytest.mark.parametrize(("model", "y"), MARGINS, ids=label)
def test_margins(model, y):
    check(model, X, y, "decision_function")


@pytest.mark.parametrize(
    "model",
    [
        lm.LinearRegression(),
        lm.Ridge(),
        lm.Lasso(0.01),
        lm.ElasticNet(0.01),
        svm.LinearSVR(max_iter=100_000),
        lm.SGDRegressor(random_state=0),
        lm.LarsCV(),
        lm.LassoLarsCV(),
        lm.LassoLarsIC(),
        lm.OrthogonalMatchingPursuitCV(max_iter=3),
        lm.TweedieRegressor(power=0),
        lm.TweedieRegressor(power=1.5, link="identity", alpha=10.0),
    ],
    ids=label,
)
def test_linear_regressors(model):
    check(model, X, SIGNAL + 3)


@pytest.mark.parametrize(
    "model",
    [
        lm.MultiTaskElasticNet(0.01),
        lm.MultiTaskElasticNetCV(),
        lm.MultiTaskLasso(0.01),
        lm.MultiTaskLassoCV(),
        MultiOutputRegressor(lm.Ridge()),
        MultiOutputRegressor(svm.SVR(kernel="linear")),
    ],
    ids=label,
)
def test_linear_regressors_of_several_outputs(model):
    check(model, X, np.column_stack([SIGNAL, X[:, 1] - SIGNAL**2]))


@pytest.mark.parametrize(
    "model",
    [
        tree.DecisionTreeRegressor(random_state=0),
        en.RandomForestClassifier(8, random_state=0),
        en.HistGradientBoostingRegressor(max_iter=15),
        make_pipeline(SimpleImputer(), en.GradientBoostingRegressor(n_estimators=10)),
        make_pipeline(SimpleImputer(add_indicator=True), lm.LinearRegression()),
    ],
    ids=label,
)
def test_missing_values(model):
    check(model, MISSING, THREE if hasattr(model, "predict_proba") else SIGNAL)


@pytest.mark.parametrize(
    "step",
    [
        StandardScaler(),
        QuantileTransformer(n_quantiles=20),
        KBinsDiscretizer(3, strategy="uniform"),
        OneHotEncoder(),
        OrdinalEncoder(),
    ],
    ids=label,
)
@pytest.mark.parametrize(
    "model", [lm.Ridge(), en.RandomForestRegressor(8, random_state=0)], ids=label
)
def test_steps_that_act_on_one_column_at_a_time(step, model):
    check(make_pipeline(step, model), X[:, [0, 1, 2, 4]], SIGNAL)


def mixed(model):
    encode = make_column_transformer(
        (OneHotEncoder(), ["colour"]),
        (OrdinalEncoder(), ["size"]),
        (SimpleImputer(), ["age"]),
        ("passthrough", ["count"]),
    )
    return make_pipeline(encode, model)


@pytest.mark.parametrize(
    "model", [lm.Ridge(), en.ExtraTreesRegressor(8, random_state=0)], ids=label
)
def test_frames_of_mixed_types(model):
    y = FRAME["count"] * (FRAME["colour"] == "red") + FRAME["age"].fillna(-5) / 10
    check(mixed(model), FRAME, y)


def test_histogram_boosting_with_categories_and_gaps():
    y = FRAME["count"] * (FRAME["colour"] == "red") + FRAME["age"].fillna(-5) / 10
    table = FRAME.astype({"colour": "category"})
    model = en.HistGradientBoostingRegressor(max_iter=20, categorical_features="from_dtype")
    check(model, table, y)
    codes = np.column_stack([X[:, 1], X[:, 0], X[:, 4]])
    marked = en.HistGradientBoostingRegressor(max_iter=20, categorical_features=[0, 2])
    check(marked, codes, SIGNAL)


@pytest.mark.parametrize("binning", ["uniform", "kmeans"])
def test_other_bins_and_categories(binning):
    check(en.RandomForestRegressor(8, random_state=0), X, SIGNAL, binning=binning)
    check(
        en.RandomForestRegressor(8, random_state=0), X, SIGNAL, categorical_features=[0, 2]
    )


@pytest.mark.parametrize("part", [X[:, 4] == 1, X[:, 2] < 0.2], ids=["one", "low"])
@pytest.mark.parametrize("step", [StandardScaler(), "passthrough"], ids=str)
@pytest.mark.parametrize(
    "model",
    [
        tree.DecisionTreeRegressor(random_state=0),
        en.RandomForestRegressor(8, random_state=0),
        en.GradientBoostingRegressor(n_estimators=10),
        en.HistGradientBoostingRegressor(max_iter=15),
    ],
    ids=label,
)
def test_columns_that_the_trees_cut_and_the_explained_table_does_not_vary(
    model, step, part
):
    check_fitted(make_pipeline(step, model).fit(X, SIGNAL), X[part])


def test_categories_that_the_model_knows_and_the_explained_table_lacks():
    y = FRAME["count"] * (FRAME["colour"] == "red") + FRAME["age"].fillna(-5) / 10
    model = mixed(en.RandomForestRegressor(8, random_state=0)).fit(FRAME, y)
    check_fitted(model, FRAME[FRAME["colour"] != "red"])
    check_fitted(model, FRAME[FRAME["colour"] == "red"])
    table = FRAME.astype({"colour": "category"})
    model = en.HistGradientBoostingRegressor(max_iter=20, categorical_features="from_dtype")
    check_fitted(model.fit(table, y), table[table["colour"] == "red"])
