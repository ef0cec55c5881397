"""The demo: ``sklime demo`` explains a forest on the breast-cancer table."""

from pathlib import Path
from time import perf_counter

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from sklime.explainer.explainer import LimeExplainer
from sklime.page.numbers import aligned
from sklime.samplers import MarginalSampler

N_STRONGEST = 5  # features shown for each row
N_RANKED = 10  # features shown in the global ranking
# What raises the fidelity on this table, and how it is written.
CURES = {
    "kernel__width=0.6": {"kernel__width": 0.6},
    "sampler=MarginalSampler(n_bins=None)": {"sampler": MarginalSampler(n_bins=None)},
}


def demo(output, report):
    """Explain a forest's predictions on the bundled breast-cancer table, and print them.

    Parameters
    ----------
    output : path-like
        The CSV file to write: one line per test row, with its label, the class that the
        forest predicts and the probability that is explained; one column per feature.
    report : path-like
        The HTML page to write: a table of the test rows, each of which opens.
    """
    table = load_breast_cancer(as_frame=True)
    X_train, X_test, y_train, y_test = train_test_split(
        table.data, table.target_names[table.target], random_state=0
    )
    forest = RandomForestClassifier(random_state=0).fit(X_train, y_train)
    print(
        f"A random forest, trained on {len(X_train)} rows of the breast-cancer table, "
        f"is right on {forest.score(X_test, y_test):.1%} of {len(X_test)} test rows."
    )

    explainer = LimeExplainer(forest, attribution="contribution", random_state=0)
    explainer.set_output(transform="pandas")
    start = perf_counter()
    attributions = explainer.fit(X_train).transform(X_test)
    seconds = perf_counter() - start

    explained_class = forest.classes_[1]
    probabilities = forest.predict_proba(X_test)[:, 1]
    print(
        f"\nWhat contributes to the probability of '{explained_class}', in three test "
        "rows:\nhow far each condition moves it from the mean of the row's neighbourhood."
    )
    for row in _lowest_middle_highest(probabilities):
        explanation = explainer.explain(X_test.iloc[[row]])
        label = X_test.index[row]
        print(f"\n  row {label}: predicted probability {probabilities[row]:.2f}")
        print(_aligned(explanation.as_list()[:N_STRONGEST], signed=True))

    ranking = attributions.abs().mean().sort_values(ascending=False)
    print("\nOver all test rows, mean |attribution|, of these contributions:\n")
    print(_aligned(list(ranking.items())[:N_RANKED]))

    told = {"class": forest.predict(X_test), "prediction": probabilities}
    for place, (name, column) in enumerate(told.items()):
        attributions.insert(place, name, column)
    attributions.to_csv(output, index_label="row")
    explainer.explain(X_test).to_html(report)
    cures = [
        f"{clone(explainer).set_params(**cure).fit(X_train).score(X_test):.3f} with {name}"
        for name, cure in CURES.items()
    ]
    print(
        f"\nMean local fidelity {explainer.score(X_test):.3f}: at 1 the explanations "
        "predict the forest around each row, at 0 no better than its mean there does."
        f"\nA narrower kernel, or standardised values instead of bins, help: "
        f"{', '.join(cures)}."
        f"\n{len(X_test) / seconds:,.0f} rows explained per second, fit included."
        f"\nThe contributions of all {len(X_test)} test rows are in {output}"
        f"\nTheir explanations, to look at, are in {Path(report).resolve()}"
    )


def _lowest_middle_highest(probabilities):
    """Positions of the lowest probability, the one nearest to 1/2, and the highest."""
    return np.array(
        [
            probabilities.argmin(),
            np.abs(probabilities - 0.5).argmin(),
            probabilities.argmax(),
        ]
    )


def _aligned(pairs, signed=False):
    """Lines of names and values, aligned in two columns."""
    names, values = zip(*pairs, strict=True)
    numbers = aligned(values, digits=4, signed=signed)
    width = max(map(len, numbers))
    lines = zip(numbers, names, strict=True)
    return "\n".join(f"    {number:>{width}}  {name}" for number, name in lines)
