"""Audits for pages: rows whose explanation on real rows is another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sklime.explanation.labels import row_names
from sklime.page.numbers import spelled

if TYPE_CHECKING:
    import pandas as pd

# Rows and pairs of columns with a line of their own.
_MOST_ROWS, _MOST_PAIRS = 20, 5
# Fewer real rows of equal weight tell hardly anything.
_FEW_ROWS = 10


class Audited(Protocol):
    """What `sklime.metrics.audit` gives: explanations beside those on real rows."""

    @property
    def explanation(self) -> Any:
        """Explanations by the audited explainer."""

    @property
    def k(self) -> int:
        """Number of columns that are compared."""

    def frame(self) -> pd.DataFrame:
        """One line for each row, as `sklime.metrics.Audit.frame` has them."""


def check_audit(audit, explanation):
    """Raise a ValueError unless an audit is of the rows and outputs of an explanation."""
    own = audit.explanation
    same = (
        len(own) == len(explanation)
        and own.values.ndim == explanation.values.ndim
        and row_names(own) == row_names(explanation)
        and list(own.target_names) == list(explanation.target_names)
        and np.allclose(own.predictions, explanation.predictions, equal_nan=True)
    )
    if not same:
        raise ValueError(
            f"audit={audit!r} is not of the {len(explanation)} rows and outputs of this "
            "explanation: audit the same rows by the same explainer, or write the audit's "
            "own page, audit.to_html(path)"
        )


def audit_section(audit):
    """Describe an audit as plain JSON.

    Returns
    -------
    dict
        ``n_rows``; ``n_differ``, rows whose first columns are two; ``n_alone``, those of
        them that no real row is near to; ``n_missed``, rows whose surrogate is worse on
        real rows nearby than a constant, None where it was not judged; ``k``, the columns
        that are compared; ``pairs``, the commonest changes of the first column, as two
        names, how often, and that as a ``share`` of the most in percent; ``lines``, the
        rows to look at, the worst first, each with its ``name``, both first columns, how
        many columns both have in common, ``score`` on real rows nearby, the ``size`` of
        its neighbourhood of real rows and whether it is ``thin``; ``n_others``, how many
        such rows there are besides; ``marks``, for each row None, or, where another column
        comes first on real rows, the ``doubt`` in two or three words, and this ``first``.
    """
    frame = audit.frame()
    differs, scores = frame["differs"].to_numpy(dtype=bool), _scores(frame)
    missed, alone = scores < 0.0, _alone(frame)
    overlap = frame["overlap"].to_numpy(dtype=float)
    # NaN, an R2 that nobody asked for, comes last.
    order = np.lexsort([scores, np.nan_to_num(overlap, nan=-1.0), ~differs])
    order = order[(differs | missed | alone)[order]]
    names = row_names(audit.explanation)
    lines = [
        {
            "name": names[i],
            "first": _named(frame["first"].iloc[i]),
            "real": _named_on_real_rows(frame["first_on_real_rows"].iloc[i], alone[i]),
            "shared": None if np.isnan(overlap[i]) else round(overlap[i] * audit.k),
            "score": _number(scores[i]),
            "missed": bool(missed[i]),
            "size": _number(frame["effective_sample_size"].iloc[i]),
            "thin": bool(frame["effective_sample_size"].iloc[i] < _FEW_ROWS),
        }
        for i in order[:_MOST_ROWS].tolist()
    ]
    judged = bool(np.isfinite(scores).any())
    return {
        "n_rows": len(frame),
        "n_differ": int((differs & ~alone).sum()),
        "n_alone": int(alone.sum()),
        "n_missed": int(missed.sum()) if judged else None,
        "k": audit.k,
        "pairs": _pairs(frame[differs & ~alone]),
        "lines": lines,
        "n_others": len(order) - len(lines),
        "marks": _marks(frame, alone),
    }


def _marks(frame, alone):
    """Say of each row what comes first on real rows, where that differs; else None."""
    told = zip(frame["first_on_real_rows"], frame["differs"], alone, strict=True)
    return [
        {
            "doubt": "no real rows" if alone else "real rows differ",
            "first": _named_on_real_rows(name, alone),
        }
        if differs or alone
        else None
        for name, differs, alone in told
    ]


def _alone(frame):
    """Rows that no real row is near to, so that there is nothing to compare with."""
    return (frame["effective_sample_size"] == 0.0).to_numpy()


def _scores(frame):
    scores = frame.get("neighbour_score")
    return np.full(len(frame), np.nan) if scores is None else scores.to_numpy(dtype=float)


def _named(name):
    # A frame may write None as NaN.
    return str(name) if isinstance(name, str) else "none"


def _named_on_real_rows(name, alone):
    return "no real row is near" if alone else _named(name)


def _number(value):
    return spelled(float(f"{value:.3g}")) if np.isfinite(value) else None


def _pairs(frame):
    """The commonest pairs of a first column and that on real rows."""
    counts = {}
    for names in zip(frame["first"], frame["first_on_real_rows"], strict=True):
        pair = tuple(map(_named, names))
        counts[pair] = counts.get(pair, 0) + 1
    most = sorted(counts.items(), key=lambda own: -own[1])[:_MOST_PAIRS]
    return [
        {
            "first": first,
            "real": real,
            "text": f"{count:,}",
            "share": round(100 * count / most[0][1], 1),
        }
        for (first, real), count in most
    ]
