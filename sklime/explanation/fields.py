"""Fields of an explanation: the shape group of each, and checks that shapes agree."""

import reprlib
from dataclasses import fields
from functools import cache
from types import MappingProxyType

import numpy as np

from sklime.explanation.units import by_output, is_label_map, unit_mask
from sklime.tables.access import n_rows, row_of

# Metadata of the fields that are float arrays of output shape, of unit shape, with a
# number for each pair of features, and with one for each class, explained or not.
PER_OUTPUT = MappingProxyType({"shape": "output"})
PER_UNIT = MappingProxyType({"shape": "unit"})
PER_PAIR = MappingProxyType({"shape": "pair"})
PER_CLASS = MappingProxyType({"shape": "class"})
RAGGED = ("conditions", "unit_names", "unit_spans")


def names_per_output(explanation):
    """Names of the fields of output shape, of an explanation or its class."""
    return _arrays_of(explanation)["output"]


def names_per_unit(explanation):
    """Names of the fields of unit shape, of an explanation or its class."""
    return _arrays_of(explanation)["unit"]


def names_per_pair(explanation):
    """Names of the fields with a number for each pair of features."""
    return _arrays_of(explanation)["pair"]


def names_per_class(explanation):
    """Names of the fields with a number for each class."""
    return _arrays_of(explanation)["class"]


def names_by_explained(explanation):
    """Names of the fields of output shape, of unit shape, then of those for pairs."""
    own = explanation
    return names_per_output(own) + names_per_unit(own) + names_per_pair(own)


def names_of_arrays(explanation):
    """Names of all float arrays."""
    return names_by_explained(explanation) + names_per_class(explanation)


def optional_arrays(explanation):
    """Names of the float arrays that may be None, in an explanation or its class."""
    return _arrays_of(explanation)["optional"]


def map_fields(explanation, names, function):
    """Apply a function to each named field that is not None."""
    own = {name: getattr(explanation, name) for name in names}
    return {name: function(f) for name, f in own.items() if f is not None}


def check_shapes(explanation):
    """Raise a ValueError where the shapes of two fields do not go together."""
    e = explanation
    if e.values.ndim not in (2, 3):
        raise ValueError(
            f"values has shape {e.shape}, "
            "expected (n, d) or, for all outputs, (n, n_outputs, d)"
        )
    n, *outputs, d = e.shape
    ragged = e.unit_names is not None
    expected = dict.fromkeys(names_per_output(e), (n, *outputs)) | {
        "feature_names": (e.n_features if ragged else d,),
        "target_names": tuple(outputs) or (n,),
        "data": (n, e.n_features if ragged else d),
        "conditions": (n,) if ragged else (n, d),
        "unit_names": (n,),
        "unit_spans": (n,),
    }
    expected |= dict.fromkeys(names_per_unit(e), e.shape)
    n_pairs = 0 if e.interaction_pairs is None else len(e.interaction_pairs)
    expected |= dict.fromkeys(names_per_pair(e), (n, *outputs, n_pairs))
    n_classes = len(e.meta.get("classes", ()))
    expected |= dict.fromkeys(names_per_class(e), (n, n_classes))
    if e.kind != "table":
        expected["data"] = (n,)
    for name, field in map_fields(e, expected, lambda field: field).items():
        found = field.shape if hasattr(field, "shape") else (len(field),)
        if name == "data" and e.kind != "table":
            found = (n_rows(field),)
        if found != expected[name]:
            raise ValueError(
                f"{name} has shape {found}, expected {expected[name]} "
                f"to go with values of shape {e.shape}"
            )


def check_units(explanation):
    """Raise a ValueError where units, their spans and the padding do not agree."""
    e = explanation
    if e.unit_names is None:
        if e.unit_spans is not None:
            raise ValueError("unit_spans is given without unit_names: give both")
        return
    for name, rows in map_fields(e, RAGGED, lambda rows: rows).items():
        for i, (own, units) in enumerate(zip(rows, e.unit_names, strict=True)):
            if name == "unit_spans" and is_label_map(own, row_of(e.data, i)):
                _check_label_map(own, i, len(units))
            elif len(own) != len(units):
                raise ValueError(
                    f"{name}[{i}] has shape {(len(own),)}, expected {(len(units),)}, "
                    f"the shape of unit_names[{i}]"
                )
    longest = max(map(len, e.unit_names), default=0)
    padding = np.where(unit_mask(e)[:, np.newaxis], np.nan, by_output(e.values))
    if longest > e.shape[-1] or not np.isnan(padding).all():
        raise ValueError(
            f"unit_names has up to {longest} units a row, values has shape "
            f"{e.shape}: pad its rows with NaN to the longest"
        )
    if e.kind == "table":
        _check_columns(e)


def check_pairs(explanation):
    """Raise a ValueError where interactions lack their pairs, or pairs are no features."""
    e = explanation
    if (e.interactions is None) != (e.interaction_pairs is None):
        missing = "interaction_pairs" if e.interaction_pairs is None else "interactions"
        raise ValueError(f"{missing} is None: give interactions and interaction_pairs both")
    known = set(e.feature_names).union(*(e.unit_names or ()))
    for pair in e.interaction_pairs or ():
        if len(pair) != 2 or not known.issuperset(pair):
            raise ValueError(
                f"interaction_pairs holds {pair!r}, expected two of feature_names"
                f"{'' if e.unit_names is None else ' or unit_names'}"
            )


def _check_label_map(labels, i, n_units):
    if labels.dtype.kind not in "iu":
        raise ValueError(f"unit_spans[{i}] must label by ints, got dtype {labels.dtype}")
    if labels.size and not -1 <= labels.min() <= labels.max() < n_units:
        raise ValueError(
            f"unit_spans[{i}] has labels from {labels.min()} to {labels.max()}, expected "
            f"the positions of its {n_units} units, and -1 where there is none"
        )


def _check_columns(explanation):
    """Check that each unit of a table is one of its columns, and that names are unique."""
    known = set(explanation.feature_names)
    unknown = set().union(*explanation.unit_names) - known
    if unknown or len(known) < explanation.n_features:
        raise ValueError(
            "feature_names must hold every unit, and none twice; "
            f"it has {explanation.n_features - len(known)} repeated names, "
            f"and lacks {reprlib.repr(sorted(unknown))}"
        )


def _arrays_of(explanation):
    cls = explanation if isinstance(explanation, type) else type(explanation)
    return _arrays_of_class(cls)


@cache
def _arrays_of_class(cls):
    """Names of a class's float arrays by their shape; and the optional."""
    arrays = [own for own in fields(cls) if "shape" in own.metadata]
    return {
        "output": tuple(own.name for own in arrays if own.metadata == PER_OUTPUT),
        "unit": tuple(own.name for own in arrays if own.metadata == PER_UNIT),
        "pair": tuple(own.name for own in arrays if own.metadata == PER_PAIR),
        "class": tuple(own.name for own in arrays if own.metadata == PER_CLASS),
        "optional": tuple(own.name for own in arrays if own.default is None),
    }
