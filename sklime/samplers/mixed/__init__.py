"""Sampler of tables whose columns need different samplers, such as texts and numbers."""

from sklime.samplers.mixed.sampler import MixedSampler

__all__ = ["MixedSampler"]
