"""Samplers of tables: columns drawn independently of each other."""

from sklime.samplers.tabular.gaussian import GaussianSampler
from sklime.samplers.tabular.marginal import MarginalSampler

__all__ = ["GaussianSampler", "MarginalSampler"]
