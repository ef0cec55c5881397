"""
Parts of an image
=================

Two models of images: a classifier of small grey pictures, and a face detector that answers
only yes or no.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import astronaut, lbp_frontal_face_cascade_filename, lfw_subset
from skimage.feature import Cascade
from skimage.transform import resize
from sklearn.svm import SVC

from sklime import FunctionRegressor, LimeExplainer
from sklime.plotting import ImageDisplay
from sklime.samplers import SuperpixelSampler

# %%
# A classifier of flattened pixels
# --------------------------------
# A hundred faces and a hundred pictures without. The model was trained on rows of 625
# pixels; ``flat`` says what shape they have.

pictures = lfw_subset()
rows = pictures.reshape(len(pictures), -1)
labels = np.repeat(["face", "no face"], 100)
train = np.arange(200) % 4 > 0
model = SVC(gamma=0.02).fit(rows[train], labels[train])
print(f"right on {model.score(rows[~train], labels[~train]):.0%} of the others")

sampler = SuperpixelSampler(segmenter="slic", n_segments=30, hide="blur", flat=(25, 25))
explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(rows[train])
explanation = explainer.explain(rows[~train][[0, 30]])
print(explanation.target_names, explanation.predictions.round(2))

# %%
# The margin of "no face": blue parts speak for a face.

_, axes = plt.subplots(1, 2, figsize=(11, 5.5), layout="constrained")
for row, ax in enumerate(axes):
    ImageDisplay.from_explanation(explanation, ax=ax, row=row)

# %%
# A face detector
# ---------------
# Which parts must be seen for the detector to find a face? It answers 1 or 0, and is a
# plain function of an image.

detector = Cascade(lbp_frontal_face_cascade_filename())
photograph = (resize(astronaut()[:256, 96:352], (64, 64)) * 255).astype(np.uint8)


def finds_face(images):
    """Answer 1 where the detector finds a face."""
    found = [
        detector.detect_multi_scale(image, 1.2, 1, min_size=(24, 24), max_size=(60, 60))
        for image in images
    ]
    return np.array([float(len(boxes) > 0) for boxes in found])


explainer = LimeExplainer(
    FunctionRegressor(finds_face),
    sampler=SuperpixelSampler(segmenter=(8, 8), hide="mean"),
    n_samples=512,
    random_state=0,
).fit(photograph[np.newaxis])
ImageDisplay.from_estimator(explainer, photograph[np.newaxis], max_features=12)
