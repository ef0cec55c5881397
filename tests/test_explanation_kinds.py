"""Sorting, grouping and joining explanations; texts, images and sequences."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from lime.lime_image import ImageExplanation

from sklime.explanation import Explanation
from sklime.tables.conditions import TableConditions
from tests.handmade import (
    CODES,
    FRAME,
    LABELS,
    SEGMENTS,
    TEXTS,
    VALUES,
    build,
    build_all,
    build_images,
    build_ragged,
    build_sequences,
    build_texts,
    every_kind,
)

KINDS = every_kind()

# Order


@pytest.mark.parametrize(
    ("by", "ascending", "rows"),
    [
        ([3, 1, 2, 1], False, [0, 2, 1, 3]),
        ([3, 1, 2, 1], True, [1, 3, 2, 0]),
        ([np.nan, 1, np.nan, 2], False, [3, 1, 0, 2]),
        ([np.nan, 1, np.nan, 2], True, [1, 3, 0, 2]),
        (["b", "a", "c", "a"], True, [1, 3, 0, 2]),
        (pd.Series([1, 2, 3, 4], index=[9, 8, 7, 6]), False, [3, 2, 1, 0]),
        ("scores", False, [3, 2, 1, 0]),
    ],
)
def test_rows_are_sorted_by_keys(by, ascending, rows):
    whole = build(VALUES)
    assert whole.sort_rows(by, ascending=ascending) == whole[rows]


def test_rows_are_sorted_by_their_prediction():
    whole = build(VALUES, predictions=[0.5, 0.9, 0.1, 0.9])
    assert whole.sort_rows().predictions.tolist() == [0.9, 0.9, 0.5, 0.1]
    assert whole.sort_rows() == whole[[1, 3, 0, 2]]


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("age", r"by='age' must be one of \['intercepts'"),
        ([1, 2, 3], r"shape \(3,\), expected \(4,\)"),
        (np.zeros((4, 2)), r"shape \(4, 2\), expected \(4,\)"),
    ],
)
def test_keys_that_are_none_raise(by, message):
    with pytest.raises(ValueError, match=message):
        build(VALUES).sort_rows(by)


def test_rows_of_all_targets_are_sorted_by_one_of_them():
    with pytest.raises(ValueError, match=r"shape \(4, 3\).*e\[:, :, target\]"):
        build_all().sort_rows()
    whole = build_all()
    assert whole.sort_rows(-whole.predictions[:, 0]) == whole


@pytest.mark.parametrize(
    ("built", "by", "ascending", "names"),
    [
        # Means 0.15, 0.275, 0.225, maxima 0.3, 0.5, 0.7.
        (build(VALUES), "mean", False, ["color", "height", "age"]),
        (build(VALUES), "mean", True, ["age", "height", "color"]),
        (build(VALUES), "max", False, ["height", "color", "age"]),
        (build_all(), "mean", False, ["color", "height", "age"]),
        (build(np.zeros((4, 3))), "mean", False, ["age", "color", "height"]),
        (build(VALUES)[[]], "max", False, ["age", "color", "height"]),
        (build(VALUES)["age"], "mean", False, ["age"]),
    ],
)
def test_features_are_sorted_by_their_strength(built, by, ascending, names):
    assert built.sort_features(by, ascending=ascending) == built[names]


def test_features_that_share_a_name_are_sorted_one_by_one():
    ordered = build(VALUES, feature_names=["age", "color", "age"]).sort_features()
    assert ordered.feature_names.tolist() == ["color", "age", "age"]
    assert ordered.values[3].tolist() == [0.5, 0.7, -0.3]


def test_units_of_texts_are_sorted_with_their_places():
    # Sums over three rows: bad 2, film 1, good 0.75, plot 0.875, the smiley 1.
    ordered = build_texts().sort_features()
    assert ordered.feature_names.tolist() == ["bad", "film", "plot", "good"]
    assert list(map(list, ordered.unit_names)) == [
        ["film", "plot", "good", "good"],
        [],
        ["bad", "\U0001f600", "plot"],
    ]
    np.testing.assert_array_equal(ordered.values[0], [-1.0, 0.125, 0.5, 0.25])
    starts = [TEXTS[0][start:stop] for start, stop in ordered.unit_spans[0]]
    assert starts == ["film", "plot", "good", "good"]


def test_a_statistic_that_is_none_raises():
    with pytest.raises(ValueError, match=r"by='median' must be one of \['mean', 'max'\]"):
        build(VALUES).sort_features("median")


# Groups


@pytest.mark.parametrize(
    "labels",
    [
        ["b", "a", "b", "c"],
        pd.Series(["b", "a", "b", "c"], index=[7, 7, 8, 9]),
        pd.Categorical(["b", "a", "b", "c"]),
        pl.Series(["b", "a", "b", "c"]),
        np.array(["b", "a", "b", "c"], dtype=object),
    ],
    ids=lambda labels: type(labels).__module__,
)
def test_groups_are_pairs_of_label_and_rows(labels):
    whole = build(VALUES)
    groups = whole.groupby(labels)
    expected = {"a": [1], "b": [0, 2], "c": [3]}
    assert [label for label, _ in groups] == list(expected)
    assert all(part == whole[expected[label]] for label, part in groups)
    assert dict(groups) == {label: whole[rows] for label, rows in expected.items()}
    assert len(groups) == 3
    assert groups["b"] == whole[[0, 2]]
    assert repr(groups) == "Groups('a': 1 rows, 'b': 2 rows, 'c': 1 rows)"


def test_groups_join_to_the_whole():
    for whole in KINDS.values():
        if len(whole):
            labels = np.arange(len(whole)) % 2
            parts = [part for _, part in whole.groupby(labels)]
            assert Explanation.concat(parts) == whole[np.argsort(labels, kind="stable")]


def test_labels_that_are_not_there_raise():
    groups = build(VALUES).groupby([1, 2, 1, 2])
    assert 1 in groups
    assert 3 not in groups
    with pytest.raises(KeyError, match=r"labelled 3: choose from \[1, 2\]"):
        groups[3]
    with pytest.raises(ValueError, match="3 entries, expected 4"):
        build(VALUES).groupby([1, 2, 3])
    with pytest.raises(ValueError, match="missing for 1 rows"):
        build(VALUES).groupby(["a", None, "b", "a"])


# Joining


@pytest.mark.parametrize("kind", KINDS)
def test_rows_one_by_one_join_to_the_whole(kind):
    whole = KINDS[kind]
    if len(whole):
        assert Explanation.concat(whole) == whole
    assert Explanation.concat([whole]) == whole
    assert Explanation.concat([whole[[]], whole]) == whole


def test_conditions_of_other_fits_are_joined():
    other = [[f"{own}!" for own in labels] for labels in LABELS]
    parts = build(VALUES), build(VALUES, conditions=TableConditions(CODES, other))
    joined = Explanation.concat(parts)
    assert joined.as_list(0) == parts[0].as_list(0)
    assert joined.as_list(4) == parts[1].as_list(0)
    assert joined.as_list(4)[0] == ("color = red!", -0.4)


def test_joined_meta_is_what_all_agree_on():
    one = build(VALUES, meta={"method": "exact", "seed": 1, "kernel": {"width": 1.0}})
    two = build(VALUES, meta={"method": "exact", "seed": 2, "kernel": {"width": 1.0}})
    assert Explanation.concat([one, two]).meta == {
        "method": "exact",
        "kernel": {"width": 1.0},
    }


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (build(VALUES, feature_names=["a", "b", "c"]), "feature_names"),
        (build(VALUES, data=pd.DataFrame(FRAME)), "the kind of data"),
        (build(VALUES, standard_errors=None), "having standard_errors"),
        (build(VALUES, meta={"kind": "sequence"}), "kind"),
        (build(VALUES, meta={"degrees_of_freedom": 7}), "degrees_of_freedom"),
        (build_all(), "explaining one target or all"),
    ],
)
def test_explanations_that_do_not_agree_are_not_joined(other, what):
    with pytest.raises(ValueError, match=rf"parts\[1\].*differ in {what}"):
        Explanation.concat([build(VALUES), other])


def test_other_outputs_are_not_joined():
    with pytest.raises(ValueError, match=r"parts\[2\].*target_names"):
        Explanation.concat([build_all(), build_all(), build_all(target_names=[1, 2, 3])])
    with pytest.raises(ValueError, match="parts is empty"):
        Explanation.concat([])


# Texts, images, sequences


def test_texts_are_cut_by_token_and_stay_whole():
    part = build_texts()[["good", "\U0001f600"]]
    np.testing.assert_array_equal(part.values, [[0.5, 0.25], [np.nan] * 2, [1.0, np.nan]])
    assert part.data.tolist() == TEXTS
    assert part.feature_names.tolist() == ["good"]
    assert part.unit_spans[0].tolist() == [[0, 4], [11, 15]]
    assert part.as_list(2) == [("\U0001f600", 1.0)]
    with pytest.raises(KeyError, match=r"'goof'.* 5 features.*'good'"):
        build_texts()["goof"]


def test_bags_of_tokens_are_cut_with_their_places():
    part = build_texts(spans="bags")[0, "plot"]
    assert [own.tolist() for own in part.unit_spans[0]] == [[[16, 20]]]


@pytest.mark.parametrize("data", [TEXTS, pd.Series(TEXTS), pl.Series(TEXTS)])
def test_rows_of_texts_keep_their_container(data):
    part = build_texts(data=data)[[2, 0]]
    assert type(part.data) is type(data)
    assert list(part.data) == [TEXTS[2], TEXTS[0]]
    assert part.shape == (2, 4)


def test_segments_that_are_cut_are_numbered_anew():
    part = build_images()[["segment 2", "segment 0"]]
    assert list(map(list, part.unit_names)) == [["segment 0", "segment 2"], ["segment 0"]]
    np.testing.assert_array_equal(part.values, [[0.5, 0.25], [-0.75, np.nan]])
    assert part.unit_spans[0].tolist() == [[0, 0, -1], [1, 1, -1]]
    assert part.unit_spans[1].tolist() == [[-1, 0]] * 3
    again = part["segment 2"]
    assert again.unit_spans[0].tolist() == [[-1, -1, -1], [0, 0, -1]]
    assert all(own is image for own, image in zip(again.data, part.data, strict=True))


def test_sorted_segments_are_numbered_anew():
    whole = build_images()
    ordered = whole.sort_features()
    for i in range(2):
        for unit, name in enumerate(ordered.unit_names[i]):
            before = whole.unit_spans[i] == int(name.removeprefix("segment "))
            np.testing.assert_array_equal(ordered.unit_spans[i] == unit, before)
    # Means over two images: segment 0 0.625, segment 1 1.5, segment 2 0.125.
    assert ordered.values[0].tolist() == [-1.0, 0.5, 0.25]


def test_maps_without_signs_are_cut_too():
    unsigned = [own.astype(np.uint8) for own in SEGMENTS]
    part = build_images(unit_spans=unsigned)["segment 1"]
    assert part.unit_spans[0].tolist() == [[-1, -1, 0], [-1, -1, 0]]


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        (
            [SEGMENTS[0] + 1, SEGMENTS[1]],
            r"unit_spans\[0\] has labels from 1 to 3.* 3 units",
        ),
        ([SEGMENTS[0] - 2, SEGMENTS[1]], r"unit_spans\[0\] has labels from -2 to 0"),
        ([SEGMENTS[0] * 0.5, SEGMENTS[1]], r"unit_spans\[0\] .* ints, got dtype float64"),
        ([SEGMENTS[0], SEGMENTS[1].T[:1]], r"unit_spans\[1\] has shape \(1,\)"),
    ],
)
def test_maps_that_do_not_fit_raise(spans, message):
    with pytest.raises(ValueError, match=message):
        build_images(unit_spans=spans)


def test_steps_of_sequences_are_cut():
    part = build_sequences()["t-1"]
    assert part.values.tolist() == [[-1.0], [0.25]]
    assert part.unit_spans[0].tolist() == [[-1, -1], [0, 0], [-1, -1]]
    assert part.data.shape == (2, 3, 2)
    assert build_sequences().to_frame()["feature"].tolist() == ["t-2", "t-1", "t-0"] * 2


def test_one_channel_may_have_an_axis_or_none():
    data = np.arange(6.0).reshape(2, 3)
    for steps in (np.arange(3), np.arange(3)[:, None]):
        whole = build_sequences(data=data, unit_spans=[steps, steps])
        assert whole["t-0"].unit_spans[0].ravel().tolist() == [-1, -1, 0]
        assert whole["t-0"].data.shape == (2, 3)


def test_as_many_texts_as_explanations():
    with pytest.raises(ValueError, match=r"data has shape \(2,\), expected \(3,\)"):
        build_texts(data=TEXTS[:2])
    with pytest.raises(ValueError, match=r"data has shape \(3,\), expected \(3, 4\)"):
        build_texts(meta={"kind": "table"})


# Masks


def images_and_lime(seed, n_segments=12):
    """One image with its explanation here and in lime, of equal weights."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_segments, size=(10, 14))
    labels.flat[:n_segments] = np.arange(n_segments)
    image = rng.uniform(size=(10, 14, 3))
    weights = rng.normal(size=n_segments)
    names = [[f"segment {j}" for j in range(n_segments)]]
    ours = build(
        weights[None],
        data=[image],
        feature_names=[],
        unit_names=names,
        conditions=names,
        unit_spans=[labels],
        meta={"kind": "image"},
    )
    theirs = ImageExplanation(image, labels)
    order = np.argsort(-np.abs(weights))
    theirs.local_exp = {0: [(int(j), float(weights[j])) for j in order]}
    return ours, theirs


@pytest.mark.parametrize("hide_rest", [False, True])
@pytest.mark.parametrize("min_weight", [0.0, 0.4])
@pytest.mark.parametrize("n_features", [1, 4, 100])
@pytest.mark.parametrize("only", [None, "positive_only", "negative_only"])
def test_masks_are_those_of_lime(only, n_features, min_weight, hide_rest):
    for seed in range(3):
        ours, theirs = images_and_lime(seed)
        signs = {"positive_only": only == "positive_only"}
        signs["negative_only"] = only == "negative_only"
        options = {"min_weight": min_weight, "hide_rest": hide_rest, **signs}
        image, mask = ours.mask(0, n_features=n_features, **options)
        expected = theirs.get_image_and_mask(0, num_features=n_features, **options)
        np.testing.assert_array_equal(image, expected[0])
        np.testing.assert_array_equal(mask, expected[1])


def test_masks_keep_the_images_kind_and_leave_it_alone():
    whole = build_images()
    before = whole.data[1].copy()
    image, mask = whole.mask(-1, n_features=1, hide_rest=True)
    assert image.dtype == np.uint8
    assert mask.tolist() == [[1, 0]] * 3
    assert (image[:, 0, 1] == before.max()).all()
    assert (image[:, 1] == 0).all()
    np.testing.assert_array_equal(whole.data[1], before)


def test_masks_of_one_target_among_all():
    whole = build_images((1, -1), alike=True)
    one, other = (whole.mask(0, target=name)[1] for name in ("no", "perhaps"))
    np.testing.assert_array_equal(one, -other)
    assert one.tolist() == [[1, 1, -1], [1, 1, -1]]
    with pytest.raises(ValueError, match="target=None"):
        whole.mask(0)


def test_grey_images_are_marked_by_the_mask_alone():
    whole = build_images(data=[SEGMENTS[0] / 2, SEGMENTS[1] / 2])
    image, mask = whole.mask(0, n_features=None)
    np.testing.assert_array_equal(image, SEGMENTS[0] / 2)
    assert mask.tolist() == [[1, 1, -1], [1, 1, -1]]


def test_segments_without_effect_or_cut_away_are_not_marked():
    whole = build_images()
    whole.values[0] = 0
    assert not whole.mask(0)[1].any()
    assert whole[1, "segment 1"].mask(0, n_features=5)[1].tolist() == [[1, 0]] * 3
    assert not whole.mask(1, n_features=0)[1].any()


def test_masks_that_cannot_be_raise():
    with pytest.raises(ValueError, match="positive_only=True and negative_only=True"):
        build_images().mask(0, positive_only=True, negative_only=True)
    with pytest.raises(ValueError, match="n_features=-1"):
        build_images().mask(0, n_features=-1)
    with pytest.raises(IndexError, match=r"row=2 .* 2 rows"):
        build_images().mask(2)
    for other in (
        build(VALUES),
        build_texts(),
        build_ragged(),
        build_sequences(data=np.zeros((2, 3)), unit_spans=[np.arange(3)] * 2),
    ):
        with pytest.raises(TypeError, match="no map of labels"):
            other.mask(0)


def test_sparse_rows_join():
    joined = Explanation.concat([build_ragged(), build_ragged()[[2]]])
    assert type(joined.data) is sp.csr_array
    assert joined.data.toarray()[3].tolist() == [3, 4, 0, 5]
