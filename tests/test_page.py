import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from sklime.tables.conditions import TableConditions
from tests.handmade import (
    VALUES,
    build,
    build_all,
    build_images,
    build_sequences,
    build_texts,
    every_kind,
)

HOSTILE = [
    '</script><img src=x onerror="document.title=1">',
    "<script>document.title = 1</script>",
    "<!--<script>",
    "two\nlines\u2028and \"quotes\" 'both' &amp; `${1}` {{ 7 * 7 }}",
    500 * "x",
    "\U0001f600 \ud800 \x00 \u202egnirts",
]


def render_page(explanation):
    return explanation.to_html()


def render_notebook(explanation):
    return explanation._repr_html_()


class Markup(HTMLParser):
    """What a browser would find in a page: elements, and text outside of scripts."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.texts, self.scripts = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.cdata_elem != "style":
            (self.scripts if self.cdata_elem else self.texts).append(data)

    @property
    def content(self):
        def refuse(constant):
            raise ValueError(f"{constant} is no JSON")

        return json.loads(self.scripts[0], parse_constant=refuse)


def hostile():
    """Every name, label, target, cell and fact is hostile."""
    d = len(HOSTILE)
    return build(
        np.linspace(-1, 1, 2 * d).reshape(2, d),
        data=np.array([HOSTILE, HOSTILE[::-1]], dtype=object),
        feature_names=HOSTILE,
        target_names=HOSTILE[:2],
        conditions=TableConditions(np.zeros((2, d), int), [[name] for name in HOSTILE]),
        meta={"method": HOSTILE[0], HOSTILE[0]: {HOSTILE[1]: HOSTILE[2]}},
    )


@pytest.mark.parametrize("name", every_kind())
def test_pages_and_notebooks_load_nothing_and_run_nothing_but_their_own_script(name):
    explanation = every_kind()[name]
    page, notebook = (
        Markup(render(explanation)) for render in (render_page, render_notebook)
    )
    assert [tag for tag, _ in page.elements].count("script") == 2
    assert "script" not in dict(notebook.elements)
    for tag, attributes in page.elements + notebook.elements:
        for attribute in ("src", "href", "action", "data", "srcset", "poster"):
            assert (attributes.get(attribute) or "data:").startswith("data:"), tag
        assert not [own for own in attributes if own.startswith("on")], tag
    assert "url(" not in render_page(explanation) + render_notebook(explanation)


@pytest.mark.parametrize("render", [render_page, render_notebook])
def test_markup_in_the_data_adds_no_element(render):
    explanation = hostile()
    tame = build(
        explanation.values,
        data=np.full((2, len(HOSTILE)), "x", dtype=object),
        feature_names=[*"abcdef"],
        target_names=["no", "yes"],
        conditions=TableConditions(np.zeros((2, 6), int), [[name] for name in "abcdef"]),
        meta={"method": "m", "n": {"a": "b"}},
    )
    found, expected = Markup(render(explanation)), Markup(render(tame))
    assert [tag for tag, _ in found.elements] == [tag for tag, _ in expected.elements]
    # It is there, though: as text.
    assert HOSTILE[0] in "".join(found.texts)
    render(explanation).encode("utf-8")


def test_names_reach_the_script_as_they_are():
    assert Markup(render_page(hostile())).content["labels"] == HOSTILE


@pytest.mark.parametrize("name", every_kind())
def test_the_page_holds_every_attribution_to_four_digits(name):
    explanation = every_kind()[name]
    values = explanation.values
    values = values[:, None] if values.ndim == 2 else values
    rows = Markup(render_page(explanation)).content["rows"]
    assert len(rows) == len(explanation)
    for row, own in zip(rows, values, strict=True):
        for answer, expected in zip(row["answers"], own, strict=True):
            n_units = len(row["labels"])
            # Half a unit of the fourth of four significant digits.
            np.testing.assert_allclose(answer["values"], expected[:n_units], rtol=5e-4)
            assert np.isnan(expected[n_units:]).all()


def test_rows_say_what_the_explanation_says():
    explanation = build(
        VALUES,
        data=pd.DataFrame(
            {"age": [25, 41, 60, 19], "color": ["red", None, "blue", "x"], "height": 1.5},
            index=list("wxyz"),
        ),
        target_names=["yes", "no", "yes", "no"],
        support=[[3, 500, 3], *[[500] * 3] * 3],
    )
    content = Markup(render_page(explanation)).content
    assert content["outputs"] == ["yes", "no"]
    first, second = content["rows"][:2]
    assert (first["name"], second["name"]) == ("w", "x")
    assert second["cells"] == [41, None, 1.5]
    assert [content["labels"][code] for code in first["labels"]] == [
        *explanation.conditions[0]
    ]
    answer = first["answers"][0]
    assert answer["prediction"] == explanation.predictions[0]
    assert answer["local"] == explanation.local_predictions[0]
    assert answer["score"] == explanation.scores[0]
    assert answer["size"] == explanation.effective_sample_sizes[0]
    # Support below 10, but for a feature whose attribution is 0.
    assert answer["thin"] == [0]
    upper = explanation.confidence_intervals()[1][0]
    # Margins have two significant digits.
    np.testing.assert_allclose(answer["margins"], upper - explanation.values[0], rtol=0.05)


def test_without_standard_errors_there_are_no_error_bars():
    explanation = build(VALUES, standard_errors=None)
    page = render_page(explanation)
    assert Markup(page).content["rows"][0]["answers"][0]["margins"] is None
    assert "±" not in "".join(Markup(page + render_notebook(explanation)).texts)


def test_texts_are_cut_into_pieces_that_make_them_up():
    explanation = build_texts()
    for i, row in enumerate(Markup(render_page(explanation)).content["rows"]):
        picture = row["picture"]
        assert "".join(picture["pieces"]) == explanation.data[i]
        pieces = zip(picture["pieces"], picture["units"], strict=True)
        found = [(piece, unit) for piece, unit in pieces if unit >= 0]
        assert found == [(name, j) for j, name in enumerate(explanation.unit_names[i])]


@pytest.mark.parametrize("shape", [(2, 3), (192, 7), (300, 500)])
def test_areas_of_an_image_are_its_segments(shape):
    rng = np.random.default_rng(0)
    labels = np.kron(rng.integers(-1, 5, size=(6, 10)), np.ones((50, 50), int))
    labels = labels[: shape[0], : shape[1]]
    names = [f"segment {j}" for j in range(5)]
    explanation = build_images()[:1]
    explanation = build(
        [[1.0, -1.0, 0.5, 0.25, -0.5]],
        data=[rng.random(shape)],
        feature_names=[],
        unit_names=[names],
        unit_spans=[labels],
        conditions=[names],
        meta={"kind": "image"},
    )
    [row] = Markup(render_page(explanation)).content["rows"]
    picture = row["picture"]
    drawn = np.full((picture["height"], picture["width"]), -1)
    for unit, path in enumerate(picture["areas"]):
        x = y = 0
        for dx, dy, length in re.findall(r"m(-?\d+) (-?\d+)h(\d+)", path):
            x, y = x + int(dx), y + int(dy)
            drawn[y, x : x + int(length)] = unit
            x += int(length)
    # A larger image is shown smaller, by a whole step, of which the middle pixel counts.
    step = -(-max(shape) // 192)
    np.testing.assert_array_equal(drawn, labels[step // 2 :: step, step // 2 :: step])
    assert max(drawn.shape) <= 192


def test_runs_of_a_sequence_are_its_units():
    explanation = build_sequences()
    for i, row in enumerate(Markup(render_page(explanation)).content["rows"]):
        lanes = row["picture"]["lanes"]
        assert [lane["name"] for lane in lanes] == ["a", "b"]
        drawn = np.empty((3, 2), int)
        for j, lane in enumerate(lanes):
            for unit, start in lane["runs"]:
                drawn[start:, j] = unit
        np.testing.assert_array_equal(drawn, explanation.unit_spans[i])
        assert (lanes[1]["low"], lanes[1]["high"]) == (6 * i + 1, 6 * i + 5)


def test_lanes_are_called_as_the_sampler_calls_features():
    names = [f"{name}_t-{k}" for k in (2, 1, 0) for name in ("load", "a_t-9")]
    explanation = build_sequences(feature_names=names)
    lanes = Markup(render_page(explanation)).content["rows"][0]["picture"]["lanes"]
    assert [lane["name"] for lane in lanes] == ["load", "a_t-9"]


def test_attributions_that_are_missing_are_called_so():
    explanation = build([[np.nan, 0.5, 0.0]], predictions=[np.nan])
    for render in (render_page, render_notebook):
        texts = "".join(Markup(render(explanation)).texts)
        assert texts.count("no answer") >= 2
        assert "nan" not in texts.lower()


def test_infinite_numbers_are_spelled_out():
    explanation = build([[np.inf, -np.inf, 1.0]], predictions=[-np.inf])
    assert Markup(render_page(explanation)).content["rows"][0]["answers"][0]["values"] == [
        "Infinity",
        "-Infinity",
        1.0,
    ]
    assert "Infinity" in "".join(Markup(render_notebook(explanation)).texts)


def test_rows_without_attributions_say_so():
    for render in (render_page, render_notebook):
        text = "".join(Markup(render(build(np.zeros((1, 3))))).texts)
        assert "No attribution differs from 0." in text


def test_a_notebook_shows_the_strongest_attributions_first():
    page = Markup(render_notebook(build(VALUES)[:1]))
    text = "".join(page.texts)
    assert text.index("color = red") < text.index("age <= 30")
    # Its attribution is 0.
    assert "height" not in text
    bars = [own["style"] for tag, own in page.elements if tag == "i" and "style" in own]
    assert bars[0].startswith("left:")


def test_a_notebook_shows_the_output_with_the_highest_prediction():
    predictions = [[0.1, 0.2, 0.7], [0.3, 0.4, 0.3], [0.9, 0.1, 0.0], [0.2, 0.6, 0.2]]
    text = "".join(Markup(render_notebook(build_all(predictions=predictions))).texts)
    assert re.findall(r"output (\w+)", text) == ["yes", "perhaps", "no"]
    assert "and 1 more" in text


@pytest.mark.parametrize("name", every_kind())
def test_many_notebook_outputs_fit_on_one_page(name):
    markup = Markup(render_notebook(every_kind()[name]))
    assert not [own for _, own in markup.elements if {"id", "name", "for"} & own.keys()]


def big(n, d=30):
    rng = np.random.default_rng(0)
    names = [f"a rather long name of feature {j}" for j in range(d)]
    labels = [[f"0.12345 < {name} <= {j}.6789" for j in range(4)] for name in names]
    return build(
        rng.normal(size=(n, d)),
        data=rng.lognormal(size=(n, d)),
        feature_names=names,
        conditions=TableConditions(rng.integers(0, 4, size=(n, d)), labels),
    )


def test_pages_are_small():
    assert len(render_page(big(1)).encode()) < 60e3
    assert len(render_page(big(1000)).encode()) < 2e6
    assert len(render_notebook(big(1000)).encode()) < 20e3


def test_a_page_of_one_photograph_is_small():
    skimage_data = pytest.importorskip("skimage.data")
    from skimage.segmentation import slic

    image = skimage_data.astronaut()
    labels = slic(image, 50, start_label=0)
    names = [f"segment {j}" for j in range(labels.max() + 1)]
    explanation = build(
        [np.linspace(-1, 1, len(names))],
        data=[image],
        feature_names=[],
        unit_names=[names],
        unit_spans=[labels],
        conditions=[names],
        meta={"kind": "image"},
    )
    assert len(render_page(explanation).encode()) < 60e3


@pytest.mark.parametrize("library", ["pandas", "polars", "numpy"])
def test_words_of_mixed_rows_are_found_in_the_texts_that_they_stand_in(library):
    table = {
        "stars": [3, 4],
        "title": ["Good film", ""],
        "when": pd.to_datetime(["2020-05-30", None]),
        "review": ["a film, good", "it is good"],
    }
    names = [
        ["title: good", "title: film", "stars > 2", "a", "review: film", "review: good"],
        ["stars > 2", "it", "is", "good"],
    ]
    spans = [
        [[[0, 4]], [[5, 9]], [], [[0, 1]], [[2, 6]], [[8, 12]]],
        [[], [[0, 2]], [[3, 5]], [[6, 10]]],
    ]
    data = pd.DataFrame(table)
    if library == "polars":
        import polars as pl

        data = pl.DataFrame(table)
    elif library == "numpy":
        data = data.astype(object).to_numpy()
        names[0] = [own.replace("title", "x1").replace("review", "x3") for own in names[0]]
    values = np.array([[1, -2, 3, 4, -5, 6], [1, 2, 3, 4, np.nan, np.nan]])
    explanation = build(
        values,
        data=data,
        feature_names=[],
        unit_names=names,
        unit_spans=spans,
        conditions=names,
        standard_errors=None,
        meta={"kind": "mixed"},
    )
    first, second = (
        row["picture"] for row in Markup(explanation.to_html()).content["rows"]
    )
    columns = list(table) if library != "numpy" else ["x0", "x1", "x2", "x3"]
    assert [own["name"] for own in first["texts"]] == [columns[1], columns[3]]
    found = [
        [(piece, unit) for piece, unit in zip(own["pieces"], own["units"], strict=True)]
        for own in first["texts"]
    ]
    assert found == [
        [("Good", 0), (" ", -1), ("film", 1)],
        [("a", 3), (" ", -1), ("film", 4), (", ", -1), ("good", 5)],
    ]
    assert first["cells"] == [[columns[0], 3], [columns[2], "2020-05-30"]]
    # A text without words is a cell.
    assert second["cells"] == [[columns[0], 4], [columns[1], ""], [columns[2], None]]
    assert [own["units"] for own in second["texts"]] == [[1, -1, 2, -1, 3]]
    notebook = explanation._repr_html_()
    assert (
        '<span class="raises" style="background-color:rgba(217,119,6,0.5)">good' in notebook
    )
    assert "<bdi>2020-05-30</bdi>" in notebook
