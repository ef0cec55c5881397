"""Tables and fitted models that all tests of a process share; nobody changes them."""

from functools import cache

import joblib
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine

LOADERS = {
    "breast cancer": load_breast_cancer,
    "diabetes": load_diabetes,
    "iris": load_iris,
    "wine": load_wine,
}
MODELS = {}


@cache
def table(name):
    """X and y of a data set that scikit-learn ships, read-only."""
    X, y = LOADERS[name](return_X_y=True)
    X.flags.writeable = y.flags.writeable = False
    return X, y


def fitted(model, name):
    """A copy of the model, fitted to a table, and the table's X; fitted once in a run."""
    X, y = table(name)
    key = name, joblib.hash(model)
    if key not in MODELS:
        MODELS[key] = clone(model).fit(X, y)
    return MODELS[key], X
