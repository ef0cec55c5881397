"""Rows of tables: described by columns that all of them share."""

import numpy as np

from sklime.samplers.kinds.base import RowKind
from sklime.tables.checks import check_table, feature_names
from sklime.tables.conditions import TableConditions


class TableRows(RowKind):
    """Rows of a table.

    Parameters
    ----------
    sampler : Sampler
        Fitted; knows the columns.
    """

    name = "table"

    def __init__(self, sampler):
        self.sampler = sampler

    @staticmethod
    def check_columns(owner, X, *, reset):
        return check_table(owner, X, reset=reset)

    def check(self, X):
        return X

    def restore(self, X):
        return self.sampler.restore(X)

    def copies(self, composed):
        return composed

    def column_names(self):
        return feature_names(self.sampler)

    def lay_out(self, rows, coefs):
        return np.stack([coef.ravel() for coef in coefs])

    def explained_names(self):
        return self.column_names()

    def fields(self, X, given, names, spans):
        conditions = TableConditions(*self.sampler.conditions(X))
        return {
            "data": X,
            "feature_names": self.explained_names(),
            "conditions": conditions,
        }

    def names_of_units(self):
        return self.column_names()

    def varies(self):
        return self.sampler.varies()
