"""Explanations described for pages: names, numbers and pictures."""

from sklime.explanation.view.content import page_content, page_header

__all__ = ["page_content", "page_header"]
