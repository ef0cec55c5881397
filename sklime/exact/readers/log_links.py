"""Reader of models with a log link: exponentials of sums over columns."""

import numpy as np
from sklearn import linear_model

from sklime.exact.exponentials import ExponentialOfSum
from sklime.exact.readers import linear
from sklime.exact.readers.layout import reads_models

_GENERALIZED = (
    linear_model.GammaRegressor,
    linear_model.PoissonRegressor,
    linear_model.TweedieRegressor,
)


@reads_models
def read(model, response):
    """Read a generalised linear model with a log link.

    Parameters
    ----------
    model : estimator
        The last step of a pipeline, or the model itself.
    response : Response
        Tells which method and outputs are explained.

    Returns
    -------
    ExponentialOfSum or None
        None: it is no such model.
    """
    if type(model) not in _GENERALIZED or not linear.has_log_link(model):
        return None
    form = linear.LinearForm(model.coef_[np.newaxis])
    return ExponentialOfSum(form, np.atleast_1d(model.intercept_))
