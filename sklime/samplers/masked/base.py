"""Base of the samplers of texts, images and sequences, which hide units of a row."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sklime.fitting import check_fitted
from sklime.kernels import Kernel, ShapleyKernel
from sklime.laws.base import Law, Neighbourhood, Sample
from sklime.laws.coalitions import draw_coalitions
from sklime.laws.masks import ExchangeableLaw, MaskLaw
from sklime.laws.quasirandom import RandomState, resolve_seed
from sklime.samplers.base import Sampler
from sklime.samplers.kinds.base import RowKind
from sklime.samplers.kinds.masked_row import MaskedRow
from sklime.tables.typing import Table

MASK_SEQUENCES = ("stratified", "random")

# The reference neighbourhood has a seed of its own, so that no setting can change it.
_REFERENCE_SEED = 1602_04938


class MaskSampler(Sampler):
    """Base of the samplers that keep or hide the units of one row.

    Subclasses define `fit`, which sets `kind_` to the `RowKind` that they describe, `rows`,
    and the law of their masks where it is another.

    Examples
    --------
    >>> from sklime.samplers import MaskSampler, TokenSampler
    >>> sampler = TokenSampler().fit(["a good film"])
    >>> isinstance(sampler, MaskSampler), sampler.mask_law(3).masses.round(2)
    (True, array([0.33, 0.33, 0.33, 0.  ]))
    >>> masks = sampler.masks(n_units=3, n_samples=100, random_state=0)
    >>> masks.design.shape, masks.exhaustive
    ((7, 3), True)
    """

    default_metric_ = "cosine"
    default_width_ = 0.25

    # How masks are drawn, one of MASK_SEQUENCES; samplers that let the user choose override
    # it.
    sequence: Literal["stratified", "random"] = "stratified"

    @property
    def draws_fills(self) -> bool:
        """Whether what hidden units are replaced by is drawn, by `filled`."""
        return False

    @property
    def column_law_(self) -> Law | None:
        """Law of a table's columns, where these are the units; None where they are not."""
        return None

    @property
    def draws_by_law(self) -> bool:
        """Whether masks follow `mask_law`: classes that override `masks` may not."""
        return type(self).masks is MaskSampler.masks

    def hidden_rows(self, fills: NDArray[np.float64]) -> Table:
        """Rows of which everything is hidden, where that is drawn.

        Parameters
        ----------
        fills : ndarray of shape (n_rows, n_units)
            Encoded values, as `filled` draws them.

        Returns
        -------
        rows
        """
        raise NotImplementedError(f"{type(self).__name__} takes no fills")

    def leaves_traces(self, X: Table) -> NDArray[np.bool_]:
        """Whether rows with all of their units hidden still differ by what they were.

        Where they do, hiding may change nothing for the model, and a warning says so.

        Parameters
        ----------
        X : list or ndarray
            Checked rows.

        Returns
        -------
        ndarray of shape (n_rows,) of bool
            Here False: what is hidden is gone.
        """
        return np.zeros(len(X), dtype=bool)

    @property
    def hiding(self) -> str:
        """What a warning says of traces of hidden units, and the cure."""
        return "the sampler leaves traces of hidden units: hide them in another way."

    @abstractmethod
    def rows(self, X: Table) -> Sequence[MaskedRow]:
        """Cut rows into units.

        Parameters
        ----------
        X : list or ndarray
            Checked rows.

        Returns
        -------
        list of MaskedRow
        """

    def check(self, X: Table) -> Table:
        """Check rows, and leave their kind as the model takes it."""
        return self.kind_.check(X)

    def restore(self, X: Table) -> Table:
        return self.kind_.restore(X)

    def get_feature_names_out(self, input_features: None = None) -> NDArray[np.object_]:
        """Names of the columns of `transform` for one output.

        Parameters
        ----------
        input_features : None
            Ignored: the units have names of their own.

        Returns
        -------
        ndarray of shape (n_columns,) of str
        """
        return self.kind_.column_names()

    def mask_law(self, n_units: int) -> ExchangeableLaw:
        """Law of the masks, before any kernel: here each unit is kept with probability 1/2.

        Parameters
        ----------
        n_units : int
            Number of units.

        Returns
        -------
        ExchangeableLaw
        """
        return ExchangeableLaw.bernoulli(n_units)

    def masks(
        self,
        n_units: int,
        n_samples: int,
        random_state: RandomState = None,
        kernel: Kernel | None = None,
    ) -> Sample:
        """Draw masks for a row of `n_units` units.

        Rows of equally many units get equal masks for equal `random_state`.

        Parameters
        ----------
        n_units : int
            Number of units.
        n_samples : int
            Masks at most; a row of few units has no more than `2**n_units`.
        random_state : int, RandomState instance or None, default=None
            Source of randomness.
        kernel : Kernel or None, default=None
            Draws from the law that this kernel weighs, so that they need no weights.

        Returns
        -------
        Sample
            Without inputs.
        """
        law, seed = self.mask_law(n_units), resolve_seed(random_state)
        if not isinstance(law, ExchangeableLaw) or law.n_units != n_units:
            raise ValueError(
                f"mask_law({n_units}) of {self!r} must give an ExchangeableLaw with "
                f"{n_units + 1} masses, and gave {law!r}."
            )
        if isinstance(kernel, ShapleyKernel):
            # It says itself how often coalitions are met, whatever the sampler's law.
            return self.coalitions(n_units, n_samples, seed)
        if kernel is not None:
            law = law.tilt(kernel)
        draw = law.draw if self.sequence == "stratified" else law.draw_independently
        return self.filled(draw(n_samples, seed), n_samples, seed)

    def coalitions(self, n_units: int, n_samples: int, seed: int) -> Sample:
        """Draw masks for Shapley values: coalitions with their complements.

        Parameters
        ----------
        n_units : int
            Number of units.
        n_samples : int
            Coalitions at most, without those that keep nothing or all.
        seed : int
            Equal seeds give equal coalitions.

        Returns
        -------
        Sample
            Without inputs.
        """
        return self.filled(draw_coalitions(n_units, n_samples, seed), n_samples, seed)

    def filled(self, masks: Sample, n_samples: int, seed: int) -> Sample:
        """Draw what hidden units are replaced by, where that is drawn.

        Parameters
        ----------
        masks : Sample
            Without inputs.
        n_samples : int
            Rows that the model may be asked about.
        seed : int
            Source of randomness.

        Returns
        -------
        Sample
            Here as it is: rows know what they hide their units by.
        """
        return masks

    @property
    def kind_(self) -> RowKind:
        """The kind of the rows, which `fit` sets."""
        check_fitted(self, "_kind")
        return self._kind

    @kind_.setter
    def kind_(self, kind: RowKind) -> None:
        self._kind = kind

    @property
    def law_(self) -> Law:
        """The law of the masked copies of all rows."""
        if type(self).sample is not MaskSampler.sample:
            raise TypeError(
                f"{type(self).__name__} overrides sample, whose draws are not asked for: "
                "rows are explained by masks, so override masks or mask_law instead."
            )
        return MaskLaw(self)

    def sample(
        self, X: Table, n_samples: int = 4096, random_state: RandomState = None
    ) -> list[Neighbourhood]:
        return MaskLaw(self).draw(self.check(X), n_samples, random_state)

    def interpret(self, X: Table, row: Table) -> NDArray[np.bool_]:
        [described] = self.rows(self.check(row))
        return described.shared_with(self.check(X))

    def reference(self, X: Table, n_samples: int = 512) -> list[Neighbourhood]:
        found = []
        for row in self.rows(self.check(X)):
            design = self.reference_masks(row.n_units, n_samples)
            inputs = self.restore(row.compose(design))
            found.append(Neighbourhood(inputs, design, np.ones(row.n_units)))
        return found

    def reference_masks(self, n_units: int, n_samples: int = 512) -> NDArray[np.bool_]:
        """Masks of the reference neighbourhood: each unit is kept with probability 1/2.

        Parameters
        ----------
        n_units : int
            Number of units.
        n_samples : int, default=512
            Number of masks.

        Returns
        -------
        ndarray of shape (n_samples, n_units) of bool
        """
        rng = np.random.default_rng(_REFERENCE_SEED)
        return rng.random((n_samples, n_units)) < 0.5
