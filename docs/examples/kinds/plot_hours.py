"""
Hours of a day
==============

A day of hourly temperatures: is it the city by the sea or the one inland? Which hours give
it away? ``step_names`` makes an explanation speak of hours.

The days are simulated, so that the truth is known: both cities have the same mean, but
inland the nights are colder and the afternoons warmer.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklime import LimeExplainer
from sklime.plotting import ImportanceDisplay, SequenceDisplay
from sklime.samplers import SequenceSampler

rng = np.random.default_rng(0)
n = 700
hours = np.arange(24)
inland = rng.random(n) < 0.5
swing = np.where(inland, 7.0, 4.0) + rng.normal(scale=1.0, size=n)
season = rng.normal(15, 5, n)
wave = np.cos(2 * np.pi * (hours - 15) / 24)
days = season[:, np.newaxis] + swing[:, np.newaxis] * wave + rng.normal(size=(n, 24))
cities = np.where(inland, "inland", "by the sea")
model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01)).fit(
    days[:500], cities[:500]
)
print(f"right on {model.score(days[500:], cities[500:]):.0%} of 200 other days")

# %%
# A hidden hour takes its mean temperature over all days.

sampler = SequenceSampler(
    feature_names=["temperature"], step_names=[f"{hour:02}:00" for hour in hours]
)
explainer = LimeExplainer(model, sampler=sampler, target="inland", random_state=0)
explainer.fit(days[:500])
new = 500 + np.flatnonzero(cities[500:] == "inland")[:2]
explanation = explainer.explain(days[new])
_, axes = plt.subplots(2, 1, figsize=(8, 6), layout="constrained")
for row, ax in enumerate(axes):
    SequenceDisplay.from_explanation(explanation, row=row, ax=ax)

# %%
# The strongest hours of the first of these days, as a list.

explanation.as_list(0)[:6]

# %%
# Which hours matter over all new days? Those of the afternoon and of the late night; at
# nine in the morning and in the evening both cities are alike.

everything = explainer.explain(days[500:])
ImportanceDisplay.from_explanation(everything, max_features=12)

# %%
# Stretches of six hours are fewer units, whose effects are larger: the model is asked
# about days without their night.

explainer.set_params(sampler__unit="segment", sampler__n_segments=4).fit(days[:500])
explainer.explain(days[new]).as_list(0)
