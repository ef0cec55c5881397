"""Samplers: how a row is described and perturbed."""

from sklime.samplers.base import Neighbourhood, Sampler
from sklime.samplers.gaussian import GaussianSampler
from sklime.samplers.image import SuperpixelSampler
from sklime.samplers.marginal import MarginalSampler
from sklime.samplers.sequence import SequenceSampler
from sklime.samplers.text import TokenSampler

__all__ = [
    "GaussianSampler",
    "MarginalSampler",
    "Neighbourhood",
    "Sampler",
    "SequenceSampler",
    "SuperpixelSampler",
    "TokenSampler",
]
