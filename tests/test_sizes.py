"""Many rows are scored in parts, which must not show in the scores."""

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from sklime import LimeExplainer


def test_scores_do_not_depend_on_the_rows_that_are_scored_together():
    X = np.random.default_rng(0).normal(size=(300, 6))
    y = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(int) + (X[:, 3] > 1)
    forest = RandomForestClassifier(10, max_leaf_nodes=9, random_state=0).fit(X, y)
    for target in ("auto", "all"):
        explainer = LimeExplainer(forest, target=target, random_state=0).fit(X)
        assert explainer.method_ == "exact"
        together = explainer.explain(X).scores
        for rows in (slice(0, 1), slice(7, 40), slice(290, 300)):
            np.testing.assert_array_equal(explainer.explain(X[rows]).scores, together[rows])
