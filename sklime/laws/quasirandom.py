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
    return _checked(random_state).randint(np.iinfo(np.int32).max)


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
    return _checked(resolve_seed(None) if random_state is None else random_state)


def _checked(random_state):
    """A RandomState of an integer, or the instance itself."""
    try:
        return check_random_state(random_state)
    except ValueError:
        raise ValueError(
            f"random_state={random_state!r} must be None, an integer from 0 to 2**32 - 1, "
            "or a numpy.random.RandomState: of a Generator take one of its integers, "
            "rng.integers(2**32)."
        ) from None


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

    Sobol points come in eight independent scrambles, one after the other; a larger
    request continues each of them. Latin hypercubes balance single columns only.

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
    Owen (1997), scrambled net variance for integrals of smooth functions; Matousek (1998),
    on the L2-discrepancy for anchored boxes (random linear scrambling).

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
    points = _scrambled(_directions(n_dimensions, power), np.random.default_rng(seed))
    return np.ldexp(points[:, :length].reshape(shape), -_BITS)


def _directions(n_dimensions, power):
    """Binary digits of which Sobol points are sums, (power, n_dimensions)."""
    plain = qmc.Sobol(n_dimensions, scramble=False, bits=_BITS).random_base2(power)
    digits = (plain * 2.0**_BITS).astype(np.uint32)
    # Neighbours differ by one direction, a new one at each power of two.
    new = 2 ** np.arange(power)
    return digits[new] ^ digits[new - 1]


def _scrambled(directions, rng):
    """Scrambles of 2**power points as integers, (n_scrambles, 2**power, n_dimensions).

    A random linear map of digits and a digital shift each. The map turns directions, not
    points: pools of many columns take a fifth of the time that points take.
    """
    power, d = directions.shape
    lower = rng.integers(2**_BITS, size=(_BITS, N_SCRAMBLES, 1, d), dtype=np.uint32)
    moved = np.zeros((N_SCRAMBLES, power, d), dtype=np.uint32)
    for digit, random in enumerate(lower):
        one = np.uint32(1 << digit)
        moved ^= np.where(directions & one, one | random & (one - np.uint32(1)), 0)
    points = rng.integers(2**_BITS, size=(N_SCRAMBLES, 1, d), dtype=np.uint32)
    for j in range(power):
        points = np.concatenate([points, points ^ moved[:, j : j + 1]], axis=1)
    return points
