import pickle
import re
from unittest import SkipTest

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklime import LimeExplainer
from sklime.cohorts import Cohorts

COMPARISON = re.compile(
    r"(?:(?P<low>\S+) < )?x(?P<j>\d+)(?: <= (?P<high>\S+)| > (?P<above>\S+))?$"
)


def follows(rule, X):
    """Which rows of an array of numbers obey a rule, read word by word."""
    obeyed = np.ones(len(X), dtype=bool)
    for condition in rule.split(" and "):
        found = COMPARISON.match(condition)
        x = X[:, int(found["j"])]
        for bound in (found["low"], found["above"]):
            obeyed &= x > float(bound) if bound else True
        obeyed &= x <= float(found["high"]) if found["high"] else True
    return obeyed


def spread(A, labels):
    """Squared distance of the attributions from their group's mean."""
    return sum(
        np.square(A[labels == g] - A[labels == g].mean(axis=0)).sum() for g in set(labels)
    )


@parametrize_with_checks([Cohorts(), Cohorts(max_groups=2, min_rows=3)])
def test_check_of_scikit_learn(estimator, check):
    try:
        check(estimator)
    except SkipTest as reason:
        pytest.fail(f"skipped: {reason}")


# ---- groups


@given(
    seed=st.integers(0, 2**32 - 1),
    max_groups=st.integers(2, 6),
    min_rows=st.one_of(st.integers(1, 10), st.floats(0.01, 0.5)),
)
def test_rules_say_exactly_who_is_in_a_group(seed, max_groups, min_rows):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 3)) * [1.0, 1e-6, 1e6]
    X[:, 2] = X[:, 2].round(-6)
    A = np.column_stack([X[:, 0] > 0.3, X[:, 1] * X[:, 2], rng.normal(size=60)])
    cohorts = Cohorts(max_groups, min_rows).fit(X, A)
    fewest = min_rows if isinstance(min_rows, int) else min_rows * len(X)
    assert len(cohorts.rules_) == len(cohorts.centers_) <= max_groups
    if len(cohorts.rules_) == 1:
        assert cohorts.rules_ == ["all rows"]
        return
    for group, rule in enumerate(cohorts.rules_):
        inside = cohorts.labels_ == group
        np.testing.assert_array_equal(follows(rule, X), inside)
        # Means of 60 numbers of order 1, summed in another order.
        np.testing.assert_allclose(
            cohorts.centers_[group], A[inside].mean(axis=0), atol=1e-12
        )
        assert inside.sum() >= fewest
    np.testing.assert_array_equal(cohorts.predict(X), cohorts.labels_)


@given(seed=st.integers(0, 2**32 - 1))
def test_two_groups_are_the_best_that_one_question_can_make(seed):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {"age": rng.integers(20, 40, 30), "pet": rng.choice(["cat", "dog", "eel"], 30)}
    )
    A = rng.normal(size=(30, 3)) + np.outer(X["pet"] == "dog", [1, 0, 1])
    questions = [X["age"] <= age for age in range(20, 40)]
    questions += [X["pet"] == pet for pet in ("cat", "dog", "eel")]
    best = min(spread(A, np.asarray(q)) for q in questions if 5 <= q.sum() <= 25)
    found = Cohorts(max_groups=2, min_rows=5).fit(X, A)
    # Sums of 90 squares of order 1.
    assert spread(A, found.labels_) == pytest.approx(best, rel=1e-12)


def test_numbers_are_split_as_by_the_regression_tree_of_scikit_learn():
    rng = np.random.default_rng(0)
    X, A = rng.normal(size=(200, 5)), rng.normal(size=(200, 4))
    tree = DecisionTreeRegressor(max_leaf_nodes=6, min_samples_leaf=12, random_state=0)
    leaves = tree.fit(X, A).apply(X)
    labels = Cohorts(max_groups=6, min_rows=12).fit(X, A).labels_
    assert len(set(zip(leaves, labels, strict=True))) == len(set(labels)) == 6


def test_planted_groups_are_found_and_named():
    n = 120
    X = pd.DataFrame(
        {
            "age": np.tile([20, 30, 40, 50, 60, 70], n // 6),
            "home": pd.Categorical(np.repeat(["town", "coast", "village"], n // 3)),
            "noise": np.random.default_rng(0).normal(size=n),
        }
    )
    pattern = np.where(X["age"] <= 40, 0, np.where(X["home"] == "coast", 1, 2))
    A = np.array([[0.5, 0.0], [-0.5, 0.3], [-0.5, -0.3]])[pattern]
    cohorts = Cohorts(max_groups=5).fit(X, A)
    assert sorted(cohorts.rules_) == [
        "age <= 45",
        "age > 45 and home != coast",
        "age > 45 and home = coast",
    ]
    named = {
        rule: set(pattern[cohorts.labels_ == g]) for g, rule in enumerate(cohorts.rules_)
    }
    assert named == {
        "age <= 45": {0},
        "age > 45 and home = coast": {1},
        "age > 45 and home != coast": {2},
    }


def test_features_that_matter_more_decide():
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 10)
    A = X * [0.1, 10.0]
    assert Cohorts(max_groups=2).fit(X, A).rules_ == ["x1 = 0", "x1 = 1"]


# ---- kinds of columns


def labels_of(X, A):
    return Cohorts(max_groups=4, min_rows=5).fit(X, A).labels_.tolist()


def test_every_container_gives_the_same_groups():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.integers(20, 60, 90),
            "height": rng.normal(170.0, 9.0, 90),
            "pet": rng.choice(["cat", "dog", "eel"], 90),
        }
    )
    A = np.column_stack([frame["age"] > 40, (frame["pet"] == "eel") * frame["height"] / 90])
    expected = labels_of(frame, A)
    assert len(set(expected)) == 4
    assert labels_of(frame.astype({"pet": "category"}), A) == expected
    assert labels_of(frame.astype(object), A) == expected
    assert labels_of(frame.to_numpy(dtype=object), A) == expected
    assert labels_of(pl.DataFrame(frame), A) == expected
    assert labels_of(frame, pd.DataFrame(A)) == expected
    assert labels_of(frame, A.tolist()) == expected


def test_missing_numbers_have_their_side():
    x = np.array([1.0, 2.0, 3.0, np.nan] * 10)
    X = x[:, np.newaxis]
    with_small = np.where(np.isnan(x) | (x < 2), 1.0, 0.0)
    assert Cohorts(2).fit(X, with_small).rules_ == ["x0 <= 1.5 (or missing)", "x0 > 1.5"]
    with_large = np.where(np.isnan(x) | (x > 2), 1.0, 0.0)
    assert Cohorts(2).fit(X, with_large).rules_ == ["x0 <= 2.5", "x0 > 2.5 (or missing)"]
    alone = np.isnan(x).astype(float)
    assert Cohorts(2).fit(X, alone).rules_ == ["x0 is not missing", "x0 is missing"]


def test_missing_levels_are_a_level():
    X = pd.DataFrame({"pet": ["cat", "dog", None, "eel"] * 10})
    A = X["pet"].isna().to_numpy(dtype=float)
    cohorts = Cohorts(2).fit(X, A)
    assert cohorts.rules_ == ["pet is not missing", "pet is missing"]
    assert cohorts.predict(X.iloc[:4]).tolist() == [0, 0, 1, 0]


def test_groups_of_two_categories_name_their_own():
    X = pd.DataFrame({"sex": ["female", "male"] * 10, "pet": ["cat", None] * 10})
    for name, rules in {
        "sex": ["sex = male", "sex = female"],
        "pet": ["pet is missing", "pet = cat"],
    }.items():
        given = X[[name]]
        A = (X["sex"] == "female").to_numpy(dtype=float)
        cohorts = Cohorts(2).fit(given, A)
        assert sorted(cohorts.rules_) == sorted(rules)
        for group, rule in enumerate(cohorts.rules_):
            inside = given[name][cohorts.labels_ == group].fillna("missing")
            assert set(inside) == {rule.split()[-1]}


def test_integers_are_cut_at_integers_as_in_conditions():
    X = pd.DataFrame({"pclass": [1, 2, 3] * 10, "alone": [0, 1] * 15})
    third = (X["pclass"] == 3).to_numpy(dtype=float)
    cohorts = Cohorts(2).fit(X, third)
    assert cohorts.rules_ == ["pclass <= 2", "pclass > 2"]
    # The rule holds for numbers between them, too.
    new = pd.DataFrame({"pclass": [2.0, 2.25, 2.75], "alone": [0, 0, 0]})
    assert cohorts.predict(new).tolist() == [0, 1, 1]
    assert Cohorts(2).fit(X, X["alone"]).rules_ == ["alone = 0", "alone = 1"]
    floats = X.astype(float)
    assert Cohorts(2).fit(floats, third).rules_ == ["pclass <= 2.5", "pclass > 2.5"]


def test_several_levels_are_ruled_out_one_by_one():
    X = pd.DataFrame({"pet": list("abcde") * 10})
    A = X["pet"].map({"a": 9, "b": 3, "c": 1, "d": 0, "e": 0}).to_numpy(dtype=float)
    assert Cohorts(4).fit(X, A).rules_ == [
        "pet != a and pet != b and pet != c",
        "pet = c",
        "pet = b",
        "pet = a",
    ]


def test_value_never_seen_is_unlike_any_other():
    X = pd.DataFrame({"pet": ["cat", "dog", "eel"] * 10})
    cohorts = Cohorts(2).fit(X, (X["pet"] == "dog").to_numpy(dtype=float))
    new = cohorts.predict(pd.DataFrame({"pet": ["gnu", None, "dog"]}))
    assert [cohorts.rules_[g] for g in new] == ["pet != dog", "pet != dog", "pet = dog"]


def test_identifiers_make_no_group():
    X = pd.DataFrame({"name": [f"n{i}" for i in range(40)]})
    cohorts = Cohorts(min_rows=2).fit(X, np.arange(40.0))
    assert cohorts.rules_ == ["all rows"]
    np.testing.assert_allclose(cohorts.centers_, [[19.5]], rtol=1e-15)


@pytest.mark.parametrize(("origin", "unit"), [(0.0, 1e-200), (0.0, 1e200), (1e9, 1.0)])
def test_numbers_of_any_size_are_told_apart(origin, unit):
    X = origin + unit * np.tile([1.0, 2.0, 3.0, 4.0], 10)[:, np.newaxis]
    A = np.tile([0.0, 0.0, 0.0, 1.0], 10)
    cohorts = Cohorts(2).fit(X, A)
    assert cohorts.labels_.tolist() == A.tolist()
    assert [follows(rule, X).sum() for rule in cohorts.rules_] == [30, 10]


def test_column_without_any_value_makes_no_group():
    X = np.column_stack([np.full(20, np.nan), np.arange(20.0)])
    assert Cohorts(2).fit(X, X[:, 1] > 4).rules_ == ["x1 <= 4.5", "x1 > 4.5"]
    assert Cohorts(2).fit(X[:, :1], X[:, 1]).rules_ == ["all rows"]


def test_names_with_markup_stay_as_they_are():
    X = pd.DataFrame({"a <b> and\nc": [0.0, 1.0] * 10})
    assert Cohorts(2).fit(X, X).rules_ == ["a <b> and\nc <= 0.5", "a <b> and\nc > 0.5"]


# ---- attributions


def test_groups_of_explained_rows_are_more_alike_than_all_rows():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    explainer = LimeExplainer(forest, random_state=0).fit(X)
    A = explainer.transform(X)
    cohorts = Cohorts().fit(X, explainer.explain(X))
    np.testing.assert_array_equal(cohorts.labels_, Cohorts().fit(X, A).labels_)
    assert spread(A, cohorts.labels_) < 0.5 * spread(A, np.zeros(len(A)))
    assert np.bincount(cohorts.labels_).min() >= 0.05 * len(X)
    assert (Cohorts().fit(X.iloc[::-1], A[::-1]).labels_[::-1] == cohorts.labels_).all()


def test_attributions_can_be_split_by_themselves():
    A = pd.DataFrame({"age": [0.1, 0.1, -0.2, -0.2] * 5, "pet": 0.0})
    assert Cohorts(2).fit(A, A).rules_ == ["age <= -0.05", "age > -0.05"]


def test_fitted_cohorts_pickle():
    X = np.arange(40.0).reshape(-1, 1)
    cohorts = Cohorts().fit(X, X)
    back = pickle.loads(pickle.dumps(cohorts))
    np.testing.assert_array_equal(back.predict(X), cohorts.labels_)


# ---- bad input


@pytest.mark.parametrize(
    "parameters",
    [
        *({"max_groups": n} for n in (1, 2.5, "4", True)),
        *({"min_rows": n} for n in (0, -1, 0.0, 1.0, "5", True, np.nan)),
    ],
)
def test_parameters_are_named(parameters):
    [(name, value)] = parameters.items()
    with pytest.raises(ValueError, match=f"{name}={value!r}"):
        Cohorts(**parameters).fit(np.eye(4), np.eye(4))


def test_rows_without_attributions_are_named():
    A = np.ones((10, 2))
    A[[3, 7], 1] = np.nan
    with pytest.raises(ValueError, match=r"y has attributions that are NaN.* rows 3, 7"):
        Cohorts().fit(np.ones((10, 2)), A)


def test_other_numbers_of_rows_are_refused():
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[10, 9\]"):
        Cohorts().fit(np.ones((10, 2)), np.ones((9, 2)))


def test_sparse_tables_are_refused_with_the_cure():
    with pytest.raises(TypeError, match="toarray"):
        Cohorts().fit(sparse.eye_array(10, format="csr"), np.eye(10))
    with pytest.raises(TypeError, match="toarray"):
        Cohorts().fit(np.eye(10), sparse.eye_array(10, format="csr"))
