"""Results of benchmarks in files."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import history
from benchmarks.report import Line
from benchmarks.results import Results

pytest.importorskip("lime")
ROOT = Path(__file__).parents[1]
LINES = [Line("time", "1 s", "0.5 s", True), Line("memory", "1 MB", "2 MB", False)]


def run(*arguments):
    command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_json_holds_every_line_with_its_benchmark():
    results = Results()
    results.add("speed", LINES[:1])
    results.add("size", LINES[1:])
    found = json.loads(results.to_json())
    assert [line["benchmark"] for line in found["lines"]] == ["speed", "size"]
    assert found["lines"][1] == {
        "benchmark": "size",
        "what": "memory",
        "required": "1 MB",
        "measured": "2 MB",
        "kept": False,
    }
    assert found["versions"]["python"] == sys.version.split()[0]
    assert "| memory | 1 MB | 2 MB | **missed** |" in results.to_markdown()


def test_a_benchmark_writes_both_files(tmp_path):
    done = run(
        "imports", "--json", tmp_path / "own.json", "--markdown", tmp_path / "own.md"
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "own.json").read_text())
    assert {line["benchmark"] for line in found["lines"]} == {"imports"}
    text = (tmp_path / "own.md").read_text()
    assert all(line["measured"] in text for line in found["lines"])
    assert text.strip() == done.stdout.strip()


def test_an_unknown_benchmark_is_told():
    done = run("sped")
    assert done.returncode == 2
    assert "sped is no benchmark: choose from throughput, " in done.stderr


def test_figures_are_stored_under_their_commit(tmp_path, monkeypatch):
    def git(*arguments):
        own = "-c", "user.name=a", "-c", "user.email=a@b.c"
        done = subprocess.run(
            ["git", *own, *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    (tmp_path / "sklime").mkdir()
    code = tmp_path / "sklime" / "code.py"
    file = tmp_path / "benchmarks" / "history.csv"
    file.parent.mkdir()
    monkeypatch.setattr(history, "FILE", file)
    with pytest.raises(RuntimeError, match="history needs a git checkout"):
        history.store(LINES, file)
    git("init", "--quiet")
    commits = []
    for number in range(3):
        code.write_text(f"{number}")
        if number:
            with pytest.raises(RuntimeError, match=r"commit first: .* sklime/code.py"):
                history.store(LINES, file)
        git("add", "sklime")
        git("commit", "--quiet", "--message", "a")
        commits.append(git("log", "-1", "--format=%h"))
        told = f"{1.5 + number} s", f"1,00{number} rows", "no number"
        names = "time", "the same, of rows", "memory"
        lines = [Line(*own, True) for own in zip(names, told, told, strict=True)]
        history.store(lines, file)
    stored = pd.read_csv(file, dtype={"commit": str})
    assert stored["commit"].tolist() == [own for own in commits for _ in range(2)]
    assert stored["what"].tolist() == ["time", "time; the same, of rows"] * 3
    assert stored["figure"].tolist() == [1.5, 1000, 2.5, 1001, 3.5, 1002]
    found = history.over_commits(stored)
    assert found["times"].tolist() == [3, 3]
    assert found["last three"].tolist() == ["1.5, 2.5, 3.5", "1000, 1001, 1002"]
    assert found["last over median before"].tolist() == [3.5 / 2, 1002 / 1000.5]
    assert found["last at"].tolist() == [commits[-1]] * 2


def test_the_history_is_printed():
    command = [sys.executable, "-m", "benchmarks.history", "rows per second", "forest"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    [header, _, *rows] = done.stdout.splitlines()
    assert header.startswith("| what | times | median | last at | last three |")
    assert rows and all("forest" in row and "rows per second" in row for row in rows)
