"""Models on disk: loaded by the ending of the file, and by nothing that runs unasked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sklime.cli.exits import CommandError, Exit

PICKLES = {".joblib", ".pkl", ".pickle"}

# First bytes of pickles, and of what joblib compresses them with: not to be read as others.
_PICKLE_STARTS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")

WHAT_A_PICKLE_IS = (
    "is a pickle, and to load a pickle is to run whatever program it holds. If you made it "
    "yourself, or trust whoever did, give --trust-pickle; better, save the model with skops"
)


def load_model(path: Path, trusted: Sequence[str] = (), trust_pickle: bool = False) -> Any:
    """Load a model or a fitted explainer.

    Parameters
    ----------
    path : Path
        What kind it is follows from its ending.
    trusted : sequence of str
        Types that a skops file may hold beside those that are safe.
    trust_pickle : bool, default=False
        Whether a pickle may be loaded.

    Raises
    ------
    CommandError
        If it is not trusted, or cannot be read.
    """
    load = loader_of(path)
    if load is _load_pickle and not trust_pickle:
        raise CommandError(Exit.NOT_TRUSTED, f"{path} {WHAT_A_PICKLE_IS}.")
    try:
        if load is _load_skops:
            return _load_skops(path, trusted)
        return load(path)
    except CommandError:
        raise
    except ImportError as error:
        raise CommandError(
            Exit.USAGE, f"{path} needs a package that is not installed: {error}"
        ) from error
    except Exception as error:
        raise CommandError(
            Exit.USAGE,
            f"{path} cannot be read as a model: {type(error).__name__}: {error}",
        ) from error


def loader_of(path: Path) -> Any:
    """The function that loads a file.

    Raises
    ------
    CommandError
        If its ending is none of a model.
    """
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(2)
    if suffix in PICKLES or start in _PICKLE_STARTS:
        return _load_pickle
    if suffix not in _LOADERS:
        endings = ", ".join([*_LOADERS, *sorted(PICKLES)])
        raise CommandError(
            Exit.USAGE, f"{path} must end in one of {endings}: models are told apart by it."
        )
    return _LOADERS[suffix]


def _load_skops(path, trusted):
    """Load a skops file by the rule of `sklime.persistence`."""
    from sklime.exceptions import UntrustedTypesError
    from sklime.persistence.reading import read_object

    try:
        return read_object(path.read_bytes(), str(path), trusted)
    except UntrustedTypesError as error:
        flags = " ".join(f"--trust {name}" for name in error.types)
        raise CommandError(
            Exit.NOT_TRUSTED,
            f"{path} holds types that are not known to be safe: {', '.join(error.types)}. "
            f"If you trust them, give {flags}.",
        ) from error


def _load_pickle(path):
    import joblib

    # What users define in their own modules lies beside the place where they work.
    return joblib.load(path)


def _load_onnx(path):
    from sklime.cli.onnx import load_onnx

    return load_onnx(path)


def _load_lightgbm(path):
    import lightgbm

    return lightgbm.Booster(model_file=str(path))


def _load_xgboost(path):
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(path)
    return booster


def _load_catboost(path):
    import catboost

    model = catboost.CatBoost()
    model.load_model(str(path))
    # Which of its classes it was is not told, but which objective it has.
    classes = getattr(model, "classes_", ())
    own = catboost.CatBoostClassifier if len(classes) else catboost.CatBoostRegressor
    model = own()
    model.load_model(str(path))
    return model


_LOADERS = {
    ".skops": _load_skops,
    ".onnx": _load_onnx,
    ".txt": _load_lightgbm,
    ".lgb": _load_lightgbm,
    ".json": _load_xgboost,
    ".ubj": _load_xgboost,
    ".cbm": _load_catboost,
}
