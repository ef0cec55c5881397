"""Reader of explainable boosting machines: tables over the bins of one or two columns."""

import copy
import sys

import numpy as np

from sklime.exact.additive import AdditiveForm
from sklime.exact.coalitions_of_pairs import CoalitionsOfPairs
from sklime.exact.exponentials import ExponentialOfSum
from sklime.exact.form import ClosedForm
from sklime.exact.readers.layout import reads_models
from sklime.exact.sum_of_columns import SumOfColumns
from sklime.exact.sum_of_pairs import PairTable, SumOfPairs
from sklime.exceptions import NoClosedForm

_REGRESSORS = ("ExplainableBoostingRegressor", "DPExplainableBoostingRegressor")
_CLASSIFIERS = ("ExplainableBoostingClassifier", "DPExplainableBoostingClassifier")


@reads_models
def read(model, response):
    """Read the terms of an explainable boosting machine of `interpret`.

    Parameters
    ----------
    model : object
        The last step of a pipeline, or the model itself.
    response : Response
        Tells which method and outputs are explained.

    Returns
    -------
    TableForm, PairedTableForm, ExponentialOfSum or None
        None: it is no such model.

    Raises
    ------
    NoClosedForm
        If its terms are not summed on the explained scale, or are of three columns.
    """
    kind = type(model)
    # A class of that module and name exists only once the library has been imported.
    known = getattr(sys.modules.get(kind.__module__), kind.__name__, None) is kind
    known = known and kind.__module__.startswith("interpret.glassbox.")
    if not known or kind.__name__ not in _REGRESSORS + _CLASSIFIERS:
        return None
    name = f"{kind.__name__}.{response.method}"
    if kind.__name__ in _CLASSIFIERS and response.method != "decision_function":
        raise NoClosedForm(
            f"{name} is not a sum over its terms, but its margins are: set "
            'response_method="decision_function"'
        )
    n_together = max(map(len, model.term_features_), default=1)
    if n_together > 2:
        raise NoClosedForm(f"{kind.__name__} has terms of three columns or more")
    exponential = kind.__name__ in _REGRESSORS and model.link_ == "log"
    if exponential and n_together > 1:
        raise NoClosedForm(
            f"{name} has a log link: its predictions are exponentials of terms of pairs"
        )
    if kind.__name__ in _REGRESSORS and model.link_ not in ("identity", "log"):
        raise NoClosedForm(
            f"{name} has a {model.link_} link: its predictions are no sum over its terms"
        )
    # Classes or outputs come last; a single number has no place of its own.
    n_outputs = np.size(model.intercept_)
    tables = [
        np.reshape(scores, (*scores.shape[: len(features)], n_outputs))
        for features, scores in zip(model.term_features_, model.term_scores_, strict=True)
    ]
    constant = np.reshape(model.intercept_, n_outputs)
    if n_outputs == 1 and len(response.outputs) == 2:
        # A binary margin, as the outputs of both classes.
        tables = [table * [-1.0, 1.0] for table in tables]
        constant = constant * [-1.0, 1.0]
    step = _Bins(model)
    terms = list(zip(step.places, tables, strict=True))
    form = (TableForm if n_together == 1 else PairedTableForm)(terms, step, constant)
    if exponential:
        form = ExponentialOfSum(form, constant)
        form.step = step
    return form


class _Bins:
    """Preprocessing step that sorts a table's values into the bins of a model.

    Each feature has bins for its own term, and perhaps fewer ones for its pairs; the first
    is for missing values, the last for those that training never had.

    Parameters
    ----------
    model : explainable boosting machine
        Fitted.

    Attributes
    ----------
    places : list of n_terms lists of int
        Which columns of the transformed table each term reads.
    """

    def __init__(self, model):
        level_of = [
            [
                (feature, min(len(model.bins_[feature]), len(features)))
                for feature in features
            ]
            for features in model.term_features_
        ]
        binnings = sorted({own for levels in level_of for own in levels})
        self.places = [[binnings.index(own) for own in levels] for levels in level_of]
        # The same model with terms that tell the number of the bin.
        self.numbering = copy.copy(model)
        self.numbering.intercept_ = 0.0
        self.numbering.term_features_ = [(feature,) * level for feature, level in binnings]
        sizes = {
            own: scores.shape[axis]
            for levels, scores in zip(level_of, model.term_scores_, strict=True)
            for axis, own in enumerate(levels)
        }
        self.numbering.term_scores_ = [_first_index(sizes[own], own[1]) for own in binnings]

    def transform(self, table):
        """Sort the values of a table into bins.

        Parameters
        ----------
        table : table of shape (n_rows, n_columns)
            As the model takes it.

        Returns
        -------
        ndarray of shape (n_rows, n_binnings)
            Numbers of the bins.
        """
        return self.numbering.eval_terms(table)


def _first_index(size, n_axes):
    """Table of shape (size,) * n_axes whose entries are their own first index."""
    return np.broadcast_to(
        np.arange(float(size)).reshape(-1, *[1] * (n_axes - 1)), (size,) * n_axes
    )


class _Terms:
    """Terms of a model, as tables over the bins of one or two features.

    Parameters
    ----------
    terms : list of pairs
        The features that a term reads, and its table of shape (n_bins, n_outputs) or
        (n_first, n_second, n_outputs).
    step : transformer
        Sorts a table's values into bins.
    constant : ndarray of shape (n_outputs,)
        What the terms lack.
    """

    def __init__(self, terms, step, constant):
        self.terms, self.step, self.constant = terms, step, constant
        self.n_features = 1 + max((max(places) for places, _ in terms), default=-1)

    def part(self, features, values):
        """What the terms add that read some features, and no others.

        Parameters
        ----------
        features : ndarray of shape (n,) of int
        values : ndarray of shape (n, n_points)

        Returns
        -------
        ndarray of shape (n_points, n_outputs)
        """
        bins = dict(zip(features.tolist(), values.astype(int), strict=True))
        total = np.zeros((values.shape[1], len(self.constant)))
        for places, table in self.terms:
            if all(own in bins for own in places):
                total += table[tuple(bins[own] for own in places)]
        return total


class TableForm(_Terms, AdditiveForm):
    """Closed form of a sum of tables, each over the bins of one feature."""


class PairedTableForm(_Terms, ClosedForm):
    """Closed form of a sum of tables over the bins of one or two features."""

    def bind(self, features, columns, points, mismatch):
        features.check_width(self.n_features, exactly=True)
        singles = [
            self.part(owned, values)
            for owned, values in zip(features.owned, features.values, strict=True)
        ]
        tables = []
        for places, table in self.terms:
            owners = [int(features.owner[own]) for own in places]
            if len(places) == 1 or owners[0] == owners[1]:
                continue  # of one column, or a constant
            constant = [owner < 0 for owner in owners]
            if any(constant):
                at = constant.index(True)
                rest = np.take(table, int(features.constants[places[at]]), axis=at)
                owner, own = owners[1 - at], places[1 - at]
                singles[owner] = singles[owner] + rest[_bins_of(features, owner, own)]
                continue
            bins = [_bins_of(features, *own) for own in zip(owners, places, strict=True)]
            tables.append(PairTable(tuple(owners), tuple(bins), table))
        if not all(
            np.isfinite(own).all() for own in [*singles, *(t.values for t in tables)]
        ):
            raise NoClosedForm("its terms hold numbers that are not finite")
        return SumOfPairs(SumOfColumns(singles, columns, points), tables, columns)

    def bind_coalitions(self, features, columns, points, background, keep):
        rebuilt = self.bind(features, columns, points, [1.0] * len(columns))
        return CoalitionsOfPairs(self.terms, rebuilt, features, background, keep)


def _bins_of(features, owner, place):
    """Bins of a feature at the points of its column."""
    return features.of(owner, np.array([place]))[0].astype(int)
