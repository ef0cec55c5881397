"""Interactions of all pairs of columns: exact ones against WOODELF's of Shapley values."""

from contextlib import redirect_stderr, redirect_stdout
from os import devnull

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from woodelf import WoodelfExplainer

from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians, seconds
from sklime import LimeExplainer

N_ROWS = 10_000
ROUNDS = 3


def measure():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    forest = RandomForestClassifier(100, random_state=0).fit(X, y)
    # Rows of no two the same, lest a cache of answers tell.
    draw = np.random.default_rng(0).choice
    rows = pd.DataFrame({name: draw(X[name], N_ROWS) for name in X})
    explainer = LimeExplainer(forest, method="exact", random_state=0).fit(X)
    theirs = WoodelfExplainer(forest, X)

    def woodelf():
        with open(devnull, "w") as quiet, redirect_stdout(quiet), redirect_stderr(quiet):
            return seconds(lambda: theirs.shap_interaction_values(rows))

    other, own = interleaved_medians(
        woodelf,
        lambda: seconds(lambda: explainer.explain(rows, interactions=True)),
        rounds=ROUNDS,
    )
    return [
        Line(
            "exact interactions of 435 pairs, forest of 100 trees, 10,000 rows: "
            "microseconds a row over WOODELF's",
            "below 1",
            f"{own / other:.2f}: {1e6 * own / N_ROWS:.0f} over {1e6 * other / N_ROWS:.0f}",
            own < other,
        )
    ]


if __name__ == "__main__":
    print(table(measure()))
