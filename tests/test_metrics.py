"""Metrics against loops written from their published definitions."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy, pearsonr, spearmanr
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklime import FunctionRegressor, LimeExplainer, metrics
from sklime.samplers import MarginalSampler

MATRICES = arrays(
    np.float64,
    (3, 5),
    elements=st.floats(-9, 9, allow_nan=False).map(lambda x: round(x, 1)),
)


def top(a, k):
    return sorted(range(len(a)), key=lambda j: (-abs(a[j]), j))[:k]


@given(MATRICES, MATRICES, st.integers(1, 5))
def test_agreement_is_that_of_the_largest(a, b, k):
    shared, ranks, signs = [], [], []
    for one, other in zip(a, b, strict=True):
        first, second = top(one, k), top(other, k)
        shared.append(len(set(first) & set(second)) / k)
        ranks.append(sum(x == y for x, y in zip(first, second, strict=True)) / k)
        both = set(first) & set(second)
        signs.append(sum(np.sign(one[j]) == np.sign(other[j]) for j in both) / k)
    np.testing.assert_allclose(metrics.feature_agreement(a, b, k=k), shared, rtol=1e-12)
    np.testing.assert_allclose(metrics.rank_agreement(a, b, k=k), ranks, rtol=1e-12)
    np.testing.assert_allclose(metrics.sign_agreement(a, b, k=k), signs, rtol=1e-12)


@given(MATRICES)
def test_complexity_is_the_entropy_of_shares(a):
    expected = [entropy(np.abs(row)) if row.any() else np.nan for row in a]
    np.testing.assert_allclose(metrics.complexity(a), expected, rtol=1e-12, atol=1e-14)


@given(MATRICES, arrays(bool, (3, 5)), st.none() | st.integers(1, 5))
def test_recall_counts_relevant_features_found(a, relevant, k):
    expected = []
    for row, own in zip(a, relevant, strict=True):
        first = top(row, own.sum() if k is None else k)
        found = sum(own[j] and row[j] != 0 for j in first)
        expected.append(found / own.sum() if own.any() else np.nan)
    found = metrics.recall_at_k(a, relevant, k=k)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.fixture(scope="module")
def problem():
    X, y = load_diabetes(return_X_y=True)
    model = RandomForestRegressor(10, max_depth=4, random_state=0).fit(X, y)
    rng = np.random.default_rng(0)
    return model.predict, X[:12], rng.normal(size=(12, X.shape[1])), X


def test_faithfulness_correlation_is_that_of_its_definition(problem):
    predict, X, a, background = problem
    usual, d = np.median(background, axis=0), X.shape[1]
    seen = []

    def spy(table):
        seen.append(np.array(table))
        return predict(table)

    found = metrics.faithfulness_correlation(
        spy, X, a, background=background, n_subsets=20, random_state=0
    )
    changed = np.concatenate(seen[1:]).reshape(12, 20, d)
    masks = (changed == usual) & (X[:, np.newaxis] != usual)
    assert (masks.sum(axis=2) <= 2).all()
    for i in range(12):
        sums = [a[i, mask].sum() for mask in masks[i]]
        lost = [
            predict(X[i : i + 1])[0] - predict(own[np.newaxis])[0] for own in changed[i]
        ]
        # Rows whose own value is the usual one hide which column was in a subset.
        if (X[i] != usual).all():
            assert found[i] == pytest.approx(pearsonr(sums, lost)[0], rel=1e-9)


def test_deletion_is_that_of_its_definition(problem):
    predict, X, a, background = problem
    usual = np.median(background, axis=0)
    for k in (1, 3, 10):
        removed, kept = X.copy(), np.tile(usual, (12, 1))
        for i in range(12):
            removed[i, top(a[i], k)] = usual[top(a[i], k)]
            kept[i, top(a[i], k)] = X[i, top(a[i], k)]
        own = {"background": background, "k": k}
        found = metrics.comprehensiveness(predict, X, a, **own)
        np.testing.assert_allclose(found, predict(X) - predict(removed), rtol=1e-12)
        found = metrics.sufficiency(predict, X, a, **own)
        np.testing.assert_allclose(found, predict(X) - predict(kept), rtol=1e-12)


def test_monotonicity_is_that_of_its_definition(problem):
    predict, X, a, background = problem
    usual = np.median(background, axis=0)
    found = metrics.monotonicity(predict, X, a, background=background)
    for i in range(12):
        moved = []
        for j in range(X.shape[1]):
            other = X[i].copy()
            other[j] = usual[j]
            moved.append(abs(predict(X[i : i + 1]) - predict(other[np.newaxis]))[0])
        assert found[i] == pytest.approx(spearmanr(np.abs(a[i]), moved)[0], rel=1e-9)


def test_noise_is_that_of_its_definition(problem):
    predict, X, a, background = problem
    spread = background.std(axis=0)
    moves = np.random.RandomState(3).standard_normal((7, X.shape[1]))
    own = {"background": background, "n_draws": 7, "random_state": 3}
    plain, scaled, gaps, others = [], [], [], []
    for i in range(12):
        steps = 0.2 * spread * moves
        done = predict(X[i : i + 1]) - predict(X[i] - steps)
        said = steps @ a[i]
        plain.append(np.mean((said - done) ** 2))
        factor = np.linalg.lstsq(said[:, np.newaxis], done)[0]
        scaled.append(np.mean((factor * said - done) ** 2))
        noise = 0.1 * spread * moves
        first = np.isin(np.arange(X.shape[1]), top(a[i], 3))
        for kept, gap in ((first, gaps), (~first, others)):
            gap.append(np.abs(predict(X[i : i + 1]) - predict(X[i] + noise * kept)).mean())
    found = metrics.infidelity(predict, X, a, **own)
    np.testing.assert_allclose(found, plain, rtol=1e-12)
    found = metrics.infidelity(predict, X, a, best_factor=True, **own)
    np.testing.assert_allclose(found, scaled, rtol=1e-9)
    found = metrics.prediction_gap(predict, X, a, k=3, **own)
    np.testing.assert_allclose(found, gaps, rtol=1e-12)
    found = metrics.prediction_gap(predict, X, a, k=3, important=False, **own)
    np.testing.assert_allclose(found, others, rtol=1e-12)


def test_stability_is_the_mean_over_pairs():
    rng = np.random.default_rng(0)
    repeats = [rng.normal(size=(4, 6)) for _ in range(3)]
    found = metrics.stability_score(repeats, k=2)
    pairs = [
        [len(set(top(s, 2)) & set(top(t, 2))) / 2 for s, t in zip(a, b, strict=True)]
        for a, b in ((repeats[0], repeats[1]), (repeats[0], repeats[2]), repeats[1:])
    ]
    np.testing.assert_allclose(found, np.mean(pairs, axis=0), rtol=1e-12)
    # A generator is as good as a list.
    one_by_one = metrics.stability_score((own for own in repeats), k=2)
    np.testing.assert_array_equal(one_by_one, found)


def test_explainers_are_judged_on_the_output_that_they_explain():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    y = (X[:, :2] > 0).sum(axis=1)
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    explainer = LimeExplainer(forest).fit(X)
    rows, chosen = X[:15], forest.predict_proba(X[:15]).argmax(axis=1)
    found = metrics.comprehensiveness(explainer, rows, k=1, background=X)
    a, usual = explainer.explain(rows).contributions().values, np.median(X, axis=0)
    for i, row in enumerate(rows):
        removed = row.copy()
        removed[top(a[i], 1)] = usual[top(a[i], 1)]
        both = forest.predict_proba([row, removed])[:, chosen[i]]
        assert found[i] == pytest.approx(both[0] - both[1], rel=1e-12, abs=1e-15)


def test_intervals_of_two_seeds_overlap():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    forest = RandomForestRegressor(20, random_state=0).fit(X, X[:, 0] * X[:, 1])
    repeats = [
        LimeExplainer(forest, method="sampling", random_state=seed)
        .fit(X)
        .explain(X[:10], uncertainty=True)
        for seed in range(3)
    ]
    found = metrics.stability_score(repeats, k=2, compare="intervals")
    assert found.shape == (10,)
    # Both estimate one number: few pairs of 95 % intervals miss each other.
    assert np.nanmean(found) > 0.95


def test_frames_with_categories_take_their_most_frequent_value():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"pet": ["cat", "dog", "cat"], "age": [1, 2, 3]})

    def model(table):
        return (table["pet"] == "dog") * 2.0 + table["age"]

    found = metrics.comprehensiveness(model, frame, [[1, 0], [1, 0], [0, 1]], k=1)
    np.testing.assert_array_equal(found, [0.0, 2.0, 1.0])


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (
            lambda m: m.feature_agreement([[1, 2]], [[1, 2, 3]], k=1),
            ValueError,
            "same rows",
        ),
        (lambda m: m.feature_agreement([[1, 2]], [[1, 2]], k=3), ValueError, "k=3 is more"),
        (lambda m: m.feature_agreement([[1, 2]], [[1, 2]], k=0), TypeError, "k must be"),
        (lambda m: m.complexity([[np.nan, 1.0]]), ValueError, "not finite in 1 row"),
        (lambda m: m.complexity([1.0, 2.0]), ValueError, "must have shape"),
        (lambda m: m.recall_at_k([[1, 2]], [1, 0]), ValueError, "array of bool"),
        (lambda m: m.stability_score([[[1, 2]]], k=1), ValueError, "give 2 at least"),
        (lambda m: m.monotonicity(len, np.eye(2)), TypeError, "attributions are missing"),
        (
            lambda m: m.monotonicity(lambda X: X[:, 0] * np.nan, np.eye(2), np.eye(2)),
            ValueError,
            "not finite",
        ),
        (
            lambda m: m.monotonicity(lambda X: X, np.eye(2), np.eye(2)),
            ValueError,
            "one number a row",
        ),
    ],
)
def test_bad_input_is_told(call, error, match):
    with pytest.raises(error, match=match):
        call(metrics)


def test_constant_attributions_have_no_correlation(problem):
    predict, X, a, background = problem
    told = r"12 row\(s\) have attributions that do not vary.*0, 1, 2, 3, 4 and 7 other"
    with pytest.warns(UndefinedMetricWarning, match=told):
        found = metrics.monotonicity(predict, X, np.ones_like(a), background=background)
    assert np.isnan(found).all()


@pytest.mark.parametrize("metric", [metrics.monotonicity, metrics.faithfulness_correlation])
def test_rows_without_a_correlation_are_named(problem, metric):
    predict, X, a, background = problem
    whole, a, own = a, a.copy(), {"background": background}
    own |= {"random_state": 0} if metric is metrics.faithfulness_correlation else {}
    expected = metric(predict, X, a, **own)
    a[[2, 7]] = 0.0
    with pytest.warns(UndefinedMetricWarning, match=r"2 row\(s\) have attr.*\(s\) 2, 7\."):
        found = metric(predict, X, a, **own)
    assert np.flatnonzero(np.isnan(found)).tolist() == [2, 7]
    known = np.delete(np.arange(12), [2, 7])
    np.testing.assert_array_equal(found[known], expected[known])
    constant = r"12 row\(s\) have responses that do not change.*numpy\.nanmean"
    with pytest.warns(UndefinedMetricWarning, match=constant):
        found = metric(lambda X: np.ones(len(X)), X, whole, **own)
    assert np.isnan(found).all()


def test_scorers_leave_rows_without_a_correlation_out_and_say_so(problem):
    _, X, _, background = problem

    def steps(X):
        return np.where(X[:, 2] > 0.05, X[:, 2] + X[:, 8], 0.0)

    explainer = LimeExplainer(FunctionRegressor(steps), random_state=0).fit(background)
    own = {"random_state": 0, "background": background}
    scorer = metrics.make_explainer_scorer(metrics.faithfulness_correlation, **own)
    with pytest.warns(UndefinedMetricWarning, match="responses that do not change"):
        found = scorer(explainer, X)
    with pytest.warns(UndefinedMetricWarning):
        values = metrics.faithfulness_correlation(explainer, X, **own)
    assert found == pytest.approx(np.nanmean(values), rel=1e-12)


@pytest.mark.parametrize(
    "call",
    [
        metrics.faithfulness_correlation,
        metrics.monotonicity,
        metrics.infidelity,
        lambda *own, **given: metrics.comprehensiveness(*own, k=1, **given),
        lambda *own, **given: metrics.sufficiency(*own, k=1, **given),
        lambda *own, **given: metrics.prediction_gap(*own, k=1, **given),
    ],
)
def test_shapes_numbers_of_features_and_missing_answers_are_told(problem, call):
    predict, X, a, background = problem
    own = {"background": background}
    with pytest.raises(ValueError, match=r"\(12, 9\), expected \(12, 10\)"):
        call(predict, X, a[:, 1:], **own)
    with pytest.raises(ValueError, match=r"\(11, 10\), expected \(12, 10\)"):
        call(predict, X, a[1:], **own)

    def gaps(table):
        # About the rows themselves it has an answer.
        known = (np.asarray(table)[:, np.newaxis] == X).all(axis=2).any(axis=1)
        return np.where(known, 1.0, np.nan)

    with pytest.raises(ValueError, match=r"perturbed row\(s\) are not finite, the first"):
        call(gaps, X, a, **own)
    # One row is enough where a background tells what is usual.
    assert call(predict, X[:1], a[:1], **own).shape == (1,)


@pytest.mark.parametrize(
    "call",
    [
        lambda *own: metrics.comprehensiveness(*own, k=11),
        lambda *own: metrics.sufficiency(*own, k=11),
        lambda *own: metrics.prediction_gap(*own, k=11),
        lambda _, __, a: metrics.rank_agreement(a, a, k=11),
        lambda _, __, a: metrics.sign_agreement(a, a, k=11),
        lambda _, __, a: metrics.recall_at_k(a, a > 0, k=11),
        lambda _, __, a: metrics.stability_score([a, a], k=11),
    ],
)
def test_more_features_than_there_are_is_told(problem, call):
    predict, X, a, _ = problem
    with pytest.raises(ValueError, match="k=11 is more than the 10 features"):
        call(predict, X, a)


def test_scorers_go_into_cross_validation_and_pipelines(problem):
    predict, *_, background = problem
    model = FunctionRegressor(predict)
    scorers = {
        "faithful": metrics.make_explainer_scorer(
            metrics.faithfulness_correlation, random_state=0, n_subsets=20
        ),
        "simple": metrics.make_explainer_scorer(
            metrics.comprehensiveness, k=2, greater_is_better=False
        ),
    }
    explainer = LimeExplainer(model, n_samples=512, random_state=0)
    # A tree of four levels does not look at the columns of every subset in every row.
    with pytest.warns(UndefinedMetricWarning, match="responses that do not change"):
        found = cross_validate(explainer, background[:90], cv=3, scoring=scorers)
    train, test = background[30:90], background[:30]
    values = metrics.comprehensiveness(explainer.fit(train), test, k=2)
    assert found["test_simple"][0] == pytest.approx(-values.mean(), rel=1e-12)
    assert np.isfinite(found["test_faithful"]).all()
    whole = make_pipeline(StandardScaler(), clone(explainer)).fit(train)
    scaled = whole[0].transform(test)
    alone = scorers["simple"](whole[-1], scaled)
    assert scorers["simple"](whole, test) == alone
    assert repr(scorers["simple"]) == (
        "make_explainer_scorer(comprehensiveness, k=2, greater_is_better=False)"
    )
    assert pickle.loads(pickle.dumps(scorers["simple"]))(whole, test) == alone


def test_coefficients_are_stable_feature_by_feature():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(200, 6))
    model = FunctionRegressor(lambda X: np.sin(3 * X).sum(axis=1) * X[:, 0])
    repeats = [
        LimeExplainer(model, n_samples=64, random_state=seed)
        .fit(X)
        .explain(X[:12], uncertainty=True)
        for seed in range(4)
    ]
    expected = []
    for i in range(12):
        intervals = {}
        for own in repeats:
            lower, upper = own.confidence_intervals()
            for j in top(own.values[i], 3):
                intervals.setdefault(j, []).append((lower[i, j], upper[i, j]))
        shares = []
        for own in intervals.values():
            pairs = [(s, t) for n, s in enumerate(own) for t in own[:n]]
            if pairs:
                shares.append(np.mean([s[0] <= t[1] and t[0] <= s[1] for s, t in pairs]))
        expected.append(np.mean(shares))
    found = metrics.stability_score(repeats, k=3, compare="intervals")
    assert len({len(own) for own in intervals.values()}) > 1
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_explainers_contributions_are_those_of_explanations(problem):
    predict, X, _, background = problem
    explainer = LimeExplainer(FunctionRegressor(predict), random_state=0).fit(background)
    own = explainer.explain(X).contributions().values
    found = metrics.monotonicity(explainer, X, background=background)
    expected = metrics.monotonicity(predict, X, own, background=background)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "call",
    [
        lambda *own: metrics.faithfulness_correlation(*own),
        lambda *own: metrics.comprehensiveness(*own, k=1),
        lambda *own: metrics.infidelity(*own),
        lambda *own: metrics.prediction_gap(*own, k=1),
    ],
)
def test_one_row_tells_no_usual_values(problem, call):
    predict, X, a, _ = problem
    with pytest.raises(ValueError, match=r"X has one row.*background="):
        call(predict, X[:1], a[:1])


@pytest.mark.parametrize("wrong", ["0.2", 0, 1.0, np.nan, None])
def test_shares_and_scales_that_are_none_are_told(problem, wrong):
    predict, X, a, _ = problem
    with pytest.raises(ValueError, match="subset_share must lie between 0 and 1, got"):
        metrics.faithfulness_correlation(predict, X, a, subset_share=wrong)
    if wrong != 1.0:
        with pytest.raises(ValueError, match="scale must be a number above 0, got"):
            metrics.infidelity(predict, X, a, scale=wrong)


@pytest.mark.parametrize("background", [np.ones((5, 4)), np.empty((0, 10))])
def test_backgrounds_of_other_columns_or_no_rows_are_told(problem, background):
    predict, X, a, _ = problem
    with pytest.raises(ValueError, match=r"background has shape \(\d, \d+\), expected at"):
        metrics.comprehensiveness(predict, X, a, k=1, background=background)


def test_infidelity_asks_for_slopes(problem):
    predict, X, *_ = problem
    explainer = LimeExplainer(FunctionRegressor(predict)).fit(X)
    with pytest.raises(TypeError, match="attributions=None, and infidelity needs slopes"):
        metrics.infidelity(explainer, X, None)


def test_scorers_of_what_is_no_number_are_told(problem):
    predict, X, _, background = problem
    model = FunctionRegressor(predict)
    explainer = LimeExplainer(model, random_state=0).fit(background)
    scorer = metrics.make_explainer_scorer(metrics.audit, n_neighbors=None)
    with pytest.raises(TypeError, match="gives Audit, expected a number, or one for each"):
        scorer(explainer, X)


def test_subsets_never_hold_all_features():
    X = np.random.default_rng(0).normal(size=(20, 2))
    found = metrics.faithfulness_correlation(
        lambda X: X @ [1.0, 2.0],
        X,
        (X - np.median(X, axis=0)) * [1.0, 2.0],
        subset_share=0.9,
    )
    np.testing.assert_allclose(found, 1.0, rtol=1e-12)


@pytest.fixture(scope="module")
def grouped():
    """An explainer of three features, of five columns, and a loop over its features."""
    X, y = load_diabetes(return_X_y=True)
    X = X[:, [2, 8, 3, 4, 5]]
    model = RandomForestRegressor(10, random_state=0).fit(X, y)
    sampler = MarginalSampler(groups={"blood": [3, 1, 4]})
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(X)
    assert explainer.get_feature_names_out().tolist() == ["x0", "blood", "x2"]
    return explainer, model.predict, X, [[0], [1, 3, 4], [2]]


def test_columns_of_a_group_become_usual_together(grouped):
    explainer, predict, X, units = grouped
    a, rows = explainer.explain(X[:9]).contributions().values, X[:9]
    usual = np.median(X, axis=0)

    def without(i, features):
        changed = rows[i].copy()
        for j in features:
            changed[units[j]] = usual[units[j]]
        return predict(rows[i : i + 1])[0] - predict(changed[np.newaxis])[0]

    comprehensive, sufficient, monotone = [], [], []
    for i in range(9):
        first = top(a[i], 2)
        comprehensive.append(without(i, first))
        sufficient.append(without(i, set(range(3)) - set(first)))
        moved = [abs(without(i, [j])) for j in range(3)]
        monotone.append(spearmanr(np.abs(a[i]), moved)[0])
    own = {"background": X}
    found = metrics.comprehensiveness(explainer, rows, k=2, **own)
    np.testing.assert_allclose(found, comprehensive, rtol=1e-12)
    # Given attributions are of features, too.
    found = metrics.sufficiency(explainer, rows, a, k=2, **own)
    np.testing.assert_allclose(found, sufficient, rtol=1e-12)
    found = metrics.monotonicity(explainer, rows, **own)
    np.testing.assert_allclose(found, monotone, rtol=1e-9)


def test_subsets_of_faithfulness_are_of_features_where_columns_are_grouped(grouped):
    explainer, predict, X, units = grouped
    a, rows = explainer.explain(X[:9]).contributions().values, X[:9]
    usual = np.median(X, axis=0)
    found = metrics.faithfulness_correlation(
        explainer, X[:9], a, background=X, n_subsets=20, random_state=3
    )
    rng, subsets = np.random.RandomState(3), []
    for _ in range(20):
        subsets.append(rng.permutation(3)[:1])
    for i in range(9):
        sums = [a[i, own].sum() for own in subsets]
        lost = []
        for own in subsets:
            changed = rows[i].copy()
            for j in own:
                changed[units[j]] = usual[units[j]]
            lost.append(predict(rows[i : i + 1])[0] - predict(changed[np.newaxis])[0])
        assert found[i] == pytest.approx(pearsonr(sums, lost)[0], rel=1e-9)


def test_noise_is_on_all_columns_of_a_group(grouped):
    explainer, predict, X, units = grouped
    a, rows = explainer.explain(X[:9]).contributions().values, X[:9]
    moves = 0.1 * X.std(axis=0) * np.random.RandomState(3).standard_normal((7, 5))
    own = {"background": X, "n_draws": 7, "random_state": 3, "k": 1}
    for important in (True, False):
        expected = []
        for i in range(9):
            noisy = np.zeros(5, dtype=bool)
            noisy[units[top(a[i], 1)[0]]] = True
            noisy = noisy if important else ~noisy
            answers = predict(rows[i] + moves * noisy)
            expected.append(np.abs(answers - predict(rows[i : i + 1])).mean())
        found = metrics.prediction_gap(explainer, rows, important=important, **own)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_attributions_of_neither_columns_nor_features_are_told(grouped):
    explainer, _, X, _ = grouped
    with pytest.raises(
        ValueError, match=r"\(9, 4\), expected \(9, 5\), .* or \(9, 3\), one"
    ):
        metrics.monotonicity(explainer, X[:9], np.ones((9, 4)), background=X)
    with pytest.raises(ValueError, match=r"slope for each of the 5 columns, and .* of 3"):
        metrics.infidelity(explainer, X[:9], np.ones((9, 3)), background=X)
    # Slopes of columns are what it asks for.
    slopes = np.ones((9, 5))
    assert np.isfinite(metrics.infidelity(explainer, X[:9], slopes, background=X)).all()
