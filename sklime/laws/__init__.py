"""Laws that rows are perturbed by; a kernel turns one into another."""

from sklime.laws.base import Law
from sklime.laws.masks import ExchangeableLaw
from sklime.laws.product import Atoms, ProductLaw

__all__ = ["Atoms", "ExchangeableLaw", "Law", "ProductLaw"]
