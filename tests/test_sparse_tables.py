"""Sparse tables: CSR in, CSR out, never dense, each stored entry against its column."""

import tracemalloc
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import NeighbourhoodWarning, UnknownValueWarning
from sklime.samplers import GaussianSampler, MarginalSampler

# The ridge penalty takes 1 / (n p (1 - p)) of a coefficient, 0.5 % for the rarest column
# here, and the Monte-Carlo error of 4,096 Sobol points is of the same size.
CLOSE = 0.02


class Watched:
    """A linear model that takes nothing but CSR of the training's class and dtype."""

    def __init__(self, coef, like):
        self.coef, self.like = np.asarray(coef, dtype=float), like
        self.heights = []

    def predict(self, X):
        assert type(X) is type(self.like)
        assert X.format == "csr"
        assert X.dtype == self.like.dtype
        assert X.shape[1] == self.like.shape[1]
        self.heights.append(X.shape[0])
        return X @ self.coef


def counts(n=300, d=12, density=0.3, dtype=float, container=sparse.csr_matrix, seed=0):
    rng = np.random.default_rng(seed)
    dense = rng.integers(1, 4, (n, d)) * (rng.random((n, d)) < density)
    return container(dense.astype(dtype))


def linear(X, seed=1):
    return Watched(np.random.default_rng(seed).normal(size=X.shape[1]), X)


def stored(X, i):
    return X.indices[X.indptr[i] : X.indptr[i + 1]]


# ------------------------------------------------------------------------- attributions


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.uint8])
def test_csr_in_csr_out_on_the_stored_entries(container, dtype):
    X = counts(dtype=dtype, container=container)
    found = LimeExplainer(linear(X), random_state=0).fit(X).transform(X[:40])
    assert sparse.issparse(found)
    assert found.format == "csr"
    assert found.shape == (40, 12)
    np.testing.assert_array_equal(found.indptr, X[:40].indptr)
    np.testing.assert_array_equal(found.indices, X[:40].indices)
    assert found.dtype == np.float64
    assert np.isfinite(found.data).all()


def test_an_entry_is_worth_its_bin_against_the_rest_of_its_column_zeros_included():
    # A column is 0 or 1 here, so the effect of its 1 is the coefficient itself.
    X = counts()
    X.data[:] = 1.0
    model = linear(X)
    found = LimeExplainer(model, random_state=0).fit(X).transform(X[:40])
    expected = X[:40].multiply(model.coef).tocsr()
    np.testing.assert_allclose(found.toarray(), expected.toarray(), atol=CLOSE)


def test_bins_of_counts_are_those_of_the_whole_column():
    X = counts(density=0.6)
    model = Watched(np.eye(12)[0], X)
    sampler = MarginalSampler(categorical_features=[0])
    found = LimeExplainer(model, sampler=sampler, random_state=0).fit(X).transform(X[:40])
    column = X[:, [0]].toarray().ravel()
    for i in range(40):
        if column[i]:
            own = column == column[i]
            effect = column[own].mean() - column[~own].mean()
            np.testing.assert_allclose(found[i, 0], effect, atol=CLOSE)


def test_a_row_without_zeros_is_explained_as_in_a_dense_table():
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(200, 5))
    coef = rng.normal(size=5)
    in_sparse = LimeExplainer(Watched(coef, sparse.csr_matrix(dense)), random_state=0)
    in_sparse = in_sparse.fit(sparse.csr_matrix(dense)).transform(
        sparse.csr_matrix(dense[:10])
    )
    model = FunctionRegressor(lambda X: X @ coef)
    in_dense = LimeExplainer(model, random_state=0).fit(dense).transform(dense[:10])
    np.testing.assert_allclose(in_sparse.toarray(), in_dense, atol=CLOSE * 5)


def test_standardised_entries_of_a_linear_model_are_its_coefficients():
    X = counts()
    model = linear(X)
    sampler = MarginalSampler(n_bins=None)
    found = LimeExplainer(model, sampler=sampler, random_state=0).fit(X).transform(X[:40])
    scales = X.toarray().std(axis=0)
    ones = sparse.csr_matrix((np.ones_like(found.data), found.indices, found.indptr))
    np.testing.assert_allclose(
        found.toarray(), ones.multiply(model.coef * scales).toarray(), atol=CLOSE
    )


def test_rows_are_independent_of_each_other_and_of_the_number_of_jobs():
    X = counts()
    explainer = LimeExplainer(linear(X), n_samples=512, random_state=0).fit(X)
    together = explainer.transform(X[:20])
    for i in (0, 7, 19):
        np.testing.assert_array_equal(
            explainer.transform(X[[i]]).toarray(), together[[i]].toarray()
        )
    backwards = explainer.transform(X[:20][::-1])
    np.testing.assert_array_equal(backwards.toarray(), together.toarray()[::-1])
    jobs = explainer.set_params(n_jobs=2).transform(X[:20])
    np.testing.assert_array_equal(jobs.toarray(), together.toarray())


# ------------------------------------------------------------------------------- draws


def test_stored_entries_are_redrawn_from_their_column_and_the_others_stay():
    X = counts()
    sampler = MarginalSampler().fit(X)
    [around] = sampler.sample(X[:1], n_samples=4096, random_state=0)
    inputs, own = around.inputs, stored(X, 0)
    assert inputs.format == "csr"
    drawn = inputs.toarray()
    others = np.setdiff1d(np.arange(12), own)
    assert (drawn[:, others] == X[[0]].toarray()[:, others]).all()
    for j in own:
        column = X[:, [j]].toarray().ravel()
        for value in (0.0, 1.0, 2.0, 3.0):
            # Inverse distribution function at Sobol points: almost exact frequencies.
            share = (drawn[:, j] == value).mean()
            np.testing.assert_allclose(share, (column == value).mean(), atol=0.002)
    # Columns are drawn independently: pairs are nearly uncorrelated.
    together = np.corrcoef(drawn[:, own].T) - np.eye(len(own))
    assert np.abs(together).max() < 0.05
    assert around.design.shape == (4096, len(own))


def test_a_stored_zero_is_an_entry_of_the_row():
    X = counts()
    row = X[[0]].copy()
    row.data[1] = 0.0
    own = row.indices.copy()
    model = linear(X)
    explainer = LimeExplainer(model, random_state=0).fit(X)
    found = explainer.transform(row)
    np.testing.assert_array_equal(found.indices, own)
    column = X[:, [own[1]]].toarray().ravel()
    effect = -model.coef[own[1]] * column[column > 0].mean()
    # Whether a bin of zeros ends at 0 or at 1 is the quantiles' choice.
    assert np.sign(found.data[1]) == np.sign(effect)
    explanation = explainer.explain(row)
    assert len(explanation.unit_names[0]) == len(own)
    np.testing.assert_array_equal(row.indices, own)


def test_a_row_without_entries_has_no_attributions():
    X = counts()
    rows = sparse.vstack([X[:1], sparse.csr_matrix((1, 12)), X[1:2]], format="csr")
    explainer = LimeExplainer(linear(X), n_samples=512, random_state=0).fit(X)
    found = explainer.transform(rows)
    assert np.diff(found.indptr).tolist() == [len(stored(X, 0)), 0, len(stored(X, 1))]
    explanation = explainer.explain(rows)
    assert explanation.as_list(1) == []
    assert explanation.predictions[1] == explanation.local_predictions[1] == 0.0
    assert np.isnan(explanation.values[1]).all()
    assert explainer.transform(rows[[1]]).nnz == 0
    assert explainer.explain(rows[[1]]).to_frame().empty
    assert explainer.score(rows[[1]]) == 1.0


def test_a_table_without_any_entry():
    X = counts()
    explainer = LimeExplainer(linear(X), n_samples=64, random_state=0)
    nothing = sparse.csr_matrix(X.shape)
    assert explainer.fit(nothing).transform(nothing[:3]).nnz == 0


def test_a_missing_entry_is_a_bin_of_its_own():
    X = counts()
    rng = np.random.default_rng(2)
    column = X.indices == 3
    X.data[column & (rng.random(X.nnz) < 0.5)] = np.nan
    model = FunctionRegressor(lambda X: np.isnan(X[:, [3]].toarray()).ravel().astype(float))
    gone = np.flatnonzero(np.isnan(X[:, [3]].toarray()).ravel())[:5]
    explanation = LimeExplainer(model, random_state=0).fit(X).explain(X[gone])
    for i in range(5):
        told, effect = explanation.as_list(i)[0]
        assert told == "x3 is missing"
        np.testing.assert_allclose(effect, 1.0, atol=CLOSE)


def test_a_missing_entry_that_training_never_had_is_told():
    X = counts()
    row = X[[0]].copy()
    row.data[0] = np.nan
    model = FunctionRegressor(lambda X: np.ones(X.shape[0]))
    strict = MarginalSampler(handle_unknown="error")
    with pytest.raises(ValueError, match=rf"'x{row.indices[0]}'.*NaN.*handle_unknown"):
        LimeExplainer(model, sampler=strict, n_samples=64).fit(X).transform(row)
    tolerant = MarginalSampler(handle_unknown="ignore")
    with pytest.warns(UnknownValueWarning, match=f"'x{row.indices[0]}'"):
        found = LimeExplainer(model, sampler=tolerant).fit(X).transform(row)
    assert found.data[0] == 0.0


# ---------------------------------------------------------------------------- containers


# Making such a table diagonal is no good idea, and SciPy says so.
@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array])
def test_every_sparse_format_is_understood(form, kind):
    X = counts(container=kind)
    explainer = LimeExplainer(linear(X), n_samples=512, random_state=0)
    expected = explainer.fit(X).transform(X[:10])
    found = explainer.fit(X.asformat(form)).transform(X[:10].asformat(form))
    assert found.format == "csr"
    np.testing.assert_array_equal(found.toarray(), expected.toarray())


def test_unsorted_and_repeated_entries_are_those_of_the_sum():
    X = counts()
    own = stored(X, 0)
    columns = np.concatenate([own[::-1], own[::-1]])
    halves = np.concatenate([X[[0]].data[::-1] / 2.0] * 2)
    messy = sparse.csr_matrix((halves, columns, [0, len(columns)]), shape=(1, 12))
    explainer = LimeExplainer(linear(X), n_samples=512, random_state=0).fit(X)
    np.testing.assert_array_equal(
        explainer.transform(messy).toarray(), explainer.transform(X[:1]).toarray()
    )


def test_a_dense_row_is_read_as_sparse_where_training_was():
    X = counts()
    explainer = LimeExplainer(linear(X), n_samples=512, random_state=0).fit(X)
    found = explainer.transform(X[:5].toarray())
    np.testing.assert_array_equal(found.toarray(), explainer.transform(X[:5]).toarray())


def test_a_sparse_row_is_refused_where_training_was_dense():
    X = counts()
    model = FunctionRegressor(lambda X: X[:, 0])
    explainer = LimeExplainer(model, n_samples=64).fit(X.toarray())
    with pytest.raises(TypeError, match=r"sparse.*toarray\(\)"):
        explainer.transform(X[:5])


def test_a_gaussian_sampler_refuses_what_it_would_fill():
    X = counts()
    with pytest.raises(TypeError, match=r"GaussianSampler.*sparse.*MarginalSampler"):
        LimeExplainer(linear(X), sampler=GaussianSampler()).fit(X)


def test_infinite_entries_are_refused():
    X = counts()
    X.data[5] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        LimeExplainer(linear(X)).fit(X)


def test_the_number_of_draws_is_the_one_used():
    X = counts()
    model = linear(X)
    explainer = LimeExplainer(model, n_samples=100, random_state=0).fit(X)
    model.heights.clear()
    with warnings.catch_warnings():
        # That counts of some columns are hardly drawn.
        warnings.simplefilter("ignore", NeighbourhoodWarning)
        explainer.transform(X[:3])
    # Sobol points come in eight scrambles of 13.
    assert sum(model.heights) == 3 * 104
    assert explainer.n_samples_ == 104


# ------------------------------------------------------------------------------- memory


def test_a_wide_table_is_never_made_dense():
    rng = np.random.default_rng(0)
    rare = np.repeat(np.arange(2000), 25), rng.integers(0, 49_980, 50_000)
    rare = sparse.csr_matrix((np.ones(50_000), rare), shape=(2000, 49_980))
    X = sparse.hstack([counts(2000, 20), rare], format="csr")
    model = linear(X)
    tracemalloc.start()
    explainer = LimeExplainer(model, n_samples=64, random_state=0).fit(X)
    with pytest.warns((UnknownValueWarning, NeighbourhoodWarning)):
        found = explainer.transform(X[:10])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.nnz == X[:10].nnz
    # The dense table has 800 MB; one dense block of draws of one row 100 MB.
    assert peak < 40e6


# --------------------------------------------------------------------------- all outputs


def test_all_outputs_are_laid_out_output_by_output():
    X = counts(d=6)
    y = np.argmax(X[:, :3].toarray() + np.array([0.1, 0.2, 0.3]), axis=1)
    model = MultinomialNB().fit(X, y)
    explainer = LimeExplainer(model, target="all", random_state=0).fit(X)
    found = explainer.transform(X[:10])
    assert found.shape == (10, 3 * 6)
    assert explainer.get_feature_names_out()[[0, 6, 17]].tolist() == [
        "0__x0",
        "1__x0",
        "2__x5",
    ]
    for label in range(3):
        alone = LimeExplainer(model, target=label, random_state=0).fit(X).transform(X[:10])
        part = found[:, 6 * label : 6 * label + 6]
        np.testing.assert_array_equal(part.indices, X[:10].indices)
        # Sums in single precision: 1e-6 of the spread.
        np.testing.assert_allclose(part.toarray(), alone.toarray(), atol=1e-5)
    total = sum(found[:, 6 * label : 6 * label + 6] for label in range(3))
    np.testing.assert_allclose(total.toarray(), 0.0, atol=1e-5)
    explanation = explainer.explain(X[:10])
    widest = np.diff(X[:10].indptr).max()
    assert explanation.values.shape == (10, 3, widest)
    assert explanation.predictions.shape == (10, 3)
    np.testing.assert_allclose(explanation.predictions, model.predict_proba(X[:10]))


# --------------------------------------------------------------------------- explanations


def test_an_explanation_lists_each_row_s_own_entries():
    X = counts()
    explainer = LimeExplainer(linear(X), random_state=0).fit(X)
    explanation, found = explainer.explain(X[:8]), explainer.transform(X[:8])
    widest = np.diff(X[:8].indptr).max()
    assert explanation.values.shape == explanation.support.shape == (8, widest)
    for i in range(8):
        own = stored(X, i)
        assert explanation.unit_names[i].tolist() == [f"x{j}" for j in own]
        np.testing.assert_array_equal(explanation.values[i, : len(own)], found[[i]].data)
        assert np.isnan(explanation.values[i, len(own) :]).all()
        assert np.isnan(explanation.support[i, len(own) :]).all()
        listed = explanation.as_list(i)
        assert len(listed) == len(own)
        sizes = np.abs([effect for _, effect in listed])
        assert (np.diff(sizes) <= 0).all()
    np.testing.assert_allclose(explanation.predictions, X[:8] @ explainer.estimator.coef)


def test_an_explanation_as_a_frame_has_a_line_for_each_entry():
    X = counts()
    explainer = LimeExplainer(linear(X), random_state=0).fit(X)
    frame = explainer.explain(X[:8]).to_frame()
    entries = X[:8].tocoo()
    order = np.lexsort((entries.col, entries.row))
    assert frame["row"].tolist() == entries.row[order].tolist()
    assert frame["feature"].tolist() == [f"x{j}" for j in entries.col[order]]
    assert frame["value"].tolist() == entries.data[order].tolist()
    np.testing.assert_array_equal(frame["attribution"], explainer.transform(X[:8]).data)
    assert all(a in b for a, b in zip(frame["feature"], frame["condition"], strict=True))


def test_fidelity_of_a_linear_model_is_high_and_tells_a_shuffled_one_apart():
    X = counts()
    X.data[:] = 1.0
    good = LimeExplainer(linear(X), random_state=0).fit(X)
    # 0/1 columns and a linear model: the surrogate is right up to its small penalty.
    assert good.score(X[:20]) > 0.999

    def jumpy(X):
        return np.asarray(X.sum(axis=1)).ravel() % 2

    assert (
        LimeExplainer(FunctionRegressor(jumpy), random_state=0).fit(X).score(X[:20]) < 0.3
    )


# ------------------------------------------------------------------------------ of words

GOOD = "good great lovely happy sunny".split()
BAD = "bad awful nasty sad rainy".split()
PLAIN = "day night house dog table chair".split()


def reviews(n=200, seed=0):
    rng = np.random.default_rng(seed)
    cheerful = rng.random(n) < 0.5
    texts = [
        " ".join(
            [
                *rng.choice(GOOD if mood else BAD, 2),
                *rng.choice(PLAIN, 3),
                rng.choice(GOOD + BAD),
            ]
        )
        for mood in cheerful
    ]
    return texts, np.where(cheerful, "like", "dislike")


@pytest.mark.parametrize("steps", [[], [TfidfTransformer()]], ids=["counts", "tfidf"])
def test_words_speak_for_the_class_that_their_coefficients_speak_for(steps):
    texts, y = reviews()
    vectorizer = CountVectorizer(binary=True)
    X = vectorizer.fit_transform(texts)
    model = make_pipeline(*steps, LogisticRegression()).fit(X, y)
    found = LimeExplainer(model, target="like", random_state=0).fit(X).transform(X)
    coef = model[-1].coef_.ravel()
    words = vectorizer.get_feature_names_out()
    clear = np.isin(words, GOOD + BAD)
    assert (np.sign(coef[clear]) == np.where(np.isin(words[clear], GOOD), 1, -1)).all()
    signs = np.sign(found.data) == np.sign(coef[found.indices])
    assert signs[clear[found.indices]].all()
    # The stronger a word in the model, the stronger in the explanations.
    mean = np.asarray(found.sum(axis=0)).ravel() / np.diff(found.tocsc().indptr)
    assert np.corrcoef(mean, coef)[0, 1] > 0.95


def test_the_strongest_words_of_a_text_are_listed_first():
    texts, y = reviews()
    vectorizer = CountVectorizer(binary=True)
    X = vectorizer.fit_transform(texts)
    words = vectorizer.get_feature_names_out()
    model = LogisticRegression().fit(X, y)
    explanation = LimeExplainer(model, target="like", random_state=0).fit(X).explain(X[:20])
    for i in range(20):
        first = explanation.as_list(i)[0][0]
        word = words[int(first.split()[0].removeprefix("x"))]
        assert word in GOOD + BAD
