"""Metrics of explanations: their time over that of the model calls alone."""

from functools import partial

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians, seconds
from sklime import LimeExplainer, metrics

N_ROWS = 1_000
ROUNDS = 7
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
    # Rows of no two the same, lest a cache of answers tell.
    draw = np.random.default_rng(0).choice
    rows = np.column_stack([draw(own, N_ROWS) for own in X.T])
    models = {
        "forest of 100 trees": RandomForestClassifier(100, random_state=0),
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression()),
    }
    lines = []
    for name, model in models.items():
        model.fit(X, y)
        explainer = LimeExplainer(model, random_state=0).fit(X)
        values = explainer.explain(rows).contributions().values
        ratios = {
            what: _ratio(job, lambda table, own=model: own.predict_proba(table)[:, 1])
            for what, job in _asking(rows, values, X).items()
        }
        lines.append(_line(f"metrics that ask the model, {name}", ratios))
        ratios = {
            reference: _ratio_of_fidelity(explainer, rows, reference)
            for reference in ("marginal", "neighbours")
        }
        lines.append(_line(f"fidelity_score, {name}", ratios, "transform and "))
    return lines


def _line(what, ratios, besides=""):
    """One line of the report; `besides` says what else a time is compared with."""
    told = ", ".join(f"{name} {ratio:.1f}" for name, ratio in ratios.items())
    return Line(
        f"1,000 rows by 30 columns, {what}: time over {besides}model calls alone",
        f"each below {MOST:.0f}",
        told,
        max(ratios.values()) < MOST,
    )


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


def _ratio_of_fidelity(explainer, rows, reference):
    """Time of the fidelity over that of `transform` and of the model calls it makes."""
    model = explainer.estimator_
    recorded = Recorded(model.predict_proba)
    model.predict_proba = recorded
    try:
        metrics.fidelity_score(explainer, rows, reference)
    finally:
        del model.predict_proba
    whole, asked, explained = interleaved_medians(
        lambda: seconds(lambda: metrics.fidelity_score(explainer, rows, reference)),
        lambda: seconds(recorded.again),
        lambda: seconds(lambda: explainer.transform(rows)),
        rounds=ROUNDS,
    )
    return whole / (asked + explained)


if __name__ == "__main__":
    print(table(measure()))
