"""The models and tables that several benchmarks share."""

from time import perf_counter

import numpy as np
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split


class MeteredClassifier:
    """A fitted classifier that counts the rows it is asked about and the time it takes."""

    def __init__(self, classifier):
        self.classifier = classifier
        self.classes_ = classifier.classes_
        self.reset()

    def reset(self):
        self.rows, self.calls, self.seconds = 0, 0, 0.0

    def predict_proba(self, X):
        start = perf_counter()
        probabilities = self.classifier.predict_proba(X)
        self.seconds += perf_counter() - start
        self.rows += len(X)
        self.calls += 1
        return probabilities


def random_forest():
    """Model, training rows and, from the test rows repeated, 1,000 rows to explain."""
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_test, y_train, _ = train_test_split(X, y, random_state=0)
    forest = RandomForestClassifier(100, random_state=0).fit(X_train, y_train)
    return MeteredClassifier(forest), X_train, np.resize(X_test, (1000, X.shape[1]))


def logistic_regression(n_columns):
    """Model, 2,000 training rows and 300 rows to explain, made."""
    X, y = make_classification(2300, n_columns, n_informative=20, random_state=0)
    model = LogisticRegression(max_iter=1000).fit(X[:2000], y[:2000])
    return MeteredClassifier(model), X[:2000], X[2000:]
