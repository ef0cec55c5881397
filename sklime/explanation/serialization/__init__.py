"""Explanations as JSON documents and frames, and back."""

from sklime.explanation.serialization.document import json_schema

__all__ = ["json_schema"]
