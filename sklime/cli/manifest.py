"""Manifest of a run: what its parts were computed from, by hashes of files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sklime.version import __version__

# Their numerics are in the last bits of what is written.
_PACKAGES = ("numpy", "pyarrow", "scikit-learn", "scipy")


def key_of_run(files: Mapping[str, Path | None], parameters: Mapping[str, Any]) -> Any:
    """What two runs have in common if their parts may stand in one table.

    Files are hashed, and never objects: two pickles of one forest differ between
    processes.

    Parameters
    ----------
    files : dict
        The files that are read, by what they are; None: there is no such file.
    parameters : dict
        All options that change what is written.

    Returns
    -------
    dict
        JSON.
    """
    key = {
        "files": {name: _hash_of(path) for name, path in files.items()},
        "parameters": dict(parameters),
        "versions": {"sklime": __version__} | {name: version(name) for name in _PACKAGES},
    }
    return json.loads(json.dumps(key))


def differences(one: Any, other: Any) -> list[str]:
    """Names of what differs between the keys of two runs, of which one may be damaged."""
    return [
        name
        for group in ("files", "parameters", "versions")
        for name in sorted({*_group(one, group), *_group(other, group)})
        if _group(one, group).get(name) != _group(other, group).get(name)
    ]


def _group(key, name):
    group = key.get(name) if isinstance(key, dict) else None
    return group if isinstance(group, dict) else {}


def _hash_of(path):
    if path is None:
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
