"""JSON documents of every version of sklime: written once, read by all later ones."""

import json
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from sklime.explanation import Explanation, json_schema
from sklime.explanation.fields import PER_OUTPUT
from sklime.explanation.serialization import versions
from sklime.explanation.serialization.versions import VERSIONS, complete_schema
from sklime.tables.conditions import TableConditions

DATA = Path(__file__).parent / "data"
LAST, NEXT = max(VERSIONS), max(VERSIONS) + 1
SCHEMA_FILE = Path(versions.__file__).with_name("explanation.schema.json")
INF, NAN = float("inf"), float("nan")


def table():
    """What `data/explanation_version_1.json` was written from: two rows, two outputs."""
    return Explanation(
        np.array([[[0.1, -0.4], [-0.1, 0.4]], [[1 / 3, 0.0], [-1 / 3, -0.0]]]),
        intercepts=np.array([[0.5, 0.5], [0.25, 0.75]]),
        predictions=np.array([[0.2, 0.8], [0.7, 0.3]]),
        local_predictions=np.array([[0.21, 0.79], [0.5, 0.5]]),
        scores=np.array([[0.9, 0.9], [NAN, -INF]]),
        effective_sample_sizes=np.array([[512.0, 512.0], [INF, INF]]),
        support=np.array([[[256.0, 9.5], [256.0, 9.5]], [[0.0, 1e-300], [0.0, 1e-300]]]),
        data=np.array([[25, "red"], [NAN, None]], dtype=object),
        feature_names=["age", "color"],
        target_names=["no", "yes"],
        conditions=TableConditions(
            [[0, 1], [1, -1]],
            [["age <= 30", "age is missing"], ["blue", "red", "never seen"]],
        ),
        meta={"method": "sampling", "width": (1.5, None), "degrees_of_freedom": 60},
        standard_errors=np.array([[[0.01, 0.02], [0.01, 0.02]], [[0.5, NAN], [0.5, NAN]]]),
    )


def texts():
    """What `data/explanation_version_1_texts.json` was written from: ragged rows."""
    return Explanation(
        np.array([[0.5, -1.0, 0.25], [NAN, NAN, NAN], [-2.0, NAN, NAN]]),
        intercepts=np.array([0.1, 0.2, 0.3]),
        predictions=np.array([0.4, 0.5, 0.6]),
        local_predictions=np.array([0.7, 0.8, 0.9]),
        scores=np.array([1.0, 0.0, 0.5]),
        effective_sample_sizes=np.array([64.0, 1.0, 32.0]),
        support=np.array([[16.0, 8.0, 4.0], [NAN, NAN, NAN], [2.0, NAN, NAN]]),
        data=["good film, good", "", "\U0001f600"],
        feature_names=["film", "good"],
        target_names=["a", "b", "a"],
        conditions=[["good", "film", "good"], [], ["\U0001f600"]],
        meta={"method": "exact", "kind": "text"},
        unit_names=[["good", "film", "good"], [], ["\U0001f600"]],
        unit_spans=[
            np.array([[0, 4], [5, 9], [11, 15]]),
            np.empty((0, 2), dtype=np.int64),
            np.array([[0, 1]]),
        ],
    )


def contributions():
    """What `data/explanation_version_2.json` was written from: contributions."""
    return replace(
        table(),
        feature_means=np.full((2, 2, 2), [0.25, 0.75]),
        baselines=np.array([[0.4, 0.6], [0.45, 0.55]]),
        positions=np.full((2, 2, 2), [-0.5, 1.0]),
        values=np.array([[[-0.075, -0.1], [0.075, 0.1]], [[-0.25, 0.0], [0.25, 0.0]]]),
        coefficients=table().values,
        coefficient_errors=table().standard_errors,
        meta={"method": "exact", "attribution": "contribution"},
    )


def interactions():
    """What `data/explanation_version_3.json` was written from: two pairs."""
    coefficients = np.array([[[0.3, NAN], [-0.3, NAN]], [[1 / 7, 0.0], [-1 / 7, -0.0]]])
    return replace(
        contributions(),
        interactions=coefficients / 2,
        interaction_pairs=[("age", "color"), ("color", "age")],
        interaction_standard_errors=np.full((2, 2, 2), [0.125, NAN]),
        interaction_coefficients=coefficients,
        interaction_coefficient_errors=np.full((2, 2, 2), [0.25, NAN]),
    )


def neighbours():
    """What `data/explanation_version_4.json` was written from: R2 on training rows."""
    scores = np.array([[0.5, -INF], [NAN, -1 / 3]])
    meta = {"method": "exact", "attribution": "contribution", "neighbours": 20}
    return replace(interactions(), neighbour_scores=scores, meta=meta)


def classes():
    """What `data/explanation_version_5.json` was written from: three classes."""
    return replace(
        texts(),
        class_probabilities=np.array([[0.4, 0.25, 0.35], [0.5, 0.5, 0.0], [NAN] * 3]),
        meta={"method": "exact", "kind": "text", "classes": ["a", "b", "c"]},
    )


def pairs_of_words():
    """What `data/explanation_version_6.json` was written from: pairs of two texts."""
    return replace(
        texts(),
        interactions=np.array([[0.5], [NAN], [NAN]]),
        interaction_pairs=[("good", "film")],
        interaction_standard_errors=np.array([[0.0], [NAN], [NAN]]),
        interaction_positions=np.array([[0.25], [NAN], [NAN]]),
    )


STORED = {
    "explanation_version_1.json": table,
    "explanation_version_1_texts.json": texts,
    "explanation_version_2.json": contributions,
    "explanation_version_3.json": interactions,
    "explanation_version_4.json": neighbours,
    "explanation_version_5.json": classes,
    "explanation_version_6.json": pairs_of_words,
}


@dataclass(eq=False, repr=False)
class NextExplanation(Explanation):
    """What `Explanation` would be with one more array per row, in a next version."""

    _: KW_ONLY
    noise: np.ndarray | None = field(default=None, metadata=PER_OUTPUT)
    _versions = VERSIONS | {NEXT: {"noise": None}}


def with_noise(source, value):
    """The same explanation as the next class would have it."""
    given = {own.name: getattr(source, own.name) for own in fields(Explanation)}
    noise = None if value is None else np.full(source.intercepts.shape, value)
    return NextExplanation(**given, noise=noise)


def next_schema():
    """The schema of the next version, its one new field described as another is."""
    described = json.loads(SCHEMA_FILE.read_text("utf-8"))
    described["properties"]["noise"] = described["properties"]["standard_errors"]
    schema = complete_schema(described, NextExplanation._versions)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


# Documents that were stored


@pytest.mark.parametrize("name", STORED)
def test_stored_documents_read_equal_to_what_they_were_written_from(name):
    assert Explanation.from_json(DATA / name) == STORED[name]()


@pytest.mark.parametrize("name", STORED)
def test_stored_documents_are_valid(name):
    jsonschema.validate(json.loads((DATA / name).read_text("utf-8")), json_schema())


def test_the_last_version_is_written_and_has_all_fields():
    document = table().to_dict()
    assert document["version"] == max(VERSIONS)
    fields = {name for added in VERSIONS.values() for name in added}
    assert (
        document.keys()
        == fields | {"format", "version"}
        == json_schema()["properties"].keys()
    )


# A field more


@pytest.mark.parametrize("name", STORED)
def test_older_documents_have_the_default_of_a_field_they_lack(name):
    back = NextExplanation.from_json(DATA / name)
    assert back.noise is None
    assert back == with_noise(STORED[name](), None)
    assert next_schema().is_valid(json.loads((DATA / name).read_text("utf-8")))


@pytest.mark.parametrize("build", [table, texts])
@pytest.mark.parametrize("value", [None, 0.25, NAN])
def test_a_field_more_is_written_and_read(build, value):
    whole = with_noise(build(), value)
    document = json.loads(whole.to_json())
    assert document["version"] == NEXT
    assert next_schema().is_valid(document)
    assert NextExplanation.from_dict(document) == whole
    newer = rf"version {NEXT} .* newer than {LAST}.*upgrade sklime"
    with pytest.raises(ValueError, match=newer):
        Explanation.from_dict(document)
    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(document)


def test_a_field_more_is_cut_sorted_joined_and_checked():
    whole = with_noise(table(), 0.5)
    whole.noise[:] = [[0.1, 0.2], [0.3, 0.4]]
    assert whole[1:].noise.tolist() == [[0.3, 0.4]]
    assert whole[:, "age", "yes"].noise.tolist() == [0.2, 0.4]
    assert whole[:, :, "no"].sort_rows(by="noise").noise.tolist() == [0.3, 0.1]
    assert NextExplanation.concat([whole[1], whole[0]]).noise.tolist() == [
        [0.3, 0.4],
        [0.1, 0.2],
    ]
    assert whole != with_noise(table(), 0.5)
    with pytest.raises(ValueError, match=r"parts\[1\] .* differ in having noise"):
        NextExplanation.concat([whole, with_noise(table(), None)])
    with pytest.raises(ValueError, match=r"noise has shape \(1, 2\), expected \(2, 2\)"):
        replace(whole, noise=[[1.0, 2.0]])


def test_a_field_of_unit_shape_with_a_default_is_read_from_older_documents():
    # As if standard errors had come with version 2.
    versions = {
        1: {name: None for name in VERSIONS[1] if name != "standard_errors"},
        2: {"standard_errors": None},
    }

    class Later(Explanation):
        _versions = versions

    document = json.loads((DATA / "explanation_version_1.json").read_text("utf-8"))
    errors = document.pop("standard_errors")
    back = Later.from_dict(document)
    assert back.standard_errors is None
    assert np.array_equal(back.values, table().values)
    document |= {"version": 2, "standard_errors": errors}
    assert Later.from_dict(document) == table()


# Documents that are wrong


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"version": 0},
            rf"version=0 must be a positive int, up to {NEXT}: write .* to_json",
        ),
        (
            {"version": -1},
            rf"version=-1 must be a positive int, up to {NEXT}: write .* to_json",
        ),
        (
            {"version": NEXT + 1},
            rf"version {NEXT + 1} .* newer than {NEXT}, the last .*: upgrade sklime",
        ),
        ({"version": "1"}, r"version='1' must be a positive int.* to_json"),
        (
            {"version": float(LAST)},
            rf"version={float(LAST)} must be a positive int.* to_json",
        ),
        ({"version": True}, r"version=True must be a positive int.* to_json"),
        ({"version": None}, r"version=None must be a positive int.* to_json"),
        ({"version": [1]}, r"version=\[1\] must be a positive int.* to_json"),
        ({"version": ...}, rf'lacks "version", an int from 1 to {NEXT}: write .* to_json'),
        (
            {"noise": None},
            rf"unknown fields \['noise'\], .* leave them out, or .* version {NEXT}$",
        ),
        (
            {"hue": 1},
            rf"unknown fields \['hue'\], which version {LAST} .* leave them out$",
        ),
        (
            {"hue": 1, "noise": None},
            rf"\['hue', 'noise'\], .*version {LAST} .* leave them out$",
        ),
        ({5: 1, "hue": 1}, r"unknown fields \[5, 'hue'\]"),
        (
            {"support": ...},
            rf"lacks the fields \['support'\], which version {LAST} .* to_json$",
        ),
        (
            {"shape": ...},
            rf"lacks the fields \['shape'\], which version {LAST} .* to_json$",
        ),
        (
            {"version": NEXT},
            rf"lacks the fields \['noise'\], which version {NEXT} .* to_json$",
        ),
        (
            {"support": ..., "hue": 1},
            r"lacks the fields \['support'\].*; it has the unknown fields \['hue'\]",
        ),
    ],
)
def test_documents_that_are_wrong_name_the_fault_and_its_cure(change, message):
    document = table().to_dict() | change
    document = {key: value for key, value in document.items() if value is not ...}
    with pytest.raises(ValueError, match=message):
        NextExplanation.from_dict(document)
    if all(isinstance(key, str) for key in document):
        # To JSON Schema, 1.0 is an integer too.
        assert next_schema().is_valid(document) == isinstance(change.get("version"), float)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("meta", {"kind": {"a": 1}}),
        ("meta", {"kind": None}),
        ("meta", {"degrees_of_freedom": [1, 2]}),
        ("meta", {"degrees_of_freedom": True}),
        ("meta", {"attribution": 3}),
        ("meta", {"classes": 7}),
        ("conditions", {"labels": [["a", ["b"]], ["c", "d", "e"]]}),
        ("conditions", {"labels": ["ab", ["c", "d", "e"]]}),
        ("conditions", {"labels": [["a", 1.5], ["c", "d", "e"]]}),
    ],
)
def test_entries_of_other_types_are_refused_where_they_are_read(field, change):
    document = json.loads(table().to_json())
    document[field] |= change
    with pytest.raises(ValueError, match=f"the field '{field}' cannot be read"):
        Explanation.from_dict(document)
