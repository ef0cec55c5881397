"""Which models, samplers and kernels have a closed form, and what it is."""

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline

from sklime.exact.errors import NoClosedForm
from sklime.exact.features import FeatureMap, push_forward, same_values
from sklime.exact.laws import mismatch_factor
from sklime.exact.linear import is_linear, linear_coefficients
from sklime.exact.population import Population
from sklime.exact.sums import SumOfColumns, SumOfTrees
from sklime.exact.trees import tree_boxes
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.samplers.sparse import SparseFormat
from sklime.selectors import MomentSelector

# Training rows on which the rebuilt model is compared with the real one, and how closely.
_N_CHECKED = 64
_TOLERANCE = 1e-6


def closed_form(response, sampler, kernel, selector, surrogate, X, n_samples):
    """Find the closed form of LIME's limit.

    Parameters
    ----------
    response : Response
        The model and what is explained of it.
    sampler, kernel, selector, surrogate : objects
        The explainer's fitted or resolved components.
    X : table of shape (n_rows, n_features)
        Training rows, some of which the rebuilt model is compared on.
    n_samples : int
        What effective sample sizes are stated for.

    Returns
    -------
    Population

    Raises
    ------
    NoClosedForm
        If there is none; the message says why.
    """
    _check_setting(sampler, kernel, selector, surrogate)
    model, steps = _unwrapped(response.estimator)
    if is_linear(model):
        form = _linear_form(model, steps, response, sampler)
    else:
        form = _tree_form(model, steps, response, sampler, kernel)
    _calibrate(form, response, sampler, X)
    return Population(sampler, kernel, form, n_samples)


def _check_setting(sampler, kernel, selector, surrogate):
    if not isinstance(selector, MomentSelector):
        raise NoClosedForm(f"selector {selector!r} needs draws")
    if surrogate is not None:
        raise NoClosedForm(f"surrogate {surrogate!r} needs draws")
    if kernel.column_factor is None:
        raise NoClosedForm(f"kernel {kernel!r} is not a product over columns")
    if type(sampler) is MarginalSampler:
        if isinstance(sampler.format_, SparseFormat):
            raise NoClosedForm("rows of a sparse table have columns of their own")
        if sampler.within != "empirical":
            raise NoClosedForm(f"within={sampler.within!r} is not the empirical marginal")
        if sampler.n_bins is None and not sampler.matched_.all():
            raise NoClosedForm("n_bins=None gives empirical columns a standardised design")
    elif type(sampler) is GaussianSampler:
        if sampler.n_bins is not None:
            raise NoClosedForm("GaussianSampler has closed forms for n_bins=None only")
        if kernel.precision is None:
            raise NoClosedForm(f"kernel {kernel!r} has no Gaussian column factor")
    else:
        raise NoClosedForm(f"{type(sampler).__name__} has no independent columns")


def _unwrapped(estimator):
    """The model inside pipelines and searches, and the steps in front of it."""
    steps = []
    while True:
        if type(estimator) is Pipeline:
            steps += [step for _, step in estimator.steps[:-1] if step != "passthrough"]
            estimator = estimator.steps[-1][1]
        elif type(estimator) is FrozenEstimator:
            estimator = estimator.estimator
        elif type(estimator) in (GridSearchCV, RandomizedSearchCV):
            estimator = estimator.best_estimator_
        else:
            return estimator, [step for step in steps if step is not None]


def _feature_map(steps, response, sampler):
    """Model features as functions of the table's columns."""
    values = [column.values for column in sampler.columns_]
    if not steps and not sampler.format_.nominal.any():
        d = len(values)
        return FeatureMap(
            np.arange(d),
            [v[np.newaxis] for v in values],
            list(np.arange(d)[:, np.newaxis]),
            np.array([v[0] for v in values]),
        )

    def transform(table):
        table = response.present(table)
        for step in steps:
            table = step.transform(table)
        return table

    return push_forward(sampler.columns_, sampler.format_, transform)


def _linear_form(model, steps, response, sampler):
    coef = linear_coefficients(model, response)
    features = _feature_map(steps, response, sampler)
    if coef.shape[1] != len(features.owner):
        raise NoClosedForm(f"{type(model).__name__} has other features than its steps give")
    parts = [
        values.T @ coef[:, owned].T
        for values, owned in zip(features.values, features.owned, strict=True)
    ]
    if not all(np.isfinite(part).all() for part in parts):
        raise NoClosedForm("missing values reach the linear model")
    return SumOfColumns(parts, sampler.columns_)


def _tree_form(model, steps, response, sampler, kernel):
    boxes, splits, own = tree_boxes(model, response)
    steps = [*steps, own] if own is not None else steps
    features = _feature_map(steps, response, sampler)
    for j, column in enumerate(sampler.columns_):
        if not column.matched and (steps or not np.array_equal(features.owned[j], [j])):
            raise NoClosedForm("steps in front of the trees bend the normal laws")
    return SumOfTrees(boxes, splits, features, sampler.columns_, mismatch_factor(kernel))


def _calibrate(form, response, sampler, X):
    """Compare the rebuilt model with the real one, and find the constant between them."""
    n = X.shape[0]
    rows = np.unique(np.linspace(0, n - 1, min(n, _N_CHECKED)).astype(int))
    checked = X.iloc[rows] if hasattr(X, "iloc") else X[rows]
    E = sampler.format_.encode(checked)
    at = np.empty(E.shape, dtype=int)
    # Rows of weight zero may hold values that teach the sampler nothing.
    known = np.ones(len(E), dtype=bool)
    for j, column in enumerate(sampler.columns_):
        places = np.searchsorted(column.values, E[:, j])
        at[:, j] = np.minimum(places, len(column.values) - 1)
        known &= same_values(column.values[at[:, j]], E[:, j])
    answers = response(checked, what="training row")[known]
    if form.constant.shape != answers.shape[1:]:
        raise NoClosedForm("the rebuilt model has another number of outputs")
    difference = answers - form.answers(at[known])
    constant = difference.mean(axis=0)
    if np.abs(difference - constant).max() > _TOLERANCE * np.abs(answers).max(
        initial=1e-300
    ):
        raise NoClosedForm(
            f"{type(response.estimator).__name__} rebuilt from its parts does not answer "
            "as it does itself"
        )
    form.constant = constant
