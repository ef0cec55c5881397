"""Samplers: how a row is described and perturbed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from sklime.laws.base import Neighbourhood
from sklime.samplers.base import Sampler
from sklime.samplers.tabular.crossover import CrossoverSampler
from sklime.samplers.tabular.gaussian import GaussianSampler
from sklime.samplers.tabular.marginal import MarginalSampler
from sklime.samplers.tabular.training import TrainingSampler

if TYPE_CHECKING:
    from sklime.samplers.kinds.masked_row import MaskedRow
    from sklime.samplers.masked.base import MaskSampler
    from sklime.samplers.masked.coalition import CoalitionSampler
    from sklime.samplers.masked.image import SuperpixelSampler
    from sklime.samplers.masked.sequence import SequenceSampler
    from sklime.samplers.masked.text import TokenSampler
    from sklime.samplers.mixed import MixedSampler

# Those for other rows than tables are imported at their first use.
_LATE = {
    "CoalitionSampler": "sklime.samplers.masked.coalition",
    "MaskSampler": "sklime.samplers.masked.base",
    "MaskedRow": "sklime.samplers.kinds.masked_row",
    "MixedSampler": "sklime.samplers.mixed",
    "SequenceSampler": "sklime.samplers.masked.sequence",
    "SuperpixelSampler": "sklime.samplers.masked.image",
    "TokenSampler": "sklime.samplers.masked.text",
}

__all__ = [
    "CoalitionSampler",
    "CrossoverSampler",
    "GaussianSampler",
    "MarginalSampler",
    "MaskSampler",
    "MaskedRow",
    "MixedSampler",
    "Neighbourhood",
    "Sampler",
    "SequenceSampler",
    "SuperpixelSampler",
    "TokenSampler",
    "TrainingSampler",
]


def __getattr__(name: str) -> object:
    if name in _LATE:
        return getattr(importlib.import_module(_LATE[name]), name)
    raise AttributeError(f"module 'sklime.samplers' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE})
