import pickle
from itertools import combinations
from math import e as euler
from unittest import SkipTest

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from lime.lime_tabular import LimeTabularExplainer
from lime.submodular_pick import SubmodularPick as LimeSubmodularPick
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklime import LimeExplainer
from sklime.pick import SubmodularPick
from tests.models import fitted

# Zeros, ties within rows and between rows, and equal rows are all frequent.
small_integers = arrays(
    float,
    st.tuples(st.integers(1, 12), st.integers(1, 7)),
    elements=st.integers(-4, 4).map(float),
)


def covered_by(A, n_features):
    """The set of features that each row covers, by sorting it."""
    return [
        {
            j
            for j in sorted(range(len(row)), key=lambda j: (-abs(row[j]), j))[:n_features]
            if row[j]
        }
        for row in A
    ]


def importances_of(A):
    return np.sqrt(np.abs(A).sum(axis=0))


def brute_force(A, n_picks, n_features):
    """Algorithm 2 as it is written, trying every row each time."""
    sets, importances = covered_by(A, n_features), importances_of(A)
    magnitudes = np.abs(A) @ importances
    picks, reached = [], set()
    while len(picks) < n_picks:
        left = [i for i in range(len(A)) if i not in picks]
        gains = [sum(importances[j] for j in sorted(sets[i] - reached)) for i in left]
        if max(gains) == 0.0:
            gains = [magnitudes[i] for i in left]
        # The first that is best, but for the rounding of these sums.
        best = next(
            i
            for i, gain in zip(left, gains, strict=True)
            if gain >= max(gains) * (1 - 1e-9)
        )
        picks.append(best)
        reached |= sets[best]
    return picks


def picks_of(A, n_picks, n_features=10):
    return SubmodularPick(n_picks, n_features).fit(A).indices_.tolist()


@parametrize_with_checks([SubmodularPick(), SubmodularPick(2, 1, max_candidates=6)])
def test_check_of_scikit_learn(estimator, check):
    try:
        check(estimator)
    except SkipTest as reason:
        pytest.fail(f"skipped: {reason}")


# ---- the algorithm


@pytest.mark.filterwarnings("ignore:all attributions are 0:UserWarning")
@given(A=small_integers, n_features=st.integers(1, 8), data=st.data())
def test_picks_are_those_of_brute_force(A, n_features, data):
    n_picks = data.draw(st.integers(1, len(A)))
    assert picks_of(A, n_picks, n_features) == brute_force(A, n_picks, n_features)


@pytest.mark.parametrize(
    ("n_rows", "n_columns", "share", "n_picks", "n_features"),
    [
        (2000, 50, 1.0, 20, 10),
        (2000, 50, 1.0, 20, 3),
        (800, 400, 0.05, 40, 6),
        (500, 200, 0.1, 8, 50),
    ],
)
def test_lazy_evaluation_changes_no_pick(n_rows, n_columns, share, n_picks, n_features):
    rng = np.random.default_rng(0)
    A = rng.normal(size=(n_rows, n_columns)) * rng.exponential(size=n_columns)
    A[rng.random(A.shape) > share] = 0.0
    expected = brute_force(A, n_picks, n_features)
    assert picks_of(A, n_picks, n_features) == expected
    assert picks_of(sparse.csr_array(A), n_picks, n_features) == expected


@given(
    A=small_integers.filter(lambda A: A.any()), n_features=st.integers(1, 4), data=st.data()
)
def test_coverage_is_within_the_guarantee_of_the_best_there_is(A, n_features, data):
    n_picks = data.draw(st.integers(1, min(4, len(A))))
    pick = SubmodularPick(n_picks, n_features).fit(A)
    sets, importances = covered_by(A, n_features), importances_of(A)

    def coverage(rows):
        return importances[sorted(set().union(*(sets[i] for i in rows)))].sum()

    for k in range(1, n_picks + 1):
        best = max(map(coverage, combinations(range(len(A)), k)))
        own = coverage(pick.indices_[:k])
        assert own >= (1 - 1 / euler) * best
        # Sums of at most seven numbers of order 1.
        assert pick.coverage_[k - 1] == pytest.approx(own / importances.sum(), abs=1e-14)


def test_picks_are_those_of_lime():
    model, X = fitted(make_pipeline(StandardScaler(), LogisticRegression()), "wine")
    lime = LimeTabularExplainer(X, random_state=0)
    theirs = LimeSubmodularPick(
        lime,
        X[::6],
        model.predict_proba,
        method="full",
        num_exps_desired=4,
        num_samples=200,
    )
    shown = pd.DataFrame(
        [dict(own.as_list(own.available_labels()[0])) for own in theirs.explanations]
    ).fillna(0.0)
    assert picks_of(shown, 4) == theirs.V


def test_importance_is_the_root_of_the_summed_magnitudes():
    A = np.array([[3.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 8.0, 0.0]])
    np.testing.assert_array_equal(SubmodularPick(1).fit(A).importances_, [2.0, 3.0, 0.0])


def test_dense_row_covers_no_more_than_it_shows():
    A = np.eye(6)
    A[0] = [0.5, 0.4, 0.3, 0.2, 0.1, 0.1]
    assert SubmodularPick(1, n_features=6).fit(A).coverage_ == [1.0]
    pick = SubmodularPick(1, n_features=2).fit(A)
    assert pick.indices_ == [0]
    assert pick.coverage_ == pytest.approx(
        pick.importances_[:2].sum() / pick.importances_.sum()
    )


def test_full_coverage_is_exactly_one_and_never_falls():
    A = np.random.default_rng(0).normal(size=(300, 23))
    coverage = SubmodularPick(12, 7).fit(A).coverage_
    assert coverage[-1] == 1.0
    assert (np.diff(coverage) >= 0).all()


def test_picks_beyond_full_coverage_go_by_weighted_magnitude():
    A = np.array([[0.1, 0.1], [0.0, 3.0], [1.0, 0.0], [2.0, 0.0], [2.0, 2.0]])
    # The first row covers all; weighted magnitudes are 0.45, 6.8, 2.3, 4.5, 9.0.
    assert picks_of(A, 5) == [0, 4, 1, 3, 2]


# ---- ties


def test_ties_go_to_lower_rows_and_lower_columns():
    assert picks_of(np.ones((5, 4)), 3, n_features=2) == [0, 1, 2]
    assert SubmodularPick(1, 2).fit(np.ones((5, 4))).coverage_ == [0.5]
    assert picks_of([[1, 1, 0], [0, 1, 0]], 2, n_features=1) == [1, 0]
    assert picks_of([[1.0, 0, 0], [0, 1.0, 0], [1.0, 0, 0], [0, 0, 1.0]], 4)[:2] == [0, 1]


def test_equal_rows_are_picked_last_and_in_order():
    A = np.repeat([[2.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]], 3, axis=0)
    assert picks_of(A, 4) == [0, 3, 1, 2]


@pytest.mark.filterwarnings("ignore:all attributions are 0:UserWarning")
@given(A=small_integers, seed=st.integers(0, 2**32 - 1))
def test_signs_units_and_order_of_features_do_not_matter(A, seed):
    rng = np.random.default_rng(seed)
    expected = picks_of(A, len(A))
    assert picks_of(A[:, rng.permutation(A.shape[1])], len(A)) == expected
    assert picks_of(A * rng.choice([-1.0, 1.0], A.shape), len(A)) == expected
    for unit in (1e-300, 1e300):
        assert picks_of(unit * A, len(A)) == expected


def test_nothing_to_cover_is_said():
    with pytest.warns(UserWarning, match="all attributions are 0"):
        pick = SubmodularPick(2).fit(np.zeros((4, 3)))
    assert pick.indices_.tolist() == [0, 1]
    assert pick.coverage_.tolist() == [0.0, 0.0]


# ---- kinds of input


@pytest.mark.filterwarnings("ignore:all attributions are 0:UserWarning")
@given(A=small_integers, n_features=st.integers(1, 8))
def test_sparse_and_dense_agree_to_the_bit(A, n_features):
    pick = SubmodularPick(len(A), n_features)
    dense = pick.fit(A)
    for kind in (sparse.csr_array, sparse.csr_matrix, sparse.coo_array):
        other = clone(pick).fit(kind(A))
        np.testing.assert_array_equal(other.indices_, dense.indices_)
        np.testing.assert_array_equal(other.importances_, dense.importances_)
        np.testing.assert_array_equal(other.coverage_, dense.coverage_)


def test_entries_in_any_order_and_in_parts_are_summed_and_left_as_they_are():
    data = np.array([2.0, 1.0, -1.0, 4.0])
    A = sparse.csr_array((data, [2, 0, 0, 1], [0, 3, 4]), shape=(2, 3))
    pick = SubmodularPick(2).fit(A)
    np.testing.assert_array_equal(pick.importances_, np.sqrt([0.0, 4.0, 2.0]))
    assert pick.indices_.tolist() == [1, 0]
    np.testing.assert_array_equal(A.data, [2.0, 1.0, -1.0, 4.0])
    np.testing.assert_array_equal(A.indices, [2, 0, 0, 1])


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True, as_frame=True)
    return X, LogisticRegression(max_iter=1000).fit(X, y)


@pytest.mark.parametrize("target", ["auto", "all", 2])
def test_picks_from_a_pipeline_are_those_from_its_explanation(iris, target):
    X, model = iris
    explainer = LimeExplainer(
        model, target=target, attribution="contribution", random_state=0
    )
    pipeline = make_pipeline(explainer, SubmodularPick(3, 2)).fit(X)
    A = explainer.fit(X).transform(X)
    assert pipeline[-1].indices_.tolist() == brute_force(A, 3, 2)
    pick = SubmodularPick(3, 2).fit(explainer.explain(X))
    np.testing.assert_array_equal(pick.indices_, pipeline[-1].indices_)
    np.testing.assert_array_equal(pick.importances_, pipeline[-1].importances_)


def test_names_of_columns_come_through_a_pipeline(iris):
    X, model = iris
    pipeline = make_pipeline(LimeExplainer(model), SubmodularPick()).set_output(
        transform="pandas"
    )
    pick = pipeline.fit(X)[-1]
    assert pick.feature_names_in_.tolist() == X.columns.tolist()


@pytest.mark.parametrize("target", ["auto", "all"])
def test_explanations_of_sparse_rows_stand_for_their_matrix(target):
    rng = np.random.default_rng(0)
    X = sparse.random_array((80, 20), density=0.3, format="csr", rng=rng)
    y = X.toarray() @ rng.normal(size=20) > 0
    explainer = LimeExplainer(
        LogisticRegression(),
        attribution="contribution",
        target=target,
        n_samples=2048,
        random_state=0,
    )
    A = explainer.fit(X, y).transform(X)
    assert sparse.issparse(A)
    pick = SubmodularPick(6, 3).fit(A)
    assert pick.indices_.tolist() == brute_force(A.toarray(), 6, 3)
    explained = SubmodularPick(6, 3).fit(explainer.explain(X))
    np.testing.assert_array_equal(explained.indices_, pick.indices_)
    np.testing.assert_array_equal(explained.importances_, pick.importances_)


def test_explanations_of_no_rows_are_refused(iris):
    X, model = iris
    explanation = LimeExplainer(model, random_state=0).fit(X).explain(X)[:0]
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        SubmodularPick().fit(explanation)


# ---- its own seed


def test_candidates_are_drawn_with_a_seed_of_their_own():
    A = np.random.default_rng(0).normal(size=(200, 8))
    np.random.seed(0)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    one, other = (
        SubmodularPick(5, 2, max_candidates=20, random_state=seed).fit(A) for seed in (0, 1)
    )
    again = SubmodularPick(5, 2, max_candidates=20, random_state=0).fit(A)
    np.testing.assert_array_equal(one.indices_, again.indices_)
    assert set(one.indices_) != set(other.indices_)
    np.testing.assert_array_equal(one.importances_, SubmodularPick().fit(A).importances_)
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_only_candidates_are_picked():
    A = np.random.default_rng(0).normal(size=(50, 8))
    pick = SubmodularPick(6, 2, max_candidates=6, random_state=3).fit(A)
    smaller = SubmodularPick(2, 2, max_candidates=6, random_state=3).fit(A)
    np.testing.assert_array_equal(smaller.indices_, pick.indices_[:2])
    assert len(set(pick.indices_)) == 6
    everyone = SubmodularPick(6, 2, max_candidates=50, random_state=3).fit(A)
    assert everyone.indices_.tolist() == brute_force(A, 6, 2)


def test_fitted_pick_pickles():
    pick = SubmodularPick(2).fit(np.eye(4))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(pick)).indices_, pick.indices_)


# ---- bad input


@pytest.mark.parametrize("name", ["n_picks", "n_features", "max_candidates"])
@pytest.mark.parametrize("value", [0, -1, 2.5, "3", True])
def test_parameters_are_named(name, value):
    with pytest.raises(ValueError, match=f"{name}={value!r} must be an integer"):
        SubmodularPick().set_params(**{name: value}).fit(np.eye(8))


def test_more_picks_than_rows_are_refused():
    with pytest.raises(ValueError, match="n_picks=5 is more than n_samples=4"):
        SubmodularPick().fit(np.eye(4))
    with pytest.raises(ValueError, match="n_picks=5 is more than max_candidates=4"):
        SubmodularPick(max_candidates=4).fit(np.eye(8))


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, pd.DataFrame])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rows_without_attributions_are_named(kind, value):
    A = np.eye(12)
    A[[2, 5], 1] = value
    with pytest.raises(ValueError, match=r"NaN, inf .* rows 2, 5: .*np.isfinite"):
        SubmodularPick().fit(kind(A))
    A[4:11, 2] = value
    with pytest.raises(ValueError, match=r"rows 2, 4, 5, 6, 7 and 3 more: "):
        SubmodularPick().fit(kind(A))
