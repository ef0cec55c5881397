"""Pictures of interactions: the heat map of pairs, and the rows of one pair."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from sklime import LimeExplainer
from sklime.plotting import InteractionDisplay
from tests.plotting.explained import draws, table

NAMES = [f"feature {j}" for j in range(4)]
PAIRS = [(NAMES[0], NAMES[1]), (NAMES[3], NAMES[1]), (NAMES[0], NAMES[2])]


def paired(interactions, pairs=PAIRS, **fields):
    interactions = np.asarray(interactions, dtype=float)
    values = draws(*interactions.shape[:-1], 4)
    return table(values, interactions=interactions, interaction_pairs=pairs, **fields)


def test_cells_are_mean_sizes_of_the_pairs():
    own = paired([[1.0, -2.0, 0.0], [-3.0, 2.0, 0.0]])
    display = InteractionDisplay.from_explanation(own)
    frame = display.frame()
    assert frame["feature_1"].tolist() == [NAMES[0], NAMES[3], NAMES[0]]
    assert frame["feature_2"].tolist() == [NAMES[1], NAMES[1], NAMES[2]]
    assert frame["interaction"].tolist() == [2.0, 2.0, 0.0]
    [image] = display.ax_.images
    cells = image.get_array().filled(np.nan)
    rows = [label.get_text() for label in display.ax_.get_yticklabels()]
    columns = [label.get_text() for label in display.ax_.get_xticklabels()]
    found = {
        frozenset((rows[i], columns[j])): cells[i, j]
        for i, j in zip(*np.nonzero(np.isfinite(cells)), strict=True)
    }
    assert found == {
        frozenset(PAIRS[0]): 2.0,
        frozenset(PAIRS[1]): 2.0,
        frozenset(PAIRS[2]): 0.0,
    }


def test_unknown_interactions_are_left_out_of_means():
    own = paired([[1.0, np.nan, np.nan], [-3.0, 4.0, np.nan]])
    sizes = InteractionDisplay.from_explanation(own).frame()["interaction"]
    assert sizes[:2].tolist() == [4.0, 2.0] and np.isnan(sizes[2])


def test_few_features_have_the_strongest_pairs():
    own = paired([[0.1, 5.0, 0.2]])
    display = InteractionDisplay.from_explanation(own, max_features=2)
    assert display.frame()["feature_1"].tolist() == [NAMES[3]]
    assert "2 others left out" in display.ax_.get_title(loc="left")


def test_columns_of_narrow_pictures_have_their_whole_names():
    X, y = load_iris(return_X_y=True, as_frame=True)
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    explainer = LimeExplainer(forest, random_state=0).fit(X)
    _, ax = plt.subplots(figsize=(4, 4), dpi=100, layout="constrained")
    InteractionDisplay.from_explanation(explainer.explain(X[:5], interactions=True), ax=ax)
    labels = [label.get_text() for label in ax.get_xticklabels()]
    named = {" ".join(label.split()) for label in labels}
    assert len(named) == 3 and named < set(X.columns)


def test_each_row_of_a_pair_is_a_dot():
    own = paired(draws(12, 3))
    for pair in (PAIRS[1], PAIRS[1][::-1], list(PAIRS[1])):
        display = InteractionDisplay.from_explanation(own, pair=pair)
        frame = display.frame()
        assert frame["interaction"].tolist() == own.interactions[:, 1].tolist()
        assert frame["value_1"].tolist() == own.data[pair[0]].tolist()
        assert frame["value_2"].tolist() == own.data[pair[1]].tolist()
        [dots] = display.ax_.collections
        order = np.argsort(np.abs(own.interactions[:, 1]), kind="stable")
        np.testing.assert_array_equal(
            dots.get_offsets(), own.data[list(pair)].to_numpy()[order]
        )
        np.testing.assert_array_equal(dots.get_array(), own.interactions[order, 1])


def test_categories_dates_and_missing_values_of_a_pair_have_places():
    data = pd.DataFrame(
        {
            NAMES[0]: ["a", "b", None, "a"],
            NAMES[1]: [1.0, np.nan, 3.0, 2.0],
            NAMES[2]: pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01", None]),
            NAMES[3]: [True, False, True, True],
        }
    )
    own = paired(draws(4, 3), data=data)
    for pair in PAIRS:
        for one in (pair, pair[::-1]):
            display = InteractionDisplay.from_explanation(own, pair=one)
            [dots] = display.ax_.collections
            assert np.isfinite(dots.get_offsets()).all()
    display = InteractionDisplay.from_explanation(own, pair=PAIRS[0])
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["a", "b", "missing"]
    assert [t.get_text() for t in display.ax_.texts] == ["missing"]


def test_of_several_outputs_one_is_shown():
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = RandomForestClassifier(10, random_state=0).fit(X, y)
    explainer = LimeExplainer(model, random_state=0, target="all").fit(X)
    own = explainer.explain(X[::10], interactions=True)
    with pytest.raises(ValueError, match=r"target=None, but .* several outputs"):
        InteractionDisplay.from_explanation(own)
    display = InteractionDisplay.from_explanation(own, target=2)
    there = own[:, :, 2].contributions()
    sizes = np.sort(np.abs(there.interactions).mean(axis=0))[::-1]
    np.testing.assert_allclose(display.frame()["interaction"], sizes)
    effects = InteractionDisplay.from_explanation(own, target=2, attribution="effect")
    sizes = np.sort(np.abs(own[:, :, 2].interactions).mean(axis=0))[::-1]
    np.testing.assert_allclose(effects.frame()["interaction"], sizes)
    asked = InteractionDisplay.from_estimator(explainer, X[::10], target=2)
    assert asked.frame().equals(display.frame())
    pair = ("petal width (cm)", "sepal width (cm)")
    one = InteractionDisplay.from_estimator(explainer, X[::10], target=2, pair=pair)
    assert len(one.frame()) == 15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pair": ("feature 1", "feature 2")}, r"pair=\('feature 1', .* none of the 3"),
        ({"pair": "feature 1"}, r"pair='feature 1' is none of the 3 pairs"),
        ({"max_features": 1}, "max_features=1 must be at least 2"),
        ({"attribution": "gain"}, "attribution='gain' must be one of"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        InteractionDisplay.from_explanation(paired(draws(3, 3)), **options)


def test_explanations_without_interactions_say_how_to_ask():
    with pytest.raises(ValueError, match=r"explain\(X, interactions=True\)"):
        InteractionDisplay(table(draws(3, 4)))
    with pytest.raises(ValueError, match=r"explain\(X, interactions=True\)"):
        InteractionDisplay(paired(np.empty((3, 0)), pairs=[]))
