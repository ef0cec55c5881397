"""Metrics of explanations: their time over that of the model calls alone."""

from functools import partial

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians, seconds
from sklime import LimeExplainer, metrics

N_ROWS = 1_000
ROUNDS = 3
MOST = 5.0


class Recorded:
    """A function from tables to numbers that keeps the tables, to ask for them again."""

    def __init__(self, function):
        self.function = function
        self.tables = []

    def __call__(self, X):
        self.tables.append(X)
        return self.function(X)

    def again(self):
        for own in self.tables:
            self.function(own)


def measure():
    X, y = load_breast_cancer(return_X_y=True)
    forest = RandomForestClassifier(100, random_state=0).fit(X, y)
    # Rows of no two the same, lest a cache of answers tell.
    draw = np.random.default_rng(0).choice
    rows = np.column_stack([draw(own, N_ROWS) for own in X.T])
    linear = np.random.default_rng(1).normal(size=X.shape[1]) / X.std(axis=0)
    models = {
        "forest of 100 trees": lambda table: forest.predict_proba(table)[:, 1],
        "a product of a matrix and a vector": lambda table: table @ linear,
    }
    values = LimeExplainer(forest, random_state=0).fit(X).explain(rows)
    own = values.contributions().values
    lines = []
    for name, model in models.items():
        ratios = {what: _ratio(job, model) for what, job in _asking(rows, own, X).items()}
        worst = max(ratios, key=ratios.get)
        told = ", ".join(f"{what} {ratio:.1f}" for what, ratio in ratios.items())
        lines.append(
            Line(
                f"metrics of 1,000 rows by 30 columns, {name}: time over the model calls "
                "alone",
                f"each below {MOST:.0f}",
                f"{told}",
                ratios[worst] < MOST,
            )
        )
    return lines


def _asking(rows, values, background):
    """Metrics that ask the model, each a function of it."""
    own = rows, values
    given = {"background": background}
    seeded = given | {"random_state": 0}
    calls = {
        "faithfulness_correlation": partial(metrics.faithfulness_correlation, **seeded),
        "comprehensiveness": partial(metrics.comprehensiveness, k=5, **given),
        "sufficiency": partial(metrics.sufficiency, k=5, **given),
        "monotonicity": partial(metrics.monotonicity, **given),
        "infidelity": partial(metrics.infidelity, **seeded),
        "prediction_gap": partial(metrics.prediction_gap, k=5, **seeded),
    }
    return {
        name: lambda model, call=call: call(model, *own) for name, call in calls.items()
    }


def _ratio(job, model):
    """Time of a metric over that of the model calls that it makes."""
    recorded = Recorded(model)
    job(recorded)
    whole, asked = interleaved_medians(
        lambda: seconds(lambda: job(model)),
        lambda: seconds(recorded.again),
        rounds=ROUNDS,
    )
    return whole / asked


if __name__ == "__main__":
    print(table(measure()))
