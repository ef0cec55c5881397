"""Size of what a worker gets of a fitted explainer, of 300,000 training rows."""

import pickle

import numpy as np
from sklearn.ensemble import RandomForestRegressor

from benchmarks.report import Line, table
from sklime import LimeExplainer

N_ROWS, N_COLUMNS = 300_000, 30
LIMIT_MB = 2.0


def measure():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, N_COLUMNS))
    some = X[:2000]
    model = RandomForestRegressor(100, max_leaf_nodes=21, random_state=0)
    model.fit(some, some[:, 0] + some[:, 1] * some[:, 2])
    own = len(pickle.dumps(model)) / 1e6
    return [state(model, own, X, method) for method in ("auto", "exact", "sampling")]


def state(model, own, X, method):
    explainer = LimeExplainer(model, method=method, random_state=0).fit(X)
    whole = len(pickle.dumps(explainer)) / 1e6
    megabytes = len(pickle.dumps(explainer._fitted.for_rows())) / 1e6
    return Line(
        f'{N_ROWS:,} training rows x {N_COLUMNS} columns, method="{method}": what a worker '
        "gets, with the model",
        f"under {LIMIT_MB:.0f} MB",
        f"{megabytes:.2f} MB, of which {own:.2f} MB are the model; the explainer has "
        f"{whole:.0f} MB",
        megabytes < LIMIT_MB,
    )


if __name__ == "__main__":
    print(table(measure()))
