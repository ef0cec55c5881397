"""Conversion of explanations to `shap.Explanation`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklime.explanation.frames import values_of_units
from sklime.explanation.units import units_by_name, values_by_name
from sklime.validation import missing_extra

if TYPE_CHECKING:
    import shap


class ShapBridge:
    """Mixin of `Explanation`: conversion to `shap.Explanation`."""

    def to_shap(self) -> shap.Explanation:
        r"""Hand the explanation over to shap, all of whose plots for tables take it.

        ``base_values + values.sum(axis=1)`` is the local prediction of each row. Where
        every interpretable feature is 1 at the row, as for bins, categories, tokens and
        segments, the base value is the surrogate's intercept: its answer where no feature
        is as in the row. Where features are standardised, attributions are slopes,
        :math:`g(x) = b_0 + b^\top z`, and the base value is what is left of the local
        prediction, :math:`g(x) - \sum_j b_j`: read the values as effects of one training
        standard deviation, not as shares of the prediction. Unlike Shapley values they
        need not add up to the model's own prediction: compare `predictions` with
        `local_predictions`.

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
        """
        try:
            import shap
        except ImportError as error:
            raise missing_extra("to_shap", "shap", "shap") from error
        names, values = values_by_name(self, absent=0.0)
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
