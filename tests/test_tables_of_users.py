"""Tables as people have them: sparse frames, names of any type, dates, counts, Arrow."""

import datetime
import decimal
import fractions
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklime import Cohorts, Explanation, FunctionRegressor, LimeExplainer
from sklime.plotting import DependenceDisplay, HeatmapDisplay, SummaryDisplay
from sklime.samplers import CoalitionSampler, GaussianSampler, MarginalSampler
from sklime.selectors import HighestWeights


class Listening:
    """A model that keeps the tables that it was asked about."""

    def __init__(self, f):
        self.f, self.tables = f, []

    def predict(self, X):
        self.tables.append(X)
        return self.f(X)


def numbers(n=300, d=3):
    return np.random.default_rng(0).normal(size=(n, d))


# Sparse frames


@pytest.mark.parametrize("dtype", [float, bool, int, np.float32])
def test_a_frame_of_sparse_dummies_is_explained_as_a_dense_one(dtype):
    rng = np.random.default_rng(0)
    raw = pd.DataFrame({"c": rng.choice(list("abcd"), 300), "v": rng.normal(size=300)})
    X = pd.get_dummies(raw, sparse=True, dtype=dtype)
    dense = pd.get_dummies(raw, dtype=dtype)
    f = FunctionRegressor(
        lambda T: np.asarray(T["c_a"], dtype=float) * T["v"] + np.asarray(T["c_b"]) * 2.0
    )
    found = LimeExplainer(f, random_state=0).fit(X).explain(X[:3])
    expected = LimeExplainer(f, random_state=0).fit(dense).explain(dense[:3])
    np.testing.assert_array_equal(found.values, expected.values)
    assert found.conditions == expected.conditions


def test_a_model_gets_a_sparse_frame_where_training_had_one():
    X = pd.DataFrame.sparse.from_spmatrix(
        sparse.random(200, 20, 0.1, random_state=0), columns=[f"w{i}" for i in range(20)]
    )
    dense = X.sparse.to_dense()
    model = Listening(lambda T: T.sparse.to_coo() @ np.arange(20.0))
    found = LimeExplainer(model, random_state=0).fit(X).transform(X[:2])
    assert {tuple(T.dtypes) for T in model.tables} == {tuple(X.dtypes)}
    plain = FunctionRegressor(lambda T: T.to_numpy() @ np.arange(20.0))
    expected = LimeExplainer(plain, random_state=0).fit(dense).transform(dense[:2])
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_sparse_frame_and_its_dense_twin_may_stand_for_each_other():
    X = pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 1.0, 0.0, 2.0] * 20)})
    X["b"] = np.arange(80.0)
    explainer = LimeExplainer(FunctionRegressor(lambda T: T["b"]), random_state=0).fit(X)
    dense = X.assign(a=X["a"].sparse.to_dense())
    np.testing.assert_array_equal(explainer.transform(X), explainer.transform(dense))


def test_an_explanation_of_a_sparse_frame_goes_through_json():
    X = pd.get_dummies(pd.DataFrame({"c": list("abca") * 10}), sparse=True, dtype=float)
    model = FunctionRegressor(lambda T: np.asarray(T["c_a"], dtype=float))
    found = LimeExplainer(model, random_state=0).fit(X).explain(X[:4])
    back = Explanation.from_json(found.to_json())
    assert back == found
    assert back.data.dtypes.tolist() == X.dtypes.tolist()


# Names that are no strings


LABELS = [
    pd.Index([2019, 2020, 2021]),
    pd.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "x")]),
    pd.Index(["a", 3, ("t", 1)], tupleize_cols=False),
    pd.Index([np.nan, 1.0, 2.0]),
    pd.date_range("2020-01-01", periods=3),
]


@pytest.mark.parametrize("labels", LABELS, ids=["int", "levels", "mixed", "nan", "dates"])
@pytest.mark.parametrize("sampler", [None, GaussianSampler(), "coalition"])
def test_names_that_are_no_strings_are_shown_as_text(labels, sampler):
    X = pd.DataFrame(numbers(), columns=labels)
    if sampler == "coalition":
        sampler = CoalitionSampler(background=X[:5])
    model = Listening(lambda T: T.iloc[:, 0] + 2 * T.iloc[:, 1])
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(X)
    found = explainer.explain(X[8:10])
    names = list(map(str, labels))
    assert all(T.columns.equals(X.columns) for T in model.tables)
    assert found.feature_names.tolist() == names
    assert explainer.get_feature_names_out().tolist() == names
    assert explainer.get_feature_names_out(X.columns).tolist() == names
    assert found.to_frame().feature.tolist() == 2 * names
    assert found.to_frame(tidy=False).columns.tolist() == names
    assert all(names[1] in text for text in np.asarray(found.conditions)[:, 1])
    assert found.to_html()
    np.testing.assert_array_equal(found[:, labels[1]].values, found.values[:, [1]])
    np.testing.assert_array_equal(found[names[1]].values, found.values[:, [1]])
    np.testing.assert_array_equal(
        found[:, [labels[2], names[1]]].values, found.values[:, 2:0:-1]
    )
    assert Explanation.from_json(found.to_json()) == found


def test_columns_of_several_levels_are_features_by_their_label():
    X = pd.DataFrame(numbers(), columns=LABELS[1])
    found = LimeExplainer(FunctionRegressor(lambda T: T["a", "x"]), random_state=0).fit(X)
    found = found.explain(X[:2])
    assert found["a", "y"].feature_names.tolist() == ["('a', 'y')"]
    with pytest.raises(IndexError, match="rows='a'"):
        found["a", "z"]


def test_an_int_is_a_row_and_the_error_says_how_to_name_a_column():
    X = pd.DataFrame(numbers(), columns=LABELS[0])
    explainer = LimeExplainer(FunctionRegressor(lambda T: T[2019]), random_state=0)
    found = explainer.fit(X).explain(X[:3])
    assert found[1].data.index.tolist() == [1]
    with pytest.raises(IndexError) as caught:
        found[2020]
    assert "e[:, 2020]" in caught.value.__notes__[0]
    with pytest.raises(KeyError, match=r"no feature is named 1999.*2019"):
        found[:, 1999]


@pytest.mark.parametrize("labels", LABELS, ids=["int", "levels", "mixed", "nan", "dates"])
def test_columns_in_another_order_are_refused_whatever_their_names(labels):
    X = pd.DataFrame(numbers(), columns=labels)
    explainer = LimeExplainer(FunctionRegressor(lambda T: T.iloc[:, 0]), random_state=0)
    explainer.fit(X)
    with pytest.raises(ValueError, match=r"the columns .* are not those of the fit"):
        explainer.transform(X.iloc[:, ::-1])
    with pytest.raises(ValueError, match=r"not those of the fit|has 2 features"):
        explainer.transform(X.iloc[:, :2])
    with pytest.raises(ValueError, match=r"has 2 features, but .* expecting 3"):
        explainer.transform(X.to_numpy()[:, :2])


def test_a_name_of_nan_is_itself():
    X = pd.DataFrame(numbers(), columns=[np.nan, 1.0, 2.0])
    explainer = LimeExplainer(FunctionRegressor(lambda T: T.iloc[:, 0]), random_state=0)
    explainer.fit(X)
    other = pd.DataFrame(X.to_numpy(), columns=[float("nan"), 1.0, 2.0])
    np.testing.assert_array_equal(explainer.transform(other), explainer.transform(X))


def test_a_model_of_arrays_takes_a_frame_whose_names_are_strings_in_part():
    X = pd.DataFrame(numbers(), columns=["a", 3, ("t", 1)])
    model = RandomForestClassifier(5, random_state=0).fit(X.to_numpy(), X["a"] > 0)
    found = LimeExplainer(model, random_state=0).fit(X).transform(X[:2])
    expected = (
        LimeExplainer(model, random_state=0).fit(X.to_numpy()).transform(X[:2].to_numpy())
    )
    np.testing.assert_array_equal(found, expected)


# Dates and durations


N = 200
SECONDS = np.random.default_rng(1).integers(0, 3 * 365 * 86_400, N)
START = datetime.datetime(2018, 1, 1)
MOMENTS = [START + datetime.timedelta(seconds=int(s)) for s in SECONDS]
BERLIN = datetime.timezone(datetime.timedelta(hours=1))
ARROW_TIMES = {
    "timestamp": pa.timestamp("us"),
    "timestamp of nanoseconds": pa.timestamp("ns"),
    "zoned timestamp": pa.timestamp("ms", "America/New_York"),
    "date32": pa.date32(),
    "date64": pa.date64(),
    "duration": pa.duration("ms"),
    "time32": pa.time32("s"),
    "time64": pa.time64("us"),
}


def arrow_column(name):
    held = pa.array(MOMENTS)
    if name == "duration":
        held = pa.array([own - START for own in MOMENTS])
    if name.startswith("time3") or name.startswith("time6"):
        held = pa.array([own.time() for own in MOMENTS])
    if name.startswith("date"):
        held = pa.array([own.date() for own in MOMENTS])
    return pd.Series(pd.arrays.ArrowExtensionArray(held.cast(ARROW_TIMES[name])))


def objects(make):
    return pd.Series([make(own) for own in MOMENTS], dtype=object)


TIME_COLUMNS = {
    **{
        unit: pd.Series(np.array(MOMENTS, f"M8[{unit}]"))
        for unit in ("s", "ms", "us", "ns")
    },
    "zone": pd.Series(np.array(MOMENTS, "M8[us]"))
    .dt.tz_localize("UTC")
    .dt.tz_convert("Asia/Tokyo"),
    "offset": pd.Series(np.array(MOMENTS, "M8[ns]")).dt.tz_localize(BERLIN),
    "timedelta": pd.Series(SECONDS.astype("m8[s]")),
    "days": pd.Series(np.array(MOMENTS, "M8[us]")).dt.to_period("D"),
    "months": pd.Series(np.array(MOMENTS, "M8[us]")).dt.to_period("M"),
    "date objects": objects(datetime.datetime.date),
    "datetime objects": objects(lambda own: own),
    "zoned objects": objects(lambda own: own.replace(tzinfo=BERLIN)),
    "Timestamp objects": objects(pd.Timestamp),
    "timedelta objects": objects(lambda own: own - START),
    "time objects": objects(datetime.datetime.time),
    "numpy objects": objects(np.datetime64),
    **{f"arrow {name}": arrow_column(name) for name in ARROW_TIMES},
    **{
        "polars date": pl.Series(MOMENTS).cast(pl.Date),
        "polars ms": pl.Series(MOMENTS).cast(pl.Datetime("ms")),
        "polars ns": pl.Series(MOMENTS).cast(pl.Datetime("ns")),
        "polars zone": pl.Series(MOMENTS).dt.replace_time_zone(
            "Europe/Berlin", ambiguous="earliest", non_existent="null"
        ),
        "polars duration": pl.Series(SECONDS).cast(pl.Duration("us")),
        "polars time": pl.Series(MOMENTS).dt.time(),
    },
}


def table_of(column, missing):
    x = np.random.default_rng(2).normal(size=N)
    gone = np.arange(N) % 7 == 3
    if isinstance(column, pl.Series):
        X = pl.DataFrame({"when": column, "x": x})
        blank = pl.when(pl.Series(~gone)).then(pl.col("when")).alias("when")
        return X.with_columns(blank) if missing else X
    X = pd.DataFrame({"when": column.copy(), "x": x})
    if missing:
        X.loc[gone, "when"] = None if column.dtype == object else pd.NaT
    return X


def types_of(T):
    return list(T.schema.items()) if isinstance(T, pl.DataFrame) else T.dtypes.tolist()


@pytest.mark.parametrize("missing", [False, True], ids=["whole", "gaps"])
@pytest.mark.parametrize("name", TIME_COLUMNS)
def test_dates_and_durations_of_all_kinds_reach_the_model_as_they_were(name, missing):
    X = table_of(TIME_COLUMNS[name], missing)
    gone = (
        (lambda T: T["when"].is_null())
        if name.startswith("polars")
        else (lambda T: T["when"].isna())
    )
    model = Listening(lambda T: np.asarray(T["x"]) + 2.0 * np.asarray(gone(T), dtype=float))
    explainer = LimeExplainer(model, random_state=0).fit(X)
    found = explainer.explain(X[:8])
    seen = set(map(str, X["when"].to_list()))
    for T in model.tables:
        assert types_of(T) == types_of(X)
        assert set(map(str, T["when"].to_list())) <= seen
        # Neither rounded nor of another type.
        assert {type(own) for own in T["when"].to_list()} <= set(
            map(type, X["when"].to_list())
        )
    assert found.conditions.labels[0][-2] == "when is missing"
    if missing:
        assert found.conditions[3][0] == "when is missing"
        assert found["when"].values[3, 0] == pytest.approx(2.0, abs=0.05)
    assert Explanation.from_json(found.to_json()) == found
    assert found.to_html()
    assert len(found.to_frame()) == 16
    again = pickle.loads(pickle.dumps(explainer.sampler_)).restore(X)
    assert again.equals(X)


@pytest.mark.parametrize(
    "sampler", [MarginalSampler(n_bins=None), GaussianSampler()], ids=repr
)
@pytest.mark.parametrize("name", TIME_COLUMNS)
def test_standardised_dates_have_the_effect_of_one_standard_deviation(name, sampler):
    X = table_of(TIME_COLUMNS[name], False)
    encode = LimeExplainer(FunctionRegressor(lambda T: np.asarray(T["x"])))
    numbers = encode.fit(X).sampler_.format_.encode
    sd = numbers(X)[:, 0].std()
    model = Listening(lambda T: 3.0 * numbers(T)[:, 0] / sd)
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(X)
    effects = explainer.transform(X[:3])
    assert all(types_of(T) == types_of(X) for T in model.tables)
    if isinstance(TIME_COLUMNS[name][0], datetime.time) and isinstance(
        sampler, GaussianSampler
    ):
        # A time of day ends at midnight, where normal draws go on.
        assert (effects[:, 0] > 2.0).all()
        return
    np.testing.assert_allclose(effects[:, 0], 3.0, rtol=0.02)
    np.testing.assert_allclose(effects[:, 1], 0.0, atol=0.02)


def test_a_pipeline_that_reads_dates_itself_is_explained():
    rng = np.random.default_rng(0)
    days = rng.integers(0, 365, 800)
    start = pd.Timestamp("2025-01-01")
    X = pd.DataFrame(
        {"day": start + pd.to_timedelta(days, unit="D"), "price": rng.uniform(1, 5, 800)}
    )
    y = 10 * (X.day.dt.month >= 7) + 2 * X.price
    month = FunctionTransformer(month_of)
    model = make_pipeline(
        make_column_transformer((month, ["day"]), remainder="passthrough"),
        HistGradientBoostingRegressor(random_state=0),
    ).fit(X, y)
    counted = X.assign(day=days)
    back = FunctionRegressor(
        lambda F: model.predict(F.assign(day=start + pd.to_timedelta(F.day, unit="D")))
    )
    expected = LimeExplainer(back, random_state=0).fit(counted).transform(counted[:20])
    explainer = LimeExplainer(model, method="sampling", random_state=0).fit(X)
    found = explainer.explain(X[:20])
    np.testing.assert_allclose(found.values, expected, rtol=1e-9)
    exact = LimeExplainer(model, method="exact", random_state=0).fit(X).transform(X[:20])
    np.testing.assert_allclose(exact, expected, atol=0.02)
    assert found.conditions[0][0] == "day > 2025-10-07"
    assert found.conditions[1][0] == "2025-07-11 < day <= 2025-10-07"


def month_of(F):
    return F.iloc[:, [0]].apply(lambda s: s.dt.month).to_numpy()


def labels_of(column):
    X = pd.DataFrame({"when": column, "x": np.arange(float(len(column)))})
    model = FunctionRegressor(lambda T: T["x"])
    explainer = LimeExplainer(model, random_state=0).fit(X)
    return explainer.explain(X[:1]).conditions.labels[0][:4].tolist(), X["when"]


def test_bins_of_dates_are_read_as_dates():
    labels, _ = labels_of(pd.date_range("2020-01-01", "2020-12-31", freq="D"))
    assert labels == [
        "when <= 2020-04-01",
        "2020-04-01 < when <= 2020-07-01",
        "2020-07-01 < when <= 2020-09-30",
        "when > 2020-09-30",
    ]
    labels, _ = labels_of(pd.period_range("2010-01", periods=48, freq="M"))
    assert labels[1] == "2010-12 < when <= 2011-12"


def test_the_time_of_day_is_told_where_it_matters_only():
    labels, _ = labels_of(pd.date_range("2020-01-01 00:30", periods=96, freq="h"))
    # Values of the third lie above the edge, as its day does not say.
    assert labels[1] == "2020-01-02 00:00 < when <= 2020-01-03 00:00"
    labels, _ = labels_of(pd.date_range("2020-01-01 08:30", periods=40, freq="50h"))
    assert labels[1] == "2020-01-21 < when <= 2020-02-10"
    labels, _ = labels_of(pd.date_range("2020-01-01 00:30", periods=24, freq="h"))
    assert labels[1] == "2020-01-01 06:00 < when <= 2020-01-01 12:00"
    labels, _ = labels_of(pd.date_range("2020-01-01", periods=48, freq="s"))
    assert labels[3] == "when > 2020-01-01 00:00:35"


def test_bins_of_durations_are_read_as_days_and_hours():
    labels, _ = labels_of(pd.Series(pd.to_timedelta(np.arange(101), unit="h")))
    assert labels == [
        "when <= 1 day 01:00:00",
        "1 day 01:00:00 < when <= 2 days 02:00:00",
        "2 days 02:00:00 < when <= 3 days 03:00:00",
        "when > 3 days 03:00:00",
    ]
    labels, _ = labels_of(pd.Series(pd.to_timedelta(np.arange(101) - 50, unit="D")))
    assert labels[0] == "when <= -25 days"
    assert labels[1] == "-25 days < when <= 0 days"


@pytest.mark.parametrize(
    "zone", [None, "Europe/Berlin", "Pacific/Auckland", "America/New_York"]
)
@pytest.mark.parametrize("seed", range(5))
def test_the_text_of_a_bin_of_dates_parts_training_dates_as_the_bin_does(zone, seed):
    rng = np.random.default_rng(seed)
    spread = 10.0 ** rng.uniform(3, 17)
    moments = pd.Series(
        pd.to_datetime(1.5e18 + rng.uniform(0, spread, 100), unit="ns", utc=True)
    )
    moments = moments.dt.tz_convert(zone) if zone else moments.dt.tz_localize(None)
    X = pd.DataFrame({"when": moments, "x": rng.normal(size=100)})
    found = (
        LimeExplainer(FunctionRegressor(lambda T: T["x"]), random_state=0).fit(X).explain(X)
    )
    local = X["when"].dt.tz_localize(None)
    for own, text in zip(local, np.asarray(found.conditions)[:, 0], strict=True):
        low, _, high = text.rpartition("when")
        if high.startswith(" > "):
            low, high = high[3:] + " < ", ""
        assert not low or own > pd.Timestamp(low.removesuffix(" < "))
        assert not high or own <= pd.Timestamp(high.removeprefix(" <= "))


@pytest.mark.parametrize(
    "moments",
    [
        np.array([0, 1, 2, 2**62, 2**62 + 1, -(2**62)], "M8[ns]"),
        np.random.default_rng(0).integers(0, 2**60, 500).astype("M8[ns]"),
        np.array(["0001-01-01", "1970-01-01", "9999-12-31"], "M8[us]"),
        np.array(["1677-09-22", "2262-04-11"], "M8[ns]"),
        np.array([np.iinfo(np.int64).min + 1, 0, 1, 2, np.iinfo(np.int64).max], "m8[ns]"),
    ],
    ids=["neighbours", "decades of nanoseconds", "calendar", "bounds", "range"],
)
def test_moments_finer_than_floats_come_back_to_the_nanosecond(moments):
    X = pd.DataFrame({"when": np.tile(moments, 20), "x": np.arange(20.0 * len(moments))})
    model = Listening(lambda T: T["x"])
    explainer = LimeExplainer(model, random_state=0).fit(X)
    explainer.transform(X[: len(moments)])
    drawn = np.concatenate([T["when"].to_numpy() for T in model.tables])
    assert set(drawn.view(np.int64)) == set(moments.view(np.int64))
    E = explainer.sampler_.format_.encode(X)
    assert len(np.unique(E[:, 0])) == len(np.unique(moments))


def test_dates_of_another_unit_or_type_mean_the_same():
    X = table_of(TIME_COLUMNS["us"], False)
    explainer = LimeExplainer(FunctionRegressor(lambda T: T["x"]), random_state=0).fit(X)
    expected = explainer.explain(X[:9])
    for name in (
        "s",
        "ms",
        "ns",
        "datetime objects",
        "Timestamp objects",
        "arrow timestamp",
    ):
        other = table_of(TIME_COLUMNS[name], False)[:9]
        assert explainer.explain(other).conditions == expected.conditions
    gone = X[:2].assign(when=None)
    assert np.asarray(explainer.explain(gone).conditions)[:, 0].tolist() == 2 * [
        "when = value never seen in training"
    ]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["2020-01-01"], r"strings or categories in column 'when'.*had dates.*to_datetime"),
        ([1.5e9], "holds numbers in column 'when', where training had dates"),
        (pd.to_timedelta([3], unit="D"), "holds durations in column 'when'.*had dates"),
        (
            pd.to_datetime(["2020-01-01"], utc=True),
            "holds dates with a time zone in column 'when'.*had dates:",
        ),
        (pd.period_range("2020", periods=1, freq="D"), "holds periods in column 'when'"),
    ],
)
def test_what_is_no_date_where_training_had_dates_is_refused(wrong, message):
    X = table_of(TIME_COLUMNS["us"], False)
    explainer = LimeExplainer(FunctionRegressor(lambda T: T["x"]), random_state=0).fit(X)
    with pytest.raises(ValueError, match=message):
        explainer.transform(pd.DataFrame({"when": wrong, "x": [1.0]}))


def test_dates_named_as_categories_are_compared_for_equality():
    X = pd.DataFrame({"when": pd.to_datetime(["2020-02-03", "2021-03-04"] * 50), "x": 1.0})
    X["x"] = np.arange(100.0)
    model = FunctionRegressor(lambda T: 1.0 * (T["when"].dt.year == 2020))
    sampler = MarginalSampler(categorical_features=["when"])
    found = LimeExplainer(model, sampler=sampler, random_state=0).fit(X).explain(X[:1])
    assert found.as_list(0)[0][0] == "when = 2020-02-03"
    assert found.values[0, 0] == pytest.approx(1.0, abs=1e-3)


@pytest.fixture(scope="module")
def dated():
    rng = np.random.default_rng(0)
    days = rng.integers(0, 700, 300)
    X = pd.DataFrame(
        {
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D"),
            "age": pd.to_timedelta(rng.integers(0, 7000, 300), unit="h"),
            "x": rng.normal(size=300),
        }
    )
    X.loc[::9, "when"] = pd.NaT
    late = pd.Timestamp("2024-09-01")
    model = FunctionRegressor(
        lambda T: np.asarray(T["x"]) + 2.0 * (pd.Series(np.asarray(T["when"])) > late)
    )
    return X, model


@pytest.mark.parametrize("convert", [lambda X: X, pl.from_pandas], ids=["pandas", "polars"])
def test_pictures_and_pages_show_dates_as_dates(dated, convert):
    X, model = convert(dated[0]), dated[1]
    found = LimeExplainer(model, random_state=0).fit(X).explain(X)
    picture = DependenceDisplay.from_explanation(found, feature="when")
    picture.figure_.canvas.draw()
    labels = [text.get_text() for text in picture.ax_.get_xticklabels()]
    assert {"2024", "2025"} <= set(labels)
    picture = DependenceDisplay.from_explanation(found, feature="age")
    assert picture.ax_.get_xlabel() == "age (days)"
    hours = dated[0]["age"] / pd.Timedelta(days=1)
    drawn = picture.ax_.collections[0].get_offsets()[:, 0]
    np.testing.assert_allclose(np.sort(drawn), np.sort(hours))
    swarm = SummaryDisplay.from_explanation(found)
    # Dark for early, light for late; grey where there is no date.
    names = [text.get_text() for text in swarm.ax_.get_yticklabels()]
    ranks = swarm.ax_.collections[0].get_array().reshape(3, 300)[names.index("when")]
    expected = dated[0]["when"].rank(pct=True)
    np.testing.assert_allclose(np.ma.filled(ranks, np.nan), expected)
    page = found.to_html()
    first = dated[0]["when"].iloc[1]
    assert f'"cells":["{first:%Y-%m-%d}","' in page
    assert '"cells":[null,' in page
    frame = found["when"].to_frame()
    assert frame["value"].isna().sum() == 34
    assert pd.Timestamp(frame["value"][1]) == first


def test_rules_of_cohorts_speak_of_dates(dated):
    X, model = dated
    found = LimeExplainer(model, random_state=0).fit(X).explain(X)
    rules = Cohorts(max_groups=2).fit(X, found).rules_
    assert rules == ["when <= 2024-06-29 (or missing)", "when > 2024-06-29"]


def test_an_array_of_dates_shows_dates():
    X = np.array(MOMENTS, "M8[D]").reshape(-1, 2)
    model = FunctionRegressor(lambda T: 1.0 * (T[:, 0] > np.datetime64("2019-06-01")))
    found = LimeExplainer(model, random_state=0).fit(X).explain(X[:3])
    assert found.as_list(0)[0][0].count("-") >= 2
    assert f'"cells":["{X[0, 0]}","{X[0, 1]}"]' in found.to_html()
    assert found.to_frame()["value"][0] == X[0, 0]
    assert Explanation.from_json(found.to_json()) == found
    with pytest.raises(TypeError, match=r"timedelta64\[M\].*column 'x0'"):
        LimeExplainer(model).fit(X.astype("M8[M]") - X[:1].astype("M8[M]"))


# Integers of few distinct values


def passengers(dtype="int64"):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "pclass": pd.Series(rng.choice([1, 2, 3], 400, p=[0.2, 0.2, 0.6])).astype(
                dtype
            ),
            "sibsp": pd.Series(rng.poisson(0.6, 400)).astype(dtype),
            "age": pd.Series(rng.integers(1, 80, 400)).astype(dtype),
        }
    )


def survival(T):
    return 1.0 * (np.asarray(T["pclass"]) == 1) - 0.5 * (np.asarray(T["sibsp"]) == 0)


INTEGERS = ["int64", "uint8", "Int16", "UInt32", "int8[pyarrow]", "object"]


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("n_bins", [2, 4])
def test_integers_of_few_distinct_values_have_a_bin_each(dtype, n_bins):
    X = passengers(dtype)
    sampler = MarginalSampler(n_bins=n_bins)
    model = FunctionRegressor(survival)
    found = LimeExplainer(model, sampler=sampler, random_state=0).fit(X).explain(X[:50])
    for own, texts, values in zip(
        X.itertuples(), np.asarray(found.conditions), found.values, strict=False
    ):
        assert texts[0] == f"pclass = {own.pclass}"
        assert texts[1] == f"sibsp = {own.sibsp}"
        assert "age = " not in texts[2]
        # In class or out of it, weighed by how frequent the others are.
        share = (X["pclass"] == 1).mean() / (X["pclass"] != own.pclass).mean()
        assert values[0] == pytest.approx(1.0 if own.pclass == 1 else -share, abs=0.02)


def test_polars_integers_of_few_values_have_a_bin_each():
    X = pl.from_pandas(passengers())
    found = LimeExplainer(FunctionRegressor(survival), random_state=0).fit(X).explain(X[:1])
    assert np.asarray(found.conditions)[0, 0] == f"pclass = {X['pclass'][0]}"


@pytest.mark.parametrize(
    ("sampler", "convert"),
    [
        (MarginalSampler(), lambda X: X.astype(float)),
        (MarginalSampler(binning="uniform"), lambda X: X),
        (MarginalSampler(within="truncnorm"), lambda X: X),
        (GaussianSampler(n_bins=4), lambda X: X),
        (MarginalSampler(), lambda X: X.assign(pclass=np.arange(400) % 11)),
    ],
    ids=["floats", "uniform", "truncnorm", "gaussian", "eleven values"],
)
def test_other_numbers_are_cut_as_ever(sampler, convert):
    X = convert(passengers())
    explainer = LimeExplainer(FunctionRegressor(survival), sampler=sampler, random_state=0)
    found = explainer.fit(X).explain(X)
    assert all(
        "=" not in text.replace("<=", "") for text in np.asarray(found.conditions)[:, 0]
    )


def test_missing_integers_are_a_value_of_their_own():
    X = passengers("Int64")
    X.loc[::5, "pclass"] = pd.NA
    model = FunctionRegressor(lambda T: 1.0 * T["pclass"].isna().to_numpy(dtype=float))
    found = LimeExplainer(model, random_state=0).fit(X).explain(X[:2])
    assert found.conditions[0][0] == "pclass is missing"
    assert found.values[0, 0] == pytest.approx(1.0, abs=1e-3)


def test_an_integer_that_training_never_had_is_asked_about():
    X = passengers()
    model = Listening(lambda T: 3.0 * (np.asarray(T["sibsp"]) == 20))
    explainer = LimeExplainer(model, random_state=0).fit(X)
    found = explainer.explain(X[:1].assign(sibsp=20))
    assert found.values[0, 1] == pytest.approx(3.0, abs=1e-6)
    assert found.predictions[0] == 3.0


def test_names_add_to_the_categories_that_dtypes_tell():
    X = passengers(float).assign(sex=list("mf") * 200, deck=pd.Series(list("abcd") * 100))
    X["deck"] = X["deck"].astype("category")
    for given in (["pclass"], [0], np.array([True, False, False, False, False])):
        sampler = MarginalSampler(categorical_features=given)
        model = FunctionRegressor(survival)
        found = LimeExplainer(model, sampler=sampler, random_state=0).fit(X).explain(X[:1])
        texts = found.conditions[0]
        assert texts[0] == f"pclass = {X['pclass'][0]:.0f}"
        assert (texts[3], texts[4]) == ("sex = m", "deck = a")
        assert "<=" in texts[2] or ">" in texts[2]
    plain = LimeExplainer(model, sampler=MarginalSampler(categorical_features=None))
    assert plain.fit(X).explain(X[:1]).conditions[0][3] == "sex = m"
    with pytest.raises(ValueError, match="names no column: Pclass"):
        MarginalSampler(categorical_features=["Pclass"]).fit(X)


def test_names_that_are_no_strings_are_categories_as_text_and_as_they_are():
    X = pd.DataFrame({2019: np.arange(50.0) % 3, 2020: np.arange(50.0)})
    for given in (["2019"], pd.Index([2019]).astype(str)):
        sampler = MarginalSampler(categorical_features=given)
        model = FunctionRegressor(lambda T: T[2019])
        found = LimeExplainer(model, sampler=sampler, random_state=0).fit(X).explain(X[:1])
        assert found.conditions[0][0] == "2019 = 0"


# Dtypes that Arrow backs, nullable dtypes, exact numbers


ROWS = 120
LETTERS = list(np.random.default_rng(3).choice(list("abc"), ROWS))
WHOLE = np.random.default_rng(4).integers(0, 90, ROWS)
REAL = np.random.default_rng(5).normal(size=ROWS)


def of_arrow(values, arrow_type):
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.array(values, type=arrow_type)))


DTYPES = {
    "arrow string": of_arrow(LETTERS, pa.string()),
    "arrow large string": of_arrow(LETTERS, pa.large_string()),
    "arrow dictionary": of_arrow(LETTERS, pa.dictionary(pa.int32(), pa.string())),
    "arrow int": of_arrow(WHOLE.tolist(), pa.int8()),
    "arrow uint": of_arrow(WHOLE.tolist(), pa.uint64()),
    "arrow bool": of_arrow((WHOLE > 40).tolist(), pa.bool_()),
    "arrow float": of_arrow(REAL.astype("f4").tolist(), pa.float32()),
    "arrow decimal": of_arrow(
        [decimal.Decimal(int(i)) / 4 for i in WHOLE], pa.decimal128(9, 2)
    ),
    **{
        name: pd.Series(WHOLE).astype(name) for name in ("Int64", "Int8", "UInt8", "UInt64")
    },
    **{name: pd.Series(REAL).astype(name) for name in ("Float64", "Float32")},
    "boolean": pd.Series(WHOLE > 40).astype("boolean"),
    **{
        name: pd.Series(LETTERS, dtype=name)
        for name in ("string[python]", "string[pyarrow]")
    },
    "str": pd.Series(LETTERS, dtype="str"),
    "category": pd.Series(LETTERS, dtype="category"),
    "Decimal": pd.Series([decimal.Decimal(int(i)) / 4 for i in WHOLE], dtype=object),
    "Fraction": pd.Series([fractions.Fraction(int(i), 3) for i in WHOLE], dtype=object),
}


@pytest.mark.parametrize("missing", [False, True], ids=["whole", "gaps"])
@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_reaches_the_model_as_it_was(name, missing):
    column = DTYPES[name].copy()
    if missing:
        column[np.arange(ROWS) % 5 == 2] = None
    X = pd.DataFrame({"c": column, "x": REAL[::-1]})
    model = Listening(
        lambda T: T["x"].to_numpy(float) + 2.0 * T["c"].isna().to_numpy(float)
    )
    found = LimeExplainer(model, random_state=0).fit(X).explain(X[:4])
    for T in model.tables:
        assert T.dtypes.tolist() == X.dtypes.tolist()
        assert set(map(type, T["c"])) <= set(map(type, X["c"]))
        assert set(map(str, T["c"])) <= set(map(str, X["c"]))
    if missing:
        assert found.conditions[2][0] == "c is missing"
        assert found.values[2, 0] == pytest.approx(2.0, abs=0.05)
    assert Explanation.from_json(found.to_json()) == found
    assert found.to_html()
    assert found._repr_html_()


@pytest.mark.parametrize(
    "name", ["Int64", "Int8", "UInt8", "UInt64", "arrow int", "arrow uint"]
)
def test_normal_draws_of_integers_are_floats_where_the_dtype_does_not_hold_them(name):
    X = pd.DataFrame({"c": DTYPES[name], "x": REAL})
    model = FunctionRegressor(lambda T: np.asarray(T["c"], dtype=float))
    effects = LimeExplainer(model, sampler=GaussianSampler(), random_state=0).fit(X)
    np.testing.assert_allclose(effects.transform(X[:2])[:, 0], WHOLE.std(), rtol=0.01)


def test_a_decimal_that_training_never_had_is_a_decimal_for_the_model():
    X = pd.DataFrame({"c": DTYPES["Decimal"], "x": REAL})
    model = Listening(lambda T: T["x"])
    explainer = LimeExplainer(model, sampler=GaussianSampler("instance"), random_state=0)
    explainer.fit(X).transform(X[:1].assign(c=[decimal.Decimal("1000.25")]))
    assert all(isinstance(own, decimal.Decimal) for T in model.tables for own in T["c"])


# Documents


@pytest.fixture(scope="module")
def document():
    X = pd.DataFrame({"a": REAL, "b": LETTERS})
    explainer = LimeExplainer(FunctionRegressor(lambda T: T["a"]), random_state=0)
    return explainer.fit(X).explain(X[:3])


def test_documents_begin_with_blanks_or_marks_of_their_encoding(document):
    text = document.to_json()
    variants = ["\ufeff" + text, " \n" * 200 + text, text.encode("utf-8-sig")]
    for source in [*variants, text.encode("utf-16"), ("\ufeff \n" + text).encode()]:
        assert Explanation.from_json(source) == document


def test_files_that_begin_with_a_mark_of_their_encoding_are_read(document, tmp_path):
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path = tmp_path / "[explained].json"
        path.write_text(document.to_json(), encoding=encoding)
        assert Explanation.from_json(path) == document
        assert Explanation.from_json(str(path)) == document


@pytest.mark.parametrize(
    "source",
    ["[" * 100_000, '{"a":' * 100_000, "x" * 5000, "", "\x00", b"\xff\xff{", "[]", "{}"],
    ids=["lists", "dicts", "long", "empty", "null", "bytes", "list", "dict"],
)
def test_what_is_no_document_is_a_value_error(source):
    with pytest.raises(ValueError, match=r"document|explanation|Explanation"):
        Explanation.from_json(source)


WRONG = [5, True, "x", {}, [[]], [1, 2], {"a": 1}, {"$array": 5}, {"$nonsense": 1}]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_fields_of_a_wrong_type_are_a_value_error(document, wrong):
    content = document.to_dict()
    for name in ("data", "conditions", "unit_names", "unit_spans", "values", "shape"):
        with pytest.raises(ValueError, match=r".+"):
            Explanation.from_dict(content | {name: wrong})
    if "a" not in repr(wrong) and wrong != {}:
        with pytest.raises(ValueError, match=r".+"):
            Explanation.from_dict(content | {"meta": wrong})
    with pytest.raises(ValueError, match="'data' holds no rows"):
        Explanation.from_dict(content | {"data": None})


@pytest.mark.parametrize(
    "dtype",
    ["U200000000", "S200000000", "V200000000", "f8,f8", "(1000000,)f8", "complex128"],
)
def test_dtypes_that_take_far_more_memory_than_their_document_are_refused(document, dtype):
    array = {"dtype": dtype, "shape": [3], "values": ["1", "2", "3"]}
    with pytest.raises(ValueError, match=r"none that a document may name|far wider"):
        Explanation.from_dict(document.to_dict() | {"data": {"$array": array}})
    frame = document.to_dict()
    frame["data"]["$pandas.DataFrame"]["values"][0] = {"dtype": dtype, "objects": ["1"] * 3}
    with pytest.raises(ValueError, match="'data' cannot be read"):
        Explanation.from_dict(frame)


@pytest.mark.parametrize(
    "value",
    [
        {"$Timestamp": ["2020-01-01T00:00:00", "ns", "dateutil//etc/hostname"]},
        {"$Timestamp": ["2020-01-01T00:00:00", "ns", "../../etc/hostname"]},
        {"$Timestamp": ["2020-01-01T00:00:00", "ns", "/etc/hostname"]},
    ],
)
def test_zones_in_documents_open_no_files(document, value):
    content = document.to_dict()
    with pytest.raises(ValueError, match="no name of a time zone"):
        Explanation.from_dict(content | {"meta": {"when": value}})
    zone = value["$Timestamp"][2]
    utc = {"dtype": "datetime64[ns]", "shape": [3], "values": 3 * ["2020-01-01"]}
    columns = [
        {"dtype": "zoned", "zone": zone, "utc": utc},
        {"dtype": f"datetime64[ns, {zone}]", "objects": 3 * [None]},
        {"dtype": {"arrow": ["timestamp", "us", zone]}, "objects": 3 * [None]},
    ]
    for column in columns:
        content = document.to_dict()
        content["data"]["$pandas.DataFrame"]["values"][0] = column
        with pytest.raises(ValueError, match="'data' cannot be read"):
            Explanation.from_dict(content)


def test_frames_of_explanations_with_odd_cells_are_a_value_error(document):
    frame = document.to_frame()
    for name in ("row", "target", "feature"):
        with pytest.raises(ValueError, match="must be numbers or strings"):
            Explanation.from_frame(frame.assign(**{name: [[1]] * len(frame)}))
    with pytest.raises(ValueError, match=r"'feature'.*more than once"):
        Explanation.from_frame(pd.concat([frame, frame[["feature"]]], axis=1))


# What follows the caller


@pytest.mark.parametrize(
    "convert",
    [np.asarray, lambda A: pd.DataFrame(A, columns=["a", "b"]), sparse.csr_matrix],
    ids=["array", "frame", "sparse"],
)
def test_the_data_of_an_explanation_does_not_follow_the_callers_table(convert):
    X = convert(numbers(60, 2))
    model = FunctionRegressor(lambda T: np.asarray(T @ np.ones(2)).ravel())
    found = LimeExplainer(model, random_state=0).fit(X).explain(X)
    kept = found.to_json()
    if sparse.issparse(X):
        X.data[:] = -1.0
    elif hasattr(X, "iloc"):
        X.iloc[:] = -1.0
    else:
        X[:] = -1.0
    assert found.to_json() == kept


def test_meta_describes_the_fit():
    X = numbers(60, 2)
    explainer = LimeExplainer(
        FunctionRegressor(lambda T: T[:, 0]), n_samples=64, random_state=0
    )
    kept = explainer.fit(X).explain(X[:1]).meta
    explainer.set_params(selector=HighestWeights(1), n_samples=9999, weighting="tilted")
    assert explainer.explain(X[:1]).meta == kept
    assert explainer.fit(X).explain(X[:1]).meta["parameters"]["n_samples"] == "9999"


# Small things


def test_a_lazy_frame_is_to_be_collected():
    lazy = pl.LazyFrame({"a": np.arange(30.0)})
    explainer = LimeExplainer(FunctionRegressor(lambda T: T["a"]), random_state=0)
    explainer.fit(lazy.collect())
    for call in (explainer.transform, explainer.fit, MarginalSampler().fit):
        with pytest.raises(TypeError, match=r"LazyFrame.*X\.collect\(\)"):
            call(lazy)


@pytest.mark.parametrize("binning", ["quantile", "uniform", "kmeans", "entropy"])
def test_a_billion_bins_are_refused(binning):
    sampler = MarginalSampler(n_bins=10**9, binning=binning)
    with pytest.raises(ValueError, match="n_bins=1000000000 is more than 1,000,000"):
        sampler.fit(numbers(), np.arange(300) % 2)


def test_masked_cells_are_missing_and_masked_answers_are_none():
    A = numbers(60, 2)
    X = np.ma.masked_array(A, mask=A < -0.8)
    model = FunctionRegressor(lambda T: 1.0 * np.isnan(T[:, 0]))
    gappy = np.where(A < -0.8, np.nan, A)
    found = LimeExplainer(model, random_state=0).fit(X).explain(X)
    expected = LimeExplainer(model, random_state=0).fit(gappy).explain(gappy)
    np.testing.assert_array_equal(found.values, expected.values)
    masking = FunctionRegressor(lambda T: np.ma.masked_array(T[:, 0], mask=T[:, 0] > 0))
    with pytest.raises(ValueError, match=r"gave \[nan\], which is not finite"):
        LimeExplainer(masking).fit(A)
    texts = np.ma.masked_array(np.array([["a"], ["b"]], dtype=object), mask=[[0], [1]])
    with pytest.raises(TypeError, match=r"masked array of dtype object: fill it"):
        MarginalSampler().fit(texts)


def test_a_heat_map_draws_rows_without_an_answer_last(document):
    values = np.vstack([document.values] * 3)
    e = Explanation.concat([document] * 3)
    values[[1, 4]] = np.nan
    drawn = HeatmapDisplay.from_explanation(replace(e, values=values)).rows_
    assert sorted(drawn[:7].tolist()) == [0, 2, 3, 5, 6, 7, 8]
    assert drawn[7:].tolist() == [1, 4]


class Markup(str):
    def __html__(self):
        return "<script>alert(1)</script>"


class Widget:
    def __html__(self):
        return "<script>alert(1)</script>"


def test_objects_that_bring_html_are_escaped_in_pages(document):
    meta = document.meta | {"model": Markup("<i>x"), "own": {"deep": [Widget()]}}
    found = replace(
        document,
        meta=meta | {Markup("<i>key"): 1},
        feature_names=[Markup("<i>a"), Markup("<i>b")],
        target_names=[Markup("<i>y")] * 3,
    )
    for page in (found.to_html(), found._repr_html_()):
        assert "alert(1)" not in page
        assert "<i>" not in page


@pytest.mark.parametrize(
    "sampler", [MarginalSampler(n_bins=None), GaussianSampler()], ids=repr
)
def test_the_largest_floats_cannot_be_standardised(sampler):
    rng = np.random.default_rng(0)
    model = FunctionRegressor(lambda T: np.sign(T[:, 0]))
    for size in (1.7e308, 1e308, -1e308):
        X = np.column_stack([rng.choice([size, 0.0], 100), rng.normal(size=100)])
        with pytest.raises(ValueError, match=r"column 'x0' holds -?1.*e\+308, too large"):
            LimeExplainer(model, sampler=sampler).fit(X)
    for size in (5e-324, 1e-310, 1e307):
        X = np.column_stack([rng.choice([size, -size], 100), rng.normal(size=100)])
        found = (
            LimeExplainer(model, sampler=sampler, random_state=0).fit(X).transform(X[:2])
        )
        assert (found[:, 0] > 0.7).all()


def test_a_column_without_values_is_refused_by_normal_draws():
    X = np.column_stack([np.full(40, np.nan), REAL[:40]])
    for n_bins in (4, None):
        with pytest.raises(
            ValueError, match=r"'x0' has no observed value.*MarginalSampler"
        ):
            GaussianSampler(n_bins=n_bins).fit(X)


# What is nearly a table


def test_what_is_nearly_a_table_gets_an_error_with_the_way_to_one():
    X = pd.DataFrame({"a": REAL, "b": REAL[::-1]})
    explainer = LimeExplainer(FunctionRegressor(lambda T: T["a"]), random_state=0).fit(X)
    unfitted = LimeExplainer(FunctionRegressor(lambda T: T["a"]))
    for call in (
        explainer.transform,
        explainer.explain,
        unfitted.fit,
        MarginalSampler().fit,
    ):
        with pytest.raises(ValueError, match=r"list of dicts.*pandas\.DataFrame\(X\)"):
            call(X[:2].to_dict("records"))
        with pytest.raises(ValueError, match=r"X is a Series.*X\.iloc\[\[0\]\]"):
            call(X.iloc[0])
        with pytest.raises(ValueError, match=r"X is a dict.*pandas\.DataFrame\(\[X\]\)"):
            call(X.iloc[0].to_dict())
        with pytest.raises(ValueError, match=r"X is a Series.*X\[:1\]"):
            call(pl.Series([1.0, 2.0]))
    for other in (X[["b", "a"]], pl.from_pandas(X[["b", "a"]])):
        with pytest.raises(
            ValueError, match=r"same order.*X\[explainer\.feature_names_in_\]"
        ):
            explainer.transform(other)
    np.testing.assert_array_equal(
        explainer.transform(X[["b", "a"]][explainer.feature_names_in_]),
        explainer.transform(X),
    )
