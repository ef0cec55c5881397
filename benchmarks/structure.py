"""The size and shape of the code: flat modules, lines without docstrings."""

import ast
from pathlib import Path

from benchmarks.report import Line, table

PACKAGE = Path(__file__).parents[1] / "sklime"
MOST_FLAT = 12
MOST_LINES = 12_400


def measure():
    flat = sum(1 for _ in PACKAGE.glob("*.py"))
    lines = sum(map(lines_without_docstrings, PACKAGE.rglob("*.py")))
    return [
        Line("flat modules", f"at most {MOST_FLAT}", f"{flat}", flat <= MOST_FLAT),
        Line(
            "lines without docstrings, blank lines counted",
            f"at most {MOST_LINES:,}",
            f"{lines:,}",
            lines <= MOST_LINES,
        ),
    ]


def lines_without_docstrings(path):
    """Lines of a module that are in no docstring."""
    text = path.read_text("utf-8")
    documented = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef
    docstrings = 0
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False):
            docstrings += node.body[0].end_lineno - node.body[0].lineno + 1
    return len(text.splitlines()) - docstrings


if __name__ == "__main__":
    print(table(measure()))
