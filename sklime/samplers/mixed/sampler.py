"""Sampler of tables with texts: words, numbers and categories in one explanation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.utils.metaestimators import _BaseComposition

from sklime.fitting import atomic_fit, check_fitted
from sklime.kernels import PARTWISE
from sklime.laws.base import Law, Neighbourhood
from sklime.laws.joint import JointLaw
from sklime.laws.quasirandom import RandomState, count_draws
from sklime.samplers.base import Sampler
from sklime.samplers.kinds.base import RowKind
from sklime.samplers.kinds.mixed import MixedRows
from sklime.samplers.mixed.columns import positions_of
from sklime.samplers.mixed.parts import PARTS, Part, Units
from sklime.tables.access import join_columns, take_rows
from sklime.tables.checks import check_table, feature_names
from sklime.tables.typing import Table, TableLike

# Which columns a part has, as in ColumnTransformer.
Columns: TypeAlias = (
    str | int | slice | Sequence[str] | Sequence[int] | ArrayLike | Callable[[Any], Any]
)

# Shuffles of the parts' reference draws have a seed of their own.
_REFERENCE_SEED = 1602_04938


class MixedSampler(Sampler, _BaseComposition):
    r"""Give each column of a table its own sampler: words beside numbers and categories.

    For models of tables with a column of texts, such as a `ColumnTransformer` with a
    vectoriser. Parts are drawn independently: words of the text are removed as the part's
    sampler does it, the other columns redrawn from their training distributions. The units
    of a row are those of its parts, one after the other: its own words, and the conditions
    of its other columns. `transform` has one column per column of the table; a text's is
    the sum of its words.

    Weights are the product of the parts' own default kernels, such as cosine with width
    0.25 for words and Euclidean with width :math:`0.75 \sqrt d` for `d` columns. So a model
    that reads one part only is explained as that part's sampler would do it alone.
    ``ExponentialKernel(width=0.5)`` makes all of them half as wide; a kernel with another
    metric, or a function, sees all units at once.

    Parameters
    ----------
    samplers : list of (str, Sampler, columns)
        The parts: a name, a sampler of tables or texts, and its columns, as in
        `ColumnTransformer`: a name, a position, a list of either, a slice, a mask, or a
        function of the table such as `make_column_selector`. A sampler of texts has one
        column. Every column stands in exactly one part. Parameters of a part are set as
        ``<name>__<parameter>``.

    Attributes
    ----------
    samplers_ : list of (str, Sampler, list of int)
        The fitted samplers, with the positions of their columns.
    n_features_in_ : int
        Number of columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklime import FunctionRegressor, LimeExplainer
    >>> from sklime.samplers import MarginalSampler, MixedSampler, TokenSampler
    >>> X = pd.DataFrame({
    ...     "review": ["good value", "too dear", "good but dear", "fine"],
    ...     "price": [3.0, 9.0, 8.0, 4.0],
    ... })
    >>> model = FunctionRegressor(
    ...     lambda X: X["review"].str.count("good") - (X["price"] > 5.0)
    ... )
    >>> sampler = MixedSampler([
    ...     ("words", TokenSampler(), "review"),
    ...     ("rest", MarginalSampler(n_bins=2), ["price"]),
    ... ])
    >>> explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(X)
    >>> explanation = explainer.explain(X[2:3])
    >>> explanation.unit_names[0].tolist()
    ['good', 'but', 'dear', 'price > 6']
    >>> abs(explanation.values).round(1)
    array([[1., 0., 0., 1.]])
    >>> explainer.transform(X[2:3]).round(1)
    array([[ 1., -1.]])
    """

    row_kind = MixedRows
    default_metric_ = PARTWISE
    default_width_ = 1.0

    def __init__(self, samplers: list[tuple[str, Sampler, Columns]]) -> None:
        self.samplers = samplers

    @property
    def _samplers(self):
        """Names and samplers, for `get_params` and `set_params`."""
        try:
            return [(name, sampler) for name, sampler, _ in self.samplers]
        except (TypeError, ValueError):
            # What is no list of parts is found in fit.
            return self.samplers

    @_samplers.setter
    def _samplers(self, pairs):
        columns = [columns for _, _, columns in self.samplers]
        self.samplers = [(*pair, own) for pair, own in zip(pairs, columns, strict=True)]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get parameters, those of the parts as ``<name>__<parameter>``.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include those of the parts.

        Returns
        -------
        dict
        """
        return self._get_params("_samplers", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``<name>`` replaces a part's sampler.

        Parameters
        ----------
        **params : dict
            As `get_params` names them.

        Returns
        -------
        self
        """
        self._set_params("_samplers", **params)
        return self

    @atomic_fit
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Fit the sampler of each part to its columns.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n_rows, n_features)
            Training rows.
        y : array-like of shape (n_rows,), optional
            Targets, for samplers that use them.
        sample_weight : array-like of shape (n_rows,), optional
            Weights of the rows.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If a part is not as it should be, or a column stands in no part, or in two.
        """
        self._check_parts()
        X = check_table(self, X, reset=True)
        if sparse.issparse(X):
            raise TypeError("MixedSampler takes dense tables: pass X.toarray().")
        names = list(map(str, feature_names(self)))
        # Columns of a frame may have names of any type.
        chosen = [
            positions_of(columns, X, names, name) for name, _, columns in self.samplers
        ]
        self._check_columns(chosen, names)
        self.parts_ = [
            self._part(name, sampler, own, np.array(names, dtype=object)[own])
            for (name, sampler, _), own in zip(self.samplers, chosen, strict=True)
        ]
        for part in self.parts_:
            part.fit(X, y, sample_weight)
            self._check_features(part)
        self.samplers_ = [
            (part.name, part.sampler, part.columns.tolist()) for part in self.parts_
        ]
        self.binary_features_ = np.ones(self.n_features_in_, dtype=bool)
        for part in self.parts_:
            binary = np.asarray(part.sampler.binary_features_)
            self.binary_features_[part.columns] = binary
        return self

    @property
    def kind_(self) -> RowKind:
        check_fitted(self)
        return MixedRows(self)

    @property
    def law_(self) -> Law:
        """The law of the draws: parts that are independent of each other."""
        check_fitted(self)
        return JointLaw(self)

    def sample(
        self, X: TableLike, n_samples: int = 4096, random_state: RandomState = None
    ) -> list[Neighbourhood]:
        X = check_table(self, X, reset=False)
        return JointLaw(self).draw(X, n_samples, random_state)

    def count_draws(self, n_samples: int) -> int:
        return count_draws(n_samples, "sobol")

    def groups(self, n_draws: int) -> NDArray[np.intp] | None:
        return JointLaw(self).groups(n_draws)

    def interpret(self, X: TableLike, row: TableLike) -> NDArray[Any]:
        X, row = (check_table(self, table, reset=False) for table in (X, row))
        designs = [
            part.sampler.interpret(part.taken(X), part.taken(row)) for part in self.parts_
        ]
        return np.hstack(designs)

    def reference(self, X: TableLike, n_samples: int = 512) -> list[Neighbourhood]:
        X = check_table(self, X, reset=False)
        drawn = []
        for p, part in enumerate(self.parts_):
            # All parts have the same random numbers, so that they must be shuffled.
            order = np.random.default_rng([_REFERENCE_SEED, p]).permutation(n_samples)
            drawn.append(
                [
                    (take_rows(own.inputs, order), own.design[order], own.position)
                    for own in part.sampler.reference(part.taken(X), n_samples)
                ]
            )
        found = []
        for own in zip(*drawn, strict=True):
            inputs, designs, positions = zip(*own, strict=True)
            sizes = tuple(map(len, positions))
            whole = self.joined(inputs), np.hstack(designs), np.concatenate(positions)
            found.append(Neighbourhood(*whole, part_sizes=sizes))
        return found

    def varies(self) -> NDArray[np.bool_]:
        check_fitted(self)
        varies = np.ones(self.n_features_in_, dtype=bool)
        for part in self.parts_:
            varies[part.columns] = part.varies
        return varies

    def restore(self, X: Table) -> Table:
        check_fitted(self)
        return self.joined([part.restore(X) for part in self.parts_])

    def get_feature_names_out(self, input_features: None = None) -> NDArray[np.object_]:
        """Names of the columns of `transform` for one output: those of the table.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of shape (`n_features_in_`,) of str
        """
        check_fitted(self)
        return feature_names(self)

    def check_texts(self, X: Table) -> None:
        """Raise `TypeError` or `ValueError` where a checked table lacks a text."""
        for part in self.parts_:
            part.rows(X)

    def joined(self, tables: Sequence[Table]) -> Table:
        """Join the columns of all parts, in the order of the table.

        Parameters
        ----------
        tables : list of table
            One per part.

        Returns
        -------
        table
        """
        columns = np.concatenate([part.columns for part in self.parts_])
        return join_columns(tables, np.argsort(columns))

    def described(self, X: Table) -> list[Units]:
        """Units of each row of a checked table: those of its parts.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Checked rows.

        Returns
        -------
        list of Units
        """
        by_part = [part.units(X) for part in self.parts_]
        names = feature_names(self)
        return [_one_after_the_other(own, names) for own in zip(*by_part, strict=True)]

    def _check_parts(self):
        told = "samplers of MixedSampler must be a list of (name, sampler, columns)"
        parts = self.samplers
        if not isinstance(parts, (list, tuple)) or not parts:
            raise TypeError(f"{told}, got {parts!r:.200}.")
        for part in parts:
            if not isinstance(part, (list, tuple)) or len(part) != 3:
                raise TypeError(f"{told}; it holds {part!r:.200}.")
            name, sampler, _ = part
            if not isinstance(name, str) or "__" in name or name in ("samplers", ""):
                raise ValueError(
                    f"the part {name!r} of MixedSampler has no name that parameters can be "
                    'set by: give a str without "__" that is not "samplers".'
                )
            if not isinstance(sampler, Sampler):
                raise TypeError(
                    f"part {name!r} of MixedSampler has {sampler!r:.200} in place of a "
                    "Sampler: give an instance of one of sklime.samplers."
                )
            if self._part_class(sampler) is None:
                raise TypeError(
                    f"part {name!r} of MixedSampler has {sampler!r:.200}, whose rows are "
                    "no columns of a table: give a sampler of tables, or TokenSampler."
                )
        names = [name for name, _, _ in parts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"the parts of MixedSampler have the name(s) {', '.join(map(repr, twice))} "
                "more than once: give each a name of its own."
            )

    def _check_columns(self, chosen, names):
        owners = {j: [] for j in range(len(names))}
        for (name, _, _), own in zip(self.samplers, chosen, strict=True):
            for j in own:
                owners[j].append(name)
        twice = {j: own for j, own in owners.items() if len(own) > 1}
        if twice:
            j, own = next(iter(twice.items()))
            raise ValueError(
                f"column {names[j]!r} of MixedSampler stands in the parts "
                f"{' and '.join(map(repr, own))}: leave it in one of them."
            )
        left = [names[j] for j, own in owners.items() if not own]
        if left:
            raise ValueError(
                f"no part of MixedSampler has the column(s) {', '.join(map(repr, left))}: "
                f'add them to one, or a part such as ("rest", MarginalSampler(), {left!r}).'
            )

    @staticmethod
    def _check_features(part):
        names = part.sampler.renamed(part.column_names)
        if list(names) != list(part.column_names):
            raise ValueError(
                f"part {part.name!r} of MixedSampler has {part.sampler!r:.200}, whose "
                "groups=... makes one feature of several columns, and MixedSampler has one "
                "for each: leave groups=None there."
            )

    @staticmethod
    def _part_class(sampler):
        if issubclass(sampler.row_kind, MixedRows):
            return None
        kinds = (part for kind, part in PARTS.items() if issubclass(sampler.row_kind, kind))
        return next(kinds, None)

    def _part(self, name, sampler, columns, names) -> Part:
        return self._part_class(sampler)(name, clone(sampler), columns, names)


def _one_after_the_other(parts, names):
    """Units of a row from those of its parts; what several have gets a prefix."""
    own = [set(units.names) for units in parts]
    shared = {
        name for p, one in enumerate(own) for other in own[:p] for name in one & other
    }
    columns = np.concatenate([units.columns for units in parts])
    told = np.concatenate([units.names for units in parts])
    for u, name in enumerate(told):
        if name in shared:
            told[u] = f"{names[columns[u]]}: {name}"
    spans = [span for units in parts for span in units.spans]
    return Units(told, spans, columns, np.concatenate([units.binary for units in parts]))
