"""
The same row, the same answer
=============================

A row's attributions do not depend on the batch it is explained in, on its order or on the
number of jobs; two seeds differ within the error bars. Here, both are looked at.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklime import FunctionClassifier, LimeExplainer

X, y = load_wine(return_X_y=True, as_frame=True)
model = make_pipeline(StandardScaler(), SVC()).fit(X, y)


def probabilities(table):
    """Turn the model's scores into probabilities."""
    scores = np.exp(model.decision_function(table))
    return scores / scores.sum(axis=1, keepdims=True)


function = FunctionClassifier(probabilities, classes=model.classes_)
explainer = LimeExplainer(function, target=0, random_state=0).fit(X)
together = explainer.transform(X)
alone = np.vstack([explainer.transform(X[i : i + 1]) for i in range(20)])
print("equal to the bit:", np.array_equal(together[:20], alone))

# %%
# Thirty seeds, one row: a black box has no closed form, so that draws matter. The whiskers
# are the 95 % interval from the first seed alone.

row = X[:1]
values = []
for seed in range(30):
    other = LimeExplainer(function, target=0, n_samples=1024, random_state=seed).fit(X)
    values.append(other.transform(row)[0])
first = LimeExplainer(function, target=0, n_samples=1024, random_state=0).fit(X)
explanation = first.explain(row, uncertainty=True)
lower, upper = explanation.confidence_intervals()
order = np.argsort(np.abs(explanation.values[0]))

_, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
places = np.arange(len(order))
ax.plot(np.array(values)[:, order].T, places, ".", color="0.6", markersize=4)
reach = np.abs(np.stack([lower, upper])[:, 0] - explanation.values[0])[:, order]
ax.errorbar(
    explanation.values[0, order], places, xerr=reach, fmt="k|", capsize=3, linewidth=1
)
ax.axvline(0, color="0.3", linewidth=0.8)
ax.set_yticks(places, X.columns[order])
ax.set_xlabel("attribution to class 0: 30 seeds, and the interval of one")
