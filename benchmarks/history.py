"""Figures of benchmarks over commits: stored beside the code, and compared.

``python -m benchmarks throughput --history`` adds what it measures to ``history.csv``;
``python -m benchmarks.history`` prints how each figure went, ``python -m benchmarks.history
forest`` those whose name contains a word.
"""

import argparse
import csv
import re
import subprocess
from pathlib import Path

import pandas as pd

from benchmarks.report import markdown, processor

FILE = Path(__file__).with_name("history.csv")
HEADER = ("commit", "date", "processor", "what", "figure")


def figures(lines):
    """Each line's name and the first number of what it measured, where there is one.

    Lines about "the same" are named after the line before them.
    """
    subject = ""
    for line in lines:
        same = line.what.startswith("the same")
        subject = subject if same else line.what
        number = re.match(r"-?[\d,]*\.?\d+(e[-+]?\d+)?", line.measured)
        if number is not None:
            name = f"{subject}; {line.what}" if same else line.what
            yield name, float(number[0].replace(",", ""))


def checked_out():
    """The commit that is checked out, and its date.

    Raises
    ------
    RuntimeError
        If files of the package differ from it: figures would not be its own.
    """
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "sklime")
    if changed:
        raise RuntimeError(f"history takes figures of commits; commit first: {changed}")
    return _git("log", "-1", "--format=%h %as").split()


def store(lines, path=FILE):
    """Add the figures of lines to a file, under the commit that is checked out."""
    commit, date = checked_out()
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(HEADER)
        for what, figure in figures(lines):
            writer.writerow((commit, date, processor(), what, f"{figure:.6g}"))


def over_commits(table):
    """How each figure went: when it was measured last, and its latest three values.

    Parameters
    ----------
    table : DataFrame
        As stored, the oldest first.

    Returns
    -------
    DataFrame
        A row for each figure: how often it was measured, its median, the commit of the last
        one, the last three, and the last over the median of those before.
    """
    rows = []
    for what, own in table.groupby("what", sort=False):
        values = own["figure"]
        before = values.iloc[:-1].median()
        rows.append(
            {
                "what": what,
                "times": len(own),
                "median": values.median(),
                "last at": own["commit"].iloc[-1],
                "last three": ", ".join(f"{value:g}" for value in values.iloc[-3:]),
                "last over median before": values.iloc[-1] / before if before else None,
            }
        )
    return pd.DataFrame(rows)


def _git(*arguments):
    command = ["git", *arguments]
    run = subprocess.run(command, cwd=FILE.parents[1], capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"history needs a git checkout: {run.stderr.strip()}")
    return run.stdout.strip()


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.history", description="Figures over commits."
    )
    parser.add_argument("words", nargs="*", help="those whose names contain all of them")
    own = parser.parse_args()
    found = over_commits(pd.read_csv(FILE, dtype={"commit": str}))
    for word in own.words:
        found = found[found["what"].str.contains(word, case=False, regex=False)]
    cells = (
        ["" if pd.isna(own) else _text(own) for own in row] for row in found.to_numpy()
    )
    print(markdown(list(found), cells))


def _text(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
