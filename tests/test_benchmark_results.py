"""Results of benchmarks in files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

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
