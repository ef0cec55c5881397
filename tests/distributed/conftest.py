"""One table and its explanations in memory, which every engine must give again."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklime import LimeExplainer

N = 60
FEATURES = ["size", "count", "shape", "colour", "new"]
KEYS = ["id", "day"]
CUTS = [0, 0, 1, 8, 8, 8, 40, N, N]


@pytest.fixture(scope="session")
def table():
    """Numbers, of which some are missing, texts, categories and booleans, with keys."""
    rng = np.random.default_rng(0)
    size = rng.normal(size=N)
    columns = {
        # More than a float holds.
        "id": 2**60 + np.arange(N),
        "size": np.where(np.arange(N) % 9 == 4, np.nan, size),
        "count": rng.integers(0, 9, N),
        "day": pd.date_range("2026-01-01", periods=N),
        "shape": rng.choice(["round", "flat", "long"], N),
        "colour": pd.Categorical(rng.choice(["red", "green"], N)),
        "new": rng.random(N) < 0.5,
    }
    return pd.DataFrame(columns)


@pytest.fixture(scope="session", params=["exact", "sampling"])
def explainer(request, table):
    """Of three classes, so that rows differ in the class that is explained."""
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["shape", "colour"]),
        (SimpleImputer(), ["size", "count", "new"]),
    )
    forest = RandomForestClassifier(8, max_depth=4, random_state=0)
    model = make_pipeline(encoder, forest)
    own = {"method": request.param, "n_samples": 512, "random_state": 0}
    target = np.digitize(table["count"], [3, 6])
    return LimeExplainer(model, **own).fit(table[FEATURES], target)


def in_parts(table, cuts=CUTS):
    """The table in parts, some of which are empty."""
    return [table.iloc[start:stop] for start, stop in pairwise(cuts)]


def check_result(result, explainer, table, keep=KEYS, quality=False):
    """Compare what an engine gave, as a pandas frame in the table's order."""
    features = table[FEATURES]
    assert list(result) == list(explainer.output_schema(keep, quality))
    assert len(result) == len(table)
    values = result[explainer.get_feature_names_out()].to_numpy(dtype=float)
    assert np.array_equal(values, explainer.transform(features))
    for name in keep:
        assert result[name].tolist() == table[name].tolist()
    if not quality:
        return
    own = explainer.explain(features)
    assert result["explained"].tolist() == [str(name) for name in own.target_names]
    found = result[["prediction", "fidelity", "effective_sample_size"]].to_numpy(
        dtype=float
    )
    sizes = own.effective_sample_sizes
    expected = np.column_stack([own.predictions, own.scores, sizes])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert result["doubts"].tolist() == [""] * len(table)
