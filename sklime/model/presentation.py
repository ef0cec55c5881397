"""Presentation of tables to a model: the frame that the user gave, or an array."""

import re
import warnings

import numpy as np

from sklime.exceptions import caught_warnings
from sklime.model.margins import is_from

# Libraries whose models keep the names of the columns of a frame that they are fitted on.
_KEEP_NAMES = ("sklearn", "xgboost", "lightgbm")


class Presentation:
    """Conversion of tables to the container that a model was fitted on.

    A frame stays one, unless the model was fitted on an array: models of scikit-learn and
    others that keep the names of a frame have none, and those that only tell their number
    of features are queried about the frame once. Where it was an Arrow table, a model that
    does not answer about the frame, but about such a table, gets these.

    Parameters
    ----------
    estimator : object
        The model.
    probe : {ndarray, DataFrame, CSR matrix} of shape (n_samples, n_features)
        A few samples.
    ask : callable
        Queries the model about a table in its container.
    arrow : ArrowTypes, default=None
        Of the Arrow table that the training frame was.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklime.model.presentation import Presentation
    >>> frame = pd.DataFrame({"size": [1.0, 2.0]})
    >>> model = LinearRegression().fit(frame.to_numpy(), [1, 2])
    >>> Presentation(model, frame, model.predict).present(frame)
    array([[1.],
           [2.]])
    """

    def __init__(self, estimator, probe, ask, arrow=None):
        self._names = getattr(estimator, "feature_names_in_", None)
        self._as_array = _has_strings_as_names(probe) and _fitted_on_array(
            estimator, probe, ask
        )
        self._arrow = None
        if arrow is not None and not self._as_array and not _answers(ask, probe):
            takes_arrow = _answers(lambda frame: ask(arrow.table_of(frame)), probe)
            self._arrow = arrow if takes_arrow else None

    def present(self, block):
        """Convert a block of samples to the model's container."""
        if self._as_array and hasattr(block, "columns"):
            block = _to_array(block)
        if self._arrow is not None:
            return self._arrow.table_of(block)
        if self._names is not None and isinstance(block, np.ndarray):
            import pandas as pd

            return pd.DataFrame(block, columns=self._names, copy=False)
        return block


def known_names(estimator):
    """Names of the columns that a model was fitted on, or None where it had none.

    Libraries number the columns of arrays: these numbers are no names.
    """
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        names = getattr(estimator, "feature_names_", None)  # catboost
    if is_from(estimator, "xgboost", "Booster"):
        names = estimator.feature_names
    if is_from(estimator, "lightgbm", "Booster"):
        names = estimator.feature_name()
    if names is None or callable(names):
        return None
    names = [str(name) for name in names]
    numbered = [[f"{prefix}{i}" for i in range(len(names))] for prefix in ("", "Column_")]
    return None if names in numbered else names


def known_width(estimator):
    """Number of columns that a model was fitted on, or None where it does not tell."""
    if is_from(estimator, "xgboost", "Booster"):
        return estimator.num_features()
    if is_from(estimator, "lightgbm", "Booster"):
        return estimator.num_feature()
    # catboost says 0 after it was loaded from a file.
    return getattr(estimator, "n_features_in_", None) or None


def _fitted_on_array(estimator, probe, ask):
    """Whether a model that could be given a frame wants an array."""
    if known_names(estimator) is not None:
        return False
    numbered = getattr(estimator, "feature_names_in_", None)
    if numbered is not None:
        return list(numbered) != list(probe.columns)
    if is_from(estimator, "xgboost", "Booster"):
        return True
    if not hasattr(estimator, "n_features_in_"):
        return False
    library = type(estimator).__module__.partition(".")[0]
    # Wrappers may hold a model of another library.
    if library in _KEEP_NAMES and not any("__" in name for name in estimator.get_params()):
        return True
    if not hasattr(estimator, "fit"):
        # It counts columns and was never fitted on any: an array, where it takes one.
        return _answers(ask, _to_array(probe))
    return not _takes_frame(probe, ask)


def _takes_frame(frame, ask):
    """Whether a model answers about a frame, without a warning that it knew no names."""
    with caught_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            ask(frame)
        except Exception:
            return not _answers(ask, _to_array(frame))
    nameless = re.compile("X has feature names, but .* was fitted without feature names")
    return not any(nameless.match(str(warning.message)) for warning in caught)


def _answers(ask, X):
    with caught_warnings():
        warnings.simplefilter("ignore")
        try:
            ask(X.copy())  # which can be written to
        except Exception:
            return False
    return True


def _has_strings_as_names(table):
    """Whether a table has names that models keep: some that are strings.

    scikit-learn takes no frame whose names are strings in part.
    """
    columns = getattr(table, "columns", None)
    return columns is not None and any(isinstance(name, str) for name in columns)


def _to_array(frame):
    """Array of a frame's values; of nullable numbers, floats with NaN where missing."""
    values = frame.to_numpy()
    if values.dtype == object and hasattr(frame, "iloc"):
        from pandas.api.types import is_numeric_dtype

        if all(map(is_numeric_dtype, frame.dtypes)):
            return frame.to_numpy(dtype=np.float64, na_value=np.nan)
    return values
