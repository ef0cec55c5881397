"""What explanations are written as: JSON, frames, shap, pickles."""

import json
import pickle
import sys

import jsonschema
import matplotlib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

from sklime import LimeExplainer
from sklime.explanation import Explanation, json_schema
from sklime.samplers import MarginalSampler
from sklime.tables.conditions import TableConditions
from tests.handmade import (
    TEXTS,
    VALUES,
    build,
    build_all,
    build_ragged,
    build_sequences,
    build_texts,
    every_kind,
)

KINDS = every_kind()
SCHEMA = jsonschema.Draft202012Validator(json_schema())
NASTY = [
    "line\nbreak",
    "\"quote\" 'single' \\back",
    "</script><img src=x onerror=alert(1)>",
    "x" * 500,
    "\U0001f600\u202e",
    "",
]


def build_nasty():
    """One feature for each name that is hard to write."""
    d = len(NASTY)
    return build(
        np.arange(d)[None] / 7,
        data=np.array([NASTY], dtype=object),
        feature_names=NASTY,
        target_names=[NASTY[2]],
        conditions=TableConditions(np.zeros((1, d), dtype=int), [[n] for n in NASTY]),
    )


def one_column(data):
    """One row of no effect for each entry of a frame's only column."""
    n = len(data)
    return build(
        np.zeros((n, 1)),
        data=data,
        feature_names=["x"],
        conditions=TableConditions(np.zeros((n, 1), dtype=int), [["x"]]),
    )


# JSON


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("kind", KINDS)
def test_json_comes_back_equal_to_the_bit(kind):
    whole = KINDS[kind]
    text = whole.to_json()
    SCHEMA.validate(json.loads(text))
    back = Explanation.from_json(text)
    assert back == whole
    assert type(back.data) is type(whole.data)
    assert back.values.tobytes() == whole.values.tobytes()
    assert back.to_json() == text
    pd.testing.assert_frame_equal(back.to_frame(), whole.to_frame(), check_exact=True)


@pytest.mark.parametrize("kind", KINDS)
def test_dicts_are_plain_and_come_back(kind):
    document = KINDS[kind].to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert Explanation.from_dict(document) == KINDS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_pickles_come_back_equal(kind):
    assert pickle.loads(pickle.dumps(KINDS[kind])) == KINDS[kind]


def test_numbers_that_decimals_often_lose_come_back():
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**63, size=(500, 3), dtype=np.uint64).view(np.float64)
    values = np.where(np.isfinite(bits), bits, 5e-324)
    names = {"conditions": TableConditions(np.zeros((500, 3), dtype=int), [["c"]] * 3)}
    whole = build(VALUES[:1] * 500, data=values, support=values, **names)
    back = Explanation.from_json(whole.to_json())
    assert back.support.tobytes() == whole.support.tobytes()
    assert back.data.tobytes() == values.tobytes()


@pytest.mark.parametrize(
    "column",
    [
        pd.array([1, None, 3], dtype="Int64"),
        pd.array([True, None, False], dtype="boolean"),
        pd.array(["a", None, "b"], dtype="string"),
        pd.Series(["a", None, "b"]),
        pd.Series(["a", None, 1.5], dtype=object),
        pd.Series([pd.NA, np.nan, pd.NaT], dtype=object),
        pd.Series([pd.Timestamp("2024-02-29", tz="Asia/Tokyo"), pd.Timedelta("1ns")]),
        pd.Series([np.float32(0.5), True, 2**70], dtype=object),
        pd.date_range("2024-03-30", periods=3, tz="Europe/Berlin"),
        pd.to_timedelta([1, None, 3]),
        pd.Categorical([3, None, 1], categories=[3, 2, 1], ordered=True),
        pd.period_range("2024", periods=2, freq="D").array[:0],
        pl.Series(["a", None, "b"], dtype=pl.Categorical),
        pl.Series([1.5, None, float("nan")], dtype=pl.Float32),
        pl.Series([0, None, 2**40]).cast(pl.Datetime("ns", "Europe/Berlin")),
        pl.Series([0, None, 19000]).cast(pl.Date),
        pl.Series([0, None, 5]).cast(pl.Duration("ms")),
    ],
    ids=lambda column: f"{type(column).__module__.split('.')[0]} {column.dtype}",
)
def test_columns_of_any_dtype_come_back(column):
    kind = pl if isinstance(column, pl.Series) else pd
    whole = one_column(kind.DataFrame({"x": column}))
    text = whole.to_json()
    SCHEMA.validate(json.loads(text))
    back = Explanation.from_json(text)
    assert back == whole
    if kind is pd:
        pd.testing.assert_frame_equal(back.data, whole.data, check_exact=True)
    else:
        assert_frame_equal(back.data, whole.data)


@pytest.mark.parametrize(
    "column",
    [
        np.array([1 + 2j]),
        np.array([b"bytes"]),
        pd.Series([object()]),
        pd.Series([{1, 2}]),
        pl.Series([[1, 2]]),
    ],
    ids=["complex", "bytes", "object", "set", "list"],
)
def test_what_json_cannot_hold_raises(column):
    data = column.reshape(-1, 1) if isinstance(column, np.ndarray) else column.to_frame()
    with pytest.raises(TypeError, match="cannot be written as JSON"):
        one_column(data).to_json()


def test_indexes_come_back():
    pairs = pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["group", None])
    days = pd.date_range("2024-01-01", periods=2, name="day")
    for index in (pairs, days, pd.Index([2.5, np.nan]), pd.RangeIndex(3, 7, 2)):
        data = pd.DataFrame([[1, 2, 3], [4, 5, 6]], index=index, columns=["a", 0, "a"])
        back = Explanation.from_json(build(VALUES[:2], data=data).to_json()).data
        pd.testing.assert_frame_equal(back, data, check_freq=False)


def test_meta_of_any_depth_comes_back():
    meta = {"a": {"b": [1, (2.5, None)], "": float("inf")}, "c": np.arange(3), "d": True}
    back = Explanation.from_json(build(VALUES, meta=meta).to_json()).meta
    assert back["a"] == meta["a"]
    assert type(back["a"]["b"][1]) is tuple
    assert back["c"].tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match=r"'\$array' begins with"):
        build(VALUES, meta={"$array": 1}).to_json()


def test_files_and_texts_are_told_apart(tmp_path):
    whole, path = build(VALUES), tmp_path / "explanation.json"
    assert whole.to_json(path) is None
    text = path.read_text()
    for source in (path, str(path), text, "\n " + text, text.encode()):
        assert Explanation.from_json(source) == whole
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Explanation.from_json(tmp_path / "nowhere.json")


def test_names_that_are_hard_to_write_come_back(tmp_path):
    whole = build_nasty()
    whole.to_json(tmp_path / "nasty.json")
    back = Explanation.from_json(tmp_path / "nasty.json")
    assert back == whole
    assert back.feature_names.tolist() == NASTY
    assert back.to_frame()["value"].tolist() == NASTY
    assert back.to_frame(tidy=False).columns.tolist() == NASTY
    assert [name for name, _ in back.as_list(0)] == NASTY[:0:-1]


def test_a_document_of_a_newer_schema_asks_for_an_upgrade():
    last = build(VALUES).to_dict()["version"]
    document = build(VALUES).to_dict() | {"version": last + 1, "news": []}
    newer = rf"version {last + 1} .* newer than {last}.*upgrade sklime"
    with pytest.raises(ValueError, match=newer):
        Explanation.from_json(json.dumps(document))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "1"}, "version='1' must be a positive int"),
        ({"version": 0}, "version=0 must be a positive int"),
        ({"format": "shap"}, "no explanation"),
        ({"colour": 1}, r"unknown fields \['colour'\]"),
        ({"values": "abc"}, "field 'values' cannot be read"),
        ({"values": [[1.0, 2.0]]}, "field 'values' cannot be read"),
        ({"scores": None}, r"scores has shape \(\)"),
        ({"shape": 4}, "field .* cannot be read"),
        ({"conditions": {"codes": [[5, 0, 0]] * 4, "labels": [["a"]] * 3}}, "outside of"),
        ({"data": {"$pickle": "gASV"}}, r"field 'data' cannot be read.*pickle"),
        ({"data": {"$array": {"dtype": "float64"}}}, "field 'data' cannot be read.*values"),
        ({"data": {"$array": 3}}, "field 'data' cannot be read"),
        ({"data": [1, 2, 3, 4]}, r"data has shape \(4,\), expected \(4, 3\)"),
        (
            {"meta": {"kind": {"$polars.Series": [{"dtype": {"class": "read_csv"}}]}}},
            "meta",
        ),
    ],
)
def test_documents_that_are_wrong_say_where(change, message):
    with pytest.raises(ValueError, match=message):
        Explanation.from_dict(build(VALUES).to_dict() | change)


def test_documents_that_lack_a_field_say_which():
    document = build(VALUES).to_dict()
    del document["support"]
    with pytest.raises(ValueError, match=r"lacks the fields \['support'\]"):
        Explanation.from_dict(document)
    for source in ("{", '{"format": "sklime.Explanation"', "{} {}"):
        with pytest.raises(ValueError, match="not a JSON document"):
            Explanation.from_json(source)
    with pytest.raises(ValueError, match="no explanation"):
        Explanation.from_dict([])


@pytest.mark.parametrize(
    "change",
    [
        {"version": 99},
        {"values": [["high"]]},
        {"data": {"$pickle": "gASV"}},
        {"meta": {"kind": "video"}},
        {"colour": 1},
    ],
)
def test_the_schema_refuses_what_is_wrong(change):
    assert not SCHEMA.is_valid(build(VALUES).to_dict() | change)


# Equality


def test_explanations_are_equal_to_the_bit_or_not_at_all():
    whole = build_ragged()
    assert whole == build_ragged()
    assert whole != build_ragged(meta={"method": "exact"})
    assert whole != build_ragged(unit_spans=None)
    assert whole != "explanation"
    for name in ("values", "scores", "support", "standard_errors"):
        other = build_ragged()
        array = getattr(other, name)
        array.flat[0] = np.nextafter(array.flat[0], 9)
        assert whole != other, name
    assert build(VALUES) != build(VALUES, data=np.arange(12.0).reshape(4, 3))
    zero = build(np.zeros((1, 3)))
    assert zero != build(-np.zeros((1, 3)), support=zero.support)
    with pytest.raises(TypeError, match="unhashable"):
        hash(whole)


# Frames


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("kind", ["numbers", "pandas", "all outputs", "no errors"])
def test_tidy_frames_are_read_back(kind, shuffled):
    whole = KINDS[kind]
    lines = whole.to_frame()
    given = lines.sort_values("attribution", ignore_index=True) if shuffled else lines
    back = Explanation.from_frame(given, meta={"method": "sampling"})
    if not shuffled:
        pd.testing.assert_frame_equal(back.to_frame(), lines, check_exact=True)
    order = ["row", "target", "feature"]
    pd.testing.assert_frame_equal(
        back.to_frame().sort_values(order, ignore_index=True),
        lines.sort_values(order, ignore_index=True),
        check_exact=True,
    )
    assert back.shape == whole.shape
    assert np.isnan(back.scores).all()
    assert back.scores.shape == whole.scores.shape
    assert not back.low_support.any()


def test_frames_of_rows_with_targets_of_their_own_are_read_back():
    whole = build(VALUES, target_names=["no", "yes", "yes", "perhaps"])
    assert Explanation.from_frame(whole.to_frame()).target_names.tolist() == [
        "no",
        "yes",
        "yes",
        "perhaps",
    ]


def test_features_that_share_a_name_are_read_back():
    lines = build(VALUES, feature_names=["age", "color", "age"]).to_frame()
    back = Explanation.from_frame(lines)
    assert back.feature_names.tolist() == ["age", "color", "age"]
    assert back.values.tolist() == VALUES


def test_a_frame_of_attributions_alone_is_enough():
    lines = build(VALUES).to_frame()[["row", "target", "feature", "attribution"]]
    back = Explanation.from_frame(lines)
    assert back.as_list(0) == [("color", -0.4), ("age", 0.1)]
    assert back.standard_errors is None
    assert back.data.isna().all(axis=None)


def test_an_empty_frame_has_no_rows():
    assert Explanation.from_frame(build(VALUES)[[]].to_frame()).shape == (0, 0)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda lines: lines.drop(columns="target"), r"lacks the columns \['target'\]"),
        (lambda lines: lines[1:], "11 lines for 4 rows"),
        (lambda lines: pd.concat([lines, lines[:1]]), "13 lines for 4 rows"),
        (lambda lines: pd.concat([lines[1:], lines[-1:]]), "12 lines for 4 rows"),
    ],
    ids=["no column", "no line", "a line too many", "one for another"],
)
def test_frames_that_are_no_explanation_raise(spoil, message):
    with pytest.raises(ValueError, match=message):
        Explanation.from_frame(spoil(build(VALUES).to_frame()))


def test_ragged_frames_name_the_way_that_keeps_them():
    frame = build_ragged().to_frame()
    frame.attrs.clear()
    with pytest.raises(ValueError, match=r"ragged explanations .* from_json"):
        Explanation.from_frame(frame)


def test_ragged_frames_are_read_back_whole():
    assert Explanation.from_frame(build_ragged().to_frame()) == build_ragged()


def test_wide_frames_have_the_columns_of_transform():
    wide = build_all().to_frame(tidy=False)
    assert wide.columns.tolist() == [
        f"{target}__{name}"
        for target in ("no", "perhaps", "yes")
        for name in ("age", "color", "height")
    ]
    np.testing.assert_array_equal(wide, build_all().values.reshape(4, -1))
    frame = KINDS["pandas"].to_frame(tidy=False)
    assert frame.index.tolist() == list("wxyz")
    np.testing.assert_array_equal(frame, KINDS["pandas"].values)


def test_wide_frames_of_texts_sum_repeated_tokens():
    wide = build_texts().to_frame(tidy=False)
    assert wide.columns.tolist() == ["bad", "film", "good", "plot", "\U0001f600"]
    nan = np.nan
    np.testing.assert_array_equal(
        wide, [[nan, -1.0, 0.75, 0.125, nan], [nan] * 5, [-2.0, nan, nan, 0.75, 1.0]]
    )


def test_tidy_frames_of_texts_have_a_line_for_each_token():
    lines = build_texts(data=pd.Series(TEXTS)).to_frame()
    assert lines["row"].tolist() == [0, 0, 0, 0, 2, 2, 2]
    assert lines["feature"][:4].tolist() == ["good", "film", "good", "plot"]
    assert lines["attribution"].tolist() == [0.5, -1.0, 0.25, 0.125, -2.0, 1.0, 0.75]
    assert lines["value"].isna().all()


# shap


@pytest.fixture
def shap():
    matplotlib.use("Agg")
    return pytest.importorskip("shap")


@pytest.mark.parametrize("kind", KINDS)
def test_shap_gets_values_whose_sums_are_the_local_predictions(shap, kind):
    whole = KINDS[kind]
    given = whole.to_shap()
    wide = whole.to_frame(tidy=False).fillna(0).to_numpy()
    n, outputs = len(whole), whole.shape[1:-1]
    expected = wide.reshape(n, *outputs, len(given.feature_names))
    if outputs:
        expected = np.moveaxis(expected, 1, 2)
    np.testing.assert_array_equal(given.values, expected)
    # Sums in another order round differently.
    sums = given.base_values + given.values.sum(axis=1)
    np.testing.assert_allclose(sums, whole.local_predictions, rtol=1e-13)
    assert given.data.shape == given.values.shape[:2]


def test_shap_gets_what_the_rows_have(shap):
    assert build(VALUES).to_shap().data.tolist() == np.arange(12).reshape(4, 3).tolist()
    assert build_ragged().to_shap().data.tolist() == [[1, 0, 2, 0], [0] * 4, [3, 4, 0, 5]]
    texts = build_texts().to_shap()
    assert texts.feature_names == ["bad", "film", "good", "plot", "\U0001f600"]
    assert texts.data.tolist() == [[0, 1, 2, 1, 0], [0] * 5, [1, 0, 0, 1, 1]]
    assert build_sequences().to_shap().feature_names == ["t-2", "t-1", "t-0"]


@pytest.mark.parametrize("n_bins", [4, None], ids=["binned", "standardised"])
def test_shap_base_values_of_an_explainer(shap, n_bins):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    explainer = LimeExplainer(
        LinearRegression().fit(X, y), sampler=MarginalSampler(n_bins=n_bins), random_state=0
    ).fit(X)
    whole = explainer.explain(X[:20])
    own = whole.to_shap()
    np.testing.assert_allclose(own.base_values, whole.baselines, rtol=1e-12)
    np.testing.assert_array_equal(own.values, whole.contributions().values)
    given = whole.to_shap(attribution="effect")
    np.testing.assert_array_equal(given.values, whole.values)
    for total in (own, given):
        np.testing.assert_allclose(
            total.base_values + total.values.sum(axis=1),
            whole.local_predictions,
            rtol=1e-12,
        )
    # A bin's feature is 1 at the row, a standardised one is the row's own z.
    alike = np.isclose(given.base_values, whole.intercepts, rtol=1e-9)
    assert alike.all() if n_bins else not alike.any()
    assert Explanation.from_json(whole.to_json()) == whole


@pytest.mark.parametrize("categories", [False, True])
def test_shaps_plots_run_and_rank_as_the_mean_attribution(shap, categories):
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(0)
    n, d = 40, 6
    data = pd.DataFrame(rng.normal(size=(n, d)), columns=list("abcdef"))
    if categories:
        data["c"] = rng.choice(["red", "blue"], size=n)
    whole = build(
        rng.normal(size=(n, d)) * [1, 5, 2, 0.5, 4, 3],
        data=data,
        feature_names=data.columns,
        conditions=TableConditions(np.zeros((n, d), dtype=int), [[c] for c in "abcdef"]),
    )
    expected = whole.sort_features().feature_names.tolist()
    strengths = np.abs(whole.values).mean(axis=0)
    assert expected == [whole.feature_names[j] for j in np.argsort(-strengths)]
    given = whole.to_shap()
    for plot in ("bar", "beeswarm", "heatmap"):
        plt.close("all")
        getattr(shap.plots, plot)(given, show=False)
        labels = [tick.get_text() for tick in plt.gcf().axes[0].get_yticklabels()]
        ranked = [label for label in dict.fromkeys(labels) if label in expected]
        assert ranked in (expected, expected[::-1]), plot
    plt.close("all")
    shap.plots.waterfall(given[0], show=False)
    labels = [tick.get_text() for tick in plt.gca().get_yticklabels()]
    own = whole.feature_names[np.argsort(np.abs(whole.values[0]))]
    assert [label.split(" = ")[-1] for label in labels if " = " in label] == own.tolist()
    plt.close("all")


def test_shap_missing_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(ImportError, match=r"pip install sklime\[shap\]"):
        build(VALUES).to_shap()
