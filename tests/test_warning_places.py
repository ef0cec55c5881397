"""Warnings point at the line of user code that led to them, whatever the way there."""

import warnings

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import Lasso
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.tree import DecisionTreeRegressor

from sklime import LimeExplainer
from sklime.exceptions import NeighbourhoodWarning, SelectionWarning, UnknownValueWarning
from sklime.pick import SubmodularPick
from sklime.samplers import GaussianSampler, MarginalSampler

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2]
# A column without any value makes `fit` warn, a narrow kernel everything else.
GAPS = np.column_stack([X, np.full(60, np.nan)])
# More precision than the draws allow.
GREEDY = {"method": "sampling", "n_samples": 64, "tol": 1e-3, "max_samples": 128}
MODEL = DecisionTreeRegressor(random_state=0).fit(X, Y)
TREE = DecisionTreeRegressor(max_depth=4, random_state=0).fit(GAPS, Y)


def told(call, *args):
    """The warnings of a call, after a check that each is at the line of the call."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call(*args)
    # One-line functions: their first line is the line that calls.
    line = call.__code__.co_firstlineno
    assert {(w.filename, w.lineno) for w in found} == {(__file__, line)}
    return {w.category for w in found}


def doubtful(**params):
    """An explainer of few draws with a narrow kernel."""
    params = {"n_samples": 64, "weighting": "kernel", "method": "sampling"} | params
    return LimeExplainer(TREE, random_state=0, **params).set_params(kernel__width=0.05)


def in_pipeline(explainer):
    return Pipeline([("same", "passthrough"), ("explain", explainer)])


def in_search(explainer):
    return GridSearchCV(explainer, {"kernel__width": [0.05, 0.06]}, cv=2)


WAYS = {
    "direct": lambda explainer: explainer,
    "set_output": lambda explainer: explainer.set_output(transform="pandas"),
    "pipeline": in_pipeline,
    "pipeline, set_output": lambda e: in_pipeline(e).set_output(transform="pandas"),
    "pipeline in a pipeline": lambda explainer: in_pipeline(in_pipeline(explainer)),
    "union": lambda explainer: FeatureUnion([("explain", explainer)]),
    "columns": lambda explainer: ColumnTransformer([("explain", explainer, slice(0, 4))]),
    "search": in_search,
    "search in a pipeline": lambda explainer: in_pipeline(in_search(explainer)),
    "search over a pipeline": lambda explainer: GridSearchCV(
        in_pipeline(explainer), {"explain__kernel__width": [0.05, 0.06]}, cv=2
    ),
}
CALLS = {
    "fit": lambda e, X: e.fit(X),
    "fit_transform": lambda e, X: e.fit_transform(X),
    "transform": lambda e, X: e.transform(X),
    "explain": lambda e, X: e.explain(X),
    "score": lambda e, X: e.score(X),
}
COMBINATIONS = [
    (way, name) for way in WAYS for name in CALLS if hasattr(WAYS[way](doubtful()), name)
]


def quietly_fitted(own):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return own.fit(GAPS)


def test_every_entry_point_is_reached():
    assert [name for way, name in COMBINATIONS if way == "direct"] == list(CALLS)
    assert [n for way, n in COMBINATIONS if way == "search"] == [
        "fit",
        "transform",
        "score",
    ]


@pytest.mark.parametrize(("way", "name"), COMBINATIONS)
def test_warnings_are_at_the_line_of_the_caller(way, name):
    own = WAYS[way](doubtful())
    if not name.startswith("fit"):
        quietly_fitted(own)
    found = told(CALLS[name], own, GAPS)
    assert found <= {NeighbourhoodWarning, UnknownValueWarning}
    assert UnknownValueWarning in found if name == "fit" else NeighbourhoodWarning in found


@pytest.mark.parametrize("way", ["direct", "set_output", "pipeline"])
@pytest.mark.parametrize("name", ["transform", "fit_transform", "explain", "score"])
def test_threads_and_blocks_do_not_move_the_line(way, name):
    own = WAYS[way](doubtful(n_jobs=2))
    if not hasattr(own, name):
        own = own[-1]
    quietly_fitted(own)
    with config_context(working_memory=0.01):
        assert NeighbourhoodWarning in told(CALLS[name], own, GAPS)


@pytest.mark.parametrize("name", ["transform", "explain", "score"])
def test_draws_that_grow_warn_there_too(name):
    sampler = GaussianSampler("instance")
    own = LimeExplainer(MODEL, sampler=sampler, random_state=0, **GREEDY).fit(X)
    assert told(CALLS[name], own, X) == {ConvergenceWarning}


def test_every_warning_of_fit_is_at_its_line():
    weights = np.ones(60)
    unweighted = LimeExplainer(KNeighborsRegressor())
    assert told(lambda: unweighted.fit(X, Y, sample_weight=weights)) == {UserWarning}
    pool = LimeExplainer(MODEL, random_state=0, **GREEDY)
    assert told(lambda: pool.fit(X)) == {ConvergenceWarning}


def test_empty_selections_and_unknown_values_warn_at_the_line():
    known = np.array([[0, 0.1], [1, 0.2], [0, 0.3], [1, 0.4]] * 5)
    model = DecisionTreeRegressor(random_state=0).fit(known, known[:, 1])
    ignoring = MarginalSampler(categorical_features=[0], handle_unknown="ignore")
    own = LimeExplainer(model, sampler=ignoring, method="sampling").fit(known)
    assert UnknownValueWarning in told(lambda: own.transform([[7, 0.1]]))
    none = clone(own).set_params(selector=SelectFromModel(Lasso(alpha=1e6))).fit(known)
    assert told(lambda: none.explain(known[:3])) == {SelectionWarning}


def test_samplers_and_picks_warn_at_the_line_of_their_own_fit():
    assert told(lambda: MarginalSampler().fit(GAPS)) == {UnknownValueWarning}
    named = Pipeline([("sampler", MarginalSampler())])
    assert told(lambda: named.fit(GAPS)) == {UnknownValueWarning}
    assert told(lambda: SubmodularPick(2).fit(np.zeros((5, 3)))) == {UserWarning}


def test_cross_validation_warns_at_its_line():
    own = doubtful()
    assert told(lambda: cross_validate(own, GAPS, cv=2)) >= {UnknownValueWarning}


def test_filters_by_module_see_the_module_of_the_caller():
    own = quietly_fitted(doubtful())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="sk")
        warnings.filterwarnings("error", module=__name__)
        for call in (own.transform, own.explain, own.score):
            with pytest.raises(NeighbourhoodWarning):
                call(GAPS[:5])
