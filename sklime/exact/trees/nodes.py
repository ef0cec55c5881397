"""Trees as flat arrays of nodes and splits."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Nodes:
    """Nodes of one or several trees, as flat arrays.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,) of int
        Positions of the children, -1 for leaves.
    feature : ndarray of shape (n_nodes,) of int
        The model feature that an inner node tests.
    threshold : ndarray of shape (n_nodes,)
        Values up to it go left.
    missing_left : ndarray of shape (n_nodes,) of bool
        Whether NaN goes left.
    categories : ndarray of shape (n_nodes,) of int
        Row of `left_sets` where the node tests for categories, else -1.
    value : ndarray of shape (n_nodes, n_outputs)
        What a leaf adds to each output.
    left_sets, known_sets : ndarray of shape (n_sets, n_categories) of bool
        Categories that go left, and those that the node knows; the others go where
        missing values go.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    categories: np.ndarray
    value: np.ndarray
    left_sets: np.ndarray
    known_sets: np.ndarray


@dataclass(frozen=True)
class Splits:
    """Tests of the splits of trees, as parallel arrays.

    Parameters
    ----------
    feature, threshold, missing_left, categories, left_sets, known_sets
        As for `Nodes`, one entry a split.
    precision : dtype
        The precision in which the model compares.
    recode : callable or None
        From the features that tests are about, of shape (n_tests,), and their values, of
        shape (n_tests, n_values), to the values as the model reads them: NaN where it
        takes them for missing. Its `features`, of shape (n_features,) of bool, tell of
        which features. None: as they are.
    """

    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    categories: np.ndarray
    left_sets: np.ndarray
    known_sets: np.ndarray
    precision: type
    recode: Callable | None = None

    def goes_left(self, tests, values):
        """Whether each value goes left at a split.

        Parameters
        ----------
        tests : ndarray of shape (n_tests,) of int
        values : ndarray of shape (n_tests, n_values)
            Values of the feature of each test.

        Returns
        -------
        ndarray of shape (n_tests, n_values) of bool
        """
        if self.recode is not None:
            values = self.recode(self.feature[tests], values)
        missing = np.isnan(values)
        passed = values.astype(self.precision) <= self.threshold[tests, np.newaxis]
        nominal = np.flatnonzero(self.categories[tests] >= 0)
        if len(nominal):
            row = self.categories[tests[nominal], np.newaxis]
            value, n = values[nominal], self.left_sets.shape[1]
            inside = (value >= 0) & (value < n)
            category = np.where(inside, value, 0).astype(int)
            passed[nominal] = self.left_sets[row, category]
            missing[nominal] = ~inside | ~self.known_sets[row, category]
        return np.where(missing, self.missing_left[tests, np.newaxis], passed)

    def compares(self, features):
        """Whether all splits of each feature compare its raw value with a threshold."""
        compared = ~np.isin(features, self.feature[self.categories >= 0])
        if self.recode is not None:
            compared &= ~self.recode.features[features]
        return compared


def joined_nodes(parts):
    """Concatenate the nodes of several trees into one set of arrays."""
    starts = np.cumsum([0] + [len(part.left) for part in parts[:-1]])
    sets = np.cumsum([0] + [len(part.left_sets) for part in parts[:-1]])

    def moved(name, offsets):
        return np.concatenate(
            [
                np.where(getattr(part, name) >= 0, getattr(part, name) + offset, -1)
                for part, offset in zip(parts, offsets, strict=True)
            ]
        )

    def joined(name):
        return np.concatenate([getattr(part, name) for part in parts])

    return Nodes(
        moved("left", starts),
        moved("right", starts),
        joined("feature"),
        joined("threshold"),
        joined("missing_left"),
        moved("categories", sets),
        joined("value"),
        joined("left_sets"),
        joined("known_sets"),
    )
