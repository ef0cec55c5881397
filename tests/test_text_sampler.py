"""Texts: what is a token, what is left of a text, and what lime makes of the same."""

import pickle
import re
import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lime.lime_text import IndexedCharacters, IndexedString
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers.masked.text import TokenSampler

TRAINING = ["the cat sat on the mat", "a dog, a cat", "Mats are for cats"]

# What people send: each is cut, masked and put together again without loss.
TEXTS = {
    "words": "the cat sat, and sat; the end",
    "one token": "cat",
    "repeated": "spam " * 1000,
    "markup": "<b>bold</b> & <script>alert('x')</script>",
    "emoji": "great 👍🏽 👩‍👩‍👧 day ❤️!",
    "combining": "cafe\u0301 nai\u0308ve re\u0301sume\u0301",
    "right to left": "שלום עולם, مرحبا بالعالم",
    "Chinese": "我喜欢这部电影,非常好看",
    "lone surrogate": "broken \ud83d text",
    "control characters": "a\x00b\tc\nd\x7f \xff\xfe",
}


def fitted(**parameters):
    return TokenSampler(**parameters).fit(TRAINING)


def row_of(text, **parameters):
    [row] = fitted(**parameters).rows([text])
    return row


def some_masks(row, n=40, seed=0):
    return np.random.default_rng(seed).random((n, row.n_units)) < 0.5


def removed_by_hand(text, row, kept, mask):
    """The text without the characters of hidden units, one character at a time."""
    spans = [np.reshape(span, (-1, 2)) for span in row.spans]
    starts = {a: (b, kept[j]) for j, span in enumerate(spans) for a, b in span}
    out, at = [], 0
    while at < len(text):
        stop, shown = starts.get(at, (at + 1, True))
        out.append(text[at:stop] if shown else mask or "")
        at = stop
    return "".join(out)


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("positions", [False, True])
@pytest.mark.parametrize("level", ["word", "char"])
@pytest.mark.parametrize("mask", [None, "_", "除"])
def test_masked_texts_are_the_text_without_its_hidden_tokens(kind, positions, level, mask):
    text = TEXTS[kind][:400]
    row = row_of(text, positions=positions, level=level, mask=mask)
    masks = some_masks(row)
    expected = [removed_by_hand(text, row, kept, mask) for kept in masks]
    assert row.compose(masks) == expected
    assert row.compose(np.ones((1, row.n_units))) == [text]


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=60), st.booleans(), st.sampled_from(["word", "char"]))
def test_tokens_stand_where_they_are_said_to(text, positions, level):
    row = row_of(text, positions=positions, level=level)
    assert len(row.names) == len(row.spans) == row.n_units
    for name, span in zip(row.names, row.spans, strict=True):
        for start, stop in np.reshape(span, (-1, 2)):
            assert text[start:stop] == name
    assert row.compose(np.ones((2, row.n_units), dtype=bool)) == [text, text]


def test_a_bag_of_words_has_one_unit_per_token_and_all_its_places():
    row = row_of("to be or not to be")
    assert row.names.tolist() == ["to", "be", "or", "not"]
    assert [span.tolist() for span in row.spans] == [
        [[0, 2], [13, 15]],
        [[3, 5], [16, 18]],
        [[6, 8]],
        [[9, 12]],
    ]
    assert row.compose([[False, True, True, True]]) == [" be or not  be"]


def test_positions_are_units_of_their_own():
    row = row_of("to be or not to be", positions=True, mask="?")
    assert row.names.tolist() == ["to", "be", "or", "not", "to", "be"]
    np.testing.assert_array_equal(row.spans[4], [13, 15])
    assert row.compose([[True] * 4 + [False, True]]) == ["to be or not ? be"]


@pytest.mark.parametrize("kind", ["words", "repeated", "markup", "combining", "one token"])
@pytest.mark.parametrize("positions", [False, True])
def test_words_are_those_of_lime_and_so_is_what_is_left(kind, positions):
    text = TEXTS[kind][:400]
    mask = "UNKWORDZ" if positions else None
    theirs = IndexedString(text, bow=not positions, mask_string="UNKWORDZ")
    row = row_of(text, token_pattern=r"\w+", positions=positions, mask=mask)
    assert row.n_units == theirs.num_words()
    assert row.names.tolist() == [theirs.word(j) for j in range(row.n_units)]
    for kept, ours in zip(masks := some_masks(row), row.compose(masks), strict=True):
        assert ours == theirs.inverse_removing(np.flatnonzero(~kept))


@pytest.mark.parametrize("positions", [False, True])
def test_characters_are_those_of_lime(positions):
    text = "hello, world"
    theirs = IndexedCharacters(text, bow=not positions, mask_string="_")
    row = row_of(text, level="char", positions=positions, mask="_" if positions else None)
    assert row.names.tolist() == [theirs.word(j) for j in range(row.n_units)]
    for kept, ours in zip(masks := some_masks(row), row.compose(masks), strict=True):
        assert ours == theirs.inverse_removing(np.flatnonzero(~kept))


def by_twos(text):
    return [text[i : i + 2] for i in range(0, len(text), 2)]


def test_a_tokenizer_cuts_text_without_spaces():
    row = row_of("我喜欢电影", tokenizer=by_twos)
    assert row.names.tolist() == ["我喜", "欢电", "影"]
    assert row.compose([[True, False, True]]) == ["我喜影"]


@pytest.mark.parametrize("made", ["lower", "", None, 7])
def test_tokens_that_do_not_stand_in_the_text_are_refused(made):
    sampler = fitted(tokenizer=str.split).set_params(tokenizer=lambda text: ["Not", made])
    with pytest.raises(ValueError, match=r"returned .* pieces of the text"):
        sampler.rows(["Not Lower"])


def test_equal_masked_texts_are_composed_once():
    row = row_of("aaab", level="char", positions=True)
    masks = some_masks(row, n=100)
    texts, index = row.compose_distinct(masks)
    assert len(texts) == len(set(texts)) <= 8
    assert [texts[i] for i in index] == row.compose(masks)


@pytest.mark.parametrize("positions", [False, True])
def test_perturbed_texts_are_interpreted_as_their_design(positions):
    sampler = fitted(positions=positions)
    text = "one two three four five six seven eight"
    [around] = sampler.sample([text], n_samples=100, random_state=0)
    np.testing.assert_array_equal(sampler.interpret(around.inputs, [text]), around.design)
    assert not sampler.interpret(["other words"], [text]).any()


def test_short_texts_are_enumerated_and_long_ones_sampled():
    around = fitted().sample(["a b c", "a b c d e f g h i j k"], 100, random_state=0)
    assert [own.exhaustive for own in around] == [True, False]
    assert [len(own.inputs) for own in around] == [7, 100]
    assert len(set(around[1].inputs)) == 100


def test_documents_of_equal_length_share_their_masks_and_no_other_row_matters():
    sampler = fitted()
    texts = ["a b c d e f g h", "b c d e f g h i", "a b c d e f"]
    together = sampler.sample(texts, 50, random_state=3)
    np.testing.assert_array_equal(together[0].design, together[1].design)
    for text, own in zip(texts, together, strict=True):
        [alone] = sampler.sample([text], 50, random_state=3)
        assert alone.inputs == own.inputs
        np.testing.assert_array_equal(alone.masses, own.masses)


def test_reference_has_a_seed_of_its_own_and_keeps_half():
    sampler = fitted()
    text = " ".join(f"w{i}" for i in range(100))
    [first], [again] = sampler.reference([text]), sampler.reference([text])
    assert first.inputs == again.inputs
    assert len(first.inputs) == 512
    # Five standard errors of a share of 51,200 fair coins.
    assert first.design.mean() == pytest.approx(0.5, abs=5 * 0.5 / 51_200**0.5)


def test_tilted_masks_crowd_around_the_text():
    sampler = fitted()
    text = " ".join(f"w{i}" for i in range(60))
    [plain] = sampler.sample([text], 500, random_state=0)
    [tilted] = sampler.law_.tilt(ExponentialKernel(0.05, "cosine")).draw([text], 500, 0)
    assert tilted.design.mean() > 0.85 > plain.design.mean()


def test_random_masks_are_drawn_as_lime_does():
    text = " ".join(f"w{i}" for i in range(30))
    [around] = fitted(sequence="random").sample([text], 3000, random_state=0)
    deleted = 30 - around.design.sum(axis=1)
    times = np.rint(around.masses * 3000).astype(int)
    assert times.sum() == 3000
    counts = np.bincount(deleted, times, minlength=31)
    # Each of 1 to 30 deletions has the share 1/30: five standard errors.
    assert counts[0] == 0
    assert np.abs(counts[1:] - 100).max() < 5 * np.sqrt(100)


def test_vocabulary_is_that_of_a_vectorizer():
    sampler = fitted()
    ours = sampler.get_feature_names_out()
    theirs = CountVectorizer(lowercase=False, token_pattern=r"\w+").fit(TRAINING)
    assert ours.tolist() == theirs.get_feature_names_out().tolist()


@pytest.mark.parametrize("positions", [False, True])
def test_coefficients_are_laid_out_over_the_vocabulary(positions):
    sampler = fitted(positions=positions)
    rows = sampler.rows(["cat cat unheard dog", "!", "unheard"])
    coefs = [np.arange(1.0, 1 + 2 * row.n_units).reshape(2, -1) for row in rows]
    laid = sampler.kind_.lay_out(rows, coefs)
    names = sampler.get_feature_names_out().tolist()
    expected = np.zeros((3, 2, len(names)))
    for i, (row, coef) in enumerate(zip(rows, coefs, strict=True)):
        for j, name in enumerate(row.names):
            if name in names:
                expected[i, :, names.index(name)] += coef[:, j]
    assert laid.format == "csr"
    np.testing.assert_array_equal(laid.toarray(), expected.reshape(3, -1))


@pytest.mark.parametrize("text", ["", "!?! ...", " \n\t"])
def test_a_text_without_tokens_has_no_units(text):
    sampler = fitted()
    [around] = sampler.sample([text], 100)
    assert around.inputs == [text]
    assert around.design.shape == (1, 0)
    [reference] = sampler.reference([text], n_samples=8)
    assert reference.inputs == [text] * 8


def test_a_lone_token_is_kept_or_removed():
    [around] = fitted().sample(["cat!"], 100)
    assert sorted(around.inputs) == ["!", "cat!"]


CONTAINERS = {
    "list": TRAINING,
    "tuple": tuple(TRAINING),
    "array of str": np.array(TRAINING),
    "array of objects": np.array(TRAINING, dtype=object),
    "one-column array": np.array(TRAINING, dtype=object)[:, np.newaxis],
    "pandas Series": pd.Series(TRAINING, name="text", index=[5, 3, 9]),
    "pandas frame": pd.DataFrame({"text": TRAINING}),
    "polars Series": pl.Series("text", TRAINING),
    "polars frame": pl.DataFrame({"text": TRAINING}),
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_every_container_of_texts_comes_back(kind):
    X = CONTAINERS[kind]
    sampler = pickle.loads(pickle.dumps(TokenSampler().fit(X)))
    assert sampler.check(X) == TRAINING
    np.testing.assert_array_equal(sampler.vocabulary_, fitted().vocabulary_)
    [around] = sampler.sample(X[:1], 8, random_state=0)
    given_back = type(around.inputs)
    assert given_back is (list if kind == "tuple" else type(X))
    assert np.ndim(around.inputs) == np.ndim(X)
    assert sampler.check(around.inputs) == fitted().sample(TRAINING[:1], 8, 0)[0].inputs
    if "pandas" in kind or "polars" in kind:
        assert getattr(around.inputs, "name", "text") == "text"
        assert list(getattr(around.inputs, "columns", ["text"])) == ["text"]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_missing_texts_are_named(missing):
    for X in (["a", missing], pd.Series(["a", missing], dtype=object)):
        with pytest.raises(ValueError, match="text 1 of X is missing"):
            TokenSampler().fit(X)


@pytest.mark.parametrize("X", [["a", 3], [b"a"], [["a"], ["b"]], np.arange(3)])
def test_what_is_no_text_is_named(X):
    with pytest.raises(TypeError, match=r"text \d of X is no str"):
        TokenSampler().fit(X)


@pytest.mark.parametrize(
    "X, error, message",
    [
        ("a text", TypeError, "single text"),
        ([], ValueError, "no text"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, "one column"),
        (np.array([["x", "y"]]), ValueError, "one column"),
        (["!", ""], ValueError, "has a token"),
    ],
)
def test_tables_that_are_no_column_of_texts_are_refused(X, error, message):
    with pytest.raises(error, match=message):
        TokenSampler().fit(X)


@pytest.mark.parametrize(
    "parameters",
    [
        {"level": "sentence"},
        {"sequence": "sobol"},
        {"batch_size": 0},
        {"batch_size": True},
        {"token_pattern": "("},
        {"token_pattern": None},
        {"mask": 0},
        {"tokenizer": "split"},
        {"tokenizer": str.split, "level": "char"},
    ],
)
def test_parameters_that_mean_nothing_are_refused(parameters):
    with pytest.raises((ValueError, TypeError), match=next(iter(parameters))):
        TokenSampler(**parameters).fit(TRAINING)


def test_masks_of_another_text_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 3\) do not fit a text of 2 units"):
        row_of("two words").compose(np.ones((1, 3)))


def test_texts_of_weight_zero_teach_nothing():
    sampler = TokenSampler().fit(["a b", "c"], sample_weight=[1, 0])
    assert sampler.vocabulary_.tolist() == ["a", "b"]


def test_samplers_with_equal_parameters_are_equal():
    sampler = TokenSampler(token_pattern=r"[a-z]+", positions=True)
    assert clone(sampler) == sampler != TokenSampler()
    assert re.search("positions=True", repr(sampler))


@pytest.mark.parametrize("n", [6_000, 50_000])
def test_texts_of_too_many_words_are_refused_at_once_with_a_cure_that_works(n):
    ends = {19: ".", 9: "!"}
    text = " ".join(f"word{i}{ends.get(i % 20, '')}" for i in range(n))

    def answer(texts):
        return np.array([float("word7 " in own) for own in texts])

    def explainer(sampler):
        explainer = LimeExplainer(
            FunctionRegressor(answer), sampler=sampler, n_samples=64, random_state=0
        )
        return explainer.fit([text, "a short one"])

    words = explainer(TokenSampler())
    tracemalloc.start()
    with pytest.raises(ValueError, match=rf"a row of {n:,} units.*working_memory") as error:
        words.explain([text])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A byte for each pair would be more.
    assert peak < 64 * 2**20
    pattern = re.search(r'TokenSampler\(token_pattern=r"(.*)"\)', str(error.value))[1]
    part = text[: text.index("word200 ")]
    found = explainer(TokenSampler(token_pattern=pattern)).explain([part])
    assert found.values.shape == (1, 20)
    [(sentence, value), *_] = found.as_list()
    assert sentence == "word0 word1 word2 word3 word4 word5 word6 word7 word8 word9!"
    assert value > 0.5
