"""Habits of pandas and scikit-learn that explanations, pictures and fits follow."""

import inspect
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.datasets import load_iris, make_regression
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

from sklime import (
    Cohorts,
    Explanation,
    FunctionClassifier,
    FunctionRegressor,
    LimeExplainer,
    SubmodularPick,
)
from sklime.kernels import ExponentialKernel
from sklime.plotting import (
    AttributionDisplay,
    DependenceDisplay,
    HeatmapDisplay,
    ImageDisplay,
    ImportanceDisplay,
    KernelWidthDisplay,
    SequenceDisplay,
    SummaryDisplay,
    TextDisplay,
)
from sklime.samplers import MarginalSampler, TokenSampler
from sklime.selectors import HighestWeights
from tests.handmade import every_kind
from tests.plotting.explained import draws, picture, sequence, table, text


@pytest.fixture(autouse=True)
def agg():
    plt.switch_backend("Agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def fitted():
    X, _ = make_regression(60, 4, noise=1.0, random_state=0)
    X = pd.DataFrame(X, columns=list("abcd"), index=np.arange(1000, 1060) * 3)
    X["town"] = np.resize(["Bonn", "Kiel", "Ulm"], 60)
    model = FunctionRegressor(lambda X: X[["a", "b"]].sum(axis=1) + (X["town"] == "Ulm"))
    return LimeExplainer(model, random_state=0, n_samples=256).fit(X), X


@pytest.fixture(scope="module")
def explained(fitted):
    explainer, X = fitted
    return explainer.explain(X[:20], uncertainty=True)


# Rows by label.


def test_loc_takes_the_labels_of_the_index(explained):
    assert explained.loc[3006] == explained[2]
    assert explained.loc[[3009, 3000]] == explained[[3, 0]]
    assert explained.loc[3003:3012] == explained[1:5]
    assert explained.loc[3006, "a"] == explained[2, "a"]
    assert explained.loc[:, ["b", "a"]] == explained[:, ["b", "a"]]
    assert explained.loc[explained.data["town"] == "Ulm"] == explained[2::3]
    assert explained.loc[[]] == explained[[]]
    # pandas picks the same rows.
    kept = explained.data.loc[3003:3012].index
    assert explained.loc[3003:3012].data.index.equals(kept)


@pytest.mark.parametrize(
    ("index", "label", "positions"),
    [
        (list("wxyz"), "y", [2]),
        (list("wxwz"), "w", [0, 2]),
        (pd.date_range("2020-01-30", periods=4), "2020-02", [2, 3]),
        (pd.MultiIndex.from_product([["u", "v"], [1, 2]]), ("v", 1), [2]),
        (pd.MultiIndex.from_product([["u", "v"], [1, 2]]), "v", [2, 3]),
        (None, 3, [3]),
    ],
    ids=["words", "repeated", "a month", "two levels", "one of two levels", "no index"],
)
def test_loc_picks_what_pandas_picks(index, label, positions):
    values = draws(4, 2)
    data = np.random.default_rng(0).normal(size=(4, 2))
    if index is not None:
        data = pd.DataFrame(data, index=index)
    explanation = table(values, ["a", "b"], data=data)
    assert explanation.loc[label] == explanation[positions]


@pytest.mark.parametrize(
    ("index", "label", "close"),
    [
        ([512, 457, 439], 440, "439, 457, 512"),
        (["ann", "bob", "dan"], "bobb", "'bob'"),
        ([512, 457, 439], "439", "439"),
        (None, 7, "3, 2, 1"),
    ],
)
def test_a_label_that_is_not_there_is_an_error_that_names_close_ones(index, label, close):
    n = 4 if index is None else len(index)
    data = np.zeros((n, 1)) if index is None else pd.DataFrame({"a": np.zeros(n)}, index)
    explanation = table(np.ones((n, 1)), ["a"], data=data)
    for key in (label, [label]):
        with pytest.raises(KeyError, match=rf"{label!r}: of the {n} labels.*{close}"):
            explanation.loc[key]


def test_a_mask_of_another_length_is_an_error(explained):
    with pytest.raises(IndexError, match="mask of 2 entries for 20 rows"):
        explained.loc[[True, False]]


@pytest.mark.parametrize(
    "look",
    [
        lambda e, row: e.as_list(row),
        lambda e, row: AttributionDisplay.from_explanation(e, row=row),
        lambda e, row: e.plot(row),
    ],
    ids=["as_list", "display", "plot"],
)
def test_a_row_is_a_position_and_the_error_tells_of_loc(explained, look):
    with pytest.raises(IndexError, match=r"row=3006 .*position.*loc\[3006\] has the row"):
        look(explained, 3006)
    with pytest.raises(IndexError, match=r"row=-21 is out of range for 20 rows"):
        look(explained, -21)
    for row in ([0, 1], "3006", 1.0, True):
        with pytest.raises(TypeError, match=f"row={re.escape(repr(row))} must be an int"):
            look(explained, row)


def test_the_only_row_needs_no_number(explained):
    assert explained[4].as_list() == explained.as_list(4)
    assert explained.loc[3006].as_list() == explained.as_list(2)
    with pytest.raises(ValueError, match=r"row=None among 20 rows: .*row=0.*loc\[label\]"):
        explained.as_list()


# Frames.


@pytest.mark.parametrize(
    "name", ["one target", "all outputs", "pandas", "polars", "no uncertainty"]
)
def test_a_frame_is_read_back_whole(name):
    from tests.handmade import VALUES, build, build_all

    whole = {
        "one target": lambda: build(VALUES),
        "all outputs": build_all,
        "no uncertainty": lambda: build(VALUES, standard_errors=None),
    }.get(name, lambda: every_kind()[name])()
    frame = whole.to_frame()
    assert Explanation.from_frame(frame) == whole
    shuffled = frame.sample(frac=1, random_state=0)
    assert Explanation.from_frame(shuffled) == whole
    assert Explanation.from_frame(frame[frame["row"] >= 1]) == whole[1:]
    assert Explanation.from_frame(pd.concat([frame, frame.copy()])[: len(frame)]) == whole


def test_a_frame_of_a_fitted_explainer_is_read_back_whole(explained, tmp_path):
    frame = explained.to_frame()
    assert Explanation.from_frame(frame) == explained
    frame.to_pickle(tmp_path / "e.pkl")
    assert Explanation.from_frame(pd.read_pickle(tmp_path / "e.pkl")) == explained


def test_numbers_survive_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    whole = table(draws(6, 3))
    whole.to_frame().to_parquet(tmp_path / "e.parquet")
    assert Explanation.from_frame(pd.read_parquet(tmp_path / "e.parquet")) == whole


def test_changed_lines_say_what_they_say(explained):
    frame = explained.to_frame()
    frame.loc[3, "attribution"] = 7.0
    back = Explanation.from_frame(frame)
    assert 7.0 in back.values
    assert np.isnan(back.scores).all()


def test_data_that_json_cannot_hold_leaves_the_lines_alone():
    data = np.array([[object()], [object()]])
    frame = table([[1.0], [2.0]], ["a"], data=data).to_frame()
    assert not frame.attrs
    assert Explanation.from_frame(frame).values.tolist() == [[1.0], [2.0]]


# Pictures.

SHOWN = {
    AttributionDisplay: (table(draws(12, 14)), {}),
    SummaryDisplay: (table(draws(12, 4)), {}),
    HeatmapDisplay: (table(draws(12, 4)), {}),
    ImportanceDisplay: (table(draws(12, 4)), {}),
    DependenceDisplay: (table(draws(12, 4)), {"feature": "feature 1"}),
    TextDisplay: (text("not good", [-0.5, 0.2]), {}),
    ImageDisplay: (picture(np.eye(4), np.eye(4, dtype=int), [0.1, -0.3]), {}),
    SequenceDisplay: (sequence(np.arange(6.0), np.arange(6) // 3, [0.1, -0.3]), {}),
}


def test_plot_picks_the_display_that_fits():
    rows = table(draws(12, 4))
    assert type(rows.plot()) is SummaryDisplay
    assert type(rows[3].plot()) is AttributionDisplay
    assert type(rows.plot(3)) is AttributionDisplay
    for display in (TextDisplay, ImageDisplay, SequenceDisplay):
        assert type(SHOWN[display][0].plot()) is display
    _, ax = plt.subplots()
    shown = rows.plot(row=3, ax=ax, max_features=2)
    assert shown.ax_ is ax
    expected = AttributionDisplay.from_explanation(rows, row=3, max_features=2)
    assert shown.frame().equals(expected.frame())
    with pytest.raises(TypeError, match=r"SummaryDisplay.*'level'"):
        rows.plot(level=0.5)


def test_plot_shows_one_output_of_several():
    rows = table(draws(5, 2, 3), target_names=["a", "b"])
    shown = rows.plot(1, target="b").frame()
    own = rows[1, :, "b"].values[0]
    np.testing.assert_array_equal(shown["attribution"], own[np.argsort(-np.abs(own))])


def test_a_ragged_text_without_places_has_bars():
    whole = every_kind()["sparse rows"] if "sparse rows" in every_kind() else None
    explanation = text("not good", [-0.5, 0.2])
    explanation.unit_spans = None
    assert type(explanation.plot()) is AttributionDisplay
    assert whole is None or type(whole.plot(0)) is AttributionDisplay


@pytest.mark.parametrize("display", SHOWN)
def test_signatures_name_every_option_of_plot(display):
    own = [name for name in inspect.signature(display.plot).parameters if name != "self"]
    for constructor in (display.from_explanation, display.from_estimator):
        parameters = inspect.signature(constructor).parameters
        assert set(own) <= set(parameters)
        kinds = [parameter.kind for parameter in parameters.values()]
        assert inspect.Parameter.VAR_KEYWORD not in kinds
        documented = set(re.findall(r"^(\w+) : ", inspect.getdoc(constructor), re.M))
        assert set(parameters) <= documented
        assert "**options" not in inspect.getdoc(constructor)


def test_an_option_that_is_not_there_is_an_error_before_any_work():
    def never(X):
        raise AssertionError("the model was asked")

    explainer = LimeExplainer(FunctionRegressor(never))
    with pytest.raises(TypeError, match=r"AttributionDisplay.from_estimator.*'rwo'"):
        AttributionDisplay.from_estimator(explainer, [[0.0]], rwo=1)
    with pytest.raises(TypeError, match="'feature'"):
        DependenceDisplay.from_explanation(table(draws(3, 2)))


@pytest.mark.parametrize("display", SHOWN)
def test_the_numbers_of_a_picture_come_as_a_frame(display):
    explanation, options = SHOWN[display]
    shown = display(explanation)
    with pytest.raises(ValueError, match=f"{display.__name__} has drawn nothing.*plot"):
        shown.frame()
    frame = shown.plot(**options).frame()
    assert isinstance(frame, pd.DataFrame) and len(frame)
    sizes = "mean_abs_attribution" if display is ImportanceDisplay else "attribution"
    assert np.isfinite(frame[sizes]).all()
    frame[sizes] = 7.0
    assert not (shown.frame()[sizes] == 7.0).any()


def test_frames_hold_what_is_drawn():
    values = draws(12, 14)
    rows = table(values, data=pd.DataFrame(values, index=np.arange(12) * 10))
    bars = AttributionDisplay.from_explanation(rows, row=1, max_features=3)
    widths = [bar.get_width() for bar in bars.ax_.patches]
    assert bars.frame()["attribution"].tolist() == widths
    assert bars.frame()["condition"].tolist()[-1] == "11 others, summed"
    dots = SummaryDisplay.from_explanation(rows, max_features=2).frame()
    own = dots[dots["feature"] == "feature 0"].set_index("row")["attribution"]
    assert own.index.tolist() == [10 * i for i in range(12)]
    np.testing.assert_array_equal(own, values[:, 0])
    cells = HeatmapDisplay.from_explanation(rows).frame()
    wide = cells.pivot(index="row", columns="feature", values="attribution")
    np.testing.assert_array_equal(wide["feature 3"], values[:, 3])
    mean = ImportanceDisplay.from_explanation(rows).frame().set_index("feature")
    np.testing.assert_allclose(
        mean.loc["feature 2", "mean_abs_attribution"], np.abs(values[:, 2]).mean()
    )
    widths = KernelWidthDisplay([0.5, 1.0], [[0.2, 0.3], [0.6, 0.6]], [0.7, 0.9])
    assert widths.frame()["width"].tolist() == [0.5, 1.0]
    np.testing.assert_allclose(widths.frame()["fidelity"], [0.25, 0.6])


# Cohorts of an explanation.


def test_cohorts_take_an_explanation_alone(fitted):
    explainer, X = fitted
    explanation = explainer.explain(X)
    alone = Cohorts(max_groups=3).fit(explanation)
    both = Cohorts(max_groups=3).fit(X, explanation)
    assert alone.rules_ == both.rules_
    np.testing.assert_array_equal(alone.labels_, both.labels_)
    np.testing.assert_array_equal(alone.predict(X), both.labels_)
    with pytest.raises(TypeError, match=r"fit\(X, explanation\)"):
        Cohorts().fit(explanation, X)
    with pytest.raises(ValueError, match=r"kind 'text'.*columns"):
        Cohorts().fit(text("not good", [-0.5, 0.2]))


# scikit-learn's settings.


def test_diagrams_link_to_the_documentation_where_there_is_an_address(monkeypatch):
    estimators = [
        LimeExplainer(LinearRegression()),
        MarginalSampler(),
        TokenSampler(),
        ExponentialKernel(),
        HighestWeights(3),
        Cohorts(),
        SubmodularPick(),
        FunctionClassifier(len),
        FunctionRegressor(len),
    ]
    for estimator in estimators:
        assert estimator._get_doc_link() == ""
    monkeypatch.setenv("SKLIME_DOCUMENTATION", "https://docs.example.org/sklime/")
    for estimator in estimators:
        name = re.fullmatch(
            r"https://docs\.example\.org/sklime/api/(sklime[.\w]*)\.html",
            estimator._get_doc_link(),
        )[1]
        module, _, last = name.rpartition(".")
        assert getattr(__import__(module, fromlist=[last]), last) is type(estimator)
        assert estimator._get_doc_link() in estimator._repr_html_()
    # Other people's estimators are documented elsewhere.
    other = type("Own", (MarginalSampler,), {"__module__": "elsewhere"})
    assert other()._get_doc_link() == ""


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array])
def test_sparse_attributions_follow_the_setting_of_scikit_learn(container):
    rng = np.random.default_rng(0)
    D = (rng.random((80, 6)) < 0.4) * rng.random((80, 6))
    model = LogisticRegression().fit(container(D), D[:, 0] > 0.2)
    asked = set()

    class Asked:
        classes_ = model.classes_

        def predict_proba(self, X):
            asked.add(type(X))
            return model.predict_proba(X)

    explainer = LimeExplainer(Asked(), random_state=0, n_samples=512).fit(container(D))
    rows = container(D[:5])
    default = explainer.transform(rows)
    assert type(default) is sparse.csr_matrix
    with sklearn.config_context(sparse_interface="sparray"):
        arrays = explainer.transform(rows)
    assert type(arrays) is sparse.csr_array
    np.testing.assert_array_equal(arrays.toarray(), default.toarray())
    # The model and the explanation see the container of the training table.
    explanation = explainer.explain(sparse.csr_matrix(D[:5]))
    assert type(explanation.data) is container
    assert asked == {container}


def test_texts_follow_the_setting_of_scikit_learn():
    model = FunctionRegressor(lambda texts: [len(text) for text in texts])
    explainer = LimeExplainer(model, sampler=TokenSampler(), random_state=0, n_samples=64)
    with sklearn.config_context(sparse_interface="sparray"):
        assert type(explainer.fit(["a b", "c"]).transform(["a b"])) is sparse.csr_array


# Progress.


class Notes:
    """A callback that writes down which tasks begin and end."""

    def __init__(self):
        self.notes = []

    def setup(self, estimator, context):
        self.notes.append("setup")

    def teardown(self, estimator, context):
        self.notes.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.notes.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context):
        self.notes.append(f"end {context.task_name}")


def test_callbacks_of_scikit_learn_are_told_of_the_tasks_of_a_fit():
    X, y = load_iris(return_X_y=True, as_frame=True)
    notes = Notes()
    explainer = LimeExplainer(LogisticRegression(max_iter=500), n_samples=64)
    explainer.set_callbacks(notes).fit(X, y)
    tasks = ["fit-model", "fit-sampler", "query-model", "grow-pool"]
    inner = [f"{when} {task}" for task in tasks for when in ("begin", "end")]
    assert notes.notes == ["setup", "begin fit", *inner, "end fit", "teardown"]


def test_callbacks_are_torn_down_after_a_fit_that_fails():
    notes = Notes()
    explainer = LimeExplainer(LinearRegression()).set_callbacks(notes)
    with pytest.raises(ValueError, match="requires y"):
        explainer.fit([[0.0], [1.0]])
    assert notes.notes[0] == "setup" and notes.notes[-1] == "teardown"
    assert notes.notes.count("teardown") == 1


def test_callbacks_see_the_explainer_in_a_pipeline():
    X, y = load_iris(return_X_y=True, as_frame=True)
    notes = Notes()
    model = RandomForestClassifier(5, random_state=0).fit(X, y)
    pipeline = make_pipeline(LimeExplainer(model, target=2, n_samples=64), SubmodularPick())
    pipeline[0].set_callbacks(notes)
    pipeline.fit(X)
    assert notes.notes.count("end query-model") == 1


def test_every_step_that_asks_the_model_shows_a_bar(capsys):
    pytest.importorskip("tqdm")
    X = np.random.default_rng(0).normal(size=(40, 3))
    model = FunctionRegressor(lambda X: np.nan_to_num(X[:, 0]) * X[:, 1].clip(0, 1) ** 0)
    quiet = LimeExplainer(model, random_state=0, n_samples=64).fit(X)
    explainer = LimeExplainer(model, random_state=0, n_samples=64, verbose=1).fit(X)
    assert re.search(r"querying the model: 100%.*64/64", capsys.readouterr().err)
    np.testing.assert_allclose(explainer.transform(X), quiet.transform(X), rtol=1e-12)
    told = capsys.readouterr().err
    # One block, in steps of its own.
    assert len(set(re.findall(r"explaining: +(\d+)%", told))) > 1
    assert "querying the model about own values" not in told
    explainer.score(X)
    assert "explaining: 100%" in capsys.readouterr().err
    explainer.explain(np.full((1, 3), np.nan))
    assert re.search(r"own values: 100%", capsys.readouterr().err)


def test_widths_are_measured_without_drawing_and_ask_what_they_share_once():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4))
    asked = []

    def respond(X):
        asked.append(len(X))
        return X[:, 0] * X[:, 1]

    options = {"method": "sampling", "weighting": "kernel", "n_samples": 256}
    explainer = LimeExplainer(FunctionRegressor(respond), **options)
    widths, n_repeats = [0.8, 1.5, 3.0], 2
    measured = KernelWidthDisplay.measure(
        explainer, X, widths=widths, n_repeats=n_repeats, k=2
    )
    probes = 2 * len(widths) * n_repeats
    assert sum(asked) == 256 * n_repeats + 512 * len(X) + probes
    assert plt.get_fignums() == []
    frame = measured.frame()
    assert frame["width"].tolist() == widths
    for i, width in enumerate(widths):
        scores = []
        for seed in range(n_repeats):
            copy = LimeExplainer(
                explainer.estimator,
                kernel=ExponentialKernel(width),
                random_state=seed,
                **options,
            )
            scores.append(copy.fit(X).score(X))
        assert measured.fidelity[i].tolist() == scores
        assert frame["fidelity"][i] == np.mean(scores)
    drawn = KernelWidthDisplay.from_estimator(
        explainer, X, widths=widths, n_repeats=n_repeats, k=2
    )
    assert drawn.frame().equals(frame)


def test_widths_are_measured_under_a_bar(capsys):
    pytest.importorskip("tqdm")
    X = np.random.default_rng(0).normal(size=(20, 3))
    explainer = LimeExplainer(FunctionRegressor(lambda X: X[:, 0]), n_samples=64, verbose=1)
    KernelWidthDisplay.measure(explainer, X, widths=[1.0, 2.0], n_repeats=2)
    assert re.search(r"measuring widths: 100%.*4/4", capsys.readouterr().err)
