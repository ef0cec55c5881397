"""State of fitted objects in words: what libraries of tables made, as arrays and strings.

A frame, a column or a dtype of pandas, polars or Arrow is an object of classes that change
between versions of these libraries, and that no format but pickle takes. In the state of an
object of ours its words stand for it.
"""

import json
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from sklime.serialization.encoding import decode, encode

# What of the state of an object belongs to these has words.
_LIBRARIES = ("pandas", "polars", "pyarrow")
# Columns of these dtypes are arrays as they are.
_NUMBERS = "biufc"
_POLARS_NUMBERS = frozenset(
    "Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float32 Float64".split()
)


@dataclass(frozen=True, eq=False)
class InWords:
    """A value of a library of tables, in words.

    Parameters
    ----------
    kind : str
        What it is; one of the keys of the table below.
    text : str
        Its content as JSON.
    arrays : dict of int to ndarray
        Columns of numbers, by position.
    """

    kind: str
    text: str
    arrays: dict


class PlainState:
    """Mixin of objects whose state is plain: arrays, strings, numbers, and objects of ours.

    Attributes that hold what a library of tables made are written in words, and read back
    as they were.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklime.serialization.state import PlainState
    >>> class Kept(PlainState):
    ...     pass
    >>> kept = Kept()
    >>> kept.columns = pd.DataFrame({"pet": ["dog", "cat"], "age": [3, 1]})
    >>> kept.__getstate__()["columns"].arrays
    {1: array([3, 1])}
    """

    def __getstate__(self):
        state = super().__getstate__()
        if not isinstance(state, dict):
            return state
        return {name: in_words(value) for name, value in state.items()}

    def __setstate__(self, state):
        state = {name: from_words(value) for name, value in state.items()}
        if hasattr(super(), "__setstate__"):
            super().__setstate__(state)
        else:
            self.__dict__.update(state)


def in_words(value):
    """Write a value of a library of tables in words; any other stays as it is.

    Parameters
    ----------
    value : object
        Of pandas, polars or pyarrow: a frame, a column, an extension array, a dtype, a
        scalar, or one of their classes of frames. Or a list, tuple or dict of such.

    Returns
    -------
    InWords or object
        The value itself also where there are no words for it: pickles take it.
    """
    try:
        kind = _kind_of(value)
        if kind is None:
            return value
        return InWords(kind, *_KINDS[kind][0](value))
    except (TypeError, ValueError, NotImplementedError):
        return value


def from_words(value):
    """Rebuild what `in_words` wrote; any other value stays as it is."""
    if not isinstance(value, InWords):
        return value
    return _KINDS[value.kind][1](value.text, value.arrays)


def _kind_of(value):
    if isinstance(value, type):
        return "class" if _is_frame_class(value) else None
    if isinstance(value, (list, tuple)):
        return "values" if any(_library_of(own) for own in value) else None
    library = _library_of(value)
    if library is None:
        return None
    if library == "polars":
        return _kind_in_polars(value)
    if library == "pyarrow":
        return "arrow table" if hasattr(value, "to_batches") else "arrow type"
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return "frame"
    if isinstance(value, pd.api.extensions.ExtensionDtype):
        return "dtype"
    if isinstance(value, pd.api.extensions.ExtensionArray):
        return "extension array"
    if isinstance(value, pd.Index):
        return "index"
    return "values"


def _kind_in_polars(value):
    import polars as pl

    if isinstance(value, pl.DataFrame):
        return "polars frame"
    if isinstance(value, pl.Series):
        return "values"
    return "polars dtype" if isinstance(value, pl.DataType) else None


def _library_of(value):
    library = type(value).__module__.partition(".")[0]
    return library if library in _LIBRARIES else None


def _is_frame_class(value):
    return _library_name(value) in _FRAME_CLASSES


def _library_name(value):
    for base in value.__mro__:
        name = f"{base.__module__.partition('.')[0]}.{base.__name__}"
        if name in _FRAME_CLASSES:
            return name
    return None


_FRAME_CLASSES = (
    "pandas.DataFrame",
    "polars.DataFrame",
    "pyarrow.Table",
    "scipy.csr_array",
    "scipy.csr_matrix",
)


def _write_class(value):
    return _library_name(value), {}


def _read_class(text, arrays):
    library, name = text.split(".")
    if text not in _FRAME_CLASSES:
        raise ValueError(f"{text!r} is no class of tables")
    own = import_module("scipy.sparse" if library == "scipy" else library)
    return getattr(own, name)


def _write_frame(frame):
    """Numbers as arrays; the index, the names and all other columns as JSON."""
    import pandas as pd

    arrays = {
        j: frame.iloc[:, j].to_numpy()
        for j, dtype in enumerate(frame.dtypes)
        if isinstance(dtype, np.dtype) and dtype.kind in _NUMBERS
    }
    others = [j for j in range(frame.shape[1]) if j not in arrays]
    index, rest = frame.index, frame.iloc[:, others]
    counted = isinstance(index, pd.RangeIndex)
    content = {
        "names": encode(pd.DataFrame(index=frame.columns)),
        "range": [index.start, index.stop, index.step] if counted else None,
        "name": encode(index.name) if counted else None,
        "others": others,
        "rest": encode(rest.reset_index(drop=True) if counted else rest),
    }
    return json.dumps(content), arrays


def _read_frame(text, arrays):
    import pandas as pd

    content = json.loads(text)
    rest = decode(content["rest"])
    index = rest.index
    if content["range"] is not None:
        index = pd.RangeIndex(*content["range"], name=decode(content["name"]))
    columns = {j: pd.Series(own, index=index, copy=False) for j, own in arrays.items()}
    others = enumerate(content["others"])
    columns |= {j: rest.iloc[:, place].set_axis(index) for place, j in others}
    # The copy joins the columns of one dtype in one block, which models read faster.
    frame = pd.DataFrame({j: columns[j] for j in sorted(columns)}, index=index, copy=True)
    frame.columns = decode(content["names"]).index
    return frame


def _write_polars(frame):
    """The same of polars, which has neither an index nor names that are no strings."""
    arrays = {
        j: series.to_numpy()
        for j, series in enumerate(frame.get_columns())
        if str(series.dtype) in _POLARS_NUMBERS and not series.null_count()
    }
    others = [j for j in range(frame.width) if j not in arrays]
    rest = encode(frame[:, others])
    return json.dumps({"names": frame.columns, "others": others, "rest": rest}), arrays


def _read_polars(text, arrays):
    import polars as pl

    content = json.loads(text)
    columns = {j: pl.Series(content["names"][j], own) for j, own in arrays.items()}
    rest = decode(content["rest"]).get_columns()
    columns |= dict(zip(content["others"], rest, strict=True))
    return pl.DataFrame([columns[j] for j in sorted(columns)])


def _write_value(value):
    return json.dumps(encode(value)), {}


def _read_value(text, arrays):
    return decode(json.loads(text))


def _write_array(array):
    import pandas as pd

    return _write_value(pd.Series(array, dtype=array.dtype))


def _read_array(text, arrays):
    return _read_value(text, arrays).array


def _write_index(index):
    import pandas as pd

    return _write_value(pd.DataFrame(index=index))


def _read_index(text, arrays):
    return _read_value(text, arrays).index


def _write_dtype(dtype):
    import pandas as pd

    return _write_value(pd.Series([], dtype=dtype))


def _read_dtype(text, arrays):
    return _read_value(text, arrays).dtype


def _write_polars_dtype(dtype):
    import polars as pl

    return _write_value(pl.Series([], dtype=dtype))


def _write_arrow_table(table):
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return "", {0: np.frombuffer(sink.getvalue(), dtype=np.uint8)}


def _read_arrow_table(text, arrays):
    import pyarrow as pa

    table = pa.ipc.open_stream(pa.py_buffer(arrays[0])).read_all()
    # Which looks at every offset in it.
    table.validate(full=True)
    return table


def _write_arrow_type(arrow_type):
    from sklime.serialization.arrow import spec_of

    return json.dumps(spec_of(arrow_type)), {}


def _read_arrow_type(text, arrays):
    from sklime.serialization.arrow import type_of

    return type_of(json.loads(text))


_KINDS = {
    "class": (_write_class, _read_class),
    "frame": (_write_frame, _read_frame),
    "values": (_write_value, _read_value),
    "extension array": (_write_array, _read_array),
    "index": (_write_index, _read_index),
    "dtype": (_write_dtype, _read_dtype),
    "polars frame": (_write_polars, _read_polars),
    "polars dtype": (_write_polars_dtype, _read_dtype),
    "arrow table": (_write_arrow_table, _read_arrow_table),
    "arrow type": (_write_arrow_type, _read_arrow_type),
}
