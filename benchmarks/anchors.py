"""Anchors: their time, whether they keep their promise, and alibi's beside them.

``python -m benchmarks.anchors PATH`` compares with alibi, where `PATH` is that of a Python
interpreter that has it: it needs numpy below 2. Its draws are of another kind: they keep
the dependence of all columns without a condition.
"""

import json
import subprocess
import sys
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from benchmarks.report import Line, table
from benchmarks.timing import processor_seconds
from sklime import AnchorExplainer
from sklime.exceptions import AnchorWarning

N_TRAIN, PRECISION = 426, 0.95
N_HARD, N_SOFT, N_BESIDE = 100, 1_000, 20

# Anchors that are judged on fresh draws, how many, and rounds of the time.
N_JUDGED, N_FRESH, ROUNDS = 500, 100_000, 3

# Seeds whose anchors are judged together at most.
_MOST_SEEDS = 10


def measure(alibi=None, n_judged=N_JUDGED, n_fresh=N_FRESH):
    X, y = load_breast_cancer(return_X_y=True)
    forest = RandomForestClassifier(100, random_state=0)
    forest.fit(X[:N_TRAIN], y[:N_TRAIN])
    with warnings.catch_warnings():
        # Rows that no rule pins down are counted below.
        warnings.simplefilter("ignore", AnchorWarning)
        return [
            line
            for conditions in ("bin", "range")
            for line in [
                *times(forest, X, conditions, alibi),
                *promises(forest, X, conditions, "hard", n_judged, n_fresh),
                *promises(forest, X, conditions, "soft", n_judged // 5, n_fresh),
            ]
        ]


def times(forest, X, conditions, alibi):
    own = {"precision": PRECISION, "conditions": conditions, "random_state": 0}
    hard = AnchorExplainer(forest, **own).fit(X[:N_TRAIN])
    soft = AnchorExplainer(forest, criterion="soft", **own).fit(X[:N_TRAIN])
    rows = np.resize(X[N_TRAIN:], (N_HARD, X.shape[1]))
    many = np.resize(X, (N_SOFT, X.shape[1]))
    own = np.median([processor_seconds(lambda: hard.explain(rows)) for _ in range(ROUNDS)])
    exact = np.median(
        [processor_seconds(lambda: soft.explain(many)) for _ in range(ROUNDS)]
    )
    own, exact = own / N_HARD, exact / N_SOFT
    what = f'anchors, "{conditions}", forest of 100 trees, 30 columns, precision 0.95'
    yield Line(
        f"{what}, hard, {N_HARD} rows: processor time of a row",
        "at most 0.1 s",
        f"{own:.3f} s",
        own <= 0.1,
    )
    yield Line(
        f"{what}, soft, exact, {N_SOFT:,} rows: processor time of a row",
        "under 20 ms",
        f"{1e3 * exact:.1f} ms",
        exact < 0.02,
    )
    # alibi's conditions are ranges, too.
    if alibi is not None and conditions == "range":
        yield from beside(alibi, hard, forest, X, rows[:N_BESIDE], own)


def beside(alibi, explainer, forest, X, rows, own):
    script = Path(__file__).with_name("anchors_of_alibi.py")
    arguments = [alibi, str(script), str(N_BESIDE), str(N_TRAIN), str(PRECISION)]
    told = subprocess.run(arguments, check=True, capture_output=True, text=True)
    theirs = json.loads(told.stdout.splitlines()[-1])
    seconds = np.mean([one["seconds"] for one in theirs])
    yield Line(
        f"the same beside alibi, {N_BESIDE} rows: processor time of alibi over it",
        "at least 50 times",
        f"{seconds / own:.0f} times: {seconds:.2f} over {own:.3f} s",
        seconds >= 50.0 * own,
    )
    # On one ground: shares of the training rows, and draws of independent columns.
    ground = partial(on_one_ground, forest, X[:N_TRAIN], rows)
    coverage, precision, real = ground([one["conditions"] for one in theirs])
    lower = clone(explainer).set_params(precision=round(precision, 3)).fit(X[:N_TRAIN])
    found = [explainer.explain(rows), lower.explain(rows)]
    own, equal = (ground(list(map(ends, one.rules))) for one in found)
    lengths = [np.mean(list(map(len, one.rules))) for one in found]
    length = np.mean([len(one["conditions"]) for one in theirs])
    yield Line(
        "the same: mean coverage and length of rules",
        "at least alibi's coverage",
        f"{own[0]:.3f}, {lengths[0]:.1f}; alibi {coverage:.3f}, {length:.1f}; precision on "
        f"draws of independent columns {own[1]:.3f}, alibi {precision:.3f}; among the "
        f"training rows that keep the rule {own[2]:.3f}, alibi {real:.3f}",
        own[0] >= coverage,
    )
    yield Line(
        f"the same with precision={lower.precision}, which alibi's rules have on draws of "
        "independent columns",
        "at least alibi's coverage",
        f"{equal[0]:.3f}, {lengths[1]:.1f}; precision {equal[1]:.3f}, among training rows "
        f"{equal[2]:.3f}",
        equal[0] >= coverage,
    )


def on_one_ground(forest, X, rows, rules, n=10_000):
    """Mean coverage of rules, their precision on draws, and among training rows."""
    told = []
    for seed, (row, own) in enumerate(zip(rows, rules, strict=True)):
        c = forest.predict(row[np.newaxis])
        inside = np.ones(len(X), dtype=bool)
        for j, lower, upper in own:
            inside &= (X[:, j] > lower) & (X[:, j] <= upper)
        same = (forest.predict(fresh(X, own, n, seed)) == c).mean()
        real = (forest.predict(X[inside]) == c).mean() if inside.any() else np.nan
        told.append((inside.mean(), same, real))
    return np.nanmean(told, axis=0)


def promises(forest, X, conditions, criterion, n_judged, n_fresh):
    """Judge valid anchors on fresh draws within their rules."""
    own = {"precision": PRECISION, "conditions": conditions, "criterion": criterion}
    found, n_valid, n_rows = distinct(AnchorExplainer(forest, **own), X, n_judged)
    kept, inside = [], []
    for seed, own in enumerate(found):
        answers = forest.predict_proba(own.data)[0]
        drawn = forest.predict_proba(fresh(X[:N_TRAIN], ends(own.rules[0]), n_fresh, seed))
        c = answers.argmax()
        scores, least = drawn[:, c], PRECISION * answers[c]
        if criterion == "hard":
            scores, least = drawn.argmax(axis=1) == c, PRECISION
        error = scores.std() / np.sqrt(n_fresh)
        # What is exact may lie on the threshold, which draws miss by their error.
        kept.append(scores.mean() >= least - (4.0 * error if criterion == "soft" else 0.0))
        low, high = own.precision_intervals[0]
        inside.append(low <= scores.mean() <= high)
    share = np.mean(kept)
    yield Line(
        f'{len(found)} distinct valid {criterion} anchors, conditions="{conditions}", on '
        f"{n_fresh:,} fresh draws each: at least the precision",
        "95 %" if criterion == "hard" else "100 %, within 4 standard errors",
        f"{share:.1%}; {n_valid / n_rows:.0%} of the rows have one",
        share >= (0.95 if criterion == "hard" else 1.0),
    )
    if criterion == "hard":
        yield Line(
            "the same: coverage of the 95 % intervals of precision",
            "0.93 to 0.99",
            f"{np.mean(inside):.3f}",
            0.93 <= np.mean(inside) <= 0.99,
        )


def distinct(explainer, X, n_judged):
    """Valid anchors of different rules, and how many rows of how many have one.

    Rows that share a rule share its draws, and count once. Seeds are added until there are
    enough.
    """
    # Rows of the table, and some that mix two of them.
    rng = np.random.default_rng(1)
    i, j = rng.integers(len(X), size=(2, n_judged))
    mixed = np.where(rng.random((len(i), 1)) < 0.8, X[i], X[j])
    rows = np.concatenate([X, mixed])
    found, n_valid, n_rows = {}, 0, 0
    for seed in range(_MOST_SEEDS):
        own = clone(explainer).set_params(random_state=seed).fit(X[:N_TRAIN])
        anchors = own.explain(rows)
        n_valid, n_rows = n_valid + anchors.valid.sum(), n_rows + len(rows)
        for k in np.flatnonzero(anchors.valid).tolist():
            rule = frozenset(anchors.rules[k].conditions), anchors.target_names[k]
            found.setdefault(rule, anchors[k])
        if len(found) >= n_judged:
            break
    return list(found.values())[:n_judged], n_valid, n_rows


def fresh(X, conditions, n, seed):
    """Draws within a rule, made apart from the library's own.

    Parameters
    ----------
    X : ndarray
        Training rows, whose columns are drawn independently.
    conditions : list of (column, lower, upper)
        Asks for ``lower < x <= upper``.
    """
    rng = np.random.default_rng([seed, 2])
    E = np.empty((n, X.shape[1]))
    values = dict(enumerate(X.T))
    for j, lower, upper in conditions:
        values[j] = values[j][(values[j] > lower) & (values[j] <= upper)]
    for j, own in values.items():
        E[:, j] = own[rng.integers(len(own), size=n)]
    return E


def ends(rule):
    """Conditions of one of our rules, as `fresh` takes them."""
    return [
        (
            own.position,
            -np.inf if own.lower is None else own.lower,
            np.inf if own.upper is None else own.upper,
        )
        for own in rule.conditions
    ]


if __name__ == "__main__":
    print(table(measure(*sys.argv[1:2])))
