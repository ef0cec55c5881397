"""Criteria of anchors: what it means that a rule suffices for a model's answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from sklime.anchors.bounds import (
    bernoulli_bounds,
    jeffreys_interval,
    kl_bernoulli,
    mean_interval,
    normal_bounds,
    proportion_interval,
)

CRITERIA = ("auto", "hard", "soft", "mean", "share")


@dataclass(frozen=True, eq=False)
class Criterion(ABC):
    """Base of the criteria: a mean over the draws within a rule, and what it must be.

    Parameters
    ----------
    output : ndarray of shape (n_rows,) of int
        The explained output of each row.
    answer : ndarray of shape (n_rows,)
        The model's answers to the rows themselves.
    precision : float
        The least share.
    tolerance : ndarray of shape (n_rows,) or None
        How far answers may be off.
    """

    output: NDArray[np.intp]
    answer: NDArray[np.float64]
    precision: float
    tolerance: NDArray[np.float64] | None = None

    # Whether the mean is the model's expected answer, which closed forms know.
    of_answers = False

    # Field of `Anchors` that a row's answer must be near to for a rule to suffice for it;
    # None: it suffices for all rows with the same output.
    near_to: ClassVar[str | None] = None

    def take(self, rows: slice) -> Self:
        """The same criterion for some of the rows."""
        tolerance = None if self.tolerance is None else self.tolerance[rows]
        return replace(
            self, output=self.output[rows], answer=self.answer[rows], tolerance=tolerance
        )

    @abstractmethod
    def scores(self, answers: NDArray[np.float64], row: int) -> NDArray[np.float64]:
        """What is averaged: of answers of shape (n_draws, n_outputs) for one row."""

    def same(self, answers: NDArray[np.float64], row: int) -> NDArray[np.bool_]:
        """Whether answers of shape (n_draws, n_outputs) are as one row's."""
        gain = self.gain(answers[:, self.output[row]], row)
        return np.asarray(gain >= 0.0)

    @abstractmethod
    def gain(self, mean: NDArray[np.float64], row: NDArray[np.intp]) -> NDArray[np.float64]:
        """How good means are, the larger the better; at least 0 where they suffice."""

    def holds(
        self, lower: NDArray[np.float64], upper: NDArray[np.float64], row: NDArray[np.intp]
    ) -> NDArray[np.bool_]:
        """Whether all means between bounds suffice."""
        return (self.gain(lower, row) >= 0.0) & (self.gain(upper, row) >= 0.0)

    def gain_bounds(
        self, lower: NDArray[np.float64], upper: NDArray[np.float64], row: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Least and largest gain of the means between bounds."""
        return self.gain(lower, row), self.gain(upper, row)

    def bounds(self, mean, variance, n, level):
        """Confidence bounds of means by divergence, for the search among rules."""
        return normal_bounds(mean, variance, n, level)

    def interval(self, scores, error):
        """Confidence interval of the mean of some draws, for the report."""
        return mean_interval(scores.mean(), scores.var(ddof=1), len(scores), error)

    def safe_interval(self, scores, error):
        """An interval that misses the mean no more often than it says, for judgements."""
        return self.interval(scores, error)

    @abstractmethod
    def unit(self, row: int) -> float:
        """Differences of gain that are told apart are counted in this unit."""

    def n_needed(self, mean, variance, n, row, level):
        """Draws after which a mean such as that of a candidate would suffice surely."""
        gain = max(self.gain(mean, row), 1e-12)
        return np.ceil(min(2.0 * level * variance / gain**2, 1e12))


@dataclass(frozen=True, eq=False)
class _OfShares(Criterion):
    """Base of the criteria that count draws."""

    def gain(self, mean, row):
        return mean - self.precision

    def same(self, answers, row):
        return self.scores(answers, row) > 0.0

    def bounds(self, mean, variance, n, level):
        return bernoulli_bounds(mean, n, level)

    def unit(self, row):
        return 1.0

    def n_needed(self, mean, variance, n, row, level):
        # One failure more, as none among few draws tells little.
        mean = mean * n / (n + 1.0)
        if mean <= self.precision:
            return 1e12
        return np.ceil(min(level / kl_bernoulli(mean, self.precision), 1e12))

    def interval(self, scores, error):
        return jeffreys_interval(scores.sum(), len(scores), error)

    def safe_interval(self, scores, error):
        return proportion_interval(scores.sum(), len(scores), error)


@dataclass(frozen=True, eq=False)
class Hard(_OfShares):
    """Share of draws whose predicted class is the row's own."""

    def scores(self, answers, row):
        return (answers.argmax(axis=1) == self.output[row]).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Share(_OfShares):
    """Share of draws whose answer is near the row's."""

    near_to = "predictions"

    def scores(self, answers, row):
        off = np.abs(answers[:, self.output[row]] - self.answer[row])
        return (off <= self.tolerance[row]).astype(np.float64)


@dataclass(frozen=True, eq=False)
class _OfAnswers(Criterion):
    """Base of the criteria of the expected answer."""

    of_answers = True

    def scores(self, answers, row):
        return answers[:, self.output[row]]


@dataclass(frozen=True, eq=False)
class Soft(_OfAnswers):
    """Expected answer, at least a share of the row's."""

    def gain(self, mean, row):
        return mean - self.precision * self.answer[row]

    def unit(self, row):
        return self.answer[row]


@dataclass(frozen=True, eq=False)
class Mean(_OfAnswers):
    """Expected answer, near the row's."""

    near_to = "precisions"

    def gain(self, mean, row):
        return self.tolerance[row] - np.abs(mean - self.answer[row])

    def unit(self, row):
        return self.tolerance[row]

    def gain_bounds(self, lower, upper, row):
        ends = self.gain(lower, row), self.gain(upper, row)
        nearest = np.clip(self.answer[row], lower, upper)
        return np.minimum(*ends), self.gain(nearest, row)


KINDS: dict[str, type[Criterion]] = {
    "hard": Hard,
    "soft": Soft,
    "mean": Mean,
    "share": Share,
}


def answers_of_rules(anchors):
    """What a row's answer must be near for each rule to suffice for it, (n,), or None."""
    field = KINDS[anchors.criterion].near_to
    return None if field is None else getattr(anchors, field)


def suffice_for_rows(anchors, rules):
    """Whether rules suffice for the model's answers to rows that keep them.

    Parameters
    ----------
    anchors : Anchors
    rules : array-like of shape (n_rules,) of int
        Positions of some.

    Returns
    -------
    ndarray of shape (n, n_rules) of bool
        Of all rows, whether or not they keep the rules.

    Raises
    ------
    ValueError
        If a tolerance is needed and not known.
    """
    _, targets = np.unique(anchors.target_names.astype(str), return_inverse=True)
    suffice = targets[:, None] == targets[rules]
    answers = answers_of_rules(anchors)
    if answers is None:
        return suffice
    unknown = np.flatnonzero(np.isnan(anchors.tolerances))
    if len(unknown):
        raise ValueError(
            f'criterion="{anchors.criterion}" needs the tolerances of all rows, and '
            f"{len(unknown)} of {len(anchors)}, the first of them row {unknown[0]}, have "
            "none, as anchors that an older sklime wrote: explain the rows again."
        )
    # Rule by rule: floats of all pairs would take eight times the memory of the answer.
    for near, answer in zip(suffice.T, answers[rules], strict=True):
        near &= np.abs(answer - anchors.predictions) <= anchors.tolerances
    return suffice
