"""The README's Python blocks run as doctests; here, that no block escapes."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language):
    return [code for name, code in BLOCK.findall(README.read_text()) if name == language]


def test_every_block_is_python_or_a_command():
    assert {name for name, _ in BLOCK.findall(README.read_text())} == {"python", "bash"}


def test_every_python_block_is_a_doctest_that_runs():
    for code in blocks("python"):
        assert code.startswith(">>> ")
        assert "+SKIP" not in code


def test_the_commands_are_two_single_lines_that_make_their_own_environment():
    demo, tests = (code.removesuffix("\n") for code in blocks("bash"))
    for command, module in [(demo, "sklime demo"), (tests, "pytest")]:
        # .ci/run finds the commands it runs by this form.
        assert re.fullmatch(rf"python3 -m venv \.venv && .* -m {module}", command)
