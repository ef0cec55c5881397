"""Peak memory of one large ``transform``, above its input and its output.

It runs in a process of its own, as the operating system reports the peak since the start.
"""

import resource
import subprocess
import sys

import numpy as np
import psutil

from benchmarks.models import logistic_regression
from benchmarks.report import Line, table
from sklime import LimeExplainer

N_ROWS, N_COLUMNS = 200_000, 30
LIMIT_MB = 400


def measure():
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", "--once"],
        check=True,
        capture_output=True,
        text=True,
    )
    megabytes = float(process.stdout)
    return [
        Line(
            f"`transform` of {N_ROWS:,} rows x {N_COLUMNS} columns: peak memory above "
            "input and output",
            f"under {LIMIT_MB} MB",
            f"{megabytes:.0f} MB",
            megabytes < LIMIT_MB,
        )
    ]


def peak_megabytes():
    model, X_train, X = logistic_regression(N_COLUMNS)
    explainer = LimeExplainer(model, method="sampling", random_state=0).fit(X_train)
    large = np.resize(X, (N_ROWS, N_COLUMNS))
    before = psutil.Process().memory_info().rss
    attributions = explainer.transform(large)
    # A higher peak in fit would be counted too: the figure can only be too high.
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return (peak - before - attributions.nbytes) / 1e6


if __name__ == "__main__":
    print(peak_megabytes() if "--once" in sys.argv else table(measure()))
