"""Neighbourhoods: who is drawn for whom, and how often the model is asked."""

from sklime.neighbourhoods.choice import surround

__all__ = ["surround"]
