"""Fitted explainers in files that run nothing when they are read, by skops."""

from sklime.persistence.files import dump, load
from sklime.persistence.trusted import TRUSTED

__all__ = ["TRUSTED", "dump", "load"]
