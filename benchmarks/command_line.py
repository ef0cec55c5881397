"""The command line: a forest explained from Parquet to Parquet, and ``sklime --help``.

Each command runs in a process of its own, whose peak memory the operating system tells.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import skops.io
from sklearn.ensemble import RandomForestClassifier

from benchmarks.report import Line, table

N_COLUMNS = 30
NAMES = [f"x{j}" for j in range(N_COLUMNS)]
LIMIT_SECONDS, LIMIT_MB, LIMIT_HELP = 25, 400, 0.3
SLACK = 1.05  # of the peak of three times as many rows


def measure():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, trust = write_forest(folder)
        runs = {}
        # The first compiles modules that an installation has compiled.
        for n_rows in (100_000, 1_000_000, 3_000_000):
            data = folder / f"{n_rows}.parquet"
            write_rows(data, n_rows)
            own = "explain", model, data, "-o", folder / "out.parquet", "--keep", "id"
            runs[n_rows] = run(*own, *trust, "-j", "2", "--quiet")
            data.unlink()
    _, (seconds, processor, peak), (_, _, larger) = runs.values()
    help_seconds = min(run("--help")[0] for _ in range(5))
    what = "1,000,000 rows x 30 columns, exact forest of 2,000 splits, Parquet to Parquet"
    return [
        Line(
            f"`sklime explain -j 2`: {what}",
            f"{LIMIT_SECONDS} s",
            f"{seconds:.1f} s, {processor:.1f} s of processor time",
            seconds <= LIMIT_SECONDS,
        ),
        Line(
            "the same: peak memory of the process, for 1,000,000 and 3,000,000 rows",
            f"{LIMIT_MB} MB, the same peak",
            f"{peak:.0f} and {larger:.0f} MB",
            max(peak, larger) <= LIMIT_MB and larger <= SLACK * peak,
        ),
        Line(
            "`sklime --help`",
            f"{LIMIT_HELP} s",
            f"{help_seconds:.2f} s",
            help_seconds <= LIMIT_HELP,
        ),
    ]


def write_forest(folder):
    """A forest of 100 trees with 20 splits each, and the options that trust it."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(5000, N_COLUMNS)), columns=NAMES)
    y = X["x0"] + X["x1"] * X["x2"] > 0
    forest = RandomForestClassifier(100, max_leaf_nodes=21, random_state=0).fit(X, y)
    path = folder / "forest.skops"
    skops.io.dump(forest, path)
    untrusted = skops.io.get_untrusted_types(file=path)
    return path, [part for name in untrusted for part in ("--trust", name)]


def write_rows(path, n_rows, height=100_000):
    """A table of random rows with a key."""
    rng = np.random.default_rng(1)
    schema = pa.schema([("id", pa.int64()), *((name, pa.float64()) for name in NAMES)])
    with pa.parquet.ParquetWriter(path, schema) as writer:
        for start in range(0, n_rows, height):
            keys = np.arange(start, start + height)
            columns = [keys, *rng.normal(size=(N_COLUMNS, height))]
            writer.write_table(pa.table(columns, schema=schema))


# A process that is started has at least the peak of the one that starts it: a small one.
STARTER = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - start
print(json.dumps([status, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]))
"""


def run(*arguments):
    """Seconds, processor seconds and peak megabytes of a command."""
    command = [sys.executable, "-m", "sklime", *map(str, arguments)]
    own = [sys.executable, "-c", STARTER, *command]
    # Modules stay compiled, as they are where packages are installed.
    compiled = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(own, check=True, stdout=subprocess.PIPE, text=True, env=compiled)
    status, seconds, processor, peak = json.loads(done.stdout)
    if status:
        raise RuntimeError(f"sklime {arguments[0]} ended with {status}")
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, processor, peak * unit / 1e6


if __name__ == "__main__":
    print(table(measure()))
