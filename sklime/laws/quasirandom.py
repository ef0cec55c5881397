"""Uniform numbers: scrambled Sobol points, Latin hypercubes and plain random draws."""

from typing import TypeAlias

import numpy as np
from scipy.stats import qmc
from sklearn.utils import check_random_state

from sklime.validation import check_count

SEQUENCES = ("sobol", "lhs", "random")
N_SCRAMBLES = 8

# Binary digits of Sobol points.
_BITS = 30

# What users give as `random_state`.
RandomState: TypeAlias = int | np.random.RandomState | None


def resolve_seed(random_state):
    """Resolve a `random_state` to one integer seed.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        None: a new seed at every call, from the system: the global state is not touched.
    """
    if random_state is None:
        return int(np.random.default_rng().integers(np.iinfo(np.int32).max))
    return check_random_state(random_state).randint(np.iinfo(np.int32).max)


def generator_of(random_state):
    """Resolve a `random_state` to a generator, never the global one.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        None: a new seed at every call, from the system.

    Returns
    -------
    RandomState
        The instance itself where one is given.
    """
    return check_random_state(resolve_seed(None) if random_state is None else random_state)


def seeded(estimator, random_state):
    """Set the random states that an estimator leaves open, nested ones included.

    Parameters
    ----------
    estimator : estimator
        Changed in place. Random states that are given stay as they are.
    random_state : int, RandomState instance or None
        None: a new seed from the system; the global state is not touched.
    """
    own = estimator.get_params()
    names = [name for name in sorted(own) if name.split("__")[-1] == "random_state"]
    open_ = [name for name in names if own[name] is None]
    if open_:
        rng, largest = generator_of(random_state), np.iinfo(np.int32).max
        estimator.set_params(**{name: rng.randint(largest) for name in open_})
    return estimator


def count_draws(n_samples, sequence):
    """Number of draws that a request for `n_samples` gives.

    Parameters
    ----------
    sequence : {"sobol", "lhs", "random"}
        The kind of numbers.

    Returns
    -------
    int
        `n_samples`, for Sobol points rounded up to a multiple of the eight scrambles.

    Raises
    ------
    ValueError
        If it is not an integer of at least 1.
    """
    check_count("n_samples", n_samples)
    if sequence == "sobol":
        return N_SCRAMBLES * -(-n_samples // N_SCRAMBLES)
    return n_samples


def scramble_of_draws(n_draws, sequence):
    """Number of the independent scramble that each draw comes from.

    Parameters
    ----------
    n_draws : int
        Number of draws, as `count_draws` gives it.
    sequence : {"sobol", "lhs", "random"}
        The kind of numbers.

    Returns
    -------
    ndarray of shape (n_draws,) of int, or None
        None where all draws count as independent.
    """
    if sequence != "sobol":
        return None
    return np.repeat(np.arange(N_SCRAMBLES), n_draws // N_SCRAMBLES)


def places_of_draws(n_draws, n_more, sequence):
    """Positions of a request's draws among those of a larger one with the same seed.

    Parameters
    ----------
    n_draws, n_more : int
        Numbers of draws, as `count_draws` gives them, the smaller first.
    sequence : {"sobol", "lhs", "random"}
        The kind of numbers.

    Returns
    -------
    ndarray of shape (n_draws,) of int, or None
        Their positions; None for Latin hypercubes, which cannot grow.

    Examples
    --------
    >>> from sklime.laws.quasirandom import places_of_draws
    >>> places_of_draws(16, 32, "sobol")[:4]
    array([0, 1, 4, 5])
    """
    if sequence == "lhs":
        return None
    if sequence == "random":
        return np.arange(n_draws)
    starts = np.arange(N_SCRAMBLES)[:, np.newaxis] * (n_more // N_SCRAMBLES)
    return (starts + np.arange(n_draws // N_SCRAMBLES)).ravel()


def uniform_numbers(n_samples, n_dimensions, sequence, seed):
    """Draw points of the unit cube.

    Sobol points come in eight scrambles, one after the other; a larger request continues
    each of them. The scrambles share a random linear transformation of digits and have
    digital shifts of their own: given the transformation, they are independent, and each
    has unbiased means. Latin hypercubes balance single columns only.

    Parameters
    ----------
    n_samples, n_dimensions : int
        Shape of the result, `n_samples` before rounding by `count_draws`.
    sequence : {"sobol", "lhs", "random"}
        The kind of numbers.
    seed : int
        Equal seeds give equal numbers.

    Returns
    -------
    ndarray of shape (count_draws(n_samples, sequence), n_dimensions)
        Numbers in [0, 1).

    Raises
    ------
    ValueError
        If there are more dimensions than Sobol sequences are known for.

    References
    ----------
    Matousek (1998), on the L2-discrepancy for anchored boxes (linear scrambling);
    L'Ecuyer, Lemieux (2002), recent advances in randomized quasi-Monte Carlo methods
    (digital shifts).

    Examples
    --------
    >>> from sklime.laws.quasirandom import uniform_numbers
    >>> uniform_numbers(16, 3, "sobol", seed=0).shape
    (16, 3)
    """
    shape = count_draws(n_samples, sequence), n_dimensions
    if n_dimensions == 0:
        return np.empty(shape)
    if sequence == "random":
        return np.random.default_rng(seed).random(shape)
    if sequence == "lhs":
        rng = np.random.default_rng(seed)
        return qmc.LatinHypercube(n_dimensions, rng=rng).random(n_samples)
    if n_dimensions > qmc.Sobol.MAXDIM:
        raise ValueError(
            f'sequence="sobol" serves at most {qmc.Sobol.MAXDIM} columns, got '
            f'{n_dimensions}; use sequence="random".'
        )
    length = -(-n_samples // N_SCRAMBLES)
    # Whole powers of two are drawn and cut, so that any length is a prefix of a longer one.
    power = max(length - 1, 1).bit_length()
    rng = np.random.default_rng(seed)
    points = qmc.Sobol(n_dimensions, bits=_BITS, rng=rng).random_base2(power)[:length]
    digits = (points * 2.0**_BITS).astype(np.uint32)
    shifts = rng.integers(2**_BITS, size=(N_SCRAMBLES, 1, n_dimensions), dtype=np.uint32)
    return np.ldexp((digits ^ shifts).reshape(shape), -_BITS)
