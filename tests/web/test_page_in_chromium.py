import base64
import re

import numpy as np
import pytest

from sklime.tables.conditions import TableConditions
from tests.handmade import (
    SEGMENTS,
    VALUES,
    build,
    build_all,
    build_images,
    build_sequences,
    build_texts,
    every_kind,
)

MINUS = "\N{MINUS SIGN}"
NAMES = ["</script><img src=x onerror=\"document.title='run'\">", "<b>b</b>", "c"]


def table(n=250, **fields):
    """Rows whose predictions fall and whose first attribution grows with the row."""
    rng = np.random.default_rng(0)
    values = np.column_stack([np.arange(n) / n, rng.normal(size=(n, 2)) / 1e4])
    return build(
        values,
        feature_names=NAMES,
        predictions=np.linspace(1, 0, n),
        target_names=["yes", "no"] * (n // 2),
        conditions=TableConditions(
            np.zeros((n, 3), int), [[f"{name} > 1"] for name in NAMES]
        ),
        **fields,
    )


def column(browser, title):
    """What the table of rows says below a heading."""
    titles = [own.rstrip(" ↕↑↓") for own in browser.texts("#table thead th")]
    place = titles.index(title) + 1
    return browser.texts(f"#table tbody tr > :nth-child({place})")


def heading(browser, title):
    titles = browser.all("#table thead th button")
    return next(own for own in titles if own.text.startswith(title))


def open_row(browser, name):
    next(own for own in browser.all("#table tbody button") if own.text == name).click()


@pytest.mark.parametrize("name", every_kind())
def test_every_kind_is_shown_without_a_word_in_the_console(browser, name):
    explanation = every_kind()[name]
    browser.open(explanation.to_html())
    assert browser.console() == []
    addresses = [url for url in browser.requests() if not url.startswith("data:")]
    assert len(addresses) == 1 and addresses[0].endswith("/page.html")
    if len(explanation):
        assert browser.find("#title").text.startswith("Row ")
        assert "prediction" in browser.find("#answer").text
        assert not browser.all("#still")
    else:
        assert "There are no rows." in browser.find("main").text


def test_markup_in_names_is_shown_and_does_nothing(browser):
    browser.open(table().to_html())
    open_row(browser, "1")
    assert any(NAMES[0] in own for own in browser.texts("#answer th"))
    assert not browser.all("b > b, img")
    assert browser.driver.title == "Explanation of 250 rows"
    assert browser.console() == []


def test_the_browser_runs_no_script_that_slipped_in_and_loads_nothing(browser):
    browser.open(table().to_html())
    browser.run(
        """
        const script = document.createElement("script");
        script.textContent = "document.title = 'run'";
        const image = document.createElement("img");
        image.src = "https://example.org/x.png";
        image.setAttribute("onerror", "document.title = 'run'");
        document.body.append(script, image);
        """
    )
    refused = [own for own in browser.console() if "Content Security Policy" in own]
    # The script, the image and its handler.
    assert len(refused) == 3
    assert browser.driver.title == "Explanation of 250 rows"


def test_a_click_opens_a_row(browser):
    explanation = table()
    browser.open(explanation.to_html())
    assert browser.find("#title").text == "Row 0, output yes"
    open_row(browser, "3")
    assert browser.find("#title").text == "Row 3, output no"
    [current] = browser.all("#table tr[aria-current]")
    assert current.find_element("css selector", "button").text == "3"
    shown = dict(
        zip(
            browser.texts("#answer tbody th"),
            browser.texts("#answer .line .number"),
            strict=True,
        )
    )
    lower, upper = explanation.confidence_intervals()
    for j, name in enumerate(NAMES):
        value, margin = shown[f"{name} > 1"].replace(MINUS, "-").split(" ± ")
        # Four significant digits, and two.
        assert float(value) == pytest.approx(explanation.values[3, j], rel=5e-4)
        assert float(margin) == pytest.approx((upper - lower)[3, j] / 2, rel=0.05)


def test_bars_are_as_long_as_attributions_and_on_their_side(browser):
    browser.open(build([[0.25, -0.5, 0.0]], standard_errors=None).to_html())
    bars = browser.run(
        """
        return [...document.querySelectorAll("#answer .bar")].map((bar) => {
            const all = bar.getBoundingClientRect();
            const own = bar.firstChild.getBoundingClientRect();
            return [(own.left - all.left) / all.width, own.width / all.width];
        });
        """
    )
    # A pixel of a bar some 150 wide.
    np.testing.assert_allclose(bars, [[0, 0.5], [0.5, 0.25]], atol=0.01)


@pytest.mark.parametrize("title", ["Prediction", "Strongest"])
def test_a_heading_sorts_and_says_so(browser, title):
    browser.open(table().to_html())
    explanation = table()
    keys = {
        "Prediction": explanation.predictions,
        "Strongest": np.abs(explanation.values).max(axis=1),
    }[title]
    rising = np.argsort(keys, kind="stable")
    heading(browser, title).click()
    assert column(browser, "Row") == list(map(str, rising[::-1][:100]))
    assert (
        heading(browser, title).find_element("xpath", "..").get_attribute("aria-sort")
        == "descending"
    )
    heading(browser, title).click()
    assert column(browser, "Row") == list(map(str, rising[:100]))
    sorts = [own.get_attribute("aria-sort") for own in browser.all("#table th[scope=col]")]
    assert sorts.count("ascending") == 1
    assert "descending" not in sorts


def test_rows_without_an_answer_come_last_in_either_order(browser):
    browser.open(build(VALUES, predictions=[0.5, np.nan, 0.1, 0.9]).to_html())
    heading(browser, "Prediction").click()
    assert column(browser, "Prediction") == ["0.9", "0.5", "0.1", "no answer"]
    heading(browser, "Prediction").click()
    assert column(browser, "Prediction") == ["0.1", "0.5", "0.9", "no answer"]


def test_the_filter_keeps_rows_that_have_all_its_words(browser):
    browser.open(build_texts().to_html())
    browser.find("#query").send_keys("PLOT good")
    assert column(browser, "Row") == ["0"]
    assert browser.find("#count").text == "Rows 1 to 1 of 1, 3 in all"
    browser.find("#query").clear()
    browser.find("#query").send_keys("nowhere")
    assert column(browser, "Row") == []


def test_rows_come_by_the_hundred(browser):
    browser.open(table().to_html())
    assert browser.find("#count").text == "Rows 1 to 100 of 250"
    browser.find("#next").click()
    browser.find("#next").click()
    assert column(browser, "Row") == list(map(str, range(200, 250)))
    assert not browser.find("#next").is_enabled()


def choose(browser, output):
    from selenium.webdriver.support.select import Select

    Select(browser.find("#output")).select_by_visible_text(output)


def test_an_output_is_chosen_where_rows_have_their_own(browser):
    browser.open(table().to_html())
    choose(browser, "no")
    assert set(column(browser, "Output")) == {"no"}
    assert browser.find("#count").text == "Rows 1 to 100 of 125, 250 in all"


def test_an_output_is_chosen_where_rows_explain_all(browser):
    explanation = build_all(standard_errors=None)
    browser.open(explanation.to_html())
    for j, output in enumerate(["no", "perhaps", "yes"]):
        choose(browser, output)
        assert browser.find("#title").text == f"Row 0, output {output}"
        shown = [own.replace(MINUS, "-") for own in browser.texts("#answer .line .number")]
        own = explanation.values[0, j]
        assert sorted(map(float, shown)) == sorted(own[own != 0])


def test_the_keyboard_alone_sorts_opens_and_comes_back(browser):
    from selenium.webdriver import Keys

    browser.open(table().to_html())
    browser.press(Keys.TAB)
    assert browser.focused().get_attribute("id") == "query"
    # Past the choice of an output and the table, which scrolls, to the headings.
    browser.press(Keys.TAB, Keys.TAB, Keys.TAB)
    assert browser.focused().text.startswith("Row")
    while not browser.focused().text.startswith("Prediction"):
        browser.press(Keys.TAB)
    browser.press(Keys.ENTER, Keys.ENTER)
    assert column(browser, "Row")[0] == "249"
    while browser.focused().text != "249":
        browser.press(Keys.TAB)
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP)
    assert browser.focused().text == "248"
    browser.press(Keys.ENTER)
    assert browser.focused().text == "Row 248, output yes"
    browser.press(Keys.ESCAPE)
    assert browser.focused().text == "248"


def test_tokens_are_highlighted_in_place(browser):
    browser.open(build_texts().to_html())
    text = browser.find("#answer .text")
    assert text.get_attribute("textContent") == "good film, good plot"
    marks = browser.all("#answer .text span")
    assert [own.text for own in marks] == ["good", "film", "good", "plot"]
    signs = ["raises", "lowers", "raises", "raises"]
    assert [own.get_attribute("class") for own in marks] == signs
    opacity = [
        float(re.findall(r"[\d.]+", own.value_of_css_property("background-color"))[3])
        for own in marks
    ]
    # In proportion to |attribution|; browsers store opacity in 255 steps.
    margins = 1.96 * (np.array([0.5, 1, 0.25, 0.125]) ** 2 + 0.01)
    largest = np.max(np.array([0.5, 1, 0.25, 0.125]) + margins)
    np.testing.assert_allclose(
        opacity, np.array([0.5, 1, 0.25, 0.125]) / largest / 2, atol=1 / 255
    )


def test_segments_of_an_image_are_tinted_where_they_are(browser):
    browser.open(build_images(standard_errors=None).to_html())
    where = browser.run(
        """
        const svg = document.querySelector("#answer svg.image");
        const all = svg.getBoundingClientRect();
        const found = [];
        for (let y = 0; y < 2; y++) for (let x = 0; x < 3; x++) {
            const left = all.left + (x + 0.5) * all.width / 3;
            const top = all.top + (y + 0.5) * all.height / 2;
            const hits = document.elementsFromPoint(left, top);
            const hit = hits.find((own) => own.tagName === "path");
            found.push(["class", "stroke-opacity"].map((name) => hit.getAttribute(name)));
        }
        return found;
        """
    )
    values = np.array([0.5, -1.0, 0.25])[SEGMENTS[0]].ravel()
    assert [own[0] for own in where] == ["lowers" if v < 0 else "raises" for v in values]
    opacity = [float(own[1]) for own in where]
    np.testing.assert_allclose(opacity, 0.6 * np.abs(values))
    browser.find("#answer input").click()
    assert not browser.find("#answer svg g").is_displayed()


def test_steps_of_a_sequence_are_marked_above_and_below_the_middle(browser):
    browser.open(build_sequences(standard_errors=None).to_html())
    lanes = browser.all("#answer .lane svg")
    assert len(lanes) == 2
    for lane in lanes:
        bands = [
            [own.get_attribute(name) for name in ("class", "x", "width", "y", "height")]
            for own in lane.find_elements("css selector", "rect")
        ]
        # Attributions 0.5, -1 and 2, in shares of the largest.
        assert bands == [
            ["raises", "0", "1", "37.5", "12.5"],
            ["lowers", "1", "1", "50", "25"],
            ["raises", "2", "1", "0", "50"],
        ]


@pytest.mark.parametrize("width", [360, 1300])
def test_long_names_do_not_widen_the_page(browser, width):
    names = ["x" * 500, "\U0001f600" * 250, "w " * 250]
    explanation = build(
        VALUES,
        feature_names=names,
        target_names=["y" * 500, "n" * 500] * 2,
        conditions=TableConditions(np.zeros((4, 3), int), [[name] for name in names]),
    )
    browser.resize(width, 800)
    browser.open(explanation.to_html())
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert (
        browser.run(
            "const d = document.querySelector('#row'); return d.scrollWidth - d.clientWidth"
        )
        <= 0
    )


def test_without_a_script_the_first_rows_are_shown(browser):
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(table().to_html())
        text = browser.find("#still").text
        assert "Row 2, output yes" in text
        assert NAMES[0] in text
        assert not browser.find("#rows").is_displayed()
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)


def test_a_printed_page_has_all_rows(browser):
    browser.open(table().to_html())
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    assert len(browser.all("#table tbody tr")) == 250
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    assert len(browser.all("#table tbody tr")) == 100
    pdf = base64.b64decode(browser.command("Page.printToPDF", printBackground=True)["data"])
    # 250 rows of a table do not fit on five sheets, 100 do.
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 5


@pytest.mark.parametrize(("scheme", "width"), [("dark", 400), ("light", 1300)])
@pytest.mark.parametrize("kind", ["table", "all outputs", "texts", "images", "sequences"])
def test_pages_pass_the_accessibility_rules_of_axe(browser, kind, scheme, width):
    explanation = table() if kind == "table" else every_kind()[kind]
    browser.resize(width, 900)
    browser.prefer(scheme)
    browser.open(explanation.to_html())
    assert not browser.violations(least_passes=16)


def test_a_thousand_rows_answer_to_the_reader(browser):
    browser.open(table(1000).to_html())
    heading(browser, "Strongest").click()
    assert column(browser, "Row")[0] == "999"
    browser.find("#query").send_keys("999")
    open_row(browser, "999")
    assert browser.find("#title").text == "Row 999, output no"
    assert browser.console() == []
