"""Reports fit to hand on: labels, numbers, notes, doubts and the picture of all rows."""

import json
import re
from html import unescape
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.page.numbers import aligned, plain
from sklime.plotting import AttributionDisplay, HeatmapDisplay, SummaryDisplay
from sklime.samplers import CoalitionSampler, MarginalSampler, TokenSampler
from sklime.selectors import HighestWeights
from sklime.tables.conditions import TableConditions
from tests.handmade import VALUES, build, build_all, build_images, build_texts
from tests.plotting.explained import draws, table


@pytest.fixture(autouse=True)
def agg():
    plt.switch_backend("Agg")
    yield
    plt.close("all")


def content(page):
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)
    return json.loads(found[1])


def words(page):
    """The text of a page without its scripts and styles."""
    page = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", page, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    y = np.array(["malignant", "benign"])[y]
    X = X.set_axis(np.arange(len(X)) + 7000)
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    return X, LimeExplainer(forest, random_state=0).fit(X)


# One label for a row.


def test_page_notebook_and_pictures_call_a_row_by_its_label(cancer):
    X, explainer = cancer
    explanation = explainer.explain(X[3:6])
    names = [row["name"] for row in content(explanation.to_html())["rows"]]
    assert names == ["7003", "7004", "7005"]
    assert "Row 7003" in words(explanation._repr_html_())
    title = explanation.plot(1).ax_.get_title("left")
    assert title.startswith("row 7004, explained: malignant\nprobability of malignant: ")
    assert re.search(r"^intercept \d", title, re.M)
    assert set(explanation.plot().frame()["row"]) == {7003, 7004, 7005}


def test_rows_without_an_index_are_called_by_their_positions():
    rows = table(draws(3, 2), data=np.zeros((3, 2)))
    assert rows.plot(2).ax_.get_title("left").startswith("row 2, ")
    data = pd.DataFrame(np.zeros((2, 2)), pd.MultiIndex.from_product([["a"], [1, 2]]))
    rows = table(draws(2, 2), data=data)
    assert rows.plot(1).ax_.get_title("left").startswith("row a, 2, ")


# Numbers.


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([28187.4, -310.2], ["+28,187", "-310"]),
        ([-0.14, 0.0346, 0.00341], ["-0.140", "+0.035", "+0.003"]),
        ([-0.4, 0.3], ["-0.4", "+0.3"]),
        ([0.9996, 0.5], ["+1.0", "+0.5"]),
        ([1234.5, np.nan, 0.0], ["+1,234", "no answer", "+0"]),
        ([1.5e-7, -2e-8], ["+1.50e-07", "-2.00e-08"]),
        ([], []),
    ],
)
def test_numbers_of_a_list_share_their_decimals(values, written):
    assert aligned(values) == written


def test_single_numbers_have_thousands_apart():
    assert plain(196412.3) == "196,412"
    assert plain(-1e-4) == "-0.0001"
    assert plain(np.nan) == "no answer"


@pytest.fixture(scope="module")
def houses():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"area": rng.uniform(50, 400, 300), "built": rng.integers(1900, 2000, 300)}
    )
    model = HistGradientBoostingRegressor(random_state=0)
    model.fit(X, 1000 * X["area"] + 300 * (X["built"] - 1900))
    return LimeExplainer(model, random_state=0).fit(X).explain(X[:30])


def test_prices_are_written_out_with_signs_on_both_sides(houses):
    display = AttributionDisplay.from_explanation(houses)
    written = [own.get_text() for own in display.ax_.texts]
    assert all(re.fullmatch(r"[+-]\d{1,3}(,\d{3})*", own) for own in written)
    assert re.search(r"prediction \d{2,3},\d{3} \(surrogate", display.ax_.get_title("left"))
    text = words(houses._repr_html_())
    assert re.search(r"[+\u2212]\d{2,3},\d{3}", text)
    # A year is a value of the table.
    assert re.search(r"\b19\d\d\b", text)
    assert not re.search(r"\b1,9\d\d\b", text)


# What a prediction is, and how to read the page.


def test_probabilities_are_named(cancer):
    X, explainer = cancer
    explanation = explainer.explain(X[:3])
    assert "probability of malignant:" in words(explanation._repr_html_())
    assert content(explanation.to_html())["phrase"] == "probability of "
    assert "probability of" not in words(build(VALUES).to_html())


def test_effective_sample_size_is_left_out_where_nothing_is_drawn(cancer):
    X, explainer = cancer
    exact = explainer.explain(X[:3])
    assert exact.meta["method"] == "exact"
    assert "effective sample size" not in words(exact._repr_html_() + exact.to_html())
    assert content(exact.to_html())["drawn"] is False
    assert "effective sample size" in words(build(VALUES)._repr_html_())


def test_the_page_says_what_r2_means_here():
    text = words(build(VALUES).to_html())
    assert "R² is the share of the variance of the model's answers there" in text


def bumpy(X):
    return np.sin(3 * np.asarray(X, dtype=float)).prod(axis=1)


@pytest.fixture(scope="module")
def square():
    return np.random.default_rng(0).normal(size=(200, 4))


def test_a_nearly_global_explanation_is_called_so(square):
    model = FunctionRegressor(bumpy)
    default = LimeExplainer(model, random_state=0).fit(square).explain(square[:5])
    assert (default.effective_sample_sizes > 0.9 * default.meta["n_samples"]).all()
    assert "This is nearly a global explanation" in words(default.to_html())


@pytest.mark.parametrize(
    "options",
    [
        {"kernel": ExponentialKernel(0.5)},
        {"kernel": ExponentialKernel(0.4), "weighting": "tilted"},
        {"sampler": CoalitionSampler(np.zeros((1, 4))), "n_samples": 256},
    ],
    ids=["narrow", "tilted", "coalitions"],
)
def test_a_local_explanation_is_not(square, options):
    explainer = LimeExplainer(FunctionRegressor(bumpy), random_state=0, **options)
    explanation = explainer.fit(square).explain(square[:5])
    assert "nearly a global" not in words(explanation.to_html())


def test_low_fidelity_comes_with_what_helps(square):
    explanation = LimeExplainer(FunctionRegressor(bumpy), random_state=0).fit(square)
    explanation = explanation.explain(square[:5])
    assert np.median(explanation.scores) < 0.5
    text = words(explanation.to_html())
    assert "R² is low" in text and "kernel__width" in text and "n_bins=None" in text
    assert "R² is low" not in words(build(VALUES, scores=np.full(4, 0.9)).to_html())


# Doubts.


@pytest.fixture(scope="module")
def unseen():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "town": rng.choice(["Bonn", "Kiel"], 200),
            "rooms": rng.normal(size=200),
            "pool": 0,
        }
    )
    new = pd.DataFrame({"town": ["Ulm", "Bonn"], "rooms": [0.0, 1.0], "pool": 0})
    model = FunctionRegressor(lambda X: X["rooms"] + (X["town"] == "Kiel"))
    sampler = MarginalSampler(handle_unknown="ignore")
    explainer = LimeExplainer(model, sampler=sampler, random_state=0, method="sampling")
    explainer.fit(X)
    with pytest.warns(UserWarning, match="no draw has the row's own value"):
        return explainer.explain(new)


def test_a_feature_without_an_answer_is_a_doubt_and_a_line(unseen):
    first, second = content(unseen.to_html())["rows"]
    [answer] = first["answers"]
    assert answer["unanswered"] == [0]
    # A column of one value has nothing to answer.
    [answer] = second["answers"]
    assert answer["unanswered"] == answer["thin"] == answer["unlisted"] == []
    text = words(unseen[:1]._repr_html_())
    assert re.search(r"town = value never seen in training Ulm no answer", text)


def test_thin_support_counts_whether_or_not_it_is_listed():
    explanation = build(VALUES, support=[[3, 500, 3], *[[500] * 3] * 3])
    first, *others = content(explanation.to_html())["rows"]
    assert first["answers"][0]["thin"] == [0]
    assert first["answers"][0]["unlisted"] == [2]
    assert "Thin support, and not listed: height <= 1.7." in words(
        explanation._repr_html_()
    )
    assert not any(row["answers"][0]["unlisted"] for row in others)


def test_features_that_a_selector_drops_are_no_doubt(square):
    explainer = LimeExplainer(
        FunctionRegressor(bumpy), selector=HighestWeights(1), random_state=0
    )
    page = content(explainer.fit(square).explain(square[:3]).to_html())
    for row in page["rows"]:
        [answer] = row["answers"]
        assert answer["unanswered"] == answer["unlisted"] == []


def test_a_missing_answer_is_a_doubt():
    page = content(build([[np.nan, 0.5, 0.0]], predictions=[np.nan]).to_html())
    assert page["rows"][0]["answers"][0]["unanswered"] == [0]


# All rows at once.


def overview_of(page):
    found = re.search(r'<section aria-labelledby="all">(.*?)</section>', page, re.S)
    return None if found is None else found[1]


def test_the_page_opens_with_a_picture_of_all_rows(houses):
    page = houses.to_html()
    assert page.index("All rows") < page.index('id="rows"')
    picture = overview_of(page)
    values = houses.contributions().values
    sizes = np.abs(values).mean(axis=0)
    order = np.argsort(-sizes)
    names = re.findall(r'<th scope="row"[^>]*>(.*?)</th>', picture)
    assert names == [houses.feature_names[j] for j in order]
    bars = [float(own) for own in re.findall(r'<i style="width:([\d.]+)%"', picture)]
    np.testing.assert_allclose(bars, 100 * sizes[order] / sizes.max(), atol=0.06)
    written = re.findall(r'<span class="number">([\d,]+)</span>', picture)
    np.testing.assert_allclose(
        [float(own.replace(",", "")) for own in written], sizes[order], atol=1
    )
    lanes = re.findall(r"<svg.*?</svg>", picture, re.S)
    low, high = min(0, values.min()), max(0, values.max())
    for lane, j in zip(lanes, order, strict=True):
        places = {int(own) for own in re.findall(r"M(\d+) \d+h0", lane)}
        expected = np.rint(1000 * (values[:, j] - low) / (high - low))
        assert places == set(expected.astype(int))


def test_dots_are_coloured_by_the_rank_of_the_value():
    n = 50
    data = pd.DataFrame({"a": np.arange(n, dtype=float), "b": ["x"] * n})
    values = np.column_stack([np.arange(n) / n, np.full(n, 0.1)])
    picture = overview_of(table(values, ["a", "b"], data=data).to_html())
    lanes = re.findall(r"<svg.*?</svg>", picture, re.S)
    steps = [
        [int(own) for own in re.findall(r"M(\d+) \d+h0", path)]
        for path in re.findall(r'class="v\d" d="(.*?)"', lanes[0])
    ]
    assert len(steps) == 5
    assert all(max(a) < min(b) for a, b in pairwise(steps))
    assert 'class="vnone"' in lanes[1] and 'class="v0"' not in lanes[1]


def test_two_thousand_rows_have_dots_and_a_page_stays_small():
    values = np.random.default_rng(0).normal(size=(5000, 12))
    rows = table(
        values,
        data=values,
        conditions=TableConditions(
            np.zeros((5000, 12), int), [[f"feature {j} > 0"] for j in range(12)]
        ),
    )
    picture = overview_of(rows.to_html())
    assert "Effects of 2,000 rows" in picture
    assert "2 weaker features are left out." in words(picture)
    assert len(picture) < 500e3


def test_outputs_have_a_column_of_bars_each():
    picture = words(overview_of(build_all().to_html()))
    for output in ("no", "perhaps", "yes"):
        assert f"Mean |effect|, {output}" in picture


@pytest.mark.parametrize(
    "explanation",
    [build(VALUES)[:1], build(VALUES)[:0], build_images(), build(np.zeros((4, 3)))],
    ids=["one row", "no rows", "images", "zeros"],
)
def test_where_there_is_nothing_to_compare_there_is_no_picture(explanation):
    assert overview_of(explanation.to_html()) is None


def test_words_of_texts_are_summed_in_the_picture_of_all():
    picture = overview_of(build_texts().to_html())
    names = re.findall(r'<th scope="row"[^>]*>(.*?)</th>', picture)
    assert names[0] in {"bad", "good"} and len(set(names)) == len(names)


def test_pages_of_explained_texts_have_all_parts():
    model = FunctionRegressor(lambda texts: [text.count("good") for text in texts])
    explainer = LimeExplainer(model, sampler=TokenSampler(), random_state=0, n_samples=64)
    texts = ["good film", "bad film, good cast"]
    page = explainer.fit(texts).explain(texts).to_html()
    assert "nearly a global" not in words(page)
    assert "good" in overview_of(page)


def test_pictures_of_many_rows_leave_rows_by_their_label():
    rows = table(draws(6, 2))
    rows.data.index = list("uvwxyz")
    for display in (SummaryDisplay, HeatmapDisplay):
        assert set(display.from_explanation(rows).frame()["row"]) == set("uvwxyz")
