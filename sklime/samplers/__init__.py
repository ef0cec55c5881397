"""Samplers: how a row is described and perturbed."""

from sklime.samplers.base import Neighbourhood, Sampler
from sklime.samplers.gaussian import GaussianSampler
from sklime.samplers.marginal import MarginalSampler

__all__ = ["GaussianSampler", "MarginalSampler", "Neighbourhood", "Sampler"]
