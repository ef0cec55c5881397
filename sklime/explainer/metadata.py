"""Metadata of explanations: parameters, components and versions."""

import platform

import numpy as np
import scipy
import sklearn

from sklime.explanation.attribution import EFFECT, SHAPLEY_VALUE
from sklime.kernels import ShapleyKernel
from sklime.moments.groups import degrees_of_freedom
from sklime.version import __version__

# Parameters that count when rows are explained; all others when the explainer was fitted.
_LIVE = ("target", "n_jobs", "verbose")


def parameters_in_words(explainer, names=None):
    """Write parameters of an explainer as text, apart from the model.

    Parameters
    ----------
    names : tuple of str, default=None
        Which of them; None: all.

    Returns
    -------
    dict
    """
    return {
        name: repr(value)
        for name, value in explainer.get_params(deep=False).items()
        if name != "estimator" and (names is None or name in names)
    }


def metadata(explainer, routes, n_rows, n_drawn, own_answers):
    """Describe how a fitted explainer makes its explanations.

    Parameters
    ----------
    routes : Routes
        Its sources of moments.
    n_rows, n_drawn : int
        Rows that were explained, and those of them that were by draws: all or none, but
        where each row has a closed form of its own, or none.
    own_answers : OwnAnswers or None
        What the model said to values that draws hardly hold.

    Returns
    -------
    dict
        Of strings, numbers and lists of these.
    """
    method = {0: "exact", n_rows: "sampling"}.get(n_drawn, "exact and sampling")
    exact, setting = method == "exact", routes.setting
    n_samples = explainer.n_samples_
    shapley = isinstance(setting.kernel, ShapleyKernel)
    classes = setting.response.classes
    if setting.response.method != "predict_proba" or classes is None:
        classes = np.empty(0)
    groups = None if exact else routes.groups(n_samples)
    return {
        "kind": explainer.sampler_.kind_.name,
        **explainer.sampler_.kind_.metadata(),
        "method": method,
        "attribution": SHAPLEY_VALUE if shapley else EFFECT,
        "weighting": None if exact else setting.weighting,
        "scores": _score_basis(routes, n_rows) if exact else f"on {n_samples} draws",
        "model": type(explainer.estimator_).__name__,
        "response_method": setting.response.method,
        "classes": np.asarray(classes).tolist(),
        "parameters": explainer._parameters | parameters_in_words(explainer, _LIVE),
        "kernel": repr(explainer.kernel_),
        "n_samples": int(n_samples),
        "n_own_value_samples": 0 if own_answers is None else own_answers.n_samples,
        "degrees_of_freedom": degrees_of_freedom(groups),
        "seed": int(setting.seed),
        "versions": {
            "sklime": __version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "python": platform.python_version(),
        },
    }


def _score_basis(routes, n_rows):
    """What the fidelity of exact surrogates rests on, and of which rows it is."""
    basis, n_scored = routes.source.score_basis, int(routes.scored_rows(n_rows).sum())
    return basis if n_scored == n_rows else f"{basis}, of {n_scored:,} of {n_rows:,} rows"
