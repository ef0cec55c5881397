"""Tables larger than memory, and engines: lazy tables explained where their rows are.

No engine is imported before a table of it is explained.
"""

from sklime.distributed.lazy_tables import transform

__all__ = ["transform"]
