"""Progress bars: off by default, over rows, in every backend."""

import numpy as np
import pytest
from sklearn.svm import SVR

from sklime import LimeExplainer
from tests.models import fitted


@pytest.fixture(scope="module")
def model_and_table():
    return fitted(SVR(), "diabetes")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_bar_counts_the_rows(model_and_table, capsys, n_jobs):
    model, X = model_and_table
    explainer = LimeExplainer(
        model,
        method="sampling",
        n_samples=512,
        verbose=1,
        n_jobs=n_jobs,
        random_state=0,
    )
    shown = explainer.fit(X).transform(X)
    assert f"{len(X)}/{len(X)}" in capsys.readouterr().err
    silent = explainer.set_params(verbose=0).fit(X).transform(X)
    assert capsys.readouterr().err == ""
    np.testing.assert_array_equal(shown, silent)
