"""Category codes of the boosting libraries: codes and numbers of a frame's categories."""

import numpy as np

from sklime.exceptions import NoClosedForm

# Categories, over all nodes that test for them: with their copies about 200 MB.
_MOST_CATEGORIES = 50_000_000


class CategoryCodes:
    """Preprocessing step that encodes a frame's categories as the library did in training.

    Parameters
    ----------
    categories : list of n_categorical lists
        The categories of each categorical column of the training frame, in the order of
        their codes.
    """

    def __init__(self, categories):
        self.categories = categories

    def transform(self, table):
        """Encode a frame as a float matrix.

        Parameters
        ----------
        table : DataFrame of shape (n_rows, n_features)
            Rows in the columns of the training frame.

        Returns
        -------
        ndarray of shape (n_rows, n_features)
            NaN where a value is missing, or a category unknown.

        Raises
        ------
        NoClosedForm
            If it is no pandas frame, or has other categorical columns.
        """
        import pandas

        columns = [column for _, column in table.items()] if hasattr(table, "iloc") else []
        nominal = [isinstance(c.dtype, pandas.CategoricalDtype) for c in columns]
        if sum(nominal) != len(self.categories):
            raise NoClosedForm(
                f"the model was fitted on a pandas frame of {len(self.categories)} "
                f"categorical columns, and is asked about {sum(nominal)}"
            )
        known = iter(self.categories)
        return np.column_stack(
            [
                self._codes(column.cat, pandas.Index(next(known)))
                if is_nominal
                else column.to_numpy(dtype=np.float64, na_value=np.nan)
                for column, is_nominal in zip(columns, nominal, strict=True)
            ]
        )

    @staticmethod
    def _codes(column, known):
        codes = np.append(known.get_indexer(column.categories), -1)[column.codes]
        return np.where(codes < 0, np.nan, codes)


def check_categories(n_nodes, n_categories):
    """Refuse a model whose sets of categories would not fit into memory.

    Parameters
    ----------
    n_nodes : int
        Nodes that test for categories.
    n_categories : int
        Number of categories, from 0 to the largest code.

    Raises
    ------
    NoClosedForm
        If there are too many.
    """
    if n_nodes * n_categories > _MOST_CATEGORIES:
        raise NoClosedForm(
            f"{n_nodes:,} nodes with sets of {n_categories:,} categories do not fit into "
            "memory"
        )
