"""Large inputs: many rows to score, and steps that take long for many values."""

import json
import time

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklime import Explanation, LimeExplainer
from sklime.metrics import fidelity_score
from sklime.samplers import CoalitionSampler


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


@pytest.mark.parametrize("sampler", [None, CoalitionSampler("median")], ids=repr)
def test_a_thousand_of_many_rows_in_closed_form_are_scored(sampler):
    X = np.random.default_rng(0).normal(size=(2500, 4))
    forest = RandomForestClassifier(5, max_leaf_nodes=9, random_state=0)
    forest.fit(X, X[:, 0] * X[:, 1] > 0)
    explainer = LimeExplainer(forest, sampler=sampler, n_samples=256, random_state=0)
    explanation = explainer.fit(X).explain(X)
    assert explainer.method_ == "exact"
    scored = np.flatnonzero(np.isfinite(explanation.scores))
    assert len(scored) == 1000
    assert (scored[0], scored[-1]) == (0, 2499)
    assert set(np.diff(scored)) == {2, 3}
    assert explanation.meta["scores"].endswith("draws, of 1,000 of 2,500 rows")
    # They are those of the rows alone.
    some = scored[[0, 400, 999]]
    np.testing.assert_array_equal(
        explainer.explain(X[some]).scores, explanation.scores[some]
    )
    np.testing.assert_array_equal(explanation.values, explainer.transform(X))
    # Pages and documents take them as they are.
    assert Explanation.from_dict(json.loads(explanation[:9].to_json())) == explanation[:9]
    assert explanation[:3].to_html().count("weighted R² <b>") == 2
    # Whoever asks for the fidelity of rows gets that of all.
    parts = [explainer.explain(X[rows]).scores for rows in np.split(np.arange(2500), 5)]
    expected = np.concatenate(parts).mean()
    assert fidelity_score(explainer, X, "own") == pytest.approx(expected, rel=1e-12)


def test_rows_that_cost_no_draws_of_their_own_are_all_scored():
    X = np.random.default_rng(0).normal(size=(1500, 3))
    model = LinearRegression().fit(X, X[:, 0])
    drawn = LimeExplainer(model, method="sampling", n_samples=128, random_state=0).fit(X)
    assert np.isfinite(drawn.explain(X).scores).all()


def test_steps_that_take_long_for_all_values_leave_rows_to_draws():
    """A step of 4 ms a row, and 2,000 values: 24 s at least; draws take half of one."""
    seen = []

    def slow(rows):
        seen.append(len(rows))
        time.sleep(0.004 * len(rows))
        return rows

    X = np.random.default_rng(0).normal(size=(2000, 2))
    model = make_pipeline(FunctionTransformer(slow), LinearRegression())
    model.set_params(functiontransformer__func=None).fit(X, X[:, 0])
    model.set_params(functiontransformer__func=slow)
    explainer = LimeExplainer(model, n_samples=64, random_state=0).fit(X)
    assert explainer.method_ == "sampling"
    # Those that tell how long a row takes, and draws.
    assert sum(seen) < 1000
    with pytest.raises(ValueError, match=r"would take about \d+ s for its training values"):
        explainer.set_params(method="exact").fit(X)
    model.set_params(functiontransformer__func=None)
    assert explainer.fit(X).method_ == "exact"
