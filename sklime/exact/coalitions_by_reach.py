"""Coalitions of models whose sums of products hold as far as rows reach, and no further."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklime.exact.coalition_form import CoalitionModel
from sklime.exact.coalitions_of_products import CoalitionsOfProducts
from sklime.exceptions import NoClosedForm

# Rows that are multiplied together; by what the reach of sums grows from one to the next.
_ROWS, FACTOR = 8, 2.0**0.5


class CoalitionsByReach(CoalitionModel):
    """Base of models under laws of coalitions that have a sum of products for each reach.

    Attributes
    ----------
    least_reach : float
        That of the first sum.
    middle : float
        What responses are measured from.
    """

    least_reach: float
    middle = 0.0

    def __init__(self, *own: Any) -> None:
        # Features, columns, background and law of what is kept, as the sums take them.
        self._own = own
        self._sums: dict[int, CoalitionsOfProducts] = {}

    @abstractmethod
    def reach(self, own: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far rows may reach, (n_rows,), from their model features."""

    @abstractmethod
    def build(self, steps: int) -> CoalitionsOfProducts:
        """Sum of products that holds up to ``least_reach * FACTOR**steps``."""

    def steps_to(self, reach: float | NDArray[np.float64]) -> NDArray[np.intp]:
        """Number of the first sum that reaches so far."""
        ratio = np.maximum(reach, self.least_reach) / self.least_reach
        return np.ceil(np.log(ratio) / np.log(FACTOR)).astype(int)

    def sum_of(self, steps: int | NDArray[np.intp]) -> CoalitionsOfProducts:
        """The sum of a number, kept."""
        steps = int(steps)
        # Two threads may both build one; the two are equal.
        if steps not in self._sums:
            self._sums[steps] = self.build(steps)
        return self._sums[steps]

    def by_reach(
        self, own: NDArray[np.float64]
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], CoalitionsOfProducts]]:
        """Yield rows, these filled up to whole blocks, and the sum that serves them."""
        reach = self.reach(own)
        if not np.isfinite(reach).all():
            raise NoClosedForm("missing or infinite values of the row reach the model")
        steps = self.steps_to(reach)
        for number in np.unique(steps):
            rows = np.flatnonzero(steps == number)
            # Blocks of one height, lest a row's values depend on its batch.
            padded = np.pad(rows, (0, -len(rows) % _ROWS), mode="edge")
            yield rows, padded, self.sum_of(number)

    def __call__(self, own, outputs):
        features, *_, keep = self._own
        expected = np.empty((own.shape[1], len(outputs)))
        contrasts = np.empty((*expected.shape, len(features.owned)))
        for rows, padded, model in self.by_reach(own):
            found = model(own[:, padded], outputs)
            expected[rows], contrasts[rows] = (part[: len(rows)] for part in found)
        # Beside Shapley values it is the same for all rows, however far they reach.
        if keep.probability is None:
            return np.tile(self.nothing()[outputs], (len(expected), 1)), contrasts
        return self.constant[outputs] + self.middle + expected, contrasts

    def pairs(
        self,
        own: NDArray[np.float64],
        outputs: NDArray[np.intp],
        pairs: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """Contrasts of pairs of columns, those of the sums of products."""
        found = np.empty((own.shape[1], len(outputs), len(pairs)))
        for rows, padded, model in self.by_reach(own):
            found[rows] = model.pairs(own[:, padded], outputs, pairs)[: len(rows)]
        return found


class CoalitionsOfRanged(CoalitionsByReach):
    """Sum of products whose factors hold for a range of values, under laws of coalitions.

    Parameters
    ----------
    form : ProductForm
        The terms, as they hold for the background.
    features, columns, background, keep
        As for `CoalitionsOfProducts`.
    """

    least_reach = 1.0

    def __init__(self, form, features, columns, background, keep):
        super().__init__(features, columns, background, keep)
        self.form = form
        first = self.sum_of(0)
        self.n_terms, self.constant = first.n_terms, np.zeros_like(first.constant)

    def reach(self, own):
        return self.form.reach(own)

    def build(self, steps):
        return CoalitionsOfProducts(self.form.reaching(FACTOR**steps), *self._own)

    def responses(self, at):
        return self.constant + self.sum_of(0).responses(at)

    def nothing(self):
        return self.constant + self.sum_of(0).nothing()
