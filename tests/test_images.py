"""Images through the explainer: values, layouts, components, containers and bad input."""

import pickle
from itertools import product

import numpy as np
import pandas as pd
import pytest
from skimage.data import astronaut
from skimage.segmentation import slic
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklime import FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.explanation import Explanation
from sklime.kernels import ExponentialKernel
from sklime.samplers import SuperpixelSampler
from sklime.selectors import ForwardSelection, HighestWeights, LassoPath

# Of digits the mean colour of hidden segments tells a model nearly as much as the segments.
pytestmark = pytest.mark.filterwarnings("ignore::sklime.exceptions.HidingWarning")

DIGITS, NUMBERS = load_digits(return_X_y=True)
MODEL = LogisticRegression(max_iter=500)
FACE = astronaut()[64:128, 160:256]
QUARTERS = (2, 2)


@pytest.fixture(scope="module", autouse=True)
def fit_models():
    MODEL.fit(DIGITS / 16, NUMBERS)


class Counted:
    """A smooth function of the mean brightness of patches that counts what it is asked."""

    classes_ = np.array(["dark", "bright"])

    def __init__(self):
        self.blocks = []

    def predict_proba(self, images):
        assert isinstance(images, np.ndarray)
        self.blocks.append(images.shape)
        patches = images[:, ::8, ::8].reshape(len(images), -1) / 255.0
        effects = np.linspace(-1, 1, patches.shape[1])
        bright = 1 / (1 + np.exp(-(patches @ effects) - 2 * patches[:, 0] * patches[:, -1]))
        return np.column_stack([1 - bright, bright])


def pixels(images):
    """A regressor that is linear in the pixels."""
    flat = images.reshape(len(images), -1).astype(float)
    return flat @ np.linspace(-1, 1, flat.shape[1]) / flat.shape[1]


def explainer(model, images, n_samples=256, random_state=0, sampler=None, **params):
    sampler = SuperpixelSampler(segmenter=(3, 3)) if sampler is None else sampler
    lime = LimeExplainer(
        model, sampler=sampler, n_samples=n_samples, random_state=random_state, **params
    )
    return lime.fit(images)


def digits(n=3, **params):
    flat = SuperpixelSampler(segmenter=(4, 4), flat=(8, 8))
    own = {"sampler": flat, "target": "predicted", **params}
    return explainer(MODEL, DIGITS[:100] / 16, **own), DIGITS[:n] / 16


def limit(image, labels, hidden, answers, width=0.25):
    """LIME's surrogate of one image from all its masks: intercept, then coefficients."""
    d = labels.max() + 1
    Z = np.array(list(product([True, False], repeat=d)))
    shown = Z[:, labels]
    shown = shown if image.ndim == 2 else shown[..., np.newaxis]
    y = answers(np.where(shown, image, hidden).astype(image.dtype))
    weights = np.exp(-((1 - np.sqrt(Z.mean(axis=1))) ** 2) / (2 * width**2))
    root = np.sqrt(weights)[:, np.newaxis]
    A = np.column_stack([np.ones(len(Z)), Z])
    return np.linalg.lstsq(A * root, y * root[:, 0], rcond=None)[0]


def grid(shape, rows, columns):
    down, across = np.indices(shape)
    return down * rows // shape[0] * columns + across * columns // shape[1]


# ------------------------------------------------------------------------------- values


@pytest.mark.parametrize("hide", [0, 100, "mean"])
def test_few_segments_are_explained_by_all_their_masks(hide):
    model, labels = Counted(), grid(FACE.shape[:2], 3, 3)
    sampler = SuperpixelSampler(segmenter=(3, 3), hide=hide)
    e = explainer(model, FACE[np.newaxis], sampler=sampler, n_samples=512).explain(
        FACE[np.newaxis], target="bright"
    )
    hidden = np.full_like(FACE, 0 if hide == "mean" else hide)
    if hide == "mean":
        for j in range(9):
            hidden[labels == j] = FACE[labels == j].mean(axis=0).astype(np.uint8)

    def bright(images):
        return model.predict_proba(images)[:, 1]

    expected = limit(FACE, labels, hidden, bright)
    # Both solve normal equations of condition number below 1e3.
    np.testing.assert_allclose(e.values[0], expected[1:], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(e.intercepts, expected[0], rtol=1e-8)
    np.testing.assert_array_equal(e.unit_spans[0], labels)
    # The draws do not count where all masks are known.
    assert len(model.blocks) > 0 and sum(shape[0] for shape in model.blocks[1:-1]) <= 1024


def test_draws_estimate_the_limit_of_all_masks():
    image, labels = DIGITS[7].reshape(8, 8) / 16, grid((8, 8), 3, 4)
    hidden = np.array([image[labels == j].mean() for j in range(12)])[labels]
    label = MODEL.predict(DIGITS[7:8] / 16)[0]

    def chance(images):
        return MODEL.predict_proba(images.reshape(-1, 64))[:, label]

    expected = limit(image, labels, hidden, chance)[1:]
    sampler = SuperpixelSampler(segmenter=(3, 4), flat=(8, 8))
    found = [
        explainer(
            MODEL, DIGITS[:9] / 16, sampler=sampler, target=label, random_state=seed
        ).explain(DIGITS[7:8] / 16)
        for seed in range(20)
    ]
    found = np.array([e.values[0] for e in found])
    error = found.std(axis=0, ddof=1) / np.sqrt(20)
    # Four standard errors; the penalty of one draw of 256 against variances of 1/4.
    tolerance = 4 * error + 4 / 256 * np.abs(expected).max()
    assert (np.abs(found.mean(axis=0) - expected) < tolerance).all()


@pytest.mark.parametrize("method", ["auto", "sampling"])
def test_linear_pixels_give_the_sum_over_each_segment(method):
    """Garreau and Mardaoui (2021): sum over the segment of coefficient times change."""
    images = DIGITS[:4].reshape(-1, 8, 8) / 16
    model = Ridge().fit(DIGITS / 16, NUMBERS)
    sampler = SuperpixelSampler(segmenter=(4, 4), flat=(8, 8), hide=0.25)
    lime = explainer(model, DIGITS[:9] / 16, sampler=sampler, method=method, n_samples=2048)
    e = lime.explain(DIGITS[:4] / 16)
    change = (images - 0.25).reshape(4, 64) * model.coef_
    labels = grid((8, 8), 4, 4).ravel()
    expected = np.array([np.bincount(labels, own) for own in change])
    # Drawn, the penalty is one draw of 2,048 against variances of 1/4.
    bound = {"sampling": 0.005, "auto": 1e-10}[method] * np.abs(expected).max()
    np.testing.assert_allclose(e.values, expected, rtol=0, atol=bound)


def test_a_product_of_segments_has_the_coefficients_of_the_literature():
    """Without weights both of two segments that must be shown have 1/2, others 0."""

    def both(images):
        return (images[:, 0, 0] * images[:, 0, -1]).astype(float)

    ones = np.ones((1, 6, 6))
    wide = ExponentialKernel(width=1e6)
    sampler = SuperpixelSampler(segmenter=QUARTERS, hide=0)
    e = explainer(FunctionRegressor(both), ones, sampler=sampler, kernel=wide).explain(ones)
    np.testing.assert_allclose(e.values, [[0.5, 0.5, 0, 0]], atol=1e-9)


# ---------------------------------------------------------------------- layouts and kinds


@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_any_channels_and_dtype_are_laid_out_over_the_pixels(channels, dtype):
    shape = (2, 12, 10) if channels is None else (2, 12, 10, channels)
    images = np.random.default_rng(0).integers(0, 255, shape).astype(dtype)
    seen = []

    def predict(X):
        seen.append((X.dtype, X.shape[1:]))
        return pixels(X)

    sampler = SuperpixelSampler(segmenter=(2, 3), hide=0)
    lime = explainer(FunctionRegressor(predict), images, sampler=sampler)
    maps, e = lime.transform(images), lime.explain(images)
    assert maps.shape == (2, 120)
    assert set(seen) == {(np.dtype(dtype), shape[1:])}
    expected = [own[labels] for own, labels in zip(e.values, e.unit_spans, strict=True)]
    np.testing.assert_array_equal(maps.reshape(2, 12, 10), expected)
    # Linear pixels: all six segments add up to the whole.
    whole = pixels(images) - pixels(np.zeros_like(images))
    np.testing.assert_allclose(e.values.sum(axis=1), whole, rtol=1e-6)
    assert list(lime.get_feature_names_out()[:11:10]) == ["pixel_0_0", "pixel_1_0"]


@pytest.mark.parametrize("segmenter", ["slic", "quickshift", "felzenszwalb", "grid"])
def test_segmenters_cut_what_is_explained(segmenter):
    sampler = SuperpixelSampler(segmenter=segmenter)
    e = explainer(Counted(), FACE[np.newaxis], sampler=sampler, n_samples=512).explain(
        FACE[np.newaxis]
    )
    labels = e.unit_spans[0]
    assert labels.shape == FACE.shape[:2]
    assert set(np.unique(labels)) == set(range(e.shape[1]))
    assert e.shape[1] > 1


def test_a_callable_segmenter_may_number_as_it_likes():
    def odd(image):
        return slic(image, n_segments=9, start_label=0) * 7 - 3

    def plain(image):
        return slic(image, n_segments=9, start_label=0)

    maps = [
        explainer(
            Counted(), FACE[np.newaxis], sampler=SuperpixelSampler(segmenter=segmenter)
        ).transform(FACE[np.newaxis])
        for segmenter in (odd, plain)
    ]
    np.testing.assert_array_equal(*maps)


@pytest.mark.parametrize("hide", ["blur", "inpaint", [10, 20, 30], FACE[::-1]])
def test_ways_to_hide_are_explained(hide):
    sampler = SuperpixelSampler(segmenter=(3, 3), hide=hide)
    e = explainer(Counted(), FACE[np.newaxis], sampler=sampler, n_samples=512).explain(
        FACE[np.newaxis]
    )
    assert np.isfinite(e.values).all() and np.abs(e.values).max() > 0


def test_images_of_different_sizes_are_explained_but_not_laid_out():
    images = [FACE, FACE[:40], FACE[:, :50]]
    lime = explainer(Counted(), images)
    e = lime.explain(images)
    for i, image in enumerate(images):
        assert e.unit_spans[i].shape == image.shape[:2]
        np.testing.assert_array_equal(e.values[i], lime.explain([image]).values[0])
    with pytest.raises(ValueError, match="explain"):
        lime.transform(images)
    with pytest.raises(ValueError, match="explain"):
        lime.get_feature_names_out()
    assert lime.score(images) <= 1


def test_flattened_digits_are_explained_as_images():
    lime, X = digits()
    e = lime.explain(X)
    assert np.shape(e.data) == (3, 8, 8)
    assert list(e.target_names) == list(MODEL.predict(X))
    maps = lime.transform(X)
    assert maps.shape == (3, 64)
    frame = pd.DataFrame(X)
    np.testing.assert_array_equal(lime.transform(frame), maps)


def test_an_sklearn_model_of_a_frame_of_pixels_gets_its_columns():
    frame = pd.DataFrame(DIGITS / 16, columns=[f"p{j}" for j in range(64)])
    model = LogisticRegression(max_iter=500).fit(frame, NUMBERS)
    sampler = SuperpixelSampler(segmenter=(4, 4), flat=(8, 8))
    found = explainer(model, frame[:50], sampler=sampler, target="predicted")
    expected, X = digits()
    np.testing.assert_allclose(
        found.transform(frame[:3]), expected.transform(X), rtol=1e-6, atol=1e-9
    )


def test_pandas_output_names_the_pixels():
    lime, X = digits(target="all")
    frame = lime.set_output(transform="pandas").transform(X)
    assert frame.shape == (3, 640)
    assert frame.columns[64] == "1__pixel_0_0"


# --------------------------------------------------------------------- what is shown of it


def test_masks_mark_the_strongest_segments():
    lime = explainer(Counted(), FACE[np.newaxis], n_samples=512)
    e = lime.explain(FACE[np.newaxis], target="bright")
    values, labels = e.values[0], e.unit_spans[0]
    order = np.argsort(-np.abs(values))
    _, mask = e.mask(0, n_features=3)
    np.testing.assert_array_equal(mask != 0, np.isin(labels, order[:3]))
    np.testing.assert_array_equal(mask[mask != 0], np.sign(values)[labels][mask != 0])
    image, mask = e.mask(0, n_features=2, positive_only=True, hide_rest=True)
    positive = [j for j in order if values[j] > 0][:2]
    np.testing.assert_array_equal(mask == 1, np.isin(labels, positive))
    np.testing.assert_array_equal(image[mask == 1], FACE[mask == 1])
    assert (image[mask == 0] == 0).all()
    _, mask = e.mask(0, negative_only=True, n_features=None)
    np.testing.assert_array_equal(mask == 1, (values < 0)[labels])
    strong = np.sort(np.abs(values))[-2]
    _, mask = e.mask(0, min_weight=strong, n_features=None)
    assert len(np.unique(labels[mask != 0])) == 2


def test_explanations_of_images_go_everywhere():
    shap = pytest.importorskip("shap")
    images = np.stack([FACE, FACE[::-1]])
    lime = explainer(Counted(), images, n_samples=128, target="all")
    e = lime.explain(images, uncertainty=True)
    again = Explanation.from_json(e.to_json())
    assert again.kind == "image"
    np.testing.assert_array_equal(again.values, e.values)
    np.testing.assert_array_equal(again.unit_spans[1], e.unit_spans[1])
    np.testing.assert_array_equal(again.data, images)
    assert len(e.to_frame()) == 2 * 9 * 2
    assert pickle.loads(pickle.dumps(e)) == e
    part = e[1, ["segment_0", "segment_4"], "bright"]
    np.testing.assert_array_equal(part.values, e.values[1:, 1, [0, 4]])
    assert isinstance(e[:, :, "dark"].to_shap(), shap.Explanation)
    weights = [weight for _, weight in e.as_list(0, target="dark")]
    assert weights == sorted(weights, key=abs, reverse=True)


# ------------------------------------------------------------ same row, same answer


def test_neither_order_nor_batch_nor_jobs_nor_repetition_matter():
    lime, X = digits(n=12, n_samples=128)
    whole = lime.transform(X)
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_array_equal(lime.transform(X[order]), whole[order])
    np.testing.assert_array_equal(lime.transform(X), whole)
    alone = np.concatenate([lime.transform(X[[i]]) for i in range(len(X))])
    np.testing.assert_allclose(alone, whole, rtol=0, atol=1e-10 * np.abs(whole).max())
    parallel, _ = digits(n=12, n_samples=128, n_jobs=2)
    np.testing.assert_array_equal(parallel.transform(X), whole)


def test_working_memory_bounds_the_blocks_and_changes_nothing():
    from sklearn import config_context

    model = Counted()
    large = np.tile(FACE, (4, 4, 1))[np.newaxis]
    sampler = SuperpixelSampler(segmenter=(5, 5))
    lime = explainer(model, large, sampler=sampler)
    whole = lime.transform(large)
    with config_context(working_memory=32):
        model.blocks.clear()
        found = lime.transform(large)
    np.testing.assert_allclose(found, whole, rtol=0, atol=1e-10 * np.abs(whole).max())
    assert max(np.prod(shape) for shape in model.blocks) <= 32 * 2**20 / 16
    assert len(model.blocks) > 10


# ------------------------------------------------------------------------------ components


@pytest.mark.parametrize(
    "selector", [ForwardSelection(k=6), HighestWeights(k=6), LassoPath(k=6)]
)
def test_selectors_keep_six_segments(selector):
    lime, X = digits(selector=selector, n_samples=512)
    assert ((lime.explain(X).values != 0).sum(axis=1) == 6).all()


def test_all_and_single_labels_agree():
    lime, X = digits()
    every = lime.explain(X, target="all")
    assert every.values.shape == (3, 10, 16)
    for label in (0, 7):
        one = lime.explain(X, target=label).values
        np.testing.assert_allclose(one, every.values[:, label], rtol=0, atol=1e-14)


def test_intervals_hold_the_limit():
    image, labels = DIGITS[7].reshape(8, 8) / 16, grid((8, 8), 3, 4)
    hidden = np.array([image[labels == j].mean() for j in range(12)])[labels]
    forest = RandomForestClassifier(30, random_state=0).fit(DIGITS / 16, NUMBERS)

    def chance(images):
        return forest.predict_proba(images.reshape(-1, 64))[:, 7]

    expected = limit(image, labels, hidden, chance)[1:]
    sampler = SuperpixelSampler(segmenter=(3, 4), flat=(8, 8))
    held = []
    for seed in range(40):
        own = {"sampler": sampler, "target": 7, "random_state": seed, "n_samples": 512}
        lime = explainer(forest, DIGITS[:9] / 16, **own)
        e = lime.explain(DIGITS[7:8] / 16, uncertainty=True)
        lower, upper = e.confidence_intervals()
        held.append((lower[0] <= expected) & (expected <= upper[0]))
    # 480 intervals, some of them correlated; strata and balance, which standard errors
    # leave out, only add to the coverage.
    assert np.mean(held) > 0.92


def test_score_prefers_the_wide_kernel_of_a_wide_neighbourhood():
    wide, X = digits(n_samples=512)
    narrow, _ = digits(kernel=ExponentialKernel(width=0.12), n_samples=512)
    assert narrow.score(X) < wide.score(X) <= 1


def test_grid_search_chooses_width_and_segments():
    sampler = SuperpixelSampler(segmenter="grid", n_segments=4, flat=(8, 8))
    lime = LimeExplainer(MODEL, sampler=sampler, n_samples=512, target=3, random_state=0)
    search = GridSearchCV(
        lime, {"kernel__width": [0.2, 1.0], "sampler__n_segments": [4, 9]}, cv=2
    ).fit(DIGITS[:6] / 16)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.sampler_.n_segments in (4, 9)


def test_attributions_are_clustered_in_a_pipeline():
    sampler = SuperpixelSampler(segmenter=(4, 4), flat=(8, 8))
    lime = LimeExplainer(MODEL, sampler=sampler, n_samples=128, target=0, random_state=0)
    steps = make_pipeline(lime, KMeans(2, n_init=1, random_state=0))
    assert len(steps.fit_predict(DIGITS[:12] / 16)) == 12


def test_an_unfitted_model_is_fitted_on_the_flat_images():
    sampler = SuperpixelSampler(segmenter=(4, 4), flat=(8, 8))
    lime = LimeExplainer(SVC(), sampler=sampler, n_samples=64, target=1, random_state=0)
    lime.fit(DIGITS[:200] / 16, NUMBERS[:200])
    assert lime.transform(DIGITS[:2] / 16).shape == (2, 64)


def test_clones_and_pickles_explain_alike():
    lime, X = digits()
    expected = lime.transform(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(lime)).transform(X), expected)
    again = clone(lime).fit(DIGITS[:100] / 16).transform(X)
    np.testing.assert_array_equal(again, expected)


def test_a_users_surrogate_is_fitted_to_the_draws():
    own, X = digits(n_samples=4096)
    users, _ = digits(n_samples=4096, surrogate=LinearRegression())
    values = own.explain(X).values
    # They differ by the penalty: one draw of 4,096.
    np.testing.assert_allclose(
        users.explain(X).values, values, atol=0.005 * np.abs(values).max()
    )


# -------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("segmenter", ["slic", "quickshift", "felzenszwalb"])
def test_a_constant_image_says_nothing(segmenter):
    image = np.full((1, 20, 20, 3), 77, dtype=np.uint8)
    sampler = SuperpixelSampler(segmenter=segmenter)
    e = explainer(Counted(), image, sampler=sampler).explain(image)
    # Hidden segments look as they did.
    np.testing.assert_array_equal(np.nan_to_num(e.values), 0)
    np.testing.assert_allclose(e.intercepts, e.predictions, rtol=1e-12)


def test_one_segment_is_its_whole_effect():
    sampler = SuperpixelSampler(segmenter=(1, 1), hide=0)
    lime = explainer(FunctionRegressor(pixels), FACE[np.newaxis], sampler=sampler)
    e = lime.explain(FACE[np.newaxis])
    np.testing.assert_allclose(e.values[0], pixels(FACE[np.newaxis]), rtol=1e-9)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_missing_pixels_are_refused_in_fit_and_after(bad):
    image = FACE[np.newaxis].astype(float)
    lime = explainer(Counted(), image)
    image[0, 3, 4, 1] = bad
    with pytest.raises(ValueError, match=r"image 0 .* \(3, 4, 1\)"):
        lime.transform(image)
    with pytest.raises(ValueError, match="image 0"):
        explainer(Counted(), image)


@pytest.mark.parametrize(
    "labels",
    [
        np.zeros((64, 96, 3), dtype=int),
        np.zeros((10, 10), dtype=int),
        np.zeros((64, 96)),
        None,
    ],
)
def test_a_segmenter_that_returns_something_else_is_named(labels):
    sampler = SuperpixelSampler(segmenter=lambda image: labels)
    lime = explainer(Counted(), FACE[np.newaxis], sampler=sampler)
    with pytest.raises(ValueError, match="one integer for each pixel"):
        lime.transform(FACE[np.newaxis])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (FACE, "no axis of channels"),
        (FACE[np.newaxis, ..., :2], "2 channel"),
        (FACE[np.newaxis, ..., 0], "no axis of channels"),
        (FACE[np.newaxis, np.newaxis], "shape"),
        (np.empty((0, 64, 96, 3)), "no image"),
    ],
)
def test_other_kinds_of_images_than_in_the_fit_are_refused(X, message):
    lime = explainer(Counted(), FACE[np.newaxis])
    for method in (lime.transform, lime.explain, lime.score):
        with pytest.raises(ValueError, match=message):
            method(X)


def test_an_image_of_one_pixel_and_of_one_row_are_explained():
    for shape in ((1, 1, 1), (1, 1, 9), (1, 9, 1, 3)):
        images = np.random.default_rng(0).random(shape)
        sampler = SuperpixelSampler(hide=0)
        lime = explainer(FunctionRegressor(pixels), images, sampler=sampler)
        e = lime.explain(images)
        np.testing.assert_allclose(e.values.sum(), pixels(images), rtol=1e-6, atol=1e-12)


# ------------------------------------------------------------------------------------ torch


@pytest.mark.torch
def test_a_torch_network_is_explained_channels_first():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 5, stride=4),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(16, 3),
        torch.nn.Softmax(dim=1),
    )
    heights = []

    def predict_proba(images):
        heights.append(len(images))
        batch = torch.as_tensor(images).permute(0, 3, 1, 2).float() / 255
        with torch.no_grad():
            return network(batch)

    model = FunctionClassifier(predict_proba, classes=["a", "b", "c"])
    lime = explainer(model, FACE[np.newaxis], target="all", n_samples=512)
    e = lime.explain(FACE[np.newaxis])
    assert e.values.shape == (1, 3, 9)
    # Probabilities of single precision sum to one.
    np.testing.assert_allclose(e.values.sum(axis=1), 0, atol=1e-6)
    labels = grid(FACE.shape[:2], 3, 3)
    hidden = np.zeros_like(FACE)
    for j in range(9):
        hidden[labels == j] = FACE[labels == j].mean(axis=0).astype(np.uint8)

    def first(images):
        return predict_proba(images).numpy()[:, 0].astype(float)

    expected = limit(FACE, labels, hidden, first)
    np.testing.assert_allclose(e.values[0, 0], expected[1:], rtol=1e-4, atol=1e-7)
    assert max(heights) > 1
