"""The wrapped model as a function: its method, container and blocks of rows."""

from contextlib import contextmanager
from math import prod
from types import ModuleType

import joblib
import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_regressor

from sklime.exceptions import RowLimitReached
from sklime.model.calls.described_rows import described_rows
from sklime.model.conversion import UnusableResponse, as_tables
from sklime.model.margins import call_method, has_method, predict_keyword_of
from sklime.model.outputs import has_type, learn_outputs
from sklime.model.presentation import Presentation, known_names, known_width
from sklime.model.target import find_target
from sklime.tables.access import block_bytes, copy_rows, n_rows, take_rows


class Response:
    """Model as a function from samples to one finite float column per output.

    Parameters
    ----------
    estimator : object
        Fitted model, or any object with ``predict_proba``, ``decision_function`` or
        ``predict``.
    response_method : {"auto", "predict_proba", "decision_function", "predict"}
        Method that is called. "auto": the first of them that exists; of a regressor
        ``predict``.
    probe : {ndarray, DataFrame, CSR matrix} of shape (n_samples, n_features)
        A few samples, about which the model is queried once to learn its outputs.
    output_name : str, default=None
        What a single number is called, instead of "y".
    arrow : ArrowTypes, default=None
        Of the Arrow table that the training frame was.

    Attributes
    ----------
    method : str
        Name of the method that is called.
    outputs : ndarray of shape (n_outputs,)
        Class labels; numbers of the labels of a multilabel model; for numbers "y", or
        "y0", "y1" and so on.
    classes : ndarray of shape (n_classes,) or None
        ``classes_`` of a classifier with one label per sample.
    exclusive : bool
        Whether every sample has one of the outputs: its predicted class.
    watch : callable or None
        Told of progress: called with the number of new rows to query, and of rows done.
    known : dict or None
        Responses to tables by their hash, which are then not asked for again; explainers
        of one model share it where they draw alike.
    precision : dtype
        The floating dtype in which the model itself answers; float64 for other numbers.

    Raises
    ------
    ValueError
        Where the method does not exist, the probe has another number of columns than
        the model was fitted on, or the responses cannot be explained.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import LinearSVC
    >>> from sklime.model.response import Response
    >>> X, y = load_iris(return_X_y=True)
    >>> response = Response(LinearSVC().fit(X, y == 2), probe=X[:5])
    >>> response.method, response.outputs
    ('decision_function', array([False,  True]))
    >>> response(X).shape
    (150, 2)
    """

    def __init__(
        self,
        estimator,
        response_method="auto",
        *,
        probe,
        batch_size=None,
        output_name=None,
        arrow=None,
    ):
        self.estimator = estimator
        self.batch_size = batch_size
        self.watch = None
        self.known = None
        self.method = _choose_method(estimator, response_method)
        _check_columns(estimator, probe)
        with self._reporting(probe, "probe row"):
            self._presentation = Presentation(
                estimator, copy_rows(probe), self._call, arrow
            )
            tables = self._ask(probe)
            self.precision = _precision(tables)
            queried = copy_rows(self.present(probe))
            self._outputs = learn_outputs(
                estimator, self.method, tables, queried, output_name
            )
            self._outputs.read(tables)
        self.outputs, self.classes = self._outputs.names, self._outputs.classes
        self.exclusive = self._outputs.exclusive

    def __call__(self, X, what="row", copy=True):
        """Query the model, in blocks that fit into a sixteenth of the working memory.

        Parameters
        ----------
        X : {ndarray, DataFrame, CSR matrix} of shape (n_samples, n_features)
        what : str, default="row"
            What a sample is, for messages.
        copy : bool, default=True
            Whether the model gets a copy of each block, as some models work in place.
            False is for samples that were made for this one call.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            Finite responses in float64, C-contiguous.

        Raises
        ------
        ValueError
            Where an answer is not finite, not a number, of an unknown class or of
            another shape than before. What the model raises itself gets a note.
        RowLimitReached
            Where `Calls` allows the model no more rows; it tells which were answered.
        """
        if self.known is not None:
            key = joblib.hash(X)
            if key not in self.known:
                shared, self.known = self.known, None
                try:
                    shared[key] = self(X, what, copy)
                finally:
                    self.known = shared
            return self.known[key].copy()
        n_entries = max(1, prod(getattr(X, "shape", ())[1:]))
        height = max(1, block_bytes() // (8 * n_entries))
        if self.batch_size is not None:
            height = min(height, self.batch_size)
        responses = np.empty((n_rows(X), len(self.outputs)))
        watch = self.watch
        if watch is not None:
            watch(len(responses), 0)
        for start in range(0, len(responses), height):
            rows = slice(start, start + height)
            block = take_rows(X, rows)
            try:
                with models_own_errors(), self._reporting(block, what, start):
                    responses[rows] = self._outputs.read(self._ask(block, copy))
            except RowLimitReached as limit:
                answered = np.zeros(len(responses), dtype=bool)
                answered[:start], answered[rows] = True, limit.answered
                limit.answered = answered
                raise
            if watch is not None:
                watch(0, len(responses[rows]))
        return responses

    def present(self, X):
        """Convert a table to the container that the model was fitted on.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            In the container that the explainer was fitted on.
        """
        return self._presentation.present(X)

    def resolve(self, target="auto"):
        """Find the outputs that a target means.

        Parameters
        ----------
        target : {"auto", "predicted", "all"} or label, default="auto"
            "auto": a single number, the second of two classes, all of several numbers
            or labels, else each row's predicted class. A label is one of `outputs`,
            never an index.

        Raises
        ------
        ValueError
            Where there is no such output, or no predicted one.
        """
        return find_target(target, self._outputs)

    def _ask(self, block, copy=True):
        """Query the model about one block; its response as tables, one for each label."""
        table = self.present(block)
        # Frames give arrays of theirs that cannot be written to.
        if copy or (isinstance(table, np.ndarray) and not table.flags.writeable):
            table = copy_rows(table)
        n = n_rows(block)  # before the model, which may empty a list
        return as_tables(self._call(table), self.method, n)

    def _call(self, table):
        return call_method(self.estimator, self.method, table)

    @contextmanager
    def _reporting(self, block, what, start=0):
        """Context: add the model's method and the rows to error messages."""
        name = f"{type(self.estimator).__name__}.{self.method}"
        plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
        queried = f"{plural} {start}..{start + n_rows(block) - 1}"
        try:
            yield
        except UnusableResponse as error:
            problem, row = error.args
            if row is not None:
                queried = f"{what} {start + row}, {_shown(block, row)}"
            raise ValueError(f"{name}, asked about {queried}, {problem}") from None
        except Exception as error:
            asked = getattr(error, "asked_rows", None)
            if asked is not None:
                queried = described_rows(asked, what, start)
            error.add_note(f"{name} was asked about {queried}")
            raise


@contextmanager
def models_own_errors():
    """Context: mark errors as raised by a model, or by steps in front of it."""
    try:
        yield
    except Exception as error:
        error.raised_by_model = True
        raise


def is_models_own(error):
    """Whether an error was marked as raised by a model, or is about its response."""
    return getattr(error, "raised_by_model", False)


def _choose_method(estimator, response_method):
    methods = ("predict_proba", "decision_function", "predict")
    if response_method in methods:
        methods = (response_method,)
    elif response_method != "auto":
        raise ValueError(
            f"response_method={response_method!r}: use 'auto' or one of {methods}"
        )
    elif has_type(estimator, is_regressor):
        methods = ("predict",)
    else:
        methods = [name for name in methods if callable(getattr(estimator, name, None))]
    for method in methods:
        if has_method(estimator, method):
            return method
    raise ValueError(_no_method(estimator, response_method))


def _no_method(estimator, response_method):
    """Message about a model, or what was given in place of one, without a method."""
    parent, name = getattr(estimator, "__self__", None), getattr(estimator, "__name__", "")
    if parent is not None and not isinstance(parent, ModuleType):
        return (
            f"estimator={name} is a method of {type(parent).__name__}, not a model: give "
            f"the model itself, and response_method={name!r} where that is what you want "
            "to be explained"
        )
    if callable(estimator) and not hasattr(estimator, "fit"):
        shown = name or type(estimator).__name__
        return (
            f"estimator={shown} is a function, or can be called like one, and has no "
            "predict_proba or predict: wrap it in FunctionClassifier if it gives class "
            "probabilities, else in FunctionRegressor"
        )
    if hasattr(estimator, "shape") or isinstance(estimator, (str, list, tuple, type(None))):
        kind = type(estimator).__name__
        return (
            f"estimator is of type {kind}, which has no predict_proba, decision_function "
            "or predict: give the fitted model itself, LimeExplainer(model)"
        )
    methods = "predict_proba or decision_function or predict"
    if response_method != "auto":
        methods = response_method
    cure = "choose another method"
    keyword = predict_keyword_of(estimator)
    if response_method == "decision_function" and keyword is not None:
        cure = f"functools.partial(model.predict, {keyword})"
        cure = f"for margins give FunctionRegressor({cure})"
    return (
        f"response_method={response_method!r}: {type(estimator).__name__} has no "
        f"{methods}; {cure}, or wrap a plain function in FunctionClassifier or "
        "FunctionRegressor"
    )


def _precision(tables):
    dtypes = {table.dtype for table in tables}
    floating = all(dtype.kind == "f" for dtype in dtypes)
    return np.result_type(*dtypes) if floating else np.dtype(np.float64)


def _check_columns(estimator, probe):
    expected = known_width(estimator)
    shape = getattr(probe, "shape", ())
    if expected is not None and len(shape) == 2 and shape[1] != expected:
        raise ValueError(
            f"X has {shape[1]} columns, but {type(estimator).__name__} was fitted on "
            f"{expected}: give the columns that the model knows"
        )
    # Not every model compares names itself; some would take columns in another order.
    known = known_names(estimator)
    given = getattr(probe, "columns", None)
    if known is None or given is None:
        return
    # LightGBM keeps names with underscores for blanks.
    known, given = ([str(name).replace(" ", "_") for name in own] for own in (known, given))
    if known != given:
        raise ValueError(
            f"the columns of X, {given[:20]}, are not the feature names that "
            f"{type(estimator).__name__} was fitted on, {known[:20]}: give these, in this "
            "order"
        )


def _shown(block, row):
    """Values of one sample as a short text."""
    sample = take_rows(block, slice(row, row + 1))
    if issparse(sample):
        values = dict(zip(sample.indices.tolist(), sample.data.tolist(), strict=True))
    elif hasattr(sample, "columns"):
        values = dict(zip(sample.columns, sample.to_numpy()[0].tolist(), strict=True))
    else:
        values = np.asarray(sample)[0].tolist()
    text = str(values)
    return text if len(text) <= 200 else text[:197] + "..."
