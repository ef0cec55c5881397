"""Explanations described for pages: names, numbers and pictures."""

from sklime.explanation.view.content import page_content, page_header
from sklime.explanation.view.overview import overview

__all__ = ["overview", "page_content", "page_header"]
