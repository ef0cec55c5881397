"""The HTML page and the notebook view: how large they are, how fast they are written."""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians, seconds
from sklime import Explanation
from sklime.tables.conditions import TableConditions

N_ROWS, N_COLUMNS, ROUNDS = 1000, 30, 5


def measure():
    many = explanation(N_ROWS)
    one = len(many[0].to_html().encode())
    all_rows = len(many.to_html().encode())
    notebook = len(many._repr_html_().encode())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        (written,) = interleaved_medians(
            lambda: seconds(lambda: file.write_text(many.to_html(), encoding="utf-8")),
            rounds=ROUNDS,
        )
    rows = f"{N_ROWS:,} rows x {N_COLUMNS} features with error bars"
    return [
        Line("HTML page of one row", "under 60 kB", f"{one / 1e3:.0f} kB", one < 60e3),
        Line(
            f"HTML page of {rows}",
            "under 2 MB",
            f"{all_rows / 1e6:.2f} MB",
            all_rows < 2e6,
        ),
        Line("the same, written", "under 1 s", f"{written:.2f} s", written < 1.0),
        Line(
            "notebook view of the same",
            "under 20 kB",
            f"{notebook / 1e3:.0f} kB",
            notebook < 20e3,
        ),
    ]


def explanation(n_rows):
    """Random attributions, with conditions as long as those of real tables."""
    rng = np.random.default_rng(0)
    shape = n_rows, N_COLUMNS
    names = [f"worst fractal dimension {j}" for j in range(N_COLUMNS)]
    edges = ["<= 0.1234", "in (0.1234, 0.5678]", "in (0.5678, 0.9012]", "> 0.9012"]
    return Explanation(
        rng.normal(size=shape),
        intercepts=rng.random(n_rows),
        predictions=rng.random(n_rows),
        local_predictions=rng.random(n_rows),
        scores=rng.random(n_rows),
        effective_sample_sizes=rng.uniform(500, 4096, n_rows),
        support=rng.uniform(5, 500, shape),
        data=rng.lognormal(size=shape),
        feature_names=names,
        target_names=["malignant"] * n_rows,
        conditions=TableConditions(
            rng.integers(0, 4, shape),
            [[f"{name} {edge}" for edge in edges] for name in names],
        ),
        meta={"method": "sampling"},
        standard_errors=rng.uniform(0.01, 0.1, shape),
    )


if __name__ == "__main__":
    print(table(measure()))
