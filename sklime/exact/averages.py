"""Weighted sums of closed forms: ensembles whose members are averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklime.exact.binned_quadrature import MOST_SIZES
from sklime.exact.coalition_form import CoalitionModel
from sklime.exact.feature_map import dense
from sklime.exact.form import ClosedForm, RebuiltModel
from sklime.exact.trees.forest import Forest
from sklime.exceptions import NoClosedForm


@dataclass(frozen=True)
class Member:
    """A member of an ensemble.

    Parameters
    ----------
    form : ClosedForm
        Of its answers.
    weight : float
        What they are multiplied by.
    steps : tuple of transformers
        The steps in front of it.
    columns : ndarray of int or None
        The columns of the table that it gets, as an array; None: the table as it is.
    """

    form: ClosedForm
    weight: float
    steps: tuple = ()
    columns: Any = None


def weighted_sum(members: Sequence[Member]) -> ClosedForm:
    """Closed form of a weighted sum of members; of trees alone, one forest.

    Parameters
    ----------
    members : sequence of Member
    """
    plain = all(not one.steps and one.columns is None for one in members)
    forms = [one.form for one in members]
    if plain and len(members) == 1 and members[0].weight == 1.0:
        return forms[0]
    forests = [form for form in forms if isinstance(form, Forest) and _is_plain(form)]
    alike = len({forest.precision for forest in forests}) == 1
    if plain and alike and len(forests) == len(members):
        joined = [
            replace(tree, value=one.weight * tree.value)
            for one, forest in zip(members, forests, strict=True)
            for tree in forest.trees
        ]
        return Forest(joined, forests[0].precision)
    return AverageForm(members)


def _is_plain(forest):
    return forest.recode is None and forest.step is None


class AverageForm(ClosedForm):
    """Closed form of a weighted sum of closed forms, each behind steps of its own.

    Parameters
    ----------
    members : sequence of Member
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        own = [_own_steps(one) for one in members]
        as_it_is = all(not steps and columns is None for steps, columns in own)
        self.step = None if as_it_is else SideBySide(own)

    def bind(self, features, columns, points, mismatch):
        models, total = [], np.zeros(2)
        for form, part, _ in self._parts(features):
            models.append(form.bind(part, columns, points, mismatch))
            total += getattr(models[-1], "size", 0)
            if (total > MOST_SIZES).any():
                raise NoClosedForm("its members are too many to keep their factors")
        return SumOfModels(models, [one.weight for one in self.members])

    def bind_coalitions(self, features, columns, points, background, keep):
        models, places = [], []
        for form, part, own in self._parts(features):
            behind = background.select(part, own)
            models.append(form.bind_coalitions(part, columns, points, behind, keep))
            places.append(own)
        return CoalitionsOfModels(models, [one.weight for one in self.members], places)

    def _parts(self, features):
        """Forms of the members, maps of their features, and which of all these are."""
        forms = [one.form for one in self.members]
        if self.step is None:
            every = np.arange(len(features.owner))
            return [(form, features, every) for form in forms]
        places = self.step.positions()
        return [
            (form, features.select(own), own)
            for form, own in zip(forms, places, strict=True)
        ]


class SumOfModels(RebuiltModel):
    """LIME's limit for a weighted sum of rebuilt models: the sum of their limits.

    Parameters
    ----------
    models : list of RebuiltModel
    weights : list of float
    """

    def __init__(self, models, weights):
        if len({model.constant.shape for model in models}) > 1:
            raise NoClosedForm("members of the ensemble have other numbers of outputs")
        if not all(model.calibrated for model in models):
            raise NoClosedForm("a member's probabilities do not tell its score")
        self.models, self.weights = models, weights
        self.constant = np.zeros_like(models[0].constant)
        self.n_terms = sum(model.n_terms for model in models)
        self.level = self._sum(model.level for model in models)
        self.error = self._sum(model.error for model in models)

    def responses(self, at):
        return self.constant + self._sum(model.responses(at) for model in self.models)

    def __call__(self, laws, outputs):
        parts = [model(laws, outputs) for model in self.models]
        expected, coef = (self._sum(own) for own in zip(*parts, strict=True))
        return expected + self.constant[outputs], coef

    def pairs(self, laws, outputs, pairs):
        """Contrasts of pairs of columns, the sum of the members'."""
        return self._sum(model.pairs(laws, outputs, pairs) for model in self.models)

    def _sum(self, parts):
        return sum(w * part for w, part in zip(self.weights, parts, strict=True))


class CoalitionsOfModels(SumOfModels, CoalitionModel):
    """Weighted sum of models under laws of coalitions.

    Parameters
    ----------
    models : list of CoalitionModel
    weights : list of float
    places : list of ndarrays of int
        Which of the model features are each member's.
    """

    def __init__(self, models, weights, places):
        super().__init__(models, weights)
        self.places = places

    def nothing(self):
        return self.constant + self._sum(model.nothing() for model in self.models)

    def __call__(self, own, outputs):
        parts = [
            model(own[places], outputs)
            for model, places in zip(self.models, self.places, strict=True)
        ]
        expected, contrasts = (self._sum(one) for one in zip(*parts, strict=True))
        return expected + self.constant[outputs], contrasts

    def pairs(self, own, outputs, pairs):
        """Contrasts of pairs of columns, the sum of the members'."""
        members = zip(self.models, self.places, strict=True)
        return self._sum(
            model.pairs(own[places], outputs, pairs) for model, places in members
        )


class SideBySide:
    """Transformer that puts what the members' steps make of a table side by side.

    Parameters
    ----------
    members : list of (steps, columns) pairs
        As of a `Member`; what several have in common is made once.
    """

    def __init__(self, members):
        keys = [_key(*own) for own in members]
        self._distinct = dict(zip(keys, members, strict=True))
        self._places = [list(self._distinct).index(key) for key in keys]
        self._widths = None

    def transform(self, table):
        """Features of all members, (n_rows, n_features)."""
        made = [self._made(table, *own) for own in self._distinct.values()]
        self._widths = [features.shape[1] for features in made]
        return np.hstack(made)

    def positions(self):
        """Which of the features are each member's, after a first `transform`."""
        ends = np.cumsum(self._widths)
        ranges = [
            np.arange(end - width, end)
            for end, width in zip(ends, self._widths, strict=True)
        ]
        return [ranges[place] for place in self._places]

    @staticmethod
    def _made(table, steps, columns):
        if columns is not None:
            table = np.asarray(table)[:, columns]
        for step in steps:
            table = step.transform(table)
        return dense(table)


def _own_steps(member):
    inner = () if member.form.step is None else (member.form.step,)
    return (*member.steps, *inner), member.columns


def _key(steps, columns):
    return tuple(map(id, steps)), None if columns is None else tuple(columns)
