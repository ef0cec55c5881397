"""Explanations of many rows: parallel arrays, cut, joined, written and shown."""

from sklime.explanation.container import THIN_SUPPORT, Explanation
from sklime.explanation.serialization.document import json_schema
from sklime.tables.conditions import TableConditions

__all__ = ["THIN_SUPPORT", "Explanation", "TableConditions", "json_schema"]
