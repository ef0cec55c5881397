"""How an explanation was made: enough to make it again."""

import platform

import numpy as np
import scipy
import sklearn

from sklime.surrogates.standard_errors import degrees_of_freedom
from sklime.version import __version__


def provenance(explainer, response, seed, n_rows, n_drawn):
    """Describe how a fitted explainer makes its explanations.

    Parameters
    ----------
    explainer : LimeExplainer
        Fitted.
    response : Response
        How it asks the model.
    seed : int
        Seed of all its draws.
    n_rows, n_drawn : int
        Rows that were explained, and those of them that were by draws: all or none, but
        where each row has a closed form of its own, or none.

    Returns
    -------
    dict
        Of strings and numbers.
    """
    method = {0: "exact", n_rows: "sampling"}.get(n_drawn, "exact and sampling")
    exact = method == "exact"
    scores = f"on {explainer.n_samples_} draws"
    if exact and explainer.sampler_.masks_units:
        scores = "in the limit"
    groups = None if exact else explainer.sampler_.groups(explainer.n_samples_)
    return {
        "kind": explainer.sampler_.kind,
        "method": method,
        "weighting": None if exact else explainer.weighting,
        "scores": scores,
        "model": type(explainer.estimator_).__name__,
        "response_method": response.method,
        "parameters": {
            name: repr(value)
            for name, value in explainer.get_params(deep=False).items()
            if name != "estimator"
        },
        "kernel": repr(explainer.kernel_),
        "n_samples": int(explainer.n_samples_),
        "degrees_of_freedom": degrees_of_freedom(groups),
        "seed": int(seed),
        "versions": {
            "sklime": __version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "python": platform.python_version(),
        },
    }
