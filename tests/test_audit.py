"""Audits: explanations beside those on real rows."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression

from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import NeighbourhoodWarning
from sklime.metrics import Audit, audit, feature_agreement
from sklime.samplers import CrossoverSampler, MarginalSampler, TrainingSampler
from sklime.selectors import ForwardSelection

X, Y = load_diabetes(return_X_y=True, as_frame=True)
FOREST = RandomForestRegressor(n_estimators=10, random_state=0).fit(X, Y)


def test_is_the_explanation_beside_one_on_training_rows():
    explainer = LimeExplainer(FOREST, random_state=0).fit(X)
    rows = X[:30].set_axis([f"patient {i}" for i in range(30)])
    found = audit(explainer, rows, k=3)
    assert isinstance(found, Audit)
    own = explainer.explain(rows, neighbours=20)
    # All training rows are drawn, whatever the seed.
    real = LimeExplainer(
        FOREST, sampler=TrainingSampler(n_bins=None), selector=ForwardSelection(k=3)
    ).fit(X)
    expected = real.transform(rows)
    assert np.array_equal(found.explanation.values, own.values)
    assert np.allclose(found.on_real_rows.values, expected, rtol=1e-8, atol=1e-8)
    assert real.n_samples_ == found.on_real_rows.meta["n_samples"] == len(X)

    frame = found.frame()
    names = np.array(X.columns)
    assert list(frame.index) == list(rows.index)
    assert list(frame["first"]) == list(names[np.abs(own.values).argmax(axis=1)])
    assert list(frame["first_on_real_rows"]) == list(names[np.abs(expected).argmax(axis=1)])
    assert (frame["differs"] == (frame["first"] != frame["first_on_real_rows"])).all()
    assert np.array_equal(found.differs, frame["differs"])
    assert np.array_equal(frame["overlap"], feature_agreement(own, expected, k=3))
    assert np.array_equal(frame["neighbour_score"], own.neighbour_scores)
    assert repr(found) == (
        f"Audit of 30 rows: the first column differs in {found.differs.sum()}"
    )


def test_leaves_the_explainer_as_it_is():
    explainer = LimeExplainer(FOREST, random_state=0).fit(X)
    before, parameters = explainer.transform(X[:5]), explainer.get_params(deep=False)
    audit(explainer, X[:5])
    assert np.array_equal(explainer.transform(X[:5]), before)
    assert explainer.get_params(deep=False) == parameters


def test_two_equal_audits_agree():
    explainer = LimeExplainer(FOREST, n_samples=200).fit(X)
    one, other = (audit(explainer, X[:10]).frame() for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def test_a_hidden_bias_is_found():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(400, 4))
    table[:, 1] = table[:, 0] + 0.02 * table[:, 1]

    def hides(Z):
        real = np.abs(Z[:, 0] - Z[:, 1]) < 0.1
        return np.where(real, Z[:, 2] > 0, Z[:, 3] > 0).astype(float)

    found = audit(
        LimeExplainer(FunctionRegressor(hides), random_state=0).fit(table), table[:50]
    )
    assert found.differs.all()
    assert set(found.frame()["first_on_real_rows"]) == {"x2"}


def test_a_model_of_one_column_differs_nowhere():
    model = FunctionRegressor(lambda Z: np.asarray(Z)[:, 2])
    found = audit(LimeExplainer(model, random_state=0).fit(X), X[:20], k=1)
    assert not found.differs.any()
    assert (found.overlap == 1.0).all()


def test_nothing_comes_first_of_a_constant():
    model = FunctionRegressor(lambda Z: np.ones(len(Z)))
    found = audit(LimeExplainer(model, random_state=0).fit(X), X[:3], n_neighbors=None)
    frame = found.frame()
    assert frame["first"].isna().all() and frame["first_on_real_rows"].isna().all()
    assert not frame["differs"].any()
    assert "neighbour_score" not in frame


def test_classifiers_models_fitted_inside_and_few_columns():
    X, y = load_iris(return_X_y=True, as_frame=True)
    explainer = LimeExplainer(RandomForestClassifier(10, random_state=0), random_state=0)
    found = audit(explainer.fit(X, y), X[::10])
    assert found.k == 4 and (found.overlap == 1.0).all()
    targets = found.on_real_rows.target_names, found.explanation.target_names
    assert np.array_equal(*targets)
    X, y = load_breast_cancer(return_X_y=True)
    explainer = LimeExplainer(RandomForestClassifier(10, random_state=0), random_state=0)
    sampler = CrossoverSampler(share=0.2)
    assert len(audit(explainer.fit(X, y), X[:3], sampler=sampler).frame()) == 3


def test_bad_input():
    explainer = LimeExplainer(FOREST, random_state=0).fit(X)
    with pytest.raises(TypeError, match="explainer must be a fitted LimeExplainer"):
        audit(FOREST, X)
    with pytest.raises(NotFittedError):
        audit(LimeExplainer(FOREST), X)
    with pytest.raises(ValueError, match="k=11 is more than the 10 features"):
        audit(explainer, X, k=11)
    with pytest.raises(TypeError, match="k must be an int"):
        audit(explainer, X, k=0)
    with pytest.raises(ValueError, match="more than the 442 training rows"):
        audit(explainer, X, n_neighbors=443)
    plain = sparse.csr_matrix(X.to_numpy())
    model = LinearRegression().fit(plain, Y)
    with pytest.raises(ValueError, match="dense table"):
        audit(LimeExplainer(model, random_state=0).fit(plain), plain)
    two = LinearRegression().fit(X, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match="explains 2 outputs of a row: choose one"):
        audit(LimeExplainer(two, random_state=0).fit(X), X[:3])


def test_categories_written_as_numbers_stay_categories():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(600, 3))
    table[:, 1] = rng.permutation(np.arange(600) % 4)
    # In the middle of its codes, a category has no line to follow.
    model = FunctionRegressor(lambda Z: np.isin(Z[:, 1], [1, 2]) + 0.3 * Z[:, 0])
    sampler = MarginalSampler(n_bins=None, categorical_features=[1])
    found = audit(
        LimeExplainer(model, sampler=sampler, random_state=0).fit(table), table[:40]
    )
    assert set(found.frame()["first"]) == {"x1"}
    assert not found.differs.any()


def test_rows_of_few_real_ones_are_told():
    table = np.random.default_rng(0).normal(size=(300, 3))
    rows = np.concatenate([table[:2], [[25.0] * 3, [90.0] * 3]])
    model = FunctionRegressor(lambda Z: Z[:, 2])
    explainer = LimeExplainer(model, random_state=0).fit(table)
    with pytest.warns(NeighbourhoodWarning) as told:
        found = audit(explainer, rows)
    assert len(told) == 2
    assert "effective sample size of 1 row(s)" in str(told[1].message)
    assert "no draw any weight for 1 row(s)" in str(told[0].message)
    frame = found.frame()
    sizes = frame["effective_sample_size"]
    assert np.array_equal(sizes, found.on_real_rows.effective_sample_sizes)
    assert (sizes[:2] > 50.0).all() and sizes[2] < 3.0 and sizes[3] == 0.0
    # The row without any is told apart, and the others are as they are.
    assert frame["first"].tolist() == ["x2"] * 4
    assert frame["first_on_real_rows"].isna().tolist() == [False, False, False, True]
    assert found.differs.tolist() == [False, False, False, True]
    assert np.isnan(found.overlap[3]) and (found.overlap[:3] == 1.0).all()
    assert repr(found) == "Audit of 4 rows: the first column differs in 1"


def test_groups_of_columns_are_told_before_the_model_is_asked_again():
    explainer = LimeExplainer(
        FOREST, sampler=MarginalSampler(groups={"blood": ["s1", "s2"]}), random_state=0
    ).fit(X)
    with pytest.raises(ValueError, match=r"groups 'blood'.*sampler__groups=None"):
        audit(explainer, X[:3])
    plain = LimeExplainer(FOREST, random_state=0).fit(X)
    with pytest.raises(ValueError, match=r"other features .*'blood'.*leave its groups out"):
        audit(plain, X[:3], sampler=explainer.sampler)
