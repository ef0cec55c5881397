"""Conversion of explanations to `shap.Explanation`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklime.explanation.attribution import Attribution, viewed
from sklime.explanation.frames import values_of_units
from sklime.explanation.units import units_by_name, values_by_name
from sklime.validation import missing_extra

if TYPE_CHECKING:
    import shap


class ShapBridge:
    """Mixin of `Explanation`: conversion to `shap.Explanation`."""

    def to_shap(self, *, attribution: Attribution | None = None) -> shap.Explanation:
        r"""Hand the explanation over to shap, all of whose plots for tables take it.

        ``base_values + values.sum(axis=1)`` is the local prediction of each row. By default
        values are contributions and the base values `baselines`, the neighbourhoods' mean
        answers, as Shapley values start from the mean of the training rows. Unlike Shapley
        values they need not add up to the model's own prediction: compare `predictions`
        with `local_predictions`.

        Parameters
        ----------
        attribution : {"contribution", "effect"} or None, default=None
            What the values are. None: contributions; effects where the explanation does not
            know contributions. With effects the base value is what is left of the local
            prediction: of bins, categories, tokens and segments the surrogate's intercept,
            its answer where no condition holds; of standardised features
            :math:`g(x) - \sum_j b_j`, as the values are then slopes.

        Returns
        -------
        shap.Explanation
            ``values`` of shape (n, d) or, with all outputs, (n, d, n_outputs);
            ``base_values`` of shape (n,) or (n, n_outputs); ``data`` of shape (n, d), what
            the rows have there. In ragged explanations there is a column for each name of
            units that some row has; ``values`` sum units of one name and are 0 where a row
            has none, and where features are no columns ``data`` counts such units.

        Raises
        ------
        ImportError
            If shap is not installed.
        ValueError
            If there is no such view, or it is not known.
        """
        try:
            import shap
        except ImportError as error:
            raise missing_extra("to_shap", "shap", "shap") from error
        own = viewed(self, attribution)
        names, values = values_by_name(own, absent=0.0)
        values = np.moveaxis(values, 1, 2)
        outputs: list[str] | None = list(map(str, self.target_names))
        if self.values.ndim == 2:
            values, outputs = values[..., 0], None
        return shap.Explanation(
            values,
            base_values=self.local_predictions - values.sum(axis=1),
            data=self._columns_by_name(names),
            feature_names=list(map(str, names)),
            output_names=outputs,
        )

    def _columns_by_name(self, names):
        """Values of the columns of these names, or numbers of units without columns."""
        shape = len(self), len(names)
        if self._has_columns:
            rows, columns = np.indices(shape).reshape(2, -1)
            return values_of_units(self, rows, names, columns).reshape(shape)
        counts = np.zeros(shape)
        columns = units_by_name(self)[1]
        rows, units = np.nonzero(columns >= 0)
        np.add.at(counts, (rows, columns[rows, units]), 1)
        return counts
