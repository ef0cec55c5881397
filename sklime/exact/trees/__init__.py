"""Sums of trees under the laws of columns."""

from sklime.exact.trees.sum_of_trees import SumOfTrees

__all__ = ["SumOfTrees"]
