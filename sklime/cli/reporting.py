"""``sklime report``: a page of explanations of some rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sklime.cli.exits import CommandError, Exit
from sklime.cli.parts import written
from sklime.cli.prepared import Prepared, ended_by
from sklime.serialization.whole_file import write_whole


def check_report(path: Path | None) -> None:
    """Check that a page can be written, before any work.

    Raises
    ------
    CommandError
        If it cannot.
    """
    if path is None:
        return
    if path.suffix.lower() != ".html":
        raise CommandError(Exit.USAGE, f"{path} must end in .html.")
    with written(path):
        # Whether a new file can stand beside it, which is what happens in the end.
        write_whole(path.with_name(f"{path.name}.trial"), lambda _: None)
        path.with_name(f"{path.name}.trial").unlink()


def write_report(prepared: Prepared, path: Path, n_rows: int, seed: int) -> Any:
    """Explain all rows, or a seeded sample of them, and write a page.

    Returns
    -------
    Explanation
    """
    if not prepared.data.n_rows:
        raise CommandError(Exit.DATA, f"{prepared.data.path} has no rows to report on.")
    rows = prepared.data.sample(n_rows, seed, prepared.read_columns)
    try:
        explanation = prepared.explainer.explain(prepared.frame(rows))
    except Exception as error:
        raise ended_by(error) from error
    page = explanation.to_html().encode("utf-8")
    with written(path):
        write_whole(path, lambda file: file.write(page))
    return explanation
