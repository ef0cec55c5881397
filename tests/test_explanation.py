"""Explanations built by hand, against the numbers and sentences they were built from."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from scipy import stats

from sklime.explanation import Explanation
from sklime.tables.conditions import TableConditions
from tests.handmade import (
    CODES,
    FEATURES,
    FRAME,
    LABELS,
    PER_OUTPUT,
    VALUES,
    build,
    build_all,
    build_ragged,
)


def assert_same_fields(one, other):
    for name in [*PER_OUTPUT, "values", "support", "standard_errors"]:
        np.testing.assert_array_equal(
            getattr(one, name), getattr(other, name), err_msg=name
        )
    assert one.feature_names.tolist() == other.feature_names.tolist()
    assert one.target_names.tolist() == other.target_names.tolist()
    assert list(map(list, one.conditions)) == list(map(list, other.conditions))
    assert one.meta == other.meta


# Rows


@pytest.mark.parametrize(
    ("index", "rows"),
    [
        (2, [2]),
        (-1, [3]),
        (np.int64(1), [1]),
        (slice(1, 3), [1, 2]),
        (slice(None, None, -1), [3, 2, 1, 0]),
        ([True, False, False, True], [0, 3]),
        (np.array([False, True, False, True]), [1, 3]),
        (pd.Series([False, True, False, True], index=list("wxyz")), [1, 3]),
        ([3, 0, 0], [3, 0, 0]),
        (np.array([2, -4]), [2, 0]),
        ([], []),
        (slice(4, 4), []),
    ],
)
def test_rows_keep_all_fields_parallel(index, rows):
    whole = build(VALUES, target_names=["a", "b", "c", "d"])
    part = whole[index]
    assert len(part) == len(rows)
    for name in [*PER_OUTPUT, "values", "support", "standard_errors"]:
        expected = [getattr(whole, name)[i] for i in rows]
        np.testing.assert_array_equal(
            getattr(part, name), np.reshape(expected, (-1, *getattr(whole, name).shape[1:]))
        )
    assert part.data.tolist() == [[3 * i, 3 * i + 1, 3 * i + 2] for i in rows]
    assert part.target_names.tolist() == ["abcd"[i] for i in rows]
    assert list(map(list, part.conditions)) == [
        [own[code] for own, code in zip(LABELS, CODES[i], strict=True)] for i in rows
    ]
    assert part.feature_names.tolist() == FEATURES
    assert part.meta == whole.meta


def test_rows_of_all_targets_keep_the_outputs():
    part = build_all()[[3, 1]]
    assert part.shape == (2, 3, 3)
    np.testing.assert_array_equal(part.values[:, 1], 2 * np.array(VALUES)[[3, 1]])
    assert part.scores.tolist() == [[309, 310, 311], [303, 304, 305]]
    assert part.target_names.tolist() == ["no", "perhaps", "yes"]


@pytest.mark.parametrize("index", [4, -5, [0, 4], [True, False], 1.0, None, True, [[0]]])
def test_rows_that_do_not_exist_raise(index):
    with pytest.raises(IndexError):
        build(VALUES)[index]


def test_two_names_without_a_list_raise_and_show_the_list():
    with pytest.raises(IndexError, match=r"rows='age'.*e\[\['a', 'b'\]\]"):
        build(VALUES)["age", "color"]


def test_iteration_ends_and_gives_one_row_explanations():
    whole = build(VALUES)
    rows = list(whole)
    assert [row.values.tolist() for row in rows] == [[own] for own in VALUES]
    assert list(whole[[]]) == []


# Features


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        ("color", [1]),
        (["color"], [1]),
        (["height", "age"], [2, 0]),
        (["age", "age"], [0]),
        (np.array(["color", "height"]), [1, 2]),
        (pd.Index(["height"]), [2]),
    ],
)
@pytest.mark.parametrize("built", [build(VALUES), build_all()], ids=["one", "all"])
def test_features_are_kept_by_name_in_the_order_asked(built, names, columns):
    part = built[names]
    for name in ["values", "support", "standard_errors"]:
        np.testing.assert_array_equal(
            getattr(part, name), getattr(built, name)[..., columns]
        )
    for name in PER_OUTPUT:
        np.testing.assert_array_equal(getattr(part, name), getattr(built, name))
    assert part.n_features == len(columns)
    assert part.feature_names.tolist() == [FEATURES[j] for j in columns]
    assert part.data.tolist() == built.data[:, columns].tolist()
    assert part.conditions[0].tolist() == [LABELS[j][CODES[0][j]] for j in columns]


def test_a_repeated_name_stands_for_all_features_so_named():
    part = build(VALUES, feature_names=["age", "color", "age"])["age"]
    assert part.values.tolist() == [[row[0], row[2]] for row in VALUES]
    assert part.feature_names.tolist() == ["age", "age"]
    assert part.to_frame()["value"].tolist() == [0, 2, 3, 5, 6, 8, 9, 11]


def test_an_unknown_name_raises_with_the_closest_and_the_number_of_features():
    with pytest.raises(KeyError, match=r"'heigth'.* 3 features.*'height'"):
        build(VALUES)["heigth"]
    with pytest.raises(KeyError, match=r"'zzz'.* 1 features.*'age'"):
        build(VALUES)["age"][["zzz"]]


def test_no_name_at_all_raises():
    with pytest.raises(KeyError, match="name one at least"):
        build(VALUES)[:, []]


def test_rows_and_features_are_picked_together():
    part = build(VALUES)[[3, 0], ["height", "color"]]
    assert part.values.tolist() == [[0.7, 0.5], [0.0, -0.4]]
    assert build(VALUES)[3, "height"].values.tolist() == [[0.7]]
    assert build(VALUES)[1:3, :].values.tolist() == VALUES[1:3]


@pytest.mark.parametrize("features", [slice(0, 1), 0])
def test_features_are_not_picked_by_position(features):
    with pytest.raises(TypeError):
        build(VALUES)[:, features]


# Targets


def test_a_target_leaves_a_one_target_explanation():
    part = build_all()[:, :, "perhaps"]
    assert_same_fields(
        part,
        build(
            2 * np.array(VALUES),
            **{name: getattr(build_all(), name)[:, 1] for name in PER_OUTPUT},
            target_names=["perhaps"] * 4,
        ),
    )
    narrow = build_all()[1:3, ["height"], "yes"]
    assert narrow.values.tolist() == [[0.2], [0.0]]
    assert narrow.predictions.tolist() == [105, 108]


def test_class_labels_that_are_ints_pick_targets():
    whole = build_all(target_names=np.array([10, 20, 30]))
    assert whole[:, :, 30].values.tolist() == (-np.array(VALUES)).tolist()
    assert whole.as_list(0, target=20)[0] == ("color = red", -0.8)
    assert whole.to_frame()["target"].dtype == np.int64


def test_targets_that_do_not_exist_raise():
    with pytest.raises(KeyError, match=r"target='maybe'.*\['no', 'perhaps', 'yes'\]"):
        build_all()[:, :, "maybe"]
    with pytest.raises(IndexError, match="one target only"):
        build(VALUES)[:, :, "yes"]
    with pytest.raises(IndexError, match="rows, features, target"):
        build_all()[:, :, "yes", 0]


# Lists


def test_as_list_sorts_by_strength_and_leaves_out_zeros():
    assert build(VALUES).as_list(3) == [
        ("height > 1.7", 0.7),
        ("color = blue", 0.5),
        ("age <= 30", -0.3),
    ]
    assert build(VALUES).as_list(0) == [("color = red", -0.4), ("age <= 30", 0.1)]
    assert build(VALUES).as_list(2) == []


def test_as_list_keeps_the_order_of_features_among_equals(d=60):
    # Long enough that NumPy's default sort would shuffle the ties.
    values = np.resize([0.25, -0.5, 0.5, -0.25], d)
    names = [f"x{j}" for j in range(d)]
    ties = build(
        values[None],
        data=np.zeros((1, d)),
        feature_names=names,
        conditions=TableConditions(np.zeros((1, d), dtype=int), [[name] for name in names]),
    )
    pairs = list(zip(names, values, strict=True))
    strong = [pair for pair in pairs if abs(pair[1]) == 0.5]
    assert ties.as_list(0) == strong + [pair for pair in pairs if abs(pair[1]) == 0.25]


def test_as_list_gives_plain_python_values():
    ((condition, value),) = build(VALUES)["color"].as_list(-1)
    assert type(condition) is str
    assert type(value) is float


def test_as_list_of_all_targets_needs_to_know_which():
    assert build_all().as_list(0, target="yes") == [
        ("color = red", 0.4),
        ("age <= 30", -0.1),
    ]
    with pytest.raises(ValueError, match=r"target=None.*\['no', 'perhaps', 'yes'\]"):
        build_all().as_list(0)
    with pytest.raises(KeyError, match=r"target='maybe'.*\['no', 'perhaps', 'yes'\]"):
        build_all().as_list(0, target="maybe")


def test_as_list_of_one_target_takes_that_target_only():
    whole = build(VALUES, target_names=["no", "yes", "yes", "no"])
    assert whole.as_list(3, target="no") == whole.as_list(3)
    with pytest.raises(KeyError, match=r"target='yes'.* row 3 explains 'no'"):
        whole.as_list(-1, target="yes")


@pytest.mark.parametrize("row", [4, -5])
def test_as_list_of_a_row_that_does_not_exist_raises(row):
    with pytest.raises(IndexError, match="4 rows"):
        build(VALUES).as_list(row)


# Frames


def test_to_frame_has_one_line_per_row_and_feature():
    whole = build(VALUES[:2], data=pd.DataFrame(FRAME)[:2], target_names=["yes", "no"])
    expected = pd.DataFrame(
        {
            "row": [0, 0, 0, 1, 1, 1],
            "target": ["yes"] * 3 + ["no"] * 3,
            "feature": FEATURES * 2,
            "condition": [
                "age <= 30",
                "color = red",
                "height <= 1.7",
                "age > 30",
                "color = blue",
                "height > 1.7",
            ],
            "value": [25, "red", 1.6, 41, "blue", 1.8],
            "attribution": [0.1, -0.4, 0.0, 0.2, 0.2, -0.2],
            "standard_error": [0.02, 0.17, 0.01, 0.05, 0.05, 0.05],
        }
    )
    margin = stats.norm.ppf(0.975) * expected["standard_error"]
    expected["lower"] = expected["attribution"] - margin
    expected["upper"] = expected["attribution"] + margin
    # The errors were computed as squares, the expected ones written as decimals.
    pd.testing.assert_frame_equal(whole.to_frame(), expected, rtol=1e-12)


def test_to_frame_of_all_targets_has_a_line_for_each_output():
    lines = build_all().to_frame()
    assert len(lines) == 4 * 3 * 3
    for (row, target), group in lines.groupby(["row", "target"]):
        scale = {"no": 1, "perhaps": 2, "yes": -1}[target]
        assert group["feature"].tolist() == FEATURES
        assert group["attribution"].tolist() == [scale * v for v in VALUES[row]]
        assert group["value"].tolist() == [3 * row, 3 * row + 1, 3 * row + 2]
    assert lines["row"].is_monotonic_increasing


def test_to_frame_without_standard_errors_has_no_such_column():
    lines = build(VALUES, standard_errors=None)[1:].to_frame()
    assert "standard_error" not in lines
    assert lines["row"].unique().tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "columns",
    [
        {"a": [1, 2], "b": [0.5, 1.5], "c": [7, 8]},
        {"a": [1, 2], "b": [True, False], "c": [0.5, 1.5]},
        {"a": pd.array([1, 2], dtype="Int64"), "b": [0.5, 1.5], "c": [7, 8]},
        {"a": pd.array([1, None], dtype="Int64"), "b": [0.5, None], "c": [7, 8]},
    ],
    ids=["plain", "bool", "nullable", "missing"],
)
def test_values_of_a_numeric_frame_are_numeric(columns):
    data = pd.DataFrame(columns)
    lines = build(VALUES[:2], data=data).to_frame()
    expected = [np.nan if pd.isna(v) else v for row in data.itertuples(False) for v in row]
    assert pd.api.types.is_float_dtype(lines["value"])
    np.testing.assert_array_equal(lines["value"], expected)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_of_mixed_types_are_cut_and_laid_out(frame):
    whole = build(VALUES, data=frame(FRAME))
    part = whole[[2, 0], ["height", "color"]]
    assert type(part.data) is frame
    assert part.data.shape == (2, 2)
    assert part.to_frame()["value"].tolist() == [1.65, "green", 1.6, "red"]
    assert whole["age"].to_frame()["value"].dtype == np.int64
    assert whole[[]].data.shape == (0, 3)


def test_a_frame_keeps_its_index_and_is_cut_by_position():
    data = pd.DataFrame(FRAME, index=[3, 2, 1, 0])
    part = build(VALUES, data=data)[0]
    assert part.data.index.tolist() == [3]
    assert part.to_frame()["value"].tolist() == [25, "red", 1.6]


@pytest.mark.parametrize("container", [sp.csr_array, sp.csr_matrix])
def test_sparse_data_of_a_dense_explanation_give_their_zeros(container):
    data = container([[0, 1, 0], [2, 0, 0]])
    lines = build(VALUES[:2], data=data)[:, ["height", "age"]].to_frame()
    assert lines["value"].tolist() == [0, 0, 0, 2]


def test_a_large_frame_agrees_with_its_arrays(n=2000, d=30):
    rng = np.random.default_rng(0)
    codes = rng.integers(-1, 3, size=(n, d))
    labels = [[f"x{j} is {level}" for level in "abc"] for j in range(d)]
    whole = build(
        rng.normal(size=(n, d)),
        data=rng.normal(size=(n, d)),
        feature_names=[f"x{j}" for j in range(d)],
        conditions=TableConditions(codes, labels),
    )
    lines = whole.to_frame()
    assert len(lines) == n * d
    wide = lines.pivot(index="row", columns="feature", values="attribution")
    np.testing.assert_array_equal(wide[whole.feature_names], whole.values)
    wide = lines.pivot(index="row", columns="feature", values="value")
    np.testing.assert_array_equal(wide[whole.feature_names], whole.data)
    spelled = [f"x{j} is {'abc'[c]}" for row in codes for j, c in enumerate(row)]
    assert lines["condition"].tolist() == spelled


# Ragged rows


def test_ragged_lists_and_frames_leave_the_padding_out():
    whole = build_ragged()
    assert whole.n_features == 4
    assert whole.as_list(0) == [("good x 2", -1.0), ("bad x 1", 0.5)]
    assert whole.as_list(1) == []
    assert whole.as_list(2) == [("plot x 5", -0.75), ("bad x 3", 0.25)]
    lines = whole.to_frame()
    assert lines["row"].tolist() == [0, 0, 2, 2, 2]
    assert lines["feature"].tolist() == ["bad", "good", "bad", "film", "plot"]
    assert lines["condition"].tolist() == [
        "bad x 1",
        "good x 2",
        "bad x 3",
        "film x 4",
        "plot x 5",
    ]
    assert lines["value"].tolist() == [1, 2, 3, 4, 5]
    assert lines["attribution"].tolist() == [0.5, -1.0, 0.25, 0.0, -0.75]


def test_ragged_rows_are_as_wide_as_their_longest():
    whole = build_ragged()
    assert [row.shape for row in whole] == [(1, 2), (1, 0), (1, 3)]
    assert whole[[]].shape == (0, 0)
    part = whole[[1, 0]]
    np.testing.assert_array_equal(part.values, [[np.nan, np.nan], [0.5, -1.0]])
    assert list(map(list, part.unit_names)) == [[], ["bad", "good"]]
    assert part.unit_spans == [[], [(0, 3), (4, 8)]]
    assert part.data.toarray().tolist() == [[0, 0, 0, 0], [1, 0, 2, 0]]


def test_ragged_features_keep_the_units_so_named():
    part = build_ragged()[["plot", "bad"]]
    np.testing.assert_array_equal(
        part.values, [[0.5, np.nan], [np.nan, np.nan], [0.25, -0.75]]
    )
    np.testing.assert_array_equal(
        part.support, [[505, np.nan], [np.nan, np.nan], [502.5, 492.5]]
    )
    assert list(map(list, part.unit_names)) == [["bad"], [], ["bad", "plot"]]
    assert part.unit_spans == [[(0, 3)], [], [(9, 12), (5, 8)]]
    assert part.as_list(2) == [("plot x 5", -0.75), ("bad x 3", 0.25)]
    assert part.feature_names.tolist() == ["plot", "bad"]
    assert part.data.toarray().tolist() == [[0, 1], [0, 0], [5, 3]]
    assert part.to_frame()["value"].tolist() == [1, 3, 5]


def test_a_ragged_feature_that_no_row_has_leaves_no_units():
    part = build_ragged()[[0, 1], "plot"]
    assert part.shape == (2, 0)
    assert part.to_frame().empty
    with pytest.raises(KeyError, match=r"'plod'.* 4 features.*'plot'"):
        build_ragged()["plod"]


def test_ragged_explanations_of_all_targets():
    whole = build_ragged(scales=(1, 2))
    assert whole.as_list(2, target="perhaps") == [("plot x 5", -1.5), ("bad x 3", 0.5)]
    part = whole[:, ["film", "good"], "perhaps"]
    np.testing.assert_array_equal(part.values, [[-2.0], [np.nan], [0.0]])
    lines = whole[["good", "bad"]].to_frame()
    assert lines["target"].tolist() == ["no", "no", "perhaps", "perhaps", "no", "perhaps"]
    assert lines["attribution"].tolist() == [0.5, -1.0, 1.0, -2.0, 0.25, 0.5]


# Error bars


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("built", [build, build_all], ids=["one", "all"])
def test_intervals_are_those_of_students_t_or_the_normal_law(built, level):
    values = (VALUES,) if built is build else ()
    laws = [
        ({"degrees_of_freedom": 7}, partial(stats.t.interval, df=7)),
        ({"degrees_of_freedom": None}, stats.norm.interval),
        ({}, stats.norm.interval),
    ]
    for meta, interval in laws:
        whole = built(*values, meta=meta)
        expected = interval(level, loc=whole.values, scale=whole.standard_errors)
        found = whole.confidence_intervals(level)
        # Two ways to the same quantile differ by its rounding.
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_intervals_of_exact_and_of_unselected_attributions():
    errors = np.array(VALUES) * 0
    errors[:, 1] = np.nan
    lower, upper = build(VALUES, standard_errors=errors).confidence_intervals()
    for bound in (lower, upper):
        assert np.isnan(bound[:, 1]).all()
        assert bound[:, [0, 2]].tolist() == [[row[0], row[2]] for row in VALUES]


def test_intervals_without_standard_errors_name_the_cure():
    with pytest.raises(ValueError, match=r"standard_errors.*explain\(X, uncertainty=True"):
        build(VALUES, standard_errors=None).confidence_intervals()


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, np.nan])
def test_levels_that_are_no_probability_raise(level):
    with pytest.raises(ValueError, match=r"level=.* between 0 and 1"):
        build(VALUES).confidence_intervals(level)


# Small and empty


def test_zero_rows():
    for empty in (build(np.empty((0, 3))), build(VALUES)[[]], build_all()[:0, :, "yes"]):
        assert len(empty) == 0
        assert empty.shape == (0, 3)
        assert empty["color"].shape == (0, 1)
        assert empty.to_frame().shape == (0, 9)
        assert "rows=0" in repr(empty)


def test_zero_rows_take_an_empty_list_of_conditions():
    assert build(np.empty((0, 3)), conditions=[])["age"].shape == (0, 1)


def test_one_feature():
    only = build(
        [[0.5], [-0.25]],
        data=np.array([[3], [4]]),
        feature_names=["age"],
        conditions=TableConditions([[0], [1]], LABELS[:1]),
    )
    assert [only.as_list(i) for i in range(2)] == [
        [("age <= 30", 0.5)],
        [("age > 30", -0.25)],
    ]
    assert only["age"].shape == (2, 1)
    assert only.to_frame()["value"].tolist() == [3, 4]


# Conditions


def test_table_conditions_are_indexed_by_row_and_feature():
    conditions = TableConditions(CODES, LABELS)
    assert conditions[0].tolist() == ["age <= 30", "color = red", "height <= 1.7"]
    assert conditions[2][1] == "color = value never seen in training"
    mask = np.array([True, False, True, False])
    assert np.asarray(conditions[mask]).tolist() == [
        list(conditions[0]),
        list(conditions[2]),
    ]
    assert conditions[1:, [2, 0]][0].tolist() == ["height > 1.7", "age > 30"]
    assert [len(conditions[rows]) for rows in (slice(1, None), [0, 0, 1, 2, 3], [])] == [
        3,
        5,
        0,
    ]


def test_table_conditions_are_iterated_to_their_end():
    assert len(list(TableConditions(CODES, LABELS))) == 4


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([[0, 0]], r"\(1, 2\), expected \(n, 3\)"),
        ([0, 0, 0], r"\(3,\), expected \(n, 3\)"),
        ([[0.0, 1.0, 0.0]], "float64"),
        ([[0, 0, 0], [0, 3, 0]], r"codes\[1, 1\]=3 .* 3 labels of feature 1"),
        ([[0, 0, -2]], r"codes\[0, 2\]=-2"),
    ],
)
def test_table_conditions_refuse_codes_without_a_label(codes, message):
    with pytest.raises(ValueError, match=message):
        TableConditions(codes, LABELS)


def test_any_sequence_of_conditions_serves_a_table():
    class Sentences:
        def __len__(self):
            return 4

        def __getitem__(self, row):
            return np.array([f"{name} of {row}" for name in FEATURES])

    part = build(VALUES, conditions=Sentences())[[3, 1], ["height", "age"]]
    assert part.as_list(0) == [("height of 3", 0.7), ("age of 3", -0.3)]
    assert part.to_frame()["condition"].tolist() == [
        "height of 3",
        "age of 3",
        "height of 1",
        "age of 1",
    ]


# Checks, text and pickles


@pytest.mark.parametrize(
    ("field", "given", "found", "expected"),
    [
        *[(name, np.zeros(3), (3,), (4,)) for name in PER_OUTPUT],
        ("scores", np.zeros((4, 1)), (4, 1), (4,)),
        ("support", np.zeros((4, 2)), (4, 2), (4, 3)),
        ("standard_errors", np.zeros(4), (4,), (4, 3)),
        ("data", np.zeros((4, 2)), (4, 2), (4, 3)),
        ("data", pd.DataFrame(FRAME)[:3], (3, 3), (4, 3)),
        ("feature_names", ["age", "color"], (2,), (3,)),
        ("target_names", ["yes"], (1,), (4,)),
        ("conditions", TableConditions(CODES[:3], LABELS), (3, 3), (4, 3)),
        ("conditions", [["a", "b"]] * 4, (4, 2), (4, 3)),
    ],
)
def test_shapes_that_disagree_raise_with_field_and_both_shapes(
    field, given, found, expected
):
    with pytest.raises(ValueError) as error:
        build(VALUES, **{field: given})
    assert field in str(error.value)
    assert str(found) in str(error.value)
    assert str(expected) in str(error.value)


@pytest.mark.parametrize(
    ("field", "given", "message"),
    [
        ("unit_names", [["bad"], []], r"unit_names has shape \(2,\), expected \(3,\)"),
        (
            "conditions",
            [["a", "b"], [], ["c"]],
            r"conditions\[2\].*\(1,\), expected \(3,\)",
        ),
        ("unit_spans", [[(0, 3)], [], [(0, 1)] * 3], r"unit_spans\[0\].*\(1,\).*\(2,\)"),
        ("feature_names", ["bad", "film", "good", "plan"], r"lacks \['plot'\]"),
    ],
)
def test_ragged_fields_that_disagree_raise(field, given, message):
    with pytest.raises(ValueError, match=message):
        build_ragged(**{field: given})


def test_ragged_units_that_two_columns_could_mean_raise():
    with pytest.raises(ValueError, match="1 repeated names"):
        build_ragged(
            feature_names=["bad", "film", "good", "plot", "bad"], data=sp.csr_array((3, 5))
        )


@pytest.mark.parametrize(
    "units",
    [[["bad"], [], ["bad", "film", "plot"]], [["bad", "good"], [], ["bad"] * 4]],
    ids=["numbers beyond the units", "units beyond the numbers"],
)
def test_ragged_values_that_do_not_fit_the_units_raise(units):
    with pytest.raises(ValueError, match="unit_names has up to"):
        build_ragged(unit_names=units, conditions=units, unit_spans=None)


def test_targets_and_units_that_make_no_sense_raise():
    with pytest.raises(ValueError, match=r"values has shape \(3,\)"):
        Explanation(**vars(build(VALUES)) | {"values": np.zeros(3)})
    with pytest.raises(ValueError, match=r"target_names has shape \(2,\), expected \(3,\)"):
        build_all(target_names=["no", "yes"])
    with pytest.raises(ValueError, match="unit_spans"):
        build(VALUES, unit_spans=[[(0, 1)] * 3] * 4)


def test_repr_says_rows_features_targets_and_method_in_one_line():
    text = repr(build(VALUES, target_names=["no", "yes", "yes", "no"]))
    assert "rows=4" in text
    assert "features=3" in text
    assert "['no', 'yes']" in text
    assert "'sampling'" in text
    many = build(np.zeros((4, 3)), target_names=["line\nbreak", "b" * 500, "c", "d"])
    assert "\n" not in repr(many)
    assert len(repr(many)) < 200


@pytest.mark.parametrize(
    "whole", [build(VALUES, data=pd.DataFrame(FRAME)), build_all(), build_ragged()]
)
def test_a_pickle_comes_back_the_same(whole):
    back = pickle.loads(pickle.dumps(whole))
    assert_same_fields(back, whole)
    pd.testing.assert_frame_equal(back.to_frame(), whole.to_frame())


def test_parts_do_not_share_their_meta():
    whole = build(VALUES)
    whole[0].meta["method"] = "changed"
    assert whole.meta["method"] == "sampling"
