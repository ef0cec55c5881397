"""Samplers on the data manifold: real training rows, and crossovers with them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, Ridge

from sklime import FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.exceptions import NeighbourhoodWarning, UnknownValueWarning
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import CrossoverSampler, MarginalSampler, MixedSampler, TrainingSampler
from sklime.testing import check_sampler

RNG = np.random.default_rng(0)
X, Y = load_diabetes(return_X_y=True)
FOREST = RandomForestRegressor(n_estimators=10, random_state=0).fit(X, Y)
FRAME = pd.DataFrame(
    {
        "age": RNG.integers(18, 80, 120),
        "height": np.where(np.arange(120) % 7 == 0, np.nan, RNG.normal(1.7, 0.1, 120)),
        "weight": RNG.normal(70, 10, 120),
        "color": pd.Categorical(np.array(["red", "green", "blue"])[np.arange(120) % 3]),
        "city": [None if i % 11 == 0 else "north south".split()[i % 2] for i in range(120)],
        "since": pd.date_range("2020-01-01", periods=120),
    }
)
POLARS = pl.from_pandas(FRAME.astype({"color": str}))
KINDS = [
    TrainingSampler(),
    TrainingSampler(n_bins=None),
    CrossoverSampler(),
    CrossoverSampler(n_bins=4, share=0.3),
]


class Counted:
    """A regressor that counts the rows that it is asked about, and the calls."""

    def __init__(self):
        self.asked = []

    def predict(self, X):
        self.asked.append(len(X))
        return FOREST.predict(X)


def of_person(table):
    """Chance of a person: reads a number, a category and gaps."""
    table = table.to_pandas() if hasattr(table, "to_pandas") else table
    z = table["age"].astype(float) / 20 - 3 + (table["color"].astype(str) == "red")
    z += 2.0 * (table["color"].astype(str) == "violet") + 3.0 * table["weight"].isna()
    p = 1 / (1 + np.exp(-z.to_numpy(dtype=float)))
    return np.column_stack([1 - p, p])


PERSONS = FunctionClassifier(of_person, classes=[0, 1])


def rows_as_text(table):
    rows = table.rows() if hasattr(table, "rows") else table.astype(object).to_numpy()
    return [repr(list(row)) for row in rows]


def weights_of(kernel, around):
    weights = kernel(around.design, around.position)
    return weights if around.masses is None else weights * around.masses


def regression(around, weights, answers):
    """A weighted ridge regression with penalty 1 in units of the mean weight."""
    A = np.asarray(around.design, dtype=float)
    ridge = Ridge(alpha=weights.mean(), solver="cholesky")
    return ridge.fit(A, answers, sample_weight=weights).coef_


@pytest.mark.parametrize("sampler", KINDS, ids=repr)
def test_keeps_the_contract_of_samplers(sampler):
    check_sampler(sampler)
    check_sampler(sampler, FRAME[:24])


@pytest.mark.parametrize("n_bins", [4, None])
@pytest.mark.parametrize("n_samples", [1, 7, 64, 441])
def test_draws_are_training_rows_without_replacement(n_bins, n_samples):
    sampler = TrainingSampler(n_bins).fit(X)
    for around in sampler.sample(X[:2], n_samples, random_state=0):
        places = [np.flatnonzero((row == X).all(axis=1)) for row in around.inputs]
        assert all(len(own) == 1 for own in places)
        assert len(np.unique(places)) == n_samples


@pytest.mark.parametrize("table", [FRAME, POLARS], ids=["pandas", "polars"])
def test_draws_of_frames_are_their_rows_in_their_dtypes(table):
    [around] = TrainingSampler().fit(table).sample(table[:1], 50, random_state=0)
    own, known = rows_as_text(around.inputs), rows_as_text(table)
    assert type(around.inputs) is type(table)
    assert list(around.inputs.dtypes) == list(table.dtypes)
    assert set(own) <= set(known) and len(set(own)) == 50


def test_equal_rows_are_drawn_as_often_as_training_has_them():
    twice = np.repeat(X[:20], 2, axis=0)
    [around] = TrainingSampler().fit(twice).sample(X[:1], 100, random_state=0)
    _, times = np.unique(around.inputs, axis=0, return_counts=True)
    assert (times == 2).all() and len(times) == 20


@pytest.mark.parametrize("n_samples", [100, 442, 443, 4096])
def test_n_samples_is_the_number_of_rows_at_most(n_samples):
    model = Counted()
    explainer = LimeExplainer(
        model, sampler=TrainingSampler(), n_samples=n_samples, random_state=0
    )
    explainer.fit(X)
    n = min(n_samples, len(X))
    assert explainer.n_samples_ == n and explainer.method_ == "sampling"
    # The model is asked about the pool, once; two rows tell what it answers.
    assert model.asked.count(n) == 1 and sum(model.asked) <= n + 4
    before = sum(model.asked)
    explainer.transform(X)
    assert sum(model.asked) == before


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_samples", [200, 4096])
@pytest.mark.parametrize("sampler", KINDS, ids=repr)
def test_coefficients_are_those_of_a_weighted_ridge_regression(
    sampler, n_samples, weighted
):
    weights = 0.5 + RNG.exponential(size=len(X)) if weighted else None
    explainer = LimeExplainer(
        FOREST, sampler=sampler, n_samples=n_samples, random_state=3
    ).fit(X, sample_weight=weights)
    found = explainer.transform(X[:5])
    fitted = explainer.sampler_
    samples = fitted.sample(X[:5], n_samples, random_state=explainer._seed)
    for own, around in zip(found, samples, strict=True):
        weights = weights_of(explainer.kernel_, around)
        expected = regression(around, weights, FOREST.predict(around.inputs))
        assert np.abs(own - expected).max() <= 1e-10 * np.abs(expected).max()


def test_all_training_rows_give_one_regression_whatever_the_seed():
    own = [
        LimeExplainer(FOREST, sampler=TrainingSampler(None), random_state=seed)
        .fit(X)
        .transform(X[:5])
        for seed in (0, 1)
    ]
    scale = np.abs(own[0]).max()
    assert np.abs(own[0] - own[1]).max() <= 1e-10 * scale


def test_a_linear_model_is_found_by_standardised_units():
    model = LinearRegression().fit(X, Y)
    for sampler in (TrainingSampler(None), CrossoverSampler()):
        explainer = LimeExplainer(
            model, sampler=sampler, surrogate=LinearRegression(), random_state=0
        ).fit(X)
        expected = model.coef_ * X.std(axis=0)
        assert np.allclose(explainer.transform(X[:3]), expected, rtol=1e-6)


@pytest.mark.parametrize("sampler", KINDS, ids=repr)
def test_same_row_same_answer(sampler):
    explainer = LimeExplainer(FOREST, sampler=sampler, n_samples=256, random_state=0)
    together = explainer.fit(X).transform(X[:6])
    order = [4, 0, 0, 2]
    assert np.array_equal(explainer.transform(X[order]), together[order])
    assert np.array_equal(explainer.set_params(n_jobs=2).transform(X[:6]), together)


def test_bins_are_those_of_marginal_sampler():
    own, others = TrainingSampler().fit(FRAME), MarginalSampler().fit(FRAME)
    row = FRAME[3:4]
    assert np.array_equal(own.interpret(FRAME, row), others.interpret(FRAME, row))
    codes, labels = own.conditions(FRAME)
    assert np.array_equal(codes, others.conditions(FRAME)[0])
    assert labels == others.conditions(FRAME)[1]


def test_rows_are_drawn_by_weight():
    table, weights = np.arange(40.0).reshape(20, 2), np.arange(20.0)
    sampler = TrainingSampler().fit(table, sample_weight=weights)
    counts, totals, n_seeds = np.zeros(20), np.zeros(20), 2500
    for seed in range(n_seeds):
        [around] = sampler.sample(table[:1], 5, random_state=seed)
        at = (around.inputs[:, 0] / 2).astype(int)
        assert len(np.unique(at)) == 5
        counts[at] += 1
        totals[at] += around.masses
    chances = 5 * weights / weights.sum()
    # Five standard errors, and what sequential Poisson sampling is off by.
    assert np.abs(counts / n_seeds - chances).max() < 5 * 0.5 / np.sqrt(n_seeds) + 0.02
    assert counts[0] == 0
    # Mean masses are the weights: nothing that is averaged by them is biased.
    assert np.allclose(totals / n_seeds, weights, rtol=0.15, atol=0.2)


def test_heavy_rows_have_masses_where_they_cannot_be_drawn_again():
    table = np.arange(40.0).reshape(20, 2)
    weights = np.r_[100.0, np.ones(19)]
    sampler = TrainingSampler().fit(table, sample_weight=weights)
    [around] = sampler.sample(table[:1], 4, random_state=0)
    heavy = around.inputs[:, 0] == 0.0
    assert heavy.sum() == 1
    # The three others stand for nineteen.
    assert np.allclose(around.masses[~heavy], 19 / 3)
    assert np.allclose(around.masses[heavy], 100.0)
    [everything] = sampler.sample(table[:1], 64, random_state=0)
    order = np.argsort(everything.inputs[:, 0])
    assert np.array_equal(everything.masses[order], weights)


def test_weights_count_as_repeated_rows_in_attributions():
    times = np.arange(len(X)) % 3
    repeated = np.repeat(X, times, axis=0)
    setting = {"sampler": TrainingSampler(), "surrogate": LinearRegression()}
    weighted = LimeExplainer(FOREST, **setting).fit(X, sample_weight=times)
    assert weighted.n_samples_ == (times > 0).sum()
    expected = LimeExplainer(FOREST, **setting).fit(repeated).transform(X[:5])
    assert np.allclose(weighted.transform(X[:5]), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_a_crossover_takes_some_columns_of_one_training_row(share):
    row = X[[7]] + 1e-3
    [around] = CrossoverSampler(share=share).fit(X).sample(row, 2048, random_state=0)
    taken = around.inputs != row
    assert abs(taken.mean() - share) < 5 * 0.5 / np.sqrt(taken.size)
    # Columns are taken independently of each other.
    assert np.allclose(
        np.cov(taken.T), np.diag(np.full(10, share * (1 - share))), atol=0.05
    )
    for own, mask in zip(around.inputs[:200], taken[:200], strict=True):
        assert ((own == X) | ~mask).all(axis=1).any()
    if share == 1.0:
        assert taken.all()


def test_a_crossover_keeps_what_training_never_had():
    rows = FRAME[:3].astype({"color": str})
    rows.loc[0, "color"], rows.loc[1, "weight"] = "violet", np.nan
    explainer = LimeExplainer(PERSONS, sampler=CrossoverSampler(), random_state=0)
    explanation = explainer.fit(FRAME).explain(rows)
    names = list(explanation.feature_names)
    values = explanation.values
    assert values[0, names.index("color")] > 0.1
    assert values[1, names.index("weight")] > 0.2
    around, _, _ = explainer.sampler_.sample(rows, 64, random_state=0)
    j = names.index("color")
    assert np.array_equal(around.design[:, j] == 1, around.inputs["color"] == "violet")
    seen = explainer.sampler_.interpret(rows.assign(color="pink"), rows[:1])
    assert not seen[:, j].any()


def test_training_rows_have_no_answer_about_what_training_never_had():
    rows = FRAME[:1].astype({"color": str}).assign(color="violet")
    explainer = LimeExplainer(PERSONS, sampler=TrainingSampler(), random_state=0)
    explainer.fit(FRAME)
    with pytest.warns(UnknownValueWarning, match="'color'"):
        explanation = explainer.explain(rows)
    assert explanation.values[0, list(explanation.feature_names).index("color")] == 0.0


def test_few_rows_left_by_a_narrow_kernel_are_told():
    explainer = LimeExplainer(
        FOREST, sampler=TrainingSampler(None), kernel=ExponentialKernel(0.3), random_state=0
    ).fit(X)
    with pytest.warns(NeighbourhoodWarning, match="fit the explainer on more rows"):
        explanation = explainer.explain(X[:5])
    assert (explanation.effective_sample_sizes < 10).all()
    assert (explanation.support < 10).any()


def test_tol_stops_at_the_number_of_rows():
    setting = {"sampler": TrainingSampler(), "n_samples": 64, "random_state": 0}
    with pytest.warns(ConvergenceWarning):
        explainer = LimeExplainer(FOREST, tol=1e-6, **setting).fit(X[:100])
    assert explainer.n_samples_ <= 100
    with pytest.warns(ConvergenceWarning, match="all 100 draws that there are"):
        explainer = LimeExplainer(FOREST, tol=0.5, **setting).fit(X[:100])
    assert explainer.n_samples_ == 100


def test_a_larger_request_asks_only_about_new_rows():
    small, large = (
        TrainingSampler().fit(X).sample(X[:1], n, random_state=0)[0].inputs
        for n in (50, 200)
    )
    assert np.array_equal(small, large[:50])


def test_uniform_kernel_gives_every_row_the_same_weight():
    explainer = LimeExplainer(
        FOREST, sampler=TrainingSampler(None), kernel=UniformKernel(), random_state=0
    ).fit(X)
    explanation = explainer.explain(X[:3], uncertainty=True)
    assert np.allclose(explanation.effective_sample_sizes, len(X))
    assert np.isfinite(explanation.standard_errors).all()
    assert np.allclose(explanation.values, explanation.values[0], rtol=1e-8)


def test_a_model_cannot_hide_its_bias_on_real_rows():
    # Biased by column 2 on rows as training has them, and by column 3 on all others.
    table = RNG.normal(size=(400, 4))
    table[:, 1] = table[:, 0] + 0.05 * table[:, 1]
    widest = np.abs(table[:, 0] - table[:, 1]).max()

    def hides(Z):
        real = np.abs(Z[:, 0] - Z[:, 1]) <= widest
        return np.where(real, Z[:, 2] > 0, Z[:, 3] > 0).astype(float)

    def strongest(sampler):
        explainer = LimeExplainer(FunctionRegressor(hides), sampler=sampler, random_state=0)
        return np.abs(explainer.fit(table).transform(table[:50])).argmax(axis=1)

    assert (strongest(MarginalSampler(n_bins=None)) == 3).mean() > 0.9
    for n_bins in (None, 4):
        assert (strongest(TrainingSampler(n_bins)) == 2).all()


def test_are_parts_of_mixed_samplers():
    sampler = MixedSampler(
        [("real", TrainingSampler(), [0, 1, 2]), ("rest", MarginalSampler(), slice(3, 10))]
    )
    explainer = LimeExplainer(FOREST, sampler=sampler, n_samples=512, random_state=0)
    [around] = explainer.fit(X).sampler_.sample(X[:1], 512, random_state=0)
    known = {tuple(row) for row in X[:, :3]}
    assert {tuple(row[:3]) for row in around.inputs} <= known
    assert np.isfinite(explainer.transform(X[:2])).all()


@pytest.mark.parametrize("sampler", KINDS, ids=repr)
def test_exact_says_why_not(sampler):
    explainer = LimeExplainer(FOREST, sampler=sampler, method="exact")
    with pytest.raises(ValueError, match=r"draws columns together.*independently"):
        explainer.fit(X)
    with pytest.raises(ValueError, match='weighting="tilted" has no law'):
        LimeExplainer(FOREST, sampler=sampler, weighting="tilted").fit(X)


@pytest.mark.parametrize("share", [0, 0.0, -0.1, 1.01, np.nan, np.inf, True, "half", None])
def test_bad_share(share):
    with pytest.raises(ValueError, match=r"share=.* of CrossoverSampler must be a number"):
        CrossoverSampler(share=share).fit(X)


@pytest.mark.parametrize("kind", [TrainingSampler, CrossoverSampler])
def test_bad_input(kind):
    with pytest.raises(ValueError, match="minimum of 2"):
        kind().fit(X[:1])
    with pytest.raises(ValueError, match="sample_weight leaves 1 training row"):
        kind().fit(X, sample_weight=np.eye(len(X))[3])
    with pytest.raises(ValueError, match="sample_weight must be one non-negative"):
        kind().fit(X, sample_weight=-np.ones(len(X)))
    with pytest.raises(ValueError, match="n_bins=1 must be"):
        kind(n_bins=1).fit(X)
    with pytest.raises(TypeError, match="does not take sparse tables"):
        kind().fit(sparse.csr_matrix(X))
    with pytest.raises(ValueError, match="expecting 10 features"):
        kind().fit(X).sample(X[:, :3])
    with pytest.raises(ValueError, match="n_samples=0"):
        kind().fit(X).sample(X, n_samples=0)
    with pytest.raises(ValueError, match="row must be a table of one row"):
        kind().fit(X).interpret(X, X[:2])


def test_a_classifier_on_a_real_table():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    forest = RandomForestClassifier(n_estimators=10, random_state=0).fit(X, y)
    explainer = LimeExplainer(forest, sampler=TrainingSampler(), random_state=0).fit(X)
    explanation = explainer.explain(X[:10])
    assert explainer.n_samples_ == explanation.meta["n_samples"] == len(X)
    assert explanation.scores.min() > 0.5
    assert len(explanation.to_frame())
