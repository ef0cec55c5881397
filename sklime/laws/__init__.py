"""Laws that rows are perturbed by; a kernel turns one into another."""

from sklime.laws.masks import ExchangeableLaw
from sklime.laws.product import ProductLaw

__all__ = ["ExchangeableLaw", "ProductLaw"]
