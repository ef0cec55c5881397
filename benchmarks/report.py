"""The lines of the report, as a Markdown table under a description of the machine."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("lime", "shap", "numpy", "scipy", "scikit-learn", "pandas")


@dataclass(frozen=True)
class Line:
    """One promise and what was measured."""

    what: str
    required: str
    measured: str
    kept: bool


def table(lines):
    """The lines as a Markdown table."""
    return markdown(
        ("what", "required", "measured", "verdict"),
        (
            (line.what, line.required, line.measured, "kept" if line.kept else "**missed**")
            for line in lines
        ),
    )


def markdown(header, rows):
    """A Markdown table of strings."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine():
    """One paragraph on what the figures were measured with."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{processor()}, {os.cpu_count()} cores, {platform.system()}; "
        f"Python {platform.python_version()}, {packages}; BLAS and OpenMP on one thread."
    )


def processor():
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
