"""
Beside Shapley values, in shap's plots
======================================

``to_shap`` hands an explanation to all of shap's plots. LIME and Shapley values answer
different questions; here both are shown for one forest.
"""

import matplotlib.pyplot as plt
import numpy as np
import shap
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor

from sklime import LimeExplainer

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
forest = RandomForestRegressor(50, random_state=0).fit(X, y)
lime = LimeExplainer(forest, random_state=0).fit(X).explain(X[:200])

shap.plots.beeswarm(lime.to_shap(), show=False)

# %%
# The same rows in shap's own plot for one row. The bars are contributions. They lead from
# the mean answer of the row's neighbourhood to the surrogate's answer, which is not the
# model's answer.

shap.plots.waterfall(lime.to_shap()[0], show=False)
plt.tight_layout()

# %%
# Shapley values of the same forest. The signs mostly agree. The sizes need not: a
# contribution of LIME is that of the whole bin, a Shapley value that of the row's own
# value.

own = lime.contributions()
values = shap.TreeExplainer(forest).shap_values(X[:200])
_, axes = plt.subplots(1, 3, figsize=(9, 3.4), layout="constrained")
for ax, name in zip(axes, ["bmi", "s5", "bp"], strict=True):
    j = X.columns.get_loc(name)
    ax.plot(values[:, j], own.values[:, j], ".", markersize=4)
    r = np.corrcoef(values[:, j], own.values[:, j])[0, 1]
    ax.set(title=f"{name}, correlation {r:.2f}", xlabel="Shapley value")
axes[0].set_ylabel("LIME contribution")
