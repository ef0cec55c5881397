"""Reader of naive Bayes classifiers: log odds that are sums over the features."""

import numpy as np
from sklearn import naive_bayes

from sklime.exact.additive import AdditiveForm
from sklime.exact.readers.layout import reads_models
from sklime.exact.readers.linear import LinearForm
from sklime.exceptions import NoClosedForm

_KNOWN = (
    naive_bayes.BernoulliNB,
    naive_bayes.CategoricalNB,
    naive_bayes.ComplementNB,
    naive_bayes.GaussianNB,
    naive_bayes.MultinomialNB,
)


@reads_models
def read(model, response):
    """Read the log odds of a naive Bayes classifier of two classes, as its margin.

    Parameters
    ----------
    model : estimator
        The last step of a pipeline, or the model itself.
    response : Response or PartResponse
        Tells which method and outputs are explained.

    Returns
    -------
    AdditiveForm or None
        None: it is no such model, or its probabilities are explained.

    Raises
    ------
    NoClosedForm
        If it has other than two classes.
    """
    kind = type(model)
    if kind not in _KNOWN:
        return None
    n_classes = len(model.classes_)
    if n_classes != 2:
        raise NoClosedForm(
            f"{kind.__name__}.{response.method} of {n_classes} classes is a softmax of sums"
        )
    if response.method != "decision_function":
        return None
    if kind is naive_bayes.GaussianNB:
        prior = np.diff(np.log(model.class_prior_))
        spread = -0.5 * np.diff(np.log(model.var_).sum(axis=1))
        return GaussianOdds(model.theta_, model.var_, prior + spread)
    if kind is naive_bayes.ComplementNB:
        return LinearForm(np.diff(model.feature_log_prob_, axis=0), np.zeros(1))
    prior = np.diff(model.class_log_prior_)
    if kind is naive_bayes.CategoricalNB:
        return CategoryOdds([np.diff(p, axis=0)[0] for p in model.feature_log_prob_], prior)
    if kind is naive_bayes.MultinomialNB:
        return LinearForm(np.diff(model.feature_log_prob_, axis=0), prior)
    absent = np.log(1.0 - np.exp(model.feature_log_prob_))
    coef = np.diff(model.feature_log_prob_ - absent, axis=0)
    constant = prior + np.diff(absent.sum(axis=1))
    if model.binarize is None:
        return LinearForm(coef, constant)
    return BinaryForm(coef, constant, model.binarize)


class BinaryForm(LinearForm):
    """Linear form of features that are compared with a threshold first.

    Parameters
    ----------
    coef, constant
        As of a `LinearForm`.
    threshold : float
        A feature counts 1 above it, else 0.
    """

    def __init__(self, coef, constant, threshold):
        super().__init__(coef, constant)
        self.threshold = threshold

    def part(self, features, values):
        above = np.where(np.isnan(values), np.nan, values > self.threshold)
        return super().part(features, above)


class GaussianOdds(AdditiveForm):
    """Log odds of two normal laws of each feature.

    Parameters
    ----------
    mean, variance : ndarray of shape (2, n_model_features)
        Of both classes.
    constant : ndarray of shape (1,)
        What does not depend on the features.
    """

    def __init__(self, mean, variance, constant):
        self.mean, self.variance = mean, variance
        self.constant = constant
        self.n_features = mean.shape[1]

    def part(self, features, values):
        deviation = values - self.mean[:, features, np.newaxis]
        far = (deviation**2 / self.variance[:, features, np.newaxis]).sum(axis=1)
        return -0.5 * np.diff(far, axis=0).T


class CategoryOdds(AdditiveForm):
    """Log odds looked up by each feature's category.

    Parameters
    ----------
    odds : list of n_model_features ndarrays of shape (n_categories,)
        Log odds of the categories, numbered from 0.
    constant : ndarray of shape (1,)
        Log odds before any feature is known.
    """

    def __init__(self, odds, constant):
        self.odds = odds
        self.constant = constant
        self.n_features = len(odds)

    def part(self, features, values):
        total = np.zeros((values.shape[1], 1))
        for own, value in zip(features, values, strict=True):
            if not ((value >= 0.0) & (value < len(self.odds[own]))).all():
                raise NoClosedForm("CategoricalNB does not know some of the categories")
            total[:, 0] += self.odds[own][value.astype(np.intp)]
        return total
