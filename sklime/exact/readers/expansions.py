"""Steps in front of a linear model that mix columns, absorbed into its closed form.

So are those in front of a sigmoid or an exponential of what is linear.
"""

import numpy as np
from sklearn import decomposition, preprocessing, random_projection
from sklearn.feature_selection import SelectorMixin
from sklearn.kernel_approximation import Nystroem, RBFSampler

from sklime.exact.exponentials import ExponentialOfSum
from sklime.exact.fourier import FourierSum
from sklime.exact.kernel_sums import KernelSum
from sklime.exact.monomials import Monomials
from sklime.exact.readers.kernel_machines import pairwise_kernel
from sklime.exact.readers.linear import LinearForm
from sklime.exact.sigmoid import SigmoidForm


def absorb(form, steps):
    """Absorb the last steps into the linear part of a form, where they mix columns.

    Parameters
    ----------
    form : ClosedForm
        Of the model that the steps stand in front of: linear, or a sigmoid or exponential
        of what is linear; others stay as they are.
    steps : list of transformers
        All of them.

    Returns
    -------
    form : ClosedForm
    steps : list of transformers
        Those that are left.

    Raises
    ------
    NoClosedForm
        If one expands columns by a kernel that is no product over them.
    """
    if form.step is not None:
        return form, steps  # a step of its own stands between
    if type(form) is LinearForm:
        return _into_linear(form, steps)
    if type(form) is SigmoidForm and type(form.margin) is LinearForm:
        margin, left = _into_linear(form.margin, steps)
        # Of sums of products neither sigmoids nor exponentials have a closed form.
        if type(margin) is LinearForm:
            return SigmoidForm(margin, form.slope, form.offset), left
    elif type(form) is ExponentialOfSum and type(form.additive) is LinearForm:
        linear = LinearForm(form.additive.coef, form.intercept)
        linear, left = _into_linear(linear, steps)
        if type(linear) is LinearForm:
            return ExponentialOfSum(linear, linear.constant, form.rate), left
    return form, steps


def _into_linear(form, steps):
    """Absorb the last steps into a linear form, as `absorb`."""
    absorbed = form, steps
    coef = np.asarray(form.coef, dtype=np.float64)
    constant = form.constant
    for i in range(len(steps) - 1, -1, -1):
        step = steps[i]
        if type(step) in _EXPANSIONS:
            return _EXPANSIONS[type(step)](step, coef), steps[:i]
        if type(step) in _PROJECTIONS:
            coef = _before_projection(step, coef)
            constant = _less_centre(constant, coef, getattr(step, "mean_", None))
            absorbed = LinearForm(coef, constant), steps[:i]
        elif isinstance(step, SelectorMixin):
            support = step.get_support()
            chosen, coef = coef, np.zeros((len(coef), len(support)))
            coef[:, support] = chosen
        elif type(step) in _SCALERS and not getattr(step, "clip", False):
            scale = 1.0 if step.scale_ is None else step.scale_
            if type(step) is preprocessing.MinMaxScaler:
                constant = _less_centre(constant, coef, -step.min_)
                coef = coef * scale
            else:
                coef = coef / scale
                constant = _less_centre(constant, coef, _centre(step))
        else:
            break
    return absorbed


def _less_centre(constant, coef, centre):
    """Constant of a linear form, of whose features a centre is subtracted."""
    known = constant is not None and centre is not None
    return constant - coef @ centre if known else constant


def _centre(scaler):
    """What a scaler subtracts before it divides, or None."""
    if type(scaler) is preprocessing.StandardScaler:
        return scaler.mean_ if scaler.with_mean else None
    return getattr(scaler, "center_", None)


def _polynomial(step, coef):
    return Monomials(step.powers_, coef.T)


def _nystroem(step, coef):
    own = {name: getattr(step, name) for name in ("gamma", "coef0", "degree")}
    own = {name: value for name, value in own.items() if value is not None}
    own = {**(step.kernel_params or {}), **own}
    kernel = pairwise_kernel(step.kernel, step.components_.shape[1], **own)
    return KernelSum(step.components_, step.normalization_.T @ coef.T, kernel)


def _fourier(step, coef):
    size = np.sqrt(2.0 / step.n_components)
    weights = size * np.exp(1j * step.random_offset_)[:, np.newaxis] * coef.T
    return FourierSum(step.random_weights_, weights)


def _before_projection(step, coef):
    """Coefficients of the features that a step projects, (n_outputs, n_features)."""
    components = step.components_
    components = components.toarray() if hasattr(components, "toarray") else components
    if getattr(step, "whiten", False):
        variance = step.explained_variance_
        least = np.finfo(variance.dtype).eps
        coef = coef / np.sqrt(np.maximum(variance, least))
    return coef @ components


_EXPANSIONS = {
    preprocessing.PolynomialFeatures: _polynomial,
    Nystroem: _nystroem,
    RBFSampler: _fourier,
}
_PROJECTIONS = (
    decomposition.IncrementalPCA,
    decomposition.PCA,
    decomposition.TruncatedSVD,
    random_projection.GaussianRandomProjection,
    random_projection.SparseRandomProjection,
)
_SCALERS = (
    preprocessing.MaxAbsScaler,
    preprocessing.MinMaxScaler,
    preprocessing.RobustScaler,
    preprocessing.StandardScaler,
)
