"""Tables and models on disk."""

import datetime
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from tests.cli.slow_model import SlowClassifier

FEATURES = ["age", "bmi", "pressure", "sugar"]
N_ROWS = 3000


def table(n, seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(n, len(FEATURES))).round(3), columns=FEATURES)


@pytest.fixture(scope="package")
def disk(tmp_path_factory):
    """Paths of a training table, a table to explain with keys, and models."""
    folder = tmp_path_factory.mktemp("disk")
    train, rows = table(400, 0), table(N_ROWS, 1)
    days = pd.to_timedelta(np.arange(N_ROWS) % 30, unit="D")
    rows.insert(0, "id", np.arange(N_ROWS) + 10_000)
    rows["date"] = (pd.Timestamp(datetime.date(2026, 1, 1)) + days).astype("datetime64[us]")
    train.to_parquet(folder / "train.parquet")
    rows.to_parquet(folder / "rows.parquet", row_group_size=700)
    sick = np.where(train["bmi"] + train["sugar"] > 0, "sick", "well")
    regression = LogisticRegression().fit(train, sick)
    skops.io.dump(regression, folder / "model.skops")
    joblib.dump(regression, folder / "model.joblib")
    joblib.dump(SlowClassifier(2e-3), folder / "slow.joblib")
    joblib.dump(SlowClassifier(fails_above=3.0), folder / "failing.joblib")
    return SimpleNamespace(
        folder=folder,
        model=folder / "model.skops",
        pickle=folder / "model.joblib",
        slow=folder / "slow.joblib",
        failing=folder / "failing.joblib",
        train=folder / "train.parquet",
        data=folder / "rows.parquet",
        rows=rows,
        training_rows=train,
        regression=regression,
    )
