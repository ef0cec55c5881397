"""Two threads against one, on 100,000 rows: sampling and closed forms."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians, seconds
from sklime import LimeExplainer

N_ROWS = 100_000
ROUNDS = 3


def measure():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 30))
    model = HistGradientBoostingRegressor(random_state=0)
    model.fit(X[:2000], X[:2000, 0] + X[:2000, 1] * X[:2000, 2])
    return [two_threads(model, X, "sampling", 1.6), two_threads(model, X, "exact", 1.5)]


def two_threads(model, X, method, required):
    one, two = (
        LimeExplainer(model, method=method, n_jobs=n, random_state=0).fit(X[:2000])
        for n in (1, 2)
    )
    alone, together = interleaved_medians(
        lambda: seconds(lambda: one.transform(X)),
        lambda: seconds(lambda: two.transform(X)),
        rounds=ROUNDS,
    )
    ratio = alone / together
    return Line(
        f'{N_ROWS:,} rows, method="{method}": two threads over one, rows per second',
        f"at least {required}",
        f"{ratio:.2f}: {N_ROWS / together:,.0f} over {N_ROWS / alone:,.0f} rows/s",
        ratio >= required,
    )


if __name__ == "__main__":
    print(table(measure()))
