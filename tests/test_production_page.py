"""Scripts of the page on production do what it says of them."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

from sklime import LimeExplainer, persistence

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "production.md"
SCRIPTS = re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
X, Y = load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def forest():
    return RandomForestRegressor(5, max_depth=4, random_state=0).fit(X, Y)


@pytest.fixture
def folder(forest, tmp_path):
    skops.io.dump(forest, tmp_path / "forest.skops")
    X.to_parquet(tmp_path / "train.parquet")
    rows = X.head(40).assign(id=range(40), date="2026-01-01")
    rows.to_parquet(tmp_path / "customers.parquet")
    return tmp_path


def script_of(word):
    [found] = [own for own in SCRIPTS if word in own]
    return found


def run(script, folder, before=""):
    """Run a script where `sklime` is this checkout's, after what `before` does first."""
    commands = folder / "bin"
    commands.mkdir(exist_ok=True)
    command = commands / "sklime"
    command.write_text(f'#!/bin/sh\n{before}\nexec {sys.executable} -m sklime "$@"\n')
    command.chmod(0o755)
    path = os.pathsep.join([str(commands), str(Path(sys.executable).parent)])
    own = {
        "PATH": path + os.pathsep + os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "PAUSE": "0",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    return subprocess.run(
        ["sh", "-c", script],
        cwd=folder,
        env=os.environ | own,
        capture_output=True,
        text=True,
    )


def test_the_nightly_script_explains_the_table(forest, folder):
    done = run(script_of("for attempt"), folder)
    assert done.returncode == 0, done.stderr
    [out] = folder.glob("attributions-*.parquet")
    found = pd.read_parquet(out)
    expected = LimeExplainer(forest, random_state=0).fit(X).transform(X.head(40))
    np.testing.assert_array_equal(found[list(X)], expected)
    assert found["id"].tolist() == list(range(40))


def test_the_nightly_script_is_started_again_where_that_helps(folder):
    stopped = "echo >> attempts; [ $(wc -l < attempts) -gt 1 ] || exit 143"
    done = run(script_of("for attempt"), folder, stopped)
    assert done.returncode == 0, done.stderr
    assert (folder / "attempts").read_text() == "\n\n"
    (folder / "attempts").unlink()
    done = run(script_of("for attempt"), folder, "echo >> attempts; exit 4")
    assert done.returncode == 4
    assert (folder / "attempts").read_text() == "\n"


def test_threads_of_a_service_share_an_explainer():
    tree = DecisionTreeRegressor(max_depth=4, random_state=0).fit(X, Y)
    explainer = LimeExplainer(tree, method="sampling", n_samples=256, random_state=0)
    explainer.fit(X)
    expected = explainer.transform(X[:24])
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda i: explainer.explain(X[i : i + 1]).values, range(24))
        np.testing.assert_array_equal(np.concatenate(list(found)), expected)


@pytest.mark.engines
def test_the_spark_script_explains_partitions(forest, folder):
    explainer = LimeExplainer(forest, random_state=0).fit(X)
    persistence.dump(explainer, folder / "explainer.skops")
    X.head(40).assign(id=range(40)).to_parquet(folder / "customers.parquet")
    done = run(script_of("spark-submit"), folder)
    assert done.returncode == 0, done.stderr
    found = pd.read_parquet(folder / "attributions").sort_values("id")
    np.testing.assert_array_equal(found[list(X)], explainer.transform(X.head(40)))
    assert {"prediction", "fidelity", "doubts"} <= set(found)
