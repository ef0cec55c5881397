"""The steps that lead to an anchor, as a picture."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from sklime import AnchorExplainer
from sklime.plotting import AnchorDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklime.exceptions.AnchorWarning")

X, Y = load_iris(return_X_y=True, as_frame=True)
FOREST = RandomForestClassifier(10, random_state=0).fit(X, Y)


@pytest.fixture(scope="module")
def anchors():
    with pytest.warns(UserWarning):
        return AnchorExplainer(FOREST, random_state=0).fit(X).explain(X[::10])


def test_bars_are_precisions_and_points_coverages(anchors):
    for i in range(len(anchors)):
        shown = anchors.plot(i)
        widths = [bar.get_width() for bar in shown.ax_.patches]
        assert widths == anchors.steps[i][:, 0].tolist()
        assert shown.ax_.lines[0].get_xdata().tolist() == anchors.steps[i][:, 1].tolist()
        labels = [label.get_text() for label in shown.ax_.get_yticklabels()]
        assert labels == ["any row", *map(str, anchors.rules[i].conditions)]
        doubt = "does not suffice" in shown.ax_.get_title("left")
        assert doubt == (not anchors.valid[i])
        assert np.array_equal(shown.frame()[["precision", "coverage"]], anchors.steps[i])


def test_draws_where_it_is_told(anchors):
    _, ax = plt.subplots()
    assert AnchorDisplay.from_anchors(anchors, row=-1, ax=ax).ax_ is ax


def test_what_cannot_be_shown_is_named(anchors):
    with pytest.raises(TypeError, match="anchors must be Anchors, got DataFrame"):
        AnchorDisplay(X)
    with pytest.raises(ValueError, match="0 rows"):
        AnchorDisplay(anchors[:0])
    with pytest.raises(IndexError, match="row=99"):
        anchors.plot(99)
    with pytest.raises(ValueError, match="call plot first"):
        AnchorDisplay(anchors).frame()
