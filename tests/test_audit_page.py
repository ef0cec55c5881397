"""Audits on pages and in notebooks: where real rows tell another story, and what to do."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from sklime import FunctionRegressor, LimeExplainer
from sklime.metrics import audit

C, TUMOURS = load_breast_cancer(return_X_y=True, as_frame=True)


def words(html):
    """What a reader sees of a page, with blanks as in a line."""
    html = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", html, flags=re.DOTALL)
    html = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html))
    return re.sub(r" ([.,:])", r"\1", html)


def section(page):
    return re.search(r'<section aria-labelledby="real">.*?</section>', page, re.DOTALL)[0]


def lines(page):
    """Cells of the rows to look at."""
    table = re.search(r'<table class="audit">.*?</table>', page, re.DOTALL)[0]
    body = re.search(r"<tbody>.*</tbody>", table, re.DOTALL)[0]
    rows = re.findall(r"<tr>.*?</tr>", body, re.DOTALL)
    return [
        [words(own) for own in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
        for row in rows
    ]


def hiding(n=200, names=("a", "b", "protected", "coin")):
    """Rows, and a model that goes by the third column on real ones, else by the fourth."""
    table = np.random.default_rng(0).normal(size=(n, 4))
    table[:, 1] = table[:, 0] + 0.02 * table[:, 1]

    def hides(Z):
        Z = np.asarray(Z)
        real = np.abs(Z[:, 0] - Z[:, 1]) < 0.1
        return np.where(real, Z[:, 2] > 0, Z[:, 3] > 0).astype(float)

    X = pd.DataFrame(table, columns=names, index=[f"person {i}" for i in range(n)])
    return X, LimeExplainer(FunctionRegressor(hides), random_state=0).fit(X)


@pytest.fixture(scope="module")
def tumours():
    forest = RandomForestClassifier(10, random_state=0).fit(C, TUMOURS)
    explainer = LimeExplainer(forest, random_state=0).fit(C)
    return explainer, audit(explainer, C[20:60])


def test_a_page_tells_how_many_rows_differ_and_which_columns(tumours):
    _, found = tumours
    frame, page = found.frame(), found.to_html()
    said = words(section(page))
    n_differ = int(frame["differs"].sum())
    n_missed = int((frame["neighbour_score"] < 0).sum())
    assert 0 < n_differ < 40 and 0 < n_missed < 40
    assert f"another column comes first in {n_differ} of 40 rows." in said
    assert f"the surrogates of {n_missed} are worse than a constant (R² below 0)." in said
    assert "a reason to look, and no proof" in said and 'width="local"' in said.replace(
        "&#34;", '"'
    )
    odd = frame[frame["differs"] | (frame["neighbour_score"] < 0)]
    assert f"Rows to look at: {len(odd)}" in said
    assert f"{len(odd) - 20} more such rows: frame() of the audit lists all." in said
    changes = frame[frame["differs"]].groupby(["first", "first_on_real_rows"]).size()
    most = changes.sort_values(ascending=False)
    assert f"{most.index[0][0]}{most.index[0][1]} {most.iloc[0]}" in said


def test_rows_to_look_at_are_those_of_the_frame_the_worst_first(tumours):
    _, found = tumours
    frame, shown = found.frame(), lines(found.to_html())
    assert len(shown) == 20
    for name, first, real, shared, score, size in shown:
        row = frame.loc[int(name)]
        assert [first, real] == [row["first"], row["first_on_real_rows"]]
        assert int(shared) == round(5 * row["overlap"])
        told = float(score.replace("\N{MINUS SIGN}", "-").replace(",", ""))
        assert told == pytest.approx(row["neighbour_score"], rel=6e-3)
        assert float(size) == pytest.approx(row["effective_sample_size"], rel=6e-3)
    differ = [first != real for _, first, real, *_ in shown]
    assert differ == sorted(differ, reverse=True)
    shared = [int(own[3]) for own in shown if own[1] != own[2]]
    assert shared == sorted(shared)


def test_the_section_stands_in_a_page_of_ones_own_explanation(tumours, tmp_path):
    explainer, found = tumours
    own = explainer.explain(C[20:60], uncertainty=True)
    page = own.to_html(audit=found)
    assert section(page) == section(found.to_html())
    assert "Error bars" in page
    assert "Audit:" not in own.to_html()
    own.to_html(tmp_path / "page.html", audit=found)
    assert (tmp_path / "page.html").read_text("utf-8") == page
    found.to_html(tmp_path / "audit.html")
    assert (tmp_path / "audit.html").read_text("utf-8") == found.to_html()


def test_an_audit_of_other_rows_is_an_error(tumours):
    explainer, found = tumours
    other = LimeExplainer(explainer.estimator_, target=0, random_state=0).fit(C)
    for own in (
        explainer.explain(C[20:59]),
        explainer.explain(C[21:61]),
        explainer.explain(C[21:61].set_axis(C.index[20:60])),
        other.explain(C[20:60]),
    ):
        with pytest.raises(ValueError, match=r"is not of the \d+ rows .*audit.to_html"):
            own.to_html(audit=found)


def test_rows_are_named_by_their_labels_and_no_name_is_markup():
    X, explainer = hiding(names=("a", "b", "<b>protected</b>", "<i>coin</i>"))
    found = audit(explainer, X[5:8], n_neighbors=None)
    for html in (section(found.to_html()), found._repr_html_()):
        assert "<b>protected" not in html and "<i>coin" not in html
        rows = lines(html)
        assert [own[0] for own in rows] == ["person 5", "person 6", "person 7"]
        assert {own[1] for own in rows} == {"&lt;i&gt;coin&lt;/i&gt;"}
        assert {own[2] for own in rows} == {"&lt;b&gt;protected&lt;/b&gt;"}
        # Nobody asked for fidelity on neighbours.
        assert "R²" not in words(html) and len(rows[0]) == 5
        assert "in 3 of 3 rows" in words(html)


def test_a_row_without_real_ones_near_is_told_apart():
    table = np.random.default_rng(0).normal(size=(300, 3))
    rows = np.concatenate([table[:2], [[25.0] * 3, [90.0] * 3]])
    model = FunctionRegressor(lambda Z: Z[:, 2])
    explainer = LimeExplainer(model, random_state=0).fit(table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = audit(explainer, rows, n_neighbors=None)
    said = words(section(found.to_html()))
    assert "another column comes first in 0 of 4 rows." in said
    assert "1 row has no real row near, so that there is nothing to compare with." in said
    [alone] = lines(found.to_html())
    assert alone == ["3", "x2", "no real row is near", "none to compare", "0"]
    assert "Few real rows" in said


def test_nothing_comes_first_of_a_constant():
    X, explainer = hiding()
    model = FunctionRegressor(lambda Z: np.ones(len(Z)))
    found = audit(LimeExplainer(model, random_state=0).fit(X), X[:3])
    said = words(section(found.to_html()))
    assert "in 0 of 3 rows. On the nearest training rows, the surrogates of 0 are" in said
    assert "Rows to look at" not in said and "reason to look" not in said
    table = X.to_numpy().copy()
    table[3] = [80.0, -80.0, 1.0, 1.0]
    explainer = LimeExplainer(explainer.estimator_, random_state=0).fit(table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = audit(explainer, table[3:4], n_neighbors=None)
    # Only the row itself is near.
    [own] = lines(found.to_html())
    assert own[:3] == ["0", "x3", "none"]


def test_a_notebook_shows_it_without_a_script_or_ids(tumours):
    _, found = tumours
    html = found._repr_html_()
    assert html.startswith('<div class="sklime">')
    assert "<script" not in html and " id=" not in html
    said = words(html)
    n_differ = int(found.frame()["differs"].sum())
    assert f"another column comes first in {n_differ} of 40 rows." in said
    assert lines(html) == lines(found.to_html())
