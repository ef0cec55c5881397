"""Models of xgboost and lightgbm, known by name: neither library is imported."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from types import MethodType

import numpy as np

from sklime.exact.errors import NoClosedForm
from sklime.exact.trees import Splits
from sklime.functions import FunctionClassifier, FunctionRegressor

# The methods of each class that can answer with a sum over leaves, and its reader.
_XGBOOST, _LIGHTGBM = "sklime.exact.xgboost_dump", "sklime.exact.lightgbm_dump"
_MODELS = {
    ("xgboost.sklearn", "XGBRegressor"): (_XGBOOST, ["predict"]),
    ("xgboost.sklearn", "XGBRFRegressor"): (_XGBOOST, ["predict"]),
    ("xgboost.sklearn", "XGBClassifier"): (_XGBOOST, []),
    ("xgboost.sklearn", "XGBRFClassifier"): (_XGBOOST, []),
    ("lightgbm.sklearn", "LGBMRegressor"): (_LIGHTGBM, ["predict"]),
    ("lightgbm.sklearn", "LGBMClassifier"): (_LIGHTGBM, ["decision_function"]),
    ("lightgbm.basic", "Booster"): (_LIGHTGBM, ["predict"]),
}
# What `predict` takes to answer with margins.
_MARGIN = {_XGBOOST: {"output_margin": True}, _LIGHTGBM: {"raw_score": True}}

# Categories, over all nodes that test for them: with their copies about 200 MB.
_MOST_CATEGORIES = 50_000_000


@dataclass(frozen=True)
class Dump:
    """A boosted model as its library writes it down.

    Parameters
    ----------
    trees : list of Nodes
        The trees that are summed.
    precision : dtype
        The precision in which the library compares.
    read : callable or None
        From the features that tests are about, of shape (n_tests,), and their values, of
        shape (n_tests, n_values), to the values as the library reads them: NaN where it
        takes them for missing. None: as they are.
    read_features : ndarray of shape (n_features,) of bool or None
        The features of which values may be read otherwise than they are.
    step : CategoryCodes or None
        What the library does with a table first.
    """

    trees: list
    precision: type
    read: Callable | None = None
    read_features: np.ndarray | None = None
    step: object = None

    def splits(self, splits):
        """Let tests see values as the library reads them.

        Parameters
        ----------
        splits : Splits
            The distinct tests of the trees.

        Returns
        -------
        Splits
        """
        if self.read is None:
            return splits
        return ReadSplits(**vars(splits), read=self.read, read_features=self.read_features)


@dataclass(frozen=True)
class ReadSplits(Splits):
    """The distinct tests of trees whose library does not take all values as they are.

    Parameters
    ----------
    feature, threshold, missing_left, categories, left_sets, known_sets, precision
        As for `Splits`.
    read, read_features
        As for `Dump`.
    """

    read: Callable
    read_features: np.ndarray

    def pass_(self, tests, values):
        return super().pass_(tests, self.read(self.feature[tests], values))

    def compares(self, features):
        return ~self.read_features[features]

    def intervals(self, feature):
        if self.read_features[feature]:
            raise NoClosedForm(
                f"model feature {feature} has categories or numbers that stand for missing "
                "values, and no intervals under a normal law"
            )
        return super().intervals(feature)


class CategoryCodes:
    """Step that writes a frame's categories as the codes that a library gave them.

    Parameters
    ----------
    categories : list of n_categorical lists
        The categories of each categorical column of the training frame, in the order of
        their codes.
    """

    def __init__(self, categories):
        self.categories = categories

    def transform(self, table):
        """Write a frame as numbers.

        Parameters
        ----------
        table : DataFrame of shape (n_rows, n_features)
            Rows in the columns of the training frame.

        Returns
        -------
        ndarray of shape (n_rows, n_features)
            NaN where a value is missing, or a category unknown.

        Raises
        ------
        NoClosedForm
            If it is no pandas frame, or has other categorical columns.
        """
        import pandas

        columns = [column for _, column in table.items()] if hasattr(table, "iloc") else []
        nominal = [isinstance(c.dtype, pandas.CategoricalDtype) for c in columns]
        if sum(nominal) != len(self.categories):
            raise NoClosedForm(
                f"the model was fitted on a pandas frame of {len(self.categories)} "
                f"categorical columns, and is asked about {sum(nominal)}"
            )
        known = iter(self.categories)
        return np.column_stack(
            [
                self._codes(column.cat, pandas.Index(next(known)))
                if is_nominal
                else column.to_numpy(dtype=np.float64, na_value=np.nan)
                for column, is_nominal in zip(columns, nominal, strict=True)
            ]
        )

    @staticmethod
    def _codes(column, known):
        codes = np.append(known.get_indexer(column.categories), -1)[column.codes]
        return np.where(codes < 0, np.nan, codes)


def read_dump(model, response):
    """Read a model of xgboost or lightgbm, up to a constant per output.

    Besides the models themselves, a `FunctionRegressor` or `FunctionClassifier` of
    ``functools.partial(model.predict, output_margin=True)``, for lightgbm
    ``raw_score=True``, is known: the margins.

    Parameters
    ----------
    model : object
        The last step of a pipeline, or the model itself.
    response : Response
        Tells which method and outputs are explained.

    Returns
    -------
    Dump

    Raises
    ------
    NoClosedForm
        If the model is no such model, or not on the explained scale.
    """
    booster, margin = _margins_of(model, response.method), True
    if booster is None:
        booster, margin = model, response.method == "decision_function"
    reader, methods = _known(booster)
    name = f"{type(booster).__name__}.{response.method}"
    if reader is None:
        raise NoClosedForm(f"{name} is not a sum over the leaves of known trees")
    if booster is model and response.method not in methods:
        keyword = "".join(_MARGIN[reader])
        raise NoClosedForm(
            f"{name} is not a sum over leaves, but its margins are: explain "
            f"FunctionRegressor(functools.partial(model.predict, {keyword}=True))"
        )
    try:
        dump = import_module(reader).read(booster, margin)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise NoClosedForm(
            f"{type(booster).__name__} is written down in an unknown layout ({error!r})"
        ) from error
    if response.method == "decision_function" and dump.trees[0].value.shape[1] == 1:
        # A binary margin, as the outputs of both classes.
        both = [replace(tree, value=tree.value * [-1.0, 1.0]) for tree in dump.trees]
        return replace(dump, trees=both)
    return dump


def check_categories(n_nodes, n_categories):
    """Refuse a model whose sets of categories would fill the memory.

    Parameters
    ----------
    n_nodes : int
        Nodes that test for categories.
    n_categories : int
        Number of categories, from 0 to the largest code.

    Raises
    ------
    NoClosedForm
        If there are too many.
    """
    if n_nodes * n_categories > _MOST_CATEGORIES:
        raise NoClosedForm(
            f"{n_nodes:,} nodes with sets of {n_categories:,} categories do not fit into "
            "memory"
        )


def _margins_of(model, method):
    """The model whose margins a function gives, or None."""
    if type(model) not in (FunctionRegressor, FunctionClassifier):
        return None
    function = getattr(model, method)
    if type(function) is not partial or type(function.func) is not MethodType:
        return None
    booster = function.func.__self__
    reader, _ = _known(booster)
    own = reader is not None and function.func.__func__ is type(booster).predict
    if not own or function.args or function.keywords != _MARGIN[reader]:
        return None
    return booster


def _known(booster):
    """The reader of a model and the methods that it is for, if of such a class itself."""
    kind = type(booster)
    # A class of that module and name exists only once the library has been imported.
    if getattr(sys.modules.get(kind.__module__), kind.__name__, None) is not kind:
        return None, []
    return _MODELS.get((kind.__module__, kind.__name__), (None, []))
