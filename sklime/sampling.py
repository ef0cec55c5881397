"""Sampled moments: draws, the model's answers to them, and their weights."""

from abc import ABC, abstractmethod

import numpy as np
from scipy import sparse

from sklime.moments import (
    Draws,
    Moments,
    resolution_of,
    scale_answers,
    weighted_products,
)

# Above this width the weights of 0/1 designs are computed draw by draw.
_WIDEST_TABLE = 1024


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
    """

    def __init__(self, sampler, kernel, response, n_samples, seed):
        self.sampler = sampler
        self.kernel = kernel
        self.response = response
        self.n_samples = sampler.count_draws(n_samples)
        self.seed = seed

    # Rows that are explained together: their moments stay in the second-level cache.
    rows_at_once = 64

    @abstractmethod
    def ask(self, X):
        """Place rows, draw around them, and ask the model about the draws.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Checked rows.

        Returns
        -------
        object
            For `draws` and `moments`, which ask nothing more.
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


class SharedPool(Neighbourhoods):
    """One pool of draws for all rows, about which the model is asked once.

    Possible where the draws do not depend on the row; each row weighs them its own way.
    """

    def __init__(self, sampler, kernel, response, n_samples, seed):
        super().__init__(sampler, kernel, response, n_samples, seed)
        inputs, self.points = sampler.pool(n_samples, seed)
        answers = np.ascontiguousarray(response(inputs, what="pool draw").T)
        self.Y, self.y_origin, self.y_scale = scale_answers(answers)
        self.weights_of_matches = self._tabulate()

    @property
    def bytes_per_row(self):
        width = len(self.points.matched) + len(self.Y) + 1
        return 8 * 6 * width**2

    def ask(self, X):
        return self.sampler.locate(X)

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
            )

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

    def ask(self, X):
        around = self.sampler.sample(X, self.n_samples, random_state=self.seed)
        answers = ask_each(self.response, [own.inputs for own in around], "draw")
        return list(zip(around, answers, strict=True))

    def draws(self, asked, outputs):
        for (own, answers), explained in zip(asked, outputs, strict=True):
            weights = checked_weights(self.kernel, own.design, own.position)
            Y, origin, scale = scale_answers(answers.T[explained])
            yield Draws(own.design.T, own.position, weights, Y, origin, scale)


class ShiftedNoise(Neighbourhoods):
    """The same deviations around every row: one weighting and one Gram matrix for all.

    Possible where the draws move with the row and the kernel looks at differences only.
    """

    def __init__(self, sampler, kernel, response, n_samples, seed):
        super().__init__(sampler, kernel, response, n_samples, seed)
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

    def ask(self, X):
        inputs, positions = self.sampler.around(X, self.deviations)
        answers = self.response(inputs, what="draw")
        return positions, answers.reshape(len(positions), self.n_samples, -1)

    def draws(self, asked, outputs):
        for position, answer, explained in zip(*asked, outputs, strict=True):
            Z = self.Z + position[:, np.newaxis]
            yield Draws(Z, position, self.weights, *scale_answers(answer.T[explained]))

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


def surround(sampler, kernel, response, n_samples, seed):
    """Choose the cheapest way to surround rows that the sampler and the kernel allow.

    Parameters
    ----------
    sampler, kernel, response, n_samples, seed
        As for `Neighbourhoods`.

    Returns
    -------
    Neighbourhoods
    """
    if not sampler.depends_on_row:
        kind = SharedPool
    elif sampler.shifts_with_row and kernel.stationary:
        kind = ShiftedNoise
    else:
        kind = OwnDraws
    return kind(sampler, kernel, response, n_samples, seed)


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


def ask_each(response, tables, what):
    """Ask the model about several tables in one go.

    Parameters
    ----------
    response : Response
        Asks the model.
    tables : list of tables
        All of one kind.
    what : str
        What their rows are, for messages.

    Returns
    -------
    list of ndarray of shape (n_rows_of_table, n_outputs)
    """
    first, heights = tables[0], [table.shape[0] for table in tables]
    if len(tables) == 1:
        joined = first
    elif sparse.issparse(first):
        joined = sparse.vstack(tables, format="csr")
    elif hasattr(first, "iloc"):
        import pandas as pd

        joined = pd.concat(tables, ignore_index=True)
    elif hasattr(first, "vstack"):
        import polars as pl

        joined = pl.concat(tables)
    else:
        joined = np.concatenate(tables)
    return np.split(response(joined, what=what), np.cumsum(heights)[:-1])
