"""Anchors of alibi, for `benchmarks.anchors`: run by an interpreter that has alibi.

alibi needs numpy below 2, and so an environment of its own. The forest is fitted anew, on
the same rows. Prints JSON: seconds, precisions, coverages and conditions of each row.
"""

import json
import re
import sys
from time import process_time

import numpy as np
from alibi.explainers import AnchorTabular
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

# Conditions tell two decimals of what they are cut at.
SCALE = 1e6


def main(n_rows, n_train, precision):
    X, y = load_breast_cancer(return_X_y=True)
    forest = RandomForestClassifier(100, random_state=0).fit(X[:n_train], y[:n_train])
    names = [f"x{j}" for j in range(X.shape[1])]
    explainer = AnchorTabular(lambda Z: forest.predict(Z / SCALE), names, seed=0)
    explainer.fit(SCALE * X[:n_train], disc_perc=(25, 50, 75))
    found = []
    for row in SCALE * np.resize(X[n_train:], (n_rows, X.shape[1])):
        start = process_time()
        own = explainer.explain(row, threshold=precision)
        seconds = process_time() - start
        found.append(
            {
                "seconds": seconds,
                "precision": float(own.precision),
                "coverage": float(own.coverage),
                "conditions": list(map(ends, own.anchor)),
            }
        )
    print(json.dumps(found))


def ends(text):
    """Column and ends of x3 > 1.50, x3 <= 1.50 or 1.20 < x3 <= 1.50."""
    low = re.search(r"([-\d.]+) < x", text) or re.search(r"> ([-\d.]+)", text)
    high = re.search(r"<= ([-\d.]+)", text)
    lower = float(low[1]) / SCALE if low else -np.inf
    upper = float(high[1]) / SCALE if high else np.inf
    return int(re.search(r"x(\d+)", text)[1]), lower, upper


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
