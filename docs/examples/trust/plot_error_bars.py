"""
Error bars
==========

Sampled attributions are estimates. ``uncertainty=True`` adds standard errors, which leave
the attributions as they are. They say how far *other draws* would have moved them, and
nothing about whether a linear surrogate is right.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from sklime import LimeExplainer
from sklime.plotting import AttributionDisplay

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
forest = RandomForestClassifier(50, random_state=0).fit(X, y)
explainer = LimeExplainer(forest, method="sampling", n_samples=512, random_state=0).fit(X)

AttributionDisplay.from_estimator(explainer, X[:1], uncertainty=True)

# %%
# Do the intervals hold what they promise? For a forest, the exact values are known. With 40
# seeds, the share of 95 % intervals that hold the exact value, column by column (the 10
# rows of one seed share their draws, so that this share is itself uncertain):

rows = X[:10]
exact = LimeExplainer(forest, method="exact").fit(X).transform(rows)
held = np.zeros(exact.shape)
for seed in range(40):
    explanation = (
        explainer.set_params(random_state=seed).fit(X).explain(rows, uncertainty=True)
    )
    lower, upper = explanation.confidence_intervals(0.95)
    held += (lower <= exact) & (exact <= upper)

_, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
ax.hist(held.mean(axis=0) / 40, bins=np.linspace(0.85, 1, 16), color="0.6")
ax.axvline(held.mean() / 40, color="k", label=f"mean {held.mean() / 40:.3f}")
ax.axvline(0.95, color="C1", linestyle="--", label="promised 0.950")
ax.set(xlabel="share of intervals that hold the exact value", ylabel="columns")
ax.legend()
