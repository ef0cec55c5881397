"""Reader of support vector machines and kernel ridge regression."""

import numpy as np
from sklearn import svm
from sklearn.kernel_ridge import KernelRidge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor

from sklime.exact.joined_products import JoinedProducts
from sklime.exact.kernel_sums import MOST_DEGREE, KernelProduct, KernelSum
from sklime.exact.readers import linear
from sklime.exact.readers.layout import reads_models
from sklime.exceptions import NoClosedForm

_REGRESSORS = (svm.SVR, svm.NuSVR)
_CLASSIFIERS = (svm.SVC, svm.NuSVC)
_SINGLE = (*_REGRESSORS, *_CLASSIFIERS, svm.OneClassSVM, KernelRidge)
_SEVERAL = (MultiOutputRegressor, OneVsRestClassifier)

# Methods whose answers are sums of kernels.
_MARGINS = ("decision_function", "score_samples")


@reads_models
def read(model, response):
    """Read a support vector machine or kernel ridge regression as a sum of kernels.

    Parameters
    ----------
    model : estimator
        The last step of a pipeline, or the model itself.
    response : Response
        Tells which method and outputs are explained.

    Returns
    -------
    ClosedForm or None
        None: it is no such model.

    Raises
    ------
    NoClosedForm
        If its kernel is not a product over columns, or its margins are not what is
        explained.
    """
    kind = type(model)
    if kind in _SEVERAL:
        if not all(type(one) in _SINGLE for one in model.estimators_):
            return None
        models = model.estimators_
    elif kind in _SINGLE:
        models = [model]
    else:
        return None
    regresses = kind in (*_REGRESSORS, KernelRidge, MultiOutputRegressor)
    if not (regresses or response.method in _MARGINS):
        raise NoClosedForm(
            f"{kind.__name__}.{response.method} is not a sum of kernels, but its margins "
            'are: set response_method="decision_function"'
        )
    if kind in _CLASSIFIERS and len(model.classes_) > 2:
        raise NoClosedForm(
            f"{kind.__name__}.{response.method} counts votes of pairs of classes; margins "
            f"of OneVsRestClassifier({kind.__name__}()) are sums of kernels"
        )
    if all(one.kernel == "linear" for one in models):
        coef = np.concatenate([_linear_coefficients(one) for one in models])
        return linear.LinearForm(_both_sides(coef.T, response).T)
    forms = [_kernel_sum(one) for one in models]
    if len(forms) > 1:
        return JoinedProducts.side_by_side(forms)
    [form] = forms
    return KernelSum(form.vectors, _both_sides(form.coef, response), form.kernel)


def pairwise_kernel(metric, n_features, gamma=None, coef0=1.0, degree=3.0):
    """Kernel of a name of scikit-learn's, as a sum of products.

    Parameters
    ----------
    metric : str or callable
        Its name.
    n_features : int
        Number of model features.
    gamma, coef0, degree : float
        Its parameters; `gamma` None: one over the number of features.

    Returns
    -------
    list of KernelProduct

    Raises
    ------
    NoClosedForm
        If it is no sum of products over columns.
    """
    rate = 1.0 / n_features if gamma is None else float(gamma)
    if isinstance(metric, str):
        if metric == "rbf":
            return [KernelProduct.of(n_features, squared=rate)]
        if metric == "laplacian":
            return [KernelProduct.of(n_features, absolute=rate)]
        if metric == "linear":
            return [power_of_products(n_features, 0.0, 1.0, 1)]
        if metric in ("poly", "polynomial"):
            return [power_of_products(n_features, coef0, rate, degree)]
    raise NoClosedForm(f"kernel {metric!r} is not known to be a product over columns")


def power_of_products(n_features, offset, scale, degree):
    """A power of an affine function of scalar products."""
    if degree != int(degree) or not 1 <= degree <= MOST_DEGREE:
        raise NoClosedForm(
            f"powers of degree {degree} have no closed form, but of 1 to {MOST_DEGREE}"
        )
    power = float(offset), float(scale), int(degree)
    return KernelProduct.of(n_features, powers=(power,))


def _kernel_sum(model):
    """Vectors, their weights and the kernel of one model."""
    if type(model) is KernelRidge:
        vectors, coef = model.X_fit_, model.dual_coef_
        coef = coef[:, np.newaxis] if coef.ndim == 1 else coef
        gamma = model.gamma
    else:
        vectors, coef, gamma = model.support_vectors_, model.dual_coef_.T, model._gamma
        if vectors.shape[0] == 0:
            # Its answer is one to all rows, like that of a vector without weight.
            vectors, coef = np.zeros((1, vectors.shape[1])), np.zeros((1, 1))
    own = gamma, model.coef0, model.degree
    return KernelSum(vectors, coef, pairwise_kernel(model.kernel, vectors.shape[1], *own))


def _linear_coefficients(model):
    """Coefficients of a model with a linear kernel, (n_outputs, n_model_features)."""
    form = _kernel_sum(model)
    return form.coef.T @ form.vectors


def _both_sides(coef, response):
    """Weights of a binary margin, (n_vectors, 1), as those of both classes."""
    if coef.shape[1] == 1 and len(response.outputs) == 2:
        return coef * [-1.0, 1.0]
    return coef
