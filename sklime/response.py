"""The model adapter: which output, by which method, in which container, and is it sound."""

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np
from scipy.sparse import issparse
from sklearn import get_config
from sklearn.base import is_classifier, is_clusterer, is_regressor


@dataclass(frozen=True, eq=False)
class Target:
    """The explained outputs of a model.

    Parameters
    ----------
    names : ndarray of shape (n_outputs,)
        The outputs that can occur: one where it is fixed, else all.
    fixed : ndarray of int of shape (k,) or None
        Columns explained for every row; None: each row's own predicted class.
    multiple : bool, default=False
        Whether all outputs are explained, so that explanations get an output axis.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.response import Target
    >>> target = Target(names=np.array(["cat", "dog"]), fixed=None)
    >>> target.columns(2, np.array([[0.9, 0.1], [0.3, 0.7]]))
    array([[0],
           [1]])
    """

    names: np.ndarray
    fixed: np.ndarray | None
    multiple: bool = False

    @property
    def needs_predictions(self):
        """Whether `columns` needs the model's answers about the explained rows."""
        return self.fixed is None

    def columns(self, n_rows, answers=None):
        """Give the output columns that are explained for every row.

        Parameters
        ----------
        n_rows : int
            Number of explained rows.
        answers : ndarray of shape (n_rows, n_outputs), default=None
            The model's answers about them; only read where `needs_predictions`.

        Returns
        -------
        ndarray of int of shape (n_rows, k)
            All columns where `multiple`, else one.
        """
        if self.needs_predictions:
            return answers.argmax(axis=1)[:, np.newaxis]
        return np.tile(self.fixed, (n_rows, 1))


class Response:
    """A model as a function from samples to one finite float column per output.

    Parameters
    ----------
    estimator : object
        Fitted model, or any object with ``predict_proba``, ``decision_function`` or
        ``predict``.
    response_method : {"auto", "predict_proba", "decision_function", "predict"}
        Method that is asked. "auto": the first of them that exists; of a regressor
        ``predict``.
    probe : {ndarray, DataFrame, CSR matrix} of shape (n_samples, n_features)
        A few samples, about which the model is asked once to learn its outputs.

    Attributes
    ----------
    method : str
        Name of the method that is asked.
    outputs : ndarray of shape (n_outputs,)
        Class labels; numbers of the labels of a multilabel model; for numbers "y", or
        "y0", "y1" and so on.
    classes : ndarray of shape (n_classes,) or None
        ``classes_`` of a classifier with one label per sample.

    Raises
    ------
    ValueError
        Where the method does not exist, the probe has another number of columns than
        the model was fitted on, or the answers cannot be explained.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import LinearSVC
    >>> from sklime.response import Response
    >>> X, y = load_iris(return_X_y=True)
    >>> response = Response(LinearSVC().fit(X, y == 2), probe=X[:5])
    >>> response.method, response.outputs
    ('decision_function', array([False,  True]))
    >>> response(X).shape
    (150, 2)
    """

    def __init__(self, estimator, response_method="auto", *, probe):
        self.estimator = estimator
        self.method = _choose_method(estimator, response_method)
        _check_width(estimator, probe)
        with self._reporting(probe, "probe row"):
            tables = self._ask(probe)
            asked = _container(estimator, probe)
            self._outputs = _Outputs(estimator, self.method, tables, asked)
            self._outputs.read(tables)
        self.outputs, self.classes = self._outputs.names, self._outputs.classes

    def __call__(self, X, what="row"):
        """Ask the model, in blocks that fit into a sixteenth of the working memory.

        Parameters
        ----------
        X : {ndarray, DataFrame, CSR matrix} of shape (n_samples, n_features)
            The samples.
        what : str, default="row"
            What a sample is, for messages.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            Finite answers in float64, C-contiguous.

        Raises
        ------
        ValueError
            Where an answer is not finite, not a number, of an unknown class or of
            another shape than before. What the model raises itself gets a note.
        """
        height = _block_height(X)
        answers = np.empty((_n_rows(X), len(self.outputs)))
        for start in range(0, len(answers), height):
            rows = slice(start, start + height)
            block = _take(X, rows)
            with self._reporting(block, what, start):
                answers[rows] = self._outputs.read(self._ask(block))
        return answers

    def resolve(self, target="auto"):
        """Find the outputs that a target means.

        Parameters
        ----------
        target : {"auto", "predicted", "all"} or label, default="auto"
            "auto": a single number, the second of two classes, all of several numbers
            or labels, else each row's predicted class. A label is one of `outputs`,
            never an index.

        Returns
        -------
        Target
            The explained outputs.

        Raises
        ------
        ValueError
            Where there is no such output, or no predicted one.
        """
        return self._outputs.resolve(target)

    def _ask(self, block):
        """Return the answer about a block as tables: one, or one for each label."""
        answer = getattr(self.estimator, self.method)(_container(self.estimator, block))
        several = self.method == "predict_proba" and isinstance(answer, (list, tuple))
        parts = answer if several and _holds(answer, ndim=2) else [answer]
        return [_table(part, self.method, _n_rows(block)) for part in parts]

    @contextmanager
    def _reporting(self, block, what, start=0):
        """Make errors tell which model was asked about which rows."""
        name = f"{type(self.estimator).__name__}.{self.method}"
        asked = f"{what}s {start}..{start + _n_rows(block) - 1}"
        try:
            yield
        except _Unusable as error:
            problem, row = error.args
            if row is not None:
                asked = f"{what} {start + row}, {_shown(block, row)}"
            raise ValueError(f"{name}, asked about {asked}, {problem}") from None
        except Exception as error:
            error.add_note(f"{name} was asked about {asked}")
            raise


class _Unusable(Exception):
    """An answer that cannot be explained: the problem, and its row in the block."""

    def __init__(self, problem, row=None):
        super().__init__(problem, row)


def as_array(answer):
    """Convert what a model returns, also a torch tensor or sparse labels, to an array."""
    if hasattr(answer, "detach"):
        answer = answer.detach().cpu().double()  # numpy has no bfloat16
    return answer.toarray() if issparse(answer) else np.asarray(answer)


def _choose_method(estimator, response_method):
    methods = ("predict_proba", "decision_function", "predict")
    if response_method in methods:
        methods = (response_method,)
    elif response_method != "auto":
        raise ValueError(
            f"response_method={response_method!r}: use 'auto' or one of {methods}"
        )
    elif _is(is_regressor, estimator):
        methods = ("predict",)
    for method in methods:
        if callable(getattr(estimator, method, None)):
            return method
    raise ValueError(
        f"response_method={response_method!r}: {type(estimator).__name__} has no "
        f"{' or '.join(methods)}; choose another method, or wrap a plain function in "
        "FunctionClassifier or FunctionRegressor"
    )


def _is(kind, estimator):
    """Ask is_regressor and the like; a black box without tags is nothing of them."""
    return hasattr(estimator, "__sklearn_tags__") and kind(estimator)


def _check_width(estimator, probe):
    expected = getattr(estimator, "n_features_in_", None)
    shape = getattr(probe, "shape", ())
    if expected is not None and len(shape) == 2 and shape[1] != expected:
        raise ValueError(
            f"X has {shape[1]} columns, but {type(estimator).__name__} was fitted on "
            f"{expected}: give the columns that the model knows"
        )


def _container(estimator, block):
    """Return a block in the container of the model's fit, else it warns at every call."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and isinstance(block, np.ndarray):
        import pandas as pd

        return pd.DataFrame(block, columns=names, copy=False)
    nameless = names is None and hasattr(estimator, "n_features_in_")
    columns = getattr(block, "columns", [None])
    if nameless and all(isinstance(name, str) for name in columns):
        return block.to_numpy()
    return block


def _n_rows(X):
    return X.shape[0] if hasattr(X, "shape") else len(X)


def _take(X, rows):
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def _block_height(X):
    n_entries = max(1, prod(getattr(X, "shape", ())[1:]))
    return max(1, int(get_config()["working_memory"] * 2**20 / 16 / (8 * n_entries)))


def _shown(block, row):
    """Return the values of one sample as a short text."""
    sample = _take(block, slice(row, row + 1))
    if issparse(sample):
        values = dict(zip(sample.indices.tolist(), sample.data.tolist(), strict=True))
    elif hasattr(sample, "columns"):
        values = dict(zip(sample.columns, sample.to_numpy()[0].tolist(), strict=True))
    else:
        values = np.asarray(sample)[0].tolist()
    text = str(values)
    return text if len(text) <= 200 else text[:197] + "..."


def _holds(values, ndim):
    """Whether a sequence holds arrays of so many dimensions."""
    return len(values) > 0 and np.ndim(values[0]) == ndim


def _table(answer, method, n_rows):
    """Return an answer as an array of one row per sample."""
    table = as_array(answer)
    if table.ndim == 1 and method != "predict_proba":
        table = table[:, np.newaxis]
    if table.ndim != 2 or len(table) != n_rows:
        raise _Unusable(f"gave an array of shape {table.shape} for {n_rows} rows")
    return table


class _Outputs:
    """The meaning of a model's answers, learned from the first one."""

    def __init__(self, estimator, method, tables, probe):
        self._name, self._method = f"{type(estimator).__name__}.{method}", method
        self._widths = [table.shape[1] for table in tables]
        n_columns, several = self._widths[0], len(tables) > 1
        classes = getattr(estimator, "classes_", None)
        if classes is not None and len(classes) == 1 and _holds(classes, ndim=1):
            classes = classes[0]  # a single label: an ordinary classifier
        number = method == "predict" or (method == "decision_function" and n_columns == 1)
        self.classes, self._transform = None, _numbers
        if classes is None and number:
            if _is(is_classifier, estimator) or _is(is_clusterer, estimator):
                raise ValueError(
                    f"{self._name} gives labels of unknown classes: the model needs an "
                    "attribute classes_, or a FunctionClassifier with classes around it"
                )
            names = ["y"] if n_columns == 1 else [f"y{i}" for i in range(n_columns)]
            self._kind, self.names = "numbers", np.array(names)
        elif several or _is_multilabel(estimator, classes, probe):
            self._kind = "labels"
            self.names = np.arange(len(tables) if several else n_columns)
            self._transform = self._label_transform(classes)
        elif classes is None:
            self._kind, self.names = "classes", np.arange(n_columns)
        else:
            self._kind, self.names = "classes", np.asarray(classes)
            self.classes = self.names
            self._transform = self._class_transform(estimator)

    def read(self, tables):
        """Return the answers, one finite float column per output."""
        widths = [table.shape[1] for table in tables]
        if widths != self._widths:
            raise _Unusable(f"gave {widths} columns, but {self._widths} columns before")
        answers = self._transform(tables)
        bad = np.flatnonzero(~np.isfinite(answers).all(axis=1))
        if len(bad):
            raise _Unusable(f"gave {answers[bad[0]]}, which is not finite", bad[0])
        return answers

    def resolve(self, target):
        n_outputs, exclusive = len(self.names), self._kind == "classes"
        keyword = target if isinstance(target, str) else None
        if keyword == "auto" and exclusive and n_outputs == 2:
            return self._only(1)
        if keyword == "auto":
            keyword = "predicted" if exclusive or n_outputs == 1 else "all"
        if keyword == "all":
            return Target(self.names, np.arange(n_outputs), multiple=True)
        if keyword == "predicted" and exclusive:
            return Target(self.names, None)
        if keyword == "predicted" and n_outputs == 1:
            return self._only(0)
        found = [i for i, label in enumerate(self.names) if _same(label, target)]
        if not found:
            more = f" and {n_outputs - 20} more" if n_outputs > 20 else ""
            raise ValueError(
                f"target={target!r} is not one of the outputs of {self._name}: use 'all' "
                f"or one of {self.names[:20].tolist()}{more}"
            )
        return self._only(found[0])

    def _only(self, column):
        return Target(self.names[[column]], np.array([column]))

    def _label_transform(self, classes):
        several = len(self._widths) > 1
        if classes is None or not _holds(classes, ndim=1):
            classes = [(0, 1)] * len(self.names)
        sizes = [len(of_label) for of_label in classes]
        if max(sizes) > 2 or (several and sizes != self._widths):
            raise ValueError(
                f"{self._name} gives outputs of {self._widths if several else sizes} "
                "classes, where each needs two: explain one output at a time, by a "
                "FunctionClassifier of its probabilities"
            )
        if several:
            return partial(_second_probabilities, classes)
        if self._method == "predict":
            return partial(_second_indicators, classes)
        return _numbers

    def _class_transform(self, estimator):
        n_columns, n_classes = self._widths[0], len(self.classes)
        margins = self._method == "decision_function"
        if self._method == "predict":
            return partial(_indicators, self.classes)
        if margins and n_columns == 1 and n_classes == 2:
            return _two_margins
        # Three classes have three pairs: the number of columns does not tell.
        pairs = margins and _is_one_vs_one(estimator)
        if pairs or n_columns != n_classes:
            cure = ": one-vs-one margins? Set decision_function_shape='ovr'" * margins
            raise ValueError(
                f"{self._name} gives {n_columns} columns, which do not belong to the "
                f"{n_classes} classes_{cure}"
            )
        return _numbers


def _is_multilabel(estimator, classes, probe):
    """Whether a model predicts a row of labels, which its classes_ may not tell."""
    if classes is None or _holds(classes, ndim=1):
        return classes is not None
    if not hasattr(estimator, "predict"):
        return False
    shape = np.shape(estimator.predict(probe))
    return len(shape) == 2 and shape[1] > 1


def _is_one_vs_one(estimator):
    """Whether the model behind any wrapper gives a margin for each pair of classes."""
    if getattr(estimator, "decision_function_shape", None) == "ovo":
        return True
    if hasattr(estimator, "steps"):
        return _is_one_vs_one(estimator.steps[-1][1])
    names = ("best_estimator_", "final_estimator_", "estimator_")
    inner = [getattr(estimator, name) for name in names if hasattr(estimator, name)]
    return any(map(_is_one_vs_one, inner))


def _same(label, target):
    """Whether a target is this label; True is not the label 1, nor 1 the label True."""
    label, target = (x.item() if isinstance(x, np.generic) else x for x in (label, target))
    return isinstance(label, bool) == isinstance(target, bool) and label == target


def _numbers(tables):
    table = tables[0]
    if table.dtype == object:
        table = np.array(table.tolist())
    if table.dtype.kind not in "biuf":
        raise _Unusable(
            f"gave {table.dtype} values, not numbers: a model that predicts labels needs "
            "an attribute classes_, or a FunctionClassifier around it"
        )
    return table.astype(np.float64)


def _two_margins(tables):
    return _numbers(tables) * [-1.0, 1.0]


def _indicators(classes, tables):
    hits = tables[0] == classes
    unknown = np.flatnonzero(~hits.any(axis=1))
    if len(unknown):
        label = tables[0][unknown[0], 0]
        raise _Unusable(f"gave {label!r}, which is not in its classes_", unknown[0])
    return hits.astype(np.float64)


def _second_indicators(classes, tables):
    hits = [column == classes[i][-1] for i, column in enumerate(tables[0].T)]
    return np.column_stack(hits) * _possible(classes)


def _second_probabilities(classes, tables):
    return np.column_stack([_numbers([t])[:, -1] for t in tables]) * _possible(classes)


def _possible(classes):
    """Return 0.0 for a label that never held, whose only class is a false one."""
    return np.array([float(len(pair) == 2 or bool(pair[0])) for pair in classes])
