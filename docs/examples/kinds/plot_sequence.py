"""
Steps of a sequence
===================

Which part of a signal made the model raise the alarm? Two sensors of a machine are
simulated over 60 steps. In a faulty run the vibration bursts for ten steps; the temperature
only drifts, and says nothing.
"""

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier

from sklime import FunctionClassifier, LimeExplainer
from sklime.plotting import SequenceDisplay
from sklime.samplers import SequenceSampler

rng = np.random.default_rng(0)
n, T = 400, 60
steps = np.arange(T)
vibration = rng.normal(size=(n, T))
temperature = 20 + np.cumsum(rng.normal(scale=0.3, size=(n, T)), axis=1)
faulty = rng.random(n) < 0.5
start = rng.integers(25, 35, n)
burst = (steps >= start[:, None]) & (steps < start[:, None] + 10) & faulty[:, None]
vibration[burst] *= 4
signals = np.stack([vibration, temperature], axis=2)


def features(signals):
    """Mean square of both sensors in twelve windows."""
    windows = np.square(signals - signals.mean(axis=1, keepdims=True))
    return windows.reshape(len(signals), 12, -1, 2).mean(axis=2).reshape(len(signals), -1)


states = np.where(faulty, "fault", "fine")
forest = ExtraTreesClassifier(100, min_samples_leaf=3, random_state=0)
forest.fit(features(signals[:300]), states[:300])
print(f"right on {forest.score(features(signals[300:]), states[300:]):.0%} of new runs")

# %%
# The model takes signals; what it does with them is its own affair.

alarm = FunctionClassifier(
    lambda signals: forest.predict_proba(features(signals)), classes=forest.classes_
)
names = ["vibration", "temperature"]
sampler = SequenceSampler(unit="segment", n_segments=12, fill="mean", feature_names=names)
explainer = LimeExplainer(alarm, sampler=sampler, target="fault", random_state=0)
explainer.fit(signals[:300])
new = 300 + np.flatnonzero(faulty[300:])[:1]
explanation = explainer.explain(signals[new])
print(f"the burst: steps {start[new[0]]} to {start[new[0]] + 9}")
SequenceDisplay.from_explanation(explanation, names=names)

# %%
# Segments hide both sensors at once. To tell them apart, make each sensor a unit, or each
# cell.

by_sensor = explainer.set_params(sampler__unit="feature").fit(signals[:300])
by_sensor.explain(signals[new]).as_list(0)
