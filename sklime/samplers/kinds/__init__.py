"""Kinds of rows: tables, texts, images and series; a sampler is a row kind and a law."""

from sklime.samplers.kinds.base import RowKind
from sklime.samplers.kinds.image import ImageRows
from sklime.samplers.kinds.mixed import MixedRows
from sklime.samplers.kinds.series import SeriesRows
from sklime.samplers.kinds.table import TableRows
from sklime.samplers.kinds.text import TextRows

__all__ = ["ImageRows", "MixedRows", "RowKind", "SeriesRows", "TableRows", "TextRows"]
