"""How slow and remote models are called: batches, retries, limits and a cache."""

from sklime.model.calls.calls import Calls

__all__ = ["Calls"]
