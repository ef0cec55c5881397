"""Growth of a pool that all rows share, until training rows have narrow intervals."""

from sklime.exceptions import RowLimitReached
from sklime.explainer.diagnostics import Diagnostics, warn_of_growth
from sklime.explainer.progress import progress_of_growth
from sklime.neighbourhoods.row_limit import warn_of_stopped_growth
from sklime.tables.access import take_rows


def grow_pool(fitted, X, target, verbose):
    """Grow the shared pool of a fitted explainer, where `tol` asks for that.

    Parameters
    ----------
    fitted : FittedExplainer
        Its pool is grown.
    X : rows
        Checked training rows.
    target : "auto", "predicted", "all" or a label
        What is explained of the training rows that decide.
    verbose : int
        Above 0: a progress bar.
    """
    routes, sampler = fitted.routes, fitted.sampler
    positions = routes.representatives(X)
    if not len(positions):
        return
    some = take_rows(X, positions)
    try:
        asked = fitted.ask(some, some, target)
    except RowLimitReached as limit:
        warn_of_stopped_growth(limit)
        return

    def told(which):
        return tuple(sorted(positions[which].tolist()))

    def give_up(hopeless, needed):
        own = needed, routes.setting.tol, routes.source.n_samples
        warn_of_growth(told(hopeless), *own)

    with progress_of_growth(len(positions), verbose) as show:
        own = asked.rows.X, asked.outputs, sampler.binary_features_
        imprecise = routes.grow(*own, show, give_up)
    found = Diagnostics(unconverged=told(imprecise))
    fitted.warn(found, "training row(s)")
