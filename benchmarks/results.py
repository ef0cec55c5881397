"""Results of benchmarks as JSON, for programs, and as Markdown, for people."""

import json
import os
import platform
from dataclasses import asdict
from importlib.metadata import version

from benchmarks.report import PACKAGES, machine, processor, table


class Results:
    """The lines of benchmarks, by the benchmark that gave them."""

    def __init__(self):
        self.lines = {}

    def add(self, benchmark, lines):
        self.lines[benchmark] = list(lines)

    def to_markdown(self):
        lines = [line for own in self.lines.values() for line in own]
        return f"{machine()}\n\n{table(lines)}\n"

    def to_json(self):
        content = {
            "machine": {
                "processor": processor(),
                "cores": os.cpu_count(),
                "system": platform.system(),
            },
            "versions": {
                "python": platform.python_version(),
                "sklime": version("sklime"),
                **{name: version(name) for name in PACKAGES},
            },
            "lines": [
                {"benchmark": benchmark, **asdict(line), "kept": bool(line.kept)}
                for benchmark, own in self.lines.items()
                for line in own
            ],
        }
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
