"""What users write, for a type checker: mypy reads this file, pytest runs it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, assert_type

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from sklime import (
    Cohorts,
    Explanation,
    FunctionClassifier,
    FunctionRegressor,
    LimeExplainer,
    SubmodularPick,
)
from sklime.explanation import json_schema
from sklime.kernels import ExponentialKernel, Kernel, UniformKernel
from sklime.samplers import (
    GaussianSampler,
    MarginalSampler,
    MaskedRow,
    MaskSampler,
    Neighbourhood,
    Sampler,
    TokenSampler,
)
from sklime.selectors import HighestWeights
from sklime.testing import check_kernel, sampler_checks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class TriangularKernel(Kernel):
    """A kernel of one's own."""

    def __init__(self, width: float = 2.0) -> None:
        self.width = width

    def __call__(self, Z: NDArray[Any], z: NDArray[Any]) -> Floats:
        distance: Floats = np.abs(Z - z).sum(axis=1)
        return np.maximum(1.0 - distance / self.width, 0.0)


class RowSampler(Sampler):
    """A sampler of one's own: whole training rows, of arrays of numbers only."""

    def __init__(self, width: float = 1.0) -> None:
        self.width = width

    def fit(
        self, X: Floats, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        self.rows_ = np.asarray(X)
        self.n_features_in_ = self.rows_.shape[1]
        self.binary_features_ = np.ones(self.n_features_in_, dtype=bool)
        self.default_metric_, self.default_width_ = "euclidean", self.width
        return self

    def sample(
        self,
        X: Floats,
        n_samples: int = 4096,
        random_state: int | np.random.RandomState | None = None,
    ) -> list[Neighbourhood]:
        seed = random_state if isinstance(random_state, int) else 0
        picked = np.random.default_rng(seed).integers(len(self.rows_), size=n_samples)
        return self._around(X, self.rows_[picked])

    def interpret(self, X: Floats, row: Floats) -> Bools:
        return np.equal(X, row)

    def reference(self, X: Floats, n_samples: int = 512) -> list[Neighbourhood]:
        picked = np.random.default_rng(1).integers(len(self.rows_), size=n_samples)
        return self._around(X, self.rows_[picked])

    def _around(self, X: Floats, drawn: Floats) -> list[Neighbourhood]:
        ones = np.ones(self.n_features_in_)
        return [Neighbourhood(drawn, self.interpret(drawn, x[np.newaxis]), ones) for x in X]


def black_box(X: Floats) -> Floats:
    wet = 1.0 / (1.0 + np.exp(-X[:, 0]))
    return np.column_stack([1.0 - wet, wet])


def explain_a_table(X: Floats, y: NDArray[np.int_]) -> Explanation:
    model = LogisticRegression(max_iter=1000).fit(X, y)
    explainer = LimeExplainer(
        model,
        sampler=MarginalSampler(n_bins=3, sequence="sobol"),
        kernel=ExponentialKernel(width=1.0),
        selector=HighestWeights(k=3),
        method="sampling",
        target=1,
        random_state=0,
    )
    assert_type(explainer, LimeExplainer)
    assert_type(explainer.fit(X, y), LimeExplainer)
    assert_type(explainer.set_params(kernel__width=2.0), LimeExplainer)
    assert_type(explainer.fit(X, sample_weight=np.ones(len(X))).sampler_, Sampler)
    assert_type(explainer.kernel_, Kernel)
    assert_type(explainer.score(X), float)
    assert_type(explainer.get_feature_names_out(), NDArray[np.object_])
    # The container is the caller's to know: an array here, a frame there.
    values: Floats = explainer.transform(X)
    frame: pd.DataFrame = explainer.set_output(transform="pandas").transform(X)
    assert values.shape == frame.shape
    explanation = explainer.explain(X, uncertainty=True)
    assert_type(explanation, Explanation)
    return explanation


def read_an_explanation(explanation: Explanation) -> None:
    assert_type(explanation.values, Floats)
    assert_type(explanation.standard_errors, Floats | None)
    assert_type(explanation.feature_names, NDArray[np.object_])
    assert_type(explanation.shape, tuple[int, ...])
    assert_type(explanation.low_support, Bools)
    assert_type(explanation.meta, dict[str, Any])
    assert_type(explanation.confidence_intervals(level=0.9), tuple[Floats, Floats])
    assert_type(explanation.as_list(0), list[tuple[str, float]])
    assert_type(explanation[:10], Explanation)
    assert_type(explanation.sort_rows(by="scores", ascending=True), Explanation)
    assert_type(explanation.sort_features("max"), Explanation)
    assert_type([row for row in explanation], list[Explanation])
    for _, part in explanation.groupby(explanation.target_names):
        assert_type(part, Explanation)
    assert_type(Explanation.concat([explanation[:2], explanation[2:]]), Explanation)
    lines: pd.DataFrame = explanation.to_frame(tidy=True)
    assert_type(Explanation.from_frame(lines, meta=explanation.meta), Explanation)
    text = explanation.to_json()
    assert_type(text, str)
    assert_type(explanation.to_html(), str)
    with tempfile.TemporaryDirectory() as folder:
        # None is returned, which a type checker does not let one use.
        explanation[:2].to_html(Path(folder) / "page.html")
        explanation.to_json(f"{folder}/explanation.json")
    assert_type(Explanation.from_json(text), Explanation)
    assert_type(Explanation.from_dict(explanation.to_dict()), Explanation)
    assert_type(json_schema(), dict[str, Any])


def draw(explanation: Explanation, axes: Axes) -> None:
    from matplotlib.figure import Figure, SubFigure

    from sklime.plotting import AttributionDisplay, DependenceDisplay

    display = AttributionDisplay.from_explanation(explanation, row=1, max_features=2)
    assert_type(display, AttributionDisplay)
    assert_type(display.plot(axes, row=0, level=0.5), AttributionDisplay)
    assert_type(display.figure_, Figure | SubFigure)
    name = str(explanation.feature_names[0])
    shown = DependenceDisplay(explanation).plot(feature=name)
    assert_type(shown, DependenceDisplay)


def pick_and_group(X: Floats, explanation: Explanation) -> Sequence[str]:
    pick = SubmodularPick(n_picks=2).fit(explanation)
    assert_type(pick, SubmodularPick)
    assert_type(pick.indices_, NDArray[np.intp])
    cohorts = Cohorts(max_groups=2, min_rows=0.1).fit(X, explanation)
    assert_type(cohorts, Cohorts)
    assert_type(cohorts.predict(X), NDArray[np.intp])
    return cohorts.rules_


def components_of_ones_own(X: Floats) -> Explanation:
    classifier = FunctionClassifier(black_box, classes=["dry", "wet"])
    explainer = LimeExplainer(
        classifier, sampler=RowSampler(), kernel=TriangularKernel(width=8.0), n_samples=1024
    )
    check_kernel(TriangularKernel())
    names = [name for name, _ in sampler_checks(RowSampler())]
    assert_type(names, list[str])
    [around] = RowSampler().fit(X).sample(X[:1], n_samples=8, random_state=0)
    assert_type(around, Neighbourhood)
    weights = UniformKernel()(around.design, around.position)
    assert_type(weights, Floats)
    regressor = FunctionRegressor(lambda X: X.sum(axis=1))
    by_function = LimeExplainer(regressor, kernel=lambda Z, z: np.ones(len(Z)))
    by_function.fit(X)
    around_rows = GaussianSampler(center="instance", scale=0.1).fit(X)
    assert_type(around_rows, GaussianSampler)
    return explainer.fit(X).explain(X[:3])


def parts_of_a_text(texts: list[str]) -> None:
    sampler = TokenSampler(level="word").fit(texts)
    assert_type(sampler, TokenSampler)
    masks: MaskSampler = sampler
    row: MaskedRow = masks.rows(texts)[0]
    assert_type(row.n_units, int)
    assert_type(row.shared_with(texts), Bools)


def main() -> None:
    X, y = load_iris(return_X_y=True)
    explanation = explain_a_table(X, y)
    read_an_explanation(explanation)
    pick_and_group(X, explanation)
    components_of_ones_own(X)
    parts_of_a_text(["a good film", "a bad one"])


if __name__ == "__main__":
    main()
