"""Fidelity on the nearest training rows, against loops over scikit-learn's neighbours."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from sklime import Explanation, FunctionRegressor, LimeExplainer
from sklime.explanation import json_schema
from sklime.kernels import ExponentialKernel
from sklime.metrics import fidelity_score, make_explainer_scorer
from sklime.samplers import (
    CoalitionSampler,
    CrossoverSampler,
    GaussianSampler,
    MarginalSampler,
    MixedSampler,
    TokenSampler,
    TrainingSampler,
)
from sklime.selectors import HighestWeights

NUMBERS = MarginalSampler(n_bins=None)


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X) * np.arange(1, 11) + 3.0
    model = RandomForestRegressor(20, min_samples_leaf=5, random_state=0).fit(X, y)
    return model, X


def fitted(model, X, **parameters):
    own = {"sampler": NUMBERS, "n_samples": 512, "random_state": 0} | parameters
    return LimeExplainer(model, **own).fit(X)


def surrogate_answers(explanation, i, design):
    """What the surrogate of a row of one output says of points."""
    return explanation.intercepts[i] + design @ explanation.values[i]


# Against loops


@pytest.mark.parametrize("sampler", [NUMBERS, GaussianSampler()])
def test_standardised_values_have_sklearns_neighbours(diabetes, sampler):
    model, X = diabetes
    rows = X[:40] + 0.01
    explainer = fitted(model, X, sampler=sampler, kernel=ExponentialKernel(1.0))
    explained = explainer.explain(rows, neighbours=15)
    scaler = StandardScaler().fit(X)
    search = NearestNeighbors(n_neighbors=15, algorithm="brute").fit(scaler.transform(X))
    residual = total = 0.0
    near = search.kneighbors(scaler.transform(rows), return_distance=False)
    for i, own in enumerate(near):
        f = model.predict(X[own])
        g = surrogate_answers(explained, i, scaler.transform(X[own]))
        assert explained.neighbour_scores[i] == pytest.approx(r2_score(f, g), rel=1e-9)
        residual += np.square(f - g).sum()
        total += np.square(f - f.mean()).sum()
    found = fidelity_score(explainer, rows, "neighbours", 15)
    assert found == pytest.approx(1 - residual / total, rel=1e-10)


@pytest.mark.parametrize("frame", [False, True])
def test_bins_and_categories_count_where_rows_differ(frame):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 4, (400, 3)), rng.normal(size=(400, 4))])
    names = [f"c{j}" for j in range(7)]
    data = pd.DataFrame(X, columns=names)
    data["c0"] = data["c0"].map(dict(enumerate("abcd"))).astype("category")
    data["c1"] = data["c1"].map(dict(enumerate("wxyz")))
    table = data if frame else X

    def predict(table):
        table = np.asarray(table)
        numbers = table[:, 2:].astype(float)
        return numbers[:, 0] * numbers[:, 1] + np.abs(numbers[:, 2])

    explainer = fitted(FunctionRegressor(predict), table, sampler=MarginalSampler())
    train, rows = table, table[:100]
    explained = explainer.explain(rows, neighbours=8)
    n_judged = 0
    for i in range(100):
        design = explainer.sampler_.interpret(train, rows[i : i + 1]).astype(float)
        order = np.argsort(-design.sum(axis=1), kind="stable")
        matches = design.sum(axis=1)[order]
        if matches[7] == matches[8]:
            # Which of them are nearest is looked at in the next test.
            continue
        n_judged += 1
        f, g = predict(train)[order[:8]], surrogate_answers(explained, i, design[order[:8]])
        assert explained.neighbour_scores[i] == pytest.approx(r2_score(f, g), rel=1e-9)
    assert n_judged >= 3


def test_equally_many_matches_go_by_standardised_numbers(diabetes):
    model, X = diabetes
    explainer = fitted(model, X, sampler=MarginalSampler())
    rows = X[:30]
    explained = explainer.explain(rows, neighbours=20)
    for i, row in enumerate(rows):
        design = explainer.sampler_.interpret(X, rows[i : i + 1])
        far = np.square((X - row) / X.std(axis=0)).sum(axis=1)
        near = np.lexsort([far, (~design).sum(axis=1)])[:20]
        f, g = model.predict(X[near]), surrogate_answers(explained, i, design[near])
        assert explained.neighbour_scores[i] == pytest.approx(r2_score(f, g), rel=1e-9)


@pytest.mark.parametrize(
    "sampler",
    [
        TrainingSampler(n_bins=None),
        TrainingSampler(n_bins=4),
        CrossoverSampler(),
        MarginalSampler(groups={"both": [2, 3]}),
    ],
)
def test_real_rows_and_groups_have_neighbours_in_their_units(diabetes, sampler):
    model, X = diabetes
    grouped = isinstance(sampler, MarginalSampler)
    rows = X[:20] + 1e-3 * (np.arange(10) > 3)
    rows[5, 7] = np.nan
    explainer = fitted(FunctionRegressor(predict_known(model)), X, sampler=sampler)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explained = explainer.explain(rows, neighbours=12)
    scale = X.std(axis=0)
    for i, row in enumerate(rows):
        design = explainer.sampler_.interpret(X, rows[i : i + 1]).astype(float)
        own = explainer.sampler_.interpret(rows[i : i + 1], rows[i : i + 1])
        units = np.square(design - own).sum(axis=1).round(9)
        # Values of columns that are drawn together have no order.
        held = np.arange(10) if not grouped else [0, 1, *range(4, 10)]
        # A missing value stands at the mean.
        place = np.where(np.isnan(row), X.mean(axis=0), row)
        far = np.square((X - place)[:, held] / scale[held]).sum(axis=1)
        near = np.lexsort([far, units])[:12]
        f, g = model.predict(X[near]), surrogate_answers(explained, i, design[near])
        assert explained.neighbour_scores[i] == pytest.approx(r2_score(f, g), rel=1e-8)


def predict_known(model):
    """The model on tables whose gaps are filled."""
    return lambda X: model.predict(np.nan_to_num(X, nan=3.0))


def test_kept_and_dropped_columns_have_neighbours():
    X, y = load_diabetes(return_X_y=True)
    forest = RandomForestRegressor(10, random_state=0).fit(X, y)
    explainer = fitted(forest, X, sampler=CoalitionSampler(background="median"))
    explained = explainer.explain(X[:6], neighbours=10)
    for i in range(6):
        design = (X == X[i]).astype(float)
        far = np.square((X - X[i]) / X.std(axis=0)).sum(axis=1)
        near = np.lexsort([far, -design.sum(axis=1)])[:10]
        f, g = forest.predict(X[near]), surrogate_answers(explained, i, design[near])
        assert explained.neighbour_scores[i] == pytest.approx(r2_score(f, g), rel=1e-9)


def test_gaps_and_unknown_values_have_neighbours(diabetes):
    _, X = diabetes
    model = FunctionRegressor(lambda X: np.nan_to_num(X[:, 0]) - X[:, 1])
    rows = X[:5].copy()
    rows[1, 0] = rows[3, 2] = np.nan
    explainer = fitted(model, X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explained = explainer.explain(rows, neighbours=10)
    scaler = StandardScaler().fit(X)
    for i, row in enumerate(rows):
        held = ~np.isnan(row)
        far = np.square((X - row) / scaler.scale_)[:, held].sum(axis=1)
        near = np.argsort(far, kind="stable")[:10]
        design = np.where(held, scaler.transform(X[near]), 0.0)
        f, g = X[near, 0] - X[near, 1], surrogate_answers(explained, i, design)
        assert explained.neighbour_scores[i] == pytest.approx(r2_score(f, g), rel=1e-9)


# What must hold


def test_a_linear_model_is_met_on_standardised_values(diabetes):
    _, X = diabetes
    model = LinearRegression().fit(X, X @ np.arange(10.0))
    # Without a penalty, draws tell all of a linear model.
    explainer = fitted(model, X, surrogate=LinearRegression())
    explained = explainer.explain(X[:10], neighbours=20)
    np.testing.assert_allclose(explained.neighbour_scores, 1.0, rtol=1e-9)
    assert fidelity_score(explainer, X[:10], "neighbours") == pytest.approx(1.0)


def test_references_are_score_and_the_mean_of_scores(diabetes):
    model, X = diabetes
    explainer = fitted(model, X)
    assert fidelity_score(explainer, X[:20]) == explainer.score(X[:20])
    own = explainer.explain(X[:20]).scores
    assert fidelity_score(explainer, X[:20], "own") == pytest.approx(own.mean(), rel=1e-12)


def test_constant_responses_are_met_or_not(diabetes):
    _, X = diabetes
    constant = fitted(FunctionRegressor(lambda X: np.full(len(X), 3.0)), X)
    assert (constant.explain(X[:3], neighbours=5).neighbour_scores == 1.0).all()
    # Far from the only step, all neighbours have one answer, which the surrogate misses.
    step = fitted(FunctionRegressor(lambda X: (X[:, 9] > 3.0) * 1.0), X)
    far = X[X[:, 9].argsort()[:2]]
    assert (step.explain(far, neighbours=5).neighbour_scores == 0.0).all()


@pytest.mark.parametrize("level", [0.0, 1.0, 1e6])
def test_constant_responses_of_a_part_of_the_table_are_met(level):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 4))
    X[:, 0] = rng.integers(0, 2, 500)
    # The nearest rows share column 0, and so the answer, which draws tell but for rounding.
    model = FunctionRegressor(lambda X: level + X[:, 0])
    explained = fitted(model, X, sampler=MarginalSampler()).explain(X[:50], neighbours=5)
    assert (explained.neighbour_scores == 1.0).all()
    assert "miss real rows" not in explained.to_html()
    # A step beside the row that bins cannot see is missed, whatever the level.
    step = FunctionRegressor(lambda X: level + (X[:, 1] > 0.0) * (X[:, 2] > 0.0))
    explained = fitted(step, X, sampler=MarginalSampler()).explain(X[:50], neighbours=5)
    answers = step.predict(X[:50]) - level
    assert (explained.neighbour_scores[answers == 1.0] <= 0.0).any()


def test_rows_do_not_depend_on_their_batch(diabetes):
    model, X = diabetes
    explainer = fitted(model, X, kernel=ExponentialKernel(1.0))
    whole = explainer.explain(X[:30], neighbours=7)
    again = explainer.explain(X[:30][::-1], neighbours=7)[::-1]
    np.testing.assert_array_equal(whole.neighbour_scores, again.neighbour_scores)
    alone = [explainer.explain(X[i : i + 1], neighbours=7) for i in range(5)]
    joined = Explanation.concat(alone)
    np.testing.assert_allclose(joined.neighbour_scores, whole[:5].neighbour_scores, 1e-9)
    plain = explainer.explain(X[:30])
    assert plain.neighbour_scores is None
    np.testing.assert_array_equal(plain.values, whole.values)


def test_later_changes_of_the_training_table_are_no_matter(diabetes):
    model, X = diabetes
    mine = X.copy()
    explainer = fitted(model, mine)
    before = explainer.explain(X[:5], neighbours=5)
    mine[:] = 0.0
    assert explainer.explain(X[:5], neighbours=5) == before


def test_all_outputs_have_scores_of_their_own():
    X = load_breast_cancer(as_frame=True).data
    X = X.iloc[:, :6]
    forest = RandomForestClassifier(20, random_state=0).fit(X, X.index % 3)
    explainer = fitted(forest, X, sampler=MarginalSampler(), target="all")
    whole = explainer.explain(X[:9], neighbours=20)
    assert whole.neighbour_scores.shape == (9, 3)
    for label in range(3):
        one = explainer.explain(X[:9], target=label, neighbours=20)
        np.testing.assert_allclose(
            whole[:, :, label].neighbour_scores, one.neighbour_scores, rtol=1e-9
        )
    frame = whole.to_frame()
    assert (
        frame["neighbour_score"].tolist() == np.repeat(whole.neighbour_scores, 6).tolist()
    )


def test_only_large_tables_are_sampled():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12_000, 3))
    model = FunctionRegressor(len_of_rows)
    first, second = fitted(model, X), fitted(model, X, random_state=1)
    assert len(pickle.dumps(fitted(model, np.tile(X, (4, 1))))) < 1.7 * len(
        pickle.dumps(fitted(model, X[:10_000]))
    )
    with pytest.raises(ValueError, match="10,000 training rows that are kept of 12,000"):
        first.explain(X[:2], neighbours=10_001)
    scores = [e.explain(X[:4], neighbours=10).neighbour_scores for e in (first, second)]
    assert np.isfinite(scores).all()
    again = pickle.loads(pickle.dumps(first)).explain(X[:4], neighbours=10)
    np.testing.assert_array_equal(again.neighbour_scores, scores[0])


def len_of_rows(X):
    return np.sqrt(np.square(X).sum(axis=1))


def test_rows_of_no_weight_are_no_neighbours(diabetes):
    model, X = diabetes
    weights = np.ones(len(X))
    weights[100:] = 0.0
    own = {"sampler": NUMBERS, "n_samples": 512, "random_state": 0}
    weighted = LimeExplainer(model, **own).fit(X, sample_weight=weights)
    alone = LimeExplainer(model, **own).fit(X[:100])
    found, expected = (e.explain(X[200:205], neighbours=9) for e in (weighted, alone))
    np.testing.assert_allclose(found.neighbour_scores, expected.neighbour_scores, 1e-6)


# Where they go


def test_they_are_cut_joined_and_written(diabetes):
    jsonschema = pytest.importorskip("jsonschema")
    model, X = diabetes
    explained = fitted(model, X).explain(X[:6], neighbours=20)
    assert explained.meta["neighbours"] == 20
    assert (
        explained[2:4].neighbour_scores.tolist() == explained.neighbour_scores[2:4].tolist()
    )
    parts = Explanation.concat([explained[:2], explained[2:]])
    assert parts == explained
    document = explained.to_dict()
    jsonschema.validate(document, json_schema())
    assert Explanation.from_json(explained.to_json()) == explained
    assert Explanation.from_frame(explained.to_frame()) == explained
    assert explained.contributions().neighbour_scores is not None
    with pytest.raises(ValueError, match="differ in having neighbour_scores"):
        Explanation.concat([explained, fitted(model, X).explain(X[:1])])


def test_pages_tell_where_real_rows_are_missed(diabetes):
    _, X = diabetes
    wild = FunctionRegressor(lambda X: np.sin(9.0 * X[:, 0]))
    explained = fitted(wild, X).explain(X[:8], neighbours=20)
    page = explained.to_html()
    assert "The surrogates miss real rows nearby: R² on the 20 nearest" in page
    assert "R² on real rows nearby <b>" in page
    plain = FunctionRegressor(lambda X: X[:, 0])
    page = fitted(plain, X).explain(X[:8], neighbours=20).to_html()
    assert "miss real rows" not in page
    assert "R² on real rows nearby <b>" in page
    assert "R² on real rows nearby <b>" not in fitted(plain, X).explain(X[:8]).to_html()


def test_widths_are_searched_by_fidelity_on_neighbours(diabetes):
    _, X = diabetes
    wavy = FunctionRegressor(lambda X: np.sin(X[:, 0]) * X[:, 1])
    search = GridSearchCV(
        LimeExplainer(wavy, sampler=NUMBERS, n_samples=512, random_state=0),
        {"kernel__width": [0.7, 5.0]},
        scoring=make_explainer_scorer(fidelity_score, reference="neighbours"),
        cv=2,
    )
    assert search.fit(X[:120]).best_params_ == {"kernel__width": 0.7}


def test_short_selectors_are_judged_as_they_are(diabetes):
    model, X = diabetes
    explainer = fitted(model, X, selector=HighestWeights(2))
    explained = explainer.explain(X[:4], neighbours=20)
    assert ((explained.values != 0).sum(axis=1) == 2).all()
    scaled, far = StandardScaler().fit_transform(X), []
    for i in range(4):
        far = np.square(scaled - scaled[i]).sum(axis=1)
        near = np.argsort(far, kind="stable")[:20]
        f, g = model.predict(X[near]), surrogate_answers(explained, i, scaled[near])
        assert explained.neighbour_scores[i] == pytest.approx(r2_score(f, g), rel=1e-9)


def test_squares_of_large_answers_need_not_be_finite(diabetes):
    _, X = diabetes
    large = FunctionRegressor(lambda X: 1e200 * X[:, 0])
    explained = fitted(large, X).explain(X[:4], neighbours=20)
    assert (explained.neighbour_scores > 0.99).all()


# Bad input


@pytest.mark.parametrize("wrong", [0, 1, -3, 2.0, "20", True, [20]])
def test_neighbours_that_are_no_number_of_rows_are_told(diabetes, wrong):
    explainer = fitted(*diabetes)
    with pytest.raises(ValueError, match=r"neighbours=.* integer of at least 2"):
        explainer.explain(diabetes[1][:2], neighbours=wrong)
    with pytest.raises(ValueError, match=r"n_neighbors=.* integer of at least 2"):
        fidelity_score(explainer, diabetes[1][:2], "neighbours", wrong)


def test_fewer_training_rows_than_neighbours_are_told(diabetes):
    model, X = diabetes
    explainer = fitted(model, X[:15])
    message = "neighbours=20 is more than the 15 training rows: ask for 15 at most"
    with pytest.raises(ValueError, match=message):
        explainer.explain(X[:2], neighbours=20)
    with pytest.raises(ValueError, match="n_neighbors=20 is more than the 15"):
        fidelity_score(explainer, X[:2], "neighbours")
    assert explainer.explain(X[:2], neighbours=15).neighbour_scores.shape == (2,)


def test_rows_of_other_kinds_are_told(diabetes):
    texts = ["a good film", "a bad film", "no film at all"] * 5
    length = FunctionRegressor(lambda texts: [float(len(own)) for own in texts])
    dense = np.abs(diabetes[1]) * (diabetes[1] > 2)
    total = FunctionRegressor(lambda X: np.asarray(X.sum(axis=1)).ravel())
    frame = pd.DataFrame({"text": texts, "size": np.arange(15.0)})
    parts = [("words", TokenSampler(), "text"), ("rest", MarginalSampler(), ["size"])]
    sized = FunctionRegressor(lambda X: X["size"].to_numpy())
    for model, rows, sampler in (
        (length, texts, TokenSampler()),
        (total, sparse.csr_matrix(dense), MarginalSampler()),
        (sized, frame, MixedSampler(parts)),
    ):
        explainer = fitted(model, rows, sampler=sampler, n_samples=64)
        with pytest.raises(
            ValueError, match=r"neighbours=2 needs the rows of a dense table"
        ):
            explainer.explain(rows[:2], neighbours=2)


def test_references_and_explainers_that_are_none_are_told(diabetes):
    model, X = diabetes
    with pytest.raises(ValueError, match='reference must be "marginal", "neighbours" or'):
        fidelity_score(fitted(model, X), X[:2], "nearest")
    with pytest.raises(TypeError, match="fitted LimeExplainer, got RandomForestRegressor"):
        fidelity_score(model, X[:2])


def test_no_rows_have_no_scores(diabetes):
    model, X = diabetes
    explainer = fitted(model, X)
    with pytest.raises(ValueError, match="0 sample"):
        explainer.explain(X[:0], neighbours=5)
