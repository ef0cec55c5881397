"""
Gradient boosting
=================

scikit-learn's own, lightgbm and xgboost, with missing values as they are. For the margin
(``response_method="decision_function"``) of scikit-learn's model there is a closed form; a
probability is a curved function of it, and where trees test several columns it is sampled.
"""

import time

import numpy as np
from lightgbm import LGBMClassifier
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from xgboost import XGBClassifier

from sklime import LimeExplainer
from sklime.plotting import AttributionDisplay, SummaryDisplay

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X = X.mask(np.random.default_rng(0).random(X.shape) < 0.1)

models = [
    HistGradientBoostingClassifier(max_iter=40, random_state=0),
    LGBMClassifier(n_estimators=40, n_jobs=1, random_state=0, verbose=-1),
    XGBClassifier(n_estimators=40, n_jobs=1, random_state=0),
]
explainers = [LimeExplainer(model.fit(X, y), random_state=0).fit(X) for model in models]

# %%
# Do the three rely on the same columns? Mean absolute attributions of the probability:

for explainer in explainers:
    start = time.perf_counter()
    explanation = explainer.explain(X)
    seconds = time.perf_counter() - start
    strongest = explanation.sort_features().feature_names[:3]
    name = type(explainer.estimator_).__name__
    print(f"{name:31s}{len(X) / seconds:6,.0f} rows/s  {', '.join(strongest)}")

# %%

SummaryDisplay.from_explanation(explanation, max_features=10)

# %%
# The margin of scikit-learn's model, in closed form: no draws, no noise.

margin = LimeExplainer(models[0], response_method="decision_function", random_state=0)
margin.fit(X)
margin.method_

# %%

AttributionDisplay.from_estimator(margin, X[:1])
