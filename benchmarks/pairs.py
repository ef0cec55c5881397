"""Twelve pairs of table and model on which attributions are compared with each other.

Columns are quantile-normal and targets of regressions go from 0 to 1, as the BEExAI
benchmark has them, so that figures of different tables can be averaged.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer


def houses(n=2_000):
    """Blocks of a coast and their prices: skewed, correlated, with interactions.

    The eight columns are those of California housing: income, age, rooms, bedrooms,
    population, occupancy, latitude, longitude.
    """
    rng = np.random.default_rng(0)
    along, inland = rng.uniform(size=n), rng.gamma(1.5, 0.15, n)
    latitude = 33.0 + 8.0 * along + 0.1 * rng.normal(size=n)
    longitude = -118.0 - 5.0 * along + 4.0 * inland
    wealth = rng.normal(size=n) - inland
    income = np.exp(1.2 + 0.45 * wealth)
    rooms = np.exp(1.6 + 0.25 * wealth + 0.15 * rng.normal(size=n))
    bedrooms = 0.2 * rooms * np.exp(0.1 * rng.normal(size=n))
    age = np.clip(52.0 * rng.beta(2.0, 1.5, n) - 8.0 * inland, 1.0, 52.0)
    population = np.exp(7.0 + 0.7 * rng.normal(size=n) - 0.01 * age)
    occupancy = np.exp(1.1 - 0.15 * wealth + 0.2 * rng.normal(size=n))
    price = (
        0.5 * income * np.exp(-1.5 * inland)
        + 0.8 * np.exp(-np.square((along - 0.2) / 0.1))
        + 0.8 * np.exp(-np.square((along - 0.6) / 0.1))
        + 0.004 * age * (inland < 0.2)
        - 0.3 * np.log(occupancy) * np.log(rooms / bedrooms)
        + 0.15 * rng.normal(size=n)
    )
    columns = income, age, rooms, bedrooms, population, occupancy, latitude, longitude
    return np.column_stack(columns), np.minimum(price, np.quantile(price, 0.95))


def xgboost(classes):
    # Optional, and slow to import.
    from xgboost import XGBClassifier, XGBRegressor

    return (XGBClassifier if classes else XGBRegressor)(random_state=0)


def forest(classes):
    kind = RandomForestClassifier if classes else RandomForestRegressor
    return kind(100, random_state=0)


def network(classes):
    kind = MLPClassifier if classes else MLPRegressor
    return kind(hidden_layer_sizes=(64, 64), max_iter=1_000, random_state=0)


CLASSES = {"breast_cancer": load_breast_cancer, "wine": load_wine}
TABLES = {
    **CLASSES,
    "diabetes": load_diabetes,
    "made-up houses": lambda return_X_y: houses(),
}
MODELS = {"XGB": xgboost, "RF(100)": forest, "MLP(64, 64)": network}


@dataclass(frozen=True)
class Pair:
    """A fitted model, its training rows, rows held out, and the columns the model reads."""

    name: str
    model: object
    X_train: np.ndarray
    X: np.ndarray
    read: np.ndarray


def pairs(read_share=1.0):
    """Every table with every model, which reads that share of the columns at random."""
    for table, load in TABLES.items():
        X, y = load(return_X_y=True)
        classes = table in CLASSES
        X_train, X, y_train, _ = train_test_split(X, y, test_size=0.2, random_state=0)
        X_train, X = quantile_normal(X_train, X)
        if not classes:
            y_train = (y_train - y_train.min()) / np.ptp(y_train)
        d = X.shape[1]
        order = np.random.default_rng(0).permutation(d)
        read = np.sort(order[: round(read_share * d)])
        for kind, make in MODELS.items():
            model = make(classes)
            if len(read) < d:
                chosen = ColumnTransformer([("read", "passthrough", read)])
                model = make_pipeline(chosen, model)
            yield Pair(f"{table}, {kind}", model.fit(X_train, y_train), X_train, X, read)


def quantile_normal(X_train, X):
    """Both tables with the columns of the first normal."""
    n = len(X_train)
    transformer = QuantileTransformer(n_quantiles=n, output_distribution="normal")
    # The least and the largest value would stand at -5.2 and 5.2, far from all others.
    end = norm.ppf(1.0 - 0.5 / n)
    parts = transformer.fit_transform(X_train), transformer.transform(X)
    return [np.clip(part, -end, end) for part in parts]
