"""The program, run here or in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from sklime.cli.app import app

ROOT = Path(__file__).parents[2]


def run(*arguments, charset="utf-8"):
    """Run a command in this process, whose terminal has these characters."""
    return CliRunner(charset=charset).invoke(app, [str(own) for own in arguments])


def start(*arguments, **options):
    """Start a command in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "sklime", *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
