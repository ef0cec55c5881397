"""Offsets of a beeswarm plot, which pages draw as well."""

from sklime.explanation.view.beeswarm import beeswarm_offsets

__all__ = ["beeswarm_offsets"]
