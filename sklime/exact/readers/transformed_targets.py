"""Reader of regressors whose target was transformed before they were fitted."""

import numpy as np
from sklearn import preprocessing
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline, make_pipeline

from sklime.exact.exponentials import ExponentialOfSum
from sklime.exact.joined_products import CombinedOutputs
from sklime.exact.readers import gaussian_process, kernel_machines, linear
from sklime.exact.readers.expansions import absorb
from sklime.exact.readers.layout import reads_models
from sklime.exceptions import NoClosedForm

# Functions that are exponentials, up to a constant, with their rates.
_EXPONENTIALS = {np.exp: 1.0, np.expm1: 1.0, np.exp2: np.log(2.0)}

_SCALERS = (
    preprocessing.MaxAbsScaler,
    preprocessing.RobustScaler,
    preprocessing.StandardScaler,
)
_READERS = (linear.read, kernel_machines.read, gaussian_process.read)


@reads_models
def read(model, response):
    """Read a regressor whose answers are scaled, or exponentials of linear ones.

    Parameters
    ----------
    model : estimator
        The last step of a pipeline, or the model itself.
    response : Response
        Tells which method and outputs are explained.

    Returns
    -------
    ClosedForm or None
        None: it is no `TransformedTargetRegressor`, or not of a known regressor.

    Raises
    ------
    NoClosedForm
        If its target was transformed otherwise, or what is exponentiated is not linear.
    """
    if type(model) is not TransformedTargetRegressor:
        return None
    inner, steps = model.regressor_, []
    if type(inner) is Pipeline:
        steps = [step for _, step in inner.steps[:-1] if step not in ("passthrough", None)]
        inner = inner.steps[-1][1]
    forms = (read(inner, response) for read in _READERS)
    form = next((form for form in forms if form is not None), None)
    transformer = model.transformer_
    inverse = getattr(transformer, "inverse_func", None)
    if inverse in _EXPONENTIALS:
        if type(form) is not linear.LinearForm:
            raise NoClosedForm(f"{type(inner).__name__} of a logarithm is not linear")
        # Without an intercept it is one 0 for all outputs.
        intercept = np.broadcast_to(inner.intercept_, len(form.coef))
        form = ExponentialOfSum(form, intercept, _EXPONENTIALS[inverse])
        form, steps = absorb(form, steps)
    elif form is not None:
        form, steps = absorb(form, steps)
        form = _scaled(form, _scale_of(transformer))
    if form is not None and steps:
        form.step = make_pipeline(*steps)
    return form


def _scale_of(transformer):
    """What a unit of the transformed target is in units of the target, by output."""
    kind = type(transformer)
    if kind in _SCALERS:
        return np.ones(1) if transformer.scale_ is None else transformer.scale_
    if kind is preprocessing.MinMaxScaler:
        return 1.0 / transformer.scale_
    if kind is preprocessing.FunctionTransformer and transformer.inverse_func is None:
        return np.ones(1)
    raise NoClosedForm(
        f"{kind.__name__} turns the regressor's answers into a target by a curve"
    )


def _scaled(form, scale):
    """Form whose outputs are multiplied."""
    if type(form) is linear.LinearForm:
        return linear.LinearForm(form.coef * scale[:, np.newaxis])
    n_outputs = form.weights.shape[1]
    return CombinedOutputs(form, np.eye(n_outputs) * scale)
