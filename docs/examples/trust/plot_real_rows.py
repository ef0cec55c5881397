"""
Explanations on real rows
=========================

A model can hide its bias from explainers whose draws mix the values of several rows: it
tells such draws from real rows, and answers harmlessly about them. Here it goes by a
protected column on whatever looks like a patient, and by the toss of a coin elsewhere.
``audit`` explains the same model by its real training rows beside.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier

from sklime import FunctionRegressor, LimeExplainer
from sklime.metrics import audit, fidelity_score
from sklime.samplers import MarginalSampler

X, _ = load_breast_cancer(return_X_y=True, as_frame=True)
X = X.filter(like="worst")
rng = np.random.default_rng(0)
X["protected"], X["coin"] = rng.integers(0, 2, (2, len(X)))

# %%
# The detector is trained on the very draws of the default sampler, the strongest attack.
[around] = MarginalSampler().fit(X).sample(X[:1], n_samples=4096, random_state=1)
detector = HistGradientBoostingClassifier(random_state=0)
detector.fit(
    np.concatenate([X, around.inputs]), np.repeat([1, 0], [len(X), len(around.inputs)])
)


def hides(rows):
    """Answers by the protected column on real rows, by the coin on all others."""
    real = detector.predict(rows.to_numpy()) == 1
    return np.where(real, rows["protected"], rows["coin"]).astype(float)


explainer = LimeExplainer(FunctionRegressor(hides), random_state=0).fit(X)
found = audit(explainer, X[-60:])
found

# %%
first = found.frame()[["first", "first_on_real_rows"]]
counts = first.apply(lambda names: names.value_counts()).fillna(0)
ax = counts.plot.barh(figsize=(8, 3))
ax.set_xlabel("rows that the column comes first in")
ax.legend(["by default", "on real rows"])
ax.figure.set_layout_engine("constrained")

# %%
# Nearest real rows raise the alarm, too: by the default explainer's surrogates, the hiding
# model is worse predicted there than by a constant, and one that goes by the protected
# column in the open is met. Below 0, look closer.
in_the_open = FunctionRegressor(lambda rows: rows["protected"].to_numpy(dtype=float))
honest = LimeExplainer(in_the_open, random_state=0).fit(X)
{
    name: round(fidelity_score(own, X[-60:], reference="neighbours"), 2)
    for name, own in {"hides": explainer, "in the open": honest}.items()
}

# %%
# ``found.to_html("audit.html")`` writes all of it as a page: every explanation, a section
# on the audit as above, and a mark at each row that differs. One row by real rows:
found.on_real_rows[:1]

# %%
# Real rows have a price. Attributions of correlated columns are shared, also with columns
# that the model never reads, so that a difference is a reason to look, and no proof; and
# there are no more of them than the table has.
plt.show()
