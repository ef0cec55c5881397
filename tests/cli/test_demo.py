"""The demo prints what its CSV file says, and refuses a bad output path at once."""

import json
import re
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from sklime import LimeExplainer
from sklime.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What the demo printed, and the table it wrote to its default place."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as printed:
        patch.chdir(folder)
        main(["demo"])
    page = (folder / "report.html").read_text(encoding="utf-8")
    table = pd.read_csv(folder / "attributions.csv", index_col="row")
    return printed.getvalue(), table, page


@pytest.fixture(scope="module")
def split():
    table = load_breast_cancer(as_frame=True)
    labels = table.target_names[table.target]
    return train_test_split(table.data, labels, random_state=0)


@pytest.fixture(scope="module")
def forest(split):
    X_train, _, y_train, _ = split
    return RandomForestClassifier(random_state=0).fit(X_train, y_train)


def printed_values(text):
    """The (name, value) pairs of a printed block."""
    lines = re.findall(r"^ +([+-]?\d\.\d+)  (.+)$", text, re.MULTILINE)
    return [(name, float(value)) for value, name in lines]


def test_file_has_one_line_per_test_row_and_one_column_per_feature(demo, split):
    _, attributions, _ = demo
    _, X_test, _, _ = split
    assert attributions.columns[2:].equals(X_test.columns)
    assert attributions.index.equals(X_test.index)
    assert np.isfinite(attributions[X_test.columns]).all(axis=None)


def test_file_tells_the_row_its_class_and_its_prediction(demo, forest, split):
    _, attributions, page = demo
    X_test = split[1]
    assert attributions.columns[:2].tolist() == ["class", "prediction"]
    assert attributions["class"].tolist() == forest.predict(X_test).tolist()
    np.testing.assert_allclose(
        attributions["prediction"], forest.predict_proba(X_test)[:, 1]
    )
    # The page calls rows by the same labels.
    explained = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page)
    names = [row["name"] for row in json.loads(explained[1])["rows"]]
    assert names == [str(label) for label in X_test.index]


def test_three_rows_are_printed_with_their_strongest_features(demo, forest, split):
    printed, attributions, _ = demo
    probabilities = forest.predict_proba(split[1])[:, 1]
    probabilities = pd.Series(probabilities, index=split[1].index)
    features = attributions[split[1].columns]
    assert forest.classes_[1] == "malignant"
    assert "probability of 'malignant'" in printed

    rows = re.findall(
        r"row (\d+): predicted probability ([\d.]+)\n(.*?)\n\n", printed, re.DOTALL
    )
    assert len(rows) == 3
    for row, probability, block in rows:
        assert probability == f"{probabilities[int(row)]:.2f}"
        strongest = features.loc[int(row)].sort_values(key=np.abs, ascending=False)
        for (condition, value), feature in zip(
            printed_values(block), strongest.index, strict=False
        ):
            assert feature in condition
            assert value == pytest.approx(strongest[feature], abs=5.1e-5)  # four digits


def test_ranking_is_by_mean_absolute_attribution(demo):
    printed, attributions, _ = demo
    ranking = printed_values(printed.partition("mean |attribution|")[2])
    expected = attributions.iloc[:, 2:].abs().mean().nlargest(len(ranking))
    assert [name for name, _ in ranking] == list(expected.index)
    assert [value for _, value in ranking] == pytest.approx(list(expected), abs=5.1e-5)


def test_fidelity_speed_and_place_are_told(demo, forest, split):
    printed, _, _ = demo
    X_train, X_test, _, _ = split
    fidelity = LimeExplainer(forest, random_state=0).fit(X_train).score(X_test)
    assert f"Mean local fidelity {fidelity:.3f}:" in printed
    narrow = LimeExplainer(forest, random_state=0).set_params(kernel__width=0.6)
    helped = narrow.fit(X_train).score(X_test)
    assert helped > fidelity
    assert f"{helped:.3f} with kernel__width=0.6" in printed
    assert re.search(r"^[\d,]+ rows explained per second", printed, re.MULTILINE)
    assert re.search(r"test rows are in attributions\.csv$", printed, re.MULTILINE)
    assert re.search(r"to look at, are in /.*/report\.html\n$", printed)


def test_the_page_has_every_test_row(demo, split):
    _, _, page = demo
    explained = re.search(
        r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL
    )
    assert "worst concave points" in explained[1]
    assert f"{len(split[1])} rows" in page


def test_options_name_the_files(tmp_path):
    table, page = tmp_path / "of_the_demo.csv", tmp_path / "of_the_demo.html"
    main(["demo", "--output", str(table), "--report", str(page)])
    assert {path.name for path in tmp_path.iterdir()} == {table.name, page.name}


@pytest.mark.parametrize(
    ("output", "message"),
    [("no_such_folder/a.csv", "create 'no_such_folder' first"), ("tests", "name a file")],
)
def test_bad_output_is_an_error_that_names_the_cure(output, message):
    process = subprocess.run(
        [sys.executable, "-m", "sklime", "demo", "--output", output],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 2
    assert output in process.stderr
    assert message in process.stderr
    assert process.stdout == ""


def test_no_command_is_an_error(capsys):
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "COMMAND" in capsys.readouterr().err
