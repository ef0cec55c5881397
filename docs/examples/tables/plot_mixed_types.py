"""
Strings, categories, missing values
===================================

The model is a pipeline that imputes, scales and encodes. The explanation speaks of the
table's own columns: one attribution for ``home``, however many columns its encoding has,
and "is missing" is a condition like any other.

The table is simulated, so that the truth is known: the logarithm of the odds of a default
rises by 2 for renters, by 1.5 where the income is unknown, falls with the income, and does
not depend on the region.
"""

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklime import LimeExplainer
from sklime.plotting import AttributionDisplay, DependenceDisplay

rng = np.random.default_rng(0)
n = 2000
X = pd.DataFrame(
    {
        "income": rng.lognormal(8, 0.5, n).round(),
        "home": pd.Categorical(rng.choice(["rents", "owns", "mortgage"], n)),
        "region": rng.choice(["north", "south", "east", "west"], n),
        "years": rng.integers(0, 30, n),
    }
)
X.loc[rng.random(n) < 0.2, "income"] = np.nan
log_odds = 2.0 * (X["home"] == "rents") + 1.5 * X["income"].isna()
log_odds -= 0.001 * (X["income"].fillna(3000) - 3000)
y = np.where(rng.random(n) < expit(log_odds - 2), "default", "paid")

numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
columns = make_column_transformer(
    (numbers, make_column_selector(dtype_include="number")),
    (OneHotEncoder(), ["home", "region"]),
)
model = make_pipeline(columns, LogisticRegression()).fit(X, y)

# %%
# ``target`` takes the label of a class. Two customers, one of unknown income:

explainer = LimeExplainer(model, target="default", random_state=0).fit(X)
unknown = X["income"].isna() & (X["home"] == "rents")
rows = pd.concat([X[unknown][:1], X[~unknown][:1]])
explanation = explainer.explain(rows)
rows

# %%

AttributionDisplay.from_explanation(explanation, row=0)

# %%

AttributionDisplay.from_explanation(explanation, row=1)

# %%
# Over all rows, a contribution against the value it belongs to. Categories are strips;
# numbers have a lane for missing values on the right.

whole = explainer.explain(X)
DependenceDisplay.from_explanation(whole, feature="home")

# %%

DependenceDisplay.from_explanation(whole, feature="income")
