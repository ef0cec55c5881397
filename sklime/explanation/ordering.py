"""Sorting and grouping of explanations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, Literal, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from sklime.explanation.fields import names_per_output
from sklime.explanation.units import unit_mask, units_by_name, values_by_name

# What is grouped by rows: an explanation.
_Whole = TypeVar("_Whole")

_STATISTICS: dict[str, Callable[..., Any]] = {"mean": np.mean, "max": np.max}


class Ordering:
    """Mixin of `Explanation`: sorting and grouping."""

    def sort_rows(
        self, by: str | ArrayLike = "predictions", *, ascending: bool = False
    ) -> Self:
        """Put the rows in order, by default the largest prediction first.

        Parameters
        ----------
        by : str or array-like of shape (n,), default="predictions"
            A key for each row, or the field that holds it: "predictions",
            "local_predictions", "intercepts", "scores" or "effective_sample_sizes", where
            one target is explained.
        ascending : bool, default=False
            Whether the smallest key comes first. Equal keys keep their order; missing
            ones come last either way.

        Returns
        -------
        Explanation

        Raises
        ------
        ValueError
            If there is no such field, or not one key for each row.
        """
        known = names_per_output(self)
        if isinstance(by, str) and by not in known:
            raise ValueError(f"by={by!r} must be one of {list(known)}, or keys")
        keys = np.asarray(getattr(self, by) if isinstance(by, str) else by)
        if keys.shape != (len(self),):
            raise ValueError(
                f"by has keys of shape {keys.shape}, expected {(len(self),)}: one for each "
                "row; where all outputs are explained, pick one, as in e[:, :, target]"
            )
        return self[_order(keys, ascending)]

    def sort_features(
        self, by: Literal["mean", "max"] = "mean", *, ascending: bool = False
    ) -> Self:
        r"""Put the features in order, by default the strongest first.

        A feature is as strong as the mean or maximum of \|attribution\| over all rows and
        outputs; where a row lacks it, it counts as 0, and units of one name in one row
        count as one, by their sum. Where `values` are effects, conditions that hold for
        nearly all rows come first: ``e.contributions().sort_features()`` avoids that. In
        ragged explanations the units of each row come in this order too. To have another
        order, name the features in it, as in ``e[["b", "a"]]``.

        Parameters
        ----------
        by : {"mean", "max"}, default="mean"
            The statistic.
        ascending : bool, default=False
            Whether the weakest comes first. Equally strong ones keep their order.

        Returns
        -------
        Explanation

        Raises
        ------
        ValueError
            If `by` is another statistic.
        """
        if by not in _STATISTICS:
            raise ValueError(f"by={by!r} must be one of {list(_STATISTICS)}")
        names, values = values_by_name(self, absent=0.0)
        sizes = np.abs(values).reshape(values.shape[0] * values.shape[1], len(names))
        strengths = _STATISTICS[by](sizes, axis=0) if len(sizes) else np.zeros(len(names))
        order = _order(strengths, ascending)
        if self.unit_names is None:
            return self._take_columns(order)
        ranks = np.argsort(order)
        rank_of = dict(zip(names, ranks, strict=True))
        # Features that no row has stay behind.
        features = [rank_of.get(name, len(names)) for name in self.feature_names]
        places = zip(units_by_name(self)[1], unit_mask(self), strict=True)
        units = [np.argsort(ranks[own[held]], kind="stable") for own, held in places]
        return self._take_units(units, np.argsort(features, kind="stable"))

    def groupby(self, labels: ArrayLike) -> Groups[Self]:
        """Group the rows that share a label.

        Parameters
        ----------
        labels : array-like of shape (n,)
            A label for each row, such as ``e.data["color"]`` or ``e.target_names``.

        Returns
        -------
        Groups
            Iterate it for pairs of a label and its explanation, as in pandas; index it by
            label. Sorted by label, rows in their order.

        Raises
        ------
        ValueError
            If there is not one label for each row, or labels are missing.
        """
        return Groups(self, labels)


class Groups(Generic[_Whole]):
    """The parts of an explanation, by label.

    Parameters
    ----------
    explanation : Explanation
        The whole.
    labels : array-like of shape (n,)
        A label for each row.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.explanation.ordering import Groups
    >>> groups = Groups(np.array([3, 1, 2]), ["b", "a", "b"])
    >>> [(label, part.tolist()) for label, part in groups]
    [('a', [1]), ('b', [3, 2])]
    >>> groups["a"].tolist()
    [1]
    """

    def __init__(self, explanation: _Whole, labels: ArrayLike) -> None:
        import pandas as pd

        labels = pd.Series(labels)
        if len(labels) != len(explanation):
            raise ValueError(
                f"labels has {len(labels)} entries, expected {len(explanation)}: one for "
                "each row"
            )
        codes, self._labels = pd.factorize(labels, sort=True)
        if (codes < 0).any():
            raise ValueError(
                f"labels are missing for {np.count_nonzero(codes < 0)} rows: fill them, or "
                "leave these rows out"
            )
        self._explanation = explanation
        self._codes = codes

    def __len__(self) -> int:
        return len(self._labels)

    def __iter__(self) -> Iterator[tuple[Any, _Whole]]:
        return iter(self.items())

    def __contains__(self, label: object) -> bool:
        return label in self._labels

    def __getitem__(self, label: object) -> _Whole:
        if label not in self:
            raise KeyError(f"no rows are labelled {label!r}: choose from {self.keys()}")
        return self._explanation[self._codes == self._labels.get_loc(label)]

    def __repr__(self) -> str:
        sizes = np.bincount(self._codes, minlength=len(self))
        pairs = zip(self.keys(), sizes.tolist(), strict=True)
        return f"Groups({', '.join(f'{label!r}: {size} rows' for label, size in pairs)})"

    def keys(self) -> list[Any]:
        """List the labels, sorted."""
        return self._labels.tolist()

    def items(self) -> list[tuple[Any, _Whole]]:
        """List the pairs of a label and its explanation."""
        return [(label, self[label]) for label in self.keys()]


def _order(keys, ascending):
    import pandas as pd

    keys = pd.Series(keys)
    return keys.sort_values(ascending=ascending, kind="stable").index.to_numpy()
