"""Tasks: attributions of rows, or attributions beside columns that tell their quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklime.explainer.diagnostics import Diagnostics


@dataclass(frozen=True, eq=False)
class Task:
    """What is made of rows: `transform`'s attributions of one target.

    Parameters
    ----------
    target : "auto", "predicted", "all" or a label
    contributions : bool
        Whether contributions are wanted, not effects.
    """

    target: Any
    contributions: bool

    # Whether surrogates are scored.
    scores: ClassVar[bool] = False

    def __call__(
        self, fitted: Any, X: Any, own_answers: Any, first_row: int
    ) -> tuple[Any, Diagnostics]:
        """Attributions of checked rows by columns, and what is doubtful about them."""
        own = self.contributions, own_answers
        return fitted.attributions(self.ask(fitted, X), *own, first_row=first_row)

    def ask(self, fitted: Any, X: Any) -> Any:
        """Find what is explained of rows, as `AskedRows`."""
        return fitted.ask(X, X, self.target)


class QualityTask(Task):
    """What is made of rows where columns that tell its quality stand beside it."""

    scores = True

    def __call__(self, fitted, X, own_answers, first_row):
        asked = self.ask(fitted, X)
        answers = asked.answers
        if answers is None:
            answers = asked.rows.predictions(fitted.response)
        predictions = np.take_along_axis(answers, asked.outputs, axis=1)
        own = asked, predictions, self.contributions, own_answers
        return fitted.attributions_and_quality(*own, first_row=first_row)
