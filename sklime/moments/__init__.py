"""Weighted moments of neighbourhoods: all that selectors and surrogates read."""

from sklime.moments.base import CentralMoments, RowMoments
from sklime.moments.source import MomentSource

__all__ = ["CentralMoments", "MomentSource", "RowMoments"]
