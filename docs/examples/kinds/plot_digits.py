"""
Why this digit and not another?
===============================

Handwritten digits of 8 x 8 pixels, a network with ten classes, and one of its mistakes.
Which patches of ink speak for the answer, and which for the digit that it should have been?
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklime import LimeExplainer
from sklime.plotting import ImageDisplay
from sklime.samplers import SuperpixelSampler

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
network = MLPClassifier(tol=1e-3, random_state=0)
model = make_pipeline(MinMaxScaler(), network).fit(X_train, y_train)
answers = model.predict(X_test)
print(f"right on {(answers == y_test).mean():.0%} of {len(y_test)} other digits")

# %%
# The model was trained on rows of 64 pixels; ``flat`` says what shape they have. The
# units are patches of 2 x 2 pixels, hidden by the empty background (``hide=0``): a
# patch's own mean grey would leave most of the ink in place.

sampler = SuperpixelSampler(segmenter=(4, 4), hide=0, flat=(8, 8))
explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(X_train)
right = X_test[answers == y_test][:4]
explanation = explainer.explain(right)
_, axes = plt.subplots(2, 2, figsize=(11, 9), layout="constrained")
for row, ax in enumerate(axes.flat):
    ImageDisplay.from_explanation(explanation, row=row, ax=ax)

# %%
# A mistake
# ---------
# Both digits are explained at once; the model is asked no more for it.

[wrong, *_] = (answers != y_test).nonzero()[0]
both = explainer.explain(X_test[[wrong]], target="all")
print(f"taken for {answers[wrong]}, and is {y_test[wrong]}")
_, axes = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
for label, ax in zip((answers[wrong], y_test[wrong]), axes, strict=True):
    ImageDisplay.from_explanation(both, row=0, target=label, ax=ax)
