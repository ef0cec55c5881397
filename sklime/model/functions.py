"""Estimators made of a plain function: black boxes for scikit-learn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin

from sklime.base import DocumentedEstimator
from sklime.model.calls.asynchronous import is_async
from sklime.model.calls.calls import Calls
from sklime.model.conversion import UnusableResponse, as_array, as_tables
from sklime.model.outputs import ClassOutputs
from sklime.tables.access import n_rows
from sklime.tables.typing import TableLike


class _Function(DocumentedEstimator):
    """Adapter: a prediction function as a fitted estimator."""

    def __getstate__(self):
        # The caller is made anew: copies start with no row answered.
        state = super().__getstate__()
        return {name: own for name, own in state.items() if name != "_caller"}

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        # The function gets tables as they are, and says itself what it cannot take.
        tags.input_tags.allow_nan = tags.input_tags.sparse = True
        return tags

    def __sklearn_clone__(self):
        # By reference: a deep copy of a bound method would copy the model behind it.
        return type(self)(**self.get_params(deep=False))

    def _as_method(self, method):
        """The function itself, or what calls it as `calls` says."""
        if not callable(self.function):
            raise TypeError(
                f"function={self.function!r:.80} of {type(self).__name__} cannot be "
                f"called: give a function of rows, such as model.{method}."
            )
        if self.calls is None and not is_async(self.function):
            return self.function
        calls = Calls() if self.calls is None else self.calls
        if not isinstance(calls, Calls):
            raise TypeError(
                f"calls={calls!r:.80} of {type(self).__name__} must be Calls(...), or None."
            )
        known = vars(self).get("_caller")
        if known is None or known.function is not self.function or known.calls != calls:
            # Event loops and databases are imported where they are needed.
            from sklime.model.calls.caller import Caller

            # Kept, as it counts the rows that were answered.
            self._caller = Caller(self.function, calls, type(self).__name__, method)
        return self._caller


class FunctionClassifier(ClassifierMixin, _Function):
    """Classifier made of a function that gives class probabilities.

    It counts as fitted, has no ``fit``, and is cloned with the same function.

    Parameters
    ----------
    function : callable
        Takes the samples, in the container that it is called with, and returns the
        probabilities, of shape (n_samples, n_classes); of shape (n_samples,) or
        (n_samples, 1) they are those of the second of two classes. It stands on the
        instance as given, ``instance.predict_proba`` is it, unless there are `calls`; or it
        is asynchronous, and then waited for.
    classes : array-like of shape (n_classes,), default=None
        The class labels, in the order of the columns. None numbers the columns, or the
        two classes.
    calls : Calls, default=None
        How it is called: in batches, several at once, again after errors, with a cache.
        None: once for all samples.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels. Only exists where `classes` is given.

    See Also
    --------
    FunctionRegressor : The same for a function that gives numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime import FunctionClassifier
    >>> def rain(X):
    ...     wet = 1 / (1 + np.exp(-X[:, 0]))
    ...     return np.column_stack([1 - wet, wet])
    >>> classifier = FunctionClassifier(rain, classes=["dry", "wet"])
    >>> classifier.predict(np.array([[-1.0], [2.0]]))
    array(['dry', 'wet'], dtype='<U3')
    """

    def __init__(
        self,
        function: Callable[[Any], ArrayLike | Awaitable[ArrayLike]],
        classes: ArrayLike | None = None,
        *,
        calls: Calls | None = None,
    ) -> None:
        self.function = function
        self.classes = classes
        self.calls = calls

    @property
    def predict_proba(self) -> Callable[[Any], Any]:
        """The function, which gives the class probabilities of samples."""
        return self._as_method("predict_proba")

    @predict_proba.setter
    def predict_proba(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    @property
    def classes_(self) -> NDArray[Any]:
        """The class labels, where `classes` is given."""
        if self.classes is None:
            raise AttributeError("classes_ only exists where classes is given")
        classes = np.asarray(self.classes)
        if classes.ndim != 1 or len(set(classes.tolist())) < len(classes):
            raise ValueError(
                f"classes={self.classes!r:.80} of FunctionClassifier must be a list of the "
                "class labels, each once, in the order of the columns of probabilities."
            )
        return classes

    def predict(self, X: TableLike) -> NDArray[Any]:
        """Give the most probable class of every sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            Class labels, or their numbers where `classes` is None.

        Raises
        ------
        ValueError
            Where the probabilities have not one column per class, or are no finite numbers.
        """
        name = "FunctionClassifier.predict_proba"
        try:
            answer = as_array(self.predict_proba(X))
            [table] = as_tables(answer, "predict_proba", n_rows(X))
            widths, classes = [table.shape[1]], getattr(self, "classes_", None)
            outputs = ClassOutputs(name, widths, "predict_proba", classes, one_vs_one=False)
            probabilities = outputs.read([table])
        except UnusableResponse as error:
            problem, row = error.args
            where = "" if row is None else f", asked about row {row},"
            raise ValueError(f"{name}{where} {problem}") from None
        return outputs.names[probabilities.argmax(axis=1)]


class FunctionRegressor(RegressorMixin, _Function):
    """Regressor made of a function that gives numbers.

    It counts as fitted, has no ``fit``, and is cloned with the same function.

    Parameters
    ----------
    function : callable
        Takes the samples, in the container that it is called with, and returns numbers
        of shape (n_samples,) or (n_samples, n_outputs): arrays, lists, series, frames or
        tensors. Forecasts may have the shape (n_samples, n_steps, n_outputs): their
        outputs are named ``y0_t+1``, ``y1_t+1``, ``y0_t+2`` and so on, of one output a
        step ``y_t+1``. Other axes of length 1 are left out. It stands on the instance as
        given, ``instance.predict`` is it, unless there are `calls`; or it is asynchronous,
        and then waited for.
    calls : Calls, default=None
        How it is called: in batches, several at once, again after errors, with a cache.
        None: once for all samples.

    See Also
    --------
    FunctionClassifier : The same for a function that gives class probabilities.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime import FunctionRegressor
    >>> FunctionRegressor(lambda X: X.sum(axis=1)).predict(np.array([[1.0, 2.0]]))
    array([3.])
    """

    def __init__(
        self,
        function: Callable[[Any], ArrayLike | Awaitable[ArrayLike]],
        *,
        calls: Calls | None = None,
    ) -> None:
        self.function = function
        self.calls = calls

    @property
    def predict(self) -> Callable[[Any], Any]:
        """The function, which gives numbers for samples."""
        return self._as_method("predict")

    @predict.setter
    def predict(self, function: Callable[[Any], Any]) -> None:
        self.function = function
