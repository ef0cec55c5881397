"""Models as people have them: other libraries, boosters, networks and forecasters."""

import pickle

import lightgbm as lgb
import numpy as np
import pandas as pd
import polars as pl
import pytest
import xgboost as xgb
from catboost import CatBoost, CatBoostClassifier, CatBoostRegressor
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import VotingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.validation import validate_data

from sklime import FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.samplers import SequenceSampler

rng = np.random.default_rng(0)
A = rng.normal(size=(300, 3))
F = pd.DataFrame(A, columns=["a", "b", "c"])
BINARY = (A[:, 0] + 0.3 * A[:, 1] > 0).astype(int)
Y = 3.0 * A[:, 0] + A[:, 1]
PLANS = pd.DataFrame({"plan": rng.integers(0, 5, 300), "income": rng.normal(50, 10, 300)})
DEAR = ((PLANS.plan == 3) | (PLANS.income > 60)).astype(int)
QUIET = {"iterations": 15, "verbose": 0, "allow_writing_files": False, "thread_count": 1}


def attributions(model, X=A, n_rows=3, **params):
    params = {"random_state": 0, "n_samples": 512} | params
    return LimeExplainer(model, **params).fit(X).transform(X[:n_rows])


# ------------------------------------------------------------------------------ catboost


@pytest.mark.parametrize("kind", ["regressor", "plain", "pipeline"])
def test_regressors_of_catboost_give_numbers(kind):
    model = {
        "regressor": lambda: CatBoostRegressor(**QUIET),
        "plain": lambda: CatBoost(QUIET),
        "pipeline": lambda: make_pipeline(StandardScaler(), CatBoostRegressor(**QUIET)),
    }[kind]().fit(F, Y)
    function = FunctionRegressor(model.predict)
    # The function has no closed form: both are asked about the same draws.
    found = attributions(model, F, method="sampling")
    assert_array_equal(found, attributions(function, F))


def nullable():
    X = PLANS.astype({"plan": "Int64", "income": "Float64"})
    X.loc[3:60, "income"] = pd.NA
    return X


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("columns", [["plan"], [0]], ids=["name", "position"])
@pytest.mark.parametrize("piped", [False, True])
def test_integer_categories_of_catboost_stay_integers_beside_floats(nulls, columns, piped):
    X = nullable() if nulls else PLANS
    model = CatBoostClassifier(cat_features=columns, **QUIET)
    model = make_pipeline("passthrough", model) if piped else model
    model.fit(X, DEAR)
    function = FunctionClassifier(model.predict_proba)
    assert_array_equal(attributions(model, X), attributions(function, X))


def test_wrappers_of_scikit_learn_hand_frames_on_to_models_of_others():
    model = CalibratedClassifierCV(
        FrozenEstimator(CatBoostClassifier(cat_features=["plan"], **QUIET).fit(PLANS, DEAR))
    ).fit(PLANS, DEAR)
    function = FunctionClassifier(model.predict_proba)
    assert_array_equal(attributions(model, PLANS), attributions(function, PLANS))


def test_columns_in_another_order_than_catboost_knows_are_refused():
    model = CatBoostRegressor(**QUIET).fit(F, Y)
    with pytest.raises(ValueError, match=r"not the feature names.*CatBoostRegressor"):
        attributions(model, F[["c", "b", "a"]])


@pytest.mark.parametrize("target", ["auto", 1])
def test_catboost_of_classes_gives_margins_by_decision_function_alone(target):
    labels = BINARY if target == 1 else BINARY + (A[:, 2] > 0)
    loss = "Logloss" if target == 1 else "MultiClass"
    model = CatBoost({"loss_function": loss, **QUIET}).fit(F, labels)
    with pytest.raises(ValueError, match="FunctionRegressor"):
        attributions(model, F)
    found = LimeExplainer(model, response_method="decision_function", random_state=0).fit(F)
    margins = model.predict(F)
    answers = found.explain(F, target="all").predictions
    last = margins if target == 1 else margins[:, -1]
    assert_allclose(answers[:, -1], last)


# ---------------------------------------------------------- estimators of users: frames


class OfFrames(RegressorMixin, BaseEstimator):
    """Counts its columns, as many do, and takes them by name."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return 2.0 * X["plan"].to_numpy() + X["income"].to_numpy()


class OfArrays(RegressorMixin, BaseEstimator):
    """Checks its rows by scikit-learn, which warns where names come and go."""

    def fit(self, X, y=None):
        validate_data(self, X)
        return self

    def predict(self, X):
        X = validate_data(self, X, reset=False)
        return 2.0 * X[:, 0] + X[:, 1]


@pytest.mark.parametrize(
    "container", [lambda X: X, pl.from_pandas], ids=["pandas", "polars"]
)
def test_an_estimator_that_only_counts_its_columns_gets_the_frame(container):
    X = container(PLANS)
    model = OfFrames().fit(X)
    function = FunctionRegressor(model.predict)
    assert_array_equal(attributions(model, X), attributions(function, X))
    piped = make_pipeline("passthrough", model)
    assert_array_equal(attributions(piped, X), attributions(function, X))


class Recording(BaseEstimator):
    """Takes frames and arrays alike, and notes which."""

    def fit(self, X, y=None):
        self.n_features_in_, self.seen_ = X.shape[1], []
        return self

    def predict(self, X):
        self.seen_.append(type(X))
        return np.asarray(X)[:, 0]


def test_what_takes_both_gets_what_the_user_gave():
    model = Recording().fit(F)
    attributions(model, F)
    assert set(model.seen_) == {pd.DataFrame}
    model = Recording().fit(A)
    attributions(model, A)
    assert set(model.seen_) == {np.ndarray}


@pytest.mark.parametrize(
    "model",
    [
        OfArrays(),
        LinearRegression(),
        VotingRegressor([("own", OfArrays()), ("line", LinearRegression())]),
        lgb.LGBMRegressor(n_estimators=5, n_jobs=1, verbose=-1),
        xgb.XGBRegressor(n_estimators=5, n_jobs=1),
        CatBoostRegressor(**QUIET),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_model_that_was_fitted_on_an_array_is_explained_on_frames(model):
    # Warnings are errors here: of names that were not there in the fit, too.
    model.fit(A, Y)
    assert_allclose(attributions(model, F), attributions(model, A), rtol=1e-12)


# ------------------------------------------------------------ boosters, and their margins


def booster_of(X=A, objective="binary:logistic", label=BINARY, **params):
    matrix = xgb.DMatrix(X, label=label, enable_categorical=True)
    params = {"objective": objective, "max_depth": 3, "nthread": 1, **params}
    return xgb.train(params, matrix, 10)


@pytest.mark.parametrize("X", [A, F], ids=["array", "frame"])
def test_a_booster_of_xgboost_is_a_model(X):
    booster = booster_of(X)
    function = FunctionRegressor(lambda X: booster.predict(xgb.DMatrix(X)))
    found = attributions(booster, X)
    assert_array_equal(found, attributions(function, X))
    # A booster that knows no names may be asked about a frame, one that does about arrays.
    assert_array_equal(attributions(booster, F), found)
    assert_array_equal(attributions(booster, A), found)


def test_a_booster_refuses_columns_that_it_does_not_know():
    with pytest.raises(ValueError, match=r"not the feature names.*Booster"):
        attributions(booster_of(F), F[["c", "a", "b"]])
    with pytest.raises(ValueError, match="2 columns, but Booster was fitted on 3"):
        attributions(booster_of(), A[:, :2])
    matrix = lgb.Dataset(F, label=BINARY)
    booster = lgb.train({"objective": "binary", "verbose": -1}, matrix, 5)
    with pytest.raises(ValueError, match=r"not the feature names.*Booster"):
        attributions(booster, F[["c", "a", "b"]])


def test_a_booster_takes_categories_of_a_frame():
    X = F.assign(c=pd.Categorical.from_codes((A[:, 2] > 0) * 1, ["low", "high"]))
    booster = booster_of(X, label=(A[:, 2] > 0))
    function = FunctionRegressor(
        lambda X: booster.predict(xgb.DMatrix(X, enable_categorical=True))
    )
    assert_array_equal(attributions(booster, X), attributions(function, X))


def test_several_outputs_of_a_booster():
    labels = BINARY + (A[:, 2] > 0)
    booster = booster_of(objective="multi:softprob", label=labels, num_class=3)
    explainer = LimeExplainer(booster, n_samples=512, random_state=0).fit(A)
    assert explainer.explain(A[:1]).target_names.tolist() == ["y0", "y1", "y2"]
    margins = LimeExplainer(booster, response_method="decision_function").fit(A)
    found = margins.explain(A[:2])
    assert found.target_names.tolist() == ["y0", "y1", "y2"]
    right = booster.predict(xgb.DMatrix(A[:2]), output_margin=True)
    assert_allclose(found.predictions, right, rtol=1e-6)


def test_boosters_have_a_closed_form_where_their_classes_have_it():
    exact = {"method": "exact"}
    model = xgb.XGBRegressor(n_estimators=10, max_depth=3, n_jobs=1).fit(A, Y)
    assert_array_equal(
        attributions(model.get_booster(), **exact), attributions(model, **exact)
    )
    booster = booster_of()
    margins = attributions(booster, response_method="decision_function", **exact)
    drawn = attributions(
        booster, response_method="decision_function", method="sampling", n_samples=2**15
    )
    assert_allclose(margins, drawn, atol=0.02)
    with pytest.raises(ValueError, match="logistic"):
        attributions(booster, **exact)
    stopped = xgb.train(
        {"objective": "reg:squarederror", "nthread": 1},
        xgb.DMatrix(A, label=Y),
        30,
        evals=[(xgb.DMatrix(A[:40], label=-Y[:40]), "other")],
        early_stopping_rounds=2,
        verbose_eval=False,
    )
    # A Booster predicts with all its trees, also after the best round.
    found = LimeExplainer(stopped, method="exact").fit(A).explain(A[:2])
    assert_allclose(found.predictions, stopped.predict(xgb.DMatrix(A[:2])), rtol=1e-6)


def boosting_classifiers():
    return {
        "xgboost": xgb.XGBClassifier(n_estimators=10, max_depth=3, n_jobs=1),
        "lightgbm": lgb.LGBMClassifier(n_estimators=10, n_jobs=1, verbose=-1),
        "catboost": CatBoostClassifier(**QUIET),
    }


MARGIN = {
    "xgboost": {"output_margin": True},
    "lightgbm": {"raw_score": True},
    "catboost": {"prediction_type": "RawFormulaVal"},
}


@pytest.mark.parametrize("library", MARGIN)
@pytest.mark.parametrize("piped", [False, True, "frozen"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_decision_function_is_the_margin_of_boosting_classifiers(library, piped, n_classes):
    labels = np.array(["no", "perhaps", "yes"])[
        2 * BINARY if n_classes == 2 else BINARY + (A[:, 2] > 0)
    ]
    last = boosting_classifiers()[library]
    if library == "xgboost":
        labels = np.unique(labels, return_inverse=True)[1]
    model = make_pipeline(StandardScaler(), last) if piped else last
    model.fit(A, labels)
    own = model.predict(A, **MARGIN[library])
    model = FrozenEstimator(model) if piped == "frozen" else model
    explainer = LimeExplainer(
        model, response_method="decision_function", random_state=0, n_samples=2048
    ).fit(A)
    found = explainer.explain(A, target="all")
    assert found.target_names.tolist() == np.unique(labels).tolist()
    if n_classes == 2:
        own = np.column_stack([-own, own])
    assert_allclose(found.predictions, own, rtol=1e-5, atol=1e-6)
    if library != "catboost":
        assert explainer.method_ == "exact"
        drawn = explainer.set_params(method="sampling", n_samples=2**14).fit(A)
        spread = np.ptp(own)
        assert_allclose(
            drawn.explain(A[:5], target="all").values, found.values[:5], atol=0.02 * spread
        )
    again = pickle.loads(pickle.dumps(explainer))
    assert_array_equal(again.transform(A[:2]), explainer.transform(A[:2]))


def test_margins_of_a_search_and_with_metadata_routing():
    from sklearn import config_context

    model = boosting_classifiers()["xgboost"]
    search = GridSearchCV(make_pipeline(StandardScaler(), model), {}, cv=2).fit(A, BINARY)
    piped = search.best_estimator_
    margin = {"response_method": "decision_function"}
    found = attributions(search, **margin)
    with config_context(enable_metadata_routing=True):
        assert_array_equal(attributions(piped, **margin), found)


def test_margins_that_are_exact_by_a_function_are_so_by_name():
    from functools import partial

    model = boosting_classifiers()["xgboost"].fit(A, BINARY)
    function = FunctionRegressor(partial(model.predict, output_margin=True))
    expected = attributions(function, method="exact")
    found = attributions(model, method="exact", response_method="decision_function")
    assert_allclose(found, expected, rtol=1e-12)
    frame = F.assign(c=np.where(F.c > 0, "up", "down"))
    encode = make_column_transformer((OneHotEncoder(), ["c"]), remainder="passthrough")
    piped = make_pipeline(encode, model).fit(frame, BINARY)
    explainer = LimeExplainer(piped, method="exact", response_method="decision_function")
    assert explainer.fit(frame).method_ == "exact"


def test_regressors_have_no_margin_and_say_how_to_explain_it():
    model = xgb.XGBRegressor(n_estimators=5, objective="count:poisson").fit(A, BINARY)
    with pytest.raises(ValueError, match=r"no decision_function.*output_margin=True"):
        attributions(model, response_method="decision_function")
    with pytest.raises(ValueError, match=r"no decision_function.*another method"):
        attributions(LinearRegression().fit(A, Y), response_method="decision_function")


# ---------------------------------------------------------- probabilities of one column

LOGIT = LogisticRegression().fit(A, BINARY)


def second(X):
    return LOGIT.predict_proba(X)[:, 1:]


@pytest.mark.parametrize("classes", [None, ["stays", "leaves"]])
@pytest.mark.parametrize(
    "function",
    [second, lambda X: second(X)[:, 0], lambda X: second(X)[:, np.newaxis], list,
     lambda X: second(X).squeeze()],
    ids=["column", "flat", "deep", "list", "squeezed"],
)  # fmt: skip
def test_one_probability_a_row_is_that_of_the_second_class(function, classes):
    if function is list:
        function = lambda X: second(X)[:, 0].tolist()  # noqa: E731
    both = FunctionClassifier(LOGIT.predict_proba, classes=classes)
    one = FunctionClassifier(function, classes=classes)
    found, right = (
        LimeExplainer(model, n_samples=512, random_state=0).fit(A).explain(A[:3])
        for model in (one, both)
    )
    assert found.target_names.tolist() == right.target_names.tolist()
    assert found.target_names[0] == (1 if classes is None else "leaves")
    assert_allclose(found.values, right.values, atol=1e-12)
    alone = LimeExplainer(one, n_samples=512, random_state=0).fit(A).explain(A[:1])
    assert_allclose(alone.values, right.values[:1], atol=1e-12)
    assert_array_equal(one.predict(A), both.predict(A))


@pytest.mark.parametrize(
    ("function", "classes"),
    [
        (lambda X: 3.0 * X[:, 0], None),
        (lambda X: 1.5 * second(X), ["stays", "leaves"]),
        (second, ["a", "b", "c"]),
    ],
    ids=["scores", "beyond", "three"],
)
def test_other_single_columns_name_the_cure(function, classes):
    with pytest.raises(ValueError, match=r"hstack\(\[1 - p, p\]\)"):
        attributions(FunctionClassifier(function, classes=classes))


# ------------------------------------------------------------------ shapes and containers

SERIES = np.random.default_rng(0).normal(size=(50, 12, 3))


def ahead(X):
    """Forecast of two targets, four steps ahead."""
    return np.cumsum(X[:, :, :2], axis=1)[:, -4:]


def of_series(function, **params):
    sampler = SequenceSampler(unit="feature")
    model = FunctionRegressor(function)
    return LimeExplainer(model, sampler=sampler, random_state=0, **params).fit(SERIES)


def test_outputs_of_forecasts_are_named_by_target_and_step():
    explainer = of_series(ahead)
    found = explainer.explain(SERIES[:3])
    names = [f"y{target}_t+{step}" for step in (1, 2, 3, 4) for target in (0, 1)]
    assert found.target_names.tolist() == names
    flat = of_series(lambda X: ahead(X).reshape(len(X), -1)).explain(SERIES[:3])
    assert_array_equal(found.values, flat.values)
    assert_array_equal(found.predictions, flat.predictions)
    one = of_series(ahead, target="y1_t+2").explain(SERIES[:3])
    assert_array_equal(one.predictions, ahead(SERIES[:3])[:, 1, 1])


def test_forecasts_of_one_target_or_one_step():
    steps = of_series(lambda X: ahead(X)[:, :, :1]).explain(SERIES[:1])
    assert steps.target_names.tolist() == ["y_t+1", "y_t+2", "y_t+3", "y_t+4"]
    targets = of_series(lambda X: ahead(X)[:, :1]).explain(SERIES[:1])
    assert targets.target_names.tolist() == ["y0", "y1"]


@pytest.mark.parametrize("shape", [(-1,), (-1, 1), (-1, 1, 1), (-1, 1, 1, 1)], ids=str)
def test_axes_of_length_one_are_one_number(shape):
    found = of_series(lambda X: X[:, -1, 0].reshape(shape)).explain(SERIES[:2])
    assert found.target_names.tolist() == ["y", "y"]
    assert_array_equal(found.predictions, SERIES[:2, -1, 0])
    right = of_series(lambda X: X[:, -1, 0]).explain(SERIES[:2])
    assert_array_equal(found.values, right.values)


def test_more_axes_are_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"shape \(2, 4, 2, 3\).*reshape it to \(n_sampl"):
        of_series(lambda X: np.stack([ahead(X)] * 3, axis=-1))
    with pytest.raises(ValueError, match=r"shape \(4, 2, 2\) for 2 rows.*n_steps"):
        of_series(lambda X: np.moveaxis(ahead(X), 0, -1))


@pytest.mark.parametrize(
    "function",
    [
        lambda X: np.squeeze(X[:, :1]),
        lambda X: X[:, 0] if len(X) > 1 else X[0, 0],
        lambda X: X[:, 0] if len(X) > 1 else float(X[0, 0]),
        lambda X: np.squeeze(X[:, :2] * 1.0),
        lambda X: np.squeeze(np.stack([X[:, :2], X[:, 1:3]], axis=1)),
    ],
    ids=["squeezed", "numpy", "float", "outputs", "steps"],
)
def test_a_function_may_drop_the_axis_of_a_single_row(function):
    explainer = LimeExplainer(FunctionRegressor(function), n_samples=256, random_state=0)
    many, one = explainer.fit(A).explain(A[:2]), explainer.explain(A[:1])
    assert_array_equal(one.values, many.values[:1])
    assert_array_equal(one.predictions, many.predictions[:1])


class Tensor:
    """Stands in for tensors of keras and jax: an array only by `numpy()`."""

    def __init__(self, values):
        self._values = values

    def numpy(self):
        return self._values


class TorchTensor(Tensor):
    """Stands in for a tensor of torch that carries a gradient, on another device."""

    def __init__(self, values, attached=True):
        super().__init__(values)
        self._attached, self.dtype = attached, "float32"

    def detach(self):
        return TorchTensor(self._values, attached=False)

    def cpu(self):
        return self

    def numpy(self):
        if self._attached:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return super().numpy()

    def __array__(self, dtype=None, copy=None):
        return self.numpy()


class Arraylike:
    """Has nothing but `__array__`."""

    def __init__(self, values):
        self._values = values

    def __array__(self, dtype=None, copy=None):
        return self._values


WRAPPERS = {
    "keras": Tensor,
    "torch": TorchTensor,
    "array": Arraylike,
    "list": lambda p: p.tolist(),
    "tuple": lambda p: tuple(p.tolist()),
    "list of arrays": list,
    "list of tensors": lambda p: [Tensor(row) for row in p],
    "frame": lambda p: pd.DataFrame(p, index=np.arange(len(p))[::-1]),
    "nullable": lambda p: pd.DataFrame(p).convert_dtypes(),
    "polars": pl.DataFrame,
    "masked": np.ma.masked_invalid,
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_answers_in_any_container(wrap, kind):
    make = FunctionClassifier if kind == "classifier" else FunctionRegressor
    expected = attributions(make(LOGIT.predict_proba))
    found = attributions(make(lambda X: wrap(LOGIT.predict_proba(X))))
    assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    "wrap", [pd.Series, pl.Series, lambda p: pd.Series(p, dtype="Float64"), Tensor],
    ids=["pandas", "polars", "nullable", "tensor"],
)  # fmt: skip
def test_single_numbers_in_any_container(wrap):
    expected = attributions(FunctionRegressor(lambda X: 2.0 * X[:, 0]))
    found = attributions(FunctionRegressor(lambda X: wrap(2.0 * X[:, 0])))
    assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "answer",
    [
        lambda X: np.ma.masked_greater(X[:, 0], 0.0),
        lambda X: np.ma.masked_greater(np.arange(len(X)), 1),
        lambda X: pd.Series(X[:, 0], dtype="Float64").mask(X[:, 0] > 0.0),
        lambda X: pl.Series(np.where(X[:, 0] > 0.0, None, 1.0).tolist()),
    ],
    ids=["floats", "integers", "nullable", "polars"],
)
def test_masked_and_missing_answers_are_no_numbers(answer):
    with pytest.raises(ValueError, match=r"asked about .* gave .*(not finite|not numbers)"):
        attributions(FunctionRegressor(answer))


def test_rows_of_unequal_length_are_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"gave a list that makes no array.*give numbers"):
        attributions(FunctionRegressor(lambda X: [[1.0] * (i % 2) for i in range(len(X))]))
