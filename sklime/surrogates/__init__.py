"""Surrogates: from moments to coefficients, and how sure they are."""

from sklime.surrogates.fit import fit_surrogates
from sklime.surrogates.standard_errors import standard_errors

__all__ = ["fit_surrogates", "standard_errors"]
