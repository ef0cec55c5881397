import re

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklime import LimeExplainer
from sklime.samplers import MarginalSampler, MixedSampler, TokenSampler
from tests.handmade import FRAME, VALUES, build, every_kind

SOURCE = """
import numpy as np
from sklime import Explanation

def explain(name):
    return Explanation(
        [[0.5, -0.25]],
        intercepts=[0.5],
        predictions=[0.8],
        local_predictions=[0.7],
        scores=[0.9],
        effective_sample_sizes=[512],
        support=[[256, 256]],
        data=np.array([[1.5, 2.5]]),
        feature_names=[name, "size"],
        target_names=["yes"],
        conditions=[[name, "size > 2"]],
        meta={"method": "exact"},
    )
"""
HOSTILE = "</details><script>document.title='run'</script>"


@pytest.fixture(scope="module")
def executed():
    """A notebook with two explanations, executed."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cells = [SOURCE, "explain('age <= 30')", f"explain({HOSTILE!r})"]
    notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells)])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return notebook


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_notebooks_are_exported_with_their_explanations(executed, browser, theme):
    nbconvert = pytest.importorskip("nbconvert")
    exporter = nbconvert.HTMLExporter(theme=theme, embed_images=True)
    page = exporter.from_notebook_node(executed)[0]
    # What the exporter itself would load from elsewhere.
    page = re.sub(r'<script[^>]*src="http.*?</script>', "", page, flags=re.DOTALL)
    browser.open(page)
    tables = browser.all(".sklime table.bars")
    assert len(tables) == 2
    assert all(own.is_displayed() for own in tables)
    for name, own in zip(["age <= 30", HOSTILE], tables, strict=True):
        cells = own.find_elements("css selector", "tbody th, tbody .number")
        assert [cell.text for cell in cells] == [
            name,
            "1.5",
            "+0.5",
            "size > 2",
            "2.5",
            "\N{MINUS SIGN}0.25",
        ]
    assert browser.driver.title != "run"
    # Text stands out from its background in the notebook's own colours.
    assert contrast(browser, ".sklime tbody th") > 7


def contrast(browser, selector):
    """Contrast of a text with the page, as WCAG 2.1 defines it."""
    colours = browser.run(
        """
        const colours = [getComputedStyle(document.querySelector(arguments[0])).color];
        let node = document.querySelector(arguments[0]), back;
        do {
            back = getComputedStyle(node).backgroundColor;
            node = node.parentElement;
        } while (back === "rgba(0, 0, 0, 0)" && node);
        return [...colours, back];
        """,
        selector,
    )
    levels = []
    for colour in colours:
        channels = np.array(re.findall(r"[\d.]+", colour)[:3], float) / 255
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        levels.append(linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    return max(levels) / min(levels)


@pytest.mark.parametrize("name", every_kind())
def test_every_kind_shows_in_a_notebook(browser, name):
    explanation = every_kind()[name]
    browser.open(
        f"<!doctype html><meta charset=utf-8><title>n</title>{explanation._repr_html_()}"
    )
    assert browser.console() == []
    assert len(browser.all("details")) == min(3, len(explanation))


def test_the_first_row_is_open_and_others_open_by_keyboard(browser):
    from selenium.webdriver import Keys

    browser.open(f"<!doctype html><meta charset=utf-8>{build(VALUES)._repr_html_()}")
    tables = browser.all("table")
    assert [own.is_displayed() for own in tables] == [True, False]
    browser.press(Keys.TAB, Keys.TAB, Keys.ENTER)
    assert tables[1].is_displayed()


def test_notebook_outputs_pass_the_accessibility_rules_of_axe(browser):
    outputs = "".join(own._repr_html_() for own in every_kind().values())
    browser.open(
        '<!doctype html><html lang="en"><meta charset=utf-8><title>n</title>'
        f"<main><h1>n</h1>{outputs}</main></html>"
    )
    assert not browser.violations()


def lines_of(browser, selector, text):
    """How many lines a text takes that elements contain, for each of them."""
    return browser.run(
        """
        const [selector, text] = arguments, found = [];
        for (const own of document.querySelectorAll(selector)) {
          const walker = document.createTreeWalker(own, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const start = walker.currentNode.data.indexOf(text);
            if (start < 0) continue;
            const range = document.createRange();
            range.setStart(walker.currentNode, start);
            range.setEnd(walker.currentNode, start + text.length);
            found.push(new Set([...range.getClientRects()].map((box) => box.top)).size);
          }
        }
        return found;
        """,
        selector,
        text,
    )


@pytest.mark.parametrize("width", [400, 1200])
def test_dates_of_cells_and_conditions_stay_in_one_line(browser, width):
    name = "a date of the last sale of all rooms, as it was listed <= 2018-05-30"
    frame = pd.DataFrame({**FRAME, "color": ["2020-05-30", "well-known", "a-b", "c"]})
    conditions = [[name, name, "c"]] * len(VALUES)
    explanation = build(VALUES, data=frame, conditions=conditions)
    browser.resize(width, 900)
    browser.open("<!doctype html><meta charset='utf-8'><body>" + explanation._repr_html_())
    assert lines_of(browser, "[open] tbody td", "2020-05-30") == [1]
    assert set(lines_of(browser, "[open] tbody th", "2018-05-30")) == {1}


def test_dates_beside_texts_stay_in_one_line(browser):
    texts = ["a good film", "a bad film"] * 6
    dates = pd.date_range("2020-01-30", periods=12, freq="D")
    X = pd.DataFrame({"review": texts, "day of the first post": dates})
    words = ColumnTransformer([("words", CountVectorizer(), "review")])
    model = make_pipeline(words, LogisticRegression()).fit(X, ["good", "bad"] * 6)
    sampler = MixedSampler(
        [("words", TokenSampler(), "review"), ("rest", MarginalSampler(), X.columns[1:])]
    )
    explainer = LimeExplainer(model, sampler=sampler, n_samples=64, random_state=0)
    explanation = explainer.fit(X).explain(X[:2])
    notebook = f"<!doctype html><body>{explanation._repr_html_()}"
    for page in (explanation.to_html(), notebook):
        browser.open(page)
        # At some of these widths, the date comes to stand at the end of a line.
        for width in range(200, 400, 5):
            browser.resize(width, 900)
            assert set(lines_of(browser, ".facts b", "2020-01-30")) == {1}
