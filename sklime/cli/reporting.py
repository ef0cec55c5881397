"""``sklime report``: a page of explanations of some rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sklime.cli.exits import CommandError, Exit
from sklime.cli.parts import written
from sklime.cli.prepared import Prepared, ended_by
from sklime.explainer.pieces import explain_apart
from sklime.explanation import Explanation
from sklime.serialization.whole_file import write_whole
from sklime.tables.access import n_rows, take_rows


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
        if path.is_dir():
            raise CommandError(Exit.NOT_WRITTEN, f"{path} is a folder: name a file in it.")
        # Whether a new file can stand beside it, which is what happens in the end.
        write_whole(path.with_name(f"{path.name}.trial"), lambda _: None)
        path.with_name(f"{path.name}.trial").unlink()


def write_report(
    prepared: Prepared, path: Path, height: int, seed: int, skip_failed: bool = False
) -> Any:
    """Explain all rows, or a seeded sample of them, and write a page.

    Parameters
    ----------
    prepared : Prepared
    path : Path
    height : int
        Rows on the page at most.
    seed : int
    skip_failed : bool, default=False
        Whether rows that cannot be explained are left out, which is noted.

    Returns
    -------
    Explanation
    """
    if not prepared.data.n_rows:
        raise CommandError(Exit.DATA, f"{prepared.data.path} has no rows to report on.")
    rows = prepared.frame(prepared.data.sample(height, seed, prepared.read_columns))
    try:
        explanation = _explanation(prepared, rows, skip_failed)
    except Exception as error:
        raise ended_by(error) from error
    page = explanation.to_html().encode("utf-8")
    with written(path):
        write_whole(path, lambda file: file.write(page))
    return explanation


def _explanation(prepared, rows, skip_failed):
    explain = prepared.explainer.explain
    try:
        return explain(rows)
    except Exception as error:
        if not skip_failed:
            raise

        def attempt(part):
            return explain(take_rows(rows, part))

        parts = list(explain_apart(attempt, slice(0, n_rows(rows)), error))
        sound = [found for _, found, own in parts if own is None]
        if not sound:
            raise
        explanation = Explanation.concat(sound)
        prepared.notes.append(
            f"the page leaves out {n_rows(rows) - len(explanation)} row(s) that could not "
            "be explained."
        )
        return explanation
