"""Weighted moments of neighbourhoods: all that selectors and surrogates read."""

from sklime.moments.sampled import CentralMoments, Moments

__all__ = ["CentralMoments", "Moments"]
