"""Explanations as pandas frames: one line per attribution, or one per row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sklime.explanation.attribution import pair_positions
from sklime.explanation.carried import carried, carry
from sklime.explanation.units import by_output, units_by_name, values_by_name
from sklime.tables.access import take_cells

if TYPE_CHECKING:
    import pandas as pd


class FrameExport:
    """Mixin of `Explanation`: data frames."""

    def to_frame(self, *, tidy: bool = True, interactions: bool = False) -> pd.DataFrame:
        """Lay the explanation out as a table.

        Parameters
        ----------
        tidy : bool, default=True
            Whether each attribution has a line of its own, with all that belongs to it;
            else each row has one line, with its attributions.
        interactions : bool, default=False
            Whether the lines or columns are those of the pairs of features instead.

        Returns
        -------
        pandas.DataFrame
            Tidy: columns ``row`` (int position), ``target``, ``feature`` (in ragged
            explanations the unit's name), ``condition``, ``value`` (what the row has there
            in `data`; object if the columns of `data` differ in kind, None where features
            are no columns), ``attribution`` and, if there are `neighbour_scores`,
            ``neighbour_score``, if there are `class_probabilities`, a column for each, as
            ``P(<class>)``, and, if there are standard errors, ``standard_error``,
            ``lower`` and ``upper`` (the 95 % interval). Lines go by
            row, then target, then feature; zeros are kept, the padding of ragged rows is
            left out. But for images, and where JSON can hold it, the frame carries all else
            that the explanation holds in ``attrs``, for `from_frame`.

            Wide: one line for each row, with the index of `data` if it has one; one column
            for each feature, with all outputs ``<output>__<feature>`` as in
            `LimeExplainer.transform`. In ragged explanations the columns are the names of
            units that some row has; units of one name are summed, and NaN says that the
            row has none.

            Of interactions, tidy: columns ``row``, ``target``, ``feature_1``,
            ``feature_2``, ``condition_1``, ``condition_2``, ``interaction`` and, if there
            are standard errors, ``standard_error``, ``lower`` and ``upper``. Wide: a
            column ``<feature_1>:<feature_2>`` for each pair.

        Raises
        ------
        ValueError
            If interactions are wanted and there are none.

        See Also
        --------
        from_frame : From a tidy frame back to an explanation.
        """
        if interactions:
            return _frame_of_pairs(self, tidy)
        if not tidy:
            return self._wide_frame()
        frame = self._tidy_frame()
        # Pixels, written as a document, would take far longer than all lines.
        if self.kind != "image":
            carry(frame, self)
        return frame

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, meta: dict[str, Any] | None = None) -> Self:
        """Read an explanation from a tidy frame.

        A frame that `to_frame` wrote, or all lines of some of its rows, gives back these
        rows as they were, equal in every field: what the lines do not say is in the
        frame's ``attrs``, which pandas keeps where rows are picked or put in order, in
        pickles and in parquet files, but not in CSV files.

        Any other frame, also one whose lines were changed since, says nothing of the
        surrogates' intercepts, local predictions, scores and effective sample sizes, of
        the model's predictions or of the support: these are NaN, and `data` is a DataFrame
        of the values. Where rows have units of their own, such frames are not read; for
        images use `to_json` and `from_json`.

        Parameters
        ----------
        frame : pandas.DataFrame
            Columns ``row``, ``target``, ``feature`` and ``attribution``, and if known
            ``condition`` (else the feature's name), ``value`` and ``standard_error``; any
            other is ignored. Lines may come in any order; features and targets keep that
            in which they first appear.
        meta : dict, default=None
            How the explanation was made, such as its ``degrees_of_freedom``, instead of
            what the frame carries: the lines alone are then read.

        Returns
        -------
        Explanation
            Of one target if each row has one, else of all outputs.

        Raises
        ------
        TypeError
            If `frame` is no DataFrame.
        ValueError
            If a column is missing, or rows do not have the same features and targets.
        """
        import pandas as pd

        if not isinstance(frame, pd.DataFrame):
            raise TypeError(
                f"frame must be a pandas DataFrame, as to_frame gives it, got "
                f"{type(frame).__name__}."
            )
        missing = {"row", "target", "feature", "attribution"} - set(frame.columns)
        if missing:
            raise ValueError(f"the frame lacks the columns {sorted(missing)}")
        repeated = frame.columns[frame.columns.duplicated()]
        if len(repeated):
            raise ValueError(f"the frame has the columns {list(repeated)} more than once")
        whole = carried(frame, cls) if meta is None else None
        if whole is not None:
            return whole
        try:
            frame, (n, k, d) = _in_order(frame)
        except TypeError as error:
            raise ValueError(
                f"row, target and feature must be numbers or strings: {error}"
            ) from error

        def numbers(column):
            if column not in frame:
                return None
            array = frame[column].to_numpy(dtype=float, na_value=np.nan)
            return array.reshape((n, k, d) if k > 1 else (n, d))

        def first_output(column):
            return frame[column].to_numpy().reshape(n, k, d)[:, 0]

        values, names = numbers("attribution"), first_output("feature")[:1].ravel()
        unknown = np.full(values.shape[:-1], np.nan)
        targets = frame["target"].to_numpy(dtype=object).reshape(n, k, d)[:, :, :1]
        cells = first_output("value") if "value" in frame else np.full((n, d), np.nan)
        return cls(
            values,
            intercepts=unknown,
            predictions=unknown,
            local_predictions=unknown,
            scores=unknown,
            effective_sample_sizes=unknown,
            support=np.full(values.shape, np.nan),
            data=pd.DataFrame(cells, columns=names).infer_objects(),
            feature_names=names,
            target_names=(targets[0] if k > 1 else targets).ravel(),
            conditions=first_output("condition" if "condition" in frame else "feature"),
            meta={} if meta is None else meta,
            standard_errors=numbers("standard_error"),
        )

    def _tidy_frame(self):
        import pandas as pd

        names, columns = units_by_name(self)
        values = by_output(self.values)
        held = np.broadcast_to((columns >= 0)[:, np.newaxis], values.shape)
        line = row, output, unit = np.nonzero(held)
        conditions = np.empty((len(self), self.shape[-1]), dtype=object)
        if self.unit_names is None:
            conditions[:] = self.conditions
        else:
            for own, padded in zip(self.conditions, conditions, strict=True):
                padded[: len(own)] = own
        frame = {
            "row": row,
            "target": self.target_names[row if self.values.ndim == 2 else output],
            "feature": names[columns[row, unit]],
            "condition": conditions[row, unit],
            "value": values_of_units(self, row, names, columns[row, unit]),
            "attribution": values[line],
        }
        if self.neighbour_scores is not None:
            judged = self.neighbour_scores.reshape(values.shape[:2])
            frame["neighbour_score"] = judged[row, output]
        if self.class_probabilities is not None:
            for name, own in zip(
                self.meta["classes"], self.class_probabilities.T, strict=True
            ):
                frame[f"P({name})"] = own[row]
        if self.standard_errors is not None:
            errors = {"standard_error": self.standard_errors}
            errors["lower"], errors["upper"] = self.confidence_intervals()
            frame |= {name: by_output(array)[line] for name, array in errors.items()}
        return pd.DataFrame(frame).infer_objects()

    def _wide_frame(self):
        import pandas as pd

        names, values = values_by_name(self)
        if self.values.ndim == 3:
            names = [f"{output}__{name}" for output in self.target_names for name in names]
        index = self.data.index if hasattr(self.data, "iloc") else None
        values = values.reshape(len(self), values.shape[1] * values.shape[2])
        return pd.DataFrame(values, index=index, columns=names)


def _frame_of_pairs(explanation, tidy):
    """A line for each pair of each row and output, or one for each row."""
    import pandas as pd

    e = explanation
    if e.interactions is None:
        raise ValueError(
            "interactions=True of an explanation without interactions: ask for them by "
            "explain(X, interactions=True)"
        )
    values = by_output(e.interactions)
    if not tidy:
        names = [f"{first}:{second}" for first, second in e.interaction_pairs]
        if e.values.ndim == 3:
            names = [f"{output}__{name}" for output in e.target_names for name in names]
        index = e.data.index if hasattr(e.data, "iloc") else None
        values = values.reshape(len(e), values.shape[1] * values.shape[2])
        return pd.DataFrame(values, index=index, columns=names)
    row, output, pair = (own.ravel() for own in np.indices(values.shape))
    names = np.empty((len(e.interaction_pairs), 2), dtype=object)
    names[:] = e.interaction_pairs
    frame = {
        "row": row,
        "target": e.target_names[row if e.values.ndim == 2 else output],
        **{f"feature_{i}": own for i, own in enumerate(names[pair].T, 1)},
    }
    conditions = names[pair].T
    if e.unit_names is None:
        positions = pair_positions(e.interaction_pairs, e.feature_names)[pair].T
        conditions = np.asarray(e.conditions)[row, positions]
    for i, own in enumerate(conditions, 1):
        frame[f"condition_{i}"] = own
    frame["interaction"] = values.ravel()
    if e.interaction_standard_errors is not None:
        errors = e.interaction_standard_errors
        lower, upper = e._intervals(e.interactions, errors)
        told = {"standard_error": errors, "lower": lower, "upper": upper}
        frame |= {name: array.ravel() for name, array in told.items()}
    return pd.DataFrame(frame).infer_objects()


def values_of_units(explanation, rows, names, columns):
    """Values of `data` at row positions and named columns; None if it has no columns."""
    if not explanation._has_columns:
        return np.full(len(rows), None)
    if explanation.unit_names is not None:
        import pandas as pd

        columns = pd.Index(explanation.feature_names).get_indexer(names)[columns]
    return take_cells(explanation.data, rows, columns)


def _in_order(frame):
    """Order of lines by row, target and feature, and the number of each."""
    import pandas as pd

    rows = pd.factorize(frame["row"], sort=True)[0]
    targets = pd.factorize(frame["target"])[0]
    if (frame.groupby("row")["target"].nunique() <= 1).all():
        targets = np.zeros_like(targets)
    # Features may share a name.
    repeats = frame.groupby(["row", "target", "feature"]).cumcount()
    units = pd.MultiIndex.from_arrays([frame["feature"], repeats]).factorize()[0]
    n, k, d = (codes.max(initial=-1) + 1 for codes in (rows, targets, units))
    k = max(k, 1)
    places = (rows * k + targets) * d + units
    if not len(frame) == len(np.unique(places)) == n * k * d:
        raise ValueError(
            f"the frame has {len(frame)} lines for {n} rows, {k} targets and {d} features: "
            "every row needs the same features, and one target or the same targets; "
            "ragged explanations are written by to_json and read by from_json"
        )
    return frame.iloc[np.argsort(places)], (n, k, d)
