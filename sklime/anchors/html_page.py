"""HTML of anchors: each row's rule as steps of precision and coverage."""

from __future__ import annotations

import os
from typing import Any, overload

from sklime.explanation.labels import row_names
from sklime.serialization.text import returned_or_written

# Rows that notebooks show.
_NOTEBOOK_ROWS = 3

# What each criterion calls the number that it is about.
_WORDS = {
    "hard": "Share with the same class",
    "share": "Share with nearly the same answer",
    "soft": "Expected answer",
    "mean": "Expected answer",
}


class AnchorsPage:
    """Mixin of `Anchors`: HTML."""

    @overload
    def to_html(self, path: None = None) -> str: ...

    @overload
    def to_html(self, path: str | os.PathLike[str]) -> None: ...

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write one self-contained page of all rules.

        Nothing is loaded from elsewhere, no script runs, and no name or value is taken for
        markup.

        Parameters
        ----------
        path : path-like, default=None
            The file to write, in UTF-8. None: the page is returned.

        Returns
        -------
        str or None
        """
        from sklime.page.anchors import render_anchors

        page = render_anchors(described(self), whole=True)
        return returned_or_written(page, path)

    def _repr_html_(self) -> str:
        from sklime.page.anchors import render_anchors

        own: Any = self
        return render_anchors(described(own[:_NOTEBOOK_ROWS]) | {"n_rows": len(own)})


def described(anchors: Any) -> dict[str, Any]:
    """Describe anchors in plain values, rounded to what pages show."""
    is_probability = anchors.meta.get("response_method") == "predict_proba"
    rows = []
    for i, name in enumerate(row_names(anchors)):
        texts = ["any row", *map(str, anchors.rules[i].conditions)]
        steps = anchors.steps[i].tolist()
        while len(steps) < len(texts):  # a group has a condition for each of its columns
            steps.insert(-1, [None, None])
        rows.append(
            {
                "name": name,
                "rule": str(anchors.rules[i]),
                "target": str(anchors.target_names[i]),
                "prediction": _rounded(anchors.predictions[i]),
                "precision": _rounded(anchors.precisions[i]),
                "interval": [*map(_rounded, anchors.precision_intervals[i])],
                "coverage": _rounded(anchors.coverages[i]),
                "coverage_interval": [*map(_rounded, anchors.coverage_intervals[i])],
                "valid": bool(anchors.valid[i]),
                "steps": [
                    {
                        "text": text,
                        "precision": _rounded(precision),
                        "coverage": _rounded(coverage),
                    }
                    for text, (precision, coverage) in zip(texts, steps, strict=True)
                ],
            }
        )
    return {
        "rows": rows,
        "n_rows": len(anchors),
        "noun": _WORDS[anchors.criterion],
        "phrase": "probability of " if is_probability else "",
        "meta": anchors.meta,
    }


def _rounded(value):
    """A number with four significant digits, as on pages of explanations, or None."""
    return None if value is None else float(f"{value:.4g}")
