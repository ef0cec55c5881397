"""Neighbourhoods: who is drawn for whom, and how often the model is asked."""

from sklime.neighbourhoods.choice import choose_sources

__all__ = ["choose_sources"]
