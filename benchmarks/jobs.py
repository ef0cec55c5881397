"""Two jobs against one, on 100,000 rows: sampling and closed forms, in both backends."""

import numpy as np
from joblib import parallel_config
from sklearn.ensemble import HistGradientBoostingRegressor

from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians, seconds
from sklime import LimeExplainer

N_ROWS = 100_000
ROUNDS = 3

# By backend of joblib: threads are the default, processes must be chosen.
REQUIRED = {
    "threading": {"sampling": 1.2, "exact": 1.0},
    "loky": {"sampling": 1.6, "exact": 1.5},
}


def measure():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 30))
    model = HistGradientBoostingRegressor(random_state=0)
    model.fit(X[:2000], X[:2000, 0] + X[:2000, 1] * X[:2000, 2])
    return [
        two_jobs(model, X, method, backend, required)
        for backend, own in REQUIRED.items()
        for method, required in own.items()
    ]


def two_jobs(model, X, method, backend, required):
    one, two = (
        LimeExplainer(model, method=method, n_jobs=n, random_state=0).fit(X[:2000])
        for n in (1, 2)
    )

    def of_two():
        with parallel_config(backend=backend):
            return seconds(lambda: two.transform(X))

    # Workers are started once, and stay.
    of_two()
    alone, together = interleaved_medians(
        lambda: seconds(lambda: one.transform(X)), of_two, rounds=ROUNDS
    )
    ratio = alone / together
    return Line(
        f'{N_ROWS:,} rows, method="{method}": two jobs ("{backend}") over one',
        f"at least {required}",
        f"{ratio:.2f}: {N_ROWS / together:,.0f} over {N_ROWS / alone:,.0f} rows/s",
        ratio >= required,
    )


if __name__ == "__main__":
    print(table(measure()))
