"""Samplers that hide units of a row: texts, images and sequences."""

from sklime.samplers.masked.base import MaskedRow, MaskSampler

__all__ = ["MaskSampler", "MaskedRow"]
