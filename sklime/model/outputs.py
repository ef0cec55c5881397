"""Outputs of a model: numbers, classes or labels."""

from abc import ABC, abstractmethod
from math import prod

import numpy as np
from sklearn.base import is_classifier, is_clusterer, is_regressor

from sklime.model.calls.called_model import CalledModel
from sklime.model.conversion import (
    BOTH,
    UnusableResponse,
    as_numbers,
    both_classes,
    is_sequence_of,
)


def learn_outputs(estimator, method, tables, probe, output_name=None):
    """Learn the kind and names of a model's outputs from its first response.

    Parameters
    ----------
    method : {"predict_proba", "decision_function", "predict"}
        Method that was called.
    tables : list of ndarray of shape (n_rows, n_columns)
        The answer: one table, or one for each label.
    probe : table of shape (n_rows, n_features)
        The queried samples, in the container that the model takes.
    output_name : str, default=None
        Name of a single number, in place of "y".

    Raises
    ------
    ValueError
        Where the columns do not belong to the model's classes, or have no meaning.
    """
    name = f"{type(estimator).__name__}.{method}"
    widths = _widths(tables)
    classes = _classes_of(estimator, method)
    single = widths == [1] or not hasattr(estimator, "decision_function")
    number = method == "predict" or (method == "decision_function" and single)
    if classes is None and number:
        if has_type(estimator, is_classifier) or has_type(estimator, is_clusterer):
            raise ValueError(
                f"{name} gives labels of unknown classes: the model needs an attribute "
                "classes_, or a FunctionClassifier with classes around it"
            )
        return NumberOutputs(name, tables[0].shape[1:], output_name)
    # Probabilities of labels add up to 1 by no law, those of classes by theirs.
    shares = method == "predict_proba" and np.allclose(
        as_numbers(tables[0]).sum(axis=1), 1.0, rtol=0.0, atol=1e-9
    )
    several = not shares and _is_multilabel(estimator, classes, probe)
    if len(tables) > 1 or several:
        return LabelOutputs(name, widths, method, classes)
    one_vs_one = method == "decision_function" and _is_one_vs_one(estimator)
    return ClassOutputs(name, widths, method, classes, one_vs_one)


def has_type(estimator, is_type):
    """Whether a model is a regressor, classifier and the like; False without tags."""
    return hasattr(estimator, "__sklearn_tags__") and is_type(estimator)


def _classes_of(estimator, method):
    """Class labels of a model, for each label where there are several, or None."""
    classes = getattr(estimator, "classes_", None)
    # CatBoost's regressors have an empty list of them.
    if classes is None or len(classes) == 0:
        return None
    if method == "predict" and has_type(estimator, is_regressor):
        return None
    if len(classes) == 1 and is_sequence_of(classes, ndim=1):
        return classes[0]  # a single label: an ordinary classifier
    return classes


class Outputs(ABC):
    """Base of the kinds of outputs: how responses are read.

    Parameters
    ----------
    name : str
        Model and method, for messages.
    widths : list of int
        Number of columns of each table of an answer.
    names : ndarray of shape (n_outputs,)
        Names of the outputs.
    """

    # Whether every sample has one of the outputs: its predicted class.
    exclusive = False
    # Labels of the classes, where a model tells them.
    classes = None
    # Other names of a single output.
    aliases = ()

    def __init__(self, name, widths, names):
        self.name = name
        self.widths = widths
        self.names = names

    def read(self, tables):
        """Convert a response to one finite float column per output.

        Parameters
        ----------
        tables : list of ndarray of shape (n_rows, n_columns)

        Returns
        -------
        ndarray of shape (n_rows, n_outputs)

        Raises
        ------
        UnusableResponse
            Where it has other columns than the first one, or is no finite number.
        """
        widths = _widths(tables)
        if widths != self.widths:
            raise UnusableResponse(
                f"gave {widths} columns, but {self.widths} columns before"
            )
        responses = self._convert(tables)
        bad = np.flatnonzero(~np.isfinite(responses).all(axis=1))
        if len(bad):
            raise UnusableResponse(f"gave {responses[bad[0]]}, which is not finite", bad[0])
        return responses

    @abstractmethod
    def _convert(self, tables):
        """Convert a response of the right width to one float column per output."""


class NumberOutputs(Outputs):
    """Numeric outputs: "y", or "y0", "y1" and so on; of forecasts "y0_t+1", by step.

    Parameters
    ----------
    shape : tuple of int
        Of the answer to one sample: (n_outputs,) or (n_steps, n_outputs).
    own_name : str, default=None
        Name of a single number, which then goes by "y", too.
    """

    def __init__(self, name, shape, own_name=None):
        names = ["y"] if shape[-1] == 1 else [f"y{i}" for i in range(shape[-1])]
        if len(shape) == 2:
            names = [f"{own}_t+{step + 1}" for step in range(shape[0]) for own in names]
        if names == ["y"] and own_name is not None:
            self.aliases, names = ("y",), [own_name]
        super().__init__(name, [prod(shape)], np.array(names))

    def _convert(self, tables):
        return as_numbers(tables[0].reshape(len(tables[0]), -1))


class ClassOutputs(Outputs):
    """Class outputs of a single-label model; numbered where the classes are unknown."""

    exclusive = True

    def __init__(self, name, widths, method, classes, one_vs_one):
        [n_columns] = widths
        # A single probability is that of the second of two classes.
        names = np.arange(max(n_columns, 2)) if classes is None else np.asarray(classes)
        super().__init__(name, widths, names)
        self.classes = None if classes is None else names
        self.method = method
        self.one_for_two = method != "predict" and n_columns == 1 and len(names) == 2
        if method != "predict" and not self.one_for_two:
            self._check_columns(n_columns, one_vs_one)

    def _check_columns(self, n_columns, one_vs_one):
        n_classes = len(self.names)
        if n_classes == 1 < n_columns:
            raise ValueError(
                f"{self.name} gives {n_columns} columns, though the model was fitted on "
                f"the single class {self.names.tolist()[0]!r}: fit it on at least two, so "
                "that there is something to tell apart"
            )
        margins = self.method == "decision_function"
        if n_columns == 1 < n_classes:
            cure = "" if margins else f"; for two classes also {BOTH}"
            raise ValueError(
                f"{self.name} gives one {'margin' if margins else 'probability'} a row, "
                f"which tells two classes apart, not the {n_classes} classes_: give a "
                f"column for each{cure}"
            )
        # Three classes have three pairs: the number of columns does not tell.
        if one_vs_one or n_columns != n_classes:
            cure = ": one-vs-one margins? Set decision_function_shape='ovr'" * margins
            raise ValueError(
                f"{self.name} gives {n_columns} columns, which do not belong to the "
                f"{n_classes} classes_{cure}"
            )

    def _convert(self, tables):
        if self.method == "predict":
            return self._indicators(tables[0])
        if self.one_for_two and self.method == "predict_proba":
            return both_classes(tables[0])
        responses = as_numbers(tables[0])
        return responses * [-1.0, 1.0] if self.one_for_two else responses

    def _indicators(self, predicted):
        if predicted.shape[1] != 1:
            raise UnusableResponse(
                f"gave {predicted.shape[1]} columns, not one label a row: if these are "
                "numbers, wrap the method in a FunctionRegressor"
            )
        hits = predicted == self.classes
        unknown = np.flatnonzero(~hits.any(axis=1))
        if len(unknown):
            row = unknown[0]
            [label] = predicted[row].tolist()
            raise UnusableResponse(
                f"gave {label!r}, which is not in its classes_: if it gives numbers, not "
                "labels, wrap the method in a FunctionRegressor",
                row,
            )
        return hits.astype(np.float64)


class LabelOutputs(Outputs):
    """Label outputs of a multilabel model, numbered."""

    def __init__(self, name, widths, method, classes):
        self.several_tables = len(widths) > 1
        n_labels = len(widths) if self.several_tables else widths[0]
        super().__init__(name, widths, np.arange(n_labels))
        self.method = method
        if classes is None or not is_sequence_of(classes, ndim=1):
            classes = [(0, 1)] * n_labels
        self.classes_of_labels = classes
        sizes = [len(of_label) for of_label in classes]
        if max(sizes) > 2 or (self.several_tables and sizes != widths):
            raise ValueError(
                f"{name} gives outputs of {widths if self.several_tables else sizes} "
                "classes, where each needs two: explain one output at a time, by a "
                "FunctionClassifier of its probabilities"
            )

    def _convert(self, tables):
        if self.several_tables:
            held = np.column_stack([as_numbers(table)[:, -1] for table in tables])
        elif self.method == "predict":
            columns = list(zip(tables[0].T, self.classes_of_labels, strict=True))
            known = [np.isin(column, of_label) for column, of_label in columns]
            unknown = np.flatnonzero(~np.all(known, axis=0))
            if len(unknown):
                raise UnusableResponse(
                    f"gave {tables[0][unknown[0]]}, which are no labels: if these are "
                    "numbers, wrap the method in a FunctionRegressor",
                    unknown[0],
                )
            held = np.column_stack([column == pair[-1] for column, pair in columns])
        else:
            return as_numbers(tables[0])
        # A label that never held has a false one as its only class.
        possible = [len(pair) == 2 or bool(pair[0]) for pair in self.classes_of_labels]
        return held * np.array(possible, dtype=np.float64)


def _widths(tables):
    """Number of outputs in each table of an answer."""
    return [prod(table.shape[1:]) for table in tables]


def _is_multilabel(estimator, classes, probe):
    """Whether a model predicts a row of labels, which `classes_` need not tell."""
    if classes is None or is_sequence_of(classes, ndim=1):
        return classes is not None
    if not hasattr(estimator, "predict"):
        return False
    shape = np.shape(estimator.predict(probe))
    return len(shape) == 2 and shape[1] > 1


def _is_one_vs_one(estimator):
    """Whether the model inside any wrapper gives a margin for each pair of classes."""
    if isinstance(estimator, CalledModel):
        return _is_one_vs_one(estimator.estimator)
    if getattr(estimator, "decision_function_shape", None) == "ovo":
        return True
    if hasattr(estimator, "steps"):
        return _is_one_vs_one(estimator.steps[-1][1])
    names = ("best_estimator_", "final_estimator_", "estimator_")
    inner = [getattr(estimator, name) for name in names if hasattr(estimator, name)]
    return any(map(_is_one_vs_one, inner))
