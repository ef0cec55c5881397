"""Reader of models with a log link: exponentials of sums over columns."""

import numpy as np
from sklearn import linear_model
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklime.exact.exponentials import ExponentialOfSum
from sklime.exact.readers import linear
from sklime.exact.readers.layout import reads_models
from sklime.exceptions import NoClosedForm

_GENERALIZED = (
    linear_model.GammaRegressor,
    linear_model.PoissonRegressor,
    linear_model.TweedieRegressor,
)
# Functions that are exponentials, up to a constant, with their rates.
_EXPONENTIALS = {np.exp: 1.0, np.expm1: 1.0, np.exp2: np.log(2.0)}


@reads_models
def read(model, response):
    """Read a model that predicts an exponential of a linear one.

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

    Raises
    ------
    NoClosedForm
        If what is transformed is not linear.
    """
    kind = type(model)
    if kind in _GENERALIZED:
        if not linear.has_log_link(model):
            return None
        form = linear.LinearForm(model.coef_[np.newaxis])
        return ExponentialOfSum(form, np.atleast_1d(model.intercept_))
    if kind is not TransformedTargetRegressor:
        return None
    return _transformed(model, response)


def _transformed(model, response):
    """Read a model whose target was transformed before it was fitted."""
    inverse = getattr(model.transformer_, "inverse_func", None)
    if type(model.transformer_) is not FunctionTransformer or inverse not in _EXPONENTIALS:
        return None
    inner, steps = model.regressor_, []
    if type(inner) is Pipeline:
        steps = [step for _, step in inner.steps[:-1] if step not in ("passthrough", None)]
        inner = inner.steps[-1][1]
    form = linear.read(inner, response)
    if form is None:
        raise NoClosedForm(f"{type(inner).__name__} of a logarithm is not linear")
    form = ExponentialOfSum(form, np.atleast_1d(inner.intercept_), _EXPONENTIALS[inverse])
    form.step = make_pipeline(*steps) if steps else None
    return form
