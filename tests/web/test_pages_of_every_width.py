"""Pages at two widths: nothing cut, bars of one scale, names in any script, mixed rows."""

import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklime import FunctionRegressor, LimeExplainer
from sklime.samplers import MarginalSampler, MixedSampler, TokenSampler
from tests.handmade import (
    FRAME,
    VALUES,
    build,
    build_images,
    build_sequences,
    build_texts,
)

WIDTHS = [400, 1200]
TEXTS = ["a good film", "a bad film", "good and moving", "bad and dull music"] * 6


@pytest.fixture(scope="module")
def houses():
    """Prices by area, day and street, some names long."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "living area in square feet": rng.integers(600, 4000, 120),
            "days on the market": rng.integers(1, 200, 120),
            "lot": rng.integers(2_000, 90_000, 120),
        }
    )
    y = pd.Series(120_000.0 + 90 * X.iloc[:, 0] - 100 * X.iloc[:, 1], name="price in $")
    forest = RandomForestRegressor(5, random_state=0).fit(X, y)
    explainer = LimeExplainer(forest, n_samples=256, random_state=0).fit(X, y)
    return explainer.explain(X[:30], uncertainty=True)


@pytest.fixture(scope="module")
def mixed():
    X = pd.DataFrame(
        {
            "stars": np.arange(24) % 5,
            "review": TEXTS,
            "posted": pd.date_range("2020-01-30", periods=24, freq="D"),
            "source": ["web-site", "paper"] * 12,
        }
    )
    words = ColumnTransformer([("words", CountVectorizer(), "review")])
    model = make_pipeline(words, LogisticRegression())
    model.fit(X, ["good" if "good" in text else "bad" for text in TEXTS])
    rest = ["stars", "posted", "source"]
    sampler = MixedSampler(
        [("words", TokenSampler(), "review"), ("rest", MarginalSampler(), rest)]
    )
    explainer = LimeExplainer(model, sampler=sampler, n_samples=512, random_state=0)
    return explainer.fit(X).explain(X[:4])


def open_at(browser, explanation, width):
    browser.resize(width, 900)
    browser.open(explanation.to_html())


CUT = """
    const all = [...document.querySelectorAll(arguments[0])];
    const cut = (own) => own.scrollWidth > own.clientWidth + 1;
    return all.filter((own) => own.clientWidth && cut(own)).map((own) => own.innerText);
"""


@pytest.mark.parametrize("width", WIDTHS)
def test_headings_conditions_and_panes_are_not_cut(browser, houses, width):
    open_at(browser, houses, width)
    assert browser.run(CUT, "#table th, #table .cut, .scroll, #row, .bars th") == []
    headings = [own.rstrip(" \n↕↑↓") for own in browser.texts("#table thead th")]
    assert "Strongest contributions" in [" ".join(own.split()) for own in headings]
    # Headings do not lie over each other.
    boxes = browser.run(
        """
        const all = [...document.querySelectorAll("#table thead th button")];
        return all.filter((own) => own.checkVisibility()).map((own) => {
            const range = document.createRange();
            range.selectNodeContents(own);
            const { left, right, top, bottom } = range.getBoundingClientRect();
            return [left, right, top, bottom];
        });
        """
    )
    for i, (left, right, top, bottom) in enumerate(boxes):
        for other in boxes[i + 1 :]:
            apart = right <= other[0] or other[1] <= left
            assert apart or bottom <= other[2] or other[3] <= top
    # A condition is written out where rows are listed.
    [first] = browser.texts("#table tbody tr:first-child .wide")
    strong = houses.contributions()
    j = np.abs(strong.values[0]).argmax()
    assert houses.conditions[0][j] in " ".join(first.split())


@pytest.mark.parametrize("width", WIDTHS)
def test_bars_of_a_row_share_one_scale(browser, width):
    explanation = build(
        [[0.5, -0.00012345, 0.03]],
        support=[[500, 3, 500]],
        standard_errors=[[0.1, 0.0012, 0.02]],
        data=np.array([["a very long value of a cell", 1, "x"]], dtype=object),
    )
    open_at(browser, explanation, width)
    assert browser.texts("#answer .doubt") == ["thin support"]
    lengths = browser.run(
        """
        const bars = [...document.querySelectorAll("#answer .bar")];
        return bars.map((own) => own.getBoundingClientRect().width);
        """
    )
    assert len(lengths) == 3
    assert max(lengths) - min(lengths) < 0.5
    assert min(lengths) > 50


def test_dates_and_words_keep_their_hyphens(browser):
    frame = pd.DataFrame({**FRAME, "color": ["2020-05-30", "well-known", "a-b", "c"]})
    browser.open(build(VALUES, data=frame).to_html())
    assert "2020-05-30" in browser.texts("#answer tbody td")


def test_dates_of_conditions_stay_in_one_line(browser):
    name = "a date of a sale, listed <= 2018-05-30"
    explanation = build([[0.5, 0.2, 0.1]], conditions=[[name, "b", "c"]])
    browser.resize(400, 900)
    browser.open(explanation.to_html())
    [own] = browser.all("#answer th .whole")
    assert own.text == "2018-05-30"
    assert len(browser.run("return arguments[0].getClientRects()", own)) == 1


def test_counts_of_rows_have_their_thousands_apart(browser):
    values = np.random.default_rng(0).normal(size=(1200, 3))
    explanation = build(values, conditions=[["a", "b", "c"]] * 1200, standard_errors=None)
    browser.open(explanation.to_html())
    assert browser.find("#count").text == "Rows 1 to 100 of 1,200"


def test_names_of_any_script_are_set_apart(browser):
    data = pd.DataFrame(FRAME, index=[f"שורה {i}" for i in range(4)])
    names = ["סוג א"] * 4
    browser.open(build(VALUES, data=data, target_names=names).to_html())
    title = browser.find("#title")
    assert [own.text for own in title.find_elements("css selector", "bdi")] == [
        "שורה 0",
        "סוג א",
    ]
    assert (
        browser.run("return arguments[0].textContent", title) == "Row שורה 0, output סוג א"
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_mixed_rows_show_their_text_and_their_other_cells(browser, mixed, width):
    open_at(browser, mixed, width)
    assert browser.find("h1").text == "Explanation of 4 rows"
    text = browser.find("#answer .text")
    assert text.get_attribute("textContent") == "a good film"
    marks = {
        own.text: own.get_attribute("class") for own in browser.all("#answer .text span")
    }
    values = dict(zip(mixed.unit_names[0].tolist(), mixed.values[0], strict=False))
    assert marks == {
        word: "lowers" if values[word] < 0 else "raises"
        for word in ["a", "good", "film"]
        if values[word]
    }
    assert "good" in marks
    facts = browser.texts("#answer .facts")
    assert "review" in facts
    assert "stars: 0, posted: 2020-01-30, source: web-site" in facts
    assert browser.run(CUT, "#table th, .scroll, #row") == []
    # Texts are found by their words.
    browser.find("#query").send_keys("moving")
    assert browser.texts("#table tbody th") == ["2"]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_long_word_of_a_text_cuts_no_column(browser, width):
    X = pd.DataFrame(
        {
            "review": ["a supercalifragilisticexpialidocious good film", "a bad one"] * 12,
            "days on the market": np.arange(24),
        },
        index=[f"customer {i}" for i in range(1000, 1024)],
    )
    parts = [("words", TokenSampler(), "review")]
    parts.append(("rest", MarginalSampler(), ["days on the market"]))

    def stars(T):
        good = T["review"].str.contains("good").to_numpy(dtype=float)
        return 3 * good + T["days on the market"].to_numpy() / 10

    explainer = LimeExplainer(
        FunctionRegressor(stars), sampler=MixedSampler(parts), n_samples=256, random_state=0
    )
    open_at(browser, explainer.fit(X).explain(X), width)
    assert browser.run(CUT, ".scroll") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_of_houses_and_of_mixed_rows_are_accessible(
    browser, houses, mixed, width, scheme
):
    browser.prefer(scheme)
    for explanation in (houses, mixed):
        open_at(browser, explanation, width)
        assert not browser.violations()


@pytest.mark.parametrize(
    ("made", "word"), [(build_texts, "Colour"), (build_sequences, "Height")]
)
def test_pictures_of_a_row_have_a_scale(browser, made, word):
    explanation = made(standard_errors=None)
    browser.open(explanation.to_html())
    largest = np.nanmax(np.abs(explanation.values[0]))
    said = f"{word}: from \N{MINUS SIGN}{largest:g} to +{largest:g}"
    assert said in [" ".join(own.split()) for own in browser.texts("#answer .facts")]
    assert said in " ".join(_words(explanation._repr_html_()))


def test_tints_are_switched_by_the_noun_of_the_page(browser):
    means = np.full((2, 3), 0.5)
    images = build_images(
        standard_errors=None, feature_means=means, baselines=np.array([0.5, 0.6])
    )
    browser.open(images.to_html())
    assert "Show attributions" in browser.texts("#answer label")
    browser.open(images.contributions().to_html())
    assert "Show contributions" in browser.texts("#answer label")


def test_headers_speak_of_what_rows_are_made_of(browser):
    X = pd.DataFrame({"age": np.arange(20), "height": np.arange(20) % 7})
    forest = RandomForestClassifier(5, random_state=0).fit(X, X["age"] > 9)
    table = LimeExplainer(forest, random_state=0).fit(X).explain(X[:2])
    for explanation, noun, name in [
        (table, "a condition that holds for a row", "row"),
        (build_texts(), "a word", "text"),
        (build_sequences(), "a part", "sequence"),
    ]:
        browser.open(explanation.to_html())
        said = browser.find("header p").text
        assert said.startswith(f"An attribution says by how much {noun} raises (+)")
        assert f"around that {name}" in said
        heading = browser.texts("#answer thead th")[0]
        assert heading == {"row": "Condition", "text": "Word", "sequence": "Part"}[name]
    assert browser.texts(".all thead th")[0] == "Part"


def _words(page):
    return re.sub(r"<[^>]*>", " ", page).split()


@pytest.mark.parametrize("width", [400, 650, 1200])
@pytest.mark.parametrize("share", [0.02, 0.15, 0.25, 0.5, 0.85])
@pytest.mark.parametrize("unit", [1.0, 123_456.0])
def test_labels_of_a_lane_keep_apart(browser, width, share, unit):
    values = unit * np.array([[-share, 0.1, 0.0], [1.0 - share, 0.2, 0.0]])
    browser.resize(width, 900)
    browser.open(build(values).to_html())
    edges = browser.run(
        "return [...document.querySelectorAll('.ends span')].map("
        "own => { const r = own.getBoundingClientRect(); return [r.left, r.right]; })"
    )
    edges.sort()
    assert len(edges) in (2, 3)
    assert all(left[1] + 3 < right[0] for left, right in pairwise(edges))


def test_a_lane_that_begins_at_nothing_says_so(browser):
    browser.open(build([[0.0, 0.3, 0.0], [0.1, 0.2, 0.0]]).to_html())
    assert browser.texts(".ends span") == ["0", "+0.3"]


@pytest.fixture(scope="module")
def outputs_of_other_units():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=list("abc"))
    y = np.column_stack([-1e5 * X["a"], 1e-5 * X["b"]])
    forest = RandomForestRegressor(5, random_state=0).fit(X, y)
    return LimeExplainer(forest, random_state=0).fit(X).explain(X[:6])


def test_numbers_of_other_units_have_no_highest_prediction(browser, outputs_of_other_units):
    explanation = outputs_of_other_units
    browser.open(explanation.to_html())
    choices = browser.all("#output option")
    assert [own.get_attribute("textContent") for own in choices] == ["y0", "y1"]
    assert {own.text for own in browser.all("#table td:nth-child(2)")} == {"y0"}
    # Each has bars and numbers of its own.
    lines = browser.run(
        """
        const all = [...document.querySelectorAll(".all tbody tr")];
        return all.map((own) => [...own.querySelectorAll(".size i")].map((bar) =>
            parseFloat(bar.style.width)));
        """
    )
    assert np.array(lines).max(axis=0).tolist() == [100, 100]
    assert "0" not in browser.texts(".all .number")
    assert "1 more output:" in " ".join(_words(explanation._repr_html_()))


@pytest.mark.parametrize("width", WIDTHS)
def test_notes_and_words_of_the_table_are_not_cut(browser, width):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "neighbourhood_of_house": rng.choice(["Crawford", "Northridge"], 80),
            "area": rng.integers(600, 4000, 80),
            "rooms": rng.integers(2, 9, 80),
        },
        index=[f"PID {5263011000 + i}" for i in range(80)],
    )
    y = X["area"] * (X["neighbourhood_of_house"] == "Crawford") * (X["rooms"] > 4)
    model = make_pipeline(
        ColumnTransformer(
            [("n", OneHotEncoder(), ["neighbourhood_of_house"])], remainder="passthrough"
        ),
        RandomForestRegressor(5, random_state=0),
    )
    explainer = LimeExplainer(model.fit(X, y), random_state=0).fit(X, y)
    explanation = explainer.explain(X[:20], neighbours=10)
    open_at(browser, explanation, width)
    assert browser.run(CUT, ".cut, #table th, .scroll, body, html, .note") == []
    assert any("fidelity_score" in own for own in browser.texts(".note"))
    page = browser.run("return document.documentElement.scrollWidth")
    assert page <= width


def test_dates_of_cells_stay_in_one_line(browser):
    frame = pd.DataFrame({**FRAME, "color": ["2020-05-30", "well-known", "a-b", "c"]})
    browser.resize(1200, 900)
    browser.open(build(VALUES, data=frame).to_html())
    [own] = browser.all("#answer td .whole")
    assert own.text == "2020-05-30"


def test_texts_and_classes_that_read_leftward_keep_their_order(browser):
    texts = ["סרט טוב!", "סרט רע"] * 6
    model = make_pipeline(CountVectorizer(), LogisticRegression())
    model.fit(texts, ["טוב", "רע"] * 6)
    explainer = LimeExplainer(model, n_samples=64, random_state=0).fit(texts)
    explanation = explainer.explain(texts[:2])
    browser.open(explanation.to_html())
    direction = "return getComputedStyle(arguments[0]).direction"
    assert browser.run(direction, browser.find("#table .clip")) == "rtl"
    # So a number does not slip before the name that it belongs to.
    assert explanation._repr_html_().count("<bdi>רע <b>") >= 2


def test_small_numbers_are_written_alike_with_and_without_the_script(browser):
    explanation = build([[0.5, -0.0000871, 0.00000325]])
    browser.open(explanation.to_html())
    shown = [own.split(" ")[0].strip() for own in browser.texts("#answer .line .number")]
    for text in ["\N{MINUS SIGN}0.0000871", "+0.00000325"]:
        assert text in shown
        assert text in explanation._repr_html_()
