"""Codecs of table columns: how each is written as floats and restored."""

import numpy as np

from sklime.serialization.state import PlainState, from_words, in_words

_PLAIN_NUMBERS = (bool, int, float, np.generic)


class Numbers(PlainState):
    """Codec of numbers of a numpy dtype.

    Parameters
    ----------
    dtype : numpy dtype
        Of the training column.
    """

    def __init__(self, dtype):
        self.dtype = dtype

    def encode(self, column):
        """Floats of a column, NaN where it is missing."""
        return column.floats()

    def decode(self, values):
        """Restore a column from its floats."""
        return cast(values, self.dtype)

    def text(self, value):
        """Readable text of one float that is not NaN."""
        if value.is_integer() and abs(value) < 1e16:
            return f"{value:.0f}"
        # The shortest text depends on the precision: 0.1 in float32 is not 0.1 in float64.
        size = self.dtype.itemsize if self.dtype.kind == "f" else 8
        return str(np.dtype(f"f{size}").type(value))

    def edge(self, cut, observed):
        """Text of a bin edge, as short as training values on their sides allow."""
        return edge_text(cut, observed)


class ObjectNumbers(Numbers):
    """Codec of numbers as Python objects.

    Parameters
    ----------
    observed : list
        The numbers.
    missing_marker : object
        The missing value.
    """

    def __init__(self, observed, missing_marker):
        dtype = np.array(observed).dtype
        super().__init__(dtype if dtype.kind in "iub" else np.dtype(np.float64))
        self.missing_marker = missing_marker
        # Decimals and fractions, of which the first stands for new ones.
        rare = [own for own in observed if not isinstance(own, _PLAIN_NUMBERS)]
        self.known = {float(own): own for own in observed} if rare else {}
        self.make = type(rare[0]) if len(rare) == len(observed) > 0 else float

    def decode(self, values):
        observed = ~np.isnan(values)
        column = np.full(len(values), self.missing_marker, dtype=object)
        if self.known:
            own = values[observed].tolist()
            column[observed] = [
                self.known[number] if number in self.known else self.make(number)
                for number in own
            ]
        else:
            column[observed] = super().decode(values[observed])
        return column


class ExtensionNumbers(Numbers):
    """Codec of numbers of a pandas extension dtype, such as Int64 or pyarrow's."""

    def decode(self, values):
        import pandas

        floats = pandas.Series(values, copy=False)
        try:
            column = floats.astype(self.dtype)
        except (ArithmeticError, TypeError, ValueError, NotImplementedError):
            # 0.5 is no integer, and -1 none without a sign.
            return floats
        if self.dtype.kind == "f":
            return column
        back = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return column if np.array_equal(back, values, equal_nan=True) else floats


class PolarsNumbers(Numbers):
    """Codec of numbers in polars.

    Parameters
    ----------
    series : polars Series
        The training column.
    """

    def __init__(self, series):
        import polars

        super().__init__(np.dtype("f4" if series.dtype == polars.Float32 else "f8"))
        self.polars_dtype = series.dtype
        # NaN is a float for polars; nothing but null can be missing elsewhere.
        self.null = not series.dtype.is_float() or series.null_count() > 0

    def decode(self, values):
        import polars

        floats = polars.Series(values)
        if self.null:
            floats = floats.fill_nan(None)
        column = floats.cast(self.polars_dtype, strict=False)
        if self.polars_dtype.is_float():
            return column
        return column if column.cast(polars.Float64).equals(floats) else floats


class Levels(PlainState):
    """Codec of a nominal column: each float is the index of a level.

    Parameters
    ----------
    objects : ndarray of shape (n_levels,), dtype object
        The levels, in their order.
    observed : array or polars Series of shape (n_levels,)
        The levels in the dtype of the training column.
    choices : array or polars Series of shape (n_levels + 1,)
        The same, then the missing value.
    """

    def __init__(self, objects, observed, choices):
        self.objects = objects
        self.indices = {level: index for index, level in enumerate(objects)}
        self.observed = observed
        self.choices = choices

    def __getstate__(self):
        # As lists, which have words for all that levels can be.
        state = super().__getstate__() | {"objects": in_words(self.objects.tolist())}
        del state["indices"]
        return state

    def __setstate__(self, state):
        known = {name: from_words(own) for name, own in state.items()}
        objects = np.empty(len(known["objects"]), dtype=object)
        objects[:] = known["objects"]
        self.__init__(objects, known["observed"], known["choices"])

    def encode(self, column):
        """Level indices of a column, NaN where it is missing and -1 where unknown."""
        import pandas

        codes, values = pandas.factorize(column.values())
        levels = [self.indices.get(value, -1) for value in np.asarray(values, dtype=object)]
        # A missing value has the code -1 and so takes the last.
        return np.array([*levels, np.nan])[codes]

    def decode(self, values):
        """Restore a column from its level indices."""
        missing = np.isnan(values)
        codes = np.where(missing, len(self.objects), values).astype(np.intp)
        wrong = ~missing & (
            (codes != values) | (values < 0) | (values >= len(self.objects))
        )
        if wrong.any():
            raise ValueError(
                f"{values[wrong][0]} is no level index: only 0 to {len(self.objects) - 1} "
                "can be turned into a value seen in training; -1 is an unknown one."
            )
        return (self.choices if missing.any() else self.observed)[codes]

    def text(self, value):
        """Readable text of one level index; -1 is an unknown one."""
        return "unknown" if value < 0 else str(self.objects[int(value)])


class SparseValues(PlainState):
    """Codec of a sparse column of a pandas frame.

    Parameters
    ----------
    codec : object
        Codec of the same column made dense.
    dtype : pandas SparseDtype
        Of the training column.
    """

    def __init__(self, codec, dtype):
        self.codec = codec
        self.sparse_dtype = dtype

    def encode(self, column):
        """Floats of a column, sparse or not."""
        return self.codec.encode(column)

    def decode(self, values):
        """Restore a sparse column from its floats."""
        import pandas

        dense = np.asarray(self.codec.decode(values))
        return pandas.arrays.SparseArray(dense, fill_value=self.sparse_dtype.fill_value)

    def text(self, value):
        """Readable text of one float that is not NaN."""
        return self.codec.text(value)

    def edge(self, cut, observed):
        """Text of a bin edge."""
        return self.codec.edge(cut, observed)


def edge_text(edge, observed):
    """Text of a bin edge, as short as possible with every training value on its side.

    Parameters
    ----------
    edge : float
    observed : ndarray of shape (n_values,)
        The training values, sorted.
    """
    above = np.searchsorted(observed, edge, side="right")
    for digits in range(4, 17):
        text = np.format_float_positional(
            edge, precision=digits, unique=False, fractional=False, trim="-"
        )
        if not 1e-5 <= abs(edge) < 1e15:
            text = f"{edge:.{digits}g}"
        if np.searchsorted(observed, float(text), side="right") == above:
            return text
    return repr(float(edge))


def cast(values, dtype):
    """Floats as a numpy dtype, unchanged where the cast would change values.

    Parameters
    ----------
    dtype : numpy dtype
        Of numbers or booleans. Another precision of floats is no change.
    """
    if dtype.kind == "f":
        return values.astype(dtype, copy=False)
    with np.errstate(invalid="ignore"):
        converted = values.astype(dtype)
    return converted if np.array_equal(converted, values) else values
