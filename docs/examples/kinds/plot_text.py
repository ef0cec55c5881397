"""
Words of a text
===============

A classifier of texts, explained by the words that move its answer. The texts are paragraphs
of scikit-learn's own documentation, as it is installed: is a paragraph about clustering or
about linear models?
"""

import inspect
import re

import sklearn.cluster
import sklearn.linear_model
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklime import LimeExplainer
from sklime.plotting import AttributionDisplay, ImportanceDisplay, TextDisplay
from sklime.samplers import TokenSampler
from sklime.selectors import HighestWeights


def paragraphs(module):
    """Paragraphs of plain prose from the docstrings of a module's public names."""
    found = set()
    for name in module.__all__:
        for text in re.split(r"\n\s*\n", inspect.getdoc(getattr(module, name)) or ""):
            text = " ".join(text.split())
            if 20 <= len(text.split()) <= 80 and text.endswith(".") and ">>>" not in text:
                found.add(text)
    return sorted(found)


clustering = paragraphs(sklearn.cluster)
linear = paragraphs(sklearn.linear_model)
texts = clustering + linear
topics = ["clustering"] * len(clustering) + ["linear models"] * len(linear)
model = make_pipeline(
    TfidfVectorizer(stop_words="english", sublinear_tf=True), LogisticRegression(C=10)
)
model.fit(texts, topics)

# %%
# A word is a unit: a draw leaves some of the words out. The model receives texts, as
# always. The selector keeps the twelve strongest words of each text.

explainer = LimeExplainer(
    model,
    sampler=TokenSampler(),
    selector=HighestWeights(k=12),
    target="clustering",
    n_samples=1024,
    random_state=0,
).fit(texts)
about_centroids = [text for text in clustering if "centroid" in text][:3]
explanation = explainer.explain(about_centroids)
TextDisplay.from_explanation(explanation, row=0)

# %%
# The same as bars.

AttributionDisplay.from_explanation(explanation, row=0, max_features=8)

# %%
# Over many texts, words are columns: which of them matter most?

many = explainer.explain(texts[::10]).sort_features()
ImportanceDisplay.from_explanation(many[:, list(many.feature_names[:15])], max_features=15)
