"""Choice of the closed form: for which models, samplers and kernels there is one."""

import numpy as np

from sklime.exact.coalition_form import Background
from sklime.exact.coalitions import CoalitionPopulation, OwnFeatures, keep_law
from sklime.exact.failures import reports_failures
from sklime.exact.feature_map import FeatureMap, Steps, equal_with_nan, push_forward
from sklime.exact.form import RebuiltModel
from sklime.exact.grid import column_points, drawn_rows, trial_rows
from sklime.exact.mask_population import MaskPopulation
from sklime.exact.population import Population
from sklime.exact.readers.expansions import absorb
from sklime.exact.readers.reading import check_methods, read_form, unwrap
from sklime.exceptions import NoClosedForm
from sklime.kernels import ShapleyKernel
from sklime.laws.masks import MaskLaw
from sklime.laws.tilted import mismatch_factors
from sklime.selectors import MomentSelector
from sklime.tables.access import take_rows

# Training rows on which the rebuilt model is compared with the real one, and how closely,
# as a share of the range of its responses.
_N_CHECKED = 64
_TOLERANCE = 1e-6

# What a bound on a quadrature's error may be of that range: less than draws are off by.
_SHARE = 1e-3

# Rows that the steps are tested on, of the law of the draws and of the training table: a
# combination of values that matters among so many draws is among them. The model is then
# queried about some of the draws, too.
_N_PUSHED, _N_QUERIED = 4096, 1024


def closed_form(response, law, kernel, selector, surrogate, X, n_samples):
    """Find the closed form of LIME's limit.

    Parameters
    ----------
    response : Response
        The model and what is explained of it.
    law : Law
        Of the sampler's draws.
    kernel, selector, surrogate : objects
        The explainer's fitted or resolved components.
    X : rows
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
    n_samples = law.count_draws(n_samples)
    if not isinstance(law, MaskLaw):
        if kernel.column_factor is None:
            raise NoClosedForm(f"kernel {kernel!r} is not a product over columns")
        # A sampler that states a law it does not draw from is told so.
        law = law.independent_columns(X)
    return _found(response, law, kernel, X, n_samples)


@reports_failures
def _found(response, law, kernel, X, n_samples):
    """The population of a law that has one, if the model has a closed form."""
    model, steps, wrappers = unwrap(response.estimator)
    find = _population
    if isinstance(law, MaskLaw):
        find = MaskPopulation.of if law.columns is None else _of_columns
    population = find(model, steps, response, law, kernel, X, n_samples)
    check_methods([*wrappers, model])
    return population


def _population(model, steps, response, law, kernel, X, n_samples):
    """Population moments under a law of independent columns."""
    if kernel.precision is None and not all(column.binary for column in law.columns):
        raise NoClosedForm(f"kernel {kernel!r} has no Gaussian column factor")
    form, left = absorb(read_form(model, response), steps)
    points = column_points(law)
    trials = trial_rows(law.columns, points)
    pushed = _steps(form, left, response, law)
    features = _feature_map(pushed, law, X, points, trials)
    mismatch = mismatch_factors(kernel, law.columns)
    rebuilt = form.bind(features, law.columns, points, mismatch)
    if not isinstance(rebuilt, RebuiltModel):
        raise TypeError(
            f"bind of {type(form).__name__} must give a RebuiltModel, such as "
            f"SumOfColumns, and gave {rebuilt!r}"
        )
    _calibrate(rebuilt, response, law, X, points, trials, _N_QUERIED if steps else 0)
    return Population(law, kernel, rebuilt, n_samples)


def _of_columns(model, steps, response, law, kernel, X, n_samples):
    """Population moments of coalitions of a table's columns."""
    own = model, steps, response, law, kernel, X, n_samples
    finders = [MaskPopulation.of, _coalitions]
    if isinstance(kernel, ShapleyKernel):
        # Steps that mix columns need the first, which takes rows one by one.
        finders.reverse()
    reasons = []
    for find in finders:
        try:
            return find(*own)
        except NoClosedForm as reason:
            reasons.append(reason)
    raise reasons[finders.index(_coalitions)]


def _coalitions(model, steps, response, law, kernel, X, n_samples):
    """Population moments of coalitions of independent columns."""
    keep = keep_law(kernel)
    form, left = absorb(read_form(model, response), steps)
    rows, law = law.background, law.columns.independent_columns(X)
    points = column_points(law)
    trials = trial_rows(law.columns, points)
    pushed = _steps(form, left, response, law)
    features = _feature_map(pushed, law, X, points, trials)
    own = OwnFeatures(features, law.columns, law.format, pushed)
    if rows is None:
        background = Background(features.values, [column.masses for column in law.columns])
    else:
        table = law.format.decode(rows)
        background = Background.of_rows(features, own.of_table(table, rows))
    rebuilt = form.bind_coalitions(features, law.columns, points, background, keep)
    _calibrate(rebuilt, response, law, X, points, trials, _N_QUERIED if steps else 0)
    return CoalitionPopulation(rebuilt, own, keep, n_samples, background.n_laws)


def _steps(form, steps, response, law):
    """All that is done to a table before the model reads its features, None if nothing."""
    steps = steps if form.step is None else [*steps, form.step]
    if not steps and law.format.numeric.all():
        return None
    return Steps(response, steps)


def _feature_map(steps, law, X, points, trials):
    """Model features as functions of the table's columns."""
    if steps is None:
        d = len(points)
        return FeatureMap(
            np.arange(d),
            [values[np.newaxis] for values in points],
            list(np.arange(d)[:, np.newaxis]),
            np.array([values[0] for values in points]),
        )

    drawn = drawn_rows(law, points, _N_PUSHED)
    seen = _training_rows(points, law, X, _N_PUSHED)
    return push_forward(points, [trials, drawn, seen], law.format, steps)


def _calibrate(rebuilt, response, law, X, points, trials, n_drawn):
    """Check the rebuilt model against the real one, and find the constant between them.

    Both on training rows and on rows put together from values of different ones, where
    most draws lie: the constant is theirs. Then on draws of the sampler's law, if any.
    """
    at = np.concatenate([_training_rows(points, law, X, _N_CHECKED), trials])
    if (at == at[0]).all():
        raise NoClosedForm(
            "its training rows are all alike, and cannot tell the model apart"
        )

    def asked(at):
        columns = zip(points, at.T, strict=True)
        E = np.column_stack([values[own] for values, own in columns])
        responses = response(law.format.decode(E), what="combined training row")
        if rebuilt.constant.shape != responses.shape[1:]:
            raise NoClosedForm("the rebuilt model has another number of outputs")
        return responses

    responses = asked(at)
    rebuilt.calibrate(at, responses)
    spread = np.ptp(responses, axis=0).max()
    if rebuilt.error > _SHARE * spread:
        raise NoClosedForm(
            f"its probabilities differ by {spread:.1g} at most, of which the closed form's "
            f"error of {rebuilt.error:.0e} is too large a share"
        )
    own = rebuilt.responses(at)
    constant = (responses - own).mean(axis=0)
    if n_drawn:
        at = drawn_rows(law, points, n_drawn)
        responses = np.concatenate([responses, asked(at)])
        own = np.concatenate([own, rebuilt.responses(at)])
    missed = np.abs(responses - own - constant)
    tolerance = _TOLERANCE * np.ptp(responses, axis=0)
    largest, typical = _rounding(rebuilt, response.precision, responses, own)
    # `not (a <= b)`, so that NaN fails the check.
    if not (
        (missed.max(axis=0) <= tolerance + largest).all()
        and (_root_mean_square(missed) <= tolerance + typical).all()
    ):
        raise NoClosedForm(
            f"{type(response.estimator).__name__} rebuilt from its parts does not answer "
            "as it does itself"
        )
    rebuilt.constant = constant


def _training_rows(points, law, X, n_rows):
    """Grid positions of some training rows whose values are all on the grid."""
    n = X.shape[0]
    rows = np.unique(np.linspace(0, n - 1, min(n, n_rows)).astype(int))
    at, known = _grid_positions(points, law.format.encode(take_rows(X, rows)))
    return at[known]


def _grid_positions(points, E):
    """Grid positions of encoded rows, and which rows have all values on the grid.

    Missing values have no place among the points of a normal law.
    """
    at, known = np.empty(E.shape, dtype=np.intp), np.ones(len(E), dtype=bool)
    for j, values in enumerate(points):
        at[:, j] = np.minimum(np.searchsorted(values, E[:, j]), len(values) - 1)
        known &= equal_with_nan(values[at[:, j]], E[:, j])
    return at, known


def _root_mean_square(errors):
    """Root mean square of each column, also of numbers whose squares are not finite."""
    scale = np.maximum(errors.max(axis=0), np.finfo(np.float64).tiny)
    return scale * np.sqrt(np.mean((errors / scale) ** 2, axis=0))


def _rounding(rebuilt, precision, responses, own):
    """Bounds of the rounding errors of responses that are sums, by output.

    The largest error grows with the square root of the number of terms, in units of the
    precision that the model answers in, which its numbers alone do not tell. The root mean
    square of few terms is far less: it tells a model that differs in some of its rows.
    """
    unit = np.finfo(precision).eps
    level = np.abs(responses).max(axis=0) + np.abs(own).max(axis=0) + rebuilt.level
    largest = 16.0 + 2.0 * np.sqrt(rebuilt.n_terms)
    typical = 1.0 + 0.2 * rebuilt.n_terms
    return largest * unit * level, typical * unit * level
