"""The `Explanation`: parallel arrays of attributions and their metadata."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from sklime.explanation.attribution import KINDS, AttributionViews, check_attribution
from sklime.explanation.concatenation import Joining
from sklime.explanation.fields import (
    PER_CLASS,
    PER_OUTPUT,
    PER_PAIR,
    PER_UNIT,
    check_pairs,
    check_shapes,
    check_units,
    names_of_arrays,
    optional_arrays,
)
from sklime.explanation.frames import FrameExport
from sklime.explanation.html_page import HTMLExport
from sklime.explanation.image_mask import ImageMask
from sklime.explanation.indexing import Indexing
from sklime.explanation.labels import row_position
from sklime.explanation.ordering import Ordering
from sklime.explanation.picture import Plotting
from sklime.explanation.serialization.document import JSONExport
from sklime.explanation.shap_bridge import ShapBridge
from sklime.serialization.equality import identical
from sklime.tables.conditions import TableConditions
from sklime.tables.typing import Table, TableLike

# A coefficient that rests on fewer draws, in units of the mean weight, is doubtful.
THIN_SUPPORT = 10


@dataclass(eq=False, repr=False)
class Explanation(
    AttributionViews,
    Indexing,
    Ordering,
    Joining,
    FrameExport,
    JSONExport,
    ShapBridge,
    ImageMask,
    HTMLExport,
    Plotting,
):
    r"""Attributions of the features of many rows, and all that is needed to read them.

    An attribution is a coefficient of the row's linear surrogate, in the units of its
    interpretable features: for a binned column the effect of being in the row's own
    bin rather than outside it, for a standardised column the effect of one training
    standard deviation. `contributions` gives the other view, in which attributions add
    up to the local prediction; `attribution` says which one this is. Where each row
    explains its own output (``target="predicted"``, or ``"auto"`` with three classes or
    more), a column of `values` mixes classes: use ``target="all"`` or a class label before
    averaging or clustering rows.

    An explanation holds ``n`` rows and ``d`` features. With one target, also where each
    row has its own, an *output shape* is ``(n,)`` and a *unit shape* is ``(n, d)``; with
    ``target="all"`` they are ``(n, n_outputs)`` and ``(n, n_outputs, d)``. In ragged
    explanations each row has units of its own (stored entries of a sparse row, tokens of a
    text, segments of an image or sequence), listed in `unit_names`: ``d`` is then the
    number of units of the longest row. Two explanations are equal if all their fields are,
    to the bit, NaN counting as equal to NaN.

    Index it as ``e[rows]``, ``e[features]``, ``e[rows, features]`` or, with
    ``target="all"``, ``e[rows, features, target]``. Rows are an int (which keeps a
    one-row explanation), a slice, a boolean mask or ints; features are a name or a list
    of names, in the order wanted, a repeated name standing for all features so named;
    labels of a frame that are no strings serve as well (an int only behind the rows, as in
    ``e[:, 2019]``);
    ``:`` stands for everything. A target leaves an explanation of that output only. `loc`
    takes the labels of rows in the index of a frame instead of their positions. In a
    ragged explanation, features keep the units so named, in each row's own order; texts,
    images and sequences in `data` stay whole. A name that is not there raises a KeyError.

    Parameters
    ----------
    values : ndarray of unit shape
        Attributions; 0 for features that were not selected. Ragged rows are padded with
        NaN to the longest.
    intercepts : ndarray of output shape
        Intercepts of the surrogates.
    predictions : ndarray of output shape
        What the model answers for the rows.
    local_predictions : ndarray of output shape
        What the surrogates answer for the rows.
    scores : ndarray of output shape
        Weighted R2 of the surrogates on their neighbourhoods, at most 1. Where it costs
        draws beside a closed form, of 1,000 rows of a call, evenly spaced; NaN for others.
    effective_sample_sizes : ndarray of output shape
        How many equally weighted draws the weighted ones are worth.
    support : ndarray of unit shape
        Draws, in units of mean weight, on the rarer side of each interpretable feature.
    data : array, pandas or polars frame or series, CSR, or list, of n rows
        The explained rows as they were given; of shape (n, n_features) for tables, where
        ``n_features`` is ``d`` unless ragged.
    feature_names : array-like of str of shape (n_features,)
        Names of the features, which are the columns of a table, the vocabulary of texts,
        the places of images and sequences; unique in ragged tables.
    target_names : array-like of shape (n,) or (n_outputs,)
        The output that each row explains; with ``target="all"``, the outputs.
    conditions : sequence of n arrays of str
        What each feature or unit of a row says, for example ``"14.1 < radius <= 15.8"``.
    meta : dict
        How the explanation was made: method, parameters, versions, seed; ``"kind"`` of the
        rows, "table" if absent, "text", "image", "sequence" or "mixed";
        ``"degrees_of_freedom"`` of the standard errors, none if absent;
        ``"attribution"``, what `values` are, "effect" if absent, or "contribution".
    standard_errors : ndarray of unit shape, default=None
        Standard errors of `values`; NaN for features that were not selected, and where
        fewer than three effective draws lie on one side of a feature.
    unit_names : list of n arrays of str, default=None
        The units of each row of a ragged explanation; in tables, names of columns.
    unit_spans : list of n sequences or label maps, default=None
        Where each unit stands in its row: an entry for each unit, such as the offsets
        ``[start, stop)`` of a token; or an array of int of the row's shape (channels apart)
        that labels each place with the position of its unit, and with -1 if it has none.
    feature_means : ndarray of unit shape, default=None
        Kernel-weighted means of the interpretable features in each row's neighbourhood: of
        a binned column the share of the row's own bin, of a standardised column the mean
        of its standardised values. None: not known.
    baselines : ndarray of output shape, default=None
        The neighbourhood's mean answer, which contributions start from: the intercept plus
        the effects times `feature_means`. None: not known.
    positions : ndarray of unit shape, default=None
        The rows in interpretable units, where some columns are standardised. None: 1
        everywhere, as of bins, categories, tokens and segments.
    coefficients, coefficient_errors : ndarray of unit shape, default=None
        Where `values` are contributions, the effects and their standard errors.
    interactions : ndarray of shape (n, n_pairs) or (n, n_outputs, n_pairs), default=None
        Where ``explain(X, interactions=...)`` asked for them: by how much the effect of
        one feature of a pair changes with the other. Where `values` are effects, the
        coefficient of the centred product
        :math:`(z_j - \bar z_j)(z_k - \bar z_k)` in a surrogate with that term, which for
        bins is the second contrast
        :math:`E[f \mid 11] - E[f \mid 10] - E[f \mid 01] + E[f \mid 00]`; where they are
        contributions, that coefficient times the row's own product, which the pair adds
        to the local prediction. Where `values` are Shapley values, the Shapley interaction
        index: the second contrast, averaged over coalitions of the others of each size. Of
        texts, images and sequences those of all units with the two names, summed; NaN
        where a row has no such units. `values`, `baselines` and `local_predictions` are
        those of the surrogate without such terms, and the same with or without
        `interactions`.
    interaction_pairs : list of n_pairs tuples of two names, default=None
        The two features of each pair, by name; in ragged explanations two of `unit_names`.
    interaction_standard_errors : ndarray of the shape of `interactions`, default=None
        Standard errors of `interactions`; 0 where these are exact, NaN where draws do
        not tell them.
    interaction_positions : ndarray of the shape of `interactions`, default=None
        The rows' own values of the terms of pairs, where features are not independent, as
        of masks, and a pair's term is the product less what the features tell of it. None:
        the products of both features' distances from their means.
    interaction_coefficients, interaction_coefficient_errors : ndarray, default=None
        Where `values` are contributions, the coefficients of the pairs and their standard
        errors.
    neighbour_scores : ndarray of output shape, default=None
        Where ``explain(X, neighbours=k)`` asked for them: R2 of the surrogates on the `k`
        nearest training rows, :math:`1 - \sum (f - g)^2 / \sum (f - \bar f)^2`, at most 1;
        negative where the mean of the model's responses to these rows is nearer to them
        than the surrogate. Where these are all the same, 1 if it meets them, but for a
        hundredth of its coefficients, else 0.
    class_probabilities : ndarray of shape (n, n_classes), default=None
        Where one of three or more classes is explained for each row, the probabilities of
        all, in the order of ``meta["classes"]``. None: those of `predictions` tell all
        that is known.

    Raises
    ------
    ValueError
        If the shapes of two fields do not agree, or units of a table are no columns.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.tables.conditions import TableConditions
    >>> from sklime.explanation import Explanation
    >>> labels = [["age <= 30", "age > 30"], ["color = blue", "color = red"]]
    >>> e = Explanation(
    ...     np.array([[0.1, -0.4], [0.2, 0.0]]),
    ...     intercepts=np.array([0.5, 0.5]),
    ...     predictions=np.array([0.2, 0.7]),
    ...     local_predictions=np.array([0.2, 0.7]),
    ...     scores=np.array([0.9, 0.8]),
    ...     effective_sample_sizes=np.array([512.0, 512.0]),
    ...     support=np.full((2, 2), 256.0),
    ...     data=np.array([[25, 1], [41, 0]]),
    ...     feature_names=["age", "color"],
    ...     target_names=["yes", "yes"],
    ...     conditions=TableConditions([[0, 1], [1, 0]], labels),
    ...     meta={"method": "exact"},
    ... )
    >>> e
    Explanation(rows=2, features=2, targets=['yes'], method='exact')
    >>> e.as_list(0)
    [('color = red', -0.4), ('age <= 30', 0.1)]
    >>> e[e.predictions > 0.5, "age"].values
    array([[0.2]])
    >>> e.sort_features().feature_names.tolist()
    ['color', 'age']
    >>> [(color, part.predictions) for color, part in e.groupby(e.data[:, 1])]
    [(0, array([0.7])), (1, array([0.2]))]
    >>> Explanation.from_json(e.to_json()) == e
    True
    """

    values: NDArray[np.float64] = field(metadata=PER_UNIT)
    _: KW_ONLY
    intercepts: NDArray[np.float64] = field(metadata=PER_OUTPUT)
    predictions: NDArray[np.float64] = field(metadata=PER_OUTPUT)
    local_predictions: NDArray[np.float64] = field(metadata=PER_OUTPUT)
    scores: NDArray[np.float64] = field(metadata=PER_OUTPUT)
    effective_sample_sizes: NDArray[np.float64] = field(metadata=PER_OUTPUT)
    support: NDArray[np.float64] = field(metadata=PER_UNIT)
    data: Table
    feature_names: NDArray[np.object_]
    target_names: NDArray[np.object_]
    conditions: TableConditions | NDArray[np.object_] | list[NDArray[np.object_]]
    meta: dict[str, Any]
    standard_errors: NDArray[np.float64] | None = field(default=None, metadata=PER_UNIT)
    unit_names: list[NDArray[np.object_]] | None = None
    unit_spans: list[Any] | None = None
    feature_means: NDArray[np.float64] | None = field(default=None, metadata=PER_UNIT)
    baselines: NDArray[np.float64] | None = field(default=None, metadata=PER_OUTPUT)
    positions: NDArray[np.float64] | None = field(default=None, metadata=PER_UNIT)
    coefficients: NDArray[np.float64] | None = field(default=None, metadata=PER_UNIT)
    coefficient_errors: NDArray[np.float64] | None = field(default=None, metadata=PER_UNIT)
    interactions: NDArray[np.float64] | None = field(default=None, metadata=PER_PAIR)
    interaction_pairs: list[tuple[Any, Any]] | None = None
    interaction_standard_errors: NDArray[np.float64] | None = field(
        default=None, metadata=PER_PAIR
    )
    interaction_positions: NDArray[np.float64] | None = field(
        default=None, metadata=PER_PAIR
    )
    interaction_coefficients: NDArray[np.float64] | None = field(
        default=None, metadata=PER_PAIR
    )
    interaction_coefficient_errors: NDArray[np.float64] | None = field(
        default=None, metadata=PER_PAIR
    )
    neighbour_scores: NDArray[np.float64] | None = field(default=None, metadata=PER_OUTPUT)
    class_probabilities: NDArray[np.float64] | None = field(
        default=None, metadata=PER_CLASS
    )

    if TYPE_CHECKING:
        # Takes what becomes such arrays.
        def __init__(
            self,
            values: ArrayLike,
            *,
            intercepts: ArrayLike,
            predictions: ArrayLike,
            local_predictions: ArrayLike,
            scores: ArrayLike,
            effective_sample_sizes: ArrayLike,
            support: ArrayLike,
            data: TableLike,
            feature_names: ArrayLike,
            target_names: ArrayLike,
            conditions: TableConditions | Sequence[ArrayLike],
            meta: Mapping[str, Any],
            standard_errors: ArrayLike | None = None,
            unit_names: Sequence[ArrayLike] | None = None,
            unit_spans: Sequence[Any] | None = None,
            feature_means: ArrayLike | None = None,
            baselines: ArrayLike | None = None,
            positions: ArrayLike | None = None,
            coefficients: ArrayLike | None = None,
            coefficient_errors: ArrayLike | None = None,
            interactions: ArrayLike | None = None,
            interaction_pairs: Sequence[Sequence[Any]] | None = None,
            interaction_standard_errors: ArrayLike | None = None,
            interaction_positions: ArrayLike | None = None,
            interaction_coefficients: ArrayLike | None = None,
            interaction_coefficient_errors: ArrayLike | None = None,
            neighbour_scores: ArrayLike | None = None,
            class_probabilities: ArrayLike | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        optional = optional_arrays(self)
        for name in names_of_arrays(self):
            array = getattr(self, name)
            if array is not None or name not in optional:
                setattr(self, name, np.asarray(array, dtype=float))
        self.feature_names = np.asarray(self.feature_names, dtype=object)
        self.target_names = np.asarray(self.target_names, dtype=object)
        self.meta = dict(self.meta)
        if self.unit_names is not None:
            self.unit_names = _object_arrays(self.unit_names)
            self.conditions = _object_arrays(self.conditions)
        elif not isinstance(self.conditions, TableConditions):
            rows = _object_arrays(self.conditions)
            self.conditions = np.array(rows or np.empty((0, self.n_features)), dtype=object)
        check_attribution(self.attribution, KINDS)
        if self.interaction_pairs is not None:
            self.interaction_pairs = [tuple(pair) for pair in self.interaction_pairs]
        check_shapes(self)
        check_units(self)
        check_pairs(self)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of `values`."""
        return self.values.shape

    @property
    def low_support(self) -> NDArray[np.bool_]:
        """Whether `support` is below 10, of unit shape: such attributions are doubtful."""
        return self.support < THIN_SUPPORT

    @property
    def n_features(self) -> int:
        """Number of features; for tables, the columns of `data`."""
        return len(self.feature_names)

    @property
    def kind(self) -> str:
        """Kind of the explained rows: "table", "text", "image", "sequence" or "mixed"."""
        return self.meta.get("kind", "table")

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        targets = list(dict.fromkeys(map(str, self.target_names)))
        features = f"features={self.n_features}"
        if self.unit_names is not None:
            features = f"units={self.values.shape[-1]} at most"
        return (
            f"Explanation(rows={len(self)}, {features}, "
            f"targets={reprlib.repr(targets)}, method={self.meta.get('method')!r})"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Explanation):
            return NotImplemented
        return identical(vars(self), vars(other))

    # Its arrays can change.
    __hash__ = None  # type: ignore[assignment]

    def as_list(
        self, row: int | None = None, target: object = None
    ) -> list[tuple[str, float]]:
        """List the conditions of one row with their attributions, the strongest first.

        Parameters
        ----------
        row : int, default=None
            Position of the row; negative ones count from the end. None: the only row. By
            its label, a row is listed as ``e.loc[label].as_list()``.
        target : object, default=None
            The output to list, one of `target_names`; required where all outputs are
            explained.

        Returns
        -------
        list of (str, float)
            Sorted by decreasing absolute attribution; exact zeros are left out.

        Raises
        ------
        IndexError
            If there is no such row.
        ValueError
            If all outputs are explained and `target` is not given, or there are several
            rows and `row` is not.
        KeyError
            If `target` is not explained for this row.
        """
        if row is None:
            if len(self) != 1:
                raise ValueError(
                    f"row=None among {len(self)} rows: give the position of one, as in "
                    "as_list(row=0), or its label, as in loc[label].as_list()"
                )
            row = 0
        values, conditions = self._values_of(row, target), self.conditions[row]
        order = np.argsort(-np.abs(values), kind="stable")
        return [(str(conditions[j]), float(values[j])) for j in order if values[j] != 0]

    def confidence_intervals(
        self, level: float = 0.95
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        r"""Bound each attribution by its error bars, :math:`b \pm q \, \mathrm{se}(b)`.

        The quantile :math:`q` is that of Student's t on ``meta["degrees_of_freedom"]``
        degrees of freedom, or of the normal law where there are none. Each interval
        holds by itself, not all of them at once.

        Parameters
        ----------
        level : float, default=0.95
            Share of intervals that hold LIME's limit for infinitely many draws, strictly
            between 0 and 1.

        Returns
        -------
        lower, upper : ndarrays of unit shape
            Both are the attribution itself where the standard error is 0, and NaN where
            it is NaN, as for features that were not selected.

        Raises
        ------
        ValueError
            If there are no standard errors, or `level` is not between 0 and 1.
        """
        if self.standard_errors is None:
            raise ValueError(
                "standard_errors is None: have them estimated by "
                "explain(X, uncertainty=True)"
            )
        return self._intervals(self.values, self.standard_errors, level)

    def _intervals(self, values, errors, level=0.95):
        """Bounds of any values with standard errors."""
        if not 0 < level < 1:
            raise ValueError(f"level={level!r} must lie strictly between 0 and 1")
        tail, degrees = (1 + level) / 2, self.meta.get("degrees_of_freedom")
        quantile = ndtri(tail) if degrees is None else stdtrit(degrees, tail)
        margin = quantile * errors
        return values - margin, values + margin

    @property
    def _has_columns(self):
        """Whether the features are the columns of `data`."""
        shape = getattr(self.data, "shape", None)
        whole = self.kind == "table" or self.unit_names is None
        return whole and shape == (len(self), self.n_features)

    def _values_of(self, row, target):
        """Attributions of one row's units, without padding."""
        row = row_position(row, self)
        if self.values.ndim == 3:
            values = self.values[row, self._output_position(target)]
        elif target is None or target == self.target_names[row]:
            values = self.values[row]
        else:
            explained = str(self.target_names[row])
            raise KeyError(f"target={target!r}, but row {row} explains {explained!r}")
        return values if self.unit_names is None else values[: len(self.unit_names[row])]


def _object_arrays(rows):
    return [np.asarray(rows[i], dtype=object) for i in range(len(rows))]
