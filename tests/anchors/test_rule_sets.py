"""RuleSet beside a greedy choice by hand, for every criterion."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier

from sklime import AnchorExplainer, Anchors, FunctionClassifier, FunctionRegressor, RuleSet

# Rows that no rule pins down are told, which these tests do not look at.
pytestmark = pytest.mark.filterwarnings("ignore::sklime.exceptions.AnchorWarning")


def diabetes(criterion, model, n, **parameters):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model.fit(X, y)
    explainer = AnchorExplainer(model, criterion=criterion, random_state=0, **parameters)
    # Half the standard deviation of the answers on the training table.
    return explainer.fit(X).explain(X[:n]), 0.5 * np.std(model.predict(X))


def cancer(criterion, **parameters):
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    model = RandomForestClassifier(20, max_depth=3, random_state=0).fit(X, y)
    explainer = AnchorExplainer(
        model, criterion=criterion, precision=0.7, random_state=0, **parameters
    )
    return explainer.fit(X).explain(X[:150]), parameters.get("tolerance")


def iris(criterion, **parameters):
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
    explainer = AnchorExplainer(model, criterion=criterion, random_state=0, **parameters)
    return explainer.fit(X).explain(X), parameters["tolerance"]


CASES = {
    "hard": lambda: cancer("hard", n_samples=1024),
    "soft": lambda: cancer("soft"),
    "mean": lambda: diabetes("mean", RandomForestRegressor(20, random_state=0), 200),
    "mean of classes": lambda: iris("mean", tolerance=0.1),
    "share": lambda: diabetes("share", LinearRegression(), 100, precision=0.7),
    "share of classes": lambda: cancer("share", tolerance=0.2, n_samples=1024),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    return CASES[request.param]()


def suffices(anchors, tolerance, i, j):
    """Whether the rule of row j suffices for the model's answer to row i."""
    if anchors.target_names[i] != anchors.target_names[j]:
        return False
    answer = anchors.predictions[i]
    if anchors.criterion == "mean":
        return abs(anchors.precisions[j] - answer) <= tolerance
    if anchors.criterion == "share":
        return abs(anchors.predictions[j] - answer) <= tolerance
    return True


def rows_of_rules(anchors, tolerance):
    """Of each valid rule the rows that keep it, and those of them that it suffices for."""
    kept, sufficed = {}, {}
    for j in np.flatnonzero(anchors.valid):
        covered = np.flatnonzero(anchors.rules[j].covers(anchors.data))
        kept[j] = set(covered.tolist())
        sufficed[j] = {i for i in kept[j] if suffices(anchors, tolerance, i, j)}
    return kept, sufficed


def test_each_rule_suffices_for_most_of_the_rows_that_are_left(case):
    anchors, tolerance = case
    _, sufficed = rows_of_rules(anchors, tolerance)
    rules = RuleSet(max_rules=8).fit(anchors)
    left = set(range(len(anchors)))
    for j in rules.indices_:
        most = max(len(rows & left) for rows in sufficed.values())
        assert len(sufficed[j] & left) == most > 0
        left -= sufficed[j]
    if len(rules.rules_) < 8:
        assert not any(rows & left for rows in sufficed.values())
    assert len(rules.rules_) > 1
    assert rules.rules_ == [anchors.rules[j] for j in rules.indices_]
    assert rules.targets_.tolist() == anchors.target_names[rules.indices_].tolist()


def test_coverage_fidelity_and_precision_are_of_the_first_rule_that_rows_keep(case):
    anchors, tolerance = case
    kept, sufficed = rows_of_rules(anchors, tolerance)
    rules = RuleSet(max_rules=8).fit(anchors)
    first = {}
    for j in reversed(rules.indices_):
        first |= dict.fromkeys(kept[j], j)
    assert rules.coverage_ == len(first) / len(anchors)
    right = [i in sufficed[j] for i, j in first.items()]
    assert rules.fidelity_ == pytest.approx(np.mean(right), rel=1e-12)
    expected = np.mean([anchors.precisions[j] for j in first.values()])
    assert rules.precision_ == pytest.approx(expected, rel=1e-12)


def test_all_rows_that_have_a_rule_are_sufficed_for_where_rules_are_not_limited(case):
    anchors, tolerance = case
    _, sufficed = rows_of_rules(anchors, tolerance)
    rules = RuleSet(max_rules=len(anchors)).fit(anchors)
    found = set().union(*(sufficed[j] for j in rules.indices_))
    assert found >= set(np.flatnonzero(anchors.valid).tolist())


def test_a_rule_of_a_row_in_the_middle_of_its_answers_is_chosen_by_share():
    # Within x0 the answers are 0, 1 and 2 more, equally often: of three rows with one rule
    # each, that of the row in the middle suffices for all.
    X = np.tile([[a, b] for a in (0, 1) for b in (0, 1, 2)], (50, 1))
    model = FunctionRegressor(lambda rows: 10.0 * rows[:, 0] + rows[:, 1])
    explainer = AnchorExplainer(
        model, criterion="share", tolerance=1.0, precision=0.6, random_state=0
    )
    anchors = explainer.fit(X).explain(X[:6])
    assert [str(rule) for rule in anchors.rules] == ["x0 = 0"] * 3 + ["x0 = 1"] * 3
    rules = RuleSet().fit(anchors)
    assert rules.indices_.tolist() == [1, 4]
    assert (rules.coverage_, rules.fidelity_) == (1.0, 1.0)


def test_rows_of_another_class_are_left_to_its_own_rules():
    # One row of four with a 1 in column 0 has the class 0.
    X = np.tile([[a, b] for a in (0, 1) for b in range(4)], (50, 1))

    def answer(rows):
        is_one = (rows[:, 0] == 1) & (rows[:, 1] > 0)
        return np.column_stack([~is_one, is_one]).astype(float)

    model = FunctionClassifier(answer, classes=[0, 1])
    explainer = AnchorExplainer(model, criterion="hard", precision=0.7, random_state=0)
    rules = RuleSet().fit(explainer.fit(X).explain(X[:8]))
    assert list(map(str, rules.rules_)) == ["x0 = 0", "x0 = 1", "x1 = 0"]
    assert rules.targets_.tolist() == [0, 1, 0]
    # The first rule that the row (1, 0) keeps is of the class 1.
    assert (rules.coverage_, rules.fidelity_) == (1.0, 7 / 8)


@pytest.mark.parametrize("criterion", ["mean", "share"])
def test_unknown_tolerances_are_refused_with_a_cure(criterion):
    anchors, _ = diabetes(criterion, LinearRegression(), 10, precision=0.7)
    unknown = anchors.tolerances.copy()
    unknown[[3, 5]] = np.nan
    message = rf'criterion="{criterion}" .* 2 of 10, .* row 3, .*: explain the rows again'
    with pytest.raises(ValueError, match=message):
        RuleSet().fit(replace(anchors, tolerances=unknown))


def test_rule_sets_of_documents_are_those_of_the_anchors(case):
    anchors, _ = case
    own = RuleSet(max_rules=5).fit(anchors)
    back = RuleSet(max_rules=5).fit(Anchors.from_dict(json.loads(anchors.to_json())))
    assert back.indices_.tolist() == own.indices_.tolist()
    assert back.fidelity_ == own.fidelity_
