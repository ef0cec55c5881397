r"""Reader of linear models, on the scale on which they are additive.

For :math:`f = c + \sum_j g_j(x_j)` LIME's limit needs only the mean of each column's part
inside and outside the row's bin, whatever the kernel width.
"""

import numpy as np
from sklearn import linear_model, svm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.multioutput import MultiOutputRegressor

from sklime.exact.additive import AdditiveForm
from sklime.exact.readers.layout import reads_models
from sklime.exceptions import NoClosedForm

_LINEAR = (
    LinearDiscriminantAnalysis,
    linear_model.ARDRegression,
    linear_model.BayesianRidge,
    linear_model.ElasticNet,
    linear_model.ElasticNetCV,
    linear_model.HuberRegressor,
    linear_model.Lars,
    linear_model.LarsCV,
    linear_model.Lasso,
    linear_model.LassoCV,
    linear_model.LassoLars,
    linear_model.LassoLarsCV,
    linear_model.LassoLarsIC,
    linear_model.LinearRegression,
    linear_model.LogisticRegression,
    linear_model.LogisticRegressionCV,
    linear_model.MultiTaskElasticNet,
    linear_model.MultiTaskElasticNetCV,
    linear_model.MultiTaskLasso,
    linear_model.MultiTaskLassoCV,
    linear_model.OrthogonalMatchingPursuit,
    linear_model.OrthogonalMatchingPursuitCV,
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
_GENERALIZED = (
    linear_model.GammaRegressor,
    linear_model.PoissonRegressor,
    linear_model.TweedieRegressor,
)


class LinearForm(AdditiveForm):
    """Closed form of a linear model.

    Parameters
    ----------
    coef : ndarray of shape (n_outputs, n_model_features)
        Its coefficients.
    constant : ndarray of shape (n_outputs,), default=None
        Its intercepts, where they are known.
    """

    def __init__(self, coef, constant=None):
        self.coef = coef
        self.constant = constant
        self.n_features = coef.shape[1]

    def part(self, features, values):
        return values.T @ self.coef[:, features].T


@reads_models
def read(model, response):
    """Read the coefficients of a linear model on the explained scale.

    Parameters
    ----------
    model : estimator
        The last step of a pipeline, or the model itself.
    response : Response
        Tells which method and outputs are explained.

    Returns
    -------
    LinearForm or None
        None: it is no linear model.

    Raises
    ------
    NoClosedForm
        If the explained scale is not the linear one.
    """
    if not _is_linear(model):
        return None
    on_scale = response.method == "decision_function" or (
        response.method == "predict" and response.classes is None
    )
    if not on_scale:
        name = f"{type(model).__name__}.{response.method}"
        if response.method == "predict_proba" and len(response.outputs) > 2:
            raise NoClosedForm(
                f"{name} of {len(response.outputs)} classes is not linear, but a softmax "
                'or normalised: set response_method="decision_function" for its margins'
            )
        raise NoClosedForm(f"{name} is not linear")
    coef = _coefficients(model)
    constant = np.ravel(getattr(model, "intercept_", np.nan))
    constant = np.resize(constant, len(coef)) if np.isfinite(constant).all() else None
    if len(coef) == 1 and len(response.outputs) == 2:
        coef = np.concatenate([-coef, coef])
        constant = None if constant is None else np.concatenate([-constant, constant])
    return LinearForm(coef, constant)


def _is_linear(model):
    """Whether a model is linear on some scale."""
    kind = type(model)
    if kind is MultiOutputRegressor:
        return all(map(_is_linear, model.estimators_))
    # Of three classes and more, their coefficients are of pairs of classes.
    by_kernel = kind in _KERNEL_MACHINES and model.kernel == "linear"
    by_kernel = by_kernel and len(getattr(model, "classes_", ())) <= 2
    return by_kernel or kind in _LINEAR or kind in _GENERALIZED


def _coefficients(model):
    """Coefficients of a model, of shape (n_outputs, n_model_features)."""
    if type(model) is MultiOutputRegressor:
        return np.concatenate([_coefficients(one) for one in model.estimators_])
    if type(model) in _GENERALIZED and has_log_link(model):
        raise NoClosedForm(
            f"{type(model).__name__} has a log link: its predictions are exponentials of "
            "sums"
        )
    coef = model.coef_
    return np.atleast_2d(coef.toarray() if hasattr(coef, "toarray") else coef)


def has_log_link(model):
    """Whether a generalised linear model predicts exponentials of sums."""
    if type(model) is not linear_model.TweedieRegressor:
        return True
    return model.link == "log" or (model.link == "auto" and model.power > 0)
