"""
Exact against sampled
=====================

For a forest, LIME's limit for infinitely many draws has a closed form. It is the yardstick
for every way of drawing: how far are sampled attributions from it?
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from sklime import LimeExplainer
from sklime.samplers import MarginalSampler

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
forest = RandomForestClassifier(50, max_depth=6, random_state=0).fit(X, y)
rows = X[:100]
exact = LimeExplainer(forest, method="exact").fit(X).transform(rows)

# %%
# The root mean squared error over 100 rows and 30 columns, in units of the mean size of an
# exact attribution.

sizes = [256, 512, 1024, 2048, 4096, 8192]
_, ax = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
for sequence, style in [("random", "s--"), ("lhs", "^:"), ("sobol", "o-")]:
    errors = []
    for n_samples in sizes:
        explainer = LimeExplainer(
            forest,
            sampler=MarginalSampler(sequence=sequence),
            method="sampling",
            n_samples=n_samples,
            random_state=0,
        ).fit(X)
        errors.append(np.sqrt(np.mean((explainer.transform(rows) - exact) ** 2)))
    ax.loglog(sizes, errors / np.abs(exact).mean(), style, label=sequence)
ax.set_xticks(sizes, [f"{n:,}" for n in sizes])
ax.minorticks_off()
ax.set_yticks([0.05, 0.1, 0.2, 0.5, 1], ["5 %", "10 %", "20 %", "50 %", "100 %"])
ax.set(xlabel="draws, shared by all rows", ylabel="error, relative")
ax.legend()

# %%
# Independent numbers and a Latin hypercube lose half of the error for four times the draws.
# Scrambled Sobol points, the default, gain more from more draws, as they balance pairs of
# columns. With them an additive function is fitted to the responses first. Its attributions
# are known, so that the draws only have to tell those of the rest. Attribution by
# attribution:

sampled = LimeExplainer(forest, method="sampling", n_samples=1024, random_state=0).fit(X)
_, ax = plt.subplots(figsize=(4.6, 4.6), layout="constrained")
ax.axline((0, 0), slope=1, color="0.6", linewidth=0.8)
ax.plot(exact.ravel(), sampled.transform(rows).ravel(), ".", markersize=3)
ax.set(xlabel="exact attribution", ylabel="sampled, 1,024 draws", aspect="equal")
