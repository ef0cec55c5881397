"""Reports of users, as they were told: each with the value that is right."""

import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import catboost
import lightgbm
import numpy as np
import pandas as pd
import polars as pl
import pytest
import xgboost
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from sklime import Cohorts, Explanation, FunctionRegressor, LimeExplainer, SubmodularPick
from sklime.exceptions import NeighbourhoodWarning, RefittedModelWarning
from sklime.kernels import ExponentialKernel
from sklime.moments.threads import one_thread
from sklime.samplers import GaussianSampler, MarginalSampler, TokenSampler
from sklime.selectors import HighestWeights


def additive(X):
    return X[:, 0] + 3 * X[:, 1] + np.sin(X[:, 2]) + 0.2 * X[:, 3] ** 2


TERMS = (lambda v: v, lambda v: 3 * v, np.sin, lambda v: 0.2 * v**2)


def limits(table, rows):
    """Mean of each column's term at the row's own value, less that at the others."""
    out = np.empty(rows.shape)
    for i, j in np.ndindex(rows.shape):
        term, own = TERMS[j](table[:, j]), table[:, j] == rows[i, j]
        out[i, j] = term[own].mean() - term[~own].mean()
    return out


@pytest.mark.parametrize("rare", [False, True])
@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"weighting": "tilted"},
        {"n_samples": 512},
        {"sampler": MarginalSampler(sequence="random")},
    ],
    ids=["default", "tilted", "few", "random"],
)
def test_intervals_about_an_additive_black_box_hold_the_limit(setting, rare):
    rng = np.random.default_rng(0)
    table = rng.integers(0, 8, (400, 4))
    if rare:
        table[:, 1] = rng.random(400) < 0.05
    rows = table[:12]
    limit = limits(table, rows)
    inside = []
    for seed in range(30):
        explainer = LimeExplainer(
            FunctionRegressor(additive), random_state=seed, **setting
        ).fit(table)
        lower, upper = explainer.explain(rows, uncertainty=True).confidence_intervals()
        inside.append((lower <= limit) & (limit <= upper))
    # Eight scrambles; coefficients of one seed hang together.
    assert 0.92 < np.mean(inside) < 0.98


def test_a_fit_that_fails_leaves_no_mixture_of_two_fits():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))

    class Remote:
        down = False

        def predict(self, X):
            if self.down:
                raise RuntimeError("server down")
            return X[:, 0] + X[:, 1]

    model = Remote()
    e = LimeExplainer(model, random_state=0).fit(X)
    before, score = e.explain(X[:1]), e.score(X)
    model.down = True
    with pytest.raises(RuntimeError, match="server down"):
        e.fit(100 * X)
    model.down = False
    for ask in (e.explain, e.transform, e.score):
        with pytest.raises(NotFittedError, match="last fit failed with RuntimeError"):
            ask(X[:1])
    e.fit(X)
    assert e.explain(X[:1]).as_list(0) == before.as_list(0)
    assert e.score(X) == score
    # And the table of the fit that failed, fitted at last.
    scaled = LimeExplainer(model, random_state=0).fit(100 * X)
    again = e.fit(100 * X).explain(100 * X[:1])
    assert again.as_list(0) == scaled.explain(100 * X[:1]).as_list(0)
    assert_allclose(again.values, 100 * before.values, rtol=1e-6)
    assert_array_equal(again.data, 100 * X[:1])


REFITTED = {
    "linear": LinearRegression,
    "forest": lambda: RandomForestRegressor(5, random_state=0),
    "boosting": lambda: HistGradientBoostingRegressor(max_iter=5),
    "steps": lambda: make_pipeline(StandardScaler(), KNeighborsRegressor()),
    "search": lambda: GridSearchCV(Ridge(), {"alpha": [1.0, 2.0]}),
    "xgboost": lambda: xgboost.XGBRegressor(n_estimators=5),
    "lightgbm": lambda: lightgbm.LGBMRegressor(n_estimators=5, verbose=-1),
    "catboost": lambda: catboost.CatBoostRegressor(
        iterations=5, verbose=0, allow_writing_files=False
    ),
}
WAYS = {
    "itself": lambda model: model,
    "method": lambda model: FunctionRegressor(model.predict),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REFITTED)
def test_a_model_that_was_fitted_again_is_told(name, way):
    X = np.random.default_rng(0).normal(size=(80, 2))
    model = REFITTED[name]().fit(X, X[:, 0])
    explainer = LimeExplainer(WAYS[way](model), n_samples=64, random_state=0).fit(X)
    kept = pickle.loads(pickle.dumps(explainer)) if way == "itself" else None
    before = explainer.explain(X[:2])
    model.fit(X, X[:, 1])
    for ask in (explainer.explain, explainer.transform, explainer.score):
        with pytest.warns(RefittedModelWarning, match="Call the explainer's fit again"):
            ask(X[:2])
    again = explainer.fit(X).explain(X[:2])
    assert abs(again.values[0, 1]) > 10 * abs(before.values[0, 1])
    if kept is not None:
        # Its model is one of its own.
        assert_array_equal(kept.explain(X[:2]).values, before.values)


def test_a_forest_that_got_more_trees_is_told():
    X = np.random.default_rng(0).normal(size=(80, 2))
    model = RandomForestRegressor(5, random_state=0, warm_start=True).fit(X, X[:, 0])
    explainer = LimeExplainer(model, random_state=0).fit(X)
    explainer.explain(X[:2])
    model.set_params(n_estimators=6).fit(X, X[:, 0])
    with pytest.warns(RefittedModelWarning, match="RandomForestRegressor was fitted again"):
        explainer.explain(X[:2])


def test_a_model_that_learnt_from_more_rows_is_told():
    X = np.random.default_rng(0).normal(size=(80, 2))
    model = SGDRegressor(random_state=0).fit(X, X[:, 0])
    explainer = LimeExplainer(model, random_state=0).fit(X)
    explainer.explain(X[:2])
    model.partial_fit(X, X[:, 1])
    with pytest.warns(RefittedModelWarning, match="SGDRegressor was fitted again"):
        explainer.explain(X[:2])


def test_models_that_note_their_calls_were_not_fitted_again():
    class Counting(LinearRegression):
        last_ = None

        def fit(self, X, y):
            self.last_ = np.zeros(len(X))
            return super().fit(X, y)

        def predict(self, X):
            self.n_calls_ = getattr(self, "n_calls_", 0) + 1
            self.seen_ = [*getattr(self, "seen_", []), np.array(X)]
            self.last_ = super().predict(X)
            return self.last_

    X = np.random.default_rng(0).normal(size=(80, 2))
    explainer = LimeExplainer(Counting().fit(X, X[:, 0]), random_state=0).fit(X)
    explainer.explain(X[:2])
    explainer.transform(X[:2])


def test_an_unfitted_model_is_the_explainers_own():
    X = np.random.default_rng(0).normal(size=(80, 2))
    model = LinearRegression()
    explainer = LimeExplainer(model, random_state=0).fit(X, X[:, 0])
    model.fit(X, X[:, 1])
    explainer.explain(X[:2])


@pytest.mark.parametrize(
    "binning", ["kmeans", KBinsDiscretizer(3, encode="ordinal", strategy="kmeans")]
)
def test_fits_in_threads_leave_the_filters_of_warnings_alone(binning):
    def fit(seed):
        X = np.random.default_rng(seed).normal(size=(300, 6))
        MarginalSampler(binning=binning).fit(X)

    before = list(warnings.filters)
    try:
        for _ in range(3):
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(fit, range(24)))
        assert list(warnings.filters) == before
    finally:
        warnings.filters[:] = before


def titanic():
    """A table of several kinds of columns, with targets that are words."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "sex": rng.choice(["male", "female"], 200),
            "pclass": rng.integers(1, 4, 200),
            "deck": rng.choice(list("ABC"), 200),
        }
    )
    y = np.where((X["sex"] == "female") | (X["pclass"] == 1), "survived", "died")
    return X, pd.Series(y, name="fate")


def encoded(model):
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["sex", "deck"]), remainder="passthrough"
    )
    return make_pipeline(encode, model)


@pytest.mark.parametrize(
    "model",
    [
        encoded(RandomForestClassifier(5)),
        encoded(Ridge()),
        GridSearchCV(encoded(LogisticRegression()), {"logisticregression__C": [1.0, 2.0]}),
    ],
    ids=lambda model: type(model).__name__,
)
def test_steps_that_are_not_fitted_say_so_without_targets(model):
    X, _ = titanic()
    kind = type(model).__name__
    cure = rf"This {kind} is not fitted.*fit\(X, y\), or fit the {kind} beforehand"
    with pytest.raises(ValueError, match=cure):
        LimeExplainer(model).fit(X)


def test_an_unknown_value_names_the_sampler_whose_parameter_refuses_it():
    X, y = titanic()
    model = encoded(LogisticRegression()).fit(X, y)
    strict = LimeExplainer(model, sampler=MarginalSampler(handle_unknown="error")).fit(X)
    with pytest.raises(ValueError, match=r'MarginalSampler\(handle_unknown="ask"\)'):
        strict.explain(X.assign(deck="Z"))


@pytest.mark.parametrize(
    "convert", [lambda X: X, pl.from_pandas, np.asarray], ids=["pandas", "polars", "array"]
)
def test_rows_in_place_of_attributions_are_told(convert):
    X, y = titanic()
    with pytest.raises(TypeError, match=r"not attributions.*explain first"):
        SubmodularPick().fit(convert(X))
    with pytest.raises(TypeError, match=r"not attributions.*explain first"):
        Cohorts().fit(X, y)


def test_no_rows_at_all_are_told():
    X, y = titanic()
    explainer = LimeExplainer(encoded(LogisticRegression()).fit(X, y)).fit(X)
    for ask in (explainer.fit, explainer.explain, explainer.transform):
        explainer.fit(X)
        with pytest.raises(ValueError, match="X is None"):
            ask(None)


def test_a_model_may_empty_the_list_of_texts_that_it_gets():
    def spoil(texts):
        found = [float("good" in text) for text in texts]
        del texts[:]
        return found

    texts = ["a good film", "a bad one"]
    explainer = LimeExplainer(FunctionRegressor(spoil), random_state=0).fit(texts)
    assert dict(explainer.explain(texts).as_list(0))["good"] == pytest.approx(1.0)
    assert texts == ["a good film", "a bad one"]


def test_answers_about_masked_copies_are_named_so():
    texts, asked = ["a good film", "a bad one"], []

    def fails(texts):
        asked.append(len(texts))
        return [0.0] * (len(texts) if len(asked) < 2 else 1)

    explainer = LimeExplainer(
        FunctionRegressor(fails), sampler=TokenSampler(), random_state=0
    )
    with pytest.raises(ValueError, match=r"about (training rows|masked copies) 0\.\."):
        explainer.fit(texts).transform(texts)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bad.Really", ["bad", "Really"]),
        ('\u05e6\u05d4"\u05dc "\u05d0"', ['\u05e6\u05d4"\u05dc', "\u05d0"]),
        ('a"b', ["a", "b"]),
        ("\uff24\uff4f\uff4e\uff07\uff54", ["\uff24\uff4f\uff4e\uff07\uff54"]),
    ],
)
def test_abbreviations_are_words(text, words):
    found = TokenSampler().fit([text]).rows([text])[0]
    assert list(found.described[0]) == words


WIDE = np.random.default_rng(0).normal(size=(200, 300))


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"sampler": MarginalSampler(n_bins=None)},
        {"sampler": GaussianSampler()},
        {"sampler": GaussianSampler("instance")},
        {"weighting": "tilted"},
        {"kernel": ExponentialKernel(width=2.0), "weighting": "kernel"},
        {"surrogate": Ridge()},
        {"selector": HighestWeights(20)},
    ],
    ids=repr,
)
def test_the_last_bits_do_not_depend_on_threads(setting):
    # No products of matrices, which round by threads in the model itself.
    def waves(X):
        return np.sin(X).sum(axis=1) + X[:, 0] * X[:, 1]

    def explained(n_threads):
        with threadpool_limits(n_threads, user_api="blas"):
            own = {"n_samples": 1024, "random_state": 0} | setting
            explainer = LimeExplainer(FunctionRegressor(waves), **own).fit(WIDE)
            return explainer.explain(WIDE[:3], uncertainty="surrogate" not in own)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeighbourhoodWarning)
        one, two = explained(1), explained(2)
    for name in ("values", "intercepts", "scores", "standard_errors", "support"):
        assert_array_equal(getattr(one, name), getattr(two, name))


def test_models_keep_their_threads_and_all_get_them_back():
    seen = []

    def threads():
        return {
            own["num_threads"] for own in threadpool_info() if own["user_api"] == "blas"
        }

    def waves(X):
        # Other threads may be about to limit them, one library after the other.
        seen.append(frozenset(threads()))
        return np.sin(X).sum(axis=1)

    explainer = LimeExplainer(
        FunctionRegressor(waves),
        sampler=GaussianSampler("instance"),
        n_samples=64,
        random_state=0,
    )
    with threadpool_limits(2, user_api="blas"):
        explainer.fit(WIDE[:, :4]).explain(WIDE[:2, :4])
        assert set(seen) == {frozenset({2})}
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(explainer.transform, [WIDE[:4, :4]] * 16))
        assert threads() == {2}
        with pytest.raises(ZeroDivisionError), one_thread():
            assert threads() == {1}
            raise ZeroDivisionError
        assert threads() == {2}


def test_columns_that_were_cut_into_intervals_go_through_documents():
    rng = np.random.default_rng(0)
    age = pd.Series(rng.uniform(0, 80, 100))
    day = pd.Series(
        pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 99, 100), "D")
    )
    X = pd.DataFrame(
        {
            "age": pd.cut(age, [0, 18, 65, 120], right=False),
            "quarter": pd.qcut(age, 4),
            "day": pd.cut(day, 3),
            "size": rng.normal(size=100),
        }
    )

    def adult(X):
        return np.array([float(own.left >= 18) for own in X["age"]]) + X["size"].to_numpy()

    explainer = LimeExplainer(FunctionRegressor(adult), random_state=0).fit(X)
    explanation = explainer.explain(X[:5])
    again = Explanation.from_json(explanation.to_json())
    assert again == explanation
    assert again.data["age"].dtype == X["age"].dtype
    assert "age = [" in explanation.as_list(0)[0][0] + explanation.as_list(0)[1][0]


@pytest.mark.parametrize("answer", [None, {"p": [0.0]}])
def test_what_is_no_answer_is_shown(answer):
    model = FunctionRegressor(lambda X: answer)
    with pytest.raises(ValueError, match=r"gave (None|\{'p'.*), .* no numbers: give"):
        LimeExplainer(model).fit(np.zeros((4, 2)))
