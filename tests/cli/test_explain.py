"""`sklime explain`: the attributions of `transform`, from any file to one file."""

import json
import os

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
import skops.io
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklime import LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import MarginalSampler
from tests.cli.conftest import FEATURES, N_ROWS
from tests.cli.running import run, start


def explain(disk, out, *more, model=None, data=None, keep="id,date"):
    keys = [] if keep is None else ["--keep", keep]
    own = model or disk.model, data or disk.data, "-o", out, *keys, *more
    return run("explain", *own)


@pytest.fixture(scope="module")
def expected(disk):
    """Attributions of all rows by `transform`."""
    explainer = LimeExplainer(disk.regression, random_state=0).fit(disk.training_rows)
    return explainer.transform(disk.rows[FEATURES])


def test_the_output_is_transform_with_the_keys_in_front(disk, tmp_path, expected):
    out = tmp_path / "out.parquet"
    done = explain(disk, out, "--background", disk.train)
    assert done.exit_code == 0, done.stderr
    assert f"{N_ROWS:,} rows explained" in done.stdout
    found = pd.read_parquet(out)
    assert list(found) == ["id", "date", *FEATURES]
    pd.testing.assert_frame_equal(found[["id", "date"]], disk.rows[["id", "date"]])
    np.testing.assert_array_equal(found[FEATURES], expected)
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


def test_options_are_those_of_the_explainer(disk, tmp_path):
    out = tmp_path / "out.parquet"
    options = ["--background", disk.train, "--target", "sick", "--method", "sampling"]
    options += ["--attribution", "contribution", "--seed", 3, "--width", "0.9"]
    done = explain(disk, out, *options, "--sampler", "MarginalSampler(n_bins=3)", "-j", 2)
    assert done.exit_code == 0, done.stderr
    explainer = LimeExplainer(
        disk.regression,
        sampler=MarginalSampler(n_bins=3),
        kernel=ExponentialKernel(width=0.9),
        method="sampling",
        attribution="contribution",
        target="sick",
        random_state=3,
    ).fit(disk.training_rows)
    own = explainer.transform(disk.rows[FEATURES])
    np.testing.assert_array_equal(pd.read_parquet(out)[FEATURES], own)


def test_the_method_of_the_model_is_an_option(disk, tmp_path):
    out = tmp_path / "out.parquet"
    own = "--background", disk.train, "--response-method", "decision_function"
    done = explain(disk, out, *own)
    assert done.exit_code == 0, done.stderr
    explainer = LimeExplainer(
        disk.regression, response_method="decision_function", random_state=0
    ).fit(disk.training_rows)
    margins = explainer.transform(disk.rows[FEATURES])
    np.testing.assert_array_equal(pd.read_parquet(out)[FEATURES], margins)
    assert explain(disk, out, "--response-method", "margin").exit_code == 2


def test_a_method_that_the_model_lacks_is_named(disk, tmp_path):
    model = LinearRegression().fit(disk.training_rows, disk.training_rows["bmi"])
    skops.io.dump(model, tmp_path / "line.skops")
    out = tmp_path / "out.parquet"
    own = "--response-method", "predict_proba"
    done = explain(disk, out, *own, model=tmp_path / "line.skops")
    assert done.exit_code == 2
    told = "response_method='predict_proba': LinearRegression has no predict_proba"
    assert told in " ".join(done.stderr.split())
    assert not out.exists()


def test_a_label_that_is_a_number_is_found(disk, tmp_path):
    model = LogisticRegression().fit(
        disk.training_rows, np.arange(len(disk.training_rows)) % 3
    )
    skops.io.dump(model, tmp_path / "three.skops")
    out = tmp_path / "out.parquet"
    done = explain(disk, out, "--target", 2, model=tmp_path / "three.skops")
    assert done.exit_code == 0, done.stderr
    done = explain(disk, out, "--target", "all", model=tmp_path / "three.skops")
    assert done.exit_code == 0, done.stderr
    names = pa.parquet.read_schema(out).names[2:]
    assert names == [f"{c}__{name}" for c in range(3) for name in FEATURES]


def test_equal_calls_give_equal_bytes_whatever_the_jobs(disk, tmp_path):
    outs = [tmp_path / f"{i}.parquet" for i in range(3)]
    for out, jobs in zip(outs, (1, 1, 2), strict=True):
        assert explain(disk, out, "-j", jobs).exit_code == 0
    first, second, third = (out.read_bytes() for out in outs)
    assert first == second == third


def test_without_a_background_a_seeded_sample_serves_and_is_told(disk, tmp_path):
    done = explain(disk, tmp_path / "out.parquet")
    assert f"a sample of {N_ROWS:,} of the rows of {disk.data}" in done.stderr
    done = explain(disk, tmp_path / "out.parquet", "--quiet")
    assert done.stderr == done.stdout == ""


@pytest.mark.parametrize("ending", ["csv", "arrow", "arrows", "feather", "npy", "npz"])
def test_every_kind_of_table_gives_the_same_attributions(disk, tmp_path, expected, ending):
    data, rows = tmp_path / f"rows.{ending}", disk.rows[FEATURES]
    arrow = pa.Table.from_pandas(rows, preserve_index=False)
    if ending == "csv":
        pa.csv.write_csv(arrow, data)
    elif ending == "npy":
        np.save(data, rows)
    elif ending == "npz":
        np.savez(data, X=rows, other=np.arange(3))
    elif ending == "feather":
        pa.feather.write_feather(arrow, data)
    else:
        new = pa.ipc.new_file if ending == "arrow" else pa.ipc.new_stream
        with new(data, arrow.schema) as writer:
            writer.write_table(arrow, max_chunksize=777)
    own = ["--background", disk.train]
    if ending.startswith("np"):
        own = ["--background", tmp_path / "train.npy"]
        np.save(own[1], disk.training_rows)
    model = tmp_path / "model.skops"
    trained = disk.training_rows.to_numpy()
    if ending.startswith("np"):
        skops.io.dump(
            LogisticRegression().fit(trained, disk.regression.predict(disk.training_rows)),
            model,
        )
        expected = (
            LimeExplainer(skops.io.load(model), random_state=0)
            .fit(trained)
            .transform(rows.to_numpy())
        )
    else:
        model = disk.model
    out = tmp_path / "out.parquet"
    done = explain(disk, out, *own, model=model, data=data, keep=None)
    assert done.exit_code == 0, done.stderr
    np.testing.assert_array_equal(pd.read_parquet(out), expected)


@pytest.mark.parametrize("ending", ["arrow", "arrows", "parquet"])
def test_texts_are_read_as_polars_writes_them(tmp_path, ending):
    city = pl.Series("city", ["Rome", "Oslo", "Bonn", "Rome"] * 30)
    table = pl.DataFrame([city, pl.Series("age", np.arange(120.0))])
    frame = table.to_pandas()
    encoded = make_column_transformer((OneHotEncoder(), ["city"]), ("passthrough", ["age"]))
    model = make_pipeline(encoded, LinearRegression()).fit(frame, frame["age"] % 7)
    skops.io.dump(model, tmp_path / "model.skops")
    keys = table.select(
        id=pl.int_range(pl.len()).cast(pl.String), group=pl.col("city").cast(pl.Categorical)
    )
    data, out = tmp_path / f"rows.{ending}", tmp_path / "out.parquet"
    rows = pl.concat([keys, table], how="horizontal")
    if ending == "parquet":
        # Which pyarrow writes with such types.
        arrow = rows.drop("group").to_arrow()
        types = [pa.string_view(), pa.string_view(), pa.float64()]
        schema = pa.schema(list(zip(arrow.schema.names, types, strict=True)))
        pa.parquet.write_table(arrow.cast(schema), data)
    elif ending == "arrow":
        rows.write_ipc(data)
    else:
        rows.write_ipc_stream(data)
    keep = "id" if ending == "parquet" else "id,group"
    done = run("explain", tmp_path / "model.skops", data, "-o", out, "--keep", keep)
    assert done.exit_code == 0, done.stderr
    found = pl.read_parquet(out)
    assert found["id"].to_list() == rows["id"].to_list()
    if "group" in keep:
        assert found["group"].to_list() == city.to_list()
    expected = LimeExplainer(model, random_state=0).fit(frame).transform(frame)
    np.testing.assert_array_equal(found[["city", "age"]], expected)


def test_row_groups_are_read_alike_whole_and_streamed(disk, tmp_path):
    # Long notes: all rows in one group are 36 MB, which are not read at once.
    rng = np.random.default_rng(0)
    notes = rng.integers(97, 123, (N_ROWS, 12_000), dtype=np.uint8)
    rows = disk.rows.assign(note=[own.tobytes().decode() for own in notes])
    outs = []
    for height in (500, N_ROWS):
        data, out = tmp_path / f"{height}.parquet", tmp_path / f"out_{height}.parquet"
        rows.to_parquet(data, row_group_size=height)
        own = ["--background", disk.train, "--block-rows", 1000]
        done = explain(disk, out, *own, data=data, keep="id,note,date")
        assert done.exit_code == 0, done.stderr
        outs.append(out.read_bytes())
    assert outs[0] == outs[1]
    pd.testing.assert_series_equal(pd.read_parquet(out)["note"], rows["note"])


@pytest.mark.parametrize("form", ["bsr", "coo", "csc", "csr"])
def test_sparse_matrices_are_explained(tmp_path, form):
    X = sparse.random(300, 6, density=0.4, format="csr", random_state=0)
    sparse.save_npz(tmp_path / "rows.npz", X.asformat(form))
    y = np.asarray(X.sum(axis=1)).ravel() > 1.0
    model = LogisticRegression().fit(X, y)
    skops.io.dump(model, tmp_path / "model.skops")
    out = tmp_path / "out.parquet"
    own = tmp_path / "model.skops", tmp_path / "rows.npz", "-o", out
    done = run("explain", *own)
    assert done.exit_code == 0, done.stderr
    explainer = LimeExplainer(model, random_state=0).fit(X)
    np.testing.assert_array_equal(pd.read_parquet(out), explainer.transform(X).toarray())


def test_a_csv_column_has_one_type_in_all_of_the_file(disk, tmp_path):
    # Whole numbers in front, decimals and a word behind the first block of a megabyte.
    rows = pd.concat([disk.rows[FEATURES]] * 30, ignore_index=True)
    rows["age"] = rows["age"].round()
    text = rows.astype({"age": int}).astype(str)
    text["id"] = np.arange(len(rows)).astype(str)
    text.loc[text.index[-1], ["age", "id"]] = ["0.5", "last"]
    text.to_csv(tmp_path / "rows.csv", index=False)
    rows.loc[rows.index[-1], "age"] = 0.5
    out = tmp_path / "out.parquet"
    own = "--background", disk.train
    done = explain(disk, out, *own, data=tmp_path / "rows.csv", keep="id")
    assert done.exit_code == 0, done.stderr
    found = pd.read_parquet(out)
    assert found["id"].tolist()[-2:] == [str(len(rows) - 2), "last"]
    explainer = LimeExplainer(disk.regression, random_state=0).fit(disk.training_rows)
    np.testing.assert_array_equal(found[FEATURES], explainer.transform(rows))


def test_times_of_day_in_csv_are_text(disk, tmp_path):
    rows = pd.DataFrame({"slot": ["08:00", "12:30", "19:15"] * 40, "age": np.arange(120.0)})
    rows.insert(0, "opens", "07:00")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    train = rows[["slot", "age"]]
    encoded = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["slot"]))
    model = make_pipeline(encoded, LogisticRegression()).fit(
        train, train["slot"] == "08:00"
    )
    joblib.dump(model, tmp_path / "model.joblib")
    out = tmp_path / "out.parquet"
    own = {"model": tmp_path / "model.joblib", "data": tmp_path / "rows.csv"}
    done = explain(disk, out, "--trust-pickle", **own, keep="opens")
    assert done.exit_code == 0, done.stderr
    found = pd.read_parquet(out)
    expected = LimeExplainer(model, random_state=0).fit(train).transform(train)
    np.testing.assert_array_equal(found[["slot", "age"]], expected)
    assert (found["opens"] == "07:00").all()


@pytest.mark.parametrize(
    "keys",
    [
        ["00123", "123", "0123"],
        ["0", "12345678901234567890123", "12345678901234567890124"],
        ["7", "", "0x07"],
        ["0.5", "007.5", "7.5"],
    ],
)
def test_codes_in_a_csv_key_stay_as_they_are_written(disk, tmp_path, keys):
    rows = disk.rows[FEATURES][: len(keys)].assign(id=keys, number=[-1, 0, 10])
    rows.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "out.parquet"
    own = {"data": tmp_path / "rows.csv", "keep": "id,number"}
    done = explain(disk, out, "--background", disk.train, **own)
    assert done.exit_code == 0, done.stderr
    found = pd.read_parquet(out)
    assert found["id"].tolist() == keys
    assert found["number"].dtype == np.int64


def test_quoted_texts_in_csv_may_hold_ends_of_lines(disk, tmp_path):
    # More than the block of a megabyte that is read at a time.
    rows = pd.concat([disk.rows[FEATURES]] * 20, ignore_index=True)
    rows["note"] = [f"first line\nline {i}, the second" for i in range(len(rows))]
    rows.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "out.parquet"
    own = {"data": tmp_path / "rows.csv", "keep": "note"}
    done = explain(disk, out, "--background", disk.train, **own)
    assert done.exit_code == 0, done.stderr
    assert pd.read_parquet(out)["note"].tolist() == rows["note"].tolist()


def test_csv_output_holds_no_formulas(disk, tmp_path):
    bad = ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "plain", 'quoted "=1"', ""]
    bad += ["\n=cmd", "\uff1d1+1", "\uff0bcmd", "\uff0d2", "\uff20SUM(A1)"]
    rows = disk.rows[: len(bad)].assign(id=bad).rename(columns={"date": "=date"})
    rows.to_parquet(tmp_path / "rows.parquet")
    out = tmp_path / "out.csv"
    own = {"data": tmp_path / "rows.parquet", "keep": "id,=date"}
    done = explain(disk, out, "--background", disk.train, **own)
    assert done.exit_code == 0, done.stderr
    found = pd.read_csv(out, keep_default_na=False)
    assert list(found)[:2] == ["id", "'=date"]
    starts = tuple("=+-@\t\n\uff1d\uff0b\uff0d\uff20")
    assert found["id"].tolist() == [f"'{own}" if own[:1] in starts else own for own in bad]
    # Numbers below zero stay numbers.
    assert (found[FEATURES].to_numpy() < 0).any()


def test_quality_is_told_beside_the_attributions(disk, tmp_path, expected):
    out = tmp_path / "out.parquet"
    done = explain(disk, out, "--background", disk.train, "--quality", "--block-rows", 800)
    assert done.exit_code == 0, done.stderr
    found = pd.read_parquet(out)
    quality = ["prediction", "fidelity", "effective_sample_size", "doubts"]
    assert list(found) == ["id", "date", *FEATURES, *quality]
    np.testing.assert_allclose(found[FEATURES], expected, rtol=1e-12)
    probabilities = disk.regression.predict_proba(disk.rows[FEATURES])[:, 1]
    np.testing.assert_allclose(found["prediction"], probabilities)
    assert found["fidelity"].between(0, 1).all()
    assert (found["doubts"] == "").all()


def test_quality_of_arrays_is_told_in_words(disk, tmp_path):
    rows = disk.rows[FEATURES].to_numpy()
    np.save(tmp_path / "rows.npy", rows)
    model = LogisticRegression().fit(rows, disk.rows["age"] > disk.rows["age"].median())
    skops.io.dump(model, tmp_path / "model.skops")
    out = tmp_path / "out.parquet"
    own = {"model": tmp_path / "model.skops", "data": tmp_path / "rows.npy", "keep": None}
    done = explain(disk, out, "--quality", **own)
    assert done.exit_code == 0, done.stderr
    found = pd.read_parquet(out)
    assert list(found)[-4:] == ["prediction", "fidelity", "effective_sample_size", "doubts"]
    np.testing.assert_allclose(found["prediction"], model.predict_proba(rows)[:, 1])
    assert (found["doubts"] == "").all()


def test_a_key_column_has_no_name_of_quality(disk, tmp_path):
    disk.rows.assign(fidelity=1).to_parquet(tmp_path / "rows.parquet")
    own = {"data": tmp_path / "rows.parquet", "keep": "id,date,fidelity"}
    out = tmp_path / "out.parquet"
    done = explain(disk, out, "--background", disk.train, "--quality", **own)
    assert done.exit_code == 2 and "'fidelity'" in done.stderr
    assert not out.exists()


def test_a_table_without_rows_gives_one_without_rows(disk, tmp_path):
    disk.rows[:0].to_parquet(tmp_path / "rows.parquet")
    out = tmp_path / "out.parquet"
    own = "--background", disk.train
    done = explain(disk, out, *own, data=tmp_path / "rows.parquet")
    assert done.exit_code == 0, done.stderr
    found = pa.parquet.read_table(out)
    assert found.num_rows == 0
    assert found.schema.names == ["id", "date", *FEATURES]
    whole = tmp_path / "whole.parquet"
    explain(disk, whole, *own)
    assert found.schema == pa.parquet.read_schema(whole)
    assert explain(disk, out, data=tmp_path / "rows.parquet").exit_code == 4


def test_batches_without_rows_pass(disk, tmp_path, expected):
    arrow = pa.Table.from_pandas(disk.rows[FEATURES], preserve_index=False)
    batches = arrow.to_batches(max_chunksize=500)
    with pa.ipc.new_file(tmp_path / "rows.arrow", arrow.schema) as writer:
        for batch in [batches[0][:0], *batches, batches[0][:0]]:
            writer.write_batch(batch)
    out = tmp_path / "out.parquet"
    own = {"data": tmp_path / "rows.arrow", "keep": None}
    done = explain(disk, out, "--background", disk.train, **own)
    assert done.exit_code == 0, done.stderr
    np.testing.assert_array_equal(pd.read_parquet(out), expected)


def test_a_fitted_explainer_keeps_its_own_settings(disk, tmp_path, expected):
    import joblib

    explainer = LimeExplainer(disk.regression, random_state=0).fit(disk.training_rows)
    joblib.dump(explainer, tmp_path / "explainer.joblib")
    out = tmp_path / "out.parquet"
    own = {"model": tmp_path / "explainer.joblib"}
    done = explain(disk, out, "--trust-pickle", **own)
    assert done.exit_code == 0, done.stderr
    np.testing.assert_array_equal(pd.read_parquet(out)[FEATURES], expected)
    done = explain(disk, out, "--trust-pickle", "--width", 2, **own)
    assert done.exit_code == 2
    assert "fitted explainer, which --width cannot change" in done.stderr
    done = explain(disk, out, "--trust-pickle", "--response-method", "predict", **own)
    assert done.exit_code == 2
    assert "which --response-method cannot change" in done.stderr


def test_json_tells_what_was_done(disk, tmp_path):
    out, page = tmp_path / "out.parquet", tmp_path / "page.html"
    own = "--json", "--report", page, "--report-rows", 20
    done = explain(disk, out, *own)
    told = json.loads(done.stdout)
    assert told["exit_code"] == 0
    assert told["rows"] == N_ROWS
    assert told["method"] == "exact"
    assert told["columns"] == ["id", "date", *FEATURES]
    assert "20 rows" in page.read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {out.name, page.name}


@pytest.mark.parametrize("name", ["größe.parquet", "out\udcff.parquet"])
@pytest.mark.parametrize("charset", ["ascii", "utf-8"])
def test_names_that_no_terminal_can_show_are_told_with_escapes(
    disk, tmp_path, name, charset
):
    own = disk.model, disk.data, "-o", tmp_path / name, "--keep", "id,date"
    done = run("explain", *own, charset=charset)
    assert done.exit_code == 0, done.stderr
    assert name.encode(charset, "backslashreplace").decode(charset) in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_closed_stdout_is_no_failure(disk, tmp_path):
    out = tmp_path / "out.parquet"
    own = disk.model, disk.data, "-o", out, "--keep", "id,date"
    done = start("explain", *own, preexec_fn=lambda: os.close(1))
    _, told = done.communicate()
    assert done.returncode == 0, told
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_report_writes_the_page_alone(disk, tmp_path):
    page = tmp_path / "page.html"
    own = "--keep", "id,date", "--rows", 15
    done = run("report", disk.model, disk.data, "-o", page, *own)
    assert done.exit_code == 0, done.stderr
    assert "15 rows" in page.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_doubts_are_told_once(disk, tmp_path):
    done = explain(
        disk, tmp_path / "out.parquet", "--method", "sampling", "--width", "0.2", "--json"
    )
    assert done.exit_code == 0, done.stderr
    doubts = json.loads(done.stdout)["doubts"]
    assert len(doubts) == len(set(doubts))


def test_empty_cells_of_a_text_column_in_csv_are_missing_values(disk, tmp_path):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"city": rng.choice(["Rome", "Oslo"], 300), "age": rng.normal(size=300)}
    )
    rows.loc[::3, "city"] = np.nan
    rows.insert(0, "country", ["NA", "IT"] * 150)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    # As a user reads the training table: empty cells are missing values there.
    train = pd.read_csv(tmp_path / "rows.csv")[["city", "age"]]
    encoded = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["city"]))
    model = make_pipeline(encoded, LogisticRegression()).fit(train, train["city"].isna())
    joblib.dump(model, tmp_path / "model.joblib")
    out = tmp_path / "out.parquet"
    own = {"model": tmp_path / "model.joblib", "data": tmp_path / "rows.csv"}
    done = explain(disk, out, "--trust-pickle", **own, keep="country")
    assert done.exit_code == 0, done.stderr
    found = pd.read_parquet(out)
    expected = LimeExplainer(model, random_state=0).fit(train).transform(train)
    np.testing.assert_array_equal(found[["city", "age"]], expected)
    # A key is no missing value, whatever it looks like.
    assert found["country"].tolist() == ["NA", "IT"] * 150
