"""Arrow tables and record batches in every method, as frames of pandas."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeRegressor

from sklime import (
    AnchorExplainer,
    Cohorts,
    FunctionRegressor,
    LimeExplainer,
    SubmodularPick,
    persistence,
)
from sklime.metrics import fidelity_score
from sklime.samplers import (
    CoalitionSampler,
    CrossoverSampler,
    GaussianSampler,
    MarginalSampler,
    MixedSampler,
    TokenSampler,
    TrainingSampler,
)

N = 60
SAMPLERS = [
    MarginalSampler(),
    MarginalSampler(n_bins=None),
    GaussianSampler(),
    TrainingSampler(),
    CrossoverSampler(),
    CoalitionSampler(),
]
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::sklime.exceptions.{name}Warning")
    for name in ("Anchor", "Neighbourhood", "UnknownValue")
]


def people():
    rng = np.random.default_rng(0)
    age, pet = rng.integers(18, 90, N), rng.choice(["cat", "dog", "fox"], N)
    frame = pd.DataFrame({"age": age, "weight": rng.normal(70, 9, N), "pet": pet})
    return frame, age / 9 + (pet == "dog") * frame["weight"] / 10


FRAME, Y = people()
TABLE = pa.Table.from_pandas(FRAME, preserve_index=False)
BATCH = pa.RecordBatch.from_pandas(FRAME, preserve_index=False)
CHUNKS = pa.concat_tables([TABLE[:20], TABLE[20:20], TABLE[20:]])


def pipeline():
    encoder = make_column_transformer((OneHotEncoder(), ["pet"]), remainder="passthrough")
    return make_pipeline(encoder, DecisionTreeRegressor(max_depth=4, random_state=0))


@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
@pytest.mark.parametrize("method", ["auto", "sampling"])
def test_arrow_tables_are_explained_as_frames_are(sampler, method):
    model = pipeline().fit(FRAME, Y)
    own = {"sampler": sampler, "method": method, "n_samples": 64, "random_state": 0}
    expected = LimeExplainer(model, **own).fit(FRAME)
    explained, score = expected.explain(FRAME[:5]), expected.score(FRAME[:2])
    for training in (TABLE, BATCH, CHUNKS):
        explainer = LimeExplainer(model, **own).fit(training)
        assert explainer.feature_names_in_.tolist() == list(FRAME)
        for rows in (TABLE, BATCH, FRAME):
            assert np.array_equal(explainer.transform(rows[:5]), explained.values)
        found = explainer.explain(training[:5])
        assert found == explained
        assert type(found).from_json(found.to_json()) == found
        assert explainer.score(training[:2]) == score


def test_an_unfitted_model_is_fitted():
    expected = LimeExplainer(pipeline(), random_state=0).fit(FRAME, Y)
    explainer = LimeExplainer(pipeline(), random_state=0).fit(TABLE, Y)
    assert np.array_equal(explainer.transform(TABLE), expected.transform(FRAME))


@pytest.mark.parametrize("fitted_on", ["array", "pandas", "table"])
def test_models_of_numbers(fitted_on):
    numbers = TABLE.select(["age", "weight"])
    frame = FRAME[["age", "weight"]]
    training = {"array": frame.to_numpy(), "pandas": frame, "table": numbers}[fitted_on]
    model = LogisticRegression(max_iter=1000).fit(training, Y > Y.mean())
    expected = LimeExplainer(model, random_state=0).fit(frame).transform(frame)
    explainer = LimeExplainer(model, random_state=0).fit(numbers)
    assert np.array_equal(explainer.transform(numbers.to_batches()[0]), expected)


def test_blocks_and_their_schema():
    explainer = LimeExplainer(pipeline().fit(FRAME, Y), random_state=0).fit(TABLE)
    keyed = TABLE.append_column("id", pa.array(range(N)))
    found = list(
        explainer.transform_blocks([keyed[:7], keyed[7:7], keyed[7:]], keep=["id"])
    )
    table = pa.concat_tables(found).to_pandas()
    assert list(table) == list(explainer.output_schema(keep=["id"]))
    assert table["id"].tolist() == list(range(N))
    assert np.array_equal(table[list(FRAME)], explainer.transform(TABLE))


def test_a_model_that_takes_arrow_alone_gets_the_types_of_the_fit(tmp_path):
    n = 40
    few = np.arange(n) % 5
    day, moment = datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1, 12)
    hours = [datetime.timedelta(hours=int(own)) for own in few]
    zoned = pa.array([moment + own for own in hours], pa.timestamp("ms", "Europe/Berlin"))
    columns = {
        "small": pa.array([None, *few[1:]], pa.int8()),
        "single": pa.array(few / 2, pa.float32()),
        "bool": pa.array([None, *(few[1:] > 2)], pa.bool_()),
        "text": pa.array([None, *map(str, few[1:])], pa.large_string()),
        "label": pa.array(list(map(str, few))).dictionary_encode(),
        "decimal": pa.array([Decimal(int(own)) / 4 for own in few], pa.decimal128(9, 2)),
        "day": pa.array([day + datetime.timedelta(int(own)) for own in few]),
        "moment": pa.array([moment + own for own in hours], pa.timestamp("us")),
        "zoned": zoned,
        "span": pa.array(hours, pa.duration("s")),
        "time": pa.array([datetime.time(int(own)) for own in few], pa.time32("s")),
        "nothing": pa.nulls(n),
    }
    X, seen = pa.table(columns), []

    def model(table):
        seen.append(table.schema)
        return table.column("small").fill_null(9).to_numpy().astype(float)

    own = {"n_samples": 64, "random_state": 0, "sampler": TrainingSampler()}
    explainer = LimeExplainer(FunctionRegressor(model), **own).fit(X)
    assert explainer.transform(X).shape == (n, len(columns))
    assert all(schema == X.schema for schema in seen)
    assert list(explainer.explain(X[:3]).data) == list(columns)


def of_small(table):
    return table.column("age").to_numpy() * 2.0


def test_half_an_integer_has_a_type_that_holds_it():
    def model(table):
        ages = table.column("age")
        assert ages.type in (pa.int64(), pa.float64())
        return ages.to_numpy().astype(float)

    sampler = GaussianSampler()
    explainer = LimeExplainer(FunctionRegressor(model), sampler=sampler, random_state=0)
    ages = TABLE.select(["age"])
    assert (explainer.fit(ages).transform(ages) > 0).all()


def test_explainers_of_arrow_tables_are_kept_in_files(tmp_path):
    explainer = LimeExplainer(FunctionRegressor(of_small), random_state=0)
    explainer.fit(TABLE)
    persistence.dump(explainer, tmp_path / "explainer.skops")
    known = persistence.load(tmp_path / "explainer.skops", [f"{__name__}.of_small"])
    assert np.array_equal(known.transform(BATCH), explainer.transform(TABLE))


def test_anchors():
    model = pipeline().fit(FRAME, Y)
    expected = AnchorExplainer(model, random_state=0).fit(FRAME)
    explainer = AnchorExplainer(model, random_state=0).fit(TABLE)
    assert np.array_equal(explainer.transform(BATCH), expected.transform(FRAME))
    assert explainer.explain(TABLE[:5]).rules == expected.explain(FRAME[:5]).rules


@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
def test_samplers_alone(sampler):
    fitted = sampler.fit(TABLE)
    expected = type(sampler)(**sampler.get_params()).fit(FRAME)
    own = {"n_samples": 32, "random_state": 0}
    [found], [wanted] = fitted.sample(BATCH[:1], **own), expected.sample(FRAME[:1], **own)
    assert np.array_equal(found.design, wanted.design)
    pd.testing.assert_frame_equal(found.inputs, wanted.inputs)
    points = fitted.interpret(TABLE, TABLE[:1])
    assert np.array_equal(points, expected.interpret(FRAME, FRAME[:1]))


def test_metrics_picks_and_cohorts():
    explainer = LimeExplainer(pipeline().fit(FRAME, Y), random_state=0).fit(TABLE)
    assert fidelity_score(explainer, TABLE[:9]) == fidelity_score(explainer, FRAME[:9])
    found = explainer.explain(TABLE)
    assert len(SubmodularPick(3).fit(found).indices_) == 3
    attributions = explainer.transform(TABLE)
    cohorts = Cohorts(max_groups=2).fit(TABLE, attributions)
    assert cohorts.predict(BATCH).tolist() == cohorts.labels_.tolist()
    assert cohorts.labels_.shape == (N,)


def test_a_mixed_sampler_and_texts():
    texts = ["a good film", "a bad film", "good", "bad film"] * 5
    table = pa.table({"text": texts, "stars": [4.0, 1.0, 5.0, 2.0] * 5})
    model = FunctionRegressor(
        lambda X: X["text"].str.count("good").to_numpy() + X["stars"].to_numpy()
    )
    parts = [("words", TokenSampler(), "text"), ("stars", MarginalSampler(), ["stars"])]
    own = {"sampler": MixedSampler(parts), "n_samples": 64, "random_state": 0}
    expected = LimeExplainer(model, **own).fit(table.to_pandas())
    explainer = LimeExplainer(model, **own).fit(table)
    assert np.array_equal(
        explainer.transform(table[:4]), expected.transform(table.to_pandas()[:4])
    )


def test_polars_rows_of_an_explainer_of_arrow_tables():
    explainer = LimeExplainer(FunctionRegressor(of_small), random_state=0).fit(TABLE)
    rows = pl.from_arrow(TABLE)
    assert np.array_equal(explainer.transform(rows), explainer.transform(TABLE))


def test_what_is_wrong_is_told():
    model = FunctionRegressor(of_small)
    with pytest.raises(TypeError, match=r"not 'ndarray': drop column 'rows'"):
        LimeExplainer(model).fit(pa.table({"rows": [[1], [2, 3]]}))
    with pytest.raises(ValueError, match="more than once"):
        LimeExplainer(model).fit(pa.table([[1, 2], [3, 4]], names=["a", "a"]))
    with pytest.raises(ValueError, match="0 row"):
        LimeExplainer(model).fit(TABLE[:0])
    explainer = LimeExplainer(model, random_state=0).fit(TABLE)
    with pytest.raises(ValueError, match="feature names"):
        explainer.transform(TABLE.rename_columns(["age", "weight", "animal"]))
    with pytest.raises(AttributeError, match="column"):
        LimeExplainer(FunctionRegressor(lambda table: table.no_such_column())).fit(TABLE)
