"""Shapley and Banzhaf values in closed form: against brute force over all coalitions."""

import pickle
import warnings
from itertools import product
from math import factorial

import numpy as np
import pandas as pd
import pytest
from sklearn import ensemble as en
from sklearn import linear_model as lm
from sklearn import tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    WhiteKernel,
)
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.kernel_ridge import KernelRidge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.svm import SVC, SVR

from sklime import LimeExplainer
from sklime.exact.trees import coalitions_of_trees
from sklime.kernels import ExponentialKernel, ShapleyKernel, UniformKernel
from sklime.samplers import CoalitionSampler
from sklime.selectors import HighestWeights

with warnings.catch_warnings():
    # Of its import, about colours.
    warnings.simplefilter("ignore")
    import shap

RNG = np.random.default_rng(0)
N = 120


def table(d):
    """A table of few distinct values, so that its marginals can be listed."""
    rng = np.random.default_rng(d)
    sizes = [3, 2, 4, 2, 3, 2, 2, 2][:d]
    return np.column_stack([rng.integers(0, size, N) / 7 for size in sizes])


def signal(X):
    last = X[:, -1] * X[:, 1] * X[:, 2]
    return np.sin(9 * X[:, 0]) * X[:, 1] + (X[:, 2] > 0.2) * (1 + X[:, 0]) + 20 * last


def marginals(frame):
    """All combinations of the values of a table's columns, and their masses."""
    frame = pd.DataFrame(frame)
    columns = [frame[name].value_counts(normalize=True, dropna=False) for name in frame]
    rows = list(product(*(own.index for own in columns)))
    masses = np.array(list(product(*(own.to_numpy() for own in columns))))
    grid = pd.DataFrame(rows, columns=frame.columns).astype(frame.dtypes.to_dict())
    return grid, masses.prod(axis=1)


def games(predict, rows, background, masses):
    """The game of each row: mean answers by coalition, (2,) * d + (n_outputs,)."""
    d, found = background.shape[1], []
    for i in range(len(rows)):
        answers = []
        for mask in product([False, True], repeat=d):
            if isinstance(rows, np.ndarray):
                mixed = np.where(mask, rows[i], background)
            else:
                mixed = background.copy()
                for j, kept in enumerate(mask):
                    if kept:
                        own = rows.iloc[np.full(len(mixed), i), j].array
                        mixed.isetitem(j, own)
            answers.append(masses @ predict(mixed).reshape(len(mixed), -1))
        found.append(np.reshape(answers, (2,) * d + (-1,)))
    return np.array(found)


def shapley_values(game):
    d, values = game.ndim - 1, []
    for j in range(d):
        game_j = np.moveaxis(game, j, 0)
        gain, total = game_j[1] - game_j[0], 0.0
        for rest in product([0, 1], repeat=d - 1):
            s = sum(rest)
            total = total + factorial(s) * factorial(d - 1 - s) / factorial(d) * gain[rest]
        values.append(total)
    return np.array(values).T


def contrasts(game, keep):
    """Of each column, if every other is kept with this probability."""
    d, values = game.ndim - 1, []
    for j in range(d):
        game_j = np.moveaxis(game, j, 0)
        gain = game_j[1] - game_j[0]
        for _ in range(d - 1):
            gain = keep * gain[1] + (1 - keep) * gain[0]
        values.append(gain)
    return np.array(values).T


def explainer_of(model, X, background="marginals", kernel=None, **params):
    sampler = CoalitionSampler(background)
    kernel = ShapleyKernel() if kernel is None else kernel
    setting = {"method": "exact", "target": "all", "random_state": 0, "n_samples": 64}
    setting |= params
    return LimeExplainer(model, sampler=sampler, kernel=kernel, **setting).fit(X)


def check(model, X, rows, background="marginals", method="auto", both=False, **params):
    """Shapley values, Banzhaf values and those of an exponential kernel, all exact."""
    if isinstance(background, str):
        grid, masses = marginals(X)
        if isinstance(X, np.ndarray):
            grid = grid.to_numpy()
    else:
        grid, masses = background, np.full(len(background), 1 / len(background))
    own = explainer_of(model, X, background, response_method=method, **params)
    assert own.method_ == "exact"
    found = own.explain(rows, uncertainty=True)
    predict = getattr(model, found.meta["response_method"])
    expected = games(predict, rows, grid, masses)
    if both:
        expected = np.concatenate([-expected, expected], axis=-1)
    size = np.abs(expected).max()

    def agree(values, others):
        np.testing.assert_allclose(values, others, rtol=0, atol=1e-10 * size)

    agree(found.values, [shapley_values(game) for game in expected])
    empty = expected.reshape(len(expected), -1, expected.shape[-1])[:, 0]
    agree(found.intercepts, empty)
    agree(found.baselines, empty)
    agree(found.local_predictions, found.predictions)
    agree(found.values.sum(axis=2) + found.intercepts, found.predictions)
    assert not found.standard_errors.any()
    assert found.contributions() == found
    transformed = own.transform(rows)
    np.testing.assert_array_equal(transformed, found.values.reshape(len(transformed), -1))

    for kernel, keep in [
        (UniformKernel(), 0.5),
        (ExponentialKernel(1.5), 1 / (1 + np.exp(-0.5 / 1.5**2))),
    ]:
        own = explainer_of(model, X, background, kernel, response_method=method, **params)
        assert own.method_ == "exact"
        found = own.explain(rows)
        agree(found.values, [contrasts(game, keep) for game in expected])
        mean = np.moveaxis(expected, 0, -2)
        for _ in range(grid.shape[1]):
            mean = keep * mean[1] + (1 - keep) * mean[0]
        agree(found.baselines, mean)
        summed = found.contributions().values.sum(axis=2)
        agree(summed + found.baselines, found.local_predictions)


X = table(5)
SIGNAL = signal(X)
BINARY = SIGNAL > np.median(SIGNAL)
LEVELS = np.unique(SIGNAL)
THREE = np.digitize(SIGNAL, LEVELS[[len(LEVELS) // 3, len(LEVELS) // 2]])
# Values of the training table, between and beyond them.
ROWS = np.vstack([X[[3, 50]], X[7] + 0.05, [-1.0, 2.0, 0.2, 0.0, 3.0]])
BACKGROUND = np.vstack([X[[1, 2, 80]], RNG.normal(size=(2, 5))])


@pytest.mark.parametrize("background", ["marginals", BACKGROUND], ids=["marginals", "rows"])
@pytest.mark.parametrize(
    ("model", "y", "method"),
    [
        (tree.DecisionTreeClassifier(random_state=0), BINARY, "auto"),
        (tree.DecisionTreeRegressor(max_depth=1), SIGNAL, "auto"),
        (en.RandomForestRegressor(10, random_state=0), SIGNAL, "auto"),
        (en.RandomForestClassifier(10, random_state=0), THREE, "auto"),
        (en.ExtraTreesRegressor(7, random_state=0), SIGNAL, "auto"),
        (en.GradientBoostingRegressor(n_estimators=20), SIGNAL, "auto"),
        (en.HistGradientBoostingRegressor(max_iter=20), SIGNAL, "auto"),
        (en.HistGradientBoostingClassifier(max_iter=9), THREE, "decision_function"),
        (lm.LinearRegression(), SIGNAL, "auto"),
        (lm.LogisticRegression(), THREE, "decision_function"),
        (make_pipeline(StandardScaler(), lm.Ridge()), SIGNAL, "auto"),
        (make_pipeline(StandardScaler(), tree.DecisionTreeRegressor()), SIGNAL, "auto"),
        (SVR(), SIGNAL, "auto"),
        (make_pipeline(StandardScaler(), SVR(C=10)), SIGNAL, "auto"),
        (KernelRidge(kernel="laplacian"), SIGNAL, "auto"),
        (KernelRidge(kernel="poly", degree=3), SIGNAL, "auto"),
        (
            GaussianProcessRegressor(
                ConstantKernel(2.0) * RBF(0.3) + WhiteKernel(0.1), optimizer=None
            ),
            SIGNAL,
            "auto",
        ),
        (make_pipeline(PolynomialFeatures(2), lm.Ridge()), SIGNAL, "auto"),
        (make_pipeline(RBFSampler(random_state=0), lm.Ridge()), SIGNAL, "auto"),
        (
            make_pipeline(Nystroem(n_components=5, random_state=0), lm.Ridge()),
            SIGNAL,
            "auto",
        ),
        (lm.PoissonRegressor(), SIGNAL - SIGNAL.min(), "auto"),
        (lm.LogisticRegression(), BINARY, "auto"),
        (make_pipeline(StandardScaler(), lm.LogisticRegression(C=100)), BINARY, "auto"),
        (GaussianNB(), BINARY, "auto"),
        (en.GradientBoostingClassifier(max_depth=1, n_estimators=9), BINARY, "auto"),
        (CalibratedClassifierCV(lm.Perceptron(), ensemble=False), BINARY, "auto"),
        (
            en.VotingClassifier(
                [("a", lm.LogisticRegression()), ("b", tree.DecisionTreeClassifier())],
                voting="soft",
            ),
            BINARY,
            "auto",
        ),
        (
            en.VotingRegressor(
                [("a", SVR()), ("b", make_pipeline(StandardScaler(), lm.Ridge()))]
            ),
            SIGNAL,
            "auto",
        ),
        (
            en.BaggingRegressor(tree.DecisionTreeRegressor(), 3, max_features=3),
            SIGNAL,
            "auto",
        ),
    ],
    ids=lambda own: type(own).__name__ if hasattr(own, "fit") else None,
)
def test_all_coalitions(model, y, method, background):
    check(model.fit(X, y), X, ROWS, background, method)


def test_probabilities_far_from_the_training_table():
    model = lm.LogisticRegression(C=100).fit(X, BINARY)
    far = np.array([[30.0, -20, 5, 1, 0], [-90, 8, 1, 0, 0], [0, 0, -70, 30, 1]])
    far /= np.abs(model.decision_function(far)).max() / 300
    check(model, X, far)
    check(model, X, far, BACKGROUND)
    # Further out, nodes of the quadrature are too many.
    with pytest.raises(ValueError, match=r"row 0: .* reaches .* draws are faster"):
        explainer_of(model, X).transform(1e4 * far)
    auto = explainer_of(model, X, BACKGROUND, method="auto").explain(1e4 * far)
    game = games(model.predict_proba, 1e4 * far, BACKGROUND, np.full(5, 0.2))
    np.testing.assert_allclose(auto.values, list(map(shapley_values, game)), atol=1e-9)


@pytest.mark.parametrize("background", ["marginals", "far"])
@pytest.mark.parametrize(
    "model",
    [
        GaussianProcessRegressor(RBF(300.0) * DotProduct() ** 3, alpha=0.1, optimizer=None),
        MultiOutputRegressor(SVR(kernel="poly", degree=10, coef0=1.0, gamma=0.1)),
        en.VotingRegressor(
            [("a", KernelRidge(kernel="poly", degree=9, gamma=0.1)), ("b", lm.Ridge())]
        ),
    ],
    ids=lambda own: type(own).__name__,
)
def test_powers_far_from_the_training_table(model, background):
    y = SIGNAL[::4]
    several = isinstance(model, MultiOutputRegressor)
    model.fit(X[::4], np.column_stack([y, y**2]) if several else y)
    # Each row by itself: what is far out in one must not hide what is wrong in another.
    for times in [4.0, 50.0]:
        rows = times * ROWS[2:] - 0.1
        check(model, X, rows, 20.0 * BACKGROUND if background == "far" else background)


def test_powers_too_large_for_numbers_are_refused():
    kernel = RBF(300.0) * DotProduct() ** 3
    model = GaussianProcessRegressor(kernel, alpha=0.1, optimizer=None).fit(X, SIGNAL)
    own = explainer_of(model, X)
    with pytest.raises(ValueError, match=r"row 0: values are too large for the powers"):
        own.transform(1e200 * (1.0 + X[:1]))


def test_one_hot_bins():
    bins = KBinsDiscretizer(3, strategy="uniform")
    model = make_pipeline(bins, lm.Ridge()).fit(X, SIGNAL)
    # Those that training had.
    check(model, X, X[[3, 7, 50]])
    check(model, X, X[[3, 7, 50]], X[:4])


@pytest.mark.parametrize("model", [SVC(), lm.LogisticRegression(), en.AdaBoostClassifier])
def test_binary_margins_have_both_signs(model):
    if model is en.AdaBoostClassifier:
        model = en.GradientBoostingClassifier(n_estimators=9)
    model = model.fit(X, BINARY)
    check(model, X, ROWS, "marginals", "decision_function", both=True)


@pytest.mark.parametrize("background", ["marginals", 3], ids=["marginals", "rows"])
@pytest.mark.parametrize("d", [3, 4, 6, 7, 8])
def test_numbers_of_columns(d, background):
    X = table(d)
    background = background if background == "marginals" else X[:background]
    forest = en.RandomForestRegressor(4, random_state=0).fit(X, signal(X))
    check(forest, X, X[5:7], background)
    check(SVR(gamma=3.0).fit(X, signal(X)), X, X[5:7] + 0.1, background)


@pytest.mark.parametrize("background", ["marginals", BACKGROUND], ids=["marginals", "rows"])
def test_trees_too_deep_for_tables(background, monkeypatch):
    # As a forest whose tables would not fit into memory.
    monkeypatch.setattr(coalitions_of_trees, "_MOST_TABULATED", 0)
    forest = en.RandomForestClassifier(10, random_state=0).fit(X, THREE)
    check(forest, X, ROWS, background)
    boosted = en.HistGradientBoostingRegressor(max_iter=20).fit(X, SIGNAL)
    check(boosted, X, ROWS, background)


def test_one_row_and_medians_as_background():
    forest = en.RandomForestRegressor(10, random_state=0).fit(X, SIGNAL)
    for background, row in [(X[4], X[4]), ("median", np.median(X, axis=0))]:
        found = explainer_of(forest, X, background).transform(ROWS)
        expected = explainer_of(forest, X, row[np.newaxis]).transform(ROWS)
        np.testing.assert_array_equal(found, expected)
    check(forest, X, ROWS, X[4:5])


FRAME = pd.DataFrame(
    {
        "colour": RNG.choice(["red", "green", "blue"], N),
        "size": pd.Categorical(RNG.choice(["s", "m", "l"], N), ["s", "m", "l"]),
        "age": np.where(RNG.random(N) < 0.2, np.nan, RNG.integers(0, 3, N) * 10.0),
        "count": RNG.integers(0, 3, N),
    }
)
PAID = (
    3.0 * (FRAME["colour"] == "red") * (FRAME["size"] == "s")
    + FRAME["age"].fillna(7.0) * FRAME["count"]
).to_numpy()


def encoded(last, **onehot):
    kinds = OneHotEncoder(handle_unknown="ignore", **onehot), ["colour", "size"]
    numbers = make_pipeline(SimpleImputer(add_indicator=True)), ["age", "count"]
    return make_pipeline(make_column_transformer(kinds, numbers), last)


@pytest.mark.parametrize("background", ["marginals", 4], ids=["marginals", "rows"])
@pytest.mark.parametrize(
    "model",
    [
        encoded(en.RandomForestRegressor(10, random_state=0)),
        encoded(lm.Ridge()),
        encoded(SVR(), sparse_output=False),
        make_pipeline(
            make_column_transformer(
                (OrdinalEncoder(), ["colour", "size"]), remainder="passthrough"
            ),
            en.HistGradientBoostingRegressor(max_iter=9, categorical_features=[0, 1]),
        ),
    ],
    ids=["forest", "linear", "svr", "categories"],
)
def test_frames(model, background):
    background = background if background == "marginals" else FRAME.iloc[:background]
    check(model.fit(FRAME, PAID), FRAME, FRAME.iloc[[2, 5, 9, 30]], background)


@pytest.mark.parametrize("last", [en.RandomForestRegressor(10, random_state=0), lm.Ridge()])
def test_values_that_training_never_had(last):
    model = encoded(last).fit(FRAME, PAID)
    rows = FRAME.iloc[[0, 1, 2]].copy()
    rows["colour"] = rows["colour"].astype(object)
    rows.iloc[0, 0], rows.iloc[1, 2] = "violet", 12.5
    rows["count"] = rows["count"].astype(float)
    rows.iloc[2, 3] = np.nan
    check(model, FRAME, rows)
    check(model, FRAME, rows, FRAME.iloc[[7, 8]])


@pytest.mark.parametrize("library", ["xgboost", "lightgbm", "catboost"])
@pytest.mark.parametrize("background", ["marginals", BACKGROUND], ids=["marginals", "rows"])
def test_boosting_libraries(library, background):
    module = pytest.importorskip(library)
    name, params = {
        "xgboost": ("XGBRegressor", {"n_estimators": 9, "base_score": 0.5}),
        "lightgbm": ("LGBMRegressor", {"n_estimators": 9, "verbose": -1}),
        "catboost": (
            "CatBoostRegressor",
            {"iterations": 9, "verbose": 0, "allow_writing_files": False},
        ),
    }[library]
    model = getattr(module, name)(**params, random_state=0).fit(X, SIGNAL)
    grid = marginals(X)[0].to_numpy() if isinstance(background, str) else background
    found = explainer_of(model, X, background).explain(ROWS)
    masses = marginals(X)[1] if isinstance(background, str) else np.full(5, 0.2)
    expected = games(model.predict, ROWS, grid, masses)
    expected = np.array([shapley_values(game) for game in expected])
    # They answer in single precision.
    atol = 1e-10 if library == "catboost" else 2e-6
    np.testing.assert_allclose(found.values, expected, atol=atol * np.ptp(SIGNAL))


@pytest.mark.parametrize("n_pairs", [0, 3])
@pytest.mark.parametrize("background", ["marginals", BACKGROUND], ids=["marginals", "rows"])
def test_explainable_boosting_machines(n_pairs, background):
    interpret = pytest.importorskip("interpret.glassbox")
    params = {"outer_bags": 2, "max_rounds": 60, "random_state": 0, "n_jobs": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = interpret.ExplainableBoostingRegressor(interactions=n_pairs, **params)
        model.fit(X, SIGNAL)
        check(model, X, ROWS, background)


CANCER, MALIGNANT = load_breast_cancer(return_X_y=True)
# Ranks, as trees compare in single precision, which shap does not.
CANCER = 4.0 * np.argsort(np.argsort(CANCER, axis=0), axis=0)


class TestBesideShap:
    """The interventional values of shap, on the same 50 background rows."""

    background, rows = CANCER[::11][:50], CANCER[[0, 100, 200, 300, 568]]

    def test_forest(self):
        forest = en.RandomForestClassifier(50, random_state=0).fit(CANCER, MALIGNANT)
        found = explainer_of(forest, CANCER, self.background, target=1).explain(self.rows)
        beside = shap.TreeExplainer(
            forest, self.background, feature_perturbation="interventional"
        )
        expected = beside.shap_values(self.rows)[:, :, 1]
        np.testing.assert_allclose(found.values, expected, atol=1e-6)
        np.testing.assert_allclose(found.intercepts, beside.expected_value[1], atol=1e-6)

    def test_xgboost_margin(self):
        xgboost = pytest.importorskip("xgboost")
        model = xgboost.XGBClassifier(n_estimators=40, random_state=0)
        model.fit(CANCER, MALIGNANT)
        method = {"response_method": "decision_function", "target": 1}
        found = explainer_of(model, CANCER, self.background, **method).transform(self.rows)
        beside = shap.TreeExplainer(
            model, self.background, feature_perturbation="interventional"
        )
        expected = beside.shap_values(self.rows)
        np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max() * 9)

    def test_linear(self):
        model = lm.LinearRegression().fit(CANCER, MALIGNANT)
        found = explainer_of(model, CANCER, self.background).transform(self.rows)
        masker = shap.maskers.Independent(self.background, max_samples=50)
        expected = shap.LinearExplainer(model, masker).shap_values(self.rows)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_forest_of_30_columns_adds_up():
    forest = en.RandomForestClassifier(100, random_state=0).fit(CANCER, MALIGNANT)
    found = explainer_of(forest, CANCER, target=1).explain(CANCER[:100])
    np.testing.assert_allclose(
        found.values.sum(axis=1) + found.intercepts, found.predictions, atol=1e-10
    )
    unused = np.setdiff1d(
        np.arange(30), np.concatenate([own.tree_.feature for own in forest.estimators_])
    )
    assert not found.values[:, unused].any()


@pytest.mark.parametrize(
    "model",
    [en.RandomForestRegressor(10, random_state=0), lm.LinearRegression(), SVR()],
)
@pytest.mark.parametrize("background", ["marginals", BACKGROUND], ids=["marginals", "rows"])
def test_a_row_s_values_do_not_depend_on_its_batch(model, background):
    explainer = explainer_of(model.fit(X, SIGNAL), X, background)
    rows = np.vstack([X, ROWS])
    together = explainer.transform(rows)
    for part in [slice(0, 1), slice(5, 18), slice(100, 124)]:
        np.testing.assert_array_equal(explainer.transform(rows[part]), together[part])
    again = pickle.loads(pickle.dumps(explainer))
    np.testing.assert_array_equal(again.transform(rows), together)


def test_closed_forms_behind_steps_are_pickled():
    for last in (en.RandomForestRegressor(5, random_state=0), lm.LogisticRegression()):
        model = encoded(last).fit(FRAME, PAID > 10)
        explainer = explainer_of(model, FRAME, FRAME.iloc[:5])
        again = pickle.loads(pickle.dumps(explainer))
        expected = explainer.transform(FRAME)
        np.testing.assert_array_equal(again.transform(FRAME), expected)


def test_auto_takes_the_closed_form_and_selectors_keep_values():
    forest = en.RandomForestRegressor(10, random_state=0).fit(X, SIGNAL)
    every = explainer_of(forest, X, method="auto", target="auto")
    assert every.method_ == "exact"
    found = every.transform(ROWS)
    best = explainer_of(forest, X, target="auto", selector=HighestWeights(2))
    kept = best.transform(ROWS)
    assert ((kept != 0).sum(axis=1) <= 2).all()
    np.testing.assert_array_equal(kept[kept != 0], found[kept != 0])
    smallest = np.where(kept != 0, np.abs(kept), np.inf).min(axis=1)
    assert (np.where(kept == 0, np.abs(found), 0.0).max(axis=1) <= smallest).all()


def test_targets():
    forest = en.RandomForestClassifier(10, random_state=0).fit(X, THREE)
    every = explainer_of(forest, X).explain(ROWS)
    own = explainer_of(forest, X, target="predicted").explain(ROWS)
    classes = forest.predict(ROWS)
    np.testing.assert_array_equal(own.values, every.values[np.arange(len(ROWS)), classes])
    np.testing.assert_array_equal(
        explainer_of(forest, X, target=2).transform(ROWS), every.values[:, 2]
    )


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (KNeighborsRegressor(), "KNeighborsRegressor"),
        (make_pipeline(PCA(3), tree.DecisionTreeRegressor()), "mixes columns"),
        (make_pipeline(KMeans(3, n_init=1), tree.DecisionTreeRegressor()), "mixes columns"),
    ],
    ids=["neighbours", "components", "clusters"],
)
def test_no_closed_form_says_why(model, reason):
    model = model.fit(X, SIGNAL)
    for background in ("marginals", BACKGROUND):
        with pytest.raises(ValueError, match=reason):
            explainer_of(model, X, background)
        assert explainer_of(model, X, background, method="auto").method_ == "sampling"


def _mixed_far_out(table):
    """As given, but for rows far out, where one column is added to another."""
    table = np.array(table, dtype=float)
    table[table[:, 0] > 10.0, 1] += 5.0 * table[table[:, 0] > 10.0, 2]
    return table


def test_steps_that_mix_columns_beyond_the_training_values_are_noticed():
    steps = FunctionTransformer(_mixed_far_out)
    model = make_pipeline(steps, lm.LinearRegression()).fit(X, SIGNAL)
    rows = np.vstack([ROWS[:1], [12.0, 1.0, 2.0, 0.0, 1.0]])
    exact = explainer_of(model, X, BACKGROUND)
    with pytest.raises(ValueError, match=r"for row 1: .* a number beyond those that"):
        exact.transform(rows)
    found = explainer_of(model, X, BACKGROUND, method="auto").transform(rows)
    game = games(model.predict, rows, BACKGROUND, np.full(5, 0.2))
    expected = np.array([shapley_values(own).ravel() for own in game])
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_linear_models_behind_steps_that_mix_columns():
    model = make_pipeline(PCA(3), lm.LinearRegression()).fit(X, SIGNAL)
    found = explainer_of(model, X, BACKGROUND).explain(ROWS)
    game = games(model.predict, ROWS, BACKGROUND, np.full(5, 0.2))
    np.testing.assert_allclose(found.values, list(map(shapley_values, game)), atol=1e-10)


def test_a_kernel_that_is_no_product_is_named():
    forest = en.RandomForestRegressor(10, random_state=0).fit(X, SIGNAL)
    kernel = ExponentialKernel(1.0, metric="cosine")
    with pytest.raises(ValueError, match="not a product over columns"):
        explainer_of(forest, X, BACKGROUND, kernel)


def test_a_gap_that_a_step_fills_from_other_columns_is_sampled():
    model = make_pipeline(KNNImputer(), tree.DecisionTreeRegressor(random_state=0))
    model.fit(X, SIGNAL)
    rows = X[:3].copy()
    rows[1, 0] = np.nan
    auto = explainer_of(model, X, BACKGROUND, method="auto", n_samples=64)
    assert auto.method_ == "exact"
    found = auto.explain(rows)
    # Of so few columns all coalitions are listed.
    game = games(model.predict, rows, BACKGROUND, np.full(5, 0.2))
    np.testing.assert_allclose(found.values, list(map(shapley_values, game)), atol=1e-9)
    with pytest.raises(ValueError, match=r"row 1.*mixes columns"):
        explainer_of(model, X, BACKGROUND).transform(rows)


def test_a_step_that_answers_otherwise_to_new_values_is_sampled():
    # A column that is constant in training, and another feature where it is not.
    constant = X.copy()
    constant[:, 3] = 1.0
    model = make_pipeline(FunctionTransformer(np.sqrt), lm.LinearRegression())
    model.fit(constant, SIGNAL)
    rows = constant[:2].copy()
    rows[1, 3] = 4.0
    found = explainer_of(model, constant, X[:2], method="auto").explain(rows)
    game = games(model.predict, rows, X[:2], np.full(2, 0.5))
    np.testing.assert_allclose(found.values, list(map(shapley_values, game)), atol=1e-9)


def test_weights_of_rows_count_in_the_background():
    weights = RNG.integers(0, 4, N)
    model = en.RandomForestRegressor(10, random_state=0).fit(X, SIGNAL)
    sampler = CoalitionSampler()
    setting = {"sampler": sampler, "kernel": ShapleyKernel(), "method": "exact"}
    own = LimeExplainer(model, **setting, random_state=0)
    found = own.fit(X, sample_weight=weights).transform(ROWS)
    repeated = own.fit(np.repeat(X, weights, axis=0)).transform(ROWS)
    np.testing.assert_allclose(found, repeated, atol=1e-12)


@pytest.mark.parametrize("width", [0.2, 0.05, 1e-3])
@pytest.mark.parametrize("model", [en.RandomForestRegressor(10, random_state=0), SVR()])
def test_narrow_kernels_keep_nearly_all_columns(model, width):
    model.fit(X, SIGNAL)
    found = explainer_of(model, X, BACKGROUND, ExponentialKernel(width)).transform(ROWS)
    keep = 1 / (1 + np.exp(-0.5 / width**2))
    game = games(model.predict, ROWS, BACKGROUND, np.full(5, 0.2))
    expected = [contrasts(one, keep)[0] for one in game]
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_large_backgrounds():
    rng = np.random.default_rng(1)
    background = rng.choice(X.ravel(), size=(3000, 5))
    forest = en.RandomForestRegressor(5, random_state=0).fit(X, SIGNAL)
    check(forest, X, ROWS[:2], background)
    check(lm.LogisticRegression().fit(X, BINARY), X, ROWS[:2], background)


def test_models_and_columns_that_say_nothing():
    stump = tree.DecisionTreeRegressor(random_state=0).fit(X, np.ones(N))
    check(stump, X, ROWS)
    constant = X.copy()
    constant[:, 2] = 3.0
    forest = en.RandomForestRegressor(5, random_state=0).fit(constant, SIGNAL)
    check(forest, constant, ROWS)
    assert not explainer_of(forest, constant).transform(ROWS)[:, 2].any()
    one = en.RandomForestRegressor(5, random_state=0).fit(X[:, :1], SIGNAL)
    check(one, X[:, :1], ROWS[:, :1])


def test_frames_of_polars():
    pl = pytest.importorskip("polars")
    table = pl.from_pandas(FRAME[["age", "count"]]).with_columns(
        pl.Series("colour", FRAME["colour"].to_numpy())
    )
    kinds = OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["colour"]
    rest = SimpleImputer(), ["age", "count"]
    model = make_pipeline(make_column_transformer(kinds, rest), lm.Ridge()).fit(table, PAID)
    found = explainer_of(model, table).transform(table[:3])
    pandas = table.to_pandas()
    expected = explainer_of(model, pandas).transform(pandas.iloc[:3])
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(("n_rows", "n_draws"), [(5, 512), (50, 81), (100, 64)])
def test_explanations_tell_fidelity_of_all_coalitions(n_rows, n_draws):
    # Of many background rows fewer draws, as each asks about as many copies.
    background = np.resize(BACKGROUND, (n_rows, 5))
    forest = en.RandomForestRegressor(10, random_state=0).fit(X, SIGNAL)
    own = explainer_of(forest, X, background, UniformKernel(), n_samples=4096)
    found = own.explain(ROWS)
    masses = np.full(n_rows, 1 / n_rows)
    game = games(forest.predict, ROWS, background, masses).reshape(len(ROWS), -1)
    masks = np.array(list(product([0, 1], repeat=5)))
    expected = [lm.LinearRegression().fit(masks, v).score(masks, v) for v in game]
    np.testing.assert_allclose(found.scores[:, 0], expected, atol=1e-9)
    assert found.meta["scores"] == f"on {n_draws} draws"


def test_factors_that_underflow_and_margins_of_a_million():
    narrow = SVR(gamma=1e6).fit(X, SIGNAL)
    check(narrow, X, ROWS, BACKGROUND)
    steep = lm.LogisticRegression(C=100).fit(X, BINARY)
    steep.coef_ *= 1e6
    steep.intercept_ *= 1e6
    with pytest.raises(ValueError, match="reaches"):
        explainer_of(steep, X, BACKGROUND)
    auto = explainer_of(steep, X, BACKGROUND, method="auto").explain(ROWS)
    assert auto.meta["method"] == "sampling"
    game = games(steep.predict_proba, ROWS, BACKGROUND, np.full(5, 0.2))
    np.testing.assert_allclose(auto.values, list(map(shapley_values, game)), atol=1e-9)
