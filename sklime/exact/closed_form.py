"""Which models, samplers and kernels have a closed form, and what it is."""

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline

from sklime.exact.failures import reports_failures
from sklime.exact.feature_map import FeatureMap, push_forward, same_values
from sklime.exact.grid import column_points, drawn_rows, trial_rows
from sklime.exact.population import Population
from sklime.exact.readers.boosting import read_dump
from sklime.exact.readers.linear import is_linear, linear_coefficients
from sklime.exact.readers.scikit_learn import read_scikit_learn
from sklime.exact.sum_of_columns import SumOfColumns
from sklime.exact.tilted_columns import mismatch_factor
from sklime.exact.trees.sum_of_trees import SumOfTrees
from sklime.exceptions import NoClosedForm
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import MomentSelector
from sklime.tables.access import take_rows
from sklime.tables.sparse import SparseFormat

# Training rows on which the rebuilt model is compared with the real one, and how closely,
# as a share of the range of its answers.
_N_CHECKED = 64
_TOLERANCE = 1e-6

# Rows that the steps are tested on, of the law of the draws and of the training table: a
# combination of values that matters among so many draws is among them. The model is then
# asked about some of the draws, too.
_N_PUSHED, _N_ASKED = 4096, 1024


@reports_failures
def closed_form(response, sampler, kernel, selector, surrogate, X, n_samples):
    """Find the closed form of LIME's limit.

    Parameters
    ----------
    response : Response
        The model and what is explained of it.
    sampler, kernel, selector, surrogate : objects
        The explainer's fitted or resolved components.
    X : table of shape (n_rows, n_features)
        The training rows that the sampler learnt from, some of which the rebuilt model is
        compared on.
    n_samples : int
        What effective sample sizes are stated for.

    Returns
    -------
    Population or MaskPopulation

    Raises
    ------
    NoClosedForm
        If there is none; the message says why. `ClosedFormFailed` if an error that is not
        the model's own came up.
    """
    if not isinstance(selector, MomentSelector):
        raise NoClosedForm(f"selector {selector!r} needs draws")
    if surrogate is not None:
        raise NoClosedForm(f"surrogate {surrogate!r} needs draws")
    model, steps, wrappers = _unwrapped(response.estimator)
    if sampler.masks_units:
        # Late, as it brings the samplers along that tables never need.
        from sklime.exact.mask_population import MaskPopulation

        if not is_linear(model):
            raise NoClosedForm(f"{type(model).__name__} is not linear")
        own = response, sampler, kernel, X, n_samples
        population = MaskPopulation.of(model, steps, *own)
    else:
        _check_laws(sampler, kernel)
        mismatch = mismatch_factor(kernel)
        points = column_points(sampler)
        trials = trial_rows(sampler.columns_, points)
        own = model, steps, response, sampler, X, points, trials
        form = _sum_of_columns(*own) if is_linear(model) else _sum_of_trees(*own, mismatch)
        _calibrate(form, response, sampler, X, points, trials, _N_ASKED if steps else 0)
        population = Population(sampler, kernel, form, n_samples)
    _check_methods([*wrappers, model, *np.ravel(getattr(model, "estimators_", []))])
    return population


def _check_laws(sampler, kernel):
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
    """The model inside pipelines and searches, the steps in front of it, and these."""
    steps, wrappers = [], []
    while True:
        outer = estimator
        if type(estimator) is Pipeline:
            steps += [step for _, step in estimator.steps[:-1] if step != "passthrough"]
            estimator = estimator.steps[-1][1]
        elif type(estimator) is FrozenEstimator:
            estimator = estimator.estimator
        elif type(estimator) in (GridSearchCV, RandomizedSearchCV):
            estimator = estimator.best_estimator_
        else:
            return estimator, [step for step in steps if step is not None], wrappers
        wrappers.append(outer)


def _feature_map(steps, response, sampler, X, points, trials):
    """Model features as functions of the table's columns."""
    if not steps and not sampler.format_.nominal.any():
        d = len(points)
        return FeatureMap(
            np.arange(d),
            [values[np.newaxis] for values in points],
            list(np.arange(d)[:, np.newaxis]),
            np.array([values[0] for values in points]),
        )

    def transform(table):
        table = response.present(table)
        for step in steps:
            table = step.transform(table)
        return table

    drawn = drawn_rows(sampler, points, _N_PUSHED)
    seen = _training_rows(points, sampler, X, _N_PUSHED)
    return push_forward(points, [trials, drawn, seen], sampler.format_, transform)


def _sum_of_columns(model, steps, response, sampler, X, points, trials):
    coef = linear_coefficients(model, response)
    features = _feature_map(steps, response, sampler, X, points, trials)
    if coef.shape[1] != len(features.owner):
        raise NoClosedForm(f"{type(model).__name__} has other features than its steps give")
    parts = [
        values.T @ coef[:, owned].T
        for values, owned in zip(features.values, features.owned, strict=True)
    ]
    if not all(np.isfinite(part).all() for part in parts):
        raise NoClosedForm("missing or infinite values reach the linear model")
    return SumOfColumns(parts, sampler.columns_, points)


def _sum_of_trees(model, steps, response, sampler, X, points, trials, mismatch):
    forest = read_scikit_learn(model, response) or read_dump(model, response)
    boxes, splits = forest.boxes_and_splits()
    steps = steps if forest.step is None else [*steps, forest.step]
    features = _feature_map(steps, response, sampler, X, points, trials)
    if splits.feature.max(initial=-1) >= len(features.owner):
        raise NoClosedForm(f"{type(model).__name__} has other features than its steps give")
    return SumOfTrees(boxes, splits, features, sampler.columns_, points, mismatch)


def _calibrate(form, response, sampler, X, points, trials, n_drawn):
    """Compare the rebuilt model with the real one, and find the constant between them.

    Both on training rows and on rows put together from values of different ones, where
    most draws lie: the constant is theirs. Then on draws of the sampler's law, if any.
    """
    at = np.concatenate([_training_rows(points, sampler, X, _N_CHECKED), trials])
    if (at == at[0]).all():
        raise NoClosedForm(
            "its training rows are all alike, and cannot tell the model apart"
        )

    def compare(at):
        columns = zip(points, at.T, strict=True)
        E = np.column_stack([values[own] for values, own in columns])
        answers = response(sampler.format_.decode(E), what="combined training row")
        if form.constant.shape != answers.shape[1:]:
            raise NoClosedForm("the rebuilt model has another number of outputs")
        return answers, form.answers(at)

    answers, rebuilt = compare(at)
    constant = (answers - rebuilt).mean(axis=0)
    if n_drawn:
        drawn = compare(drawn_rows(sampler, points, n_drawn))
        answers, rebuilt = map(np.concatenate, zip((answers, rebuilt), drawn, strict=True))
    missed = np.abs(answers - rebuilt - constant).max(axis=0)
    allowed = _TOLERANCE * np.ptp(answers, axis=0)
    allowed = allowed + _rounding(form.n_terms, response.precision, answers, rebuilt)
    # NaN is no agreement.
    if not (missed <= allowed).all():
        raise NoClosedForm(
            f"{type(response.estimator).__name__} rebuilt from its parts does not answer "
            "as it does itself"
        )
    form.constant = constant


def _check_methods(instances):
    """Refuse instances with methods of their own, which may differ where nobody looks."""
    for one in instances:
        for name, value in vars(one).items():
            if callable(value) and callable(getattr(type(one), name, None)):
                raise NoClosedForm(
                    f"{type(one).__name__}.{name} is set on the instance, and is not what "
                    "its class does"
                )


def _training_rows(points, sampler, X, n_rows):
    """Positions in the points of some training rows that have places there."""
    n = X.shape[0]
    rows = np.unique(np.linspace(0, n - 1, min(n, n_rows)).astype(int))
    at, known = _places(points, sampler.format_.encode(take_rows(X, rows)))
    return at[known]


def _places(points, E):
    """Positions of encoded rows in the points of their columns, and whether they are there.

    Missing values have no place among the points of a normal law.
    """
    at, known = np.empty(E.shape, dtype=np.intp), np.ones(len(E), dtype=bool)
    for j, values in enumerate(points):
        at[:, j] = np.minimum(np.searchsorted(values, E[:, j]), len(values) - 1)
        known &= same_values(values[at[:, j]], E[:, j])
    return at, known


def _rounding(n_terms, precision, answers, rebuilt):
    """What rounding may change of answers that are sums, by output.

    It grows with the square root of the number of terms, in units of the precision that
    the model answers in, which its numbers alone do not tell.
    """
    unit = np.finfo(precision).eps
    level = np.abs(answers).max(axis=0) + np.abs(rebuilt).max(axis=0)
    return (16.0 + 2.0 * np.sqrt(n_terms)) * unit * level
