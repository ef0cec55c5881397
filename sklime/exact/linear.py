r"""Linear models on the scale on which they are additive.

For :math:`f = c + \sum_j g_j(x_j)` LIME's limit needs only the mean of each column's part
inside and outside the row's bin, whatever the kernel width.
"""

import numpy as np
from sklearn import linear_model, svm

from sklime.exact.errors import NoClosedForm

_LINEAR = (
    linear_model.ARDRegression,
    linear_model.BayesianRidge,
    linear_model.ElasticNet,
    linear_model.ElasticNetCV,
    linear_model.HuberRegressor,
    linear_model.Lars,
    linear_model.Lasso,
    linear_model.LassoCV,
    linear_model.LassoLars,
    linear_model.LinearRegression,
    linear_model.LogisticRegression,
    linear_model.LogisticRegressionCV,
    linear_model.OrthogonalMatchingPursuit,
    linear_model.PassiveAggressiveClassifier,
    linear_model.PassiveAggressiveRegressor,
    linear_model.Perceptron,
    linear_model.QuantileRegressor,
    linear_model.Ridge,
    linear_model.RidgeCV,
    linear_model.RidgeClassifier,
    linear_model.RidgeClassifierCV,
    linear_model.SGDClassifier,
    linear_model.SGDRegressor,
    linear_model.TheilSenRegressor,
    svm.LinearSVC,
    svm.LinearSVR,
)
_KERNEL_MACHINES = (svm.SVC, svm.SVR, svm.NuSVC, svm.NuSVR)


def is_linear(model):
    """Whether a model is linear on some scale."""
    kind = type(model)
    return kind in _LINEAR or (kind in _KERNEL_MACHINES and model.kernel == "linear")


def linear_coefficients(model, response):
    """Coefficients of a linear model on the explained scale, one row an output.

    Parameters
    ----------
    model : estimator
        The last step of a pipeline, or the model itself.
    response : Response
        Tells which method and outputs are explained.

    Returns
    -------
    ndarray of shape (n_outputs, n_model_features)

    Raises
    ------
    NoClosedForm
        If the explained scale is not the linear one.
    """
    on_scale = response.method == "decision_function" or (
        response.method == "predict" and response.classes is None
    )
    if not on_scale:
        raise NoClosedForm(f"{type(model).__name__}.{response.method} is not linear")
    coef = model.coef_
    coef = np.atleast_2d(coef.toarray() if hasattr(coef, "toarray") else coef)
    if len(coef) == 1 and len(response.outputs) == 2:
        return np.concatenate([-coef, coef])
    return coef
