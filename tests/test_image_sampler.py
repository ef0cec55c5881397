import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lime.lime_image import LimeImageExplainer
from skimage.data import astronaut
from skimage.segmentation import quickshift, slic
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_digits

from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import ImageSizeWarning
from sklime.samplers import SuperpixelSampler
from sklime.samplers.masked.cellwise import CellwiseRow
from sklime.samplers.masked.superpixels import superpixels

SEGMENTERS = ["slic", "quickshift", "felzenszwalb", "grid", (3, 4)]
DIGITS = load_digits()
PHOTO = astronaut()[60:124, 180:244]


def picture(shape=(32, 24, 3), dtype=np.uint8, seed=0):
    """Blocks of colour with a little noise, in [0, 255] or, where floats, in [0, 1]."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 200, (4, 4, *shape[2:]))
    rows, columns = (np.arange(side) * 4 // side for side in shape[:2])
    values = blocks[np.ix_(rows, columns)] + rng.integers(0, 20, shape)
    return (
        (values / 255).astype(dtype)
        if np.dtype(dtype).kind == "f"
        else values.astype(dtype)
    )


def row_of(image, **parameters):
    X = np.asarray(image)[np.newaxis]
    [row] = SuperpixelSampler(**parameters).fit(X).rows(X)
    return row


def pixel_by_pixel(image, hidden, segments, masks):
    """The same images, one pixel at a time."""
    composed = np.empty((len(masks), *image.shape), image.dtype)
    for i, mask in enumerate(masks):
        for r in range(segments.shape[0]):
            for c in range(segments.shape[1]):
                shown = mask[segments[r, c]]
                composed[i, r, c] = image[r, c] if shown else hidden[r, c]
    return composed


class Recorded(LimeImageExplainer):
    """lime, keeping the image that it fills hidden segments with."""

    def data_labels(self, image, fudged_image, segments, *args, **kwargs):
        self.segments, self.hidden = segments, fudged_image
        return super().data_labels(image, fudged_image, segments, *args, **kwargs)


def hidden_in_lime(image, **parameters):
    explainer = Recorded(random_state=0)
    explainer.explain_instance(
        image, lambda x: np.ones((len(x), 2)) / 2, num_samples=5, top_labels=1, **parameters
    )
    return explainer.segments, explainer.hidden


# -------------------------------------------------------------------------- composition


@settings(max_examples=80, deadline=None)
@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    channels=st.sampled_from([None, 1, 2, 3, 4, 5]),
    dtype=st.sampled_from("? u1 i2 i4 u8 f2 f4 f8".split()),
    seed=st.integers(0, 2**16),
)
def test_a_masked_image_shows_its_kept_segments_and_hides_the_others(
    height, width, channels, dtype, seed
):
    rng = np.random.default_rng(seed)
    shape = (height, width) if channels is None else (height, width, channels)
    image = (100 * rng.random(shape)).astype(dtype)
    segmenter = partial(_scattered, labels=rng.integers(-3, 4, (height, width)))
    row = row_of(image, segmenter=segmenter)
    masks = rng.random((5, row.n_units)) < 0.5
    composed = row.compose(masks)
    assert composed.dtype == image.dtype
    expected = pixel_by_pixel(image, row.hidden, row.spans, masks)
    np.testing.assert_array_equal(composed, expected)


def _scattered(image, labels):
    return labels


def test_images_beyond_the_cache_are_composed_alike():
    # 1.3 MB is several stripes of words, and 429 * 333 * 3 bytes are no whole number of
    # machine words.
    image = np.random.default_rng(0).integers(0, 256, (429, 333, 3)).astype(np.uint8)
    for pixels in (image, image / 255.0):
        row = row_of(pixels, segmenter=(7, 9), hide="blur")
        masks = np.random.default_rng(1).random((3, 63)) < 0.5
        shown = masks[:, row.spans][..., np.newaxis]
        expected = np.where(shown, pixels, row.hidden)
        np.testing.assert_array_equal(row.compose(masks), expected)


def test_no_mask_gives_no_image():
    assert row_of(picture()).compose(np.empty((0, 49), bool)).shape == (0, 32, 24, 3)


def test_the_row_is_the_image_and_stays_as_it_was():
    image = picture()
    before = image.copy()
    row = row_of(image)
    whole = row.compose(np.ones((1, row.n_units), bool))
    np.testing.assert_array_equal(whole[0], image)
    row.compose(np.zeros((1, row.n_units), bool))
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_the_model_gets_images_of_the_shape_and_dtype_that_were_given(dtype):
    X = np.stack([picture(dtype=dtype, seed=seed) for seed in range(2)])
    for around in SuperpixelSampler().fit(X).sample(X, n_samples=10, random_state=0):
        assert around.inputs.shape == (10, 32, 24, 3)
        assert around.inputs.dtype == dtype


def test_flat_images_are_those_of_their_shape_flattened():
    X = DIGITS.data[:5]
    flat = SuperpixelSampler(flat=(8, 8)).fit(X).sample(X, 50, random_state=0)
    images = DIGITS.images[:5]
    square = SuperpixelSampler().fit(images).sample(images, 50, random_state=0)
    for one, other in zip(flat, square, strict=True):
        assert one.inputs.shape == (50, 64)
        np.testing.assert_array_equal(one.inputs.reshape(-1, 8, 8), other.inputs)
        np.testing.assert_array_equal(one.design, other.design)


def test_flat_colour_images_and_frames_of_pixels():
    X = np.stack([picture((6, 5, 3), seed=seed) for seed in range(3)])
    flat = SuperpixelSampler(flat=(6, 5, 3), segmenter="grid").fit(X.reshape(3, -1))
    whole = SuperpixelSampler(segmenter="grid").fit(X)
    masks = np.random.default_rng(0).random((4, 6)) < 0.5
    for one, other in zip(flat.rows(X.reshape(3, -1)), whole.rows(X), strict=True):
        expected = other.compose(masks).reshape(4, -1)
        np.testing.assert_array_equal(one.compose(masks), expected)
    frame = load_digits(as_frame=True).data.iloc[:3]
    checked = SuperpixelSampler(flat=(8, 8)).fit(frame).check(frame)
    np.testing.assert_array_equal(checked, DIGITS.data[:3])


# ------------------------------------------------------------------------- superpixels


@pytest.mark.parametrize("segmenter", SEGMENTERS)
@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (4,), (5,)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_every_segmenter_numbers_every_kind_of_image_without_gaps(
    segmenter, channels, dtype
):
    image = picture((32, 24, *channels), dtype)
    row = row_of(image, segmenter=segmenter)
    assert row.spans.shape == (32, 24)
    assert 4 <= row.n_units <= 80
    np.testing.assert_array_equal(np.unique(row.spans), np.arange(row.n_units))
    assert list(row.names) == [f"segment_{j}" for j in range(row.n_units)]
    again = row_of(image, segmenter=segmenter)
    np.testing.assert_array_equal(row.spans, again.spans)


def test_large_images_are_told_of_before_memory_is_taken():
    # 12 megapixels, all of them one byte in memory.
    photo = np.broadcast_to(np.uint8(7), (3000, 4000, 3))
    for segmenter in ("slic", "quickshift", "felzenszwalb"):
        tracemalloc.start()
        with pytest.raises(ImageSizeWarning, match=r"3,000 x 4,000 .* segmenter='grid'"):
            superpixels(photo, segmenter)
        assert tracemalloc.get_traced_memory()[1] < 2**20
        tracemalloc.stop()
    # pytest makes errors of warnings: there is none.
    assert superpixels(photo, "grid").max() == 6 * 8 - 1


def test_the_working_memory_says_what_a_segmenter_may_take():
    image = picture((64, 64, 3))
    with config_context(working_memory=0.5), pytest.warns(ImageSizeWarning) as caught:
        row_of(image)
    assert caught[0].filename == __file__
    with config_context(working_memory=1):
        row_of(image)


@pytest.mark.parametrize("segmenter", SEGMENTERS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2, 3), (1, 1, 5), (5, 3, 4)])
def test_images_of_a_few_pixels_have_segments_too(segmenter, shape):
    row = row_of(picture(shape), segmenter=segmenter)
    assert 1 <= row.n_units <= shape[0] * shape[1]


@pytest.mark.parametrize("segmenter", SEGMENTERS)
@pytest.mark.parametrize("hide", ["mean", "blur", "inpaint"])
@pytest.mark.parametrize("value", [0.0, 7.0])
def test_a_constant_image_hides_nothing(segmenter, hide, value):
    image = np.full((16, 16), value)
    row = row_of(image, segmenter=segmenter, hide=hide)
    nothing = row.compose(np.zeros((1, row.n_units), bool))
    # The continuation of a constant is one up to the rounding of a linear system.
    np.testing.assert_allclose(nothing[0], image, rtol=1e-12)


def test_one_segment_is_enumerated():
    X = np.full((1, 8, 8), 3.0)
    sampler = SuperpixelSampler(segmenter=lambda image: np.zeros((8, 8), int), hide=0).fit(
        X
    )
    masks = sampler.masks(sampler.rows(X)[0].n_units, 100, random_state=0)
    assert masks.exhaustive
    np.testing.assert_array_equal(np.sort(masks.design.ravel()), [False, True])


@pytest.mark.parametrize("labels", [(1, 2), (-5, 900), (True, False)])
def test_labels_of_a_callable_may_be_any_integers(labels):
    left, right = labels
    image = np.array([[1.0, 2.0, 3.0, 4.0]])
    row = row_of(image, segmenter=lambda image: np.array([[left, left, right, right]]))
    first, second = (0, 1) if left < right else (1, 0)
    np.testing.assert_array_equal(row.spans, [[first, first, second, second]])
    only_left = row.compose(np.eye(2, dtype=bool)[[first]])
    np.testing.assert_array_equal(only_left[0], [[1.0, 2.0, 3.5, 3.5]])


def test_slic_whose_labels_start_at_one_hides_its_last_segment_too():
    row = row_of(PHOTO, segmenter=partial(slic, n_segments=9, start_label=1))
    for j in range(row.n_units):
        alone = row.compose(~np.eye(row.n_units, dtype=bool)[[j]])[0]
        changed = (alone != PHOTO).any(axis=2)
        assert changed.any()
        assert (row.spans[changed] == j).all()


def test_a_callable_sees_the_image_as_given_and_cannot_change_it():
    seen = []

    def spoil(image):
        seen.append(image.copy())
        image[:] = 0
        return np.arange(image.shape[0] * image.shape[1]).reshape(image.shape[:2]) // 6

    X = DIGITS.data[:1].copy()
    sampler = SuperpixelSampler(segmenter=spoil, flat=(8, 8)).fit(X)
    sampler.rows(X)
    np.testing.assert_array_equal(seen[-1], DIGITS.images[0])
    np.testing.assert_array_equal(X, DIGITS.data[:1])


@pytest.mark.parametrize("scale", [1.0, 255.0, -3.0, 1e6])
def test_segments_do_not_depend_on_the_range_of_float_images(scale):
    image = picture((32, 32), np.float64)
    image = (image - image.min()) / (image.max() - image.min())
    for segmenter in ("slic", "quickshift", "felzenszwalb"):
        unit = row_of(image, segmenter=segmenter)
        shifted = row_of(
            scale * image + (0.0 if scale == 1.0 else 3.0), segmenter=segmenter
        )
        if scale > 0:
            # Rescaling rounds; a pixel on a boundary may change sides.
            assert (unit.spans != shifted.spans).mean() < 0.02
        else:
            assert shifted.n_units > 1


@pytest.mark.parametrize("segmenter", ["slic", "grid"])
def test_the_number_of_segments_can_be_asked_for(segmenter):
    image = picture((64, 64, 3))
    for wanted in (4, 16, 100):
        found = row_of(image, segmenter=segmenter, n_segments=wanted).n_units
        assert 0.6 * wanted <= found <= 1.4 * wanted


def test_a_digit_has_about_sixteen_segments_by_default():
    sampler = SuperpixelSampler(flat=(8, 8)).fit(DIGITS.data)
    counts = [row.n_units for row in sampler.rows(DIGITS.data[:200])]
    assert min(counts) >= 10
    assert max(counts) <= 20


def test_a_grid_cuts_rectangles():
    spans = row_of(picture((6, 9)), segmenter=(2, 3)).spans
    expected = np.repeat(np.repeat([[0, 1, 2], [3, 4, 5]], 3, axis=0), 3, axis=1)
    np.testing.assert_array_equal(spans, expected)
    assert row_of(picture((2, 3)), segmenter=(10, 10)).n_units == 6


# -------------------------------------------------------------------------- what is hidden


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_hidden_images_are_those_of_lime(dtype):
    image = PHOTO.astype(dtype) if dtype == np.uint8 else PHOTO / 255.0
    ours = partial(quickshift, kernel_size=2, max_dist=200, ratio=0.2)
    segments, hidden = hidden_in_lime(image, segmentation_fn=ours)
    row = row_of(image, segmenter=ours)
    np.testing.assert_array_equal(row.spans, segments)
    # Exact in bytes; float means differ by the order of summation.
    np.testing.assert_allclose(row.hidden, hidden, rtol=1e-12)
    assert (row.hidden == hidden).all() or dtype == np.float64
    _, black = hidden_in_lime(image, segmentation_fn=ours, hide_color=0)
    np.testing.assert_array_equal(row_of(image, segmenter=ours, hide=0).hidden, black)


def test_default_quickshift_cuts_as_lime_does():
    segments, _ = hidden_in_lime(PHOTO)
    row = row_of(PHOTO, segmenter="quickshift")
    np.testing.assert_array_equal(row.spans, segments)


@pytest.mark.parametrize("channels", [(), (1,), (3,), (5,)])
def test_the_mean_colour_is_that_of_each_segment(channels):
    image = picture((10, 12, *channels), np.float64)
    row = row_of(image, segmenter=(2, 3))
    for j in range(6):
        inside = row.spans == j
        mean = image[inside].mean(axis=0)
        expected = np.broadcast_to(mean, image[inside].shape)
        np.testing.assert_allclose(row.hidden[inside], expected, rtol=1e-12)


def test_the_mean_of_a_black_and_white_segment_is_its_majority():
    image = np.array([[True, True, False, False, False, True]])
    row = row_of(image, segmenter=(1, 2))
    np.testing.assert_array_equal(row.hidden, [[1, 1, 1, 0, 0, 0]])


@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_continuations_are_harmonic_and_within_the_range_of_their_surroundings(
    channels, dtype
):
    image = picture((20, 21, *channels), dtype)
    row = row_of(image, segmenter=(2, 3), hide="inpaint")
    assert row.hidden.dtype == dtype
    assert row.hidden.max() <= image.max()
    assert row.hidden.min() >= image.min()
    for j in range(row.n_units):
        inside = row.spans == j
        shown = np.where(inside if not channels else inside[..., None], row.hidden, image)
        shown = shown.astype(float)
        padded = np.pad(shown, [(1, 1), (1, 1)] + [(0, 0)] * len(channels))
        counted = np.pad(np.ones(image.shape[:2]), 1)
        around = sum(np.roll(padded, s, a) for s in (1, -1) for a in (0, 1))
        n = sum(np.roll(counted, s, a) for s in (1, -1) for a in (0, 1))[1:-1, 1:-1]
        means = around[1:-1, 1:-1] / (n if not channels else n[..., None])
        # Bytes are rounded by 1/2, and so are the neighbours' means; single precision
        # to 6e-8 of the range.
        tolerance = 1.01 if dtype == np.uint8 else 1e-6
        np.testing.assert_allclose(shown[inside], means[inside], atol=tolerance)


def test_a_blurred_image_keeps_its_mean_and_loses_its_detail():
    image = picture((32, 32, 3), np.float64)
    hidden = row_of(image, hide="blur").hidden
    # The filter reflects at the borders, which moves the mean a little.
    np.testing.assert_allclose(hidden.mean(), image.mean(), rtol=0.05)
    assert hidden.std() < 0.7 * image.std()


@pytest.mark.parametrize(
    ("hide", "expected"),
    [(9, (9, 9, 9)), ((1, 2, 3), (1, 2, 3)), ([200.0] * 3, (200,) * 3)],
)
def test_a_colour_hides(hide, expected):
    row = row_of(picture(), hide=hide)
    np.testing.assert_array_equal(row.hidden, np.broadcast_to(expected, (32, 24, 3)))


def test_a_background_image_hides():
    background = picture(seed=5)
    row = row_of(picture(), hide=background)
    masked = row.compose(np.zeros((1, row.n_units), bool))
    np.testing.assert_array_equal(masked[0], background)
    parameters = SuperpixelSampler(hide=background)
    assert clone(parameters) == parameters
    assert parameters != SuperpixelSampler(hide=background + 1)


# ------------------------------------------------------------------ sizes, laws, layout


def test_images_of_different_sizes_are_sampled_but_not_laid_out():
    X = [picture((16, 12, 3)), picture((10, 20, 3)), picture((16, 12, 3), seed=1)]
    sampler = SuperpixelSampler().fit(X)
    found = sampler.sample(X, n_samples=8, random_state=0)
    assert [around.inputs.shape for around in found] == [
        (8, 16, 12, 3),
        (8, 10, 20, 3),
        (8, 16, 12, 3),
    ]
    rows = sampler.rows(sampler.check(X))
    coefs = [np.ones((1, row.n_units)) for row in rows]
    with pytest.raises(ValueError, match=r"10 x 20 and 16 x 12.*explain"):
        sampler.kind_.lay_out(rows, coefs)
    with pytest.raises(ValueError, match="explain"):
        sampler.get_feature_names_out()
    assert sampler.kind_.lay_out(rows[::2], coefs[::2]).shape == (2, 16 * 12)


def test_pixels_of_another_size_than_in_the_fit_are_not_laid_out():
    sampler = SuperpixelSampler().fit(picture()[np.newaxis])
    rows = sampler.rows(picture((8, 8, 3))[np.newaxis])
    with pytest.raises(ValueError, match=r"8 x 8 and 32 x 24.*explain"):
        sampler.kind_.lay_out(rows, [np.ones((1, rows[0].n_units))])


@pytest.mark.parametrize("channels", [(), (1,), (4,)])
def test_each_pixel_gets_the_coefficient_of_its_segment(channels):
    X = np.stack([picture((6, 7, *channels), seed=seed) for seed in range(2)])
    sampler = SuperpixelSampler(segmenter="grid").fit(X)
    rows = sampler.rows(X)
    rng = np.random.default_rng(0)
    coefs = [rng.normal(size=(3, row.n_units)) for row in rows]
    found = sampler.kind_.lay_out(rows, coefs).reshape(2, 3, 6, 7)
    names = sampler.get_feature_names_out()
    assert len(names) == 42
    for r, c in [(0, 0), (5, 6), (2, 4)]:
        assert names[r * 7 + c] == f"pixel_{r}_{c}"
        for i, row in enumerate(rows):
            np.testing.assert_array_equal(found[i, :, r, c], coefs[i][:, row.spans[r, c]])


def test_foreign_images_share_the_segments_in_which_all_pixels_are_equal():
    image = picture((8, 8), np.float64)
    X = image[np.newaxis]
    sampler = SuperpixelSampler(segmenter=(2, 2)).fit(X)
    [around] = sampler.sample(X, n_samples=20, random_state=0)
    np.testing.assert_array_equal(sampler.interpret(around.inputs, X), around.design)
    touched = image.copy()
    touched[7, 7] += 1.0
    np.testing.assert_array_equal(sampler.interpret(touched[None], X), [[1, 1, 1, 0]])
    with pytest.raises(ValueError, match="equal shape"):
        sampler.interpret([picture((4, 4), np.float64)], X)


def test_equal_images_get_equal_draws_whatever_else_is_there():
    X = np.stack([picture(seed=seed) for seed in range(3)])
    sampler = SuperpixelSampler().fit(X)
    together = sampler.sample(X, 20, random_state=3)
    [alone] = sampler.sample(X[1:2], 20, random_state=3)
    np.testing.assert_array_equal(together[1].inputs, alone.inputs)


def test_segments_of_the_reference_neighbourhood_are_hidden_half_of_the_time():
    X = picture()[np.newaxis]
    [around] = SuperpixelSampler().fit(X).reference(X)
    assert around.inputs.shape == (512, 32, 24, 3)
    # Five standard errors of a mean of 512 * 48 coins.
    assert abs(around.design.mean() - 0.5) < 5 * 0.5 / np.sqrt(around.design.size)


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_missing_pixels_are_named(bad):
    X = np.stack([picture(dtype=np.float64, seed=seed) for seed in range(3)])
    sampler = SuperpixelSampler().fit(X)
    X[1, 5, 6, 2] = bad
    with pytest.raises(ValueError, match=r"image 1 has 1 value.*\(5, 6, 2\)"):
        sampler.check(X)
    with pytest.raises(ValueError, match="image 1"):
        SuperpixelSampler().fit(list(X))
    with pytest.raises(ValueError, match="image 1"):
        SuperpixelSampler(flat=(32, 24, 3)).fit(X.reshape(3, -1))


@pytest.mark.parametrize(
    "labels",
    [
        np.zeros((24, 32), int),
        np.zeros((32, 24, 3), int),
        np.zeros((32, 24)),
        None,
        7,
        np.zeros(32 * 24, int),
    ],
)
def test_a_segmenter_that_returns_something_else_is_named(labels):
    X = picture()[np.newaxis]
    sampler = SuperpixelSampler(segmenter=lambda image: labels).fit(X)
    with pytest.raises(ValueError, match=r"segmenter=.*one integer for each pixel"):
        sampler.rows(X)


@pytest.mark.parametrize(
    ("X", "match"),
    [
        (DIGITS.data[:3], r"image 0 has shape \(64,\).*flat="),
        (picture(), None),
        (np.zeros((2, 3, 4, 5, 6)), r"shape \(3, 4, 5, 6\)"),
        ([], "no image"),
        (np.zeros((0, 8, 8)), "no image"),
        (np.zeros((2, 0, 8)), "image 0"),
        ([picture(), picture((8, 8))], r"image 1 has no axis of channels"),
        ([picture((8, 8, 3)), picture((8, 8, 4))], r"image 1 has 4 channel"),
        (np.array([["a", "b"]]), "image 0"),
    ],
)
def test_what_is_no_set_of_images_is_refused(X, match):
    if match is None:
        # One colour image looks like many gray ones; the fit on several tells.
        sampler = SuperpixelSampler().fit(picture()[np.newaxis])
        with pytest.raises(ValueError, match=r"no axis of channels.*newaxis"):
            sampler.check(X)
    else:
        with pytest.raises(ValueError, match=match):
            SuperpixelSampler().fit(X)


@pytest.mark.parametrize("X", [3, "picture.png", None, object()])
def test_what_is_no_array_is_refused(X):
    with pytest.raises(TypeError, match="array of images"):
        SuperpixelSampler().fit(X)


def test_pixels_that_are_no_real_numbers_are_refused():
    with pytest.raises(TypeError, match="complex128"):
        SuperpixelSampler().fit(np.zeros((1, 4, 4), complex))


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"segmenter": "watershed"}, "segmenter='watershed'.*'slic'"),
        ({"segmenter": (2, 0)}, "segmenter"),
        ({"segmenter": (2, 3, 4)}, "segmenter"),
        ({"segmenter": None}, "segmenter=None"),
        ({"hide": "nothing"}, "hide='nothing'.*'mean'"),
        ({"hide": None}, "hide=None"),
        ({"n_segments": 0}, "n_segments=0"),
        ({"n_segments": 2.5}, "n_segments=2.5"),
        ({"n_segments": 9, "segmenter": "quickshift"}, "n_segments=9 is for"),
        ({"n_segments": 9, "segmenter": (2, 2)}, "n_segments=9 is for"),
        ({"flat": 64}, "flat=64"),
        ({"flat": (8,)}, "flat"),
        ({"flat": (8, 9)}, r"needs shape \(n, 72\)"),
    ],
)
def test_parameters_are_checked_in_fit(parameters, match):
    with pytest.raises(ValueError, match=match):
        SuperpixelSampler(**parameters).fit(np.zeros((2, 8, 8)))


@pytest.mark.parametrize(
    ("hide", "match"),
    [
        (300, "300"),
        (0.5, "0.5"),
        (-1, "-1"),
        ((0.1, 2, 3), "0.1"),
        (np.nan, "NaN"),
        ((1, 2), r"shape \(2,\)"),
        (np.zeros((32, 24)), r"shape \(32, 24\)"),
        (np.zeros((24, 32, 3)), "suits no image"),
    ],
)
def test_colours_that_an_image_cannot_hold_are_refused(hide, match):
    X = picture()[np.newaxis]
    sampler = SuperpixelSampler(hide=hide).fit(X)
    with pytest.raises(ValueError, match=match):
        sampler.rows(X)


def test_units_of_one_value_each_are_composed_alike():
    values = np.arange(5, dtype=np.float32)
    row = CellwiseRow(values, -values, np.arange(5), names=np.arange(5).astype(str))
    masks = np.random.default_rng(0).random((1000, 5)) < 0.5
    expected = np.where(masks, values, -values)
    np.testing.assert_array_equal(row.compose(masks), expected)


def test_memory_grows_with_the_image_by_a_small_factor():
    photo = np.random.default_rng(0).random((1, 800, 1000, 3), dtype=np.float32)
    model = FunctionRegressor(lambda images: np.array([own[:9].mean() for own in images]))
    sampler = SuperpixelSampler(segmenter="grid")
    own = LimeExplainer(model, sampler=sampler, n_samples=64, random_state=0).fit(photo)
    own.transform(photo)
    with config_context(working_memory=16):
        tracemalloc.start()
        own.transform(photo)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # Segments and attributions of pixels, what hides, two images, and words of them.
    assert peak < 16 * 2**20 + 7 * photo.nbytes
