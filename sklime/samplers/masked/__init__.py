"""Samplers that hide units of a row: texts, images and sequences."""

from sklime.samplers.kinds.masked_row import MaskedRow
from sklime.samplers.masked.base import MaskSampler

__all__ = ["MaskSampler", "MaskedRow"]
