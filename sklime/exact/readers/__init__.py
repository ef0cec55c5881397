"""Readers of fitted models: their parts, in one form."""

__all__ = []
