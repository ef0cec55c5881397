"""
Five rows to look at: SP-LIME
=============================

Nobody reads 569 explanations. :class:`~sklime.pick.SubmodularPick` picks a few rows that
together cover the columns that matter. It works on the attributions that are already there,
by their contributions.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from sklime import LimeExplainer
from sklime.pick import SubmodularPick
from sklime.plotting import HeatmapDisplay

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
forest = RandomForestClassifier(random_state=0).fit(X, y)
explanation = LimeExplainer(forest, random_state=0).fit(X).explain(X)

pick = SubmodularPick(n_picks=5, n_features=6).fit(explanation)
pick.indices_

# %%
# How much of the importance do the picked rows cover, next to rows picked at random?

rng = np.random.default_rng(0)
size = np.abs(explanation.contributions().values)
top = np.argsort(-size, axis=1)[:, :6]
worth = pick.importances_ / pick.importances_.sum()


def coverage(rows):
    """Share of the importance that the rows' six strongest columns cover."""
    return [worth[np.unique(top[rows[: k + 1]])].sum() for k in range(len(rows))]


chance = [coverage(rng.choice(len(X), 5, replace=False)) for _ in range(200)]
_, ax = plt.subplots(figsize=(6, 4), layout="constrained")
picks = range(1, 6)
ax.plot(picks, pick.coverage_, "o-", label="SubmodularPick")
ax.plot(picks, np.mean(chance, axis=0), "s--", label="random rows, mean of 200")
ax.fill_between(picks, *np.quantile(chance, [0.05, 0.95], axis=0), alpha=0.2)
ax.set(xlabel="rows picked", ylabel="share of importance covered", ylim=(0, 1))
ax.set_xticks(picks)
ax.legend(loc="lower right")

# %%
# The five explanations, side by side.

HeatmapDisplay.from_explanation(explanation[pick.indices_], max_features=12)
