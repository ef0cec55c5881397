"""Anchors of alibi, for `benchmarks.anchors`: run by an interpreter that has alibi.

alibi needs numpy below 2, and so an environment of its own. The forest is fitted anew, on
the same rows. Prints JSON: seconds, precisions, coverages and lengths, one for each row.
"""

import json
import sys
from time import process_time

import numpy as np
from alibi.explainers import AnchorTabular
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier


def main(n_rows, n_train, precision):
    X, y = load_breast_cancer(return_X_y=True)
    forest = RandomForestClassifier(100, random_state=0).fit(X[:n_train], y[:n_train])
    names = [f"x{j}" for j in range(X.shape[1])]
    explainer = AnchorTabular(forest.predict, names, seed=0)
    explainer.fit(X[:n_train], disc_perc=(25, 50, 75))
    found = []
    for row in np.resize(X[n_train:], (n_rows, X.shape[1])):
        start = process_time()
        own = explainer.explain(row, threshold=precision)
        seconds = process_time() - start
        found.append(
            {
                "seconds": seconds,
                "precision": float(own.precision),
                "coverage": float(own.coverage),
                "rule": list(own.anchor),
            }
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
