"""
A wide table: what matters of 60 columns
========================================

House prices from 60 columns, half of them categories of which one value is by far the most
common, with gaps. Which columns matter over all houses? The answer depends on whether
*effects* or *contributions* are averaged.

The table is simulated, so that the truth is known: prices follow the area, the year, the
quality and the district; ``extra_0`` to ``extra_3`` move the price by a lot, but only two
houses in a hundred differ there; all other columns mean nothing.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import train_test_split

from sklime import LimeExplainer
from sklime.plotting import AttributionDisplay, ImportanceDisplay

rng = np.random.default_rng(0)
n = 2000
X = {
    "area": rng.lognormal(7.2, 0.35, n).round(),
    "year": rng.integers(1900, 2011, n),
    "quality": rng.binomial(9, 0.55, n) + 1,
    "district": rng.choice(list("ABCDEFGHIJKL"), n),
}
for j in range(28):
    share = 0.98 if j < 4 else rng.uniform(0.6, 0.95)
    X[f"extra_{j}"] = rng.choice(["none", "some"], n, p=[share, 1 - share])
for j in range(28):
    X[f"size_{j}"] = np.where(rng.random(n) < 0.05, np.nan, rng.gamma(2, 50, n).round())
X = pd.DataFrame(X)
price = 60 * X["area"] + 400 * (X["year"] - 1950) + 12_000 * (X["quality"] - 5)
price += 3_000 * X["district"].map(ord).sub(ord("A"))
price += 40_000 * (X[[f"extra_{j}" for j in range(4)]] == "some").sum(axis=1)
y = (price + 40_000 + rng.normal(scale=8_000, size=n)).round(-2).rename("price")
X = X.astype(dict.fromkeys(X.select_dtypes(exclude="number"), "category"))
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = HistGradientBoostingRegressor(random_state=0).fit(X_train, y_train)
print(f"R2 of {model.score(X_test, y_test):.2f} on {len(X_test)} other houses")

# %%
# One house
# ---------
# Above, effects: how far a condition moves the price, beside the houses where it does not
# hold. That there are no extras, as nearly nowhere, is high on the list.
#
# Below, contributions: how far it moves the price of this house from that of a usual house.
# What is true of nearly all houses moves it by little.

explainer = LimeExplainer(model, random_state=0).fit(X_train, y_train)
explanation = explainer.explain(X_test)
_, axes = plt.subplots(2, 1, figsize=(8, 7.5), layout="constrained")
AttributionDisplay.from_explanation(explanation, row=0, max_features=8, ax=axes[0])

contributions = explanation.contributions()
AttributionDisplay.from_explanation(contributions, row=0, max_features=8, ax=axes[1])

# %%
# Contributions and the baseline, the usual price, add up to the surrogate's price.

total = contributions.values[0].sum() + contributions.baselines[0]
print(f"{total:,.0f} and {explanation.local_predictions[0]:,.0f}")

# %%
# All houses
# ----------
# Displays of many rows rank columns by contributions for this reason. By effects, the
# rare extras would come before the quality, the year and the district.

ImportanceDisplay.from_explanation(explanation, max_features=10)

# %%

ranks = (
    pd.DataFrame(
        {
            "by contributions": np.abs(contributions.values).mean(axis=0),
            "by effects": np.abs(explanation.values).mean(axis=0),
        },
        index=X.columns,
    )
    .rank(ascending=False)
    .astype(int)
)
ranks.sort_values("by contributions")[:8]
