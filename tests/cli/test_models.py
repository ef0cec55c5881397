"""Models of other libraries are explained from their own files."""

import json

import numpy as np
import pandas as pd
import pytest

from sklime import LimeExplainer
from tests.cli.conftest import FEATURES
from tests.cli.running import run


def save_lightgbm(X, y, folder):
    lightgbm = pytest.importorskip("lightgbm")
    data = lightgbm.Dataset(X, y)
    booster = lightgbm.train({"objective": "binary", "verbose": -1}, data, 5)
    booster.save_model(folder / "model.txt")
    return booster, folder / "model.txt"


def save_xgboost(X, y, folder, ending="json"):
    xgboost = pytest.importorskip("xgboost")
    data = xgboost.DMatrix(X, y)
    booster = xgboost.train({"objective": "binary:logistic"}, data, 5)
    booster.save_model(folder / f"model.{ending}")
    return booster, folder / f"model.{ending}"


def save_ubj(X, y, folder):
    return save_xgboost(X, y, folder, "ubj")


def save_catboost(X, y, folder):
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostClassifier(iterations=5, verbose=0, train_dir=str(folder))
    model.fit(X, y)
    model.save_model(str(folder / "model.cbm"))
    return model, folder / "model.cbm"


@pytest.mark.parametrize("save", [save_lightgbm, save_xgboost, save_ubj, save_catboost])
def test_boosters_from_their_own_files(disk, tmp_path, save):
    X = disk.training_rows
    y = (X["bmi"] + X["age"] > 0).astype(int)
    model, path = save(X, y, tmp_path)
    out = tmp_path / "out.parquet"
    own = "--keep", "id,date", "--background", disk.train
    done = run("explain", path, disk.data, "-o", out, *own)
    assert done.exit_code == 0, done.stderr
    explainer = LimeExplainer(model, random_state=0).fit(X)
    expected = explainer.transform(disk.rows[FEATURES])
    np.testing.assert_array_equal(pd.read_parquet(out)[FEATURES], expected)
    told = json.loads(run("inspect", path, "--json").stdout)
    assert told["columns"] == FEATURES


@pytest.mark.parametrize("zipmap", [True, False])
def test_classifiers_in_onnx(disk, tmp_path, zipmap):
    skl2onnx = pytest.importorskip("skl2onnx")
    X = disk.training_rows
    example = X.to_numpy(np.float32)[:1]
    own = {"options": {"zipmap": zipmap}, "target_opset": 17}
    model = skl2onnx.to_onnx(disk.regression, example, **own)
    path, out = tmp_path / "model.onnx", tmp_path / "out.parquet"
    path.write_bytes(model.SerializeToString())
    own = "--keep", "id,date", "--background", disk.train, "--method", "sampling"
    done = run("explain", path, disk.data, "-o", out, *own)
    assert done.exit_code == 0, done.stderr
    explainer = LimeExplainer(disk.regression, method="sampling", random_state=0).fit(X)
    expected = explainer.transform(disk.rows[FEATURES])
    # The model computes in single precision.
    np.testing.assert_allclose(pd.read_parquet(out)[FEATURES], expected, atol=1e-5)
    told = json.loads(run("inspect", path, "--json").stdout)
    assert told["outputs"] == (["sick", "well"] if zipmap else [0, 1])
    assert told["n_columns"] == 4
