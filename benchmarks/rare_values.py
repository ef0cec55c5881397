"""Values that training hardly or never had: how right are their attributions?

A table of 3,000 clients in 1,500 towns, with a column that names each client and that
the model ignores; a shop that training never had; and rare and unseen categories among 30
columns under narrow kernels. Medians over seeds, and the worst.
"""

import warnings

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler, TargetEncoder

from benchmarks.report import Line, table
from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import MarginalSampler

N_SEEDS = 9
N_ROWS = 60

# Columns of the table of narrow kernels, and how many of them are categories.
N_COLUMNS, N_NOMINAL = 30, 6
N_DRAWS_OF_LIMIT = 2**18


def measure():
    warnings.simplefilter("ignore")
    return [*towns(), shop(), *narrow()]


def towns():
    X, model = town_table()
    rows = X[:N_ROWS]
    right = np.array([contrast_of_town(X, model, row) for row in rows.itertuples()])
    errors, ignored, held = [], [], []
    for seed in range(N_SEEDS):
        explainer = LimeExplainer(model, method="sampling", random_state=seed).fit(X)
        found = explainer.explain(rows, uncertainty=True)
        lower, upper = found.confidence_intervals(0.95)
        errors.append(np.sqrt(np.mean((found.values[:, 0] - right) ** 2)))
        ignored.append(np.abs(found.values[:, 2]).max())
        limit = np.column_stack([right, np.zeros(N_ROWS)])
        holds = (lower[:, [0, 2]] <= limit) & (limit <= upper[:, [0, 2]])
        held.append(holds.mean(axis=0))
    of_town, of_client = np.mean(held, axis=0)
    return [
        Line(
            f"1,500 towns: rms error of a town (mean size {np.abs(right).mean():.2f})",
            "at most 0.02",
            f"{np.median(errors):.4f} [{max(errors):.4f}]",
            np.median(errors) <= 0.02,
        ),
        Line(
            "the same: largest attribution of a column that the model ignores",
            "at most 0.02",
            f"{np.median(ignored):.2g} [{max(ignored):.2g}]",
            max(ignored) <= 0.02,
        ),
        Line(
            "the same: coverage of 95 % intervals, ignored column / town",
            "at least 0.93",
            f"{of_client:.3f} / {of_town:.3f}",
            of_client >= 0.93,
        ),
    ]


def shop():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"shop": rng.choice(list("ABC"), 1000), "days": rng.integers(0, 30, 1000)}
    )
    y = ((X["shop"] == "C") | (X["days"] > 20)).astype(int)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=99)
    columns = make_column_transformer((encoder, ["shop"]), remainder="passthrough")
    model = make_pipeline(columns, RandomForestClassifier(50, random_state=0)).fit(X, y)
    new = pd.DataFrame({"shop": ["D"], "days": [5]})
    right = contrast_of_shop(X, model)
    found = [
        LimeExplainer(model, random_state=seed, method=method).fit(X).transform(new)[0, 0]
        for seed in range(N_SEEDS)
        for method in ("sampling", "auto")
    ]
    off = np.abs(np.array(found) - right)
    return Line(
        f"a category that training never had: error of its attribution of {right:.3f}",
        "at most 0.02",
        f"{np.median(off):.4f} [{off.max():.4f}]",
        off.max() <= 0.02,
    )


def town_table():
    rng = np.random.default_rng(0)
    n, n_towns = 3000, 1500
    effect, town = rng.normal(0, 2, n_towns), rng.integers(0, n_towns, n)
    X = pd.DataFrame(
        {
            "town": [f"t{i}" for i in town],
            "age": rng.integers(18, 80, n),
            "client": [f"c{i}" for i in range(n)],
        }
    )
    y = effect[town] + (X["age"] - 50) / 20 + rng.normal(0, 0.3, n) > 0
    columns = make_column_transformer(
        (TargetEncoder(cv=KFold(5)), ["town"]), (StandardScaler(), ["age"])
    )
    return X, make_pipeline(columns, LogisticRegression()).fit(X, y.astype(int))


def contrast_of_town(X, model, row):
    """A row's town against all others, the age from its kernel-weighted law."""
    ages, weights = weighted(X["age"], row.age, 3)
    towns, n_town = np.unique(X["town"], return_counts=True)
    grid = pd.DataFrame(
        {
            "town": np.repeat(towns, len(ages)),
            "age": np.tile(ages, len(towns)),
            "client": "c0",
        }
    )
    f = model.predict_proba(grid)[:, 1].reshape(len(towns), -1) @ weights
    own = towns == row.town
    return f[own][0] - np.average(f[~own], weights=n_town[~own])


def contrast_of_shop(X, model):
    days, weights = weighted(X["days"], 5, 2)

    def mean(name):
        grid = pd.DataFrame({"shop": name, "days": days})
        return model.predict_proba(grid)[:, 1] @ weights

    shares = X["shop"].value_counts(normalize=True)
    return mean("D") - sum(share * mean(name) for name, share in shares.items())


def weighted(column, own, d):
    """A column's values, and their masses under the default kernel around one of them."""
    values, counts = np.unique(column, return_counts=True)
    cuts = np.quantile(column, [0.25, 0.5, 0.75])
    same = np.searchsorted(cuts, values) == np.searchsorted(cuts, own)
    weights = counts * np.where(same, 1.0, np.exp(-0.5 / (0.75**2 * d)))
    return values, weights / weights.sum()


def narrow():
    X, rows, own = table_of_categories()
    sampler = MarginalSampler(categorical_features=range(N_NOMINAL))
    model = FunctionRegressor(saturating)
    for width in (0.7, 0.5, 0.3):
        limit = np.array([contrast_by_draws(X, rows[i], j, width) for i, j in own])
        held, off = [], []
        for seed in range(6 * N_SEEDS):
            explainer = LimeExplainer(
                model,
                sampler=sampler,
                kernel=ExponentialKernel(width=width),
                random_state=seed,
            )
            found = explainer.fit(X).explain(rows, uncertainty=True)
            at = tuple(np.transpose(own))
            lower, upper = (ends[at] for ends in found.confidence_intervals(0.95))
            held.append((lower <= limit) & (limit <= upper))
            off.append(found.values[at] - limit)
        share, size = np.mean(held), np.abs(limit).mean()
        yield Line(
            f"rare categories of {N_COLUMNS} columns, width {width}: coverage of 95 % "
            f"intervals, and rms error (mean size {size:.2f})",
            "at least 0.93",
            f"{share:.3f}, {np.sqrt(np.mean(np.square(off))):.4f}",
            share >= 0.93,
        )


def table_of_categories():
    """A table, eight rows with rare categories or an unseen one, and where these are."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(2000, N_COLUMNS))
    for j in range(N_NOMINAL):
        X[:, j] = rng.integers(0, 4, len(X))
        X[rng.choice(len(X), 5, replace=False), j] = 7
    rows, own = X[:8].copy(), np.zeros((8, N_COLUMNS), dtype=bool)
    for some, j, value in ((slice(8), 0, 7), (slice(4), 1, 7), (slice(4, 8), 2, 9)):
        rows[some, j], own[some, j] = value, True
    return X, rows, np.argwhere(own)


def saturating(X):
    rng = np.random.default_rng(4)
    slopes, waves = rng.normal(size=N_COLUMNS), rng.normal(size=(N_COLUMNS, 2))
    worth = np.where(X == 7, -2.0, np.where(X == 9, 3.0, X / 2))
    worth = np.where(np.arange(N_COLUMNS) < N_NOMINAL, worth, X)
    bent = np.tanh(worth @ slopes / 3)
    wavy = np.sin(worth @ waves[:, 0] / 2) * np.cos(worth @ waves[:, 1] / 3)
    return bent + 0.5 * wavy + 0.2 * worth[:, 0] * worth[:, 10]


def contrast_by_draws(X, row, j, width):
    """A row's value against all others of its column, over draws of the weighted law."""
    rng, draws = np.random.default_rng(5), np.empty((N_DRAWS_OF_LIMIT, N_COLUMNS))
    for k, values in enumerate(X.T):
        own = values == row[k]
        if k >= N_NOMINAL:
            cuts = np.quantile(values, [0.25, 0.5, 0.75])
            own = np.searchsorted(cuts, values) == np.searchsorted(cuts, row[k])
        weights = np.where(own, float(k != j), 1.0)
        if k != j:
            weights[~own] = np.exp(-0.5 / width**2)
        draws[:, k] = rng.choice(values, len(draws), p=weights / weights.sum())
    others = saturating(draws)
    draws[:, j] = row[j]
    return np.mean(saturating(draws) - others)


if __name__ == "__main__":
    print(table(measure()))
