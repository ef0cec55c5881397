"""The arithmetic of the faithfulness experiment, against a loop over rows and subsets."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from benchmarks.faithfulness import N_SUBSETS, over_a_table
from benchmarks.pairs import Pair


def pair_of(model, y):
    X = np.random.default_rng(0).normal(size=(90, 5))
    model = model.fit(X[:60], y(X[:60]))
    return Pair("made up", model, X[:60], X[60:], np.arange(5))


def test_a_linear_model_is_met_over_all_rows_at_once():
    pair = pair_of(LinearRegression(), lambda X: X @ [1.0, 2.0, 3.0, 4.0, 5.0])
    usual = np.median(pair.X_train, axis=0)
    told = (pair.X - usual) * pair.model.coef_
    assert over_a_table(pair, pair.X, told, seed=0) == pytest.approx(1.0)
    # A row by itself is as good when its attributions are 8 times as large, a table is not.
    larger = told * np.where(np.arange(30) % 2, 8.0, 1.0)[:, np.newaxis]
    assert over_a_table(pair, pair.X, larger, seed=0) < 0.9


def test_two_classes_are_judged_by_the_predicted_one():
    pair = pair_of(LogisticRegression(), lambda X: (X[:, 0] + X[:, 1] > 0).astype(int))
    told = np.random.default_rng(1).normal(size=pair.X.shape)
    usual, rng = np.median(pair.X_train, axis=0), np.random.default_rng(7)
    subsets = [rng.permutation(5)[:1] for _ in range(N_SUBSETS)]
    sums, lost = [], []
    for x, own in zip(pair.X, told, strict=True):
        predicted = pair.model.predict([x])[0]
        for subset in subsets:
            without = x.copy()
            without[subset] = usual[subset]
            both = pair.model.predict_proba([x, without])[:, predicted]
            lost.append(both[0] - both[1])
            sums.append(own[subset].sum() * (1 if predicted == 1 else -1))
    expected = np.corrcoef(sums, lost)[0, 1]
    assert over_a_table(pair, pair.X, told, seed=7) == pytest.approx(expected, rel=1e-12)
