"""Quality of explanations: columns beside the attributions of a stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from sklime.explainer.diagnostics import DOUBTS, doubts

# Stands for the doubts of rows that could not be explained.
FAILED = "failed"


@dataclass(frozen=True, eq=False)
class QualityColumns:
    """Columns of quality: their names, and labels of those that hold codes.

    Parameters
    ----------
    target : Target
        What is explained.
    outputs : ndarray of shape (n_outputs,)
        All outputs of the model.
    """

    target: Any
    outputs: np.ndarray

    @property
    def names(self) -> list[str]:
        """Names of the columns, in the order of `with_quality`."""
        names = ["prediction", "fidelity"]
        if self.target.multiple:
            names = [f"{output}__{name}" for name in names for output in self.target.names]
        if self.target.needs_predictions:
            names = ["explained", *names]
        return [*names, "effective_sample_size", "doubts"]

    @property
    def labels(self) -> dict[str, Callable[[np.ndarray], list[str | None]]]:
        """What makes texts of the codes of a column, by its name."""
        labels = {"doubts": _doubts_in_words}
        if self.target.needs_predictions:
            labels["explained"] = self._output_names
        return labels

    def _output_names(self, codes):
        known = [str(output) for output in self.outputs]
        return [None if np.isnan(code) else known[int(code)] for code in codes]


def with_quality(values, surrogates, predictions, outputs, target, columns, varies):
    """Attributions of a block of rows, with its columns of quality behind them.

    Parameters
    ----------
    values : ndarray or CSR matrix of shape (n_rows, n_columns)
    surrogates : Surrogates
        With scores.
    predictions : ndarray of shape (n_rows, n_explained)
    outputs : ndarray of shape (n_rows, n_explained) of int
    target : Target
    columns, varies : ndarray
        As for `doubts`.
    """
    flags = doubts(surrogates, columns, varies)
    found = [flags[name].reshape(len(predictions), -1).any(axis=1) for name in DOUBTS]
    code = 2.0 ** np.arange(len(DOUBTS)) @ np.array(found)
    parts = [predictions, surrogates.scores, surrogates.effective_sample_sizes, code]
    if target.needs_predictions:
        parts.insert(0, outputs)
    quality = np.column_stack(parts).astype(float)
    if sparse.issparse(values):
        return sparse.hstack([values, quality], format="csr")
    return np.hstack([values, quality])


def _doubts_in_words(codes):
    words = []
    for code in codes:
        bits = 0 if np.isnan(code) else int(code)
        own = [name for k, name in enumerate(DOUBTS) if bits >> k & 1]
        words.append(FAILED if np.isnan(code) else ", ".join(own))
    return words
