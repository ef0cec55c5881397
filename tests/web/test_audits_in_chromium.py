"""Audits on pages in a browser: marked rows, nothing cut, accessible."""

import pytest

from sklime.metrics import audit
from tests.test_audit_page import hiding
from tests.web.test_pages_of_every_width import CUT, WIDTHS

LONG = ("age of the applicant", "income", "a_protected_characteristic_of_people", "coin")


@pytest.fixture(scope="module")
def found():
    X, explainer = hiding(names=LONG)
    return audit(explainer, X[:30])


def test_rows_that_differ_are_marked_found_and_explained(browser, found):
    browser.open(found.to_html())
    frame = found.frame()
    assert frame["differs"].all()
    assert browser.texts("#answer .facts")[1] == f"first on real rows: {LONG[2]}"
    assert set(browser.texts("#table td.doubts")) == {"real rows differ"}
    browser.find("#query").send_keys("real rows differ")
    assert len(browser.all("#table tbody tr")) == 30
    assert browser.console() == []


def test_rows_that_agree_are_not_marked(browser, found):
    content = found.explanation.to_html()
    browser.open(content)
    assert "real rows differ" not in browser.find("main").text
    assert all("first on real" not in own for own in browser.texts("#answer .facts"))


def test_a_click_lists_the_rows_to_look_at(browser, found):
    browser.open(found.to_html())
    assert not browser.texts("table.audit tbody tr")
    browser.find("section .audited summary").click()
    assert len(browser.texts("table.audit tbody tr")) == 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_section_is_whole_and_accessible_in_every_width(browser, found, width, scheme):
    browser.prefer(scheme)
    browser.resize(width, 900)
    browser.open(found.to_html())
    browser.find("section .audited summary").click()
    # Headings of a narrow table are read out, and not shown.
    assert browser.run(CUT, ".audited, .audited :not(thead), body, html") == []
    assert browser.run("return document.documentElement.scrollWidth") <= width
    # Each number is named, by its heading or beside it.
    beside = browser.run(
        """
        const number = document.querySelector(".audit td.number");
        return getComputedStyle(number, "::before").content;
        """
    )
    assert beside == ("none" if width == 1200 else '"In common of 4: "')
    assert not browser.violations()
