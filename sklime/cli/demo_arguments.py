"""Arguments of ``sklime demo``, which runs without the extra [cli]."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

_OTHERS = "explain", "report", "inspect"


def run_demo(arguments: Sequence[str], missing: Sequence[str]) -> None:
    """Run the demo; other commands end with an error that names the extra.

    Parameters
    ----------
    arguments : sequence of str
        Arguments of the process.
    missing : sequence of str
        Packages of the extra that are not installed.
    """
    if arguments and arguments[0] in _OTHERS:
        print(
            f"sklime {arguments[0]} needs {', '.join(missing)}: pip install 'sklime[cli]'. "
            "Without them there is only `sklime demo`.",
            file=sys.stderr,
        )
        sys.exit(2)
    own = _parser().parse_args(arguments)
    from sklime.cli.demo import demo

    demo(own.output, own.report)


def new_file(name: str) -> Path:
    """Path of a file to write, checked for its folder before any work."""
    path = Path(name)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(
            f"{name!r} lies in a folder that does not exist: "
            f"create {str(path.parent)!r} first, or name another"
        )
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{name!r} is a folder: name a file in it")
    return path


def _parser():
    parser = argparse.ArgumentParser(
        prog="sklime",
        description="Explain the predictions of any model with LIME, whole tables at once.",
        epilog="explain, report, inspect: with the extra, pip install 'sklime[cli]'.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo", help="explain a random forest on scikit-learn's breast-cancer table"
    )
    demo.add_argument(
        "--output",
        type=new_file,
        default="attributions.csv",
        metavar="FILE",
        help="where the attributions of all test rows go (default: %(default)s)",
    )
    demo.add_argument(
        "--report",
        type=new_file,
        default="report.html",
        metavar="FILE",
        help="where the page with all explanations goes (default: %(default)s)",
    )
    return parser
