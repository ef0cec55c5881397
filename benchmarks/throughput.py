"""Whole tables: sklime and ``lime`` in one process, on the same rows and the same model.

``lime`` explains a few of the rows, and its time for the table is its construction plus
that many times its mean row. sklime explains the whole table, its ``fit`` included.
"""

import warnings
from time import perf_counter

import numpy as np
from lime.lime_tabular import LimeTabularExplainer

from benchmarks.models import logistic_regression, random_forest
from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians, seconds
from sklime import LimeExplainer
from sklime.samplers import GaussianSampler
from sklime.selectors import AllFeatures, ForwardSelection

N_SAMPLES = 5000
N_LIME_ROWS = 10
ROUNDS = 5


def measure():
    forest = random_forest()
    return [
        against_lime(
            "30 columns, forest of 100 trees, 1,000 rows, all features",
            *(*forest, AllFeatures(), 300),
        ),
        against_lime(
            "the same, 10,000 rows",
            *(*forest[:2], np.resize(forest[2], (10_000, 30)), AllFeatures(), 700),
        ),
        against_lime(
            "the same, 5 features kept by forward selection",
            *(*forest, ForwardSelection(k=5), 1200),
        ),
        against_lime(
            "100 columns, logistic regression, 300 rows, all features",
            *(*logistic_regression(100), AllFeatures(), 180),
        ),
        over_the_model(*forest),
    ]


def against_lime(what, model, X_train, X, selector, required):
    n_kept = getattr(selector, "k", X.shape[1])
    explainer = LimeExplainer(
        model, selector=selector, method="sampling", n_samples=N_SAMPLES, random_state=0
    )

    def lime_seconds():
        start = perf_counter()
        lime = LimeTabularExplainer(X_train, random_state=0)
        constructed = perf_counter()
        for row in X[:N_LIME_ROWS]:
            lime.explain_instance(
                row, model.predict_proba, num_features=n_kept, num_samples=N_SAMPLES
            )
        per_row = (perf_counter() - constructed) / N_LIME_ROWS
        return constructed - start + per_row * len(X)

    def sklime_seconds():
        model.reset()
        return seconds(lambda: explainer.fit(X_train).transform(X))

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lime")
        lime_time, sklime_time = interleaved_medians(
            lime_seconds, sklime_seconds, rounds=ROUNDS
        )
    ratio = lime_time / sklime_time
    return Line(
        f"{what}: rows per second over lime",
        f"at least {required} times",
        f"{ratio:,.0f} times: {len(X) / sklime_time:,.0f} rows/s, asking for "
        f"{model.rows:,} model rows in all, over {len(X) / lime_time:,.1f} rows/s, "
        f"asking for {N_SAMPLES:,} a row",
        ratio >= required,
    )


def over_the_model(model, X_train, X, n_rows=20):
    sampler = GaussianSampler(center="instance")
    explainer = LimeExplainer(
        model, sampler=sampler, method="sampling", n_samples=N_SAMPLES, random_state=0
    )
    explainer.fit(X_train)

    def total_over_model():
        model.reset()
        return seconds(lambda: explainer.transform(X[:n_rows])) / model.seconds

    (ratio,) = interleaved_medians(total_over_model, rounds=ROUNDS)
    return Line(
        f"draws around each row, forest of 100 trees, {n_rows} rows: "
        "total time over the model's own",
        "at most 1.1",
        f"{ratio:.3f}, with {model.rows:,} model rows in {model.calls} calls",
        ratio <= 1.1,
    )


if __name__ == "__main__":
    print(table(measure()))
