"""Four data sets by five kinds of models: the pairs on which sampling is judged."""

from dataclasses import dataclass

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_wine,
    make_friedman1,
)
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR


def standardised(regressor):
    """A regressor behind standardised columns and a standardised target."""
    scaled = make_pipeline(StandardScaler(), regressor)
    return TransformedTargetRegressor(scaled, transformer=StandardScaler())


CLASSES = {
    "breast_cancer": lambda: load_breast_cancer(return_X_y=True),
    "wine": lambda: load_wine(return_X_y=True),
}
NUMBERS = {
    "diabetes": lambda: load_diabetes(return_X_y=True),
    "Friedman 1": lambda: make_friedman1(500, noise=1.0, random_state=0),
}
CLASSIFIERS = {
    "forest": RandomForestClassifier(100, random_state=0),
    "boosting": GradientBoostingClassifier(random_state=0),
    "SVM": make_pipeline(StandardScaler(), CalibratedClassifierCV(SVC(), ensemble=False)),
    "linear": make_pipeline(StandardScaler(), LogisticRegression()),
    "MLP": make_pipeline(StandardScaler(), MLPClassifier(max_iter=2000, random_state=0)),
}
REGRESSORS = {
    "forest": RandomForestRegressor(100, random_state=0),
    "boosting": GradientBoostingRegressor(random_state=0),
    "SVM": standardised(SVR()),
    "linear": make_pipeline(StandardScaler(), LinearRegression()),
    "MLP": standardised(MLPRegressor(max_iter=2000, random_state=0)),
}


@dataclass(frozen=True)
class Problem:
    """A fitted model, its training rows, and rows to explain."""

    data: str
    kind: str
    model: object
    X_train: np.ndarray
    X: np.ndarray


def problems():
    """Every data set with every kind of model."""
    for sources, models in ((CLASSES, CLASSIFIERS), (NUMBERS, REGRESSORS)):
        for data in sources:
            for kind in models:
                yield problem(data, kind)


def problem(data, kind):
    """One data set with one kind of model, of which 3 in 4 rows train."""
    sources, models = (CLASSES, CLASSIFIERS) if data in CLASSES else (NUMBERS, REGRESSORS)
    X, y = sources[data]()
    model = models[kind]
    X_train, X, y_train, _ = train_test_split(X, y, random_state=0)
    return Problem(data, kind, model.fit(X_train, y_train), X_train, X)
