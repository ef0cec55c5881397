"""Models that hide their bias from explainers: Slack et al. (2020), Fooling LIME and SHAP.

A model goes by a protected column on rows that a detector takes for real, and by unrelated
ones on those that it takes for an explainer's draws. The detector is the published one,
trained on rows with noise as lime draws them, or an adaptive one, trained on the very draws
of sklime's default sampler.

    python -m benchmarks.fooling --data FOLDER

reads the published tables from a folder; else there is a made-up one of their kind.
"""

import argparse
import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
from lime.lime_tabular import LimeTabularExplainer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.model_selection import train_test_split

from benchmarks.protected_tables import protected_tables
from benchmarks.report import Line, table
from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import NeighbourhoodWarning
from sklime.metrics import audit, fidelity_score
from sklime.samplers import CrossoverSampler, MarginalSampler, TrainingSampler
from sklime.selectors import ForwardSelection

N_ROWS = 100
N_NEIGHBORS = 20
NOISE = 0.3
# Copies of the rows, with noise each: fewer than published, where one suffices to find all.
N_COPIES = 5
N_DRAWS = 4096
REAL_ROWS = {"sampler": TrainingSampler(n_bins=None), "selector": ForwardSelection(k=5)}


def measure(data=None):
    found = [experiment(own) for own in protected_tables(data)]
    names = ", ".join(own["name"] for own in found)
    return [*_lines(found, names), price_of_real_rows()]


@dataclass(frozen=True)
class HidingModel:
    """Goes by the protected column on real rows, by columns that are shown elsewhere."""

    table: object
    detect: object
    n_shown: int = 1
    classes_ = np.array([0, 1])

    def predict_proba(self, X):
        own, X = self.table, np.asarray(X)
        one, *more = own.shown[: self.n_shown]
        shown = X[:, one] > own.shown_above
        for other in more:
            shown = shown != (X[:, other] > 0.0)
        p = np.where(self.detect(X), X[:, own.protected] > 0.0, shown).astype(float)
        return np.column_stack([1.0 - p, p])


def everything(X):
    """Detector of a model that is biased in the open."""
    return np.ones(len(X), dtype=bool)


def published_detector(own):
    """Forest that tells rows from rows with noise, by their numeric columns."""
    rng = np.random.default_rng(0)
    real = np.repeat(own.X_train, N_COPIES, axis=0)
    X = np.concatenate([real, real + rng.normal(0.0, NOISE, real.shape)])
    forest = RandomForestClassifier(100, random_state=0, n_jobs=-1)
    forest.fit(X[:, own.numeric], np.repeat([1, 0], len(real)))
    forest.set_params(n_jobs=1)
    return lambda X: forest.predict(X[:, own.numeric]) == 1


def adaptive_detector(own):
    """Boosting that tells rows from the default sampler's draws, at 95 % of unseen ones."""
    sampler = MarginalSampler().fit(own.X_train)
    [draws] = sampler.sample(own.X_train[:1], N_DRAWS, random_state=7)
    seen, unseen = train_test_split(own.X_train, test_size=0.2, random_state=0)
    boosting = HistGradientBoostingClassifier(random_state=0).fit(
        np.concatenate([seen, draws.inputs]), np.repeat([1, 0], [len(seen), N_DRAWS])
    )
    threshold = np.quantile(boosting.predict_proba(unseen)[:, 1], 0.05)
    return lambda X: boosting.predict_proba(X)[:, 1] >= threshold


def experiment(own):
    """All shares of one table, by what they are shares of."""
    rows, published = own.X[:N_ROWS], published_detector(own)
    found = {"name": own.name, "rows": len(rows), "published": published(own.X).mean()}
    for n_shown in range(1, len(own.shown) + 1):
        model = HidingModel(own, published, n_shown)
        found["default", n_shown] = _first(own, _explained(own, model), rows)
        found["lime", n_shown] = _first_of_lime(own, model, rows)
    adaptive = adaptive_detector(own)
    found["adaptive"] = adaptive(own.X).mean()
    hidden, honest = (HidingModel(own, detect) for detect in (adaptive, everything))
    found["hidden"] = _first(own, _explained(own, hidden), rows)
    found["real rows"] = _first(own, _explained(own, hidden, **REAL_ROWS), rows)
    for name, model in (("attacked", hidden), ("honest", honest)):
        explainer = _explained(own, model)
        score = partial(fidelity_score, explainer, rows, "neighbours", N_NEIGHBORS)
        found["fidelity", name] = score()
        audited = _quietly(partial(audit, explainer, rows))
        values = np.abs(audited.explanation.values)
        # Where the default names the protected column, there is nothing to be told.
        hides = (values.argmax(axis=1) != own.protected) | (model is honest)
        found["audit", name] = audited.differs[hides].mean()
    return found


def _explained(own, model, **setting):
    return LimeExplainer(model, random_state=0, **setting).fit(own.X_train)


def _quietly(job):
    """Run a job whose rows may have few training rows around them; all rows count."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeighbourhoodWarning)
        return job()


def _first(own, explainer, rows):
    """Share of rows whose largest attribution is that of the protected column."""
    values = _quietly(partial(explainer.transform, rows))
    return (np.abs(values).argmax(axis=1) == own.protected).mean()


def _first_of_lime(own, model, rows):
    """The same of lime, as it was attacked: no bins, ten columns."""
    nominal = sorted(set(range(own.X.shape[1])) - set(own.numeric))
    explainer = LimeTabularExplainer(
        own.X_train,
        categorical_features=nominal or None,
        discretize_continuous=False,
        random_state=0,
    )
    first = []
    for row in rows:
        weights = explainer.explain_instance(row, model.predict_proba).as_map()[1]
        first.append(max(weights, key=lambda own: abs(own[1]))[0])
    return np.mean(np.array(first) == own.protected)


def _lines(found, names):
    def shares(what, among=found):
        return " / ".join(f"{100 * own[what]:.1f}" for own in among if what in own)

    def scores(name):
        return " / ".join(f"{own['fidelity', name]:.2f}" for own in found)

    first = "rows whose first column is the protected one"
    least = [0.99, 0.99, 0.95] if len(found) == 3 else [0.95] * len(found)
    rows = " / ".join(str(own["rows"]) for own in found)
    yield Line(
        f"the published attack, default sampler, {names}: {first}, %",
        "99",
        f"{shares(('default', 1))} of {rows}; lime {shares(('lime', 1))}; "
        f"unseen rows that the detector takes for real {shares('published')}",
        all(own["default", 1] >= 0.99 for own in found),
    )
    two = [own for own in found if ("default", 2) in own]
    yield Line(
        f"the same with two columns shown, {', '.join(own['name'] for own in two)}",
        "99",
        f"{shares(('default', 2))}; lime {shares(('lime', 2))}",
        all(own["default", 2] >= 0.99 for own in two),
    )
    yield Line(
        "a detector trained on the default sampler's draws, default sampler: the same",
        "told: it hides its bias",
        f"{shares('hidden')}; unseen rows that the detector takes for real "
        f"{shares('adaptive')}",
        True,
    )
    yield Line(
        "the same detector, `TrainingSampler(n_bins=None)`, `ForwardSelection(k=5)`",
        " / ".join(f"{100 * own:.0f}" for own in least),
        shares("real rows"),
        all(own["real rows"] >= bound for own, bound in zip(found, least, strict=True)),
    )
    yield Line(
        f'the same detector, default sampler: `fidelity_score(reference="neighbours")` on '
        f"{N_NEIGHBORS} training rows, beside that of the bias in the open",
        "lower",
        f"{scores('attacked')} beside {scores('honest')}",
        all(own["fidelity", "attacked"] < own["fidelity", "honest"] for own in found),
    )
    yield Line(
        "the same detector: rows whose bias the default hides where `audit` says that the "
        "first column differs, %, beside all rows of a bias in the open",
        "99, beside 5",
        f"{shares(('audit', 'attacked'))} beside {shares(('audit', 'honest'))}",
        all(
            own["audit", "attacked"] >= 0.99 and own["audit", "honest"] <= 0.05
            for own in found
        ),
    )


def price_of_real_rows():
    """Share of attributions on columns that a forest never reads, every second one."""
    settings = {
        "default": {},
        "real rows, bins": {"sampler": TrainingSampler()},
        "real rows, standardised": {"sampler": TrainingSampler(n_bins=None)},
        "the same, 5 columns": REAL_ROWS,
        "`CrossoverSampler()`, 5 columns": REAL_ROWS | {"sampler": CrossoverSampler()},
    }
    shares = {name: [] for name in settings}
    for load in (load_breast_cancer, load_wine, load_diabetes):
        X, y = load(return_X_y=True)
        read = np.arange(0, X.shape[1], 2)
        forest = RandomForestRegressor(100, random_state=0).fit(X[:, read], y)
        model = FunctionRegressor(lambda Z, own=forest, read=read: own.predict(Z[:, read]))
        rows = X[:: len(X) // 60]
        for name, setting in settings.items():
            explainer = LimeExplainer(model, random_state=0, **setting).fit(X)
            sizes = np.abs(_quietly(partial(explainer.transform, rows)))
            shares[name].append(1.0 - sizes[:, read].sum() / sizes.sum())
    told = (f"{name} {100 * np.mean(own):.0f}" for name, own in shares.items())
    return Line(
        "share of absolute attributions on columns that a forest never reads, %, mean of "
        "breast_cancer, wine, diabetes",
        "told: the price of real rows",
        "; ".join(told),
        True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Models that hide their bias.")
    parser.add_argument("--data", help="folder of the published tables")
    print(table(measure(parser.parse_args().data)))
