"""``sklime inspect``: what a model file says of itself, without loading what could run."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import pickletools
import zipfile
import zlib
from pathlib import Path
from typing import Any

from sklime.cli import models
from sklime.cli.exits import CommandError, Exit
from sklime.cli.models import WHAT_A_PICKLE_IS, load_model, loader_of

# Enough of a pickle to see what it is made of.
_MOST_OF_A_PICKLE = 64 << 20


def inspect_model(path: Path) -> dict[str, Any]:
    """Tell what a model file holds.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        `kind` of file, `type` of the model, `untrusted_types`, `outputs` and `columns`
        (None where the file does not tell), and `note`, a sentence.
    """
    load = loader_of(path)
    if load is models._load_skops:
        try:
            return _of_skops(path)
        except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
            raise CommandError(
                Exit.USAGE,
                f"{path} cannot be read as a model: {type(error).__name__}: {error}",
            ) from error
    if load is models._load_pickle:
        return _of_pickle(path)
    # Files of these kinds hold numbers only, which their libraries read.
    return _of_numbers(path, load_model(path))


def _of_skops(path):
    from sklime.persistence.checks import TREE, UNCHECKED
    from sklime.persistence.reading import untrusted_types

    untrusted = untrusted_types(path.read_bytes())
    with zipfile.ZipFile(path) as file:
        root = json.loads(file.read("schema.json"))
        reader = _Schema(file, root)
        outputs, columns = reader.find("classes_"), reader.find("feature_names_in_")
        width = reader.find("n_features_in_")
        if reader.class_names.intersection(UNCHECKED):
            untrusted.append(TREE)
    return {
        "kind": "skops",
        "type": f"{root.get('__module__')}.{root.get('__class__')}",
        "untrusted_types": untrusted,
        "outputs": outputs,
        "columns": columns,
        "n_columns": len(columns) if columns is not None else width,
        "note": "give --trust TYPE for each untrusted type that you trust."
        if untrusted
        else "all types are known to be safe; indices of trees and sparse matrices are "
        "checked when it is loaded.",
    }


class _Schema:
    """Schema of a skops file: its values are read, and none of its types is made."""

    def __init__(self, file, root):
        self._file, self._root = file, root

    @property
    def class_names(self):
        """Names of the classes of all objects in the file."""
        found, waiting = set(), [self._root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                found.add(str(node.get("__class__")))
                waiting.extend(node.values())
            elif isinstance(node, list):
                waiting.extend(node)
        return found

    def find(self, name):
        """An attribute of the outermost object that has it, or None."""
        level = [self._root]
        while level:
            below = []
            for node in level:
                found = self._attributes(node)
                if name in found:
                    value = self._value(found[name])
                    if value is not None:
                        return value
                below += [own for own in found.values() if isinstance(own, dict)]
            level = below
        return None

    @staticmethod
    def _attributes(node):
        content = node.get("content")
        if isinstance(content, dict) and node.get("__loader__") == "ObjectNode":
            content = content.get("content")
        if isinstance(content, dict):
            return content
        if isinstance(content, list):
            return dict(enumerate(content))
        return {}

    def _value(self, node):
        import numpy as np

        if not isinstance(node, dict):
            return node
        content = node.get("content")
        if node.get("__loader__") == "JsonNode":
            return json.loads(content)
        if node.get("type") == "numpy" and node.get("file"):
            with self._file.open(node["file"]) as file:
                return np.lib.format.read_array(file, allow_pickle=False).tolist()
        if isinstance(content, list):
            return [self._value(own) for own in content]
        return self._value(content) if isinstance(content, dict) else None


def _of_pickle(path):
    found, whole = set(), True
    try:
        strings = []
        for opcode, value, _ in pickletools.genops(_uncompressed(path)):
            if opcode.name == "GLOBAL":
                found.add(str(value).replace(" ", "."))
            elif opcode.name == "STACK_GLOBAL" and len(strings) > 1:
                found.add(".".join(strings[-2:]))
            elif isinstance(value, str):
                strings.append(value)
    except Exception:
        # joblib writes arrays between the commands of a pickle.
        whole = False
    note = f"it {WHAT_A_PICKLE_IS}."
    if not whole:
        note += " Only the types in front of its first array are listed."
    return {
        "kind": "pickle",
        "type": None,
        "untrusted_types": sorted(found),
        "outputs": None,
        "columns": None,
        "n_columns": None,
        "note": note,
    }


def _uncompressed(path):
    with path.open("rb") as file:
        start = file.read(6)
    openers = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}
    if start[:1] == b"\x78":
        return zlib.decompressobj().decompress(path.read_bytes(), _MOST_OF_A_PICKLE)
    with openers.get(start[:2], open)(path, "rb") as file:
        return file.read(_MOST_OF_A_PICKLE)


def _of_numbers(path, model):
    import numpy as np

    from sklime.model.presentation import known_names, known_width

    classes = getattr(model, "classes_", None)
    return {
        "kind": path.suffix.lower().lstrip("."),
        "type": f"{type(model).__module__}.{type(model).__qualname__}",
        "untrusted_types": [],
        "outputs": None
        if classes is None or not len(classes)
        else np.asarray(classes).tolist(),
        "columns": known_names(model),
        "n_columns": known_width(model),
        "note": "files of this kind hold numbers only.",
    }
