import datetime
import decimal
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pandas.testing import assert_frame_equal
from polars.testing import assert_frame_equal as assert_polars_equal
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from sklime.tables.dense import DenseFormat

DAY = datetime.date(2020, 1, 1)
NOON = datetime.datetime(2020, 1, 1, 12)
COLORS = ["red", "blue", None, "green", "red"]
FLAGS = [True, False, None, True, False]
COUNTS = [3, -1, None, 0, 2]
SIZES = [0.5, -2.25, None, 1e-9, 3.0]
PRICES = [decimal.Decimal("1.10"), decimal.Decimal("0.30"), None, decimal.Decimal(2), None]


def ordered(*categories):
    return pd.CategoricalDtype(categories, ordered=True)


PANDAS_COLUMNS = [
    *(
        pd.Series([3, 0, 7, 7, 1], dtype=dtype)
        for dtype in ("int8", "uint8", "int32", "int64", "uint64", "Int64", "UInt8")
    ),
    *(
        pd.Series([3, 0, 7, 7, 1], dtype=dtype)
        for dtype in ("float16", "float32", "float64", "Float32", "Float64")
    ),
    *(pd.Series(SIZES, dtype=dtype) for dtype in ("float64", "Float64", object)),
    *(pd.Series(COUNTS, dtype=dtype) for dtype in ("Int8", "Int64")),
    *(pd.Series(COUNTS, dtype=dtype) for dtype in (object, "float32", "Float32")),
    *(pd.Series(FLAGS, dtype=dtype) for dtype in ("boolean", object)),
    pd.Series([True, False, True, True, False]),
    *(
        pd.Series(COLORS, dtype=dtype)
        for dtype in (
            "str",
            "string",
            object,
            "category",
            pd.CategoricalDtype(["red", "green", "blue", "mauve"]),
            ordered("mauve", "red", "green", "blue"),
        )
    ),
    pd.Series([3, 1, None, 3, 2], dtype=ordered(3, 2, 1)),
    pd.cut(pd.Series([0.1, 0.9, 0.5, np.nan, 0.2]), 3),
    pd.to_datetime(pd.Series(["2020-01-01", None] * 2 + ["1999-12-31"])).astype("category"),
    pd.Series(["red", 1, 2.5, None, 1], dtype=object),
    pd.Series(["red", np.nan, "red", "blue", "red"], dtype=object),
    pd.Series(["red", pd.NA, "red", "blue", "red"], dtype=object),
    pd.Series([1, pd.NA, 2.5, 1, 0], dtype=object),
    *(
        pd.Series([None] * 5, dtype=dtype)
        for dtype in ("float64", "Int64", "str", "string", "category", "boolean", object)
    ),
]

# Made when pyarrow is there: it is no requirement.
ARROW_COLUMNS = [
    (lambda pa: pa.int16(), COUNTS),
    (lambda pa: pa.uint64(), [3, 0, 7, 7, 1]),
    (lambda pa: pa.float32(), COUNTS),
    (lambda pa: pa.float64(), SIZES),
    (lambda pa: pa.decimal128(10, 2), PRICES),
    (lambda pa: pa.bool_(), FLAGS),
    (lambda pa: pa.string(), COLORS),
    (lambda pa: pa.large_string(), COLORS),
    (lambda pa: pa.dictionary(pa.int8(), pa.string()), COLORS),
]

POLARS_COLUMNS = [
    *(pl.Series([3, 0, 7, 7, 1], dtype=dtype) for dtype in (pl.Int8, pl.UInt64, pl.Int128)),
    *(pl.Series(COUNTS, dtype=dtype) for dtype in (pl.Int8, pl.Int64, pl.Float32)),
    *(pl.Series(SIZES, dtype=dtype) for dtype in (pl.Float64,)),
    pl.Series([0.5, float("nan"), 1.0, 0.0, -3.5]),
    pl.Series([0.1, 0.5, 1.0, 0.0, -3.3], dtype=pl.Float32),
    pl.Series(PRICES, dtype=pl.Decimal(10, 2)),
    pl.Series(FLAGS),
    pl.Series([True, False, True, True, False]),
    *(
        pl.Series(COLORS, dtype=dtype)
        for dtype in (
            pl.String,
            pl.Categorical,
            pl.Enum(["mauve", "red", "green", "blue"]),
        )
    ),
    *(pl.Series([None] * 5, dtype=dtype) for dtype in (pl.Null, pl.Int8, pl.String)),
    pl.Series([None] * 5, dtype=pl.Float64),
    pl.Series([None] * 5, dtype=pl.Boolean),
]

ARRAYS = [
    *(np.array([[3, 0], [7, 1]], dtype=dtype) for dtype in "bBhiqQefdg?"),
    np.array([[0.1, np.nan], [2.5, -1.0]], dtype=np.float32),
    np.asfortranarray([[0.1, np.nan], [2.5, -1.0]]),
    np.array([["b", "long text"], ["a", ""]]),
    # numpy 2 has strings of any length
    *(
        np.array([["b", "é"], ["a", ""]], dtype=kind())
        for kind in [getattr(np.dtypes, "StringDType", None)]
        if kind
    ),
    np.array([["b", 3, 0.5, True], [None, 2, None, False]], dtype=object),
]


def as_array(data):
    return np.column_stack(list(data.values()))


def round_trip(X):
    dense_format = DenseFormat(X)
    return dense_format.decode(dense_format.encode(X))


@pytest.mark.parametrize("column", PANDAS_COLUMNS, ids=lambda column: str(column.dtype))
def test_pandas_columns_of_every_dtype_come_back_exactly(column):
    X = pd.DataFrame({"a": column, "other": np.arange(5.0)})
    assert_frame_equal(round_trip(X), X, check_exact=True)


@pytest.mark.parametrize(("arrow_type", "values"), ARROW_COLUMNS)
def test_arrow_columns_of_every_dtype_come_back_exactly(arrow_type, values):
    dtype = pd.ArrowDtype(arrow_type(pytest.importorskip("pyarrow")))
    X = pd.DataFrame({"a": pd.Series(values, dtype=dtype), "other": np.arange(5.0)})
    assert_frame_equal(round_trip(X), X, check_exact=True)


def test_an_arrow_column_without_type_comes_back_missing():
    pa = pytest.importorskip("pyarrow")
    X = pd.DataFrame({"a": pd.Series([None], dtype=pd.ArrowDtype(pa.null()))})
    assert round_trip(X)["a"].isna().tolist() == [True]


def test_arrow_columns_without_numbers_or_levels_are_refused():
    pa = pytest.importorskip("pyarrow")
    lists = pd.Series([[1]], dtype=pd.ArrowDtype(pa.list_(pa.int8())))
    with pytest.raises(TypeError, match="drop column 'a'"):
        DenseFormat(pd.DataFrame({"a": lists}))


def test_arrow_numbers_that_the_dtype_cannot_hold_are_not_rounded():
    pa = pytest.importorskip("pyarrow")
    for arrow_type in (pa.int64(), pa.decimal128(10, 2)):
        column = pd.Series([decimal.Decimal(1)], dtype=pd.ArrowDtype(arrow_type))
        back = DenseFormat(pd.DataFrame({"a": column})).decode([[0.333], [1.0]])
        assert back["a"].tolist() == [0.333, 1.0]


@pytest.mark.parametrize("column", POLARS_COLUMNS, ids=lambda column: str(column.dtype))
def test_polars_columns_of_every_dtype_come_back_exactly(column):
    X = pl.DataFrame({"a": column, "other": np.arange(5.0)})
    assert_polars_equal(round_trip(X), X, check_exact=True)


@pytest.mark.parametrize("X", ARRAYS, ids=lambda X: str(X.dtype))
def test_arrays_of_every_dtype_come_back_exactly(X):
    back = round_trip(X)
    assert back.dtype == X.dtype
    np.testing.assert_array_equal(back, X)


def test_python_decimals_come_back_as_floats_of_equal_value():
    X = pd.DataFrame({"a": pd.Series([decimal.Decimal("0.25"), None], dtype=object)})
    assert round_trip(X)["a"].tolist() == [0.25, None]


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
# Every float64 but the infinities, which are refused.
FLOATS = st.floats(allow_infinity=False, allow_nan=False)
HALVES = st.floats(allow_infinity=False, allow_nan=False, width=32)
INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)


def cells(values):
    return st.lists(st.none() | values, min_size=4, max_size=4)


@st.composite
def pandas_series(draw):
    dtype, values = draw(
        st.sampled_from(
            [
                ("float64", FLOATS),
                ("float32", HALVES),
                ("Float64", FLOATS),
                ("Int64", INTEGERS),
                ("Int8", st.integers(-128, 127)),
                (object, INTEGERS),
                (object, WORDS),
                (object, WORDS | st.integers(2, 9)),
                ("boolean", st.booleans()),
                (object, st.booleans()),
                ("str", WORDS),
                ("string", WORDS),
                (ordered("c", "b", "a"), st.sampled_from("abc")),
            ]
        )
    )
    return pd.Series(draw(cells(values)), dtype=dtype)


@st.composite
def polars_series(draw):
    dtype, values = draw(
        st.sampled_from(
            [
                (pl.Float64, FLOATS),
                (pl.Float32, HALVES),
                (pl.Int64, INTEGERS),
                (pl.UInt8, st.integers(0, 255)),
                (pl.Boolean, st.booleans()),
                (pl.String, WORDS),
                (pl.Categorical, WORDS),
                (pl.Enum(["c", "b", "a"]), st.sampled_from("abc")),
            ]
        )
    )
    return pl.Series(draw(cells(values)), dtype=dtype)


ROWS = st.lists(st.integers(0, 3), max_size=6)


@given(st.lists(pandas_series(), min_size=1, max_size=4), ROWS)
def test_any_pandas_frame_and_any_choice_of_its_rows_come_back(columns, rows):
    X = pd.DataFrame(dict(enumerate(columns)))
    dense_format = DenseFormat(X)
    chosen = X.iloc[rows]
    back = dense_format.decode(dense_format.encode(chosen))
    assert_frame_equal(back, chosen.reset_index(drop=True), check_exact=True)


@given(st.lists(polars_series(), min_size=1, max_size=4), ROWS)
def test_any_polars_frame_and_any_choice_of_its_rows_come_back(columns, rows):
    X = pl.DataFrame({f"c{j}": column for j, column in enumerate(columns)})
    dense_format = DenseFormat(X)
    back = dense_format.decode(dense_format.encode(X[rows]))
    assert_polars_equal(back, X[rows], check_exact=True)


@given(hnp.arrays(st.sampled_from("fdhi?"), (3, 2), elements={"allow_infinity": False}))
def test_any_numeric_array_comes_back(X):
    back = round_trip(X)
    assert back.dtype == X.dtype
    np.testing.assert_array_equal(back, X)


@given(hnp.arrays(object, (3, 2), elements=st.none() | WORDS | st.integers(2, 9)))
def test_any_object_array_comes_back(X):
    assert round_trip(X).tolist() == X.tolist()


def test_numbers_stay_and_levels_are_sorted_with_missing_as_nan():
    data = {"n": [1.5, None, -2.0], "s": ["b", None, "a"], "t": [True, False, True]}
    X = pd.DataFrame(data)
    dense_format = DenseFormat(X)
    assert dense_format.nominal.tolist() == [False, True, True]
    np.testing.assert_array_equal(
        dense_format.encode(X), [[1.5, 1, 1], [np.nan, np.nan, 0], [-2, 0, 1]]
    )


def test_levels_of_a_category_follow_its_order_and_are_those_observed():
    X = pd.DataFrame({"a": pd.Categorical(["low", "high"], ["low", "mid", "high"])})
    dense_format = DenseFormat(X)
    assert dense_format.encode(X).tolist() == [[0], [1]]
    # "mid" is a category, but no level: training never saw it.
    other = pd.DataFrame({"a": pd.Categorical(["mid", "high"], X["a"].cat.categories)})
    assert dense_format.encode(other).tolist() == [[-1], [1]]
    assert dense_format.decode([[1.0]])["a"].dtype == X["a"].dtype


def test_levels_of_a_polars_enum_follow_its_order():
    sizes = pl.Enum(["low", "mid", "high"])
    X = pl.DataFrame({"a": pl.Series(["high", "low"], dtype=sizes)})
    assert DenseFormat(X).encode(X).tolist() == [[1], [0]]


def test_levels_that_cannot_be_compared_are_ordered_by_type_and_value():
    X = pd.DataFrame({"a": pd.Series(["b", 10, "a", 9, 0.5], dtype=object)})
    dense_format = DenseFormat(X)
    levels = [dense_format.describe(0, float(level)) for level in range(5)]
    assert levels == ["0.5", "9", "10", "a", "b"]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_unknown_values_are_minus_one(frame):
    dense_format = DenseFormat(frame({"a": ["x", "y", None]}))
    codes = dense_format.encode(frame({"a": ["z", "y", None]}))
    np.testing.assert_array_equal(codes, [[-1], [1], [np.nan]])


@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame, lambda X: X])
def test_encoding_is_contiguous_has_no_negative_zero_and_leaves_the_table_alone(container):
    values = np.asfortranarray([[-0.0, 1.0], [2.0, -0.0]])
    E = DenseFormat(container(values)).encode(container(values))
    assert E.flags.c_contiguous and E.dtype == np.float64
    assert not np.signbit(E).any()
    assert np.signbit(values).sum() == 2


def test_a_float_array_is_decoded_without_a_copy():
    E = np.ones((3, 2))
    assert DenseFormat(E).decode(E) is E


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("shape", [(3, 2), (1, 2), (3, 1)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_frames_are_decoded_into_memory_of_their_own(frame, shape, order):
    E = np.ones(shape, order=order)
    X = DenseFormat(frame(E)).decode(E)
    E[:] = 5.0
    assert (X.to_numpy() == 1).all()


def test_only_arrays_take_booleans_as_numbers():
    flags = np.array([[True], [False]])
    objects = np.array([[np.True_], [None]], dtype=object)
    arrays = [flags, flags.astype(object), objects]
    frames = [pl.DataFrame(flags), *map(pd.DataFrame, arrays)]
    assert not any(DenseFormat(X).nominal[0] for X in arrays)
    assert all(DenseFormat(X).nominal[0] for X in frames)


def test_object_columns_of_numbers_are_numeric_and_of_strings_nominal():
    X = np.array([[1, "a", None, 2], [0.5, None, None, "a"]], dtype=object)
    assert DenseFormat(X).nominal.tolist() == [False, True, False, True]
    assert DenseFormat(pd.DataFrame(X)).nominal.tolist() == [False, True, False, True]


def test_names_are_text_and_come_back_as_they_were():
    X = pd.DataFrame([[1.0, 2.0]], columns=pd.Index([3, 7], name="sensor"))
    dense_format = DenseFormat(X)
    assert dense_format.feature_names.tolist() == ["3", "7"]
    assert dense_format.feature_names.dtype == object
    assert_frame_equal(dense_format.decode(dense_format.encode(X)), X)
    assert DenseFormat(X.to_numpy()).feature_names.tolist() == ["x0", "x1"]


def test_rows_are_numbered_afresh():
    X = pd.DataFrame({"a": [1, 2]}, index=["u", "v"])
    assert round_trip(X).index.equals(pd.RangeIndex(2))


@pytest.mark.parametrize("as_table", [pd.DataFrame, pl.DataFrame, as_array])
@pytest.mark.parametrize(
    ("dtype", "value"),
    [("int64", 0.5), ("int8", 300.0), ("uint8", -1.0), ("int64", np.nan)],
)
def test_integers_are_never_invented(as_table, dtype, value):
    dense_format = DenseFormat(as_table({"a": np.array([1, 2], dtype=dtype)}))
    back = np.asarray(dense_format.decode([[value], [1.0]]))
    if not (as_table is pl.DataFrame and np.isnan(value)):  # null is an integer for polars
        assert back.dtype == np.float64
    np.testing.assert_array_equal(back.astype(np.float64)[:, 0], [value, 1.0])


@pytest.mark.parametrize("dtype", ["float32", "Float32"])
def test_single_precision_stays_whatever_the_number(dtype):
    X = pd.DataFrame({"a": pd.Series([1.0, 2.0], dtype=dtype)})
    assert DenseFormat(X).decode([[0.1], [1.0]])["a"].dtype == dtype


def test_single_precision_stays_in_arrays_and_polars():
    X = np.ones((2, 1), dtype=np.float32)
    assert DenseFormat(X).decode([[0.1]]).dtype == np.float32
    assert DenseFormat(pl.DataFrame(X)).decode([[0.1]]).dtypes == [pl.Float32]


def test_integer_objects_come_back_as_integers():
    X = np.array([[3, "a"], [None, "b"]], dtype=object)
    assert type(round_trip(X)[0, 0]) is int
    frame = pd.DataFrame({"a": pd.Series([3, None], dtype=object)})
    assert type(round_trip(frame)["a"][0]) is int


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, as_array])
def test_a_format_keeps_no_rows(frame):
    sizes = []
    for n in (10, 10_000):
        X = frame({"n": np.arange(n), "m": np.arange(n) / 4})
        sizes.append(len(pickle.dumps(DenseFormat(X))))
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("dtype", ["Int64", object])
def test_nullable_integers_are_never_invented(dtype):
    dense_format = DenseFormat(pd.DataFrame({"a": pd.Series([1, 2], dtype=dtype)}))
    back = dense_format.decode([[0.5], [1.0]])["a"]
    assert back.tolist() == [0.5, 1.0]


def test_polars_keeps_missing_integers_as_null():
    back = DenseFormat(pl.DataFrame({"a": [1, 2]})).decode([[np.nan], [1.0]])
    assert_polars_equal(back, pl.DataFrame({"a": [None, 1]}))


def test_a_boolean_array_with_other_values_stays_float():
    dense_format = DenseFormat(np.array([[True], [False]]))
    assert dense_format.decode([[1.0], [0.0]]).dtype == bool
    assert dense_format.decode([[0.5], [0.0]]).tolist() == [[0.5], [0.0]]
    assert np.isnan(dense_format.decode([[np.nan]])[0, 0])


@pytest.mark.parametrize(
    ("column", "marker"),
    [
        (pd.Series(["a", "b"]), np.nan),
        (pd.Series(["a", "b"], dtype="string"), pd.NA),
        (pd.Series(["a", "b"], dtype="category"), np.nan),
        (pd.Series(["a", None], dtype=object), None),
        (pd.Series(["a", pd.NA], dtype=object), pd.NA),
        (pd.Series([True, False]), np.nan),
        (pd.Series([True, False], dtype="boolean"), pd.NA),
        (pd.Series([1, None], dtype=object), None),
    ],
    ids=lambda value: str(getattr(value, "dtype", value)),
)
def test_missing_comes_back_as_the_marker_of_the_column(column, marker):
    back = DenseFormat(pd.DataFrame({"a": column})).decode([[np.nan], [0.0]])["a"]
    assert back[0] is marker or (isinstance(marker, float) and np.isnan(back[0]))
    assert back.isna().tolist() == [True, False]


def test_a_missing_value_in_a_string_array_is_not_the_text_nan():
    X = DenseFormat(np.array([["a"], ["b"]])).decode([[np.nan], [1.0]])
    assert X.dtype == object
    assert np.isnan(X[0, 0]) and X[1, 0] == "b"


@pytest.mark.parametrize("value", [-1.0, 2.0, 0.5])
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_what_is_no_level_index_is_refused(frame, value):
    dense_format = DenseFormat(frame({"a": ["x", "y"]}))
    with pytest.raises(ValueError, match=f"{value} is no level index"):
        dense_format.decode([[value]])


def test_any_container_is_encoded_by_position():
    data = {"n": [1.0, None, 3.0], "b": [True, False, True], "s": ["u", None, "v"]}
    tables = [
        pd.DataFrame(data),
        pl.DataFrame(data),
        np.array(list(zip(*data.values(), strict=True)), dtype=object),
    ]
    expected = [[1, 1, 0], [np.nan, 0, np.nan], [3, 1, 1]]
    for learnt in tables:
        for given_ in tables:
            np.testing.assert_array_equal(DenseFormat(learnt).encode(given_), expected)


@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame, lambda X: X])
def test_tables_of_numbers_are_encoded_by_a_format_with_levels(container):
    X = pd.DataFrame({"n": [1.5, 2.0], "b": [True, False], "c": pd.Categorical([4, 5])})
    numbers = np.array([[0.5, 1.0, 5.0], [np.nan, 0.0, 6.0]])
    E = DenseFormat(X).encode(container(numbers))
    np.testing.assert_array_equal(E, [[0.5, 1, 1], [np.nan, 0, -1]])


def test_descriptions_are_short_and_readable():
    X = pd.DataFrame(
        {
            "f": [0.25, 1e-7],
            "single": np.array([0.1, 3e8], dtype=np.float32),
            "n": [3, 4],
            "c": pd.Categorical(["u", "v"]),
            "b": [True, False],
        }
    )
    dense_format = DenseFormat(X)
    E = dense_format.encode(X)
    names = [[dense_format.describe(j, value) for j, value in enumerate(e)] for e in E]
    assert names == [
        ["0.25", "0.1", "3", "u", "True"],
        ["1e-07", "300000000", "4", "v", "False"],
    ]
    assert {dense_format.describe(j, np.nan) for j in range(5)} == {"missing (NaN)"}
    assert dense_format.describe(0, 1e300) == "1e+300"
    assert dense_format.describe(3, -1.0) == "unknown"
    single = DenseFormat(pl.DataFrame({"a": pl.Series([0.1], dtype=pl.Float32)}))
    assert single.describe(0, float(np.float32(0.1))) == "0.1"


@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame, as_array])
def test_infinities_are_refused_by_name(container):
    X = {"b": np.array([1.0, np.inf, np.nan])}
    with pytest.raises(ValueError, match=r"inf.* column '(b|x0)'.*replace"):
        DenseFormat(container(X)).encode(container(X))


@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame, as_array])
@pytest.mark.parametrize("value", [2**53, 2**53 + 1, -(2**60)])
def test_integers_that_lose_digits_are_refused_by_name(container, value):
    X = container({"b": np.array([1, value])})
    message = r"column '(b|x0)', which lose digits.*identifiers"
    with pytest.raises(ValueError, match=message):
        DenseFormat(X).encode(X)


def test_integer_objects_that_lose_digits_are_refused_but_large_floats_are_not():
    with pytest.raises(ValueError, match="column 'x0', which lose digits"):
        round_trip(np.array([[2**70], [1]], dtype=object))
    X = np.array([[1e300], [2.5]], dtype=object)
    assert round_trip(X).tolist() == X.tolist()


@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame({"when": [NOON]}),
        pd.DataFrame({"when": pd.to_datetime([NOON], utc=True)}),
        pd.DataFrame({"when": [NOON - NOON]}),
        pd.DataFrame({"when": pd.period_range("2020", periods=1, freq="D")}),
        pd.DataFrame({"when": pd.Series([DAY], dtype=object)}),
        *(pl.DataFrame({"when": [cell]}) for cell in (NOON, DAY, NOON.time(), NOON - NOON)),
        np.array([["2020-01-01"]], dtype="datetime64[D]"),
        np.array([[NOON]], dtype=object),
    ],
    ids=lambda X: f"{type(X).__module__}-{getattr(X, 'dtypes', None)}",
)
def test_dates_and_times_come_back_as_they_were(X):
    dense_format = DenseFormat(X)
    back = dense_format.decode(dense_format.encode(X))
    assert type(back) is type(X)
    if isinstance(X, np.ndarray):
        assert back.dtype == X.dtype
        assert back.tolist() == X.tolist()
    else:
        assert back.equals(X)


@pytest.mark.parametrize(
    "X",
    [
        np.array([[{}]], dtype=object),
        np.array([["a"], [[1, 2]]], dtype=object),
        np.array([["a"], [DAY]], dtype=object),
        np.array([[1j]]),
        np.array([[b"bytes"]]),
        np.array([[b"bytes"]], dtype=object),
        pd.DataFrame({"a": [1j]}),
        pd.DataFrame({"a": [{"b": 1}]}),
        pd.DataFrame({"a": pd.arrays.IntervalArray.from_breaks([0, 1])}),
        pl.DataFrame({"a": [[1]]}),
        pl.DataFrame({"a": [{"b": 1}]}),
        pl.DataFrame({"a": [b"bytes"]}),
        pl.DataFrame({"a": [object()]}),
    ],
    ids=lambda X: f"{type(X).__module__}-{X.dtypes if hasattr(X, 'dtypes') else X.dtype}",
)
def test_what_is_neither_number_nor_level_is_refused(X):
    message = r"float\(\) argument must be a string or a real number, not .*column '(a|x0)'"
    with pytest.raises(TypeError, match=message):
        DenseFormat(X)


def test_a_column_that_changed_its_kind_is_refused():
    dense_format = DenseFormat(pd.DataFrame({"a": [1.0], "b": [2]}))
    with pytest.raises(ValueError, match="strings or categories in column 'b'"):
        dense_format.encode(pd.DataFrame({"a": [1.0], "b": ["2"]}))
    with pytest.raises(ValueError, match=r"holds dates in column .b., where.*had numbers"):
        dense_format.encode(pd.DataFrame({"a": [1.0], "b": [NOON]}))
    with pytest.raises(ValueError, match="X has 1 features, but 2 are expected"):
        dense_format.encode(pd.DataFrame({"a": [1.0]}))


@pytest.mark.parametrize("names", [["a", "b", "a"], [1, 2, "1"]])
def test_names_that_occur_twice_are_refused(names):
    with pytest.raises(ValueError, match=f"column '{names[0]}' more than once"):
        DenseFormat(pd.DataFrame(np.ones((1, 3)), columns=names))


@pytest.mark.parametrize("X", [[[1.0]], pd.Series([1.0]), "text", pl.LazyFrame({"a": [1]})])
def test_other_containers_are_refused(X):
    with pytest.raises(TypeError, match="must be a two-dimensional numpy array"):
        DenseFormat(X)


def test_flat_arrays_are_refused():
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        DenseFormat(np.ones(3))


@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame({"n": [1, 2], "c": pd.Categorical(["u", None])}),
        pl.DataFrame({"n": [1, None], "c": pl.Series(["u", "v"], dtype=pl.Categorical)}),
        np.array([["a", 1], ["b", 2]], dtype=object),
    ],
    ids=lambda X: type(X).__module__,
)
def test_a_format_works_on_after_pickling(X):
    dense_format = DenseFormat(X)
    other = pickle.loads(pickle.dumps(dense_format))
    E = dense_format.encode(X)
    np.testing.assert_array_equal(other.encode(X), E)
    back = other.decode(E)
    assert type(back) is type(X)
    np.testing.assert_array_equal(dense_format.encode(back), E)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_a_pipeline_by_column_names_sees_no_difference(frame):
    rng = np.random.default_rng(0)
    n = 60
    X = frame(
        {
            "age": rng.integers(18, 90, n),
            "color": rng.choice(["red", "green", "blue"], n),
            "income": rng.lognormal(size=n),
            "size": [None, *rng.choice(["s", "m"], n - 1)],
            "member": rng.random(n) < 0.5,
        }
    )
    model = make_pipeline(
        ColumnTransformer(
            [
                ("words", OneHotEncoder(), ["color", "size"]),
                ("member", OrdinalEncoder(), ["member"]),
            ],
            remainder="passthrough",
        ),
        RandomForestClassifier(n_estimators=5, random_state=0),
    ).fit(X, rng.integers(0, 2, n))
    back = round_trip(X)
    np.testing.assert_array_equal(model.predict_proba(back), model.predict_proba(X))
