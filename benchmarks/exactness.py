"""Closed forms: sklime without draws against ``lime`` and ``shap.TreeExplainer``."""

import warnings
from time import perf_counter

import numpy as np
import shap
from lime.lime_tabular import LimeTabularExplainer
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.model_selection import train_test_split

from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians, seconds
from sklime import LimeExplainer

N_ROWS = 2000
N_LIME_ROWS = 10
ROUNDS = 5


def measure():
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_test, y_train, _ = train_test_split(X, y, random_state=0)
    forest = RandomForestClassifier(100, random_state=0).fit(X_train, y_train)
    rows = np.resize(X_test, (N_ROWS, X.shape[1]))
    return [over_lime(forest, X_train, rows), over_shap(forest, X_train, rows), boosting()]


def over_lime(forest, X_train, rows):
    explainer = LimeExplainer(forest, method="exact")

    def lime_seconds():
        start = perf_counter()
        lime = LimeTabularExplainer(X_train, random_state=0)
        constructed = perf_counter()
        for row in rows[:N_LIME_ROWS]:
            lime.explain_instance(row, forest.predict_proba)
        per_row = (perf_counter() - constructed) / N_LIME_ROWS
        return constructed - start + per_row * len(rows)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lime")
        lime, own = interleaved_medians(
            lime_seconds,
            lambda: seconds(lambda: explainer.fit(X_train).transform(rows)),
            rounds=ROUNDS,
        )
    return Line(
        "exact, forest of 100 trees, 2,000 rows, fit included: rows per second over lime",
        "at least 1,000 times",
        f"{lime / own:,.0f} times: {N_ROWS / own:,.0f} rows/s",
        lime / own >= 1000,
    )


def over_shap(forest, X_train, rows):
    explainer = LimeExplainer(forest, method="exact").fit(X_train)
    trees = shap.TreeExplainer(forest, feature_perturbation="tree_path_dependent")
    theirs, own = interleaved_medians(
        lambda: seconds(lambda: trees.shap_values(rows)),
        lambda: seconds(lambda: explainer.transform(rows)),
        rounds=ROUNDS,
    )
    return Line(
        "the same forest, time per row: shap.TreeExplainer (path-dependent) over exact",
        "at least 5 times",
        f"{theirs / own:.1f} times: {theirs / N_ROWS * 1e6:.0f} over "
        f"{own / N_ROWS * 1e6:.0f} microseconds",
        theirs / own >= 5,
    )


def boosting():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(10_000, 30))
    X[:, :5] = rng.integers(0, 8, (10_000, 5))
    y = (X[:, 0] == 3) + X[:, 10] * X[:, 11] + X[:, 12] > 0.5
    X[rng.random(X.shape) < 0.05] = np.nan
    categorical = range(5)
    model = HistGradientBoostingClassifier(
        max_iter=100, categorical_features=categorical, early_stopping=False
    ).fit(X, y)
    explainer = LimeExplainer(model, method="exact", response_method="decision_function")
    explainer.set_params(sampler__categorical_features=list(categorical)).fit(X)
    (own,) = interleaved_medians(lambda: seconds(lambda: explainer.transform(X)), rounds=3)
    return Line(
        "exact, histogram boosting of 100 iterations, 30 columns, gaps and categories",
        "at least 10,000 rows/s",
        f"{len(X) / own:,.0f} rows/s",
        len(X) / own >= 10_000,
    )


if __name__ == "__main__":
    print(table(measure()))
