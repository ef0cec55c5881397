"""Run benchmarks, print one table, and write it to files.

python -m benchmarks
python -m benchmarks throughput exactness --json results.json --markdown results.md
python -m benchmarks throughput --history
"""

import argparse
from importlib import import_module
from pathlib import Path

from benchmarks.history import checked_out, store
from benchmarks.results import Results

NAMES = (
    "throughput",
    "exactness",
    "probabilities",
    "kernel_machines",
    "interactions",
    "woodelf",
    "agreement",
    "families",
    "variance",
    "overlap",
    "coverage",
    "adaptive",
    "narrow",
    "local",
    "rare_values",
    "shapley",
    "sampled_shapley",
    "sampled_interactions",
    "growth",
    "wide",
    "jobs",
    "worker_state",
    "ames",
    "rankings",
    "anchors",
    "metrics",
    "fooling",
    "faithfulness",
    "trust",
    "first_day",
    "texts",
    "images",
    "gallery",
    "picking",
    "remote",
    "html_page",
    "latency",
    "memory",
    "command_line",
    "imports",
)


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Run benchmarks."
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="which; all without a name"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="results as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="the table")
    parser.add_argument(
        "--history", action="store_true", help="add the figures to history.csv"
    )
    own = parser.parse_args()
    unknown = sorted(set(own.names) - set(NAMES))
    if unknown:
        parser.error(f"{unknown[0]} is no benchmark: choose from {', '.join(NAMES)}")
    if own.history:
        # Before anything is measured in vain.
        checked_out()
    results = Results()
    for name in own.names or NAMES:
        results.add(name, import_module(f"benchmarks.{name}").measure())
        if own.history:
            store(results.lines[name])
        # After each: what was measured stays when the next one is stopped.
        if own.json is not None:
            own.json.write_text(results.to_json(), encoding="utf-8")
        if own.markdown is not None:
            own.markdown.write_text(results.to_markdown(), encoding="utf-8")
    print(results.to_markdown())


if __name__ == "__main__":
    main()
