"""What is drawn where: the numbers behind the pictures."""

from itertools import combinations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import PathPatch, Rectangle, StepPatch
from scipy.stats import bootstrap
from sklearn.base import clone
from sklearn.datasets import make_regression
from sklearn.ensemble import RandomForestRegressor

from sklime import LimeExplainer
from sklime.plotting import (
    AttributionDisplay,
    DependenceDisplay,
    HeatmapDisplay,
    ImageDisplay,
    ImportanceDisplay,
    KernelWidthDisplay,
    SequenceDisplay,
    SummaryDisplay,
    TextDisplay,
)
from sklime.plotting.beeswarm import beeswarm_offsets
from tests.plotting.explained import draws, picture, sequence, table, text


def labels_of(ax):
    return [own.get_text() for own in ax.get_yticklabels()]


def lengths(bars):
    return [bar.get_width() for bar in bars if isinstance(bar, Rectangle)]


def dots(ax):
    """Positions of all dots of axes, of shape (n, 2)."""
    return np.ma.vstack([own.get_offsets() for own in ax.collections])


def test_bars_are_the_attributions_strongest_first():
    display = AttributionDisplay.from_explanation(table([[0.1, -0.4, 0.0, 0.3]]))
    assert lengths(display.ax_.patches) == [-0.4, 0.3, 0.1]
    assert labels_of(display.ax_) == [f"feature {j} > 0.5" for j in (1, 3, 0)]
    written = [own.get_text() for own in display.ax_.texts]
    assert written == ["-0.4", "+0.3", "+0.1"]
    top, *_, bottom = (bar.get_window_extent().y0 for bar in display.ax_.patches)
    assert top > bottom


def test_signs_are_shown_by_hatch_and_colour_as_well():
    display = AttributionDisplay.from_explanation(table([[-0.4, 0.3, 0.2]]))
    negative, *positive = display.ax_.patches
    assert negative.get_hatch()
    assert not any(bar.get_hatch() for bar in positive)
    assert negative.get_facecolor() != positive[0].get_facecolor()


def test_all_other_features_are_summed_in_the_last_bar():
    values = draws(1, 100)
    display = AttributionDisplay.from_explanation(table(values), max_features=10)
    order = np.argsort(-np.abs(values[0]))
    assert lengths(display.ax_.patches)[:10] == values[0, order[:10]].tolist()
    rest = values[0, order[10:]].sum()
    # The order of a sum of ninety terms.
    assert lengths(display.ax_.patches)[10] == pytest.approx(rest, rel=1e-12)
    assert labels_of(display.ax_)[10] == "90 others, summed"


def test_error_bars_are_the_confidence_intervals():
    errors = np.array([[0.02, 0.05, 0.01]])
    explanation = table([[0.1, -0.4, 0.3]], standard_errors=errors)
    display = AttributionDisplay.from_explanation(explanation, max_features=2, level=0.9)
    [bars] = (own for own in display.ax_.collections if isinstance(own, LineCollection))
    lower, upper = explanation.confidence_intervals(0.9)
    for (start, stop), j in zip(bars.get_segments(), [1, 2], strict=True):
        # Distances from the bar's end are added to it again.
        assert start[0] == pytest.approx(lower[0, j], rel=1e-12)
        assert stop[0] == pytest.approx(upper[0, j], rel=1e-12)


def test_features_with_few_draws_are_marked():
    explanation = table([[0.1, -0.4]], support=[[3.0, 300.0]])
    display = AttributionDisplay.from_explanation(explanation)
    assert labels_of(display.ax_) == ["feature 1 > 0.5", "† feature 0 > 0.5"]
    assert "few draws" in display.ax_.get_xlabel()


def test_title_tells_prediction_and_fit():
    explanation = table(draws(2, 3), target_names=["a", "b"], scores=[0.5, 0.25])
    display = AttributionDisplay.from_explanation(explanation, row=-1)
    assert display.ax_.get_title("left") == (
        "row 1, explained: b\n"
        "prediction 0.9 (surrogate 0.91, weighted R2 0.25)\n"
        "intercept 0.5"
    )


def test_rows_of_every_kind_have_bars():
    explanation = text("not good", [-0.5, 0.2])
    assert labels_of(AttributionDisplay.from_explanation(explanation).ax_) == [
        "not",
        "good",
    ]


def as_is(frame):
    return frame


@pytest.mark.parametrize("kind", [as_is, pd.DataFrame.to_numpy, pl.from_pandas])
def test_dots_stand_at_the_attributions_in_the_colour_of_the_value(kind):
    values = draws(40, 3)
    frame = pd.DataFrame(np.random.default_rng(2).normal(size=(40, 3)), columns=list("abc"))
    explanation = table(values, list("abc"), data=kind(frame))
    display = SummaryDisplay.from_explanation(explanation)
    assert labels_of(display.ax_) == list("abc")
    [drawn] = display.ax_.collections
    for lane, positions in enumerate(np.split(drawn.get_offsets(), 3)):
        np.testing.assert_array_equal(positions[:, 0], values[:, lane])
        assert np.abs(positions[:, 1] - lane).max() <= 0.4
    for lane, colors in enumerate(np.split(drawn.get_array(), 3)):
        by_color = frame.to_numpy()[np.argsort(colors), lane]
        assert (np.diff(by_color) > 0).all()


def test_values_that_are_no_numbers_are_grey():
    data = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": ["x", "y", "z"]})
    explanation = table([[0.3, 0.1]] * 3, ["a", "b"], data=data)
    display = SummaryDisplay.from_explanation(explanation)
    display.figure_.canvas.draw()
    colors = display.ax_.collections[0].get_facecolors()
    grey = [bool(np.ptp(color[:3]) == 0) for color in colors]
    assert grey == [False, True, False, True, True, True]


def test_dots_of_one_place_lie_apart():
    heights = beeswarm_offsets(np.r_[np.full(50, 0.2), np.full(3, 0.8)], scale=1.0)
    assert len(np.unique(heights[:50])) == 50 and len(np.unique(heights[50:])) == 3
    assert np.abs(heights).max() <= 0.4


def test_units_of_one_name_are_summed_over_rows_of_text():
    display = SummaryDisplay.from_explanation(text("so so good", [0.25, 0.5, 0.125]))
    assert labels_of(display.ax_) == ["so", "good"]
    assert dots(display.ax_)[:, 0].tolist() == [0.75, 0.125]


def test_heat_map_holds_the_attributions_in_clustered_order():
    values = draws(30, 4)
    display = HeatmapDisplay.from_explanation(table(values))
    assert sorted(display.rows_) == list(range(30))
    [image] = display.ax_.images
    np.testing.assert_array_equal(image.get_array(), values[display.rows_].T)
    low, high = image.get_clim()
    assert low == -high == -np.abs(values).max()


def test_rows_explained_alike_are_neighbours_in_the_heat_map():
    kinds = np.resize([0, 1, 2], 60)
    centres = 5 * np.eye(3)
    display = HeatmapDisplay.from_explanation(table(centres[kinds] + 0.1 * draws(60, 3)))
    # Three kinds in three stretches: two changes.
    assert np.count_nonzero(np.diff(kinds[display.rows_])) == 2


def test_heat_map_of_many_rows_says_how_many_it_shows():
    display = HeatmapDisplay.from_explanation(table(draws(50, 3)), max_rows=20)
    assert len(set(display.rows_)) == 20
    assert display.ax_.get_xlabel().startswith("20 of 50 rows")
    with pytest.raises(ValueError, match="max_rows=0 must be at least 1"):
        display.plot(max_rows=0)


def test_importance_is_the_mean_absolute_attribution():
    values = draws(50, 6)
    display = ImportanceDisplay.from_explanation(table(values), max_features=4)
    sizes = np.abs(values).mean(axis=0)
    order = np.argsort(-sizes)
    expected = [*sizes[order[:4]], sizes[order[4:]].sum()]
    # The order of a sum of fifty terms.
    np.testing.assert_allclose(lengths(display.ax_.patches), expected, rtol=1e-12)
    assert labels_of(display.ax_)[:4] == [f"feature {j}" for j in order[:4]]
    assert labels_of(display.ax_)[4] == "2 others, summed"


def test_error_bars_of_importance_agree_with_the_bootstrap():
    values = draws(400, 2)
    display = ImportanceDisplay.from_explanation(table(values))
    [bars] = (own for own in display.ax_.collections if isinstance(own, LineCollection))
    for (start, stop), j in zip(bars.get_segments(), [0, 1], strict=True):
        known = bootstrap((np.abs(values[:, j]),), np.mean, rng=0).confidence_interval
        # Ends of a bootstrap of 9,999 draws, of 400 rows, are good to 5 % of its length.
        tolerance = 0.05 * (known.high - known.low)
        assert start[0] == pytest.approx(known.low, abs=tolerance)
        assert stop[0] == pytest.approx(known.high, abs=tolerance)


def test_groups_have_panels_of_their_own_rows():
    values, groups = draws(30, 3), np.resize(["b", "a", "a"], 30)
    display = ImportanceDisplay.from_explanation(table(values), groups=groups)
    assert [own.get_title("left") for own in display.axes_] == ["b", "a"]
    order = np.argsort(-np.abs(values).mean(axis=0))
    for own, group in zip(display.axes_, ["b", "a"], strict=True):
        expected = np.abs(values[groups == group]).mean(axis=0)[order]
        # The order of a sum of twenty terms.
        np.testing.assert_allclose(lengths(own.patches), expected, rtol=1e-12)
    with pytest.raises(
        ValueError, match="groups has 2 labels, expected one for each of 30"
    ):
        display.plot(groups=["a", "b"])


def test_outputs_have_panels_with_the_same_features_on_one_scale():
    values = draws(30, 3, 4)
    display = ImportanceDisplay.from_explanation(table(values, target_names=list("xyz")))
    order = np.argsort(-np.abs(values).mean(axis=(0, 1)))
    for k, own in enumerate(display.axes_):
        expected = np.abs(values[:, k]).mean(axis=0)[order]
        # The order of a sum of thirty terms.
        np.testing.assert_allclose(lengths(own.patches), expected, rtol=1e-12)
    assert len({own.get_xlim() for own in display.axes_}) == 1
    ends = [bars.get_segments() for own in display.axes_ for bars in own.collections[:1]]
    assert np.max(np.array(ends)[..., 0]) <= display.axes_[0].get_xlim()[1]


def test_attributions_stand_over_the_values():
    explanation = table(draws(20, 2))
    display = DependenceDisplay.from_explanation(explanation, feature="feature 1")
    expected = np.column_stack([explanation.data["feature 1"], explanation.values[:, 1]])
    np.testing.assert_array_equal(dots(display.ax_), expected)


def test_missing_values_have_a_lane_of_their_own():
    data = pd.DataFrame({"a": [1.0, np.nan, 3.0, np.nan]})
    explanation = table([[0.1], [0.2], [0.3], [0.4]], ["a"], data=data)
    display = DependenceDisplay.from_explanation(explanation, feature="a")
    assert dots(display.ax_).tolist() == [[1.0, 0.1], [3.0, 0.3]]
    [lane] = (own for own in display.figure_.findobj(Axes) if own is not display.ax_)
    assert dots(lane)[:, 1].tolist() == [0.2, 0.4]


def test_categories_are_strips_by_mean_attribution():
    data = pd.DataFrame({"a": ["low", None, "high", "low", True, "high"]})
    values = np.array([[-3.0], [1.0], [5.0], [-1.0], [2.0], [7.0]])
    explanation = table(values, ["a"], data=data)
    display = DependenceDisplay.from_explanation(explanation, feature="a")
    assert labels_of(display.ax_) == ["low", "missing", "True", "high"]
    for strip, expected in enumerate([[-3, -1], [1], [2], [5, 7]]):
        positions = display.ax_.collections[strip].get_offsets()
        assert sorted(positions[:, 0]) == expected
        assert np.abs(positions[:, 1] - strip).max() <= 0.4


def test_a_feature_that_is_not_there_is_an_error():
    with pytest.raises(KeyError, match="no feature is named 'featur'"):
        DependenceDisplay.from_explanation(table(draws(3, 2)), feature="featur")


def highlights(display):
    """Highlights of the text, without the two of the key."""
    return display.ax_.patches[:-2]


def test_highlights_lie_behind_their_tokens():
    words = "it was not good at all"
    display = TextDisplay.from_explanation(text(words, [0, 0, -0.5, 0.25, 0, 0.1]))
    display.figure_.canvas.draw()
    written = {own.get_text(): own.get_window_extent() for own in display.ax_.texts}
    tokens = ["not", "good", "all"]
    for token, highlight in zip(tokens, highlights(display), strict=True):
        box = highlight.get_window_extent()
        middle = (written[token].x0 + written[token].x1) / 2
        assert box.x0 < written[token].x0 and middle < box.x1
        # Advances are rounded to whole pixels when they are drawn.
        assert box.x1 == pytest.approx(written[token].x1, abs=4)
        assert box.y0 < written[token].y0 and written[token].y1 < box.y1


def test_highlights_tell_strength_and_sign():
    display = TextDisplay.from_explanation(text("a b c", [-0.5, 0.25, 0.0]))
    strong, weak = highlights(display)
    opacities = strong.get_facecolor()[3], weak.get_facecolor()[3]
    assert opacities[0] == pytest.approx(2 * opacities[1])
    assert strong.get_linestyle() == "--" and weak.get_linestyle() == "-"
    assert strong.get_facecolor()[:3] != weak.get_facecolor()[:3]


def test_every_place_of_a_token_is_highlighted():
    spans = [np.array([[0, 2], [8, 10]]), np.array([[3, 7]])]
    display = TextDisplay.from_explanation(text("so good so", [0.5, 0.0], spans))
    assert len(highlights(display)) == 2


def test_the_text_is_written_in_full_and_in_order():
    string = "One, two;three\nfour " + "five " * 100
    display = TextDisplay.from_explanation(text(string, [0.5], np.array([[5, 8]])))
    written = "".join(own.get_text() for own in display.ax_.texts[:-2])
    assert written == "".join(string.split())
    cut = TextDisplay.from_explanation(text(string, [0.5], [[[5, 8]]]), max_lines=2)
    assert "lines more" in cut.ax_.texts[-3].get_text()


@pytest.mark.parametrize("string", ["", "   "])
def test_a_text_without_tokens_is_shown(string):
    explanation = text(string, [], np.empty((0, 2), int))
    assert len(TextDisplay.from_explanation(explanation).ax_.texts) == 2


def areas(display):
    return [own for own in display.ax_.patches if isinstance(own, PathPatch)]


def test_superpixels_are_covered_pixel_by_pixel():
    labels = np.random.default_rng(3).integers(0, 4, size=(9, 7))
    values = [0.2, -0.5, 0.0, 0.1]
    display = ImageDisplay.from_explanation(picture(np.zeros((9, 7, 3)), labels, values))
    y, x = np.indices(labels.shape)
    centres = np.column_stack([x.ravel(), y.ravel()])
    for area, j in zip(areas(display), [1, 0, 3], strict=True):
        inside = area.get_path().contains_points(centres).reshape(labels.shape)
        np.testing.assert_array_equal(inside, labels == j)
        assert area.get_facecolor()[3] == pytest.approx(0.6 * abs(values[j]) / 0.5)
        assert bool(area.get_hatch()) == (values[j] < 0)


def test_outlines_are_as_long_as_the_border():
    labels = np.zeros((6, 5), int)
    labels[2:4, 1:4] = 1
    display = ImageDisplay.from_explanation(picture(np.zeros((6, 5)), labels, [0.0, 1.0]))
    [outline] = display.ax_.collections
    segments = np.array(outline.get_segments())
    assert np.abs(np.diff(segments, axis=1)).sum() == 2 * (2 + 3)
    assert segments[..., 0].min() == 0.5 and segments[..., 0].max() == 3.5
    assert segments[..., 1].min() == 1.5 and segments[..., 1].max() == 3.5


def luminance(colors):
    """Relative luminance of colours, as the accessibility guidelines define it."""
    parts = np.asarray(colors, dtype=float)[..., :3]
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("n_channels", [None, 3])
@pytest.mark.parametrize("lightness", [0.0, 0.1, 0.9, 1.0])
def test_negative_superpixels_stand_out_from_dark_and_light_pixels(lightness, n_channels):
    # The upper half is the other way round, so that the picture is neither dark nor light.
    image = np.repeat([1.0 - lightness, lightness], 3)[:, np.newaxis] + np.zeros((6, 5))
    image[0, 0], image[0, 1] = 0.0, 1.0  # greys are stretched to the whole range
    labels = np.repeat([0, 1], 3)[:, np.newaxis] + np.zeros((6, 5), dtype=int)
    if n_channels:
        image = np.repeat(image[..., np.newaxis], n_channels, axis=2)
    display = ImageDisplay.from_explanation(picture(image, labels, [0.0, -1.0]))
    [area], [outline] = areas(display), display.ax_.collections
    pixels = luminance(np.full(3, lightness))
    for color in (area.get_edgecolor(), outline.get_colors()[0]):
        light, dark = sorted([luminance(color), pixels], reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 3.0


def test_key_of_the_image_shows_both_looks():
    display = ImageDisplay.from_explanation(
        picture(np.eye(2), np.eye(2, dtype=int), [1, -1])
    )
    legend = display.ax_.get_legend()
    assert [own.get_text() for own in legend.get_texts()] == ["raises", "lowers"]
    assert [bool(own.get_hatch()) for own in legend.get_patches()] == [False, True]
    assert [bool(own.get_hatch()) for own in areas(display)] == [False, True]


def test_only_the_strongest_superpixels_are_shown():
    labels = np.arange(16).reshape(4, 4)
    explanation = picture(np.zeros((4, 4)), labels, np.linspace(0.1, 1.6, 16))
    assert len(areas(ImageDisplay.from_explanation(explanation, max_features=3))) == 3


@pytest.mark.parametrize("n_channels", [3, 4])
@pytest.mark.parametrize("scale", [1, 255])
def test_images_of_three_channels_have_their_colours(n_channels, scale):
    image = scale * np.random.default_rng(4).random((4, 5, n_channels))
    image = image.astype(np.uint8) if scale > 1 else image
    explanation = picture(image, np.zeros((4, 5), int), [1.0])
    [shown] = ImageDisplay.from_explanation(explanation).ax_.images
    # Half a step of 255 is rounding.
    found = shown.get_array() / (255 / scale)
    np.testing.assert_allclose(found, image[..., :3], atol=0.5 * scale / 255)


@pytest.mark.parametrize("n_channels", [None, 1, 2, 5])
def test_images_of_other_channels_are_grey(n_channels):
    image = np.random.default_rng(4).random(
        (4, 5) + (n_channels,) * (n_channels is not None)
    )
    explanation = picture(image, np.zeros((4, 5), int), [1.0])
    [shown] = ImageDisplay.from_explanation(explanation).ax_.images
    colors = image.reshape(4, 5, -1)
    # Rounding of a mean.
    np.testing.assert_allclose(shown.get_array(), colors.mean(axis=2), rtol=1e-12)


def test_areas_of_a_sequence_go_up_and_down_with_the_attributions():
    values = [0.5, 0.0, -0.25]
    explanation = sequence(np.arange(6.0), np.arange(6) // 2, values)
    display = SequenceDisplay.from_explanation(explanation)
    up, down = (own.get_data() for own in display.ax_.patches if isinstance(own, StepPatch))
    # The y axis points down.
    np.testing.assert_allclose(up.values, [-0.45, -0.45, 0, 0, 0, 0], rtol=1e-12)
    np.testing.assert_allclose(down.values, [0, 0, 0, 0, 0.225, 0.225], rtol=1e-12)
    assert up.edges.tolist() == down.edges.tolist() == np.arange(-0.5, 6).tolist()
    assert display.ax_.yaxis_inverted()


def test_lanes_of_a_sequence_are_its_strongest_features():
    labels = np.arange(12).reshape(4, 3)
    values = np.zeros((4, 3))
    values[1] = [0.1, -0.9, 0.3]
    explanation = sequence(np.ones((4, 3)), labels, values.ravel())
    display = SequenceDisplay.from_explanation(
        explanation, names=["a", "b", "c"], max_features=2
    )
    assert labels_of(display.ax_) == ["b", "c"]
    with pytest.raises(ValueError, match="names has 1 names, expected one for each of 3"):
        display.plot(names=["a"])


def test_steps_of_no_unit_have_no_attribution():
    explanation = sequence(np.arange(4.0), np.array([0, -1, 1, 1]), [0.5, 0.5])
    display = SequenceDisplay.from_explanation(explanation)
    up = display.ax_.patches[0].get_data().values
    np.testing.assert_allclose(up, [-0.45, 0, -0.45, -0.45], rtol=1e-12)


def test_fidelity_and_stability_over_the_kernel_width():
    X, y = make_regression(60, 4, random_state=0)
    forest = RandomForestRegressor(5, random_state=0).fit(X, y)
    explainer = LimeExplainer(forest, n_samples=64, method="sampling")
    widths, k, seeds = [3.0, 1.0], 2, range(3)
    display = KernelWidthDisplay.from_estimator(
        explainer, X, widths=widths, k=k, n_repeats=3
    )
    for i, width in enumerate(widths):
        own = clone(explainer).set_params(kernel__width=width)
        fitted = [clone(own).set_params(random_state=seed).fit(X) for seed in seeds]
        assert display.fidelity[i].tolist() == [copy.score(X) for copy in fitted]
        tops = [np.argsort(-np.abs(copy.transform(X)), axis=1)[:, :k] for copy in fitted]
        shared = [
            len(set(one[row]) & set(other[row])) / k
            for one, other in combinations(tops, 2)
            for row in range(len(X))
        ]
        # The order of a sum of 180 terms.
        assert display.stability[i] == pytest.approx(np.mean(shared), rel=1e-12)
    assert explainer.kernel is None and not hasattr(explainer, "kernel_")
    fidelity, stability = display.ax_.lines
    assert fidelity.get_xdata().tolist() == [1.0, 3.0]
    assert stability.get_ydata().tolist() == display.stability[::-1].tolist()
    with pytest.raises(ValueError, match="n_repeats=1 must be at least 2, and k=2"):
        KernelWidthDisplay.from_estimator(explainer, X, widths=widths, k=2, n_repeats=1)
