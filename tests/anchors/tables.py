"""Tables of few values, whose rules can all be judged by enumeration."""

from itertools import combinations, product

import numpy as np


def small_table(n_columns=6, n_rows=300, seed=0):
    """Rows of the numbers 0 to 2, each of which is a bin, at unequal frequencies."""
    rng = np.random.default_rng(seed)
    columns = [
        rng.choice(3, n_rows, p=rng.dirichlet([3.0, 3.0, 3.0])) for _ in range(n_columns)
    ]
    return np.column_stack(columns)


class Enumeration:
    """All rows that the draws can be, with their probabilities and the model's answers.

    A missing value counts as 3, beyond the others.
    """

    def __init__(self, X, answer):
        self.codes = np.where(np.isnan(X), 3, X).astype(int)
        self.gaps = np.isnan(X).any(axis=0)
        frequencies = [np.bincount(x, minlength=4) / len(x) for x in self.codes.T]
        self.rows = np.array(list(product(*(range(3 + gaps) for gaps in self.gaps))))
        masses = [q[x] for q, x in zip(frequencies, self.rows.T, strict=True)]
        self.masses = np.prod(masses, axis=0)
        rows = np.where(self.rows == 3, np.nan, self.rows) if self.gaps.any() else self.rows
        self.answers = answer(rows.astype(X.dtype))

    def mean(self, row, columns, scores):
        """Mean of scores of all rows within a rule of some columns of a row."""
        return self.mean_of_ranges({j: (row[j], row[j]) for j in columns}, scores)

    def coverage(self, row, columns):
        """Share of the table's rows that keep the rule."""
        return self.coverage_of_ranges({j: (row[j], row[j]) for j in columns})

    def mean_of_ranges(self, rule, scores):
        """Mean of scores of all rows within a rule, a first and last value by column."""
        inside = _inside(self.rows, rule)
        return np.average(scores[inside], weights=self.masses[inside])

    def coverage_of_ranges(self, rule):
        """Share of the table's rows that keep such a rule."""
        return _inside(self.codes, rule).mean()


def _inside(codes, rule):
    inside = np.ones(len(codes), dtype=bool)
    for j, (low, high) in rule.items():
        inside &= (low <= codes[:, j]) & (codes[:, j] <= high)
    return inside


def ranges_around(x, has_gaps):
    """Runs of neighbouring values that hold a row's own, but for all values."""
    if np.isnan(x):
        return [(3, 3)]
    runs = [(low, high) for low in range(int(x) + 1) for high in range(int(x), 3)]
    return runs if has_gaps else [own for own in runs if own != (0, 2)]


def rule_of(anchors, i):
    """First and last value by column that a rule asks for."""
    rule = {}
    for condition in anchors.rules[i].conditions:
        low = 0 if condition.lower is None else int(condition.lower) + 1
        high = 2 if condition.upper is None else int(condition.upper)
        missing = condition.kind == "missing"
        rule[condition.position] = (3, 3) if missing else (low, high)
    return rule


def all_rules(n_columns):
    """All sets of columns, the shortest first."""
    for length in range(n_columns + 1):
        yield from combinations(range(n_columns), length)


def columns_of(anchors, i):
    """Columns of a rule."""
    return tuple(np.flatnonzero(anchors.features[i]))
