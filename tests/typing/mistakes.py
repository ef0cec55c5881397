"""Mistakes that a type checker must find: of one that it did not, the comment is unused."""

import numpy as np

from sklime import Explanation, LimeExplainer, SubmodularPick
from sklime.kernels import ExponentialKernel
from sklime.samplers import MarginalSampler


def mistakes(explainer: LimeExplainer, explanation: Explanation) -> None:
    LimeExplainer(np.sum, method="fast")  # type: ignore[arg-type]
    LimeExplainer(np.sum, sampler="marginal")  # type: ignore[arg-type]
    LimeExplainer(np.sum, n_sample=10)  # type: ignore[call-arg]
    explainer.fit(None)  # type: ignore[arg-type]
    explainer.explain([[1.0]], uncertain=True)  # type: ignore[call-arg]
    explanation.confidence_interval()  # type: ignore[attr-defined]
    explanation.as_list("first")  # type: ignore[arg-type]
    explanation.sort_features("median")  # type: ignore[arg-type]
    explanation.to_html("page.html").encode()  # type: ignore[attr-defined]
    explanation.values.to_numpy()  # type: ignore[attr-defined]
    ExponentialKernel(width="wide")  # type: ignore[arg-type]
    MarginalSampler(sequence="sobols")  # type: ignore[arg-type]
    SubmodularPick(n_picks=2.5)  # type: ignore[arg-type]
