"""
Words beside dates, numbers and categories
==========================================

A table of listings: a price, a kind, a date, and a few words. The model is a
``ColumnTransformer`` that counts words, scales the price, encodes the kind and reads the
month. ``MixedSampler`` gives each column the sampler that fits it, so that one explanation
speaks of words and of columns.

The table is simulated, so that the truth is known: the logarithm of the odds of a quick
sale rises by 2 for "sunny", falls by 2 for "noisy", falls with the price, rises by 0.5
for rooms, and by 1.5 from April to September; other words mean nothing.
"""

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sklime import LimeExplainer
from sklime.plotting import AttributionDisplay, ImportanceDisplay
from sklime.samplers import MarginalSampler, MixedSampler, TokenSampler

rng = np.random.default_rng(0)
n = 1000
words = "sunny noisy central quiet kitchen new balcony garden view small".split()
X = pd.DataFrame(
    {
        "text": [" ".join(rng.choice(words, rng.integers(2, 7), False)) for _ in range(n)],
        "price": rng.lognormal(7, 0.4, n).round(),
        "kind": rng.choice(["flat", "house", "room"], n),
        "listed": pd.Timestamp("2025-01-01")
        + pd.to_timedelta(rng.integers(0, 365, n), "D"),
    }
)
log_odds = 2.0 * X["text"].str.contains("sunny") - 2.0 * X["text"].str.contains("noisy")
log_odds += 0.5 * (X["kind"] == "room") - 2.0 * (np.log(X["price"]) - 7.0)
log_odds += 1.5 * X["listed"].dt.month.between(4, 9)
y = np.where(rng.random(n) < expit(log_odds), "quick", "slow")


def months(dates):
    """Month of each date, as a table of one column."""
    return dates.apply(lambda column: column.dt.month)


columns = make_column_transformer(
    (CountVectorizer(), "text"),
    (StandardScaler(), ["price"]),
    (OneHotEncoder(), ["kind"]),
    (make_pipeline(FunctionTransformer(months), OneHotEncoder()), ["listed"]),
)
model = make_pipeline(columns, LogisticRegression()).fit(X, y)

# %%
# Parts are named and given their columns as in ``ColumnTransformer``.

sampler = MixedSampler(
    [
        ("words", TokenSampler(), "text"),
        ("rest", MarginalSampler(), ["price", "kind", "listed"]),
    ]
)
explainer = LimeExplainer(
    model, sampler=sampler, target="quick", n_samples=1024, random_state=0
).fit(X)
listing = X[X["text"].str.contains("sunny") & X["text"].str.contains("noisy")][:1]
listing

# %%

AttributionDisplay.from_explanation(explainer.explain(listing), row=0)

# %%
# Over many listings, which words and conditions matter most?

many = explainer.explain(X[:60])
ImportanceDisplay.from_explanation(many, max_features=10)

# %%
# ``transform`` has one column for each column of the table: a text's is the sum of its
# words.

explainer.set_output(transform="pandas").transform(listing).round(2)
