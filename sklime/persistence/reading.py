"""The one rule for files of skops: which types they may hold, and what is checked."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from sklime.exceptions import UntrustedTypesError
from sklime.persistence.checks import TREE, check_sparse, check_trees
from sklime.persistence.trusted import TRUSTED
from sklime.validation import listed, missing_extra

_BRIDGES = [
    f"sklearn.externals.array_api_compat.{name}" for name in ("torch", "dask", "dask.array")
]


def read_object(content: bytes, name: str, trusted: Sequence[str] = ()) -> Any:
    """Read a model or an explainer, as skops wrote it.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        What it is called in messages.
    trusted : sequence of str, default=()
        Types to trust beside those in `TRUSTED` and scikit-learn's estimators.

    Raises
    ------
    UntrustedTypesError
        If it holds others, or trees that cannot be checked.
    Exception
        Whatever skops and the checks say of a damaged file.
    """
    io = import_skops("sklime.persistence.load")
    unknown = untrusted_types(content, trusted)
    if unknown:
        raise UntrustedTypesError(
            f"{name} holds types that are not trusted: {listed(unknown, 10)}. If you trust "
            f"who made the file, name them: sklime.persistence.load(path, "
            f"trusted={unknown!r})",
            unknown,
        )
    found = io.loads(content, trusted=[*TRUSTED, *trusted])
    check_sparse(found)
    if TREE not in trusted:
        check_trees(found)
    return found


def untrusted_types(content: bytes, trusted: Sequence[str] = ()) -> list[str]:
    """The types in a file that are neither in `TRUSTED` nor trusted otherwise, sorted."""
    found = import_skops("sklime.persistence.load").get_untrusted_types(data=content)
    return sorted(set(found) - set(TRUSTED) - set(trusted))


def import_skops(caller: str) -> Any:
    """Module ``skops.io``, imported without PyTorch and Dask.

    It imports every module of scikit-learn for the names of its estimators, also the
    bridges to these two: 200 MB and seconds of which a model has no use.

    Raises
    ------
    ImportError
        If it is not installed: names the extra, and the caller.
    """
    if sys.modules.get("skops.io") is not None:
        return import_module("skops.io")
    bridges = [name for name in _BRIDGES if name not in sys.modules]
    sys.modules.update(dict.fromkeys(bridges))
    try:
        return import_module("skops.io")
    except ImportError as error:
        raise missing_extra(caller, "skops", "cli") from error
    finally:
        for name in bridges:
            del sys.modules[name]
