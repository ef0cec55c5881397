from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse, stats
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklime.laws.quasirandom import SEQUENCES, uniform_numbers
from sklime.samplers import GaussianSampler, MarginalSampler, SequenceSampler

RNG = np.random.default_rng(0)
X = np.column_stack(
    [
        RNG.normal(10.0, 3.0, 200),
        RNG.exponential(size=200),
        RNG.integers(0, 4, 200),
        np.where(np.arange(200) < 30, np.nan, RNG.normal(size=200)),
    ]
)
COMPLETE = X[:, :3]
CLASSES = (X[:, 0] + 3.0 * X[:, 1] > 12.0).astype(int)


def draws(sampler, row=X[:1], n_samples=4096, random_state=0):
    [around] = sampler.sample(row, n_samples, random_state=random_state)
    return around


def discrepancy(sequence, share, n):
    """How far the share of draws in an interval can be off."""
    return {
        "sobol": 2.0 / (n / 8),  # a point at either end of the interval, in each scramble
        "lhs": 2.0 / n,
        "random": 5.0 * np.sqrt(share * (1.0 - share) / n),  # five standard errors
    }[sequence]


# Empirical marginals


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sequence", SEQUENCES)
def test_every_training_value_keeps_its_frequency(sequence, weighted):
    weights = np.arange(200) % 5 if weighted else np.ones(200)
    sampler = MarginalSampler(sequence=sequence).fit(X, sample_weight=weights)
    inputs = draws(sampler, X[[199]]).inputs
    for j in range(4):
        for value in np.unique(X[:, j]):

            def equal(x, value=value):
                return np.isnan(x) if np.isnan(value) else x == value

            share = weights @ equal(X[:, j]) / weights.sum()
            error = discrepancy(sequence, share, 4096)
            assert abs(equal(inputs[:, j]).mean() - share) <= error


@settings(max_examples=50)
@given(
    hnp.arrays(np.float64, (20, 2), elements=st.floats(-1e300, 1e300)),
    st.sampled_from(SEQUENCES),
    st.integers(0, 99),
)
def test_no_value_is_invented(table, sequence, seed):
    sampler = MarginalSampler(sequence=sequence).fit(table)
    inputs = draws(sampler, table[:1], n_samples=100, random_state=seed).inputs
    for drawn, known in zip(inputs.T, table.T, strict=True):
        assert np.isin(drawn, known).all()


def test_columns_are_independent_of_each_other():
    twins = np.column_stack([COMPLETE[:, 0], COMPLETE[:, 0]])
    inputs = draws(MarginalSampler(sequence="random").fit(twins), twins[:1]).inputs
    # Five standard errors of a correlation of 0.
    assert abs(np.corrcoef(inputs.T)[0, 1]) < 5.0 / np.sqrt(4096)


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "bool"])
def test_dtype_of_an_array_is_kept(dtype):
    table = RNG.integers(0, 2, (50, 3)).astype(dtype)
    assert draws(MarginalSampler().fit(table), table[:1]).inputs.dtype == dtype


def test_integers_of_a_frame_stay_integers():
    frame = pd.DataFrame({"n": RNG.integers(-5, 5, 50), "x": RNG.normal(size=50)})
    inputs = draws(MarginalSampler().fit(frame), frame[:1]).inputs
    assert list(inputs.dtypes) == list(frame.dtypes)
    assert set(inputs["n"]) == set(frame["n"])


@pytest.mark.parametrize("within", ["empirical", "truncnorm"])
def test_missing_values_keep_their_frequency(within):
    inputs = draws(MarginalSampler(within=within).fit(X)).inputs
    assert abs(np.isnan(inputs[:, 3]).mean() - 0.15) <= discrepancy("sobol", 0.15, 4096)
    assert not np.isnan(inputs[:, :3]).any()


def test_stored_entries_of_a_sparse_row_are_drawn_from_the_whole_column():
    table = sparse.random(300, 6, 0.4, format="csr", random_state=0)
    sampler = MarginalSampler().fit(table)
    for i in (0, 1, 2):
        row = table[[i]]
        inputs = draws(sampler, row).inputs
        assert sparse.issparse(inputs)
        # All that the row does not store stays 0.
        absent = np.setdiff1d(np.arange(6), row.indices)
        assert inputs[:, absent].nnz == 0
        for j in row.indices:
            zeros = 1.0 - table[:, [j]].nnz / 300
            drawn = (inputs[:, [j]].toarray() == 0.0).mean()
            assert abs(drawn - zeros) <= discrepancy("sobol", zeros, 4096)


# Bins


def test_design_tells_the_quartile():
    table = COMPLETE[:, :2]
    sampler = MarginalSampler().fit(table)
    for row in table[:5]:
        around = draws(sampler, row[np.newaxis])
        for j, x in enumerate(table.T):
            cuts = np.quantile(x, [0.25, 0.5, 0.75])
            same = np.digitize(around.inputs[:, j], cuts, right=True) == np.digitize(
                row[j], cuts, right=True
            )
            np.testing.assert_array_equal(around.design[:, j], same)
            assert abs(same.mean() - 0.25) <= discrepancy("sobol", 0.25, 4096)


def test_design_tells_the_interval_of_equal_width():
    table = COMPLETE[:, :2]
    sampler = MarginalSampler(n_bins=3, binning="uniform").fit(table)
    around = draws(sampler, table[:1])
    for j, x in enumerate(table.T):
        third = np.ceil((around.inputs[:, j] - x.min()) / np.ptp(x) * 3.0).clip(1)
        own = np.ceil((table[0, j] - x.min()) / np.ptp(x) * 3.0).clip(1)
        np.testing.assert_array_equal(around.design[:, j], third == own)


@pytest.mark.parametrize("strategy", ["kmeans", "quantile", "uniform"])
def test_design_tells_the_bin_of_a_discretiser(strategy):
    discretiser = KBinsDiscretizer(
        3, encode="ordinal", strategy=strategy, quantile_method="averaged_inverted_cdf"
    )
    table = COMPLETE[:, :2]
    around = draws(MarginalSampler(binning=discretiser).fit(table), table[:1])
    bins = discretiser.fit(table).transform
    np.testing.assert_array_equal(around.design, bins(around.inputs) == bins(table[:1]))
    if strategy == "kmeans":
        named = draws(MarginalSampler(3, binning="kmeans").fit(table), table[:1])
        np.testing.assert_array_equal(named.design, around.design)


def test_design_tells_the_leaf_of_an_entropy_tree():
    table = COMPLETE[:, :2]
    around = draws(MarginalSampler(binning="entropy").fit(table, CLASSES), table[:1])
    for j in range(2):
        tree = DecisionTreeClassifier(criterion="entropy", max_depth=2, random_state=0)
        leaf = tree.fit(table[:, [j]], CLASSES).apply
        same = leaf(around.inputs[:, [j]]) == leaf(table[:1, [j]])
        np.testing.assert_array_equal(around.design[:, j], same)


def test_missing_value_and_category_are_bins_of_their_own():
    sampler = MarginalSampler(categorical_features=[2]).fit(X)
    around = draws(sampler, X[[0]])
    np.testing.assert_array_equal(around.design[:, 3], np.isnan(around.inputs[:, 3]))
    np.testing.assert_array_equal(around.design[:, 2], around.inputs[:, 2] == X[0, 2])


@pytest.mark.parametrize("within", ["empirical", "truncnorm"])
def test_single_value_of_a_bin_is_drawn_as_it_is(within):
    # lime draws such a bin near 0, wherever its value lies.
    column = np.concatenate([np.full(60, 50.0), RNG.normal(100.0, 1.0, 40)])[:, np.newaxis]
    around = draws(MarginalSampler(within=within).fit(column), column[:1])
    assert (around.inputs[around.design[:, 0]] == 50.0).all()
    assert (around.inputs[~around.design[:, 0]] > 90.0).all()
    assert abs(around.design.mean() - 0.6) <= discrepancy("sobol", 0.6, 4096)


def test_truncated_normal_draws_fill_the_bins_as_they_are_spread():
    table = COMPLETE[:, :2]
    inputs = draws(MarginalSampler(within="truncnorm").fit(table), table[:1]).inputs
    for drawn, x in zip(inputs.T, table.T, strict=True):
        assert drawn.min() >= x.min()
        assert drawn.max() <= x.max()
        edges = np.quantile(x, [0.0, 0.25, 0.5, 0.75, 1.0])
        for low, high in pairwise(edges):
            inside = x[(x > low) & (x <= high)] if low > x.min() else x[x <= high]
            within = drawn[(drawn > low) & (drawn <= high)]
            assert abs(len(within) / 4096 - 0.25) <= discrepancy("sobol", 0.25, 4096)
            law = stats.truncnorm(
                (low - inside.mean()) / inside.std(),
                (high - inside.mean()) / inside.std(),
                inside.mean(),
                inside.std(),
            )
            # Kolmogorov's distance is below 1.63 / sqrt(n) in 99 of 100 random samples.
            assert stats.kstest(within, law.cdf).statistic < 1.63 / np.sqrt(len(within))


BINNINGS = [
    *("quantile", "uniform", "kmeans", "entropy"),
    KBinsDiscretizer(5, encode="ordinal", strategy="uniform"),
]


def test_bins_of_hardly_any_spread_are_drawn_without_overflow():
    table = np.array([[2.2e-313], [0.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0]])
    sampler = MarginalSampler(within="truncnorm").fit(table)
    inputs = draws(sampler, table[:1]).inputs[:, 0]
    # Two of eight rows lie in the bin of denormal numbers; three quarters are 1.
    assert ((inputs >= 0.0) & (inputs <= 1.0)).all()
    assert abs((inputs < 1e-300).mean() - 0.25) <= discrepancy("sobol", 0.25, 4096)
    assert ((inputs < 1e-300) | (inputs == 1.0)).all()


@settings(max_examples=100)
@given(
    hnp.arrays(np.float64, 15, elements=st.integers(-3, 3) | st.floats(-1e9, 1e9)),
    st.sampled_from(BINNINGS),
    st.integers(2, 6),
)
def test_no_bin_is_empty_and_what_varies_is_cut(column, binning, n_bins):
    table = column[:, np.newaxis]
    sampler = MarginalSampler(n_bins, binning).fit(table, np.arange(15) % 2)
    shares = {round(sampler.interpret(table, row[np.newaxis]).mean() * 15) for row in table}
    assert min(shares) >= 1
    assert (max(shares) < 15) == (len(np.unique(column)) > 1)
    law = sampler.law(table[:1]).columns[0]
    found = np.unique(law.bins)
    assert (np.bincount(law.bins.astype(int), law.masses) > 0.0).all()
    most = 5 if isinstance(binning, KBinsDiscretizer) else n_bins
    assert len(found) <= most


# Standardised values


def test_design_is_in_units_of_the_training_standard_deviation():
    sampler = MarginalSampler(n_bins=None).fit(COMPLETE)
    around = draws(sampler, COMPLETE[:1])
    scale = StandardScaler().fit(COMPLETE).transform
    np.testing.assert_allclose(around.design, scale(around.inputs), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(around.position, scale(COMPLETE[:1])[0], rtol=1e-12)


def test_missing_value_stands_at_the_mean_of_a_standardised_column():
    around = draws(MarginalSampler(n_bins=None).fit(X), X[[199]])
    lacking = np.isnan(around.inputs[:, 3])
    assert (around.design[lacking, 3] == 0.0).all()
    assert np.isfinite(around.design).all()


# Normal laws


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_normal_draws_have_the_training_moments(sequence, scale):
    sampler = GaussianSampler(scale=scale, sequence=sequence).fit(COMPLETE)
    inputs = draws(sampler, COMPLETE[:1]).inputs
    mean, sd = COMPLETE.mean(axis=0), scale * COMPLETE.std(axis=0)
    # Five standard errors of plain random draws, which the others stay below.
    np.testing.assert_allclose(inputs.mean(axis=0), mean, atol=5.0 * sd.max() / 64.0)
    np.testing.assert_allclose(inputs.std(axis=0), sd, rtol=5.0 / np.sqrt(2 * 4096))
    for drawn, loc, spread in zip(inputs.T, mean, sd, strict=True):
        distance = stats.kstest(drawn, stats.norm(loc, spread).cdf).statistic
        assert distance < 1.63 / 64.0  # as for 99 of 100 random samples


def test_normal_draws_around_a_row_are_shifted_noise():
    sampler = GaussianSampler("instance").fit(COMPLETE)
    one, other = sampler.sample(COMPLETE[:2], 512, random_state=0)
    np.testing.assert_allclose(
        one.inputs - COMPLETE[0], other.inputs - COMPLETE[1], rtol=0, atol=1e-12
    )
    mean = GaussianSampler("mean").fit(COMPLETE)
    np.testing.assert_allclose(
        draws(mean, COMPLETE[:1], 512).inputs - COMPLETE.mean(axis=0),
        one.inputs - COMPLETE[0],
        rtol=0,
        atol=1e-12,
    )


def test_binned_normal_draws_fill_the_quantile_bins_by_the_normal_law():
    sampler = GaussianSampler(n_bins=4).fit(COMPLETE[:, :2])
    row = COMPLETE[:1, :2]
    around = draws(sampler, row)
    for j, x in enumerate(COMPLETE[:, :2].T):
        edges = np.concatenate([[-np.inf], np.quantile(x, [0.25, 0.5, 0.75]), [np.inf]])
        own = np.searchsorted(edges, row[0, j]) - 1
        low, high = edges[own : own + 2]
        drawn = around.inputs[:, j]
        np.testing.assert_array_equal(around.design[:, j], (drawn > low) & (drawn <= high))
        share = np.diff(stats.norm(x.mean(), x.std()).cdf([low, high]))[0]
        assert abs(around.design[:, j].mean() - share) <= discrepancy("sobol", share, 4096)


# The reference neighbourhood


def test_reference_keeps_half_and_redraws_the_rest_from_training():
    row = COMPLETE[:1]
    [around] = MarginalSampler().fit(COMPLETE).reference(row, n_samples=4096)
    for j, x in enumerate(COMPLETE.T):
        drawn = around.inputs[:, j]
        assert np.isin(drawn, x).all()
        for value in np.unique(x):
            share = 0.5 * (x == value).mean() + 0.5 * (value == row[0, j])
            error = 5.0 * np.sqrt(share * (1.0 - share) / 4096)  # five standard errors
            assert abs((drawn == value).mean() - share) <= error
    kept = around.inputs == row
    # Whether one column is kept says nothing of another.
    assert abs(np.corrcoef(kept[:, :2].T)[0, 1]) < 5.0 / 64.0


def test_reference_is_the_same_for_every_sampler():
    expected = [
        around.inputs for around in MarginalSampler().fit(COMPLETE).reference(COMPLETE)
    ]
    for sampler in (
        MarginalSampler(n_bins=None, sequence="random"),
        MarginalSampler(within="truncnorm", binning="kmeans"),
        GaussianSampler(),
        GaussianSampler("instance", scale=0.1, n_bins=3),
    ):
        found = [around.inputs for around in sampler.fit(COMPLETE).reference(COMPLETE)]
        np.testing.assert_array_equal(found, expected)


# Sequences, numbers of draws, seeds


@settings(max_examples=30)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 5), st.integers(0, 99))
def test_larger_pool_continues_each_of_eight_scrambles(few, many, d, seed):
    few, many = sorted((few, many))
    short = uniform_numbers(few, d, "sobol", seed)
    long = uniform_numbers(many, d, "sobol", seed)
    length = -(-few // 8)
    assert short.shape == (8 * length, d)
    np.testing.assert_array_equal(
        short.reshape(8, length, d), long.reshape(8, -1, d)[:, :length]
    )


def test_larger_sample_continues_each_of_eight_scrambles():
    sampler = MarginalSampler().fit(X)
    few, many = (draws(sampler, n_samples=n).inputs for n in (64, 256))
    np.testing.assert_array_equal(few.reshape(8, 8, 4), many.reshape(8, 32, 4)[:, :8])


def test_scrambles_differ_and_balance_every_pair_of_columns():
    scrambles = uniform_numbers(8 * 256, 6, "sobol", seed=0).reshape(8, 256, 6)
    assert len({scramble.tobytes() for scramble in scrambles}) == 8
    for scramble in scrambles:
        for x in scramble.T:
            np.testing.assert_array_equal(np.sort(np.floor(256 * x)), np.arange(256))
        # The first two columns are a net: one point in every box of 1/16 by 1/16.
        boxes = np.floor(16 * scramble[:, 0]) * 16 + np.floor(16 * scramble[:, 1])
        np.testing.assert_array_equal(np.sort(boxes), np.arange(256))


@pytest.mark.parametrize("seed", range(5))
def test_numbers_are_uniform_and_below_one(seed):
    for sequence in SEQUENCES:
        numbers = uniform_numbers(800, 3, sequence, seed)
        assert numbers.shape == (800, 3)
        assert numbers.min() >= 0.0
        assert numbers.max() < 1.0
        for x in numbers.T:
            # As for 999 of 1,000 random samples.
            assert stats.kstest(x, "uniform").statistic < 1.95 / np.sqrt(800)


def test_latin_hypercube_has_one_draw_in_every_stratum():
    for x in uniform_numbers(100, 4, "lhs", seed=0).T:
        np.testing.assert_array_equal(np.sort(np.floor(100 * x)), np.arange(100))


@pytest.mark.parametrize(
    ("sequence", "asked", "given"),
    [
        ("sobol", 1, 8),
        ("sobol", 8, 8),
        ("sobol", 1001, 1008),
        ("lhs", 7, 7),
        ("random", 9, 9),
    ],
)
def test_number_of_draws(sequence, asked, given):
    sampler = MarginalSampler(sequence=sequence).fit(X)
    assert sampler.count_draws(asked) == given
    assert len(draws(sampler, n_samples=asked).design) == given


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_seeds_decide_the_draws(sequence):
    sampler = GaussianSampler(sequence=sequence).fit(COMPLETE)

    def inputs(random_state):
        return draws(sampler, COMPLETE[:1], 64, random_state).inputs

    np.testing.assert_array_equal(inputs(1), inputs(1))
    assert (inputs(1) != inputs(2)).all()
    assert (inputs(None) != inputs(None)).any()
    np.testing.assert_array_equal(
        inputs(np.random.RandomState(3)), inputs(np.random.RandomState(3))
    )
    state = np.random.RandomState(3)
    assert (inputs(state) != inputs(state)).all()


@pytest.mark.parametrize(
    "sampler", [MarginalSampler(), GaussianSampler(), SequenceSampler()]
)
@pytest.mark.parametrize("n_samples", [True, 0, 8.0])
def test_a_number_of_draws_is_a_whole_number(sampler, n_samples):
    with pytest.raises(ValueError, match=f"n_samples={n_samples} must be an integer of at"):
        sampler.fit(COMPLETE).sample(COMPLETE[:1], n_samples=n_samples)
