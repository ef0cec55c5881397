"""A closed form that fails where nobody foresaw it: draws with a warning, or an error."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklime import LimeExplainer
from sklime.exceptions import ClosedFormWarning
from sklime.samplers import TokenSampler

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 3))
y = X[:, 0] * X[:, 1] + X[:, 2]


def with_a_child_nowhere():
    """Histogram boosting that answers, with a node that points beyond its tree."""
    model = HistGradientBoostingRegressor(max_iter=1).fit(X, y)
    [[own]] = model._predictors
    nodes = own.nodes.copy()
    nodes["left"][0] = 10_000
    sets = own.raw_left_cat_bitsets
    stand_in = SimpleNamespace(nodes=nodes, predict=own.predict, raw_left_cat_bitsets=sets)
    model._predictors = [[stand_in]]
    return model


def test_in_fit_draws_take_its_place_with_a_warning_that_names_the_error():
    model = with_a_child_nowhere()
    with pytest.warns(ClosedFormWarning, match=r"(?s)worth a report.*IndexError") as found:
        explainer = LimeExplainer(model, random_state=0).fit(X)
    assert [one.filename for one in found] == [__file__]
    assert explainer.method_ == "sampling"
    drawn = LimeExplainer(model, method="sampling", random_state=0).fit(X)
    np.testing.assert_array_equal(explainer.transform(X[:9]), drawn.transform(X[:9]))


def test_in_fit_the_exact_method_fails_with_the_cause():
    explainer = LimeExplainer(with_a_child_nowhere(), method="exact")
    with pytest.raises(ValueError, match="no closed form here: it failed unexp") as found:
        explainer.fit(X)
    assert isinstance(found.value.__cause__, IndexError)


class Server:
    """A step, or what a model asks, that is down from some number of calls on."""

    def __init__(self, n_calls, error):
        self.n_left = n_calls
        self.error = error

    def __call__(self, table):
        self.n_left -= 1
        if self.n_left < 0:
            raise self.error("server down")
        return table


@pytest.mark.parametrize("error", [RuntimeError, ConnectionError, KeyboardInterrupt])
@pytest.mark.parametrize("method", ["auto", "exact"])
def test_errors_of_the_model_while_it_is_asked_stay_its_own(error, method):
    forest = RandomForestRegressor(5, random_state=0).fit(X, y)
    own, server = forest.predict, Server(1, error)
    forest.predict = lambda X: own(server(X))
    with pytest.raises(error, match="server down"):
        LimeExplainer(forest, method=method).fit(X)
    assert server.n_left == -1


@pytest.mark.parametrize("n_calls", [1, 2, 5])
def test_errors_of_steps_in_front_of_the_model_stay_their_own(n_calls):
    step = FunctionTransformer(lambda X: X)
    model = make_pipeline(step, Ridge()).fit(X, y)
    step.func = Server(n_calls, RuntimeError)
    with pytest.raises(RuntimeError, match="server down"):
        LimeExplainer(model).fit(X)


def test_answers_that_cannot_be_explained_stay_the_models_fault():
    forest = RandomForestRegressor(5, random_state=0).fit(X, y)
    own = forest.predict
    forest.predict = lambda X: own(X) if len(X) < 3 else np.full(len(X), np.nan)
    with pytest.raises(ValueError, match="which is not finite"):
        LimeExplainer(forest).fit(X)


WORDS = "the a film plot actor scene good bad".split()
TEXTS = [" ".join(rng.choice(WORDS, 8)) for _ in range(60)]


def of_texts(**params):
    """A linear model of words, some of whose counts are Python objects."""
    counts = CountVectorizer(vocabulary=[*WORDS, "odd"])

    def step(texts):
        found = counts.transform(texts).toarray()
        return found.astype(object if any("odd" in text for text in texts) else float)

    model = make_pipeline(FunctionTransformer(step), Ridge())
    model.fit(TEXTS, [text.count("good") - text.count("bad") for text in TEXTS])
    given = {"sampler": TokenSampler(), "random_state": 0, **params}
    return LimeExplainer(model, **given).fit(TEXTS)


def test_a_text_whose_closed_form_fails_is_drawn_with_a_warning():
    explainer = of_texts()
    texts = ["good film", "odd good film", "bad plot"]
    with pytest.warns(ClosedFormWarning, match=r"(?s)1 row.*worth a report.*UFunc"):
        found = explainer.transform(texts).toarray()
    drawn = of_texts(method="sampling").transform(texts).toarray()
    np.testing.assert_array_equal(found[1], drawn[1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(found[::2], explainer.transform(texts[::2]).toarray())
    with pytest.raises(ValueError, match="for row 1: it failed unexpectedly") as error:
        of_texts(method="exact").transform(texts)
    assert isinstance(error.value.__cause__, TypeError)


class FailsInABin:
    """A sum of trees that fails for rows of one bin of the first column."""

    def __init__(self, model):
        self.model = model

    def __call__(self, laws, outputs):
        if (laws[0].own == 2).any():
            raise ZeroDivisionError("in bin 2")
        return self.model(laws, outputs)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_only_the_rows_of_a_table_whose_closed_form_fails_are_drawn(n_jobs):
    forest = RandomForestRegressor(5, random_state=0).fit(X, y)
    explainer = LimeExplainer(forest, random_state=0, n_jobs=n_jobs).fit(X)
    exact = explainer.transform(X)
    population = explainer._routes.source
    population.model = FailsInABin(population.model)
    with pytest.warns(ClosedFormWarning, match=r"75 row.*ZeroDivisionError"):
        found = explainer.explain(X, uncertainty=True)
    failing = np.digitize(X[:, 0], np.quantile(X[:, 0], [0.25, 0.5, 0.75])) == 2
    drawn = LimeExplainer(forest, method="sampling", random_state=0).fit(X).transform(X)
    np.testing.assert_array_equal(found.values, np.where(failing[:, None], drawn, exact))
    assert ((found.standard_errors > 0).any(axis=1) == failing).all()
    assert found.meta["method"] == "exact and sampling"
