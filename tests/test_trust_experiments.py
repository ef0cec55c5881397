"""The arithmetic of the published experiments on trust, against cases made by hand."""

import numpy as np
from scipy import sparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from benchmarks.trust import reviews
from benchmarks.trust.comparison import (
    INSERTED,
    Contest,
    disjoint_pairs,
    insert,
    positive_share,
)
from benchmarks.trust.distrust import by_word, trusted
from benchmarks.trust.predictions import f1_of_both_sides
from benchmarks.trust.recall import words_of_regression, words_of_tree


def test_attributions_stand_in_the_columns_of_their_words():
    values = np.array([[0.5, -0.2, 0.1], [0.3, 0.0, np.nan]])
    names = [["good", "plot", "unknown"], ["plot", "good"]]
    found = by_word(values, names, {"good": 2, "plot": 0, "dull": 1})
    np.testing.assert_array_equal(found.toarray(), [[-0.2, 0, 0.5], [0.3, 0, 0]])


def test_a_prediction_is_trusted_while_the_rest_stays_on_its_side():
    attributions = sparse.csr_array([[0.3, 0.1], [0.3, 0.1], [-0.3, 0.0], [0.0, 0.3]])
    answers = np.array([0.7, 0.9, 0.4, 0.6])
    surrogates = np.array([0.7, 0.9, 0.45, 0.6])
    found = trusted(answers, surrogates, attributions, np.array([True, False]))
    # Left are 0.4, 0.6, 0.75 and 0.6.
    np.testing.assert_array_equal(found, [False, True, False, True])


def test_f1_of_both_sides_and_of_trusting_everything():
    deserve = np.array([True] * 6 + [False] * 2)
    trust = np.array([True] * 5 + [False] * 2 + [True])
    # Trusting: 5 right, 1 in excess, 1 missing. Mistrusting: 1, 1, 1. Everything: 6, 2, 0.
    np.testing.assert_allclose(f1_of_both_sides(deserve, trust), [5 / 6, 1 / 2, 6 / 7])


def test_mistrusting_has_no_score_where_nothing_is_or_should_be_mistrusted():
    every = np.ones(3, dtype=bool)
    assert np.isnan(f1_of_both_sides(every, every)[1])


def test_words_of_a_regression_are_those_that_can_move_its_probability():
    model = LogisticRegression()
    model.classes_, model.intercept_ = np.array([0, 1]), np.array([0.0])
    model.coef_ = np.array([[0.0, 0.0039, -0.0041, 2.0]])
    rows = sparse.csr_matrix([[1, 1, 1, 0], [0, 1, 0, 1]])
    every = words_of_regression(model, rows)
    np.testing.assert_array_equal(every, [[0, 1, 1, 0], [0, 1, 0, 1]])
    np.testing.assert_array_equal(
        words_of_regression(model, rows, 0.004), [[0, 0, 1, 0], [0, 0, 0, 1]]
    )
    # Nowhere on the sigmoid do coefficients below 0.004 make a difference of 0.001.
    others = np.linspace(-5, 5, 1001)
    for coefficient, moves in ((0.0039, False), (0.0041, True)):
        change = np.diff(1 / (1 + np.exp(-np.add.outer([0, coefficient], others))), axis=0)
        assert (change.max() >= 0.001) == moves


def test_words_of_a_tree_are_those_of_the_path_that_the_text_has():
    # The class is "first, and second unless third".
    X = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)] * 2)
    y = X[:, 0] & (X[:, 1] | X[:, 2])
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    assert tree.tree_.feature[0] == 0
    found = words_of_tree(tree, sparse.csr_matrix([[0, 1, 1], [1, 0, 0], [1, 1, 1]]))
    assert found[0].tolist() == [False, False, False]
    assert found[1].tolist() == [True, False, False]
    # The second word that is asked for decides alone, whichever it is.
    assert found[2].sum() == 2
    assert found[2, 0]


def test_pairs_are_alike_in_validation_apart_in_the_test_and_disjoint():
    validated = [0.80, 0.80, 0.80, 0.70, 0.8005]
    tested = [0.70, 0.75, 0.76, 0.80, 0.64]
    assert disjoint_pairs(validated, tested) == [(0, 1), (2, 4)]


def test_words_are_inserted_in_the_given_share_of_each_class():
    positive = np.array([False] * 20 + [True] * 20)
    texts = insert(["text"] * 40, positive, (0.1, 0.2), np.random.default_rng(0))
    for word in INSERTED:
        has = np.array([word in text.split() for text in texts])
        assert has[~positive].sum() == 2
        assert has[positive].sum() == 4


def test_the_model_with_fewer_predictions_that_hang_on_seen_words_is_preferred():
    # The first word is an inserted one; the better model gives it little.
    better = sparse.csr_array([[0.05, 0.2], [0.0, 0.2]])
    worse = sparse.csr_array([[0.2, 0.05], [0.0, 0.2]])
    answers = np.array([0.6, 0.6])
    contest = Contest([better, worse], [answers] * 2, [0.8, 0.7], np.array([True, False]))
    assert contest.choice([[0], [0]]) == 1
    # Neither shows the word.
    assert contest.choice([[1], [1]]) == 0.5
    # The word is distrusted in a model that does not show it, if the other does.
    assert contest.choice([[0], [1]]) == 0.5
    assert contest.choice([[0], [1]], shared=True) == 1
    swapped = Contest([better, worse], [answers] * 2, [0.7, 0.8], np.array([True, False]))
    assert swapped.choice([[0], [0]]) == 0


def test_reviews_are_the_same_for_a_seed_and_balanced():
    training, test = reviews.draw("books", 0)
    again, _ = reviews.draw("books", 0)
    assert training.texts == again.texts
    assert training.texts != reviews.draw("films", 0)[0].texts
    assert (len(training.texts), len(test.texts)) == (1600, 400)
    assert training.positive.sum() + test.positive.sum() == 1000


def test_the_share_of_trees_is_the_probability_of_the_forest():
    rng = np.random.default_rng(0)
    X = sparse.csr_matrix(rng.random((60, 12)) < 0.4, dtype=np.float32)
    y = rng.random(60) < 0.5
    forest = RandomForestClassifier(7, max_depth=5, random_state=0).fit(X, y)
    expected = forest.predict_proba(X)[:, 1]
    np.testing.assert_allclose(positive_share(forest, X), expected, rtol=0, atol=1e-12)
