"""Sampled moments: draws, the model's answers to them, and their weights."""

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np

from sklime.asking import ask_about_new
from sklime.moments import (
    Draws,
    Moments,
    resolution_of,
    scale_answers,
    weighted_products,
)

# Above this width the weights of 0/1 designs are computed draw by draw.
_WIDEST_TABLE = 1024

# Draws that tell which columns matter, where all others are the rows' own.
_PILOT = 1024


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


class SharedPool(Neighbourhoods):
    """One pool of draws for all rows, about which the model is asked once.

    Possible where the draws do not depend on the row; each row weighs them its own way.
    """

    asks_per_row = False

    def __init__(self, sampler, kernel, response, n_samples, seed, smaller=None):
        super().__init__(sampler, kernel, response, n_samples, seed, smaller)
        inputs, self.points = sampler.pool(n_samples, seed)
        known = None if smaller is None else [smaller.pool_answers]
        [answers] = ask_about_new(response, [inputs], known, self.places, "pool draw")
        self.pool_answers = answers
        scaled = scale_answers(np.ascontiguousarray(answers.T))
        self.Y, self.y_origin, self.y_scale = scaled
        self.weights_of_matches = self._tabulate()

    @property
    def bytes_per_row(self):
        width = len(self.points.matched) + len(self.Y) + 1
        return 8 * 6 * width**2

    def ask(self, X, known=None):
        return self.sampler.locate(X)

    def answers(self, asked, i):
        return self.pool_answers

    def representatives(self, X, n_rows):
        """Choose rows by their content, whatever the order and repetitions of the table.

        Parameters
        ----------
        X : table of shape (n, n_features)
            Checked rows.
        n_rows : int
            How many at most.

        Returns
        -------
        ndarray of int
            Their positions; no two rows are explained alike.
        """
        points = self.ask(X)
        content = points.codes if points.z is None else np.vstack([points.codes, points.z])
        _, first = np.unique(content.T, axis=0, return_index=True)
        chosen = np.linspace(0, len(first) - 1, min(len(first), n_rows)).astype(int)
        return first[chosen]

    def draws(self, asked, outputs):
        for i, explained in enumerate(outputs):
            Z, position = self.points.seen_from(asked, i)
            yield Draws(
                Z,
                position,
                self._weights(Z, position),
                self.Y[explained],
                self.y_origin[explained],
                self.y_scale[explained],
                self.groups,
            )

    def column_order(self):
        """Rank the columns by how much of the answers' variance each explains alone.

        Returns
        -------
        ndarray of shape (n_features,) of int
            The columns, the strongest first.
        """
        Y = self.Y - self.Y.mean(axis=1, keepdims=True)
        explained = np.empty(len(self.points.matched))
        for j, matched in enumerate(self.points.matched):
            if matched:
                # Codes start at -1.
                code = self.points.codes[j].astype(np.intp) + 1
                count = np.maximum(np.bincount(code), 1)
                sums = np.array([np.bincount(code, y) for y in Y])
                explained[j] = np.sum(np.square(sums) / count)
            else:
                z = self.points.z[j] - self.points.z[j].mean()
                explained[j] = np.sum(np.square(Y @ z)) / (z @ z or 1.0)
        return np.argsort(-explained, kind="stable")

    def _tabulate(self):
        """Weight by number of matches, where the kernel depends on nothing else."""
        d = len(self.points.matched)
        if not (
            self.points.matched.all() and self.kernel.exchangeable and d <= _WIDEST_TABLE
        ):
            return None
        return checked_weights(self.kernel, np.tri(d + 1, d, -1), np.ones(d))

    def _weights(self, Z, position):
        if self.weights_of_matches is None:
            return checked_weights(self.kernel, Z.T, position)
        counter = np.uint8 if len(Z) < 256 else np.uint16
        return self.weights_of_matches[np.add.reduce(Z, axis=0, dtype=counter)]


class OwnDraws(Neighbourhoods):
    """Draws of each row's own, from any sampler."""

    @property
    def bytes_per_row(self):
        return 8 * 4 * self.n_samples * self.sampler.n_features_in_

    def ask(self, X, known=None):
        around = self._around(X)
        inputs = [own.inputs for own in around]
        answers = ask_about_new(self.response, inputs, known, self.places, "draw")
        return list(zip(around, answers, strict=True))

    def answers(self, asked, i):
        return asked[i][1]

    def draws(self, asked, outputs):
        for (own, answers), explained in zip(asked, outputs, strict=True):
            scaled = scale_answers(answers.T[explained])
            weights = self._weights(own)
            yield Draws(own.design.T, own.position, weights, *scaled, own.groups)

    def _around(self, X):
        return self.sampler.sample(X, self.n_samples, random_state=self.seed)

    def _weights(self, own):
        return checked_weights(self.kernel, own.design, own.position)


class TiltedDraws(OwnDraws):
    """Draws of each row's own from the kernel-weighted law, all of weight 1.

    However narrow the kernel, every draw counts.

    Parameters
    ----------
    sampler, kernel, response, n_samples, seed, smaller
        As for `Neighbourhoods`.
    order : ndarray of shape (n_features,) of int, default=None
        The columns, those first that move the answers most: quasi-random numbers are the
        more even the earlier their dimension. None: as they stand in the table.
    """

    def __init__(
        self, sampler, kernel, response, n_samples, seed, smaller=None, order=None
    ):
        super().__init__(sampler, kernel, response, n_samples, seed, smaller)
        self.order = order if smaller is None else smaller.order

    def _around(self, X):
        return self.sampler.tilted(
            X, self.kernel, self.n_samples, random_state=self.seed, order=self.order
        )

    def _weights(self, own):
        return np.ones(len(own.design))


class ShiftedNoise(Neighbourhoods):
    """The same deviations around every row: one weighting and one Gram matrix for all.

    Possible where the draws move with the row and the kernel looks at differences only.
    """

    def __init__(self, sampler, kernel, response, n_samples, seed, smaller=None):
        super().__init__(sampler, kernel, response, n_samples, seed, smaller)
        self.deviations, standardised = sampler.deviations(n_samples, seed)
        self.Z = np.ascontiguousarray(standardised.T)
        self.weights = checked_weights(kernel, self.Z.T, np.zeros(len(self.Z)))
        nothing = np.empty((0, self.n_samples))
        self.gram, self.weight_squares = weighted_products(self.Z, self.weights, nothing)
        relative = self.weights / (self.weights.max() or 1.0)
        self.weighted = np.vstack([np.ones(self.n_samples), self.Z]) * relative
        self.relative = relative

    @property
    def bytes_per_row(self):
        return 8 * 3 * self.deviations.size

    @cached_property
    def effective_sample_size(self):
        """``(sum w)**2 / sum w**2``, the same for every row."""
        return self.gram[0, 0] ** 2 / (self.weight_squares or 1.0)

    def ask(self, X, known=None):
        new = np.ones(self.n_samples, dtype=bool)
        if known is not None and self.places is not None:
            new[self.places] = False
        inputs, positions = self.sampler.around(X, self.deviations[new])
        answers = self.response(inputs, what="draw")
        answers = answers.reshape(len(positions), new.sum(), -1)
        if new.all():
            return positions, answers
        both = np.empty((len(positions), self.n_samples, answers.shape[2]))
        both[:, new], both[:, self.places] = answers, known
        return positions, both

    def answers(self, asked, i):
        return asked[1][i]

    def draws(self, asked, outputs):
        for position, answer, explained in zip(*asked, outputs, strict=True):
            Z = self.Z + position[:, np.newaxis]
            scaled = scale_answers(answer.T[explained])
            yield Draws(Z, position, self.weights, *scaled, self.groups)

    def moments(self, asked, outputs):
        (n, d), k = asked[0].shape, outputs.shape[1]
        products = np.zeros((n, 1 + d + k, 1 + d + k))
        products[:, : 1 + d, : 1 + d] = self.gram
        origins, scales = np.empty((n, k)), np.empty((n, k))
        for i, (answer, explained) in enumerate(zip(asked[1], outputs, strict=True)):
            own = Draws(self.Z, None, self.weights, *scale_answers(answer.T[explained]))
            Y, origins[i], scales[i] = own.local_answers()
            cross = self.weighted @ Y.T
            products[i, : 1 + d, 1 + d :] = cross
            products[i, 1 + d :, : 1 + d] = cross.T
            products[i, 1 + d :, 1 + d :] = (Y * self.relative) @ Y.T
        return Moments(
            products,
            np.full(n, self.weight_squares),
            asked[0],
            asked[0],
            origins,
            scales,
            self.n_samples,
            resolution_of(self.Z),
        )


def surround(sampler, kernel, response, n_samples, seed, weighting="kernel"):
    """Choose the cheapest way to surround rows that the sampler and the kernel allow.

    Parameters
    ----------
    sampler, kernel, response, n_samples, seed
        As for `Neighbourhoods`.
    weighting : {"auto", "kernel", "tilted"}, default="kernel"
        As for `LimeExplainer`.

    Returns
    -------
    around : Neighbourhoods
        For all rows.
    tilted : TiltedDraws or None
        For rows of which the kernel leaves too little in `around`.

    Raises
    ------
    ValueError
        If draws from the kernel-weighted law are wanted and there are none.
    """
    setting = sampler, kernel, response, n_samples, seed
    tilts = sampler.tilts(kernel)
    if weighting == "tilted" and not tilts:
        raise ValueError(
            f'weighting="tilted" has no law to draw from: {sampler!r} cannot weigh its own '
            f'by {kernel!r}. Use weighting="kernel", or a sampler of independent columns '
            "with a kernel that is a product over columns, such as ExponentialKernel()."
        )
    if weighting == "tilted":
        order = None
        if not sampler.depends_on_row:
            pilot = SharedPool(*setting[:3], min(n_samples, _PILOT), seed)
            order = pilot.column_order()
        return TiltedDraws(*setting, order=order), None
    tilts = tilts and weighting == "auto"
    if not sampler.depends_on_row:
        pool = SharedPool(*setting)
        tilted = TiltedDraws(*setting, order=pool.column_order()) if tilts else None
        return pool, tilted
    tilted = TiltedDraws(*setting) if tilts else None
    if not (sampler.shifts_with_row and kernel.stationary):
        return OwnDraws(*setting), tilted
    around = ShiftedNoise(*setting)
    if tilted is not None and is_thin(around.effective_sample_size, around.n_samples):
        # The same for every row, and known before the model is asked.
        return tilted, None
    return around, tilted


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
