"""Spark frames, in a local session."""

import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sklime import FunctionRegressor, LimeExplainer, distributed
from tests.distributed.conftest import FEATURES, KEYS, N, check_result

pytestmark = [
    pytest.mark.engines,
    # PySpark warns of the newest pandas.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def spark():
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Workers import what this process does.
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        builder = SparkSession.builder.master("local[2]")
        settings = {
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "4",
            "spark.sql.session.timeZone": "Europe/Berlin",
            "spark.sql.execution.arrow.maxRecordsPerBatch": "7",
        }
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()


def frame_of(spark, table, n=5):
    # Spark has no categories.
    plain = table.assign(
        **{name: table[name].astype(str) for name in table.select_dtypes("category")}
    )
    whole = pa.Table.from_pandas(plain, preserve_index=False)
    return spark.createDataFrame(whole).repartitionByRange(n, "id")


def collected(explained):
    return explained.toArrow().to_pandas().sort_values("id", ignore_index=True)


@pytest.mark.parametrize("quality", [False, True])
def test_frames(spark, table, explainer, quality):
    own = {"keep": KEYS, "quality": quality}
    given = frame_of(spark, table)
    explained = distributed.transform(explainer, given, **own)
    assert type(explained) is type(given)
    result = collected(explained)
    # Dates of Spark are in its time zone.
    result["day"] = result["day"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    check_result(result, explainer, table, **own)
    # Partitions without rows.
    some = distributed.transform(explainer, given.where("count < 3"), **own)
    result = collected(some)
    result["day"] = result["day"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    check_result(result, explainer, table[table["count"] < 3], **own)
    nothing = distributed.transform(explainer, given.where("count > 99"), **own)
    assert nothing.count() == 0


def test_dates_among_the_features(spark):
    X = pd.DataFrame(
        {
            "start": pd.date_range("2026-03-20", periods=N, freq="7h"),
            "size": np.random.default_rng(0).normal(size=N),
        }
    )

    def hours(X):
        return X["start"].dt.hour.to_numpy() * X["size"].to_numpy()

    explainer = LimeExplainer(FunctionRegressor(hours), n_samples=512, random_state=0)
    explainer.fit(X)
    given = frame_of(spark, X.assign(id=np.arange(N)))
    result = collected(distributed.transform(explainer, given, keep=["id"]))
    assert np.array_equal(result[["start", "size"]].to_numpy(), explainer.transform(X))


def test_other_columns(spark, table, explainer):
    given = frame_of(spark, table)
    with pytest.raises(ValueError, match=r"columns|feature names|features"):
        distributed.transform(explainer, given.drop("size"), keep=KEYS)
    with pytest.raises(TypeError, match=r"Spark DataFrame.*sklime\.distributed\.transform"):
        explainer.transform(given)
    with pytest.raises(TypeError, match="X is a Spark DataFrame"):
        explainer.fit(given.select(FEATURES))
