"""Closed forms of xgboost and lightgbm models, against lists of all combinations."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from lightgbm import (
    Booster,
    Dataset,
    LGBMClassifier,
    LGBMRegressor,
    early_stopping,
    train,
)
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from xgboost import XGBClassifier, XGBRegressor, XGBRFRegressor

from sklime import FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from tests.exact.test_enumeration import BINARY, MISSING, SIGNAL, THREE, X, label, limit

rng = np.random.default_rng(0)
TWO = np.column_stack([SIGNAL, X[:, 0] - X[:, 4]])


def xgb(kind=XGBRegressor, **params):
    return kind(**{"n_estimators": 12, "max_depth": 4, "n_jobs": 1, **params})


def lgbm(kind=LGBMRegressor, **params):
    small = {"n_estimators": 12, "min_child_samples": 3, "n_jobs": 1, "verbose": -1}
    return kind(**{**small, "random_state": 0, **params})


def compare(model, table, response_method="auto", n_bins=3):
    """Hold the closed form of a fitted model against all combinations of a small table."""
    explainer = LimeExplainer(
        model,
        sampler=MarginalSampler(n_bins=n_bins),
        kernel=ExponentialKernel(width=1.0),
        method="exact",
        response_method=response_method,
        target="all",
    ).fit(table)
    rows = [0, 7, 31]
    explanation = explainer.explain(table[:40])[rows]
    values, intercepts = explanation.values, explanation.intercepts
    if values.ndim == 2:  # a single number
        values, intercepts = values[:, np.newaxis], intercepts[:, np.newaxis]
    found = np.concatenate([intercepts[:, np.newaxis], np.swapaxes(values, 1, 2)], axis=1)
    expected = limit(explainer, table, rows, width=1.0)
    if expected.shape[2] == 1 and found.shape[2] == 2:  # a margin, both classes
        expected = np.concatenate([-expected, expected], axis=2)
    # xgboost adds its trees in single precision, and the least-squares problem has a
    # condition number below 1e3.
    single = explanation.predictions.astype(np.float32) == explanation.predictions
    tolerance = 1e-6 if single.all() else 1e-10
    np.testing.assert_allclose(found, expected, atol=tolerance * np.abs(expected).max())
    return explainer


REGRESSORS = [
    xgb(),
    xgb(grow_policy="lossguide", max_leaves=9),
    xgb(tree_method="exact", gamma=0.1, max_depth=6),
    xgb(booster="dart", rate_drop=0.5, n_estimators=20),
    xgb(num_parallel_tree=3, subsample=0.7, n_estimators=5),
    xgb(objective="reg:absoluteerror"),
    xgb(objective="reg:quantileerror", quantile_alpha=[0.2, 0.8]),
    xgb(XGBRFRegressor),
    lgbm(),
    lgbm(num_leaves=3, n_estimators=1),
    lgbm(boosting_type="dart", drop_rate=0.5),
    lgbm(boosting_type="rf", subsample=0.7, subsample_freq=1),
    lgbm(objective="mape"),
    lgbm(objective="quantile", alpha=0.7),
    lgbm(objective=lambda y, found: (found - y, np.ones_like(y))),
]


@pytest.mark.parametrize("model", REGRESSORS, ids=label)
@pytest.mark.parametrize("table", [X, MISSING], ids=["whole", "missing"])
def test_regressors(model, table):
    compare(clone(model).fit(table, SIGNAL + 3), table)


@pytest.mark.parametrize("model", [xgb(), lgbm()], ids=label)
def test_columns_that_the_trees_cut_and_the_explained_table_does_not_vary(model):
    piped = make_pipeline(StandardScaler(), clone(model)).fit(X, SIGNAL)
    compare(piped, X[X[:, 4] == 1])
    frame = pd.DataFrame(
        {
            "colour": pd.Categorical(np.array(["red", "green"])[X[:, 4].astype(int)]),
            "a": X[:, 0],
            "b": X[:, 1],
        }
    )
    own = {"enable_categorical": True} if isinstance(model, XGBRegressor) else {}
    fitted = clone(model).set_params(**own).fit(frame, SIGNAL)
    compare(fitted, frame[frame["colour"] == "red"])


@pytest.mark.parametrize(
    "model",
    [
        xgb(missing=0.0),
        xgb(missing=0.1),
        xgb(missing=-999.0),
        lgbm(use_missing=False),
        lgbm(zero_as_missing=True),
        lgbm(zero_as_missing=True, boosting_type="dart"),
    ],
    ids=label,
)
def test_what_counts_as_missing(model):
    table = np.where(MISSING < 0.15, rng.choice([0.0, 1e-36, 0.1], X.shape), MISSING - 1)
    y = SIGNAL + (table[:, 0] == 0) * 3 - np.isnan(table[:, 1]) * 2
    # NaN may be unknown in training, and asked about all the same.
    compare(clone(model).fit(table, y), table)
    compare(clone(model).fit(np.nan_to_num(table, nan=0.3), y), table)


def margins(kind, y, **params):
    if kind is XGBClassifier:
        return partial(xgb(kind, **params).fit(MISSING, y).predict, output_margin=True)
    return partial(lgbm(kind, **params).fit(MISSING, y).predict, raw_score=True)


@pytest.mark.parametrize("kind", [XGBClassifier, LGBMClassifier])
@pytest.mark.parametrize("y", [BINARY, THREE], ids=["binary", "three"])
def test_margins(kind, y):
    compare(FunctionRegressor(margins(kind, y)), MISSING)


def test_margins_of_other_links_and_trees():
    compare(FunctionRegressor(margins(XGBClassifier, THREE, booster="dart")), MISSING)
    compare(FunctionRegressor(margins(XGBClassifier, THREE, num_parallel_tree=2)), MISSING)
    forest = {"boosting_type": "rf", "subsample": 0.7, "subsample_freq": 1}
    compare(FunctionRegressor(margins(LGBMClassifier, THREE, **forest)), MISSING)
    counts = xgb(objective="count:poisson").fit(X, SIGNAL - SIGNAL.min())
    compare(FunctionRegressor(partial(counts.predict, output_margin=True)), X)
    counts = lgbm(objective="tweedie").fit(X, SIGNAL - SIGNAL.min())
    compare(FunctionRegressor(partial(counts.predict, raw_score=True)), X)


@pytest.mark.parametrize("kind", [XGBClassifier, LGBMClassifier])
def test_margins_keep_the_names_of_classes(kind):
    model = FunctionClassifier(margins(kind, THREE), classes=["low", "mid", "high"])
    found = compare(model, MISSING)
    assert found.explain(MISSING[:1]).target_names.tolist() == ["low", "mid", "high"]


@pytest.mark.skipif(
    not hasattr(LGBMClassifier, "decision_function"), reason="new in lightgbm 4.7"
)
@pytest.mark.parametrize("y", [BINARY, THREE], ids=["binary", "three"])
def test_decision_functions(y):
    compare(lgbm(LGBMClassifier).fit(X, y), X, "decision_function")


@pytest.mark.parametrize("strategy", ["one_output_per_tree", "multi_output_tree"])
def test_several_outputs(strategy):
    compare(xgb(multi_strategy=strategy, tree_method="hist").fit(X, TWO), X)


def nominal_columns(n_categories):
    return np.column_stack(
        [
            rng.choice([0.0, 1, 2, 5, n_categories, np.nan], len(X)),
            X[:, 0],
            rng.choice([0.0, 3, 4, 9], len(X)),
        ]
    )


@pytest.mark.parametrize("n_categories", [7, 400])
@pytest.mark.parametrize(
    "model",
    [
        xgb(feature_types=["c", "q", "c"], enable_categorical=True),
        xgb(feature_types=["c", "q", "c"], enable_categorical=True, max_cat_to_onehot=1),
        lgbm(max_cat_to_onehot=8),
        lgbm(max_cat_to_onehot=1, cat_smooth=1, min_data_per_group=2),
    ],
    ids=label,
)
def test_categories(model, n_categories):
    codes = nominal_columns(n_categories)
    y = np.isin(codes[:, 0], [1, n_categories]) * 2.0 + (codes[:, 2] == 3) * codes[:, 1]
    marks = {"categorical_feature": [0, 2]} if type(model) is LGBMRegressor else {}
    model = clone(model).fit(codes, y, **marks)
    compare(model, codes)
    # Categories that the model has never seen.
    other = codes.copy()
    other[::3, 0], other[1::3, 0], other[::2, 2] = 1000, -3, 2
    compare(model, other)


def test_more_categories_than_fit_into_memory_are_sampled():
    codes = rng.choice([0.0, 5e6, 9e6], (len(X), 1))
    y = codes[:, 0] == 5e6
    model = lgbm(min_data_per_group=1).fit(codes, y * 1.0, categorical_feature=[0])
    assert LimeExplainer(model, n_samples=64).fit(codes).method_ == "sampling"
    with pytest.raises(ValueError, match="5,000,001 categories do not fit into memory"):
        LimeExplainer(model, method="exact").fit(codes)


@pytest.mark.parametrize(
    "model",
    [
        xgb(enable_categorical=True),
        xgb(enable_categorical=True, max_cat_to_onehot=1),
        lgbm(min_data_per_group=5, cat_smooth=1, max_cat_to_onehot=1),
    ],
    ids=label,
)
@pytest.mark.parametrize(
    "names", [["small", "large", "huge"], [30, 4, -1]], ids=["texts", "integers"]
)
def test_frames_with_categories(model, names):
    size = pd.Categorical.from_codes(rng.integers(-1, 3, len(X)), names)
    frame = pd.DataFrame(
        {
            "number": MISSING[:, 0],
            "size": size,
            "flag": X[:, 4] > 0,
            "count": pd.array(rng.choice([1, 2, None], len(X)), dtype="Int64"),
            "level": pd.Categorical(THREE),
        }
    )
    y = (size.codes == 1) * 2.0 + THREE * X[:, 4] + size.codes
    model = clone(model).fit(frame, y)
    compare(model, frame)
    # The same categories in another order have other codes in pandas, not in the model.
    other = frame.assign(size=frame["size"].cat.reorder_categories(names[::-1]))
    found = LimeExplainer(model, method="exact").fit(other).transform(other[:5])
    straight = LimeExplainer(model, method="exact").fit(frame).transform(frame[:5])
    # Sums in another order, of single-precision leaves.
    np.testing.assert_allclose(found, straight, atol=1e-6 * np.abs(straight).max())


def test_early_stopping():
    noise = rng.normal(size=len(X))
    model = xgb(n_estimators=80, learning_rate=0.8, early_stopping_rounds=3)
    model.fit(X, noise, eval_set=[(X[::-1], noise)], verbose=False)
    assert model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    compare(model, X)
    data = Dataset(X, noise, params={"verbose": -1})
    booster = train(
        {"learning_rate": 0.8, "min_data_in_leaf": 3, "num_threads": 1, "verbose": -1},
        data,
        num_boost_round=80,
        valid_sets=[data.create_valid(X[::-1], noise)],
        callbacks=[early_stopping(3, verbose=False)],
        keep_training_booster=True,
    )
    assert 0 < booster.best_iteration < booster.current_iteration()
    compare(booster, X)


def test_boosters_of_lightgbm(tmp_path):
    booster = lgbm(objective="poisson").fit(X, SIGNAL - SIGNAL.min()).booster_
    compare(FunctionRegressor(partial(booster.predict, raw_score=True)), X)
    lgbm().fit(X, SIGNAL).booster_.save_model(tmp_path / "model.txt")
    compare(Booster(model_file=tmp_path / "model.txt"), X)


@pytest.mark.parametrize("model", [xgb(), lgbm()], ids=label)
def test_steps_in_front(model):
    compare(make_pipeline(QuantileTransformer(n_quantiles=20), model).fit(X, SIGNAL), X)


@pytest.mark.parametrize("model", [xgb(max_depth=2), lgbm(num_leaves=4)], ids=label)
def test_values_at_and_beside_the_thresholds(model):
    smooth = rng.normal(size=(300, 3)) * [1, 1e-3, 1e6]
    model = clone(model).fit(smooth, np.sin(smooth / [1, 1e-3, 1e6]).sum(axis=1))
    booster = getattr(model, "booster_", None) or model.get_booster()
    splits = booster.trees_to_dataframe()
    if type(model) is XGBRegressor:
        feature, threshold = splits["Feature"].str[1:], splits["Split"].astype(np.float32)
        kind = np.float32
    else:
        feature, threshold = splits["split_feature"].str[7:], splits["threshold"]
        kind = np.float64
    columns = []
    for j in range(3):
        own = np.unique(threshold[feature == str(j)])[:4].astype(kind)
        assert len(own) == 4
        beside = [np.nextafter(own, kind(side)) for side in (-np.inf, np.inf)]
        halves = [(own.astype(np.float64) + other) / 2 for other in beside]
        values = np.concatenate([own, *beside, *halves]).astype(np.float64)
        columns.append(rng.permutation(np.tile(values, 3)))
    compare(model, np.column_stack(columns), n_bins=4)


@pytest.mark.parametrize("model", [xgb(), lgbm()], ids=label)
def test_many_normal_draws_approach_the_limit(model):
    table = X + rng.normal(scale=0.1, size=X.shape)
    model = clone(model).fit(table, SIGNAL)

    def explain(method, seed):
        return (
            LimeExplainer(
                model,
                sampler=GaussianSampler(),
                kernel=ExponentialKernel(width=2.0),
                method=method,
                n_samples=16_384,
                random_state=seed,
            )
            .fit(table)
            .transform(table[:5])
        )

    runs = np.array([explain("sampling", seed) for seed in range(6)])
    error = runs.std(axis=0, ddof=1) / np.sqrt(len(runs))
    limit = explain("exact", 0)
    # Six standard errors on five degrees of freedom, 25 coefficients, and the penalty of
    # one draw in 16,384.
    allowed = 6 * error + 1e-3 * np.abs(limit).max()
    assert (np.abs(runs.mean(axis=0) - limit) <= allowed).all()


class Halved(XGBRegressor):
    def predict(self, X):
        return super().predict(X) / 2


class Doubled(LGBMRegressor):
    def predict(self, X):
        return super().predict(X) * 2


COUNTS = np.abs(SIGNAL) + 0.1
FRAME = pd.DataFrame({"size": pd.Categorical(np.array(["klein", "groß", "riesig"])[THREE])})
REFUSED = [
    (Halved(n_estimators=3), X, SIGNAL, "known trees"),
    (Doubled(n_estimators=3, verbose=-1), X, SIGNAL, "known trees"),
    (
        XGBRegressor(booster="gblinear", n_estimators=3, n_jobs=1),
        X,
        SIGNAL,
        "'gblinear' has no trees",
    ),
    (lgbm(linear_tree=True), X, SIGNAL, "linear_tree"),
    (xgb(XGBClassifier), X, THREE, r"predict_proba .* output_margin=True"),
    (lgbm(LGBMClassifier), X, THREE, r"predict_proba .* raw_score=True"),
    *[
        (xgb(objective=name), X, y, f"objective '{name}'")
        for name, y in [
            ("count:poisson", COUNTS),
            ("reg:gamma", COUNTS),
            ("reg:tweedie", COUNTS),
            ("reg:logistic", BINARY),
            ("binary:hinge", BINARY),
        ]
    ],
    *[
        (lgbm(objective=name), X, y, f"objective '{name}'")
        for name, y in [
            ("poisson", COUNTS),
            ("gamma", COUNTS),
            ("tweedie", COUNTS),
            ("cross_entropy", BINARY),
        ]
    ],
    (lgbm(reg_sqrt=True), X, SIGNAL, "'regression sqrt'"),
    (lgbm(pred_early_stop=True), X, SIGNAL, "pred_early_stop"),
    # xgboost counts characters where it stores bytes.
    (xgb(enable_categorical=True), FRAME, SIGNAL, "unknown layout"),
]


@pytest.mark.parametrize(("model", "table", "y", "reason"), REFUSED, ids=label)
def test_what_has_no_closed_form_is_sampled(model, table, y, reason):
    model = clone(model).fit(table, y)
    params = {"n_samples": 64, "random_state": 0}
    assert LimeExplainer(model, **params).fit(table).method_ == "sampling"
    with pytest.raises(ValueError, match=f"(?s){reason}"):
        LimeExplainer(model, method="exact").fit(table)


@pytest.mark.parametrize(
    ("model", "bound"),
    [
        (xgb(), None),
        (xgb(), {"output_margin": False}),
        (xgb(), {"output_margin": True, "iteration_range": (0, 2)}),
        (lgbm(), {"raw_score": True, "num_iteration": 3}),
        (Doubled(verbose=-1, n_jobs=1), {}),
        (None, None),
    ],
    ids=["plain", "no margin", "some rounds", "fewer trees", "subclass", "function"],
)
def test_other_functions_stay_black_boxes(model, bound):
    function = (lambda rows: rows[:, 0]) if model is None else model.fit(X, SIGNAL).predict
    if bound is not None:
        function = partial(function, **bound)
    found = LimeExplainer(FunctionRegressor(function), n_samples=64).fit(X)
    assert found.method_ == "sampling"
