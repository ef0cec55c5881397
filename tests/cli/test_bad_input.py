"""What cannot be done ends with its exit code and a cure, and leaves nothing behind."""

import json
import os
import shutil
import tracemalloc
import zipfile

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import skops.io
from scipy import sparse
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.tree import DecisionTreeRegressor

from sklime import LimeExplainer, persistence
from tests.cli.conftest import FEATURES, N_ROWS
from tests.cli.running import run, start
from tests.cli.slow_model import SlowClassifier


@pytest.fixture
def refused(disk, tmp_path):
    """Runs a command that must end with a code and a message, and leave nothing."""

    def check(code, message, *more, model=disk.model, data=disk.data, out="out.parquet"):
        before = set(tmp_path.iterdir())
        done = run("explain", model, data, "-o", tmp_path / out, *more)
        assert done.exit_code == code, done.stderr
        told = " ".join(done.stderr.replace("│", " ").split())
        assert message in told, told
        assert set(tmp_path.iterdir()) == before
        return done

    return check


KEYS = ["--keep", "id,date"]


def test_a_pickle_without_the_flag_is_not_loaded(disk, refused, tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    for name in ("trap.joblib", "trap.pkl", "trap.pickle", "trap.skops"):
        joblib.dump(Trap(), tmp_path / name)
        message = "to load a pickle is to run whatever program it holds"
        refused(3, message, *KEYS, model=tmp_path / name)
        inspected = run("inspect", tmp_path / name)
        assert inspected.exit_code == 0
        assert "mkdir" in inspected.stdout
    assert not (tmp_path / "sprung").exists()


def test_a_skops_file_with_an_untrusted_type_names_it(disk, refused, tmp_path):
    model = tmp_path / "model.skops"
    skops.io.dump(SlowClassifier(), model)
    name = "tests.cli.slow_model.SlowClassifier"
    assert json.loads(run("inspect", model, "--json").stdout)["untrusted_types"] == [name]
    refused(3, f"give --trust {name}", *KEYS, model=model)
    out = tmp_path / "out.parquet"
    done = run("explain", model, disk.data, "-o", out, *KEYS, "--trust", name)
    assert done.exit_code == 0, done.stderr


def test_a_forest_and_explainers_of_it_need_no_flag(disk, tmp_path):
    X = disk.training_rows
    forest = RandomForestClassifier(5, max_depth=4, random_state=0)
    forest.fit(X, disk.regression.predict(X))
    explainer = LimeExplainer(forest, random_state=0).fit(X)
    model, explained = tmp_path / "forest.skops", tmp_path / "explainer.skops"
    skops.io.dump(forest, model)
    persistence.dump(explainer, explained)
    expected = explainer.transform(disk.rows[FEATURES])
    for path, more in (model, ["--background", disk.train]), (explained, []):
        assert json.loads(run("inspect", path, "--json").stdout)["untrusted_types"] == []
        out = tmp_path / f"{path.stem}.parquet"
        done = run("explain", path, disk.data, "-o", out, *KEYS, *more)
        assert done.exit_code == 0, done.stderr
        np.testing.assert_array_equal(pd.read_parquet(out)[FEATURES], expected)


def test_trees_that_are_not_checked_need_the_flag(disk, refused, tmp_path):
    X, model = disk.training_rows, tmp_path / "boosting.skops"
    skops.io.dump(GradientBoostingRegressor(n_estimators=3).fit(X, X["bmi"]), model)
    tree = "sklearn.tree._tree.Tree"
    assert json.loads(run("inspect", model, "--json").stdout)["untrusted_types"] == [tree]
    refused(3, f"give --trust {tree}", *KEYS, model=model)
    out = tmp_path / "out.parquet"
    done = run("explain", model, disk.data, "-o", out, *KEYS, "--trust", tree)
    assert done.exit_code == 0, done.stderr


def test_trees_that_lead_outside_are_refused(disk, refused, tmp_path):
    X, model = disk.training_rows, tmp_path / "tree.skops"
    tree = DecisionTreeRegressor(max_depth=2).fit(X, X["bmi"])
    state = tree.tree_.__getstate__()
    state["nodes"]["left_child"][0] = 10**6
    tree.tree_.__setstate__(state)
    skops.io.dump(tree, model)
    refused(2, "a node of a decision tree leads outside of it", *KEYS, model=model)


def test_inspect_tells_outputs_and_columns(disk):
    found = json.loads(run("inspect", disk.model, "--json").stdout)
    assert found["kind"] == "skops"
    assert found["outputs"] == ["sick", "well"]
    assert found["columns"] == FEATURES
    assert found["untrusted_types"] == []
    assert found["type"].endswith(".LogisticRegression")


def test_columns_that_are_not_the_models(disk, refused, tmp_path):
    def of(frame):
        frame.to_parquet(tmp_path / "rows.parquet")
        return {"data": tmp_path / "rows.parquet"}

    renamed = disk.rows.rename(columns={"bmi": "BMI"})
    refused(4, "lacks columns that the model needs: 'bmi'", *KEYS, **of(renamed))
    more = disk.rows.assign(other=1.0)
    refused(4, "columns that the model does not know, 'other'", *KEYS, **of(more))
    words = disk.rows.assign(bmi="many")
    refused(5, "could not convert string", *KEYS, **of(words))


def test_columns_of_arrays_are_counted(refused, tmp_path, disk):
    np.save(tmp_path / "rows.npy", np.zeros((5, 3)))
    refused(4, "has 3 columns, the model 4", data=tmp_path / "rows.npy")
    np.save(tmp_path / "rows.npy", np.zeros(5))
    refused(4, "a table has two axes", data=tmp_path / "rows.npy")
    np.save(tmp_path / "rows.npy", np.array([[{}]]), allow_pickle=True)
    refused(3, "holds Python objects, which are a pickle", data=tmp_path / "rows.npy")


def test_a_background_needs_the_columns_too(disk, refused, tmp_path):
    disk.training_rows[["age", "bmi"]].to_parquet(tmp_path / "train.parquet")
    message = "train.parquet lacks columns that the model needs: 'pressure', 'sugar'"
    refused(4, message, *KEYS, "--background", tmp_path / "train.parquet")


def test_a_key_column_that_is_a_feature_or_not_there(refused):
    refused(2, "--keep age: this column is a feature", "--keep", "id,date,age")
    refused(2, "--keep day: ", "--keep", "id,date,day")


@pytest.mark.parametrize("key", [[1, 2], b"\xff", {"a": 1}])
def test_a_key_column_that_csv_cannot_hold_is_found_before_any_work(
    disk, refused, tmp_path, key
):
    disk.rows.assign(key=[key] * N_ROWS).to_parquet(tmp_path / "rows.parquet")
    own, keys = {"data": tmp_path / "rows.parquet"}, ["--keep", "id,date,key"]
    refused(2, "has no form in CSV", *keys, out="out.csv", **own)
    done = run("explain", disk.model, own["data"], "-o", tmp_path / "out.parquet", *keys)
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--target", "ill", "target='ill' is not one of the outputs"),
        ("--sampler", "none", "--sampler none must be one of marginal"),
        ("--sampler", "MarginalSampler(open('x'))", "must be one of marginal"),
        ("--sampler", "MarginalSampler(bins=3)", "unexpected keyword"),
        ("--sampler", "MarginalSampler(n_bins=-3)", "n_bins=-3 must be an integer"),
        ("--sampler", "GaussianSampler(scale=0)", "scale=0 must be a finite number"),
        ("--width", "wide", '--width wide must be a positive number or "local"'),
        ("--width", "-1", "width"),
        ("--method", "guess", "guess"),
        ("--block-rows", "0", "block-rows"),
        ("--seed", "-1", "seed"),
        ("--seed", str(2**32), "seed"),
        ("-j", "0", "0 jobs do nothing: 1, or -1 for all cores"),
    ],
)
def test_options_that_make_no_sense(refused, option, value, message):
    refused(2, message, *KEYS, option, value)


def test_files_that_are_not_there_or_of_another_kind(disk, refused, tmp_path):
    (tmp_path / "model.txt").write_text("no model")
    (tmp_path / "model.bin").write_text("no model")
    (tmp_path / "rows.parquet").write_text("no table")
    (tmp_path / "rows.xls").write_text("no table")
    with (tmp_path / "rows.npz").open("wb") as file:
        np.save(file, disk.rows[FEATURES])
    refused(2, "does not exist", *KEYS, model=tmp_path / "none.skops")
    refused(2, "does not exist", *KEYS, data=tmp_path / "none.parquet")
    refused(2, "cannot be read as a model", *KEYS, model=tmp_path / "model.txt")
    refused(2, "must end in one of", *KEYS, model=tmp_path / "model.bin")
    refused(4, "cannot be read", *KEYS, data=tmp_path / "rows.parquet")
    refused(2, "must end in one of", *KEYS, data=tmp_path / "rows.xls")
    refused(4, "is no archive of arrays", data=tmp_path / "rows.npz")
    refused(2, "must end in .parquet or .csv", *KEYS, out="out.xls")


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow", "npy", "npz"])
def test_an_empty_file_is_no_table(refused, tmp_path, ending):
    path = tmp_path / f"rows.{ending}"
    path.write_bytes(b"")
    refused(4, "rows." + ending, data=path)


@pytest.mark.parametrize("compression", [None, "snappy"])
def test_tables_that_are_damaged_inside_are_told(disk, refused, tmp_path, compression):
    path = tmp_path / "rows.parquet"
    disk.rows.to_parquet(path, compression=compression)
    content = bytearray(path.read_bytes())
    # Its end, which tells columns and types, is whole.
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    path.write_bytes(content)
    for more in ([], ["--background", disk.train]):
        refused(4, "rows.parquet cannot be read", *KEYS, *more, data=path)


def test_an_arrow_file_whose_indices_lead_outside_is_told(disk, refused, tmp_path):
    codes = pa.array(np.full(N_ROWS, 10**6, dtype=np.int32))
    names = pa.DictionaryArray.from_arrays(codes, pa.array(["a"]), safe=False)
    columns = {name: disk.rows[name].to_numpy() for name in FEATURES}
    table = pa.table({"id": names} | columns)
    with pa.ipc.new_file(tmp_path / "rows.arrow", table.schema) as writer:
        writer.write_table(table)
    own = {"data": tmp_path / "rows.arrow"}
    refused(4, "rows.arrow cannot be read", "--keep", "id", **own)


@pytest.mark.parametrize(
    "damage",
    [{"indices": 10**8}, {"indices": -7}, {"indptr": 10**9}, {"format": b"csc"}],
    ids=lambda own: next(iter(own)),
)
def test_a_sparse_matrix_whose_indices_lead_outside_is_told(refused, tmp_path, damage):
    # It would crash the process otherwise, so that the command runs in its own.
    X = sparse.csr_matrix(np.eye(4)[np.arange(50) % 4])
    model = tmp_path / "model.skops"
    skops.io.dump(DecisionTreeRegressor(max_depth=2).fit(X, np.arange(50)), model)
    parts = {name: getattr(X, name) for name in ("data", "indices", "indptr", "shape")}
    parts["format"] = b"csr"
    for name, value in damage.items():
        if name == "format":
            parts |= {"format": value, "shape": (4, 50)}
            parts["indices"] = np.full(50, 10**8, dtype=np.int32)
        else:
            parts[name][5] = value
    path = tmp_path / "rows.npz"
    np.savez(path, **parts)
    process = start("explain", model, path, "-o", tmp_path / "out.parquet")
    _, told = process.communicate()
    assert process.returncode == 4, told
    assert "rows.npz cannot be read" in told
    assert set(tmp_path.iterdir()) == {path, model}


@pytest.mark.parametrize("form", ["bsr", "coo", "csc", "dia"])
def test_a_sparse_matrix_that_states_more_rows_than_fit_is_told(refused, tmp_path, form):
    path, shape = tmp_path / "rows.npz", (10**9, 6)
    if form == "bsr":  # one block, which is not there
        own = sparse.bsr_array((np.zeros((0, *shape)), [], [0, 0]), shape=shape)
    else:
        own = sparse.coo_array(([1.0], ([0], [0])), shape=shape).asformat(form)
    sparse.save_npz(path, own)
    tracemalloc.start()
    try:
        refused(4, f"states 1,000,000,000 rows, of which {own.nnz} values", data=path)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_archives_of_arrays_that_are_damaged_inside_are_told(disk, refused, tmp_path):
    path = tmp_path / "rows.npz"
    np.savez_compressed(path, disk.rows[FEATURES].to_numpy())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    refused(4, "rows.npz cannot be read", data=path)
    header = np.lib.format.header_data_from_array_1_0(np.zeros((1, 4)))
    with zipfile.ZipFile(path, "w") as archive, archive.open("X.npy", "w") as file:
        # 28 PiB, it says.
        np.lib.format.write_array_header_1_0(file, header | {"shape": (10**15, 4)})
    refused(4, "rows.npz cannot be read", data=path)


def test_csv_that_is_not_utf8_is_told(disk, refused, tmp_path):
    rows = disk.rows[:20].assign(id="Zürich")
    rows.to_csv(tmp_path / "rows.csv", index=False, encoding="latin-1")
    own = {"data": tmp_path / "rows.csv"}
    refused(4, "text in column 'id' that is not UTF-8", *KEYS, **own)
    rows.to_csv(tmp_path / "rows.csv", index=False, encoding="utf-8-sig")
    done = run("explain", disk.model, own["data"], "-o", tmp_path / "out.csv", *KEYS)
    assert done.exit_code == 0


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_a_damaged_model_is_told_by_inspect(tmp_path, content):
    (tmp_path / "model.skops").write_bytes(content)
    done = run("inspect", tmp_path / "model.skops")
    assert done.exit_code == 2
    assert "model.skops cannot be read as a model" in done.stderr


def test_json_tells_of_arguments_that_make_no_sense(disk, tmp_path):
    for more in (["--method", "guess"], ["--what"], ["-j", "0"]):
        out = tmp_path / "out.parquet"
        process = start("explain", disk.model, disk.data, "-o", out, "--json", *KEYS, *more)
        told, _ = process.communicate()
        assert process.returncode == 2
        found = json.loads(told)
        assert found["exit_code"] == 2
        assert more[-1] in found["error"]
    helped, _ = start("explain", "--json", "--help").communicate()
    assert "Usage" in helped


def test_a_folder_that_cannot_be_written_is_found_before_any_work(disk, refused, tmp_path):
    # The model would be refused, too, if it were looked at.
    refused(6, "create", *KEYS, out="no/out.parquet", model=disk.pickle)
    (tmp_path / "file").write_text("")
    refused(6, "does not exist", *KEYS, out="file/out.parquet", model=disk.pickle)
    (tmp_path / "out.parquet").mkdir()
    refused(6, "is a folder", *KEYS, model=disk.pickle)
    done = run("explain", disk.pickle, disk.data, "-o", "/proc/out.parquet", *KEYS)
    assert done.exit_code == 6
    page = "--report", tmp_path / "no" / "page.html"
    refused(6, "page.html cannot be written", *KEYS, *page, out="other.parquet")
    (tmp_path / "page.html").mkdir()
    page = "--report", tmp_path / "page.html"
    refused(6, "page.html is a folder", *KEYS, *page, out="other.parquet")
    refused(6, "File name too long", *KEYS, out="a" * 300 + ".parquet")


def test_an_output_does_not_take_the_place_of_an_input(disk, refused, tmp_path):
    files = {
        "data": "rows.parquet",
        "model": "model.parquet",
        "background": "train.parquet",
    }
    for name, own in (
        ("data", disk.data),
        ("model", disk.model),
        ("background", disk.train),
    ):
        shutil.copy(own, tmp_path / files[name])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    own = {name: tmp_path / files[name] for name in ("data", "model")}
    more = [*KEYS, "--background", tmp_path / files["background"]]
    (tmp_path / "linked.parquet").symlink_to(files["data"])
    for name, out in [*files.items(), ("data", "linked.parquet")]:
        refused(2, f"is the file of {name} itself", *more, out=out, **own)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("name", ["sub", "manifest.json", "lock", ".x.unfinished"])
def test_files_of_others_in_the_folder_of_the_parts_are_left_alone(
    disk, refused, tmp_path, name
):
    parts = tmp_path / "out.parquet.parts"
    (parts / name).mkdir(parents=True)
    (parts / name / "mine.txt").write_text("mine")
    for more in ([], ["--fresh"]):
        refused(6, f"holds {name!r}, which is none: move it", *KEYS, *more)
    assert (parts / name / "mine.txt").read_text() == "mine"
    (tmp_path / "file.parquet.parts").write_text("mine")
    refused(6, "file.parquet.parts is a file, where parts", *KEYS, out="file.parquet")
    assert (tmp_path / "file.parquet.parts").read_text() == "mine"


@pytest.mark.parametrize(
    "manifest", ["[]", "3", '{"key": 3}', '{"key": {"files": []}}', "{"]
)
def test_a_damaged_manifest_is_that_of_another_run(disk, tmp_path, manifest):
    parts = tmp_path / "out.parquet.parts"
    parts.mkdir()
    (parts / "manifest.json").write_text(manifest)
    done = run("explain", disk.model, disk.data, "-o", tmp_path / "out.parquet", *KEYS)
    assert done.exit_code == 2
    assert "parts of another run" in done.stderr


def test_a_model_that_fails_keeps_what_was_explained(disk, tmp_path):
    rows = disk.rows[FEATURES].copy()
    rows["age"] = rows["age"].clip(-2, 2)
    rows.loc[N_ROWS - 100, "age"] = 9.0
    rows.to_parquet(tmp_path / "rows.parquet")
    out = tmp_path / "out.parquet"
    own = [disk.failing, tmp_path / "rows.parquet", "-o", out, "--trust-pickle"]
    own += ["--background", disk.train, "--target", "predicted", "--block-rows", 500]
    done = run("explain", *own)
    assert done.exit_code == 5, done.stderr
    assert "the first column is too large" in done.stderr
    assert "This is about row 2900 of the stream" in done.stderr
    assert "after 2,500 of 3,000 rows" in done.stderr
    assert not out.exists()
    done = run("explain", *own, "--json")
    assert json.loads(done.stdout)["exit_code"] == 5
    done = run("explain", *own, "--on-error", "null", "--fresh")
    assert done.exit_code == 0
    assert "1 row(s) of the stream could not be explained" in done.stderr
    failed = pd.read_parquet(out).isna().any(axis=1)
    assert failed.to_numpy().nonzero()[0].tolist() == [N_ROWS - 100]


def test_a_page_leaves_out_rows_that_become_null(disk, tmp_path):
    rows = disk.rows[FEATURES][:40].copy()
    rows["age"] = rows["age"].clip(-2, 2)
    rows.loc[[0, 17], "age"] = 9.0
    rows.to_parquet(tmp_path / "rows.parquet")
    out, page = tmp_path / "out.parquet", tmp_path / "page.html"
    own = [disk.failing, tmp_path / "rows.parquet", "-o", out, "--trust-pickle"]
    own += ["--background", disk.train, "--target", "predicted", "--report", page]
    done = run("explain", *own, "--on-error", "null", "--json")
    assert done.exit_code == 0, done.stderr
    assert "the page leaves out 2 row(s)" in json.loads(done.stdout)["notes"][-1]
    assert page.exists()
    failed = pd.read_parquet(out).isna().any(axis=1)
    assert failed.to_numpy().nonzero()[0].tolist() == [0, 17]
