"""The explanations of many rows: the container, its parts, and what it is written as."""

from sklime.explanation.container import THIN_SUPPORT, Explanation
from sklime.explanation.documents import json_schema

__all__ = ["THIN_SUPPORT", "Explanation", "json_schema"]
