"""The same explanations by lime 0.2.0.1, run live, and by sklime.

Both draw at random, so means over seeds are compared, within their Monte-Carlo error.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from lime.discretize import BaseDiscretizer
from lime.lime_tabular import LimeTabularExplainer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import AutoSelector, ForwardSelection, HighestWeights, LassoPath

N_SEEDS = 20
N_SAMPLES = 5000


@dataclass(frozen=True)
class Problem:
    """A model, its table, and the rows and outputs that are explained."""

    model: object
    X: np.ndarray
    y: np.ndarray
    rows: tuple
    labels: tuple = (1,)
    categorical: tuple = ()

    @property
    def mode(self):
        return "classification" if hasattr(self.model, "predict_proba") else "regression"

    @property
    def target(self):
        return "all" if len(self.labels) > 1 else "auto"

    def predict(self, X):
        """As lime wants it."""
        classifies = self.mode == "classification"
        return self.model.predict_proba(X) if classifies else self.model.predict(X)

    def answers(self, X):
        """The explained outputs, of shape (n, n_explained)."""
        predicted = self.predict(X)
        if self.mode == "regression":
            return predicted[:, np.newaxis]
        return predicted[:, list(self.labels)]


@cache
def three_classes():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(X, y)
    return Problem(model, X, y, rows=(118,), labels=(0, 1, 2))


@cache
def two_classes():
    X, y = load_breast_cancer(return_X_y=True)
    X = X[:, [1, 7, 20, 24, 26]]
    model = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, y)
    return Problem(model, X, y, rows=(321, 528))


@cache
def regression():
    # Sex is a category coded 1 and 2.
    X, y = load_diabetes(return_X_y=True, scaled=False)
    X = X[:, [0, 1, 2, 3, 8]]
    model = GradientBoostingRegressor(n_estimators=20, max_depth=2, random_state=0)
    return Problem(model.fit(X, y), X, y, rows=(5, 200), categorical=(1,))


@cache
def clear_ranking():
    """Three large effects, four middling and two tiny ones, and a weak interaction."""
    X = np.random.default_rng(0).gamma(4.0, size=(300, 9))
    # A row that is far from the middle, where an effect would be small, in all columns.
    X[0] = np.quantile(X, 0.95, axis=0)
    sizes = np.array([1.0, 0.8, 0.6, 0.3, 0.28, 0.26, 0.24, 0.02, 0.01])

    def predict(X):
        return np.tanh(0.5 * X - 2.0) @ sizes + 0.02 * X[:, 0] * X[:, 1]

    return Problem(FunctionRegressor(predict), X, predict(X), rows=(0,))


class Equidistant(BaseDiscretizer):
    """The custom discretiser that is `binning="uniform"`."""

    def bins(self, data, labels):
        return [
            np.linspace(data[:, j].min(), data[:, j].max(), 5)[1:-1]
            for j in self.to_discretize
        ]


def binned(**params):
    return MarginalSampler(within="truncnorm", sequence="random", **params)


# What lime's constructor is told, and the sampler that stands for it.
NEIGHBOURHOODS = {
    "quartile": ({"discretizer": "quartile"}, binned()),
    "decile": ({"discretizer": "decile"}, binned(n_bins=10)),
    "entropy": ({"discretizer": "entropy"}, binned(binning="entropy", n_bins=8)),
    "custom": ({"discretizer": Equidistant}, binned(binning="uniform")),
    "around the mean": (
        {"discretize_continuous": False},
        GaussianSampler(center="mean", sequence="random"),
    ),
    "around the instance": (
        {"discretize_continuous": False, "sample_around_instance": True},
        GaussianSampler(center="instance", sequence="random"),
    ),
}


def lime_answers(problem, options, **explain):
    """Attributions, intercept, local prediction and R2 of every seed, row and label."""
    X, rows = problem.X, problem.X[list(problem.rows)]
    options = {"feature_selection": "none", **options}
    if options.get("discretizer") is Equidistant:
        names = [str(j) for j in range(X.shape[1])]
        options["discretizer"] = Equidistant(X, problem.categorical, names)

    def one(explainer, row, label):
        explanation = explainer.explain_instance(
            row, problem.predict, labels=(label,), num_samples=N_SAMPLES, **explain
        )
        coef = np.zeros(len(row))
        for j, value in explanation.local_exp[label]:
            coef[j] = value
        local_prediction = np.ravel(explanation.local_pred)[0]
        return [*coef, explanation.intercept[label], local_prediction, explanation.score]

    found = []
    for seed in range(N_SEEDS):
        explainer = LimeTabularExplainer(
            X,
            mode=problem.mode,
            training_labels=problem.y,
            categorical_features=problem.categorical,
            random_state=seed,
            **options,
        )
        found.append(
            [[one(explainer, row, label) for label in problem.labels] for row in rows]
        )
    return np.array(found)


def fitted(problem, sampler, seed, **params):
    if problem.categorical:
        sampler = type(sampler)(
            **{**sampler.get_params(), "categorical_features": problem.categorical}
        )
    return LimeExplainer(
        problem.model,
        sampler=sampler,
        n_samples=N_SAMPLES,
        target=problem.target,
        random_state=seed,
        **params,
    ).fit(problem.X, problem.y)


def sklime_answers(problem, sampler, **params):
    """As `lime_answers`."""
    rows, found = problem.X[list(problem.rows)], []
    for seed in range(N_SEEDS):
        e = fitted(problem, sampler, seed, **params).explain(rows)
        values = e.values.reshape(len(rows), len(problem.labels), -1)
        scalars = np.stack([e.intercepts, e.local_predictions, e.scores], axis=-1)
        found.append(np.dstack([values, scalars.reshape(*values.shape[:2], 3)]))
    return np.array(found)


def bias_of_lime(problem, explainer, chosen, penalty):
    """Bound, to first order in 1/n, on what two habits of lime change.

    Its first "draw" is the row itself, at weight 1; its ridge penalty is 1 whatever the
    weights, so ``1 / mean weight`` in our unit. With ``M`` the weighted second moments of
    ``a = [1, z]`` and ``b`` the surrogate, the row adds ``M^-1 a_row (f - b'a_row)``, over
    ``n`` and the mean weight, and the penalty takes away ``M^-1 b (1 / mean weight - 1)``,
    over ``n``.
    """
    bound = np.zeros((*chosen.shape[:2], chosen.shape[2] + 3))
    for i, row in enumerate(problem.rows):
        x = problem.X[[row]]
        [around] = explainer.sampler_.sample(x, n_samples=20_000, random_state=0)
        w = explainer.kernel_(around.design, around.position)
        n, mean_weight = N_SAMPLES, w.mean()
        w = w / w.sum()
        answers, own = problem.answers(around.inputs), problem.answers(x)[0]
        for c, f in enumerate(answers.T):
            kept = np.flatnonzero(chosen[i, c])
            A = np.column_stack([np.ones(len(w)), around.design[:, kept]])
            a = np.concatenate([[1.0], around.position[kept]])
            M = A.T @ (w[:, np.newaxis] * A)
            b = np.linalg.solve(M, A.T @ (w * f))
            gap, centre = own[c] - a @ b, w @ f
            by_row = np.linalg.solve(M, a) * gap / (n * mean_weight)
            slopes = np.concatenate([[0.0], b[1:]])
            by_penalty = np.linalg.solve(M, slopes) * penalty * (1 / mean_weight - 1) / n
            bound[i, c, kept] = np.abs(by_row[1:]) + np.abs(by_penalty[1:])
            bound[i, c, -3] = abs(by_row[0]) + abs(by_penalty[0])
            bound[i, c, -2] = abs(a @ by_row) + abs(a @ by_penalty)
            bound[i, c, -1] = (gap**2 + (own[c] - centre) ** 2) / (
                n * mean_weight * (w @ (f - centre) ** 2)
            )
    return bound


def assert_agree(problem, sampler, options, *, explain=None, penalty=1.0, **params):
    """Compare the two, and return the features that each kept, seed by seed."""
    theirs = lime_answers(problem, options, **(explain or {}))
    ours = sklime_answers(problem, sampler, **params)
    kept = [answers[..., :-3] != 0 for answers in (theirs, ours)]
    explainer = fitted(problem, sampler, 0, **params)
    bias = bias_of_lime(problem, explainer, kept[1].all(axis=0), penalty)
    difference = theirs.mean(axis=0) - ours.mean(axis=0)
    error = np.sqrt((theirs.var(axis=0, ddof=1) + ours.var(axis=0, ddof=1)) / N_SEEDS)
    # Four standard errors; 1e-9 where nothing is random.
    tolerance = 4.0 * error + bias + 1e-9 * np.abs(ours).max()
    assert (np.abs(difference) <= tolerance).all(), difference / tolerance
    # The comparison means something: it would see a tenth of a row's largest attribution.
    size = np.abs(ours[..., :-3].mean(axis=0)).max(axis=(1, 2))
    assert (tolerance[..., :-3].max(axis=(1, 2)) < 0.1 * size).all()
    return kept


CLASSIFICATION = [
    (make_problem, neighbourhood)
    for make_problem in (three_classes, two_classes)
    for neighbourhood in NEIGHBOURHOODS
]
# Entropy needs classes.
REGRESSION = [(regression, name) for name in NEIGHBOURHOODS if name != "entropy"]


@pytest.mark.parametrize(("make_problem", "neighbourhood"), CLASSIFICATION + REGRESSION)
def test_attributions_are_those_of_lime(make_problem, neighbourhood):
    options, sampler = NEIGHBOURHOODS[neighbourhood]
    assert_agree(make_problem(), sampler, options)


@pytest.mark.parametrize(
    ("neighbourhood", "method", "selector"),
    [
        ("quartile", "highest_weights", HighestWeights(3)),
        ("quartile", "forward_selection", ForwardSelection(3)),
        ("quartile", "lasso_path", LassoPath(3)),
        ("quartile", "auto", AutoSelector(3)),
        ("quartile", "auto", AutoSelector(7)),
        # Here lime's highest weights are weight times value, which is not copied.
        ("around the instance", "forward_selection", ForwardSelection(3)),
        ("around the instance", "lasso_path", LassoPath(3)),
        ("around the instance", "auto", AutoSelector(3)),
    ],
)
def test_kept_features_are_those_of_lime(neighbourhood, method, selector):
    options, sampler = NEIGHBOURHOODS[neighbourhood]
    theirs, ours = assert_agree(
        clear_ranking(),
        sampler,
        {**options, "feature_selection": method},
        explain={"num_features": selector.k},
        selector=selector,
    )
    # Effects are so far apart that every seed keeps the same features.
    assert (theirs == theirs[0]).all() and (ours == theirs[0]).all()
    assert (ours.sum(axis=-1) == selector.k).all()


@pytest.mark.parametrize(
    ("method", "selector"),
    [("forward_selection", ForwardSelection(2)), ("lasso_path", LassoPath(2))],
)
@pytest.mark.parametrize("make_problem", [three_classes, two_classes, regression])
def test_attributions_of_two_features_are_those_of_lime(make_problem, method, selector):
    options, sampler = NEIGHBOURHOODS["quartile"]
    assert_agree(
        make_problem(),
        sampler,
        {**options, "feature_selection": method},
        explain={"num_features": selector.k},
        selector=selector,
    )


@pytest.mark.parametrize("neighbourhood", ["quartile", "around the instance"])
@pytest.mark.parametrize("width", [1.0, 4.0])
def test_kernel_width_means_the_same(width, neighbourhood):
    options, sampler = NEIGHBOURHOODS[neighbourhood]
    assert_agree(
        three_classes(),
        sampler,
        {**options, "kernel_width": width},
        kernel=ExponentialKernel(width=width),
    )


@pytest.mark.parametrize("metric", ["manhattan", "cosine"])
@pytest.mark.parametrize("neighbourhood", ["quartile", "around the mean"])
def test_distance_metric_means_the_same(neighbourhood, metric):
    options, sampler = NEIGHBOURHOODS[neighbourhood]
    assert_agree(
        three_classes(),
        sampler,
        {**options, "kernel_width": 2.5},
        explain={"distance_metric": metric},
        kernel=ExponentialKernel(width=2.5, metric=metric),
    )


def test_kernel_function_means_the_same():
    options, sampler = NEIGHBOURHOODS["quartile"]
    assert_agree(
        two_classes(),
        sampler,
        {**options, "kernel": lambda d, kernel_width: 1.0 / (1.0 + d**2)},
        kernel=lambda Z, z: 1.0 / (1.0 + np.square(Z - z).sum(axis=1)),
    )


@pytest.mark.parametrize("neighbourhood", ["quartile", "around the instance"])
@pytest.mark.parametrize(
    ("regressor", "penalty"), [(LinearRegression(), 0.0), (Ridge(alpha=20.0), 20.0)]
)
def test_users_regressor_means_the_same(regressor, penalty, neighbourhood):
    options, sampler = NEIGHBOURHOODS[neighbourhood]
    # Where all weights are 1 lime's penalty and ours are in the same unit.
    assert_agree(
        regression(),
        sampler,
        {**options, "kernel": lambda d, kernel_width: np.ones_like(d)},
        explain={"model_regressor": regressor},
        penalty=penalty,
        kernel=UniformKernel(),
        surrogate=regressor,
    )
