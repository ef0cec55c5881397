"""
Three classes, and gaps
=======================

With three classes or more, each row explains its own predicted class by default. To compare
classes, explain all of them: the model is asked only once. One value in ten is missing; the
forest takes gaps as they are, and so does the explanation.
"""

import numpy as np
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier

from sklime import LimeExplainer
from sklime.plotting import AttributionDisplay, ImportanceDisplay

X, y = load_wine(return_X_y=True, as_frame=True)
X = X.mask(np.random.default_rng(0).random(X.shape) < 0.1)
wines = load_wine().target_names[y]
forest = RandomForestClassifier(random_state=0).fit(X, wines)
explainer = LimeExplainer(forest, target="all", random_state=0).fit(X)
explanation = explainer.explain(X)
explanation.values.shape

# %%
# A panel for each class, with the same columns in the same order on the same scale.

ImportanceDisplay.from_explanation(explanation, max_features=8)

# %%
# One row, two of its classes. What speaks for one speaks, mostly, against the other.

AttributionDisplay.from_explanation(explanation, row=0, target="class_0", max_features=6)

# %%

AttributionDisplay.from_explanation(explanation, row=0, target="class_1", max_features=6)
