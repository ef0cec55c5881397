"""Pages of anchors, in a browser."""

import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from sklime import AnchorExplainer
from sklime.exceptions import AnchorWarning


@pytest.fixture(scope="module")
def anchors():
    X, y = load_iris(return_X_y=True, as_frame=True)
    kinds = pd.Series(["setosa", "versicolor", "virginica"]).take(y).to_numpy()
    model = LogisticRegression(max_iter=1000).fit(X, kinds)
    explainer = AnchorExplainer(model, n_samples=512, random_state=0).fit(X)
    # Pages of rules that do not suffice say so, in a colour of its own.
    with pytest.warns(AnchorWarning):
        return explainer.explain(X.iloc[::30])


@pytest.mark.parametrize(("scheme", "width"), [("dark", 400), ("light", 1300)])
def test_pages_of_anchors_pass_the_accessibility_rules_of_axe(
    browser, anchors, scheme, width
):
    browser.resize(width, 900)
    browser.prefer(scheme)
    browser.open(anchors.to_html())
    assert browser.texts("h1") == ["Anchors of 5 rows"]
    assert not browser.violations(least_passes=9)
    assert browser.run("return document.documentElement.scrollWidth") <= width
