"""Closed forms of explainable boosting machines, against lists of all combinations."""

import pickle
import warnings
from itertools import product

import numpy as np
import pandas as pd
import pytest
from interpret.glassbox import (
    ExplainableBoostingClassifier,
    ExplainableBoostingRegressor,
)
from interpret.privacy import DPExplainableBoostingRegressor
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler

from sklime import LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from tests.exact.test_readers_of_boosters import (
    BINARY,
    FRAME,
    GAPS,
    PAID,
    SIGNAL,
    THREE,
    X,
    compare,
)

SMALL = {"n_jobs": 1, "outer_bags": 2, "max_rounds": 60, "random_state": 0}


def ebm(kind=ExplainableBoostingRegressor, **params):
    return kind(**{**SMALL, "interactions": 3, **params})


def fitted(model, table, y):
    with warnings.catch_warnings():
        # It warns about gaps, and about classes that it shows no interactions of.
        warnings.simplefilter("ignore")
        return model.fit(table, y)


@pytest.mark.parametrize("table", [X, GAPS], ids=["whole", "gaps"])
@pytest.mark.parametrize("n_pairs", [0, 3])
def test_regressors(table, n_pairs):
    model = fitted(ebm(interactions=n_pairs), table, SIGNAL)
    assert len(model.term_features_) == 4 + n_pairs
    compare(model, table, model.predict)


@pytest.mark.parametrize(
    ("y", "n_pairs"), [(BINARY, 0), (BINARY, 3), (THREE, 0)], ids=["two", "pairs", "three"]
)
def test_margins_of_classifiers(y, n_pairs):
    model = fitted(ebm(ExplainableBoostingClassifier, interactions=n_pairs), GAPS, y)
    compare(model, GAPS, model.decision_function, "decision_function")
    frozen = FrozenEstimator(model)
    compare(frozen, GAPS, model.decision_function, "decision_function")


@pytest.mark.parametrize("table", [X, GAPS], ids=["whole", "gaps"])
def test_probabilities_without_pairs(table):
    model = fitted(ebm(ExplainableBoostingClassifier, interactions=0), table, BINARY)
    compare(model, table, model.predict_proba)


@pytest.mark.parametrize("objective", ["poisson_deviance", "gamma_deviance"])
def test_log_links_without_pairs(objective):
    model = fitted(ebm(objective=objective, interactions=0), GAPS, THREE + 0.5)
    assert model.link_ == "log"
    compare(model, GAPS, model.predict)


def test_probabilities_of_categories_and_unseen_ones():
    model = fitted(ebm(ExplainableBoostingClassifier, interactions=0), FRAME, PAID > 1)
    compare(model, FRAME, model.predict_proba)
    other = FRAME.assign(colour=FRAME["colour"].where(FRAME.index % 3 > 0, "a new one"))
    compare(model, other, model.predict_proba)


@pytest.mark.parametrize("n_pairs", [0, 4])
def test_categories_and_unseen_ones(n_pairs):
    model = fitted(ebm(interactions=n_pairs), FRAME, PAID)
    compare(model, FRAME, model.predict)
    other = FRAME.copy()
    other.loc[::3, "colour"] = "a new one"
    other.loc[1::4, "colour"] = None
    other.loc[1::5, "plan"] = 17
    compare(model, other, model.predict)


@pytest.mark.parametrize("kinds", ["nominal", "continuous"])
def test_numbers_that_are_categories(kinds):
    model = fitted(ebm(feature_types=[kinds, "nominal", kinds, "nominal"]), GAPS, SIGNAL)
    compare(model, GAPS, model.predict)


def test_categories_in_an_order_of_their_own():
    order = ["s", "m", "l"]
    table = FRAME[["size", "level"]].assign(size=FRAME["size"].astype(object))
    model = fitted(ebm(feature_types=[order, "continuous"], interactions=1), table, PAID)
    compare(model, table, model.predict)


def test_a_row_with_an_unseen_category_is_answered_by_the_model():
    model = fitted(ebm(), FRAME, PAID)
    row = FRAME.iloc[[3]].assign(colour="never seen")
    settings = {"sampler": MarginalSampler(n_bins=3), "random_state": 0}
    exact = LimeExplainer(model, method="exact", **settings).fit(FRAME)
    sampled = LimeExplainer(model, method="sampling", n_samples=16_384, **settings)
    close = sampled.fit(FRAME).explain(row, uncertainty=True)
    found = exact.explain(row)
    missed = np.abs(found.values - close.values)
    assert (missed <= 4 * close.standard_errors + 0.01 * np.abs(found.values).max()).all()
    assert found.values[0, 1] != 0


def test_edited_models_are_read_as_they_are():
    model = fitted(ebm(), X, SIGNAL)
    model.scale(0, -2.0)
    model.monotonize(1)
    model.remove_terms([2, 4])
    model.sweep()
    compare(model, X, model.predict)


def test_private_models():
    model = DPExplainableBoostingRegressor(
        **SMALL, privacy_bounds=[(0, 11)] * 4, privacy_target_min=-5, privacy_target_max=5
    )
    fitted(model, X, SIGNAL)
    compare(model, X, model.predict)


@pytest.mark.parametrize(
    "steps",
    [
        lambda: [StandardScaler()],
        # Two features of one column, which may stand in one pair.
        lambda: [FunctionTransformer(lambda X: np.column_stack([X, X[:, 0] ** 2, -X]))],
    ],
    ids=["scaled", "doubled"],
)
def test_steps_in_front(steps):
    pairs = [(0, 1), (1, 2), (0, 3)]
    pipeline = make_pipeline(*steps(), ebm(interactions=pairs))
    if len(pipeline.fit(X, SIGNAL)[-1].feature_names_in_) > 4:
        pipeline = make_pipeline(*steps(), ebm(interactions=[(0, 4), (1, 6), (2, 5)]))
    pipeline = fitted(pipeline, X, SIGNAL)
    compare(pipeline, X, pipeline.predict)


def test_encoded_categories_in_front():
    table = FRAME[["colour", "level", "plan"]]
    pipeline = make_pipeline(
        FunctionTransformer(lambda own: own.assign(colour=own["colour"].str.len())),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        ebm(interactions=[(0, 1), (1, 2)]),
    )
    fitted(pipeline, table, PAID)
    compare(pipeline, table, pipeline.predict)


def test_a_column_that_does_not_vary_in_the_explained_table():
    model = fitted(ebm(interactions=[(0, 3), (1, 3)]), X, SIGNAL)
    compare(model, X[X[:, 3] == 1], model.predict)
    piped = make_pipeline(FunctionTransformer(lambda X: X * [1, 1, 1, 0] + [0, 0, 0, 1]))
    piped = make_pipeline(*[step for _, step in piped.steps], FrozenEstimator(model)).fit(X)
    compare(piped, X, piped.predict)


@pytest.mark.parametrize("n_pairs", [0, 5])
@pytest.mark.parametrize("load", [load_diabetes, load_breast_cancer])
def test_many_draws_of_real_tables_approach_the_limit(load, n_pairs):
    table, y = load(return_X_y=True)
    table = table[:, :10]
    kind = {load_diabetes: ExplainableBoostingRegressor}.get(
        load, ExplainableBoostingClassifier
    )
    model = fitted(ebm(kind, interactions=n_pairs), table, y)
    method = "auto" if load is load_diabetes else "decision_function"
    limit = LimeExplainer(model, method="exact", response_method=method).fit(table)
    drawn = LimeExplainer(model, method="sampling", response_method=method, n_samples=2**14)
    runs = np.array(
        [
            clone(drawn).set_params(random_state=seed).fit(table).transform(table[:40])
            for seed in range(6)
        ]
    )
    error = runs.std(axis=0, ddof=1) / np.sqrt(len(runs))
    found = limit.transform(table[:40])
    # Six standard errors on five degrees of freedom, and the penalty of one draw.
    allowed = 6 * error + 1e-3 * np.abs(found).max()
    assert (np.abs(runs.mean(axis=0) - found) <= allowed).all()


def test_pickled_explainers_answer_alike():
    model = fitted(ebm(), FRAME, PAID)
    explainer = LimeExplainer(model, method="exact").fit(FRAME)
    again = pickle.loads(pickle.dumps(explainer))
    np.testing.assert_array_equal(again.transform(FRAME), explainer.transform(FRAME))


def test_reading_leaves_the_model_as_it_was():
    model = fitted(ebm(), X, SIGNAL)
    before = [scores.copy() for scores in model.term_scores_]
    answers = model.predict(X)
    LimeExplainer(model, method="exact").fit(X).transform(X)
    np.testing.assert_array_equal(model.predict(X), answers)
    for one, other in zip(model.term_scores_, before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("model", "y", "reason"),
    [
        (ebm(ExplainableBoostingClassifier), THREE, 'response_method="decision_function"'),
        (ebm(ExplainableBoostingClassifier), BINARY, "decision_function"),
        (ebm(objective="poisson_deviance"), THREE, "exponentials of terms of pairs"),
        (ebm(interactions=[(0, 1, 2)]), SIGNAL, "three columns"),
    ],
    ids=["three classes", "probabilities", "counts", "threes"],
)
def test_what_has_no_closed_form_is_sampled(model, y, reason):
    model = fitted(clone(model), X, y)
    assert LimeExplainer(model, n_samples=64).fit(X).method_ == "sampling"
    with pytest.raises(ValueError, match=reason):
        LimeExplainer(model, method="exact").fit(X)


def test_a_subclass_may_answer_otherwise():
    class Halved(ExplainableBoostingRegressor):
        def predict(self, X):
            return super().predict(X) / 2

    model = fitted(ebm(Halved), X, SIGNAL)
    assert LimeExplainer(model, n_samples=64).fit(X).method_ == "sampling"


@pytest.mark.parametrize("n_pairs", [0, 2])
def test_normal_draws_bend_at_bins_and_are_sampled(n_pairs):
    model = fitted(ebm(interactions=n_pairs), X, SIGNAL)
    explainer = LimeExplainer(model, sampler=GaussianSampler(), n_samples=64)
    assert explainer.fit(X).method_ == "sampling"


def test_pair_tables_of_many_categories_are_sampled():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{j}": rng.integers(0, 3000, 9000).astype(str) for j in "ab"})
    model = fitted(
        ebm(interactions=[(0, 1)], max_rounds=2), frame, frame["ca"].str.len() * 1.0
    )
    with pytest.raises(ValueError, match="more than fit into memory"):
        LimeExplainer(model, method="exact").fit(frame)


def test_interactions_are_second_contrasts():
    model = fitted(ebm(interactions=[(0, 1), (0, 2), (1, 3)]), GAPS, SIGNAL)
    explainer = LimeExplainer(
        model,
        sampler=MarginalSampler(n_bins=3),
        kernel=ExponentialKernel(width=1.0),
        method="exact",
    ).fit(GAPS)
    explanation = explainer.explain(GAPS[:8], interactions=True)
    np.testing.assert_array_equal(explanation.values, explainer.transform(GAPS[:8]))
    columns = explainer.sampler_.columns_
    rows = np.array(list(product(*(own.values for own in columns))))
    masses = np.prod(list(product(*(own.masses for own in columns))), axis=1)
    f = model.predict(rows)
    for i, found in enumerate(explanation.interactions):
        Z = explainer.sampler_.interpret(rows, GAPS[i : i + 1])
        weight = masses * np.exp((Z.sum(axis=1) - Z.shape[1]) / 2)
        for pair, one in zip(explanation.interaction_pairs, found, strict=True):
            a, b = (explanation.feature_names.tolist().index(name) for name in pair)
            total = 0.0
            for sign, z_a, z_b in [(1, 1, 1), (-1, 1, 0), (-1, 0, 1), (1, 0, 0)]:
                own = (Z[:, a] == z_a) & (Z[:, b] == z_b)
                total += sign * np.average(f[own], weights=weight[own])
            assert abs(one - total) <= 1e-10 * np.ptp(f)


def test_pairs_without_a_term_do_not_interact():
    model = fitted(ebm(interactions=[(0, 1)]), X, SIGNAL)
    explanation = LimeExplainer(model).fit(X).explain(X[:5], interactions=True)
    first = set(explanation.feature_names[:2])
    there = [set(pair) == first for pair in explanation.interaction_pairs]
    assert sum(there) == 1
    assert (explanation.interactions[:, np.logical_not(there)] == 0).all()
    assert (explanation.interactions[:, there] != 0).any()
    model = fitted(ebm(interactions=0), X, SIGNAL)
    explanation = LimeExplainer(model).fit(X).explain(X[:5], interactions=True)
    assert (explanation.interactions == 0).all()
