"""Tables of any kind as one float matrix, and back to the kind a model was trained on."""

from sklime.tables.access import take_rows
from sklime.tables.checks import check_table
from sklime.tables.format import TableFormat
from sklime.tables.schema import TableSchema

__all__ = ["TableFormat", "TableSchema", "check_table", "take_rows"]
