"""Tables with a protected column that biased models go by: Slack et al.'s, or made up."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

# Columns of random bits, which a model may claim to go by.
BITS = ["unrelated_one", "unrelated_two"]


@dataclass(frozen=True)
class ProtectedTable:
    """Standardised rows, and the columns that models go by, in the open or in secret.

    `shown` are the columns that a model pretends to go by: with one of them, whether it is
    above `shown_above`; with two, whether one of both is above its mean, but not the other.
    """

    name: str
    columns: list[str]
    X_train: np.ndarray
    X: np.ndarray
    protected: int
    shown: tuple[int, ...]
    shown_above: float
    numeric: list[int]


def protected_tables(folder):
    """COMPAS, German credit, communities and crime of a folder; None: a made-up table."""
    if folder is None:
        yield _split("made-up table", _with_bits(_made_up()), "protected", BITS)
        return
    frame = _read(folder, "compas").drop(columns="high_risk")
    frame = _with_bits(pd.get_dummies(frame))
    yield _split("COMPAS", frame, "race", BITS)
    frame = _read(folder, "german").drop(columns=["GoodCustomer", "PurposeOfLoan"])
    frame["Gender"] = frame["Gender"] == "Male"
    shown = ["LoanRateAsPercentOfIncome"]
    yield _split("German credit", frame, "Gender", shown, median=True)
    frame = _with_bits(_read(folder, "communities").drop(columns="ViolentCrimesPerPop"))
    # The published attack leaves the bits out of its detector here, and here alone.
    yield _split("communities and crime", frame, "racePctWhite", BITS, nominal=BITS)


def _read(folder, name):
    path = Path(folder) / f"{name}.csv.gz"
    if not path.exists():
        raise FileNotFoundError(
            f"there is no {name}.csv.gz in {folder}: --data names a folder of the tables "
            "compas.csv.gz, german.csv.gz and communities.csv.gz; leave it out for a "
            "made-up table."
        )
    return pd.read_csv(path)


def _with_bits(frame):
    bits = np.random.default_rng(0).integers(0, 2, (len(frame), 2))
    return pd.concat([frame, pd.DataFrame(bits, columns=BITS, index=frame.index)], axis=1)


def _split(name, frame, protected, shown, *, median=False, nominal=()):
    """Nine rows in ten train, as published; all are standardised by these."""
    columns = list(frame)
    X_train, X = train_test_split(frame.to_numpy(float), test_size=0.1, random_state=0)
    scaler = StandardScaler().fit(X_train)
    X_train, X = scaler.transform(X_train), scaler.transform(X)
    places = tuple(columns.index(own) for own in shown)
    above = float(np.median(X_train[:, places[0]])) if median else 0.0
    numeric = [j for j, own in enumerate(columns) if own not in nominal]
    own = columns, X_train, X, columns.index(protected), places, above, numeric
    return ProtectedTable(name, *own)


def _made_up(n=2000):
    """Three latent traits behind nine columns, two of which are counts, and a yes or no."""
    rng = np.random.default_rng(0)
    traits = rng.normal(size=(n, 3))
    X = traits @ rng.normal(size=(3, 9)) + 0.2 * rng.normal(size=(n, 9))
    X[:, :2] = np.floor(np.exp(0.5 * X[:, :2]))
    frame = pd.DataFrame(X, columns=[f"measure_{j}" for j in range(9)])
    frame["protected"] = traits[:, 0] + 0.5 * rng.normal(size=n) > 0.0
    return frame
