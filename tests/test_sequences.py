"""Sequences through the explainer: values, layouts, fills, components and bad input."""

import pickle
from itertools import product

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklime import FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.explanation import Explanation
from sklime.kernels import ExponentialKernel
from sklime.samplers import SequenceSampler
from sklime.selectors import ForwardSelection

T, F = 8, 2
X = np.random.default_rng(0).normal(size=(60, T, F)).cumsum(axis=1)
Y = (X[:, -1, 0] > X[:, 2, 1]).astype(int)


class Recurrent:
    """An echo state that forgets, read out at its end: interactions of all steps."""

    classes_ = np.array(["down", "up"])

    def __init__(self):
        self.shapes = []

    def predict_proba(self, series):
        self.shapes.append(series.shape)
        state = np.zeros((len(series), 3))
        into = np.array([[0.5, -0.3, 0.2], [0.1, 0.4, -0.6]])
        for t in range(series.shape[1]):
            state = np.tanh(0.7 * state[:, [2, 0, 1]] + series[:, t] @ into)
        up = 1 / (1 + np.exp(-state @ [1.0, -2.0, 1.5]))
        return np.column_stack([1 - up, up])


def up(series):
    return Recurrent().predict_proba(series)[:, 1]


def explainer(model=None, n_samples=512, random_state=0, fitted_on=X, **params):
    own = {"sampler": SequenceSampler(), **params}
    model = Recurrent() if model is None else model
    lime = LimeExplainer(model, n_samples=n_samples, random_state=random_state, **own)
    return lime.fit(fitted_on)


def limit(masked, d, answers, width=0.25):
    """LIME's surrogate from all masks of d units: intercept, then coefficients."""
    Z = np.array(list(product([True, False], repeat=d)))
    y = answers(np.array([masked(z) for z in Z]))
    weights = np.exp(-((1 - np.sqrt(Z.mean(axis=1))) ** 2) / (2 * width**2))
    root = np.sqrt(weights)[:, np.newaxis]
    A = np.column_stack([np.ones(len(Z)), Z])
    return np.linalg.lstsq(A * root, y * root[:, 0], rcond=None)[0]


def units_of(unit):
    """The unit of each cell, straight from the words."""
    steps, features = np.indices((T, F))
    return {
        "step": steps,
        "segment": steps * 4 // T,
        "feature": features,
    }[unit]


# ------------------------------------------------------------------------------- values


@pytest.mark.parametrize("unit", ["step", "segment", "feature"])
def test_few_units_are_explained_by_all_their_masks(unit):
    sampler = SequenceSampler(unit=unit, n_segments=4)
    e = explainer(sampler=sampler).explain(X[:3])
    units, mean = units_of(unit), X.mean(axis=0)
    d = units.max() + 1
    for i in range(3):

        def masked(z, i=i):
            return np.where(z[units], X[i], mean)

        expected = limit(masked, d, up)
        # Both solve normal equations of condition number below 1e3.
        np.testing.assert_allclose(e.values[i], expected[1:], rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(e.intercepts[i], expected[0], rtol=1e-8)


def test_interpolated_segments_are_explained_by_all_their_masks():
    sampler = SequenceSampler(unit="segment", n_segments=4, fill="interpolate")
    e = explainer(sampler=sampler).explain(X[:1])
    steps, units = np.arange(T), units_of("segment")[:, 0]

    def masked(z):
        kept = steps[z[units]]
        if not len(kept):
            return X.mean(axis=0)
        lines = [np.interp(steps, kept, X[0, kept, f]) for f in range(F)]
        return np.column_stack(lines)

    expected = limit(masked, 4, up)
    np.testing.assert_allclose(e.values[0], expected[1:], rtol=1e-8, atol=1e-12)


def test_draws_estimate_the_limit_of_all_masks():
    # 16 cells: 65,536 masks, of which 512 are drawn.
    sampler, mean = SequenceSampler(unit="cell"), X.mean(axis=0)

    def masked(z):
        return np.where(z.reshape(T, F), X[0], mean)

    expected = limit(masked, T * F, up)[1:]
    seeds = [explainer(sampler=sampler, random_state=s).explain(X[:1]) for s in range(20)]
    found = np.array([e.values[0] for e in seeds])
    error = found.std(axis=0, ddof=1) / np.sqrt(20)
    # Four standard errors; the penalty of one draw of 512 against variances of 1/4.
    tolerance = 4 * error + 4 / 512 * np.abs(expected).max()
    assert (np.abs(found.mean(axis=0) - expected) < tolerance).all()


def test_linear_cells_add_up_to_the_change_of_their_unit():
    coef = np.random.default_rng(1).normal(size=(T, F))

    def predict(series):
        return (series * coef).sum(axis=(1, 2))

    sampler = SequenceSampler(unit="segment", n_segments=4, fill="background")
    lime = explainer(FunctionRegressor(predict), sampler=sampler)
    e = lime.explain(X[:5])
    change = (X[:5] - lime.sampler_.background_) * coef
    expected = change.reshape(5, 4, -1).sum(axis=2)
    np.testing.assert_allclose(e.values, expected, rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------------ layout and labels


@pytest.mark.parametrize("unit", ["step", "segment", "feature", "cell"])
@pytest.mark.parametrize("target", ["auto", "all"])
def test_cells_have_the_coefficient_of_their_unit_step_by_step(unit, target):
    sampler = SequenceSampler(unit=unit, n_segments=4, feature_names=["price", "volume"])
    lime = explainer(sampler=sampler, target=target)
    maps, e = lime.transform(X[:3]), lime.explain(X[:3])
    values = e.values if target == "all" else e.values[:, np.newaxis]
    expected = np.stack(
        [own[:, labels] for own, labels in zip(values, e.unit_spans, strict=True)]
    )
    np.testing.assert_array_equal(maps.reshape(expected.shape), expected)
    names = lime.get_feature_names_out()
    assert len(names) == maps.shape[1]
    first = [name.replace("down__", "") for name in names[:3]]
    assert first == ["price_t-7", "volume_t-7", "price_t-6"]


def test_the_model_gets_the_shape_it_was_trained_on():
    model = Recurrent()
    lime = explainer(model)
    lime.explain(X[:2])
    lime.score(X[:2])
    assert {shape[1:] for shape in model.shapes} == {(T, F)}


def test_series_of_one_feature_have_no_axis_for_it():
    flat = X[:, :, 0]
    model = LogisticRegression().fit(flat, Y)
    e = explainer(model, fitted_on=flat).explain(flat[:2])
    deep = FunctionClassifier(lambda s: model.predict_proba(s[..., 0]), classes=[0, 1])
    same = explainer(deep, fitted_on=flat[..., np.newaxis]).explain(flat[:2, :, np.newaxis])
    np.testing.assert_allclose(e.values, same.values, rtol=1e-12)
    assert list(e.unit_names[0]) == [f"t-{k}" for k in range(T - 1, -1, -1)]


def test_explanations_of_sequences_go_everywhere():
    shap = pytest.importorskip("shap")
    sampler = SequenceSampler(unit="segment", n_segments=4)
    e = explainer(sampler=sampler, target="all").explain(X[:3], uncertainty=True)
    again = Explanation.from_json(e.to_json())
    assert again.kind == "sequence"
    np.testing.assert_array_equal(again.values, e.values)
    np.testing.assert_allclose(again.data, X[:3])
    np.testing.assert_array_equal(again.unit_spans[0], e.unit_spans[0])
    assert list(e.unit_names[0]) == ["t-7..t-6", "t-5..t-4", "t-3..t-2", "t-1..t-0"]
    assert len(e.to_frame()) == 3 * 2 * 4
    assert pickle.loads(pickle.dumps(e)) == e
    part = e[1:, ["t-1..t-0"], "up"]
    np.testing.assert_array_equal(part.values, e.values[1:, 1, 3:])
    assert isinstance(e[:, :, "up"].to_shap(), shap.Explanation)


def test_pandas_output_names_the_cells():
    lime = explainer().set_output(transform="pandas")
    frame = lime.transform(X[:2])
    assert list(frame.columns[-2:]) == ["x0_t-0", "x1_t-0"]


# ------------------------------------------------------------------------- fills


@pytest.mark.parametrize("fill", ["mean", "noise", "interpolate", "background", 0.0])
@pytest.mark.parametrize("unit", ["step", "segment"])
def test_fills_are_repeatable_and_independent_of_the_batch(fill, unit):
    sampler = SequenceSampler(unit=unit, fill=fill, n_segments=3)
    lime = explainer(sampler=sampler, n_samples=64)
    whole = lime.transform(X[:6])
    np.testing.assert_array_equal(lime.transform(X[:6][::-1]), whole[::-1])
    again = explainer(sampler=sampler, n_samples=64).transform(X[2:3])
    np.testing.assert_allclose(again, whole[2:3], rtol=0, atol=1e-12)
    parallel = explainer(sampler=sampler, n_samples=64, n_jobs=2).transform(X[:6])
    np.testing.assert_array_equal(parallel, whole)


def test_missing_values_stay_where_they_are_kept():
    gaps = X.copy()
    gaps[::3, 2, 1] = np.nan

    def predict(series):
        return np.isnan(series[:, 2, 1]).astype(float)

    e = explainer(FunctionRegressor(predict), fitted_on=gaps).explain(gaps[:2])
    # Row 0 has the gap, row 1 has none.
    expected = np.zeros((2, T))
    expected[0, 2] = 1
    np.testing.assert_allclose(e.values, expected, atol=1e-12)
    again = Explanation.from_json(e.to_json())
    np.testing.assert_array_equal(np.isnan(again.data), np.isnan(gaps[:2]))


# ------------------------------------------------------------------------------ components


def test_selection_keeps_two_steps():
    e = explainer(selector=ForwardSelection(k=2)).explain(X[:5])
    assert ((e.values != 0).sum(axis=1) == 2).all()


def test_targets_agree():
    every = explainer(target="all").explain(X[:4])
    np.testing.assert_allclose(every.values.sum(axis=1), 0, atol=1e-12)
    one = explainer().explain(X[:4])
    np.testing.assert_allclose(one.values, every.values[:, 1], rtol=0, atol=1e-14)
    own = explainer(target="predicted").explain(X[:4])
    assert list(own.target_names) == [
        Recurrent.classes_[k] for k in Recurrent().predict_proba(X[:4]).argmax(axis=1)
    ]


def test_intervals_hold_the_limit():
    forest = RandomForestClassifier(20, random_state=0).fit(X.reshape(60, -1), Y)

    def predict(series):
        return forest.predict_proba(series.reshape(len(series), -1))[:, 1]

    mean = X.mean(axis=0)
    sampler = SequenceSampler(unit="segment", n_segments=T)
    model = FunctionRegressor(predict)
    expected = limit(lambda z: np.where(z[:, np.newaxis], X[0], mean), T, predict)[1:]
    held = []
    for seed in range(60):
        lime = explainer(model, sampler=sampler, n_samples=128, random_state=seed)
        e = lime.explain(X[:1], uncertainty=True)
        assert np.isfinite(e.standard_errors).all()
        lower, upper = e.confidence_intervals()
        held.append((lower[0] <= expected) & (expected <= upper[0]))
    # 480 intervals, half of all masks in each: drawn without repetition, they hold more
    # often than independent draws would.
    assert np.mean(held) > 0.92


def test_score_and_grid_search():
    sampler = SequenceSampler(unit="segment")
    lime = LimeExplainer(Recurrent(), sampler=sampler, n_samples=512, random_state=0)
    grid = {"kernel__width": [0.2, 1.0], "sampler__n_segments": [2, 8]}
    search = GridSearchCV(lime, grid, cv=2).fit(X[:8])
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all() and scores.max() <= 1
    # Eight stretches follow the model more closely than two whose interaction is lost.
    assert search.best_params_["kernel__width"] in (0.2, 1.0)
    linear = FunctionRegressor(lambda series: series[:, -1, 0] - series[:, 0, 1])
    assert explainer(linear).score(X[:4]) == pytest.approx(1, abs=1e-9)


def test_attributions_are_clustered_in_a_pipeline():
    lime = LimeExplainer(Recurrent(), sampler=SequenceSampler(), random_state=0)
    steps = make_pipeline(lime, KMeans(2, n_init=1, random_state=0))
    assert set(steps.fit_predict(X[:12])) == {0, 1}


def test_clones_and_pickles_explain_alike():
    model = FunctionRegressor(up)
    lime = explainer(model)
    expected = lime.transform(X[:3])
    revived = pickle.loads(pickle.dumps(lime))
    np.testing.assert_array_equal(revived.transform(X[:3]), expected)
    np.testing.assert_array_equal(clone(lime).fit(X).transform(X[:3]), expected)


def test_kernel_widths_matter():
    wide, narrow = (
        explainer(kernel=ExponentialKernel(width=w)).explain(X[:1]).values
        for w in (1.0, 0.1)
    )
    assert np.abs(wide - narrow).max() > 1e-3 * np.abs(wide).max()


# ------------------------------------------------------------------- containers, bad input


def test_frames_and_lists_of_series_are_taken():
    flat = X[:, :, 0]
    model = FunctionRegressor(lambda series: np.asarray(series)[:, -1] * 2.0)
    expected = explainer(model, fitted_on=flat).transform(flat[:2])
    for container in (list, pd.DataFrame, lambda a: pl.DataFrame(a, orient="row")):
        lime = explainer(model, fitted_on=container(flat))
        np.testing.assert_allclose(
            lime.transform(container(flat[:2])), expected, atol=1e-12
        )


def test_an_unfitted_model_is_fitted_on_the_series():
    flat = X[:, :, 0]
    lime = LimeExplainer(Ridge(), sampler=SequenceSampler(), random_state=0)
    found = lime.fit(flat, Y).transform(flat[:2])
    expected = (flat[:2] - flat.mean(axis=0)) * Ridge().fit(flat, Y).coef_
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("unit", ["step", "segment", "feature", "cell"])
def test_series_of_length_one_are_explained(unit):
    single = X[:, :1, :1]
    model = FunctionRegressor(lambda series: 3.0 * series[:, 0, 0])
    sampler = SequenceSampler(unit=unit)
    e = explainer(model, sampler=sampler, fitted_on=single).explain(single[:3])
    expected = 3 * (single[:3, :, 0] - single.mean())
    np.testing.assert_allclose(e.values, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([X[0], X[1, :5]], "different shapes"),
        (X[:2, :5], "those of the fit"),
        (X[0], "newaxis"),
        (X[:0], "at least one"),
        (np.where(X[:2] > 0, np.inf, X[:2]), "infinite"),
    ],
)
def test_what_is_no_set_of_series_is_refused(bad, message):
    lime = explainer(n_samples=8)
    for method in (lime.transform, lime.explain, lime.score):
        with pytest.raises(ValueError, match=message):
            method(bad)


# ------------------------------------------------------------------------------------ torch


@pytest.mark.torch
def test_a_recurrent_torch_network_is_explained():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    recurrent = torch.nn.GRU(F, 4, batch_first=True).double()
    readout = torch.nn.Linear(4, 1).double()

    def predict(series):
        with torch.no_grad():
            states, _ = recurrent(torch.as_tensor(series))
            return readout(states[:, -1])[:, 0].numpy()

    e = explainer(FunctionRegressor(predict)).explain(X[:1])
    mean = X.mean(axis=0)
    expected = limit(lambda z: np.where(z[:, np.newaxis], X[0], mean), T, predict)
    np.testing.assert_allclose(e.values[0], expected[1:], rtol=1e-7, atol=1e-12)
    # What was long ago is mostly forgotten.
    assert np.abs(e.values[0, -3:]).max() > np.abs(e.values[0, :3]).max()
