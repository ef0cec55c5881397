"""Training series that look padded while the sampler was not told."""

import warnings

import numpy as np
import pytest

from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import PaddingWarning
from sklime.samplers import SequenceSampler


def series(value, where="end", n_features=2):
    """Noise of lengths from 3 to 8, filled up to ten steps."""
    rng = np.random.default_rng(0)
    made = rng.normal(size=(30, 10, n_features))
    for own, length in zip(made, rng.integers(3, 9, 30), strict=True):
        own[slice(length, None) if where == "end" else slice(10 - length)] = value
    return made


def warned(X, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        SequenceSampler(**options).fit(X)
    return [str(own.message) for own in caught if own.category is PaddingWarning]


@pytest.mark.parametrize("where", ["end", "begin"])
@pytest.mark.parametrize(
    ("value", "told"),
    [(0.0, "padding=0"), (-1.0, "padding=-1"), (np.nan, "padding=np.nan")],
)
def test_fit_names_the_value_once(value, told, where):
    X = series(value, where)
    [message] = warned(X)
    assert f"SequenceSampler({told})" in message
    assert f"of the series {where} in steps" in message
    assert not warned(X, padding=value)


def test_the_line_of_the_user_is_named_and_one_channel_is_enough():
    X = series(0.0, n_features=1)[:, :, 0]
    explainer = LimeExplainer(
        FunctionRegressor(lambda S: np.asarray(S).reshape(len(S), -1).sum(axis=1)),
        sampler=SequenceSampler(),
        n_samples=64,
        random_state=0,
    )
    with pytest.warns(PaddingWarning, match="padding=0") as caught:
        explainer.fit(X)
    assert len(caught) == 1 and caught[0].filename == __file__


@pytest.mark.parametrize(
    "X",
    [
        np.random.default_rng(0).normal(size=(30, 10, 2)),
        # Rain: dry hours are everywhere.
        np.where(np.random.default_rng(0).random((30, 24, 1)) < 0.8, 0.0, 1.0),
        # One channel alone ends in zeros.
        np.concatenate(
            [series(0.0, n_features=1), np.random.default_rng(1).normal(size=(30, 10, 1))],
            axis=2,
        ),
        # Channels end at values of their own.
        np.where(np.isnan(series(np.nan)), [1.0, 2.0], series(0.0)),
        # All are equally long.
        np.pad(np.random.default_rng(0).normal(size=(30, 7, 2)), [(0, 0), (0, 3), (0, 0)]),
        np.zeros((30, 10, 2)),
        np.ones((1, 10, 1)),
    ],
    ids=["noise", "rain", "one channel", "levels", "one length", "constant", "one row"],
)
def test_other_series_are_left_alone(X):
    assert not warned(X)
