"""
A passenger list, as it comes
=============================

Strings, counts, codes and many gaps: who is rescued from a sinking ship? Nothing is
prepared for the explanation. It speaks of the columns of the table, of values that are
missing, and of values that training never had.

The list is simulated after a well-known one, so that the truth is known: being a woman
helps much in first class (3.5 in the logarithm of the odds) and little in third (1),
children are helped, and the port does not matter.
"""

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklime import LimeExplainer
from sklime.plotting import AttributionDisplay, ImportanceDisplay

rng = np.random.default_rng(0)
n = 1300
pclass = rng.choice([1, 2, 3], n, p=[0.25, 0.2, 0.55])
cabin = np.where(pclass == 1, rng.choice(list("ABCD"), n), rng.choice(list("EF"), n))
X = pd.DataFrame(
    {
        "pclass": pclass,
        "sex": rng.choice(["female", "male"], n, p=[0.35, 0.65]),
        "age": np.where(rng.random(n) < 0.2, np.nan, rng.gamma(5, 6, n).round()),
        "sibsp": rng.choice([0, 1, 2, 3], n, p=[0.68, 0.25, 0.04, 0.03]),
        "fare": (rng.lognormal(4.5 - 0.7 * pclass, 0.5) + 3).round(2),
        "port": rng.choice(
            ["Southampton", "Cherbourg", "Queenstown"], n, p=[0.7, 0.2, 0.1]
        ),
        "deck": np.where(rng.random(n) < np.where(pclass == 1, 0.2, 0.95), None, cabin),
    }
)
helped = np.select([pclass == 1, pclass == 2], [3.5, 2.5], 1.0)
log_odds = helped * (X["sex"] == "female") + 1.5 * (X["age"] < 12) - 0.4 * pclass - 0.6
y = np.where(rng.random(n) < expit(log_odds), "rescued", "lost")
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

columns = make_column_transformer(
    (SimpleImputer(add_indicator=True), make_column_selector(dtype_include="number")),
    (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
)
forest = RandomForestClassifier(min_samples_leaf=5, random_state=0)
model = make_pipeline(columns, forest).fit(X_train, y_train)
print(f"right on {model.score(X_test, y_test):.0%} of the others")

# %%
# All at its defaults. Ages and fares are cut into quarters; codes and counts of few
# distinct values are not: "pclass = 3", "sibsp = 0".

explainer = LimeExplainer(model, random_state=0).fit(X_train)
explanation = explainer.explain(X_test)
AttributionDisplay.from_explanation(explanation, row=0)

# %%
# Which columns matter for the list as a whole? Bars are mean sizes of contributions.

ImportanceDisplay.from_explanation(explanation)

# %%
# A passenger from a port and a deck that training never had, of unknown age, is
# explained like all others.

stranger = X_test[:1].assign(age=np.nan, port="Lisbon", deck="T")
explainer.explain(stranger).as_list()

# %%
# Women of first and third class
# ------------------------------
# The default kernel is wide: an explanation describes the model far around the
# passenger, so that "sex = female" has nearly the same effect in all classes. A
# narrower kernel looks at passengers who are alike, and finds what is true of each
# class.

women = X_test[X_test["sex"] == "female"]
narrow = LimeExplainer(model, random_state=0).set_params(kernel__width=0.5).fit(X_train)
effects = {
    "default width": explainer.transform(women)[:, 1],
    "width 0.5": narrow.transform(women)[:, 1],
}
pd.DataFrame(effects).groupby(women["pclass"].to_numpy()).mean().round(2)
