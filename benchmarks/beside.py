"""The time of whole tables at two checkouts, in alternation.

    python -m benchmarks.beside OTHER_CHECKOUT

runs each job in a process of its own, here and there by turns, and prints the ratio of the
medians: how much longer this checkout takes than the other.
"""

import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import gettempdir
from time import perf_counter

import numpy as np

from benchmarks.models import logistic_regression, random_forest
from benchmarks.report import Line, table
from sklime import LimeExplainer
from sklime.samplers import GaussianSampler
from sklime.selectors import ForwardSelection

HERE = Path(__file__).parents[1]
ROUNDS = 5
REPEATS = 3
MOST = 1.05


def sampled(model, X_train, X, **params):
    explainer = LimeExplainer(model, method="sampling", n_samples=5000, random_state=0)
    explainer.set_params(**params)
    return lambda: explainer.fit(X_train).transform(X)


def exact():
    model, X_train, X = random_forest()
    explainer = LimeExplainer(model.classifier, method="exact")
    rows = np.tile(X, (2, 1))
    return lambda: explainer.fit(X_train).transform(rows)


def around_rows():
    model, X_train, X = random_forest()
    return sampled(model, X_train, X[:20], sampler=GaussianSampler(center="instance"))


JOBS = {
    "30 columns, forest, 1,000 rows": lambda: sampled(*random_forest()),
    "the same, 5 features kept": lambda: sampled(
        *random_forest(), selector=ForwardSelection(k=5)
    ),
    "100 columns, linear, 300 rows": lambda: sampled(*logistic_regression(100)),
    "exact forest, 2,000 rows": exact,
    "draws around each of 20 rows": around_rows,
}


def measure(other):
    return [line(job, other) for job in JOBS]


def line(job, other):
    rounds = [(seconds(job, HERE), seconds(job, other)) for _ in range(ROUNDS)]
    here, there = (median(times) for times in zip(*rounds, strict=True))
    return Line(
        job,
        f"at most {MOST:.2f} of the other's time",
        f"{here / there:.3f}: {here:.3f} over {there:.3f} s",
        here <= MOST * there,
    )


def seconds(job, checkout):
    """The best of a few runs of a job in a new process, with the code of a checkout."""
    # The package of that checkout, and the jobs of this one.
    code = (
        f"import sys; sys.path.insert(0, {str(checkout)!r}); import sklime; "
        f"sys.path.insert(0, {str(HERE)!r}); from benchmarks import beside; "
        f"print(beside.once({job!r}))"
    )
    command = [sys.executable, "-c", code]
    process = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=gettempdir()
    )
    return float(process.stdout)


def once(job):
    run = JOBS[job]()
    times = []
    for _ in range(REPEATS):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    print(table(measure(Path(sys.argv[1]).resolve())))
