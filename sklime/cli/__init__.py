"""The command line: ``sklime`` and ``python -m sklime``, one program."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.util import find_spec

__all__ = ["main"]

# What the extra [cli] brings; the demo does without.
_EXTRA = ("typer", "rich", "pyarrow", "skops")


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command of ``sklime``.

    Parameters
    ----------
    argv : sequence of str, default=None
        The arguments; None takes those of the process.

    Raises
    ------
    SystemExit
        With the exit code, unless all went well: 2 if the arguments do not make sense.

    Examples
    --------
    >>> from sklime.cli import main
    >>> main(["demo", "--output", "attributions.csv"])  # doctest: +SKIP
    """
    from sklime.cli.demo_arguments import run_demo

    arguments = list(sys.argv[1:] if argv is None else argv)
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if arguments[:1] == ["demo"] or missing:
        run_demo(arguments, missing)
        return
    from sklime.cli.app import app

    run = _with_json if "--json" in arguments else app
    sys.exit(run(arguments, prog_name="sklime"))


def _with_json(arguments, prog_name):
    """Run a command that tells JSON, also of arguments that make no sense."""
    import typer

    from sklime.cli.app import app

    # UsageError, which lies in one module or another by typer's version.
    wrong_arguments = typer.BadParameter.__base__
    try:
        return app(arguments, prog_name=prog_name, standalone_mode=False)
    except wrong_arguments as error:
        error.show()
        print(json.dumps({"exit_code": error.exit_code, "error": error.format_message()}))
        return error.exit_code
