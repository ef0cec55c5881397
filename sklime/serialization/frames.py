"""Series and frames of pandas and polars as plain JSON, and back, equal to the bit."""

from decimal import Decimal

import numpy as np

from sklime.serialization import arrow
from sklime.serialization.arrays import decode_array, encode_array
from sklime.serialization.equality import identical
from sklime.serialization.scalars import (
    check_zone,
    decode_scalar,
    encode_scalar,
)

# The dtypes of polars that a document may name; times are written as polars' own ints.
_POLARS_VALUES = frozenset(
    "Int8 Int16 Int32 Int64 Int128 UInt8 UInt16 UInt32 UInt64 Float32 Float64 Boolean "
    "String Null".split()
)
_POLARS_TIMES = frozenset(["Date", "Time", "Datetime", "Duration"])
_POLARS_LABELS = frozenset(["Categorical", "Enum"])
# Beyond the digits of any decimal dtype. Where a column is to hold them, pandas, Arrow and
# polars write the zeros of exponents out, whatever memory these take.
_MOST_ZEROS = 400
# What values are in a document, other than numbers.
_POLARS_OBJECTS = {
    **dict.fromkeys(("String", "Categorical", "Enum"), str),
    "Decimal": Decimal,
    "Boolean": bool,
}


def encode_pandas(frame):
    """Write a pandas DataFrame, or a Series as a frame of one column.

    Parameters
    ----------
    frame : pandas.DataFrame or pandas.Series
        Of dtypes of numpy, categories, times with a zone, or any other dtype that pandas
        rebuilds from its name and its values as objects.

    Returns
    -------
    dict
        ``index`` and ``columns`` (each with ``names`` and ``levels``) and ``values``, one
        column each.

    Raises
    ------
    TypeError
        If a column cannot be rebuilt from JSON.
    """
    frame = frame.to_frame(frame.name) if frame.ndim == 1 else frame
    return {
        "index": _encode_index(frame.index),
        "columns": _encode_index(frame.columns),
        "values": [_encode_column(frame.iloc[:, j]) for j in range(frame.shape[1])],
    }


def decode_pandas(content):
    """Rebuild the DataFrame that `encode_pandas` wrote."""
    import pandas as pd

    index = _decode_index(content["index"])
    columns = [_decode_column(column) for column in content["values"]]
    # With its dtype, or pandas would guess at strings.
    series = [pd.Series(own, index=index, dtype=own.dtype) for own in columns]
    frame = pd.DataFrame(dict(enumerate(series)), index=index)
    frame.columns = _decode_index(content["columns"])
    return frame


def encode_polars(frame):
    """Write a polars DataFrame, or a Series as a frame of one column.

    Parameters
    ----------
    frame : polars.DataFrame or polars.Series
        Of numbers, booleans, strings, categories or times.

    Returns
    -------
    list of dict
        The columns, each with ``name``, ``dtype`` and ``values``: times as ints in the unit
        of the dtype, categories as strings.

    Raises
    ------
    TypeError
        If a column has another dtype.
    """
    import polars as pl

    series = [frame] if isinstance(frame, pl.Series) else frame.get_columns()
    return [_encode_polars_series(own) for own in series]


def decode_polars(content):
    """Rebuild the DataFrame that `encode_polars` wrote."""
    import polars as pl

    return pl.DataFrame([_decode_polars_series(own) for own in content])


def _encode_index(index):
    levels = [index.get_level_values(i).to_series() for i in range(index.nlevels)]
    return {
        "names": [encode_scalar(name) for name in index.names],
        "levels": [_encode_column(level) for level in levels],
    }


def _decode_index(content):
    import pandas as pd

    names = [decode_scalar(name) for name in content["names"]]
    levels = [_decode_column(level) for level in content["levels"]]
    levels = [pd.Index(own, dtype=own.dtype, tupleize_cols=False) for own in levels]
    if len(levels) == 1:
        return levels[0].rename(names[0])
    return pd.MultiIndex.from_arrays(levels, names=names)


def _encode_column(column):
    """Write a Series without its index and name."""
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        return encode_array(column.to_numpy())
    if isinstance(dtype, pd.CategoricalDtype):
        return {
            "dtype": "category",
            "ordered": bool(dtype.ordered),
            "categories": _encode_column(dtype.categories.to_series()),
            "codes": column.cat.codes.tolist(),
        }
    if isinstance(dtype, pd.SparseDtype):
        return {
            "dtype": "sparse",
            "fill": encode_scalar(dtype.fill_value),
            "dense": _encode_column(column.sparse.to_dense()),
        }
    if isinstance(dtype, pd.DatetimeTZDtype):
        utc = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        return {"dtype": "zoned", "zone": str(dtype.tz), "utc": encode_array(utc)}
    values = [None if pd.isna(value) else value for value in column.astype(object)]
    # The name of most dtypes says all; some have parameters that it leaves out.
    for spec in (lambda: str(dtype), lambda: _spec_of(dtype)):
        try:
            content = {"dtype": spec(), "objects": list(map(encode_scalar, values))}
            if identical(_series(_decode_column(content)), _series(column.array)):
                return content
        except (TypeError, ValueError, NotImplementedError):
            continue
    raise TypeError(
        f"column {column.name!r} of dtype {dtype} cannot be written as JSON: convert "
        "it to numbers, strings or categories before explaining"
    )


def _decode_column(content):
    import pandas as pd

    if content["dtype"] == "category":
        categories = _decode_column(content["categories"])
        categories = pd.Index(categories, dtype=categories.dtype)
        return pd.Categorical.from_codes(
            content["codes"], categories=categories, ordered=content["ordered"]
        )
    if content["dtype"] == "sparse":
        fill = decode_scalar(content["fill"])
        return pd.arrays.SparseArray(_decode_column(content["dense"]), fill_value=fill)
    if content["dtype"] == "zoned":
        utc = pd.DatetimeIndex(decode_array(content["utc"])).tz_localize("UTC")
        return utc.tz_convert(check_zone(content["zone"])).array
    if "objects" in content:
        objects = _held(content["objects"])
        dtype = _dtype_of(content["dtype"])
        if isinstance(dtype, pd.ArrowDtype):
            return arrow.array_of(objects, dtype.pyarrow_dtype)
        return pd.array(objects, dtype=dtype)
    return decode_array(content)


def _held(values):
    """Values of a column that is no numpy array, decoded."""
    found = list(map(decode_scalar, values))
    for own in found:
        if isinstance(own, Decimal) and own.is_finite():
            if abs(own.as_tuple().exponent) > _MOST_ZEROS:
                raise ValueError(f"{own:.3e} is no value that a column may hold")
    return found


def _fits_polars(value):
    return value.is_finite() and value.as_tuple().exponent >= -38


def _spec_of(dtype):
    """Write a dtype whose name leaves parameters out: of strings, or of Arrow."""
    import pandas as pd

    if isinstance(dtype, pd.StringDtype):
        missing = "NA" if dtype.na_value is pd.NA else "nan"
        return {"strings": dtype.storage, "missing": missing}
    if isinstance(dtype, pd.ArrowDtype):
        return {"arrow": arrow.spec_of(dtype.pyarrow_dtype)}
    raise TypeError(f"{dtype} has no parameters that are known")


def _dtype_of(spec):
    import pandas as pd

    if isinstance(spec, str):
        # pandas takes "dateutil/" in it for the beginning of a path.
        dtype = None if "dateutil" in spec else pd.api.types.pandas_dtype(spec)
        if not isinstance(dtype, pd.api.extensions.ExtensionDtype):
            raise ValueError(f"{spec!r} is no dtype that a document may name")
        return dtype
    if "arrow" in spec:
        return pd.ArrowDtype(arrow.type_of(spec["arrow"]))
    missing = {"NA": pd.NA, "nan": np.nan}[spec["missing"]]
    return pd.StringDtype(spec["strings"], na_value=missing)


def _series(values):
    import pandas as pd

    return pd.Series(values, dtype=values.dtype)


def _encode_polars_series(series):
    import polars as pl

    dtype = series.dtype
    name = dtype.base_type().__name__
    spec = {"class": name}
    if name in _POLARS_TIMES:
        parameters = ("time_unit", "time_zone")
        spec |= {p: getattr(dtype, p) for p in parameters if hasattr(dtype, p)}
        series = series.to_physical()
    elif name in _POLARS_LABELS:
        spec |= {"categories": dtype.categories.to_list()} if name == "Enum" else {}
        series = series.cast(pl.String)
    elif name == "Decimal":
        spec |= {"precision": dtype.precision, "scale": dtype.scale}
    elif name not in _POLARS_VALUES:
        raise TypeError(
            f"column {series.name!r} of dtype {dtype} cannot be written as JSON: convert "
            "it to numbers, strings or categories before explaining"
        )
    values = list(map(encode_scalar, series.to_list()))
    return {"name": series.name, "dtype": spec, "values": values}


def _decode_polars_series(content):
    import polars as pl

    spec = dict(content["dtype"])
    name = spec.pop("class")
    if name not in _POLARS_VALUES | _POLARS_TIMES | _POLARS_LABELS | {"Decimal"}:
        raise ValueError(f"{name!r} is no dtype of polars that a document may name")
    dtype = getattr(pl, name)(**spec)
    written = {
        **dict.fromkeys(_POLARS_TIMES, pl.Int64),
        **dict.fromkeys(_POLARS_LABELS, pl.String),
    }
    values = _held(content["values"])
    # polars may end the process for others.
    wanted = _POLARS_OBJECTS.get(name, (int, float))
    wrong = [own for own in values if own is not None and not isinstance(own, wanted)]
    if name == "Decimal" and not wrong:
        wrong = [own for own in values if own is not None and not _fits_polars(own)]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is no value of dtype {name}")
    return pl.Series(content["name"], values, dtype=written.get(name, dtype)).cast(dtype)
