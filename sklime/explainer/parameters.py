"""Checks of the parameters of `LimeExplainer`, before anything is learnt."""

from collections.abc import Iterable
from inspect import signature
from numbers import Real

from sklearn import get_config

from sklime.explanation.attribution import VIEWS
from sklime.kernels import ShapleyKernel
from sklime.laws.base import SharedLaw
from sklime.laws.masks import MaskLaw
from sklime.samplers.base import Sampler
from sklime.selectors import MomentSelector
from sklime.validation import check_count, check_jobs, check_option, check_verbose

_METHODS = ("auto", "exact", "sampling")
_WEIGHTINGS = ("auto", "kernel", "tilted")


def check_parameters(explainer):
    """Check an explainer's parameters.

    Parameters
    ----------
    explainer : LimeExplainer
        Not fitted yet.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not what it may be; the message names the cure.
    """
    check_option(explainer, "method", _METHODS)
    check_option(explainer, "weighting", _WEIGHTINGS)
    check_option(explainer, "attribution", VIEWS)
    check_count("n_samples", explainer.n_samples, 2)
    check_jobs(explainer.n_jobs)
    check_verbose(explainer.verbose)
    if explainer.max_samples is not None:
        check_count("max_samples", explainer.max_samples, 2)
    _check_tolerance(explainer)
    if explainer.sampler is not None and not isinstance(explainer.sampler, Sampler):
        raise TypeError(
            f"sampler={explainer.sampler!r} is not a Sampler: give an instance of one of "
            "sklime.samplers."
        )
    if isinstance(explainer.selector, MomentSelector):
        explainer.selector.check()
    elif explainer.selector is not None and not (
        _takes_weights(explainer.selector) and hasattr(explainer.selector, "get_support")
    ):
        raise TypeError(
            f"selector={explainer.selector!r} must be an instance of one of "
            "sklime.selectors, or of a scikit-learn selector whose fit takes "
            "sample_weight."
        )
    if explainer.surrogate is not None and not _takes_weights(explainer.surrogate):
        raise TypeError(
            f"surrogate={explainer.surrogate!r} must be an instance of a linear regressor "
            "whose fit takes sample_weight, such as Ridge() or LinearRegression()."
        )


def check_container(explainer):
    """Check that attributions fit into the container that `set_output` asks for.

    Raises
    ------
    ValueError
        If they are sparse, as those of texts are, and a frame is asked for.
    """
    config = vars(explainer).get("_sklearn_output_config", {})
    wanted = config.get("transform", get_config()["transform_output"])
    if wanted == "default" or not explainer.sampler_.kind_.sparse_columns:
        return
    raise ValueError(
        "transform gives a sparse matrix for texts, a column for each word of the training "
        f"texts, which set_output(transform={wanted!r}) cannot turn into a frame: set it "
        'to "default", and take names from get_feature_names_out(), or use '
        "explain(X).to_frame()."
    )


def check_keys(keep, features, outputs):
    """Check the key columns that a stream of blocks carries along.

    Parameters
    ----------
    keep : str or sequence of str
        Names of the columns.
    features, outputs : sequence
        Names of the columns of the training frame, and of the attributions.

    Returns
    -------
    tuple of str

    Raises
    ------
    TypeError, ValueError
        If they are no names, repeated, or not those of columns of their own.
    """
    names = (keep,) if isinstance(keep, str) else keep
    if not isinstance(names, Iterable) or not all(isinstance(own, str) for own in names):
        raise TypeError(f"keep={keep!r} must be a list of names of columns.")
    names = tuple(names)
    repeated = [name for i, name in enumerate(names) if name in names[:i]]
    if repeated:
        raise ValueError(f"keep={keep!r} names column {repeated[0]!r} more than once.")
    taken = [name for name in names if name in features or name in outputs]
    if taken:
        raise ValueError(
            f"keep={keep!r} names {taken[0]!r}, which is also a feature, with a column of "
            "attributions of that name: give the key column another name, or fit model and "
            "explainer without it."
        )
    return names


def check_names_of_quality(names, outputs, keep):
    """Check that columns of quality have names of their own.

    Parameters
    ----------
    names, outputs, keep : sequence of str
        Columns of quality, of attributions, and key columns.

    Raises
    ------
    ValueError
        If some other column has such a name.
    """
    taken = [name for name in names if name in outputs or name in keep]
    if taken:
        raise ValueError(
            f"quality=True adds a column {taken[0]!r}, which is also the name of a "
            "feature or key column: give that one another name, or leave quality=False."
        )


def check_uncertainty(surrogate, wish):
    """Check that the surrogate is the built-in ridge, whose standard errors are known.

    Parameters
    ----------
    surrogate : scikit-learn linear regressor or None
        The explainer's own.
    wish : str
        The parameter that needs standard errors, with its value.

    Raises
    ------
    ValueError
        If the surrogate is a user's.
    """
    if surrogate is not None:
        raise ValueError(
            f"{wish} needs standard errors, which are known for the built-in ridge only, "
            f"not for surrogate={surrogate!r}; use surrogate=None."
        )


def check_local(kernel, sampler, weighting):
    """Check that columns have laws, where the kernel's width depends on them.

    Parameters
    ----------
    kernel : Kernel
        The explainer's, resolved.
    sampler : Sampler
        Fitted.
    weighting : str
        The explainer's own.

    Raises
    ------
    ValueError
        If the sampler does not draw columns independently, or draws are to be weighted that
        are not the same for all rows.
    """
    if not kernel.local:
        return
    if not sampler.law_.knows_columns:
        raise ValueError(
            f"kernel={kernel!r} has a width for each column, by the law that it is drawn "
            f"from, while {sampler!r} has no such laws: use sampler=MarginalSampler() or "
            "GaussianSampler(), or give the kernel a number for width."
        )
    if weighting == "kernel" and not isinstance(sampler.law_, SharedLaw):
        raise ValueError(
            f'weighting="kernel" does not go with kernel={kernel!r} where rows have draws '
            f'of their own, as those of {sampler!r} do: use weighting="auto".'
        )


def check_shapley(kernel, sampler, surrogate):
    """Check that Shapley values can be had, where the kernel asks for them.

    Parameters
    ----------
    kernel : Kernel
        The explainer's, resolved.
    sampler : Sampler
        Fitted.
    surrogate : scikit-learn linear regressor or None
        The explainer's own.

    Raises
    ------
    ValueError
        If the sampler does not keep or drop units, or the surrogate is a user's.
    """
    if not isinstance(kernel, ShapleyKernel):
        return
    if not isinstance(sampler.law_, MaskLaw):
        raise ValueError(
            f"kernel={kernel!r} weighs coalitions of units that are kept or dropped, while "
            f"{sampler!r} draws otherwise: use sampler=CoalitionSampler() for tables, "
            "TokenSampler for texts, SuperpixelSampler or SequenceSampler, or another "
            "kernel, such as ExponentialKernel()."
        )
    if surrogate is not None:
        raise ValueError(
            f"kernel={kernel!r} solves the regression with its constraint itself, so that "
            f"surrogate={surrogate!r} has nothing to fit: use surrogate=None."
        )


def _check_tolerance(explainer):
    tol, most, n = explainer.tol, explainer.max_samples, explainer.n_samples
    if tol is None:
        return
    if not isinstance(tol, Real) or isinstance(tol, bool) or not tol > 0.0:
        raise ValueError(
            f"tol={tol!r} must be a number above 0, such as 0.05 for intervals of 5 % of a "
            "row's largest attribution, or None."
        )
    if most is not None and most < n:
        raise ValueError(
            f"max_samples={most!r} is less than n_samples={n!r}, with which draws start: "
            "raise the one or lower the other."
        )
    check_uncertainty(explainer.surrogate, f"tol={tol!r}")


def _takes_weights(estimator):
    """Whether an estimator's fit takes `sample_weight`, by name or by metadata routing."""
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        return False
    parameters = signature(estimator.fit).parameters
    return "sample_weight" in parameters or any(
        p.kind is p.VAR_KEYWORD for p in parameters.values()
    )
