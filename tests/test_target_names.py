"""What explained outputs are called: by the training targets, or as the user says."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from sklime import LimeExplainer
from sklime.plotting import AttributionDisplay, SummaryDisplay

rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(80, 2)), columns=["area", "rooms"])
PRICE = pd.Series(3.0 * X.area + X.rooms, name="SalePrice")
MODEL = LinearRegression().fit(X, PRICE)


def explainer(y=None, model=MODEL, **params):
    return LimeExplainer(model, n_samples=128, random_state=0, **params).fit(X, y)


@pytest.mark.parametrize(
    "y",
    [PRICE, PRICE.to_frame(), pl.Series("SalePrice", PRICE.to_numpy()),
     pl.DataFrame({"SalePrice": PRICE.to_numpy()})],
    ids=["series", "frame", "polars", "polars frame"],
)  # fmt: skip
def test_predictions_of_a_regressor_are_called_as_its_targets(y):
    found = explainer(y)
    explanation = found.explain(X[:2])
    assert explanation.target_names.tolist() == ["SalePrice"] * 2
    assert set(explanation.to_frame()["target"]) == {"SalePrice"}
    assert "SalePrice" in explanation.to_html()
    for display in (AttributionDisplay, SummaryDisplay):
        picture = display.from_explanation(explanation)
        assert "SalePrice" in picture.ax_.get_title(loc="left")
    for target in ("SalePrice", "y", "predicted"):
        same = found.explain(X[:2], target=target)
        assert same == explanation
    assert found.explain(X[:2], target="all").target_names.tolist() == ["SalePrice"]
    wide = explainer(y, target="all").get_feature_names_out()
    assert wide.tolist() == ["SalePrice__area", "SalePrice__rooms"]
    np.testing.assert_array_equal(explanation.values, explainer().explain(X[:2]).values)


@pytest.mark.parametrize(
    "y", [None, PRICE.to_numpy(), PRICE.rename(None), PRICE.rename(7), PRICE.tolist()]
)
def test_without_a_name_it_is_y(y):
    assert explainer(y).explain(X[:1]).target_names.tolist() == ["y"]


def test_the_name_is_that_of_the_last_fit():
    found = explainer(PRICE)
    assert found.fit(X).explain(X[:1]).target_names.tolist() == ["y"]


def test_an_unfitted_model_names_its_output_too():
    found = explainer(PRICE, LinearRegression())
    assert found.explain(X[:1]).target_names.tolist() == ["SalePrice"]


def test_classes_and_several_outputs_keep_their_own_names():
    died = pd.Series(np.where(X.area > 0, "yes", "no"), name="died")
    model = LogisticRegression().fit(X, died)
    assert explainer(died, model).explain(X[:1]).target_names.tolist() == ["yes"]
    two = pd.DataFrame({"a": PRICE, "b": -PRICE})
    model = LinearRegression().fit(X, two)
    assert explainer(two, model).explain(X[:1]).target_names.tolist() == ["y0", "y1"]


def test_target_name_overrides():
    found = explainer(PRICE).explain(X[:2], target_name="price in dollars")
    assert found.target_names.tolist() == ["price in dollars"] * 2
    np.testing.assert_array_equal(found.values, explainer().explain(X[:2]).values)
    model = LogisticRegression().fit(X, X.area > 0)
    died = explainer(None, model)
    found = died.explain(X[:2], target=False, target_name="survived")
    assert found.target_names.tolist() == ["survived"] * 2
    every = died.explain(X[:2], target="all", target_name=["survived", "died"])
    assert every.target_names.tolist() == ["survived", "died"]
    np.testing.assert_array_equal(every[:, :, "survived"].values, found.values)


def test_names_that_cannot_be_given():
    labels = np.digitize(X.area, [-0.5, 0.5])
    several = explainer(None, LogisticRegression().fit(X, labels))
    with pytest.raises(ValueError, match=r"target_name='x' names one output.*target="):
        several.explain(X[:2], target_name="x")
    with pytest.raises(ValueError, match=r"1 name\(s\) for 3 explained outputs"):
        several.explain(X[:2], target="all", target_name="x")
    for wrong in (3, [1, 2, 3], {"a": 1}):
        with pytest.raises(TypeError, match=r"target_name=.* must be a str"):
            several.explain(X[:2], target="all", target_name=wrong)
