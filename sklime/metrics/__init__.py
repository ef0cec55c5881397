"""Metrics of explanations: how faithful, stable, alike and simple attributions are."""

from sklime.metrics.agreement import (
    complexity,
    feature_agreement,
    rank_agreement,
    recall_at_k,
    sign_agreement,
)
from sklime.metrics.deletion import (
    comprehensiveness,
    faithfulness_correlation,
    monotonicity,
    sufficiency,
)
from sklime.metrics.fidelity import fidelity_score
from sklime.metrics.noise import infidelity, prediction_gap
from sklime.metrics.real_rows import Audit, audit
from sklime.metrics.scorer import make_explainer_scorer
from sklime.metrics.stability import stability_score

__all__ = [
    "Audit",
    "audit",
    "complexity",
    "comprehensiveness",
    "faithfulness_correlation",
    "feature_agreement",
    "fidelity_score",
    "infidelity",
    "make_explainer_scorer",
    "monotonicity",
    "prediction_gap",
    "rank_agreement",
    "recall_at_k",
    "sign_agreement",
    "stability_score",
    "sufficiency",
]
