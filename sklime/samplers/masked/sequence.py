"""Sampler of series, whose steps, stretches or features are kept or replaced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from sklime.fitting import atomic_fit, check_fitted
from sklime.laws.quasirandom import RandomState, resolve_seed
from sklime.samplers.kinds.series import SeriesRows, as_series
from sklime.samplers.masked.base import MaskSampler
from sklime.samplers.masked.cellwise import CellwiseRow, as_held, whole_numbers
from sklime.samplers.masked.interpolated import InterpolatedSeries
from sklime.samplers.masked.padding import check_padding, find_padding, warn_of_padding
from sklime.tables.typing import Table, TableLike
from sklime.validation import check_count, check_option, check_weights

_UNITS = ("step", "segment", "feature", "cell")
_FILLS = ("mean", "noise", "interpolate", "background")


class SequenceSampler(MaskSampler):
    """Describe a series by its parts, and perturb it by replacing some of them.

    A mask keeps each part with probability 1/2; an attribution is the effect of the
    series' own values in that part. Series are arrays of shape (n, T), or (n, T, F) for
    F features (channels) at each of T steps; the model receives the shape it was trained
    on. Missing values (NaN) stay where they are kept, and training statistics leave them
    out.

    `transform` lays the attributions out over the T * F cells, step by step, each cell its
    part's; the columns are ``<feature>_<step>``, and steps are named ``t-<k>``, k steps
    before the last one, unless they have names of their own.

    Parameters
    ----------
    unit : {"step", "segment", "feature", "cell"}, default="step"
        What is kept or replaced: all features at one step; all features over a stretch of
        steps; one feature at all steps; one feature at one step, as in lime's
        RecurrentTabularExplainer (which draws new values where this hides them).
    n_segments : int, default=10
        With ``unit="segment"``, the number of stretches, of equal length up to one step; at
        most one a step.
    fill : {"mean", "noise", "interpolate", "background"} or array-like, default="mean"
        Replacement of a cell: its training mean; one draw from a normal law of
        its training mean and standard deviation, the same for all series; values on
        straight lines between the nearest steps that are kept, level beyond the outermost
        of them, and the training mean where none is; the values of one training series,
        chosen at random; or the given values, a number or an array that broadcasts to
        (T, F). A cell never observed in training has a missing mean.
    feature_names : sequence of F str, default=None
        Names of the features. None: ``x0``, ``x1``, ...
    step_names : sequence of T str, default=None
        Names of the steps, such as hours, wherever they are shown. None: ``t-11``, ...,
        ``t-0`` for twelve of them.
    padding : float or None, default=None
        The value, or NaN, that fills shorter series up in front or at the end. Steps there
        of which all features have it are padding: they are never hidden, their attribution
        is 0, and the statistics of `fill` leave them out. None: no step is padding;
        where `fit` finds runs that look like it, a `PaddingWarning` names their value.
    random_state : int, RandomState instance or None, default=0
        Source of the noise and of the choice of the background.

    Attributes
    ----------
    background_ : ndarray of shape (T, F)
        Values of replaced cells; for "interpolate", where nothing is kept.
    feature_names_ : ndarray of shape (F,) of str
        Names of the features.
    n_features_in_ : int
        T * F.
    n_steps_ : int
        T.
    step_names_ : ndarray of shape (T,) of str
        Names of the steps.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.samplers import SequenceSampler
    >>> series = np.array([[1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0]])
    >>> sampler = SequenceSampler(unit="segment", n_segments=2).fit(series)
    >>> [around] = sampler.sample(series[:1], n_samples=4, random_state=0)
    >>> around.inputs
    array([[2., 3., 4., 5.],
           [1., 2., 4., 5.],
           [1., 2., 3., 4.],
           [2., 3., 3., 4.]])
    >>> sampler.get_feature_names_out()
    array(['x0_t-3', 'x0_t-2', 'x0_t-1', 'x0_t-0'], dtype=object)
    """

    row_kind = SeriesRows

    def __init__(
        self,
        unit: Literal["step", "segment", "feature", "cell"] = "step",
        n_segments: int = 10,
        fill: Literal["mean", "noise", "interpolate", "background"] | ArrayLike = "mean",
        feature_names: Sequence[str] | None = None,
        step_names: Sequence[str] | None = None,
        padding: float | None = None,
        random_state: RandomState = 0,
    ) -> None:
        self.unit = unit
        self.n_segments = n_segments
        self.fill = fill
        self.feature_names = feature_names
        self.step_names = step_names
        self.padding = padding
        self.random_state = random_state

    @atomic_fit
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        check_option(self, "unit", _UNITS)
        if isinstance(self.fill, str):
            check_option(self, "fill", _FILLS)
        check_count("n_segments", self.n_segments)
        if self._interpolates and self.unit == "feature":
            raise ValueError(
                'fill="interpolate" runs between the steps that are kept, while '
                'unit="feature" keeps all steps or none; use another fill or unit.'
            )
        check_padding(self.padding)
        X = as_series(X)
        self.kind_ = SeriesRows(X, self.feature_names, self.step_names)
        cells = X.reshape(*X.shape[:2], -1)
        self.n_steps_ = self.kind_.n_steps
        self.feature_names_ = self.kind_.feature_names
        self.step_names_ = self.kind_.step_names
        if self.padding is None:
            warn_of_padding(X)
        self._spans, self._names = self._cut()
        self.background_ = self._background(cells, check_weights(sample_weight, X))
        self.n_features_in_ = self.background_.size
        self.binary_features_ = np.ones(self.n_features_in_, dtype=bool)
        return self

    def rows(self, X: Table) -> list[CellwiseRow]:
        check_fitted(self)
        cut = InterpolatedSeries if self._interpolates else CellwiseRow
        hidden = whole_numbers(self.background_, X.dtype).reshape(self.kind_.shape)  # type: ignore[attr-defined]
        padded = find_padding(X, self.padding)
        return [
            cut(series, hidden, *self._unpadded(own))
            for series, own in zip(X, padded, strict=True)
        ]

    def _unpadded(self, padded):
        """Spans and names of the units of a series, and where they stand among all."""
        if not padded.any():
            return self._spans, self._names
        spans = np.where(padded[:, np.newaxis], -1, self._spans)
        positions = np.unique(spans[spans >= 0])
        number = np.full(len(self._names) + 1, -1)
        number[positions] = np.arange(len(positions))
        among = positions, self._names
        return number[spans], self._names[positions], None, among

    @property
    def _interpolates(self):
        return isinstance(self.fill, str) and self.fill == "interpolate"

    def _cut(self):
        """The unit of each cell, and the units' names."""
        T, F = self.n_steps_, len(self.feature_names_)
        steps = np.arange(T)
        if self.unit == "feature":
            return np.tile(np.arange(F), (T, 1)), self.feature_names_
        if self.unit == "cell":
            return np.arange(T * F).reshape(T, F), self.kind_.column_names()
        n = T if self.unit == "step" else min(self.n_segments, T)
        which = steps * n // T
        names = []
        for stretch in np.split(self.step_names_, np.flatnonzero(np.diff(which)) + 1):
            first, last = stretch[0], stretch[-1]
            names.append(first if first == last else f"{first}..{last}")
        return np.repeat(which[:, np.newaxis], F, axis=1), np.array(names, dtype=object)

    def _background(self, cells, weights):
        """Replacement values of hidden cells, of shape (T, F)."""
        if not isinstance(self.fill, str):
            return self._given(cells)
        padded = find_padding(cells, self.padding)
        observed = cells.astype(np.float64)
        observed[padded] = np.nan
        rng = np.random.default_rng(resolve_seed(self.random_state))
        weights = np.ones(len(cells)) if weights is None else weights
        if self.fill == "background":
            chosen = rng.choice(len(cells), p=weights / weights.sum())
            if not padded[chosen].any():
                return observed[chosen]
        mean, sd = _mean_and_sd(observed, weights)
        if padded.any():
            # Steps that are padding in all series take the mean of all others.
            steps = observed.reshape(-1, 1, observed.shape[2])
            level, spread = _mean_and_sd(steps, np.repeat(weights, observed.shape[1]))
            never = padded[weights > 0].all(axis=0)
            mean[never], sd[never] = level[0], spread[0]
        if self.fill == "background":
            return np.where(padded[chosen][:, np.newaxis], mean, observed[chosen])
        return mean + sd * rng.standard_normal(sd.shape) if self.fill == "noise" else mean

    def _given(self, cells):
        given = np.asarray(self.fill)
        shape = cells.shape[1:]
        try:
            given = np.broadcast_to(given, shape)
        except ValueError:
            raise ValueError(
                f"fill of shape {given.shape} does not broadcast to (T, F) = {shape}."
            ) from None
        return as_held(given, cells.dtype, "fill").astype(np.float64)


def _mean_and_sd(cells, weights):
    """Weighted mean and standard deviation of each cell's observed values, else NaN."""
    shares = weights[:, np.newaxis, np.newaxis] * ~np.isnan(cells)
    with np.errstate(invalid="ignore"):
        shares /= shares.sum(axis=0)
    mean = (shares * np.nan_to_num(cells)).sum(axis=0)
    variance = (shares * np.square(np.nan_to_num(cells - mean))).sum(axis=0)
    return mean, np.sqrt(variance)
