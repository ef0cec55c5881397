"""One pool of draws for all rows, about which the model is evaluated once."""

from dataclasses import replace

import numpy as np

from sklime.kernels import checked_weights
from sklime.laws.masks import weights_by_count
from sklime.model.queries import predict_new_rows
from sklime.moments.draws import Draws, scale_answers
from sklime.moments.products import badly_centred, resolution_of, weighted_products
from sklime.moments.sampled import SampledMoments
from sklime.neighbourhoods.base import SampledSource
from sklime.neighbourhoods.control_variates import AdditivePart

# Above this width the weights of 0/1 designs are computed draw by draw.
_WIDEST_TABLE = 1024

# Cells of all columns, and levels of one, that control variates look at.
_MOST_CELLS = 600
_MOST_LEVELS = 16


class SharedPool(SampledSource):
    """One pool of draws for all rows, about which the model is evaluated once.

    Possible where the draws do not depend on the row; each row weighs them its own way.
    """

    def __init__(self, law, kernel, response, n_samples, seed, smaller=None):
        super().__init__(law, kernel, response, n_samples, seed, smaller)
        inputs, self.points = law.pool(n_samples, seed)
        self.n_levels, cells = self._balanced_cells(inputs)
        known = None if smaller is None else [smaller.pool_answers]
        [answers] = predict_new_rows(response, [inputs], known, self.prefix, "pool draw")
        self.pool_answers = answers
        scaled = scale_answers(np.ascontiguousarray(answers.T))
        self.Y, self.y_origin, self.y_scale = scaled
        self.control = None if cells is None else AdditivePart(cells, self.Y)
        self.weights_of_matches = self._tabulate()

    @property
    def bytes_per_row(self):
        width = len(self.points.binary) + len(self.Y) + 1
        return 8 * 6 * width**2

    def evaluate(self, X, known=None):
        return self.law.locate(X)

    def responses(self, evaluated, i):
        return self.pool_answers

    def draws(self, evaluated, outputs):
        if self.control is None:
            yield from self._answered(evaluated, outputs)
            return
        lines = self._lines(evaluated, outputs)
        for draws, (rest, line) in zip(
            self._answered(evaluated, outputs), lines, strict=True
        ):
            if draws.badly_centred:
                yield draws
            else:
                Y = rest + line[0][:, np.newaxis] + line[1:].T @ draws.Z
                yield replace(draws, Y=Y, raw=draws.Y)

    def moments(self, evaluated, outputs):
        if self.control is None:
            return super().moments(evaluated, outputs)
        rests_and_lines = self._lines(evaluated, outputs)
        rows = [
            _products(draws, *own)
            for draws, own in zip(
                self._answered(evaluated, outputs), rests_and_lines, strict=True
            )
        ]
        better, raw, *own = _as_lines(*map(np.array, zip(*rows, strict=True)))
        own = *own, self.n_samples, resolution_of(self.points.binary)
        return SampledMoments(better, *own, raw=SampledMoments(raw, *own))

    def with_standard_errors(self, surrogates, evaluated, outputs):
        if self.control is None:
            return super().with_standard_errors(surrogates, evaluated, outputs)
        return surrogates.with_standard_errors(
            # The rest, fitted to the same answers, scatters too little.
            draws if draws.raw is None else replace(draws, Y=draws.Y + missed)
            for draws, missed in self._with_missed_scatter(evaluated, outputs)
        )

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
        points = self.evaluate(X)
        content = points.codes if points.z is None else np.vstack([points.codes, points.z])
        _, first = np.unique(content.T, axis=0, return_index=True)
        chosen = np.linspace(0, len(first) - 1, min(len(first), n_rows)).astype(int)
        return first[chosen]

    def column_order(self):
        """Rank the columns by how much of the answers' variance each explains alone.

        Returns
        -------
        ndarray of shape (n_features,) of int
            The columns, the strongest first.
        """
        Y = self.Y - self.Y.mean(axis=1, keepdims=True)
        explained = np.empty(len(self.points.binary))
        for j, binary in enumerate(self.points.binary):
            if binary:
                # Codes start at -1.
                code = self.points.codes[j].astype(np.intp) + 1
                count = np.maximum(np.bincount(code), 1)
                sums = np.array([np.bincount(code, y) for y in Y])
                explained[j] = np.sum(np.square(sums) / count)
            else:
                z = self.points.z[j] - self.points.z[j].mean()
                explained[j] = np.sum(np.square(Y @ z)) / (z @ z or 1.0)
        return np.argsort(-explained, kind="stable")

    def _with_missed_scatter(self, evaluated, outputs):
        lacking = 1.0 / self.control.shrinkage - 1.0
        for draws, explained in zip(self.draws(evaluated, outputs), outputs, strict=True):
            yield draws, lacking * self.control.rest[explained]

    def _answered(self, evaluated, outputs):
        """Each row's draws with the model's own answers."""
        for i, explained in enumerate(outputs):
            Z, position = self.points.relative_to(evaluated, i)
            yield Draws(
                Z,
                position,
                self._pool_weights(Z, position),
                self.Y[explained],
                self.y_origin[explained],
                self.y_scale[explained],
                self.groups,
            )

    def _lines(self, evaluated, outputs):
        """What the additive part leaves of the answers, and its line, for each row."""
        lines = self.control.relative_to(evaluated.codes)
        for line, explained in zip(lines, outputs, strict=True):
            yield self.control.rest[explained], line[:, explained]

    def _balanced_cells(self, inputs):
        """Levels and cells, where draws are balanced and have few enough of them."""
        if self.groups is None:
            return 0, None
        most = min(self.n_samples // 3, _MOST_CELLS)
        # Bins cut some levels in two.
        n_levels = max(1, min(_MOST_LEVELS, most // len(self.points.binary) - 3))
        cells = self.law.cells(inputs, n_levels)
        if cells is None or sum(len(column.masses) for column in cells) > most:
            return 0, None
        return n_levels, cells

    def control_at(self, inputs, codes):
        """What the additive part of the answers is at draws around one row, and its line.

        Parameters
        ----------
        inputs : table
            Draws around the row.
        codes : ndarray of shape (n_features,) of int
            The row's bins.

        Returns
        -------
        additive : ndarray of shape (n_draws, n_outputs)
            In the answers' own units.
        line : ndarray of shape (1 + n_features, n_outputs)
            Constant and coefficients of the design that stand for it.
        """
        additive = self.control.at(self.law.cells(inputs, self.n_levels))
        line = self.control.relative_to(codes[:, np.newaxis])[0] * self.y_scale
        line[0] += self.y_origin
        return (additive * self.y_scale[:, np.newaxis]).T + self.y_origin, line

    def _tabulate(self):
        """Weight by number of matches, where the kernel depends on nothing else."""
        d = len(self.points.binary)
        if not (
            self.points.binary.all() and self.kernel.exchangeable and d <= _WIDEST_TABLE
        ):
            return None
        return weights_by_count(self.kernel, d)

    def _pool_weights(self, Z, position):
        if self.weights_of_matches is None:
            return checked_weights(self.kernel, Z.T, position)
        counter = np.uint8 if len(Z) < 256 else np.uint16
        return self.weights_of_matches[np.add.reduce(Z, axis=0, dtype=counter)]


def _products(draws, rest, line):
    """Products of a row's design, answers and what the additive part leaves of them."""
    k, both = len(draws.Y), np.concatenate([draws.Y, rest])
    products, squares = weighted_products(draws.Z, draws.weights, both)
    Y, *own = draws.Y, draws.y_origin, draws.y_scale
    raw = products[:-k, :-k]
    if badly_centred(raw[0, 0], raw[0, -k:], np.diagonal(raw)[-k:]):
        # The answers are their own rest, and the additive part nothing.
        Y, *own = draws.local_answers()
        products, squares = weighted_products(draws.Z, draws.weights, np.tile(Y, (2, 1)))
        line = np.zeros_like(line)
    return products, line, squares, draws.position, draws.z_origin, *own


def _as_lines(products, line, *own):
    """Products of the answers with their additive part as a line, and as they are."""
    k = line.shape[2]
    raw = products[:, :-k, :-k]
    base, cross = products[:, : -2 * k, : -2 * k], products[:, : -2 * k, -k:]
    moved, across = base @ line, np.swapaxes(line, 1, 2)
    shared = across @ cross
    better = raw.copy()
    better[:, :-k, -k:] = cross + moved
    better[:, -k:, :-k] = np.swapaxes(better[:, :-k, -k:], 1, 2)
    better[:, -k:, -k:] = (
        products[:, -k:, -k:] + shared + np.swapaxes(shared, 1, 2) + across @ moved
    )
    return better, raw, *own
