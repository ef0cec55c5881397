"""
Groups with a name: cohorts
===========================

Clusters have no names. :class:`~sklime.cohorts.Cohorts` splits the rows with a small tree
so that rows in one group have similar contributions, and names each group by its rule. The
rule sorts new rows without explaining them.
"""

from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor

from sklime import LimeExplainer
from sklime.cohorts import Cohorts
from sklime.plotting import ImportanceDisplay

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
forest = RandomForestRegressor(random_state=0).fit(X, y)
explanation = LimeExplainer(forest, random_state=0).fit(X).explain(X)

cohorts = Cohorts(max_groups=4).fit(X, explanation)
for k, rule in enumerate(cohorts.rules_):
    print(f"group {k}: {(cohorts.labels_ == k).sum():3d} rows, {rule}")

# %%
# Mean absolute contribution in each group. The whiskers are 95 % confidence intervals of
# the mean, taking the rows as a sample.

order = cohorts.labels_.argsort(kind="stable")
groups = [f"group {k}" for k in cohorts.labels_[order]]
ImportanceDisplay.from_explanation(explanation[order], groups=groups, max_features=6)
