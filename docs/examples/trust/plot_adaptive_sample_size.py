"""
As many draws as needed
=======================

With ``tol``, the pool of draws grows until the 95 % intervals are narrow enough: at most
``tol`` times the row's largest attribution, on either side. Rows that would need more than
``max_samples`` draws do not make it grow any further; a warning names them.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklime import LimeExplainer
from sklime.plotting import AttributionDisplay

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
process = GaussianProcessRegressor(RBF(3.0) + WhiteKernel(), normalize_y=True)
model = make_pipeline(StandardScaler(), process).fit(X[:100], y[:100])

tolerances = [0.4, 0.2, 0.1, 0.05]
# A Gaussian process has a closed form; here it stands for models that have none.
setting = {"method": "sampling", "n_samples": 256, "max_samples": 2**15, "random_state": 0}
explainers = [LimeExplainer(model, tol=tol, **setting).fit(X) for tol in tolerances]
sizes = [explainer.n_samples_ for explainer in explainers]

_, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
ax.loglog(tolerances, sizes, "o-")
ax.set_xticks(tolerances, [f"{tol:.0%}" for tol in tolerances])
ax.set_yticks(sizes, [f"{size:,}" for size in sizes])
ax.minorticks_off()
ax.set(xlabel="tol", ylabel="draws in use")

# %%
# The first row at the loosest tolerance, and at the tightest:

AttributionDisplay.from_estimator(explainers[0], X[:1], uncertainty=True)

# %%

AttributionDisplay.from_estimator(explainers[-1], X[:1], uncertainty=True)
