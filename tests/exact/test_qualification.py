"""What has no closed form is noticed, however alike it looks on training rows."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import sklearn
from lightgbm import LGBMRegressor
from sklearn.base import clone
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.linear_model import (
    LinearRegression,
    PoissonRegressor,
    Ridge,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.tree import DecisionTreeRegressor
from xgboost import XGBRegressor

from sklime import LimeExplainer
from sklime.samplers import GaussianSampler
from tests.exact.test_large_forests import peak_of

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 3))
y = X[:, 0] * X[:, 1] + X[:, 2]


def method_of(model, table, **params):
    return LimeExplainer(model, n_samples=64, **params).fit(table).method_


def refused(model, table, reason, weights=None, **params):
    explainer = LimeExplainer(model, method="exact", **params)
    with pytest.raises(ValueError, match=f"(?s)no closed form here: .*{reason}"):
        explainer.fit(table, sample_weight=weights)
    assert method_of(model, table, **params) == "sampling"


def answering(model, function):
    """A fitted model that answers otherwise than its class does."""
    model.predict = partial(function, model.predict)
    return model


@pytest.mark.parametrize("imputer", [KNNImputer(), IterativeImputer()], ids=repr)
def test_imputers_from_other_columns_mix_columns_however_rare_the_gaps(imputer):
    table = rng.normal(size=(3000, 3))
    table[:, 1] = table[:, 0] + 0.1 * table[:, 1]
    response = 3 * table[:, 1]
    table[[5, 1207, 1900, 2900], 1] = np.nan
    model = make_pipeline(imputer, RandomForestRegressor(5, max_depth=4, random_state=0))
    refused(model.fit(table, response), table, "mixes columns")


@pytest.mark.parametrize("model", [LinearRegression(), DecisionTreeRegressor(max_depth=6)])
def test_products_of_columns_that_are_mostly_zero_mix_columns(model):
    table = (rng.random((4000, 3)) < 0.02) * rng.integers(1, 4, (4000, 3)).astype(float)
    pairs = PolynomialFeatures(interaction_only=True, include_bias=False).fit(table)
    # A step of unknown type: of PolynomialFeatures a linear model has a closed form.
    model = make_pipeline(FunctionTransformer(pairs.transform), model)
    model.fit(table, 50 * table[:, 0] * table[:, 1] + table[:, 2])
    refused(model, table, "mixes columns")


def levels(letter, n, frequencies):
    return rng.choice([f"{letter}{i:02d}" for i in range(n)], 3000, p=frequencies)


ZIPF = [1 / np.arange(1, n + 1) ** 0.7 for n in (60, 30)]
SALES = pd.DataFrame(
    {
        "country": levels("C", 60, ZIPF[0] / ZIPF[0].sum()),
        "merchant": levels("M", 30, ZIPF[1] / ZIPF[1].sum()),
        "age": rng.integers(0, 4, 3000),
    }
)


@pytest.mark.parametrize(("country", "merchant"), [("C02", "M02"), ("C04", "M06")])
@pytest.mark.parametrize("model", [LinearRegression(), DecisionTreeRegressor(max_depth=6)])
def test_a_step_that_looks_at_one_cell_of_two_columns_mixes_them(country, merchant, model):
    def cell(T):
        return (T["country"] == country) & (T["merchant"] == merchant)

    def step(T):
        return np.column_stack([T["age"], cell(T)]).astype(float)

    hit = cell(SALES)
    model = make_pipeline(FunctionTransformer(step), model)
    model.fit(SALES, SALES["age"] + 100.0 * hit)
    refused(model, SALES, "mixes columns")
    [found] = LimeExplainer(model, random_state=0).fit(SALES).transform(SALES[hit][:1])
    # The row's answer rests on both columns, which have the contrast of the cell's draws.
    a, b = (SALES["country"] == country).mean(), (SALES["merchant"] == merchant).mean()
    e = np.exp(-1 / (2 * 0.75**2 * 3))
    tilted_a, tilted_b = a / (a + (1 - a) * e), b / (b + (1 - b) * e)
    np.testing.assert_allclose(found[:2], [100 * tilted_b, 100 * tilted_a], rtol=0.5)


@pytest.mark.parametrize("sampler", [None, GaussianSampler()], ids=["bins", "normal"])
def test_a_step_that_looks_at_a_square_of_two_numbers_mixes_them(sampler):
    def step(X):
        return np.column_stack([X, (abs(X[:, :2] - 0.5) < 0.06).all(axis=1)])

    table = rng.normal(size=(3000, 3))
    model = make_pipeline(FunctionTransformer(step), LinearRegression())
    model.fit(table, step(table) @ [0, 0, 1, 50])
    refused(model, table, "mixes columns", sampler=sampler)


def test_a_step_that_looks_at_a_cell_which_only_training_rows_have_mixes_columns():
    codes = np.repeat(np.arange(300.0), 10)
    table = np.column_stack([codes, codes, rng.normal(size=3000)])

    def step(X):
        # One draw in 90,000, but ten training rows.
        return np.column_stack([X, (X[:, 0] == 77) & (X[:, 1] == 77)])

    model = make_pipeline(FunctionTransformer(step), LinearRegression())
    refused(model.fit(table, codes + 50.0 * (codes == 77)), table, "mixes columns")


def on_the_instance(model):
    # Where no row that anyone looks at need lie.
    def rule(f, X, **options):
        return f(X, **options) + 5.0 * (np.asarray(X)[:, :2].sum(axis=1) > 6.0)

    return answering(model, rule)


@pytest.mark.parametrize(
    "model",
    [
        LinearRegression(),
        DecisionTreeRegressor(max_depth=4),
        RandomForestRegressor(5, random_state=0),
        GradientBoostingRegressor(n_estimators=5),
        HistGradientBoostingRegressor(max_iter=5),
        LGBMRegressor(n_estimators=5, verbose=-1, n_jobs=1),
        XGBRegressor(n_estimators=5, n_jobs=1),
        make_pipeline(StandardScaler(), Ridge()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_instances_with_methods_of_their_own_are_no_longer_their_class(model):
    assert method_of(model.fit(X, y), X) == "exact"
    refused(on_the_instance(model), X, "predict is set on the instance")


def test_parts_with_methods_of_their_own_are_no_longer_their_class():
    forest = RandomForestRegressor(5, random_state=0).fit(X, y)
    on_the_instance(forest.estimators_[3])
    refused(forest, X, "DecisionTreeRegressor.predict is set on the instance")
    inner = on_the_instance(Ridge().fit(X, y))
    refused(FrozenEstimator(inner), X, "Ridge.predict is set on the instance")
    piped = on_the_instance(make_pipeline(StandardScaler(), Ridge()).fit(X, y))
    refused(FrozenEstimator(piped), X, "Pipeline.predict is set on the instance")
    linear = Ridge().fit(X, y)
    linear._decision_function = partial(lambda f, X: f(X), linear._decision_function)
    refused(linear, X, "Ridge._decision_function is set on the instance")


def test_a_model_is_judged_on_rows_between_training_rows():
    table = np.column_stack([X[:, 0], X[:, 0], X[:, 2]])
    forest = RandomForestRegressor(5, random_state=0).fit(table, y)
    assert method_of(forest, table) == "exact"
    off = answering(forest, lambda f, X: f(X) + 5.0 * (X[:, 0] != X[:, 1]))
    refused(off, table, "does not answer as it does itself")


BINARY = np.column_stack([rng.integers(0, 2, 300) * 1.0, X[:, 1:]])


@pytest.mark.parametrize("center", ["mean", "instance"])
@pytest.mark.parametrize(
    ("step", "table"),
    [
        (FunctionTransformer(np.square), rng.integers(0, 2, (300, 3)) * 1.0),
        (FunctionTransformer(np.round), BINARY.round()),
        (MinMaxScaler(clip=True), X),
        (KBinsDiscretizer(2, encode="ordinal", strategy="uniform"), BINARY[:, :1]),
    ],
    ids=["square", "round", "clip", "bins"],
)
@pytest.mark.parametrize("model", [Ridge(), DecisionTreeRegressor(max_depth=3)], ids=repr)
def test_steps_that_are_linear_at_training_values_only(step, table, center, model):
    model = make_pipeline(step, model).fit(table, table[:, 0] + 0.1 * y)
    refused(model, table, "not linear", sampler=GaussianSampler(center=center))


def test_gaps_that_normal_laws_never_draw_do_no_harm():
    table = X.copy()
    table[::7, 0] = np.nan
    sampler = GaussianSampler()
    model = make_pipeline(SimpleImputer(), LinearRegression()).fit(table, y)
    explainer = LimeExplainer(model, method="exact", sampler=sampler).fit(table)
    expected = model[-1].coef_ * np.nanstd(table, axis=0)
    np.testing.assert_allclose(explainer.transform(table[1:3]), [expected] * 2, rtol=1e-9)
    forest = RandomForestRegressor(5, random_state=0).fit(table, y)
    assert method_of(forest, table, sampler=sampler) == "exact"


@pytest.mark.parametrize("level", [0.0, 1e4, 1e8])
def test_what_a_model_adds_to_its_parts_is_noticed_at_any_level(level):
    forest = RandomForestRegressor(20, random_state=0).fit(X, level + y)
    assert method_of(forest, X) == "exact"
    added = answering(forest, lambda f, X: f(X) + 1e-3 * X[:, 2])
    refused(added, X, "does not answer as it does itself")


def whole_numbers(level):
    """Models whose answers are whole numbers at some level, and a table for them."""
    table = np.column_stack([X[:, :2].round(), X[:, 2]])
    linear = LinearRegression().fit(table, y)
    linear.coef_, linear.intercept_ = np.array([3.0, 2.0, 0.0]), level
    tree = DecisionTreeRegressor().fit(table, linear.predict(table))
    return table, [linear, tree]


@pytest.mark.parametrize("level", [1e5, 1e7])
@pytest.mark.parametrize("which", [0, 1], ids=["linear", "tree"])
def test_what_is_added_to_whole_numbers_is_noticed_at_any_level(level, which):
    table, models = whole_numbers(level)
    assert method_of(models[which], table) == "exact"
    added = answering(models[which], lambda f, X: f(X) + 8.0 * (X[:, 2] > 0.67))
    refused(added, table, "does not answer as it does itself")


@pytest.mark.parametrize("level", [1e4, 1e7])
def test_what_is_added_inside_a_model_is_noticed_at_any_level(level):
    # Its mean and both leaves are whole numbers.
    steps = level + 8.0 * (np.arange(300) % 2)
    table = np.column_stack([steps - level, X[:, 1:]])
    model = HistGradientBoostingRegressor(max_iter=1, learning_rate=1.0, max_depth=1)
    assert method_of(model.fit(table, steps), table) == "exact"
    [[own]] = model._predictors

    def predict(X, **options):
        return own.predict(X, **options) + 8.0 * (X[:, 2] > 0.67)

    model._predictors = [[SimpleNamespace(nodes=own.nodes, predict=predict)]]
    model._predictors[0][0].raw_left_cat_bitsets = own.raw_left_cat_bitsets
    refused(model, table, "does not answer as it does itself")


def test_single_precision_is_what_the_model_answers_in():
    table = X.astype(np.float32)
    linear = Ridge().fit(table, (1e6 + y).astype(np.float32))
    assert linear.predict(table).dtype == np.float32
    assert method_of(linear, table) == "exact"


@pytest.mark.parametrize("level", [1e6, 1e7])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "model",
    [
        XGBRegressor(n_estimators=5, n_jobs=1),
        DecisionTreeRegressor(max_depth=4),
        LinearRegression(),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_rule_of_a_changed_class_is_noticed_at_high_levels(
    model, dtype, level, monkeypatch
):
    def ruled(self, X):
        rule = (np.asarray(X)[:, 1] > 0) & (np.asarray(X)[:, 2] > 0)
        return (own(self, X) + 8.0 * rule).astype(dtype)

    own, table = type(model).predict, rng.normal(size=(300, 3))
    model = clone(model).fit(table, np.round(level + 100.0 * table[:, 0]))
    assert method_of(model, table) == "exact"
    monkeypatch.setattr(type(model), "predict", ruled)
    refused(model, table, "does not answer as it does itself")


def test_what_a_model_adds_to_one_of_its_outputs_is_noticed():
    forest = RandomForestRegressor(20, random_state=0).fit(X, np.column_stack([y, 1e9 * y]))
    assert method_of(forest, X) == "exact"
    added = answering(forest, lambda f, X: f(X) + 1e-3 * X[:, 2:] * [1, 0])
    refused(added, X, "does not answer as it does itself")


@pytest.mark.parametrize("n_trees", [1000, 3000])
@pytest.mark.parametrize("level", [0.0, 300.0])
def test_sums_of_many_trees_in_single_precision_are_known_again(n_trees, level):
    model = XGBRegressor(n_estimators=n_trees, max_depth=2, learning_rate=0.05, n_jobs=1)
    assert method_of(model.fit(X, level + y), X) == "exact"


def test_rows_without_weight_have_no_say():
    weights = np.ones(300)
    weights[np.unique(np.linspace(0, 299, 64).astype(int))] = 0.0
    table = X.round(1)
    model = RandomForestRegressor(5, random_state=0).fit(table, y)
    other = np.where(weights[:, np.newaxis] > 0, table, table + 0.0123)
    weighted = LimeExplainer(model, method="exact").fit(other, sample_weight=weights)
    alone = LimeExplainer(model, method="exact").fit(table[weights > 0])
    np.testing.assert_array_equal(weighted.transform(table), alone.transform(table))
    # Two rows with weight still tell the model from its parts.
    few = np.zeros(300)
    few[[100, 200]] = 1.0
    off = answering(model, lambda f, X: f(X) ** 2)
    refused(off, X, "does not answer as it does itself", few)
    few[200] = 0.0
    refused(model, X, "all alike", few)


def without_field(model, name):
    """Histogram boosting whose nodes lack a field, as another version's might."""
    kept = [field for field in model._predictors[0][0].nodes.dtype.names if field != name]
    model._predictors = [
        [SimpleNamespace(nodes=one.nodes[kept], predict=one.predict) for one in stage]
        for stage in model._predictors
    ]
    return model


@pytest.mark.parametrize("name", ["is_categorical", "num_threshold", "value", "left"])
def test_nodes_in_an_unknown_layout_disqualify(name):
    model = HistGradientBoostingRegressor(max_iter=3).fit(X, y)
    refused(without_field(model, name), X, "unknown layout")


def test_hidden_trees_and_coefficients_disqualify():
    forest = RandomForestRegressor(3, random_state=0).fit(X, y)
    answering(forest, lambda f, X: X[:, 0]).estimators_ = [object()]
    refused(forest, X, "unknown layout")
    linear = answering(LinearRegression().fit(X, y), lambda f, X: X[:, 0])
    del linear.coef_
    refused(linear, X, "unknown layout")


def test_dumps_in_an_unknown_layout_disqualify():
    model = LGBMRegressor(n_estimators=3, verbose=-1, n_jobs=1).fit(X, y)
    model.booster_.dump_model = lambda: {"trees": []}
    refused(model, X, "unknown layout")


COUNTS = np.arange(300) % 7 + 1.0
LABELS = y > 0


@pytest.mark.parametrize(
    ("model", "response", "params", "reason"),
    [
        (
            MultiOutputRegressor(PoissonRegressor()),
            np.column_stack([COUNTS, COUNTS]),
            {},
            "PoissonRegressor has a log link",
        ),
        (
            HistGradientBoostingRegressor(loss="poisson", max_iter=3),
            COUNTS,
            {},
            "loss='poisson' has a log link",
        ),
        (
            GradientBoostingRegressor(init=LinearRegression(), n_estimators=3),
            y,
            {},
            r"answers of init=LinearRegression\(\)",
        ),
        (
            GradientBoostingClassifier(n_estimators=3),
            LABELS,
            {"response_method": "predict"},
            'margins are: set response_method="decision_function"',
        ),
        (
            HistGradientBoostingClassifier(max_iter=3),
            LABELS,
            {},
            "HistGradientBoostingClassifier.predict_proba is not a sum over leaves",
        ),
    ],
    ids=lambda case: type(case).__name__ if hasattr(case, "fit") else "",
)
def test_links_and_other_answers_than_margins_are_named(model, response, params, reason):
    refused(clone(model).fit(X, response), X, reason, **params)


@pytest.mark.parametrize("init", [None, "zero"])
def test_constants_that_boosting_starts_with_are_no_hindrance(init):
    model = GradientBoostingRegressor(init=init, n_estimators=3).fit(X, y)
    assert method_of(model, X) == "exact"


def test_a_step_that_refuses_values_between_training_values_is_told():
    codes = rng.integers(0, 2, (300, 2)) * 1.0
    model = make_pipeline(OneHotEncoder(), Ridge()).fit(codes, codes[:, 0])
    explainer = LimeExplainer(model, method="exact", sampler=GaussianSampler())
    with pytest.raises(ValueError, match="does not take rows put together"):
        explainer.fit(codes)


def identifiers(n):
    table = pd.DataFrame({"id": np.arange(2 * n) % n, "a": rng.normal(size=2 * n)})
    table["id"] = ("z" + table["id"].astype(str)).astype("category")
    steps = sklearn.compose.make_column_transformer(
        (OneHotEncoder(), ["id"]), remainder="passthrough"
    )
    response = table["a"] + table["id"].cat.codes % 7
    return make_pipeline(steps, Ridge(solver="lsqr")).fit(table, response), table


def test_more_one_hot_features_than_fit_into_memory_are_sampled():
    model, table = identifiers(8000)
    explainer = LimeExplainer(model, method="exact")

    def fit():
        with pytest.raises(ValueError, match="too many features of too many distinct"):
            explainer.fit(table)

    _, megabytes = peak_of(fit)
    # A block of 64 MB, some times over, and the 200 MB that are kept at most.
    assert megabytes < 500


def test_many_one_hot_features_are_pushed_in_blocks():
    model, table = identifiers(1000)
    coef = model[-1].coef_
    with sklearn.config_context(working_memory=1):
        explainer = LimeExplainer(model, method="exact").fit(table)
        found = explainer.transform(table)
    # One category against the mean of the other 999.
    part = coef[:1000][np.unique(table["id"], return_inverse=True)[1]]
    expected = part - (coef[:1000].sum() - part) / 999
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-12 * np.abs(coef).max() * 1e3)


def test_trees_behind_a_scaler_have_the_limit_of_a_step_function():
    table = rng.normal(5.0, 2.0, (400, 1))
    turned = FunctionTransformer(lambda X: 3.0 - 4.0 * X)
    stump = make_pipeline(turned, StandardScaler(), DecisionTreeRegressor(max_depth=1))
    stump.fit(table, table[:, 0] > 5.5)
    explainer = LimeExplainer(stump, method="exact", sampler=GaussianSampler()).fit(table)
    tree, scaler = stump[-1].tree_, stump[-2]
    cut = (3.0 - (scaler.inverse_transform([[tree.threshold[0]]])[0, 0])) / 4.0
    jump = np.ptp(tree.value[1:, 0, 0])
    mean, sd, precision = table.mean(), table.std(), explainer.kernel_.precision
    # Draws in units of sd around the mean, times the kernel around the row; by Stein's
    # identity the slope is the jump times the density at the cut.
    x = table[:20, 0]
    variance = 1.0 / (1.0 + precision)
    centre = precision * variance * (x - mean) / sd
    away = (cut - mean) / sd - centre
    density = np.exp(-0.5 * away**2 / variance) / np.sqrt(2 * np.pi * variance)
    found = explainer.transform(table[:20])[:, 0]
    np.testing.assert_allclose(found, jump * density, rtol=1e-9)


def test_steps_see_all_columns_at_once():
    seen = []

    def counting(X):
        seen.append(len(X))
        return np.square(X)

    wide = rng.normal(size=(900, 60))
    model = make_pipeline(FunctionTransformer(counting), LinearRegression())
    model.fit(wide, wide[:, 0])
    seen.clear()
    explainer = LimeExplainer(model, method="exact").fit(wide)
    # 54,000 values; the trials are 4,096 draws and 900 training rows, 256 rows and more.
    assert sum(seen) < 12_000
    found = explainer.transform(wide[:5])
    for j, x in enumerate(wide.T):
        cell = np.searchsorted(np.quantile(x, [0.25, 0.5, 0.75]), x)
        own = cell == cell[:5, np.newaxis]
        means = [np.mean(np.square(x[side])) for row in own for side in (row, ~row)]
        expected = model[-1].coef_[j] * (np.array(means[::2]) - means[1::2])
        np.testing.assert_allclose(found[:, j], expected, atol=1e-12)


def test_steps_that_mix_columns_at_rare_values_are_noticed():
    table = np.column_stack([np.arange(3000.0), np.arange(3000.0)[::-1]])

    def step(X):
        # A sum over columns for all but one value of one of them.
        return X + 1e6 * (X[:, :1] == 1234.0) * [0.0, 1.0]

    model = make_pipeline(FunctionTransformer(step), LinearRegression())
    refused(model.fit(table, table[:, 0]), table, "mixes columns")


def test_forests_of_more_nodes_than_memory_holds_are_told_before_they_are_copied():
    table = rng.normal(size=(20_000, 2))
    forest = RandomForestRegressor(1, random_state=0).fit(table, rng.normal(size=20_000))
    [tree] = forest.estimators_
    forest.estimators_ = [tree] * (26_000_000 // tree.tree_.node_count + 1)

    def fit():
        refused(forest, table, "nodes, more than fit into memory")

    _, megabytes = peak_of(fit)
    assert megabytes < 100
