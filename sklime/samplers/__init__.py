"""Samplers: how a row is described and perturbed."""

from sklime.samplers.base import Neighbourhood, Sampler
from sklime.samplers.tabular import GaussianSampler, MarginalSampler

__all__ = ["GaussianSampler", "MarginalSampler", "Neighbourhood", "Sampler"]
