"""The gallery's examples: processor time of each, and steps that keep silent for long.

    python -m benchmarks.gallery

prints a line for each example. Each runs in a process of its own, imports included, all of
its explainers with ``verbose=1``, so that what takes long has to show a bar.
"""

import json
import os
import subprocess
import sys
from contextlib import redirect_stderr
from functools import wraps
from inspect import unwrap
from io import StringIO
from pathlib import Path
from time import process_time

from benchmarks.report import Line, table

LIMIT = 15.0
SILENCE = 2.0
STEPS = ("fit", "transform", "explain", "score")
ROOT = Path(__file__).parents[1]
GALLERY = ROOT / "docs" / "examples"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def measure():
    """One line about all examples."""
    every = examples()
    slowest = max(every, key=lambda name: every[name]["seconds"])
    times = sorted(own["seconds"] for own in every.values())
    silent = [name for name in every if every[name]["silent"]]
    return [
        Line(
            f"{len(every)} examples of the gallery, on one core: processor time, imports "
            "included",
            f"at most {LIMIT:.0f} s each, a bar in each step over {SILENCE:.0f} s",
            f"{times[0]:.1f} to {times[-1]:.1f} s ({slowest}), "
            f"{len(silent) or 'none'} with a step in silence",
            times[-1] <= LIMIT and not silent,
        )
    ]


def line_by_line():
    """A line about each example, the slowest first."""
    every = sorted(examples().items(), key=lambda item: -item[1]["seconds"])
    for name, own in every:
        step, seconds = own["longest"]
        told = ", ".join(own["silent"]) or "none"
        yield Line(
            name,
            f"at most {LIMIT:.0f} s, a bar in each step over {SILENCE:.0f} s",
            f"{own['seconds']:.1f} s; longest step `{step}`, {seconds:.1f} s; in silence: "
            f"{told}",
            own["seconds"] <= LIMIT and not own["silent"],
        )


def examples():
    """What `run` says of each example, by name."""
    every = {}
    for path in sorted(GALLERY.rglob("plot_*.py")):
        command = [sys.executable, "-m", "benchmarks.gallery", str(path)]
        own = {"cwd": ROOT, "env": {**os.environ, **ONE_THREAD}, "stdout": subprocess.PIPE}
        ran = subprocess.run(command, check=True, text=True, **own)
        every[path.stem] = json.loads(ran.stdout.splitlines()[-1])
    return every


def run(path):
    """Processor seconds of one example, its longest step, and its silent long steps."""
    import runpy
    import warnings

    import matplotlib as mpl

    from sklime import LimeExplainer

    mpl.use("Agg")
    steps = []
    unwrap(LimeExplainer.__init__).__kwdefaults__["verbose"] = 1
    for name in STEPS:
        setattr(LimeExplainer, name, watched(getattr(LimeExplainer, name), steps))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runpy.run_path(path, run_name="__main__")
    return {
        "seconds": process_time(),
        "longest": max(((name, t) for name, t, _ in steps), key=lambda step: step[1]),
        "silent": [name for name, t, bar in steps if t > SILENCE and not bar],
    }


def watched(method, steps):
    """The method, which notes its name, processor seconds, and whether it showed a bar."""

    @wraps(method)
    def step(*args, **options):
        told, start = StringIO(), process_time()
        with redirect_stderr(told):
            result = method(*args, **options)
        # What tqdm draws between its per cent and its count.
        steps.append((method.__name__, process_time() - start, "|" in told.getvalue()))
        return result

    return step


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(run(sys.argv[1])))
    else:
        print(table(line_by_line()))
