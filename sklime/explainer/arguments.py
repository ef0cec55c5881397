"""Wrong arguments of `LimeExplainer`: names that lime and shap use, and misspelt ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import wraps
from inspect import Parameter, signature
from typing import Any, TypeVar, cast

from sklime.kernels import ExponentialKernel
from sklime.samplers import MarginalSampler
from sklime.selectors import HighestWeights

Method = TypeVar("Method", bound=Callable[..., Any])

_FIT = "give the table to fit, LimeExplainer(model).fit(X_train)"
_NAMES = "names are those of the columns of the frame given to fit"
_CLASSES = "classes are called by the model's classes_; FunctionClassifier takes classes="
_SEED = "random_state="
_SIZE = "n_samples=, or tol= for as many draws as needed"
_STRONGEST = "selector=HighestWeights(k); to show fewer, as_list(row)[:k]"
_MASKS = "sampler=, such as MarginalSampler() or CoalitionSampler()"
_METRIC = "kernel=ExponentialKernel(metric=...)"
_MODEL = "the model itself is the estimator: LimeExplainer(model)"
_TARGET = 'target=, a class label, "predicted" or "all"'
_ROWS = "give a table of rows, explain(X)"

# What stands for parameters of lime and shap in a call of LimeExplainer.
CONSTRUCTOR = {
    # lime
    "training_data": _FIT,
    "training_labels": "fit(X, y)",
    "training_data_stats": _FIT,
    "mode": "it follows from the model; wrap a function in FunctionClassifier or "
    "FunctionRegressor",
    "feature_names": _NAMES,
    "class_names": _CLASSES,
    "categorical_features": "sampler=MarginalSampler(categorical_features=...)",
    "categorical_names": "columns may hold strings or categories, conditions show them",
    "kernel_width": "kernel=ExponentialKernel(width=...), or set_params(kernel__width=...)",
    "feature_selection": "selector=, such as AutoSelector(k), ForwardSelection(k), "
    "HighestWeights(k), LassoPath(k) or AllFeatures()",
    "discretize_continuous": "sampler=MarginalSampler(n_bins=None) for False",
    "discretizer": "sampler=MarginalSampler(n_bins=..., binning=...)",
    "sample_around_instance": 'sampler=GaussianSampler(center="instance") for True',
    "split_expression": "sampler=TokenSampler(token_pattern=...), what a word is",
    "bow": "sampler=TokenSampler(positions=True) for False",
    "mask_string": "sampler=TokenSampler(mask=...)",
    "char_level": 'sampler=TokenSampler(level="char") for True',
    "batch_size": "it belongs to the samplers of texts, images and sequences, such as "
    "TokenSampler(batch_size=...)",
    "predict_fn": _MODEL,
    "classifier_fn": _MODEL,
    "num_features": _STRONGEST,
    "num_samples": _SIZE,
    "labels": _TARGET,
    "top_labels": 'target="predicted" for one, else target="all"',
    "distance_metric": _METRIC,
    "model_regressor": "surrogate=",
    "sampling_method": "sampler=MarginalSampler(sequence=...)",
    "segmentation_fn": "sampler=SuperpixelSampler(segmenter=...)",
    "hide_color": "sampler=SuperpixelSampler(hide=...)",
    "random_seed": _SEED,
    "progress_bar": "verbose=1",
    # shap
    "model": _MODEL,
    "data": _FIT,
    "background": _FIT,
    "background_data": _FIT,
    "masker": _MASKS,
    "link": 'response_method="decision_function" for the logit',
    "model_output": 'response_method="decision_function" for "raw"',
    "algorithm": 'method="exact", "sampling" or "auto"',
    "output_names": _CLASSES,
    "nsamples": _SIZE,
    "npermutations": _SIZE,
    "max_evals": _SIZE,
    "l1_reg": "selector=, such as LassoPath(k)",
    "seed": _SEED,
    "silent": "verbose=0, the default",
    "feature_perturbation": _MASKS,
}

TRANSFORM = {"target": "target= of LimeExplainer, or explain(X, target=...)"}

# What stands for them in a call of `explain`, besides these.
EXPLAIN = {
    "data_row": _ROWS,
    "instance": _ROWS,
    "text_instance": _ROWS,
    "image": _ROWS,
    "labels": _TARGET,
    "top_labels": CONSTRUCTOR["top_labels"],
    "output_indices": _TARGET,
    "y": "explain takes rows without targets; to choose an output give target=",
    "check_additivity": "no check is needed, scores tell how well the surrogates fit",
}

_NEEDED = {"estimator": "the model, LimeExplainer(model)", "X": "rows, explain(X)"}
_OWNERS = {
    "sampler": MarginalSampler,
    "kernel": ExponentialKernel,
    "selector": HighestWeights,
}


def names_wrong_arguments(
    hints: Mapping[str, str], positional: str
) -> Callable[[Method], Method]:
    """Decorator of a method: errors about its arguments name the cure.

    The signature stays as it is.

    Parameters
    ----------
    hints : dict of str
        What stands for parameters of other libraries.
    positional : str
        What to do with arguments that are given by position.
    """

    def decorate(method: Method) -> Method:
        parameters = signature(method).parameters.values()

        @wraps(method)
        def checked(*args, **kwargs):
            problem = _problem(method, parameters, args, kwargs, hints, positional)
            if problem is not None:
                raise TypeError(problem)
            return method(*args, **kwargs)

        # A type of its own would lose the parameters.
        return cast(Method, checked)

    return decorate


def _problem(method, parameters, args, kwargs, hints, positional):
    """What is wrong with the arguments of a call, or None."""
    cls = type(args[0]).__name__
    name = cls if method.__name__ == "__init__" else f"{cls}.{method.__name__}"
    by_position = [p for p in parameters if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
    known = [p.name for p in parameters][1:]
    if len(args) > len(by_position):
        extra = args[len(by_position)]
        return (
            f"{name} takes {by_position[-1].name} alone by position, but got "
            f"{_shown(extra)}, too: {positional}"
        )
    for wrong, value in kwargs.items():
        if wrong in known:
            continue
        cure = hints.get(wrong) or _cure(wrong, known)
        if cure is None:
            cure = _cure_in(type(args[0]), wrong) or f"its parameters, {', '.join(known)}"
        return f"{name} has no parameter {wrong}={_shown(value)}; instead: {cure}"
    given = [*(p.name for p in by_position[: len(args)]), *kwargs]
    for missing in by_position[1:]:
        if missing.default is Parameter.empty and missing.name not in given:
            return f"{name} needs {_NEEDED[missing.name]}"
    return None


def _cure(wrong, known):
    """What a misspelt parameter, or that of a component, should have been, or None."""
    for component, owner in _OWNERS.items():
        if wrong in signature(owner).parameters and component in known:
            return f"{component}={owner.__name__}({wrong}=...)"
    close = get_close_matches(wrong, known, n=1)
    return f"{close[0]}=, if that is what you meant" if close else None


def _cure_in(cls, wrong):
    """What stands for a parameter of a method in the constructor of its class, or None."""
    known = list(signature(cls).parameters)
    cure = CONSTRUCTOR.get(wrong) or _cure(wrong, known)
    return None if cure is None else f"{cls.__name__} takes this: {cure}"


def _shown(value):
    """Short text of an argument."""
    if hasattr(value, "shape"):
        return f"{type(value).__name__} of shape {tuple(value.shape)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
