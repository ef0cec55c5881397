"""Fidelity of exact coalitions: many rows are asked about at once, and scored alike."""

import numpy as np
import pytest
import sklearn
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor

from sklime import LimeExplainer
from sklime.kernels import ShapleyKernel, UniformKernel
from sklime.samplers import CoalitionSampler

X, Y = load_diabetes(return_X_y=True, as_frame=True)
FOREST = RandomForestRegressor(5, random_state=0).fit(X, Y)
BACKGROUNDS = {"marginals": "marginals", "median": "median", "table": X[:3]}
KERNELS = [UniformKernel(), ShapleyKernel()]


@pytest.fixture(params=BACKGROUNDS)
def sampler(request):
    return CoalitionSampler(background=BACKGROUNDS[request.param])


@pytest.mark.parametrize("kernel", KERNELS)
def test_scores_are_those_of_each_row_alone(sampler, kernel):
    explainer = LimeExplainer(FOREST, sampler=sampler, kernel=kernel, random_state=0).fit(X)
    assert explainer.method_ == "exact"
    whole = explainer.explain(X[:20])
    alone = [explainer.explain(X[i : i + 1]).scores[0] for i in range(20)]
    assert np.array_equal(whole.scores, alone)
    with sklearn.config_context(working_memory=1):
        assert np.array_equal(explainer.explain(X[:20]).scores, whole.scores)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_model_is_asked_about_many_rows_at_once(sampler, kernel, monkeypatch):
    explainer = LimeExplainer(FOREST, sampler=sampler, kernel=kernel, random_state=0).fit(X)
    explainer.explain(X[:1])
    heights, predict = [], RandomForestRegressor.predict

    def counted(model, rows):
        heights.append(len(rows))
        return predict(model, rows)

    monkeypatch.setattr(RandomForestRegressor, "predict", counted)
    explainer.explain(X[:100])
    assert len(heights) <= 4
    # As many as before: some hundreds of each row.
    assert sum(heights) >= 100 * 500
