"""
LIME, Shapley values and anchors on one row: when to use which
==============================================================

Three summaries of the same questions to one forest. **LIME** says how much each condition
matters near the row, **Shapley values** share the difference from the mean answer among the
row's values, and an **anchor** says which conditions suffice.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from sklime import AnchorExplainer, LimeExplainer
from sklime.kernels import ShapleyKernel
from sklime.samplers import CoalitionSampler

data = load_breast_cancer(as_frame=True)
X, y = data.data, data.target_names[data.target]
forest = RandomForestClassifier(100, random_state=0).fit(X[:400], y[:400])
row = X[400:401]

lime = LimeExplainer(forest, target="malignant", random_state=0).fit(X[:400])
shapley = LimeExplainer(
    forest, target="malignant", sampler=CoalitionSampler(), kernel=ShapleyKernel()
).fit(X[:400])
anchor = AnchorExplainer(forest, random_state=0).fit(X[:400])

contributions = lime.explain(row).contributions()
values = shapley.explain(row)
rule = anchor.explain(row)
print(rule.target_names[0], rule.rules[0], sep=": ")

# %%
# The same eight columns in all three. LIME and Shapley values mostly agree about the order;
# the rule needs only some of the columns that both rank first, as these go together: once
# two of them are given, the others hardly move the class. Its bars are steps: how often the
# forest says *malignant* with no condition, with the first, with the first two, and so on.

columns = contributions.values[0].argsort()[-8:]
names = [X.columns[j] for j in columns]
fig, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
for ax, own, title in zip(
    axes, (contributions, values), ("LIME: contributions", "Shapley values"), strict=False
):
    ax.barh(names, own.values[0, columns])
    ax.set(title=title, xlabel="probability of malignant")
axes[1].set_yticks([])
rule.plot(ax=axes[2])

# %%
# =====================  ============================================================
# question               answer
# =====================  ============================================================
# What matters here?     LIME: effects of conditions, with error bars and fidelity.
# Why not the average?   Shapley values: they add up to the prediction.
# What is enough?        An anchor: a rule to act on, with precision and coverage.
# Which rows alike?      ``anchors.apply(X)``, and ``RuleSet`` for a whole table.
# =====================  ============================================================
#
# A rule that suffices says nothing about what would change the answer, and an attribution
# does not say what is enough. The rule covers this share of the training rows:

print(f"{rule.coverages[0]:.3f}, precision {rule.precisions[0]:.3f}")
