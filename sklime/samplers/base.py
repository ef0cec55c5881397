"""The contract of samplers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklime.base import Component
from sklime.kernels import ExponentialKernel, Kernel
from sklime.laws.base import Law, Neighbourhood
from sklime.laws.product import ProductLaw
from sklime.laws.quasirandom import RandomState
from sklime.samplers.kinds.base import RowKind
from sklime.samplers.kinds.table import TableRows
from sklime.samplers.own import OwnDrawsLaw
from sklime.samplers.stated import StatedLaw
from sklime.tables.checks import feature_names
from sklime.tables.typing import Table


class Sampler(Component, ABC):
    """Base of the samplers: how a row is described and perturbed.

    A third-party sampler defines the abstract methods; `sklime.testing.check_sampler`
    tells whether it keeps the contract. After `fit` it has `n_features_in_` and

    - `default_metric_`, `default_width_`: the distance and kernel width natural to it;
    - `binary_features_`: ndarray of shape (`n_features_in_`,) of bool, the columns whose
      design is 0 or 1;
    - `max_draws_`: the number of draws that there are, where more cannot be had.
    """

    n_features_in_: int
    default_metric_: str
    default_width_: float
    binary_features_: NDArray[np.bool_]

    # What a row is: the class of `kind_`.
    row_kind: type[RowKind] = TableRows

    # Whether `fit` takes sparse tables, and tables with gaps.
    accepts_sparse = False
    accepts_missing = False

    # The kernel that weighs draws unless the user gives one.
    default_kernel_: Kernel = ExponentialKernel()

    # What `fit` saw of a table, a `TableSchema`.
    _schema = None

    # None: any number.
    max_draws_: int | None = None

    # Rows handed to the model at a time; None leaves it to the working memory.
    batch_size: int | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # A class may have defined the older name itself: what it says holds for both.
        own = vars(cls)
        if "matched_" in own and "binary_features_" not in own:
            cls.binary_features_ = own["matched_"]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        self.row_kind.tag(tags)
        tags.input_tags.sparse = self.accepts_sparse
        tags.input_tags.allow_nan = self.accepts_missing
        return tags

    @property
    def matched_(self) -> NDArray[np.bool_]:
        """An older name of `binary_features_`."""
        return self.binary_features_

    @matched_.setter
    def matched_(self, binary: NDArray[np.bool_]) -> None:
        self.binary_features_ = binary

    @property
    def kind_(self) -> RowKind:
        """The kind of the rows: here those of a table."""
        return TableRows(self)

    @property
    def law_(self) -> Law:
        """The law of the draws around all rows, as the explainer takes them.

        Here that of `sample`, or of independent columns where `law` states them: a class
        that overrides `sample` alone inherits the law of other draws, which says nothing.
        """
        kinds = type(self).__mro__
        law, sample = (
            next(i for i, kind in enumerate(kinds) if name in vars(kind))
            for name in ("law", "sample")
        )
        return StatedLaw(self) if law <= sample else OwnDrawsLaw(self)

    @abstractmethod
    def fit(
        self, X: Table, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn the training statistics.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Training rows.
        y : array-like of shape (n_rows,), optional
            Targets, for samplers that use them.
        sample_weight : array-like of shape (n_rows,), optional
            Weights of the rows.

        Returns
        -------
        self
        """

    @abstractmethod
    def sample(
        self, X: Table, n_samples: int = 4096, random_state: RandomState = None
    ) -> list[Neighbourhood]:
        """Perturb each row.

        Equal rows get equal draws for equal `random_state`, whatever else is in `X`.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Rows to perturb.
        n_samples : int, default=4096
            Draws per row; Sobol points are rounded up to a multiple of eight.
        random_state : int, RandomState instance or None, default=None
            Source of randomness.

        Returns
        -------
        list of Neighbourhood
            One per row.
        """

    @abstractmethod
    def interpret(self, X: Table, row: Table) -> NDArray[Any]:
        """Coordinates of any points relative to one row.

        Parameters
        ----------
        X : table of shape (n_points, n_features)
            Any points.
        row : table of shape (1, n_features)
            The row they are seen from.

        Returns
        -------
        ndarray of shape (n_points, n_units)
            Their design.
        """

    @abstractmethod
    def reference(self, X: Table, n_samples: int = 512) -> list[Neighbourhood]:
        """Reference neighbourhood, in which every surrogate of a row is scored.

        Each component keeps the row's value with probability 1/2 and is redrawn from its
        training marginal otherwise, with a seed of its own.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Rows.
        n_samples : int, default=512
            Draws per row.

        Returns
        -------
        list of Neighbourhood
            One per row.
        """

    def count_draws(self, n_samples: int) -> int:
        """Number of draws that a request for `n_samples` gives: here as many.

        Parameters
        ----------
        n_samples : int
            The requested number.

        Returns
        -------
        int
        """
        return n_samples

    def groups(self, n_draws: int) -> NDArray[np.intp] | None:
        """Groups of draws that belong together, as `Neighbourhood.groups`.

        Parameters
        ----------
        n_draws : int
            Number of draws, as `count_draws` gives it.

        Returns
        -------
        ndarray of shape (n_draws,) of int, or None
            None: all draws are independent.
        """
        return None

    def prefix_positions(self, n_draws: int, n_more: int) -> NDArray[np.intp] | None:
        """Positions of a request's draws among those of a larger one.

        Parameters
        ----------
        n_draws, n_more : int
            Numbers of draws, as `count_draws` gives them, the smaller first.

        Returns
        -------
        ndarray of shape (n_draws,) of int, or None
            Where the smaller request's draws stand, in order; None: the two share none.
        """
        return None

    def law(self, row: Table) -> ProductLaw | None:
        """Product law of the draws around one row, or None where there is none.

        A sampler that states it gets draws from narrow kernels' own laws, and closed forms.
        The values of its columns are those of the table.

        Parameters
        ----------
        row : table of shape (1, n_features)
            The row.

        Returns
        -------
        ProductLaw or None
        """
        return None

    def renamed(self, names: NDArray[np.object_]) -> NDArray[np.object_]:
        """Names of the interpretable features, by those of the columns.

        Parameters
        ----------
        names : ndarray of shape (`n_features_in_`,) of str
            Of the columns.

        Returns
        -------
        ndarray of str
            Here the same: every column is a feature.
        """
        return names

    def shown(self, X: Table) -> Table:
        """Rows as explanations show them, one column per interpretable feature.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Checked rows.

        Returns
        -------
        table
            Here `X` itself.
        """
        return X

    def varies(self) -> NDArray[np.bool_]:
        """Whether columns had more than one value in training.

        Returns
        -------
        ndarray of shape (`n_features_in_`,) of bool
            Here all.
        """
        return np.ones(self.n_features_in_, dtype=bool)

    def restore(self, X: Table) -> Table:
        """Convert rows to the container and dtypes of the training table.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Checked rows.

        Returns
        -------
        table
            Here `X` itself.
        """
        return X

    def units(self, X: Table) -> list[NDArray[np.intp]] | None:
        """Input columns that describe each row.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Checked rows.

        Returns
        -------
        list of ndarray of int, or None
            None: every row is described by all columns.
        """
        return None

    def conditions(self, X: Table) -> Any:
        """Conditions in words: the meaning of each row's interpretable features.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Checked rows.

        Returns
        -------
        codes : ndarray of shape (n_rows, n_features) of int
            Which of its feature's conditions holds.
        labels : list of n_features lists of str
            The conditions of each feature.
        """
        codes = np.zeros((X.shape[0], self.n_features_in_), dtype=int)
        return codes, [[str(name)] for name in feature_names(self)]
