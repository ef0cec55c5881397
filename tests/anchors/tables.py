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
    """All rows that the draws can be, with their probabilities and the model's answers."""

    def __init__(self, X, answer):
        self.X = X
        frequencies = [np.bincount(x, minlength=3) / len(x) for x in X.T]
        self.rows = np.array(list(product(range(3), repeat=X.shape[1])))
        masses = [q[x] for q, x in zip(frequencies, self.rows.T, strict=True)]
        self.masses = np.prod(masses, axis=0)
        self.answers = answer(self.rows)

    def mean(self, row, columns, scores):
        """Mean of scores of all rows within a rule of some columns of a row."""
        within = (self.rows[:, list(columns)] == row[list(columns)]).all(axis=1)
        return np.average(scores[within], weights=self.masses[within])

    def coverage(self, row, columns):
        """Share of the table's rows that keep the rule."""
        return (self.X[:, list(columns)] == row[list(columns)]).all(axis=1).mean()


def all_rules(n_columns):
    """All sets of columns, the shortest first."""
    for length in range(n_columns + 1):
        yield from combinations(range(n_columns), length)


def columns_of(anchors, i):
    """Columns of a rule."""
    return tuple(np.flatnonzero(anchors.features[i]))
