"""LIME's limits under product laws, in closed form, against sampling and brute force.

Where columns are independent and the kernel is a product over columns, the weighted draws
follow a product law too, whose covariance matrix is diagonal: the surrogate's coefficients
are differences of two means (0/1 features) or mean slopes (normal draws).
"""

from itertools import product

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import Lasso, LinearRegression, Ridge, lars_path

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import AutoSelector, ForwardSelection, HighestWeights, LassoPath

N_SEEDS, N_SAMPLES = 32, 8192


def explain_with_many_seeds(model, X, rows, **params):
    params = {"n_samples": N_SAMPLES, **params}
    return [
        LimeExplainer(model, random_state=seed, **params).fit(X).explain(rows)
        for seed in range(N_SEEDS)
    ]


def assert_mean_is(found, expected, allowance=0.0):
    """Compare the mean over seeds, within its own error."""
    found = np.array(found)
    error = found.std(axis=0, ddof=1) / np.sqrt(N_SEEDS)
    scale = np.abs(expected).max()
    # Five standard errors, as these rest on 31 degrees of freedom; products of 0/1 designs
    # are good to 1e-6.
    tolerance = 5.0 * error + allowance + 2e-6 * scale
    assert (np.abs(found.mean(axis=0) - expected) <= tolerance).all()
    # It would see an error of three in a hundred.
    assert tolerance.max() < 0.03 * scale


# ---- 0/1 features under empirical marginals

# Twelve rows: quartiles with ties, two values, a category, a quarter of values missing.
TABLE = np.array(
    [
        [0, 1, 0, np.nan],
        [0, 1, 0, 0.1],
        [1, 1, 0, 0.4],
        [1, 1, 1, 0.5],
        [2, 1, 1, 0.5],
        [2, 1, 1, 0.9],
        [3, 1, 1, np.nan],
        [3, 1, 2, 1.5],
        [4, 1, 2, 2.5],
        [5, 4, 2, 2.5],
        [6, 4, 2, 4.0],
        [7, 4, 2, np.nan],
    ]
)
CATEGORY = 2
ROWS = [0, 4, 10]

# Functions made of one function per column: their sum, or their product.
FUNCTIONS = {
    "linear": (np.sum, lambda X: X * [1.0, -0.5, 0.25, 2.0]),
    "additive": (
        np.sum,
        lambda X: np.sin(X) + np.square(X) * [0.1, 0.0, 1.0, 0.0] + (X == 1.0),
    ),
    "multiplicative": (np.prod, lambda X: X * [1.0, 1.0, -1.0, 0.5] + [1.0, 0.0, 2.5, 1.0]),
    "box": (np.prod, lambda X: (X > [0.5, 0.0, 0.5, -2.0]) & (X <= [4.5, 2.0, 9.0, 1.0])),
    "rbf": (np.prod, lambda X: np.exp(-0.5 * np.square(X - [2.0, 1.5, 1.0, 0.0]))),
}


def per_column(name, X):
    """The function of each column; a missing value is read as -1."""
    return FUNCTIONS[name][1](np.where(np.isnan(X), -1.0, X)).astype(float)


def model_of(name):
    return FunctionRegressor(lambda X: FUNCTIONS[name][0](per_column(name, X), axis=1))


def bins_of_table():
    """Quartile, category or missingness of each value."""
    bins = TABLE.copy()
    for j, x in enumerate(TABLE.T):
        if j != CATEGORY:
            edges = np.quantile(x[~np.isnan(x)], [0.25, 0.5, 0.75])
            bins[:, j] = np.where(np.isnan(x), 9, np.searchsorted(edges, x))
    return bins


def limit(name, row, width):
    """Coefficients of the limit, and what else follows, from the training rows alone."""
    values, bins = per_column(name, TABLE), bins_of_table()
    same = bins == bins[row]
    q, e = same.mean(axis=0), np.exp(-0.5 / width**2)
    c = q + (1.0 - q) * e
    share = q / c
    # Mean and mean square of each column's function, in the row's own bin and outside.
    weights = same / same.sum(axis=0), ~same / (~same).sum(axis=0)
    inside, outside = ((w * values).sum(axis=0) for w in weights)
    squares = [(w * values**2).sum(axis=0) for w in weights]
    mean = share * inside + (1.0 - share) * outside
    square = share * squares[0] + (1.0 - share) * squares[1]
    if FUNCTIONS[name][0] is np.sum:
        coef, f, variance = inside - outside, mean.sum(), (square - mean**2).sum()
    else:
        others = np.array([np.delete(mean, j).prod() for j in range(len(mean))])
        coef, f = (inside - outside) * others, mean.prod()
        variance = square.prod() - f**2
    v = share * (1.0 - share)
    return {
        "coef": coef,
        "mean": f,
        "share": share,
        "v": v,
        "score": coef**2 @ v / variance,
        "size": np.prod(c**2 / (q + (1.0 - q) * e**2)),
    }


def table_sampler(**params):
    return MarginalSampler(categorical_features=[CATEGORY], **params)


def enumerate_law(law):
    """All points of a discrete product law, and their masses."""
    points = np.array(list(product(*(column.values for column in law.columns))))
    masses = np.array(list(product(*(column.masses for column in law.columns))))
    return points, masses.prod(axis=1)


@pytest.mark.parametrize("width", [0.5, 1.5, 6.0])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_enumerated_law_has_the_closed_form(name, width):
    sampler, kernel = table_sampler().fit(TABLE), ExponentialKernel(width=width)
    for row in ROWS:
        x, expected = TABLE[[row]], limit(name, row, width)
        points, masses = enumerate_law(sampler.law(x))
        Z = sampler.interpret(points, x).astype(float)
        weights = masses * kernel(Z, np.ones(4))
        root = np.sqrt(weights)
        A = np.column_stack([np.ones(len(Z)), Z])
        f = model_of(name).predict(points)
        found, *_ = np.linalg.lstsq(A * root[:, np.newaxis], f * root)
        # Least squares of a few hundred well-conditioned equations.
        np.testing.assert_allclose(found[1:], expected["coef"], rtol=1e-9, atol=1e-9)
        intercept = expected["mean"] - expected["coef"] @ expected["share"]
        assert found[0] == pytest.approx(intercept, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_tilted_law_needs_no_weights(name):
    width = 0.8
    sampler, kernel = table_sampler().fit(TABLE), ExponentialKernel(width=width)
    for row in ROWS:
        x, expected = TABLE[[row]], limit(name, row, width)
        law = sampler.law(x)
        tilted = law.tilt(kernel)
        points, masses = enumerate_law(law)
        weights = masses * kernel(sampler.interpret(points, x), np.ones(4))
        points, masses = enumerate_law(tilted)
        np.testing.assert_allclose(masses, weights / weights.sum(), rtol=1e-12)
        f, Z = model_of(name).predict(points), sampler.interpret(points, x).astype(bool)
        assert masses @ f == pytest.approx(expected["mean"], rel=1e-12)
        np.testing.assert_allclose(masses @ Z, expected["share"], rtol=1e-12)
        slopes = [
            np.average(f[z], weights=masses[z]) - np.average(f[~z], weights=masses[~z])
            for z in Z.T
        ]
        np.testing.assert_allclose(slopes, expected["coef"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("width", [0.8, 1.5, 6.0])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_pools_find_the_closed_form(name, width):
    explanations = explain_with_many_seeds(
        model_of(name),
        TABLE,
        TABLE[ROWS],
        sampler=table_sampler(),
        kernel=ExponentialKernel(width=width),
    )
    limits = [limit(name, row, width) for row in ROWS]
    expected = {key: np.array([each[key] for each in limits]) for key in limits[0]}
    # The penalty shrinks what draws of the rest add, by 1 / (n v + 1) of it at most.
    shrunk = np.abs(expected["coef"]) / (N_SAMPLES * expected["v"] + 1.0)
    assert_mean_is([e.values for e in explanations], expected["coef"], shrunk)
    middle = [e.local_predictions - e.intercepts for e in explanations]
    assert_mean_is(middle, expected["coef"].sum(axis=1), shrunk.sum(axis=1))
    sizes = N_SAMPLES * expected["size"]
    assert_mean_is([e.effective_sample_sizes for e in explanations], sizes)
    scarcer = np.minimum(expected["share"], 1.0 - expected["share"])
    assert_mean_is([e.support for e in explanations], N_SAMPLES * scarcer)
    optimism = 4.0 / sizes.min()
    assert_mean_is([e.scores for e in explanations], expected["score"], optimism)


def chosen_by_regressions(make_selector, Z, f, weights, k):
    """Columns that regressions on the enumerated points choose, every one fitted anew."""
    root = np.sqrt(weights)[:, np.newaxis]
    centred = Z - np.average(Z, axis=0, weights=weights)
    around = (f - np.average(f, weights=weights)) * root[:, 0]
    if make_selector is HighestWeights:
        coef, *_ = np.linalg.lstsq(centred * root, around)
        return set(np.argsort(-np.abs(coef))[:k])
    if make_selector is LassoPath:
        *_, path = lars_path(centred * root, around, method="lasso")
        within = [own for own in path.T if np.count_nonzero(own) <= k]
        return set(np.flatnonzero(within[-1]))
    kept = []
    for _ in range(k):
        missed = {}
        for j in set(range(Z.shape[1])) - set(kept):
            A = (centred * root)[:, [*kept, j]]
            coef, *_ = np.linalg.lstsq(A, around)
            missed[j] = np.square(around - A @ coef).sum()
        kept.append(min(missed, key=missed.get))
    return set(kept)


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize(
    "make_selector", [HighestWeights, ForwardSelection, LassoPath, AutoSelector]
)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_selection_from_contrasts_is_that_of_regressions(name, make_selector, k):
    width, x = 1.5, TABLE[ROWS]
    sampler, kernel = table_sampler().fit(TABLE), ExponentialKernel(width=width)
    setting = {"sampler": table_sampler(), "kernel": kernel, "n_samples": N_SAMPLES}
    for i in range(len(ROWS)):
        expected = limit(name, ROWS[i], width)
        size = np.abs(expected["coef"])
        if make_selector is not HighestWeights:
            size = size * (
                expected["v"] if make_selector is LassoPath else expected["v"] ** 0.5
            )
        last, next_one = -np.sort(-size)[k - 1 : k + 1]
        if next_one > 0.9 * last:
            # Draws do not tell nearly equal features apart.
            continue
        points, masses = enumerate_law(sampler.law(x[[i]]))
        Z = sampler.interpret(points, x[[i]]).astype(float)
        weights, f = masses * kernel(Z, np.ones(4)), model_of(name).predict(points)
        wanted = chosen_by_regressions(make_selector, Z, f, weights, k)
        for seed in range(2):
            full, chosen = (
                LimeExplainer(model_of(name), selector=own, random_state=seed, **setting)
                .fit(TABLE)
                .explain(x[[i]], uncertainty=True)
                for own in (None, make_selector(k))
            )
            kept = np.flatnonzero(chosen.values[0])
            assert set(kept) == wanted
            # Independent features: what is left out changes no coefficient.
            np.testing.assert_allclose(
                chosen.values[0, kept], full.values[0, kept], rtol=1e-12
            )
            np.testing.assert_allclose(
                chosen.standard_errors[0, kept], full.standard_errors[0, kept], rtol=1e-9
            )
            # Their part of the mean goes into the intercept.
            share = expected["share"]
            middle = chosen.intercepts[0] + chosen.values[0] @ share
            whole = full.intercepts[0] + full.values[0] @ share
            assert middle == pytest.approx(whole, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("width", [0.8, 1.5, 6.0])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_weighted_regression_finds_the_closed_form(name, width):
    explanations = explain_with_many_seeds(
        model_of(name),
        TABLE,
        TABLE[ROWS],
        sampler=table_sampler(),
        # A kernel that does not say that it is a product: a regression on weighted draws.
        kernel=lambda Z, z: np.exp(-0.5 * np.square(Z - z).sum(axis=1) / width**2),
    )
    limits = [limit(name, row, width) for row in ROWS]
    expected = {key: np.array([each[key] for each in limits]) for key in limits[0]}
    # Ridge with penalty 1 in units of the mean weight: G / (G + 1) with G = n v.
    G = N_SAMPLES * expected["v"]
    coef = expected["coef"] * G / (G + 1.0)
    intercepts = expected["mean"] - (coef * expected["share"]).sum(axis=1)
    sizes = N_SAMPLES * expected["size"]
    assert_mean_is([e.values for e in explanations], coef)
    assert_mean_is([e.intercepts for e in explanations], intercepts)
    predictions = intercepts + coef.sum(axis=1)
    assert_mean_is([e.local_predictions for e in explanations], predictions)
    assert_mean_is([e.effective_sample_sizes for e in explanations], sizes)
    scarcer = np.minimum(expected["share"], 1.0 - expected["share"])
    assert_mean_is([e.support for e in explanations], N_SAMPLES * scarcer)
    # R2 on the draws themselves is above the population's by up to its number of
    # coefficients over the effective sample size.
    optimism = 4.0 / sizes.min()
    assert_mean_is([e.scores for e in explanations], expected["score"], optimism)


@pytest.mark.parametrize("n_samples", [32, 64, 1024])
@pytest.mark.parametrize("width", [0.75, 8.0])
def test_penalty_shrinks_by_what_a_coefficient_rests_on(width, n_samples):
    x = np.repeat([0.0, 1.0], [60, 40])[:, np.newaxis]
    explainer = LimeExplainer(
        FunctionRegressor(lambda X: 3.0 * X[:, 0]),
        # Draws that all count alike: an additive part is not shrunk.
        sampler=MarginalSampler(sequence="random"),
        kernel=ExponentialKernel(width=width),
        n_samples=n_samples,
        random_state=0,
    ).fit(x)
    [around] = explainer.sampler_.sample(
        x[-1:], n_samples, random_state=explainer.explain(x[-1:]).meta["seed"]
    )
    w = np.where(around.design[:, 0], 1.0, np.exp(-0.5 / width**2))
    v = np.cov(around.design[:, 0], aweights=w, ddof=0)
    # The model is linear in the one 0/1 feature; single precision.
    expected = 3.0 * n_samples * v / (n_samples * v + 1.0)
    assert explainer.transform(x[-1:])[0, 0] == pytest.approx(expected, rel=5e-6)


def test_coefficients_of_additive_functions_do_not_depend_on_the_width():
    narrow, wide = (
        [
            e.values
            for e in explain_with_many_seeds(
                model_of("additive"),
                TABLE,
                TABLE[ROWS],
                sampler=table_sampler(),
                surrogate=LinearRegression(),
                kernel=ExponentialKernel(width=width),
                n_samples=1024,
            )
        ]
        for width in (1.0, 8.0)
    )
    assert_mean_is(narrow, np.mean(wide, axis=0), np.std(wide, axis=0) / np.sqrt(N_SEEDS))


@pytest.mark.parametrize("params", [{"n_bins": None}, {"binning": "uniform", "n_bins": 3}])
def test_sampling_finds_the_enumerated_limit_of_other_designs(params):
    X, width, model = TABLE[:, :3], 1.0, FunctionRegressor(lambda X: np.sin(X).prod(axis=1))
    rows, coefs, intercepts = X[ROWS], [], []
    masses = [np.unique(x, return_counts=True) for x in X.T]
    points = np.array(list(product(*(values for values, _ in masses))))
    weights = np.array(list(product(*(counts for _, counts in masses)))).prod(axis=1)
    thirds = [x.min() + np.ptp(x) * np.array([1, 2]) / 3 for x in X.T]
    for row in rows:
        if params["n_bins"] is None:
            Z, z = (points - X.mean(axis=0)) / X.std(axis=0), row - X.mean(axis=0)
            z = z / X.std(axis=0)
        else:
            bins = [np.searchsorted(t, x) for t, x in zip(thirds, points.T, strict=True)]
            own = [np.searchsorted(t, x) for t, x in zip(thirds, row, strict=True)]
            Z, z = (np.array(bins).T == own).astype(float), np.ones(3)
        Z[:, CATEGORY], z[CATEGORY] = points[:, CATEGORY] == row[CATEGORY], 1.0
        w = weights * np.exp(-0.5 * np.square(Z - z).sum(axis=1) / width**2)
        # The sum of weights of `n_samples` draws in units of their mean.
        w = w * N_SAMPLES / w.sum()
        fitted = Ridge(alpha=1.0, solver="cholesky").fit(
            Z, model.predict(points), sample_weight=w
        )
        coefs.append(fitted.coef_)
        intercepts.append(fitted.intercept_)
    explanations = explain_with_many_seeds(
        model,
        X,
        rows,
        sampler=table_sampler(**params),
        kernel=ExponentialKernel(width=width),
    )
    assert_mean_is([e.values for e in explanations], np.array(coefs))
    assert_mean_is([e.intercepts for e in explanations], np.array(intercepts))


# ---- 0/1 features under laws with a density


def iris_bins(j, row):
    """Edges of the quartile bins of a column, and the row's own bin."""
    x = load_iris().data[:, j]
    edges = np.quantile(x, [0.25, 0.5, 0.75])
    return x, edges, np.searchsorted(edges, row[j])


def truncated_normals(x, edges):
    """lime's law within the bins of a column, by scipy."""
    codes = np.searchsorted(edges, x)
    ends = np.concatenate([[x.min()], edges, [x.max()]])
    laws = []
    for b in range(4):
        loc, scale = x[codes == b].mean(), x[codes == b].std()
        low, high = (ends[b] - loc) / scale, (ends[b + 1] - loc) / scale
        laws.append(stats.truncnorm(low, high, loc=loc, scale=scale))
    return np.bincount(codes) / len(x), laws


def difference_of_means(q, means, own):
    rest = np.arange(len(q)) != own
    return means[own] - np.average(means[rest], weights=q[rest])


def test_truncated_normal_bins_of_a_linear_model():
    X, a = load_iris().data, np.array([1.0, -2.0, 0.5, 3.0])
    rows, expected = X[[0, 75, 140]], []
    for row in rows:
        expected.append([])
        for j in range(4):
            x, edges, own = iris_bins(j, row)
            q, laws = truncated_normals(x, edges)
            means = np.array([law.mean() for law in laws])
            expected[-1].append(a[j] * difference_of_means(q, means, own))
    found = explain_with_many_seeds(
        FunctionRegressor(lambda X: X @ a),
        X,
        rows,
        sampler=MarginalSampler(within="truncnorm"),
        surrogate=LinearRegression(),
    )
    assert_mean_is([e.values for e in found], np.array(expected))


def test_truncated_normal_bins_are_drawn_by_the_inverse_distribution_function():
    X = load_iris().data
    law = MarginalSampler(within="truncnorm").fit(X).law(X[:1])
    u = (np.arange(1000) + 0.5) / 1000
    drawn = law.draw(np.tile(u[:, np.newaxis], 4))
    for j in range(4):
        x, edges, _ = iris_bins(j, X[0])
        q, laws = truncated_normals(x, edges)
        # The laws do not overlap, so their mixture's distribution function is a sum.
        F = sum(share * each.cdf(drawn[:, j]) for share, each in zip(q, laws, strict=True))
        np.testing.assert_allclose(F, u, atol=1e-9)


def test_missing_values_and_single_values_keep_their_share_under_truncated_normals():
    law = MarginalSampler(within="truncnorm").fit(TABLE).law(TABLE[:1])
    u = (np.arange(1200) + 0.5) / 1200
    drawn = law.draw(np.tile(u[:, np.newaxis], 4))
    assert np.isnan(drawn[:, 3]).mean() == pytest.approx(0.25)
    assert not np.isnan(drawn[:, :3]).any()
    assert np.mean(drawn[:, 1] == 1.0) == pytest.approx(0.75)
    assert np.mean(drawn[:, 1] == 4.0) == pytest.approx(0.25)
    assert (drawn >= np.nanmin(TABLE, axis=0))[~np.isnan(drawn)].all()
    assert (drawn <= np.nanmax(TABLE, axis=0))[~np.isnan(drawn)].all()


def test_normal_draws_seen_through_bins():
    X, a = load_iris().data, np.array([1.0, -2.0, 0.5, 3.0])
    rows, expected = X[[0, 75, 140]], []
    for row in rows:
        expected.append([])
        for j in range(4):
            x, edges, own = iris_bins(j, row)
            ends = (np.concatenate([[-np.inf], edges, [np.inf]]) - x.mean()) / x.std()
            q = np.diff(stats.norm.cdf(ends))
            laws = [stats.truncnorm(*ends[b : b + 2], x.mean(), x.std()) for b in range(4)]
            means = np.array([law.mean() for law in laws])
            expected[-1].append(a[j] * difference_of_means(q, means, own))
    found = explain_with_many_seeds(
        FunctionRegressor(lambda X: X @ a),
        X,
        rows,
        sampler=GaussianSampler(n_bins=4),
        surrogate=LinearRegression(),
    )
    assert_mean_is([e.values for e in found], np.array(expected))


# ---- standardised features under normal laws

NORMAL = np.random.default_rng(0).normal([0.0, 50.0, 3.0], [1.0, 10.0, 0.1], (200, 3))
MEAN, SD = NORMAL.mean(axis=0), NORMAL.std(axis=0)
POINTS = MEAN + SD * [[0.0, 0.5, -0.5], [1.0, -1.0, 0.3]]


def weighted_normal(z, width, center, scale=1.0):
    """Mean and variance of normal draws weighted by the kernel: a product of densities."""
    v = 1.0 / (1.0 / scale**2 + 1.0 / width**2)
    return (z if center == "instance" else z * v / width**2), v


def rbf(Z):
    return np.exp(-np.square(Z - [0.5, -0.5, 0.0]).sum(axis=1) / (2.0 * 1.2**2))


def rbf_limit(m, v):
    s = 1.2**2 + v
    offset = m - [0.5, -0.5, 0.0]
    mean = (1.2**2 / s) ** 1.5 * np.exp(-offset @ offset / (2.0 * s))
    return -offset / s * mean, mean


def box(Z):
    return ((Z > [-1.0, -0.5, -2.0]) & (Z <= [1.0, 2.0, 0.3])).all(axis=1).astype(float)


def box_limit(m, v):
    low, high = (np.array([-1.0, -0.5, -2.0]), np.array([1.0, 2.0, 0.3]))
    low, high = (low - m) / np.sqrt(v), (high - m) / np.sqrt(v)
    masses = stats.norm.cdf(high) - stats.norm.cdf(low)
    slopes = (stats.norm.pdf(low) - stats.norm.pdf(high)) / np.sqrt(v)
    return slopes / masses * masses.prod(), masses.prod()


SLOPES, BIAS = np.array([1.5, -1.0, 0.5]), 0.3


def logistic(Z):
    return expit(Z @ SLOPES + BIAS)


def logistic_limit(m, v):
    # One-dimensional, along the slopes; 80 nodes are exact to rounding for this width.
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    p = expit(m @ SLOPES + BIAS + np.sqrt(v * SLOPES @ SLOPES) * nodes)
    weights = weights / weights.sum()
    return SLOPES * (weights @ (p * (1.0 - p))), weights @ p


@pytest.mark.parametrize("center", ["mean", "instance"])
@pytest.mark.parametrize(
    ("function", "limit_of"),
    [(rbf, rbf_limit), (box, box_limit), (logistic, logistic_limit)],
)
def test_normal_draws_give_mean_slopes(function, limit_of, center):
    width = 1.3
    coefs, intercepts = [], []
    for z in (POINTS - MEAN) / SD:
        m, v = weighted_normal(z, width, center)
        slope, mean = limit_of(m, v)
        slope = slope * v / (v + 1.0 / N_SAMPLES)
        coefs.append(slope)
        intercepts.append(mean - slope @ m)
    explanations = explain_with_many_seeds(
        FunctionRegressor(lambda X: function((X - MEAN) / SD)),
        NORMAL,
        POINTS,
        sampler=GaussianSampler(center=center),
        kernel=ExponentialKernel(width=width),
    )
    assert_mean_is([e.values for e in explanations], np.array(coefs))
    assert_mean_is([e.intercepts for e in explanations], np.array(intercepts))


@pytest.mark.parametrize("center", ["mean", "instance"])
def test_effective_sample_size_of_normal_draws(center):
    width, z = 1.3, (POINTS - MEAN) / SD
    explanations = explain_with_many_seeds(
        FunctionRegressor(lambda X: X[:, 0]),
        NORMAL,
        POINTS,
        sampler=GaussianSampler(center=center),
        kernel=ExponentialKernel(width=width),
    )
    share = (width * np.sqrt(width**2 + 2.0) / (1.0 + width**2)) ** 3
    if center == "mean":
        far = np.square(z).sum(axis=1)
        share = share * np.exp(-far / ((1.0 + width**2) * (2.0 + width**2)))
    expected = np.full(2, N_SAMPLES * share)
    assert_mean_is([e.effective_sample_sizes for e in explanations], expected)


@pytest.mark.parametrize("scale", [1.0, 0.4])
@pytest.mark.parametrize("center", ["mean", "instance"])
def test_tilted_normal_law_is_normal(center, scale):
    width = 0.7
    sampler = GaussianSampler(center=center, scale=scale).fit(NORMAL)
    for point, z in zip(POINTS, (POINTS - MEAN) / SD, strict=True):
        law = sampler.law(point).tilt(ExponentialKernel(width=width))
        m, v = weighted_normal(z, width, center, scale)
        quantiles = [0.05, 0.5, 0.9]
        drawn = law.draw(np.tile(quantiles, (3, 1)).T)
        expected = m + np.sqrt(v) * stats.norm.ppf(quantiles)[:, np.newaxis]
        np.testing.assert_allclose((drawn - MEAN) / SD, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "sampler",
    [
        GaussianSampler(center="mean"),
        GaussianSampler(center="instance", scale=0.3),
        MarginalSampler(n_bins=None),
    ],
)
def test_linear_models_are_exact_with_any_number_of_draws(sampler):
    a = np.array([2.0, -0.3, 40.0])
    explanation = (
        LimeExplainer(
            FunctionRegressor(lambda X: X @ a + 7.0),
            sampler=sampler,
            surrogate=LinearRegression(),
            n_samples=16,
            random_state=0,
        )
        .fit(NORMAL)
        .explain(POINTS)
    )
    np.testing.assert_allclose(explanation.values, np.tile(a * SD, (2, 1)), rtol=1e-9)
    np.testing.assert_allclose(explanation.intercepts, a @ MEAN + 7.0, rtol=1e-9)
    np.testing.assert_allclose(explanation.local_predictions, POINTS @ a + 7.0, rtol=1e-9)
    np.testing.assert_allclose(explanation.scores, 1.0, rtol=1e-9)


# ---- any neighbourhood, from its own draws


def inverse_distance(Z, z):
    return 1.0 / (1.0 + np.abs(Z - z).sum(axis=1))


def mixed_table():
    """Two numeric columns around a category of three."""
    X = NORMAL.copy()
    X[:, 1] = np.arange(200) % 3
    return X


TWO_OUTPUTS = FunctionRegressor(
    lambda X: np.column_stack([X[:, 0] * X[:, 2], np.sin(X[:, 1]) + X[:, 2]])
)
SAMPLERS = [
    MarginalSampler(),
    MarginalSampler(within="truncnorm"),
    MarginalSampler(n_bins=None, categorical_features=[1]),
    GaussianSampler(),
    GaussianSampler(center="instance"),
    GaussianSampler(center="instance", n_bins=3),
    GaussianSampler(center="instance", categorical_features=[1]),
]


def explain_and_draw_again(**params):
    """Explanations of three rows, and the draws they were made of."""
    X = mixed_table()
    # Plain draws: pools of Sobol points have control variates.
    params = {"sampler": MarginalSampler(sequence="random"), **params}
    explainer = LimeExplainer(TWO_OUTPUTS, n_samples=512, random_state=3, **params).fit(X)
    explanation = explainer.explain(X[:3])
    seed = explanation.meta["seed"]
    around = explainer.sampler_.sample(X[:3], explainer.n_samples_, random_state=seed)
    draws = []
    for own in around:
        Z, Y = own.design.astype(float), TWO_OUTPUTS.predict(own.inputs)
        draws.append((Z, own.position, explainer.kernel_(Z, own.position), Y))
    # Products of 0/1 designs are summed in single precision, the others in double.
    matched = explainer.sampler_.matched_
    return explanation, draws, matched, 5e-6 if matched.all() else 1e-10


def assert_fitted(explanation, i, c, fitted, kept, draws, error):
    """Compare with a regression of scikit-learn on the kept columns."""
    Z, z, w, Y = draws
    y, coef = Y[:, c], np.zeros(Z.shape[1])
    coef[kept] = fitted.coef_
    expected = [*coef, fitted.intercept_, fitted.predict(z[np.newaxis, kept])[0]]
    scalars = explanation.intercepts[i, c], explanation.local_predictions[i, c]
    found = [*explanation.values[i, c], *scalars]
    np.testing.assert_allclose(found, expected, rtol=0, atol=error * np.ptp(y))
    score = fitted.score(Z[:, kept], y, sample_weight=w)
    assert explanation.scores[i, c] == pytest.approx(score, rel=error, abs=error)


@pytest.mark.parametrize(
    "kernel",
    [ExponentialKernel(width=1.0), UniformKernel(), inverse_distance],
    ids=["exponential", "uniform", "inverse_distance"],
)
@pytest.mark.parametrize(
    ("sampler", "sequence"),
    [
        (sampler, sequence)
        for sampler in SAMPLERS
        for sequence in ("sobol", "lhs", "random")
        # These have control variates, which have tests of their own.
        if (sampler, sequence) != (MarginalSampler(), "sobol")
    ],
    ids=repr,
)
def test_surrogates_are_weighted_ridge_regressions_on_the_sampled_points(
    sampler, kernel, sequence
):
    sampler = clone(sampler).set_params(sequence=sequence)
    explanation, draws, matched, error = explain_and_draw_again(
        sampler=sampler, kernel=kernel
    )
    for i, (Z, z, w, Y) in enumerate(draws):
        size, share = w.sum() ** 2 / (w @ w), (w @ Z) / w.sum()
        support = np.where(matched, len(w) * np.minimum(share, 1.0 - share), size)
        assert explanation.effective_sample_sizes[i, 0] == pytest.approx(size, rel=error)
        np.testing.assert_allclose(explanation.support[i, 0], support, atol=error * len(w))
        for c, y in enumerate(Y.T):
            # Penalty 1 in units of the mean weight.
            ridge = Ridge(alpha=w.mean(), solver="cholesky").fit(Z, y, sample_weight=w)
            assert_fitted(explanation, i, c, ridge, slice(None), (Z, z, w, Y), error)


@pytest.mark.parametrize(
    "regressor",
    [
        LinearRegression(),
        LinearRegression(fit_intercept=False),
        Ridge(alpha=30.0),
        Lasso(alpha=0.02),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "selector",
    [None, SelectFromModel(Ridge(), max_features=2, threshold=-np.inf)],
    ids=["all", "two"],
)
@pytest.mark.parametrize(
    "sampler",
    [MarginalSampler(sequence="random"), GaussianSampler(center="instance")],
    ids=repr,
)
def test_users_regressor_and_selector_are_fitted_to_the_draws_at_mean_weight_one(
    sampler, selector, regressor
):
    explanation, draws, _, _ = explain_and_draw_again(
        sampler=sampler, selector=selector, surrogate=regressor
    )
    for i, (Z, z, w, Y) in enumerate(draws):
        weights = w / w.mean()
        for c, y in enumerate(Y.T):
            kept = np.arange(3)
            if selector is not None:
                chosen = clone(selector).fit(Z, y, sample_weight=weights)
                kept = chosen.get_support(indices=True)
            fitted = clone(regressor).fit(Z[:, kept], y, sample_weight=weights)
            # Lasso stops iterating early; R2 comes from moments, of single precision where
            # the design is 0/1.
            assert_fitted(explanation, i, c, fitted, kept, (Z, z, w, Y), 1e-5)
