"""Neighbourhoods: which draws serve which rows, and how often the model is queried."""

from sklime.neighbourhoods.choice import choose_sources

__all__ = ["choose_sources"]
