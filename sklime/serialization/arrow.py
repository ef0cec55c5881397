"""Arrow's types as plain JSON, and back."""

from sklime.serialization.scalars import check_zone


def spec_of(arrow_type):
    """Write a type of Arrow: its name, or a list of its name and parameters.

    Raises
    ------
    TypeError
        If it is none of those that hold cells of a table.
    """
    import pyarrow
    from pyarrow import types

    if types.is_timestamp(arrow_type):
        return ["timestamp", arrow_type.unit, arrow_type.tz]
    if types.is_decimal(arrow_type):
        name = f"decimal{arrow_type.bit_width}"
        return [name, arrow_type.precision, arrow_type.scale]
    if types.is_dictionary(arrow_type):
        parts = spec_of(arrow_type.index_type), spec_of(arrow_type.value_type)
        return ["dictionary", *parts, arrow_type.ordered]
    if pyarrow.type_for_alias(str(arrow_type)) != arrow_type:
        raise TypeError(f"{arrow_type} cannot be written by name")
    return str(arrow_type)


def type_of(spec):
    """Rebuild the type that `spec_of` wrote."""
    import pyarrow

    if isinstance(spec, str):
        return pyarrow.type_for_alias(spec)
    name, *parameters = spec
    if name == "timestamp":
        unit, zone = parameters
        return pyarrow.timestamp(unit, None if zone is None else check_zone(zone))
    if name == "dictionary":
        index, value, ordered = parameters
        return pyarrow.dictionary(type_of(index), type_of(value), ordered)
    if name in ("decimal32", "decimal64", "decimal128", "decimal256"):
        return getattr(pyarrow, name)(*parameters)
    raise ValueError(f"{name!r} is no type of Arrow that a document may name")


def array_of(objects, arrow_type):
    """Build an extension array of pandas from objects, None where they are missing."""
    import pandas
    import pyarrow

    held = pyarrow.array(objects, type=arrow_type)
    return pandas.arrays.ArrowExtensionArray(held)
