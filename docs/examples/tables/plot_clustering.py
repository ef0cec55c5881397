"""
Rows that are explained alike
=============================

Attributions are a table, so what works on tables works on explanations. Clustering the rows
of a table finds rows that *look* alike; clustering their attributions finds rows for which
the model *answers for like reasons*.
"""

import matplotlib.pyplot as plt
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from sklime import LimeExplainer
from sklime.plotting import HeatmapDisplay

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
forest = RandomForestClassifier(random_state=0).fit(X[:400], y[:400])

# %%
# The explainer is a step of a pipeline.

reasons = make_pipeline(
    LimeExplainer(forest, random_state=0), KMeans(4, n_init=10, random_state=0)
)
cluster = reasons.fit_predict(X[400:])
predicted = forest.predict_proba(X[400:])[:, 1]
y[400:].groupby(cluster).agg(["size", "mean"]).round(2)

# %%
# The first two principal components of the attributions, and the model's answers.

attributions = reasons[0].transform(X[400:])
plane = PCA(2).fit_transform(attributions)
_, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharey=True)
for k, marker in enumerate("osD^"):
    axes[0].scatter(*plane[cluster == k].T, marker=marker, s=18, label=f"cluster {k}")
axes[0].legend()
dots = axes[1].scatter(*plane.T, c=predicted, cmap="cividis", s=18)
axes[1].figure.colorbar(dots, label="predicted probability of benign")
axes[0].set_ylabel("second component")
for ax in axes:
    ax.set_xlabel("first component")

# %%
# A column for each row, in the order of a hierarchical clustering of the contributions.

HeatmapDisplay.from_estimator(reasons[0], X[400:], max_features=12)
