"""The same explanations of texts by lime 0.2.0.1, run live, and by sklime."""

import numpy as np
import pytest
from lime.lime_text import LimeTextExplainer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from sklime import LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import TokenSampler
from sklime.selectors import ForwardSelection, HighestWeights, LassoPath
from tests.parity.masked_copies import N_SEEDS, assert_means_agree, bias_of_lime

N_SAMPLES = 500


def lines():
    """Lines of prose about two plants' and two patients' data, and which they are."""
    texts, labels = [], []
    for load in (load_iris, load_wine, load_breast_cancer, load_diabetes):
        own = [line.strip() for line in load().DESCR.splitlines()]
        own = [line for line in own if len(line.split()) > 4]
        texts += own
        labels += [int(load in (load_breast_cancer, load_diabetes))] * len(own)
    return texts, np.array(labels)


TEXTS, LABELS = lines()
MODELS = {
    "tf-idf": make_pipeline(TfidfVectorizer(), LogisticRegression(C=10)),
    "naive Bayes": make_pipeline(CountVectorizer(), MultinomialNB()),
}
TEXT = (
    "The patient's data: mean radius of the cell, texture of the flower, and the petal's "
    "length in cm; the radius was measured for the wine."
)
# What lime takes for words: apostrophes part them.
SPLIT = r"\w+"
SHORT = "flower cells, cells in wine!"


@pytest.fixture(scope="module", autouse=True)
def fit_models():
    for each in MODELS.values():
        each.fit(TEXTS, LABELS)


def compare(text, model="tf-idf", options=None, sampler=None, selector=None, k=500, **own):
    """Compare, and return which units each of the two kept, seed by seed."""
    model, theirs, ours = MODELS[model], [], []

    def answers(X):
        return model.predict_proba(X)[:, 1]

    for seed in range(N_SEEDS):
        lime = LimeTextExplainer(
            random_state=seed, **{"feature_selection": "none", **(options or {})}
        )
        explanation = lime.explain_instance(
            text, model.predict_proba, num_features=k, num_samples=N_SAMPLES
        )
        string = explanation.domain_mapper.indexed_string
        coef = np.zeros(string.num_words())
        for j, value in explanation.local_exp[1]:
            coef[j] = value
        theirs.append([explanation.intercept[1], *coef])
        explainer = LimeExplainer(
            model,
            sampler=sampler or TokenSampler(token_pattern=SPLIT),
            selector=selector,
            n_samples=N_SAMPLES,
            random_state=seed,
            **own,
        ).fit(TEXTS)
        e = explainer.explain([text])
        assert list(e.unit_names[0]) == [string.word(j) for j in range(len(coef))]
        ours.append([e.intercepts[0], *e.values[0]])
    if selector is None:
        bias = bias_of_lime(explainer, [text], answers, N_SAMPLES)
        assert_means_agree(theirs, ours, bias)
    return np.array(theirs)[:, 1:] != 0, np.array(ours)[:, 1:] != 0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("sequence", ["stratified", "random"])
def test_words_have_the_weights_of_lime(model, sequence):
    compare(TEXT, model, sampler=TokenSampler(SPLIT, sequence=sequence))


def test_positions_have_the_weights_of_lime():
    sampler = TokenSampler(SPLIT, positions=True, mask="UNKWORDZ")
    compare(TEXT, options={"bow": False}, sampler=sampler)


def test_characters_have_the_weights_of_lime():
    options = {"char_level": True, "bow": False, "mask_string": "_"}
    sampler = TokenSampler(level="char", positions=True, mask="_")
    compare("sepal cm", "naive Bayes", options=options, sampler=sampler)


def test_enumerated_texts_have_the_weights_of_lime():
    compare(SHORT, "naive Bayes")


@pytest.mark.parametrize("width", [15, 60])
def test_kernel_width_is_a_hundredth_of_that_of_lime(width):
    kernel = ExponentialKernel(width=width / 100)
    compare(TEXT, options={"kernel_width": width}, kernel=kernel)


@pytest.mark.parametrize(
    ("name", "selector"),
    [
        ("highest_weights", HighestWeights(k=4)),
        ("forward_selection", ForwardSelection(k=4)),
        ("lasso_path", LassoPath(k=4)),
    ],
)
def test_kept_words_are_those_of_lime(name, selector):
    theirs, ours = compare(
        TEXT, options={"feature_selection": name}, selector=selector, k=4
    )
    np.testing.assert_array_equal(ours.sum(axis=1), 4)
    # How often each word is kept, within four standard errors of two shares over 20 seeds.
    spread = 4 * np.sqrt(0.5 / N_SEEDS)
    share = theirs.mean(axis=0), ours.mean(axis=0)
    assert np.abs(share[0] - share[1]).max() < spread
    # What lime nearly always keeps, we do.
    assert share[1][share[0] >= 0.95].min() > 0.7
