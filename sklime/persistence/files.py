"""Files of fitted explainers: written whole or not at all, and read without pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from sklime.base import DocumentedEstimator
from sklime.exceptions import UntrustedTypesError
from sklime.persistence.reading import import_skops, read_object
from sklime.serialization.whole_file import write_whole

_EXAMPLE = "sklime.persistence.load(path, trusted=[...])"


def dump(explainer: DocumentedEstimator, path: str | os.PathLike[str]) -> None:
    """Write a fitted explainer to a file that runs nothing when it is read.

    It appears under its name when it is whole: it is written to a temporary file beside
    it, which then takes its place. After a failure, the file that was there before is as
    it was.

    Parameters
    ----------
    explainer : LimeExplainer or AnchorExplainer
        With all that it is made of: its model, training statistics and draws. Samplers and
        other components alone are written as well.
    path : str or path-like
        The file, by convention ending in ".skops".

    Raises
    ------
    ImportError
        Without skops, which the extra ``cli`` brings.
    TypeError
        If it holds something that only a pickle can: say, a lambda.

    See Also
    --------
    load : The inverse.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklime import LimeExplainer, persistence
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> explainer = LimeExplainer(forest, random_state=0).fit(X)
    >>> with TemporaryDirectory() as folder:
    ...     persistence.dump(explainer, Path(folder) / "explainer.skops")
    ...     known = persistence.load(Path(folder) / "explainer.skops")
    >>> (known.transform(X) == explainer.transform(X)).all()
    np.True_
    """
    sio = import_skops("sklime.persistence.dump")
    if not isinstance(explainer, DocumentedEstimator):
        raise TypeError(
            f"explainer={explainer!r:.80} of type {type(explainer).__name__} is none of "
            "sklime's: skops.io.dump writes models of scikit-learn."
        )
    try:
        # Objects that are held in several places are written at each: mostly repetitions.
        content = sio.dumps(explainer, compression=ZIP_DEFLATED, compresslevel=1)
        _check_functions(content)
    except RecursionError as error:
        raise _unwritable(explainer, "an object in it holds itself") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise _unwritable(explainer, error) from error
    write_whole(path, lambda file: file.write(content))


def load(path: str | os.PathLike[str], trusted: Sequence[str | type] = ()) -> Any:
    """Read an explainer that `dump` wrote; no pickle is read.

    Objects are only made of types in `TRUSTED`, of scikit-learn's estimators, and of types
    that the caller trusts.

    Parameters
    ----------
    path : str or path-like
        The file.
    trusted : sequence of str or type, default=()
        More types to trust, by name or the types themselves: those of the wrapped model,
        such as ``"xgboost.core.Booster"``, and functions that it calls. An error names
        those that are missing: trust them if you trust who made the file.

    Returns
    -------
    LimeExplainer or AnchorExplainer
        It explains as the one that was written does, to the bit.

    Raises
    ------
    ImportError
        Without skops, which the extra ``cli`` brings.
    UntrustedTypesError
        If the file holds other types; a `TypeError` that names them.
    ValueError
        If it is no file that `dump` wrote, or is damaged.

    Warns
    -----
    InconsistentVersionWarning
        If another version of sklime wrote the file.

    See Also
    --------
    dump : The inverse.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_iris
    >>> from sklime import persistence
    >>> from sklime.samplers import MarginalSampler
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "sampler.skops"
    ...     persistence.dump(MarginalSampler().fit(load_iris().data), path)
    ...     persistence.load(path).n_features_in_
    4
    """
    import_skops("sklime.persistence.load")
    names = _names(trusted)
    content = Path(path).read_bytes()
    try:
        explainer = read_object(content, f"path={os.fspath(path)!r}", names)
    except (UntrustedTypesError, MemoryError, Warning):
        raise
    except Exception as error:
        raise ValueError(
            f"path={os.fspath(path)!r} is no file of sklime.persistence.dump, or is "
            f"damaged: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(explainer, DocumentedEstimator):
        raise ValueError(
            f"path={os.fspath(path)!r} holds a {type(explainer).__name__}, and no "
            "explainer: skops.io.load reads models of scikit-learn."
        )
    return explainer


def _names(trusted):
    if isinstance(trusted, (str, type)):
        trusted = [trusted]
    if isinstance(trusted, bool) or not isinstance(trusted, Sequence | set | frozenset):
        raise TypeError(f"trusted={trusted!r} must list names of types: {_EXAMPLE}")
    wrong = [own for own in trusted if not isinstance(own, (str, type))]
    if wrong:
        raise TypeError(f"trusted holds {wrong[0]!r}, no name of a type: {_EXAMPLE}")
    return [
        own if isinstance(own, str) else f"{own.__module__}.{own.__name__}"
        for own in trusted
    ]


def _check_functions(content):
    """Check that the functions in a file can be found when it is read."""
    with ZipFile(BytesIO(content)) as file:
        waiting = [json.loads(file.read("schema.json"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            waiting.extend(node.values())
            if node.get("__loader__") in ("FunctionNode", "TypeNode"):
                module, name = node["__module__"], node["__class__"]
                if not hasattr(import_module(module), name):
                    raise TypeError(
                        f"nothing is called {name!r} in module {module!r}: define it there "
                        "by that name, at the top level"
                    )


def _unwritable(explainer, reason):
    return TypeError(
        f"the {type(explainer).__name__} cannot be written to a file without pickle: "
        f"{reason}. Wrap models in sklime.FunctionClassifier or FunctionRegressor with a "
        "function of a module, or use a pickle among people who trust each other."
    )
