"""
A forest, one row and many
==========================

A random forest tells benign from malignant tumours. What does it rely on, in one row and
over the whole table?
"""

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from sklime import LimeExplainer
from sklime.plotting import AttributionDisplay, SummaryDisplay

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
y = load_breast_cancer().target_names[y]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(random_state=0).fit(X_train, y_train)

explainer = LimeExplainer(forest, random_state=0).fit(X_train)
explanation = explainer.explain(X_test)
explanation

# %%
# One row
# -------
# Each bar says how much the probability of "malignant" differs, on average over the draws
# around this row, between draws in the row's own bin of that column and draws outside it.
# The bars are effects and do not add up; contributions, below, do.

AttributionDisplay.from_explanation(explanation, row=0)

# %%
# All rows
# --------
# One dot for each row: its contribution, which moves the answer from the mean of the row's
# neighbourhood. The columns are ordered by their mean absolute contribution; light dots
# have high values. Large and irregular tumours raise the probability of "malignant".

SummaryDisplay.from_explanation(explanation, max_features=12)

# %%
# The first row once more, by its contributions.

AttributionDisplay.from_explanation(explanation.contributions(), row=0)
