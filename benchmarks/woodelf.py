"""Trees beside WOODELF, which has the fastest exact Shapley values and pairs of trees.

Both explain the same rows of the same forest in one process. Shapley values are another
question than LIME's attributions: what is compared is the time of two exact answers. The
faster of WOODELF's two questions counts: values relative to the training table, or to the
paths of the trees. Times are the processor's: clocks of shared machines tell of others.
"""

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from woodelf import WoodelfExplainer

from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians, processor_seconds
from sklime import LimeExplainer

N_ROWS, N_ROWS_OF_PAIRS = 50_000, 10_000
ROUNDS = 5


def measure():
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_test, y_train, _ = train_test_split(X, y, random_state=0)
    forest = RandomForestClassifier(100, random_state=0).fit(X_train, y_train)
    rng = np.random.default_rng(0)
    # Rows that all differ: each column has its own values in an order of its own.
    rows = rng.permuted(np.resize(X_test, (N_ROWS, X.shape[1])), axis=0)
    return [values(forest, X_train, rows), pairs(forest, X_train, rows[:N_ROWS_OF_PAIRS])]


def values(forest, X_train, rows):
    explainer = LimeExplainer(forest, method="exact").fit(X_train)
    frame = pd.DataFrame(rows, columns=names(rows))
    *theirs, own = interleaved_medians(
        *(
            lambda one=one: processor_seconds(lambda: one.shap_values(frame, verbose=False))
            for one in woodelf(forest, X_train)
        ),
        lambda: processor_seconds(lambda: explainer.transform(rows)),
        rounds=ROUNDS,
    )
    return Line(
        "exact, forest of 100 trees, 30 columns, 50,000 rows: time over WOODELF's",
        "at most 0.8",
        f"{own / min(theirs):.2f}: {microseconds(own, rows)} over "
        f"{' or '.join(microseconds(one, rows) for one in theirs)} microseconds a row, "
        "relative to the training table or to the trees' paths",
        own <= 0.8 * min(theirs),
    )


def pairs(forest, X_train, rows):
    explainer = LimeExplainer(forest, method="exact").fit(X_train)
    frame = pd.DataFrame(rows, columns=names(rows))
    alone = {
        "include_interaction_with_itself": False,
        "as_df": True,
        "exclude_zero_contribution_features": True,
        "verbose": False,
    }
    *theirs, own, without = interleaved_medians(
        *(
            lambda one=one: processor_seconds(
                lambda: one.shap_interaction_values(frame, **alone)
            )
            for one in woodelf(forest, X_train)
        ),
        lambda: processor_seconds(lambda: explainer.explain(rows, interactions=True)),
        lambda: processor_seconds(lambda: explainer.explain(rows)),
        rounds=ROUNDS,
    )
    # `explain` also scores its surrogates on draws, with pairs or without.
    own -= without
    return Line(
        "the same forest, 10,000 rows, all 435 pairs: time over WOODELF's pairs",
        "below 1",
        f"{own / min(theirs):.2f}: {microseconds(own, rows)} over "
        f"{' or '.join(microseconds(one, rows) for one in theirs)} microseconds a row",
        own < min(theirs),
    )


def woodelf(forest, X_train):
    """WOODELF relative to the training table, and to the paths of the trees."""
    training = pd.DataFrame(X_train, columns=names(X_train))
    return [
        WoodelfExplainer(forest, training),
        WoodelfExplainer(forest, feature_perturbation="tree_path_dependent"),
    ]


def names(X):
    return [f"x{j}" for j in range(X.shape[1])]


def microseconds(seconds, rows):
    return f"{seconds / len(rows) * 1e6:.0f}"


if __name__ == "__main__":
    print(table(measure()))
