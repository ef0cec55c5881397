"""The same explanations of images by lime 0.2.0.1, run live, and by sklime."""

import numpy as np
import pytest
from lime.lime_image import LimeImageExplainer
from skimage.data import astronaut
from skimage.segmentation import quickshift, slic

from sklime import LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import SuperpixelSampler
from sklime.selectors import ForwardSelection, HighestWeights
from tests.parity.masked_copies import N_SEEDS, assert_means_agree, bias_of_lime

N_SAMPLES = 300
IMAGE = astronaut()[::16, ::16]


class Smooth:
    """A small network of the colours of a coarse grid."""

    classes_ = np.array([0, 1])

    def predict_proba(self, images):
        pixels = np.asarray(images)[:, ::4, ::4].reshape(len(images), -1) / 255.0
        rng = np.random.default_rng(0)
        hidden = np.tanh(pixels @ rng.normal(size=(pixels.shape[1], 6)) / 8.0)
        chance = 1 / (1 + np.exp(-2 * hidden @ rng.normal(size=6) - 1))
        return np.column_stack([1 - chance, chance])


def blocks(image):
    down, across = np.indices(image.shape[:2])
    return down // 8 * 4 + across // 8


def slic_from_zero(image):
    return slic(image, n_segments=15, start_label=0)


def shifted(image):
    return quickshift(image, kernel_size=4, max_dist=200, ratio=0.2)


def compare(
    segmenter=blocks, hide=None, options=None, selector=None, k=1000, image=IMAGE, **own
):
    """Compare, and return which segments each of the two kept, seed by seed."""
    model, theirs, ours = Smooth(), [], []

    def answers(X):
        return model.predict_proba(X)[:, 1]

    for seed in range(N_SEEDS):
        lime = LimeImageExplainer(
            random_state=seed, **{"feature_selection": "none", **(options or {})}
        )
        explanation = lime.explain_instance(
            image,
            model.predict_proba,
            labels=(1,),
            top_labels=None,
            hide_color=hide,
            num_features=k,
            num_samples=N_SAMPLES,
            batch_size=200,
            segmentation_fn=segmenter,
        )
        coef = np.zeros(segmenter(image).max() + 1)
        for j, value in explanation.local_exp[1]:
            coef[j] = value
        theirs.append([explanation.intercept[1], *coef])
        sampler = SuperpixelSampler(segmenter, hide="mean" if hide is None else hide)
        explainer = LimeExplainer(
            model,
            sampler=sampler,
            selector=selector,
            n_samples=N_SAMPLES,
            random_state=seed,
            **own,
        ).fit(image[np.newaxis])
        e = explainer.explain(image[np.newaxis])
        np.testing.assert_array_equal(e.unit_spans[0], segmenter(image))
        ours.append([e.intercepts[0], *e.values[0]])
    if selector is None:
        bias = bias_of_lime(explainer, image[np.newaxis], answers, N_SAMPLES)
        assert_means_agree(theirs, ours, bias)
    return np.array(theirs)[:, 1:] != 0, np.array(ours)[:, 1:] != 0


@pytest.mark.parametrize("segmenter", [blocks, slic_from_zero, shifted])
def test_segments_have_the_weights_of_lime(segmenter):
    compare(segmenter)


def test_colours_hide_as_in_lime():
    compare(hide=128)


@pytest.mark.parametrize("width", [0.2, 1.0])
def test_kernel_width_means_the_same(width):
    compare(options={"kernel_width": width}, kernel=ExponentialKernel(width=width))


@pytest.mark.parametrize(
    ("name", "selector"),
    [
        ("highest_weights", HighestWeights(k=3)),
        ("forward_selection", ForwardSelection(k=3)),
    ],
)
def test_kept_segments_are_those_of_lime(name, selector):
    theirs, ours = compare(options={"feature_selection": name}, selector=selector, k=3)
    np.testing.assert_array_equal(ours.sum(axis=1), 3)
    # How often each segment is kept, within four standard errors of two shares.
    share = theirs.mean(axis=0), ours.mean(axis=0)
    assert np.abs(share[0] - share[1]).max() < 4 * np.sqrt(0.5 / N_SEEDS)


def test_masks_of_segments_are_those_of_lime():
    """The pictures, of one set of weights: lime's mask with ours put into it."""
    model = Smooth()
    lime = LimeImageExplainer(random_state=0).explain_instance(
        IMAGE,
        model.predict_proba,
        labels=(1,),
        top_labels=None,
        num_samples=50,
        segmentation_fn=blocks,
    )
    sampler = SuperpixelSampler(blocks)
    explainer = LimeExplainer(model, sampler=sampler, n_samples=300, random_state=0)
    e = explainer.fit(IMAGE[np.newaxis]).explain(IMAGE[np.newaxis])
    values = e.values[0]
    order = np.argsort(-np.abs(values))
    lime.local_exp[1] = [(j, values[j]) for j in order]
    for options in (
        {"positive_only": True, "num_features": 4, "hide_rest": True},
        {"positive_only": False, "negative_only": True, "num_features": 3},
        {"positive_only": False, "num_features": 6, "min_weight": abs(values[order[3]])},
    ):
        picture, mask = lime.get_image_and_mask(1, **options)
        options = {**options, "n_features": options["num_features"]}
        del options["num_features"]
        ours, our_mask = e.mask(0, **options)
        np.testing.assert_array_equal(our_mask, mask)
        np.testing.assert_array_equal(ours, picture)
