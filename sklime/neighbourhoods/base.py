"""The contract of neighbourhoods: draws around rows, and the model's answers to them."""

from abc import ABC, abstractmethod

import numpy as np

from sklime.moments.sampled import Moments


class Neighbourhoods(ABC):
    """Base of the ways to surround rows with draws and ask the model about them.

    Parameters
    ----------
    sampler : Sampler
        Fitted.
    kernel : Kernel
        With nothing left open.
    response : Response
        Asks the model.
    n_samples : int
        Draws per row, before rounding up.
    seed : int
        Seed of all draws.
    smaller : Neighbourhoods, default=None
        The same with fewer draws, whose answers are used again.
    """

    def __init__(self, sampler, kernel, response, n_samples, seed, smaller=None):
        self.sampler = sampler
        self.kernel = kernel
        self.response = response
        self.n_samples = sampler.count_draws(n_samples)
        self.seed = seed
        self.groups = sampler.groups(self.n_samples)
        self.places = None
        if smaller is not None:
            self.places = sampler.places(smaller.n_samples, self.n_samples)
        self._grown = {}

    # Rows that are explained together: their moments stay in the second-level cache.
    rows_at_once = 64

    # Whether the model is asked about draws of each row's own.
    asks_per_row = True

    # Whether moments tell how well a surrogate fits all of the answers.
    knows_scores = True

    @abstractmethod
    def ask(self, X, known=None):
        """Place rows, draw around them, and ask the model about the draws.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Checked rows.
        known : list of n_rows ndarrays, default=None
            The answers that the `smaller` neighbourhoods of the rows had.

        Returns
        -------
        object
            For `draws`, `moments` and `answers`, which ask nothing more.
        """

    @abstractmethod
    def draws(self, asked, outputs):
        """Weigh the draws around each row.

        Parameters
        ----------
        asked : object
            What `ask` returned for the rows.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.

        Yields
        ------
        Draws
            One per row.
        """

    @abstractmethod
    def answers(self, asked, i):
        """The model's answers about the draws of one row.

        Parameters
        ----------
        asked : object
            What `ask` returned.
        i : int
            Which of its rows.

        Returns
        -------
        ndarray of shape (n_draws, n_outputs)
        """

    @property
    @abstractmethod
    def bytes_per_row(self):
        """Memory needed for each of the rows that are explained together."""

    def moments(self, asked, outputs):
        """Sum up the draws around each row.

        Parameters
        ----------
        asked, outputs
            As for `draws`.

        Returns
        -------
        Moments
        """
        return Moments.of(self.draws(asked, outputs))

    def with_errors(self, fitted, asked, outputs):
        """Add standard errors to surrogates that were fitted to these draws.

        Parameters
        ----------
        fitted : Surrogates
            Of the rows.
        asked, outputs
            As for `draws`.

        Returns
        -------
        Surrogates
        """
        return fitted.with_errors(self.draws(asked, outputs))

    def grown(self, n_samples):
        """The same neighbourhoods with more draws.

        Parameters
        ----------
        n_samples : int
            Draws per row.

        Returns
        -------
        Neighbourhoods
        """
        # Two threads may both build one; the two are equal.
        if n_samples not in self._grown:
            own = self.sampler, self.kernel, self.response
            self._grown[n_samples] = type(self)(*own, n_samples, self.seed, smaller=self)
        return self._grown[n_samples]


def checked_weights(kernel, Z, z):
    """Weights of a kernel, after a check of what a user's kernel returned.

    Raises
    ------
    ValueError
        If they are not one finite, non-negative number a draw.
    """
    returned = kernel(Z, z)
    if np.asarray(returned).dtype.kind not in "biuf":
        raise TypeError(
            f"kernel {kernel!r} returned {type(returned).__name__}, not real numbers; a "
            "kernel takes (Z, z) and returns one weight per row of Z."
        )
    weights = np.asarray(returned, dtype=np.float64)
    if weights.shape != (len(Z),):
        raise ValueError(
            f"kernel {kernel!r} returned weights of shape {weights.shape} for {len(Z)} "
            "draws; a kernel takes (Z, z) and returns one weight per row of Z."
        )
    bad = ~(np.isfinite(weights) & (weights >= 0.0))
    if bad.any():
        raise ValueError(
            f"kernel {kernel!r} returned weights that are negative or not finite, for "
            f"example {weights[bad][0]}; weights say how much a draw counts, so they must "
            "be finite and at least 0."
        )
    return weights


def is_thin(effective_sample_sizes, n_samples):
    """Whether the kernel leaves too little of the draws: less than a tenth.

    Parameters
    ----------
    effective_sample_sizes, n_samples : float or ndarray
        What is left, and of how many draws.

    Returns
    -------
    bool or ndarray of bool
    """
    return effective_sample_sizes < 0.1 * n_samples
