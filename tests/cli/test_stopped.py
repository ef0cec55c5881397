"""Runs that are killed, or whose disk is full, go on, and end with the same bytes."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager

import joblib
import numpy as np
import pandas as pd
import pytest

from sklime.cli.explaining import Output, explain
from sklime.cli.options import Options
from tests.cli.conftest import N_ROWS
from tests.cli.running import run, start
from tests.cli.slow_model import LastDigit


def arguments(disk, out, *more):
    own = ["explain", disk.slow, disk.data, "-o", out, "--trust-pickle", "--keep", "id"]
    return [*own, "--background", disk.train, "--target", "predicted", "--quiet", *more]


@pytest.fixture(scope="module")
def data(disk, tmp_path_factory):
    """The table without the column that is no feature and no key."""
    path = tmp_path_factory.mktemp("slow") / "rows.parquet"
    disk.rows.drop(columns="date").to_parquet(path)
    return path


@pytest.fixture(scope="module")
def own(disk, data):
    return type(disk)(**{**vars(disk), "data": data})


@pytest.fixture(scope="module")
def undisturbed(own, tmp_path_factory):
    """The bytes of a run that nothing stops."""
    out = tmp_path_factory.mktemp("undisturbed") / "out.parquet"
    done = run(*arguments(own, out))
    assert done.exit_code == 0, done.stderr
    assert len(pd.read_parquet(out)) == N_ROWS
    return out.read_bytes()


def stop(process, parts, delay, number):
    """Stop a run some time after its first part, unless it ends before."""
    while process.poll() is None and not list(parts.glob("*.arrow")):
        time.sleep(0.02)
    try:
        process.wait(timeout=delay)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    process.communicate()
    return process.returncode


def killed_and_resumed(own, folder, expected, rng, most):
    """Kill a run up to so many times; it ends with the same bytes. Gives the kills."""
    out, kills = folder / "out.parquet", 0
    parts = folder / "out.parquet.parts"
    while True:
        process = start(*arguments(own, out))
        if kills < most and stop(process, parts, rng.uniform(0, 1.5), signal.SIGKILL):
            kills += 1
            # Nothing wrong is under the final name: nothing is.
            assert not out.exists()
            continue
        _, told = process.communicate()
        assert process.returncode == 0, told
        break
    assert out.read_bytes() == expected
    assert [path.name for path in folder.iterdir()] == ["out.parquet"]
    return kills


def test_killed_runs_end_with_the_same_bytes(own, tmp_path, undisturbed):
    assert killed_and_resumed(own, tmp_path, undisturbed, random.Random(0), most=2)


@pytest.mark.slow
def test_fifty_kills(own, tmp_path, undisturbed):
    rng, kills, n = random.Random(1), 0, 0
    while kills < 50:
        folder = tmp_path / str(n)
        folder.mkdir()
        kills += killed_and_resumed(own, folder, undisturbed, rng, most=50 - kills)
        n += 1


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_signals_stop_where_the_run_resumes(own, tmp_path, undisturbed, number, code):
    out, parts = tmp_path / "out.parquet", tmp_path / "out.parquet.parts"
    process = start(*arguments(own, out, "-j", 2))
    while process.poll() is None and not list(parts.glob("*.arrow")):
        time.sleep(0.02)
    process.send_signal(number)
    _, told = process.communicate()
    assert process.returncode == code
    assert "the same command resumes there" in told
    assert "Traceback" not in told
    assert list(parts.glob("*.arrow"))
    done = run(*arguments(own, out, "--json"))
    assert '"rows_of_an_earlier_run": 0' not in done.stdout
    assert out.read_bytes() == undisturbed
    assert not parts.exists()


@pytest.fixture
def stopped(own, tmp_path):
    """The output of a run that was killed: only its parts are there."""
    out, parts = tmp_path / "out.parquet", tmp_path / "out.parquet.parts"
    assert stop(start(*arguments(own, out)), parts, 0, signal.SIGKILL)
    return out


def test_parts_of_another_run_are_refused_unless_it_starts_afresh(own, stopped, tmp_path):
    parts = stopped.with_name(f"{stopped.name}.parts")
    before = sorted(path.name for path in parts.iterdir())
    for more, differs in (
        (["--seed", 1], "seed"),
        (["--attribution", "contribution"], "attribution"),
        (["--block-rows", 77], "block_rows"),
    ):
        done = run(*arguments(own, stopped, *more))
        assert done.exit_code == 2
        assert f"differs in {differs}" in done.stderr
        assert "--fresh" in done.stderr
    other = tmp_path / "train.parquet"
    own.training_rows[:200].to_parquet(other)
    done = run(*arguments(type(own)(**{**vars(own), "train": other}), stopped))
    assert "differs in background" in done.stderr
    assert sorted(path.name for path in parts.iterdir()) == before
    assert run(*arguments(own, stopped, "--seed", 1, "--fresh")).exit_code == 0
    assert not parts.exists()


@pytest.mark.parametrize("height", [None, 0, -3, 10**30, 2.5, "500", [500]])
def test_a_manifest_with_an_odd_height_is_damaged(own, stopped, height):
    path = stopped.with_name(f"{stopped.name}.parts") / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"height": height}))
    done = run(*arguments(own, stopped))
    assert done.exit_code == 2, done.stderr
    assert "differs in height" in done.stderr


@pytest.mark.parametrize("damage", ["empty", "half", "repeated"])
def test_a_damaged_part_is_told(own, stopped, undisturbed, damage):
    parts = stopped.with_name(f"{stopped.name}.parts")
    first = min(parts.glob("part-*"))
    content = first.read_bytes()
    if damage == "repeated":
        (parts / "part-000000000000-000000000000.arrow").write_bytes(content)
    else:
        first.write_bytes(content[: len(content) // 2 if damage == "half" else 0])
    done = run(*arguments(own, stopped))
    assert done.exit_code == 2, done.stderr
    assert "is damaged: start afresh with --fresh" in done.stderr
    assert not stopped.exists()
    done = run(*arguments(own, stopped, "--fresh"))
    assert done.exit_code == 0, done.stderr
    assert stopped.read_bytes() == undisturbed


def test_the_same_model_in_another_file_resumes(own, stopped, tmp_path, undisturbed):
    copies = {name: tmp_path / getattr(own, name).name for name in ("slow", "data")}
    for name, path in copies.items():
        shutil.copy(getattr(own, name), path)
    done = run(*arguments(type(own)(**{**vars(own), **copies}), stopped))
    assert done.exit_code == 0, done.stderr
    assert stopped.read_bytes() == undisturbed


def test_the_default_seed_in_words_resumes(own, stopped, undisturbed):
    done = run(*arguments(own, stopped, "--seed", 0, "--json"))
    assert done.exit_code == 0, done.stderr
    assert '"rows_of_an_earlier_run": 0' not in done.stdout
    assert stopped.read_bytes() == undisturbed


@pytest.mark.filterwarnings("ignore::sklime.exceptions.UnknownValueWarning")
def test_more_new_values_than_may_be_asked_about_resume(tmp_path):
    # In the order of rows, some hundred new values are asked about, and no more.
    rng, n = np.random.default_rng(0), 2000
    codes = [f"code {i}" for i in range(n)]
    rows = pd.DataFrame({"age": rng.normal(size=n).round(2), "code": codes})
    rows.to_parquet(tmp_path / "rows.parquet")
    known = pd.DataFrame({"age": rng.normal(size=300), "code": rng.choice(codes[:3], 300)})
    known.to_parquet(tmp_path / "train.parquet")
    joblib.dump(LastDigit(), tmp_path / "model.joblib")
    files = {name: tmp_path / f"{name}.parquet" for name in ("whole", "stopped")}
    own = Options(
        tmp_path / "model.joblib",
        tmp_path / "rows.parquet",
        tmp_path / "train.parquet",
        trust_pickle=True,
    )

    def stop(done, of):
        if done >= 800:
            raise KeyboardInterrupt

    whole, stopped = (Output(path, block_rows=400) for path in files.values())
    explain(own, whole, lambda done, of: None)
    with pytest.raises(KeyboardInterrupt):
        explain(own, stopped, stop)
    done = explain(own, stopped, lambda done, of: None)
    assert 800 <= done["rows_of_an_earlier_run"] < n
    assert files["stopped"].read_bytes() == files["whole"].read_bytes()


def test_two_runs_cannot_write_one_output(own, tmp_path):
    out, parts = tmp_path / "out.parquet", tmp_path / "out.parquet.parts"
    first = start(*arguments(own, out))
    while not list(parts.glob("*.arrow")):
        time.sleep(0.02)
    second = run(*arguments(own, out))
    first.send_signal(signal.SIGTERM)
    first.communicate()
    assert second.exit_code == 6
    assert "another process is writing" in second.stderr


@contextmanager
def small_files(limit):
    """Files of this process hold so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_keeps_what_was_explained(own, tmp_path, undisturbed):
    out = tmp_path / "out.parquet"
    # Parts fit, and the whole does not.
    with small_files(len(undisturbed) - 1000):
        done = run(*arguments(own, out))
    assert done.exit_code == 6
    assert "cannot be written: File too large" in done.stderr
    assert "the same command resumes there" in done.stderr
    assert not out.exists()
    assert not list(tmp_path.rglob("*.unfinished"))
    done = run(*arguments(own, out))
    assert done.exit_code == 0
    assert out.read_bytes() == undisturbed


def test_a_disk_that_is_full_at_once_leaves_nothing(own, tmp_path):
    with small_files(100):
        done = run(*arguments(own, tmp_path / "out.parquet"))
    assert done.exit_code == 6
    assert list(tmp_path.iterdir()) == []


@contextmanager
def small_disk(folder, size):
    """A file system of so many bytes; where none can be mounted, limited files."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True).returncode == 0
    try:
        yield {} if mounted else {"preexec_fn": lambda: limit_files(size // 2)}
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def limit_files(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_ten_full_disks(own, tmp_path, undisturbed, seed):
    disk = tmp_path / "disk"
    size = random.Random(seed).randrange(16_384, 2 * len(undisturbed) - 8192)
    with small_disk(disk, size) as limits:
        out = disk / "out.parquet"
        process = start(*arguments(own, out), **limits)
        _, told = process.communicate()
        assert process.returncode == 6, told
        assert not out.exists()
        # Room is made: the parts go on elsewhere.
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        for path in disk.iterdir():
            shutil.copytree(path, elsewhere / path.name)
            shutil.rmtree(path)
    process = start(*arguments(own, elsewhere / "out.parquet"))
    _, told = process.communicate()
    assert process.returncode == 0, told
    assert (elsewhere / "out.parquet").read_bytes() == undisturbed
    assert os.listdir(elsewhere) == ["out.parquet"]


def test_parts_are_few_seconds_long(own, tmp_path):
    out, parts = tmp_path / "out.parquet", tmp_path / "out.parquet.parts"
    assert stop(start(*arguments(own, out)), parts, 0, signal.SIGKILL)
    first, end = min(path.stem for path in parts.glob("*.arrow")).split("-")[1:]
    # A row takes two milliseconds at least.
    assert (int(end) - int(first)) * 2e-3 < 2
