"""Closed forms of catboost's models and of boosters, against lists of all combinations."""

from functools import partial
from itertools import product
from math import comb

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from catboost import CatBoost, CatBoostClassifier, CatBoostRanker, CatBoostRegressor
from sklearn.base import clone
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    GradientBoostingClassifier,
    IsolationForest,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel, ShapleyKernel
from sklime.samplers import CoalitionSampler, MarginalSampler

rng = np.random.default_rng(0)
N = 120
X = np.column_stack(
    [
        rng.integers(0, 6, N) / 7,
        rng.integers(0, 5, N) * 1.0,
        rng.choice([0.1, 0.2, 0.3, 10.0], N),
        rng.integers(0, 2, N) * 1.0,
    ]
)
SIGNAL = np.sin(5 * X[:, 0]) * X[:, 1] + (X[:, 2] > 0.2) * (1 + X[:, 3])
BINARY = (SIGNAL > np.median(SIGNAL)) * 1
THREE = np.digitize(SIGNAL, np.quantile(SIGNAL, [0.3, 0.7]))
TWO = np.column_stack([SIGNAL, X[:, 0] - X[:, 3]])
GAPS = np.where(rng.random(X.shape) < 0.15, np.nan, X)
FRAME = pd.DataFrame(
    {
        "number": GAPS[:, 0],
        "colour": rng.choice(["red", "grün", "blue", "a text longer than others" * 4], N),
        "level": X[:, 1],
        "size": pd.Categorical(rng.choice(["s", "m", "l"], N)),
        "plan": rng.integers(0, 4, N),
        "flag": X[:, 3] > 0,
    }
)
NOMINAL = ["colour", "size", "plan", "flag"]
PAID = (FRAME["colour"] == "red") * 2.0 + (FRAME["plan"] == 3) * FRAME["level"]
PAID += (FRAME["size"] == "m") * FRAME["flag"]
SHAPES = ["SymmetricTree", "Depthwise", "Lossguide"]


def cat(kind=CatBoostRegressor, **params):
    params = {"iterations": 12, "depth": 4, "verbose": 0, "thread_count": 1, **params}
    params |= {"allow_writing_files": False, "random_seed": 0}
    return kind(params) if kind is CatBoost else kind(**params)


def nominal(kind=CatBoostRegressor, **params):
    return cat(kind, cat_features=NOMINAL, one_hot_max_size=10, **params)


def compare(model, table, answers, response_method="auto", single=False):
    """Hold the closed form of a fitted model against all combinations of a small table.

    `answers` gives the model's own, one or several columns; `single` says that it sums in
    single precision, so that no more digits can agree.
    """
    explainer = LimeExplainer(
        model,
        sampler=MarginalSampler(n_bins=3),
        kernel=ExponentialKernel(width=1.0),
        method="exact",
        response_method=response_method,
        target="all",
    ).fit(table)
    rows = [0, 7, 31]
    values = explainer.explain(table[:40])[rows].values
    values = values if values.ndim == 3 else values[:, np.newaxis]
    columns = explainer.sampler_.columns_
    at = np.array(list(product(*(range(len(own.values)) for own in columns))))
    E = np.column_stack([own.values[at[:, j]] for j, own in enumerate(columns)])
    masses = np.prod([own.masses[at[:, j]] for j, own in enumerate(columns)], axis=0)
    inputs = explainer.sampler_.format_.decode(E)
    f = np.reshape(answers(inputs), (len(E), -1))
    if f.shape[1] == 1 and values.shape[1] == 2:  # a margin, both classes
        f = np.column_stack([-f, f])
    for row, found in zip(rows, values, strict=True):
        Z = explainer.sampler_.interpret(inputs, table[row : row + 1])
        weight = masses * np.exp((Z.sum(axis=1) - Z.shape[1]) / 2)
        # Under independent columns coefficients are differences of weighted means.
        expected = np.zeros_like(found)
        for j, z in enumerate(Z.T > 0):
            if 0 < z.sum() < len(z):
                inside, outside = (
                    np.average(f[own], axis=0, weights=weight[own]) for own in (z, ~z)
                )
                expected[:, j] = inside - outside
        tolerance = (1e-6 if single else 1e-10) * np.ptp(f)
        np.testing.assert_allclose(found, expected, atol=tolerance, rtol=0)
    return explainer


# ------------------------------------------------------------------------------ catboost


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("gaps", [None, "Min", "Max"])
def test_regressors_of_catboost(shape, gaps):
    table = X if gaps is None else GAPS
    model = cat(grow_policy=shape, nan_mode=gaps or "Forbidden").fit(table, SIGNAL + 3)
    compare(model, table, model.predict)


@pytest.mark.parametrize("shape", SHAPES)
def test_gaps_that_training_never_had(shape):
    model = cat(grow_policy=shape, nan_mode="Max").fit(X, SIGNAL)
    compare(model, GAPS, model.predict)


@pytest.mark.parametrize(
    "loss",
    ["MAE", "Quantile:alpha=0.3", "Huber:delta=1", "LogLinQuantile", "Lq:q=3", "Expectile"],
)
def test_losses_of_catboost_without_a_link(loss):
    loss = "Expectile:alpha=0.3" if loss == "Expectile" else loss
    model = cat(loss_function=loss).fit(X, SIGNAL)
    compare(model, X, model.predict)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("loss", ["MultiRMSE", "MultiQuantile:alpha=0.2,0.8"])
def test_several_outputs_of_catboost(shape, loss):
    y = TWO if loss == "MultiRMSE" else SIGNAL
    model = cat(grow_policy=shape, loss_function=loss).fit(X, y)
    compare(model, X, model.predict)


def raw(model):
    return partial(model.predict, prediction_type="RawFormulaVal")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("y", [BINARY, THREE], ids=["binary", "three"])
@pytest.mark.parametrize("one_vs_all", [False, True])
def test_margins_of_catboost(shape, y, one_vs_all):
    loss = {"loss_function": "MultiClassOneVsAll"} if one_vs_all and y is THREE else {}
    model = cat(CatBoostClassifier, grow_policy=shape, **loss).fit(GAPS, y)
    compare(model, GAPS, raw(model), "decision_function")
    compare(FunctionRegressor(raw(model)), GAPS, raw(model))


@pytest.mark.parametrize("wrapped", ["pipeline", "frozen", "search"])
def test_margins_of_catboost_inside_wrappers(wrapped):
    model = cat(CatBoostClassifier)
    model = {
        "pipeline": lambda: make_pipeline(StandardScaler(), model),
        "frozen": lambda: FrozenEstimator(model.fit(X, BINARY)),
        "search": lambda: GridSearchCV(model, {"depth": [3]}, cv=2),
    }[wrapped]().fit(X, BINARY)
    answers = raw(model.best_estimator_ if wrapped == "search" else model)
    compare(model, X, answers, "decision_function")


@pytest.mark.parametrize("loss", ["RMSE", "Logloss", "MultiClass", "Poisson"])
def test_plain_models_of_catboost(loss):
    y = {"RMSE": SIGNAL, "Logloss": BINARY, "MultiClass": THREE, "Poisson": THREE}[loss]
    model = cat(CatBoost, loss_function=loss).fit(X, y)
    method = "auto" if loss in ("RMSE", "Poisson") else "decision_function"
    compare(model, X, raw(model), method)


def test_rankers_of_catboost():
    model = cat(CatBoostRanker).fit(X, THREE, group_id=np.arange(N) // 10)
    compare(model, X, model.predict)


def test_scale_bias_and_weighted_sums_of_catboost():
    model = cat().fit(X, SIGNAL)
    model.set_scale_and_bias(-2.5, 7.0)
    compare(model, X, model.predict)


@pytest.mark.parametrize("shape", SHAPES)
def test_categories_of_catboost_by_one_hot(shape):
    model = nominal(grow_policy=shape).fit(FRAME, PAID)
    compare(model, FRAME, model.predict)
    model = nominal(CatBoostClassifier, grow_policy=shape).fit(FRAME, PAID > 1)
    compare(model, FRAME, raw(model), "decision_function")


@pytest.mark.parametrize("kind", [int, object])
def test_categories_of_catboost_in_arrays(kind):
    table = np.column_stack([FRAME["plan"], X[:, 1] * 3, THREE]).astype(int).astype(kind)
    if kind is object:
        table[:, 0] = FRAME["colour"]
    model = cat(cat_features=[0, 2], one_hot_max_size=10).fit(table, PAID)
    compare(model, table, model.predict)


def test_categories_that_catboost_never_saw():
    model = nominal().fit(FRAME, PAID)
    other = FRAME.copy()
    other["size"] = other["size"].cat.rename_categories({"m": "huge"})
    other.loc[::3, "colour"] = "a new one"
    other.loc[1::5, "plan"] = 17
    compare(model, other, model.predict)


def test_one_row_with_an_unseen_category_is_answered_by_the_model():
    model = nominal().fit(FRAME, PAID)
    row = FRAME.iloc[[3]].assign(colour="never seen")
    settings = {"sampler": MarginalSampler(n_bins=3), "target": "all"}
    exact = LimeExplainer(model, method="exact", **settings).fit(FRAME)
    found = exact.explain(row).values[0, 0]
    # What 16,384 draws say of the row, with the value put into each of them.
    sampled = LimeExplainer(
        model, method="sampling", n_samples=16_384, random_state=0, **settings
    ).fit(FRAME)
    close = sampled.explain(row, uncertainty=True)
    allowed = 4 * close.standard_errors[0, 0] + 0.01 * np.abs(found).max()
    assert (np.abs(found - close.values[0, 0]) <= allowed).all()
    assert found[1] != 0


def test_values_at_and_beside_the_borders():
    smooth = rng.normal(size=(300, 2)) * [1, 1e6]
    model = cat(depth=2).fit(smooth, np.sin(smooth / [1, 1e6]).sum(axis=1))
    columns = []
    for borders in model.get_borders().values():
        own = np.array(borders[:4], dtype=np.float32)
        beside = [np.nextafter(own, np.float32(side)) for side in (-np.inf, np.inf)]
        halves = [(own.astype(float) + other) / 2 for other in beside]
        columns.append(rng.permutation(np.tile(np.concatenate([own, *beside, *halves]), 3)))
    table = np.column_stack(columns).astype(float)
    compare(model, table, model.predict)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_model_of_one_shallow_tree(shape):
    model = cat(iterations=1, depth=1, grow_policy=shape).fit(X, SIGNAL)
    compare(model, X, model.predict)


@pytest.mark.parametrize("shape", SHAPES)
def test_probabilities_of_stumps_of_catboost(shape):
    model = cat(CatBoostClassifier, depth=1, grow_policy=shape).fit(GAPS, BINARY)
    compare(model, GAPS, model.predict_proba)
    model = nominal(CatBoostClassifier, depth=1, grow_policy=shape).fit(FRAME, PAID > 1)
    compare(model, FRAME, model.predict_proba)


@pytest.mark.parametrize("shape", SHAPES)
def test_shapley_values_of_catboost(shape):
    model = nominal(grow_policy=shape).fit(FRAME, PAID)
    explainer = LimeExplainer(
        model, sampler=CoalitionSampler(), kernel=ShapleyKernel(), method="exact"
    ).fit(FRAME)
    columns = [FRAME[name].value_counts(normalize=True, dropna=False) for name in FRAME]
    indices = list(product(*(range(len(own)) for own in columns)))
    at = np.array(indices)
    table = pd.DataFrame(
        {
            name: pd.Series(own.index[at[:, j]]).astype(FRAME.dtypes[name])
            for j, (name, own) in enumerate(zip(FRAME, columns, strict=True))
        }
    )
    masses = np.prod([own.to_numpy()[at[:, j]] for j, own in enumerate(columns)], axis=0)
    f, d = model.predict(table), len(columns)
    for i, found in zip([0, 5], explainer.transform(FRAME.iloc[[0, 5]]), strict=True):
        same = np.column_stack(
            [
                own.index[at[:, j]].isin([FRAME[name].iloc[i]])
                for j, (name, own) in enumerate(zip(FRAME, columns, strict=True))
            ]
        )
        worth = {}
        for kept in product([False, True], repeat=d):
            own = same[:, np.array(kept)].all(axis=1)
            worth[kept] = np.average(f[own], weights=masses[own])
        expected = np.zeros(d)
        for kept, value in worth.items():
            n = sum(kept)
            for j in range(d):
                if not kept[j]:
                    more = worth[(*kept[:j], True, *kept[j + 1 :])]
                    expected[j] += (more - value) / (d * comb(d - 1, n))
        np.testing.assert_allclose(found, expected, atol=1e-10 * np.ptp(f), rtol=0)


def texts():
    words = np.array([f"word{i} and other{i % 3}" for i in range(N)])
    return pd.DataFrame({"text": words, "number": X[:, 0]})


REFUSED = [
    (cat(cat_features=NOMINAL, one_hot_max_size=2), FRAME, PAID, "one_hot_max_size"),
    (cat(loss_function="Poisson"), X, THREE, "loss 'Poisson'"),
    (cat(loss_function="Tweedie:variance_power=1.5"), X, THREE, "loss 'Tweedie'"),
    (cat(loss_function="RMSEWithUncertainty"), X, SIGNAL, "loss 'RMSEWithUncertainty'"),
    (cat(CatBoostClassifier), X, BINARY, "prediction_type='RawFormulaVal'"),
    (
        cat(CatBoostClassifier, depth=1, loss_function="MultiClass"),
        X,
        BINARY,
        "prediction_type='RawFormulaVal'",
    ),
    (cat(text_features=["text"]), texts(), SIGNAL, "texts and embeddings"),
]


@pytest.mark.parametrize(("model", "table", "y", "reason"), REFUSED)
def test_what_has_no_closed_form_in_catboost_is_sampled(model, table, y, reason):
    model = model.copy().fit(table, y)
    found = LimeExplainer(model, n_samples=64, random_state=0).fit(table)
    assert found.method_ == "sampling"
    with pytest.raises(ValueError, match=reason):
        LimeExplainer(model, method="exact").fit(table)


# ------------------------------------------------------------------------------ boosters


def xgb_booster(objective, y, names=None, table=X, **params):
    params = {"objective": objective, "max_depth": 4, "nthread": 1, **params}
    matrix = xgboost.DMatrix(table, label=y, feature_names=names)
    return xgboost.train(params, matrix, num_boost_round=12)


def of_xgboost(booster, margin):
    names = booster.feature_names

    def answers(table):
        matrix = xgboost.DMatrix(table, feature_names=names)
        return booster.predict(matrix, output_margin=margin)

    return answers


def lgb_booster(objective, y, names="auto", table=X, **params):
    params = {"objective": objective, "num_leaves": 9, "min_data_in_leaf": 3, **params}
    params |= {"num_threads": 1, "verbose": -1, "seed": 0}
    return lightgbm.train(params, lightgbm.Dataset(table, y, feature_name=names), 12)


NAMES = ["a", "b", "c", "d"]


@pytest.mark.parametrize("names", [None, NAMES], ids=["nameless", "named"])
@pytest.mark.parametrize(
    ("objective", "y", "method"),
    [
        ("reg:squarederror", SIGNAL, "auto"),
        ("reg:squarederror", SIGNAL, "decision_function"),
        ("reg:squarederror", TWO, "auto"),
        ("binary:logistic", BINARY, "decision_function"),
        ("multi:softprob", THREE, "decision_function"),
        ("multi:softmax", THREE, "decision_function"),
        ("count:poisson", THREE, "decision_function"),
    ],
)
def test_boosters_of_xgboost(objective, y, method, names):
    more = {"num_class": 3} if objective.startswith("multi") else {}
    booster = xgb_booster(objective, y, names, table=GAPS, **more)
    answers = of_xgboost(booster, margin=method == "decision_function")
    compare(booster, GAPS, answers, method, single=True)
    if names is not None:
        frame = pd.DataFrame(GAPS, columns=names)
        compare(booster, frame, answers, method, single=True)


@pytest.mark.parametrize("names", ["auto", NAMES], ids=["nameless", "named"])
@pytest.mark.parametrize(
    ("objective", "y", "method"),
    [
        ("regression", SIGNAL, "auto"),
        ("regression", SIGNAL, "decision_function"),
        ("binary", BINARY, "decision_function"),
        ("multiclass", THREE, "decision_function"),
        ("multiclassova", THREE, "decision_function"),
        ("poisson", THREE, "decision_function"),
    ],
)
def test_boosters_of_lightgbm(objective, y, method, names):
    more = {"num_class": 3} if objective.startswith("multi") else {}
    booster = lgb_booster(objective, y, names, table=GAPS, **more)
    answers = partial(booster.predict, raw_score=method == "decision_function")
    compare(booster, GAPS, answers, method)
    frame = pd.DataFrame(GAPS, columns=NAMES)
    compare(booster, frame, answers, method)


@pytest.mark.parametrize("saved", ["json", "ubj"])
def test_a_saved_booster_of_xgboost_without_feature_names(tmp_path, saved):
    booster = xgb_booster("binary:logistic", BINARY)
    booster.save_model(tmp_path / f"model.{saved}")
    loaded = xgboost.Booster(model_file=tmp_path / f"model.{saved}")
    answers = of_xgboost(loaded, margin=True)
    compare(loaded, X, answers, "decision_function", single=True)
    frame = pd.DataFrame(X, columns=NAMES)
    nameless = compare(
        loaded, frame, lambda own: answers(own.to_numpy()), "decision_function", single=True
    )
    assert list(nameless.get_feature_names_out()[-4:]) == [f"y__{name}" for name in NAMES]


@pytest.mark.parametrize(
    ("booster", "reason"),
    [
        (lambda: xgb_booster("binary:logistic", BINARY), "objective 'binary:logistic'"),
        (lambda: lgb_booster("binary", BINARY), "objective 'binary sigmoid:1'"),
    ],
    ids=["xgboost", "lightgbm"],
)
def test_probabilities_of_boosters_are_sampled(booster, reason):
    booster = booster()
    assert LimeExplainer(booster, n_samples=64).fit(X).method_ == "sampling"
    with pytest.raises(ValueError, match=reason):
        LimeExplainer(booster, method="exact").fit(X)


# --------------------------------------------------- scikit-learn's ensembles without sums


@pytest.mark.parametrize("y", [BINARY, THREE], ids=["two", "three"])
@pytest.mark.parametrize("depth", [1, 3])
def test_weighted_votes_of_trees(y, depth):
    trees = DecisionTreeClassifier(max_depth=depth)
    names = np.array(["low", "mid", "top"])[y]
    model = AdaBoostClassifier(trees, n_estimators=15, random_state=0).fit(X, names)
    compare(model, X, model.decision_function, "decision_function")
    if depth == 1 and y is BINARY:
        compare(model, X, model.predict_proba)


@pytest.mark.parametrize(
    ("model", "y", "method", "reason"),
    [
        (AdaBoostRegressor(n_estimators=5), SIGNAL, "auto", "the weighted median"),
        (IsolationForest(n_estimators=5), None, "auto", "minus a row's mean depth"),
        (
            AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=5),
            BINARY,
            "auto",
            "decision_function",
        ),
        (
            AdaBoostClassifier(LogisticRegression(), n_estimators=5),
            BINARY,
            "decision_function",
            "other than trees",
        ),
        *[
            (
                GradientBoostingClassifier(init=LogisticRegression(), n_estimators=5),
                BINARY,
                method,
                r"the answers of init=LogisticRegression\(\)",
            )
            for method in ("auto", "decision_function")
        ],
    ],
    ids=["median", "depth", "softmax", "others", "init", "init margin"],
)
def test_ensembles_that_are_no_sums_over_leaves_say_why(model, y, method, reason):
    model = clone(model).fit(X, y)
    params = {"response_method": method, "n_samples": 64, "random_state": 0}
    assert LimeExplainer(model, **params).fit(X).method_ == "sampling"
    with pytest.raises(ValueError, match=reason):
        LimeExplainer(model, method="exact", **params).fit(X)


# ------------------------------------------------------- margins of wrappers, in pipelines


WRAPPERS = ["bare", "pipeline", "nested", "search", "within", "passthrough"]


def boosters():
    few = {"n_estimators": 12, "max_depth": 3, "n_jobs": 1, "random_state": 0}
    return {
        "xgboost": (xgboost.XGBClassifier(**few), {"output_margin": True}),
        "xgboost forest": (xgboost.XGBRFClassifier(**few), {"output_margin": True}),
        "lightgbm": (
            lightgbm.LGBMClassifier(**few, min_child_samples=3, verbose=-1),
            {"raw_score": True},
        ),
        "catboost": (cat(CatBoostClassifier), {"prediction_type": "RawFormulaVal"}),
    }


@pytest.mark.parametrize("method", ["exact", "sampling"])
@pytest.mark.parametrize("y", [BINARY, THREE], ids=["two", "three"])
@pytest.mark.parametrize(
    "wrapped", ["bare", "pipeline", "nested", "search", "within", "passthrough"]
)
@pytest.mark.parametrize("library", boosters())
def test_margins_of_wrappers_are_their_decision_function(library, wrapped, y, method):
    model, keywords = boosters()[library]
    depth = "depth" if library == "catboost" else "max_depth"
    outer = {
        "bare": lambda: model,
        "pipeline": lambda: make_pipeline(StandardScaler(), model),
        "nested": lambda: make_pipeline(
            StandardScaler(), make_pipeline(QuantileTransformer(n_quantiles=10), model)
        ),
        "search": lambda: GridSearchCV(
            make_pipeline(StandardScaler(), model),
            {f"{type(model).__name__.lower()}__{depth}": [3]},
            cv=2,
        ),
        "within": lambda: make_pipeline(
            StandardScaler(), GridSearchCV(model, {depth: [3]}, cv=2)
        ),
        "passthrough": lambda: Pipeline([("none", "passthrough"), ("model", model)]),
    }[wrapped]().fit(X, y)
    explainer = LimeExplainer(
        outer,
        method=method,
        response_method="decision_function",
        target="all",
        n_samples=256,
        random_state=0,
    ).fit(X)
    assert explainer.method_ == method
    asked = outer.best_estimator_ if wrapped == "search" else outer
    if wrapped == "within":
        asked = make_pipeline(outer[0], outer[1].best_estimator_)
    margins = asked.predict(X[:9], **keywords)
    if margins.ndim == 1:
        margins = np.column_stack([-margins, margins])
    explanation = explainer.explain(X[:9])
    np.testing.assert_allclose(explanation.predictions, margins, rtol=1e-6, atol=1e-9)
    if method == "exact":
        single = library.startswith("xgboost")
        answers = partial(asked.predict, **keywords)
        compare(outer, X, answers, "decision_function", single=single)
