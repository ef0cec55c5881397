"""How tables are written as numbers and back: what dense and sparse formats share."""

from abc import ABC, abstractmethod


class TableFormat(ABC):
    """Base of the formats: what samplers ask of a table, whatever its container.

    Attributes
    ----------
    n_features : int
        Number of columns.
    feature_names : ndarray of shape (n_features,), dtype object
        Column names as str; ``"x0"``, ``"x1"``, ... where the table has none.
    nominal : ndarray of shape (n_features,), dtype bool
        Columns of levels; all others are numbers.
    """

    @abstractmethod
    def columns(self, X, build, categorical):
        """Learn every column.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Training rows.
        build : callable
            Learns one column from its encoded values, name and kind.
        categorical : ndarray of shape (n_features,), dtype bool
            Columns compared for equality.

        Returns
        -------
        sequence of Column
            To be indexed by position.
        """

    @abstractmethod
    def rows(self, X, columns):
        """Give what describes each row.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            The rows.
        columns : sequence of Column
            As `columns` gives them.

        Yields
        ------
        own : tuple of Column
            The columns that describe the row.
        e : ndarray of shape (1, n_own)
            The row's values of these columns.
        row_format : object
            Has the `feature_names` of these columns, and the methods `encode` and `decode`
            between tables and their values, and `describe` of one value.
        """

    @abstractmethod
    def units(self, X):
        """Tell which columns describe each row.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            The rows.

        Returns
        -------
        list of ndarray of int, or None
            Their positions; None: all columns describe every row.
        """

    @abstractmethod
    def varies(self, columns):
        """Tell which columns had more than one value in training.

        Parameters
        ----------
        columns : sequence of Column
            As `columns` gives them.

        Returns
        -------
        ndarray of shape (n_features,), dtype bool
        """

    @abstractmethod
    def restore(self, X):
        """Give rows in the container and dtypes of the training table.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            The rows.

        Returns
        -------
        table
            `X` itself where a value has no place in such a table.
        """

    @abstractmethod
    def typical_units(self, X):
        """Tell how many columns describe a row on average.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Training rows.

        Returns
        -------
        float
            At least 1.
        """
