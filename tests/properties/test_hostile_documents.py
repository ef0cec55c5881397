"""Documents of strangers: the documented error only, no files opened, no memory taken."""

import json
import sys
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklime import Anchors, Explanation
from tests.properties.mutated_documents import anchors, explanations, mutations

DOCUMENTS = explanations()
ANCHORS = anchors()
# 100,000 in all.
N_EACH = 100_000 // (len(DOCUMENTS) + 1) + 1


def read_safely(kind, document):
    """Read a document: it is read, or refused by a ValueError, for memory of its size."""
    text = json.dumps(document)
    opened = []
    _audit.append(opened)
    tracemalloc.start()
    try:
        with warnings.catch_warnings():
            # Of numpy and pandas, about names of dtypes.
            warnings.simplefilter("ignore")
            kind.from_json(text)
    except ValueError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        _audit.pop()
    assert not opened
    assert peak < 2**22 + 400 * len(text)


_audit: list = []


def _note_open(event, arguments):
    if event == "open" and _audit and isinstance(arguments[0], str):
        name = arguments[0]
        # Modules that are imported at their first use, and zones by their names.
        if not name.endswith((".py", ".pyc", ".so")) and "zoneinfo" not in name:
            _audit[-1].append(name)


sys.addaudithook(_note_open)


SLOW = settings(
    max_examples=N_EACH,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FEW = settings(SLOW, max_examples=60)


@FEW
@given(st.sampled_from(sorted(DOCUMENTS)).flatmap(lambda name: mutations(DOCUMENTS[name])))
def test_some_changed_explanations_are_read_or_refused(document):
    read_safely(Explanation, document)


@FEW
@given(mutations(ANCHORS))
def test_some_changed_anchors_are_read_or_refused(document):
    read_safely(Anchors, document)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_changed_explanations_are_read_or_refused(name):
    @SLOW
    @given(mutations(DOCUMENTS[name]))
    def test(document):
        read_safely(Explanation, document)

    test()


@pytest.mark.slow
def test_changed_anchors_are_read_or_refused():
    @SLOW
    @given(mutations(ANCHORS))
    def test(document):
        read_safely(Anchors, document)

    test()


# What changes of documents, or people, have found.


def with_meta(value):
    return DOCUMENTS["CSR"] | {"meta": {"own": value}}


def column_of_polars(dtype, value):
    return {"$polars.Series": [{"name": "a", "dtype": dtype, "values": [value]}]}


def column_of_pandas(dtype, value):
    labels = {"names": [None], "levels": [{"dtype": "O", "shape": [1], "values": ["a"]}]}
    column = {"dtype": dtype, "objects": [value]}
    return {"$pandas.DataFrame": {"index": labels, "columns": labels, "values": [column]}}


@pytest.mark.parametrize(
    "value",
    [
        {"$Fraction": "1e999999999"},
        {"$Fraction": "1/0"},
        {"$timedelta": [10**12, 0, 0]},
        {"$Period": [10**20, "D"]},
        {"$array": {"dtype": "int64", "shape": [1], "values": [10**30]}},
        {"$array": {"dtype": "U200000000", "shape": [1], "values": ["a"]}},
        {
            "$polars.DataFrame": [
                {
                    "name": "a",
                    "dtype": {"class": "Decimal", "precision": 5, "scale": 0},
                    "values": [{"$Decimal": "NaN"}],
                }
            ]
        },
        {
            "$polars.DataFrame": [
                {
                    "name": "a",
                    "dtype": {"class": "Decimal", "precision": 5, "scale": 0},
                    "values": ["x"],
                }
            ]
        },
        column_of_polars({"class": "String"}, 1),
        {"$datetime64[D],(200000000,)f8": 5},
        {"$timedelta64[D],(200000000,)f8": 5},
        # Integers of a milliard digits, if they were written out.
        column_of_pandas("Int64", {"$Decimal": "1e999999999"}),
        column_of_pandas("int64[pyarrow]", {"$Decimal": "1e999999999"}),
        column_of_pandas({"arrow": ["decimal128", 5, 0]}, {"$Decimal": "1e-999999999"}),
        # polars panics, which is no Exception.
        column_of_polars(
            {"class": "Decimal", "precision": 5, "scale": 2}, {"$Decimal": "1e-41"}
        ),
        # 400 MB of 105 kB.
        {
            "$array": {
                "dtype": "U100000",
                "shape": [1001],
                "values": ["a" * 100_000] + ["b"] * 1000,
            }
        },
    ],
)
def test_values_that_stand_for_nothing_are_refused(value):
    read_safely(Explanation, with_meta(value))
    with pytest.raises(ValueError, match="meta"):
        Explanation.from_dict(with_meta(value))
    with pytest.raises(ValueError, match="fields do not fit"):
        Anchors.from_dict(ANCHORS | {"meta": {"own": value}})


def test_many_wide_strings_take_no_more_than_the_document():
    wide = {"$array": {"dtype": "U400000", "shape": [2], "values": ["a", "b"]}}
    read_safely(Explanation, with_meta([wide] * 50))
    found = Explanation.from_dict(with_meta(wide)).meta["own"]
    assert found.tolist() == ["a", "b"]


def test_arrays_somewhat_wider_than_their_values_keep_their_dtype():
    array = np.array(["a", "longer than the others"])[:1]
    document = Explanation.from_dict(with_meta(None))
    document.meta["own"] = array
    back = Explanation.from_json(document.to_json())
    assert back.meta["own"].dtype == array.dtype


@pytest.mark.parametrize("document", [5, {}, "[]", "{", b"{}", "[" * 10**5, "own.json"])
def test_what_a_frame_carries_is_read_or_refused_and_no_file_is_opened(
    tmp_path, monkeypatch, document
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.json").write_text(json.dumps(DOCUMENTS["CSR"]))
    frame = Explanation.from_dict(DOCUMENTS["CSR"]).to_frame()
    frame.attrs["sklime.Explanation"] = document
    opened = []
    _audit.append(opened)
    try:
        with pytest.raises(ValueError, match="holds no document of an explanation"):
            Explanation.from_frame(frame)
    finally:
        _audit.pop()
    assert not opened
    frame.attrs.clear()
    assert len(Explanation.from_frame(frame)) == 2


def test_what_could_not_be_read_is_not_written():
    uneven = np.array(["a" * 100_000] + ["b"] * 100)
    explanation = Explanation.from_dict(with_meta(None))
    explanation.meta["own"] = uneven
    with pytest.raises(TypeError, match="make them an array of objects"):
        explanation.to_json()
    explanation.meta["own"] = uneven.astype(object)
    back = Explanation.from_json(explanation.to_json())
    assert back == explanation


def test_durations_without_a_unit_are_read_back():
    explanation = Explanation.from_dict(with_meta(None))
    explanation.meta["own"] = [np.timedelta64(5), np.timedelta64(5, "25s")]
    assert Explanation.from_json(explanation.to_json()) == explanation


@pytest.mark.parametrize("kind", [Explanation, Anchors])
@pytest.mark.parametrize(
    "text",
    [
        "[" * 10**5,
        '{"a":' * 10**5,
        "\ufeff{}",
        " " * 200 + "{}",
        "1" * 5000,
        "[]",
        "a\0b",
        "",
    ],
)
def test_what_is_no_document_is_told(kind, text):
    with pytest.raises(ValueError, match=r"source|document"):
        kind.from_json(text)


@pytest.mark.parametrize("kind", [Explanation, Anchors])
def test_documents_are_read_from_bytes_and_from_files(kind, tmp_path):
    document = DOCUMENTS["CSR"] if kind is Explanation else ANCHORS
    text = json.dumps(document)
    (tmp_path / "own.json").write_text("\ufeff" + text, encoding="utf-8")
    for source in (text, text.encode(), text.encode("utf-16"), tmp_path / "own.json"):
        assert kind.from_json(source).to_json() == kind.from_dict(document).to_json()
    with pytest.raises(FileNotFoundError):
        kind.from_json(tmp_path / "other.json")
