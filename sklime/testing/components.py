"""What is checked of any component, and how checks are named and fail."""

import pickle
import re
from functools import partial

from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state, estimator_checks

from sklime.base import Component

# What scikit-learn checks of an estimator without calling its fit.
_SCIKIT_LEARN_CHECKS = (
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
)


def component_checks(component):
    """Yield the checks of value semantics, and of scikit-learn's conventions.

    Parameters
    ----------
    component : estimator
        Sampler, kernel or selector.

    Yields
    ------
    name : str
        What is checked.
    check : callable
        Runs the check.
    """
    yield from named([_repr_shows_values], component)
    if isinstance(component, Component):
        yield from named([_equals_whatever_has_its_parameters], component)
    for name in _SCIKIT_LEARN_CHECKS:
        run = getattr(estimator_checks, name)
        yield name, partial(run, type(component).__name__, component)


def named(checks, component, *data, suffix=""):
    """Bind checks to a component, whose repr heads their messages.

    Parameters
    ----------
    checks : iterable of callable
        Called as ``check(component, *data)``.
    component : estimator
        Sampler, kernel or selector.
    *data : objects
        What else the checks take.
    suffix : str, default=""
        Ends the names.

    Yields
    ------
    name : str
        The function's name, without underscores in front.
    check : callable
        Runs the check.
    """
    for check in checks:
        name = check.__name__.lstrip("_") + suffix
        yield name, partial(_run, check, component, data)


def expect(holds, expected):
    """Raise AssertionError with what was expected; an assert is gone under python -O.

    Parameters
    ----------
    holds : bool
        Whether it holds.
    expected : str
        What was expected.
    """
    if not holds:
        raise AssertionError(expected)


def expect_untouched(objects, run):
    """Expect that a call changes neither some objects nor the global random state.

    Parameters
    ----------
    objects : dict
        By name.
    run : callable
        What is called.
    """
    global_state = check_random_state(None)
    before, state = pickle.dumps(objects), pickle.dumps(global_state.get_state())
    run()
    expect(pickle.dumps(objects) == before, f"{' and '.join(objects)} left as given")
    expect(
        pickle.dumps(global_state.get_state()) == state,
        "the global random state left alone",
    )


def _run(check, component, data):
    try:
        check(component, *data)
    except AssertionError as error:
        raise AssertionError(f"expected of {component!r}: {error}") from None
    except Exception as error:
        told = check.__name__.strip("_").replace("_", " ")
        raise AssertionError(
            f"expected of {component!r}: {told}, but it raised "
            f"{type(error).__name__}: {error}"
        ) from error


def _repr_shows_values(component):
    text = repr(component)
    expect(type(component).__name__ in text, "its class named in its repr")
    # Functions have no better name than their address.
    text = re.sub("<function .*? at 0x[0-9a-f]+>", "", text)
    expect(not re.search("<.* at 0x", text), "no addresses in its repr")


def _equals_whatever_has_its_parameters(component):
    parameters = component.get_params(deep=False)
    for kind, twin in {
        "clone": clone(component),
        "copy read back from its pickle": pickle.loads(pickle.dumps(component)),
        "clone after set_params(**get_params())": clone(component).set_params(**parameters),
    }.items():
        expect(twin == component, f"it equals its {kind}")
        expect(hash(twin) == hash(component), f"it has the hash of its {kind}")
    for name in parameters:
        other = clone(component).set_params(**{name: _Other()})
        expect(other != component, f"it differs from one with another {name}")
    expect(component != _Other(), "it differs from an object of another type")


class _Other(BaseEstimator):
    """A value that no component has as a parameter."""
