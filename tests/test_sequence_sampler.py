from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lime.lime_tabular import RecurrentTabularExplainer
from sklearn.base import clone

from sklime.samplers import SequenceSampler

UNITS = ["step", "segment", "feature", "cell"]
FILLS = ["mean", "noise", "interpolate", "background"]
RNG = np.random.default_rng(0)
PLAIN = RNG.normal(size=(30, 12)).cumsum(axis=1)
CUBE = RNG.normal(size=(30, 6, 3))


def row_of(X, i=0, **parameters):
    return SequenceSampler(**parameters).fit(X).rows(X)[i]


def all_masks(n_units):
    return np.array(np.meshgrid(*[[False, True]] * n_units)).reshape(n_units, -1).T


def by_numpy_interp(series, kept, fallback):
    """A series of one feature with its other steps on lines between the kept ones."""
    steps = np.arange(len(series))
    known = kept & ~np.isnan(series)
    if not known.any():
        return np.where(kept, series, fallback)
    lines = np.interp(steps, steps[known], series[known])
    return np.where(kept, series, lines)


# ------------------------------------------------------------------------------- units


def test_a_step_is_all_features_at_one_time():
    row = row_of(CUBE)
    assert list(row.names) == [f"t-{k}" for k in (5, 4, 3, 2, 1, 0)]
    np.testing.assert_array_equal(row.spans, np.repeat(np.arange(6)[:, None], 3, axis=1))


def test_a_feature_is_one_channel_at_all_times():
    row = row_of(CUBE, unit="feature", feature_names=["a", "b", "c"])
    assert list(row.names) == ["a", "b", "c"]
    np.testing.assert_array_equal(row.spans, np.tile(np.arange(3), (6, 1)))


def test_a_cell_is_one_feature_at_one_time():
    row = row_of(CUBE, unit="cell")
    assert list(row.names[:4]) == ["x0_t-5", "x1_t-5", "x2_t-5", "x0_t-4"]
    np.testing.assert_array_equal(row.spans, np.arange(18).reshape(6, 3))


@pytest.mark.parametrize("n_segments", [1, 2, 5, 12, 40])
def test_segments_are_stretches_of_equal_length_up_to_one_step(n_segments):
    row = row_of(PLAIN, unit="segment", n_segments=n_segments)
    lengths = np.bincount(row.spans[:, 0])
    assert row.n_units == min(n_segments, 12)
    assert lengths.max() - lengths.min() <= 1
    assert (np.diff(row.spans[:, 0]) >= 0).all()


def test_segments_are_named_by_their_first_and_last_step():
    names = row_of(PLAIN, unit="segment", n_segments=3).names
    assert list(names) == ["t-11..t-8", "t-7..t-4", "t-3..t-0"]
    assert list(row_of(PLAIN[:, :2], unit="segment").names) == ["t-1", "t-0"]


def test_columns_are_those_of_lime_step_by_step():
    names = ["speed", "height", "load"]
    explainer = RecurrentTabularExplainer(
        CUBE, mode="regression", feature_names=names, discretize_continuous=False
    )
    found = SequenceSampler(feature_names=names).fit(CUBE).get_feature_names_out()
    # lime lists them feature by feature.
    lime = np.array(explainer.feature_names).reshape(3, 6).T.ravel()
    assert found.tolist() == lime.tolist()


# ------------------------------------------------------------------------- composition


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("X", [PLAIN[:, :5], CUBE[:, :3], CUBE[:, :4, :1]])
@pytest.mark.parametrize("fill", ["mean", "noise", "background"])
def test_cells_of_kept_units_stay_and_the_others_are_replaced(unit, X, fill):
    sampler = SequenceSampler(unit=unit, n_segments=2, fill=fill).fit(X)
    row = sampler.rows(X)[4]
    masks = RNG.random((50, row.n_units)) < 0.5
    kept = masks[:, row.spans].reshape(50, *X.shape[1:])
    expected = np.where(kept, X[4], sampler.background_.reshape(X.shape[1:]))
    np.testing.assert_array_equal(row.compose(masks), expected)


@settings(max_examples=80, deadline=None)
@given(
    T=st.integers(1, 8),
    F=st.sampled_from([None, 1, 3]),
    dtype=st.sampled_from("u1 i4 i8 f2 f4 f8".split()),
    unit=st.sampled_from(UNITS),
    fill=st.sampled_from(FILLS),
    seed=st.integers(0, 2**16),
)
def test_the_model_gets_the_shape_and_dtype_of_the_training_series(
    T, F, dtype, unit, fill, seed
):
    if unit == "feature" and fill == "interpolate":
        fill = "mean"
    shape = (5, T) if F is None else (5, T, F)
    X = (200 * np.random.default_rng(seed).random(shape)).astype(dtype)
    sampler = SequenceSampler(unit=unit, fill=fill, n_segments=3).fit(X)
    for i, around in enumerate(sampler.sample(X, n_samples=16, random_state=0)):
        assert around.inputs.dtype == X.dtype
        assert around.inputs.shape == (len(around.design), *X.shape[1:])
        row = sampler.rows(X)[i]
        kept = around.design.astype(bool)[:, row.spans].reshape(around.inputs.shape)
        own = np.broadcast_to(X[i], kept.shape)
        np.testing.assert_array_equal(around.inputs[kept], own[kept])
        whole = row.compose(np.ones((1, row.n_units), bool))
        np.testing.assert_array_equal(whole[0], X[i])


@pytest.mark.parametrize("missing", [False, True])
def test_interpolated_steps_lie_on_lines_between_the_kept_ones(missing):
    X = PLAIN[:, :7].copy()
    if missing:
        X[0, [2, 3]] = np.nan
    sampler = SequenceSampler(fill="interpolate").fit(X)
    [row] = sampler.rows(X[:1])
    masks = all_masks(7)
    mean = np.nanmean(X, axis=0)
    expected = [by_numpy_interp(X[0], mask, mean) for mask in masks]
    # A line's value in another order of operations.
    np.testing.assert_allclose(row.compose(masks), expected, rtol=1e-12, atol=1e-12)


def test_each_feature_is_interpolated_over_its_own_kept_cells():
    sampler = SequenceSampler(unit="cell", fill="interpolate").fit(CUBE)
    [row] = sampler.rows(CUBE[:1])
    masks = RNG.random((100, 18)) < 0.4
    kept, mean = masks.reshape(100, 6, 3), CUBE.mean(axis=0)
    composed = row.compose(masks)
    for f in range(3):
        expected = [by_numpy_interp(CUBE[0, :, f], k[:, f], mean[:, f]) for k in kept]
        np.testing.assert_allclose(composed[:, :, f], expected, rtol=1e-12, atol=1e-12)


def test_interpolated_stretches_of_counts_stay_whole_numbers():
    X = np.array([[0, 9, 9, 5], [8, 1, 1, 3]])
    row = row_of(X, fill="interpolate")
    composed = row.compose(np.array([[True, False, False, True]]))
    assert composed.dtype == X.dtype
    np.testing.assert_array_equal(composed, [[0, 2, 3, 5]])


# ------------------------------------------------------------------------------- fills


def test_means_are_those_of_each_cell():
    np.testing.assert_allclose(
        SequenceSampler().fit(CUBE).background_, CUBE.mean(axis=0), rtol=1e-12
    )


def test_missing_values_are_left_out_of_the_means_and_stay_where_they_are_kept():
    X = CUBE.copy()
    X[:10, 2, 1] = np.nan
    X[:, 0, 0] = np.nan  # never observed
    sampler = SequenceSampler().fit(X)
    expected = np.array([[_mean(X[:, t, f]) for f in range(3)] for t in range(6)])
    np.testing.assert_allclose(sampler.background_, expected, rtol=1e-12)
    [row] = sampler.rows(X[:1])
    shown, hidden = row.compose(np.array([[True] * 6, [False] * 6]))
    np.testing.assert_array_equal(shown, X[0])
    assert np.isfinite(hidden[2, 1])
    assert np.isnan(hidden[0, 0])


def _mean(values):
    observed = values[~np.isnan(values)]
    return observed.mean() if len(observed) else np.nan


def test_weights_count_as_so_many_equal_series():
    weights = np.arange(30) % 4
    repeated = np.repeat(CUBE, weights, axis=0)
    np.testing.assert_allclose(
        SequenceSampler().fit(CUBE, sample_weight=weights).background_,
        SequenceSampler().fit(repeated).background_,
        rtol=1e-9,
        atol=1e-12,
    )


def test_noise_has_the_training_mean_and_standard_deviation():
    X = RNG.normal([[5.0, -2.0]], [[3.0, 0.5]], size=(400, 500, 2))
    noise = SequenceSampler(fill="noise").fit(X).background_
    # Five standard errors: of a mean of 500 draws, and of their standard deviation.
    error = 5.0 * np.array([3.0, 0.5]) / np.sqrt(500)
    assert (abs(noise.mean(axis=0) - [5.0, -2.0]) < error).all()
    assert (abs(noise.std(axis=0) - [3.0, 0.5]) < error / np.sqrt(2)).all()


def test_noise_stays_within_the_range_of_its_dtype():
    X = RNG.choice([0, 255], size=(20, 50)).astype(np.uint8)
    hidden = row_of(X, fill="noise").compose(np.zeros((1, 50), bool))
    background = SequenceSampler(fill="noise").fit(X).background_
    assert (background < 0).any()
    assert (hidden[0][background[:, 0] < 0] == 0).all()
    assert (hidden[0][background[:, 0] > 255] == 255).all()


def test_a_background_is_one_of_the_training_series():
    chosen = [
        SequenceSampler(fill="background", random_state=s).fit(CUBE).background_
        for s in range(20)
    ]
    indices = {
        int(np.flatnonzero((background == CUBE).all(axis=(1, 2)))[0])
        for background in chosen
    }
    assert len(indices) > 5
    weights = np.zeros(30)
    weights[7] = 1.0
    only = SequenceSampler(fill="background").fit(CUBE, sample_weight=weights)
    np.testing.assert_array_equal(only.background_, CUBE[7])


@pytest.mark.parametrize("fill", ["noise", "background"])
def test_equal_seeds_give_equal_fills_and_others_do_not(fill):
    first, again, other = (
        SequenceSampler(fill=fill, random_state=s).fit(CUBE).background_ for s in (1, 1, 3)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(
    "fill", [0.0, [1.0, 2.0, 3.0], np.arange(18.0).reshape(6, 3), np.nan, np.ones((6, 1))]
)
def test_given_values_fill(fill):
    row = row_of(CUBE, fill=fill)
    hidden = row.compose(np.zeros((1, 6), bool))[0]
    np.testing.assert_array_equal(hidden, np.broadcast_to(fill, (6, 3)))


# ----------------------------------------------------------------------- layout, draws


@pytest.mark.parametrize("unit", UNITS)
def test_each_cell_gets_the_coefficient_of_its_unit(unit):
    sampler = SequenceSampler(unit=unit, n_segments=2).fit(CUBE)
    rows = sampler.rows(CUBE[:4])
    coefs = [RNG.normal(size=(2, row.n_units)) for row in rows]
    found = sampler.kind_.lay_out(rows, coefs)
    assert found.shape == (4, 2 * 18)
    names = list(sampler.get_feature_names_out())
    assert len(names) == 18
    at = names.index("x1_t-2")
    for i, row in enumerate(rows):
        unit_there = row.spans[3, 1]
        np.testing.assert_array_equal(found[i, [at, 18 + at]], coefs[i][:, unit_there])


def test_foreign_series_share_the_units_in_which_all_cells_are_equal():
    X = CUBE.copy()
    X[0, 1, 1] = np.nan
    sampler = SequenceSampler().fit(X)
    [around] = sampler.sample(X[:1], n_samples=40, random_state=0)
    seen = sampler.interpret(around.inputs, X[:1])
    np.testing.assert_array_equal(seen, around.design)


def test_few_units_are_enumerated():
    sampler = SequenceSampler(unit="feature").fit(CUBE)
    masks = sampler.masks(3, 100, random_state=0)
    assert masks.exhaustive
    assert len(masks) == 8
    np.testing.assert_allclose(masks.masses, 1 / 8)


def test_units_of_the_reference_neighbourhood_are_replaced_half_of_the_time():
    [around] = SequenceSampler().fit(PLAIN).reference(PLAIN[:1])
    # Five standard errors of a mean of 512 * 12 coins.
    assert abs(around.design.mean() - 0.5) < 5 * 0.5 / np.sqrt(512 * 12)


def test_samplers_are_compared_by_their_parameters():
    sampler = SequenceSampler(unit="segment", fill=np.zeros(3))
    assert clone(sampler) == sampler
    assert sampler != SequenceSampler(unit="segment", fill=np.ones(3))


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("unit", "fill"), sorted({*product(UNITS, FILLS)} - {("feature", "interpolate")})
)
def test_series_of_one_step_work(unit, fill):
    X = CUBE[:, :1]
    sampler = SequenceSampler(unit=unit, fill=fill).fit(X)
    [row] = sampler.rows(X[:1])
    hidden = row.compose(np.zeros((1, row.n_units), bool))
    np.testing.assert_array_equal(hidden[0], sampler.background_)


def test_one_training_series_works():
    X = PLAIN[:1]
    assert SequenceSampler().fit(X).sample(X, 8, random_state=0)[0].inputs.shape == (8, 12)


@pytest.mark.parametrize("container", [list, pd.DataFrame])
def test_lists_and_frames_of_series_of_equal_length_work(container):
    checked = SequenceSampler().fit(container(PLAIN)).check(container(PLAIN))
    np.testing.assert_array_equal(checked, PLAIN)


@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        ([np.ones(5), np.ones(7)], ValueError, r"different shapes, \(5,\) and \(7,\)"),
        ([np.ones((5, 2)), np.ones((6, 2))], ValueError, "equal length: cut or pad"),
        (np.ones(5), ValueError, r"shape \(5,\).*newaxis"),
        (np.ones((2, 3, 4, 5)), ValueError, "shape"),
        (np.ones((0, 5)), ValueError, "at least one"),
        (np.ones((3, 0)), ValueError, "at least one"),
        ([], ValueError, "at least one"),
        (np.array([[1.0, np.inf]]), ValueError, "series 0 has infinite"),
        (np.array([["a", "b"]]), TypeError, "real numbers"),
        (np.ones((2, 3), complex), TypeError, "real numbers"),
        (3.0, TypeError, "array of series"),
        ("series", TypeError, "array of series"),
    ],
)
def test_what_is_no_set_of_series_is_refused(X, error, match):
    with pytest.raises(error, match=match):
        SequenceSampler().fit(X)


@pytest.mark.parametrize("X", [PLAIN[:, :11], CUBE, PLAIN[:, :, None]])
def test_series_of_another_shape_than_in_the_fit_are_refused(X):
    sampler = SequenceSampler().fit(PLAIN)
    with pytest.raises(ValueError, match=r"those of the fit \(12,\)"):
        sampler.check(X)


def test_integers_are_explained_by_what_was_trained_on_floats():
    sampler = SequenceSampler().fit(PLAIN)
    assert sampler.check(np.arange(12)[np.newaxis]).dtype == np.float64


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"unit": "word"}, "unit='word'"),
        ({"unit": None}, "unit=None"),
        ({"fill": "zero"}, "fill='zero'"),
        ({"fill": [1.0, 2.0]}, r"fill of shape \(2,\)"),
        ({"fill": np.inf}, "fill has values.*inf"),
        ({"n_segments": 0}, "n_segments=0"),
        ({"n_segments": 2.5}, "n_segments=2.5"),
        ({"n_segments": True}, "n_segments=True"),
        ({"unit": "feature", "fill": "interpolate"}, 'unit="feature" keeps all steps'),
        ({"feature_names": ["a", "b"]}, "3 different name"),
        ({"feature_names": ["a", "a", "b"]}, "3 different name"),
    ],
)
def test_parameters_are_checked_in_fit(parameters, match):
    with pytest.raises(ValueError, match=match):
        SequenceSampler(**parameters).fit(CUBE)


def test_fills_that_integers_cannot_hold_are_refused():
    with pytest.raises(ValueError, match=r"fill has values.*int64.*0\.5"):
        SequenceSampler(fill=0.5).fit(np.ones((3, 4), int))


@pytest.mark.parametrize("weights", [np.ones(29), -np.ones(30), np.zeros(30)])
def test_bad_weights_are_refused(weights):
    with pytest.raises(ValueError, match=r"sample_weight|inconsistent"):
        SequenceSampler().fit(CUBE, sample_weight=weights)
