"""Checks of the anchor explainer's parameters, and what they stand for."""

from numbers import Real

import numpy as np

from sklime.anchors.bin_ranges import CONDITIONS
from sklime.anchors.criteria import CRITERIA
from sklime.laws.base import SharedLawOfValues
from sklime.laws.masks import MaskLaw
from sklime.samplers.base import Sampler
from sklime.samplers.tabular.base import TabularSampler
from sklime.validation import check_count, check_option

# Conditions of a rule at most, unless the user says otherwise; own-bin draws of a row, in
# units of the pool.
_MOST_CONDITIONS, _MOST_POOLS = 32, 4


def check_parameters(explainer):
    """Check an explainer's parameters before anything is fitted.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not what it may be; the message names the cure.
    """
    check_option(explainer, "criterion", CRITERIA)
    check_option(explainer, "conditions", tuple(CONDITIONS))
    check_count("n_samples", explainer.n_samples, 2)
    check_count("beam_width", explainer.beam_width)
    for name in ("max_length", "max_samples"):
        n = getattr(explainer, name)
        if n is not None:
            check_count(name, n, int(name == "max_samples"), otherwise=", or None")
    _check_share("precision", explainer.precision, closed=True)
    _check_share("confidence", explainer.confidence, closed=False)
    tolerance = explainer.tolerance
    if tolerance is not None and not (_is_number(tolerance) and 0.0 < tolerance < np.inf):
        raise ValueError(
            f"tolerance={tolerance!r} must be a number above 0, in units of the model's "
            "answer, or None for half the standard deviation of its answers on the "
            "training table."
        )
    if explainer.sampler is not None and not isinstance(explainer.sampler, Sampler):
        raise TypeError(
            f"sampler={explainer.sampler!r} is not a Sampler: give an instance of one of "
            "sklime.samplers."
        )


def check_sampler(sampler):
    """Check that a fitted sampler draws columns independently, and by bins.

    Raises
    ------
    ValueError
        If it does not; the message names the cure.
    """
    law = sampler.law_
    if isinstance(law, MaskLaw) and law.columns is None:
        return
    if not isinstance(sampler, TabularSampler) or not isinstance(law, SharedLawOfValues):
        raise ValueError(
            f"sampler={sampler!r} draws no independent columns of a dense table, which "
            "rules are made of: use sampler=MarginalSampler(), with X.toarray() for a "
            "sparse table."
        )
    if not sampler.binary_features_.all():
        raise ValueError(
            f"sampler={sampler!r} has no bins, which rules are made of: set n_bins=4 of "
            "the sampler, or another number."
        )


def resolve_criterion(explainer, response):
    """What ``criterion="auto"`` stands for, checked against the model's outputs.

    Parameters
    ----------
    response : Response
        The model.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the criterion needs another model, or draws cannot show the precision.
    """
    criterion = explainer.criterion
    if criterion == "auto":
        criterion = "hard" if response.exclusive else "mean"
    if criterion == "hard" and not response.exclusive:
        raise ValueError(
            f'criterion="hard" counts predicted classes, which '
            f"{type(response.estimator).__name__} has none of, or several at once: use "
            'criterion="mean" or "share", and for labels choose one by target.'
        )
    if criterion in ("hard", "share") and explainer.precision == 1.0:
        raise ValueError(
            f'precision=1.0 with criterion="{criterion}" is a share that no number of '
            'draws can show: use precision=0.99, or criterion="soft" or "mean".'
        )
    return criterion


def resolve_target(explainer, response):
    """The explained output: for classifiers the row's predicted class, unless chosen.

    Raises
    ------
    ValueError
        If several outputs are explained at once.
    """
    auto = isinstance(explainer.target, str) and explainer.target == "auto"
    wanted = "predicted" if auto and response.exclusive else explainer.target
    target = response.resolve(wanted)
    if target.multiple:
        names = ", ".join(map(repr, target.names[:5].tolist()))
        raise ValueError(
            f"target={explainer.target!r} explains all of several outputs, while a rule "
            f"is about one: choose one by target, such as {names}."
        )
    return target


def most_conditions(max_length, n_features):
    """Conditions of a rule at most."""
    return min(_MOST_CONDITIONS if max_length is None else max_length, n_features)


def most_draws(max_samples, n_samples):
    """Own-bin draws of a row at most."""
    return _MOST_POOLS * n_samples if max_samples is None else max_samples


def _check_share(name, share, *, closed):
    most = "at most 1" if closed else "below 1"
    inside = _is_number(share) and 0.0 < share and (share <= 1.0 if closed else share < 1.0)
    if not inside:
        raise ValueError(f"{name}={share!r} must be a number above 0 and {most}.")


def _is_number(x):
    return isinstance(x, Real) and not isinstance(x, bool)
