"""Words, numbers and categories in one explanation, judged by enumeration."""

import pickle
from itertools import product

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.special import comb
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklime import Explanation, FunctionRegressor, LimeExplainer, SubmodularPick
from sklime.exceptions import NeighbourhoodWarning, UnknownValueWarning
from sklime.explanation import json_schema
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import (
    CoalitionSampler,
    GaussianSampler,
    MarginalSampler,
    MixedSampler,
    SequenceSampler,
    SuperpixelSampler,
    TokenSampler,
)

RNG = np.random.default_rng(0)
WORDS = "good bad fine film plot long dear cheap a the".split()
WORTH = {word: (-1) ** i * (i + 1.0) for i, word in enumerate(WORDS)}
LENGTHS = [1, 2, 3, 4, 6, 9]
N = 90
X = pd.DataFrame(
    {
        "price": np.arange(N) % 8 + 0.5,
        "review": [
            " ".join(RNG.choice(WORDS, LENGTHS[i % 6], replace=False)) for i in range(N)
        ],
        "kind": np.array(["book", "film", "song"])[RNG.integers(0, 3, N)],
        "age": RNG.integers(1, 50, N),
    }
)
LABELS = np.where(X["review"].str.contains("good") + (X["price"] < 4) > 0, "yes", "no")
REST = ["price", "kind", "age"]
MIXED = MixedSampler(
    [("words", TokenSampler(), "review"), ("rest", MarginalSampler(), REST)]
)


def worth_of(texts):
    return np.array([sum(WORTH[word] for word in set(text.split())) for text in texts])


def additive(frame):
    """Additive in words, and in the bins of the columns."""
    cheap, film = np.asarray(frame["price"] <= 2.5), np.asarray(frame["kind"] == "film")
    return worth_of(frame["review"]) + 4.0 * cheap - 3.0 * film


def explained(model, rows=None, sampler=MIXED, train=X, **options):
    explainer = LimeExplainer(model, sampler=sampler, **{"random_state": 0} | options)
    return explainer.fit(train).explain(X[:6] if rows is None else rows, uncertainty=True)


def by_unit(explanation, row=0):
    names = explanation.unit_names[row]
    return dict(zip(names.tolist(), explanation.values[row, : len(names)], strict=True))


@pytest.fixture(scope="module")
def pipeline():
    columns = ColumnTransformer(
        [
            ("words", TfidfVectorizer(token_pattern=r"\w+"), "review"),
            ("numbers", StandardScaler(), ["price", "age"]),
            ("kinds", OneHotEncoder(handle_unknown="ignore"), ["kind"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression()).fit(X, LABELS)


class TestAgainstEnumeration:
    """All masks of a text, times all values of two columns, weighted by hand."""

    TRAIN = pd.DataFrame(
        {
            "a": ["u", "v", "w", "u", "v", "u", "u", "w"],
            "t": ["one two three"] * 8,
            "b": [0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0],
        }
    )

    @staticmethod
    def model(frame):
        words = [set(text.split()) for text in frame["t"]]
        one, two, three = (
            np.array([word in own for own in words], dtype=float)
            for word in ("one", "two", "three")
        )
        a = frame["a"].map({"u": 1.0, "v": -2.0, "w": 0.5}).to_numpy(dtype=float)
        b = frame["b"].to_numpy()
        return one * a + np.tanh(two + three - b) + one * two * b - 0.3 * a * b

    def oracle(self, text, a, b, width):
        """Coefficients of the weighted regression on all that can be drawn."""
        words = text.split()
        d, rows, weights, design = len(words), [], [], []
        levels = [self.TRAIN[c].value_counts(normalize=True) for c in ("a", "b")]
        for mask in product([0, 1], repeat=d):
            kept = sum(mask)
            if d == 1:
                mass = 0.5
            else:
                mass = 0.0 if kept == d else 1.0 / d / comb(d, kept)
            cosine = 1.0 - np.sqrt(kept / d)
            own = mass * np.exp(-0.5 * (cosine / (0.25 * width)) ** 2)
            for (x, p), (z, q) in product(levels[0].items(), levels[1].items()):
                like = [float(x == a), float(z == b)]
                table = np.exp(-0.5 * (2 - sum(like)) / (0.75 * np.sqrt(2) * width) ** 2)
                left = [w for w, keep in zip(words, mask, strict=True) if keep]
                rows.append((x, " ".join(left), z))
                design.append([1.0, *mask, *like])
                weights.append(own * table * p * q)
        y = self.model(pd.DataFrame(rows, columns=["a", "t", "b"]))
        root = np.sqrt(weights)
        A = np.array(design) * root[:, np.newaxis]
        return np.linalg.lstsq(A, y * root, rcond=None)[0][1:]

    @pytest.mark.parametrize("weighting", ["kernel", "tilted"])
    @pytest.mark.parametrize("width", [1.0, 0.7, 3.0])
    @pytest.mark.parametrize("text", ["one two three", "one two", "two", "one three"])
    def test_coefficients_are_those_of_the_limit(self, text, width, weighting):
        sampler = MixedSampler(
            [("words", TokenSampler(), "t"), ("rest", MarginalSampler(), ["a", "b"])]
        )
        row = pd.DataFrame({"a": ["u"], "t": [text], "b": [1.0]})
        found = explained(
            FunctionRegressor(self.model),
            row,
            sampler,
            self.TRAIN,
            kernel=ExponentialKernel(width=width),
            n_samples=2**15,
            weighting=weighting,
        )
        expected = self.oracle(text, "u", 1.0, width)
        errors = found.standard_errors[0]
        # Seven standard errors on 7 degrees of freedom, and the ridge penalty.
        assert np.all(np.abs(found.values[0] - expected) < 7.0 * errors + 2e-3)
        assert errors.max() < 0.03

    def test_short_texts_of_two_columns_are_enumerated(self):
        train = pd.DataFrame({"s": ["a b", "c d"], "t": ["e f g", "h"]})
        sampler = MixedSampler([("s", TokenSampler(), "s"), ("t", TokenSampler(), "t")])

        def model(frame):
            both = frame["s"] + " " + frame["t"]
            sizes = both.str.split().str.len()
            return sizes**2 + both.str.contains("a") * both.str.contains("f") * 5.0

        found = explained(
            FunctionRegressor(model),
            train[:1],
            sampler,
            train,
            kernel=UniformKernel(),
        )
        design, y, w = [], [], []
        for mask in product([0, 1], repeat=5):
            s, t = sum(mask[:2]), sum(mask[2:])
            if s == 2 or t == 3:
                continue
            kept = [c for c, keep in zip("abefg", mask, strict=True) if keep]
            y.append(sum(mask) ** 2 + 5.0 * ("a" in kept and "f" in kept))
            design.append([1.0, *mask])
            w.append(1.0 / comb(2, s) / comb(3, t))
        root = np.sqrt(w)[:, np.newaxis]
        expected = np.linalg.lstsq(design * root, y * root[:, 0], rcond=None)[0]
        np.testing.assert_allclose(found.values[0], expected[1:], rtol=1e-9)
        np.testing.assert_array_equal(found.standard_errors, 0.0)


class TestKnownAnswers:
    @pytest.mark.parametrize("weighting", ["kernel", "auto", "tilted"])
    def test_additive_model_gets_what_words_and_columns_add(self, weighting):
        found = explained(FunctionRegressor(additive), weighting=weighting)
        expected = LimeExplainer(
            FunctionRegressor(
                lambda frame: (
                    4.0 * (frame["price"] <= 2.5) - 3.0 * (frame["kind"] == "film")
                )
            ),
            sampler=MarginalSampler(),
            random_state=0,
        ).fit(X[REST])
        columns = expected.transform(X[REST][:6])
        for i, text in enumerate(X["review"][:6]):
            effects = by_unit(found, i)
            own = {word: WORTH[word] for word in text.split()}
            assert list(effects)[: len(own)] == list(own)
            words = np.array([effects[word] for word in own])
            tables = np.array(list(effects.values())[len(own) :])
            errors = found.standard_errors[i, : len(effects)]
            off = np.append(words - list(own.values()), tables - columns[i])
            assert np.all(np.abs(off) < 0.03 + 6.0 * errors)

    def test_rests_of_several_bins_do_not_leak_into_words(self):
        found = explained(FunctionRegressor(lambda frame: worth_of(frame["review"])))
        for i, text in enumerate(X["review"][:6]):
            effects = by_unit(found, i)
            words = text.split()
            for unit, effect in effects.items():
                assert effect == pytest.approx(
                    WORTH[unit] if unit in words else 0, abs=0.03
                )

    def test_words_get_nothing_from_a_model_that_does_not_read_them(self):
        model = FunctionRegressor(lambda frame: 2.0 * (frame["kind"] == "film"))
        found = explained(model, X[X["kind"] == "film"][:6])
        for i in range(6):
            effects = by_unit(found, i)
            assert effects.pop("kind = film") == pytest.approx(2.0, abs=0.01)
            np.testing.assert_allclose(list(effects.values()), 0.0, atol=0.01)

    def test_model_of_texts_is_explained_as_by_token_sampler_alone(self):
        def model(texts):
            return np.tanh(worth_of(texts) / 3.0)

        mixed = explained(FunctionRegressor(lambda frame: model(frame["review"])))
        alone = LimeExplainer(
            FunctionRegressor(model), sampler=TokenSampler(), random_state=0
        ).fit(X["review"])
        expected = alone.explain(X["review"][:6])
        for i in range(6):
            d = len(expected.unit_names[i])
            np.testing.assert_allclose(
                mixed.values[i, :d], expected.values[i, :d], atol=0.012
            )

    @pytest.mark.parametrize("sampler", [MarginalSampler(), GaussianSampler(), None])
    def test_model_of_columns_is_explained_as_by_their_sampler_alone(self, sampler):
        sampler = CoalitionSampler(X[REST][:3]) if sampler is None else sampler

        def model(frame):
            return np.cos(frame["price"]) * (1.0 + (frame["kind"] == "film"))

        parts = [("w", TokenSampler(), "review"), ("rest", sampler, REST)]
        mixed = explained(
            FunctionRegressor(model), X[:3], MixedSampler(parts), n_samples=2**15
        )
        alone = LimeExplainer(
            FunctionRegressor(model), sampler=sampler, n_samples=2**15, random_state=0
        ).fit(X[REST])
        expected = alone.transform(X[REST][:3])
        for i, d in enumerate(LENGTHS[:3]):
            words, columns = np.split(mixed.values[i, : d + 3], [d])
            np.testing.assert_allclose(columns, expected[i], atol=0.02)
            np.testing.assert_allclose(words, 0.0, atol=0.02)

    def test_a_unit_that_never_varies_gets_exactly_nothing(self):
        # An age that training never had would be asked about.
        train = X.assign(age=7)
        found = explained(FunctionRegressor(additive), train[:1], train=train)
        assert found.values[0, 3] == 0.0

    def test_standard_errors_tell_how_far_another_seed_is(self):
        def model(frame):
            return worth_of(frame["review"]) * (frame["price"] <= 2.5)

        one, two = (explained(FunctionRegressor(model), random_state=r) for r in (0, 1))
        held = one.standard_errors > 0.0
        error = np.hypot(one.standard_errors, two.standard_errors)[held]
        z = np.abs(one.values - two.values)[held] / error
        assert z.max() < 6.0
        assert np.median(z) > 0.2
        np.testing.assert_array_equal(
            one.values,
            LimeExplainer(FunctionRegressor(model), sampler=MIXED, random_state=0)
            .fit(X)
            .explain(X[:6])
            .values,
        )


class TestRowsOfAnySort:
    def test_empty_text_has_no_units(self):
        rows = X[:3].assign(review=["", "...", "good"])
        explainer = LimeExplainer(
            FunctionRegressor(additive), sampler=MIXED, random_state=0
        ).fit(X.assign(review=[text if i else "" for i, text in enumerate(X["review"])]))
        rows.loc[1, "review"] = ""
        found = explainer.explain(rows)
        assert [len(names) for names in found.unit_names] == [3, 3, 4]
        assert explainer.transform(rows)[:2, 1].tolist() == [0.0, 0.0]

    def test_text_without_words_beside_no_other_column(self):
        train = X[["review"]]
        sampler = MixedSampler([("words", TokenSampler(), ["review"])])
        model = FunctionRegressor(lambda frame: worth_of(frame["review"]))
        explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(train)
        rows = pd.DataFrame({"review": ["", "good bad"]})
        np.testing.assert_allclose(explainer.transform(rows), [[0.0], [-1.0]], atol=1e-9)
        found = explainer.explain(rows)
        assert found.intercepts[0] == 0.0
        np.testing.assert_allclose(found.values[1], [1.0, -2.0], rtol=1e-9)

    @pytest.mark.parametrize("value", ["opera", None])
    def test_value_that_training_never_had_is_asked_about(self, value):
        def model(frame):
            strange = ~frame["kind"].isin(["book", "film", "song"])
            return 5.0 * strange + worth_of(frame["review"])

        rows = X[:2].assign(kind=[value, "film"])
        found = explained(FunctionRegressor(model), rows)
        effects = by_unit(found)
        [strange] = [unit for unit in effects if unit.startswith("kind")]
        assert effects[strange] == pytest.approx(5.0, abs=0.03)
        word = X["review"][0]
        assert effects[word] == pytest.approx(WORTH[word], abs=0.03)

    def test_rare_value_and_one_that_nearly_all_share(self):
        kinds = np.where(np.arange(N) == 0, "rare", "usual")
        train = X.assign(kind=kinds)
        model = FunctionRegressor(lambda frame: 3.0 * (frame["kind"] == "rare"))
        found = LimeExplainer(model, sampler=MIXED, random_state=0, n_samples=256)
        effects = found.fit(train).transform(train[:2])[:, 2]
        np.testing.assert_allclose(effects, [3.0, -3.0], rtol=0.1)

    def test_unknown_values_are_ignored_or_refused_as_the_part_says(self):
        rows = X[:1].assign(kind="opera")
        explainer = LimeExplainer(
            FunctionRegressor(additive), sampler=clone(MIXED), random_state=0
        )
        explainer.set_params(sampler__rest__handle_unknown="error").fit(X)
        with pytest.raises(ValueError, match="'opera'"):
            explainer.transform(rows)
        explainer.set_params(sampler__rest__handle_unknown="ignore").fit(X)
        with pytest.warns(UnknownValueWarning, match="'kind'"):
            assert explainer.transform(rows)[0, 2] == 0.0

    def test_words_of_two_texts_are_told_apart(self):
        train = pd.DataFrame(
            {"title": ["good", "bad film"], "body": ["good plot", "a film"]}
        )
        sampler = MixedSampler(
            [("title", TokenSampler(), "title"), ("body", TokenSampler(), "body")]
        )

        def model(frame):
            return 2.0 * frame["title"].str.contains("good") - frame["body"].str.contains(
                "good"
            )

        found = explained(FunctionRegressor(model), train[:1], sampler, train)
        effects = by_unit(found)
        assert list(effects) == ["title: good", "body: good", "plot"]
        np.testing.assert_allclose(list(effects.values()), [2.0, -1.0, 0.0], atol=1e-9)
        explainer = LimeExplainer(FunctionRegressor(model), sampler=sampler).fit(train)
        np.testing.assert_allclose(explainer.transform(train[:1]), [[2.0, -1.0]])

    def test_row_alone_decides_its_answer(self, pipeline):
        explainer = LimeExplainer(pipeline, sampler=MIXED, random_state=0).fit(X)
        together = explainer.transform(X[:8])
        for rows in ([3], [5, 0, 5], [7, 6, 5, 4, 3, 2, 1, 0]):
            alone = explainer.transform(X.iloc[rows])
            np.testing.assert_allclose(alone, together[rows], rtol=1e-10, atol=1e-12)
        again = LimeExplainer(pipeline, sampler=MIXED, random_state=0, n_jobs=2).fit(X)
        np.testing.assert_array_equal(again.transform(X[:8]), together)
        read_back = pickle.loads(pickle.dumps(explainer))
        np.testing.assert_array_equal(read_back.transform(X[:8]), together)

    @pytest.mark.parametrize("container", ["polars", "array"])
    def test_containers_agree(self, container):
        whole = {"polars": pl.DataFrame(X), "array": X.to_numpy(object)}[container]
        sampler, seen = MIXED, []
        if container == "array":
            parts = [("words", TokenSampler(), 1), ("rest", MarginalSampler(), [0, 2, 3])]
            sampler = MixedSampler(parts)

        def model(rows):
            seen.append(type(rows))
            return additive(pd.DataFrame(np.asarray(rows, object), columns=X.columns))

        explainer = LimeExplainer(
            FunctionRegressor(model), sampler=sampler, random_state=0, n_samples=512
        ).fit(whole)
        expected = LimeExplainer(
            FunctionRegressor(additive), sampler=MIXED, random_state=0, n_samples=512
        ).fit(X)
        np.testing.assert_allclose(
            explainer.transform(whole[:4]), expected.transform(X[:4]), rtol=1e-9, atol=1e-12
        )
        assert set(seen) == {type(whole)}

    def test_model_gets_the_columns_and_dtypes_of_training(self):
        train = X.assign(kind=pd.Categorical(X["kind"]), age=X["age"].astype("int16"))
        seen = []

        def model(frame):
            seen.append((list(frame.columns), frame["kind"].dtype, frame["age"].dtype))
            return additive(frame)

        explained(FunctionRegressor(model), train[:1], MIXED, train)
        assert all(one == (list(X.columns), train["kind"].dtype, "int16") for one in seen)


class TestExplanations:
    def test_columns_of_transform_sum_the_units(self, pipeline):
        explainer = LimeExplainer(pipeline, sampler=MIXED, random_state=0).fit(X)
        found, laid = explainer.explain(X[:5]), explainer.transform(X[:5])
        assert laid.shape == (5, 4)
        assert explainer.get_feature_names_out().tolist() == list(X.columns)
        for i, text in enumerate(X["review"][:5]):
            effects = by_unit(found, i)
            words = sum(effects.pop(word) for word in text.split())
            expected = list(effects.values())
            expected.insert(1, words)
            np.testing.assert_allclose(laid[i], expected, rtol=1e-12)
        explainer.set_output(transform="pandas")
        assert list(explainer.transform(X[:2]).columns) == list(X.columns)

    def test_all_outputs(self, pipeline):
        explainer = LimeExplainer(pipeline, sampler=MIXED, target="all", random_state=0)
        laid = explainer.fit(X).transform(X[:3])
        assert laid.shape == (3, 8)
        np.testing.assert_allclose(laid[:, :4], -laid[:, 4:], atol=1e-9)
        assert explainer.get_feature_names_out()[[1, 5]].tolist() == [
            "no__review",
            "yes__review",
        ]
        assert explainer.explain(X[:3]).values.shape == (3, 2, 6)

    def test_units_say_what_they_are_and_where(self, pipeline):
        found = explained(pipeline)
        assert found.meta["kind"] == "mixed"
        assert found.feature_names.tolist() == list(X.columns)
        for i, text in enumerate(X["review"][:6]):
            d = len(text.split())
            names, spans = found.unit_names[i], found.unit_spans[i]
            assert names[:d].tolist() == text.split()
            assert [unit.split()[0] for unit in names[d:] if unit[0] in "pk"]
            assert [text[a:b] for [(a, b)] in spans[:d]] == text.split()
            assert all(len(own) == 0 for own in spans[d:])
        assert any("price" in unit for unit in found.unit_names[0])

    def test_exports_and_round_trips(self, pipeline, tmp_path):
        found = explained(pipeline)
        assert Explanation.from_json(found.to_json()) == found
        assert Explanation.from_dict(found.to_dict()) == found
        assert pickle.loads(pickle.dumps(found)) == found
        frame = found.to_frame()
        assert len(frame) == sum(map(len, found.unit_names))
        assert set(frame["feature"][frame["row"] == 0]) == set(found.unit_names[0])
        assert len(found.to_frame(tidy=False)) == 6
        listed = dict(found.as_list(0))
        assert listed == pytest.approx(by_unit(found))
        found.to_html(tmp_path / "page.html")
        assert "price" in (tmp_path / "page.html").read_text(encoding="utf-8")
        assert "price" in found._repr_html_()
        whole = Explanation.concat([found[:2], found[2:]])
        assert whole.unit_names[5].tolist() == found.unit_names[5].tolist()

    def test_documents_follow_the_schema(self, pipeline):
        jsonschema = pytest.importorskip("jsonschema")
        jsonschema.validate(explained(pipeline).to_dict(), json_schema())

    def test_picture_of_a_row(self, pipeline):
        from sklime.plotting import AttributionDisplay

        display = AttributionDisplay.from_explanation(explained(pipeline), row=1)
        labels = [text.get_text() for text in display.ax_.get_yticklabels()]
        assert any(label.startswith("price") or "< price" in label for label in labels)

    def test_picks_of_rows(self, pipeline):
        explainer = LimeExplainer(pipeline, sampler=MIXED, random_state=0, n_samples=512)
        explanation = explainer.fit(X).explain(X[:12])
        assert len(SubmodularPick(3).fit(explanation).indices_) == 3
        assert len(SubmodularPick(3).fit(explainer.transform(X[:12])).indices_) == 3

    def test_score_is_one_for_an_additive_model(self):
        model = FunctionRegressor(lambda frame: worth_of(frame["review"]))
        explainer = LimeExplainer(model, sampler=MIXED, random_state=0).fit(X)
        assert explainer.score(X[:8]) == pytest.approx(1.0, abs=1e-3)

    def test_reference_parts_are_independent(self):
        sampler = clone(MIXED).fit(X)
        [around] = sampler.reference(X[5:6], 4096)
        design = np.asarray(around.design, dtype=float)
        assert around.part_sizes == (9, 3)
        between = np.corrcoef(design.T)[:9, 9:]
        assert np.abs(between).max() < 5.0 / np.sqrt(4096)

    def test_adaptive_size(self, pipeline):
        explainer = LimeExplainer(
            pipeline, sampler=MIXED, random_state=0, n_samples=256, tol=0.2
        ).fit(X)
        found = explainer.explain(X[:4], uncertainty=True)
        low, high = found.confidence_intervals()
        half = np.nanmax((high - low) / 2, axis=1)
        assert np.all(half <= 0.2 * np.nanmax(np.abs(found.values), axis=1))


class TestKernels:
    def test_default_is_partwise(self):
        explainer = LimeExplainer(FunctionRegressor(additive), sampler=MIXED, n_samples=64)
        assert explainer.fit(X).kernel_ == ExponentialKernel(1.0, metric="partwise")
        explainer.set_params(kernel__width=0.5).fit(X)
        assert explainer.kernel_ == ExponentialKernel(0.5, metric="partwise")

    def test_partwise_needs_parts(self):
        with pytest.raises(ValueError, match="use it with MixedSampler"):
            ExponentialKernel(1.0, metric="partwise")(np.eye(2), np.ones(2))

    def test_function_sees_all_units(self):
        shapes = []

        def kernel(Z, z):
            shapes.append(Z.shape[1])
            return np.exp(-np.abs(Z - z).sum(axis=1) / len(z))

        explained(FunctionRegressor(additive), kernel=kernel)
        assert list(dict.fromkeys(shapes)) == [d + 3 for d in LENGTHS]

    def test_narrow_kernels_are_drawn_from(self):
        kernel = ExponentialKernel(0.5)
        found, wide = (
            explained(
                FunctionRegressor(additive), X[4:6], kernel=kernel, weighting=weighting
            )
            for weighting in ("tilted", "kernel")
        )
        assert np.all(found.effective_sample_sizes > wide.effective_sample_sizes)
        for i in range(2):
            for word, effect in by_unit(found, i).items():
                if word in WORTH:
                    assert effect == pytest.approx(WORTH[word], abs=0.3)

    @pytest.mark.parametrize("weighting", ["kernel", "auto"])
    @pytest.mark.parametrize("width", [0.4, 0.2, 0.1])
    def test_words_that_cannot_be_told_apart_get_no_answer(self, width, weighting):
        # Of two words, only draws that keep one have any weight.
        row = X[X["review"].str.split().str.len() == 2][:1]
        with pytest.warns(NeighbourhoodWarning, match="cannot tell the features"):
            found = (
                LimeExplainer(
                    FunctionRegressor(additive),
                    sampler=MIXED,
                    kernel=ExponentialKernel(width),
                    weighting=weighting,
                    random_state=0,
                )
                .fit(X)
                .explain(row)
            )
        assert np.isnan(found.values).all()

    def test_exact_says_that_there_is_no_closed_form(self, pipeline):
        explainer = LimeExplainer(pipeline, sampler=MIXED, method="exact")
        with pytest.raises(ValueError, match='method="exact" has no closed form'):
            explainer.fit(X)


class TestParameters:
    def test_parts_are_set_by_name(self):
        sampler = clone(MIXED)
        sampler.set_params(words__positions=True, rest__n_bins=2)
        assert sampler.get_params()["words__positions"] is True
        assert sampler.samplers[1][1] == MarginalSampler(n_bins=2)
        sampler.set_params(rest=GaussianSampler())
        assert sampler.samplers[1] == ("rest", GaussianSampler(), REST)
        assert sampler != MIXED
        assert clone(MIXED) == MIXED
        assert pickle.loads(pickle.dumps(MIXED)) == MIXED
        assert "TokenSampler()" in repr(MIXED)

    def test_selectors_of_columns_are_values(self):
        parts = [
            ("words", TokenSampler(), "review"),
            ("rest", MarginalSampler(), make_column_selector("^[^r]")),
        ]
        sampler = MixedSampler(parts)
        assert clone(sampler) == sampler
        other = [parts[0], ("rest", MarginalSampler(), make_column_selector("^[^s]"))]
        assert MixedSampler(other) != sampler
        assert sampler.fit(X).samplers_[1][2] == [0, 2, 3]

    @pytest.mark.parametrize(
        ("words", "rest"),
        [
            ("review", REST),
            (["review"], REST),
            (1, [0, 2, 3]),
            (-3, [0, -2, -1]),
            ([False, True, False, False], np.array([True, False, True, True])),
            (slice(1, 2), lambda frame: [c for c in frame if c != "review"]),
            (slice("review", "review"), pd.Index(REST)),
            (make_column_selector("^r"), make_column_selector("^[^r]")),
        ],
    )
    def test_columns_are_chosen_as_in_column_transformer(self, words, rest):
        sampler = MixedSampler(
            [("words", TokenSampler(), words), ("rest", MarginalSampler(), rest)]
        ).fit(X)
        assert [own for _, _, own in sampler.samplers_] == [[1], [0, 2, 3]]

    def test_grid_search(self):
        columns = ColumnTransformer(
            [("words", CountVectorizer(), "review"), ("rest", "passthrough", ["price"])]
        )
        model = make_pipeline(columns, LogisticRegression()).fit(X, LABELS)
        search = GridSearchCV(
            LimeExplainer(model, sampler=MIXED, n_samples=128, random_state=0),
            {"sampler__words__mask": [None, "UNK"], "sampler__rest__n_bins": [2, 4]},
            cv=2,
        ).fit(X[:20])
        assert set(search.best_params_) == {"sampler__words__mask", "sampler__rest__n_bins"}
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        assert MIXED.samplers[0][1] == TokenSampler()

    WORD, TABLE = TokenSampler(), MarginalSampler()

    @pytest.mark.parametrize(
        ("parts", "told"),
        [
            ([("w", WORD, "review")], r"no part .* 'price', 'kind', 'age'"),
            (
                [("w", WORD, "review"), ("r", TABLE, ["review", *REST])],
                "'review' of MixedSampler stands in",
            ),
            ([("w", WORD, "review"), ("w", TABLE, REST)], "name.* 'w' more than once"),
            (
                [("w", WORD, ["review", "kind"]), ("r", TABLE, ["price", "age"])],
                "2 columns",
            ),
            (
                [("w", WORD, "price"), ("r", TABLE, ["review", "kind", "age"])],
                "column 'price'",
            ),
            ([("w", SuperpixelSampler(), "review"), ("r", TABLE, REST)], "no columns of a"),
            ([("w", SequenceSampler(), ["age"]), ("r", TABLE, REST)], "no columns of a"),
            ([("w", MIXED, X.columns)], "no columns of a table"),
            ([("w", WORD, "text"), ("r", TABLE, REST)], "'text' .* names no column"),
            ([("w", WORD, 9), ("r", TABLE, REST)], "position 9; the table has 4"),
            ([("w", WORD, []), ("r", TABLE, REST)], "chooses no column"),
            ([("w", WORD, [True]), ("r", TABLE, REST)], "mask of 1 columns"),
            ([("w", WORD, 1.5), ("r", TABLE, REST)], "must be names, positions"),
            ([("w", WORD), ("r", TABLE, REST)], "list of .name, sampler, columns."),
            ([], "list of .name, sampler, columns."),
            ([("a__b", WORD, "review"), ("r", TABLE, REST)], "'a__b' .* no name"),
            ([("w", TokenSampler, "review"), ("r", TABLE, REST)], "give an instance"),
        ],
    )
    def test_mistakes_are_named(self, parts, told):
        sampler = MixedSampler(parts)
        with pytest.raises((TypeError, ValueError), match=told):
            sampler.fit(X)
        with pytest.raises((TypeError, ValueError), match=told):
            LimeExplainer(FunctionRegressor(additive), sampler=sampler).fit(X)

    @pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
    def test_missing_text_is_an_error_that_names_column_and_row(self, missing):
        review = X["review"].astype(object).where(np.arange(N) != 2, missing)
        broken = X.assign(review=review)
        told = "column 'review': text 2 of X is missing"
        with pytest.raises(ValueError, match=told):
            clone(MIXED).fit(broken)
        explainer = LimeExplainer(
            FunctionRegressor(additive), sampler=MIXED, n_samples=64
        ).fit(X)
        with pytest.raises(ValueError, match=told):
            explainer.explain(broken)
        with pytest.raises(TypeError, match="column 'review': text 0 of X is no str"):
            explainer.explain(X.assign(review=1))

    def test_empty_and_other_tables(self):
        explainer = LimeExplainer(
            FunctionRegressor(additive), sampler=MIXED, n_samples=64
        ).fit(X)
        with pytest.raises(ValueError, match="0 row"):
            explainer.explain(X[:0])
        with pytest.raises(ValueError, match="0 row"):
            clone(MIXED).fit(X[:0])
        with pytest.raises(ValueError, match="feature names"):
            explainer.explain(X[["review", *REST]])
        with pytest.raises(ValueError, match="array without names"):
            clone(MIXED).fit(X.to_numpy(object))


def test_contributions_of_words_and_columns_add_up():
    dated = X.assign(day=pd.Timestamp("2025-01-01") + pd.to_timedelta(X["age"] * 7, "D"))
    sampler = MixedSampler(
        [("words", TokenSampler(), "review"), ("rest", MarginalSampler(), [*REST, "day"])]
    )
    model = FunctionRegressor(lambda T: additive(T) + 2.0 * (T["day"].dt.month > 6))
    found = LimeExplainer(model, sampler=sampler, random_state=0).fit(dated)
    explanation = found.explain(dated[:6])
    assert any("<= 2025-" in name for name in explanation.unit_names[0])
    shares = explanation.contributions()
    added = np.nansum(shares.values, axis=1) + shares.baselines
    np.testing.assert_allclose(added, shares.local_predictions, rtol=0, atol=1e-10)
    label = explanation.plot(0).ax_.get_xlabel()
    assert label == "change of y if the word is there or the condition holds"
