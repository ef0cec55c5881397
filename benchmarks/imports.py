"""What importing the explainer adds to scikit-learn, which its users load anyway."""

import compileall
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

import sklime
from benchmarks.report import Line, table

LIMIT_MS = 60
HEAVY = ("matplotlib", "skimage")
ROUNDS = 11
SCRIPT = f"""
import json, sys
from time import perf_counter
import sklearn.ensemble, sklearn.linear_model, sklearn.model_selection
start = perf_counter()
from sklime import LimeExplainer
milliseconds = (perf_counter() - start) * 1e3
print(json.dumps([milliseconds, [name for name in {HEAVY} if name in sys.modules]]))
"""


def measure():
    # As an installer does; a checkout may forbid Python to write what it compiles.
    compileall.compile_dir(Path(sklime.__file__).parent, quiet=1)
    runs = [import_once() for _ in range(ROUNDS)]
    median = np.median([milliseconds for milliseconds, _ in runs])
    loaded = runs[0][1]
    return [
        Line(
            "`from sklime import LimeExplainer` beyond scikit-learn's modules",
            f"at most {LIMIT_MS} ms, no {' or '.join(HEAVY)}",
            f"{median:.0f} ms, {' and '.join(loaded) or 'neither'} loaded",
            median <= LIMIT_MS and not loaded,
        )
    ]


def import_once():
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True
    )
    return json.loads(process.stdout)


if __name__ == "__main__":
    print(table(measure()))
