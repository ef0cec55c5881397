"""Anchors: their time, whether they keep their promise, and alibi's beside them.

``python -m benchmarks.anchors PATH`` compares with alibi, where `PATH` is that of a Python
interpreter that has it: it needs numpy below 2. Its rules are of other kind: half-lines in
place of bins, and draws that keep the dependence of all columns without a condition.
"""

import json
import re
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
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
        lines = [
            *times(forest, X, alibi),
            *promises(forest, X, "hard", n_judged, n_fresh),
            *promises(forest, X, "soft", n_judged // 5, n_fresh),
        ]
    return lines


def times(forest, X, alibi):
    hard = AnchorExplainer(forest, precision=PRECISION, random_state=0).fit(X[:N_TRAIN])
    soft = AnchorExplainer(forest, precision=PRECISION, criterion="soft").fit(X[:N_TRAIN])
    rows = np.resize(X[N_TRAIN:], (N_HARD, X.shape[1]))
    many = np.resize(X, (N_SOFT, X.shape[1]))
    own = np.median([processor_seconds(lambda: hard.explain(rows)) for _ in range(ROUNDS)])
    exact = np.median(
        [processor_seconds(lambda: soft.explain(many)) for _ in range(ROUNDS)]
    )
    own, exact = own / N_HARD, exact / N_SOFT
    what = "anchors, forest of 100 trees, 30 columns, precision 0.95"
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
    if alibi is not None:
        yield from beside(alibi, hard, forest, rows[:N_BESIDE], own)


def beside(alibi, explainer, forest, rows, own):
    anchors = explainer.explain(rows)
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
    coverage = np.mean([one["coverage"] for one in theirs])
    precision = np.mean(
        [
            precision_of(one["rule"], row, forest, explainer.sampler_)
            for one, row in zip(theirs, rows, strict=True)
        ]
    )
    length = np.mean([len(one["rule"]) for one in theirs])
    yield Line(
        "the same: mean coverage and length of rules; alibi's are half-lines",
        "at least alibi's coverage",
        f"{anchors.coverages.mean():.3f}, {np.mean(list(map(len, anchors.rules))):.1f}; "
        f"alibi {coverage:.3f}, {length:.1f}; precision on draws of independent columns "
        f"{anchors.precisions.mean():.3f}, alibi's {precision:.3f}",
        anchors.coverages.mean() >= coverage,
    )


def precision_of(rule, row, forest, sampler, n=2_000):
    """Precision of a rule of alibi's where columns are drawn independently."""
    rng = np.random.default_rng(0)
    E = sampler.shared_law().draw(rng.random((n, len(row))))
    for text in rule:
        # Such as "x3 > 1.50", "x3 <= 1.50" or "1.20 < x3 <= 1.50".
        [j] = map(int, re.findall(r"x(\d+)", text))
        law = sampler.column_law(j)
        low, high = re.search(r"([\d.]+) <", text), re.search(r"<= ([\d.]+)", text)
        low = low or re.search(r"> ([\d.]+)", text)
        inside = np.ones(len(law.values), dtype=bool)
        if low:
            inside &= law.values > float(low[1])
        if high:
            inside &= law.values <= float(high[1])
        masses = np.where(inside, law.masses, 0.0)
        E[:, j] = replace(law, masses=masses / masses.sum()).draw(rng.random(n))
    return (forest.predict(E) == forest.predict(row[np.newaxis])).mean()


def promises(forest, X, criterion, n_judged, n_fresh):
    """Judge valid anchors on fresh draws within their rules."""
    found, n_valid, n_rows = distinct(forest, X, criterion, n_judged)
    kept, inside = [], []
    for seed, (explainer, own) in enumerate(found):
        answers = forest.predict_proba(own.data)[0]
        drawn = forest.predict_proba(
            fresh(explainer.sampler_, own.rules[0], n_fresh, seed)
        )
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
        f"{len(found)} distinct valid {criterion} anchors on {n_fresh:,} fresh draws "
        "each: at least the precision",
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


def distinct(forest, X, criterion, n_judged):
    """Valid anchors of different rules, each with its explainer, and how many rows have one.

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
        explainer = AnchorExplainer(
            forest, precision=PRECISION, criterion=criterion, random_state=seed
        ).fit(X[:N_TRAIN])
        anchors = explainer.explain(rows)
        n_valid, n_rows = n_valid + anchors.valid.sum(), n_rows + len(rows)
        for k in np.flatnonzero(anchors.valid).tolist():
            rule = frozenset(anchors.rules[k].conditions), anchors.target_names[k]
            found.setdefault(rule, (explainer, anchors[k]))
        if len(found) >= n_judged:
            break
    return list(found.values())[:n_judged], n_valid, n_rows


def fresh(sampler, rule, n, seed):
    """Draws within a rule, made apart from the library's own."""
    rng = np.random.default_rng([seed, 2])
    d = len(sampler.columns_)
    E = sampler.shared_law().draw(rng.random((n, d)))
    for condition in rule.conditions:
        law = sampler.column_law(condition.position)
        inside = np.ones(len(law.values), dtype=bool)
        if condition.lower is not None:
            inside &= law.values > condition.lower
        if condition.upper is not None:
            inside &= law.values <= condition.upper
        masses = np.where(inside, law.masses, 0.0)
        law = replace(law, masses=masses / masses.sum())
        E[:, condition.position] = law.draw(rng.random(n))
    return sampler.format_.decode(E)


if __name__ == "__main__":
    print(table(measure(*sys.argv[1:2])))
